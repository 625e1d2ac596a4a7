package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/xvrrp/xvrrp/control/config"
)

const (
	defaultStateDir = "/var/lib/xvrrp"
	stateName       = "routers.conf"
	defaultState    = defaultStateDir + "/" + stateName
)

// keptChanges is what was changed of routers at run time and outlives the daemon.
type keptChanges struct {
	file      string // empty: nothing is kept
	overrides []config.Override
}

// loadKept reads a configuration and what is kept on top of it.
func (a *app) loadKept(path string, o runOptions) (*config.Config, []config.Problem, keptChanges, error) {
	c, problems := a.load(path)
	k := keptChanges{file: a.stateFile(o, c.Global)}
	if k.file == "" {
		return c, problems, k, nil
	}
	text, err := fs.ReadFile(a.root, below(k.file))
	if errors.Is(err, fs.ErrNotExist) {
		return c, problems, k, nil
	}
	if err != nil {
		return nil, nil, keptChanges{}, fmt.Errorf("read what was kept of changes at run time: %w", err)
	}
	var own []config.Problem
	k.overrides, own = config.ReadOverrides(string(text), k.file)
	c, problems = a.load(path, k.overrides...)
	return c, append(problems, own...), k, nil
}

// stateFile is where changes at run time are kept. Daemons with runtime directories of their own must not share one.
func (a *app) stateFile(o runOptions, g config.Global) string {
	switch {
	case o.stateGiven && o.state == "":
		return ""
	case o.stateGiven:
		abs, err := filepath.Abs(o.state)
		if err != nil {
			return o.state
		}
		return abs
	case a.runtimeDir != defaultRuntimeDir:
		return ""
	}
	return filepath.Join(defaultStateDir, g.NetNamespace, g.Instance, stateName)
}
