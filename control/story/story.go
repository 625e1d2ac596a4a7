package story

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
)

// Story is why a router changed its role.
type Story struct {
	Cause   Cause
	Summary string // one or two sentences
	Rule    string // that was applied, and where it is written
	Lines   []Line // in order of time
	Numbers Numbers
}

// Line is one thing that happened, a sentence without its full stop.
type Line struct {
	At   time.Duration
	Text string
}

// Numbers are what the change was decided by. Where there was none, 0.
type Numbers struct {
	Silence  time.Duration // since the last advert of the master that was followed
	Interval time.Duration // of that master
	Down     time.Duration // how long silence is waited for: master-down interval
	Skew     time.Duration // the part of it that depends on the priority
	Missing  int           // adverts that should have come in the silence
	Gap      time.Duration // before the master's last advert
	Margin   time.Duration // what of Down that gap had left
	Late     time.Duration // this daemon, after the deadline
	Paused   time.Duration // this daemon, when it did not run though it was due
}

// Tell tells the story.
func (f *Facts) Tell() Story {
	s := Story{Numbers: f.numbers()}
	cause, e := f.origin()
	s.Cause = cause
	s.Summary = f.summary(cause, e, &s.Numbers)
	s.Rule = f.rule()
	s.Lines = f.lines(&s.Numbers)
	return s
}

func (f *Facts) numbers() (n Numbers) {
	was := &f.Changed.Was
	if was.Role != election.Backup {
		if p := f.pause(); p != nil {
			n.Paused = p.Until - p.Due
		}
		return n
	}
	n.Interval, n.Down, n.Skew = was.MasterInterval, was.Down, was.Skew
	if f.Changed.To == election.Master {
		n.Late = f.late()
	}
	if f.Changed.Why == election.Silence && was.Master.IsValid() {
		n.Silence = max(f.At-was.LastHeard, 0)
		n.Missing = int(n.Silence / max(was.MasterInterval, 1))
	}
	if len(f.Gaps) > 0 {
		n.Gap = f.Gaps[len(f.Gaps)-1]
		n.Margin = was.Down - n.Gap
	}
	return n
}

// summary says it in one or two sentences.
func (f *Facts) summary(cause Cause, e *Event, n *Numbers) string {
	lead := fmt.Sprintf("%s %s", f.Router, f.became())
	was := &f.Changed.Was
	rival := f.rival()
	switch cause {
	case Silence:
		return fmt.Sprintf("%s because %s fell silent: its last advert came at %s, %s before, and %d more were due; the protocol waits %s. %s",
			lead, f.who(rival), f.clock(was.LastHeard), span(n.Silence), n.Missing, f.wait(n), f.punctual(n))
	case NoMaster:
		return fmt.Sprintf("%s because nobody else was master: no advert came for %s, since %s; the protocol waits %s. %s",
			lead, span(f.At-was.Since), f.clock(was.Since), f.wait(n), f.punctual(n))
	case Goodbye:
		return fmt.Sprintf("%s because %s resigned: it sent priority 0%s; after that the protocol waits for the skew alone, %s. %s",
			lead, f.who(rival), f.when(rival), span(n.Skew), f.punctual(n))
	case Preemption:
		return fmt.Sprintf("%s because it preempted %s, whose priority%s is lower than its own, %d.%s", lead, f.who(rival), f.theirs(), f.Priority, f.sank())
	case Outranked:
		return fmt.Sprintf("%s because %s advertised priority%s; its own is %d.", lead, f.who(rival), f.theirs(), was.Priority)
	case Tie:
		return fmt.Sprintf("%s because %s advertised the same priority, %d, and has the higher address.", lead, f.who(rival), was.Priority)
	case Paused:
		return f.paused(lead)
	case Late:
		return fmt.Sprintf("%s because it was late with its own adverts: %s.", lead, f.Changed.Detail)
	case Group:
		return f.grouped(lead)
	case Start, Stop, Owner:
		return lead + map[Cause]string{Start: " because it was started.", Stop: " because it was stopped.",
			Owner: " at once because it was started with priority 255: it owns its addresses."}[cause]
	}
	return f.caused(lead, e)
}

