package notify

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"slices"
	"strings"
	"testing"
	"time"
)

// account is a Mail to a server.
func (s *server) mail(change func(*Mail)) *Mail {
	m := &Mail{Server: s.address, From: "lb@example.org", To: []string{"ops@example.org"}, RouterID: "R1",
		ConnectTimeout: soon}
	if change != nil {
		change(m)
	}
	return m
}

// delivered waits for so many mails.
func (s *server) delivered(t *testing.T, n int) []delivery {
	t.Helper()
	eventually(t, fmt.Sprintf("%d mails are delivered", n), func() bool { return len(s.deliveries()) >= n })
	return s.deliveries()
}

func TestMailReadsLikeKeepaliveds(t *testing.T) {
	s := newServer(t, behaviour{})
	n := start(t, Options{Mail: s.mail(func(m *Mail) {
		m.To = []string{"Ops Team <ops@example.org>", "oncall@example.org"}
		m.Helo = "lb1.example.org"
	})})
	n.Notify(Event{Name: "VI_1", State: Master, Priority: 150, Mail: true, Why: "the master fell silent"})
	got := s.delivered(t, 1)[0]
	for _, c := range []struct{ what, got, want string }{
		{"greeting", got.greeting, "EHLO lb1.example.org"},
		{"sender", got.from, "lb@example.org"},
		{"recipients", strings.Join(got.to, " "), "ops@example.org oncall@example.org"},
		{"subject", got.header("Subject"), "[R1] VRRP Instance VI_1 - Entering MASTER state"},
		{"X-Mailer", got.header("X-Mailer"), "Keepalived"},
		{"Auto-Submitted", got.header("Auto-Submitted"), "auto-generated"},
	} {
		if c.got != c.want {
			t.Errorf("%s %q, want %q", c.what, c.got, c.want)
		}
	}
	_, coded, _ := strings.Cut(got.text, "\r\n\r\n")
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(coded)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"router VI_1 on R1: MASTER", "Why:      the master fell silent", "Priority: 150"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("body lacks %q:\n%s", want, text)
		}
	}
	if got.secure {
		t.Error("TLS was used though nobody asked for it")
	}
}

func TestSubjects(t *testing.T) {
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Name: "VI_1", State: Backup}, "[R1] VRRP Instance VI_1 - Entering BACKUP state"},
		{Event{Name: "VI_1", State: Fault}, "[R1] VRRP Instance VI_1 - Entering FAULT state"},
		{Event{Name: "VI_1", State: Stop}, "[R1] VRRP Instance VI_1 - Stopping"},
		{Event{Name: "VI_1", State: Deleted}, "[R1] VRRP Instance VI_1 - Deleted"},
		{Event{Group: true, Name: "G", State: Master}, "[R1] VRRP Group G - Entering MASTER state"},
	} {
		if got := subjectLine("R1", &c.event); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestWhatIsMailed(t *testing.T) {
	for _, c := range []struct {
		name, told, mailed string
		noFaults           bool
	}{
		{name: "each change", told: "a:BACKUP a:MASTER a:FAULT", mailed: "a:BACKUP a:MASTER a:FAULT"},
		{name: "not the same again", told: "a:BACKUP b:BACKUP a:BACKUP a:MASTER a:MASTER", mailed: "a:BACKUP b:BACKUP a:MASTER"},
		{name: "roles only", told: "a:MASTER a:MASTER_RX_LOWER_PRI a:MASTER_PRIORITY", mailed: "a:MASTER"},
		{name: "no faults if not wanted", told: "a:MASTER a:FAULT a:MASTER a:BACKUP", noFaults: true, mailed: "a:MASTER a:BACKUP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := prepare(Options{Mail: &Mail{Server: "mail.invalid", To: []string{"a@b"}, NoFaults: c.noFaults}}, briskPace)
			for _, e := range shorthand(c.told) {
				e.Mail = true
				n.Notify(e)
			}
			n.Notify(Event{Name: "silent", State: Master})
			if got := n.mailer.waiting.String(); got != c.mailed {
				t.Errorf("queued %q, want %q", got, c.mailed)
			}
		})
	}
}

func TestMailsShareAConnection(t *testing.T) {
	const mails = 250
	s := newServer(t, behaviour{})
	n := prepare(Options{Mail: s.mail(nil)}, briskPace)
	for i := range mails {
		n.Notify(Event{Name: fmt.Sprint(i), State: Master, Mail: true})
	}
	n.begin(t)
	for i, d := range s.delivered(t, mails) {
		if want := fmt.Sprintf("[R1] VRRP Instance %d - Entering MASTER state", i); d.header("Subject") != want {
			t.Fatalf("mail %d is %q", i, d.header("Subject"))
		}
	}
	if got := s.connections(); got != 3 {
		t.Errorf("%d mails took %d connections", mails, got)
	}
}

