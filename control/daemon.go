// Package control is the shell around the pure core: one goroutine owns every router, asks the core what to do
// and has it done by the host and the filter.
//
// Nothing in it holds a lock. Whoever wants to know something asks the loop.
package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/histogram"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/metrics"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/sched"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/control/track"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
)

// Options are what a daemon is started with.
type Options struct {
	Config     *config.Config // nil: observe Ifaces and take part in nothing
	ConfigPath string         // for status only
	Ifaces     []string       // limit to these links; empty: all links of Config
	Attach     loader.Mode
	RuntimeDir string          // holds the socket; created if missing
	Access     api.Access      // to the socket
	Listen     netip.AddrPort  // of the plain HTTP listener; invalid: there is none
	Metrics    metrics.Options // what it tells at /metrics
	Version    string
	Log        *slog.Logger

	// Load reads the configuration anew, for reloads, with overrides in the place of what it says of their routers;
	// nil: there is nothing to read. It is called outside the loop.
	Load  func(overrides []config.Override) (*config.Config, []config.Problem)
	State string            // file of the changes at run time that outlive the daemon; empty: none does
	Kept  []config.Override // those that State held; they are in force in Config
	Ready func(h Handle)    // called once every router has started

	// Keepalived words a configuration and its state as keepalived's JSON does; nil: nobody can.
	Keepalived func(c *config.Config, s api.Snapshot) []byte

	// Overrun gets SIGXCPU: a thread has done real-time work for too long. nil: nobody notices.
	Overrun <-chan os.Signal
}

// Handle is a running daemon as its own process sees it. Its methods may be called from any goroutine.
type Handle interface {
	// Alive returns when the loop has answered, or an error when ctx ended before.
	Alive(ctx context.Context) error
	Snapshot(ctx context.Context) (api.Snapshot, error)
	// Config is the configuration in force with its routers as they are now, nil while observing. It is not to be changed.
	Config(ctx context.Context) (*config.Config, error)
	// Reload reads the configuration anew and puts in force what changed; with dry it only says what that would
	// be. A configuration that cannot be used changes nothing.
	Reload(ctx context.Context, dry bool) (api.Plan, error)
}

// ErrNothingToDo says that no router of the configuration is on the chosen links.
var ErrNothingToDo = errors.New("nothing to do")

// hands is how the loop acts on the network: adverts at once, address work queued behind them.
type hands interface {
	Advertise(s *host.Sender, priority uint8)
	Flush()
	Expect(id vrrp.ID)
	Acquire(id vrrp.ID)
	Release(id vrrp.ID)
	Announce(id vrrp.ID, repeat int)
}

// binder introduces routers to the host and tells what became of them.
type binder interface {
	Bind(b *host.Binding) error
	Sender(id vrrp.ID) *host.Sender
	Unbind(id vrrp.ID) error
	Sweep() error
	Links() []host.Link
	EnsureVMAC(v host.VMAC) (index int, err error)
	RemoveVMAC(name string)
	Keep(s host.Static)
	Missing() []string
	SetPaceGroups(groups []host.PaceGroup)
	Tally() host.Tally
}

// filter is what the loop asks of the kernel side.
type filter interface {
	attacher
	Follow(id vrrp.ID, a *loader.Advert) error
	Stamp(id vrrp.ID) stamp // nil: it does not know the router
	Drained() bool
	LinkCounts() ([]loader.Count, error) // of frames that belong to no router
	CountsOf(id vrrp.ID) []loader.Count
}

// stamp is where the kernel keeps when a router's followed master was last seen, and how often.
type stamp interface {
	Seen() time.Duration
	Repeats() uint64
	Gaps(from uint64, to []time.Duration) int
}

// kernel is the loader as the loop sees it.
type kernel struct{ *loader.Loader }

// Stamp is that of a router, nil if the filter does not know it.
func (k kernel) Stamp(id vrrp.ID) stamp {
	if s, known := k.Loader.Stamp(id); known {
		return s
	}
	return nil
}

// attacher brings links and routers into the filter.
type attacher interface {
	Attach(link int, name string, m loader.Mode) (loader.Attachment, error)
	Detach(link int) error
	SetSegment(s loader.Segment) error
	RemoveSegment(link int, v vrrp.VLAN) error
	SetRouter(r vrrp.Rules) error
	RemoveRouter(id vrrp.ID) error
	SetGuard(link int, addr netip.Addr, on bool) error
}

