package control

import (
	"context"
	"runtime/debug"
	"time"
)

// Whatever makes an event makes garbage, a start and a reload most of all: many times what is kept. At rest there is none,
// so that nothing but this would ever give its memory back.

// tidyAfter is how long after the first of several events their garbage is given back.
const tidyAfter = 10 * time.Second

// stir notes that there may be garbage.
func (d *daemon) stir() {
	select {
	case d.stirred <- struct{}{}:
	default: // noted already
	}
}

// runTidy gives back to the kernel what memory is not in use, some time after events, until ctx ends.
func (d *daemon) runTidy(ctx context.Context) error {
	for {
		select {
		case <-d.stirred:
		case <-ctx.Done():
			return nil
		}
		select {
		case <-time.After(tidyAfter):
		case <-ctx.Done():
			return nil
		}
		select {
		case <-d.stirred: // what happened meanwhile is tidied up with the rest
		default:
		}
		debug.FreeOSMemory()
	}
}
