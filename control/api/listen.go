package api

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	socketName = "xvrrp.sock"
	lockName   = "xvrrp.lock"

	longestPath = 107 // sun_path holds 108 bytes with its closing zero
)

// ErrRunning says that a live daemon holds the runtime directory.
var ErrRunning = errors.New("already running")

// Listener is a daemon's socket. It holds the runtime directory's lock for as long as it is open.
type Listener struct {
	*net.UnixListener
	lock   *os.File
	access Access
	seats  seats
	ushers chan struct{} // holds one for each client that is being refused
}

// Listen claims the runtime directory dir, which is created if missing, and opens the daemon's socket in it.
// What a killed daemon left there is replaced: only the lock tells a live one, and the kernel drops it with its
// process. A live daemon makes Listen fail with ErrRunning.
func Listen(dir string, access Access) (*Listener, error) {
	path := filepath.Join(dir, socketName)
	if len(path) > longestPath {
		return nil, fmt.Errorf("socket path %s is longer than %d bytes: choose a shorter runtime directory", path, longestPath)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("create runtime directory: %w", err)
	}
	lock, err := claim(dir)
	if err != nil {
		return nil, err
	}
	l, err := open(path, access.owner())
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return &Listener{UnixListener: l, lock: lock, access: access, ushers: make(chan struct{}, mostUshers)}, nil
}

// Close removes the socket and then gives up the runtime directory.
func (l *Listener) Close() error {
	return errors.Join(l.UnixListener.Close(), l.lock.Close())
}

// claim locks dir and leaves this process's id in the lock file, for the message another daemon prints. The file
// stays when the lock goes: removing it would let two daemons lock two files of the same name.
func claim(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		return nil, fmt.Errorf("%w in %s, pid %s: stop it, or give this one a --runtime-dir of its own", ErrRunning, dir, holder(path))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// holder is the process id a lock file names.
func holder(path string) string {
	b, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(b)); err == nil && id != "" {
		return id
	}
	return "unknown"
}

// open listens at path in place of any socket that lies there, for the members of a group unless it is nil.
func open(path string, group *UserGroup) (*net.UnixListener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if group != nil {
		err = letIn(path, *group)
	}
	if err == nil {
		err = os.Chmod(path, 0o660)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// letIn gives a socket to a group, and its directory, too, if others may not pass through that.
func letIn(path string, group UserGroup) error {
	dir := filepath.Dir(path)
	fi, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if fi.Mode().Perm()&0o001 == 0 {
		if err := os.Chown(dir, -1, group.ID); err != nil {
			return fmt.Errorf("let the group %s in: %w", group.Name, err)
		}
	}
	return os.Chown(path, -1, group.ID)
}
