package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// bfdState is the state of a BFD session (RFC 5880 4.1, State).
type bfdState uint8

const (
	bfdAdminDown bfdState = iota
	bfdDown
	bfdInit
	bfdUp
)

func (s bfdState) String() string { return [...]string{"AdminDown", "Down", "Init", "Up"}[s&3] }

// bfdDiagnostic says why a session left Up last (RFC 5880 4.1, Diagnostic).
type bfdDiagnostic uint8

const (
	bfdNoDiagnostic     bfdDiagnostic = 0
	bfdTimeExpired      bfdDiagnostic = 1
	bfdNeighborDown     bfdDiagnostic = 3
	bfdAdministratively bfdDiagnostic = 7
)

// bfdPacket is a control packet without authentication (RFC 5880 4.1). Times are of whole microseconds.
type bfdPacket struct {
	diag         bfdDiagnostic
	state        bfdState
	poll, final  bool
	demand       bool
	multiplier   uint8
	my, your     uint32 // discriminators
	desiredMinTx time.Duration
	requiredRx   time.Duration
	requiredEcho time.Duration
}

const (
	bfdVersion   = 1
	bfdPacketLen = 24 // in bytes

	bfdPoll       = 0x20
	bfdFinal      = 0x10
	bfdAuth       = 0x04
	bfdDemand     = 0x02
	bfdMultipoint = 0x01
)

// appendTo appends the packet as it goes over the wire.
func (p bfdPacket) appendTo(b []byte) []byte {
	flags := byte(p.state) << 6
	for flag, set := range map[byte]bool{bfdPoll: p.poll, bfdFinal: p.final, bfdDemand: p.demand} {
		if set {
			flags |= flag
		}
	}
	b = append(b, bfdVersion<<5|byte(p.diag), flags, p.multiplier, bfdPacketLen)
	b = binary.BigEndian.AppendUint32(b, p.my)
	b = binary.BigEndian.AppendUint32(b, p.your)
	for _, interval := range []time.Duration{p.desiredMinTx, p.requiredRx, p.requiredEcho} {
		b = binary.BigEndian.AppendUint32(b, uint32(interval/time.Microsecond))
	}
	return b
}

// parseBFD reads a control packet and makes those checks of RFC 5880 6.8.6 that need no session.
func parseBFD(b []byte) (bfdPacket, error) {
	if len(b) < bfdPacketLen {
		return bfdPacket{}, fmt.Errorf("%d bytes, a control packet has %d", len(b), bfdPacketLen)
	}
	if version := b[0] >> 5; version != bfdVersion {
		return bfdPacket{}, fmt.Errorf("version %d", version)
	}
	if length := int(b[3]); length < bfdPacketLen || length > len(b) {
		return bfdPacket{}, fmt.Errorf("length field %d in a packet of %d bytes", length, len(b))
	}
	flags := b[1]
	field := func(i int) uint32 { return binary.BigEndian.Uint32(b[4+4*i:]) }
	interval := func(i int) time.Duration { return time.Duration(field(i)) * time.Microsecond }
	p := bfdPacket{
		diag: bfdDiagnostic(b[0] & 0x1f), state: bfdState(flags >> 6), multiplier: b[2],
		poll: flags&bfdPoll != 0, final: flags&bfdFinal != 0, demand: flags&bfdDemand != 0,
		my: field(0), your: field(1), desiredMinTx: interval(2), requiredRx: interval(3), requiredEcho: interval(4),
	}
	switch {
	case p.multiplier == 0:
		return p, errors.New("detect multiplier 0")
	case flags&bfdMultipoint != 0:
		return p, errors.New("multipoint")
	case flags&bfdAuth != 0:
		return p, errors.New("authentication, which is not used here")
	case p.my == 0:
		return p, errors.New("my discriminator is 0")
	case p.your == 0 && p.state > bfdDown:
		return p, fmt.Errorf("your discriminator is 0 in state %v", p.state)
	}
	return p, nil
}
