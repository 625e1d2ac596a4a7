// Edits change single routers of a configuration in force. What an edit costs does not depend on how many routers
// there are: the others are looked up, not read again.

package config

import (
	"slices"
	"strings"
)

// Verb is what an edit does.
type Verb uint8

// The verbs.
const (
	AddRouters    Verb = iota // the blocks of Text
	SetRouter                 // the lines of Text, in the one router of Names
	RemoveRouters             // those of Names
	ResetRouters              // those of Names, to what the file says: the settings of Text alone, if it names any
)

// Edit is a change of single routers, all of it or nothing.
type Edit struct {
	Verb  Verb
	Names []string
	Text  string // in the syntax of the file; to reset, keywords
	Label string // how places in Text are shown
}

// Edited is what an edit comes to. It is not in force before Commit.
type Edited struct {
	Config     *Config     // with what an edit changes of it but for Routers, which stay those that were loaded
	Routers    []*Router   // new or changed, in the order of the edit
	Removed    []string    // names
	SyncGroups []SyncGroup // that change; one without members is no more
	Overrides  []Override  // that come, or come in the place of others
	Dropped    []string    // names of routers whose overrides go

	base   *base
	drafts []*draft
	groups map[*groupDraft]SyncGroup
}

// editing is the configuration around an edit.
type editing struct {
	*base
	leaving map[string]bool // routers that the edit changes or removes
}

func (e *editing) owner(key segment) (owner, bool) {
	name, ok := e.owners[key]
	if !ok || e.leaving[name] {
		return owner{}, false
	}
	return owner{name, e.routers[name].at}, true
}

// editor works an edit out.
type editor struct {
	*reporter
	*reading
	base   *base
	blocks map[string]string // of the routers that are new or changed
	out    *Edited
}

// Edit works out what an edit changes, and finds what Load would find: within the routers it changes, and between
// them and the others. With an error among the problems nothing is to be changed. Only one edit of a configuration
// may be under way.
func (c *Config) Edit(e Edit) (*Edited, []Problem) {
	b := c.base
	if b == nil {
		return nil, []Problem{{Severity: Error, Message: "the configuration comes from no file: its routers cannot be changed"}}
	}
	r := new(reporter)
	all := &drafts{globals: b.globals, byName: make(map[string]*draft)}
	ed := &editor{reporter: r, reading: newReading(r, all, b.fsys, b.options, defaultLimits), base: b,
		blocks: make(map[string]string), out: &Edited{base: b, groups: make(map[*groupDraft]SyncGroup)}}
	ed.decoder.overlaid = true
	r.exacting = true
	switch e.Verb {
	case AddRouters:
		ed.add(e.Text, e.Label)
	case SetRouter:
		ed.set(e.Names[0], e.Text, e.Label)
	case RemoveRouters:
		ed.each(e.Names, ed.remove)
	case ResetRouters:
		if settings := strings.Fields(e.Text); len(settings) > 0 {
			ed.each(e.Names, func(name string) { ed.restore(name, settings) })
		} else {
			ed.each(e.Names, ed.reset)
		}
	}
	r.exacting = false
	ed.decoder.finish()
	ed.check(c)
	return ed.out, r.problems()
}

// refuse reports what is wrong with a name, or with a text as a whole.
func (ed *editor) refuse(place, hint, message string) { ed.reportFile(Error, place, hint, message) }

// known reports whether a router is in force, and that it is not.
func (ed *editor) known(name string) bool {
	known := ed.base.inForce(name)
	if !known {
		hint := "xvrrp status lists those there are"
		if near := ed.base.nearest(name); near != "" {
			hint = "did you mean " + near + "?"
		}
		ed.refuse(name, hint, "there is no such router")
	}
	return known
}

func (ed *editor) each(names []string, do func(string)) {
	seen := make(map[string]bool)
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			do(name)
		}
	}
}

// add takes blocks of new routers.
func (ed *editor) add(text, label string) {
	found := 0
	ed.builder.done = func(n *node) {
		found++
		switch {
		case len(n.words) == 0:
		case n.keyword() != instanceKeyword:
			ed.misplace(n)
		case len(n.words) > 1 && ed.base.inForce(n.words[1].s):
			ed.report(Error, n.mark(1), "change it with xvrrp router set, or remove it first", "there is a router %s already", n.words[1].s)
		default:
			ed.decode(n)
		}
	}
	ed.expander.readText(&file{name: label, given: true}, text)
	ed.builder.finish()
	if found == 0 {
		ed.refuse(label, "write vrrp_instance NAME { ... }", "it holds no router")
	}
}

