package election

import (
	"net/netip"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// However many adverts that lose a master hears, it answers once in an interval (goodbyes eight times), announces once in garp_lower_prio_delay (or
// if that is less than a second, twice in one), and its own adverts leave as if it had heard nothing.
func TestAnswersAreBounded(t *testing.T) {
	const flood, each = 10 * time.Second, 100 * time.Microsecond
	tests := map[string]struct {
		c         Config
		priority  uint8
		bursts    int // at most
		ownRhythm bool
	}{
		"version 3":                 {Config{Version: 3, Interval: 100 * time.Millisecond, LowerRepeat: 5, LowerDelay: 5 * time.Second}, 50, 3, true},
		"a second":                  {Config{Version: 3, Interval: time.Second, LowerRepeat: 5, LowerDelay: 5 * time.Second}, 50, 3, true},
		"a short delay":             {Config{Version: 3, Interval: 10 * time.Millisecond, LowerRepeat: 1, LowerDelay: 10 * time.Millisecond}, 50, 21, true},
		"no second burst":           {Config{Version: 3, Interval: 100 * time.Millisecond, LowerRepeat: 1}, 50, 11, true},
		"no announcements":          {Config{Version: 3, Interval: 100 * time.Millisecond}, 50, 0, true},
		"version 2":                 {Config{Version: 2, Interval: time.Second, LowerRepeat: 1, LowerDelay: 5 * time.Second}, 50, 3, true},
		"lower_prio_no_advert":      {Config{Version: 3, Interval: time.Second, LowerRepeat: 1, LowerDelay: 5 * time.Second, LowerNoAdvert: true}, 50, 3, true},
		"the same from below":       {Config{Version: 3, Interval: time.Second, LowerRepeat: 1, LowerDelay: 5 * time.Second}, 100, 3, true},
		"goodbyes of other masters": {Config{Version: 3, Interval: 100 * time.Millisecond}, 0, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.c.Priority, tt.c.Self = 100, netip.MustParseAddr("192.0.2.9")
			r := New(tt.c)
			r.Step(0, Start{})
			began, _ := r.Deadline()
			r.Step(began, Tick{})
			bogus := Heard{Src: netip.MustParseAddr("192.0.2.2"), Advert: vrrp.Advert{Version: tt.c.Version, Priority: tt.priority, Interval: tt.c.Interval}}
			due, answers, bursts, notes, last := began+tt.c.Interval, 0, 0, 0, began
			for now := began; now < began+flood; now += each {
				for at, why := r.Deadline(); at <= now; at, why = r.Deadline() {
					if why == "advert" {
						if tt.ownRhythm && at != due {
							t.Fatalf("an advert at %v, due %v", at, due)
						}
						if at-last > tt.c.Interval {
							t.Fatalf("a gap of %v", at-last)
						}
						due, last = at+tt.c.Interval, at
					}
					for _, e := range r.Step(at, Tick{}) {
						if _, is := e.(Announce); is {
							bursts++
						}
					}
				}
				for _, e := range r.Step(now, bogus) {
					switch e.(type) {
					case Advertise:
						answers, last = answers+1, now
					case Announce:
						bursts++
					case Noted:
						notes++
					}
				}
			}
			intervals := int(flood/tt.c.Interval) + 1
			most := intervals
			if tt.priority == 0 {
				most *= 8
			}
			if answers > most || notes > intervals || bursts > tt.bursts {
				t.Errorf("%d answers, %d notes and %d bursts in %d intervals, want at most %d bursts", answers, notes, bursts, intervals, tt.bursts)
			}
			if wanted := tt.c.Version == 3 && !tt.c.LowerNoAdvert; (answers > 0) != wanted || (bursts > 0) != (tt.bursts > 0) {
				t.Errorf("%d answers and %d bursts", answers, bursts)
			}
		})
	}
}

// The next losing advert after a quiet time is answered like the first, at once.
func TestAnswerAfterQuiet(t *testing.T) {
	r := masterAt(t, time.Hour, time.Second, 0)
	lower := Heard{Src: netip.MustParseAddr("192.0.2.2"), Advert: vrrp.Advert{Version: 3, Priority: 50, Interval: time.Second}}
	for _, at := range []time.Duration{0, time.Second, 2500 * time.Millisecond} {
		effects := r.Step(time.Hour+at, lower)
		if len(effects) == 0 || effects[0] != Effect(Advertise{Priority: 100}) {
			t.Errorf("at %v: %v", at, describe(effects))
		}
	}
}

// Every goodbye is answered, whatever has been answered before: backups wait for no more than their skew (RFC 9568 6.4.3).
func TestGoodbyesAreAnswered(t *testing.T) {
	r := masterAt(t, time.Hour, time.Second, 0)
	for i, heard := range []struct {
		at       time.Duration
		priority uint8
	}{{0, 50}, {100 * time.Millisecond, 0}, {300 * time.Millisecond, 0}, {301 * time.Millisecond, 50}, {500 * time.Millisecond, 0}} {
		effects := r.Step(time.Hour+heard.at, Heard{Src: netip.MustParseAddr("192.0.2.2"),
			Advert: vrrp.Advert{Version: 3, Priority: heard.priority, Interval: time.Second}})
		answered := len(effects) > 0 && effects[0] == Effect(Advertise{Priority: 100})
		if wanted := i != 3; answered != wanted {
			t.Errorf("advert %d: %v", i, describe(effects))
		}
	}
}
