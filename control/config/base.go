package config

import "io/fs"

// base is what a configuration remembers of how it was loaded, so that a change of one router can be checked against
// all others by looking them up.
type base struct {
	fsys      fs.FS
	options   Options
	globals   globals
	weights   map[trackerName]weight
	routers   map[string]*standing // by name: of the file, in force, or both
	owners    map[segment]owner
	groups    map[string]*groupDraft // by member, also by those that are not there
	overrides map[string]string      // in force, blocks by name
}

// standing is how a router stands.
type standing struct {
	file    string // its block in the file; empty: none
	block   string // the one in force; empty: none
	segment segment
}

func newBase(c *checker, in *reading, fsys fs.FS, o Options) *base {
	b := &base{fsys: fsys, options: o, globals: c.globals, weights: c.weights, owners: c.owners,
		routers: make(map[string]*standing, len(c.routers)), groups: make(map[string]*groupDraft), overrides: make(map[string]string)}
	b.options.Overrides = nil
	for name, block := range in.decoder.blocks {
		b.routers[name] = &standing{file: block}
	}
	for _, dr := range c.routers {
		s := b.standing(dr.Name)
		s.block, s.segment = s.file, dr.segment
	}
	for _, o := range o.Overrides {
		b.overrides[o.Name] = o.Block
		if c.byName[o.Name] != nil || o.Block == "" {
			b.standing(o.Name).block = o.Block
		}
	}
	for _, g := range c.groups {
		for _, m := range g.members {
			if b.groups[m.v] == nil {
				b.groups[m.v] = g
			}
		}
	}
	return b
}

// standing is that of a router, made if it is not known.
func (b *base) standing(name string) *standing {
	s := b.routers[name]
	if s == nil {
		s = new(standing)
		b.routers[name] = s
	}
	return s
}

// inForce is the standing of a router that is in force, or nil.
func (b *base) inForce(name string) *standing {
	if s := b.routers[name]; s != nil && s.block != "" {
		return s
	}
	return nil
}

// nearest is the name of a router in force most like a word, or empty.
func (b *base) nearest(word string) string {
	best, least := "", 3
	for name, s := range b.routers {
		if s.block == "" {
			continue
		}
		if d := distance(word, name); d < least || d == least && least < 3 && name < best {
			best, least = name, d
		}
	}
	return best
}
