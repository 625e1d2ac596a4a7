package host

import (
	"encoding/binary"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// ruleItem puts a rule into a message.
func ruleItem(r *Rule) tableItem {
	protocol := r.Protocol
	if protocol == 0 {
		protocol = protoKeepalived
	}
	m := newMessage(r.header())
	m.prefix(unix.FRA_SRC, r.From)
	m.prefix(unix.FRA_DST, r.To)
	m.number(unix.FRA_TABLE, r.Table)
	m.number(unix.FRA_PRIORITY, r.Priority)
	m.text(unix.FRA_IIFNAME, r.IIF)
	m.text(unix.FRA_OIFNAME, r.OIF)
	m.attr(unix.FRA_PROTOCOL, []byte{protocol})
	if r.Marked {
		m.u32(unix.FRA_FWMARK, r.Mark)
		m.u32(unix.FRA_FWMASK, r.MarkMask)
	}
	m.selectors(r)
	if r.SuppressPrefix >= 0 {
		m.u32(unix.FRA_SUPPRESS_PREFIXLEN, uint32(r.SuppressPrefix))
	}
	if r.SuppressGroup >= 0 {
		m.u32(unix.FRA_SUPPRESS_IFGROUP, uint32(r.SuppressGroup))
	}
	if r.action() == unix.FR_ACT_GOTO {
		m.u32(unix.FRA_GOTO, r.Goto)
	}
	return tableItem{
		kind: "rule", text: r.Text, noTrack: r.NoTrack, addFlags: unix.NLM_F_EXCL, body: m.b,
		sign: tableSign{
			rule: true, v6: r.V6, protocol: protocol, table: r.Table, priority: r.Priority,
			from: orEverything(r.From, r.V6), to: orEverything(r.To, r.V6),
		},
	}
}

// header is struct fib_rule_hdr in the shape of struct rtmsg: the action is where the type of a route is.
func (r *Rule) header() unix.RtMsg {
	h := unix.RtMsg{
		Family: tableFamily(r.V6), Dst_len: bitsOf(r.To), Src_len: bitsOf(r.From), Tos: r.TOS,
		Table: tableByte(r.Table), Type: r.action(),
	}
	if r.Not {
		h.Flags = fibRuleInvert
	}
	return h
}

func (r *Rule) action() uint8 {
	if r.Action == unix.FR_ACT_UNSPEC {
		return unix.FR_ACT_TO_TBL
	}
	return r.Action
}

// selectors adds what a rule looks at beside addresses and marks.
func (m *message) selectors(r *Rule) {
	if r.UIDs != nil {
		m.attr(unix.FRA_UID_RANGE, append(nl.Uint32Attr(r.UIDs[0]), nl.Uint32Attr(r.UIDs[1])...))
	}
	if r.L3Mdev {
		m.attr(unix.FRA_L3MDEV, []byte{1})
	}
	if r.IPProto != 0 {
		m.attr(unix.FRA_IP_PROTO, []byte{r.IPProto})
	}
	m.ports(unix.FRA_SPORT_RANGE, r.SPort)
	m.ports(unix.FRA_DPORT_RANGE, r.DPort)
}

// ports adds struct fib_rule_port_range, in host order.
func (m *message) ports(kind uint16, p *[2]uint16) {
	if p != nil {
		first := binary.NativeEndian.AppendUint16(nil, p[0])
		m.attr(kind, binary.NativeEndian.AppendUint16(first, p[1]))
	}
}
