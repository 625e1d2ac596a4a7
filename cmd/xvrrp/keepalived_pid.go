package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/config"
)

// errAlive says that a pid file names a process that runs.
var errAlive = errors.New("daemon is already running")

// pidFiles are the files that tell others our process id: keepalived's parent and VRRP process are one here.
type pidFiles []string

// pidPaths is where the pid files go: where the flags say, else where keepalived puts them under this configuration.
func pidPaths(k keepalivedFlags, g config.Global) pidFiles {
	dir, suffix := runDir, ""
	if g.PIDDir || g.NetNamespace != "" || g.Instance != "" {
		dir = filepath.Join(runDir, "keepalived", g.NetNamespace)
	}
	if g.Instance != "" {
		suffix = "_" + g.Instance
	}
	paths := pidFiles{filepath.Join(dir, "keepalived"+suffix+".pid"), filepath.Join(dir, "vrrp"+suffix+".pid")}
	if k.pid != "" {
		paths[0] = k.pid
	}
	if k.vrrpPID != "" {
		paths[1] = k.vrrpPID
	}
	return paths
}

// runDir is where pid files are.
const runDir = "/run"

// write claims the files. One of a process that is gone is replaced, one of a process that runs is left alone.
func (p pidFiles) write() error {
	for _, path := range p {
		if err := writePID(path); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the files that are ours.
func (p pidFiles) remove() error {
	var errs []error
	for _, path := range p {
		if pid, err := readPID(path); err == nil && pid == os.Getpid() {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

func writePID(path string) error {
	if pid, err := readPID(path); err == nil && pid != os.Getpid() && isDaemon(pid) {
		return fmt.Errorf("%w: pid %d of %s", errAlive, pid, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the directory of the pid file: %w", err)
	}
	return replaceFile(path, 0o644, fmt.Appendln(nil, os.Getpid()))
}

func readPID(path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// isDaemon reports whether a process is alive and may be what a pid file is of: its program is named like ours or
// like keepalived. Numbers of processes are used again.
func isDaemon(pid int) bool {
	if err := unix.Kill(pid, 0); err != nil && !errors.Is(err, unix.EPERM) {
		return false
	}
	theirs, err := processName(strconv.Itoa(pid))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	ours, err := processName("self")
	return err != nil || theirs == ours || theirs == keepalivedName
}

// processName is the name of a process's program, cut to 15 bytes.
func processName(pid string) (string, error) {
	b, err := os.ReadFile("/proc/" + pid + "/comm")
	return strings.TrimSpace(string(b)), err
}
