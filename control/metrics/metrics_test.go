package metrics

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/xvrrp/xvrrp/control/api"
)

// sample is a daemon that has something to tell of everything.
func sample() *api.Snapshot {
	now := time.Unix(1_700_000_000, 0).UTC()
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	return &api.Snapshot{
		Schema: api.Schema, Version: "1.2.3", Started: now.Add(-time.Hour), Now: now, Scheduling: "real-time priority 10, memory locked",
		Links: []api.Link{{Name: "ens160", Mode: "xdp", Hook: "native", Up: true,
			Arrivals: api.Histogram{Count: 3, Sum: 0.3, Classes: []api.Class{{UpTo: 0.15, Count: 3}, {}}}}, {Name: "ens161"}},
		Routers: []api.Router{
			{Name: "VI_1", Interface: "ens160", Family: "ipv4", VRID: 56, Version: 3, Role: "master", Since: now.Add(-time.Minute),
				Priority: 160, Base: 150, MasterInterval: 0.1, Down: 0.3375, Group: "G", GARPDelay: 5,
				Margins: api.Margins{Adverts: 7, NearFailovers: 2, LongestGap: 0.29, Classes: []api.MarginClass{{UpTo: 0.1, Adverts: 1}, {UpTo: 0.5, Adverts: 2}, {Adverts: 4}}},
				VIPs: []api.VIP{
					{Address: netip.MustParsePrefix("172.160.180.168/24"), Device: "ens160", Held: true},
					{Address: netip.MustParsePrefix("172.160.180.169/32"), Device: "ens161", Excluded: true}},
				Stats: api.Stats{Received: 7, Sent: 9, BecameMaster: 2, LeftMaster: 1, ZeroReceived: 3, ZeroSent: 4, Rescued: 5,
					Transitions: []api.Transition{{From: "backup", To: "master", Why: "silence", Count: 2}},
					Verdicts:    map[string]uint64{"delivered": 6, "lost": 1, "ttl": 11, "type": 12, "interval": 13, "length": 14}}},
			{Name: "VI_2", Interface: "ens160", VLAN: "10", Family: "ipv6", VRID: 57, Version: 3, Role: "fault", VMAC: "vrrp.57",
				VIPs: []api.VIP{{Address: netip.MustParsePrefix("fe80::57/128"), Device: "vrrp.57"}}},
			{Name: "VI_3", Interface: "ens161", Family: "ipv4", VRID: 58, Role: "backup"},
		},
		Drops: []api.Drop{
			{Interface: "ens160", Router: "VI_1", Verdict: "ttl", Action: "drop", Frames: 11, Last: ago(time.Second)},
			{Interface: "ens160", Router: "VI_1", Verdict: "conflict", Action: "drop", Frames: 2, Last: ago(time.Second)},
			{Interface: "ens160", Router: "VI_2", Verdict: "conflict", Action: "drop", Frames: 2, Last: ago(time.Hour)},
			{Interface: "ens160", Verdict: "foreign", Action: "pass", Frames: 20},
			{Interface: "ens160", Verdict: "foreign", Action: "pass", Frames: 1}, // of a router that is gone
			{Interface: "ens160", Verdict: "flood", Action: "drop", Frames: 100},
		},
		Timing: api.Timing{Expiries: 3, SumLateness: 0.004, Lateness: []api.LatenessClass{{UpTo: 0.001, Adverts: 1}, {UpTo: 0.01, Adverts: 2}, {}}},
		Groups: []api.Group{{Name: "G", Role: "master"}},
		Trackers: []api.Tracker{{Kind: "script", Name: "chk", State: "down"}, {Kind: "file", Name: "f", State: "up"},
			{Kind: "script", Name: "new", State: "unknown"}},
		Missing: []string{"10.0.0.0/8"},
		Takeovers: api.Takeovers{
			Detected:  api.Histogram{Count: 1, Sum: 0.35, Classes: []api.Class{{UpTo: 0.5, Count: 1}, {}}},
			Held:      api.Histogram{Count: 1, Sum: 0.001, Classes: []api.Class{{UpTo: 0.01, Count: 1}, {}}},
			Announced: api.Histogram{Count: 1, Sum: 0.02, Classes: []api.Class{{UpTo: 0.01}, {Count: 1}}},
		},
		Reloads: api.Reloads{Applied: 4, Rejected: 5, Last: now.Add(-time.Minute)},
		Resyncs: 6,
	}
}

