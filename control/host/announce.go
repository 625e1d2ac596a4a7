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
	kind   int
	queue  []*burst
	bursts map[*tenant]*burst // those of the queue that were not cancelled
}

func newAnnouncer(kind int) *announcer {
	return &announcer{kind: kind, bursts: make(map[*tenant]*burst)}
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

// due is when the next announcement may be sent, never if there is none.
func (a *announcer) due(p *pace) time.Duration {
	if len(a.queue) == 0 {
		return never
	}
	return p.due(a.kind)
}

// take returns the next address to announce, if one may be announced now. held says whether a tenant's address
// is on the link.
func (a *announcer) take(now time.Duration, p *pace, held func(*tenant, *Address) bool) (*tenant, *Address) {
	for len(a.queue) > 0 && now >= p.due(a.kind) {
		b := a.queue[0]
		at := b.at
		if addr := b.advance(a.kind == kindNA, held); addr != nil {
			if p.claim(a.kind, now, p.gap(a.kind, &b.tenant.order)) {
				return b.tenant, addr
			}
			b.at = at // another link of the pace was quicker
			return nil, nil
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
	return &herald{socket: s, kinds: [2]*announcer{newAnnouncer(kindARP), newAnnouncer(kindNA)}}, nil
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

// next is the instant of the next announcement, never if there is none.
func (h *herald) next(p *pace) time.Duration {
	at := never
	for _, a := range h.kinds {
		at = min(at, a.due(p))
	}
	return at
}

// send sends one batch of what is due.
func (h *herald) send(l *Link, p *pace, held func(*tenant, *Address) bool, f *failures) {
	now := Now()
	buf := h.buf[:0]
	for _, a := range h.kinds {
		for !h.socket.full() {
			t, addr := a.take(now, p, held)
			if t == nil {
				break
			}
			start := len(buf)
			if a.kind == kindNA {
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
	p.delay(Now() - now)
}
