package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/loader"
)

const goodFile = `vrrp_instance VI_1 {
    interface ens160
    virtual_router_id 56
    priority 160
    virtual_ipaddress {
        172.160.180.168/24
    }
}
`

// brokenFile holds one router that cannot run and one that can.
const brokenFile = `vrrp_instance BAD {
    interface ens160
    virtual_router_id 999
    virtual_ipaddress {
        10.0.0.1/24
    }
}
` + goodFile

// capture makes the daemon only write down what it was started with.
func (c *command) capture() *control.Options {
	var got control.Options
	c.daemon = func(_ context.Context, o control.Options) error {
		got = o
		return nil
	}
	return &got
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o644} }

func TestRunChoosesItsConfiguration(t *testing.T) {
	both := fstest.MapFS{"etc/xvrrp/xvrrp.conf": file(goodFile), "etc/keepalived/keepalived.conf": file(goodFile)}
	keepalived := fstest.MapFS{"etc/keepalived/keepalived.conf": file(goodFile)}
	for _, c := range []struct {
		name    string
		files   fstest.MapFS
		args    string
		path    string
		routers int // -1: observation
	}{
		{"its own file first", both, "", "/etc/xvrrp/xvrrp.conf", 1},
		{"else keepalived's", keepalived, "", "/etc/keepalived/keepalived.conf", 1},
		{"a named file", fstest.MapFS{"srv/a.conf": file(goodFile)}, "--config /srv/a.conf", "/srv/a.conf", 1},
		{"limited to a link", keepalived, "--iface ens160", "/etc/keepalived/keepalived.conf", 1},
		{"no file, but a link: observe", fstest.MapFS{}, "--iface ens160", "", -1},
		{"flags alone", fstest.MapFS{}, "--iface ens160 --vrid 56 --vip 172.160.180.168/24", "", 1},
		{"flags beside a default file", both, "--iface ens160 --vrid 56 --vip 172.160.180.168/24", "", 1},
		{"one bad router of two", fstest.MapFS{"a": file(brokenFile)}, "--config /a", "/a", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newCommand(append([]string{"run"}, strings.Fields(c.args)...)...).files(c.files)
			got := cmd.capture()
			cmd.run(t).expect(t, exitOK, "")
			routers := -1
			if got.Config != nil {
				routers = len(got.Config.Routers)
			}
			if got.ConfigPath != c.path || routers != c.routers {
				t.Errorf("started with %q and %d routers, want %q and %d", got.ConfigPath, routers, c.path, c.routers)
			}
		})
	}
}

func TestRunPassesItsFlagsOn(t *testing.T) {
	cmd := newCommand("run", "--iface", "a", "--iface", "b", "--attach", "tc", "--runtime-dir", "/run/x",
		"--listen", "9112", "--metrics-keepalived").files(fstest.MapFS{})
	got := cmd.capture()
	cmd.run(t).expect(t, exitOK, "")
	if strings.Join(got.Ifaces, " ") != "a b" || got.Attach != loader.TC || got.RuntimeDir != "/run/x" || got.Log == nil ||
		got.Listen.String() != "127.0.0.1:9112" || !got.Metrics.Keepalived {
		t.Errorf("got %+v", got)
	}
}

func TestMetricsNeedAnAddress(t *testing.T) {
	newCommand("run", "--iface", "a", "--metrics-keepalived").files(fstest.MapFS{}).run(t).expect(t, exitUsage, "--listen")
}

func TestListenGoesBeforeTheConfiguration(t *testing.T) {
	configured := "global_defs {\n vrrp_listen 9112\n vrrp_metrics_keepalived\n}\n" + goodFile
	for _, c := range []struct{ name, text, args, listen string }{
		{"neither", goodFile, "", "invalid AddrPort"},
		{"configured", configured, "", "127.0.0.1:9112 keepalived"},
		{"flag", goodFile, "--listen 0.0.0.0:80", "0.0.0.0:80"},
		{"both", configured, "--listen 0.0.0.0:80", "0.0.0.0:80 keepalived"},
		{"names for what is configured", strings.Replace(configured, " vrrp_metrics_keepalived\n", "", 1), "--metrics-keepalived", "127.0.0.1:9112 keepalived"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newCommand(append([]string{"run", "--config", "/a"}, strings.Fields(c.args)...)...).files(fstest.MapFS{"a": file(c.text)})
			o := cmd.capture()
			cmd.run(t).expect(t, exitOK, "")
			got := o.Listen.String()
			if o.Metrics.Keepalived {
				got += " keepalived"
			}
			if got != c.listen {
				t.Errorf("got %s, want %s", got, c.listen)
			}
		})
	}
	newCommand("run", "--iface", "a", "--listen", "here").files(fstest.MapFS{}).run(t).expect(t, exitUsage, "--listen here: give a port")
}

