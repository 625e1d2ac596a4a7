// The tree: statements and what stands between their braces. A brace that was forgotten costs as little of the file as
// can be.

package config

// node is a statement: its words and, if it has braces, what stands between them. A node without words is a
// block that belongs to nothing.
type node struct {
	text  text
	words []word
	block bool
	end   mark // of the brace that ends the block; zero if it was forgotten
	body  []*node
	few   [3]word // holds words, as a rule
}

func (n *node) keyword() string {
	if len(n.words) == 0 {
		return ""
	}
	return n.words[0].s
}

// title is the keyword of a block, with its name if it stands in no other.
func (n *node) title() string {
	if outermost(n.keyword()) && len(n.words) > 1 {
		return n.keyword() + " " + n.words[1].s
	}
	return n.keyword()
}

// args are the words behind the keyword.
func (n *node) args() []word { return n.words[min(len(n.words), 1):] }

// mark is the place of a word, of the whole statement if there is no such word.
func (n *node) mark(i int) mark {
	if i >= len(n.words) {
		return n.text.whole()
	}
	return n.text.mark(int(n.words[i].from), int(n.words[i].to))
}

// blockDepth and blockNodes bound one block: how deep blocks stand in it, how many statements it holds.
const (
	blockDepth = 32
	blockNodes = 1 << 18
)

// builder makes trees of logical lines and hands on each statement outside all blocks once it is complete.
type builder struct {
	*reporter
	done  func(*node)
	last  *node   // the latest statement outside all blocks: a brace may still follow it
	stack []*node // blocks that are open, outermost first
	pool  []*node // in use again for each statement outside all blocks
	nodes int     // of pool that are in use
	extra int     // open braces beyond blockDepth
}

// add takes a statement, a brace, or a statement and the brace behind it.
func (b *builder) add(t text) {
	end := brace(t.s, 0)
	if part := t.slice(0, end).trim(); part.s != "" {
		b.statement(part)
	}
	if end == len(t.s) {
		return
	}
	if t.s[end] == '{' {
		b.openBlock(t.slice(end, end+1))
	} else {
		b.closeBlock(t.slice(end, end+1))
	}
}

func (b *builder) statement(t text) {
	if len(b.stack) == 0 {
		b.begin(t)
		return
	}
	if b.nodes > blockNodes {
		b.report(Error, b.stack[0].mark(0), "split the block", "the block holds more than %d statements; the rest is skipped", blockNodes)
		return
	}
	in := b.stack[len(b.stack)-1]
	in.body = append(in.body, b.node(t))
}

// node is a statement without block.
func (b *builder) node(t text) *node {
	if b.nodes == len(b.pool) {
		b.pool = append(b.pool, new(node))
	}
	n := b.pool[b.nodes]
	b.nodes++
	*n = node{text: t, body: n.body[:0]}
	n.words = appendWords(n.few[:0], t.s)
	return n
}

// begin hands on the latest statement outside all blocks and begins the next.
func (b *builder) begin(t text) *node {
	b.flush()
	b.last = b.node(t)
	return b.last
}

// flush hands on the latest statement outside all blocks. Its nodes are used again.
func (b *builder) flush() {
	if b.last != nil {
		b.done(b.last)
	}
	b.last, b.nodes = nil, 0
}

// latest is the statement a brace belongs to, nil if there is none.
func (b *builder) latest() *node {
	n := b.last
	if len(b.stack) > 0 {
		body := b.stack[len(b.stack)-1].body
		if len(body) == 0 {
			return nil
		}
		n = body[len(body)-1]
	}
	if n != nil && n.block {
		return nil
	}
	return n
}

// openBlock gives the latest statement a block.
func (b *builder) openBlock(t text) {
	if len(b.stack) >= blockDepth {
		b.extra++
		b.report(Error, t.whole(), "", "blocks stand more than %d deep in each other", blockDepth)
		return
	}
	n := b.latest()
	if n == nil {
		b.report(Error, t.whole(), "write what the block is before the brace, or remove the block",
			"unexpected {: no keyword stands before it; block skipped")
		n = b.orphan(t)
	}
	n = b.recover(n)
	n.block = true
	b.stack = append(b.stack, n)
}

// orphan is a block that belongs to no statement: it is in no tree.
func (b *builder) orphan(t text) *node {
	if len(b.stack) == 0 {
		b.flush()
	}
	return &node{text: t}
}

// recover closes the blocks that n cannot stand in, because a brace was forgotten before it, and answers n in its
// new place.
func (b *builder) recover(n *node) *node {
	keep := b.home(n)
	if keep == len(b.stack) {
		return n
	}
	in := b.stack[len(b.stack)-1]
	in.body = in.body[:len(in.body)-1]
	for _, open := range b.stack[keep:] {
		b.report(Error, open.mark(0), "add a } at its end", "the block of %s is not closed: a } is missing before the next %s", open.title(), n.keyword())
	}
	b.stack, b.extra = b.stack[:keep], 0
	if keep > 0 {
		b.stack[keep-1].body = append(b.stack[keep-1].body, n)
		return n
	}
	return b.begin(n.text)
}

// home is how many of the open blocks a block n stands in: all of them, unless the innermost has no place for it
// and it is the name of a block that stands in no other, or the innermost is a list and the one around it has.
func (b *builder) home(n *node) int {
	depth := len(b.stack)
	inner := b.schema(depth)
	switch {
	case depth == 0 || inner.admits(n):
		return depth
	case inner == entries && b.schema(depth-1).admits(n):
		return depth - 1
	case outermost(n.keyword()):
		return 0
	}
	return depth
}

// schema is what may stand in the innermost of the first depth open blocks, nil if that is not known.
func (b *builder) schema(depth int) *block {
	in := top
	for _, n := range b.stack[:depth] {
		r := in.row(n.keyword())
		if r == nil {
			return nil
		}
		in = r.body
	}
	return in
}

func (b *builder) closeBlock(t text) {
	switch {
	case b.extra > 0:
		b.extra--
	case len(b.stack) == 0:
		b.report(Error, t.whole(), "remove it, or look for a block that is closed too early", "unexpected }: no block is open")
	default:
		b.stack[len(b.stack)-1].end = t.whole()
		b.stack = b.stack[:len(b.stack)-1]
		if len(b.stack) == 0 {
			b.flush()
		}
	}
}

// finish ends the input.
func (b *builder) finish() {
	for _, n := range b.stack {
		b.report(Error, n.mark(0), "add a } at its end", "the block of %s is not closed: the file ends", n.title())
	}
	b.flush()
}
