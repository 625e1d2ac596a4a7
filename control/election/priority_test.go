package election

import (
	"math"
	"slices"
	"testing"
)

// TestWeigh goes through what keepalived.conf(5) says of weights (track_interface, track_script, track_file and
// their like), and that a base of 255 keeps its priority.
func TestWeigh(t *testing.T) {
	up := func(weight int) Tracked { return Tracked{Cause: "up", Weight: weight, Up: true} }
	down := func(weight int) Tracked { return Tracked{Cause: "down", Weight: weight} }
	file := func(value, weight int) Tracked {
		return Tracked{Cause: "file", Weight: weight, File: true, Value: value}
	}
	reverse := func(t Tracked) Tracked {
		t.Reverse = true
		return t
	}
	for _, c := range []struct {
		name     string
		base     uint8
		tracked  []Tracked
		priority uint8
		faults   []string
	}{
		{"nothing tracked", 100, nil, 100, nil},

		{"no weight, up", 100, []Tracked{up(0)}, 100, nil},
		{"no weight, down: a fault", 100, []Tracked{down(0)}, 100, []string{"down"}},
		{"no weight, reverse, up: a fault", 100, []Tracked{reverse(up(0))}, 100, []string{"up"}},
		{"no weight, reverse, down", 100, []Tracked{reverse(down(0))}, 100, nil},

		{"above 0, up: added", 100, []Tracked{up(20)}, 120, nil},
		{"above 0, down", 100, []Tracked{down(20)}, 100, nil},
		{"below 0, up", 100, []Tracked{up(-20)}, 100, nil},
		{"below 0, down: subtracted", 100, []Tracked{down(-20)}, 80, nil},
		{"above 0, reverse, up: subtracted", 100, []Tracked{reverse(up(20))}, 80, nil},
		{"above 0, reverse, down", 100, []Tracked{reverse(down(20))}, 100, nil},
		{"below 0, reverse, up", 100, []Tracked{reverse(up(-20))}, 100, nil},
		{"below 0, reverse, down: added", 100, []Tracked{reverse(down(-20))}, 120, nil},

		{"a file's number", 100, []Tracked{file(7, 1)}, 107, nil},
		{"a file's negative number", 100, []Tracked{file(-7, 1)}, 93, nil},
		{"a file's number times its weight", 100, []Tracked{file(-7, 3)}, 79, nil},
		{"a file's number times a negative weight", 100, []Tracked{file(-7, -3)}, 121, nil},
		{"a file reversed", 100, []Tracked{reverse(file(-7, 3))}, 121, nil},
		{"a file worth -253", 254, []Tracked{file(-253, 1)}, 1, nil},
		{"a file worth -254: a fault", 254, []Tracked{file(-254, 1)}, 254, []string{"file"}},
		{"a file reversed to -254: a fault", 100, []Tracked{reverse(file(127, 2))}, 100, []string{"file"}},
		{"a file worth 254 adds 253", 100, []Tracked{file(254, 1), down(-253)}, 100, nil},
		{"a huge number", 100, []Tracked{file(math.MaxInt, 254)}, 254, nil},
		{"a huge negative number: a fault", 100, []Tracked{file(math.MinInt, 254)}, 100, []string{"file"}},
		{"a huge negative number with a negative weight", 100, []Tracked{file(math.MinInt, -254)}, 254, nil},
		{"a file without weight, 0", 100, []Tracked{file(0, 0)}, 100, nil},
		{"a file without weight, any other number: a fault", 100, []Tracked{file(1, 0)}, 100, []string{"file"}},
		{"a file without weight, reverse, 0: a fault", 100, []Tracked{reverse(file(0, 0))}, 100, []string{"file"}},
		{"a file without weight, reverse, any other number", 100, []Tracked{reverse(file(-1, 0))}, 100, nil},

		{"weights add up before the limits", 200, []Tracked{up(100), down(-80), up(20)}, 240, nil},
		{"no more than 254", 200, []Tracked{up(100)}, 254, nil},
		{"no less than 1", 50, []Tracked{down(-100)}, 1, nil},
		{"several faults, in order", 100, []Tracked{down(0), up(10), reverse(up(0))}, 110, []string{"down", "up"}},

		{"255: no weight counts", 255, []Tracked{down(-100), up(20), file(-7, 1)}, 255, nil},
		{"255: faults do", 255, []Tracked{down(0), file(-254, 1), file(3, 0)}, 255, []string{"down", "file", "file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			priority, faults := Weigh(c.base, c.tracked)
			if priority != c.priority || !slices.Equal(faults, c.faults) {
				t.Errorf("priority %d and faults %q, want %d and %q", priority, faults, c.priority, c.faults)
			}
		})
	}
}
