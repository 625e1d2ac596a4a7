package config

import "io/fs"

// base is what a configuration remembers of how it was loaded, so that a change of one router can be checked against
// all others by looking them up. There may be ten thousand: what it holds of each is small.
type base struct {
	fsys      fs.FS
	options   Options
	globals   globals
	weights   map[trackerName]weight
	routers   map[string]*standing   // by name: of the file, in force, or both
	owners    map[segment]string     // names of routers
	groups    map[string]*groupDraft // by member, also by those that are not there
	overrides map[string]string      // in force, blocks by name
	shelf     shelf                  // of the file
	others    []passage              // of the file
}

// passage is what a file says outside of routers, behind so many of them: rules get their preferences in order.
type passage struct {
	behind int
	text   string
}

// standing is what there is to know of a router.
type standing struct {
	file    shelved // its block in the file, if it has one
	segment segment // zero: it has none
	at      Pos     // where its VRID is given
}

func newBase(c *checker, in *reading, fsys fs.FS, o Options) *base {
	b := &base{fsys: fsys, options: o, globals: c.globals, weights: c.weights, routers: make(map[string]*standing, len(c.routers)),
		owners: make(map[segment]string, len(c.owners)), groups: make(map[string]*groupDraft), overrides: make(map[string]string), others: in.decoder.others}
	b.options.Overrides, b.options.Text = nil, ""
	pack := newPacker()
	for _, written := range in.decoder.blocks {
		b.routers[written.Name] = &standing{file: pack.put(written.Block)}
	}
	pack.close()
	b.shelf = pack.shelf
	for _, dr := range c.routers {
		b.occupy(dr, dr.vrid.at.pos())
	}
	for _, o := range o.Overrides {
		if c.byName[o.Name] != nil || o.Block == "" { // else its block was none
			b.overrides[o.Name] = o.Block
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

// occupy gives a router its VRID.
func (b *base) occupy(dr *draft, at Pos) {
	s := b.routers[dr.Name]
	if s == nil {
		s = new(standing)
		b.routers[dr.Name] = s
	}
	if s.segment, s.at = dr.segment, at; dr.segment != (segment{}) {
		b.owners[dr.segment] = dr.Name
	}
}

// vacate frees the VRID of a router.
func (b *base) vacate(name string) {
	if s := b.routers[name]; s != nil {
		delete(b.owners, s.segment)
		s.segment = segment{}
	}
}

// inFile reports whether the file has a router of that name.
func (b *base) inFile(name string) bool {
	return b.routers[name] != nil && b.routers[name].file != (shelved{})
}

// inForce reports whether a router is.
func (b *base) inForce(name string) bool {
	if block, ok := b.overrides[name]; ok {
		return block != ""
	}
	return b.inFile(name)
}

// block is that of a router in force.
func (b *base) block(name string) string {
	if block, ok := b.overrides[name]; ok {
		return block
	}
	return b.blockInFile(name)
}

func (b *base) blockInFile(name string) string { return b.shelf.block(b.routers[name].file) }

// nearest is the name of a router in force most like a word, or empty.
func (b *base) nearest(word string) string {
	best, least := "", 3
	for name := range b.routers {
		if d := distance(word, name); (d < least || d == least && least < 3 && name < best) && b.inForce(name) {
			best, least = name, d
		}
	}
	return best
}
