package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestBugreport looks for the cluster's password in a report of a backup that took over: it was in the file, in every
// advert, and so in the adverts of the story.
func TestBugreport(t *testing.T) {
	t.Parallel()
	const password = "pl4nted7"
	s := newSite(t, "report")
	m, b := s.Add("m"), s.Add("b")
	i := bed.Instance{Version: 2, Interval: 1e9, Priority: 200, Lines: []string{"authentication {", "auth_type PASS", "auth_pass " + password, "}"}}
	m.Run("tc", nil, i)
	m.AwaitRole(bed.Only, "master")
	i.Priority = 100
	b.Run("tc", nil, i)
	b.AwaitFollowing(m)
	m.Running.Stop()
	b.AwaitRole(bed.Only, "master")
	capture := b.Path("why.pcap")
	if _, err := b.Ask("why", bed.Only, "--pcap", capture); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(capture); err != nil || !bytes.Contains(raw, []byte(password)) {
		t.Fatalf("no advert of the story has the password (%v): this test proves nothing", err)
	}

	file := b.Path("report.tar.gz")
	if _, err := b.Ask("bugreport", file); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-xzf", file, "-C", dir, "--strip-components=1").CombinedOutput(); err != nil {
		t.Fatalf("unpack the report: %v: %s", err, out)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(password)) {
			t.Errorf("%s has the password in it:\n%s", d.Name(), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "stories/000.json"))
	if err != nil {
		t.Fatal(err)
	}
	var told api.Stories
	if err := json.Unmarshal(text, &told); err != nil {
		t.Fatal(err)
	}
	if inAdverts(told.Stories, password) {
		t.Error("an advert of the report has the password in it")
	}
}

// inAdverts tells whether a message of one of the stories holds a text.
func inAdverts(stories []api.Story, text string) bool {
	for _, s := range stories {
		for _, a := range s.Adverts {
			if bytes.Contains(a.Message, []byte(text)) {
				return true
			}
		}
	}
	return false
}
