// The schema says what every keyword of keepalived, and of xvrrp, is to xvrrp; its rows stand in the other schema files.
// Decoding, docs/config.md and the hints of problems are all made from it.

package config

//go:generate go test -run ^TestReference$ . -update

import (
	"slices"
	"strings"
)

// status is what xvrrp does about a keyword.
type status uint8

const (
	carried  status = iota // it has its meaning
	harmless               // accepted, without effect: nothing is missing without it
	refused                // recognised; what it asks for is not done, and a warning says so
	skipped                // belongs to keepalived's other daemons
)

func (s status) String() string {
	return [...]string{"carried out", "accepted without effect", "not carried out, with a warning", "skipped with a notice"}[s]
}

// row is all that is known of one keyword in one kind of block.
type row struct {
	name   string
	value  string // the form of what follows it, for people; empty: nothing
	preset string // what holds without it, for people
	help   string
	status status
	why    string // of a keyword that is not carried out: why not
	own    bool   // xvrrp's own: keepalived does not know it
	secret bool   // its value is not shown
	shell  bool   // its value is a command, in the shell's quotes
	now    string // of an old name: the present one
	body   *block // it has a block; what stands in that
	line   string // of a block of entries: the form of a line, for people
	most   int    // words it takes, by the form of its value; -1: any number
	set    setter // what a statement means
	enter  enterer
}

// setter gives a statement its meaning.
type setter = func(*decoder, *node, scope)

// enterer begins a block: it answers what the statements in it write to, or false if the block is to be skipped.
type enterer = func(*decoder, *node, scope) (scope, bool)

// scope is what the statements of a block write to. defaults and globals are never nil.
type scope struct {
	defaults *defaults // what global_defs sets for all routers and vrrp_instance for itself
	globals  *globals
	router   *draft // in vrrp_instance and its blocks
	party    *party // in vrrp_instance and vrrp_sync_group
	group    *groupDraft
	script   *scriptDraft
	file     *fileDraft
	process  *processDraft
	bfd      *bfdDraft
	check    *checkDraft
	url      *urlDraft
	pace     *paceDraft
	names    *[]given[string] // what a list of names adds to
}

// block is what may stand between the braces of a keyword: keywords, or entries of a list.
type block struct {
	rows    []row
	entries bool
	index   map[string]*row
}

// keywords is a block of keywords.
func keywords(rows ...[]row) *block {
	b := &block{rows: slices.Concat(rows...)}
	b.index = make(map[string]*row, len(b.rows))
	for i := range b.rows {
		r := &b.rows[i]
		if r.most = len(strings.Fields(r.value)); strings.Contains(r.value, "...") {
			r.most = -1
		}
		if r.now != "" {
			r.help = "old name of " + r.now
		}
		b.index[r.name] = r
	}
	return b
}

// RouterKeywords are the keywords of a vrrp_instance block that are carried out.
func RouterKeywords() (names []string) {
	for _, r := range top.index[instanceKeyword].body.rows {
		if r.status == carried {
			names = append(names, r.name)
		}
	}
	return names
}

// entries is a block whose lines are entries; it has no keywords.
var entries = &block{entries: true}

// outermost says whether a keyword is the name of a block that stands outside all others.
func outermost(keyword string) bool {
	r := top.row(keyword)
	return r != nil && r.body != nil
}

// row is that of a keyword, nil if b has none or is not known.
func (b *block) row(keyword string) *row {
	if b == nil {
		return nil
	}
	return b.index[keyword]
}

// admits says whether n, a statement with a block, may stand in b. A name behind the keyword tells track_file
// outside all blocks from that of a router.
func (b *block) admits(n *node) bool {
	r := b.row(n.keyword())
	return r != nil && r.body != nil && (r.value != "" || len(n.words) < 2)
}

// nearest is the keyword of a block most like word: the same but for the prefix that global_defs puts before
// names, or within two edits. It is empty if there is none.
func (b *block) nearest(word string) string {
	const prefix = "vrrp_"
	for _, name := range []string{strings.TrimPrefix(word, prefix), prefix + word} {
		if b.index[name] != nil {
			return name
		}
	}
	best, least := "", 3
	for i := range b.rows {
		name := b.rows[i].name
		if abs(len(name)-len(word)) >= least || len(name) <= 2 {
			continue
		}
		if d := distance(word, name); d < least && d < len(name)/2 {
			best, least = name, d
		}
	}
	return best
}

// home is the block a keyword belongs in, seen from top; empty if there is none.
func (b *block) home(keyword string) string {
	if b.index[keyword] != nil {
		return "outside all blocks"
	}
	for _, r := range b.rows {
		if r.body != nil && r.body.index[keyword] != nil {
			return "in " + r.name
		}
	}
	return ""
}

// distance is the number of edits between two words: a byte more, less or other, two neighbours swapped.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	var older, old, now [65]int
	for j := range len(b) + 1 {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(old[j]+1, now[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], older[j-2]+1)
			}
		}
		older, old = old, now
	}
	return old[len(b)]
}

func abs(n int) int { return max(n, -n) }
