package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/metrics"
	"github.com/xvrrp/xvrrp/control/web"
)

// The plain HTTP listener, off unless an address is given. Whoever reaches it may read and can change nothing: it knows
// no user and no password, so what it answers must be fit for all of them.

const (
	mostVisitors  = 64               // connections at a time; more wait at the door
	headerWithin  = 5 * time.Second  // for a visitor to say what he wants
	answeredAfter = 30 * time.Second // at the latest; an answer that goes on for longer moves its own write deadline
	idleFor       = time.Minute      // longer than between two scrapes
	partWithin    = time.Second      // for answers under way when the daemon stops
	longestHeader = 16 << 10         // in bytes
)

// site is the listener and what it is for.
type site struct {
	l        *lobby // nil: there is none
	loopback bool
	log      *slog.Logger
}

// openSite listens at an address; without one the site is closed.
func openSite(at netip.AddrPort, log *slog.Logger) (*site, error) {
	if !at.IsValid() {
		return &site{}, nil
	}
	l, err := net.Listen("tcp", at.String())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s: another program listens there: stop it (ss -ltnp names it) or choose another port", at)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("listen on %s: no interface of this host has the address: use one that has, or 0.0.0.0 for all", at)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", at, err)
	}
	log.Info("plain HTTP is served to whoever reaches it, for reading only", "url", "http://"+l.Addr().String()+"/")
	return &site{l: &lobby{Listener: l, seats: make(chan struct{}, mostVisitors)}, loopback: at.Addr().IsLoopback(), log: log}, nil
}

func (s *site) close() {
	if s.l != nil {
		s.l.Close()
	}
}

// serve answers until ctx ends. That it cannot is no reason to end the daemon.
func (s *site) serve(ctx context.Context, pages http.Handler) error {
	if s.l == nil {
		return nil
	}
	server := &http.Server{
		Handler: s.guard(pages), ReadHeaderTimeout: headerWithin, ReadTimeout: headerWithin, WriteTimeout: answeredAfter,
		IdleTimeout: idleFor, MaxHeaderBytes: longestHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	s.l.keepIdle = server.SetKeepAlivesEnabled
	parted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(parted)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), partWithin)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})
	err := server.Serve(s.l)
	if stop() {
		s.log.Error("plain HTTP is no longer served", "err", err)
		server.Close()
		return nil
	}
	<-parted
	return nil
}

// pages is what there is to read.
func pages(view api.Viewer, o metrics.Options, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics.Handler(view, o))
	mux.Handle("/", web.Handler(view, log))
	return mux
}

// guard lets readers through, and on loopback only those who know where they are: a page of another site can make a
// browser ask us by giving its own name our address (DNS rebinding), but not without that name.
func (s *site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this listener is for reading: use the xvrrp command to change something", http.StatusMethodNotAllowed)
		case s.loopback && !namesLoopback(r.Host):
			http.Error(w, "this listener is for this host alone: ask for localhost, or have xvrrp listen at ADDRESS:PORT (--listen, vrrp_listen)",
				http.StatusMisdirectedRequest)
		default:
			w.Header().Set("X-Content-Type-Options", "nosniff")
			next.ServeHTTP(w, r)
		}
	})
}

// namesLoopback reports whether a Host header is this host's name for itself. Before HTTP 1.1 there may be none.
func namesLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "" || strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// lobby is a listener that has a number of seats. Who finds none waits at the door, and while he does nobody keeps one
// for a question to come.
type lobby struct {
	net.Listener
	seats    chan struct{}
	keepIdle func(bool) // lets connections without a question stay, or ends them
}

func (l *lobby) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.seats <- struct{}{}:
	default:
		l.keepIdle(false)
		l.seats <- struct{}{}
		l.keepIdle(true)
	}
	return &visitor{c, sync.OnceFunc(func() { <-l.seats })}, nil
}

// visitor is a connection that gives up its seat when it is closed.
type visitor struct {
	net.Conn
	leave func()
}

func (v *visitor) Close() error {
	defer v.leave()
	return v.Conn.Close()
}
