package compat

import (
	"fmt"
	"os"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

// trackings let a track something. As long as it is well a is master; then its priority falls below b's, or it is in
// fault.
var trackings = []scenario{
	tracking("script weight", script("weight -60"), "track_script { chk }", byScript),
	tracking("script fault", script("weight 0"), "track_script { chk }", byScript, goodbyes),
	tracking("script rise and fall", script("weight -60", "rise 2", "fall 2"), "track_script { chk }", byScript),
	tracking("file weight", trackFile("weight 1"), "track_file { level }", byFile("-60")),
	tracking("file fault", trackFile("weight 0"), "track_file { level }", byFile("1"), goodbyes),
	tracking("interface weight", nothing, "track_interface { "+bed.Card(1)+" weight -60 }", byCard),
	tracking("interface fault", nothing, "track_interface { "+bed.Card(1)+" }", byCard, goodbyes),
}

// trouble begins and ends what is tracked, timed from what tells when it is noticed.
type trouble struct{ begin, end func(st *stage) time.Duration }

// tracking is a scenario in which a tracks something with the blocks and the line given, and what it tracks goes bad
// and recovers. Weights show with the next advert, so instants differ by up to an interval.
func tracking(name string, blocks func(st *stage) string, line string, t trouble, differs ...difference) scenario {
	return scenario{
		name:      name,
		segments:  []string{lan, wan},
		tolerance: beat + tolerance,
		conf: func(st *stage, router string) string {
			if router == "b" {
				return file(instance(0, priorityOf(router)))
			}
			return file(blocks(st), instance(0, priorityOf(router), line))
		},
		play: func(st *stage) {
			st.step("the lower one starts", st.starts("b"), st.master(lan, "b"))
			st.step("the better one starts", st.starts("a"), st.master(lan, "a"))
			st.step("trouble begins", func() time.Duration { return t.begin(st) }, st.master(lan, "b"))
			st.step("trouble ends", func() time.Duration { return t.end(st) }, st.master(lan, "a"))
		},
		differs: differs,
	}
}

// goodbyes is how a fault of a master looks.
var goodbyes = difference{step: "trouble begins", what: "lan a resigns", section: oneGoodbye}

func nothing(*stage) string { return "" }

// flag is the file that troubles a, and beacon the one that a's script touches whenever it runs.
func (st *stage) flag() string   { return st.routers["a"].Path("flag") }
func (st *stage) beacon() string { return st.routers["a"].Path("beacon") }

// script is one that fails while the flag is there.
func script(lines ...string) func(st *stage) string {
	return func(st *stage) string {
		path := st.routers["a"].File("check", fmt.Sprintf("#!/bin/sh\necho >>%s\ntest ! -e %s\n", st.beacon(), st.flag()))
		if err := os.Chmod(path, 0o755); err != nil {
			st.t.Fatal(err)
		}
		return block("vrrp_script chk", append([]string{"script " + path, "interval 1"}, lines...)...)
	}
}

// afterRun waits until a's script has run once more, and does something.
func (st *stage) afterRun(act func() error) time.Duration {
	st.t.Helper()
	size := func() int64 {
		info, err := os.Stat(st.beacon())
		if err != nil {
			return 0
		}
		return info.Size()
	}
	before := size()
	bed.Until(st.t, "a run of the script", bed.Patience, func() bool { return size() > before })
	time.Sleep(beat / 4) // it looks at the flag after it has touched the beacon
	if err := act(); err != nil {
		st.t.Fatal(err)
	}
	return lab.Now()
}

var byScript = trouble{
	begin: func(st *stage) time.Duration {
		return st.afterRun(func() error { return os.WriteFile(st.flag(), nil, 0o644) })
	},
	end: func(st *stage) time.Duration { return st.afterRun(func() error { return os.Remove(st.flag()) }) },
}

// trackFile tracks what the flag says.
func trackFile(lines ...string) func(st *stage) string {
	return func(st *stage) string {
		return block("track_file level", append([]string{"file " + st.flag()}, lines...)...)
	}
}

// byFile writes the flag, and removes it.
func byFile(text string) trouble {
	return trouble{
		begin: func(st *stage) time.Duration {
			return st.after("a", func() error { return os.WriteFile(st.flag(), []byte(text), 0o644) })
		},
		end: func(st *stage) time.Duration { return st.after("b", func() error { return os.Remove(st.flag()) }) },
	}
}

// byCard takes a's second card down and up.
var byCard = trouble{
	begin: func(st *stage) time.Duration { return st.after("a", st.link("a", 1, false)) },
	end:   func(st *stage) time.Duration { return st.after("b", st.link("a", 1, true)) },
}

// link takes the nth card of a router up or down.
func (st *stage) link(router string, n int, up bool) func() error {
	return func() error { return st.routers[router].SetLink(bed.Card(n), up) }
}
