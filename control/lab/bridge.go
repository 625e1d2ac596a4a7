package lab

import (
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// stateForwarding is BR_STATE_FORWARDING.
const stateForwarding = 3

// forward lets a bridge port of the calling thread's namespace forward. By itself the bridge does so when it is
// told of the carrier, which may take a second.
func forward(port string) error {
	l, err := netlink.LinkByName(port)
	if err != nil {
		return err
	}
	msg := nl.NewIfInfomsg(unix.AF_BRIDGE)
	msg.Index = int32(l.Attrs().Index)
	info := nl.NewRtAttr(unix.IFLA_PROTINFO|unix.NLA_F_NESTED, nil)
	info.AddRtAttr(nl.IFLA_BRPORT_STATE, nl.Uint8Attr(stateForwarding))
	req := nl.NewNetlinkRequest(unix.RTM_SETLINK, unix.NLM_F_ACK)
	req.AddData(msg)
	req.AddData(info)
	_, err = req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}
