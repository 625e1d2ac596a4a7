package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xvrrp/xvrrp/control/api"
)

// Secrets that are planted wherever a report could pick them up.
const (
	plantedPass = "pl4nted7"
	plantedMail = "m41l-planted"
	plantedKey  = "k3y-planted-k3y-planted-k3y-planted"
)

var plantedConf = fstest.MapFS{"etc/keepalived/keepalived.conf": {Data: []byte(`global_defs {
    smtp_user me
    smtp_password ` + plantedMail + `
}
vrrp_instance VI_1 {
    interface ens160
    virtual_router_id 56
    version 2
    authentication {
        auth_type PASS
        auth_pass ` + plantedPass + ` # ` + plantedPass + `
        auth_pas ` + plantedPass + `
    }
    virtual_ipaddress {
        172.160.180.168/24
    }
}
vrrp_instance VI_2 {
    interface ens160
    virtual_router_id 57
    version 3
    auth_hmac {
        mode enforce
        key 1 ` + plantedKey + `
        active_key 1
    }
    virtual_ipaddress {
        172.160.180.169/24
    }
}
`)}}

// reportCommand is bugreport on a host with planted secrets in its configuration and its journal.
func reportCommand(args ...string) *command {
	c := newCommand(append([]string{"bugreport"}, args...)...).files(plantedConf)
	c.listing = func(context.Context, string, ...string) ([]byte, error) {
		return []byte("gw1 check.sh[7]: logging in with " + plantedPass + ", " + plantedMail + " and " + plantedKey + "\n"), nil
	}
	return c
}

// unpack reads an archive: names within its folder and their texts.
func unpack(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for in := tar.NewReader(zip); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(path.Clean(h.Name), "/")
		found[name] = string(text)
	}
}

func TestBugreport(t *testing.T) {
	d := &fakeDaemon{snapshots: []api.Snapshot{pair()}, segments: []api.Segments{segments()}, conflicts: conflicts()}
	d.log.Append(api.Event{Time: noon, Kind: "note", Why: "x"})
	for _, c := range []struct {
		name string
		dir  string
		has  []string
	}{
		{"with a daemon", d.start(t), []string{"about.json", "check.json", "conflicts.json", "doctor.json", "events.jsonl", "journal.txt", "routers/000.json",
			"segments.json", "status.json", "stories/000.json", "xvrrp.conf"}},
		{"without one", t.TempDir(), []string{"about.json", "check.json", "doctor.json", "journal.txt", "xvrrp.conf"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "r.tar.gz")
			reportCommand(file, "--runtime-dir", c.dir).run(t).expect(t, exitOK, "")
			if s, err := os.Stat(file); err != nil || s.Mode().Perm() != 0o600 {
				t.Errorf("the report has mode %v (%v), want 0600", s.Mode(), err)
			}
			files := unpack(t, file)
			for _, name := range c.has {
				if files[name] == "" {
					t.Errorf("%s is missing or empty", name)
				}
			}
			for name, text := range files {
				for _, secret := range []string{plantedPass, plantedMail, plantedKey} {
					if strings.Contains(text, secret) {
						t.Errorf("%s has %q in it:\n%s", name, secret, text)
					}
				}
			}
			if !strings.Contains(files["journal.txt"], "logging in with ********") {
				t.Errorf("the journal says %q", files["journal.txt"])
			}
		})
	}
}

func TestBugreportWithoutADaemonSaysSo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.tar.gz")
	reportCommand(file, "--runtime-dir", t.TempDir()).run(t).expect(t, exitOK, "not in the report: status.json: no daemon is running")
	var head reportHead
	if err := json.Unmarshal([]byte(unpack(t, file)["about.json"]), &head); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(head.Missing, func(m string) bool { return strings.HasPrefix(m, "status.json: ") }) {
		t.Errorf("missing: %q", head.Missing)
	}
}

func TestBugreportOverwritesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.tar.gz")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	reportCommand(file, "--runtime-dir", t.TempDir()).run(t).expect(t, exitFailed, "file exists")
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("the file says %q (%v) now", text, err)
	}
}

func TestHidePassword(t *testing.T) {
	message := append([]byte{0x21, 56, 160, 1, 1, 1, 0, 0, 172, 160, 180, 168}, plantedPass...)
	a := api.RawAdvert{Version: 2, Message: slices.Clone(message)}
	hidePassword(&a)
	if bytes.Contains(a.Message, []byte(plantedPass)) || !bytes.Equal(a.Message[:12], message[:12]) {
		t.Errorf("the message is %x now", a.Message)
	}
	a = api.RawAdvert{Version: 3, Message: slices.Clone(message)}
	hidePassword(&a)
	if !bytes.Equal(a.Message, message) {
		t.Error("version 3 has no password, but its message was changed")
	}
}
