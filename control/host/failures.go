package host

import (
	"context"
	"sync"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// What Failure.Op says.
const (
	opAdvertise = "advertise"
	opAcquire   = "acquire"
	opAnnounce  = "announce"
)

// failures carries failed effects from the loop and the workers to whoever reads Failures. Reporting never waits
// and nothing piles up: of several failures of one kind in one router the latest is kept until it is read.
type failures struct {
	out  chan Failure // unbuffered; run is the only sender
	kick chan struct{}

	mu      sync.Mutex
	order   []failureKey
	pending map[failureKey]error
}

type failureKey struct {
	id vrrp.ID
	op string
}

func newFailures() *failures {
	return &failures{
		out:     make(chan Failure),
		kick:    make(chan struct{}, 1),
		pending: make(map[failureKey]error),
	}
}

func (f *failures) report(id vrrp.ID, op string, err error) {
	key := failureKey{id, op}
	f.mu.Lock()
	if _, known := f.pending[key]; !known {
		f.order = append(f.order, key)
	}
	f.pending[key] = err
	f.mu.Unlock()
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// run hands failures over, oldest first, until ctx ends.
func (f *failures) run(ctx context.Context) {
	for {
		next, ok := f.next()
		if !ok {
			select {
			case <-f.kick:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case f.out <- next:
		case <-ctx.Done():
			return
		}
	}
}

func (f *failures) next() (Failure, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.order) == 0 {
		return Failure{}, false
	}
	key := f.order[0]
	f.order = f.order[1:]
	err := f.pending[key]
	delete(f.pending, key)
	return Failure{ID: key.id, Op: key.op, Err: err}, true
}
