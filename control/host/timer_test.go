package host_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/election"
	"github.com/xvrrp/xvrrp/control/host"
)

func runTimer(t testing.TB) *host.Timer {
	t.Helper()
	timer, err := host.NewTimer()
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- timer.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
		timer.Set(host.Now()) // an ended timer ignores it
	})
	return timer
}

func awaitDue(t testing.TB, timer *host.Timer) time.Duration {
	t.Helper()
	select {
	case at := <-timer.Due:
		return at
	case <-time.After(patience):
		t.Fatal("the alarm never went off")
		return 0
	}
}

func TestTimer(t *testing.T) {
	tests := map[string]struct{ sets []time.Duration }{
		"a future instant":         {[]time.Duration{30 * time.Millisecond}},
		"a past instant":           {[]time.Duration{-time.Second}},
		"the first instant":        {[]time.Duration{-host.Now()}},
		"before the first instant": {[]time.Duration{-host.Now() - time.Hour}},
		"moved nearer":             {[]time.Duration{time.Hour, 20 * time.Millisecond}},
		"armed again after Never":  {[]time.Duration{election.Never, 20 * time.Millisecond}},
		"moved away from the past": {[]time.Duration{time.Hour, -time.Second}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			timer := runTimer(t)
			var at time.Duration
			for _, in := range tt.sets {
				if at = in; in != election.Never {
					at += host.Now()
				}
				timer.Set(at)
			}
			if due := awaitDue(t, timer); due < at {
				t.Errorf("went off at %v, %v early", due, at-due)
			}
		})
	}
}

func TestTimerNever(t *testing.T) {
	timer := runTimer(t)
	timer.Set(host.Now() + 20*time.Millisecond)
	timer.Set(election.Never)
	select {
	case at := <-timer.Due:
		t.Errorf("a disarmed alarm went off at %v", at)
	case <-time.After(60 * time.Millisecond):
	}
}

// The lateness is only shown: how late a shared machine may be is no property of the code. Earliness is.
func TestTimerNeverEarly(t *testing.T) {
	timer := runTimer(t)
	late := make([]time.Duration, 200)
	for i := range late {
		at := host.Now() + time.Millisecond
		timer.Set(at)
		awaitDue(t, timer)
		if late[i] = host.Now() - at; late[i] < 0 {
			t.Fatalf("alarm %d was %v early", i, -late[i])
		}
	}
	slices.Sort(late)
	t.Logf("late by %v at the median, %v at the 99th percentile, %v at most", late[100], late[198], late[199])
}

func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		host.Now()
	}
}

func BenchmarkTimerSet(b *testing.B) {
	timer := runTimer(b)
	for b.Loop() {
		timer.Set(host.Now() + time.Hour)
	}
}
