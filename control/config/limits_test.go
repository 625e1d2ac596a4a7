package config

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// TestLimits: whatever stands in a file, reading it ends soon, in an error that says what is wrong where.
func TestLimits(t *testing.T) {
	doubling := "$A=${B}${B}\n"
	for c := byte('B'); c < 'Z'; c++ {
		doubling += fmt.Sprintf("$%c=${%c}${%c}\n", c, c+1, c+1)
	}
	nested := ""
	for i := range 100 {
		nested += fmt.Sprintf("$D%d= \\\n a \\\n $D%d\n", i, i+1)
	}
	includes := fstest.MapFS{"x.conf": {Data: []byte("include 0\ninclude 0\n")}}
	for i := range 40 {
		includes[fmt.Sprint(i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "include %d\ninclude %d\n", i+1, i+1)}
	}
	max := defaultLimits
	max.lines, max.bytes = 1<<16, 8<<20
	for name, c := range map[string]struct {
		text string
		fsys fstest.MapFS
		want string
		soon bool // within a second
	}{
		"NUL byte":                      {soon: true, text: "global_defs {\n router_id a\x00b\n}\n", want: "x.conf:2:13: error: the line holds a NUL byte"},
		"binary file":                   {soon: true, text: strings.Repeat("\x00\x01{}$~@", 1<<18), want: "x.conf:1:1: error: the line holds a NUL byte"},
		"line of 10 MB":                 {soon: true, text: "global_defs {\n" + strings.Repeat("x", 10<<20) + "\n}\n", want: "x.conf:2:1: error: the line is longer than 65536 bytes"},
		"definition of itself":          {soon: true, text: "$A=${A}\n$A\n" + router1(" priority ${A}"), want: "x.conf:2:1: error: the definition of $A refers to itself"},
		"growing definition":            {text: "$A=x${A}\nrouter ${A}\n", want: "x.conf:2:8: error: the definition of $A refers to itself"},
		"definitions of each other":     {soon: true, text: "$A=${B}\n$B=${A}\npriority $A\n", want: "x.conf:3:10: error: the definition of $"},
		"lines of themselves":           {soon: true, text: "$A= \\\n x \\\n $A\n\n$A\n", want: "x.conf:3:2: error: the definition of $A refers to itself"},
		"definitions that double":       {text: doubling + "$Z=12345678\n${A}\n", want: ":1: error: the line grows beyond 65536 bytes"},
		"many lines that use them":      {text: doubling + "$Z=1\n" + strings.Repeat("${A}\n", 1<<16), want: "error: the line grows beyond"},
		"definitions inside each other": {text: nested + "$D0\n", want: "error: repetitions and definitions are more than 40 deep"},
		"repetition without end":        {text: "~SEQ(A,1,2000000000) ~SEQ(B,1,2000000000) x\n", want: "error: the file expands to more than 65536 lines"},
		"repetitions inside each other": {text: strings.Repeat("~SEQ(A,1,1) ", 1000) + "x\n", want: "error: repetitions and definitions are more than 40 deep"},
		"long repetition":               {text: "$L=" + strings.Repeat("x", 60000) + "\n~SEQ(A,1,2000000000) ${L}\n", want: "x.conf:2:22: error: definitions expand to more than"},
		"include of itself":             {text: "include x.conf\n", want: "x.conf:1:9: warning: include skips x.conf: it includes itself"},
		"includes inside each other":    {fsys: includes, want: "files include each other too deep"},
		"braces of an include":          {text: "include " + strings.Repeat("{a,b}", 60) + "\n", want: "x.conf:1:9: warning: the file to include is not there"},
		"block not closed":              {soon: true, text: "global_defs {\n router_id a\n", want: "x.conf:1:1: error: the block of global_defs is not closed"},
		"block closed twice":            {soon: true, text: "global_defs {\n}}\n", want: "x.conf:2:2: error: unexpected }"},
		"braces alone":                  {soon: true, text: strings.Repeat("{", 1<<16), want: "x.conf:1:1: error: unexpected {"},
		"closing braces alone":          {text: strings.Repeat(strings.Repeat("}", 1000)+"\n", 1000), want: "x.conf:1:1: error: unexpected }"},
		"blocks inside each other":      {text: "global_defs {\n" + strings.Repeat("a {\n", 100000), want: "x.conf:33:3: error: blocks stand more than 32 deep"},
		"block of many statements":      {text: "nonsense {\n" + strings.Repeat(strings.Repeat("a{}", 20)+"\n", 20000) + "}\n", want: "x.conf:1:1: error: the block holds more than 262144 statements"},
		"many unknown keywords":         {text: strings.Repeat("a\n", 60000), want: "error: 50000 more problems are not listed"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.fsys == nil {
				c.fsys = fstest.MapFS{"x.conf": {Data: []byte(c.text)}}
			}
			start := processorTime(t)
			_, problems := load(c.fsys, "x.conf", Options{Name: "x.conf"}, max)
			limit := 5 * time.Second
			if c.soon {
				limit = time.Second
			}
			if took := processorTime(t) - start; took > limit {
				t.Errorf("took %s", took)
			}
			for _, p := range problems {
				if strings.Contains(p.String(), c.want) {
					return
				}
			}
			t.Errorf("no problem says %q; the first of %d: %v", c.want, len(problems), problems[:min(3, len(problems))])
		})
	}
}

