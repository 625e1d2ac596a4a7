package control

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

var (
	strange = netip.MustParseAddr("198.51.100.1")
	cardMAC = [6]byte{0x9c, 0, 0, 0, 0, 9}
)

// survey asks for one in a single turn.
func (b *bench) survey() *survey {
	return b.drawSurvey(func(piece func()) bool { piece(); return true })
}

// sample is an advert that was not taken.
func (b *bench) sample(v verdict.Verdict, vrid uint8, addrs ...netip.Addr) loader.Sample {
	a := vrrp.Advert{Version: 3, VRID: vrid, Priority: 150, Interval: time.Second, Addrs: addrs}
	id := idOnE0
	id.VRID = vrid
	return loader.Sample{Verdict: v, Advert: loader.Advert{At: b.clock, ID: id, TTL: 255, Src: peer, Dst: group4, MAC: cardMAC,
		Message: a.AppendTo(nil, peer, group4, vrrp.Pseudo)}}
}

func TestConflicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		happens func(b *bench)
		known   string
		kind    string // empty: no conflict
		says    []string
		differs []string
	}{
		{"nothing", func(*bench) {}, "", "", nil, nil},
		{"another cluster", func(b *bench) {
			b.sampled(b.sample(verdict.Foreign, 11, strange))
			b.sampled(b.sample(verdict.Conflict, 10, strange))
		}, "", api.OtherCluster, []string{"its adverts are dropped: this router stays MASTER", "virtual_router_id 12"},
			[]string{"virtual_ipaddress", "priority"}},
		{"another cluster with another password", func(b *bench) { b.sampled(b.sample(verdict.AuthData, 10, strange)) }, "",
			api.OtherCluster, []string{"virtual_router_id 11"}, []string{"virtual_ipaddress", "auth_pass", "priority"}},
		{"a wrong password", func(b *bench) { b.sampled(b.sample(verdict.AuthData, 10, vip.Addr())) }, "",
			api.Misfit, []string{"make auth_pass alike"}, []string{"auth_pass", "priority"}},
		{"another version", func(b *bench) {
			s := b.sample(verdict.BadVersion, 10)
			a := vrrp.Advert{Version: 2, VRID: 10, Priority: 100, Interval: time.Second, Addrs: []netip.Addr{vip.Addr()}}
			s.Message = a.AppendTo(nil, peer, group4, vrrp.Plain)
			b.sampled(s)
		}, "", api.Misfit, []string{"make version alike"}, []string{"version"}},
		{"damage", func(b *bench) {
			s := b.sample(verdict.BadChecksum, 10, strange)
			s.Message[6] ^= 1
			b.sampled(s)
		}, "", api.Misfit, nil, nil},
		{"a clone", func(b *bench) { b.sampled(b.sample(verdict.SelfSource, 10, vip.Addr())) }, "",
			api.Clone, []string{"another address than 192.0.2.2"}, nil},
		{"a loop", func(b *bench) {
			s := b.sample(verdict.SelfSource, 10, vip.Addr())
			s.MAC = b.routers[0].bound.mac
			b.sampled(s)
		}, "", api.Loop, []string{"a loop"}, nil},
		{"too much of what is valid", func(b *bench) { b.sampled(b.sample(verdict.Excess, 10, vip.Addr())) }, "", "", nil, nil},
		{"one that has stopped", func(b *bench) {
			b.sampled(b.sample(verdict.Conflict, 10, strange))
			b.advance(presentFor + time.Second)
		}, "", "", nil, nil},
		{"an intruder", func(b *bench) { b.heard(b.advert(b.clock, 200)) }, "",
			api.Intruder, []string{"this router yielded", "priority 200, ours 100", "--peer 192.0.2.2"}, []string{"priority"}},
		{"a peer that came", func(b *bench) { b.heard(b.advert(b.clock, 200)) }, "192.0.2.2", "", nil, nil},
		{"a peer that came back", func(b *bench) {
			b.heard(b.advert(b.clock, 50))
			b.advance(5 * time.Second)
			b.heard(b.advert(b.clock, 200))
		}, "", "", nil, nil},
		{"a second master", func(b *bench) {
			for range 5 {
				b.heard(b.advert(b.clock, 50))
				b.advance(time.Second)
			}
		}, "", api.TwoMasters, []string{"lose the election (priority 50): this router stays MASTER"}, []string{"priority"}},
		{"a master that yields", func(b *bench) { b.heard(b.advert(b.clock, 50)) }, "", "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
			b.advance(4 * time.Second)
			b.want("master")
			c.happens(b)
			found, err := b.survey().conflicts("", []string{c.known})
			if err != nil {
				t.Fatal(err)
			}
			if c.kind == "" {
				if len(found.Conflicts) != 0 {
					t.Fatalf("%+v, want none", found.Conflicts)
				}
				return
			}
			if len(found.Conflicts) != 1 || found.Conflicts[0].Kind != c.kind {
				t.Fatalf("%+v, want one of kind %s", found.Conflicts, c.kind)
			}
			got := found.Conflicts[0]
			if got.Summary == "" || got.Effect == "" || got.Router != "VI_10" || got.Sender.Source != peer.String() {
				t.Errorf("%+v", got)
			}
			text := got.Effect + "\n" + strings.Join(got.Advice, "\n")
			if got.Change != nil {
				text += "\n" + got.Change.Text
			}
			for _, says := range c.says {
				if !strings.Contains(text, says) {
					t.Errorf("says %s\nwant %q", text, says)
				}
			}
			var keywords []string
			for _, d := range got.Differences {
				keywords = append(keywords, d.Keyword)
			}
			if c.differs != nil && !slices.Equal(keywords, c.differs) {
				t.Errorf("differs in %q, want %q", keywords, c.differs)
			}
		})
	}
}

