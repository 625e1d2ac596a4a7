package e2e

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// The passwords of a cluster and of a rival on its VRID.
const ourPassword, rivalPassword = "pa55w0rd", "0therpwd"

// TestPasswordsStayInside reads all that a daemon tells, on its socket and over plain HTTP, once it has heard, refused
// and remembered adverts with passwords: none may be in there, unless it is asked for on the socket by who may.
func TestPasswordsStayInside(t *testing.T) {
	t.Parallel()
	s := newSite(t, "secrets")
	m, better, rival := s.Add("m"), s.Add("better"), s.Add("rival")
	with := func(password string, priority uint8, vip netip.Prefix) bed.Instance {
		return bed.Instance{Version: 2, Interval: time.Second, Priority: priority, VIPs: []netip.Prefix{vip},
			Lines: []string{"authentication {", "auth_type PASS", "auth_pass " + password, "}"}}
	}
	better.Run("tc", nil, with(ourPassword, 200, bed.VIP))
	better.AwaitRole(bed.Only, "master")
	m.Spawn("--config", m.Configure(nil, with(ourPassword, 100, bed.VIP)), "--attach", "tc", "--listen", strconv.Itoa(metricsPort))
	m.AwaitFollowing(better)
	better.Running.Stop()
	m.AwaitRole(bed.Only, "master")
	rival.Run("tc", nil, with(rivalPassword, 150, bed.VIP))
	m.AwaitDrops("auth_data", 2)

	for _, path := range readings(t) {
		answer := askSocket(t, m, path)
		if path == "/v1/overrides" { // with passwords, for those who may change them
			continue
		}
		keepsSecrets(t, "the socket's "+path, answer)
		_, page := m.Get(metricsPort, path)
		keepsSecrets(t, "the listener's "+path, page)
	}
	story := "/v1/routers/" + bed.Only + "/story?frames=1"
	_, page := m.Get(metricsPort, story)
	keepsSecrets(t, "the listener's "+story, page)
	_, metrics := m.Get(metricsPort, "/metrics")
	keepsSecrets(t, "/metrics", metrics)
	if !holds(askSocket(t, m, story), ourPassword) {
		t.Errorf("%s tells root no password", story)
	}
}

// readings are the paths of all that can be read with one answer, out of the server itself.
func readings(t *testing.T) (paths []string) {
	t.Helper()
	text, err := os.ReadFile("../../control/api/server.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`HandleFunc\("GET (/v1/[^"]+)"`).FindAllSubmatch(text, -1) {
		if path := string(found[1]); path != "/v1/sniff" { // does not end
			paths = append(paths, strings.ReplaceAll(path, "{name}", bed.Only))
		}
	}
	if len(paths) < 9 {
		t.Fatalf("only %q can be read", paths)
	}
	return paths
}

// askSocket reads one answer of a machine's daemon, which has to be a good one.
func askSocket(t *testing.T, m *bed.Machine, path string) string {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(m.Path("run"), "xvrrp.sock"))
	}}}
	resp, err := c.Get("http://xvrrp" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", path, resp.Status, err, text)
	}
	return string(text)
}

func keepsSecrets(t *testing.T, what, text string) {
	t.Helper()
	for _, password := range []string{ourPassword, rivalPassword} {
		if holds(text, password) {
			t.Errorf("%s tells the password %s:\n%s", what, password, text)
		}
	}
}

// holds reports whether a text holds a password of eight characters as it is, or among bytes in base64.
func holds(text, password string) bool {
	if strings.Contains(text, password) {
		return true
	}
	for skip := range 3 { // as it may lie in groups of three bytes
		if strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(password[skip:skip+6]))) {
			return true
		}
	}
	return false
}
