package control

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

// openTestSite listens on loopback until the test ends.
func openTestSite(t *testing.T) *site {
	t.Helper()
	s, err := openSite(anyPort, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func TestSiteLetsReadersIn(t *testing.T) {
	for _, c := range []struct {
		name, method, host string
		everywhere         bool // it listens on more than loopback
		code               int
	}{
		{"localhost", "GET", "localhost:9112", false, http.StatusOK},
		{"localhost through a tunnel", "GET", "LOCALHOST:8080", false, http.StatusOK},
		{"address", "GET", "127.0.0.1:9112", false, http.StatusOK},
		{"another loopback address", "GET", "127.1.2.3", false, http.StatusOK},
		{"IPv6", "GET", "[::1]:9112", false, http.StatusOK},
		{"IPv6 without port", "GET", "[::1]", false, http.StatusOK},
		{"HTTP 1.0", "GET", "", false, http.StatusOK},
		{"header alone", "HEAD", "localhost", false, http.StatusOK},
		{"rebound name", "GET", "evil.example:9112", false, http.StatusMisdirectedRequest},
		{"name that begins like ours", "GET", "localhost.evil.example", false, http.StatusMisdirectedRequest},
		{"address of others", "GET", "192.0.2.1:9112", false, http.StatusMisdirectedRequest},
		{"name where all may come", "GET", "monitor.example:9112", true, http.StatusOK},
		{"change", "POST", "localhost", false, http.StatusMethodNotAllowed},
		{"removal where all may come", "DELETE", "monitor.example", true, http.StatusMethodNotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &site{loopback: !c.everywhere}
			r := httptest.NewRequest(c.method, "/", nil)
			r.Host = c.host
			w := httptest.NewRecorder()
			s.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			if w.Code != c.code {
				t.Errorf("answered %d %s, want %d", w.Code, w.Body, c.code)
			}
		})
	}
}

func TestSiteNamesTheRemedy(t *testing.T) {
	taken := openTestSite(t).l.Addr().String()
	for _, c := range []struct{ name, at, says string }{
		{"address in use", taken, "another port"},
		{"address of another host", "192.0.2.1:9112", "0.0.0.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := openSite(netip.MustParseAddrPort(c.at), slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.at) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %s and %q in it", err, c.at, c.says)
			}
		})
	}
}

// A visitor who says nothing keeps nobody from leaving, and a seat is free again once he is gone.
func TestSiteEndsWithItsContext(t *testing.T) {
	s := openTestSite(t)
	seats := s.l.seats
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, http.NotFoundHandler()) }()
	c, err := net.Dial("tcp", s.l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	resp, err := http.Get("http://" + s.l.Addr().String() + "/nothing")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("answered %s", resp.Status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the silent visitor read %v, want the end", err)
	}
	if len(seats) > 0 {
		t.Errorf("%d seats are taken", len(seats))
	}
}

func TestSiteHoldsNoMoreThanItsSeats(t *testing.T) {
	s := openTestSite(t)
	l := s.l
	l.seats, l.keepIdle = make(chan struct{}, 1), func(bool) {}
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan net.Conn)
	go func() {
		c, _ := l.Accept()
		second <- c
	}()
	select {
	case <-second:
		t.Fatal("there is one seat, and two are in")
	default:
	}
	first.Close()
	first.Close() // gives up one seat
	(<-second).Close()
	if len(l.seats) > 0 {
		t.Errorf("%d seats are taken", len(l.seats))
	}
}

// Connections that nobody uses keep no other visitor out.
func TestSiteEndsIdleConnectionsForOthers(t *testing.T) {
	s := openTestSite(t)
	s.l.seats = make(chan struct{}, 2)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, http.NotFoundHandler()) }()
	defer func() { cancel(); <-ended }()
	for range 5 { // more than there are seats, each with a connection of its own that he keeps
		visitor := http.Client{Transport: new(http.Transport), Timeout: idleFor / 3}
		defer visitor.CloseIdleConnections()
		resp, err := visitor.Get("http://" + s.l.Addr().String() + "/")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}
