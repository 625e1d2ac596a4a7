package control

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// fakeSniffed shows what the test gives it.
type fakeSniffed struct {
	frames []loader.Sniffed
	lost   uint64
	asked  loader.Filter
}

func (f *fakeSniffed) Sniff(_ context.Context, which loader.Filter, to func(loader.Sniffed)) error {
	f.asked = which
	f.lost += 3
	for _, s := range f.frames {
		to(s)
	}
	return nil
}

func (f *fakeSniffed) SniffLost() uint64 { return f.lost }

// sniffOn shows frames while somebody else runs the loop's questions.
func (b *bench) sniffOn(t *testing.T, f *fakeSniffed, which api.SniffFilter) (shown []api.Sniffed, err error) {
	t.Helper()
	b.daemon.sniffed = f
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		var run api.SniffRun
		if run, err = b.Sniff(ctx, which); err == nil {
			err = run(ctx, func(s api.Sniffed) { shown = append(shown, s) })
		}
	}()
	b.answerUntil(ctx.Done())
	return shown, err
}

func (b *bench) sniffed(v verdict.Verdict, vrid uint8, addrs ...netip.Addr) loader.Sniffed {
	s := b.sample(v, vrid, addrs...)
	s.Length = len(s.Message)
	return loader.Sniffed{Sample: s, Frame: []byte{1, 2, 3}, WireLength: 60}
}

func TestSniff(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	two := b.sniffed(verdict.AuthData, 10)
	message := vrrp.Advert{Version: 2, VRID: 10, Priority: 100, Interval: time.Second, Addrs: []netip.Addr{strange}, Auth: vrrp.NewPass("secret")}
	two.Message = message.AppendTo(nil, peer, group4, vrrp.Plain)
	two.Length = len(two.Message)
	short := b.sniffed(verdict.Malformed, 0)
	short.Message, short.Length = nil, 0
	elsewhere := b.sniffed(verdict.Elsewhere, 10, vip.Addr())
	elsewhere.Dst = group4.Next()
	elsewhere.ID = elsewhere.ID.To(elsewhere.Dst)
	frames := []loader.Sniffed{b.sniffed(verdict.Conflict, 10, strange), b.sniffed(verdict.Foreign, 11, strange), two, short, elsewhere}

	for _, c := range []struct {
		name  string
		which api.SniffFilter
		asks  loader.Filter
		shows []string // verdicts
	}{
		{"all", api.SniffFilter{}, loader.Filter{}, []string{"conflict", "foreign", "auth_data", "ip_malformed", "dst"}},
		{"a link", api.SniffFilter{Interface: "eth0"}, loader.Filter{Link: 7}, []string{"conflict", "foreign", "auth_data", "ip_malformed", "dst"}},
		{"a VRID", api.SniffFilter{VRID: 11}, loader.Filter{VRID: 11}, []string{"conflict", "foreign", "auth_data", "ip_malformed", "dst"}}, // the filter's to leave out
		{"a router", api.SniffFilter{Router: "VI_10"}, loader.Filter{Link: 7, VRID: 10}, []string{"conflict", "auth_data", "dst"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fakeSniffed{frames: frames}
			shown, err := b.sniffOn(t, f, c.which)
			if err != nil || f.asked != c.asks {
				t.Fatalf("asked %+v, %v, want %+v", f.asked, err, c.asks)
			}
			var verdicts []string
			for _, s := range shown {
				verdicts = append(verdicts, s.Verdict)
				if s.Frame != nil || s.Advert != nil && s.Advert.Password != "" {
					t.Errorf("%+v shows what nobody asked for", s)
				}
			}
			if got, want := strings.Join(verdicts, " "), strings.Join(c.shows, " "); got != want {
				t.Errorf("shows %s, want %s", got, want)
			}
		})
	}

	shown, err := b.sniffOn(t, &fakeSniffed{frames: frames}, api.SniffFilter{Frames: true, Secrets: true})
	if err != nil {
		t.Fatal(err)
	}
	if s := shown[0]; s.Router != "VI_10" || s.Interface != "eth0" || s.Action != "drop" || s.Why != "addresses 198.51.100.1 share none with ours 192.0.2.254" ||
		s.Bytes != 60 || len(s.Frame) != 3 || s.Advert.VRID != 10 || s.Advert.Checksum != "pseudo-header" || s.Lost != 3 {
		t.Errorf("%+v, %+v", s, s.Advert)
	}
	if a := shown[2].Advert; a.Password != "secret" || a.Auth != "pass" || a.Checksum != "message" {
		t.Errorf("%+v", a)
	}
	if shown[3].Advert != nil || shown[3].Why == "" {
		t.Errorf("%+v, want nothing decoded", shown[3])
	}
	if s := shown[4]; s.Router != "VI_10" || !strings.Contains(s.Why, "expected 224.0.0.18") {
		t.Errorf("%+v", s)
	}
}

func TestSniffWhatIsNotThere(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(11, "eth1"))
	for _, c := range []struct {
		which api.SniffFilter
		says  string
	}{
		{api.SniffFilter{Interface: "eth9"}, "does not listen on eth9"},
		{api.SniffFilter{Router: "VI_9"}, "no router is named VI_9: there are VI_10, VI_11"},
		{api.SniffFilter{Router: "VI_11"}, "VI_11 is not on a link now"},
	} {
		if _, err := b.sniffOn(t, &fakeSniffed{}, c.which); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: error %v, want %q", c.which, err, c.says)
		}
	}
}

// A flood is shown in part, and what is left out is counted.
func TestSniffIsBounded(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	f := &fakeSniffed{}
	for range mostShown + 100 {
		f.frames = append(f.frames, b.sniffed(verdict.Conflict, 10, strange))
	}
	later := b.sniffed(verdict.Conflict, 10, strange)
	later.At += time.Second
	f.frames = append(f.frames, later)
	shown, err := b.sniffOn(t, f, api.SniffFilter{})
	if err != nil || len(shown) != mostShown+1 {
		t.Fatalf("%d shown, %v, want %d", len(shown), err, mostShown+1)
	}
	if lost := shown[mostShown].Lost; lost != 103 {
		t.Errorf("%d lost, want 100 and the 3 of the filter", lost)
	}
}
