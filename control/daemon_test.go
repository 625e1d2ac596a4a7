package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/track"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// bench is a daemon whose host and filter only record, in virtual time.
type bench struct {
	*daemon
	t       testing.TB
	host    *recorder
	filter  *fakeFilter
	clock   time.Duration
	adverts chan loader.Advert
}

// recorder is a host that writes down what it is asked to do.
type recorder struct {
	did     []string
	told    []notify.Event
	links   []host.Link
	bound   map[vrrp.ID]*host.Binding
	kept    host.Static
	missing []string
	making  error // what keeps macvlans from being there
	binding error // what keeps routers from being bound
}

func (h *recorder) note(format string, args ...any) {
	h.did = append(h.did, fmt.Sprintf(format, args...))
}

func (h *recorder) Advertise(s *host.Sender, p uint8) { h.note("advertise %d/%d", s.ID().VRID, p) }
func (h *recorder) Acquire(id vrrp.ID)                { h.note("acquire %d", id.VRID) }
func (h *recorder) Release(id vrrp.ID)                { h.note("release %d", id.VRID) }
func (h *recorder) Announce(id vrrp.ID, n int)        { h.note("announce %d", id.VRID) }
func (h *recorder) Bind(b *host.Binding) error {
	if h.binding == nil {
		h.bound[b.ID] = b
	}
	return h.binding
}
func (h *recorder) Sender(id vrrp.ID) *host.Sender { return host.NewSender(h.bound[id], nil) }
func (h *recorder) Unbind(id vrrp.ID) error {
	h.note("unbind %d", id.VRID)
	delete(h.bound, id)
	return nil
}
func (h *recorder) EnsureVMAC(v host.VMAC) (int, error) {
	h.note("ensure %s", v.Name)
	return 1000 + v.Parent, h.making
}
func (h *recorder) RemoveVMAC(name string)         { h.note("remove %s", name) }
func (h *recorder) Keep(s host.Static)             { h.kept = s }
func (h *recorder) Tally() host.Tally              { return host.Tally{} }
func (h *recorder) Missing() []string              { return h.missing }
func (h *recorder) SetPaceGroups([]host.PaceGroup) {}
func (h *recorder) Notify(e notify.Event)          { h.told = append(h.told, e) }
func (h *recorder) Reconfigure(notify.Options)     {}
func (h *recorder) Sweep() error                   { return nil }
func (h *recorder) Links() []host.Link             { return h.links }
func (h *recorder) Expect(vrrp.ID)                 {}
func (h *recorder) Flush() {
	if n := len(h.did); n > 0 && strings.HasPrefix(h.did[n-1], "advertise") {
		h.note("flush")
	}
}

// fakeFilter is a filter whose stamps the test sets.
type fakeFilter struct {
	seen     map[vrrp.ID]time.Duration
	gaps     map[vrrp.ID][]time.Duration // before each repeat
	lastSeen func(vrrp.ID) time.Duration // instead of seen, unless nil
	followed map[vrrp.ID]netip.Addr
	rules    map[vrrp.ID]vrrp.Rules
	guarded  map[netip.Addr]bool
	queue    chan loader.Advert
	attach   error
	asked    int                        // how many routers' counts were wanted
	counts   map[vrrp.ID][]loader.Count // zero ID: of frames that belong to no router
	slow     chan struct{}              // Attach waits until it is closed, unless nil
	repeats  uint64                     // as each stamp counts them
}

func (f *fakeFilter) Attach(link int, name string, m loader.Mode) (loader.Attachment, error) {
	if f.slow != nil {
		<-f.slow
	}
	return loader.Attachment{Link: link, Name: name, Mode: loader.TC, Hook: "tcx", Reason: "test"}, f.attach
}
func (f *fakeFilter) Detach(int) error                   { return nil }
func (f *fakeFilter) RemoveSegment(int, vrrp.VLAN) error { return nil }
func (f *fakeFilter) SetSegment(loader.Segment) error    { return nil }
func (f *fakeFilter) RemoveRouter(id vrrp.ID) error      { delete(f.rules, id); return nil }

// SetRouter forgets whom the router follows.
func (f *fakeFilter) SetRouter(r vrrp.Rules) error {
	f.rules[r.ID] = r
	delete(f.seen, r.ID)
	delete(f.followed, r.ID)
	return nil
}

