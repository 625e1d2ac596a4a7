package notify

import (
	"bytes"
	"context"
	"os"
	"os/user"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/script"
)

// soon is how long a test waits for what must happen, on a machine that has other things to do.
const soon = 30 * time.Second

// briskPace spares the tests the waiting.
var briskPace = pace{
	patience: 100 * time.Millisecond,
	window:   time.Minute,
	backoff:  20 * time.Millisecond,
	retries:  []time.Duration{20 * time.Millisecond, 20 * time.Millisecond},
}

// notifier is a Notifier at work.
type notifier struct {
	*Notifier
	complaints complaints
	cancel     context.CancelFunc
	returned   chan struct{}
}

// prepare makes a notifier that does not run yet.
func prepare(o Options, p pace) *notifier {
	n := &notifier{returned: make(chan struct{})}
	o.Report = n.complaints.add
	n.Notifier = newNotifier(o, p)
	return n
}

func (n *notifier) begin(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	go func() {
		defer close(n.returned)
		if err := n.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { n.end(t) })
}

func start(t *testing.T, o Options) *notifier {
	n := prepare(o, briskPace)
	n.begin(t)
	return n
}

// end stops the notifier and waits for it; whatever it started must be gone then.
func (n *notifier) end(t *testing.T) {
	t.Helper()
	n.cancel()
	select {
	case <-n.returned:
	case <-time.After(soon):
		t.Fatalf("Run does not return\n%s", goroutines())
	}
}

// goroutines are the stacks of all goroutines in this package, but for those of tests.
func goroutines() string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 2); err != nil {
		return err.Error()
	}
	var ours []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, "control/notify.(*") && !strings.Contains(stack, "_test.go") {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// shell is a command that runs text, with $0 and further arguments.
func shell(t *testing.T, text string, args ...string) *script.Command {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := script.Prepare(script.Spec{Argv: append([]string{"/bin/sh", "-c", text}, args...), User: me.Username},
		script.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// journal is a file that scripts append to.
type journal string

func newJournal(t *testing.T) journal { return journal(filepath.Join(t.TempDir(), "journal")) }

// says is a command that appends a line to the journal, after what else is to be done.
func (j journal) says(t *testing.T, line, before string) *script.Command {
	return shell(t, before+`echo "$1" >>"$0"`, string(j), line)
}

func (j journal) lines() []string {
	text, err := os.ReadFile(string(j))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

func TestRunLeavesNothing(t *testing.T) {
	j := newJournal(t)
	n := start(t, Options{
		Pipes: []Pipe{{Path: filepath.Join(t.TempDir(), "pipe"), Reader: shell(t, `cat "$0" >/dev/null`)}},
		Mail:  &Mail{Server: newServer(t, behaviour{silent: true}).address, To: []string{"ops@example.org"}},
		Grace: 300 * time.Millisecond,
	})
	for _, name := range []string{"VI_1", "VI_2"} {
		n.Notify(Event{Name: name, State: Master, FIFO: true, Mail: true,
			Commands: []*script.Command{j.says(t, name, ""), shell(t, "sleep 100")}})
	}
	eventually(t, "scripts have run", func() bool { return len(j.lines()) == 2 })
	n.end(t)
	eventually(t, "no goroutine of ours is left", func() bool { return goroutines() == "" })

	n.Notify(Event{Name: "VI_1", State: Backup, FIFO: true})
	if !n.complaints.mention("VI_1", "came after the end, 1 event lost") {
		t.Errorf("an event after the end is not reported: %v", n.complaints.list())
	}
}
