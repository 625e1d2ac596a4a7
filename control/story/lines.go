package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/vrrp"
)

// lines is what happened, in order of time.
func (f *Facts) lines(n *Numbers) (out []Line) {
	tell := func(l Line) { out = append(out, l) }
	was := &f.Changed.Was
	for i := range f.Adverts {
		tell(f.advertised(i))
	}
	if repeats, told := f.repeats(n); told {
		tell(repeats)
	}
	for _, e := range f.Events {
		tell(Line{e.At, e.told()})
	}
	for _, p := range f.Pauses {
		if p.Until >= was.Since && p.Until <= f.Served {
			tell(Line{p.Due, fmt.Sprintf("this daemon was due and did not run until %s, %s late; it had run last at %s",
				f.clock(p.Until), span(p.Until-p.Due), f.clock(p.Ran))})
		}
	}
	if f.Changed.To == election.Master && was.Due != election.Never && was.Due <= f.Served {
		tell(Line{was.Due, deadlines[was.Timer]})
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Compare(a.At, b.At) })
	return append(out, Line{max(f.At, f.Served), f.ended()})
}

// deadlines are the ends of a backup's timers.
var deadlines = map[string]string{
	"master-down": "the master-down interval was over",
	"skew":        "the skew was over",
	"preempt":     "preempt_delay was over",
}

// advertised words an advert, as far as it differs from the one before it.
func (f *Facts) advertised(i int) Line {
	a := f.Adverts[i]
	adv, _ := vrrp.Parse(a.Message, a.Src, a.Dst)
	if adv.Priority == 0 {
		return Line{a.At, fmt.Sprintf("%s said goodbye: priority 0", f.who(a.Src))}
	}
	text := fmt.Sprintf("%v advertised priority %d every %s", a.Src, adv.Priority, span(adv.Interval))
	if !slices.ContainsFunc(f.Adverts[:i], func(b Advert) bool { return b.Src == a.Src }) {
		text = fmt.Sprintf("%s advertised priority %d every %s for %s, version %d", f.who(a.Src), adv.Priority, span(adv.Interval),
			list(adv.Addrs), adv.Version)
	}
	return Line{a.At, text}
}

// repeats words what the kernel kept back of the master that was followed.
func (f *Facts) repeats(n *Numbers) (Line, bool) {
	was := &f.Changed.Was
	last := f.last(was.Master)
	if was.Role != election.Backup || was.LastHeard == 0 || last != nil && last.At >= was.LastHeard || !was.Master.IsValid() {
		return Line{}, false
	}
	text := fmt.Sprintf("%v advertised for the last time, as before", was.Master)
	if f.Changed.To != election.Master {
		text = fmt.Sprintf("%v advertised as before", was.Master)
	}
	if len(f.Gaps) > 0 {
		words := make([]string, len(f.Gaps))
		for i, g := range f.Gaps {
			words[i] = span(g)
		}
		text += fmt.Sprintf("; the gaps up to then were %s, the last left a margin of %s", strings.Join(words, ", "), span(n.Margin))
	}
	return Line{was.LastHeard, text}, true
}

// told words an event.
func (e *Event) told() string {
	if e.Was != e.Now {
		return fmt.Sprintf("%s: the priority went from %d to %d", e.Text, e.Was, e.Now)
	}
	return e.Text
}

// ended words the change itself.
func (f *Facts) ended() string {
	c := &f.Changed
	text := fmt.Sprintf("%s went from %v to %v", f.Router, c.From, c.To)
	if c.To == election.Master {
		text += fmt.Sprintf(" with priority %d", f.Priority)
	}
	return text
}

func list[T fmt.Stringer](items []T) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = item.String()
	}
	return strings.Join(words, ", ")
}