func (f *fakeFilter) Drained() bool                       { return len(f.queue) == 0 }
func (f *fakeFilter) LinkCounts() ([]loader.Count, error) { return f.counts[vrrp.ID{}], nil }
func (f *fakeFilter) CountsOf(id vrrp.ID) []loader.Count {
	f.asked++
	return f.counts[id]
}
func (f *fakeFilter) SetGuard(_ int, a netip.Addr, on bool) error {
	f.guarded[a] = on
	return nil
}
func (f *fakeFilter) Stamp(id vrrp.ID) stamp { return &fakeStamp{f, id} }

// fakeStamp is a stamp as the test has set it.
type fakeStamp struct {
	*fakeFilter
	id vrrp.ID
}

func (s *fakeStamp) Seen() time.Duration {
	if s.lastSeen != nil {
		return s.lastSeen(s.id)
	}
	return s.seen[s.id]
}

// Repeats are numbered by the gaps that the test has set.
func (s *fakeStamp) Repeats() uint64 { return max(s.repeats, uint64(len(s.gaps[s.id]))) }

func (s *fakeStamp) Gaps(from uint64, to []time.Duration) int {
	gaps := s.gaps[s.id]
	return copy(to, gaps[min(max(int(from), len(gaps)-gapsAtOnce), len(gaps)):])
}

func (f *fakeFilter) Follow(id vrrp.ID, a *loader.Advert) error {
	delete(f.followed, id)
	if a != nil {
		f.followed[id] = a.Src
	}
	return nil
}

// idleTracker reports nothing; tests report in its place.
type idleTracker struct{}

func (idleTracker) Run(ctx context.Context, _ chan<- track.Result) error {
	<-ctx.Done()
	return nil
}

type deafAlarm struct{}

func (deafAlarm) Set(time.Duration) {}

var (
	self   = netip.MustParseAddr("192.0.2.1")
	peer   = netip.MustParseAddr("192.0.2.2")
	vip    = netip.MustParsePrefix("192.0.2.254/24")
	group4 = netip.MustParseAddr("224.0.0.18")
	idOnE0 = vrrp.ID{Link: 7, VRID: 10}
)

func eth0(index int) host.Link {
	return host.Link{Index: index, Name: "eth0", Up: true, Multicast: true, MTU: 1500,
		Addrs: []host.LinkAddr{{Prefix: netip.PrefixFrom(self, 24)}}}
}

// instance is a version 3 router with an interval of one second: master-down is 3.609375s.
func instance(vrid uint8, link string) config.Router {
	return config.Router{Name: fmt.Sprintf("VI_%d", vrid), Interface: link, VRID: vrid, Version: 3, Priority: 100,
		Interval: time.Second, Preempt: true, Accept: true, Group: group4, TrackPrimary: true, DownAdverts: 3,
		SendChecksum: vrrp.Pseudo, Addresses: []config.Address{{Prefix: vip, Scope: -1}}, GARP: &config.GARP{Repeat: 1},
		Notify: &config.Notify{}}
}

func newBench(t testing.TB, links []host.Link, routers ...config.Router) *bench {
	t.Helper()
	return openBench(t, links, &config.Config{Routers: routers})
}

// openBench starts a daemon with a configuration.
func openBench(t testing.TB, links []host.Link, c *config.Config) *bench {
	t.Helper()
	return startBench(t, links, Options{Config: c})
}

