// Trackers: what can be tracked, and the lines of routers and groups that track it.

package config

import (
	"net/netip"
	"path"
	"strings"
	"time"
)

// The greatest weights: of what is up or down, and of what counts or is counted.
const (
	maxWeight = 253
	maxFactor = 254
)

// weight is what a tracker does to a priority.
type weight struct {
	n       int
	reverse bool
}

// trackLine is one line of a track_ block.
type trackLine struct {
	at      mark
	kind    TrackKind
	name    string
	weight  given[int]
	reverse given[bool]
}

// scriptDraft is a vrrp_script as given.
type scriptDraft struct {
	Script
	at                mark
	interval, timeout given[time.Duration]
	rise, fall        given[int]
	weight            given[weight]
}

func enterScript(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if ok {
		in.script = &scriptDraft{at: at, Script: Script{Name: n.words[1].s}}
		d.scripts = append(d.scripts, in.script)
	}
	return in, ok
}

func scriptCommand(d *decoder, n *node, in scope) { d.onlyCommand(n, &in.script.Command) }

// fileDraft is a track_file as given.
type fileDraft struct {
	File
	at     mark
	weight given[weight]
}

func enterFile(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if ok {
		in.file = &fileDraft{at: at, File: File{Name: n.words[1].s, Pos: n.mark(0).pos()}}
		d.files = append(d.files, in.file)
	}
	return in, ok
}

func trackedFile(d *decoder, n *node, in scope) {
	words, _ := shellWords(n.text.rest(int(n.words[0].to)).s)
	name := words[0]
	if !path.IsAbs(name) {
		d.report(Warning, n.mark(1), "write the whole path", "%s wants an absolute path, not %q; line ignored", n.keyword(), name)
		return
	}
	in.file.Path = name
}

// initFile reads "[VALUE] [overwrite]".
func initFile(d *decoder, n *node, in scope) {
	in.file.Init = true
	for i := 1; i < len(n.words); i++ {
		word := n.words[i].s
		if word == "overwrite" {
			in.file.Overwrite = true
			continue
		}
		v, fault := integer(word, -1<<31, 1<<31-1)
		if fault != "" {
			d.report(Warning, n.mark(i), "write a number, overwrite, or both", "init_file %s; ignored", fault)
			continue
		}
		in.file.InitValue = int(v)
	}
}

// processDraft is a vrrp_track_process as given.
type processDraft struct {
	Process
	at              mark
	match           given[ParamMatch]
	quorum, most    given[int]
	delay           given[time.Duration] // fork and terminate where they are not given
	fork, terminate given[time.Duration]
	weight          given[weight]
}

func enterProcess(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if ok {
		in.process = &processDraft{at: at, Process: Process{Name: n.words[1].s, Pos: n.mark(0).pos()}}
		d.processes = append(d.processes, in.process)
	}
	return in, ok
}

// trackedProcess reads a command and its parameters: here each word is one of them, quoted or not.
func trackedProcess(_ *decoder, n *node, in scope) {
	in.process.Argv, _ = shellWords(n.text.rest(int(n.words[0].to)).s)
}

func paramMatch(d *decoder, n *node, in scope) {
	match := MatchExact
	if len(n.words) > 1 {
		switch word := n.words[1].s; word {
		case "initial":
			match = MatchInitial
		case "partial":
			match = MatchPartial
		default:
			d.report(Warning, n.mark(1), "", "param_match takes initial or partial, not %q; line ignored", word)
			return
		}
	}
	put(d, n, 0, &in.process.match, match)
}

// bfdDraft is a bfd_instance as given.
type bfdDraft struct {
	BFD
	at                   mark
	source               given[netip.Addr]
	minRx, minTx, idleTx given[time.Duration]
	multiplier, maxHops  given[int]
	ttl, hopLimit        given[uint8]
	weight               given[weight]
}

// bfdNameBytes is the longest name of a bfd_instance keepalived takes.
const bfdNameBytes = 31

func enterBFD(d *decoder, n *node, in scope) (scope, bool) {
	at, ok := d.unique(n)
	if !ok {
		return in, false
	}
	if name := n.words[1].s; len(name) > bfdNameBytes {
		d.report(Warning, at, "shorten it if keepalived is to read this file, too", "keepalived takes names of a bfd_instance up to %d bytes", bfdNameBytes)
	}
	in.bfd = &bfdDraft{at: at, BFD: BFD{Name: n.words[1].s, Pos: n.mark(0).pos()}}
	d.bfds = append(d.bfds, in.bfd)
	return in, true
}

