package config

import (
	"reflect"
	"slices"
)

// Find is the definition of a tracker: a *Script, *File, *Process, *BFD or *Check; nil if there is none.
func (t *Trackers) Find(k TrackKind, name string) any {
	switch k {
	case TrackScript:
		return find(t.Scripts, func(s *Script) bool { return s.Name == name })
	case TrackFile:
		return find(t.Files, func(f *File) bool { return f.Name == name })
	case TrackProcess:
		return find(t.Processes, func(p *Process) bool { return p.Name == name })
	case TrackBFD:
		return find(t.BFDs, func(b *BFD) bool { return b.Name == name })
	case TrackCheck:
		return find(t.Checks, func(c *Check) bool { return c.Name == name })
	}
	return nil
}

func find[T any](all []T, is func(*T) bool) any {
	if i := slices.IndexFunc(all, func(t T) bool { return is(&t) }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Same says whether a tracker is defined alike in both, wherever that was written.
func (t *Trackers) Same(o *Trackers, k TrackKind, name string) bool {
	a, b := reflect.ValueOf(t.Find(k, name)), reflect.ValueOf(o.Find(k, name))
	return a.IsValid() == b.IsValid() && (!a.IsValid() || same(a, b))
}
