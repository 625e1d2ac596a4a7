package doctor

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
)

// TestRivals: other daemons on the host.
func TestRivals(t *testing.T) {
	const theirs = "vrrp_instance X {\ninterface ens160\nvirtual_router_id 56\nvirtual_ipaddress {\n172.160.180.168\n}\n}\n"
	const elsewhere = "vrrp_instance X {\ninterface ens160\nvirtual_router_id 57\nvirtual_ipaddress {\n172.160.180.169\n}\n}\n"
	for _, c := range []struct {
		name  string
		plant func(f *Facts)
		want  string
	}{
		{"keepalived by default", func(f *Facts) { f.process("40", "keepalived", "/usr/sbin/keepalived -D") }, "error:second-daemon"},
		{"keepalived with a file", func(f *Facts) {
			f.process("40", "keepalived", "keepalived --use-file /k.conf")
			f.process("41", "keepalived", "keepalived --use-file /k.conf")
			f.put(map[string]string{"k.conf": theirs})
		}, "error:second-daemon"},
		{"keepalived with other routers", func(f *Facts) {
			f.process("40", "keepalived", "keepalived -f /k.conf")
			f.put(map[string]string{"k.conf": elsewhere})
		}, ""},
		{"keepalived with a file that is gone", func(f *Facts) { f.process("40", "keepalived", "keepalived -f /k.conf") }, ""},
		{"keepalived in a namespace of its own", func(f *Facts) {
			f.process("40", "keepalived", "keepalived")
			f.put(map[string]string{"proc/40/ns/net": "-> net:[2]"})
		}, ""},
		{"keepalived that has ended", func(f *Facts) {
			f.process("40", "keepalived", "")
			delete(f.Root.(fstest.MapFS), "proc/40/ns/net")
		}, ""},
		{"xvrrp under its name", func(f *Facts) {
			f.process("40", "keepalived", "keepalived")
			f.put(map[string]string{"proc/40/exe": "-> /usr/sbin/xvrrp"})
		}, ""},
		{"the daemon under its name", func(f *Facts) {
			f.process("7", "keepalived", "keepalived")
			f.Daemon = running("backup")
		}, ""},
		{"FRR", func(f *Facts) {
			f.process("40", "vrrpd", "/usr/lib/frr/vrrpd -d")
			f.put(map[string]string{"etc/frr/frr.conf": "interface ens160\n vrrp 56\n vrrp 56 ip 172.160.180.168\nexit\n"})
		}, "error:second-daemon"},
		{"FRR elsewhere", func(f *Facts) {
			f.process("40", "vrrpd", "/usr/lib/frr/vrrpd -d")
			f.put(map[string]string{"etc/frr/frr.conf": "interface ens161\n vrrp 56\n"})
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host(t, "")
			c.plant(&f)
			if got := ids(Examine(f)); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestManagers: who deletes addresses that are not his.
func TestManagers(t *testing.T) {
	const file, all = "etc/systemd/network/20-lan.network", "[Match]\nName=eth* ens16?\n\n[Network]\nDHCP=no\n"
	for _, c := range []struct {
		name    string
		program string
		files   map[string]string
		want    string
	}{
		{"no .network file", "systemd-network", nil, ""},
		{"one that matches", "systemd-network", map[string]string{file: all}, "warning:networkd-deletes"},
		{"it keeps them", "systemd-network", map[string]string{file: all + "KeepConfiguration=static\n"}, ""},
		{"it keeps leases alone", "systemd-network", map[string]string{file: all + "KeepConfiguration=dhcp\n"}, "warning:networkd-deletes"},
		{"a drop-in has it kept", "systemd-network", map[string]string{file: all, file + ".d/xvrrp.conf": "[Network]\nKeepConfiguration=yes\n"}, ""},
		{"a drop-in for what netplan writes", "systemd-network", map[string]string{"run/systemd/network/10-netplan-ens160.network": all,
			"etc/systemd/network/10-netplan-ens160.network.d/xvrrp.conf": "[Network]\nKeepConfiguration=static\n"}, ""},
		{"one of another link", "systemd-network", map[string]string{file: "[Match]\nName=eth0\n"}, ""},
		{"all but this link", "systemd-network", map[string]string{file: "[Match]\nName=!ens160 ens161\n"}, ""},
		{"the first by name counts", "systemd-network", map[string]string{file: all, "usr/lib/systemd/network/10-x.network": all + "KeepConfiguration=yes\n"}, ""},
		{"hidden by one of the same name", "systemd-network", map[string]string{"usr/lib/systemd/network/20-lan.network": all, file: all + "KeepConfiguration=true\n"}, ""},
		{"not running", "sshd", map[string]string{file: all}, ""},
		{"NetworkManager", "NetworkManager", nil, "(networkmanager)"},
		{"NetworkManager told off", "NetworkManager", map[string]string{
			"etc/NetworkManager/conf.d/x.conf": "[main]\n[keyfile]\nunmanaged-devices=mac:00:11:22:33:44:55;interface-name:ens*\n"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host(t, "")
			f.process("40", c.program, c.program)
			f.put(c.files)
			if got := ids(Examine(f)); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestDaemon: what the running daemon says of itself.
func TestDaemon(t *testing.T) {
	recent, old := time.Unix(990, 0), time.Unix(100, 0)
	for _, c := range []struct {
		name  string
		plant func(s *api.Snapshot)
		want  string
	}{
		{"well", func(*api.Snapshot) {}, ""},
		{"filter refused", func(s *api.Snapshot) { s.Links[0].Mode, s.Links[0].Error = "", "EBUSY" }, "error:filter-absent"},
		{"generic XDP", func(s *api.Snapshot) { s.Links[0].Mode = "xdp-generic" }, "warning:xdp-generic"},
		{"fault", func(s *api.Snapshot) { s.Routers[0].Faults = []string{"link down"} }, "error:router-fault"},
		{"standing warning", func(s *api.Snapshot) { s.Routers[0].Notes = []string{"conflict"} }, "warning:router-note"},
		{"of another interface", func(s *api.Snapshot) { s.Routers[0].Interface, s.Routers[0].Faults = "eth0", []string{"link down"} }, "error:router-fault"},
		{"master without its address", func(s *api.Snapshot) { s.Routers[0].Role, s.Routers[0].VIPs = "master", []api.VIP{{}} }, "error:vip-absent"},
		{"backup without it", func(s *api.Snapshot) { s.Routers[0].VIPs = []api.VIP{{}} }, ""},
		{"not on time", func(s *api.Snapshot) { s.Scheduling = "niceness 0" }, "warning:not-real-time"},
		{"refused adverts", func(s *api.Snapshot) {
			s.Drops = []api.Drop{{Interface: "ens160", Action: "drop", Verdict: "conflict", Last: &recent}}
		}, "warning:adverts-dropped"},
		{"refused long ago", func(s *api.Snapshot) {
			s.Drops = []api.Drop{{Interface: "ens160", Action: "drop", Verdict: "conflict", Last: &old}}
		}, ""},
		{"passed by", func(s *api.Snapshot) {
			s.Drops = []api.Drop{{Interface: "ens160", Action: "pass", Verdict: "foreign", Last: &recent}}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host(t, "")
			f.Daemon = running("backup")
			c.plant(f.Daemon)
			if got := ids(Examine(f)); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