// startBench starts a daemon with options.
func startBench(t testing.TB, links []host.Link, o Options) *bench {
	t.Helper()
	b := &bench{t: t, clock: time.Hour, adverts: make(chan loader.Advert, 8)}
	b.host = &recorder{links: links, bound: make(map[vrrp.ID]*host.Binding)}
	b.filter = &fakeFilter{seen: map[vrrp.ID]time.Duration{}, followed: map[vrrp.ID]netip.Addr{},
		rules: map[vrrp.ID]vrrp.Rules{}, counts: map[vrrp.ID][]loader.Count{}, guarded: map[netip.Addr]bool{}, queue: b.adverts}
	o.Log = slog.New(slog.DiscardHandler)
	cast, err := newCast(o, o.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.daemon = newDaemon(o, cast, func() time.Duration { return b.clock })
	b.daemon.hands, b.daemon.host, b.daemon.filter, b.daemon.alarm = b.host, b.host, b.filter, deafAlarm{}
	b.daemon.teller = b.host
	b.daemon.trackers = func(definition) track.Tracker { return idleTracker{} }
	b.daemon.adverts = b.adverts
	b.daemon.wait = func(until time.Duration) { b.clock = until }
	b.begin(t.Context())
	return b
}

// review has the loop look at the links and waits for the filter.
func (b *bench) review() {
	b.linksChanged()
	b.awaitLinks()
	b.turn()
}

// advance moves the clock and honours what is due, as the loop would with a prompt timer.
func (b *bench) advance(by time.Duration) {
	for end := b.clock + by; b.clock < end; {
		b.clock = min(end, max(b.clock, b.nextDeadline()))
		b.expire(b.clock)
		b.turn()
	}
}

// turn is what the loop does before it waits.
func (b *bench) turn() {
	for b.progress() {
	}
	b.sayAll()
}

// snapshot asks for one in a single turn.
func (b *bench) snapshot() api.Snapshot {
	return b.draw(func(piece func()) bool { piece(); return true })
}

// heard is an advert's turn.
func (b *bench) heard(a loader.Advert) {
	b.daemon.heard(a)
	b.turn()
}

// jump moves the clock without the loop running meanwhile: the process was stopped.
func (b *bench) jump(by time.Duration) {
	b.clock += by
	b.expire(b.clock)
	b.turn()
}

func (b *bench) advert(at time.Duration, priority uint8) loader.Advert {
	a := vrrp.Advert{Version: 3, VRID: 10, Priority: priority, Interval: time.Second, Addrs: []netip.Addr{vip.Addr()}}
	return loader.Advert{At: at, ID: idOnE0, TTL: 255, Src: peer, Dst: group4, Message: a.AppendTo(nil, peer, group4, vrrp.Pseudo)}
}

func (b *bench) role(i int) string { return b.routers[i].core.State().Role.String() }

func (b *bench) want(role string) {
	b.t.Helper()
	if got := b.role(0); got != role {
		b.t.Fatalf("role %s, want %s; did %q", got, role, b.host.did)
	}
}

func (b *bench) wantDid(want ...string) {
	b.t.Helper()
	if !slices.Equal(b.host.did, want) {
		b.t.Fatalf("did  %q\nwant %q", b.host.did, want)
	}
	b.host.did = nil
}

// SM-05, SM-26: the advert is on the wire before any address is touched.
func TestTakeoverAdvertisesFirst(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(3700 * time.Millisecond)
	b.want("master")
	b.wantDid("advertise 10/100", "flush", "acquire 10", "announce 10")
}

// All adverts of one moment leave before the first address work of that moment.
func TestAdvertsOfManyRoutersGoFirst(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(11, "eth0"))
	b.clock += 4 * time.Second
	b.expire(b.clock)
	b.settle()
	b.wantDid("advertise 10/100", "advertise 11/100", "flush", "acquire 10", "announce 10", "acquire 11", "announce 11")
}

// TM-11: our own lateness is nobody's silence.
func TestLateLoopAsksTheKernel(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.heard(b.advert(b.clock, 200))
	if b.filter.followed[idOnE0] != peer {
		t.Fatal("the master is not followed")
	}
	b.filter.seen[idOnE0] = b.clock + 9500*time.Millisecond
	b.jump(10 * time.Second)
	b.want("backup")
	if got := b.routers[0].stats.rescued; got != 1 {
		t.Errorf("%d takeovers cancelled, want 1", got)
	}
	b.advance(3 * time.Second)
	b.want("backup")
	b.advance(time.Second)
	b.want("master")
}

// TM-11: an advert that the kernel has handed over counts before a deadline that expired meanwhile.
func TestQueuedAdvertCountsFirst(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.adverts <- b.advert(b.clock+9*time.Second, 200)
	b.jump(10 * time.Second)
	b.want("backup")
	b.jump(3 * time.Second)
	b.want("master")
}

// A stamp that is older than master-down is no sign of life.
func TestOldStampDoesNotStopTakeover(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.heard(b.advert(b.clock, 200))
	b.filter.seen[idOnE0] = b.clock + time.Second
	b.jump(10 * time.Second)
	b.want("master")
}

