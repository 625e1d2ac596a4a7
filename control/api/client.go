package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoDaemon says that nobody answers in the runtime directory.
var ErrNoDaemon = errors.New("no daemon is running")

// ErrBusy says that a daemon runs but did not answer in time: it waits for the kernel, at its start above all.
var ErrBusy = errors.New("the daemon is busy")

// ErrEnded says that the daemon stopped while its events were being followed.
var ErrEnded = errors.New("the daemon has stopped")

// How long an answer may take to begin. Longer than the daemon allows itself takes one that is stopped, or hangs.
const (
	questionWithin = 15 * time.Second
	changeWithin   = reloadWithin + questionWithin
)

// Client asks the daemon of one runtime directory.
type Client struct {
	dir             string
	asking, bidding http.Client // for what only looks, and for what changes something
}

// NewClient returns a client for the daemon whose runtime directory is dir. It connects when asked something.
func NewClient(dir string) *Client {
	path := filepath.Join(dir, socketName)
	return &Client{dir: dir, asking: clientOf(path, questionWithin), bidding: clientOf(path, changeWithin)}
}

// clientOf speaks HTTP to a socket, and gives up on an answer that has not begun within a time.
func clientOf(path string, within time.Duration) http.Client {
	return http.Client{Transport: &http.Transport{
		DisableKeepAlives:     true, // a command asks once or twice; an idle connection would delay the daemon's leave
		ResponseHeaderTimeout: within,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
	}}
}

// Status returns the daemon's snapshot.
func (c *Client) Status(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	if err := c.value(ctx, "/v1/status", nil, &s); err != nil {
		return s, err
	}
	if s.Schema != Schema {
		return s, fmt.Errorf("the daemon speaks %q, this xvrrp speaks %q: use the xvrrp that the daemon runs (%s)", s.Schema, Schema, s.Version)
	}
	return s, nil
}

// Keepalived returns the daemon's state as keepalived's own JSON; the caller closes it.
func (c *Client) Keepalived(ctx context.Context) (io.ReadCloser, error) {
	return c.get(ctx, "/v1/keepalived", nil)
}

// Reload has the daemon read its configuration anew, and returns what that changes; with dry nothing is changed.
func (c *Client) Reload(ctx context.Context, dry bool) (Plan, error) {
	q := url.Values{}
	if dry {
		q.Set("dry_run", "1")
	}
	return c.plan(ctx, http.MethodPost, "/v1/reload", q, nil)
}

// plan asks for something that is answered by a plan.
func (c *Client) plan(ctx context.Context, method, path string, q url.Values, text io.Reader) (p Plan, err error) {
	err = c.exchange(ctx, method, path, q, text, &p)
	return p, err
}

// Edit changes single routers, and returns what becomes of them.
func (c *Client) Edit(ctx context.Context, e Edit) (Plan, error) {
	q := url.Values{}
	for name, on := range map[string]bool{"keep": e.Keep, "dry_run": e.DryRun} {
		if on {
			q.Set(name, "1")
		}
	}
	if e.Label != "" {
		q.Set("label", e.Label)
	}
	if len(e.Names) > 0 {
		q["name"] = e.Names
	}
	method, path := http.MethodPost, "/v1/routers"
	switch e.Verb {
	case SetRouter:
		method = http.MethodPatch
	case RemoveRouters:
		method = http.MethodDelete
	case ResetRouters:
		path += "/reset"
	}
	return c.plan(ctx, method, path, q, strings.NewReader(e.Text))
}

// Overrides lists what was changed of single routers at run time.
func (c *Client) Overrides(ctx context.Context) (o Overrides, err error) {
	err = c.value(ctx, "/v1/overrides", nil, &o)
	return o, err
}

