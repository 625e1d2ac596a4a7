package main

import (
	"bytes"
	"fmt"

	"github.com/xvrrp/xvrrp/control/api"
)

// counters are a router's, as keepalived counts.
func (r dumpedRouter) counters() api.KeepalivedStats {
	return r.snap.Stats.Keepalived(r.conf.HMAC != nil)
}

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
	if t := n.KeepalivedTrailers; t != nil {
		fmt.Fprintf(b, "  Authentication Extension Errors:\n    Missing: %d\n    Malformed: %d\n    Unknown Key: %d\n", t.Missing, t.Malformed, t.Key)
		fmt.Fprintf(b, "    Invalid HMAC: %d\n    Stale: %d\n    Replay: %d\n", t.Invalid, t.Stale, t.Replay)
	}
	fmt.Fprintf(b, "  Priority Zero:\n    Received: %d\n    Sent: %d\n", n.ZeroReceived, n.ZeroSent)
}
