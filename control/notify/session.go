package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/wneessen/go-mail"
)

// session is a connection to a mail server, ready to take letters.
type session struct {
	account *account
	client  *mail.Client
	conn    net.Conn
	unwatch func() bool // undoes that the connection is closed when the context ends
}

// refusal says why a letter was not taken.
type refusal struct {
	err       error
	broken    bool // the session is of no more use
	recipient bool // because of a recipient
	final     bool // it is of no use to try again
}

// connect opens a session, which ends at the latest when ctx does.
func (a *account) connect(ctx context.Context) (*session, error) {
	s := &session{account: a}
	client, err := mail.NewClient(a.host, a.options(func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := a.dial(dialing, network, address)
		if err == nil {
			s.conn = conn
			s.unwatch = context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	})...)
	if err != nil {
		return nil, err
	}
	s.client = client
	if err := client.DialWithContext(ctx); err != nil {
		s.hangUp()
		return nil, err
	}
	return s, nil
}

func (a *account) options(dial mail.DialContextFunc) []mail.Option {
	policy := mail.NoTLS
	if a.Security == StartTLS {
		policy = mail.TLSMandatory
	}
	options := []mail.Option{
		mail.WithPort(a.port),
		mail.WithTimeout(a.ConnectTimeout),
		mail.WithHELO(a.Helo),
		mail.WithTLSPolicy(policy),
		mail.WithTLSConfig(a.tls),
		mail.WithDialContextFunc(dial),
		mail.WithoutNoop(),
	}
	if a.User != "" {
		options = append(options, mail.WithUsername(a.User), mail.WithPassword(a.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain,
				mail.SMTPAuthLogin))
	}
	return options
}

func (a *account) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if a.Security == TLS {
		dialer := tls.Dialer{Config: a.tls}
		return dialer.DialContext(ctx, network, address)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

// send sends a letter. The server has ConnectTimeout to take it.
func (s *session) send(l letter) *refusal {
	message := s.account.message(l)
	err := s.client.Send(message)
	if err == nil || message.IsDelivered() {
		return nil
	}
	var sendError *mail.SendError
	if !errors.As(err, &sendError) {
		return &refusal{err: err, broken: true}
	}
	code := sendError.ErrorCode()
	return &refusal{
		err:       err,
		broken:    code == 0 || code == 421, // RFC 5321 3.8: 421 closes the connection
		recipient: sendError.Reason == mail.ErrSMTPRcptTo,
		final:     code >= 500,
	}
}

// close takes leave of the server.
func (s *session) close() {
	_ = s.client.Close() // says QUIT; what was to be sent is sent, whatever becomes of that
	s.hangUp()
}

// hangUp closes the connection. The client does not, where a greeting failed.
func (s *session) hangUp() {
	if s.conn != nil {
		s.unwatch()
		s.conn.Close()
	}
}
