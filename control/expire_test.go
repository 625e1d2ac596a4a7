package control

import (
	"context"
	"log/slog"
	"testing"

	"github.com/xvrrp/xvrrp/control/host"
)

// stuck is a filter whose reader hangs: it never hands over what the kernel has.
type stuck struct{ *fakeFilter }

func (stuck) Drained() bool { return false }

// tally counts the warnings.
type tally struct {
	slog.Handler
	warnings *int
}

func (h tally) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (h tally) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h tally) Handle(context.Context, slog.Record) error    { *h.warnings++; return nil }

// Routers that are silent together wait for a reader that hangs once, not each.
func TestPatienceIsShared(t *testing.T) {
	const n = 50
	b := openBench(t, []host.Link{eth0(7)}, many(n))
	warnings := 0
	b.daemon.filter, b.daemon.log = stuck{b.filter}, slog.New(tally{slog.DiscardHandler, &warnings})
	b.clock = b.nextDeadline() + lead
	b.expire(b.clock)
	for i := range n {
		if b.role(i) != "master" {
			t.Fatalf("router %d is %s", i, b.role(i))
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings, want one of a single wait", warnings)
	}
}
