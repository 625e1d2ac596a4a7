package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

// filesConf has what keepalived writes about at length: a group, scripts that succeed and fail, excluded addresses,
// unicast, IPv6, a router in fault.
const filesConf = `global_defs {
    enable_script_security
    script_user root
    vrrp_version 3
}
vrrp_script good {
    script /usr/bin/true
    interval 1
    weight 10
}
vrrp_script bad {
    script /usr/bin/false
    interval 1
    weight -5
}
vrrp_sync_group G {
    group {
        A
        B
    }
    notify_master "/usr/bin/true group"
}
vrrp_instance A {
    interface ens160
    virtual_router_id 1
    priority 100
    advert_int 0.2
    garp_master_refresh 60
    virtual_ipaddress {
        172.160.180.168/24
        172.160.180.169/24 label ens160:1
    }
    virtual_ipaddress_excluded {
        10.9.0.1
    }
    notify "/usr/bin/true any"
}
vrrp_instance B {
    interface ens160
    version 2
    virtual_router_id 2
    priority 100
    preempt_delay 3
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        172.160.180.170
    }
}
vrrp_instance C {
    interface ens160
    virtual_router_id 3
    priority 90
    advert_int 0.2
    nopreempt
    track_script {
        good
        bad
    }
    virtual_ipaddress {
        fe80::168/64
        2001:db8::168/64
    }
}
vrrp_instance D {
    interface ens160
    virtual_router_id 4
    priority 110
    advert_int 0.5
    unicast_src_ip 172.160.180.46
    unicast_peer {
        172.160.180.99
    }
    virtual_ipaddress {
        172.160.180.171/24 dev ens160
    }
}
`

// moving are the parts of dump files that no two runs have in common, and what replaces them.
var moving = []struct {
	part *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`"(last_transition|advert_rcvd|advert_sent)":[\d.]+`), `"$1":N`},
	{regexp.MustCompile(`(Received|Sent): \d+`), `$1: N`},
	{regexp.MustCompile(`(Last transition =|Using src_ip = fe80::).*`), `$1 N`},
	{regexp.MustCompile(`secret|\*{8}`), `PASSWORD`}, // which keepalived masks in later versions
}

// inside are lines of the .data file about keepalived's own workings: descriptors, wake-ups, counters between states.
var inside = regexp.MustCompile(`(?m)^   (fd_in|Read timeout|Master down timer|Flags|Result|Insecure|Init state|VRRP instances|Num member|` +
	`Unicast checksum compatibility|Check unicast src|Timeout|Weight = ).*\n`)

// both are the sections of the .data file that both write.
var both = []string{"VRRP Topology", "VRRP Sync groups", "VRRP Scripts"}

// compared is what is compared of a .data file.
func compared(text string) (kept string) {
	for part := range strings.SplitSeq(inside.ReplaceAllString(text, ""), "------< ") {
		if title, _, _ := strings.Cut(part, " >"); slices.Contains(both, title) {
			kept += part
		}
	}
	return kept
}

// TestKeepalivedFiles has keepalived and xvrrp write their dump files about the same configuration, and finds no
// difference. Both are asked by the same command line, in a /tmp of their own.
func TestKeepalivedFiles(t *testing.T) {
	bed.NeedPeer(t, "keepalived")
	t.Parallel()
	theirs := dumpFiles(t, "theirs", bed.PeersScript, "keepalived", "keepalived")
	ours := dumpFiles(t, "ours", "/tmp/keepalived")
	for kind, want := range theirs {
		got := ours[kind]
		switch got {
		case "":
			t.Errorf("%s is empty", kind)
			continue
		case want:
			continue
		}
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range max(len(g), len(w)) {
			if i >= len(g) || i >= len(w) || g[i] != w[i] {
				t.Errorf("%s differs from line %d on\ngot\n%s\nwant\n%s", kind, i+1, strings.Join(g[min(i, len(g)):], "\n"), strings.Join(w[min(i, len(w)):], "\n"))
				break
			}
		}
	}
}

// dumpFiles runs a keepalived and returns what it writes once all its routers are master.
func dumpFiles(t *testing.T, name string, program ...string) map[string]string {
	t.Helper()
	s := newSite(t, "files-"+name)
	m := s.Add("a")
	tmp := m.Path("tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, from := range map[string]string{"keepalived": bed.Program, "keepalived.conf": m.File("conf", filesConf)} {
		if err := os.Link(from, filepath.Join(tmp, file)); err != nil {
			t.Fatal(err)
		}
	}
	inTmp := fmt.Sprintf(`mount --make-rprivate / && mount --bind %s /tmp && XVRRP_RUNTIME_DIR=/tmp/run exec "$@"`, tmp)
	line := append([]string{"unshare", "--mount", "sh", "-c", inTmp, "sh"}, program...)
	p := m.Start(name, append(line, "--vrrp", "--dont-fork", "--log-console", "--no-syslog", "--use-file", "/tmp/keepalived.conf",
		"--pid", "/tmp/pid", "--vrrp_pid", "/tmp/vrrp.pid")...)
	for _, router := range []string{"A", "B", "C", "D"} {
		p.AwaitLog("(" + router + ") Entering MASTER STATE")
	}
	read := func(file string) string {
		b, err := os.ReadFile(filepath.Join(tmp, file))
		if err != nil {
			return ""
		}
		return string(b)
	}
	bed.Until(t, "results of both scripts", bed.Patience, func() bool {
		p.Signal(syscall.SIGUSR1)
		return strings.Contains(read("keepalived.data"), "Status = GOOD") && strings.Contains(read("keepalived.data"), "Status = BAD")
	})
	p.Signal(syscall.SIGUSR2)
	p.Signal(36)
	bed.Until(t, "all files", bed.Patience, func() bool {
		return strings.HasSuffix(read("keepalived.json"), "]\n") && strings.HasSuffix(read("keepalived.stats"), "\n")
	})
	files := map[string]string{"data": compared(read("keepalived.data")),
		"stats": read("keepalived.stats"), "json": strings.ReplaceAll(read("keepalived.json"), ",", ",\n")}
	for kind := range files {
		for _, m := range moving {
			files[kind] = m.part.ReplaceAllString(files[kind], m.with)
		}
	}
	return files
}