func TestMailSecurity(t *testing.T) {
	login := func(m *Mail) { m.User, m.Password = "lb", "secret" }
	for _, c := range []struct {
		name    string
		server  behaviour
		mail    func(*Mail)
		trouble string // empty: it is delivered
		secure  bool
	}{
		{name: "plain", server: behaviour{}},
		{name: "plain to a server without EHLO", server: behaviour{plain: true}},
		{name: "plain though TLS is offered", server: behaviour{startTLS: true, stranger: true}},
		{name: "STARTTLS", server: behaviour{startTLS: true}, mail: func(m *Mail) { m.Security = StartTLS }, secure: true},
		{name: "STARTTLS not offered", server: behaviour{}, mail: func(m *Mail) { m.Security = StartTLS },
			trouble: "STARTTLS"},
		{name: "STARTTLS of a stranger", server: behaviour{startTLS: true, stranger: true},
			mail: func(m *Mail) { m.Security = StartTLS }, trouble: "certificate"},
		{name: "STARTTLS of a stranger, taken", server: behaviour{startTLS: true, stranger: true},
			mail: func(m *Mail) { m.Security, m.Insecure = StartTLS, true }, secure: true},
		{name: "TLS", server: behaviour{tls: true}, mail: func(m *Mail) { m.Security = TLS }, secure: true},
		{name: "TLS of a stranger", server: behaviour{tls: true, stranger: true},
			mail: func(m *Mail) { m.Security = TLS }, trouble: "certificate"},
		{name: "login by TLS", server: behaviour{tls: true, login: "lb secret"},
			mail: func(m *Mail) { login(m); m.Security = TLS }, secure: true},
		{name: "login by STARTTLS", server: behaviour{startTLS: true, login: "lb secret"},
			mail: func(m *Mail) { login(m); m.Security = StartTLS }, secure: true},
		{name: "login refused", server: behaviour{tls: true, login: "lb other"},
			mail: func(m *Mail) { login(m); m.Security = TLS }, trouble: "535"},
		{name: "login without TLS, to this host", server: behaviour{login: "lb secret"}, mail: login},
		{name: "login without TLS, elsewhere", server: behaviour{host: "127.0.0.2", login: "lb secret"}, mail: login,
			trouble: "unencrypted"},
		{name: "login nobody asks for", server: behaviour{}, mail: login, trouble: "AUTH"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, c.server)
			n := start(t, Options{Mail: s.mail(c.mail)})
			n.Notify(Event{Name: "VI_1", State: Master, Mail: true})
			if c.trouble != "" {
				eventually(t, "the loss is reported", func() bool { return n.complaints.mention("", ", 1 event lost") })
				if !n.complaints.mention("", c.trouble) {
					t.Errorf("%v does not mention %s", n.complaints.list(), c.trouble)
				}
				return
			}
			if got := s.delivered(t, 1)[0]; got.secure != c.secure {
				t.Errorf("delivered with TLS: %t", got.secure)
			}
		})
	}
}

func TestMailIsTriedAgain(t *testing.T) {
	t.Run("after a busy server", func(t *testing.T) {
		s := newServer(t, behaviour{busy: 2})
		n := start(t, Options{Mail: s.mail(nil)})
		n.Notify(Event{Name: "VI_1", State: Master, Mail: true})
		if got := s.delivered(t, 1)[0]; got.conn != 3 {
			t.Errorf("delivered by connection %d", got.conn)
		}
		if !n.complaints.mention("", "mail waits") {
			t.Errorf("the delay is not reported: %v", n.complaints.list())
		}
	})
	t.Run("after a broken connection, only what was not taken", func(t *testing.T) {
		s := newServer(t, behaviour{hangUp: 2})
		n := prepare(Options{Mail: s.mail(nil)}, briskPace)
		for i := range 5 {
			n.Notify(Event{Name: fmt.Sprint(i), State: Master, Mail: true})
		}
		n.begin(t)
		for i, d := range s.delivered(t, 5) {
			if want := fmt.Sprintf("[R1] VRRP Instance %d - Entering MASTER state", i); d.header("Subject") != want {
				t.Errorf("mail %d is %q", i, d.header("Subject"))
			}
		}
		n.end(t)
		if got := len(s.deliveries()); got != 5 {
			t.Errorf("%d mails were taken", got)
		}
	})
	t.Run("at the end once", func(t *testing.T) {
		s := newServer(t, behaviour{busy: 1})
		n := prepare(Options{Mail: s.mail(nil)}, pace{patience: time.Second, window: time.Minute,
			retries: []time.Duration{time.Hour}})
		n.begin(t)
		n.Notify(Event{Name: "VI_1", State: Stop, Mail: true})
		eventually(t, "the delay is reported", func() bool { return n.complaints.mention("", "mail waits 1h") })
		n.end(t)
		if got := len(s.deliveries()); got != 1 {
			t.Errorf("%d mails were taken", got)
		}
	})
}

func TestMailIsGivenUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers map[string]int
		about   string
		trouble string
		tries   int
	}{
		{"for good if it is refused for good", map[string]int{"MAIL": 550}, "VI_1", "refuses mail", 1},
		{"after some tries if it is refused for now", map[string]int{"RCPT": 450}, "", "450", 3},
		{"after some tries if nothing goes", map[string]int{"EHLO": 421}, "", "421", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, behaviour{answers: c.answers})
			n := start(t, Options{Mail: s.mail(nil)})
			n.Notify(Event{Name: "VI_1", State: Master, Mail: true})
			eventually(t, "the loss is reported", func() bool { return n.complaints.mention(c.about, "1 event lost") })
			if !n.complaints.mention(c.about, c.trouble) {
				t.Errorf("reported %v", n.complaints.list())
			}
			if got := s.connections(); got != c.tries {
				t.Errorf("tried %d times, want %d", got, c.tries)
			}
		})
	}
}

func TestRefusedRecipientCostsNoOtherTheMail(t *testing.T) {
	for _, code := range []int{450, 550} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			s := newServer(t, behaviour{answers: map[string]int{"RCPT TO:<gone@": code}})
			n := start(t, Options{Mail: s.mail(func(m *Mail) {
				m.To = []string{"a@example.org", "gone@example.org", "b@example.org"}
			})})
			n.Notify(Event{Name: "VI_1", State: Master, Mail: true})
			var to []string
			for _, d := range s.delivered(t, 2) {
				to = append(to, d.to...)
			}
			slices.Sort(to)
			if !slices.Equal(to, []string{"a@example.org", "b@example.org"}) {
				t.Errorf("delivered to %v", to)
			}
			eventually(t, "the loss is reported", func() bool {
				return n.complaints.mention("", "1 event lost") || n.complaints.mention("VI_1", "1 event lost")
			})
		})
	}
}

func TestServerThatNeverAnswersBlocksNobody(t *testing.T) {
	s := newServer(t, behaviour{silent: true})
	n := start(t, Options{Mail: s.mail(func(m *Mail) { m.ConnectTimeout = 50 * time.Millisecond })})
	for i := range 5 * mailBacklog {
		n.Notify(Event{Name: fmt.Sprint(i % 10), State: []string{Master, Backup}[i/10%2], Mail: true})
	}
	n.mailer.mu.Lock()
	queued := n.mailer.waiting.len()
	n.mailer.mu.Unlock()
	if queued > mailBacklog {
		t.Errorf("%d mails wait", queued)
	}
	eventually(t, "loss of what was tried is reported", func() bool { return n.complaints.mention("", "i/o timeout") })
	if !n.complaints.mention("", "out of date") {
		t.Errorf("reported %v", n.complaints.list())
	}
}

func TestServerThatNeverAnswersDoesNotHoldUpTheEnd(t *testing.T) {
	s := newServer(t, behaviour{silent: true})
	n := start(t, Options{Mail: s.mail(func(m *Mail) { m.ConnectTimeout = time.Hour }), Grace: 50 * time.Millisecond})
	n.Notify(Event{Name: "VI_1", State: Master, Mail: true})
	eventually(t, "the server is asked", func() bool { return s.connections() == 1 })
	n.end(t)
	if !n.complaints.mention("", "1 event lost") {
		t.Errorf("reported %v", n.complaints.list())
	}
}

func TestReconfiguredMail(t *testing.T) {
	dead, alive := newServer(t, behaviour{busy: 1000}), newServer(t, behaviour{})
	n := prepare(Options{Mail: dead.mail(nil)}, pace{patience: time.Second, window: time.Minute,
		retries: slices.Repeat([]time.Duration{5 * time.Millisecond}, 1000)})
	n.begin(t)
	n.Notify(Event{Name: "VI_1", State: Master, Mail: true})
	eventually(t, "the old server is asked", func() bool { return dead.connections() > 0 })
	n.Reconfigure(Options{Mail: alive.mail(func(m *Mail) { m.RouterID = "R2" })})
	if got := alive.delivered(t, 1)[0].header("Subject"); !strings.HasPrefix(got, "[R2] VRRP Instance VI_1") {
		t.Errorf("subject %q", got)
	}
	n.Reconfigure(Options{})
	n.Notify(Event{Name: "VI_1", State: Backup, Mail: true})
	n.end(t)
	if got := len(alive.deliveries()); got != 1 {
		t.Errorf("%d mails were sent, one of them after mail was switched off", got)
	}
}