// Events yields the events numbered above since, oldest first. With follow it goes on with what happens until
// ctx ends, and yields ErrEnded when the daemon stops. An error is the last thing yielded.
func (c *Client) Events(ctx context.Context, since uint64, follow bool) iter.Seq2[Event, error] {
	q := url.Values{"since": {strconv.FormatUint(since, 10)}}
	if follow {
		q.Set("follow", "1")
	}
	return lines[Event](ctx, c, "/v1/events", q, follow, nil)
}

// lines yields the JSON values of an answer, which stays open if it is followed. An error is the last thing yielded, be
// it that of begun, which unless it is nil is called when the answer begins.
func lines[T any](ctx context.Context, c *Client, path string, q url.Values, follow bool, begun func() error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		body, err := c.get(ctx, path, q)
		if err != nil {
			yield(none, err)
			return
		}
		defer body.Close()
		if begun != nil {
			if err := begun(); err != nil {
				yield(none, err)
				return
			}
		}
		for in := json.NewDecoder(body); ; {
			var v T
			err := in.Decode(&v)
			if err == nil {
				if !yield(v, nil) {
					return
				}
				continue
			}
			if err := endOfLines(ctx, err, follow); err != nil {
				yield(none, err)
			}
			return
		}
	}
}

// endOfLines tells how an answer ended that can be read no further because of err; nil is a proper end.
func endOfLines(ctx context.Context, err error, follow bool) error {
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case cut && follow:
		return ErrEnded
	case errors.Is(err, io.EOF):
		return nil
	}
	return fmt.Errorf("read the daemon's answer: %w", err)
}

func (c *Client) get(ctx context.Context, path string, q url.Values) (io.ReadCloser, error) {
	return c.send(ctx, http.MethodGet, path, q, nil)
}

// value asks for one JSON value.
func (c *Client) value(ctx context.Context, path string, q url.Values, to any) error {
	return c.exchange(ctx, http.MethodGet, path, q, nil, to)
}

// exchange sends one request that is answered by one JSON value.
func (c *Client) exchange(ctx context.Context, method, path string, q url.Values, text io.Reader, to any) error {
	body, err := c.send(ctx, method, path, q, text)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(to); err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	return nil
}

// send sends one request, to a path that is escaped, and returns the body of a good answer.
func (c *Client) send(ctx context.Context, method, path string, q url.Values, text io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://xvrrp"+path+"?"+q.Encode(), text)
	if err != nil {
		return nil, err
	}
	by := &c.asking
	if method != http.MethodGet {
		by = &c.bidding
	}
	resp, err := by.Do(req)
	if !errors.Is(ctx.Err(), context.Canceled) && os.IsTimeout(err) {
		return nil, c.unanswered()
	}
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var f failure
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.Error == "" {
		return nil, fmt.Errorf("the daemon answered %s", resp.Status)
	}
	switch resp.StatusCode {
	case http.StatusServiceUnavailable:
		return nil, fmt.Errorf("%w: %s", ErrBusy, f.Error)
	case http.StatusForbidden:
		return nil, fmt.Errorf("%w: %s", fs.ErrPermission, f.Error)
	}
	return nil, errors.New(f.Error)
}

// unanswered tells why there was no answer in time, which may have been too short to find nobody there.
func (c *Client) unanswered() error {
	conn, err := net.Dial("unix", filepath.Join(c.dir, socketName))
	if err != nil {
		return c.explain(err)
	}
	conn.Close()
	return fmt.Errorf("%w: it does not answer; its log, or systemctl status xvrrp, may tell why", ErrBusy)
}

// explain turns a failure to connect into what an operator can act on.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w in %s: start one with xvrrp run, or name its --runtime-dir", ErrNoDaemon, c.dir)
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET): // before its refusal could be read
		return fmt.Errorf("%w: it has too many clients at once", ErrBusy)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the socket in %s may not be used by this user: run as root or as a member of its group: %w", c.dir, fs.ErrPermission)
	}
	var where *url.Error // names a URL that nobody typed
	if errors.As(err, &where) {
		err = where.Err
	}
	return fmt.Errorf("ask the daemon in %s: %w", c.dir, err)
}
