package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
)

// Maintenance that outlives the daemon is in a file beside the one of the changes of routers: a host that was drained
// before it is started anew is not to serve until somebody says so.

// keptMaintenance is what the file holds.
type keptMaintenance struct {
	Schema  string              `json:"schema"`
	Routers map[string]api.Away `json:"routers"` // by name; "": all of the daemon
}

const keptMaintenanceSchema = "xvrrp.maintenance/v1"

// maintenanceFile is where maintenance is kept; empty: nowhere.
func (o *Options) maintenanceFile() string {
	if o.State == "" {
		return ""
	}
	return strings.TrimSuffix(o.State, ".conf") + ".maintenance"
}

// keptAfterMaintenance is what is kept once maintenance is as asked for. What is taken back is not kept, either.
func (d *daemon) keptAfterMaintenance(m api.Maintenance) (map[string]api.Away, error) {
	if _, err := d.mayMaintain(m); err != nil {
		return nil, err
	}
	kept := maps.Clone(d.keptAways)
	switch {
	case !m.On && len(m.Routers) == 0:
		return nil, nil
	case m.On && m.Keep:
		for _, name := range scope(m.Routers) {
			put(&kept, name, api.Away{By: m.By, Until: d.wallOf(d.instant(m.For))})
		}
	case !m.On:
		for _, name := range m.Routers {
			delete(kept, name)
		}
	}
	return kept, nil
}

// keepMaintenance makes what is kept this, in the file first.
func (d *daemon) keepMaintenance(kept map[string]api.Away) error {
	if !reflect.DeepEqual(kept, d.keptAways) {
		text, err := json.MarshalIndent(keptMaintenance{keptMaintenanceSchema, kept}, "", "  ")
		if err == nil {
			err = replaceFile(d.o.maintenanceFile(), string(text)+"\n")
		}
		if err != nil {
			return fmt.Errorf("keep maintenance over a restart: %w", err)
		}
	}
	d.keptAways = kept
	return nil
}

// restoreMaintenance wishes again what was kept. What cannot be read is warned of: to serve is the rule.
func (d *daemon) restoreMaintenance() {
	path := d.o.maintenanceFile()
	if path == "" {
		return
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var kept keptMaintenance
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil {
		d.log.Warn("what was kept of maintenance cannot be read", "file", path, "err", err)
		return
	}
	for name, w := range kept.Routers {
		d.drained[name] = away{by: w.By, until: d.instantOf(w.Until)}
	}
	d.keptAways = kept.Routers
	d.drained.expire(d.now())
	d.timeAways()
}
