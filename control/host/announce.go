package host

import (
	"fmt"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// priorityAnnounce is TC_PRIO_BESTEFFORT: announcements wait behind adverts.
const priorityAnnounce = 0

// maxAnnouncement is the length of the longest one, a neighbour advertisement.
const maxAnnouncement = etherLen + ipv6Len + naLen

// burst is what is left to announce of one router.
type burst struct {
	tenant *tenant
	rounds int // with the one under way; 0 when cancelled
	at     int // place in the tenant's addresses where the round goes on
}

// announcer paces the announcements of one kind on one link, gratuitous ARP or neighbour advertisements. Routers
// take turns round by round, so that each one's first round is not kept waiting by another's last.
type announcer struct {
	v6     bool
	gap    func(o *order) time.Duration
	next   time.Duration // earliest instant of the next announcement
	queue  []*burst
	bursts map[*tenant]*burst // those of the queue that were not cancelled
}

func newAnnouncer(v6 bool, gap func(*order) time.Duration) *announcer {
	return &announcer{v6: v6, gap: gap, bursts: make(map[*tenant]*burst)}
}

// start announces the tenant's addresses, rounds times. A burst still under way is made as long as that.
func (a *announcer) start(t *tenant, rounds int) {
	if b := a.bursts[t]; b != nil {
		b.rounds = max(b.rounds, rounds)
		return
	}
	b := &burst{tenant: t, rounds: rounds}
	a.bursts[t] = b
	a.queue = append(a.queue, b)
}

func (a *announcer) cancel(t *tenant) {
	if b := a.bursts[t]; b != nil {
		b.rounds = 0
		delete(a.bursts, t)
	}
}

// due tells whether something may be sent now, and else when, never if there is nothing.
func (a *announcer) due(now time.Duration) (at time.Duration, ok bool) {
	if len(a.queue) == 0 {
		return never, false
	}
	return a.next, now >= a.next
}

// take returns the next address to announce, if one may be announced now. held says whether a tenant's address
// is on the link.
func (a *announcer) take(now time.Duration, held func(*tenant, *Address) bool) (*tenant, *Address) {
	for len(a.queue) > 0 && now >= a.next {
		b := a.queue[0]
		if addr := b.advance(a.v6, held); addr != nil {
			if gap := a.gap(&b.tenant.order); gap > 0 {
				a.next = now + gap
			}
			return b.tenant, addr
		}
		a.queue = a.queue[1:]
		b.at = 0
		if b.rounds--; b.rounds > 0 {
			a.queue = append(a.queue, b)
		} else if b.rounds == 0 { // not cancelled
			delete(a.bursts, b.tenant)
		}
	}
	return nil, nil
}

// advance returns the next address of the round under way, or nil at its end.
func (b *burst) advance(v6 bool, held func(*tenant, *Address) bool) *Address {
	for b.rounds > 0 && b.at < len(b.tenant.addrs) {
		addr := &b.tenant.addrs[b.at]
		b.at++
		if addr.Prefix.Addr().Is6() == v6 && held(b.tenant, addr) {
			return addr
		}
	}
	return nil
}

// herald sends announcements for a worker.
type herald struct {
	socket *packetSocket
	kinds  [2]*announcer
	buf    [frameBatch * maxAnnouncement]byte
	from   [frameBatch]vrrp.ID // whose frame it is, by place in the batch
}

// openHerald opens its socket in the calling thread's network namespace.
func openHerald() (*herald, error) {
	s, err := openPacketSocket(priorityAnnounce)
	if err != nil {
		return nil, err
	}
	return &herald{socket: s, kinds: [2]*announcer{
		newAnnouncer(false, func(o *order) time.Duration { return o.garpGap }),
		newAnnouncer(true, func(o *order) time.Duration { return o.gnaGap }),
	}}, nil
}

func (h *herald) start(t *tenant, rounds int) {
	for _, a := range h.kinds {
		a.start(t, rounds)
	}
}

func (h *herald) cancel(t *tenant) {
	for _, a := range h.kinds {
		a.cancel(t)
	}
}

func (h *herald) cancelAll() {
	for _, a := range h.kinds {
		a.queue = nil
		clear(a.bursts)
	}
}

// next is the instant of the next announcement, never if there is none; ok says that it has come.
func (h *herald) next(now time.Duration) (at time.Duration, ok bool) {
	at = never
	for _, a := range h.kinds {
		next, due := a.due(now)
		at, ok = min(at, next), ok || due
	}
	return at, ok
}

// send sends one batch of what is due.
func (h *herald) send(l *Link, held func(*tenant, *Address) bool, f *failures) {
	now := Now()
	buf := h.buf[:0]
	for _, a := range h.kinds {
		for !h.socket.full() {
			t, addr := a.take(now, held)
			if t == nil {
				break
			}
			start := len(buf)
			if a.v6 {
				buf = appendNA(buf, l.MAC, addr.Prefix.Addr())
			} else {
				buf = appendGARP(buf, l.MAC, addr.Prefix.Addr())
			}
			h.from[h.socket.n] = t.id
			h.socket.add(l.Index, buf[start:])
		}
	}
	h.socket.send(func(i int, err error) {
		f.report(h.from[i], opAnnounce, fmt.Errorf("announce on %s: %w", l.Name, err))
	})
	took := Now() - now
	for _, a := range h.kinds {
		a.next += took // gaps begin when the frames have left
	}
}
