package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

// Changes at run time that outlive the daemon are in a file of their own, which is written as a whole whenever they
// change and is never half there.

const keptHeader = `# Routers that were changed at run time with --keep, on top of the configuration file. Written by xvrrp router
# and read when the daemon starts; comments are not kept. xvrrp router reset NAME takes a change back.

`

func byRouter(overrides []config.Override) map[string]config.Override {
	out := make(map[string]config.Override, len(overrides))
	for _, o := range overrides {
		out[o.Name] = o
	}
	return out
}

// withoutKept leaves out the routers of whose changes nothing is in force, but something is kept.
func (d *daemon) withoutKept(names []string) []string {
	inForce := byRouter(d.conf.Overrides())
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, changed := inForce[name]
		_, kept := d.lasting[name]
		return kept && !changed
	})
}

// keptAfter is what is kept once an edit is in force. A router that is taken back as a whole is not kept, either,
// whether that was asked for or not.
func keptAfter(kept map[string]config.Override, edited *config.Edited, e api.Edit) map[string]config.Override {
	out := maps.Clone(kept)
	if e.Verb == api.ResetRouters && e.Text == "" {
		for _, name := range e.Names {
			delete(out, name)
		}
	}
	if !e.Keep {
		return out
	}
	for _, o := range edited.Overrides {
		out[o.Name] = o
	}
	for _, name := range edited.Dropped {
		delete(out, name)
	}
	return out
}

// keep makes what is kept this, in the file first.
func (d *daemon) keep(kept map[string]config.Override) error {
	if !maps.Equal(kept, d.lasting) {
		if err := replaceFile(d.o.State, keptText(kept)); err != nil {
			return fmt.Errorf("keep the change over a restart: %w", err)
		}
	}
	d.lasting = kept
	return nil
}

// replaceFile replaces a file at once: whoever reads it finds what was there before, or all of this.
func replaceFile(path, text string) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // for its owner alone: blocks hold passwords
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func keptText(kept map[string]config.Override) string {
	var b strings.Builder
	b.WriteString(keptHeader)
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		b.WriteString(kept[name].String())
	}
	return b.String()
}

// Overrides lists what was changed at run time and not taken back. It is for other goroutines.
func (d *daemon) Overrides(ctx context.Context) (api.Overrides, error) {
	release, err := d.alone(ctx)
	if err != nil {
		return api.Overrides{}, err
	}
	defer release()
	if d.conf == nil {
		return api.Overrides{}, ErrObserving
	}
	out := api.Overrides{Schema: api.OverridesSchema, File: d.o.State, Routers: []api.Override{}}
	inForce := byRouter(d.conf.Overrides())
	names := maps.Clone(inForce)
	maps.Copy(names, d.lasting)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		now, changed := inForce[name]
		kept, keeps := d.lasting[name]
		row := api.Override{Router: name, Action: d.overridden(now, changed), Kept: changed == keeps && now == kept}
		if changed {
			row.Text = now.Masked()
		}
		if keeps && !row.Kept {
			row.AfterRestart = kept.Masked()
		}
		out.Routers = append(out.Routers, row)
	}
	return out, nil
}

// overridden words what an override does to what the file says.
func (d *daemon) overridden(o config.Override, inForce bool) string {
	switch {
	case !inForce, o.Block == "":
		return api.Removed
	case d.conf.InFile(o.Name):
		return api.Changed
	}
	return api.Added
}
