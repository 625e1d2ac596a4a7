package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// dial connects to the daemon of dir without a word.
func dial(t *testing.T, dir string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// refused reads an answer that is none.
func refused(t *testing.T, c net.Conn) (code int, says string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var f failure
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, f.Error
}

func TestClientsBeyondTheLastSeatAreTurnedAway(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &daemon{snap: Snapshot{Schema: Schema}})
	var silent []net.Conn
	for range mostConns {
		silent = append(silent, dial(t, dir))
	}
	last := dial(t, dir)
	if _, err := io.WriteString(last, "GET /v1/status HTTP/1.1\r\nHost: xvrrp\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if code, says := refused(t, last); code != http.StatusServiceUnavailable || !strings.Contains(says, "try again") {
		t.Errorf("got %d %q", code, says)
	}
	if _, err := NewClient(dir).Status(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("status: got %v, want ErrBusy", err)
	}
	for _, c := range silent {
		c.Close()
	}
	for {
		_, err := NewClient(dir).Status(t.Context())
		if err == nil {
			return
		}
		if !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
	}
}

func TestSomeSeatsAreReserved(t *testing.T) {
	var s seats
	for range mostConns - reservedConns {
		if _, ok := s.take(false); !ok {
			t.Fatal("no seat, although some are free")
		}
	}
	if _, ok := s.take(false); ok {
		t.Error("a reserved seat went to anybody")
	}
	leave, ok := s.take(true)
	if !ok {
		t.Fatal("no seat for whom they are reserved")
	}
	leave()
	leave()
	if got := s.taken.Load(); got != mostConns-reservedConns {
		t.Errorf("%d seats are taken after leaving twice, want %d", got, mostConns-reservedConns)
	}
}

func TestPermit(t *testing.T) {
	admins := Access{Admins: &UserGroup{"netops", 500}}
	for _, c := range []struct {
		name   string
		access Access
		method string
		peer   *peer
		code   int
		says   string
		path   string
	}{
		{"anybody looks", Access{}, "GET", &peer{uid: 1000}, http.StatusOK, "", ""},
		{"root changes", Access{}, "POST", &peer{uid: 0}, http.StatusOK, "", ""},
		{"a user does not", Access{}, "DELETE", &peer{uid: 1000, groups: []uint32{0}}, http.StatusForbidden, "user 1000 may look and not change, nor see passwords: root and", ""},
		{"a reader does not", Access{Readers: &UserGroup{"ops", 500}}, "POST", &peer{uid: 1000, groups: []uint32{500}}, http.StatusForbidden, "may look", ""},
		{"an admin changes", admins, "PATCH", &peer{uid: 1000, groups: []uint32{100, 500}}, http.StatusOK, "", ""},
		{"who is no admin does not", admins, "PATCH", &peer{uid: 1000, groups: []uint32{100}}, http.StatusForbidden, "members of the group netops may", ""},
		{"a listener of another kind looks", admins, "GET", nil, http.StatusOK, "", ""},
		{"and changes nothing", admins, "POST", nil, http.StatusForbidden, "only the daemon's socket", ""},
		{"a user sees no bytes", Access{}, "GET", &peer{uid: 1000}, http.StatusForbidden, "nor see passwords", "/v1/routers/VI_1/story?frames=1"},
		{"an admin does", admins, "GET", &peer{uid: 1000, groups: []uint32{500}}, http.StatusOK, "", "/v1/routers/VI_1/story?frames=1"},
		{"a user sees no passwords", Access{}, "GET", &peer{uid: 1000}, http.StatusForbidden, "nor see passwords", "/v1/sniff?secrets=1"},
		{"nor what was changed", Access{}, "GET", &peer{uid: 1000}, http.StatusForbidden, "nor see passwords", "/v1/overrides"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := permit(c.access, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			l := httptest.NewUnstartedServer(h)
			l.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
				if c.peer == nil {
					return ctx
				}
				return withConn(ctx, &conn{peer: c.peer})
			}
			l.Start()
			defer l.Close()
			req, err := http.NewRequest(c.method, l.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != c.code || !strings.Contains(string(b), c.says) {
				t.Errorf("got %d %q, %v, want %d and %q", resp.StatusCode, b, err, c.code, c.says)
			}
		})
	}
}

func TestClientTellsThatPermissionIsMissing(t *testing.T) {
	l := httptest.NewUnstartedServer(permit(Access{}, http.NotFoundHandler()))
	l.Listener.Close()
	dir := t.TempDir()
	sock, err := net.Listen("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	l.Listener = sock
	l.Start()
	defer l.Close()
	if _, err := NewClient(dir).Reload(t.Context(), false); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want ErrPermission", err)
	}
}

func TestRefusalsAreJSON(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &daemon{})
	for _, c := range []struct {
		name, request string
		code          int
		says          string
	}{
		{"no such place", "GET /v1/stauts HTTP/1.1\r\nHost: xvrrp\r\n\r\n", http.StatusNotFound, "GET /v1/stauts: not found"},
		{"no such verb there", "PUT /v1/status HTTP/1.1\r\nHost: xvrrp\r\n\r\n", http.StatusMethodNotAllowed, "method not allowed"},
		{"a body that does not come", "GET /v1/status HTTP/1.1\r\nHost: xvrrp\r\nContent-Length: 9\r\n\r\n", http.StatusBadRequest, "no body"},
		{"a body that is cut off", "POST /v1/routers HTTP/1.1\r\nHost: xvrrp\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", http.StatusBadRequest, "read the request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, dir)
			if _, err := io.WriteString(conn, c.request); err != nil {
				t.Fatal(err)
			}
			if code, says := refused(t, conn); code != c.code || !strings.Contains(says, c.says) {
				t.Errorf("got %d %q, want %d and %q", code, says, c.code, c.says)
			}
		})
	}
}

// defect is a daemon that panics.
type defect struct{ daemon }

func (*defect) Snapshot(context.Context) (Snapshot, error)       { panic("no picture") }
func (*defect) Overrides(context.Context) (o Overrides, e error) { panic("no list") }

func TestPanicsFailTheirRequestAlone(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, &defect{})
	c := NewClient(dir)
	for range 2 {
		if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "no picture") {
			t.Errorf("status: %v", err)
		}
		if _, err := c.Overrides(t.Context()); err == nil || !strings.Contains(err.Error(), "no list") {
			t.Errorf("overrides: %v", err)
		}
	}
}

func TestFollowersAreBounded(t *testing.T) {
	d := &daemon{}
	d.happen("one")
	s := &server{src: d, log: slog.New(slog.DiscardHandler), streams: make(chan struct{}, mostStreams)}
	end, err := s.stay()
	if err != nil {
		t.Fatal(err)
	}
	for range mostStreams - 1 {
		if _, err := s.stay(); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	s.events(w, httptest.NewRequest("GET", "/v1/events?follow=1", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "64 clients follow") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	end()
	if _, err := s.stay(); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}