// One router's trouble faults that router and no other, and ends with its cause.
func TestMissingInterfaceFaultsOneRouter(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(11, "eth1"))
	if b.role(0) != "backup" || b.role(1) != "fault" {
		t.Fatalf("roles %s, %s", b.role(0), b.role(1))
	}
	if got := b.routers[1].core.State().Causes; len(got) != 1 || !strings.Contains(got[0], "eth1 does not exist") {
		t.Errorf("causes %q", got)
	}
	second := eth0(8)
	second.Name = "eth1"
	b.host.links = append(b.host.links, second)
	b.review()
	if b.role(1) != "backup" {
		t.Errorf("role %s after the interface came, want backup", b.role(1))
	}
}

// A link that is gone and back has another index; the router moves to it.
func TestInterfaceGoneAndBack(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(4 * time.Second)
	b.host.did = nil
	b.host.links = nil
	b.review()
	b.want("fault")
	b.host.links = []host.Link{eth0(9)}
	b.review()
	b.want("backup")
	if _, ok := b.host.bound[vrrp.ID{Link: 9, VRID: 10}]; !ok || len(b.host.bound) != 1 {
		t.Errorf("bound to %v", b.host.bound)
	}
}

// A link that was replaced between two looks is another link: a master starts over on it.
func TestInterfaceReplacedWhileMaster(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(4 * time.Second)
	b.want("master")
	b.host.links = []host.Link{eth0(9)}
	b.review()
	b.want("backup")
	b.host.did = nil
	b.advance(4 * time.Second)
	b.want("master")
	if !slices.Contains(b.host.did, "acquire 10") {
		t.Errorf("did %q", b.host.did)
	}
}

// SM-15: a master whose link goes down resigns and gives up its addresses.
func TestLinkDownWhileMaster(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(3700 * time.Millisecond)
	b.host.did = nil
	b.host.links[0].Up = false
	b.review()
	b.want("fault")
	b.wantDid("advertise 10/0", "flush", "release 10")
}

// FMT-05: a virtual address is never the source of adverts, and the source follows the interface.
func TestSourceFollowsTheInterface(t *testing.T) {
	l := eth0(7)
	l.Addrs = slices.Insert(l.Addrs, 0, host.LinkAddr{Prefix: vip})
	b := newBench(t, []host.Link{l}, instance(10, "eth0"))
	if got := b.filter.rules[idOnE0].Own; got != self {
		t.Fatalf("source %v, want %v", got, self)
	}
	other := netip.MustParseAddr("192.0.2.77")
	b.host.links[0].Addrs[1].Prefix = netip.PrefixFrom(other, 24)
	b.review()
	if got := b.filter.rules[idOnE0].Own; got != other {
		t.Errorf("source %v after renumbering, want %v", got, other)
	}
}

// While the filter is being attached to one link, the routers of others run, and the new one waits in fault.
func TestSlowAttachHoldsUpNobodyElse(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(11, "eth1"))
	b.advance(4 * time.Second)
	b.filter.slow = make(chan struct{})
	second := eth0(8)
	second.Name = "eth1"
	b.host.links = append(b.host.links, second)
	b.linksChanged()
	b.host.did = nil
	b.advance(time.Second)
	if !slices.Contains(b.host.did, "advertise 10/100") || b.role(1) != "fault" {
		t.Errorf("did %q, second router in %s", b.host.did, b.role(1))
	}
	close(b.filter.slow)
	b.awaitLinks()
	if b.role(1) != "backup" {
		t.Errorf("second router in %s after the filter came", b.role(1))
	}
}

// Where the filter could not be attached it is tried again.
func TestAttachIsTriedAgain(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"), instance(11, "eth1"))
	b.attachRest = 0
	b.filter.slow = make(chan struct{})
	b.filter.attach = errors.New("no such device")
	second := eth0(8)
	second.Name = "eth1"
	b.host.links = append(b.host.links, second)
	b.linksChanged()
	b.filter.slow <- struct{}{} // one attempt
	b.attached(<-b.attachments)
	if got := b.routers[1].causes[causeFilter]; got != "no such device" {
		t.Errorf("second router is at fault because of %q", got)
	}
	b.filter.attach = nil
	b.filter.slow <- struct{}{}
	b.attached(<-b.attachments)
	b.wantRoles("backup", "backup")
}

// A router that owns its addresses is master at once when its link comes, with everything in place.
func TestOwnerRecovers(t *testing.T) {
	c := instance(10, "eth0")
	c.Priority, c.StartMaster = 255, true
	b := newBench(t, nil, c)
	b.want("fault")
	b.host.links = []host.Link{eth0(7)}
	b.review()
	b.want("master")
	b.wantDid("advertise 10/255", "flush", "acquire 10", "announce 10")
}

