package host

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// protoKeepalived marks our routes and rules (RTPROT_KEEPALIVED), like keepalived's own: `ip route show proto
// keepalived` goes on working, and what either daemon left when it was killed is recognised. The kernel deletes a
// route or rule only if its mark is the one in the request, so that what somebody else has added stays. Under a
// protocol of the operator's choice ours are not told from others that are equal.
const protoKeepalived = unix.RTPROT_KEEPALIVED

// tableItem is a route or a rule on its way into the kernel.
type tableItem struct {
	kind       string // "route" or "rule"
	text       string // for messages
	noTrack    bool
	sign       tableSign
	links      []int // a route leads over
	hasSource6 bool  // an IPv6 route has a preferred source
	addFlags   int   // NLM_F_*
	body       []byte
}

// tableSign is by what an event is matched with the routes or rules it may be about.
type tableSign struct {
	rule     bool
	v6       bool
	protocol uint8
	table    uint32
	from, to netip.Prefix // everything is /0
	priority uint32       // of a rule; 0 in one whose priority the kernel chose
}

// Attributes of a rule that no package names (linux/fib_rules.h).
const fibRuleInvert = 0x2

// key identifies the item: two routers that want the same share it.
func (i *tableItem) key() string { return string(i.body) }

func (i *tableItem) addRequest() *nl.NetlinkRequest {
	kind := unix.RTM_NEWROUTE
	if i.sign.rule {
		kind = unix.RTM_NEWRULE
	}
	return i.request(kind, unix.NLM_F_CREATE|i.addFlags)
}

func (i *tableItem) removeRequest() *nl.NetlinkRequest {
	kind := unix.RTM_DELROUTE
	if i.sign.rule {
		kind = unix.RTM_DELRULE
	}
	return i.request(kind, 0)
}

func (i *tableItem) request(kind, flags int) *nl.NetlinkRequest {
	req := nl.NewNetlinkRequest(kind, flags)
	req.AddRawData(i.body)
	return req
}

// tableItems are a binding's routes, then its rules.
func tableItems(routes []Route, rules []Rule) []tableItem {
	var items []tableItem
	for i := range routes {
		items = append(items, routeItems(&routes[i])...)
	}
	for i := range rules {
		items = append(items, ruleItem(&rules[i]))
	}
	return items
}

// message builds the body of a request: a header of struct rtmsg, which that of rules agrees with, and attributes.
type message struct{ b []byte }

func newMessage(header unix.RtMsg) *message {
	m := nl.RtMsg{RtMsg: header}
	return &message{append([]byte(nil), m.Serialize()...)}
}

func (m *message) attr(kind uint16, value []byte) {
	m.b = append(m.b, nl.NewRtAttr(int(kind), value).Serialize()...)
}

func (m *message) u32(kind uint16, value uint32) { m.attr(kind, nl.Uint32Attr(value)) }

// number adds a value unless it is 0.
func (m *message) number(kind uint16, value uint32) {
	if value != 0 {
		m.u32(kind, value)
	}
}

func (m *message) addr(kind uint16, a netip.Addr) {
	if a.IsValid() {
		m.attr(kind, a.AsSlice())
	}
}

// prefix adds the address of a prefix that is not everything.
func (m *message) prefix(kind uint16, p netip.Prefix) {
	if p.Bits() > 0 {
		m.addr(kind, p.Masked().Addr())
	}
}

func (m *message) text(kind uint16, s string) {
	if s != "" {
		m.attr(kind, nl.ZeroTerminated(s))
	}
}

// bitsOf is the length of a prefix that may be zero.
func bitsOf(p netip.Prefix) uint8 { return uint8(max(p.Bits(), 0)) }

// tableByte is the table as the header holds it; larger ones are in an attribute alone.
func tableByte(table uint32) uint8 {
	if table > 0xff {
		return unix.RT_TABLE_UNSPEC
	}
	return uint8(table)
}

// everything is the prefix of length 0.
func everything(v6 bool) netip.Prefix {
	if v6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// orEverything makes a prefix comparable: masked, and everything if it is zero.
func orEverything(p netip.Prefix, v6 bool) netip.Prefix {
	if p.Bits() <= 0 {
		return everything(v6)
	}
	return p.Masked()
}

func tableFamily(v6 bool) uint8 {
	if v6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// parseTableEvent reads RTM_DELROUTE and RTM_DELRULE.
func parseTableEvent(m syscall.NetlinkMessage) (s tableSign, ok bool) {
	if len(m.Data) < unix.SizeofRtMsg {
		return s, false
	}
	header := nl.DeserializeRtMsg(m.Data)
	attrs, err := nl.ParseRouteAttr(m.Data[unix.SizeofRtMsg:])
	if err != nil || header.Family != unix.AF_INET && header.Family != unix.AF_INET6 {
		return s, false
	}
	s = tableSign{
		rule: m.Header.Type == unix.RTM_DELRULE, v6: header.Family == unix.AF_INET6,
		protocol: header.Protocol, table: uint32(header.Table),
	}
	var from, to netip.Addr
	for _, a := range attrs {
		switch a.Attr.Type {
		case unix.RTA_DST: // and FRA_DST
			to, _ = netip.AddrFromSlice(a.Value)
		case unix.RTA_SRC: // and FRA_SRC
			from, _ = netip.AddrFromSlice(a.Value)
		case unix.RTA_TABLE: // and FRA_TABLE
			s.table = attrUint32(a)
		case unix.RTA_PRIORITY: // and FRA_PRIORITY
			s.priority = attrUint32(a)
		case unix.FRA_PROTOCOL:
			if s.rule && len(a.Value) == 1 {
				s.protocol = a.Value[0]
			}
		}
	}
	s.from = orEverything(netip.PrefixFrom(from, int(header.Src_len)), s.v6)
	s.to = orEverything(netip.PrefixFrom(to, int(header.Dst_len)), s.v6)
	if !s.rule {
		s.priority = 0 // a metric that was not given is not 0 in the event
	}
	return s, true
}

func attrUint32(a syscall.NetlinkRouteAttr) uint32 {
	if len(a.Value) != 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(a.Value)
}
