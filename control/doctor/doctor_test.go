package doctor

import (
	"errors"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

func nic() Link {
	return Link{Name: "ens160", Index: 2, Up: true, MTU: 1500, Driver: "network card (ixgbe)", Mode: "xdp", ModeWhy: "a driver with native XDP is likely",
		Addrs: []netip.Prefix{netip.MustParsePrefix("172.160.180.46/24"), netip.MustParsePrefix("fe80::1/64")}}
}

// put adds files to a host. A link is written as "-> TARGET".
func (f *Facts) put(files map[string]string) {
	for path, text := range files {
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			f.Root.(fstest.MapFS)[path] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
			continue
		}
		f.Root.(fstest.MapFS)[path] = &fstest.MapFile{Data: []byte(text)}
	}
}

func (f *Facts) hold(link, prefix string) {
	for i := range f.Links {
		if f.Links[i].Name == link {
			f.Links[i].Addrs = append(f.Links[i].Addrs, netip.MustParsePrefix(prefix))
			return
		}
	}
	f.Links = append(f.Links, Link{Name: link, Up: true, Addrs: []netip.Prefix{netip.MustParsePrefix(prefix)}})
}

// running is a daemon in which VI_1 has a role.
func running(role string) *api.Snapshot {
	return &api.Snapshot{PID: 7, Scheduling: "real-time priority 10, memory locked", Now: time.Unix(1000, 0),
		Links:   []api.Link{{Name: "ens160", Mode: "tc", Hook: "tcx", Reason: "tc was asked for"}},
		Routers: []api.Router{{Name: "VI_1", Interface: "ens160", Role: role}}}
}

// process writes a process of another program, in the same network namespace.
func (f *Facts) process(pid, comm, cmdline string) {
	f.put(map[string]string{"proc/self/ns/net": "-> net:[1]", "proc/" + pid + "/ns/net": "-> net:[1]", "proc/" + pid + "/comm": comm + "\n",
		"proc/" + pid + "/cmdline": strings.ReplaceAll(cmdline, " ", "\x00") + "\x00"})
}

