package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// load1 loads one file by text.
func load1(text string) (*Config, []Problem) {
	return Load(fstest.MapFS{"x.conf": {Data: []byte(text)}}, "x.conf", Options{ID: "host", Name: "x.conf"})
}

// router1 wraps lines into a router that is sound by itself.
func router1(lines string) string {
	return "vrrp_instance a {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 }\n" + lines + "\n}\n"
}

// seedFile is the tutorial's own file, which lies beside the checkout; XVRRP_SEED names another folder.
func seedFile() string {
	dir := os.Getenv("XVRRP_SEED")
	if dir == "" {
		dir = "../../../shared/seed"
	}
	return filepath.Join(dir, "keepalived.conf")
}

// TestTutorial loads the tutorial's file byte for byte: three repairs, as keepalived makes them, and a router that
// runs.
func TestTutorial(t *testing.T) {
	path := seedFile()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		path = "../../docs/examples/tutorial.conf"
		t.Logf("the tutorial's file is not at %s; its equivalent %s is used", seedFile(), path)
	}
	cfg, problems := loadFile(t, path)
	wantPlaces(t, problems, []string{
		"vrrp_garp_interval 0 is out of range",
		"vrrp_gna_interval 0 is out of range",
		"nopreempt does not work with state MASTER",
	})
	if w := Worst(problems); w != Warning {
		t.Errorf("worst problem is %s, want warning", w)
	}
	for _, p := range problems {
		if p.Source == "" || p.Hint == "" || !strings.Contains(p.Source, " ") {
			t.Errorf("%s: no source line or no hint", p)
		}
	}
	wantTutorialRouter(t, cfg)
}

// wantPlaces checks that there is exactly one problem for each beginning or part of a message, in this order.
func wantPlaces(t *testing.T, problems []Problem, parts []string) {
	t.Helper()
	if len(problems) != len(parts) {
		t.Errorf("%d problems, want %d", len(problems), len(parts))
	}
	for i, p := range problems {
		if i >= len(parts) || !strings.Contains(p.Message, parts[i]) {
			t.Errorf("problem %d: unexpected %s", i, p)
		}
	}
}

func wantTutorialRouter(t *testing.T, cfg *Config) {
	t.Helper()
	if len(cfg.Routers) != 1 {
		t.Fatalf("%d routers, want 1", len(cfg.Routers))
	}
	r := cfg.Routers[0]
	if r.Fault != "" || r.Interface != "ens160" || r.VRID != 56 || r.Version != 2 || r.Priority != 160 || r.Interval != time.Second {
		t.Errorf("router %+v", r)
	}
	if !r.StartMaster || !r.Preempt || !r.Accept || !r.SkipCheckAddr {
		t.Errorf("start as master %t, preempt %t, accept %t, skip check %t; want all true", r.StartMaster, r.Preempt, r.Accept, r.SkipCheckAddr)
	}
	if got := string(r.Auth.Data[:]); got != "1111\x00\x00\x00\x00" {
		t.Errorf("password %q", got)
	}
	if len(r.Addresses) != 1 || r.Addresses[0].Prefix.String() != "172.160.180.168/24" {
		t.Errorf("addresses %v", r.Addresses)
	}
	if cfg.Global.Mail.Server == "" || len(cfg.Global.Mail.To) != 1 || cfg.Global.RouterID == "" {
		t.Errorf("global %+v", cfg.Global)
	}
}

// loadFile loads a file of the host, as the command does.
func loadFile(t *testing.T, path string) (*Config, []Problem) {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return Load(os.DirFS("/"), strings.TrimPrefix(abs, "/"), Options{ID: "host"})
}

// TestMistakes: every marked line of the file is named at its place, and nothing else.
func TestMistakes(t *testing.T) {
	text := read(t, "testdata/mistakes.conf")
	_, problems := load1(text)
	named := make(map[int32]Problem)
	for _, p := range problems {
		if other, twice := named[p.Pos.Line]; twice {
			t.Errorf("two problems in one line: %s and %s", other, p)
		}
		named[p.Pos.Line] = p
	}
	marked := 0
	number := int32(0)
	for line := range strings.Lines(text) {
		number++
		_, mark, found := strings.Cut(line, "# ")
		p, got := named[number]
		switch isMark := found && strings.Contains(mark, ": "); {
		case isMark && !got:
			t.Errorf("line %d is not named: %s", number, line)
		case !isMark && got:
			t.Errorf("unexpected %s", p)
		case isMark:
			marked++
			if p.Hint == "" && !strings.Contains(p.Message, "out of range") {
				t.Errorf("%s: no remedy", p)
			}
			if p.Pos.Column < 1 || p.Width < 1 || int(p.Pos.Column)-1+p.Width > len(p.Source) {
				t.Errorf("%s: mark of %d bytes is not on the line", p, p.Width)
			}
		}
	}
	if marked != 10 {
		t.Errorf("%d mistakes named, want 10", marked)
	}
}

