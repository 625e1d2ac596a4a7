package test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"testing"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// hooks are the entry points of the filter that a single frame can be tried on.
var hooks = []loader.Mode{loader.XDP, loader.TC}

// TestFramesCodec holds the codec against every row of the frame set.
func TestFramesCodec(t *testing.T) {
	set := readFrameSet(t)
	for _, name := range set.names() {
		t.Run(name, func(t *testing.T) {
			h := set.host(t, name)
			table := h.table()
			for _, r := range set.rows(name) {
				f, _, v := vrrp.Judge(set.frame(t, r), loopback, table)
				r.check(t, "codec", v)
				if got := label(v); got != r.Reason && word(v) == r.Verdict {
					complain := t.Errorf
					if set.dir != ourSet {
						complain = t.Logf // where several defects meet, the reason depends on the order of checks
					}
					complain("%s (%s): reason %s, want %s: %s", r.ID, r.Note, got, r.Reason,
						vrrp.Explain(f, v, &h.routers[0]))
				}
			}
		})
	}
}

// TestFramesFilter holds the filter against every row, on both hooks, and against the codec.
func TestFramesFilter(t *testing.T) {
	filter := openFilter(t)
	set := readFrameSet(t)
	for _, name := range set.names() {
		t.Run(name, func(t *testing.T) {
			h := set.host(t, name)
			table := h.table()
			h.install(t, filter)
			for _, r := range set.rows(name) {
				frame := set.frame(t, r)
				_, _, want := vrrp.Judge(frame, loopback, table)
				for _, hook := range hooks {
					got := try(t, filter, frame, hook)
					r.check(t, string(hook), got)
					if got != want {
						t.Errorf("%s (%s): %s says %v, codec says %v", r.ID, r.Note, hook, got, want)
					}
				}
			}
		})
	}
}

// check reports a verdict that no conforming receiver gives.
func (r row) check(t *testing.T, by string, v verdict.Verdict) {
	t.Helper()
	if word(v) != r.Verdict && !slices.Contains(r.Allowed, word(v)) {
		t.Errorf("%s (%s): %s says %s, %v; want %s or one of %v", r.ID, r.Note, by, word(v), v, r.Verdict, r.Allowed)
	}
}

// word is a verdict's action in the words of the frame set.
func word(v verdict.Verdict) string {
	if v.Action() == verdict.Take {
		return "accept"
	}
	return v.Action().String()
}

// label is a verdict's reason in the words of the frame set.
func label(v verdict.Verdict) string {
	if v == verdict.Delivered {
		return "ok"
	}
	return v.String()
}

// openFilter loads the filter for trials and keeps its rings empty.
func openFilter(t testing.TB) *loader.Loader {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to load the filter")
	}
	l, err := loader.Open(loader.Options{Trace: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	go discard(ctx, l.Adverts())
	go discard(ctx, l.Samples())
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("read the rings: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("close the filter: %v", err)
		}
	})
	return l
}

func discard[T any](ctx context.Context, from <-chan T) {
	for {
		select {
		case <-from:
		case <-ctx.Done():
			return
		}
	}
}

// install configures the filter for the host until the test ends.
func (h host) install(t testing.TB, l *loader.Loader) {
	t.Helper()
	for _, s := range h.segments {
		if err := l.SetSegment(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range h.routers {
		if err := l.SetRouter(r); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, r := range h.routers {
			if err := l.RemoveRouter(r.ID); err != nil {
				t.Error(err)
			}
		}
		for _, s := range h.segments {
			if err := l.RemoveSegment(s.Link, s.VLAN); err != nil {
				t.Error(err)
			}
		}
	})
}

// try is the filter's verdict on a frame. Whether a valid advert is news is not the codec's to say.
func try(t testing.TB, l *loader.Loader, frame []byte, hook loader.Mode) verdict.Verdict {
	t.Helper()
	v, err := l.Try(frame, hook)
	if err != nil {
		t.Fatalf("%s: try %x: %v", hook, frame, err)
	}
	return sentence(v)
}

// sentence leaves out of a verdict what the past has to do with it.
func sentence(v verdict.Verdict) verdict.Verdict {
	if v.Valid() {
		return verdict.Delivered
	}
	return v
}