// alarm wakes the loop at an instant.
type alarm interface{ Set(at time.Duration) }

// daemon is the state of the loop; only its goroutine touches it.
type daemon struct {
	o        Options
	log      *slog.Logger
	detailed bool // debug lines are wanted
	hands    hands
	host     binder
	filter   filter
	sniffed  sniffed
	alarm    alarm
	teller   teller
	now      func() time.Duration
	wait     func(until time.Duration) // for less than the lead

	adverts  <-chan loader.Advert
	samples  <-chan loader.Sample
	failures <-chan host.Failure
	changes  <-chan struct{}
	due      <-chan time.Duration
	results  chan track.Result   // from the trackers
	troubles chan notify.Trouble // from the teller
	queries  chan func()         // questions from other goroutines, answered by running them in the loop
	share    share               // of the loop's time that questions have
	alive    chan struct{}       // from the loop to Alive, whatever questions wait

	conf      *config.Config      // in force, but for its routers, which may have been edited; nil: observe
	routers   []*router           // in the order of the configuration
	groups    []*group            // likewise
	byID      map[vrrp.ID]*router // those that are bound
	links     map[string]*link    // by name, those that routers or observation want
	looked    map[string]looked   // by name, the links at the last look
	dampers   map[string]*damper  // of links whose changes are delayed, by name
	deadlines deadlines
	sweep     sweep
	hearing   loader.Advert             // that was heard last
	gaps      [gapsAtOnce]time.Duration // for measure
	armed     time.Duration             // when the alarm goes off; Never: it has, or was never set
	queued    int                       // adverts in the next batch
	batch     [mostInBatch]*router      // room for those who are served together
	works     queue[work]               // that wait until the adverts of their turn have left
	words     queue[func()]             // that wait until nothing else is to be done
	startAt   time.Duration             // vrrp_startup_delay: routers stay in init until then
	started   bool
	phases    phases
	started0  time.Time // wall clock of the start, for status

	tracked  map[string]*tracked // by trackKey
	trackers func(definition) track.Tracker
	tracking context.Context   // of the trackers
	watching sync.WaitGroup    // the trackers
	vmacs    map[string]int    // index of each macvlan of ours, by name
	kept     host.Static       // as the host was told
	missing  map[string]string // static objects that are not there, and why

	attaching   sync.WaitGroup // the goroutines that attach the filter; each sends one attachment
	attachments chan attachment
	attachRest  time.Duration              // between attempts to attach
	left        chan struct{}              // closed when nobody receives attachments any more
	leaving     bool                       // the routers have been stopped
	guards      bool                       // the filter was loaded for no_accept; it does not change
	reloading   chan struct{}              // size 1: held by the one reload or edit that is under way
	edited      bool                       // the routers in force are not those of conf
	lasting     map[string]config.Override // by router, what State holds; belongs to who holds reloading

	failovers aways               // by hand
	drained   aways               // by maintenance
	awaysEnd  time.Duration       // when the first of both ends
	keptAways map[string]api.Away // of drained, what its file holds; belongs to who holds reloading

	wishes     chan sched.Settings // size 1: how the process is to be scheduled; a newer wish takes the place of an older
	scheduling string              // what came of the last wish, for status
	stirred    chan struct{}       // size 1: there may be garbage

	events    api.Log
	sightings sightings
	logged    time.Duration // instant at which all lines that sightings may log are there again
	lateness  lateness
	detected  histogram.Histogram // from a master's last sign of life to the decision to take over
	reloads   api.Reloads
	flights   flights
	reason    story.Event // what is being done to routers, and why; zero: nothing but what time and adverts do
}

