package compat

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// event is something that a segment or a host saw.
type event struct {
	at   time.Duration
	what string
}

// record is what happened in each step.
type record struct {
	steps  []step
	events [][]event // by step, timed from the step's zero
}

// line is a difference between two records.
type line struct {
	step string
	what string // the event that differs
	when string // in the one and in the other record
}

func (l line) String() string { return fmt.Sprintf("%s: %s: %s", l.step, l.what, l.when) }

// isLike reports whether two lines are about the same event, whenever it happened.
func (l line) isLike(other line) bool { return l.step == other.step && l.what == other.what }

// watch sees addresses come and go, and knows whose a card is.
type watch struct {
	names map[[6]byte]string // of routers, by the MAC of their cards

	mu   sync.Mutex
	seen []event
}

func (w *watch) name(mac [6]byte) string { return cmp.Or(w.names[mac], "a stranger") }

// newWatch watches the routers of a stage until its test ends.
func newWatch(st *stage) *watch {
	w := &watch{names: make(map[[6]byte]string)}
	for name, m := range st.routers {
		updates, done := make(chan netlink.AddrUpdate, 100), make(chan struct{})
		m.Do(func() error {
			cards, err := net.Interfaces()
			if err != nil {
				return err
			}
			for _, c := range cards {
				if len(c.HardwareAddr) == 6 {
					w.names[[6]byte(c.HardwareAddr)] = name
				}
			}
			return netlink.AddrSubscribe(updates, done)
		})
		own, _ := m.Addrs(bed.NIC)
		go w.take(name, own, updates)
		st.t.Cleanup(func() { close(done) })
	}
	return w
}

// take notes the addresses that are not a router's own.
func (w *watch) take(name string, own []netip.Prefix, updates <-chan netlink.AddrUpdate) {
	for u := range updates {
		addr, _ := netip.AddrFromSlice(u.LinkAddress.IP)
		if addr = addr.Unmap(); addr.Is6() || addr.As4()[3] == own[0].Addr().As4()[3] {
			continue
		}
		verb := "drops"
		if u.NewAddr {
			verb = "holds"
		}
		w.mu.Lock()
		w.seen = append(w.seen, event{lab.Now(), fmt.Sprintf("%s %s %s", name, verb, addr)})
		w.mu.Unlock()
	}
}

// written sorts everything that was seen into the steps.
func (st *stage) written() *record {
	st.watch.mu.Lock()
	all := slices.Clone(st.watch.seen)
	st.watch.mu.Unlock()
	for _, segment := range []string{lan, wan} {
		if ear := st.EarOn(segment); ear != nil {
			all = append(all, st.watch.adverts(segment, ear.All())...)
			all = append(all, st.watch.announcements(segment, ear.Capture.Frames())...)
		}
	}
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	r := &record{steps: st.steps, events: make([][]event, len(st.steps))}
	for _, e := range all {
		n := -1
		for n+1 < len(st.steps) && st.steps[n+1].begin <= e.at {
			n++
		}
		if n >= 0 {
			r.events[n] = append(r.events[n], event{e.at - st.steps[n].zero, e.what})
		}
	}
	return r
}

// voice is a router's adverts on one segment.
type voice struct {
	last     bed.Advert
	speaking bool
	late     bool // the last one was, as a machine that stalls makes it
}

// adverts tells when each router begins and ends to speak, changes what it says, and speaks between its intervals.
func (w *watch) adverts(segment string, heard []bed.Advert) (events []event) {
	voices := make(map[string]*voice)
	say := func(at time.Duration, who, format string, args ...any) {
		events = append(events, event{at, fmt.Sprintf("%s %s %s", segment, who, fmt.Sprintf(format, args...))})
	}
	for _, a := range heard {
		who := w.name(a.MAC)
		v := voices[who]
		if v == nil {
			v = &voice{}
			voices[who] = v
		}
		gap := a.At - v.last.At
		if v.speaking && gap > silence(v.last) {
			say(v.last.At+v.last.Interval, who, silent)
			v.speaking = false
		}
		switch {
		case a.Priority == 0:
			say(a.At, who, "resigns")
		case !v.speaking || a.Priority != v.last.Priority || a.Interval != v.last.Interval:
			say(a.At, who, "speaks with priority %d every %s", a.Priority, a.Interval)
		case gap < 3*a.Interval/4 && !v.late: // after a late one, the next in its rhythm comes soon
			say(a.At, who, "speaks out of turn")
		}
		v.late = gap > 9*a.Interval/8
		v.last, v.speaking = a, a.Priority != 0
	}
	for _, who := range slices.Sorted(maps.Keys(voices)) {
		if v := voices[who]; v.speaking && lab.Now()-v.last.At > silence(v.last) {
			say(v.last.At+v.last.Interval, who, silent)
		}
	}
	return events
}

