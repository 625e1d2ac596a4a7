package steady

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/test/bed"
)

// swallowed is an address that takes connection requests and says nothing: a machine without forwarding is on the way.
var swallowed = netip.MustParseAddr("198.51.100.1")

// swallow leads what is sent to swallowed to a machine that does not pass it on.
func swallow(m, by *bed.Machine) {
	m.Do(func() error {
		card, err := netlink.LinkByName(bed.NIC)
		if err != nil {
			return err
		}
		to := net.IPNet{IP: swallowed.AsSlice(), Mask: net.CIDRMask(32, 32)}
		return netlink.RouteAdd(&netlink.Route{LinkIndex: card.Attrs().Index, Dst: &to, Gw: by.V4.AsSlice()})
	})
}

// mute is a server that takes connections and says nothing.
type mute struct {
	listener net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

// serveMute runs such a server on a machine until the test ends.
func serveMute(t *testing.T, on *bed.Machine, port uint16) *mute {
	t.Helper()
	s := &mute{}
	on.Do(func() (err error) {
		s.listener, err = net.Listen("tcp4", netip.AddrPortFrom(on.V4, port).String())
		return err
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve()
	}()
	t.Cleanup(func() {
		s.listener.Close()
		<-done
		for _, c := range s.conns {
			c.Close()
		}
	})
	return s
}

func (s *mute) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
	}
}

// taken is how many connections it has taken.
func (s *mute) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// clogged is a named pipe that nobody reads and that holds very little.
type clogged struct {
	path string
	file *os.File
}

func clog(t *testing.T, path string) *clogged {
	t.Helper()
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		t.Fatal(err)
	}
	return &clogged{path, file}
}

// full tells whether hardly anything fits in.
func (c *clogged) full(t *testing.T) bool {
	t.Helper()
	unread, err := unix.IoctlGetInt(int(c.file.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return unread > os.Getpagesize()/2
}

// restless is a file whose number changes all the time.
type restless struct {
	path string
	next func(n int) int
}

// stir writes the next numbers into files, fifty times a second until it is stopped, and returns how often.
func stir(t *testing.T, files ...restless) (stop func() int) {
	t.Helper()
	quit, done, n := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(done)
		often := time.NewTicker(time.Second / 50)
		defer often.Stop()
		for ; ; n++ {
			for _, f := range files {
				if err := os.WriteFile(f.path, []byte(strconv.Itoa(f.next(n))+"\n"), 0o644); err != nil {
					t.Error(err)
				}
			}
			select {
			case <-often.C:
			case <-quit:
				return
			}
		}
	}()
	return sync.OnceValue(func() int { close(quit); <-done; return n })
}