func TestConflictsOfOneRouter(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(11, "eth0"))
	b.sampled(b.sample(verdict.Conflict, 10, strange))
	for router, want := range map[string]int{"": 1, "VI_10": 1, "VI_11": 0} {
		if found, err := b.survey().conflicts(router, nil); err != nil || len(found.Conflicts) != want {
			t.Errorf("%q: %+v, %v, want %d", router, found.Conflicts, err, want)
		}
	}
	const want = "no router is named VI_12: there are VI_10, VI_11"
	if _, err := b.survey().conflicts("VI_12", nil); fmt.Sprint(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// What is to be changed is in the file, in what was said at run time, or on the command line.
func TestLineToChange(t *testing.T) {
	for _, c := range []struct {
		name, path string
		pos        config.Pos
		line       api.Line
		says       string
	}{
		{"file", "xvrrp.conf", config.Pos{File: "xvrrp.conf", Line: 7, Column: 9}, api.Line{File: "xvrrp.conf", Line: 7, Text: "virtual_router_id 11"}, "xvrrp reload"},
		{"run time", "xvrrp.conf", config.Pos{File: "VI_10 at run time"}, api.Line{File: "VI_10 at run time", Text: "virtual_router_id 11"},
			"xvrrp router set VI_10 'virtual_router_id 11'"},
		{"flags", "", config.Pos{File: "flags", Line: 3, Column: 1}, api.Line{File: "command line", Text: "--vrid 11"}, "start every router"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := instance(10, "eth0")
			r.VRIDPos = c.pos
			b := newBench(t, []host.Link{eth0(7)}, r)
			b.o.ConfigPath = c.path
			b.sampled(b.sample(verdict.Conflict, 10, strange))
			found, err := b.survey().conflicts("", nil)
			if err != nil || len(found.Conflicts) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			if got := found.Conflicts[0]; *got.Change != c.line || !strings.Contains(strings.Join(got.Advice, "\n"), c.says) {
				t.Errorf("%+v, %q", *got.Change, got.Advice)
			}
		})
	}
}