// silent is said of a router at the instant at which its next advert was due.
const silent = "falls silent"

// silence is after how long a router is no longer speaking.
func silence(a bed.Advert) time.Duration { return 5 * a.Interval / 2 }

// burst is within what time announcements belong together.
const burst = beat / 4

// announcements tells of the bursts of gratuitous ARP, with the number of frames in each.
func (w *watch) announcements(segment string, frames []lab.Frame) (events []event) {
	type key struct {
		who  string
		addr netip.Addr
	}
	type run struct {
		first, last time.Duration
		frames      int
	}
	open := make(map[key]*run)
	end := func(k key, r *run) {
		events = append(events, event{r.first, fmt.Sprintf("%s %s announces %s %d times", segment, k.who, k.addr, r.frames)})
	}
	for _, f := range frames {
		addr, ok := gratuitous(f)
		if !ok {
			continue
		}
		k := key{w.name([6]byte(f.Data[6:])), addr}
		r := open[k]
		if r != nil && f.At-r.last > burst {
			end(k, r)
			r = nil
		}
		if r == nil {
			r = &run{first: f.At}
			open[k] = r
		}
		r.last, r.frames = f.At, r.frames+1
	}
	for k, r := range open {
		end(k, r)
	}
	return events
}

// gratuitous reads the address of a gratuitous ARP request.
func gratuitous(f lab.Frame) (addr netip.Addr, ok bool) {
	b := f.Data
	if len(b) < bed.EtherLen+28 || binary.BigEndian.Uint16(b[12:]) != bed.EtherARP {
		return addr, false
	}
	arp := b[bed.EtherLen:]
	sender, target := netip.AddrFrom4([4]byte(arp[14:])), netip.AddrFrom4([4]byte(arp[24:]))
	return sender, sender == target && binary.BigEndian.Uint16(arp[6:]) == 1
}

// compare lists where another record differs from this one, in time by more than a tolerance.
func (r *record) compare(other *record, tolerance time.Duration) (lines []line) {
	for n, s := range r.steps {
		ours, theirs := byWhat(r.events[n]), byWhat(other.events[n])
		for _, what := range slices.Sorted(maps.Keys(merge(ours, theirs))) {
			want, got := ours[what], theirs[what]
			if len(want) != len(got) {
				lines = append(lines, line{s.name, what, fmt.Sprintf("at %v, keepalived at %v", got, want)})
				continue
			}
			within := tolerance
			if strings.HasSuffix(what, silent) { // at which point of its interval, is chance
				within = max(within, beat+tolerance)
			}
			for i := range want {
				if (got[i] - want[i]).Abs() > within {
					lines = append(lines, line{s.name, what, fmt.Sprintf("at %s, keepalived at %s", got[i], want[i])})
				}
			}
		}
	}
	return lines
}

// byWhat sorts the instants of events by what happened.
func byWhat(events []event) map[string][]time.Duration {
	sorted := make(map[string][]time.Duration)
	for _, e := range events {
		sorted[e.what] = append(sorted[e.what], e.at.Round(time.Millisecond))
	}
	return sorted
}

func merge[V any](a, b map[string]V) map[string]V {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

func (r *record) String() string {
	var b strings.Builder
	for n, s := range r.steps {
		fmt.Fprintf(&b, "  %s\n", s.name)
		for _, e := range r.events[n] {
			fmt.Fprintf(&b, "    %8.3f s  %s\n", e.at.Seconds(), e.what)
		}
	}
	return b.String()
}
