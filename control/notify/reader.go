package notify

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/script"
)

// steady is how long a reader must have run for its next end to be taken as the first.
const steady = time.Minute

// reader keeps a command running that reads a pipe.
type reader struct {
	path    string
	pace    pace
	trouble *troubles

	mu      sync.Mutex
	command *script.Command    // nil: somebody else reads
	stop    context.CancelFunc // ends the command, so that its replacement is run; nil before run
}

// replace ends the command and has another one run instead.
func (r *reader) replace(c *script.Command) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.command = c
	if r.stop != nil {
		r.stop()
	}
}

// run keeps a command running until life ends, then lets the last one finish, at most until end.
func (r *reader) run(life, end context.Context) {
	for life.Err() == nil {
		ctx, stop := context.WithCancel(end)
		r.mu.Lock()
		command := r.command
		r.stop = stop
		r.mu.Unlock()
		r.keep(life, ctx, command)
		stop()
	}
}

// keep runs one command again and again until life ends, or ctx does because it was replaced.
func (r *reader) keep(life, ctx context.Context, command *script.Command) {
	either, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(life, cancel)()
	if command == nil {
		<-either.Done()
		return
	}
	command = command.With(r.path)
	for wait := r.pace.backoff; ; wait = min(2*wait, time.Minute) {
		result := command.Run(ctx, 0)
		if life.Err() != nil || ctx.Err() != nil {
			return
		}
		if result.Took >= steady {
			wait = r.pace.backoff
		}
		r.trouble.fail("", "reader "+r.path, fmt.Sprintf("reader %s: %s, started again in %s", command, result, wait))
		pause(either, wait)
		if life.Err() != nil || ctx.Err() != nil {
			return
		}
	}
}
