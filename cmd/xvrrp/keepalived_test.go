package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/script"
)

// watchWrites watches a directory; the function it returns waits until a file of a name has been closed after writing.
func watchWrites(t *testing.T, dir string) (await func(name string)) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { events.Close() })
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CLOSE_WRITE); err != nil {
		t.Fatal(err)
	}
	return func(name string) {
		for b := make([]byte, 4096); ; {
			n, err := events.Read(b)
			if err != nil {
				t.Errorf("wait for %s: %v", name, err)
				return
			}
			// Names are padded with zero bytes behind the fixed part of an event.
			if bytes.Contains(b[:n], []byte("\x00"+name+"\x00")) {
				return
			}
		}
	}
}

// startKeepalived starts a process that looks like a keepalived that runs.
func startKeepalived(t *testing.T) (pid int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), keepalivedName)
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(sleep, path); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "600")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	return c.Process.Pid
}

// keepalived is a command line of keepalived.
func keepalived(args ...string) *command {
	c := newCommand(args...)
	c.program = keepalivedName
	return c
}

func TestKeepalivedFlags(t *testing.T) {
	base := func(change func(*keepalivedFlags)) keepalivedFlags {
		k := keepalivedFlags{file: keepalivedConfig, facility: facilityDaemon, umask: -1}
		change(&k)
		return k
	}
	for _, c := range []struct {
		args    string
		want    keepalivedFlags
		refused string
	}{
		{"", base(func(*keepalivedFlags) {}), ""},
		{"-f a.conf", base(func(k *keepalivedFlags) { k.file = "a.conf" }), ""},
		{"-fa.conf", base(func(k *keepalivedFlags) { k.file = "a.conf" }), ""},
		{"--use-file=a.conf", base(func(k *keepalivedFlags) { k.file = "a.conf" }), ""},
		{"--use-file a.conf", base(func(k *keepalivedFlags) { k.file = "a.conf" }), ""},
		{"-DPnl", base(func(k *keepalivedFlags) { k.detail, k.vrrp, k.foreground, k.console = true, true, true, true }), ""},
		{"-nlf a.conf", base(func(k *keepalivedFlags) { k.foreground, k.console, k.file = true, true, "a.conf" }), ""},
		{"-t", base(func(k *keepalivedFlags) { k.test = true }), ""},
		{"-t -f a.conf", base(func(k *keepalivedFlags) { k.test, k.file = true, "a.conf" }), ""},
		{"-t/tmp/log", base(func(k *keepalivedFlags) { k.test, k.testLog = true, "/tmp/log" }), ""},
		{"--config-test", base(func(k *keepalivedFlags) { k.test = true }), ""},
		{"--config-test=/tmp/log", base(func(k *keepalivedFlags) { k.test, k.testLog = true, "/tmp/log" }), ""},
		{"--config-test /tmp/log", base(func(k *keepalivedFlags) { k.test, k.rest = true, []string{"/tmp/log"} }), ""},
		{"-g", base(func(k *keepalivedFlags) { k.logFile = defaultLogFile }), ""},
		{"-g/var/log/k", base(func(k *keepalivedFlags) { k.logFile = "/var/log/k" }), ""},
		{"--log-file=/var/log/k", base(func(k *keepalivedFlags) { k.logFile = "/var/log/k" }), ""},
		{"-S 0", base(func(k *keepalivedFlags) { k.facility = 0 }), ""},
		{"-S local3", base(func(k *keepalivedFlags) { k.facility = 3 }), ""},
		{"-S user", base(func(k *keepalivedFlags) { k.facility = facilityUser }), ""},
		{"-S 9", base(func(k *keepalivedFlags) { k.notes = []string{"Invalid log facility '9'"} }), ""},
		{"-S localdaemon", base(func(k *keepalivedFlags) { k.notes = []string{"Invalid log facility 'localdaemon'"} }), ""},
		{"-u 022", base(func(k *keepalivedFlags) { k.umask = 0o22 }), ""},
		{"-u 9999", base(func(k *keepalivedFlags) { k.notes = []string{"Invalid --umask option 9999"} }), ""},
		{"-V -C -G -d -T", base(func(k *keepalivedFlags) {
			k.keepVIPs, k.check, k.noSyslog, k.dump, k.genhash = true, true, true, true, true
		}), ""},
		{"-p /a -r /b", base(func(k *keepalivedFlags) { k.pid, k.vrrpPID = "/a", "/b" }), ""},
		{"--pid=/a --vrrp_pid=/b", base(func(k *keepalivedFlags) { k.pid, k.vrrpPID = "/a", "/b" }), ""},
		{"-s red -i blue", base(func(k *keepalivedFlags) { k.namespace, k.configID = "red", "blue" }), ""},
		{"--signum=JSON", base(func(k *keepalivedFlags) { k.signum = "JSON" }), ""},
		{"--signum JSON", base(func(k *keepalivedFlags) { k.signum = "JSON" }), ""},
		{"-v -h", base(func(k *keepalivedFlags) { k.version, k.help = true, true }), ""},
		{"-R -X -I -x -A /s -a -B -m --all -c /c -b /b -M --core-dump-pattern=core", base(func(k *keepalivedFlags) {
			k.inert = strings.Fields("--dont-respawn --release-vips --dont-release-ipvs --snmp --snmp-agent-socket --address-monitoring " +
				"--no_bfd --core-dump --all --checkers_pid --bfd_pid --core-dump-pattern --core-dump-pattern")
		}), ""},
		{"-n extra -- -l", base(func(k *keepalivedFlags) { k.foreground, k.rest = true, []string{"extra", "-l"} }), ""},
		{"-", base(func(k *keepalivedFlags) { k.rest = []string{"-"} }), ""},
		{"--bogus -n", base(func(k *keepalivedFlags) { k.foreground = true }), "Unknown option --bogus"},
		{"--dont", base(func(*keepalivedFlags) {}), "Unknown option --dont"},
		{"-nZ", base(func(k *keepalivedFlags) { k.foreground = true }), "Unknown option -Z"},
		{"--log-detail=3", base(func(*keepalivedFlags) {}), "Unknown option --log-detail=3"},
		{"-f", base(func(*keepalivedFlags) {}), "Missing parameter for option -f"},
		{"--pid", base(func(*keepalivedFlags) {}), "Missing parameter for option --pid"},
		{"-Z -f", base(func(*keepalivedFlags) {}), "Unknown option -Z, Missing parameter for option -f"},
	} {
		got, refused := parseKeepalived(strings.Fields(c.args))
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) || strings.Join(refused, ", ") != c.refused {
			t.Errorf("%s:\ngot  %+v %q\nwant %+v %q", c.args, got, refused, c.want, c.refused)
		}
	}
}