// misplace reports what stands outside all blocks and is no router.
func (ed *editor) misplace(n *node) {
	hint := "put it into the file, then xvrrp reload"
	if top.row(n.keyword()) == nil {
		hint = "write vrrp_instance NAME { ... }"
		if near := top.nearest(n.keyword()); near != "" {
			hint = "did you mean " + near + "?"
		} else if home := top.home(n.keyword()); home != "" {
			hint = n.keyword() + " belongs " + home
		}
	}
	ed.report(Error, n.mark(0), hint, "%s is no vrrp_instance, which alone can be given at run time", n.keyword())
}

// decode takes the block of a router.
func (ed *editor) decode(n *node) {
	ed.decoder.statement(n)
	if len(n.words) > 1 {
		ed.blocks[n.words[1].s] = n.render()
	}
}

// set puts lines into the block of a router.
func (ed *editor) set(name, text, label string) {
	if !ed.known(name) {
		return
	}
	var block *node
	_, plain := ed.base.overrides[name]
	ed.read(&file{name: atRunTime(name), plain: plain}, ed.base.block(name), func(n *node) { block = n })
	if lines := ed.lines(name, text, label); lines != nil && block != nil {
		block.body = merge(block.body, lines.body)
		ed.decode(block)
	}
}

// read reads a text into trees of its own, which stay.
func (ed *editor) read(f *file, text string, done func(*node)) {
	b := &builder{reporter: ed.reporter, done: done}
	ed.expander.emit = b.add
	ed.expander.readText(f, text)
	b.finish()
}

// lines reads the lines of a router's block; nil if they are more than that.
func (ed *editor) lines(name, content, label string) (root *node) {
	ended := false
	b := &builder{reporter: ed.reporter, done: func(*node) { ended = true }}
	root = b.begin(text{s: instanceKeyword + " " + name, line: &source{file: &file{name: label}}})
	b.openBlock(text{s: "{"})
	ed.expander.emit = b.add
	ed.expander.readText(&file{name: label, given: true}, content)
	if ended {
		ed.refuse(label, "give lines of the block alone", "it goes on behind the router's block")
		return nil
	}
	for _, open := range b.stack[1:] {
		ed.report(Error, open.mark(0), "add a } at its end", "the block of %s is not closed", open.title())
	}
	if len(root.body) == 0 {
		ed.refuse(label, "write KEYWORD VALUE, as in the file", "it holds no line")
	}
	return root
}

// merge puts statements into a block in the place of those with the same keywords.
func merge(block, lines []*node) []*node {
	by := make(map[string][]*node)
	for _, n := range lines {
		by[settingOf(n)] = append(by[settingOf(n)], n)
	}
	var out []*node
	for _, n := range block {
		if given, ok := by[settingOf(n)]; ok {
			out = append(out, given...)
			by[settingOf(n)] = nil
		} else {
			out = append(out, n)
		}
	}
	for _, n := range lines {
		if by[settingOf(n)] != nil {
			out = append(out, n)
		}
	}
	return out
}

// settingOf is the keyword of a statement, the same one for keywords that set one thing.
func settingOf(n *node) string {
	switch k := n.keyword(); k {
	case "nopreempt":
		return "preempt"
	case "no_accept":
		return "accept"
	case "thread_timer_expired":
		return "timer_expired_backup"
	case "vmac_garp_intvl":
		return "garp_extra_if"
	default:
		return k
	}
}

func (ed *editor) remove(name string) {
	if ed.known(name) {
		ed.out.Removed = append(ed.out.Removed, name)
	}
}

// reset takes the file's block again, if it has one.
func (ed *editor) reset(name string) {
	now, ok := ed.base.overrides[name]
	if !ok {
		ed.refuse(name, "xvrrp router list shows what was changed", "nothing was changed of this router at run time")
		return
	}
	ed.out.Dropped = append(ed.out.Dropped, name)
	switch {
	case ed.base.inFile(name):
		ed.read(&file{name: name + " of the file"}, ed.base.blockInFile(name), ed.decode)
	case now != "":
		ed.out.Removed = append(ed.out.Removed, name)
	}
}

// restore takes some settings of the file's block again, and leaves the rest as it is in force.
func (ed *editor) restore(name string, settings []string) {
	now := ed.base.overrides[name]
	if now == "" || !ed.base.inFile(name) {
		ed.refuse(name, "xvrrp router list shows what was changed", "nothing was changed at run time of what the file says of this router")
		return
	}
	var block, was *node
	ed.read(&file{name: name + " of the file"}, ed.base.blockInFile(name), func(n *node) { was = n })
	ed.read(&file{name: atRunTime(name), plain: true}, now, func(n *node) { block = n })
	wanted := func(n *node) bool { return slices.Contains(settings, settingOf(n)) }
	lines := slices.DeleteFunc(slices.Clone(was.body), func(n *node) bool { return !wanted(n) })
	block.body = slices.DeleteFunc(merge(block.body, lines), func(n *node) bool { return wanted(n) && !slices.Contains(lines, n) })
	if block.render() == was.render() {
		ed.out.Dropped = append(ed.out.Dropped, name)
		block = was
	}
	ed.decode(block)
}

