package test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// receiver is a conforming router, or several on one link, and what becomes of a capture's adverts there. Frames
// that are no adverts must pass untouched.
type receiver struct {
	file, name string
	routers    []vrrp.Rules
	want       []expectation // the first that fits decides
}

// expectation is the verdict on adverts whose description holds about.
type expectation struct {
	about string
	want  verdict.Verdict
}

func all(v verdict.Verdict) []expectation { return []expectation{{"", v}} }

// receivers is what the makers of the captures expect of each kind of receiver.
var receivers = []receiver{
	{"ka227_v2_none", "auth none, 1s", on(v2(51, "192.0.2.100")), all(verdict.Delivered)},
	{"ka227_v2_none", "auth PASS", on(v2(51, "192.0.2.100", pass("s3cr3tpw"))), all(verdict.AuthType)},
	{"ka227_v2_none", "version 3 alone", on(v3(51, "192.0.2.100")), all(verdict.BadVersion)},
	{"ka227_v2_none", "2s", on(v2(51, "192.0.2.100", every(2*time.Second))), all(verdict.BadInterval)},

	{"ka227_v2_pass", "same password", on(v2(52, "192.0.2.101", pass("s3cr3tpw"))), all(verdict.Delivered)},
	{"ka227_v2_pass", "auth none", on(v2(52, "192.0.2.101")), all(verdict.AuthType)},
	{"ka227_v2_pass", "other password", on(v2(52, "192.0.2.101", pass("s3cr3tpx"))), all(verdict.AuthData)},
	{"ka227_v2_pass_short", "abc", on(v2(53, "192.0.2.102", pass("abc"))), all(verdict.Delivered)},
	{"ka227_v2_pass_short", "abcd", on(v2(53, "192.0.2.102", pass("abcd"))), all(verdict.AuthData)},
	{"ka227_v2_ah", "no AH", on(v2(54, "192.0.2.103")), all(verdict.NotVRRP)},

	{"ka227_v3_4", "pseudo", on(v3(61, "192.0.2.110", pseudo)), all(verdict.Delivered)},
	{"ka227_v3_4", "either", on(v3(61, "192.0.2.110")), all(verdict.Delivered)},
	{"ka227_v3_4", "message alone", on(v3(61, "192.0.2.110", plain)), all(verdict.BadChecksum)},
	{"ka227_v3_4", "no address in common", on(v3(61, "192.0.2.111")), all(verdict.Conflict)},
	{"ka227_v3_4", "the sender itself", on(v3(61, "192.0.2.110", own("192.0.2.11"))), all(verdict.SelfSource)},
	{"ka227_v3_4_owner", "no owner", on(v3(64, "192.0.2.200", pseudo)), all(verdict.Delivered)},
	// Erratum 8298 of RFC 9568: an owner goes on to process, and logs.
	{"ka227_v3_4_owner", "owner", on(v3(64, "192.0.2.200", pseudo, owner)), all(verdict.Delivered)},
	{"ka227_v3_6", "IPv6", on(v6(63, "fe80::5e00:3f")), all(verdict.Delivered)},
	{"ka227_v3_6", "IPv4 alone", on(v3(63, "192.0.2.110")), all(verdict.Foreign)},

	{"ka227_v2_many", "the same 24", on(v2(71, "192.0.2.150", more(23, "192.0.2.151"), exact)),
		all(verdict.Delivered)},
	{"ka227_v2_many", "one less", on(v2(71, "192.0.2.150", more(22, "192.0.2.151"), exact)), all(verdict.AddrList)},
	{"ka227_v3_4_many", "the same 32", on(v3(72, "192.0.2.180", more(31, "192.0.2.181"), exact)),
		all(verdict.Delivered)},
	{"ka227_v3_6_many", "the same 24", on(v6(73, "fe80::5e00:49", more(23, "2001:db8:1::2:1"), exact)),
		all(verdict.Delivered)},
	{"ka227_v3_6_many", "one other", on(v6(73, "fe80::5e00:49", more(23, "2001:db8:1::2:2"), exact)),
		all(verdict.AddrList)},

	{"ka227_multi", "all three", on(v2(31, "192.0.2.145"), v3(32, "192.0.2.146"), v6(32, "fe80::5e00:20")),
		all(verdict.Delivered)},
	{"ka227_multi", "one of them", on(v3(32, "192.0.2.146")),
		[]expectation{{"VRRPv3/IPv4 vrid 32", verdict.Delivered}, {"", verdict.Foreign}}},
	{"ka227_evip", "one address", on(v2(33, "192.0.2.147", exact)), all(verdict.Delivered)},
	{"ka227_vmac", "both families", on(v3(91, "192.0.2.130"), v6(91, "fe80::200:5eff:fe00:25b")),
		all(verdict.Delivered)},
	{"ka227_vmac2", "version 2", on(v2(92, "192.0.2.131")), all(verdict.Delivered)},
	{"ka227_vmac_resolve", "both families", on(v3(91, "192.0.2.130"), v6(91, "fe80::200:5eff:fe00:25b")),
		all(verdict.Delivered)},
	{"ka227_novmac_resolve", "pseudo", on(v3(61, "192.0.2.110", pseudo)), all(verdict.Delivered)},

	{"ka227_unicast_v4", "multicast", on(v3(81, "192.0.2.120", own("192.0.2.12"))), all(verdict.Elsewhere)},
	{"ka227_unicast_v4", "first router", on(v3(81, "192.0.2.120", own("192.0.2.11"), peers("192.0.2.12", 255))),
		[]expectation{{"192.0.2.12>192.0.2.11", verdict.Delivered}, {"", verdict.Elsewhere}}},
	{"ka227_unicast_v4", "second router, pseudo",
		on(v3(81, "192.0.2.120", own("192.0.2.12"), peers("192.0.2.11", 0), pseudo)),
		[]expectation{{"192.0.2.11>192.0.2.12", verdict.Delivered}, {"", verdict.Elsewhere}}},
	{"ka227_unicast_v4", "another peer", on(v3(81, "192.0.2.120", own("192.0.2.12"), peers("192.0.2.13", 0))),
		[]expectation{{"192.0.2.11>192.0.2.12", verdict.NotAPeer}, {"", verdict.Elsewhere}}},
	{"ka227_unicast_v6", "any hop limit",
		on(v6(82, "2001:db8:1::120", own("2001:db8:1::12"), peers("2001:db8:1::11", 0), anyFirst)),
		[]expectation{{"2001:db8:1::11>", verdict.Delivered}, {"", verdict.Elsewhere}}},
	{"ka227_unicast_v6", "neighbours on the link alone",
		on(v6(82, "2001:db8:1::120", own("2001:db8:1::12"), peers("2001:db8:1::11", 255), anyFirst)),
		[]expectation{{"2001:db8:1::11>", verdict.BadTTL}, {"", verdict.Elsewhere}}},

	{"ka227_election", "pseudo", on(v3(40, "192.0.2.140", pseudo)), all(verdict.Delivered)},
	{"ka227_crash", "pseudo", on(v3(40, "192.0.2.140", pseudo)), all(verdict.Delivered)},
	{"ka227_tie", "pseudo", on(v3(41, "192.0.2.141", pseudo)), all(verdict.Delivered)},
	{"ka227_nopreempt", "pseudo", on(v3(42, "192.0.2.142", pseudo)), all(verdict.Delivered)},
	{"ka227_slow_high", "another interval", on(v3(43, "192.0.2.143", every(time.Second))), all(verdict.Delivered)},

	{"ka243_ka24def", "either", on(v3(66, "192.0.2.114"), v6(66, "fe80::5e00:42")), all(verdict.Delivered)},
	{"ka243_ka24def", "message alone", on(v3(66, "192.0.2.114", plain), v6(66, "fe80::5e00:42", plain)),
		[]expectation{{"IPv4", verdict.BadChecksum}, {"IPv6", verdict.Delivered}}},
	{"ka243_v3_4_asv2", "message alone", on(v3(62, "192.0.2.111", plain)), all(verdict.Delivered)},
	{"ka243_v3_4_asv2", "either", on(v3(62, "192.0.2.112")), all(verdict.Delivered)},
	{"ka243_v3_4_asv2", "pseudo", on(v3(62, "192.0.2.111", pseudo)), all(verdict.BadChecksum)},
	{"ka243_hmac", "without the extension", on(v3(65, "192.0.2.113"), v6(65, "fe80::5e00:41")),
		all(verdict.BadLength)},
	{"ka243_hmac", "that demands it", on(v3(65, "192.0.2.113", signed), v6(65, "fe80::5e00:41", signed)),
		all(verdict.Delivered)},
	{"ka243_hmac", "that permits it, message alone",
		on(v3(65, "192.0.2.113", permitted, plain), v6(65, "fe80::5e00:41", permitted, plain)),
		[]expectation{{"IPv4", verdict.BadChecksum}, {"IPv6", verdict.Delivered}}},
	{"ka243_ka24def", "that demands a trailer", on(v3(66, "192.0.2.114", signed), v6(66, "fe80::5e00:42", signed)),
		all(verdict.HMACMissing)},
	{"ka243_ka24def", "that permits a trailer",
		on(v3(66, "192.0.2.114", permitted), v6(66, "fe80::5e00:42", permitted)), all(verdict.Delivered)},

	{"frr844_election", "pseudo, any first address", on(frr(pseudo, anyFirst)...), all(verdict.Delivered)},
	{"frr844_election", "strict", on(frr(plain)...), []expectation{{"VRRPv2", verdict.Delivered},
		{"IPv4", verdict.BadChecksum}, {"IPv6", verdict.NotLinkLocal}}},
	{"frr844_resolve", "pseudo", on(frr(pseudo)...), all(verdict.Delivered)},
	{"frr844_resolve_arpignore", "pseudo", on(frr(pseudo)...), all(verdict.Delivered)},
	{"interop_ka227_frr844_v3", "pseudo, any first address", on(frr(pseudo, anyFirst)...), all(verdict.Delivered)},
	{"splitbrain_ka243_asv2_frr844", "either", on(frr()...), all(verdict.Delivered)},
	{"splitbrain_ka243_asv2_frr844", "message alone", on(frr(plain)...),
		[]expectation{{"csum msg", verdict.Delivered}, {"", verdict.BadChecksum}}},
	{"splitbrain_ka243_asv2_frr844", "pseudo", on(frr(pseudo)...), []expectation{{"VRRPv2", verdict.Delivered},
		{"csum pseudo", verdict.Delivered}, {"", verdict.BadChecksum}}},
}

