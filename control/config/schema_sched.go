// How the process is scheduled.

package config

import (
	"math"
	"time"
)

// maxProcessor is the highest number of a processor that can be chosen.
const maxProcessor = 1023

// Scheduling is how the kernel is to run the daemon.
type Scheduling struct {
	RealTime int           // vrrp_rt_priority; 0: ordinary, by Nice
	Nice     int           // vrrp_priority; also where real-time priority is refused
	Limit    time.Duration // vrrp_rlimit_rttime: of real-time work without a pause
	CPUs     []int         // vrrp_cpu_affinity; empty: all the daemon was started with
}

// DefaultScheduling is above all ordinary processes, and below the kernel's own threads and those for which an operator
// chose a priority. Work takes milliseconds, with thousands of routers a few hundred at worst.
var DefaultScheduling = Scheduling{RealTime: 10, Nice: -20, Limit: time.Second}

// whyPunctual says why a priority does not rise.
const whyPunctual = "real-time priority holds from the start, and the kernel dates adverts: a process that is late takes no master for gone"

// schedulingKeywords are about priority, memory and processors of the process.
var schedulingKeywords = []row{
	{name: "vrrp_rt_priority", value: "1-99", preset: "10; none if vrrp_priority is given",
		help: "real-time priority of the process (SCHED_RR); where it is refused, vrrp_priority holds",
		set:  whole(1, 99, func(s scope) *given[int] { return &s.globals.realTime })},
	{name: "vrrp_priority", value: "-20-19", preset: "-20", help: "niceness of the process; without vrrp_rt_priority it takes the place of real-time priority",
		set: whole(-20, 19, func(s scope) *given[int] { return &s.globals.nice })},
	{name: "vrrp_rlimit_rttime", value: "MICROSECONDS", preset: "1000000",
		help: "real-time work without a pause after which the process is ordinary for ten seconds: a defect must not take the machine with it",
		set:  whole(1, math.MaxInt32, func(s scope) *given[int] { return &s.globals.realTimeLimit })},
	{name: "vrrp_rlimit_rtime", value: "MICROSECONDS", now: "vrrp_rlimit_rttime",
		set: whole(1, math.MaxInt32, func(s scope) *given[int] { return &s.globals.realTimeLimit })},
	{name: "vrrp_cpu_affinity", value: "CPU ...", preset: "all the process was started with", help: "numbers of the processors it runs on", set: processors},
	{name: "vrrp_no_swap", status: harmless, why: "memory is locked wherever that is allowed", help: "keep the process in memory"},
	{name: "max_auto_priority", value: "[-1-99]", status: harmless, why: whyPunctual, help: "real-time priority that rises when timers are late"},
	{name: "min_auto_priority_delay", value: "MICROSECONDS", status: harmless, why: whyPunctual, help: "lateness that makes it rise"},
}

func processors(d *decoder, n *node, in scope) {
	var numbers []int
	for i, w := range n.words[1:] {
		v, fault := integer(w.s, 0, maxProcessor)
		if fault != "" {
			d.report(Warning, n.mark(i+1), "", "vrrp_cpu_affinity %s; line ignored", fault)
			return
		}
		numbers = append(numbers, int(v))
	}
	in.globals.Scheduling.CPUs = numbers
}

// scheduling is that of global_defs with its defaults.
func (c *checker) scheduling() Scheduling {
	all := &c.globals
	s := DefaultScheduling
	s.CPUs = all.Scheduling.CPUs
	if all.nice.ok {
		s.RealTime = 0
	}
	s.RealTime = all.realTime.or(s.RealTime)
	s.Nice = all.nice.or(s.Nice)
	if all.realTimeLimit.ok {
		s.Limit = time.Duration(all.realTimeLimit.v) * time.Microsecond
	}
	return s
}