// A failed effect faults the router, and is tried again.
func TestFailedAcquireIsRetried(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(3700 * time.Millisecond)
	b.failed(host.Failure{ID: idOnE0, Op: "acquire", Err: errors.New("no space")})
	b.settle()
	b.want("fault")
	b.advance(retryAfter + 10*time.Millisecond)
	b.want("backup")
}

// SM-09, SM-27: stopping resigns with priority 0, exactly once, then gives up the addresses.
func TestLeaveResigns(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.advance(3700 * time.Millisecond)
	b.host.did = nil
	if err := b.leave(context.Canceled); err != nil {
		t.Fatal(err)
	}
	b.wantDid("advertise 10/0", "flush", "release 10")
}

// A backup that stops sends nothing (SM-04).
func TestLeaveAsBackupIsSilent(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	b.leave(context.Canceled)
	if slices.ContainsFunc(b.host.did, func(s string) bool { return strings.HasPrefix(s, "advertise") }) {
		t.Errorf("did %q", b.host.did)
	}
}

// no_accept is enforced exactly while master.
func TestGuardWhileMaster(t *testing.T) {
	c := instance(10, "eth0")
	c.Accept = false
	b := newBench(t, []host.Link{eth0(7)}, c)
	b.advance(3700 * time.Millisecond)
	if !b.filter.guarded[vip.Addr()] {
		t.Error("the master's address is not guarded")
	}
	b.heard(b.advert(b.clock, 200))
	if b.filter.guarded[vip.Addr()] {
		t.Error("the backup's address is still guarded")
	}
}

// The tutorial's bogus packet: told once in a while, with the offender's name.
func TestConflictIsExplained(t *testing.T) {
	b := newBench(t, []host.Link{eth0(7)}, instance(10, "eth0"))
	a := vrrp.Advert{Version: 3, VRID: 10, Priority: 150, Interval: time.Second, Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}
	s := loader.Sample{Verdict: verdict.Conflict, Advert: loader.Advert{At: b.clock, ID: idOnE0, TTL: 255, Src: peer, Dst: group4,
		MAC: [6]byte{2, 0, 0, 0, 0, 9}, Message: a.AppendTo(nil, peer, group4, vrrp.Pseudo)}}
	b.sampled(s)
	b.sampled(s)
	b.filter.counts[idOnE0] = []loader.Count{{Link: 7, ID: idOnE0, Verdict: verdict.Conflict, Frames: 2}}
	var conflicts []api.Event
	for _, e := range b.events.Since(0).Events {
		if e.Kind == "conflict" {
			conflicts = append(conflicts, e)
		}
	}
	if len(conflicts) != 1 || !strings.Contains(conflicts[0].Detail, "192.0.2.2 (02:00:00:00:00:09) uses VRID 10 on eth0") {
		t.Errorf("conflict events %+v", conflicts)
	}
	drops := b.snapshot().Drops
	if len(drops) != 1 || drops[0].Frames != 2 || drops[0].Router != "VI_10" || drops[0].Source != "192.0.2.2" {
		t.Errorf("drops %+v", drops)
	}
	b.want("backup")
}

// vrrp_startup_delay: adverts are ignored until it is over.
func TestStartupDelay(t *testing.T) {
	b := openBench(t, []host.Link{eth0(7)}, &config.Config{Global: config.Global{StartupDelay: 10 * time.Second},
		Routers: []config.Router{instance(10, "eth0")}})
	b.advance(9 * time.Second)
	b.want("init")
	b.advance(2 * time.Second)
	b.want("backup")
}

func TestOnlyChosenInterfaces(t *testing.T) {
	conf := &config.Config{Routers: []config.Router{instance(10, "eth0"), instance(11, "eth1")}}
	o := Options{Ifaces: []string{"eth1"}, Log: slog.New(slog.DiscardHandler)}
	c, err := newCast(o, conf, nil)
	if err != nil || len(c.routers) != 1 || c.routers[0].conf.VRID != 11 {
		t.Errorf("chose %v, %v", c, err)
	}
	o.Ifaces = []string{"eth2"}
	if _, err := newCast(o, conf, nil); !errors.Is(err, ErrNothingToDo) {
		t.Errorf("error %v, want ErrNothingToDo", err)
	}
}
