package notify

import (
	"bufio"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificate is the mail server's. TestMain makes it one that this process trusts.
var certificate tls.Certificate

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "xvrrp-notify")
	if err == nil {
		certificate, err = issue(filepath.Join(folder, "roots.pem"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("SSL_CERT_FILE", filepath.Join(folder, "roots.pem"))
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// issue makes a certificate for 127.0.0.1 and writes it where the roots are read from.
func issue(path string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, os.WriteFile(path, text, 0o600)
}

// behaviour is what a mail server does.
type behaviour struct {
	host     string         // where it listens; empty: 127.0.0.1
	silent   bool           // takes connections and never says a word
	tls      bool           // from the first byte
	startTLS bool           // offers it
	stranger bool           // with a certificate that nobody trusts
	login    string         // "user password" to be given before anything else
	plain    bool           // takes EHLO for an error, as old servers do
	answers  map[string]int // code by the beginning of a line, instead of success
	busy     int            // connections that are refused with 421 first
	hangUp   int            // mails after which the connection is closed; 0: never
}

// delivery is a mail that the server took.
type delivery struct {
	conn     int // number of the connection, from 1
	from     string
	to       []string
	text     string
	secure   bool
	greeting string
}

func (d delivery) header(name string) string {
	for line := range strings.SplitSeq(d.text, "\r\n") {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}

// server is a mail server.
type server struct {
	behaviour
	address  string
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	mails []delivery
}

func newServer(t *testing.T, b behaviour) *server {
	l, err := net.Listen("tcp", cmp.Or(b.host, "127.0.0.1")+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{behaviour: b, address: l.Addr().String(), listener: l}
	s.serving.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

func (s *server) close() {
	s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

func (s *server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		number := len(s.conns)
		s.mu.Unlock()
		s.serving.Go(func() { s.serve(conn, number) })
	}
}

func (s *server) deliveries() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func (s *server) config() *tls.Config {
	c := certificate
	if s.stranger {
		folder, err := os.MkdirTemp("", "xvrrp-notify")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		if c, err = issue(filepath.Join(folder, "unused.pem")); err != nil {
			panic(err)
		}
	}
	return &tls.Config{Certificates: []tls.Certificate{c}}
}

// dialogue is one connection.
type dialogue struct {
	*server
	conn  net.Conn
	in    *bufio.Reader
	mail  delivery
	taken int
	known bool // logged in
}

func (s *server) serve(conn net.Conn, number int) {
	d := &dialogue{server: s, conn: conn, mail: delivery{conn: number}}
	defer func() { d.conn.Close() }()
	if s.silent {
		_, _ = bufio.NewReader(conn).ReadByte() // until the other side gives up
		return
	}
	if s.tls {
		d.secure()
	}
	d.in = bufio.NewReader(d.conn)
	if number <= s.busy {
		d.say("421 busy")
		return
	}
	d.say("220 test")
	for {
		line, err := d.in.ReadString('\n')
		if err != nil || !d.obey(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (d *dialogue) secure() {
	d.conn = tls.Server(d.conn, d.config())
	d.in = bufio.NewReader(d.conn)
	d.mail.secure = true
}

func (d *dialogue) say(lines ...string) {
	fmt.Fprint(d.conn, strings.Join(lines, "\r\n"), "\r\n")
}

// obey carries out a command and reports whether to go on.
func (d *dialogue) obey(line string) bool {
	for beginning, code := range d.answers {
		if strings.HasPrefix(line, beginning) {
			d.say(fmt.Sprint(code, " as told"))
			return code != 421
		}
	}
	verb, rest, _ := strings.Cut(line, " ")
	if d.login != "" && !d.known && !slices.Contains([]string{"EHLO", "AUTH", "STARTTLS", "QUIT"}, verb) {
		d.say("530 log in first")
		return true
	}
	switch verb {
	case "EHLO", "HELO":
		d.greet(line)
	case "STARTTLS":
		d.say("220 go")
		d.secure()
	case "AUTH":
		d.authenticate(rest)
	case "MAIL":
		d.mail.from, d.mail.to = address(rest), nil
		d.say("250 ok")
	case "RCPT":
		d.mail.to = append(d.mail.to, address(rest))
		d.say("250 ok")
	case "DATA":
		return d.data()
	case "QUIT":
		d.say("221 bye")
		return false
	default:
		d.say("250 ok")
	}
	return true
}

func address(text string) string {
	_, text, _ = strings.Cut(text, "<")
	text, _, _ = strings.Cut(text, ">")
	return text
}

func (d *dialogue) greet(line string) {
	d.mail.greeting = line
	if d.plain && strings.HasPrefix(line, "EHLO") {
		d.say("502 what?")
		return
	}
	lines := []string{"250-test"}
	if d.startTLS && !d.mail.secure {
		lines = append(lines, "250-STARTTLS")
	}
	if d.login != "" {
		lines = append(lines, "250-AUTH PLAIN LOGIN")
	}
	d.say(append(lines, "250 8BITMIME")...)
}

func (d *dialogue) authenticate(rest string) {
	_, coded, _ := strings.Cut(rest, " ")
	secret, err := base64.StdEncoding.DecodeString(coded)
	user, password, _ := strings.Cut(d.login, " ")
	d.known = err == nil && string(secret) == "\x00"+user+"\x00"+password
	if d.known {
		d.say("235 welcome")
	} else {
		d.say("535 no")
	}
}

func (d *dialogue) data() bool {
	d.say("354 go")
	var text strings.Builder
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(line)
	}
	d.mail.text = text.String()
	d.mu.Lock()
	d.mails = append(d.mails, d.mail)
	d.mu.Unlock()
	d.say("250 taken")
	d.taken++
	return d.hangUp == 0 || d.taken < d.hangUp
}
