package track

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// maxJitter bounds how long after its start a check is made first, so that hundreds that start together spread.
const maxJitter = time.Second

// CheckOptions are what all kinds of checks have in common.
type CheckOptions struct {
	Key        string // of the results
	Name       string // for the log
	Interval   time.Duration
	Timeout    time.Duration // of one attempt; 0: none
	Retry      int           // further attempts before a run has failed
	RetryDelay time.Duration // between them
	Rise, Fall int           // as of a script
	InitFail   bool          // as of a script
}

// check is a tracker that probes again and again.
type check struct {
	CheckOptions
	log *slog.Logger
	// places is where an attempt waits for its turn; nil: it needs none.
	places chan struct{}
	// probe makes one attempt. Its error says at which level it failed.
	probe func(ctx context.Context) error
}

// networkCheck is a check that holds one of the places for those under way.
func (s *Shared) networkCheck(o CheckOptions, probe func(context.Context) error) *check {
	return &check{CheckOptions: o, log: s.log, places: s.underWay, probe: probe}
}

func (c *check) Run(ctx context.Context, out chan<- Result) error {
	report := reporter{key: c.Key, out: out}
	standing := newCounter(c.Rise, c.Fall, c.InitFail)
	if c.InitFail {
		report.report(ctx, false, "has not succeeded yet (init_fail)")
	}
	if !sleep(ctx, rand.N(max(min(c.Interval, maxJitter), 1))) {
		return nil
	}
	beat := newBeat(c.Interval)
	defer beat.stop()
	for {
		err := c.run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if standing.count(err == nil) {
			c.log.Info(fmt.Sprintf("VRRP_Check(%s) %s", c.Name, verdict(err)))
		}
		report.report(ctx, standing.up, c.detail(standing, err))
		beat.missed()
		if !beat.wait(ctx) {
			return nil
		}
	}
}

// run makes one run: an attempt, and as many more as Retry allows.
func (c *check) run(ctx context.Context) error {
	for retried := 0; ; retried++ {
		err := c.attempt(ctx)
		if err == nil || retried >= c.Retry || !sleep(ctx, c.RetryDelay) {
			return err
		}
	}
}

// attempt probes once. Waiting for a place does not count as time the other side took.
func (c *check) attempt(ctx context.Context) error {
	if c.places != nil {
		select {
		case c.places <- struct{}{}:
			defer func() { <-c.places }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		ctx = limited
	}
	return c.probe(ctx)
}

// detail says why the check is down: the last failure, or that it takes more than one success.
func (c *check) detail(standing *counter, err error) string {
	switch {
	case standing.up:
		return ""
	case err == nil:
		return fmt.Sprintf("%d of %d successes", standing.n, standing.rise)
	}
	return err.Error()
}

func verdict(err error) string {
	if err == nil {
		return "succeeded"
	}
	return "failed (" + err.Error() + ")"
}

// failure is why an attempt failed, in words for operators, the level it failed at first.
type failure struct{ error }

func failed(format string, args ...any) failure { return failure{fmt.Errorf(format, args...)} }

// plain cuts a network error to its cause: what was being done is known to who asks.
func plain(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok && errno != syscall.ETIMEDOUT {
		return errno.Error()
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT),
		errors.Is(err, net.ErrClosed): // a client closes its connection when time is up
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	}
	return err.Error()
}

// resolve finds the address of a host, which is looked up each time unless it is an address.
func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), nil
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, failed("resolve %s: %s", host, plain(err))
	}
	return found[0].Unmap(), nil
}
