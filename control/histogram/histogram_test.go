package histogram

import (
	"testing"
	"time"
)

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		name string
		took time.Duration
		want [3]uint64
	}{
		{"before it was due", -time.Second, [3]uint64{1, 0, 0}},
		{"nothing", 0, [3]uint64{1, 0, 0}},
		{"as long as the bound", time.Millisecond, [3]uint64{1, 0, 0}},
		{"longer than the bound", time.Millisecond + 1, [3]uint64{0, 1, 0}},
		{"longer than all", time.Hour, [3]uint64{0, 0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := New(time.Millisecond, time.Second)
			before := h.Clone()
			h.Add(c.took)
			var got [3]uint64
			i := 0
			for bound, n := range h.Each {
				if want := [3]time.Duration{time.Millisecond, time.Second}[i]; bound != want {
					t.Errorf("class %d is up to %v, want %v", i, bound, want)
				}
				got[i] = n
				i++
			}
			if got != c.want || h.Count() != 1 || h.Sum() != max(c.took, 0) {
				t.Errorf("got %v, %d, %v, want %v", got, h.Count(), h.Sum(), c.want)
			}
			if before.Count() != 0 {
				t.Error("the copy has changed")
			}
		})
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	h := New(time.Millisecond, time.Second)
	if n := testing.AllocsPerRun(100, func() { h.Add(time.Minute) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
