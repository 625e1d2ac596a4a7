package host

import (
	"fmt"
	"maps"
	"slices"
)

// The workers of links: who has one, and what the watcher tells them.

// order puts an order into the box of a link's worker. A link that is gone has nothing that could be released.
func (h *Host) order(link int, o order) error {
	if !o.held && !h.hasWorker(link) {
		return nil
	}
	w, err := h.worker(link)
	if err != nil {
		return err
	}
	w.box.order(o)
	return nil
}

func (h *Host) hasWorker(link int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.workers[link] != nil
}

// worker is the link's worker, a new one if it has none.
func (h *Host) worker(link int) (*worker, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.workers[link]; w != nil {
		return w, nil
	}
	if h.watch.link(link) == nil && !h.vmacs.awaits(link) {
		return nil, fmt.Errorf("link %d is gone", link)
	}
	w := h.newWorker(link)
	h.workers[link] = w
	return w, nil
}

// dismissWorkers ends the giving of orders and returns those who had any.
func (h *Host) dismissWorkers() []*worker {
	h.mu.Lock()
	defer h.mu.Unlock()
	workers := slices.Collect(maps.Values(h.workers))
	clear(h.workers)
	return workers
}

// addressLost passes on that an address was deleted, by whomever.
func (h *Host) addressLost(link int, k addrKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.workers[link]; w != nil {
		w.box.lost(k)
	}
}

// tableLost passes on that a route or rule was deleted, by whomever.
func (h *Host) tableLost(s tableSign) {
	if h.tables.protocols[s.protocol].Load() {
		h.tables.box.lost(s)
	}
}

// linksChanged tells the workers what became of their links: of one that is gone the worker leaves, for its index does
// not come back and its addresses went with it; on one that came up or has another MAC everything is announced.
func (h *Host) linksChanged(before, now *linkTable) {
	h.vmacs.review(now)
	for i := range now.all {
		is := &now.all[i]
		was := before.byIndex[is.Index]
		risen := is.Up && (was == nil || !was.Up)
		if risen {
			h.tables.box.cameUp(is.Index)
		}
		if risen || was != nil && was.MAC != is.MAC {
			h.reviewLink(is.Index)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for link, w := range h.workers {
		if now.byIndex[link] == nil && !h.vmacs.awaits(link) {
			delete(h.workers, link)
			h.paces.forget(link)
			w.box.leave()
		}
	}
}

func (h *Host) reviewLink(link int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.workers[link]; w != nil {
		w.box.review()
	}
}

func (h *Host) eventsLost() {
	h.tally.resynced()
	h.tables.box.audit()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.workers {
		w.box.audit()
	}
}

func (h *Host) sweepLinks() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.workers {
		w.box.sweep()
	}
}
