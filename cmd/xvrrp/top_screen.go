package main

import (
	"context"
	"unicode"

	"github.com/gdamore/tcell/v2"

	"github.com/xvrrp/xvrrp/control/api"
)

// tone is what a piece of text means to whoever reads it.
type tone int

const (
	plain tone = iota
	strong
	good
	doubtful
	bad
	faint
	bar // of a heading
	chosen
)

// palette is how a terminal shows each tone. Meaning never hangs on colour alone: the words are there, too.
type palette [chosen + 1]tcell.Style

// paletteFor is the palette of a terminal with so many colours.
func paletteFor(noColor bool, colors int) palette {
	base := tcell.StyleDefault
	p := palette{plain: base, strong: base.Bold(true), good: base, doubtful: base.Bold(true), bad: base.Bold(true), faint: base,
		bar: base.Reverse(true), chosen: base.Reverse(true).Bold(true)}
	if !noColor && colors >= 8 {
		p[good] = base.Foreground(tcell.ColorGreen)
		p[doubtful] = base.Foreground(tcell.ColorOlive)
		p[bad] = base.Foreground(tcell.ColorMaroon).Bold(true)
	}
	return p
}

// span is a piece of a line.
type span struct {
	text string
	tone tone
}

// strip is a line of the screen. The tone of its last span fills it to the edge.
type strip []span

func said(t tone, text string) strip { return strip{{text, t}} }

// topScreen shows a model on a terminal.
type topScreen struct {
	tcell.Screen
	palette palette
}

// run draws the model whenever something comes in, until the operator quits, the terminal is gone or ctx ends. It asks
// for one router in full at a time.
func (t topScreen) run(ctx context.Context, m *topModel, glances <-chan glance, c *api.Client) {
	keys, full := make(chan tcell.Event), make(chan inFull, 1)
	go t.ChannelEvents(keys, ctx.Done())
	for asked := false; ; {
		t.draw(m)
		if !asked {
			asked = m.askInFull(ctx, c, full)
		}
		select {
		case <-ctx.Done():
			return
		case g, more := <-glances:
			if !more {
				return
			}
			m.take(g)
		case f := <-full:
			asked = false
			m.takeFull(f)
		case e, more := <-keys:
			if !more || t.handle(e, m) {
				return
			}
		}
	}
}

// askInFull asks for the router that is wanted in full, if there is one; the answer goes into a channel with room for it.
func (m *topModel) askInFull(ctx context.Context, c *api.Client, answer chan<- inFull) bool {
	name, ok := m.wanted()
	if ok {
		go func() {
			d, err := c.Detail(ctx, name)
			answer <- inFull{name, d, err}
		}()
	}
	return ok
}

// handle reports whether the operator wants to leave.
func (t topScreen) handle(e tcell.Event, m *topModel) (quit bool) {
	switch e := e.(type) {
	case *tcell.EventResize, *tcell.EventError:
		t.Sync()
	case *tcell.EventKey:
		if e.Key() == tcell.KeyCtrlL {
			t.Sync()
		}
		if e.Modifiers()&tcell.ModAlt != 0 { // escape, and another key too soon after it
			m.press(tcell.KeyEsc, 0)
		}
		return m.press(e.Key(), e.Rune())
	}
	return false
}

func (t topScreen) draw(m *topModel) {
	width, height := t.Size()
	lines := m.render(width, height)
	for y := range height {
		var l strip
		if y < len(lines) {
			l = lines[y]
		}
		t.put(y, width, l)
	}
	t.Show()
}

// put draws a line from edge to edge.
func (t topScreen) put(y, width int, l strip) {
	x, style := 0, t.palette[plain]
	for _, s := range l {
		style = t.palette[s.tone]
		for _, r := range s.text {
			if x == width {
				return
			}
			if !unicode.IsPrint(r) { // what others chose must not command the terminal
				r = '?'
			}
			t.SetContent(x, y, r, nil, style)
			x++
		}
	}
	for ; x < width; x++ {
		t.SetContent(x, y, ' ', nil, style)
	}
}
