package control

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// router is one vrrp_instance: its configuration, its election and what the loop remembers between steps.
type router struct {
	conf    *config.Router
	core    *election.Router
	group   *group // nil: in none
	log     *slog.Logger
	bound   *binding // nil while its link is not there
	started bool
	retired bool   // by a reload: it is about to end
	iface   string // the link it is on; empty while it is not known
	vmac    string // name of its macvlan; empty: none
	tells   announcements

	guards  []guardedAddr // addresses to which packets are refused
	last    loader.Advert // the advert being stepped, which Follow refers to
	heap    int           // index in deadlines; -1: not there
	silent  bool          // its deadline has come and is doubted
	retryAt time.Duration // when a failed effect is tried again
	stats   api.Stats

	verifier *vrrp.Verifier             // of signatures; nil: adverts carry none
	refused  map[verdict.Verdict]uint64 // adverts by what the verifier found

	weighed uint8             // the priority in force, as last told
	notes   map[string]string // standing warnings by topic
	causes  map[string]string // standing faults of the link, by topic
}

func newRouter(c *config.Router, tells announcements, log *slog.Logger) *router {
	r := &router{conf: c, iface: c.Interface, tells: tells, log: log.With("link", c.Interface, "vrid", int(c.VRID)),
		core: election.New(electionConfig(c)), heap: -1, retryAt: election.Never,
		verifier: newVerifier(c.HMAC, len(c.Peers), nil), notes: make(map[string]string), causes: make(map[string]string)}
	r.weighed = r.core.State().Priority
	return r
}

// guarded reports whether packets to the router's addresses are refused while it is master.
func (r *router) guarded() bool { return !r.conf.Accept && r.conf.Priority != 255 }

func (r *router) isMaster() bool { return r.core.State().Role == election.Master }

// deferred is an effect that waits until the adverts of this turn have left: adverts go before address work.
type deferred struct {
	r *router
	g *group // instead of r, where the effect is a group's
	e election.Effect
}

// step tells a router what happened and queues what it wants done.
func (d *daemon) step(r *router, now time.Duration, in election.Input) {
	if r.group != nil {
		d.stepGroup(r.group, r, now, in)
		return
	}
	for _, e := range r.core.Step(now, in) {
		d.take(r, e)
	}
	d.reschedule(r)
}

// take sends an advert at once and keeps every other effect until this turn's adverts have left.
func (d *daemon) take(r *router, e election.Effect) {
	if a, ok := e.(election.Advertise); ok {
		d.advertise(r, a.Priority)
		return
	}
	d.later = append(d.later, deferred{r: r, e: e})
}

func (d *daemon) advertise(r *router, priority uint8) {
	if r.bound == nil {
		return // its link is gone: nobody would hear it
	}
	d.hands.Advertise(r.bound.id, priority)
	r.stats.Sent++
	if priority == 0 {
		r.stats.ZeroSent++
		r.log.Info(fmt.Sprintf("(%s) sent 0 priority", r.conf.Name))
	}
}

// settle sends the adverts of this turn, then carries out everything else in order.
func (d *daemon) settle() {
	d.hands.Flush()
	for i := 0; i < len(d.later); i++ {
		d.carryOut(d.later[i])
	}
	clear(d.later)
	d.later = d.later[:0]
}

func (d *daemon) carryOut(w deferred) {
	switch e := w.e.(type) {
	case election.Changed:
		if w.g != nil {
			d.groupChanged(w.g, e)
			return
		}
		d.changed(w.r, e)
	case election.Noted:
		d.noted(w.r, string(e.Why), e.Detail)
		if e.Why == election.LowerIgnored && w.r.isMaster() {
			d.tell(&w.r.tells, notify.MasterRxLower, w.r.core.State().Priority, e.Detail)
		}
	default:
		if w.r.bound != nil {
			d.touch(w.r, e)
		}
	}
}

// touch carries out the effects that need the link.
func (d *daemon) touch(r *router, e election.Effect) {
	id := r.bound.id
	if d.detailed {
		d.phraseEffect(r, e)
	}
	switch e := e.(type) {
	case election.Acquire:
		d.guard(r)
		d.hands.Acquire(id)
	case election.Release:
		d.hands.Release(id)
		d.guard(r)
	case election.Announce:
		d.hands.Announce(id, e.Repeat)
	case election.Follow:
		var a *loader.Advert
		if e.Master.IsValid() {
			a = &r.last
		}
		if err := d.filter.Follow(id, a); err != nil {
			r.log.Warn("every advert of the master will wake us", "err", err)
		}
	}
}