// TestFramesRealCodec holds the codec against every frame of the real captures.
func TestFramesRealCodec(t *testing.T) {
	set := readFrameSetIn(t, ourSet)
	for _, r := range receivers {
		t.Run(r.file+"/"+r.name, func(t *testing.T) {
			table := r.host().table()
			r.run(t, set, func(frame []byte) verdict.Verdict {
				_, _, v := vrrp.Judge(frame, loopback, table)
				return v
			})
		})
	}
}

// TestFramesRealFilter holds the filter against them, on both hooks.
func TestFramesRealFilter(t *testing.T) {
	filter := openFilter(t)
	set := readFrameSetIn(t, ourSet)
	for _, r := range receivers {
		t.Run(r.file+"/"+r.name, func(t *testing.T) {
			r.host().install(t, filter)
			for _, hook := range hooks {
				r.run(t, set, func(frame []byte) verdict.Verdict { return try(t, filter, frame, hook) })
			}
		})
	}
}

// TestFramesRealComplete sees to it that no capture is left without a receiver's opinion.
func TestFramesRealComplete(t *testing.T) {
	set := readFrameSetIn(t, ourSet)
	for _, f := range set.Real {
		told := func(r receiver) bool { return r.file+".pcap" == f.File }
		if !slices.ContainsFunc(receivers, told) {
			t.Errorf("%s has no receiver", f.File)
		}
	}
}

