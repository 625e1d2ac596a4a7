package track

import (
	"crypto/md5"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// application answers each path in its own wrong or right way.
func application(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ok":
		io.WriteString(w, "all is well\n")
	case "/host":
		io.WriteString(w, r.Host+" "+r.UserAgent())
	case "/query":
		io.WriteString(w, r.URL.RawQuery)
	case "/away":
		http.Redirect(w, r, "/ok", http.StatusFound)
	case "/busy":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/late":
		<-r.Context().Done()
	case "/torn":
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "short")
	case "/stuck":
		io.WriteString(w, "begun")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case "/huge":
		w.Write(make([]byte, maxBody))
		io.WriteString(w, "beyond")
	case "/gone":
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	default:
		http.NotFound(w, r)
	}
}

func at(server *httptest.Server) (host string, port uint16) {
	address := netip.MustParseAddrPort(server.Listener.Addr().String())
	return address.Addr().String(), address.Port()
}

func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(application))
	t.Cleanup(server.Close)
	well := regexp.MustCompile(`is well$|well\n$`)
	tests := map[string]struct {
		page Page
		err  string
	}{
		"answers":              {page: Page{Path: "/ok"}},
		"path without a slash": {page: Page{Path: "ok"}},
		"query":                {page: Page{Path: "/query?a=b&c=%20", Regex: regexp.MustCompile(`^a=b&c=%20$`)}},
		"not found":            {page: Page{Path: "/nowhere"}, err: "GET /nowhere: status 404, want 200-299"},
		"not found is right":   {page: Page{Path: "/nowhere", Status: []StatusRange{{200, 299}, {404, 404}}}},
		"busy":                 {page: Page{Path: "/busy", Status: []StatusRange{{200, 204}, {404, 404}}}, err: "GET /busy: status 503, want 200-204, 404"},
		"redirect":             {page: Page{Path: "/away"}, err: "GET /away: status 302, want 200-299"},
		"redirect is right":    {page: Page{Path: "/away", Status: []StatusRange{{302, 302}}}},
		"digest":               {page: Page{Path: "/ok", Digest: strings.ToUpper(digest("all is well\n"))}},
		"other digest":         {page: Page{Path: "/ok", Digest: digest("x")}, err: "GET /ok: the digest of the body is " + digest("all is well\n") + ", want " + digest("x")},
		"pattern":              {page: Page{Path: "/ok", Regex: well}},
		"other pattern":        {page: Page{Path: "/host", Regex: well}, err: `GET /host: the body does not match "is well$|well\\n$"`},
		"unwanted pattern":     {page: Page{Path: "/ok", Regex: well, RegexNot: true}, err: `GET /ok: the body matches "is well$|well\\n$"`},
		"no unwanted pattern":  {page: Page{Path: "/host", Regex: well, RegexNot: true}},
		"pattern and digest":   {page: Page{Path: "/ok", Regex: well, Digest: digest("all is well\n")}},
		"long body":            {page: Page{Path: "/huge"}},
		"long body, pattern":   {page: Page{Path: "/huge", Regex: regexp.MustCompile("beyond")}, err: "does not match"},
		"long body, digest":    {page: Page{Path: "/huge", Digest: digest("x")}, err: "GET /huge: the body is longer than 1048576 bytes, too long for a digest"},
		"torn body":            {page: Page{Path: "/torn"}, err: "GET /torn: the body breaks off after 5 bytes: connection closed"},
		"torn body, pattern":   {page: Page{Path: "/torn", Regex: regexp.MustCompile("short")}, err: "breaks off"},
		"no answer":            {page: Page{Path: "/late"}, err: "GET /late: no answer in time"},
		"no end":               {page: Page{Path: "/stuck"}, err: "GET /stuck: the body breaks off after 5 bytes: no answer in time"},
		"hangs up":             {page: Page{Path: "/gone"}, err: "GET /gone: connection closed"},
		"not a path":           {page: Page{Path: "/%zz"}, err: "GET /%zz: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := HTTPOptions{CheckOptions: often, Pages: []Page{test.page}}
			o.Host, o.Port = at(server)
			o.Timeout = patience
			if strings.HasSuffix(test.err, "in time") {
				o.Timeout = 200 * time.Millisecond
			}
			err := NewShared(discard).HTTP(o).(*check).attempt(t.Context())
			if err == nil && test.err != "" || err != nil && (test.err == "" || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}

// TestHTTPLevels: a server that dies level by level, as the check of its application sees it.
func TestHTTPLevels(t *testing.T) {
	right := make(chan bool, 1)
	right <- true
	l, port := listen(t, "127.0.0.1:0")
	serve := func(l net.Listener) *http.Server {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ok := <-right
			right <- ok
			if !ok {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})}
		go server.Serve(l)
		return server
	}
	server := serve(l)
	w := start(t, func(s *Shared) Tracker {
		return s.HTTP(HTTPOptions{CheckOptions: often, Host: "127.0.0.1", Port: port, Pages: []Page{{Path: "/a"}, {Path: "/b"}}})
	})
	w.expect(true, "")
	<-right
	right <- false
	w.expect(false, "GET /a: status 500, want 200-299")
	server.Close()
	w.until(false, fmt.Sprintf("connect 127.0.0.1:%d: connection refused", port))
	<-right
	right <- true
	l, _ = listen(t, fmt.Sprintf("127.0.0.1:%d", port))
	defer serve(l).Close()
	w.until(true, "")
}

