package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
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

	queue    []*Sender            // of the next flush, each once
	frames   []parcel             // in the batch of socket
	refused  map[*Sender][]string // what could not be sent in this flush, and why
	troubles map[*Sender]string   // what was reported last and still holds
}

// parcel is an advert on its way.
type parcel struct {
	sender *Sender
	advert *advert
}

// openTransmitter takes its sockets in the calling thread's network namespace.
func openTransmitter(w *watcher, f *failures) (t *transmitter, err error) {
	t = &transmitter{watch: w, failures: f, wall: time.Now, refused: make(map[*Sender][]string), troubles: make(map[*Sender]string)}
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

// forget ends a sender. What is queued was meant to leave as it was.
func (t *transmitter) forget(s *Sender) {
	t.flush()
	delete(t.troubles, s)
}

// queueAdverts puts all adverts of a router into the next flush.
func (t *transmitter) queueAdverts(s *Sender, priority uint8) {
	if s.queued {
		t.flush() // a second advert of one turn must not overwrite the first
	}
	s.queued, s.wanted = true, priority
	t.queue = append(t.queue, s)
}

// flush sends what is queued. Packets are completed before the first one is handed over: they lie all over the memory,
// and a processor fetches several at once if nothing comes between.
func (t *transmitter) flush() {
	if len(t.queue) == 0 {
		return
	}
	links := t.watch.table.Load()
	ready := t.queue[:0]
	for _, s := range t.queue {
		s.queued = false
		if link := links.byIndex[int(s.link)]; link != nil {
			s.complete(link.MAC, t.wall)
			ready = append(ready, s)
		} else {
			t.report(s, fmt.Sprintf("link %d is gone", s.link))
		}
	}
	for _, s := range ready {
		t.handOver(s)
	}
	t.sendFrames()
	t.routed4.send(t.refuse)
	t.routed6.send(t.refuse)
	if len(t.refused)+len(t.troubles) > 0 {
		t.reportAll(ready)
	}
	clear(t.queue)
	t.queue = t.queue[:0]
}

// handOver gives a sender's packets to the sockets that send them.
func (t *transmitter) handOver(s *Sender) {
	for i := range s.adverts {
		p := parcel{s, &s.adverts[i]}
		switch {
		case s.framed:
			t.addFrame(p)
		case s.v6:
			t.routed6.add(p)
		default:
			t.routed4.add(p)
		}
	}
}

func (t *transmitter) addFrame(p parcel) {
	if t.socket.full() {
		t.sendFrames()
	}
	t.socket.add(int(p.sender.link), p.advert.packet)
	t.frames = append(t.frames, p)
}

func (t *transmitter) sendFrames() {
	t.socket.send(func(i int, err error) { t.refuse(t.frames[i], err) })
	clear(t.frames)
	t.frames = t.frames[:0]
}

// refuse notes that an advert could not be sent.
func (t *transmitter) refuse(p parcel, err error) {
	text := fmt.Sprintf("to %v: %v", p.advert.dst(p.sender.v6), err)
	if !slices.Contains(t.refused[p.sender], text) {
		t.refused[p.sender] = append(t.refused[p.sender], text)
	}
}

// reportAll reports each destination that adverts could not be sent to, and forgets it.
func (t *transmitter) reportAll(sent []*Sender) {
	for _, s := range sent {
		trouble := ""
		if refused := t.refused[s]; refused != nil {
			trouble = fmt.Sprintf("send from %v %s", s.binding.Source, strings.Join(refused, "; "))
		}
		t.report(s, trouble)
	}
	clear(t.refused)
}

// report reports what keeps a router's adverts from being sent, when that changes.
func (t *transmitter) report(s *Sender, trouble string) {
	switch {
	case trouble == t.troubles[s]:
	case trouble == "":
		delete(t.troubles, s)
	default:
		t.failures.report(s.ID(), opAdvertise, errors.New(trouble))
		t.troubles[s] = trouble
	}
}