// became says what the router did.
func (f *Facts) became() string {
	c := &f.Changed
	switch {
	case c.To == election.Fault:
		return "went to fault"
	case c.To == election.Init:
		return "left the election"
	case c.To == election.Backup && c.From == election.Master:
		return "gave up being master"
	}
	return "became " + c.To.String()
}

// wait explains the time of silence after which a backup takes over.
func (f *Facts) wait(n *Numbers) string {
	times := 0
	if n.Interval > 0 {
		times = int((n.Down - n.Skew) / n.Interval)
	}
	return fmt.Sprintf("%s (%d x %s + skew %s)", span(n.Down), times, span(n.Interval), span(n.Skew))
}

// punctual says how late this daemon was itself.
func (f *Facts) punctual(n *Numbers) string {
	if n.Late < 50*time.Microsecond {
		return "This daemon was on time."
	}
	return fmt.Sprintf("This daemon was %s late.", span(n.Late))
}

// when says when the goodbye came.
func (f *Facts) when(rival netip.Addr) string {
	for i := len(f.Adverts) - 1; i >= 0; i-- {
		if a := &f.Adverts[i]; a.Src == rival && a.priority() == 0 {
			return fmt.Sprintf(" at %s, %s before", f.clock(a.At), span(f.At-a.At))
		}
	}
	return ""
}

// theirs is the priority of the rival's last advert, with a blank before it.
func (f *Facts) theirs() string {
	if a := f.last(f.rival()); a != nil {
		return fmt.Sprintf(" %d", a.priority())
	}
	return ""
}

// sank says that the master which is preempted had a higher priority before.
func (f *Facts) sank() string {
	last := f.last(f.rival())
	if last == nil {
		return ""
	}
	for i := len(f.Adverts) - 1; i >= 0; i-- {
		a := &f.Adverts[i]
		if a.Src == last.Src && a.priority() > last.priority() {
			return fmt.Sprintf(" It had advertised %d until %s.", a.priority(), f.clock(f.after(i)))
		}
	}
	return ""
}

// after is when the next advert after one came from the same sender.
func (f *Facts) after(i int) time.Duration {
	for _, a := range f.Adverts[i+1:] {
		if a.Src == f.Adverts[i].Src {
			return a.At
		}
	}
	return f.At
}

func (f *Facts) paused(lead string) string {
	p := f.pause()
	return fmt.Sprintf("%s because this daemon itself did not run: it was due at %s and ran again at %s, %s late, stopped or "+
		"without a processor. Meanwhile %s took over, which advertises priority%s; its own is %d.", lead, f.clock(p.Due),
		f.clock(p.Until), span(p.Until-p.Due), f.who(f.rival()), f.theirs(), f.Changed.Was.Priority)
}

func (f *Facts) grouped(lead string) string {
	if f.Lead == "" {
		return fmt.Sprintf("%s with its sync group: %s.", lead, strings.TrimPrefix(f.Changed.Detail, "sync group "))
	}
	return fmt.Sprintf("%s with its sync group, which %s moved: %s", lead, f.Lead, f.Moved)
}

// caused is the summary where an event was the cause, or something that has no words of its own.
func (f *Facts) caused(lead string, e *Event) string {
	c := &f.Changed
	why := c.Detail
	if e != nil && e.Text != "" {
		why = e.Text
	}
	if why == "" {
		why = string(c.Why)
	}
	text := fmt.Sprintf("%s because %s", lead, why)
	if c.Why == election.Recovered {
		text = fmt.Sprintf("%s again: %s", lead, why)
	}
	if e == nil || e.Was == e.Now {
		return text + "."
	}
	text += fmt.Sprintf(", which took its priority from %d to %d", e.Was, e.Now)
	switch rival := f.rival(); {
	case !rival.IsValid():
	case e.Now > e.Was:
		text += fmt.Sprintf(", above the%s of %s", f.theirs(), f.who(rival))
	default:
		text += fmt.Sprintf("; %s advertises%s", f.who(rival), f.theirs())
	}
	return text + "."
}