// check makes the routers whole and finds what is wrong between them and the others.
func (ed *editor) check(was *Config) {
	leaving := make(map[string]bool)
	for name := range ed.blocks {
		leaving[name] = true
	}
	for _, name := range ed.out.Removed {
		leaving[name] = true
	}
	c := &checker{reporter: ed.reporter, drafts: ed.decoder.drafts, mtu: ed.base.options.MTU, mtus: make(map[string]int),
		owners: make(map[segment]owner), edited: &editing{ed.base, leaving}, weights: ed.base.weights}
	for _, dr := range c.routers {
		c.router(dr)
	}
	ed.regroup(c)
	for _, dr := range c.routers {
		ed.out.drafts = append(ed.out.drafts, dr)
		ed.out.Routers = append(ed.out.Routers, &dr.Router)
		if !slices.Contains(ed.out.Dropped, dr.Name) {
			ed.out.Overrides = append(ed.out.Overrides, Override{dr.Name, ed.blocks[dr.Name]})
		}
	}
	for _, name := range ed.out.Removed {
		switch {
		case slices.Contains(ed.out.Dropped, name):
		case !ed.base.inFile(name):
			ed.out.Dropped = append(ed.out.Dropped, name)
		default:
			ed.out.Overrides = append(ed.out.Overrides, Override{Name: name})
		}
	}
	ed.out.Config = was.withGroups(ed.out.SyncGroups)
}

// regroup settles the sync groups that list routers of the edit.
func (ed *editor) regroup(c *checker) {
	names := slices.Clone(ed.out.Removed)
	for _, dr := range c.routers {
		names = append(names, dr.Name)
	}
	for _, name := range names {
		g := ed.base.groups[name]
		if _, done := ed.out.groups[g]; g == nil || done {
			continue
		}
		next := ed.join(c, g)
		ed.out.groups[g] = next
		if !slices.Equal(next.Members, g.Members) || !slices.Equal(next.Tracks, g.Tracks) {
			ed.out.SyncGroups = append(ed.out.SyncGroups, next)
		}
	}
}

// join is a group with the members that there are after the edit.
func (ed *editor) join(c *checker, g *groupDraft) SyncGroup {
	next := g.SyncGroup
	if len(next.Members) == 0 { // it had none so far, and was left out
		next.Tracks, next.Notify = plainTracks(c.resolve(&g.party, g.Name)), c.notifications(&g.party)
	}
	next.Members = nil
	for _, m := range g.members {
		dr := c.byName[m.v]
		there := dr != nil || ed.base.inForce(m.v) && !slices.Contains(ed.out.Removed, m.v)
		if !there || ed.base.groups[m.v] != g || slices.Contains(next.Members, m.v) {
			continue
		}
		next.Members = append(next.Members, m.v)
		if dr == nil {
			continue
		}
		dr.SyncGroup = g.Name
		switch {
		case dr.Priority == ownerPriority:
			next.Tracks = unweightedTracks(next.Tracks)
		case !g.TrackWeights:
			dr.resolved = c.unweighted(dr.resolved, dr.Name, "it is in a sync group", true)
			dr.Tracks = plainTracks(dr.resolved)
		}
	}
	return next
}

// unweightedTracks: the priority of a member that owns its addresses cannot follow.
func unweightedTracks(tracks []Track) []Track {
	out := slices.Clone(tracks)
	for i := range out {
		out[i].Weight = 0
	}
	return out
}

// withGroups is a configuration with some of its sync groups changed.
func (c *Config) withGroups(changed []SyncGroup) *Config {
	next := *c
	if len(changed) == 0 {
		return &next
	}
	next.SyncGroups = slices.Clone(c.SyncGroups)
	for _, g := range changed {
		i := slices.IndexFunc(next.SyncGroups, func(o SyncGroup) bool { return o.Name == g.Name })
		switch {
		case i < 0:
			next.SyncGroups = append(next.SyncGroups, g)
		case len(g.Members) == 0:
			next.SyncGroups = slices.Delete(next.SyncGroups, i, i+1)
		default:
			next.SyncGroups[i] = g
		}
	}
	return &next
}

// Commit makes the edit the state that later edits are checked against.
func (e *Edited) Commit() {
	b := e.base
	for _, name := range e.Removed {
		b.vacate(name)
	}
	for _, dr := range e.drafts {
		b.vacate(dr.Name)
	}
	for _, dr := range e.drafts {
		b.occupy(dr, Pos{File: atRunTime(dr.Name)})
	}
	for _, o := range e.Overrides {
		b.overrides[o.Name] = o.Block
	}
	for _, name := range e.Dropped {
		delete(b.overrides, name)
		if !b.inFile(name) {
			delete(b.routers, name)
		}
	}
	for g, next := range e.groups {
		g.SyncGroup = next
	}
}