func TestUnreadable(t *testing.T) {
	for name, c := range map[string]struct {
		fsys fs.FS
		want string
	}{
		"missing":   {fstest.MapFS{}, "x.conf: error: the configuration cannot be read: file does not exist"},
		"directory": {fstest.MapFS{"x.conf/y": {}}, "x.conf: error: the configuration cannot be read: invalid argument"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, problems := Load(c.fsys, "x.conf", Options{Name: "x.conf"})
			if cfg == nil || len(problems) != 1 || !strings.HasPrefix(problems[0].String(), c.want) {
				t.Errorf("got %v %v, want %s", cfg, problems, c.want)
			}
		})
	}
}

// TestNames: without a name places show the path from the root; included files are shown like the first one.
func TestNames(t *testing.T) {
	fsys := fstest.MapFS{
		"etc/xvrrp/a.conf":  {Data: []byte("include b.conf\ninclude ../c.conf\ninclude /etc/xvrrp/b.conf\n")},
		"etc/xvrrp/b.conf":  {Data: []byte("b\n")},
		"etc/c.conf":        {Data: []byte("c\n")},
		"etc/xvrrp/x/.conf": {},
	}
	for shown, want := range map[string][]string{
		"":       {"/etc/xvrrp/b.conf", "/etc/c.conf"},
		"a.conf": {"b.conf", "/etc/c.conf"},
	} {
		_, problems := Load(fsys, "etc/xvrrp/a.conf", Options{Name: shown})
		var got []string
		for _, p := range problems {
			if strings.HasPrefix(p.Message, "unknown keyword") {
				got = append(got, p.Pos.File)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("shown as %q: problems in %v, want %v", shown, got, want)
		}
	}
}

func TestExecutableFile(t *testing.T) {
	_, problems := Load(fstest.MapFS{"x.conf": {Data: []byte(router1("")), Mode: 0o755}}, "x.conf", Options{})
	if len(problems) != 1 || problems[0].Severity != Notice {
		t.Errorf("got %v, want one notice", problems)
	}
}

// TestMTU: FMT-20, an advert must fit into one packet.
func TestMTU(t *testing.T) {
	list := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+"\n", i/200, 1+i%200)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		addrs      string
		mtu        int
		advertised int
		moved      int
	}{
		"255 IPv4 addresses fit":        {list("10.0.%d.%d", 255), 0, 255, 0},
		"256 IPv4 addresses do not":     {list("10.0.%d.%d", 256), 0, 255, 1},
		"90 IPv6 addresses fit":         {"fe80::1\n" + list("2001:db8::%d:%d", 89), 0, 90, 0},
		"91 IPv6 addresses do not":      {"fe80::1\n" + list("2001:db8::%d:%d", 90), 0, 90, 1},
		"a jumbo link takes more":       {"fe80::1\n" + list("2001:db8::%d:%d", 199), 9000, 200, 0},
		"a link of the least IPv4 size": {list("10.0.%d.%d", 12), 68, 8, 4},
	} {
		t.Run(name, func(t *testing.T) {
			text := "vrrp_instance a {\n interface e1\n virtual_router_id 1\n virtual_ipaddress {\n" + c.addrs + "}\n}\n"
			mtu := func(string) int { return c.mtu }
			cfg, problems := Load(fstest.MapFS{"x": {Data: []byte(text)}}, "x", Options{MTU: mtu})
			r := cfg.Routers[0]
			if len(r.Addresses) != c.advertised || len(r.Excluded) != c.moved {
				t.Errorf("%d advertised, %d moved; want %d and %d", len(r.Addresses), len(r.Excluded), c.advertised, c.moved)
			}
			if (len(problems) == 1) != (c.moved > 0) {
				t.Errorf("problems %v", problems)
			}
		})
	}
}