// TestFileTooLarge: a file is read to its limit and not beyond.
func TestFileTooLarge(t *testing.T) {
	max := defaultLimits
	max.fileBytes = 10
	_, problems := load(fstest.MapFS{"x": {Data: []byte("global_defs { }")}}, "x", Options{}, max)
	if len(problems) != 1 || problems[0].String() != "/x: error: the configuration cannot be read: it is too large" {
		t.Errorf("got %v", problems)
	}
}

// TestTooManyFiles: the number of files is bounded, however often each is read.
func TestTooManyFiles(t *testing.T) {
	max := defaultLimits
	max.files = 3
	fsys := fstest.MapFS{"x": {Data: []byte(strings.Repeat("include y\n", 3))}, "y": {}}
	_, problems := load(fsys, "x", Options{}, max)
	if len(problems) != 1 || problems[0].String() != "/x:3:9: warning: include skips /y: too many files are included" {
		t.Errorf("got %v", problems)
	}
}

// TestSamePlace: a template used often does not repeat its problems without end.
func TestSamePlace(t *testing.T) {
	_, problems := load1("~SEQ(N, 1, 1000) vrrp_instance r${N} { interface e${N}\n}\n")
	for _, p := range problems {
		if strings.Contains(p.Message, "(and ") {
			return
		}
	}
	t.Errorf("%d problems, none folded", len(problems))
}

// template makes n routers from one definition.
func template(n int) string {
	return fmt.Sprintf(`vrrp_script chk { script "/usr/bin/check all" }
$VI= \
vrrp_instance v.${IF}.${ID} { \
    interface eth${IF} \
    virtual_router_id ${ID} \
    priority 130 \
    advert_int 1 \
    @low priority 100 \
    virtual_ipaddress { \
        10.1.${IF}.${ID}/24 dev eth0 \
    } \
    track_script { \
        chk \
    } \
    track_interface { \
        eth0 weight -20 \
    } \
    notify_master "/usr/bin/tell 'a b'" \
    authentication { \
        auth_type PASS \
        auth_pass 1111 \
    } \
}
~SEQ(IF,1,%d) ~SEQ(ID,1,250) $VI
`, n/250)
}

// TestScale: time and memory grow with the number of routers, not with its square.
func TestScale(t *testing.T) {
	few := 10000
	if testing.Short() {
		few = 1000
	}
	measure := func(n int) time.Duration {
		text := template(n)
		start := processorTime(t)
		cfg, problems := load1(text)
		took := processorTime(t) - start
		if len(cfg.Routers) != n || len(problems) != 0 {
			t.Fatalf("%d routers, problems %v; want %d and none", len(cfg.Routers), problems, n)
		}
		return took
	}
	measure(few)
	small := min(measure(few), measure(few))
	large := measure(5 * few)
	t.Logf("%d routers in %s, %d in %s", few, small, 5*few, large)
	if large > 15*small {
		t.Errorf("five times the routers take %.1f times the time, want about 5", float64(large)/float64(small))
	}
}

// processorTime is what this process has used: unlike the clock it does not depend on what else runs.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkLoad(b *testing.B) {
	text := template(50000)
	for b.Loop() {
		load1(text)
	}
}

// BenchmarkSame compares routers with themselves, as a reload that changes nothing does.
func BenchmarkSame(b *testing.B) {
	cfg, _ := load1(template(1000))
	for b.Loop() {
		for i := range cfg.Routers {
			if !cfg.Routers[i].Same(&cfg.Routers[i]) {
				b.Fatal("a router differs from itself")
			}
		}
	}
}
