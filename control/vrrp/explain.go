package vrrp

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Explain says in one line of an operator's words why a frame got its verdict, with the value expected and the value
// seen. r is the router the frame was for, nil where the verdict comes before there is one. It never tells a
// password, and it takes rules that have changed since the verdict was given.
func Explain(f Frame, v verdict.Verdict, r *Rules) string {
	if text := explainFrame(&f, v); text != "" {
		return text
	}
	if r == nil {
		return v.Meaning()
	}
	if text := explainPath(&f, v, r); text != "" {
		return text
	}
	if len(f.Message) >= headerLen {
		if text := explainMessage(&f, v, r); text != "" {
			return text
		}
	}
	return v.Meaning()
}

// explainFrame words what needs no router.
func explainFrame(f *Frame, v verdict.Verdict) string {
	switch v {
	case verdict.OtherVLAN:
		if f.VLAN != 0 {
			return fmt.Sprintf("no router of ours is on VLAN %v", f.VLAN)
		}
	case verdict.Foreign, verdict.UnknownVRID, verdict.Flood:
		if id, ok := f.ID(0); ok {
			return fmt.Sprintf("VRID %d over %s is not configured here", id.VRID, id.Family())
		}
	case verdict.BadSource:
		return fmt.Sprintf("no host can have the source address %v", f.Src)
	case verdict.BadLength:
		return explainLength(f)
	case verdict.BadType:
		if len(f.Message) > 0 {
			return fmt.Sprintf("type %d, expected %d", f.Message[0]&0x0f, typeAdvertisement)
		}
	case verdict.NoAddresses:
		return "address count 0, expected at least 1"
	}
	return ""
}

// explainLength words a message that is too short or too long.
func explainLength(f *Frame) string {
	n := len(f.Message)
	if n < headerLen {
		return fmt.Sprintf("%d bytes, expected a header of %d", n, headerLen)
	}
	version, count := f.Message[0]>>4, f.Message[3]
	return fmt.Sprintf("%d bytes, expected %d for version %d with %d addresses",
		n, messageLen(version, count, f.V6), version, count)
}

// explainPath words what is about addresses and TTL.
func explainPath(f *Frame, v verdict.Verdict, r *Rules) string {
	switch v {
	case verdict.Elsewhere:
		return fmt.Sprintf("destination %v, expected %v", f.Dst, r.ListensOn())
	case verdict.BadTTL:
		if p, ok := r.peer(f.Src); ok {
			return fmt.Sprintf("TTL %d, expected %d to %d", f.TTL, p.MinTTL, p.MaxTTL)
		}
		return fmt.Sprintf("TTL %d, expected 255", f.TTL)
	case verdict.SelfSource:
		return fmt.Sprintf("source %v is our own address", f.Src)
	case verdict.Excess:
		return fmt.Sprintf("valid, but adverts from %v, or for this router from all, come faster than an election needs", f.Src)
	case verdict.NotAPeer:
		return fmt.Sprintf("source %v is none of our unicast peers", f.Src)
	}
	return ""
}

// explainMessage words what is about the fields of a message.
func explainMessage(f *Frame, v verdict.Verdict, r *Rules) string {
	a := decode(f.Message, f.Src)
	switch v {
	case verdict.BadVersion:
		return fmt.Sprintf("version %d, expected %v", a.Version, r.Versions)
	case verdict.BadChecksum:
		return explainChecksum(f, r)
	case verdict.Owner:
		return fmt.Sprintf("priority %d from %v while this router owns the addresses", a.Priority, f.Src)
	case verdict.NotLinkLocal:
		return fmt.Sprintf("addresses %s do not begin with a link-local one", list(a.Addrs))
	case verdict.AuthType:
		return fmt.Sprintf("auth type %v, expected %v", a.Auth.Type, r.Auth.Type)
	case verdict.AuthData:
		return "password differs from ours"
	case verdict.HMACMissing, verdict.HMACMalformed, verdict.HMACStale, verdict.HMACKey:
		return explainTrailer(a.Trailer, v)
	case verdict.AddrList:
		return fmt.Sprintf("addresses %s, expected %s", list(a.Addrs), list(r.Addrs))
	case verdict.Conflict:
		return fmt.Sprintf("addresses %s share none with ours %s", list(a.Addrs), list(r.Addrs))
	case verdict.BadInterval:
		return fmt.Sprintf("interval %v, ours %v", a.Interval, r.Interval)
	}
	return ""
}

// explainChecksum tells damage from the other reading of RFC 5798. A message that is not there in full is not
// added up.
func explainChecksum(f *Frame, r *Rules) string {
	seen := f.Message[6:8]
	pdu, trailer := Split(f.Message, f.V6)
	switch {
	case len(pdu) != messageLen(f.Message[0]>>4, f.Message[3], f.V6):
		return fmt.Sprintf("checksum %#x is wrong", seen)
	case r.Checksum == Plain && checksumFits(pdu, trailer, f.Src, f.Dst, Pseudo):
		return fmt.Sprintf("checksum %#x covers a pseudo header, expected the message alone (RFC 9568)", seen)
	case r.Checksum == Pseudo && checksumFits(pdu, trailer, f.Src, f.Dst, Plain):
		return fmt.Sprintf("checksum %#x covers the message alone, expected a pseudo header as well", seen)
	}
	whole := append([]byte(nil), pdu...)
	whole[6], whole[7] = 0, 0
	setChecksum(whole, trailer, f.Src, f.Dst, r.Checksum)
	return fmt.Sprintf("checksum %#x, expected %#x", seen, whole[6:8])
}

// explainTrailer words what is wrong with a trailer of auth_hmac, or that there is none.
func explainTrailer(b []byte, v verdict.Verdict) string {
	t, ok := readTrailer(b)
	switch {
	case b == nil:
		return "no HMAC trailer, expected one"
	case !ok:
		return fmt.Sprintf("HMAC trailer begins with %#x, expected type %d and zero in byte 2 and 3", b[:4], trailerType)
	case v == verdict.HMACStale:
		return "signed at " + t.seq.time().Format(time.RFC3339) + " by its sender's clock: replayed, or a clock is wrong"
	}
	return fmt.Sprintf("signed with key %d, which is none of ours", t.key)
}

// list writes addresses for operators, cut short where there are many.
func list(addrs []netip.Addr) string {
	const most = 6
	var b strings.Builder
	for i, addr := range addrs {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(addrs)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(addr.String())
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}