func TestKeepalivedSaysWhatItIs(t *testing.T) {
	version = "1.2.3"
	defer func() { version = "" }()
	for _, c := range []struct {
		args   string
		code   int
		stdout string
		says   string
	}{
		{"-v", exitOK, "", "Keepalived v2.2.7 (xvrrp 1.2.3)\n"},
		{"--version --bogus", exitOK, "", "Keepalived v2.2.7 "},
		{"-h", exitOK, "", "-f, --use-file=FILE"},
		{"--signum=STOP", exitOK, "15\n", ""},
		{"--signum=RELOAD", exitOK, "1\n", ""},
		{"--signum=DATA", exitOK, "10\n", ""},
		{"--signum=STATS", exitOK, "12\n", ""},
		{"--signum=STATS_CLEAR", exitOK, "63\n", ""},
		{"--signum=JSON", exitOK, "36\n", ""},
		{"--signum=TDATA", keepalivedFatal, "", "Unknown sigfunc TDATA"},
		{"--bogus", keepalivedFatal, "", "Unknown option --bogus"},
		{"-C", keepalivedFatal, "", "VRRP alone"},
		{"--genhash", keepalivedFatal, "", "VRRP alone"},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := keepalived(strings.Fields(c.args)...).run(t)
			r.expect(t, c.code, c.says)
			if r.stdout != c.stdout {
				t.Errorf("stdout %q, want %q", r.stdout, c.stdout)
			}
		})
	}
}

