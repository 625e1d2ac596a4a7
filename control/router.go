package control

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/histogram"
	"github.com/xvrrp/xvrrp/control/host"
	"github.com/xvrrp/xvrrp/control/notify"
	"github.com/xvrrp/xvrrp/control/story"
	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// router is one vrrp_instance: its configuration, its election and what the loop remembers between steps. What a master's
// advert needs comes first: of thousands of routers none is in the processor's cache when its turn comes.
type router struct {
	core    *election.Router
	group   *group        // nil: in none
	bound   *binding      // nil while its link is not there
	sender  *host.Sender  // likewise
	retryAt time.Duration // when a failed effect is tried again
	ticket  ticket        // in deadlines; 0: it waits for none
	started bool
	retired bool // by a reload: it is about to end
	silent  bool // its deadline has come and is doubted
	stats   tallies

	conf  *config.Router
	stamp stamp  // nil while its link is not there
	iface string // the link it is on; empty while it is not known
	vmac  string // name of its macvlan; empty: none
	tells *announcements

	guards []guardedAddr // addresses to which packets are refused
	last   *story.Advert // the one last heard; nil: none
	flight *flight       // what else was recorded of it; nil while that is nothing

	senders   []sender // of valid adverts, the newest few
	startedAt time.Duration

	follows  bool  // the filter is to follow that sender
	refollow bool  // and has not been told
	weighed  uint8 // the priority in force, as last told

	margins  margins
	arrivals *histogram.Histogram // of its link; nil while that is not there

	verifier *vrrp.Verifier             // of signatures; nil: adverts carry none
	refused  map[verdict.Verdict]uint64 // adverts by what the verifier found

	rounds    uint64        // of announcements
	announced time.Duration // when the last began

	notes  map[string]string   // standing warnings by topic; see put
	said   map[string][]saying // the notes of the last minute, by topic
	causes map[string]string   // standing faults of the link, likewise

	changes changes
	counted time.Duration // instant at which the filter began to count for it
}

// tallies are what the loop counts of a router.
type tallies struct{ sent, becameMaster, leftMaster, zeroReceived, zeroSent, rescued uint64 }

func (t *tallies) snapshot() api.Stats {
	return api.Stats{Sent: t.sent, BecameMaster: t.becameMaster, LeftMaster: t.leftMaster, ZeroReceived: t.zeroReceived,
		ZeroSent: t.zeroSent, Rescued: t.rescued}
}

func newRouter(c *config.Router, tells *announcements) *router {
	r := &router{conf: c, iface: c.Interface, tells: tells,
		core: election.New(electionConfig(c)), retryAt: election.Never,
		verifier: newVerifier(c.HMAC, len(c.Peers), nil)}
	r.weighed = r.core.State().Priority
	return r
}

// logOf is for lines about a router. It is made for each line: thousands of routers have hardly one.
func (d *daemon) logOf(r *router) *slog.Logger {
	c := r.conf
	return d.log.With("link", r.iface, "vlan", c.VLAN.String(), "vrid", int(c.VRID), "af", vrrp.ID{V6: c.V6}.Family())
}

// guarded reports whether packets to the router's addresses are refused while it is master.
func (r *router) guarded() bool { return !r.conf.Accept && r.conf.Priority != 255 }

func (r *router) isMaster() bool { return r.core.Role() == election.Master }