func (r receiver) host() host {
	return host{segments: []loader.Segment{{Link: loopback}}, routers: r.routers}
}

// run compares the verdicts on one capture.
func (r receiver) run(t *testing.T, set *frameSet, judge func([]byte) verdict.Verdict) {
	t.Helper()
	frames, described := set.frames(t, r.file+".pcap"), set.described(r.file+".pcap")
	if len(frames) != len(described) {
		t.Fatalf("%d frames in the capture, %d in verdicts.json", len(frames), len(described))
	}
	for _, f := range described {
		if got, want := judge(frames[f.Frame-1]), r.expects(t, f); got != want {
			t.Errorf("frame %d, %s: %v, want %v", f.Frame, f.Text, got, want)
		}
	}
}

// described is what is known of a capture's frames.
func (s *frameSet) described(file string) []realFrame {
	var list []realFrame
	for _, f := range s.Real {
		if f.File == file {
			list = append(list, f)
		}
	}
	return list
}

// expects is the verdict of the table.
func (r receiver) expects(t *testing.T, f realFrame) verdict.Verdict {
	t.Helper()
	if f.Kind != "VRRP" {
		return verdict.NotVRRP
	}
	for _, e := range r.want {
		if strings.Contains(f.Text, e.about) {
			return e.want
		}
	}
	t.Fatalf("no expectation for %s", f.Text)
	return 0
}