func TestHTTPHost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(application))
	defer server.Close()
	tests := map[string]struct {
		o    HTTPOptions
		page string // virtual host of the page
		want string
	}{
		"address":        {want: "127.0.0.1 xvrrp"},
		"virtual host":   {o: HTTPOptions{VirtualHost: "web.example"}, want: "web.example xvrrp"},
		"the page's own": {o: HTTPOptions{VirtualHost: "web.example"}, page: "other.example:8080", want: "other.example:8080 xvrrp"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := test.o
			o.Host, o.Port = at(server)
			o.Pages = []Page{{Path: "/host", VirtualHost: test.page, Digest: digest(test.want)}}
			if err := NewShared(discard).HTTP(o).(*check).attempt(t.Context()); err != nil {
				t.Errorf("%v, which is not of %q", err, test.want)
			}
		})
	}
}

func TestHTTPS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(application))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that clients break off
	server.StartTLS()
	defer server.Close()
	trust(t, server.Certificate())
	host, port := at(server)
	plain := httptest.NewServer(http.HandlerFunc(application))
	defer plain.Close()
	_, plainPort := at(plain)
	tests := map[string]struct {
		o   HTTPOptions
		err string
	}{
		"right address":         {o: HTTPOptions{Host: host, Port: port}},
		"right name":            {o: HTTPOptions{Host: host, Port: port, SNI: "example.com"}},
		"name of virtual host":  {o: HTTPOptions{Host: host, Port: port, VirtualHost: "example.com"}},
		"wrong name":            {o: HTTPOptions{Host: host, Port: port, SNI: "wrong.example"}, err: fmt.Sprintf("TLS with %s:%d as wrong.example: ", host, port)},
		"wrong name, unchecked": {o: HTTPOptions{Host: host, Port: port, SNI: "wrong.example", Insecure: true}},
		"no TLS there":          {o: HTTPOptions{Host: host, Port: plainPort}, err: fmt.Sprintf("TLS with %s:%d as %s: tls: first record does not look like a TLS handshake", host, plainPort, host)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := test.o
			o.TLS, o.Pages = true, []Page{{Path: "/ok", Digest: digest("all is well\n")}, {Path: "/ok"}}
			err := NewShared(discard).HTTP(o).(*check).attempt(t.Context())
			if err == nil && test.err != "" || err != nil && (test.err == "" || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}

// trust makes a certificate one that the system trusts. The system's are read once per process, so that this is the
// only test that may need any.
func trust(t *testing.T, certificate *x509.Certificate) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trusted.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	if err := os.WriteFile(path, block, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", path)
	t.Setenv("SSL_CERT_DIR", t.TempDir())
}