func TestRouterFlags(t *testing.T) {
	cmd := newCommand(strings.Fields("run --iface ens160 --vrid 56 --vip 172.160.180.168/24 --vip 172.160.180.169/24 " +
		"--priority 160 --advert-int 2 --version 2 --auth-pass 1111 --state BACKUP --nopreempt")...).files(fstest.MapFS{})
	got := cmd.capture()
	cmd.run(t).expect(t, exitOK, "")
	r := got.Config.Routers[0]
	seen := fmt.Sprintf("%s %d %d %v v%d %s preempt=%v master=%v %d addresses %q", r.Interface, r.VRID, r.Priority, r.Interval,
		r.Version, r.Auth.Type, r.Preempt, r.StartMaster, len(r.Addresses), strings.TrimRight(string(r.Auth.Data[:]), "\x00"))
	want := `ens160 56 160 2s v2 1 (PASS) preempt=false master=false 2 addresses "1111"`
	if seen != want {
		t.Errorf("got  %s\nwant %s", seen, want)
	}
}

func TestPrintConfig(t *testing.T) {
	args := "run --iface ens160 --vrid 56 --vip 172.160.180.168/24 --version 3 --advert-int 0.1 --nopreempt --state BACKUP --print-config"
	cmd := newCommand(strings.Fields(args)...).files(fstest.MapFS{})
	r := cmd.run(t)
	r.expect(t, exitOK, "")
	golden(t, "print-config.golden", r.stdout)

	cmd = newCommand("run", "--config", "/a").files(fstest.MapFS{"a": file(r.stdout)})
	got := cmd.capture()
	cmd.run(t).expect(t, exitOK, "")
	if n := len(got.Config.Routers); n != 1 || got.Config.Routers[0].Fault != "" {
		t.Errorf("the printed file does not run: %d routers", n)
	}
}

func TestRunRefuses(t *testing.T) {
	router := "--iface ens160 --vrid 56 --vip 172.160.180.168/24 "
	for _, c := range []struct {
		name string
		args string
		code int
		says string
	}{
		{"flags and a file", router + "--config /a", exitUsage, "leave out --config"},
		{"flags without a link", "--vrid 56 --vip 10.0.0.1/24", exitUsage, "exactly one --iface"},
		{"flags with two links", router + "--iface b", exitUsage, "exactly one --iface"},
		{"vip without vrid", "--iface a --vip 10.0.0.1/24", exitUsage, "needs --vrid and --vip"},
		{"priority alone", "--iface a --priority 3", exitUsage, "needs --vrid and --vip"},
		{"quote in a flag", router + `--auth-pass a"b`, exitUsage, "quotes"},
		{"vrid out of range", "--iface a --vrid 300 --vip 10.0.0.1/24", exitRejected, "flags:3:"},
		{"vip is no address", "--iface a --vrid 3 --vip bogus", exitRejected, "bogus"},
		{"print-config of nothing", "--print-config", exitUsage, "--vrid"},
		{"unknown attach mode", "--iface a --attach native", exitUsage, "xdp-generic"},
		{"unknown log level", "--iface a --log-level loud", exitUsage, "debug"},
		{"unknown log format", "--iface a --log-format xml", exitUsage, "json"},
		{"nothing to run", "", exitUsage, "/etc/keepalived/keepalived.conf"},
		{"file is not there", "--config /none.conf", exitRejected, "/none.conf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newCommand(append([]string{"run"}, strings.Fields(c.args)...)...).files(fstest.MapFS{})
			cmd.daemon = func(context.Context, control.Options) error {
				t.Error("the daemon was started")
				return nil
			}
			cmd.run(t).expect(t, c.code, c.says)
		})
	}
}