const scriptFile = "vrrp_script chk {\n    script /etc/chk\n}\n"

func TestKeepalivedConfigTest(t *testing.T) {
	secure := "global_defs {\n    enable_script_security\n    script_user root\n}\n"
	for _, c := range []struct {
		name   string
		file   string
		danger string // what is wrong with scripts that can be run
		code   int
		says   string
	}{
		{"clean", goodFile, "", exitOK, ""},
		{"something to skip", "virtual_server 10.0.0.1 80 {\n}\n" + goodFile, "", exitOK, "skipped"},
		{"a mistake", brokenFile, "", testErrors, "a.conf:3:"},
		{"a repair", strings.Replace(goodFile, "160\n", "300\n", 1), "", testErrors, "300"},
		{"an interface that is not there", strings.Replace(goodFile, "ens160", "none0", 1), "", testErrors, "none0 does not exist"},
		{"one that may come", "global_defs {\n    dynamic_interfaces\n}\n" + strings.Replace(goodFile, "ens160", "none0", 1), "", exitOK, "none0"},
		{"scripts without security", scriptFile + goodFile, "", testInsecure, "script_security not enabled"},
		{"scripts with it", secure + scriptFile + goodFile, "", exitOK, ""},
		{"scripts that it refuses", secure + scriptFile + goodFile, "is writable for everybody", testInsecure, "is writable for everybody"},
		{"the highest class", scriptFile + brokenFile, "", testInsecure, "a.conf:6:"},
		{"no file", "", "", testCannotRun, "Config files missing '/a.conf'."},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := keepalived("-t", "-f", "/a.conf").files(fstest.MapFS{})
			if c.file != "" {
				cmd.files(fstest.MapFS{"a.conf": file(c.file)})
			}
			cmd.hasLink = func(name string) bool { return name == "ens160" }
			cmd.prepare = func(_ script.Spec, p script.Policy) (*script.Command, string, error) {
				if p.Secure && c.danger != "" {
					return nil, "", errors.New(c.danger)
				}
				return new(script.Command), c.danger, nil
			}
			cmd.run(t).expect(t, c.code, c.says)
		})
	}
}

func TestKeepalivedConfigTestIntoAFile(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	r := keepalived("--config-test="+log, "-f", "/a.conf").files(fstest.MapFS{"a.conf": file(brokenFile)}).run(t)
	r.expect(t, testErrors, "")
	said, err := os.ReadFile(log)
	if err != nil || r.stderr != "" || !strings.Contains(string(said), "a.conf:3:") {
		t.Errorf("file %q, %v, stderr %q", said, err, r.stderr)
	}
}

// inForeground is keepalived -n with its pid files in a directory of the test.
func inForeground(t *testing.T, text string, args ...string) (c *command, pid string) {
	pid = filepath.Join(t.TempDir(), "k", "keepalived.pid")
	args = append([]string{"-n", "-l", "-G", "-f", "/a.conf", "-p", pid, "-r", pid + ".vrrp"}, args...)
	return keepalived(args...).files(fstest.MapFS{"a.conf": file(text)}), pid
}