// The first cluster on a VRID is told with the way out, and whether it was there before us.
func TestClashIsToldWithTheWayOut(t *testing.T) {
	for _, c := range []struct {
		name    string
		after   time.Duration
		verdict verdict.Verdict
		start   bool
	}{{"at start", time.Second, verdict.Conflict, true}, {"later", time.Minute, verdict.Conflict, false},
		{"with another password", time.Second, verdict.AuthData, true}} {
		t.Run(c.name, func(t *testing.T) {
			r := instance(10, "eth0")
			r.VRIDPos = config.Pos{File: "xvrrp.conf", Line: 7, Column: 9}
			b := newBench(t, []host.Link{eth0(7)}, r, instance(11, "eth0"))
			b.advance(c.after)
			b.sampled(b.sample(verdict.Foreign, 12, strange))
			b.sampled(b.sample(c.verdict, 10, strange))
			second := b.sample(c.verdict, 10, strange)
			second.Src = self.Next().Next()
			adv, _ := vrrp.Parse(second.Message, peer, group4)
			second.Message = adv.AppendTo(nil, second.Src, group4, vrrp.Pseudo)
			b.sampled(second)
			var told []string
			for _, e := range b.events.Since(0).Events {
				if e.Kind == "conflict" {
					told = append(told, e.Detail)
				}
			}
			if len(told) != 2 || !strings.Contains(told[0], "VRID 13 was not heard there") || !strings.Contains(told[0], "xvrrp.conf:7:9") ||
				strings.Contains(told[0], "when this router started") != c.start || strings.Contains(told[1], "VRID 13") {
				t.Errorf("told %q", told)
			}
		})
	}
}

func TestSegments(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(255, "eth0"))
	b.advance(4 * time.Second)
	b.sampled(b.sample(verdict.Foreign, 11, strange))
	b.heard(b.advert(b.clock, 200))
	b.advance(2 * time.Second)
	all := b.survey().segments()
	if len(all.Segments) != 1 || all.Segments[0].Interface != "eth0" || all.Segments[0].Listening != 6 {
		t.Fatalf("%+v, want eth0 listened to for 6s", all.Segments)
	}
	var rows []string
	for _, h := range all.Segments[0].Heard {
		rows = append(rows, strings.Join([]string{h.Router, h.Role, h.Verdict, h.Source, h.Checksum, h.Auth}, " "))
		if !h.Present && h.Role != "backup" {
			t.Errorf("%+v is not present", h)
		}
	}
	want := []string{
		"VI_10 backup  192.0.2.1 pseudo-header none", "VI_10  delivered 192.0.2.2 pseudo-header none",
		"  foreign 192.0.2.2 pseudo-header none", "VI_255 master  192.0.2.1 pseudo-header none",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("heard %q\nwant %q", rows, want)
	}
	if free := all.Segments[0].Free; len(free) != 252 || slices.Contains(free, 10) || slices.Contains(free, 11) || slices.Contains(free, 255) {
		t.Errorf("free are %v", free)
	}
}

func TestFreeVRID(t *testing.T) {
	full := listened{}
	for i := range full.used {
		full.used[i] = true
	}
	for _, c := range []struct {
		name  string
		after uint8
		free  []int
		want  int
	}{{"next", 10, []int{5, 11, 12}, 11}, {"past used ones", 10, []int{5, 14}, 14}, {"round the end", 254, []int{3}, 3},
		{"after the last", 255, []int{1, 9}, 1}, {"none", 10, nil, 0}} {
		t.Run(c.name, func(t *testing.T) {
			l := full
			for _, vrid := range c.free {
				l.used[vrid] = false
			}
			if got := l.freeAfter(c.after); got != c.want {
				t.Errorf("VRID %d, want %d", got, c.want)
			}
		})
	}
}

// A router remembers a bounded number of senders, the newest.
func TestSendersAreBounded(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	for n := range byte(20) {
		a := b.advert(b.clock, 50)
		a.Src = netip.AddrFrom4([4]byte{192, 0, 2, 100 + n})
		adv, _ := vrrp.Parse(a.Message, peer, group4)
		a.Message = adv.AppendTo(nil, a.Src, group4, vrrp.Pseudo)
		b.heard(a)
		b.advance(10 * time.Millisecond)
	}
	list := b.routers[0].senders
	if len(list) != mostSenders || !slices.ContainsFunc(list, func(s sender) bool { return s.last.Src == netip.MustParseAddr("192.0.2.119") }) {
		t.Errorf("%d senders, want the newest %d", len(list), mostSenders)
	}
}

// What the filter kept back of the followed master are adverts of it, too.
func TestSegmentsCountRepeats(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.heard(b.advert(b.clock, 200))
	b.filter.repeats = 41
	for range 2 { // asking changes nothing
		for _, h := range b.survey().segments().Segments[0].Heard {
			if !h.Self && h.Samples != 42 {
				t.Errorf("%s sent %d adverts, want 42", h.Source, h.Samples)
			}
		}
	}
}
