package main

import (
	"context"
	"net/netip"
	"testing"
	"testing/fstest"

	"github.com/xvrrp/xvrrp/control/doctor"
)

// examinedHost is one with the tutorial's router, or with its vrrp_strict as well.
func examinedHost(strict string) fstest.MapFS {
	return fstest.MapFS{"etc/keepalived/keepalived.conf": {Data: []byte("global_defs {\n" + strict + "}\nvrrp_instance ERIC_VI_1 {\n    interface ens160\n" +
		"    virtual_router_id 56\n    virtual_ipaddress {\n        172.160.180.168/24\n    }\n}\n")}}
}

// surveyed is a host with a firewall.
func surveyed(rule string) func(context.Context, *doctor.Facts) error {
	return func(_ context.Context, f *doctor.Facts) error {
		f.Kernel = "6.12.41"
		f.Links = []doctor.Link{{Name: "ens160", Index: 2, Up: true, MTU: 1500, Addrs: []netip.Prefix{netip.MustParsePrefix("172.160.180.46/24")},
			Driver: "network card (vmxnet3)", Mode: "xdp", ModeWhy: "a driver with native XDP is likely"}}
		f.Rulesets = []doctor.Ruleset{{Tool: "iptables-save", Text: []byte("*filter\n:INPUT ACCEPT [0:0]\n" + rule + "COMMIT\n")}}
		return nil
	}
}

func TestDoctor(t *testing.T) {
	for _, c := range []struct {
		name, strict, rule string
		args               []string
		code               int
	}{
		{"doctor-clean", "", "", nil, exitOK},
		{"doctor", "    vrrp_strict\n", "-A INPUT -d 172.160.180.168/32 -p icmp -j ACCEPT\n-A INPUT -d 172.160.180.168/32 -j DROP\n", nil, exitNotReached},
		{"doctor-json", "    vrrp_strict\n", "", []string{"-o", "json"}, exitNotReached},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newCommand(append([]string{"doctor", "--runtime-dir", t.TempDir()}, c.args...)...).files(examinedHost(c.strict))
			cmd.survey = surveyed(c.rule)
			r := cmd.run(t)
			r.expect(t, c.code, "")
			golden(t, c.name+".golden", r.stdout)
		})
	}
}