func TestKeepalivedRuns(t *testing.T) {
	cmd, pid := inForeground(t, goodFile, "-s", "", "--snmp")
	cmd.daemon = func(_ context.Context, o control.Options) error {
		for _, path := range []string{pid, pid + ".vrrp"} {
			if b, err := os.ReadFile(path); err != nil || string(b) != fmt.Sprintln(os.Getpid()) {
				t.Errorf("%s holds %q, %v", path, b, err)
			}
		}
		if o.ConfigPath != "/a.conf" || len(o.Config.Routers) != 1 {
			t.Errorf("started with %+v", o)
		}
		if c, problems := o.Load(nil); len(c.Routers) != 1 || len(problems) != 0 {
			t.Errorf("read again: %d routers, %v", len(c.Routers), problems)
		}
		return nil
	}
	r := cmd.run(t)
	r.expect(t, exitOK, "Starting Keepalived v2.2.7 (xvrrp ")
	r.expect(t, exitOK, "options without effect: --snmp")
	r.expect(t, exitOK, "Stopped Keepalived v2.2.7 ")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(pid), "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestKeepalivedExitCodes(t *testing.T) {
	for _, c := range []struct {
		name string
		file string
		err  error // of the daemon
		caps uint64
		code int
		says string
	}{
		{"no file", "", nil, ^uint64(0), keepalivedNoConfig, "/a.conf"},
		{"nothing usable", strings.TrimSuffix(brokenFile, goodFile), nil, ^uint64(0), keepalivedRejected, "a.conf:3:"},
		{"privilege", goodFile, nil, 0, keepalivedPermission, "CAP_NET_ADMIN"},
		{"anything else", goodFile, errors.New("out of luck"), ^uint64(0), keepalivedFatal, "out of luck"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd, _ := inForeground(t, c.file)
			if c.file == "" {
				cmd.files(fstest.MapFS{})
			}
			cmd.daemon = func(context.Context, control.Options) error { return c.err }
			cmd.capabilities = func() (uint64, error) { return c.caps, nil }
			cmd.run(t).expect(t, c.code, c.says)
		})
	}
}

func TestKeepalivedReplacesAPidFile(t *testing.T) {
	for _, c := range []struct {
		name, holds string
	}{
		{"of another program", fmt.Sprintln(os.Getppid())}, // go test
		{"of a process that is gone", "4194305\n"},
		{"without a number", "x\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd, pid := inForeground(t, goodFile)
			if err := os.MkdirAll(filepath.Dir(pid), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(pid, []byte(c.holds), 0o644); err != nil {
				t.Fatal(err)
			}
			got := cmd.capture()
			cmd.run(t).expect(t, exitOK, "")
			if got.Config == nil {
				t.Error("the daemon was not started")
			}
		})
	}
}

