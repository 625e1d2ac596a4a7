package doctor

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// process is one that runs in the network namespace of whoever asks.
type process struct {
	pid  int
	name string // of the program, at most 15 bytes
	args []string
}

// listProcesses lists those that share the network: a daemon in a container of its own troubles nobody here. One whose
// namespace may not be read, for want of privilege, counts as ours; one that has none has ended.
func (e *exam) listProcesses() (found []process) {
	entries, err := fs.ReadDir(e.Root, "proc")
	if err != nil {
		return nil
	}
	network, err := e.network("self")
	told := err == nil
	for _, d := range entries {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		theirs, err := e.network(d.Name())
		if told && !errors.Is(err, fs.ErrPermission) && theirs != network {
			continue
		}
		if name := e.read(path.Join("proc", d.Name(), "comm")); name != "" {
			args := strings.Split(strings.TrimRight(e.read(path.Join("proc", d.Name(), "cmdline")), "\x00"), "\x00")
			found = append(found, process{pid, name, args})
		}
	}
	return found
}

// network is the network namespace of a process, in the kernel's words.
func (e *exam) network(process string) (string, error) {
	return fs.ReadLink(e.Root, path.Join("proc", process, "ns/net"))
}

// running is the process of a program with one of these names; nil: there is none.
func (e *exam) running(names ...string) *process {
	at := slices.IndexFunc(e.processes, func(p process) bool { return slices.Contains(names, p.name) })
	if at < 0 {
		return nil
	}
	return &e.processes[at]
}

// program is the file a process runs; empty if that cannot be read.
func (e *exam) program(p *process) string {
	to, err := fs.ReadLink(e.Root, path.Join("proc", strconv.Itoa(p.pid), "exe"))
	if err != nil {
		return ""
	}
	return to
}

// sysctlsFixed tells whether the daemon, or this process, sees /proc/sys read-only, as in most containers.
func (e *exam) sysctlsFixed() bool {
	fixed := false
	for line := range strings.Lines(e.read(e.proc("mounts"))) {
		if f := strings.Fields(line); len(f) > 3 && (f[1] == "/proc" || f[1] == "/proc/sys") {
			fixed = slices.Contains(strings.Split(f[3], ","), "ro") // the later mount covers the earlier
		}
	}
	return fixed
}
