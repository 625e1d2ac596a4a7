package config

import (
	"strings"
	"testing"
)

// samples are values for keywords whose form does not show one.
var samples = map[string]string{
	"notification_email_from": "a@example.org",
	"smtp_server":             "mail.example.org",
	"smtp_connect_timeout":    "30",
	"auth_hmac":               "",
}

// sample is a statement of a keyword, with a block if it has one.
func sample(r *row) string {
	value, set := samples[r.name]
	if !set {
		value = strings.NewReplacer("[", "", "]", "", "...", "", "|", " ").Replace(r.value)
		if words := strings.Fields(value); len(words) > 0 {
			value = words[0]
		}
	}
	text := r.name + " " + value
	if r.body != nil {
		text += " { }"
	}
	return text + "\n"
}

// TestUndone: each keyword that is not carried out says so once at its place and nothing else is said; those that
// need nothing are silent.
func TestUndone(t *testing.T) {
	global := top.index["global_defs"].body
	instance := top.index["vrrp_instance"].body
	for _, c := range []struct {
		in   string
		rows []row
		wrap func(string) string
	}{
		{"outside all blocks", top.rows, func(s string) string { return s }},
		{"global_defs", global.rows, func(s string) string { return "global_defs {\n" + s + "}\n" }},
		{"vrrp_instance", instance.rows, router1},
	} {
		for i := range c.rows {
			r := &c.rows[i]
			if r.status == carried {
				continue
			}
			t.Run(c.in+"/"+r.name, func(t *testing.T) {
				_, problems := load1(c.wrap(sample(r) + sample(r)))
				wantUndone(t, r, problems)
			})
		}
	}
}

func wantUndone(t *testing.T, r *row, problems []Problem) {
	t.Helper()
	want := map[status]struct {
		severity Severity
		message  string
	}{
		refused: {Warning, "not carried out: " + r.name + ", " + r.help + "; " + r.why + " (2 times in all)"},
		skipped: {Notice, "skipped, xvrrp does VRRP alone: " + r.name},
	}[r.status]
	if r.status == harmless {
		for _, p := range problems {
			if !strings.Contains(p.Message, "a second time") {
				t.Errorf("unexpected %s", p)
			}
		}
		return
	}
	if len(problems) == 0 || problems[0].Severity != want.severity || !strings.Contains(problems[0].Message, want.message) {
		t.Errorf("got %v, want %s: %s", problems, want.severity, want.message)
	}
	for _, p := range problems[min(1, len(problems)):] {
		t.Errorf("unexpected %s", p)
	}
}

// TestMixedFile: the LVS side of a file is skipped, with one notice.
func TestMixedFile(t *testing.T) {
	lvs := `
virtual_server_group G { 192.0.2.1 80 }
virtual_server 192.0.2.1 80 {
    delay_loop 6
    lb_algo rr
    real_server 192.0.2.2 80 {
        weight 1
        HTTP_GET { url { path / } connect_timeout 3 }
        nonsense { of all kinds }
    }
}
SSL { password topsecret }
bfd_instance b { neighbor_ip 192.0.2.3 }
global_defs { lvs_sync_daemon eth0 a
    checker_priority -20 }
`
	cfg, problems := load1(router1("") + lvs)
	if len(problems) != 1 || problems[0].Severity != Notice || problems[0].Pos.Line != 8 {
		t.Errorf("got %v, want one notice", problems)
	}
	if len(cfg.Routers) != 1 || cfg.Routers[0].Fault != "" {
		t.Errorf("routers %+v", cfg.Routers)
	}
}
