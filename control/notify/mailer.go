package notify

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	mailBacklog = 1000 // events that wait to be mailed
	mailBatch   = 100  // events that share a connection
)

// mailer mails events. Its goroutine may wait for name servers and mail servers; whoever adds an event does not.
type mailer struct {
	retries []time.Duration
	log     *slog.Logger
	trouble *troubles
	kick    chan struct{} // size 1: an event waits

	mu      sync.Mutex
	account *account // the last one there was
	on      bool
	told    map[subject]string // what was mailed last
	waiting backlog
}

func newMailer(retries []time.Duration, log *slog.Logger, trouble *troubles) *mailer {
	return &mailer{
		retries: retries, log: log, trouble: trouble,
		kick:    make(chan struct{}, 1),
		told:    make(map[subject]string),
		waiting: backlog{limit: mailBacklog},
	}
}

// configure replaces the settings. What is queued goes to the new server, if there is one.
func (m *mailer) configure(settings *Mail) {
	var a *account
	if settings != nil && settings.Server != "" && len(settings.To) > 0 {
		var err error
		if a, err = newAccount(*settings); err != nil {
			m.trouble.fail("", "mail settings", err.Error())
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on = a != nil && len(a.to) > 0
	if m.on {
		m.account = a
	}
}

// add queues an event, unless it says what was mailed last.
func (m *mailer) add(e Event) {
	if !m.queue(e) {
		return
	}
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

func (m *mailer) queue(e Event) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on || !e.isRole() || e.State == Fault && m.account.NoFaults || m.told[e.subject()] == e.State {
		return false
	}
	m.told[e.subject()] = e.State
	e.Commands = nil // the backlog must not keep them
	e.at = time.Now()
	if n := m.waiting.add(e); n > 0 {
		m.trouble.lose("", "mail", n, "mail is slower than states last: out of date")
	}
	return true
}

// run mails until life ends, then what is queued, at most until end.
func (m *mailer) run(life, end context.Context) {
	for {
		batch := m.take()
		switch {
		case len(batch) > 0:
			m.deliver(life, end, batch)
		case life.Err() != nil:
			return
		default:
			select {
			case <-m.kick:
			case <-life.Done():
			}
		}
	}
}

// take takes the oldest events to be mailed, as letters to everybody.
func (m *mailer) take() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	var batch []letter
	for m.waiting.len() > 0 && len(batch) < mailBatch {
		batch = append(batch, letter{m.waiting.pop(), m.account.to})
	}
	return batch
}

// deliver sends letters, again and again until they are gone or it is no use. When life has ended it tries once.
func (m *mailer) deliver(life, end context.Context, letters []letter) {
	for retry := 0; ; retry++ {
		last := life.Err() != nil || retry == len(m.retries)
		left, err := m.send(end, letters)
		if len(left) == 0 {
			return
		}
		if last || end.Err() != nil {
			m.trouble.lose("", "mail", len(left), fmt.Sprintf("mail: %v", err))
			return
		}
		m.trouble.fail("", "mail delay", fmt.Sprintf("mail waits %s: %v", m.retries[retry], err))
		letters = left
		pause(life, m.retries[retry])
	}
}

// send sends letters over one connection and returns those to be tried again, with the reason.
func (m *mailer) send(ctx context.Context, letters []letter) (left []letter, err error) {
	m.mu.Lock()
	a := m.account
	m.mu.Unlock()
	s, err := a.connect(ctx)
	if err != nil {
		return letters, fmt.Errorf("server %s: %w", a.Server, err)
	}
	defer s.close()
	for len(letters) > 0 {
		l := letters[0]
		switch refusal := s.send(l); {
		case refusal == nil:
			m.log.Debug("mailed", "name", l.event.Name, "state", l.event.State)
		case refusal.broken:
			return append(left, letters...), fmt.Errorf("server %s: %w", a.Server, refusal.err)
		case refusal.recipient && len(l.to) > 1:
			letters = append(letters, l.single()...)
		case refusal.final:
			m.trouble.lose(l.event.Name, "mail refused", 1, fmt.Sprintf("server %s refuses mail: %v", a.Server, refusal.err))
		default:
			left, err = append(left, l), fmt.Errorf("server %s: %w", a.Server, refusal.err)
		}
		letters = letters[1:]
	}
	return left, err
}