func TestKeepalivedLeavesARunningDaemonAlone(t *testing.T) {
	other := startKeepalived(t)
	cmd, pid := inForeground(t, goodFile)
	if err := os.MkdirAll(filepath.Dir(pid), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pid, fmt.Appendln(nil, other), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd.daemon = func(context.Context, control.Options) error {
		t.Error("the daemon was started")
		return nil
	}
	cmd.run(t).expect(t, keepalivedFatal, "daemon is already running")
	if got, err := readPID(pid); err != nil || got != other {
		t.Errorf("the pid file is %d, %v", got, err)
	}
}

func TestPidPaths(t *testing.T) {
	for _, c := range []struct {
		name string
		args string
		text string
		want string
	}{
		{"default", "", "", "/run/keepalived.pid /run/vrrp.pid"},
		{"chosen", "-p /a -r /b", "", "/a /b"},
		{"one chosen, as VyOS does", "--pid /run/keepalived/keepalived.pid", "", "/run/keepalived/keepalived.pid /run/vrrp.pid"},
		{"use_pid_dir", "", "use_pid_dir\n", "/run/keepalived/keepalived.pid /run/keepalived/vrrp.pid"},
		{"instance", "", "instance blue\n", "/run/keepalived/keepalived_blue.pid /run/keepalived/vrrp_blue.pid"},
		{"net_namespace", "", "net_namespace red\n", "/run/keepalived/red/keepalived.pid /run/keepalived/red/vrrp.pid"},
		{"both", "", "net_namespace red\ninstance blue\n", "/run/keepalived/red/keepalived_blue.pid /run/keepalived/red/vrrp_blue.pid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, _ := parseKeepalived(append(strings.Fields(c.args), "-f", "/a.conf"))
			a := &app{env: keepalived().files(fstest.MapFS{"a.conf": file(c.text + goodFile)}).env}
			conf, _ := a.loadAs(k)
			if got := strings.Join(pidPaths(k, conf.Global), " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestKeepalivedGoesToTheBackground(t *testing.T) {
	cmd := keepalived("-f", "/a.conf").files(fstest.MapFS{"a.conf": file(goodFile)})
	cmd.detach = func() (int, error) { return keepalivedRejected, nil }
	cmd.run(t).expect(t, keepalivedRejected, "")

	cmd, _ = inForeground(t, goodFile, "-d")
	cmd.args = slices.DeleteFunc(cmd.args, func(s string) bool { return s == "-n" })
	cmd.getenv = func(name string) string { return map[string]string{detachMark: "1"}[name] }
	left := make(chan bool, 1)
	cmd.leaveStarter = func() error {
		left <- true
		return nil
	}
	cmd.daemon = func(_ context.Context, o control.Options) error {
		o.Ready(&fakeDaemon{snapshots: []api.Snapshot{standIn().snap}, conf: standIn().conf})
		<-left
		return nil
	}
	r := cmd.run(t)
	r.expect(t, exitOK, "Startup complete\n")
	r.expect(t, exitOK, ":  VRRP Instance = B1\n") // -d
}

func TestNetworkNamespace(t *testing.T) {
	for _, c := range []struct {
		name string
		args string
		mark string // the namespace we are in already
		want string // the one that is entered
		says string
	}{
		{"of the file", "", "", "red", ""},
		{"of the command line", "-s blue", "", "blue", ""},
		{"entered already", "", "red", "", "Stopped Keepalived"},
		{"another one than a moment ago", "", "green", "", "was green a moment ago and is red now"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd, _ := inForeground(t, "net_namespace red\n"+goodFile, strings.Fields(c.args)...)
			cmd.getenv = func(name string) string { return map[string]string{namespaceMark: c.mark}[name] }
			entered := ""
			cmd.enterNamespace = func(name string) error {
				entered = name
				return errors.New("gone")
			}
			cmd.daemon = func(ctx context.Context, o control.Options) error {
				if o.RuntimeDir != "/run/xvrrp/red" {
					t.Errorf("the runtime directory is %s", o.RuntimeDir)
				}
				return nil
			}
			r := cmd.run(t)
			if entered != c.want || !strings.Contains(r.stderr, c.says) {
				t.Errorf("entered %q, want %q; stderr %q", entered, c.want, r.stderr)
			}
		})
	}
}

func TestKeepalivedSignals(t *testing.T) {
	dir := t.TempDir()
	d := &fakeDaemon{snapshots: []api.Snapshot{standIn().snap}, conf: standIn().conf, plans: []api.Plan{{Same: 5}}}
	for field, kind := range map[*string]string{&d.conf.Global.StateDump: "data", &d.conf.Global.StatsDump: "stats", &d.conf.Global.JSONDump: "json"} {
		*field = filepath.Join(dir, kind)
	}
	cmd, _ := inForeground(t, goodFile)
	await := watchWrites(t, dir)
	cmd.daemon = func(_ context.Context, o control.Options) error {
		o.Ready(d)
		for _, c := range []struct {
			signal syscall.Signal
			file   string
		}{{syscall.SIGUSR1, "data"}, {syscall.SIGUSR2, "stats"}, {signalJSON, "json"}, {signalClear, "stats"}} {
			if err := syscall.Kill(os.Getpid(), c.signal); err != nil {
				t.Error(err)
			}
			await(c.file)
		}
		return nil
	}
	cmd.run(t).expect(t, exitOK, "Printing and clearing VRRP stats on signal")
	for kind, want := range map[string]string{"stats": "VRRP Instance: B1\n", "json": `[{"data":{"iname":"B1",`, "data": "------< Global definitions >------\n"} {
		if b, err := os.ReadFile(filepath.Join(dir, kind)); err != nil || !strings.HasPrefix(string(b), want) {
			t.Errorf("%s is %.40q, %v", kind, b, err)
		}
	}
}

// Who moves a keepalived with its exporter has no flags of ours: the file says where metrics are.
func TestKeepalivedServesMetrics(t *testing.T) {
	cmd, _ := inForeground(t, "global_defs {\n    vrrp_listen 9165\n    vrrp_metrics_keepalived\n}\n"+goodFile)
	got := cmd.capture()
	cmd.run(t).expect(t, exitOK, "")
	if got.Listen.String() != "127.0.0.1:9165" || !got.Metrics.Keepalived {
		t.Errorf("listens on %s, names of the exporter: %t", got.Listen, got.Metrics.Keepalived)
	}
}
