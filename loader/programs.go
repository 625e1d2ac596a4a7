package loader

import (
	"fmt"

	"github.com/cilium/ebpf"
)

// program is one that serves every device, loaded the first time.
func (l *Loader) program(name string) (*ebpf.Program, error) {
	l.loading.Lock()
	defer l.loading.Unlock()
	if p := l.programs[name]; p != nil {
		return p, nil
	}
	p, err := l.loadProgram(name, func(*ebpf.CollectionSpec, *ebpf.ProgramSpec) error { return nil })
	if err != nil {
		return nil, err
	}
	l.programs[name] = p
	return p, nil
}

// loadFor loads a program for one device alone.
func (l *Loader) loadFor(a *attached, name string, adapt func(*ebpf.CollectionSpec, *ebpf.ProgramSpec) error) (*ebpf.Program, error) {
	p, err := l.loadProgram(name, adapt)
	if err != nil {
		return nil, err
	}
	a.undo = append(a.undo, p.Close)
	return p, nil
}

// loadProgram loads a program, adapted, on the maps of all.
func (l *Loader) loadProgram(name string, adapt func(*ebpf.CollectionSpec, *ebpf.ProgramSpec) error) (*ebpf.Program, error) {
	spec, err := prepare(l.options)
	if err != nil {
		return nil, err
	}
	if err := adapt(spec, spec.Programs[name]); err != nil {
		return nil, err
	}
	for other := range spec.Programs {
		if other != name {
			delete(spec.Programs, other)
		}
	}
	c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: l.shared()})
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, explainLoad(err))
	}
	defer c.Close()
	return c.DetachProgram(name), nil
}

// shared are the maps that programs loaded later work on.
func (l *Loader) shared() map[string]*ebpf.Map {
	o := &l.obj
	return map[string]*ebpf.Map{
		".bss":          o.BSS,
		xvMapXvAddrs:    o.XvAddrs,
		xvMapXvAdverts:  o.XvAdverts,
		xvMapXvBlocks:   o.XvBlocks,
		xvMapXvBudgets:  o.XvBudgets,
		xvMapXvDsts:     o.XvDsts,
		xvMapXvGuard:    o.XvGuard,
		xvMapXvLinks:    o.XvLinks,
		xvMapXvPeers:    o.XvPeers,
		xvMapXvPlaces:   o.XvPlaces,
		xvMapXvPoliced:  o.XvPoliced,
		xvMapXvRouters:  o.XvRouters,
		xvMapXvSampled:  o.XvSampled,
		xvMapXvSamples:  o.XvSamples,
		xvMapXvSeen:     o.XvSeen,
		xvMapXvSegments: o.XvSegments,
		xvMapXvSniffed:  o.XvSniffed,
		xvMapXvTallies:  o.XvTallies,
	}
}
