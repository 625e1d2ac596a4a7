package api

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	mostHung  = 4               // pictures that somebody still looks at
	hungLeast = 2 * time.Second // before a picture gives way to newer ones
)

// gallery shows pictures of the daemon to many at once. Who comes while one is being drawn shares the next with all
// others who do: it is begun after they came. However many there are and however slow they look, one picture is drawn
// at a time and no more than mostHung are kept.
type gallery struct {
	draw func(ctx context.Context) ([]byte, error)

	mu      sync.Mutex
	next    *picture // that those who come wait for; nil: nobody waits
	drawing bool
	hung    []*picture     // drawn, with viewers, oldest first
	painter sync.WaitGroup // of one, while there is something to draw
	freed   chan struct{}  // closed and replaced when a picture is taken down
}

// picture is one that is waited for or looked at.
type picture struct {
	drawn   chan struct{} // closed when body and err are there
	body    []byte
	err     error
	at      time.Time       // when it was drawn
	viewers int             // belongs to the gallery's lock
	shown   context.Context // ends when the picture is taken from those who still look at it
	take    context.CancelFunc
}

// visit returns a picture that is begun after the call. The viewer leaves when it is done with it.
func (g *gallery) visit(ctx context.Context) (p *picture, leave func(), err error) {
	p = g.queue()
	leave = func() { g.leave(p) }
	select {
	case <-p.drawn:
		if p.err == nil {
			return p, leave, nil
		}
		err = p.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	leave()
	return nil, nil, err
}

// queue joins those who wait for the next picture, and sees to it that it gets drawn.
func (g *gallery) queue() *picture {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &picture{drawn: make(chan struct{})}
		g.next.shown, g.next.take = context.WithCancel(context.Background())
	}
	g.next.viewers++
	if !g.drawing {
		g.drawing = true
		g.painter.Go(g.paint)
	}
	return g.next
}

// leave takes a viewer's leave of a picture; with the last one it is taken down.
func (g *gallery) leave(p *picture) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.viewers--; p.viewers > 0 {
		return
	}
	p.take()
	if p == g.next {
		g.next = nil
	}
	if i := slices.Index(g.hung, p); i >= 0 {
		g.hung = slices.Delete(g.hung, i, i+1)
		if g.freed != nil {
			close(g.freed)
			g.freed = nil
		}
	}
}

// paint draws picture after picture for as long as somebody waits for one.
func (g *gallery) paint() {
	for g.awaited() {
		g.makeRoom()
		if p := g.begin(); p != nil {
			body, err := g.draw(p.shown)
			g.hang(p, body, err)
		}
	}
}

// awaited reports whether somebody waits for a picture; if not, the painter ends.
func (g *gallery) awaited() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drawing = g.next != nil
	return g.drawing
}

// makeRoom waits until there is room for a picture. The oldest has to go if it has been there long enough.
func (g *gallery) makeRoom() {
	for {
		oldest, freed := g.full()
		if oldest == nil {
			return
		}
		rest := time.NewTimer(time.Until(oldest.at.Add(hungLeast)))
		select {
		case <-freed:
		case <-rest.C:
			oldest.take()
			<-freed
		}
		rest.Stop()
	}
}

// full returns the oldest picture if there is no room for another, and what is closed when there is.
func (g *gallery) full() (oldest *picture, freed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.hung) < mostHung {
		return nil, nil
	}
	if g.freed == nil {
		g.freed = make(chan struct{})
	}
	return g.hung[0], g.freed
}

// begin is the picture to be drawn now, nil if nobody waits for one any more.
func (g *gallery) begin() *picture {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.next
	g.next = nil
	return p
}

// hang shows a picture to those who waited, unless all of them have left.
func (g *gallery) hang(p *picture, body []byte, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.body, p.err, p.at = body, err, time.Now()
	if p.viewers > 0 {
		g.hung = append(g.hung, p)
	}
	close(p.drawn)
}

// close waits until nothing is being drawn any more. Nobody visits then.
func (g *gallery) close() { g.painter.Wait() }
