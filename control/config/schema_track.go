package config

import "time"

// scriptKeywords are those of vrrp_script.
var scriptKeywords = []row{
	{name: "script", value: "COMMAND", preset: "required", shell: true, set: scriptCommand,
		help: "the command, between double quotes if it has arguments; no shell runs it"},
	{name: "interval", value: "SECONDS", preset: "1", help: "pause between runs; 0.001 and more",
		set: period(func(s scope) *given[time.Duration] { return &s.script.interval })},
	{name: "timeout", value: "SECONDS", preset: "interval", help: "time allowed for a run; then it counts as failed and its processes are killed",
		set: period(func(s scope) *given[time.Duration] { return &s.script.timeout })},
	{name: "weight", value: "-253-253 [reverse]", preset: "0", help: "change of priority; 0: a failure is a fault",
		set: weighs(maxWeight, func(s scope) *given[weight] { return &s.script.weight })},
	{name: "rise", value: "N", preset: "1", help: "successes in a row that count",
		set: count(func(s scope) *given[int] { return &s.script.rise })},
	{name: "fall", value: "N", preset: "1", help: "failures in a row that count",
		set: count(func(s scope) *given[int] { return &s.script.fall })},
	{name: "user", value: "USER [[:] GROUP]", preset: "script_user", help: "who runs it",
		set: func(d *decoder, n *node, in scope) { d.user(n, 1, &in.script.Command.User, &in.script.Command.Group) }},
	{name: "init_fail", help: "failed until it has succeeded; otherwise the first result decides",
		set: func(_ *decoder, _ *node, in scope) { in.script.InitFail = true }},
}

// trackFileKeywords are those of track_file.
var trackFileKeywords = []row{
	{name: "file", value: "FILE", preset: "required", shell: true, help: "file that holds a number; a missing file is 0", set: trackedFile},
	{name: "weight", value: "-254-254 [reverse]", preset: "1",
		help: "factor of the number, and the product a change of priority; 0: a number other than 0 is a fault",
		set:  weighs(maxFactor, func(s scope) *given[weight] { return &s.file.weight })},
	{name: "init_file", value: "[VALUE] [overwrite]", help: "at the start write VALUE, or 0, if the file is missing; overwrite: in any case",
		set: initFile},
}

// trackProcessKeywords are those of vrrp_track_process.
var trackProcessKeywords = []row{
	{name: "process", value: "COMMAND", preset: "required", shell: true, set: trackedProcess,
		help: "name of a process, of which 15 bytes count, or a command with its parameters"},
	{name: "param_match", value: "[initial|partial]", preset: "all are equal; without parameters only the name counts", set: paramMatch,
		help: "how parameters are compared: the first ones are equal, or the last one begins like that; alone: there are none"},
	{name: "weight", value: "-254-254 [reverse]", preset: "0", help: "change of priority; 0: too few or too many processes are a fault",
		set: weighs(maxFactor, func(s scope) *given[weight] { return &s.process.weight })},
	{name: "quorum", value: "N", preset: "1", help: "least number of processes; 1 to 65535",
		set: whole(1, 65535, func(s scope) *given[int] { return &s.process.quorum })},
	{name: "quorum_max", value: "N", preset: "no limit", help: "greatest number of processes; 0 to 65535",
		set: whole(0, 65535, func(s scope) *given[int] { return &s.process.most })},
	{name: "delay", value: "SECONDS", preset: "0", help: "pause before a change counts; 0.000001 to 3600",
		set: seconds(time.Microsecond, time.Hour, func(s scope) *given[time.Duration] { return &s.process.delay })},
	{name: "fork_delay", value: "SECONDS", preset: "delay", help: "pause before a start counts",
		set: seconds(time.Microsecond, time.Hour, func(s scope) *given[time.Duration] { return &s.process.fork })},
	{name: "terminate_delay", value: "SECONDS", preset: "delay", help: "pause before an end counts",
		set: seconds(time.Microsecond, time.Hour, func(s scope) *given[time.Duration] { return &s.process.terminate })},
	{name: "full_command", help: "compare the whole command line", set: func(_ *decoder, _ *node, in scope) { in.process.FullCommand = true }},
}

