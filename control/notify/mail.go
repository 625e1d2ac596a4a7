package notify

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// Security is how a mail server is spoken to.
type Security uint8

// The ways.
const (
	Plain    Security = iota // without TLS, even if the server offers it
	StartTLS                 // TLS is asked for and required
	TLS                      // from the first byte
)

// Mail says how mail is sent. Without To or Server none is.
type Mail struct {
	From     string   // "name <address>" or address; empty: our user
	To       []string // as From; what has no "@" is at our host
	RouterID string   // opens the subject

	// Server is "host", "host:port" or an IPv6 address, bare or as "[address]:port". The port is 25, of TLS 465,
	// unless it is given. A name is resolved each time.
	Server         string
	ConnectTimeout time.Duration // of each exchange as well; 0: 30 s
	Helo           string        // how we introduce ourselves; empty: our host name
	Security       Security
	Insecure       bool   // take any certificate
	User, Password string // empty: no login. Without TLS a password is sent to this host only

	NoFaults bool // do not mail FAULT
}

// account is a Mail with everything filled in.
type account struct {
	Mail
	from *netmail.Address
	to   []*netmail.Address // those of Mail.To that are addresses
	host string
	port int
	tls  *tls.Config
}

// newAccount fills in what m leaves open, without asking the network. An error names what is wrong in m; the account
// can be used nevertheless, unless it is nil.
func newAccount(m Mail) (*account, error) {
	host, port, err := splitServer(m.Server, m.Security)
	if err != nil {
		return nil, err
	}
	if m.ConnectTimeout <= 0 {
		m.ConnectTimeout = 30 * time.Second
	}
	here, err := os.Hostname()
	if err != nil {
		here = "localhost"
	}
	if m.Helo == "" {
		m.Helo = here
	}
	a := &account{
		Mail: m, host: host, port: port,
		tls: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: m.Insecure},
	}
	return a, a.readAddresses(here)
}

// readAddresses leaves out recipients whose address is none; a sender whose address is none is replaced.
func (a *account) readAddresses(here string) error {
	var wrong []error
	from, err := parseAddress(a.From, here)
	if err != nil {
		from = &netmail.Address{Address: ourselves() + "@" + here}
		if a.From != "" {
			wrong = append(wrong, fmt.Errorf("mail from %q: %w; %s is used", a.From, err, from.Address))
		}
	}
	a.from = from
	for _, text := range a.To {
		to, err := parseAddress(text, here)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("mail to %q: %w; it gets none", text, err))
			continue
		}
		a.to = append(a.to, to)
	}
	return errors.Join(wrong...)
}

// ourselves is the name of our user.
func ourselves() string {
	u, err := user.Current()
	if err != nil {
		return "root"
	}
	return u.Username
}

func parseAddress(text, here string) (*netmail.Address, error) {
	if text != "" && !strings.ContainsAny(text, "@<> ") {
		text += "@" + here
	}
	return netmail.ParseAddress(text)
}

func splitServer(server string, security Security) (host string, port int, err error) {
	port = 25
	if security == TLS {
		port = 465
	}
	if strings.Count(server, ":") > 1 && !strings.HasPrefix(server, "[") {
		return server, port, nil
	}
	host, digits, err := net.SplitHostPort(server)
	if err != nil {
		return strings.Trim(server, "[]"), port, nil
	}
	if port, err = strconv.Atoi(digits); err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("mail server %s: port %s is not between 1 and 65535", server, digits)
	}
	return host, port, nil
}
