package notify

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestAccount(t *testing.T) {
	here, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		mail    Mail
		host    string
		port    int
		to      []string
		trouble string
	}{
		{name: "port of plain mail", mail: Mail{Server: "mail.example.org"}, host: "mail.example.org", port: 25},
		{name: "port of TLS", mail: Mail{Server: "mail.example.org", Security: TLS}, host: "mail.example.org", port: 465},
		{name: "port given", mail: Mail{Server: "192.0.2.1:2525", Security: TLS}, host: "192.0.2.1", port: 2525},
		{name: "bare IPv6", mail: Mail{Server: "2001:db8::25"}, host: "2001:db8::25", port: 25},
		{name: "IPv6 in brackets", mail: Mail{Server: "[2001:db8::25]"}, host: "2001:db8::25", port: 25},
		{name: "IPv6 with port", mail: Mail{Server: "[2001:db8::25]:26"}, host: "2001:db8::25", port: 26},
		{name: "port out of range", mail: Mail{Server: "mail:70000"}, trouble: "mail server mail:70000: port 70000"},
		{name: "recipients", mail: Mail{Server: "m", To: []string{"Ops Team <ops@example.org>", "root"}}, host: "m", port: 25,
			to: []string{"ops@example.org", "root@" + here}},
		{name: "recipient that is none", mail: Mail{Server: "m", To: []string{"a b", "c@d"}}, host: "m", port: 25,
			to: []string{"c@d"}, trouble: `mail to "a b"`},
		{name: "sender that is none", mail: Mail{Server: "m", From: "<"}, host: "m", port: 25, trouble: `mail from "<"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := newAccount(c.mail)
			if err == nil && c.trouble != "" || err != nil && (c.trouble == "" || !strings.Contains(err.Error(), c.trouble)) {
				t.Errorf("error %v, want %q", err, c.trouble)
			}
			if a == nil {
				if c.host != "" {
					t.Error("no account")
				}
				return
			}
			var to []string
			for _, address := range a.to {
				to = append(to, address.Address)
			}
			if a.host != c.host || a.port != c.port || !slices.Equal(to, c.to) {
				t.Errorf("%s port %d to %v", a.host, a.port, to)
			}
			if !strings.Contains(a.from.Address, "@"+here) || a.Helo != here {
				t.Errorf("from %v, introduced as %s", a.from, a.Helo)
			}
		})
	}
}
