package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// routeItems puts a route into messages. An IPv6 route with several hops is one route per hop to the kernel, which
// joins them: each can be found, put back and removed by itself.
func routeItems(r *Route) []tableItem {
	if !r.V6 || len(r.Hops) < 2 {
		return []tableItem{routeItem(r, r.Hops)}
	}
	items := make([]tableItem, len(r.Hops))
	for i := range r.Hops {
		items[i] = routeItem(r, r.Hops[i:i+1])
		items[i].addFlags = unix.NLM_F_APPEND
	}
	return items
}

func routeItem(r *Route, hops []NextHop) tableItem {
	header := r.header()
	m := newMessage(header)
	m.prefix(unix.RTA_DST, r.Dst)
	m.prefix(unix.RTA_SRC, r.From)
	m.u32(unix.RTA_TABLE, r.table())
	m.number(unix.RTA_PRIORITY, r.Metric)
	m.addr(unix.RTA_PREFSRC, r.Source)
	m.number(unix.RTA_FLOW, r.Realm)
	if r.Pref != 0 {
		m.attr(unix.RTA_PREF, []byte{r.Pref})
	}
	m.gateway(r.V6, r.Via)
	m.number(unix.RTA_OIF, uint32(r.Link))
	m.metrics(r.Metrics)
	m.hops(r.V6, hops)
	return tableItem{
		kind: "route", text: r.Text, noTrack: r.NoTrack, addFlags: r.Insert.flags(), body: m.b,
		links: r.links(), hasSource6: r.V6 && r.Source.IsValid(),
		sign: tableSign{
			v6: r.V6, protocol: header.Protocol, table: r.table(),
			from: orEverything(r.From, r.V6), to: orEverything(r.Dst, r.V6),
		},
	}
}

func (r *Route) header() unix.RtMsg {
	h := unix.RtMsg{
		Family: tableFamily(r.V6), Dst_len: bitsOf(r.Dst), Src_len: bitsOf(r.From), Tos: r.TOS,
		Table: tableByte(r.table()), Protocol: r.Protocol, Scope: r.scope(), Type: r.kind(),
	}
	if h.Protocol == 0 {
		h.Protocol = protoKeepalived
	}
	if r.OnLink {
		h.Flags = unix.RTNH_F_ONLINK
	}
	return h
}

func (r *Route) kind() uint8 {
	if r.Type == unix.RTN_UNSPEC {
		return unix.RTN_UNICAST
	}
	return r.Type
}

// table is what ip-route(8) takes where none is given.
func (r *Route) table() uint32 {
	switch {
	case r.Table != 0:
		return r.Table
	case r.kind() == unix.RTN_LOCAL || r.kind() == unix.RTN_BROADCAST || r.kind() == unix.RTN_ANYCAST:
		return unix.RT_TABLE_LOCAL
	default:
		return unix.RT_TABLE_MAIN
	}
}

// scope is what ip-route(8) takes where none is given. IPv6 has none.
func (r *Route) scope() uint8 {
	switch {
	case r.V6:
		return unix.RT_SCOPE_UNIVERSE
	case r.Scope >= 0:
		return uint8(r.Scope)
	}
	switch r.kind() {
	case unix.RTN_LOCAL:
		return unix.RT_SCOPE_HOST
	case unix.RTN_BROADCAST, unix.RTN_MULTICAST, unix.RTN_ANYCAST:
		return unix.RT_SCOPE_LINK
	case unix.RTN_UNICAST:
		if !r.Via.IsValid() && len(r.Hops) == 0 {
			return unix.RT_SCOPE_LINK
		}
	}
	return unix.RT_SCOPE_UNIVERSE
}

// links are those the route names.
func (r *Route) links() []int {
	var links []int
	if r.Link != 0 {
		links = append(links, r.Link)
	}
	for _, h := range r.Hops {
		if h.Link != 0 {
			links = append(links, h.Link)
		}
	}
	return links
}

func (i Insert) flags() int {
	switch i {
	case Append:
		return unix.NLM_F_APPEND
	case Add:
		return unix.NLM_F_EXCL
	default:
		return 0
	}
}

// gateway adds the next hop's address, which may be of the other family (RTA_VIA).
func (m *message) gateway(v6 bool, via netip.Addr) {
	if kind, value := gatewayAttr(v6, via); value != nil {
		m.attr(kind, value)
	}
}

func gatewayAttr(v6 bool, via netip.Addr) (kind uint16, value []byte) {
	switch {
	case !via.IsValid():
		return 0, nil
	case via.Is6() == v6:
		return unix.RTA_GATEWAY, via.AsSlice()
	default:
		family := binary.NativeEndian.AppendUint16(nil, uint16(tableFamily(via.Is6())))
		return unix.RTA_VIA, append(family, via.AsSlice()...)
	}
}

func (m *message) metrics(metrics []RouteMetric) {
	if len(metrics) == 0 {
		return
	}
	nest := nl.NewRtAttr(unix.RTA_METRICS, nil)
	locks := uint32(0)
	for _, x := range metrics {
		value := nl.Uint32Attr(x.Value)
		if x.Text != "" {
			value = nl.ZeroTerminated(x.Text)
		}
		nest.AddRtAttr(int(x.ID), value)
		if x.Locked {
			locks |= 1 << x.ID
		}
	}
	if locks != 0 {
		nest.AddRtAttr(unix.RTAX_LOCK, nl.Uint32Attr(locks))
	}
	m.b = append(m.b, nest.Serialize()...)
}

func (m *message) hops(v6 bool, hops []NextHop) {
	if len(hops) == 0 {
		return
	}
	var b []byte
	for _, h := range hops {
		hop := nl.RtNexthop{RtNexthop: unix.RtNexthop{Ifindex: int32(h.Link), Hops: uint8(max(h.Weight, 1) - 1)}}
		if h.OnLink {
			hop.Flags = unix.RTNH_F_ONLINK
		}
		if kind, value := gatewayAttr(v6, h.Via); value != nil {
			hop.Children = append(hop.Children, nl.NewRtAttr(int(kind), value))
		}
		b = append(b, hop.Serialize()...)
	}
	m.attr(unix.RTA_MULTIPATH, b)
}
