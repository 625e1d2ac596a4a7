package host

import (
	"net/netip"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// Binding is what a router needs of the host.
type Binding struct {
	ID              vrrp.ID
	Name            string        // of the router, for messages
	Source          netip.Addr    // of adverts
	Peers           []netip.Addr  // destinations in unicast mode; empty: the ID has it
	TTL             uint8         // of unicast adverts; 0 means 255
	Adverts         []Form        // one, or two in interop mode
	Addrs           []Address     // in the order they are added; advertised ones and excluded ones
	Routes          []Route       // added behind the addresses, removed before them
	Rules           []Rule        // added behind the routes, removed before them
	GARPGap, GNAGap time.Duration // least gap between two announcements on one link
	MAC             mac           // source of adverts; zero: the link's (use_vmac)
	HMAC            *vrrp.HMAC    // signs every advert; nil: no trailer
	ExtraEvery      time.Duration // garp_extra_if: pause between announcements on other links than the router's; 0: none
	ExtraAll        bool          // on every such link, not on macvlans alone
	Promote         bool          // promote_secondaries is set on its links while it holds addresses
}

// Form is one shape of a router's advert; the priority is filled in when it is sent.
type Form struct {
	Advert   vrrp.Advert
	Checksum vrrp.Checksum
}

// Address is one virtual address on a link of this host.
type Address struct {
	Prefix            netip.Prefix
	Link              int
	Broadcast         netip.Addr
	Label             string
	Peer              netip.Prefix
	PreferredLifetime int64 // seconds; -1 for ever; 0 keeps IPv6 from choosing it as a source
	Flags             int32 // IFA_F_*
	Scope             int16 // -1: the kernel's choice
	DAD               bool  // IPv6: duplicates are looked for, which takes a second
}

// Failure is an effect that could not be carried out.
type Failure struct {
	ID  vrrp.ID
	Op  string // "advertise", "acquire", "announce"; "route" or "rule", which the router goes without
	Err error
}

// Link is a network interface as routers see it.
type Link struct {
	Index, Parent int
	Name, Kind    string // Kind as in `ip -d link`: "", "veth", "vlan", ...
	MAC           [6]byte
	MTU           int
	Up            bool // IFF_UP and IFF_RUNNING
	Multicast     bool
	Loopback      bool
	NoARP         bool
	VLAN          uint16     // of a VLAN device
	Addrs         []LinkAddr // in the kernel's order: the first IPv4 one is primary

	ethernet bool
}

// LinkAddr is an address of a link.
type LinkAddr struct {
	Prefix                          netip.Prefix
	Secondary, Tentative, DADFailed bool
}
