package host

import (
	"net/netip"
	"time"
)

// Route is a virtual or static route. The fields are ip-route(8)'s, numbers are the kernel's.
type Route struct {
	Text     string // for messages
	Type     uint8  // RTN_*
	V6       bool
	Dst      netip.Prefix // 0.0.0.0/0 or ::/0: default
	Via      netip.Addr   // may be zero, or of the other family
	Link     int          // 0: the kernel's choice
	OnLink   bool
	Source   netip.Addr // preferred source; may be zero
	From     netip.Prefix
	Table    uint32
	Metric   uint32
	Scope    int   // -1: the kernel's choice
	Protocol uint8 // 0: ours
	TOS      uint8
	Pref     uint8
	Realm    uint32
	Metrics  []RouteMetric
	Hops     []NextHop
	Insert   Insert
	NoTrack  bool // not put back when somebody deletes it
}

// Insert is how a route is put beside others to the same destination.
type Insert uint8

// The ways.
const (
	Prepend Insert = iota
	Append
	Add // only if there is none
)

// RouteMetric is one RTAX_* value.
type RouteMetric struct {
	ID     uint16
	Value  uint32
	Text   string // of congctl instead of Value
	Locked bool
}

// NextHop is one way of a route with several.
type NextHop struct {
	Via    netip.Addr
	Link   int
	Weight int // 1 to 256; 0: 1
	OnLink bool
}

// Rule is a virtual or static routing rule. The fields are ip-rule(8)'s, numbers are the kernel's.
type Rule struct {
	Text           string // for messages
	V6             bool
	Not            bool
	From, To       netip.Prefix // may be zero
	Table          uint32
	Priority       uint32 // 0: the kernel's choice
	TOS            uint8
	Mark, MarkMask uint32
	Marked         bool
	IIF, OIF       string
	UIDs           *[2]uint32
	L3Mdev         bool
	Protocol       uint8 // 0: ours
	IPProto        uint8
	SPort, DPort   *[2]uint16
	SuppressPrefix int // -1: not given
	SuppressGroup  int // -1: not given
	Goto           uint32
	Action         uint8 // FR_ACT_*
	NoTrack        bool
}

// Static is what stays for the life of the daemon, and goes with it.
type Static struct {
	Addrs  []Address
	Routes []Route
	Rules  []Rule
}

// PaceGroup is links of one switch that share the gaps between announcements. They override those of bindings.
type PaceGroup struct {
	Links           []string // names, also of links that do not exist yet
	GARPGap, GNAGap time.Duration
}
