// Package verdict names what can become of a frame. Its table is generated from bpf/verdicts.h, the one list
// that the filter, the codec, the command line and the documentation share. It imports nothing.
package verdict

//go:generate go run generate.go

// Verdict is the fate of one frame, numbered as enum verdict of the filter.
type Verdict uint32

// Action is what a verdict does with the frame.
type Action uint8

// The three actions.
const (
	Pass Action = iota // to the stack, untouched
	Take               // kept by xvrrp: valid and ours
	Drop               // discarded as bogus
)

func (a Action) String() string {
	return [...]string{"pass", "take", "drop"}[a]
}

type row struct {
	symbol  string
	action  Action
	label   string
	meaning string
}

// String is the verdict's label, as metrics and the command line print it.
func (v Verdict) String() string {
	if v >= Count {
		return "unknown"
	}
	return rows[v].label
}

// Symbol is the verdict's name in enum verdict of the filter.
func (v Verdict) Symbol() string { return rows[v].symbol }

// Action is what happens to a frame of this verdict.
func (v Verdict) Action() Action { return rows[v].action }

// Valid reports whether a frame of this verdict was an advert without defect. Such a one is dropped if there were too
// many before it.
func (v Verdict) Valid() bool { return v.Action() == Take || v == Excess }

// Meaning is one sentence for operators.
func (v Verdict) Meaning() string {
	if v >= Count {
		return "verdict of a newer filter"
	}
	return rows[v].meaning
}

// Parse finds a verdict by its label.
func Parse(label string) (Verdict, bool) {
	for v, r := range rows {
		if r.label == label {
			return Verdict(v), true
		}
	}
	return 0, false
}
