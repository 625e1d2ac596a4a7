package host

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// words shows a message: its header, then its attributes by rising number.
func words(t *testing.T, body []byte) string {
	t.Helper()
	attrs, err := nl.ParseRouteAttr(body[unix.SizeofRtMsg:])
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{fmt.Sprintf("%x", body[:unix.SizeofRtMsg])}
	slices.SortFunc(attrs, func(a, b syscall.NetlinkRouteAttr) int { return int(a.Attr.Type) - int(b.Attr.Type) })
	for _, a := range attrs {
		lines = append(lines, fmt.Sprintf("%d:%x", a.Attr.Type, a.Value))
	}
	return strings.Join(lines, " ")
}

// The header is family, destination's and source's length, tos, table, protocol, scope, type and flags; numbers are
// in the order of a little-endian machine.
func TestRouteMessages(t *testing.T) {
	if !bytes.Equal(nl.Uint32Attr(1), []byte{1, 0, 0, 0}) {
		t.Skip("written for little-endian machines")
	}
	via, via6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	dst, dst6 := netip.MustParsePrefix("10.1.2.3/16"), netip.MustParsePrefix("2001:db8:9::/48")
	tests := map[string]struct {
		route Route
		want  []string
	}{
		"gateway": {Route{Dst: dst, Via: via, Link: 3, Scope: -1},
			[]string{"02100000fe12000100000000 1:0a010000 4:03000000 5:c0000201 15:fe000000"}},
		"default": {Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: via, Scope: -1},
			[]string{"02000000fe12000100000000 5:c0000201 15:fe000000"}},
		"link": {Route{Dst: dst, Link: 3, Scope: -1},
			[]string{"02100000fe12fd0100000000 1:0a010000 4:03000000 15:fe000000"}},
		"blackhole": {Route{Type: unix.RTN_BLACKHOLE, Dst: dst, Scope: -1},
			[]string{"02100000fe12000600000000 1:0a010000 15:fe000000"}},
		"all numbers": {Route{V6: true, Dst: dst6, From: netip.MustParsePrefix("2001:db8:1::/64"), Via: via6, OnLink: true,
			Source: via6, Table: 1000, Metric: 5, Protocol: 4, TOS: 16, Pref: 1, Realm: 7},
			[]string{"0a3040100004000104000000 1:20010db8000900000000000000000000 2:20010db8000100000000000000000000 " +
				"5:20010db8000000000000000000000001 6:05000000 7:20010db8000000000000000000000001 11:07000000 15:e8030000 20:01"}},
		"IPv6 hops": {Route{V6: true, Dst: dst6, Hops: []NextHop{{Via: via6, Link: 3, Weight: 5}, {Via: via6, Link: 4}}},
			[]string{
				"0a300000fe12000100000000 1:20010db8000900000000000000000000 9:1c0000040300000014000500" +
					"20010db8000000000000000000000001 15:fe000000",
				"0a300000fe12000100000000 1:20010db8000900000000000000000000 9:1c0000000400000014000500" +
					"20010db8000000000000000000000001 15:fe000000",
			}},
		"other family": {Route{Dst: dst, Via: via6, Scope: -1},
			[]string{"02100000fe12000100000000 1:0a010000 15:fe000000 18:0a0020010db8000000000000000000000001"}},
		"metrics": {Route{Type: unix.RTN_PROHIBIT, Dst: dst, Scope: -1,
			Metrics: []RouteMetric{{ID: 2, Value: 1400, Locked: true}, {ID: 16, Text: "bbr"}}},
			[]string{"02100000fe12000800000000 1:0a010000 8:080002007805000008001000626272000800010004000000 15:fe000000"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, item := range routeItems(&tt.route) {
				got = append(got, words(t, item.body))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// What the kernel says of a deletion leads back to what was added.
func TestSignsSurvive(t *testing.T) {
	items := tableItems([]Route{
		{Dst: netip.MustParsePrefix("10.0.0.0/8"), Scope: -1, Link: 3},
		{Dst: netip.MustParsePrefix("10.1.2.3/8"), Scope: -1, Table: 1000, Metric: 5},
		{Dst: netip.MustParsePrefix("0.0.0.0/0"), Type: unix.RTN_BLACKHOLE, Protocol: 4},
		{V6: true, Dst: netip.MustParsePrefix("::/0"), From: netip.MustParsePrefix("2001:db8::/32")},
	}, []Rule{
		{From: netip.MustParsePrefix("10.1.2.3/8"), Table: 5, Priority: 7, SuppressPrefix: -1, SuppressGroup: -1},
		{V6: true, To: netip.MustParsePrefix("2001:db8::/32"), Table: 1000, Protocol: 4},
		{Marked: true, Mark: 1, MarkMask: 2, Action: unix.FR_ACT_BLACKHOLE, Priority: 9},
	})
	seen := make(map[string]bool)
	for _, item := range items {
		kind := uint16(unix.RTM_DELROUTE)
		if item.kind == "rule" {
			kind = unix.RTM_DELRULE
		}
		got, ok := parseTableEvent(syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: kind}, Data: item.body})
		if !ok || got != item.sign {
			t.Errorf("%s: got %+v, want %+v", item.kind, got, item.sign)
		}
		seen[item.key()] = true
	}
	if len(seen) != len(items) {
		t.Errorf("%d items have %d keys", len(items), len(seen))
	}
	for _, short := range [][]byte{nil, make([]byte, 11), {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 1, 0}} {
		if s, ok := parseTableEvent(syscall.NetlinkMessage{Data: short}); ok {
			t.Errorf("%x was read as %+v", short, s)
		}
	}
}
