package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	pipeBacklog = 4096 // lines that wait while a pipe is full
	pipeWrite   = 4096 // bytes that a pipe takes whole or not at all (PIPE_BUF)
)

const noRoom = "closed before there was room"

// pipe writes events to a named pipe. Its goroutine may wait for room; whoever adds an event does not.
type pipe struct {
	path        string
	user, group string
	pace        pace
	log         *slog.Logger
	trouble     *troubles
	reader      *reader

	before *pipe              // of the same path and not closed when this one came; nil: none
	retire context.CancelFunc // no more lines will come; nil until the pipe is begun
	kick   chan struct{}      // size 1: a line waits
	done   chan struct{}      // closed when run returns

	mu    sync.Mutex
	lines backlog
}

func newPipe(o Pipe, p pace, log *slog.Logger, trouble *troubles) *pipe {
	return &pipe{
		path: o.Path, user: o.User, group: o.Group,
		pace: p, log: log, trouble: trouble,
		reader: &reader{path: o.Path, pace: p, trouble: trouble, command: o.Reader},
		kick:   make(chan struct{}, 1),
		done:   make(chan struct{}),
		lines:  backlog{limit: pipeBacklog},
	}
}

func (p *pipe) isDone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *pipe) add(e Event) {
	e.Commands = nil // the backlog must not keep them
	p.mu.Lock()
	forgotten := p.lines.add(e)
	p.mu.Unlock()
	if forgotten > 0 {
		p.lose(forgotten, "nobody reads: out of date")
	}
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// run keeps the pipe open and writes to it until life ends, then what is left, if there is room.
func (p *pipe) run(life context.Context) {
	defer close(p.done)
	if p.before != nil {
		<-p.before.done
		p.before = nil
	}
	if file, created := p.open(life); file != nil {
		p.serve(life, file)
		if created {
			p.remove()
		}
	}
	p.abandon(noRoom)
}

// abandon reports the lines that were not written.
func (p *pipe) abandon(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines.len() > 0 {
		p.lose(p.lines.len(), why)
	}
}

// open opens the pipe, as often as it takes, and says whether it made it. Without a file life has ended.
func (p *pipe) open(life context.Context) (file *os.File, created bool) {
	for wait := p.pace.backoff; ; wait = min(2*wait, time.Minute) {
		made, err := makeFIFO(p.path)
		created = created || made
		if err == nil {
			file, err = openFIFO(p.path)
		}
		if err == nil {
			break
		}
		p.trouble.fail("", "open "+p.path, "pipe: "+err.Error())
		pause(life, wait)
		if life.Err() != nil {
			return nil, false
		}
	}
	if created {
		if err := own(file, p.user, p.group); err != nil {
			p.trouble.fail("", "own "+p.path, fmt.Sprintf("pipe %s stays ours: %v", p.path, err))
		}
	}
	p.log.Debug("pipe opened", "path", p.path, "created", created)
	return file, created
}

// serve writes until life ends, with the reader at work.
func (p *pipe) serve(life context.Context, file *os.File) {
	end, stop := context.WithCancel(context.Background())
	defer stop()
	var reading sync.WaitGroup
	reading.Go(func() { p.reader.run(life, end) })
	p.write(life, file)
	p.awaitReaders(file)
	file.Close() // which a reader sees as the end of the file
	defer time.AfterFunc(p.pace.patience, stop).Stop()
	reading.Wait()
}

// awaitReaders gives readers the time to read what the kernel forgets when the last who has the pipe open leaves.
func (p *pipe) awaitReaders(file *os.File) {
	for deadline := time.Now().Add(p.pace.patience); ; time.Sleep(p.pace.patience / 100) {
		bytes := unread(file)
		if bytes == 0 {
			return
		}
		if time.Now().After(deadline) {
			p.trouble.fail("", "unread "+p.path, fmt.Sprintf("pipe %s: closed with %d bytes, which nobody had read", p.path, bytes))
			return
		}
	}
}

func (p *pipe) write(life context.Context, file *os.File) {
	defer context.AfterFunc(life, func() {
		_ = file.SetWriteDeadline(time.Now().Add(p.pace.patience)) // fails only if it is closed already
	})()
	buf := make([]byte, 0, pipeWrite)
	for {
		lines, n := p.take(buf)
		if n == 0 {
			if life.Err() != nil {
				return
			}
			select {
			case <-p.kick:
			case <-life.Done():
			}
			continue
		}
		switch _, err := file.Write(lines); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			p.lose(n, noRoom)
			return
		case err != nil:
			p.lose(n, err.Error())
		}
	}
}

// take takes as many lines as one write can hold, but at least one if there is any.
func (p *pipe) take(buf []byte) (lines []byte, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.lines.len() > 0 {
		longer := appendLine(buf, p.lines.first())
		if n > 0 && len(longer) > pipeWrite {
			break
		}
		p.lines.pop()
		buf = longer
		n++
	}
	return buf, n
}

func (p *pipe) remove() {
	if err := os.Remove(p.path); err != nil {
		p.trouble.fail("", "remove "+p.path, "pipe: "+err.Error())
	}
}

func (p *pipe) lose(n int, why string) {
	p.trouble.lose("", "pipe "+p.path, n, fmt.Sprintf("pipe %s: %s", p.path, why))
}