// everything is the text of the sample under both sets of names.
func everything(t *testing.T) string {
	t.Helper()
	text, err := render(sample(), families(Options{Keepalived: true}), 0)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestValues(t *testing.T) {
	text := everything(t)
	for _, want := range []string{
		`xvrrp_build_info{goversion="go`,
		`xvrrp_start_time_seconds 1.6999964e+09`,
		`xvrrp_scheduling_info{scheduling="real-time priority 10, memory locked"} 1`,
		`xvrrp_reload_total{result="rejected"} 5`,
		`xvrrp_config_last_success_timestamp_seconds 1.69999994e+09`,
		`xvrrp_netlink_resync_total 6`,
		`xvrrp_advert_send_lateness_seconds_bucket{le="0.001"} 1`,
		`xvrrp_advert_send_lateness_seconds_bucket{le="0.01"} 3`,
		`xvrrp_advert_send_lateness_seconds_bucket{le="+Inf"} 3`,
		`xvrrp_advert_send_lateness_seconds_sum 0.004`,
		`xvrrp_detect_seconds_count 1`,
		`xvrrp_takeover_seconds_bucket{step="announced",le="0.01"} 0`,
		`xvrrp_takeover_seconds_bucket{step="held",le="0.01"} 1`,
		`xvrrp_link_up{interface="ens161"} 0`,
		`xvrrp_filter_attached{hook="native",interface="ens160",mode="xdp"} 1`,
		`xvrrp_filter_attached{hook="",interface="ens161",mode=""} 0`,
		`xvrrp_frames_total{action="drop",interface="ens160",router="VI_1",verdict="ttl"} 11`,
		`xvrrp_frames_total{action="take",interface="ens160",router="VI_1",verdict="delivered"} 6`,
		`xvrrp_frames_total{action="pass",interface="ens160",router="",verdict="foreign"} 21`,
		`xvrrp_ringbuf_dropped_total 1`,
		`xvrrp_foreign_adverts_total{interface="ens160"} 121`,
		`xvrrp_foreign_adverts_total{interface="ens161"} 0`,
		`xvrrp_check_up{check="chk",kind="script"} 0`,
		`xvrrp_check_up{check="f",kind="file"} 1`,
		`xvrrp_group_state{group="G",state="master"} 1`,
		`xvrrp_static_missing 1`,
		`xvrrp_router_state{family="ipv4",interface="ens160",router="VI_1",state="master",vlan="",vrid="56"} 1`,
		`xvrrp_router_state{family="ipv4",interface="ens160",router="VI_1",state="backup",vlan="",vrid="56"} 0`,
		`xvrrp_router_info{family="ipv4",group="G",interface="ens160",router="VI_1",version="3",vlan="",vrid="56"} 1`,
		`xvrrp_router_priority{router="VI_1"} 160`,
		`xvrrp_router_base_priority{router="VI_1"} 150`,
		`xvrrp_last_transition_timestamp_seconds{router="VI_1"} 1.69999994e+09`,
		`xvrrp_adverts_received_total{router="VI_1"} 7`,
		`xvrrp_adverts_sent_total{router="VI_1"} 9`,
		`xvrrp_priority_zero_received_total{router="VI_1"} 3`,
		`xvrrp_priority_zero_sent_total{router="VI_1"} 4`,
		`xvrrp_takeovers_cancelled_total{router="VI_1"} 5`,
		`xvrrp_advert_margin_ratio_bucket{router="VI_1",le="0.1"} 1`,
		`xvrrp_advert_margin_ratio_bucket{router="VI_1",le="0.5"} 3`,
		`xvrrp_advert_margin_ratio_count{router="VI_1"} 7`,
		`xvrrp_near_failovers_total{router="VI_1"} 2`,
		`xvrrp_advert_longest_gap_seconds{router="VI_1"} 0.29`,
		`xvrrp_advert_interarrival_seconds_bucket{interface="ens160",le="0.15"} 3`,
		`xvrrp_vips_configured{router="VI_1"} 2`,
		`xvrrp_vips_held{router="VI_1"} 1`,
		`xvrrp_transitions_total{from="backup",reason="silence",router="VI_1",to="master"} 2`,
		`xvrrp_vrid_conflict{family="ipv4",interface="ens160",router="VI_1",vlan="",vrid="56"} 1`,
		`xvrrp_vrid_conflict{family="ipv6",interface="ens160",router="VI_2",vlan="10",vrid="57"} 0`,
		`keepalived_up 1`,
		`keepalived_vrrp_state{iname="VI_1",intf="ens160",ip_address="172.160.180.168/24",vrid="56"} 2`,
		`keepalived_vrrp_excluded_state{iname="VI_1",intf="ens161",ip_address="172.160.180.169",vrid="56"} 2`,
		`keepalived_vrrp_state{iname="VI_2",intf="vrrp.57@ens160",ip_address="fe80::57",vrid="57"} 3`,
		`keepalived_vrrp_state{iname="VI_3",intf="ens161",ip_address="",vrid="58"} 1`,
		`keepalived_become_master_total{iname="VI_1",intf="ens160",vrid="56"} 2`,
		`keepalived_release_master_total{iname="VI_1",intf="ens160",vrid="56"} 1`,
		`keepalived_packet_length_errors_total{iname="VI_1",intf="ens160",vrid="56"} 14`,
		`keepalived_advertisements_interval_errors_total{iname="VI_1",intf="ens160",vrid="56"} 13`,
		`keepalived_ip_ttl_errors_total{iname="VI_1",intf="ens160",vrid="56"} 11`,
		`keepalived_invalid_type_received_total{iname="VI_1",intf="ens160",vrid="56"} 12`,
		`keepalived_gratuitous_arp_delay_total{iname="VI_1",intf="ens160",vrid="56"} 5`,
		`keepalived_script_status{name="chk"} 0`,
		`keepalived_script_state{name="new"} 0`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line %s", want)
		}
	}
	for _, not := range []string{`check="new"`, `keepalived_script_status{name="new"}`, `name="f"`} {
		if strings.Contains(text, not) {
			t.Errorf("there is %s", not)
		}
	}
}

