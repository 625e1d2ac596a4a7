package track

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
)

// ParamMatch says how the parameters of a process are compared.
type ParamMatch uint8

// The ways.
const (
	MatchName    ParamMatch = iota // not at all
	MatchExact                     // they are equal
	MatchInitial                   // the first ones are equal, of the last one as far as it is given
	MatchPartial                   // the first ones are equal
)

// pattern is what a process must look like to count.
type pattern struct {
	argv  []string
	match ParamMatch
	full  bool // argv[0] is the whole first argument, not the process's name
}

// needsArguments reports whether the arguments of a process have to be read. They are in its own memory, which may be
// swapped out; its name is in the kernel's.
func (p pattern) needsArguments() bool { return p.full || p.match != MatchName }

// matches compares a process with a pattern.
func (p pattern) matches(name string, args []string) bool {
	if !p.needsArguments() {
		return name == p.argv[0]
	}
	if len(args) == 0 || args[0] != p.argv[0] {
		return false
	}
	has, want := args[1:], p.argv[1:]
	switch p.match {
	case MatchExact:
		return slices.Equal(has, want)
	case MatchPartial:
		return len(has) >= len(want) && slices.Equal(has[:len(want)], want)
	case MatchInitial:
		last := len(want) - 1
		return last < 0 || len(has) > last && slices.Equal(has[:last], want[:last]) && strings.HasPrefix(has[last], want[last])
	}
	return true
}

// pids lists the processes there are.
func pids() iter.Seq[int] {
	return func(yield func(int) bool) {
		proc, err := os.Open("/proc")
		if err != nil {
			return
		}
		defer proc.Close()
		names, _ := proc.Readdirnames(-1) // what could be read counts
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil && !yield(pid) {
				return
			}
		}
	}
}

// details are what /proc says about a process, each read at most once.
type details struct {
	pid      int
	asked    bool
	name     string // empty: it has ended
	askedAll bool
	args     []string
}

// match reports whether the process runs and looks like the pattern.
func (d *details) match(p pattern) bool {
	if !d.asked {
		d.asked, d.name = true, processName(d.pid)
	}
	if d.name == "" {
		return false
	}
	if p.needsArguments() && !d.askedAll {
		d.askedAll, d.args = true, processArguments(d.pid)
	}
	return p.matches(d.name, d.args)
}

// processName is the name of a process that has not ended; otherwise it is empty (proc(5), stat).
func processName(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	begin, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if begin < 0 || end < begin || len(stat) < end+3 || stat[end+2] == 'Z' || stat[end+2] == 'X' {
		return ""
	}
	return string(stat[begin+1 : end])
}

func processArguments(pid int) []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(line) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
}
