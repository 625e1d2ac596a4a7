package main

import (
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/api"
)

func TestTimingLine(t *testing.T) {
	tests := map[string]struct {
		t    api.Timing
		want string
	}{
		"all in one class": {api.Timing{Expiries: 10, WorstLateness: 42e-6, Lateness: []api.LatenessClass{{UpTo: 50e-6, Adverts: 10}, {UpTo: 100e-6}, {}}},
			"half of 10 left within 50µs of when they were due, 99% within 50µs, 99.9% within 50µs, the latest 42µs late"},
		"a tail without a bound": {api.Timing{Expiries: 1000, WorstLateness: 1.5, Lateness: []api.LatenessClass{{UpTo: 50e-6, Adverts: 989}, {UpTo: 0.001, Adverts: 9}, {Adverts: 2}}},
			"half of 1000 left within 50µs of when they were due, 99% within 1ms, 99.9% within 1.5s, the latest 1.5s late"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := timingLine(tt.t); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			var b strings.Builder
			if err := printTiming(&b, api.Snapshot{Timing: tt.t}); err != nil || !strings.Contains(b.String(), tt.want) {
				t.Errorf("printed %q, %v", b.String(), err)
			}
		})
	}
}
