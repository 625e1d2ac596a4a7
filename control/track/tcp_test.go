package track

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// often are the options of a check that is made again and again, and fails at once.
var often = CheckOptions{Key: "check:c", Name: "c", Interval: 20 * time.Millisecond, Timeout: patience}

// listen opens a port on loopback that takes connections.
func listen(t *testing.T, address string) (l net.Listener, port uint16) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).AddrPort().Port()
}

func accept(l net.Listener, with func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go with(conn)
	}
}

func TestTCP(t *testing.T) {
	l, port := listen(t, "127.0.0.1:0")
	go accept(l, func(c net.Conn) { c.Close() })
	w := start(t, func(s *Shared) Tracker { return s.TCP(TCPOptions{CheckOptions: often, Host: "127.0.0.1", Port: port}) })
	if r := w.next(); r != (Result{Key: "check:c", Up: true}) {
		t.Errorf("%+v", r)
	}
	w.log.has(t, "VRRP_Check(c) succeeded")
	l.Close()
	w.expect(false, fmt.Sprintf("connect 127.0.0.1:%d: connection refused", port))
	w.log.has(t, fmt.Sprintf("VRRP_Check(c) failed (connect 127.0.0.1:%d: connection refused)", port))
	l, _ = listen(t, fmt.Sprintf("127.0.0.1:%d", port))
	go accept(l, func(c net.Conn) { c.Close() })
	w.expect(true, "")
}

func TestTCPOptions(t *testing.T) {
	l4, port4 := listen(t, "127.0.0.1:0")
	l6, port6 := listen(t, "[::1]:0")
	_, closed := listen(t, "127.0.0.1:0")
	from := make(chan string, 1)
	for _, l := range []net.Listener{l4, l6} {
		go accept(l, func(c net.Conn) {
			from <- c.RemoteAddr().(*net.TCPAddr).IP.String()
			c.Close()
		})
	}
	tests := map[string]struct {
		o    TCPOptions
		from string
		err  string
	}{
		"IPv4":         {o: TCPOptions{Host: "127.0.0.1", Port: port4}, from: "127.0.0.1"},
		"IPv6":         {o: TCPOptions{Host: "::1", Port: port6}, from: "::1"},
		"bound":        {o: TCPOptions{Host: "127.0.0.1", Port: port4, Bind: netip.MustParseAddr("127.0.0.9")}, from: "127.0.0.9"},
		"by name":      {o: TCPOptions{Host: "localhost", Port: port4}, from: "127.0.0.1"},
		"unknown name": {o: TCPOptions{Host: "xv-nosuch.invalid", Port: closed}, err: "resolve xv-nosuch.invalid: "},
		"not bindable": {o: TCPOptions{Host: "127.0.0.1", Port: port4, Bind: netip.MustParseAddr("192.0.2.1")}, err: "cannot assign requested address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := test.o
			o.CheckOptions = often
			err := NewShared(discard).TCP(o).(*check).attempt(t.Context())
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := <-from; got != test.from {
				t.Errorf("connected from %s, want %s", got, test.from)
			}
		})
	}
}

// TestTCPSilent: a port that nobody answers for.
func TestTCPSilent(t *testing.T) {
	address := deaf(t)
	o := often
	o.Timeout = 100 * time.Millisecond
	w := start(t, func(s *Shared) Tracker {
		return s.TCP(TCPOptions{CheckOptions: o, Host: address.Addr().String(), Port: address.Port()})
	})
	w.expect(false, fmt.Sprintf("connect %s: no answer in time", address))
}

// deaf opens a port that takes no more connections: its queue, of one, is full, and the kernel drops what comes.
func deaf(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	local, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(local.(*unix.SockaddrInet4).Port))
	eventually(t, "a full queue", func() bool {
		conn, err := net.DialTimeout("tcp", address.String(), 100*time.Millisecond)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return err != nil
	})
	return address
}

// TestRetry: a run has failed when its retries have failed too.
func TestRetry(t *testing.T) {
	tests := map[string]struct {
		failures, retry, attempts int
		ok                        bool
	}{
		"at once":           {0, 3, 1, true},
		"at the last retry": {3, 3, 4, true},
		"one failure more":  {4, 3, 4, false},
		"without any retry": {1, 0, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			attempts := 0
			c := &check{CheckOptions: CheckOptions{Retry: test.retry}, log: discard, probe: func(context.Context) error {
				if attempts++; attempts <= test.failures {
					return failed("no")
				}
				return nil
			}}
			if err := c.run(t.Context()); attempts != test.attempts || (err == nil) != test.ok {
				t.Errorf("%d attempts, %v; want %d, success %t", attempts, err, test.attempts, test.ok)
			}
		})
	}
}

// TestUnderWay: no more checks than there are places, and waiting for one takes nothing from a check's timeout.
func TestUnderWay(t *testing.T) {
	const places, checks = 3, 12
	s := NewShared(discard)
	s.underWay = make(chan struct{}, places)
	var now, most atomic.Int32
	var wg sync.WaitGroup
	for range checks {
		o := often
		o.Timeout = time.Second
		c := s.networkCheck(o, func(ctx context.Context) error {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(20 * time.Millisecond)
			return ctx.Err()
		})
		wg.Go(func() {
			if err := c.attempt(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if m := most.Load(); m > places {
		t.Errorf("%d checks at once, want at most %d", m, places)
	}
}

func TestMisc(t *testing.T) {
	line, change := says(t, "0")
	o := often
	w := start(t, func(s *Shared) Tracker { return s.Misc(MiscOptions{o, shell(t, line)}) })
	w.expect(true, "")
	change("2")
	w.expect(false, "exited with status 2")
	change("0")
	w.expect(true, "")
}

func TestMiscHangs(t *testing.T) {
	o := often
	o.Timeout = 100 * time.Millisecond
	w := start(t, func(s *Shared) Tracker { return s.Misc(MiscOptions{o, shell(t, "sleep 1000 & wait")}) })
	w.expect(false, "timed out after")
}