func TestExamine(t *testing.T) {
	const strict = "strict_mode\n"
	for _, c := range []struct {
		name, router string
		plant        func(f *Facts)
		want         string
	}{
		{"clean", "", func(*Facts) {}, ""},
		{"no configuration", strict, func(f *Facts) { f.File, f.Config.Routers, f.Problems = "", nil, nil }, ""},

		{"filter refused", "", func(f *Facts) { f.Filter = errors.New("load xv_xdp: EINVAL") }, "error:filter-refused"},
		{"interpreted", "", func(f *Facts) { f.put(map[string]string{"proc/sys/net/core/bpf_jit_enable": "0\n"}) }, "warning:jit-off"},
		{"no CAP_NET_RAW", "", func(f *Facts) { f.Capabilities &^= 1 << capNetRaw }, "error:capability"},
		{"no CAP_SYS_NICE", "", func(f *Facts) { f.Capabilities &^= 1 << capSysNice }, "warning:capability"},
		{"CAP_SYS_ADMIN for CAP_BPF", "", func(f *Facts) { f.Capabilities &^= 1 << capBPF }, ""},
		{"no CAP_BPF", "", func(f *Facts) { f.Capabilities &^= 1<<capBPF | 1<<capSysAdmin; f.Filter = errors.New("EPERM") }, "error:capability"},
		{"CAP_PERFMON is for old kernels", "", func(f *Facts) { f.Capabilities &^= 1<<capPerfmon | 1<<capSysAdmin }, ""},
		{"an old kernel", "", func(f *Facts) { f.Kernel = "6.1.0"; f.Capabilities &^= 1<<capPerfmon | 1<<capSysAdmin }, "error:capability"},
		{"locked memory", "", func(f *Facts) {
			f.Kernel = "5.10.0"
			f.put(map[string]string{"proc/self/limits": "Max locked memory         65536                65536                bytes\n"})
		}, "warning:memlock"},
		{"the daemon's privileges", "", func(f *Facts) {
			f.Daemon = running("backup")
			f.put(map[string]string{"proc/7/status": "Name:\txvrrp\nCapEff:\t000000c000801000\n"})
		}, "error:capability"},

		{"mistake", "", func(f *Facts) {
			f.Problems = append(f.Problems, config.Problem{Severity: config.Error, Message: "no interface"})
		}, "error:config-error"},
		{"strict", strict, func(*Facts) {}, "warning:no-accept"},
		{"strict with accept", strict + "version 3\naccept\n", func(*Facts) {}, ""},
		{"refusing", "no_accept\n", func(*Facts) {}, "warning:no-accept"},

		{"no interface", "", func(f *Facts) { f.Links[0].Name = "eth0" }, "error:interface-missing"},
		{"interface down", "", func(f *Facts) { f.Links[0].Up = false }, "error:interface-down"},
		{"another interface alone", "", func(f *Facts) {
			f.Only = "eth0"
			f.Links = append(f.Links, Link{Name: "eth0", Up: true})
			f.Links[0].Up = false
		}, ""},
		{"XDP taken", "", func(f *Facts) { f.Links[0].Taken, f.Links[0].Mode = "xdp_pass (id 17)", "tc" }, "warning:xdp-taken"},
		{"XDP taken by us", "", func(f *Facts) {
			f.Daemon, f.Links[0].Taken = running("backup"), "xv_xdp (id 17)"
			f.Daemon.Links[0].Mode = "xdp"
		}, ""},
		{"tag offload before a start", "", func(f *Facts) { f.Links[0].Offloads = []string{"rx-vlan-hw-parse"} }, ""},
		{"tag offload under the filter", "", func(f *Facts) {
			f.Daemon, f.Links[0].Offloads = running("backup"), []string{"rx-vlan-hw-parse"}
			f.Daemon.Links[0].Mode = "xdp"
		}, "warning:offload"},
		{"large receive offload", "", func(f *Facts) { f.Links[0].Offloads = []string{"rx-lro"} }, "(offload)"},
		{"jumbo frames", "", func(f *Facts) { f.Links[0].MTU = 9000 }, "(mtu-xdp)"},

		{"no address", "", func(f *Facts) { f.Links[0].Addrs = f.Links[0].Addrs[1:] }, "error:no-source"},
		{"no address, but one to send from", "mcast_src_ip 172.160.180.46\n", func(f *Facts) { f.Links[0].Addrs = nil }, ""},
		{"wrong length", "", func(f *Facts) { f.Links[0].Addrs[0] = netip.MustParsePrefix("172.160.180.46/16") }, "warning:vip-prefix"},
		{"off the link", "", func(f *Facts) {
			f.Config.Routers[0].Addresses[0].Prefix = netip.MustParsePrefix("10.9.9.9/32")
		}, "warning:vip-off-link"},
		{"a host address on the link", "", func(f *Facts) {
			f.Config.Routers[0].Addresses[0].Prefix = netip.MustParsePrefix("172.160.180.168/32")
		}, ""},
		{"VIP on another card", "", func(f *Facts) { f.hold("ens161", "172.160.180.168/24") }, "error:vip-present"},
		{"VIP on lo", "", func(f *Facts) { f.hold("lo", "172.160.180.168/32") }, "warning:vip-present"},
		{"VIP left behind", "", func(f *Facts) { f.hold("ens160", "172.160.180.168/24") }, "warning:vip-left"},
		{"VIP of a backup", "", func(f *Facts) { f.Daemon = running("backup"); f.hold("ens160", "172.160.180.168/24") }, "warning:vip-left"},
		{"VIP of the master", "", func(f *Facts) { f.Daemon = running("master"); f.hold("ens160", "172.160.180.168/24") }, ""},
		{"VIP of the owner", "priority 255\n", func(f *Facts) { f.hold("ens160", "172.160.180.168/24") }, ""},

		{"deaf to ARP", "", func(f *Facts) { f.put(map[string]string{"proc/sys/net/ipv4/conf/all/arp_ignore": "8\n"}) }, "error:arp-silent"},
		{"no echo", "", func(f *Facts) { f.put(map[string]string{"proc/sys/net/ipv4/icmp_echo_ignore_all": "1\n"}) }, "warning:echo-ignored"},
		{"no IPv6 for IPv4", "", func(f *Facts) { f.put(map[string]string{"proc/sys/net/ipv6/conf/all/disable_ipv6": "1\n"}) }, ""},
		{"no IPv6", "", func(f *Facts) {
			r := &f.Config.Routers[0]
			r.V6, r.Addresses[0].Prefix = true, netip.MustParsePrefix("fe80::168/64")
			f.put(map[string]string{"proc/sys/net/ipv6/conf/ens160/disable_ipv6": "1\n"})
		}, "error:ipv6-disabled"},
		{"virtual MAC", "use_vmac\n", func(*Facts) {}, ""},
		{"virtual MAC in a container", "use_vmac\n", func(f *Facts) {
			f.put(map[string]string{"proc/self/mounts": "proc /proc proc rw 0 0\nproc /proc/sys proc ro,nosuid 0 0\n",
				"proc/sys/net/ipv4/conf/ens160/arp_announce": "2\n"})
		}, "warning:vmac-sysctl"},
		{"a server on the VIP", "", func(f *Facts) { f.process("40", "haproxy", "haproxy -f x") }, "(nonlocal-bind)"},

		{"clock without signatures", "", func(f *Facts) { f.Unsynced = true }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host(t, c.router)
			c.plant(&f)
			r := Examine(f)
			if got := ids(r); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			for _, found := range r.Findings {
				if found.Section == "" || found.Seen == "" || found.Why == "" || found.Remedy == "" {
					t.Errorf("something is missing in %+v", found)
				}
			}
		})
	}
}