// What is described is what comes, and none of it twice.
func TestConsistent(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	all := families(Options{Keepalived: true})
	for i := range all {
		registry.MustRegister(collector{&all[i], sample(), &pace{time.Now()}})
	}
	gathered, err := registry.Gather()
	if err != nil {
		t.Error(err)
	}
	if len(gathered) != len(all) {
		t.Errorf("%d of %d metrics have a value in the sample", len(gathered), len(all))
	}
}

// Promtool check metrics has nothing against our names, and against the exporter's only what is said here.
func TestLint(t *testing.T) {
	excused := map[string]string{} // by name, what is said of it
	problems, err := promlint.New(strings.NewReader(everything(t))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if excused[p.Metric] != p.Text {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
		delete(excused, p.Metric)
	}
	for name, text := range excused {
		t.Errorf("%s is no longer %q", name, text)
	}
}

// exporters is what keepalived-exporter 1.7.1 tells: name, type and labels.
var exporters = []string{
	"keepalived_address_list_errors_total counter iname intf vrid",
	"keepalived_advertisements_interval_errors_total counter iname intf vrid",
	"keepalived_advertisements_received_total counter iname intf vrid",
	"keepalived_advertisements_sent_total counter iname intf vrid",
	"keepalived_authentication_failure_total counter iname intf vrid",
	"keepalived_authentication_invalid_total counter iname intf vrid",
	"keepalived_authentication_mismatch_total counter iname intf vrid",
	"keepalived_become_master_total counter iname intf vrid",
	"keepalived_exporter_build_info gauge version goversion",
	"keepalived_gratuitous_arp_delay_total counter iname intf vrid",
	"keepalived_invalid_type_received_total counter iname intf vrid",
	"keepalived_ip_ttl_errors_total counter iname intf vrid",
	"keepalived_packet_length_errors_total counter iname intf vrid",
	"keepalived_priority_zero_received_total counter iname intf vrid",
	"keepalived_priority_zero_sent_total counter iname intf vrid",
	"keepalived_release_master_total counter iname intf vrid",
	"keepalived_script_state gauge name",
	"keepalived_script_status gauge name",
	"keepalived_up gauge",
	"keepalived_vrrp_excluded_state gauge iname intf vrid ip_address",
	"keepalived_vrrp_state gauge iname intf vrid ip_address",
}

func TestKeepalivedSetIsTheExporters(t *testing.T) {
	var got []string
	for _, f := range keepalivedFamilies() {
		got = append(got, strings.Join(append([]string{f.name, f.kind.String()}, f.labels...), " "))
	}
	slices.Sort(got)
	if !slices.Equal(got, exporters) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(exporters, "\n"))
	}
}

