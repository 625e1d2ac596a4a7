package track

import (
	"math/rand/v2"
	"time"
)

// bfdNever is the deadline of what is not pending.
const bfdNever = time.Duration(1<<63 - 1)

// bfdSession is one end of a BFD session in asynchronous mode, without echo and demand of its own (RFC 5880 6.8). It
// is told what happened and when, and says what to send; it knows neither sockets nor clocks. Instants are measured
// from any fixed one. The names of its fields follow the state variables of RFC 5880 6.8.1.
type bfdSession struct {
	minTx, minRx, idleTx time.Duration
	multiplier           uint8
	passive              bool
	jitter               func(time.Duration) time.Duration // shortens an interval by a random part of it

	state   bfdState
	diag    bfdDiagnostic
	local   uint32 // discriminators
	remote  uint32
	polling bool // a Poll Sequence is under way

	remoteState      bfdState
	remoteMinRx      time.Duration
	remoteDesiredTx  time.Duration
	remoteMultiplier uint8
	remoteDemand     bool

	sendAt   time.Duration
	detectAt time.Duration
}

// bfdSlow is the interval below which nobody may send while a session is not Up (RFC 5880 6.8.3).
const bfdSlow = time.Second

// newBFDSession returns a session that begins at instant now.
func newBFDSession(o BFDOptions, local uint32, now time.Duration) *bfdSession {
	s := &bfdSession{
		minTx: o.MinTx, minRx: o.MinRx, idleTx: max(o.IdleTx, bfdSlow), multiplier: uint8(min(max(o.Multiplier, 1), 255)),
		passive: o.Passive, state: bfdDown, local: local, remoteState: bfdDown, remoteMinRx: time.Microsecond,
		sendAt: now, detectAt: bfdNever,
	}
	s.jitter = s.randomJitter
	return s
}

// randomJitter takes up to a quarter off an interval, and at least a tenth if one lost packet ends the session
// (RFC 5880 6.8.7).
func (s *bfdSession) randomJitter(interval time.Duration) time.Duration {
	least, most := 0.0, 0.25
	if s.multiplier == 1 {
		least = 0.1
	}
	return interval - time.Duration(float64(interval)*(least+rand.Float64()*(most-least)))
}

// deadline is when expire is due.
func (s *bfdSession) deadline() time.Duration {
	if !s.sends() {
		return s.detectAt
	}
	return min(s.sendAt, s.detectAt)
}

// sends reports whether there are periodic packets now (RFC 5880 6.8.7).
func (s *bfdSession) sends() bool {
	quiet := s.passive && s.remote == 0 || s.remoteMinRx == 0 ||
		s.remoteDemand && s.state == bfdUp && s.remoteState == bfdUp && !s.polling
	return !quiet
}

// expire deals with what is due at instant now and reports whether to send a packet.
func (s *bfdSession) expire(now time.Duration) (send bool) {
	if now >= s.detectAt {
		s.detectAt = bfdNever
		s.remote = 0 // RFC 5880 6.8.1, bfd.RemoteDiscr
		if s.state == bfdInit || s.state == bfdUp {
			s.enter(bfdDown, bfdTimeExpired)
			send = true
		}
	}
	if now >= s.sendAt {
		send = true
	}
	if send = send && s.sends(); send {
		s.schedule(now)
	}
	return send
}

// schedule sets the time of the next periodic packet.
func (s *bfdSession) schedule(now time.Duration) {
	s.sendAt = now + s.jitter(max(s.desiredTx(), s.remoteMinRx))
}

// desiredTx is bfd.DesiredMinTxInterval: slow until the session is Up.
func (s *bfdSession) desiredTx() time.Duration {
	if s.state == bfdUp {
		return s.minTx
	}
	return s.idleTx
}

// detection is how long a silence ends the session (RFC 5880 6.8.4).
func (s *bfdSession) detection() time.Duration {
	return time.Duration(s.remoteMultiplier) * max(s.minRx, s.remoteDesiredTx)
}

// receive deals with a packet that is meant for this session (RFC 5880 6.8.6) and reports whether to send one at
// once: the answer to a poll, which is final, or the news of a change.
func (s *bfdSession) receive(now time.Duration, p bfdPacket) (send bool) {
	before, minRx := s.state, s.remoteMinRx
	s.remote, s.remoteState, s.remoteDemand = p.my, p.state, p.demand
	s.remoteMinRx, s.remoteDesiredTx, s.remoteMultiplier = p.requiredRx, p.desiredMinTx, p.multiplier
	if p.final {
		s.polling = false
	}
	s.turn(p.state)
	s.detectAt = now + s.detection()
	if s.state != before || s.remoteMinRx < minRx {
		s.schedule(now) // an interval that has shrunk counts from now
	}
	return p.poll || s.state != before && s.sends()
}

// turn is the state machine of RFC 5880 6.8.6.
func (s *bfdSession) turn(remote bfdState) {
	switch {
	case remote == bfdAdminDown:
		if s.state != bfdDown {
			s.enter(bfdDown, bfdNeighborDown)
		}
	case s.state == bfdDown && remote == bfdDown:
		s.enter(bfdInit, s.diag)
	case s.state == bfdDown && remote == bfdInit,
		s.state == bfdInit && remote >= bfdInit:
		s.enter(bfdUp, bfdNoDiagnostic)
	case s.state == bfdUp && remote == bfdDown:
		s.enter(bfdDown, bfdNeighborDown)
	}
}

// enter changes the state. With it the interval of our packets changes, which is negotiated once the session is Up
// (RFC 5880 6.8.3).
func (s *bfdSession) enter(state bfdState, why bfdDiagnostic) {
	s.state, s.diag = state, why
	s.polling = state == bfdUp
}

// packet is what to send now; final answers a poll.
func (s *bfdSession) packet(final bool) bfdPacket {
	return bfdPacket{
		diag: s.diag, state: s.state, poll: s.polling && !final, final: final, multiplier: s.multiplier,
		my: s.local, your: s.remote, desiredMinTx: s.desiredTx(), requiredRx: s.minRx,
	}
}

// goodbye is the packet that tells the other end not to wait for us.
func (s *bfdSession) goodbye() bfdPacket {
	p := s.packet(false)
	p.state, p.diag, p.poll = bfdAdminDown, bfdAdministratively, false
	return p
}

// forgive takes our own lateness out of the detection time: what came while we did not run is read first.
func (s *bfdSession) forgive(now time.Duration) {
	s.detectAt = now + s.detection()/time.Duration(s.remoteMultiplier)
}

// detail says why the session is not up.
func (s *bfdSession) detail() string {
	switch {
	case s.state == bfdUp:
		return ""
	case s.remote != 0 && s.remoteState == bfdAdminDown:
		return "the neighbor has shut the session down"
	case s.diag == bfdTimeExpired:
		return "silence for the detection time"
	case s.diag == bfdNeighborDown:
		return "the neighbor signals down"
	case s.remote == 0:
		return "nothing heard yet"
	}
	return "the session is in state " + s.state.String()
}
