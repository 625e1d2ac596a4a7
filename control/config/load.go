package config

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Options say what a file means on this host.
type Options struct {
	ID   string                 // config-id: lines "@ID ..." are kept (keepalived: the host name up to the first dot)
	Name string                 // how places in the file are shown; empty: "/" and the path
	Seed uint64                 // of ${_RANDOM}, unless the file has random_seed
	Env  func(string) string    // ${_ENV NAME}; nil: always empty
	MTU  func(iface string) int // 0 or nil: not known, 1500 is taken

	Overrides []Override // take the place of what the file says of these routers

	Text     string // takes the place of what the file holds, unless empty
	Expanded bool   // Text is what Config.Text made: nothing in it is to be expanded
}

// Load reads the file path of fsys, whose root is the host's /, with all it includes. Config is what of it can
// be used, never nil; the problems are all there are, in the order of the files.
func Load(fsys fs.FS, path string, o Options) (*Config, []Problem) {
	return load(fsys, path, o, defaultLimits)
}

func load(fsys fs.FS, path string, o Options, max limits) (*Config, []Problem) {
	r := new(reporter)
	all := &drafts{byName: make(map[string]*draft)}
	in := newReading(r, all, fsys, o, max)
	in.decoder.overrides = byRouter(o.Overrides)
	if o.Name == "" {
		o.Name = "/" + path
	}
	if o.Text != "" {
		in.expander.readText(&file{path: path, name: o.Name, plain: o.Expanded}, o.Text)
	} else if err := in.expander.read(path, o.Name, nil); err != nil {
		r.reportFile(Error, o.Name, "", "the configuration cannot be read: "+err.Error())
	}
	r.mainFile(fsys, path, o.Name)
	in.builder.finish()
	in.override(o.Overrides)
	in.decoder.finish()
	c := &checker{reporter: r, drafts: all, mtu: o.MTU, mtus: make(map[string]int), owners: make(map[segment]owner)}
	cfg := c.config()
	cfg.base = newBase(c, in, fsys, o)
	return cfg, r.problems()
}

// reading is the stages that a text goes through on its way into drafts.
type reading struct {
	decoder  *decoder
	builder  *builder
	expander *expander
}

func newReading(r *reporter, all *drafts, fsys fs.FS, o Options, max limits) *reading {
	d := &decoder{reporter: r, drafts: all, top: top, fsys: fsys, named: make(map[objectName]mark), undone: make(map[*row]*tally)}
	b := &builder{reporter: r, done: d.statement}
	e := &expander{reporter: r, max: max, fsys: fsys, id: o.ID, env: o.Env, random: newRandom(o.Seed),
		emit: b.add, defs: make(map[string]*definition), known: make(map[string]*file)}
	return &reading{d, b, e}
}

// mainFile tells what keepalived would not take a file for.
func (r *reporter) mainFile(fsys fs.FS, path, name string) {
	if info, err := fs.Stat(fsys, path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
		r.reportFile(Notice, name, "chmod a-x if keepalived is to read it, too",
			"the file is executable; keepalived would not take it for a configuration")
	}
}

// finish tells what was recognised but is not carried out: each keyword once, the other daemons' together.
func (d *decoder) finish() {
	var others []*row
	for _, r := range d.order {
		t := d.undone[r]
		if r.status == skipped {
			others = append(others, r)
			continue
		}
		also := ""
		if t.n > 1 {
			also = fmt.Sprintf(" (%d times in all)", t.n)
		}
		d.report(Warning, t.first, "", "not carried out: %s, %s; %s%s", r.name, r.help, r.why, also)
	}
	if len(others) == 0 {
		return
	}
	names := make([]string, len(others))
	for i, r := range others {
		names[i] = r.name
	}
	slices.Sort(names)
	names = slices.Compact(names)
	d.report(Notice, d.undone[others[0]].first, "keepalived -C carries the LVS part out beside xvrrp",
		"skipped, xvrrp does VRRP alone: %s", strings.Join(names, ", "))
}