// The routers of the table: version, VRID, first virtual address and what is special.

type option func(*vrrp.Rules)

func on(routers ...vrrp.Rules) []vrrp.Rules { return routers }

func router(versions vrrp.Versions, vrid uint8, vip string, options []option) vrrp.Rules {
	addr := netip.MustParseAddr(vip)
	r := vrrp.Rules{
		ID:       vrrp.ID{Link: loopback, V6: addr.Is6(), VRID: vrid},
		Versions: versions,
		Interval: time.Second,
		Addrs:    []netip.Addr{addr},
		Own:      netip.MustParseAddr("192.0.2.1"),
		Group:    vrrp.DefaultGroup(addr.Is6()),
	}
	if r.ID.V6 {
		r.Own = netip.MustParseAddr("fe80::a")
	}
	for _, set := range options {
		set(&r)
	}
	r.ID = r.ID.To(r.ListensOn())
	return r
}

func v2(vrid uint8, vip string, options ...option) vrrp.Rules {
	return router(vrrp.V2, vrid, vip, options)
}
func v3(vrid uint8, vip string, options ...option) vrrp.Rules {
	return router(vrrp.V3, vrid, vip, options)
}
func v6(vrid uint8, vip string, options ...option) vrrp.Rules {
	return router(vrrp.V3, vrid, vip, options)
}

// frr is the three routers of FRR's captures.
func frr(options ...option) []vrrp.Rules {
	return on(v3(5, "198.51.100.250", options...), v6(5, "2001:db8:2::250", options...), v2(6, "198.51.100.251"))
}

func pass(password string) option  { return func(r *vrrp.Rules) { r.Auth = vrrp.NewPass(password) } }
func every(i time.Duration) option { return func(r *vrrp.Rules) { r.Interval = i } }
func own(addr string) option       { return func(r *vrrp.Rules) { r.Own = netip.MustParseAddr(addr) } }
func pseudo(r *vrrp.Rules)         { r.Checksum = vrrp.Pseudo }
func plain(r *vrrp.Rules)          { r.Checksum = vrrp.Plain }
func owner(r *vrrp.Rules)          { r.Owner = true }
func exact(r *vrrp.Rules)          { r.Mismatch = vrrp.DropMismatch }
func anyFirst(r *vrrp.Rules)       { r.AnyFirst = true }
func signed(r *vrrp.Rules)         { r.Trailer = vrrp.TrailerRequired }
func permitted(r *vrrp.Rules)      { r.Trailer = vrrp.TrailerAllowed }
func group(addr string) option     { return func(r *vrrp.Rules) { r.Group = netip.MustParseAddr(addr) } }
func peers(a string, ttl uint8) option {
	return func(r *vrrp.Rules) {
		r.Peers = append(r.Peers, vrrp.Peer{Addr: netip.MustParseAddr(a), MinTTL: ttl, MaxTTL: 255})
	}
}

// more adds n addresses in a row.
func more(n int, first string) option {
	return func(r *vrrp.Rules) {
		for addr := netip.MustParseAddr(first); n > 0; n-- {
			r.Addrs = append(r.Addrs, addr)
			addr = addr.Next()
		}
	}
}