func neighbor(d *decoder, n *node, in scope) {
	if a, ok := d.addr(n, 1, "line ignored"); ok {
		in.bfd.Neighbor = a
	}
}

func bfdSource(d *decoder, n *node, in scope) {
	if a, ok := d.addr(n, 1, "line ignored"); ok {
		in.bfd.source = given[netip.Addr]{a, true, n.mark(1)}
	}
}

// milliseconds is a keyword before a time in milliseconds of microsecond resolution.
func milliseconds(f field[time.Duration]) setter {
	return func(d *decoder, n *node, in scope) {
		v, _, ok := parseSeconds(n.words[1].s)
		if v /= 1000; !ok || v < time.Microsecond || v > 10*time.Second {
			d.report(Warning, n.mark(1), "", "%s wants milliseconds, 0.001 to 10000, not %q; line ignored", n.keyword(), n.words[1].s)
			return
		}
		put(d, n, 1, f(in), v.Round(time.Microsecond))
	}
}

// weighs is a keyword before "N [reverse]".
func weighs(most int, f field[weight]) setter {
	return func(d *decoder, n *node, in scope) {
		w := weight{reverse: len(n.words) > 2 && n.words[2].s == "reverse"}
		v, ok := d.weight(n, 1, most, "line ignored")
		if w.n = v; !ok {
			return
		}
		if len(n.words) > 2 && !w.reverse {
			d.report(Warning, n.mark(2), "", "a weight takes reverse, not %q; ignored", n.words[2].s)
		}
		put(d, n, 1, f(in), w)
	}
}

// weight reads the weight at word i; one beyond the limit by one is taken as the limit, as in keepalived.
func (d *decoder) weight(n *node, i, most int, consequence string) (int, bool) {
	v, fault := integer(n.words[i].s, -maxFactor, maxFactor)
	switch {
	case fault != "":
		d.report(Warning, n.mark(i), "", "weight %s; %s", fault, consequence)
		return 0, false
	case abs(int(v)) > most:
		limit := max(min(int(v), most), -most)
		d.report(Warning, n.mark(i), "", "weight %d is taken as %d", v, limit)
		return limit, true
	}
	return int(v), true
}

// tracks reads the lines of a track_ block: "NAME [weight N [reverse|noreverse]]".
func tracks(kind TrackKind) setter {
	return func(d *decoder, n *node, in scope) {
		for _, line := range n.body {
			if len(line.words) == 0 || line.block {
				d.report(Warning, line.mark(0), "write one name a line", "%s takes no block; skipped", n.keyword())
				continue
			}
			if t, ok := d.trackLine(kind, line); ok {
				in.party.tracks = append(in.party.tracks, t)
			}
		}
	}
}

func (d *decoder) trackLine(kind TrackKind, n *node) (trackLine, bool) {
	t := trackLine{at: n.mark(0), kind: kind, name: n.words[0].s}
	if kind == TrackInterface && !validLink(t.name) {
		d.report(Warning, n.mark(0), "see ip link", "%q is no name of a link; line ignored", t.name)
		return t, false
	}
	switch {
	case len(n.words) == 1:
		return t, true
	case n.words[1].s != "weight":
		d.report(Warning, n.mark(1), "write one name a line, with weight N behind it", "a tracker takes weight, not %q; line ignored", n.words[1].s)
		return t, false
	case len(n.words) == 2:
		d.report(Warning, n.mark(1), "write weight N", "weight has no value; line ignored")
		return t, false
	}
	most := maxWeight
	if kind == TrackFile || kind == TrackProcess {
		most = maxFactor
	}
	if v, ok := d.weight(n, 2, most, "the tracker's own weight is used"); ok {
		t.weight = given[int]{v, true, n.mark(2)}
	}
	if len(n.words) > 3 {
		switch word := n.words[3].s; word {
		case "reverse", "noreverse":
			t.reverse = given[bool]{word == "reverse", true, n.mark(3)}
		default:
			d.report(Warning, n.mark(3), "write reverse or noreverse", "a weight takes reverse or noreverse, not %q; ignored", word)
		}
	}
	return t, true
}

// validLink says whether a word can be the name of a link to the kernel.
func validLink(name string) bool {
	return name != "" && len(name) < 16 && name != "." && name != ".." && !strings.ContainsAny(name, "/: \t\n\v\f\r")
}
