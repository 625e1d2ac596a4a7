package e2e

import (
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/test/bed"
)

const metricsPort = 9112

// TestMetricsAgainstTheWire counts on the segment what a router receives, refuses and sends, while another takes over
// from it and resigns, and compares the metrics under both sets of names.
func TestMetricsAgainstTheWire(t *testing.T) {
	t.Parallel()
	s := newSite(t, "metrics")
	watched, better, forger := s.Add("watched"), s.Add("better"), s.Add("forger")
	low, high := bed.Instance{Interval: 200 * time.Millisecond}, bed.Instance{Interval: 200 * time.Millisecond}
	low.Priority, high.Priority = 100, 200
	watched.Spawn("--config", watched.Configure(nil, low), "--attach", "tc",
		"--listen", strconv.Itoa(metricsPort), "--metrics-keepalived")
	watched.AwaitRole(bed.Only, "master")
	better.Run("tc", nil, high)
	watched.AwaitFollowing(better)
	s.Ear.Await(0, several, better)
	better.Running.Stop()
	watched.AwaitRole(bed.Only, "master")

	wrongs, sent := bogus(forger, watched), map[string]int{"ttl": 5, "type": 4, "length": 3, "interval": 2, "conflict": 6}
	for verdict, n := range sent {
		for range n {
			inject(forger, wrongs[verdict].frame())
		}
	}
	for verdict, n := range sent {
		watched.AwaitDrops(verdict, uint64(n))
	}

	before := lab.Now()
	text := scrape(t, watched)
	after := lab.Now()
	m := values(text)
	s.Ear.Await(s.Ear.Mark(), 1, watched) // what left before was captured before

	var received, goodbyes, early, late int
	for _, a := range s.Ear.From(0, better) {
		received++
		if a.Priority == 0 {
			goodbyes++
		}
	}
	for _, a := range s.Ear.From(0, watched) {
		if a.At < before {
			early++
		}
		if a.At <= after {
			late++
		}
	}
	if received == 0 || goodbyes != 1 || early == 0 {
		t.Fatalf("the segment saw %d adverts and %d goodbyes of the other, %d of the watched", received, goodbyes, early)
	}
	router := `{iname="VI_1",intf="ens160",vrid="56"}`
	for name, want := range map[string]int{
		"keepalived_advertisements_received_total" + router:        received,
		"keepalived_priority_zero_received_total" + router:         goodbyes,
		"keepalived_priority_zero_sent_total" + router:             0,
		"keepalived_become_master_total" + router:                  2,
		"keepalived_release_master_total" + router:                 1,
		"keepalived_ip_ttl_errors_total" + router:                  sent["ttl"],
		"keepalived_invalid_type_received_total" + router:          sent["type"],
		"keepalived_packet_length_errors_total" + router:           sent["length"],
		"keepalived_advertisements_interval_errors_total" + router: sent["interval"],
		"keepalived_address_list_errors_total" + router:            sent["conflict"],
		"keepalived_authentication_failure_total" + router:         0,
		"keepalived_up": 1,
		`keepalived_vrrp_state{iname="VI_1",intf="ens160",ip_address="172.160.180.168/24",vrid="56"}`: 2,

		`xvrrp_adverts_received_total{router="VI_1"}`:                                                         received,
		`xvrrp_priority_zero_received_total{router="VI_1"}`:                                                   goodbyes,
		`xvrrp_router_state{family="ipv4",interface="ens160",router="VI_1",state="master",vlan="",vrid="56"}`: 1,
		`xvrrp_vrid_conflict{family="ipv4",interface="ens160",router="VI_1",vlan="",vrid="56"}`:               1,
		`xvrrp_transitions_total{from="master",reason="outranked",router="VI_1",to="backup"}`:                 1,
		`xvrrp_transitions_total{from="backup",reason="resigned",router="VI_1",to="master"}`:                  1,
		`xvrrp_frames_total{action="drop",interface="ens160",router="VI_1",verdict="ttl"}`:                    sent["ttl"],
		`xvrrp_takeover_seconds_count{step="held"}`:                                                           2,
		`xvrrp_takeover_seconds_count{step="announced"}`:                                                      2,
		`xvrrp_detect_seconds_count`:                                                                          0,
		`xvrrp_filter_attached{hook="tcx",interface="ens160",mode="tc"}`:                                      1,
		`xvrrp_vips_held{router="VI_1"}`:                                                                      1,
		`xvrrp_ringbuf_dropped_total`:                                                                         0,
	} {
		if got, told := m[name]; got != strconv.Itoa(want) {
			t.Errorf("%s is %s (told: %t), the segment saw %d", name, got, told, want)
		}
	}
	// It counts an advert before it leaves.
	for _, name := range []string{"keepalived_advertisements_sent_total" + router, `xvrrp_adverts_sent_total{router="VI_1"}`} {
		if n, err := strconv.Atoi(m[name]); err != nil || n < early || n > late+1 {
			t.Errorf("%s is %s, the segment saw %d before and %d after", name, m[name], early, late)
		}
	}
	t.Run("promtool", func(t *testing.T) { promtool(t, text) })
}

// scrape reads the metrics of a machine.
func scrape(t *testing.T, m *bed.Machine) string {
	t.Helper()
	status, text := m.Get(metricsPort, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("answered %d: %s", status, text)
	}
	return text
}

// values are those of a scrape by name and labels.
func values(text string) map[string]string {
	values := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			values[name] = value
		}
	}
	return values
}

// promtool checks what a daemon says as Prometheus' own tool does.
func promtool(t *testing.T, text string) {
	bed.NeedPeer(t, "prometheus")
	check := exec.Command(bed.PeersScript, "prometheus", "promtool", "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// The address of another daemon is refused with the remedy, before anything is touched.
func TestListenOnAnAddressInUse(t *testing.T) {
	t.Parallel()
	s := newSite(t, "inuse")
	m := s.Add("m")
	at := fmt.Sprintf("127.0.0.1:%d", metricsPort)
	file := m.Configure(nil, bed.Instance{Priority: 100})
	m.Spawn("--config", file, "--listen", at)
	m.AwaitRole(bed.Only, "master")
	second := m.Start("second", bed.Program, "run", "--config", file, "--listen", at, "--runtime-dir", m.Path("second"))
	if code := second.Await(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if said := second.Written(); !strings.Contains(said, "another port") {
		t.Errorf("it said %s", said)
	}
}
