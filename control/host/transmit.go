package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// priorityControl is TC_PRIO_CONTROL: adverts pass what else waits for the card.
const priorityControl = 7

// transmitter sends adverts. It belongs to the loop and never waits.
type transmitter struct {
	watch    *watcher
	failures *failures
	socket   *packetSocket
	routed4  *routedSocket
	routed6  *routedSocket
	wall     func() time.Time

	senders map[vrrp.ID]*sender
	queue   []*sender // of the next flush, each once
	frames  []*advert // in the batch of socket
}

// openTransmitter takes its sockets in the calling thread's network namespace.
func openTransmitter(w *watcher, f *failures) (t *transmitter, err error) {
	t = &transmitter{watch: w, failures: f, wall: time.Now, senders: make(map[vrrp.ID]*sender)}
	if t.socket, err = openPacketSocket(priorityControl); err != nil {
		return nil, err
	}
	if t.routed4, err = openRouted4(); err == nil {
		t.routed6, err = openRouted6()
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *transmitter) close() {
	t.socket.close()
	t.routed4.close()
	t.routed6.close()
}

// bind builds the router's adverts anew.
func (t *transmitter) bind(b *Binding) {
	t.flush() // what is queued was meant to leave as it was
	t.senders[b.ID] = newSender(b, t.senders[b.ID])
}

func (t *transmitter) unbind(id vrrp.ID) {
	t.flush()
	delete(t.senders, id)
}

// queueAdverts puts all adverts of the router into the next flush.
func (t *transmitter) queueAdverts(id vrrp.ID, priority uint8) {
	s := t.senders[id]
	if s == nil {
		return
	}
	if s.queued {
		t.flush() // a second advert of one turn must not overwrite the first
	}
	s.queued, s.priority = true, priority
	t.queue = append(t.queue, s)
}

// flush sends what is queued. Packets are completed before the first one is handed over: they lie all over the memory,
// and a processor fetches several at once if nothing comes between.
func (t *transmitter) flush() {
	links := t.watch.table.Load()
	ready := t.queue[:0]
	for _, s := range t.queue {
		s.queued = false
		if link := links.byIndex[s.id.Link]; link != nil {
			s.complete(link.MAC, t.wall)
			ready = append(ready, s)
		} else {
			t.report(s, fmt.Sprintf("link %d is gone", s.id.Link))
		}
	}
	for _, s := range ready {
		t.handOver(s)
	}
	t.sendFrames()
	t.routed4.send()
	t.routed6.send()
	for _, s := range ready {
		t.report(s, s.refusals())
	}
	clear(t.queue)
	t.queue = t.queue[:0]
}

// handOver gives a sender's packets to the sockets that send them.
func (t *transmitter) handOver(s *sender) {
	for i := range s.forms {
		for j := range s.forms[i].adverts {
			a := &s.forms[i].adverts[j]
			switch {
			case a.framed():
				t.addFrame(a)
			case s.id.V6:
				t.routed6.add(a)
			default:
				t.routed4.add(a)
			}
		}
	}
}

func (t *transmitter) addFrame(a *advert) {
	if t.socket.full() {
		t.sendFrames()
	}
	t.socket.add(a.sender.id.Link, a.buf)
	t.frames = append(t.frames, a)
}

func (t *transmitter) sendFrames() {
	t.socket.send(func(i int, err error) { t.frames[i].err = err })
	clear(t.frames)
	t.frames = t.frames[:0]
}

// refusals names each destination that the last adverts could not be sent to, and why; empty if there is none.
func (s *sender) refusals() string {
	var refusals []string
	for _, f := range s.forms {
		for i := range f.adverts {
			a := &f.adverts[i]
			if a.err == nil {
				continue
			}
			if text := fmt.Sprintf("to %v: %v", a.dst, a.err); !slices.Contains(refusals, text) {
				refusals = append(refusals, text)
			}
		}
	}
	if refusals == nil {
		return ""
	}
	return fmt.Sprintf("send from %v %s", s.source, strings.Join(refusals, "; "))
}

// report reports what keeps a router's adverts from being sent, when that changes.
func (t *transmitter) report(s *sender, trouble string) {
	if trouble != "" && trouble != s.trouble {
		t.failures.report(s.id, opAdvertise, errors.New(trouble))
	}
	s.trouble = trouble
}