// Run runs a daemon until ctx ends; then masters resign, addresses are removed and the filter is detached.
func Run(ctx context.Context, o Options) (err error) {
	cast, err := newCast(o, o.Config, nil)
	if err != nil {
		return err
	}
	l, err := api.Listen(o.RuntimeDir, o.Access)
	if err != nil {
		return err
	}
	defer l.Close()
	site, err := openSite(o.Listen, o.Log)
	if err != nil {
		return err
	}
	defer site.close()
	f, err := loader.Open(filterOptions(cast.routers, o.Log))
	if err != nil {
		return err
	}
	defer f.Close()
	h, err := host.Open(o.Log)
	if err != nil {
		return err
	}
	defer h.Close()
	timer, err := host.NewTimer()
	if err != nil {
		return err
	}

	d := newDaemon(o, cast, host.Now)
	d.hands, d.host, d.filter, d.sniffed, d.alarm = h, h, kernel{f}, f, timer
	d.adverts, d.samples = f.Adverts(), f.Samples()
	d.failures, d.changes, d.due = h.Failures(), h.Changes(), timer.Due
	teller := notify.New(d.notifyOptions(d.conf))
	watchers := track.NewShared(o.Log)
	d.teller, d.trackers = teller, trackersOf(watchers, o.Log)

	// The helpers outlive the loop: it still needs them to say goodbye.
	helpers, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	d.tracking = helpers
	var wg sync.WaitGroup
	loop, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for name, task := range map[string]func(context.Context) error{
		"host": h.Run, "filter": f.Run, "timer": timer.Run, "notify": teller.Run, "track": watchers.Run,
		"schedule": d.runSchedule, "priority": d.runPriority, "tidy": d.runTidy,
		"api":  func(ctx context.Context) error { return api.Serve(ctx, l, d, o.Log) },
		"http": func(ctx context.Context) error { return site.serve(ctx, pages(d, o.Metrics, o.Log)) },
	} {
		wg.Go(func() {
			if err := task(helpers); err != nil && helpers.Err() == nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	d.runHook(loop, "startup_script", func(g *config.Global) config.Hook { return g.Startup })
	err = d.run(loop)
	close(d.left)
	d.attaching.Wait()
	stop(nil)
	gone := make(chan struct{})
	go func() { d.watching.Wait(); wg.Wait(); close(gone) }()
	d.answerUntil(gone)
	d.runHook(context.WithoutCancel(ctx), "shutdown_script", func(g *config.Global) config.Hook { return g.Shutdown })
	return err
}

// answerUntil lets those who follow the event log see the end of it.
func (d *daemon) answerUntil(gone <-chan struct{}) {
	for {
		select {
		case question := <-d.queries:
			question()
		case d.alive <- struct{}{}:
		case <-gone:
			return
		}
	}
}

func newDaemon(o Options, c *cast, now func() time.Duration) *daemon {
	conf := o.Config
	o.Config = nil // a reload is to leave nothing of it
	return &daemon{
		o: o, log: o.Log, detailed: o.Log.Enabled(context.Background(), slog.LevelDebug), now: now, wait: spin(now),
		queries:     make(chan func()),
		alive:       make(chan struct{}),
		results:     make(chan track.Result),
		troubles:    make(chan notify.Trouble, 64),
		conf:        conf,
		armed:       election.Never,
		deadlines:   newDeadlines(),
		routers:     c.routers,
		groups:      c.groups,
		byID:        make(map[vrrp.ID]*router, len(c.routers)),
		links:       make(map[string]*link),
		tracked:     make(map[string]*tracked),
		tracking:    context.Background(),
		vmacs:       make(map[string]int),
		started0:    time.Now(),
		sightings:   make(sightings),
		attachments: make(chan attachment),
		attachRest:  retryAfter,
		left:        make(chan struct{}),
		reloading:   make(chan struct{}, 1),
		lasting:     byRouter(o.Kept),
		failovers:   make(aways),
		drained:     make(aways),
		awaysEnd:    election.Never,
		wishes:      make(chan sched.Settings, 1),
		stirred:     make(chan struct{}, 1),
		guards:      wantsGuard(c.routers),
		lateness:    newLateness(),
		phases:      phases{links: make(map[string]inBlock)},
		detected:    newDetected(),
		reloads:     api.Reloads{Last: time.Now()},
	}
}

// run is the loop. Everything that changes a router happens here.
func (d *daemon) run(ctx context.Context) error {
	d.begin(ctx)
	for {
		for d.progress() {
		}
		d.arm()
		select {
		case a := <-d.adverts:
			d.heard(a)
		case <-d.due:
			now := d.now()
			d.woke(now)
			d.armed = election.Never
			d.expire(now)
		case <-d.changes:
			d.linksChanged()
		case a := <-d.attachments:
			d.attached(a)
		case f := <-d.failures:
			d.failed(f)
		case s := <-d.samples:
			d.sampled(s)
		case res := <-d.results:
			d.resulted(res)
		case t := <-d.troubles:
			d.troubled(t)
		case question := <-d.questions():
			d.answer(question)
		case d.alive <- struct{}{}:
		case <-d.idle():
			d.sayOn()
		case <-ctx.Done():
			return d.leave(context.Cause(ctx))
		}
	}
}

// begin brings up the links and starts the routers, after vrrp_startup_delay if one is configured.
func (d *daemon) begin(ctx context.Context) {
	if d.conf != nil {
		g := &d.conf.Global
		d.startAt = max(d.now()+g.StartupDelay, g.BootDelay) // instants count from the boot
		d.host.SetPaceGroups(paceGroups(d.conf))
		d.dampers = newDampers(d.conf.LinkDelays, d.linksByName())
	}
	d.event(api.Event{Kind: "daemon", Why: "start", Detail: fmt.Sprintf("xvrrp %s, pid %d", d.o.Version, os.Getpid())})
	d.restoreMaintenance()
	d.enlist()
	for _, r := range d.routers {
		d.admit(r)
	}
	d.watch()
	d.firstLook()
	d.awaitLinks()
	d.awaitVMACs(ctx)
	if err := d.host.Sweep(); err != nil {
		d.log.Warn("addresses left behind by a killed daemon may remain", "err", err)
	}
	if d.now() >= d.startAt {
		d.start()
	}
	d.settle()
	d.wishPriority()
	if d.o.Ready != nil {
		d.o.Ready(d)
	}
}

// spin waits by looking at the clock: sleeping would take longer than the wait.
func spin(now func() time.Duration) func(time.Duration) {
	return func(until time.Duration) {
		for now() < until {
		}
	}
}

// admit keeps a router that is out of service or whose configuration is at fault from running, before its link is
// looked at.
func (d *daemon) admit(r *router) {
	d.takeOut(r)
	if r.conf.Fault == "" {
		return
	}
	d.raise(r, map[string]string{causeConfig: r.conf.Fault})
	if r.bound != nil { // it ran until a reload
		d.unbind(r)
	}
}

// start lets the routers take part that need not wait for a tracker's first result.
func (d *daemon) start() {
	d.started = true
	for _, r := range d.routers {
		if !r.started && !d.awaits(r) {
			d.startRouter(r)
		}
	}
}

// startRouter lets a router take part, by what is known already of what it tracks and was asked for.
func (d *daemon) startRouter(r *router) {
	r.started, r.startedAt = true, d.now()
	if _, aside := d.failovers[r.conf.Name]; aside {
		d.weighFor(r, "failover")
	} else if len(r.tracks()) > 0 {
		d.weigh(r)
	}
	d.step(r, d.now(), election.Start{Phase: d.nextPhase(r.iface)})
}

// leave says goodbye: every master resigns with priority 0 and gives up its addresses.
func (d *daemon) leave(cause error) error {
	d.leaving = true
	for _, r := range d.routers {
		d.step(r, d.now(), election.Stop{})
	}
	d.settle()
	d.sayAll()
	d.event(api.Event{Kind: "daemon", Why: "stop"})
	if errors.Is(cause, context.Canceled) {
		return nil
	}
	return cause
}

// mostBurst is how many adverts find room before they are read, however many routers there are: what a thousand at 100 ms
// send in two tenths of a second.
const mostBurst = 2048

// filterOptions size the filter for the routers that are configured, and leave room for half as many to come. What is left
// free of the tables that the daemon maps counts as its memory.
func filterOptions(routers []*router, log *slog.Logger) loader.Options {
	n := len(routers)
	o := loader.Options{Routers: max(4096, n*3/2), Burst: min(max(1024, n), mostBurst), Guard: wantsGuard(routers), Log: log}
	for _, r := range routers {
		o.Addrs += 2 * len(r.conf.Addresses)
		o.Peers += 2 * len(r.conf.Peers)
	}
	return o
}

// wantsGuard reports whether some router refuses packets to its addresses.
func wantsGuard(routers []*router) bool {
	for _, r := range routers {
		if r.guarded() {
			return true
		}
	}
	return false
}
