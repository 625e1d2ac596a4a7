package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// knob is a sysctl of one link, net.ipv4.conf.LINK.NAME or net.ipv6.conf.LINK.NAME.
type knob struct {
	link int
	v6   bool
	name string
}

// sysctls raises sysctls of links that are not ours while somebody needs that, and restores them after the last. A
// value that cannot be set is logged and done without: where /proc/sys is read-only the operator may have set it.
type sysctls struct {
	log   *slog.Logger
	ns    *namespace
	watch *watcher

	mu     sync.Mutex
	raised map[knob]*raise
}

// raise is a sysctl that is needed higher than it may have been.
type raise struct {
	users  int
	lower  bool // it was lower, and is to be again
	before int
}

func newSysctls(log *slog.Logger, ns *namespace, w *watcher) *sysctls {
	return &sysctls{log: log, ns: ns, watch: w, raised: make(map[knob]*raise)}
}

// raise makes a sysctl at least as high as least, until release.
func (s *sysctls) raise(k knob, least int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.raised[k]; r != nil {
		r.users++
		return
	}
	r := &raise{users: 1}
	s.raised[k] = r
	l := s.watch.link(k.link)
	if l == nil {
		return
	}
	now, err := s.read(l.Name, k)
	if err == nil && now < least {
		r.before, r.lower = now, true
		err = s.write(l.Name, k, least)
	}
	s.warn(err)
}

// release restores a sysctl when its last user gives it up, unless the link is gone.
func (s *sysctls) release(k knob) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.raised[k]
	if r == nil {
		return
	}
	if r.users--; r.users > 0 {
		return
	}
	delete(s.raised, k)
	if l := s.watch.link(k.link); l != nil && r.lower {
		s.warn(s.write(l.Name, k, r.before))
	}
}

// set gives a sysctl of a link of our own its value.
func (s *sysctls) set(link string, k knob, value int) { s.warn(s.write(link, k, value)) }

func (s *sysctls) warn(err error) {
	// A kernel without IPv6 has none of its sysctls, and a link may go at any time.
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("a sysctl could not be set; set it by hand", "err", err)
	}
}

func (s *sysctls) read(link string, k knob) (value int, err error) {
	err = s.ns.do(func() (err error) {
		value, err = readKnob(knobPath(link, k))
		return err
	})
	return value, err
}

// write sets a sysctl that has another value.
func (s *sysctls) write(link string, k knob, value int) error {
	path := knobPath(link, k)
	return s.ns.do(func() error {
		if now, err := readKnob(path); err != nil || now == value {
			return err
		}
		if err := os.WriteFile(path, []byte(strconv.Itoa(value)), 0); err != nil {
			return fmt.Errorf("set to %d: %w", value, err)
		}
		return nil
	})
}

func readKnob(path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(bytes.TrimSpace(b)))
}

func knobPath(link string, k knob) string {
	family := "ipv4"
	if k.v6 {
		family = "ipv6"
	}
	return filepath.Join("/proc/sys/net", family, "conf", link, k.name)
}
