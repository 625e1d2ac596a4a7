package track

import (
	"context"
	"log/slog"
	"sync"
)

// maxUnderWay is how many network checks may be under way at once. It bounds descriptors and memory. Checks of hosts
// that do not answer hold their place until they time out, so the number leaves room for hundreds of them beside
// those that are answered in a millisecond.
const maxUnderWay = 256

// Shared is what trackers have in common.
type Shared struct {
	log       *slog.Logger
	underWay  chan struct{} // a place for each network check under way
	ping4     *pinger
	ping6     *pinger
	files     *directories
	processes *processes
	bfd       []*bfdListener // one for each port and family
}

// NewShared returns the common part of trackers that log to log. It opens and starts nothing.
func NewShared(log *slog.Logger) *Shared {
	return &Shared{
		log:       log,
		underWay:  make(chan struct{}, maxUnderWay),
		ping4:     newPinger(false),
		ping6:     newPinger(true),
		files:     newDirectories(log),
		processes: newProcesses(log),
		bfd: []*bfdListener{
			newBFDListener(false, bfdSingleHopPort, log), newBFDListener(true, bfdSingleHopPort, log),
			newBFDListener(false, bfdMultiHopPort, log), newBFDListener(true, bfdMultiHopPort, log),
		},
	}
}

// Run serves trackers until ctx ends.
func (s *Shared) Run(ctx context.Context) error {
	services := []service{s.ping4, s.ping6, s.files, s.processes}
	for _, l := range s.bfd {
		services = append(services, l)
	}
	var wg sync.WaitGroup
	for _, service := range services {
		wg.Go(func() {
			select {
			case <-service.opened():
				service.serve(ctx)
			case <-ctx.Done():
			}
		})
	}
	wg.Wait()
	return nil
}

// service is something shared that is opened by the first tracker that needs it and then served by Shared.Run.
type service interface {
	opened() <-chan struct{} // closed when it is open
	serve(ctx context.Context)
}

// opening is the part of a service that opens it once.
type opening struct {
	mu   sync.Mutex
	done bool
	open chan struct{}
}

func newOpening() opening { return opening{open: make(chan struct{})} }

func (o *opening) opened() <-chan struct{} { return o.open }

// ensure opens the service unless it is open. After an error the next tracker tries again.
func (o *opening) ensure(open func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return nil
	}
	if err := open(); err != nil {
		return err
	}
	o.done = true
	close(o.open)
	return nil
}