// standing is what there is to tell of a router now.
func (r *router) standing() standing {
	st := r.core.State()
	as := standing{at: time.Now(), priority: st.Priority, role: st.Role, retired: r.retired}
	if r.last != nil {
		as.heard, as.theirs = r.last.Src, r.last.Message[2] // it is as long as an advert
	}
	return as
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

// take queues an advert for the next flush, and every other effect until the adverts of this turn have left.
func (d *daemon) take(r *router, e election.Effect) {
	switch e := e.(type) {
	case election.Advertise:
		d.advertise(r, e.Priority)
	case election.Changed:
		r.book(&e.Was)
		r.count(e)
		as := r.standing()
		t := d.freeze(r, e, as.at)
		d.later(func() { d.changed(r, e, as, t) })
	case election.Noted:
		as := r.standing()
		d.later(func() { d.remarked(r, e, as) })
	case election.Follow:
		r.follows, r.refollow = e.Master.IsValid(), true
		d.works.push(work{r, e})
	default:
		d.works.push(work{r, e})
	}
}

func (d *daemon) advertise(r *router, priority uint8) {
	if r.sender == nil {
		return // its link is gone: nobody would hear it
	}
	d.hands.Advertise(r.sender, priority)
	d.queued++
	r.stats.sent++
	if priority == 0 {
		r.stats.zeroSent++
		d.later(func() { d.logOf(r).Info(fmt.Sprintf("(%s) sent 0 priority", r.conf.Name)) })
	}
}

func (r *router) count(c election.Changed) {
	r.changes.count(c)
	switch {
	case c.To == election.Master:
		r.stats.becameMaster++
	case c.From == election.Master:
		r.stats.leftMaster++
	}
}

// touch carries out the effects that need the link.
func (d *daemon) touch(r *router, e election.Effect) {
	if r.bound == nil {
		return
	}
	if d.detailed {
		d.phraseEffect(r, e)
	}
	id := r.bound.id()
	switch e := e.(type) {
	case election.Acquire:
		d.guard(r)
		d.hands.Acquire(id)
	case election.Release:
		d.hands.Release(id)
		d.guard(r)
	case election.Announce:
		d.hands.Announce(id, e.Repeat)
		r.rounds++
		r.announced = d.now()
	case election.Follow:
		d.follow(r)
	}
}

// follow has the filter follow whom the router follows by now, unless it does: nobody, or the sender of the advert that
// is being heard.
func (d *daemon) follow(r *router) {
	if !r.refollow || r.bound == nil {
		return
	}
	r.refollow = false
	var a *loader.Advert
	if r.follows {
		a = &d.hearing
	}
	if err := d.filter.Follow(r.bound.id(), a); err != nil {
		d.logOf(r).Warn("every advert of the master will wake us", "err", err)
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
		d.logOf(r).Warn("no_accept is not enforced as configured", "address", g.addr, "on", on, "err", err)
	}
}

// changed reports a change of role. The words in parentheses are keepalived's, which log alarms look for.
func (d *daemon) changed(r *router, c election.Changed, as standing, t *tale) {
	d.phraseChange(r, c, as)
	args := []any{"from", c.From.String(), "why", string(c.Why)}
	if c.Detail != "" {
		args = append(args, "detail", c.Detail)
	}
	level := slog.LevelInfo
	if c.To == election.Fault {
		level = slog.LevelWarn
	}
	e := api.Event{Time: as.at, Kind: "transition", Router: r.conf.Name, From: c.From.String(), To: c.To.String(),
		Why: string(c.Why), Detail: c.Detail}
	d.logOf(r).Log(about(e), level, r.phraseRole(c), args...)
	d.event(e)
	d.complete(r, t)
	state := stateOf(c.To)
	if as.retired {
		state = r.tells.deleted
	}
	d.tell(r, state, as.priority, c.Detail)
}

// remarked reports what the election found worth telling.
func (d *daemon) remarked(r *router, n election.Noted, as standing) {
	message := n.Detail
	if n.Why == election.LowerIgnored {
		message = as.phraseLower()
	}
	d.note(r, string(n.Why), n.Detail, message)
	if n.Why == election.LowerIgnored && as.role == election.Master {
		d.tell(r, notify.MasterRxLower, as.priority, n.Detail)
	}
}

// noted reports something that changes no role.
func (d *daemon) noted(r *router, topic, detail string) { d.note(r, topic, detail, detail) }

// note logs a message unless it stands, or was said shortly before: two peers may take it in turns to deserve one.
func (d *daemon) note(r *router, topic, detail, message string) {
	if r.notes[topic] == detail {
		return
	}
	put(&r.notes, topic, detail)
	if !r.mayNote(topic, detail, d.now()) {
		return
	}
	e := api.Event{Kind: "note", Router: r.conf.Name, Why: topic, Detail: detail}
	d.logOf(r).WarnContext(about(e), "("+r.conf.Name+") "+message, "why", topic)
	d.event(e)
}

// mostNoted is how many different notes of one topic a router says in the time of logAgain: what forged adverts say
// must not fill the disk.
const mostNoted = 8

// saying is a note that was said.
type saying struct {
	detail string
	at     time.Duration
}

// mayNote reports whether a note is news, and takes it as said.
func (r *router) mayNote(topic, detail string, now time.Duration) bool {
	recent := slices.DeleteFunc(r.said[topic], func(s saying) bool { return now-s.at >= logAgain })
	news := len(recent) < mostNoted && !slices.ContainsFunc(recent, func(s saying) bool { return s.detail == detail })
	if news {
		recent = append(recent, saying{detail, now})
	}
	put(&r.said, topic, recent)
	return news
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
	role := r.core.Role()
	if adv.Priority == 0 {
		r.stats.zeroReceived++
		if role == election.Backup {
			d.later(func() {
				d.logOf(r).Info(fmt.Sprintf("(%s) Backup received priority 0 advertisement", r.conf.Name), "source", a.Src)
			})
		}
	}
	d.compare(r, a, adv)
	if role == election.Backup {
		d.refresh(r) // what the master repeated before this advert counts before it
	}
	last := recorded(&a)
	r.meet(last, &adv)
	d.recordAdvert(r, last)
	d.hearing, r.last = a, last
	was := r.core.State()
	d.step(r, a.At, election.Heard{Advert: adv, Src: a.Src})
	r.handedOver(a, was)
	d.flush()
	d.follow(r)
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
