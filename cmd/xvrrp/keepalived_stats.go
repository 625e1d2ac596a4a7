package main

import (
	"bytes"
	"fmt"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// keepalivedStats counts as keepalived does, under the names of its JSON, in the order of its files.
type keepalivedStats struct {
	Received       uint64 `json:"advert_rcvd"`
	Sent           uint64 `json:"advert_sent"`
	BecameMaster   uint64 `json:"become_master"`
	ReleasedMaster uint64 `json:"release_master"`
	Length         uint64 `json:"packet_len_err"`
	Interval       uint64 `json:"advert_interval_err"`
	TTL            uint64 `json:"ip_ttl_err"`
	Type           uint64 `json:"invalid_type_rcvd"`
	AddressList    uint64 `json:"addr_list_err"`
	AuthInvalid    uint64 `json:"invalid_authtype"` // a type nobody knows; here it is a mismatch
	AuthMismatch   uint64 `json:"authtype_mismatch"`
	AuthFailure    uint64 `json:"auth_failure"`
	*keepalivedTrailers
	ZeroReceived uint64 `json:"pri_zero_rcvd"`
	ZeroSent     uint64 `json:"pri_zero_sent"`
}

// keepalivedTrailers counts what came of auth_hmac (keepalived 2.4). Routers without it have no such counters, as in
// the versions before.
type keepalivedTrailers struct {
	Missing   uint64 `json:"auth_ext_missing"`
	Malformed uint64 `json:"auth_ext_malformed"`
	Key       uint64 `json:"auth_ext_unknown_key"`
	Invalid   uint64 `json:"auth_ext_invalid_hmac"`
	Stale     uint64 `json:"auth_ext_stale"`
	Replay    uint64 `json:"auth_ext_replay"`
}

// countLike sorts what the filter counts by verdict into keepalived's counters.
func countLike(s api.Stats, hmac bool) keepalivedStats {
	of := func(verdicts ...verdict.Verdict) (n uint64) {
		for _, v := range verdicts {
			n += s.Verdicts[v.String()]
		}
		return n
	}
	out := keepalivedStats{
		Received: s.Received, Sent: s.Sent, BecameMaster: s.BecameMaster, ReleasedMaster: s.LeftMaster,
		Length: of(verdict.BadLength, verdict.Malformed), Interval: of(verdict.BadInterval), TTL: of(verdict.BadTTL),
		Type: of(verdict.BadType), AddressList: of(verdict.AddrList, verdict.Conflict, verdict.NoAddresses),
		AuthMismatch: of(verdict.AuthType), AuthFailure: of(verdict.AuthData),
		ZeroReceived: s.ZeroReceived, ZeroSent: s.ZeroSent,
	}
	if hmac {
		out.keepalivedTrailers = &keepalivedTrailers{
			Missing: of(verdict.HMACMissing), Malformed: of(verdict.HMACMalformed), Key: of(verdict.HMACKey),
			Invalid: of(verdict.HMACInvalid), Stale: of(verdict.HMACStale), Replay: of(verdict.HMACReplay),
		}
	}
	return out
}

// counters are a router's, as keepalived counts.
func (r dumpedRouter) counters() keepalivedStats { return countLike(r.snap.Stats, r.conf.HMAC != nil) }

// writeCounters writes a router's part of the .stats file.
func writeCounters(b *bytes.Buffer, r dumpedRouter) {
	n := r.counters()
	fmt.Fprintf(b, "VRRP Instance: %s\n", r.conf.Name)
	fmt.Fprintf(b, "  Advertisements:\n    Received: %d\n    Sent: %d\n", n.Received, n.Sent)
	fmt.Fprintf(b, "  Became master: %d\n  Released master: %d\n", n.BecameMaster, n.ReleasedMaster)
	fmt.Fprintf(b, "  Packet Errors:\n    Length: %d\n    TTL: %d\n    Invalid Type: %d\n", n.Length, n.TTL, n.Type)
	fmt.Fprintf(b, "    Advertisement Interval: %d\n    Address List: %d\n", n.Interval, n.AddressList)
	fmt.Fprintf(b, "  Authentication Errors:\n    Invalid Type: %d\n    Type Mismatch: %d\n    Failure: %d\n",
		n.AuthInvalid, n.AuthMismatch, n.AuthFailure)
	if t := n.keepalivedTrailers; t != nil {
		fmt.Fprintf(b, "  Authentication Extension Errors:\n    Missing: %d\n    Malformed: %d\n    Unknown Key: %d\n", t.Missing, t.Malformed, t.Key)
		fmt.Fprintf(b, "    Invalid HMAC: %d\n    Stale: %d\n    Replay: %d\n", t.Invalid, t.Stale, t.Replay)
	}
	fmt.Fprintf(b, "  Priority Zero:\n    Received: %d\n    Sent: %d\n", n.ZeroReceived, n.ZeroSent)
}
