package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// namespaceDir is where `ip netns` looks for namespaces, too.
const namespaceDir = "/run/netns"

// deathPatience is how long a killed process may take to end.
const deathPatience = 5 * time.Second

// makeNamespace makes a network namespace of this name and leaves the calling thread where it was.
func makeNamespace(name string) (*os.File, error) {
	if err := os.MkdirAll(namespaceDir, 0o755); err != nil {
		return nil, fmt.Errorf("make namespace: %w", err)
	}
	path := filepath.Join(namespaceDir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return nil, fmt.Errorf("make namespace: %w", err)
	}
	f.Close()
	err = onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		return unix.Mount(threadNamespace, path, "", unix.MS_BIND, "")
	})
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make namespace %s: %w", name, err), removeNamespace(name))
	}
	return f, nil
}

const threadNamespace = "/proc/thread-self/ns/net"

// removeNamespace ends every process in the namespace and removes it.
func removeNamespace(name string) error {
	path := filepath.Join(namespaceDir, name)
	if err := evict(path); err != nil {
		return fmt.Errorf("empty namespace %s: %w", name, err)
	}
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: never mounted
		return fmt.Errorf("unmount namespace %s: %w", name, err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove namespace: %w", err)
	}
	return nil
}

// evict kills the processes that are in the namespace at path and waits until they are gone.
func evict(path string) error {
	for end := time.Now().Add(deathPatience); ; time.Sleep(time.Millisecond) {
		pids, err := residents(path)
		if err != nil || len(pids) == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("processes %v will not die", pids)
		}
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended by itself
		}
	}
}

// residents are the processes in the namespace at path, but for ourselves. Our own namespace has none: a file
// that was never made a namespace must not lead to the machine's processes.
func residents(path string) ([]int, error) {
	target, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if own, err := os.Stat("/proc/self/ns/net"); err != nil || os.SameFile(own, target) {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		// A process that ends while we look, or is a zombie, has no namespace.
		if ns, err := os.Stat(filepath.Join("/proc", e.Name(), "ns/net")); err == nil && os.SameFile(ns, target) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// onThread runs f on a thread of its own that ends with it, so that f may do to the thread what it likes.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}
