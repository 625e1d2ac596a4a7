package doctor

import (
	"fmt"
	"io/fs"
	"strings"
)

const (
	inKernel     = "kernel"
	inPrivileges = "privileges"
	inClock      = "clock"
)

// Numbers of capabilities (linux/capability.h).
const (
	capNetAdmin = 12
	capNetRaw   = 13
	capSysAdmin = 21
	capSysNice  = 23
	capPerfmon  = 38
	capBPF      = 39
)

// kernel judges whether the filter can be loaded. It needs neither BTF nor a mounted bpffs, which are not looked for.
func (e *exam) kernel() {
	switch {
	case e.Filter == nil:
		e.look(inKernel, "Linux "+e.Kernel+", the filter loads")
	case e.Capabilities&(1<<capBPF|1<<capSysAdmin) == 0:
		e.look(inKernel, "Linux "+e.Kernel+", the filter was not tried for want of privileges")
	default:
		e.find(Finding{ID: "filter-refused", Severity: Error, Section: inKernel, Seen: e.Filter.Error(),
			Why:    "Without its filter the daemon hears no advert.",
			Remedy: "run Linux 5.10 or newer; a container or unit must allow the bpf system call (SystemCallFilter=bpf)"})
	}
	if e.read("proc/sys/net/core/bpf_jit_enable") == "0" {
		e.find(Finding{ID: "jit-off", Severity: Warning, Section: inKernel, Seen: "net.core.bpf_jit_enable is 0",
			Why:    "The filter is interpreted for every frame that arrives, ten times slower than compiled.",
			Remedy: "sysctl -w net.core.bpf_jit_enable=1"})
	}
}

// capability is one the daemon needs, or is better with.
type capability struct {
	bit       int
	name, use string
	severity  Severity
}

// effective are the capabilities of the running daemon, else of whoever asks, who may start one.
func (e *exam) effective() uint64 {
	if e.Daemon != nil {
		for line := range strings.Lines(e.read(e.proc("status"))) {
			var set uint64
			if n, _ := fmt.Sscanf(line, "CapEff:%x", &set); n == 1 {
				return set
			}
		}
	}
	return e.Capabilities
}

// missing are the capabilities that are not there. CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON.
func (e *exam) missing() (missing []capability) {
	have := e.effective()
	if have&(1<<capSysAdmin) != 0 {
		have |= 1<<capBPF | 1<<capPerfmon
	}
	needed := []capability{
		{capNetAdmin, "CAP_NET_ADMIN", "adds virtual addresses and attaches the filter", Error},
		{capNetRaw, "CAP_NET_RAW", "sends adverts and gratuitous ARP", Error},
		{capBPF, "CAP_BPF", "loads the filter", Error},
		{capSysNice, "CAP_SYS_NICE", "gives the daemon real-time priority, so that adverts leave on time on a busy host", Warning},
	}
	if e.before(6, 6) {
		needed = append(needed, capability{capPerfmon, "CAP_PERFMON", "lets kernels before 6.6 accept the filter's checks of packet bounds", Error})
	}
	for _, c := range needed {
		if have&(1<<c.bit) == 0 {
			missing = append(missing, c)
		}
	}
	return missing
}

// before tells whether the kernel is older; one that cannot be read is not.
func (e *exam) before(major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(e.Kernel, "%d.%d", &a, &b); n != 2 {
		return false
	}
	return a < major || a == major && b < minor
}

func (e *exam) privileges() {
	whose := "this process"
	if e.Daemon != nil {
		whose = fmt.Sprintf("the daemon (pid %d)", e.Daemon.PID)
	}
	missing := e.missing()
	for _, c := range missing {
		e.find(Finding{ID: "capability", Severity: c.severity, Section: inPrivileges, Subject: c.name,
			Seen: whose + " lacks " + c.name, Why: "It " + c.use + ".",
			Remedy: "run as root, or add AmbientCapabilities=" + c.name + " to the unit (systemctl edit xvrrp)"})
	}
	if len(missing) == 0 {
		e.look(inPrivileges, whose+" has every capability needed")
	}
	if e.before(5, 11) && e.lockLimit() != "unlimited" {
		e.find(Finding{ID: "memlock", Severity: Warning, Section: inPrivileges, Seen: "the limit of locked memory is " + e.lockLimit() + " bytes",
			Why: "Kernels before 5.11 count the filter's tables against it.", Remedy: "LimitMEMLOCK=infinity in the unit (systemctl edit xvrrp)"})
	}
}

// lockLimit is the limit of locked memory of the daemon, or of this process.
func (e *exam) lockLimit() string {
	for line := range strings.Lines(e.read(e.proc("limits"))) {
		if rest, ok := strings.CutPrefix(line, "Max locked memory"); ok {
			return strings.Fields(rest)[0]
		}
	}
	return "unlimited"
}

// proc is the path of a file about the daemon, or about this process if none runs.
func (e *exam) proc(name string) string {
	if e.Daemon != nil {
		return fmt.Sprintf("proc/%d/%s", e.Daemon.PID, name)
	}
	return "proc/self/" + name
}

// clock matters only to adverts that carry the time of day.
func (e *exam) clock() {
	for _, r := range e.routers() {
		switch {
		case !r.HMAC.Signs() || r.HMAC.Monotonic:
		case e.Unsynced:
			e.find(Finding{ID: "clock-unsynchronized", Severity: Warning, Section: inClock, Subject: r.Name,
				Seen:   fmt.Sprintf("no time service keeps this host's clock, and %s uses auth_hmac with a time window", r.Name),
				Why:    "Signed adverts from a host whose clock is off by more than the window are refused as replayed.",
				Remedy: "systemctl enable --now chrony (or systemd-timesyncd), or anti_replay monotonic in auth_hmac"})
			return
		default:
			e.look(inClock, "synchronized, as auth_hmac needs it")
			return
		}
	}
}

// readText is a file's text without the blanks around it; empty if it cannot be read.
func readText(fsys fs.FS, path string) string {
	b, err := fs.ReadFile(fsys, path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
