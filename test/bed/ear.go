package bed

import (
	"fmt"
	"testing"

	"github.com/xvrrp/xvrrp/control/lab"
)

// Ear hears the adverts of a card, or on a bridge those of a whole segment.
type Ear struct {
	Capture *lab.Capture

	t      testing.TB
	frames int // of the capture that were read
	heard  []Advert
}

// Listen puts an ear on a device until the test ends.
func Listen(t testing.TB, h *lab.Host, device string) *Ear {
	t.Helper()
	c, err := h.Capture(device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the capture: %v", err)
		}
	})
	return &Ear{t: t, Capture: c}
}

// All are the adverts so far, oldest first.
func (e *Ear) All() []Advert {
	frames := e.Capture.Frames()
	for _, f := range frames[e.frames:] {
		if a, ok := ReadAdvert(f); ok {
			e.heard = append(e.heard, a)
		}
	}
	e.frames = len(frames)
	return e.heard
}

// Mark is the end of what was heard so far, for Since.
func (e *Ear) Mark() int { return len(e.All()) }

// Since are the adverts after a mark.
func (e *Ear) Since(mark int) []Advert { return e.All()[mark:] }

// From are those adverts after a mark that left a machine's first card.
func (e *Ear) From(mark int, m *Machine) (found []Advert) {
	for _, a := range e.Since(mark) {
		if a.MAC == m.MAC {
			found = append(found, a)
		}
	}
	return found
}

// Await waits for n adverts of a machine after a mark and returns them all.
func (e *Ear) Await(mark, n int, m *Machine) []Advert {
	e.t.Helper()
	Until(e.t, fmt.Sprintf("%d adverts of %s", n, m.Name), Patience, func() bool { return len(e.From(mark, m)) >= n })
	return e.From(mark, m)
}

// Takeover waits until one machine speaks instead of another, and returns the last advert of the one and the first
// of the other. Strangers are not listened to.
func (e *Ear) Takeover(mark int, from, to *Machine) (last, first Advert) {
	e.t.Helper()
	first = e.Await(mark, 1, to)[0]
	for _, a := range e.From(0, from) {
		if a.At < first.At {
			last = a
		}
	}
	if last.At == 0 {
		e.t.Fatalf("%s spoke without %s having spoken before", to.Name, from.Name)
	}
	return last, first
}
