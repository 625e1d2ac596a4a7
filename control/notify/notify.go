// Package notify tells others about changes of state: scripts, named pipes and mail. Whoever has something to tell
// never waits, what is told of one router arrives in order, and what had to be given up is said.
//
// # Scripts
//
// The commands of one name (a router or a group) run one after the other, those of different names side by side, at
// most 64 at once. A command may take as long as it likes while nothing waits for it. Once something does (a later
// command of its name, or another name when all 64 places are taken), it is ended when it has run for
// Options.Timeout. A name whose commands hang holds 64 events; beyond that the oldest are forgotten that a later one
// has replaced, never the newest.
//
// # Named pipes
//
// A change is a line (see [Line]). A pipe is created if it is missing (mode 0600, as keepalived's default umask leaves
// it) and then removed at the end. It is held open for reading and writing, so it needs no reader to be written to and
// keeps what it was given from one reader to the next. While it is full, lines wait in memory: 4,096, and beyond them
// the newest of each name; what is forgotten are lines that a later one of the same name has replaced, and how many
// is reported. A line that is written was true when the change happened, whatever was forgotten before it.
//
// A reader of ours gets the path as its last argument. It is started again when it ends, after a second at first and
// a minute at most. At the end readers have a second to empty the pipe; what nobody has read by then is reported. Then
// the pipe is closed, which a reader sees as the end of the file; one of ours that is still there a second later gets
// SIGTERM.
//
// # Mail
//
// The subject is keepalived's, "[ROUTER_ID] VRRP Instance NAME - Entering MASTER state", and so is "X-Mailer:
// Keepalived", so that the filters of those who get the mail go on working; User-Agent says xvrrp. The body says why.
// Nothing is mailed of a name whose last mail said the same. Mails that are due together share a connection. What
// cannot be delivered is tried again after 10 s, 1 min and 5 min, then given up, at once if the server refuses it for
// good; a recipient who is refused costs no other recipient the mail. 1,000 mails wait at most, and beyond them the
// newest of each name.
//
// # The end
//
// When the context of Run ends, what is queued is still told for Options.Grace. After a second commands that have run
// for a second and that others wait for are ended, events that a later one has replaced are forgotten, and nobody waits
// any longer for a pipe that is full.
package notify

import (
	"cmp"
	"context"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/script"
)

// Pipe is a named pipe.
type Pipe struct {
	Path        string
	User, Group string          // owner when it is created; empty: ours, and the user's group
	Reader      *script.Command // run while we run, with the path as last argument; nil: somebody else reads
}

// Options are what a Notifier is made of.
type Options struct {
	Pipes  []Pipe
	Mail   *Mail // nil: none
	Log    *slog.Logger
	Report func(Trouble) // called from any goroutine; must neither wait nor call the Notifier. nil: troubles are logged

	Timeout time.Duration // of a command that something waits for; 0: a minute
	Grace   time.Duration // after the context of Run has ended; 0: 5 s
}

// pace holds the times that operators cannot choose. Tests shorten them.
type pace struct {
	patience time.Duration   // at the end, with what stands in the way
	window   time.Duration   // in which troubles of one kind are one
	backoff  time.Duration   // before a reader or a pipe is tried again, at first; doubled up to a minute
	retries  []time.Duration // before a mail is tried again
}

var usualPace = pace{
	patience: time.Second,
	window:   time.Minute,
	backoff:  time.Second,
	retries:  []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute},
}

// Notifier tells. Its methods may be called from any goroutine.
type Notifier struct {
	grace   time.Duration
	pace    pace
	log     *slog.Logger
	trouble *troubles
	scripts *scripts
	mailer  *mailer

	running sync.WaitGroup // everything Run started

	mu      sync.Mutex // guards what follows; held for no longer than it takes to queue an event
	pipes   []*pipe
	leaving []*pipe     // left out by Reconfigure, perhaps not yet closed
	begin   func(*pipe) // starts a pipe; nil before and after Run
	ended   bool
}

