package host

import (
	"slices"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// staticID stands for what is static among the routers: it holds from the start to the end. No router has link 0.
var staticID vrrp.ID

// tablesState is what others may know of the routing worker's state.
type tablesState struct {
	missing []string
	routed  map[vrrp.ID]Routed
}

// Routed counts the routes and rules of a router that are in place.
type Routed struct{ Routes, Rules int }

// Keep makes s what stays: what is not in it any more is removed, what is new is added, what somebody deletes is
// put back. What could not be added or put back is in Missing until it can.
func (h *Host) Keep(s Static) {
	b := Binding{ID: staticID, Name: "static", Addrs: slices.Clone(s.Addrs), Routes: s.Routes, Rules: s.Rules}
	h.watchTables(&b)
	h.tables.box.wish(wish{binding: &b, bound: true, held: true})
}

// Missing names the static things that should be there and are not, by the Text of a route or rule and the prefix
// of an address. Changes fires when it changes.
func (h *Host) Missing() []string { return h.tables.public.Load().missing }

// Routed counts the routes and rules of a router that are in place.
func (h *Host) Routed(id vrrp.ID) Routed { return h.tables.public.Load().routed[id] }

// publish shows others what changed.
func (t *tables) publish() {
	if !t.changed {
		return
	}
	t.changed = false
	state := &tablesState{routed: make(map[vrrp.ID]Routed)}
	for _, e := range t.entries {
		if e.state != present {
			continue
		}
		for _, id := range e.users {
			n := state.routed[id]
			if e.item.sign.rule {
				n.Rules++
			} else {
				n.Routes++
			}
			state.routed[id] = n
		}
	}
	before := t.public.Load().missing
	t.missing = t.lacking()
	for _, m := range t.missing {
		state.missing = append(state.missing, m.what)
		if !slices.Contains(before, m.what) {
			t.log.Warn("something static is missing", "what", m.what, "err", m.why)
		}
	}
	if len(t.missing) > 0 {
		t.retryIn(retryMissing)
	}
	t.public.Store(state)
	if !slices.Equal(before, state.missing) {
		t.watch.notify()
	}
}

// lacking is what is static and not there: addresses, then routes and rules.
func (t *tables) lacking() []lack {
	r := t.residents[staticID]
	if r == nil {
		return nil
	}
	var missing []lack
	for _, link := range r.links {
		missing = append(missing, r.lacking[link]...)
	}
	for i := range r.items {
		if e := t.entries[r.items[i].key()]; e != nil && e.state == absent && !e.queued {
			missing = append(missing, lack{e.item.text, e.why})
		}
	}
	return missing
}
