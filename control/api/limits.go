// What keeps the daemon's other work and its memory safe from those who ask, be they many, slow or broken.

package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	mostConns     = 256 // at once
	reservedConns = 32  // of these, for who may change the daemon
	mostStreams   = 64  // answers at once that stay open
	mostChanges   = 4   // at once that are read or carried out
	mostUshers    = 16  // that refuse a client
	mostHeader    = 256 << 10
	mostText      = 64 << 20 // of configuration in a request

	headerWithin = 5 * time.Second  // for the head of a request to come
	bodyWithin   = 30 * time.Second // for the rest of it
	usherWithin  = time.Second      // for a client that is refused, all in all
	idleWithin   = 30 * time.Second // between requests
	takenWithin  = 5 * time.Second  // for the client to take what was written
)

// conn is a connection with its peer. It gives up on a peer that does not read.
type conn struct {
	*net.UnixConn
	peer  *peer
	leave func()
}

// Write writes to a peer that takes it in time.
func (c *conn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(takenWithin)); err != nil {
		return 0, err
	}
	return c.UnixConn.Write(b)
}

// Close gives up the connection and its seat.
func (c *conn) Close() error {
	c.leave()
	return c.UnixConn.Close()
}

// connKey is that of a request's connection in its context.
type connKey struct{}

// withConn is the ConnContext of the server.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// connOf is a request's connection, nil if it did not come through the socket.
func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// hangUp ends the answer to a client that takes too long to read it.
func hangUp(w http.ResponseWriter, r *http.Request) {
	if c := connOf(r); c != nil {
		c.Close()
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)) // a connection that is gone needs none
}

// peerIn is who made a request, nil if it did not come through the socket.
func peerIn(r *http.Request) *peer {
	if c := connOf(r); c != nil {
		return c.peer
	}
	return nil
}

// seats counts the connections.
type seats struct{ taken atomic.Int32 }

// take seats a connection, or reports that there is no seat. One that is reserved is for some only.
func (s *seats) take(reserved bool) (leave func(), ok bool) {
	most := int32(mostConns)
	if !reserved {
		most -= reservedConns
	}
	if s.taken.Add(1) > most {
		s.taken.Add(-1)
		return nil, false
	}
	return sync.OnceFunc(func() { s.taken.Add(-1) }), true
}

// Accept waits for the next client that there is a seat for; others are told so.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		p, err := peerOf(c)
		if err != nil { // it has left already
			c.Close()
			continue
		}
		leave, ok := l.seats.take(l.access.mayChange(p))
		if !ok {
			l.turnAway(c)
			continue
		}
		return &conn{c, p, leave}, nil
	}
}

// turnAway refuses a client once it has said what it wants: an answer that comes before the question confuses many. It
// hangs up if it has to do so with several at once.
func (l *Listener) turnAway(c net.Conn) {
	select {
	case l.ushers <- struct{}{}:
	default:
		c.Close()
		return
	}
	go func() {
		defer func() { <-l.ushers }()
		defer c.Close()
		const body = `{"error":"too many clients at once: try again"}` + "\n"
		c.SetDeadline(time.Now().Add(usherWithin))
		c.Read(make([]byte, 4096))
		fmt.Fprintf(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			len(body), body)
	}()
}

// contain answers requests that panic; the daemon goes on.
func contain(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		defer func() {
			if err != nil {
				refuse(w, http.StatusInternalServerError, err)
			}
		}()
		defer catch(log, r.Method+" "+r.URL.Path, &err)
		next.ServeHTTP(w, r)
	})
}

// catch makes a panic of the deferring function an error.
func catch(log *slog.Logger, request string, err *error) {
	if p := recover(); p != nil {
		log.Error("a request failed by a defect of xvrrp: please report it", "request", request, "panic", p, "stack", string(debug.Stack()))
		*err = fmt.Errorf("a defect of xvrrp: %v (more is in the daemon's log)", p)
	}
}

// permit lets anybody look who could open the socket, has changes made by those who may, a few at once, and lets only them
// see what is confidential.
func permit(a Access, next http.Handler) http.Handler {
	changes := make(chan struct{}, mostChanges)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		looks := r.Method == http.MethodGet || r.Method == http.MethodHead
		if p := peerIn(r); (!looks || isConfidential(r)) && !a.mayChange(p) {
			readNoMore(w)
			refuse(w, http.StatusForbidden, a.refusal(p))
			return
		}
		if looks {
			look(w, r, next)
			return
		}
		select {
		case changes <- struct{}{}:
			defer func() { <-changes }()
		case <-r.Context().Done():
			return
		}
		if err := fetch(w, r); err != nil {
			readNoMore(w)
			refuse(w, http.StatusBadRequest, fmt.Errorf("read the request: %w", err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isConfidential reports whether the answer to a question may hold passwords.
func isConfidential(r *http.Request) bool {
	return r.URL.Path == "/v1/overrides" || isSet(r, "frames") || isSet(r, "secrets")
}

// look serves a question, which takes no body.
func look(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if r.ContentLength != 0 {
		readNoMore(w)
		refuse(w, http.StatusBadRequest, errors.New("a question takes no body"))
		return
	}
	next.ServeHTTP(w, r)
}

// readNoMore keeps the server from waiting for the rest of a request that is refused.
func readNoMore(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // a connection that is gone needs none
}

// fetch reads the body of a request into memory.
func fetch(w http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyWithin)); err != nil {
		return err
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostText))
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return control.SetReadDeadline(time.Time{})
}

// route has requests answered by a mux whose own refusals become those of the API.
func route(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := refusal{header: w.Header()}
		h.ServeHTTP(&said, r)
		refuse(w, said.code, fmt.Errorf("%s %s: %s", r.Method, r.URL.Path, strings.ToLower(http.StatusText(said.code))))
	})
}

// refusal takes the header and code of an answer, and none of its text.
type refusal struct {
	header http.Header
	code   int
}

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }
func (r *refusal) WriteHeader(code int)        { r.code = code }
