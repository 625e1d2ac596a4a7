package track

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// HTTPOptions say what an HTTP check does.
type HTTPOptions struct {
	CheckOptions
	Host        string // address, or name to be resolved at each attempt
	Port        uint16
	Bind        netip.Addr // connect from here; may be zero
	TLS         bool
	Insecure    bool   // any certificate will do
	SNI         string // empty: VirtualHost, else Host
	VirtualHost string // of the Host header; empty: Host
	Pages       []Page // all of which must be right
}

// Page is one request and what its answer must be.
type Page struct {
	Path        string
	VirtualHost string // empty: the check's
	Status      []StatusRange
	Digest      string         // MD5 of the body, hexadecimal; empty: not compared
	Regex       *regexp.Regexp // the body must match; nil: it is not looked at
	RegexNot    bool           // the body must not match
}

// StatusRange is a range of HTTP status codes, both ends included.
type StatusRange struct{ From, To int }

func (r StatusRange) String() string {
	if r.From == r.To {
		return strconv.Itoa(r.From)
	}
	return fmt.Sprintf("%d-%d", r.From, r.To)
}

// successful is what a page that names no status must answer.
var successful = []StatusRange{{200, 299}}

// HTTP asks for pages over one connection and looks at the answers: the application is right. Redirects are answers,
// they are not followed.
func (s *Shared) HTTP(o HTTPOptions) Tracker {
	return s.networkCheck(o.CheckOptions, func(ctx context.Context) error {
		conn, err := o.connect(ctx) // by itself: a client would mix up what fails here with what fails later
		if err != nil {
			return err
		}
		client := o.client(conn)
		defer client.CloseIdleConnections()
		for _, p := range o.Pages {
			if err := o.visit(ctx, client, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// client returns a client for one attempt, which begins with a connection that is there already.
func (o *HTTPOptions) client(first net.Conn) *http.Client {
	ready := make(chan net.Conn, 1)
	ready <- first
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case conn := <-ready:
			return conn, nil
		default: // the server closed it after a page
			return o.connect(ctx)
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dial,
			DialTLSContext:         dial,
			DisableCompression:     true, // digests are of what the server sends unasked
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// connect opens the connection, with TLS if that is wanted.
func (o *HTTPOptions) connect(ctx context.Context) (net.Conn, error) {
	conn, err := connect(ctx, o.Host, o.Port, o.Bind)
	if err != nil || !o.TLS {
		return conn, err
	}
	name := cmp.Or(o.SNI, o.VirtualHost, o.Host)
	secure := tls.Client(conn, &tls.Config{ServerName: name, InsecureSkipVerify: o.Insecure})
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, failed("TLS with %s as %s: %s", conn.RemoteAddr(), name, plain(err))
	}
	return secure, nil
}

// visit asks for a page and judges the answer.
func (o *HTTPOptions) visit(ctx context.Context, client *http.Client, p Page) error {
	request, err := o.request(ctx, p)
	if err != nil {
		return failed("GET %s: %w", p.Path, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return explain(p, err)
	}
	defer response.Body.Close()
	if !p.expects(response.StatusCode) {
		return failed("GET %s: status %d, want %s", p.Path, response.StatusCode, p.wanted())
	}
	if err := p.judge(response.Body); err != nil {
		return failed("GET %s: %w", p.Path, err)
	}
	return nil
}

func (o *HTTPOptions) request(ctx context.Context, p Page) (*http.Request, error) {
	scheme := "http"
	if o.TLS {
		scheme = "https"
	}
	host := cmp.Or(p.VirtualHost, o.VirtualHost)
	if host == "" {
		host = o.Host
		if addr, err := netip.ParseAddr(o.Host); err == nil && addr.Is6() {
			host = "[" + addr.WithZone("").String() + "]"
		}
	}
	to, err := url.Parse(scheme + "://" + host + "/" + strings.TrimPrefix(p.Path, "/"))
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "xvrrp")
	return request, nil
}

// explain words why there is no answer. A connection that had to be opened again names its own level.
func explain(p Page, err error) error {
	if own, ok := errors.AsType[failure](err); ok {
		return own
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return failed("GET %s: %s", p.Path, plain(err))
}

func (p Page) expects(status int) bool {
	return slices.ContainsFunc(p.ranges(), func(r StatusRange) bool { return r.From <= status && status <= r.To })
}

// wanted lists the status codes that are right.
func (p Page) wanted() string {
	var words []string
	for _, r := range p.ranges() {
		words = append(words, r.String())
	}
	return strings.Join(words, ", ")
}

func (p Page) ranges() []StatusRange {
	if len(p.Status) == 0 {
		return successful
	}
	return p.Status
}