func TestRunLogsProblemsWithTheirPlace(t *testing.T) {
	cmd := newCommand("run", "--config", "/a").files(fstest.MapFS{"a": file(brokenFile)})
	cmd.capture()
	cmd.run(t).expect(t, exitOK, "place=/a:3:")
}

func TestRunNamesMissingCapabilities(t *testing.T) {
	all := uint64(1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW | 1<<unix.CAP_BPF)
	for _, c := range []struct {
		name string
		have uint64
		says string // empty: enough
	}{
		{"all three", all, ""},
		{"the old way to load BPF", all&^(1<<unix.CAP_BPF) | 1<<unix.CAP_SYS_ADMIN, ""},
		{"none", 0, "CAP_NET_ADMIN (virtual addresses, attaching the filter), CAP_NET_RAW"},
		{"no BPF", all &^ (1 << unix.CAP_BPF), "missing privilege: CAP_BPF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newCommand("run", "--iface", "a").files(fstest.MapFS{})
			cmd.capture()
			cmd.capabilities = func() (uint64, error) { return c.have, nil }
			code := exitOK
			if c.says != "" {
				code = exitPrivilege
			}
			cmd.run(t).expect(t, code, c.says)
		})
	}
}

func TestRunTellsItsSupervisorAndStopsOnASignal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	hear := func() string {
		b := make([]byte, 512)
		n, err := socket.Read(b)
		if err != nil {
			t.Error(err)
		}
		return string(b[:n])
	}
	cmd := newCommand("run", "--iface", "a", "--iface", "b").files(fstest.MapFS{})
	cmd.getenv = func(name string) string { return map[string]string{"NOTIFY_SOCKET": path}[name] }
	cmd.daemon = func(ctx context.Context, o control.Options) error {
		o.Ready(&fakeDaemon{})
		if got := hear(); got != "READY=1\nSTATUS=observing a, b" {
			t.Errorf("told %q", got)
		}
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		if cause := context.Cause(ctx); !strings.Contains(cause.Error(), "terminated") {
			t.Errorf("the cause is %v", cause)
		}
		if got := hear(); got != "STOPPING=1" {
			t.Errorf("told %q", got)
		}
		return nil
	}
	cmd.run(t).expect(t, exitOK, "")
}

func TestRunReloadsOnSIGHUP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for _, c := range []struct {
		name string
		plan api.Plan
		err  error
		says string
	}{
		{"applied", api.Plan{Same: 2, Changes: []api.Change{{Router: "VI_1", Action: api.Added}}}, nil, ""},
		{"rejected", api.Plan{Config: "/a", Rejected: true, Problems: []string{"/a:3:1: error: no"}}, nil, "configuration: /a:3:1: error: no"},
		{"failed", api.Plan{}, errors.New("no loop"), `err="no loop"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newCommand("run", "--config", "/a").files(fstest.MapFS{"a": file(goodFile)})
			cmd.getenv = func(name string) string { return map[string]string{"NOTIFY_SOCKET": path}[name] }
			cmd.daemon = func(_ context.Context, o control.Options) error {
				if conf, _ := o.Load(nil); len(conf.Routers) != 1 {
					t.Errorf("the file is read again as %d routers", len(conf.Routers))
				}
				o.Ready(&fakeDaemon{plans: []api.Plan{c.plan}, err: c.err})
				var told []string
				for b := make([]byte, 512); len(told) < 3; {
					n, err := socket.Read(b)
					if err != nil {
						return err
					}
					told = append(told, string(b[:n]))
					if len(told) == 1 {
						if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
							return err
						}
					}
				}
				if !strings.HasPrefix(told[1], "RELOADING=1\nMONOTONIC_USEC=") || told[2] != "READY=1" {
					t.Errorf("the service manager was told %q", told)
				}
				return nil
			}
			cmd.run(t).expect(t, exitOK, c.says)
		})
	}
}

func TestObservingHasNothingToReload(t *testing.T) {
	cmd := newCommand("run", "--iface", "a").files(fstest.MapFS{})
	got := cmd.capture()
	cmd.run(t).expect(t, exitOK, "")
	if got.Load != nil {
		t.Error("something is read again")
	}
}
