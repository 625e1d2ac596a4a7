package track

import (
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func needsRoot(t *testing.T, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: " + why)
	}
}

func TestPing(t *testing.T) {
	needsRoot(t, "raw sockets")
	tests := map[string]struct {
		o   PingOptions
		err string
	}{
		"IPv4":         {o: PingOptions{Host: "127.0.0.1"}},
		"IPv6":         {o: PingOptions{Host: "::1"}},
		"mapped":       {o: PingOptions{Host: "::ffff:127.0.0.1"}},
		"bound":        {o: PingOptions{Host: "127.0.0.2", Bind: netip.MustParseAddr("127.0.0.9")}},
		"bound, IPv6":  {o: PingOptions{Host: "::1", Bind: netip.MustParseAddr("::1")}},
		"not bindable": {o: PingOptions{Host: "127.0.0.1", Bind: netip.MustParseAddr("192.0.2.1")}, err: "ping 127.0.0.1: "},
		"no such name": {o: PingOptions{Host: "xv-nosuch.invalid"}, err: "resolve xv-nosuch.invalid: "},
	}
	s := NewShared(discard)
	serve(t, s)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := test.o
			o.CheckOptions = often
			err := s.Ping(o).(*check).attempt(t.Context())
			if err == nil && test.err != "" || err != nil && (test.err == "" || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
	if n := len(s.ping4.waiting) + len(s.ping6.waiting); n != 0 {
		t.Errorf("%d answers still waited for", n)
	}
}

// silent is a broadcast address, whose echo requests nobody answers (net.ipv4.icmp_echo_ignore_broadcasts).
const silent = "127.255.255.255"

func TestPingSilent(t *testing.T) {
	needsRoot(t, "raw sockets")
	o := often
	o.Timeout = 100 * time.Millisecond
	w := start(t, func(s *Shared) Tracker { return s.Ping(PingOptions{CheckOptions: o, Host: silent}) })
	w.expect(false, silent+" does not answer ping")
	w.log.has(t, "VRRP_Check(c) failed ("+silent+" does not answer ping)")
}

// TestPingMany: each gets its own answer, through one socket.
func TestPingMany(t *testing.T) {
	needsRoot(t, "raw sockets")
	s := NewShared(discard)
	serve(t, s)
	before := descriptors(t)
	var wg sync.WaitGroup
	for i := range 500 {
		to := netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}).String()
		wg.Go(func() {
			o := PingOptions{CheckOptions: often, Host: to}
			if err := s.Ping(o).(*check).attempt(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if now := descriptors(t); now > before+2 {
		t.Errorf("%d descriptors, %d before: want one socket more", now, before)
	}
}

// serve runs what trackers share for as long as the test does.
func serve(t *testing.T, s *Shared) {
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(t.Context()) })
	t.Cleanup(wg.Wait)
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
