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
	rounds int           // with the one under way; 0 when cancelled
	at     int           // place in the tenant's addresses where the round goes on
	asked  time.Duration // instant of the Acquire that it follows; 0: of none, or it has begun
}

// announcer paces the announcements of one kind on one link, gratuitous ARP or neighbour advertisements. First rounds
// come first; further ones take turns.
type announcer struct {
	kind   int
	first  []*burst
	later  []*burst
	bursts map[*tenant]*burst // those in the queues that were not cancelled
	begun  []time.Duration    // instants of the Acquires that bursts follow whose first announcement is about to leave
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
	b := &burst{tenant: t, rounds: rounds, asked: t.asked}
	a.bursts[t] = b
	a.first = append(a.first, b)
}

func (a *announcer) cancel(t *tenant) {
	if b := a.bursts[t]; b != nil {
		b.rounds = 0
		delete(a.bursts, t)
	}
}

func (a *announcer) cancelAll() {
	a.first, a.later = nil, nil
	clear(a.bursts)
}

// due is when the next announcement may be sent, of a first round or of any; never if there is none.
func (a *announcer) due(p *pace, first bool) time.Duration {
	if len(a.first) > 0 || !first && len(a.later) > 0 {
		return p.due(a.kind)
	}
	return never
}

// take returns the next address to announce, if one may be announced now. held says whether a tenant's address
// is on the link.
func (a *announcer) take(now time.Duration, p *pace, first bool, held func(*tenant, *Address) bool) (*tenant, *Address) {
	for now >= a.due(p, first) {
		queue := &a.first
		if len(a.first) == 0 {
			queue = &a.later
		}
		b := (*queue)[0]
		at := b.at
		if addr := b.advance(a.kind == kindNA, held); addr != nil {
			if p.claim(a.kind, now, p.gap(a.kind, &b.tenant.order)) {
				if b.asked != 0 {
					a.begun, b.asked = append(a.begun, b.asked), 0
				}
				return b.tenant, addr
			}
			b.at = at // another link of the pace was quicker
			return nil, nil
		}
		*queue = (*queue)[1:]
		b.at = 0
		if b.rounds--; b.rounds > 0 {
			a.later = append(a.later, b)
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

// voice is what the crew announces with.
type voice struct {
	socket *packetSocket
	buf    [frameBatch * maxAnnouncement]byte
	from   [frameBatch]vrrp.ID // whose frame it is, by place in the batch
}

// openVoice opens its socket in the calling thread's network namespace.
func openVoice() (*voice, error) {
	s, err := openPacketSocket(priorityAnnounce)
	if err != nil {
		return nil, err
	}
	return &voice{socket: s}, nil
}

// herald announces what is on a link.
type herald struct {
	voice *voice
	tally *tallier
	kinds [2]*announcer
}

func newHerald(v *voice, t *tallier) *herald {
	return &herald{voice: v, tally: t, kinds: [2]*announcer{newAnnouncer(kindARP), newAnnouncer(kindNA)}}
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
		a.cancelAll()
	}
}

// next is the instant of the next announcement, of a first round or of any; never if there is none.
func (h *herald) next(p *pace, first bool) time.Duration {
	at := never
	for _, a := range h.kinds {
		at = min(at, a.due(p, first))
	}
	return at
}

// send sends one batch of what is due, of first rounds or of any.
func (h *herald) send(l *Link, p *pace, first bool, held func(*tenant, *Address) bool, f *failures) {
	now := Now()
	v := h.voice
	buf := v.buf[:0]
	for _, a := range h.kinds {
		for !v.socket.full() {
			t, addr := a.take(now, p, first, held)
			if t == nil {
				break
			}
			start := len(buf)
			if a.kind == kindNA {
				buf = appendNA(buf, l.MAC, addr.Prefix.Addr())
			} else {
				buf = appendGARP(buf, l.MAC, addr.Prefix.Addr())
			}
			v.from[v.socket.n] = t.id
			v.socket.add(l.Index, buf[start:])
		}
	}
	v.socket.send(func(i int, err error) {
		f.report(v.from[i], opAnnounce, fmt.Errorf("announce on %s: %w", l.Name, err))
	})
	sent := Now()
	for _, a := range h.kinds {
		for _, asked := range a.begun {
			h.tally.announced(sent - asked)
		}
		a.begun = a.begun[:0]
	}
	p.delay(sent - now)
}