// whyBFD is why a session's events need no destination.
const whyBFD = "a session is there for the routers that track it"

// bfdKeywords are those of bfd_instance.
var bfdKeywords = []row{
	{name: "neighbor_ip", value: "ADDRESS", preset: "required", help: "the other end of the session", set: neighbor},
	{name: "neighbour_ip", value: "ADDRESS", help: "the same", set: neighbor},
	{name: "source_ip", value: "ADDRESS", preset: "the kernel's choice", help: "this end of the session", set: bfdSource},
	{name: "min_rx", value: "MILLISECONDS", preset: "10", help: "least pause between packets we ask for",
		set: milliseconds(func(s scope) *given[time.Duration] { return &s.bfd.minRx })},
	{name: "min_tx", value: "MILLISECONDS", preset: "10", help: "least pause between packets we send",
		set: milliseconds(func(s scope) *given[time.Duration] { return &s.bfd.minTx })},
	{name: "idle_tx", value: "MILLISECONDS", preset: "1000", help: "pause between packets while the session is down",
		set: milliseconds(func(s scope) *given[time.Duration] { return &s.bfd.idleTx })},
	{name: "multiplier", value: "1-255", preset: "5", help: "packets that may be missing",
		set: whole(1, 255, func(s scope) *given[int] { return &s.bfd.multiplier })},
	{name: "passive", help: "wait for the other end to begin", set: func(_ *decoder, _ *node, in scope) { in.bfd.Passive = true }},
	{name: "ttl", value: "1-255", preset: "255", help: "TTL of packets sent over IPv4",
		set: whole(1, 255, func(s scope) *given[uint8] { return &s.bfd.ttl })},
	{name: "hoplimit", value: "1-255", preset: "64", help: "hop limit of packets sent over IPv6",
		set: whole(1, 255, func(s scope) *given[uint8] { return &s.bfd.hopLimit })},
	{name: "max_hops", value: "-1-255", preset: "0", help: "hops a packet may have made; -1 or 255: any number",
		set: whole(-1, 255, func(s scope) *given[int] { return &s.bfd.maxHops })},
	{name: "multihop", help: "port 4784 instead of 3784 (RFC 5883)", set: func(_ *decoder, _ *node, in scope) { in.bfd.Multihop = true }},
	{name: "weight", value: "-253-253 [reverse]", preset: "0", help: "change of priority; 0: a session that is down is a fault",
		set: weighs(maxWeight, func(s scope) *given[weight] { return &s.bfd.weight })},
	{name: "vrrp", status: harmless, why: whyBFD, help: "tell the VRRP daemon of the session"},
	{name: "checker", status: harmless, why: whyBFD, help: "tell the checker daemon of the session"},
}

// trackForm is a line of such a list.
const trackForm = "NAME [weight N [reverse|noreverse]]"

// trackKeywords are the lists of trackers in vrrp_instance and vrrp_sync_group.
var trackKeywords = []row{
	{name: "track_interface", body: entries, line: "INTERFACE [weight N [reverse]]", set: tracks(TrackInterface),
		help: "fault, or with a weight a change of priority, when a link is down: a positive weight is added while it is up, a negative one while it is down, reverse turns the sign"},
	{name: "track_script", body: entries, line: trackForm, set: tracks(TrackScript), help: "the same by a vrrp_script, whose own weight holds if none is given here"},
	{name: "track_file", body: entries, line: trackForm, set: tracks(TrackFile), help: "fault or change of priority by the number in a track_file"},
	{name: "track_process", body: entries, line: trackForm, set: tracks(TrackProcess), help: "the same by a vrrp_track_process"},
	{name: "track_bfd", body: entries, line: trackForm, set: tracks(TrackBFD), help: "the same by a bfd_instance"},
	{name: "track_check", body: entries, line: trackForm, own: true, set: tracks(TrackCheck), help: "the same by a vrrp_check"},
}