// New returns a Notifier; Run makes it work.
func New(o Options) *Notifier { return newNotifier(o, usualPace) }

func newNotifier(o Options, p pace) *Notifier {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	trouble := newTroubles(log, o.Report, p.window)
	n := &Notifier{
		grace:   cmp.Or(o.Grace, 5*time.Second),
		pace:    p,
		log:     log,
		trouble: trouble,
		scripts: newScripts(cmp.Or(o.Timeout, time.Minute), p.patience, trouble),
		mailer:  newMailer(p.retries, log, trouble),
	}
	n.Reconfigure(o)
	return n
}

// Notify queues an event. It never waits; memory is bounded per name.
func (n *Notifier) Notify(e Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended {
		n.trouble.lose(e.Name, "late", 1, "came after the end")
		return
	}
	if len(e.Commands) > 0 {
		n.scripts.add(e)
	}
	if e.FIFO {
		for _, p := range n.pipes {
			p.add(e)
		}
	}
	if e.Mail {
		n.mailer.add(e)
	}
}

// Reconfigure replaces pipes and mail settings; the other options stay what they were. It never waits. A pipe whose
// path is among the new ones stays open with all it holds, and only its reader is replaced if it is another one. What
// is queued for a pipe that is left out is written if there is room, before it is closed. What is queued to be mailed
// goes to the new server, or to the old one if there is none.
func (n *Notifier) Reconfigure(o Options) {
	n.mailer.configure(o.Mail)
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.pipes
	n.pipes = make([]*pipe, 0, len(o.Pipes))
	for _, settings := range o.Pipes {
		if findPipe(n.pipes, settings.Path) == nil {
			n.pipes = append(n.pipes, n.keepOrAdd(old, settings))
		}
	}
	n.leaving = slices.DeleteFunc(n.leaving, (*pipe).isDone)
	for _, p := range old {
		switch {
		case findPipe(n.pipes, p.path) != nil:
		case p.retire == nil:
			p.abandon("left out before it was opened")
		default:
			p.retire()
			n.leaving = append(n.leaving, p)
		}
	}
}

// keepOrAdd is the pipe at the path of the settings: the old one, or a new one. n.mu is held.
func (n *Notifier) keepOrAdd(old []*pipe, settings Pipe) *pipe {
	if p := findPipe(old, settings.Path); p != nil {
		if !reflect.DeepEqual(p.reader.command, settings.Reader) {
			p.reader.replace(settings.Reader)
		}
		return p
	}
	p := newPipe(settings, n.pace, n.log, n.trouble)
	p.before = findPipe(n.leaving, settings.Path)
	if n.begin != nil {
		n.begin(p)
	}
	return p
}

// Run tells until ctx ends, then what is still queued for as long as the grace allows. It can be called once.
func (n *Notifier) Run(ctx context.Context) error {
	life, leave := context.WithCancel(context.Background())
	end, stop := context.WithCancel(context.Background())
	defer stop()
	n.start(life, end)
	<-ctx.Done()
	n.refuse() // before the parts leave: they count on nothing more to come
	leave()
	defer time.AfterFunc(n.grace, stop).Stop()
	n.running.Wait()
	n.trouble.close()
	return nil
}

// start starts the parts. They work until life ends, then off what is queued until end.
func (n *Notifier) start(life, end context.Context) {
	n.running.Go(func() { n.scripts.run(life, end) })
	n.running.Go(func() { n.mailer.run(life, end) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.begin = func(p *pipe) {
		ctx, retire := context.WithCancel(life)
		p.retire = retire
		n.running.Go(func() { defer retire(); p.run(ctx) })
	}
	for _, p := range n.pipes {
		n.begin(p)
	}
}

func (n *Notifier) refuse() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ended, n.begin = true, nil
}

// findPipe is the last of the pipes that has the path, or nil.
func findPipe(pipes []*pipe, path string) *pipe {
	for _, p := range slices.Backward(pipes) {
		if p.path == path {
			return p
		}
	}
	return nil
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