// guardedAddr is an address on a link to which packets are refused.
type guardedAddr struct {
	link int
	addr netip.Addr
}

// guard makes the filter refuse packets to the addresses of a master with no_accept, and to no others of the router.
func (d *daemon) guard(r *router) {
	var wanted []guardedAddr
	if r.guarded() && r.isMaster() {
		for _, a := range r.bound.host.Addrs {
			wanted = append(wanted, guardedAddr{a.Link, a.Prefix.Addr()})
		}
	}
	for _, g := range r.guards {
		if !slices.Contains(wanted, g) {
			d.setGuard(r, g, false)
		}
	}
	for _, g := range wanted {
		if !slices.Contains(r.guards, g) {
			d.setGuard(r, g, true)
		}
	}
	r.guards = wanted
}

func (d *daemon) setGuard(r *router, g guardedAddr, on bool) {
	if err := d.filter.SetGuard(g.link, g.addr, on); err != nil {
		r.log.Warn("no_accept is not enforced as configured", "address", g.addr, "on", on, "err", err)
	}
}

// changed reports a change of role. The words in parentheses are keepalived's, which log alarms look for.
func (d *daemon) changed(r *router, c election.Changed) {
	switch {
	case c.To == election.Master:
		r.stats.BecameMaster++
	case c.From == election.Master:
		r.stats.LeftMaster++
	}
	r.phraseChange(c)
	args := []any{"from", c.From.String(), "why", string(c.Why)}
	if c.Detail != "" {
		args = append(args, "detail", c.Detail)
	}
	level := slog.LevelInfo
	if c.To == election.Fault {
		level = slog.LevelWarn
	}
	r.log.Log(context.Background(), level, r.phraseRole(c), args...)
	d.event(api.Event{Kind: "transition", Router: r.conf.Name, From: c.From.String(), To: c.To.String(),
		Why: string(c.Why), Detail: c.Detail})
	state := stateOf(c.To)
	if r.retired {
		state = r.tells.deleted
	}
	d.tell(&r.tells, state, r.core.State().Priority, c.Detail)
}

// noted reports something that changes no role; the same words about the same topic are told once.
func (d *daemon) noted(r *router, topic, detail string) {
	if r.notes[topic] == detail {
		return
	}
	r.notes[topic] = detail
	message := detail
	if topic == string(election.LowerIgnored) {
		message = r.phraseLower()
	}
	r.log.Warn("("+r.conf.Name+") "+message, "why", topic)
	d.event(api.Event{Kind: "note", Router: r.conf.Name, Why: topic, Detail: detail})
}

// heard hands a valid advert to its router's election.
func (d *daemon) heard(a loader.Advert) {
	r := d.byID[a.ID]
	if r == nil {
		return // unbound while the advert was on its way
	}
	adv, v := vrrp.Parse(a.Message, a.Src, a.Dst)
	if v != verdict.Delivered {
		// The filter and the codec disagree, which their tests rule out: refuse, and say so.
		d.noted(r, "codec", fmt.Sprintf("advert from %v was delivered but reads as %v", a.Src, v))
		return
	}
	if !d.verified(r, a) {
		return
	}
	role := r.core.State().Role
	if adv.Priority == 0 {
		r.stats.ZeroReceived++
		if role == election.Backup {
			r.log.Info(fmt.Sprintf("(%s) Backup received priority 0 advertisement", r.conf.Name), "source", a.Src)
		}
	}
	d.compare(r, a, adv)
	if role == election.Backup {
		d.refresh(r) // what the master repeated before this advert counts before it
	}
	r.last = a
	d.step(r, a.At, election.Heard{Advert: adv, Src: a.Src})
	d.settle() // Follow refers to this advert
}

// failed turns an effect that could not be carried out into a fault of that router alone, to be tried again.
func (d *daemon) failed(f host.Failure) {
	r := d.byID[f.ID]
	if r == nil {
		return
	}
	if f.Op != "acquire" {
		d.noted(r, f.Op, fmt.Sprintf("%s: %v", f.Op, f.Err))
		return
	}
	d.step(r, d.now(), election.Failed{Cause: causeAcquire + ": " + f.Err.Error()})
	r.retryAt = d.now() + retryAfter
	d.reschedule(r)
}