func TestKeepalivedSetIsLeftOut(t *testing.T) {
	text, err := render(sample(), families(Options{}), 0)
	if err != nil || bytes.Contains(text, []byte("keepalived_")) {
		t.Errorf("%v, %s", err, text)
	}
}

// Two routers of one name, which a file may have, spoil no scrape.
func TestNameTwice(t *testing.T) {
	s := sample()
	s.Routers[1].Name = "VI_1"
	text, err := render(s, families(Options{}), 0)
	if err != nil || !bytes.Contains(text, []byte("\nxvrrp_router_priority{router=\"VI_1\"} 160\n")) {
		t.Errorf("%v, %s", err, text)
	}
}

// TestNameInAnotherEncoding has a name that is no UTF-8, which labels must be: neither its router nor those after it go.
func TestNameInAnotherEncoding(t *testing.T) {
	s := sample()
	s.Routers[0].Name = "caf\xe9"
	text, err := render(s, families(Options{Keepalived: true}), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`xvrrp_router_priority{router="caf�"} 160`, `xvrrp_router_priority{router="VI_2"} 0`,
		`xvrrp_advert_margin_ratio_count{router="caf�"} 7`, `xvrrp_advert_margin_ratio_count{router="VI_3"} 0`} {
		if !strings.Contains(string(text), "\n"+want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
}

// viewer counts how often it is asked.
type viewer struct {
	api.Viewer
	mu    sync.Mutex
	asked int
	err   error
}

func (v *viewer) Snapshot(context.Context) (api.Snapshot, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	return *sample(), v.err
}

func TestScrapersShareAPicture(t *testing.T) {
	v := &viewer{}
	h := Handler(v, Options{})
	var scrapers sync.WaitGroup
	for range 10 {
		scrapers.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "xvrrp_build_info") ||
				!strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
				t.Errorf("answered %d, %v", w.Code, w.Header())
			}
		})
	}
	scrapers.Wait()
	if v.asked != 1 {
		t.Errorf("%d pictures were drawn, want 1", v.asked)
	}
	h.(*page).forget()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
	if v.asked != 2 {
		t.Errorf("%d pictures were drawn after a while, want 2", v.asked)
	}
}

func TestScrapeOfABusyDaemon(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(&viewer{err: errors.New("too busy")}, Options{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "too busy") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

func BenchmarkRender(b *testing.B) {
	s := sample()
	router := s.Routers[0]
	s.Routers = nil
	for i := range 2500 {
		router.Name = "VI_" + strings.Repeat("x", 8) + string(rune('a'+i%26)) + time.Duration(i).String()
		s.Routers = append(s.Routers, router)
	}
	all := families(Options{})
	for b.Loop() {
		text, err := render(s, all, 8<<20)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
	}
}
