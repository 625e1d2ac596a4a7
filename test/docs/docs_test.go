// Package docs does what the guides tell their readers to do. A block of commands belongs to a scene: hosts made of
// namespaces on which real daemons run, in the trouble that the guide talks about. Each block is typed there, has to
// succeed, and has to write what the guide shows.
package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

func TestMain(m *testing.M) { bed.Main(m, 4) }

// guides are what is checked. Blocks of the scene "system" are typed by package packages in a system of their own.
var guides = []string{"../../README.md", "../../docs/troubleshooting.md", "../../docs/migration.md", "../../docs/operations.md"}

const inSystem = "system"

// elsewhere is the commands that no scene runs, and why. Those of xvrrp among them are parsed nevertheless.
var elsewhere = map[string]string{
	"ansible-playbook": "needs hosts to log in to; package test has it read the role",
	"apt":              "package packages installs by dpkg, without an archive",
	"dnf":              "needs a distribution that uses rpm",
	"git":              "needs the repository's server",
	"make":             "is what CI does",
	"podman":           "needs a registry to fetch the build image from",
	"scp":              "needs hosts to log in to",
	"ssh":              "needs hosts to log in to",
	"sudo":             "runs a demo, which package cmd/xvrrp tests",
	"tcpdump":          "is not part of xvrrp",
	"systemctl":        "would need keepalived's package beside ours",
	"xvrrp":            "runs until it is ended, or on a host that is made up; its command line is parsed",
}

// blocks are those of all guides.
func blocks(t *testing.T) (all []bed.Block) {
	for _, path := range guides {
		all = append(all, bed.Guide(t, path)...)
	}
	return all
}

// TestScenes types every block that has a scene, in the order of its guide.
func TestScenes(t *testing.T) {
	bed.NeedRoot(t)
	bed.NeedPeer(t, tools)
	for _, guide := range guides {
		of := make(map[string][]bed.Block)
		for _, b := range bed.Guide(t, guide) {
			if b.Scene != "" && b.Scene != inSystem {
				of[b.Scene] = append(of[b.Scene], b)
			}
		}
		for scene, blocks := range of {
			name := strings.ToLower(strings.TrimSuffix(filepath.Base(guide), ".md")) + "-" + scene
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if scenes[scene] == nil {
					t.Fatalf("%s:%d: no scene is called %s", guide, blocks[0].Line, scene)
				}
				hosts := scenes[scene](bed.New(t, name))
				for _, b := range blocks {
					typed(t, hosts, b)
				}
			})
		}
	}
}

// tools are the packages of commands that the machine may lack.
const tools = "iputils-ping,curl"

// fails is how a block says that its last command has an exit code other than 0.
var fails = regexp.MustCompile(`# exit code (\d+)`)

// typed types a block on its host.
func typed(t *testing.T, hosts []*bed.Machine, b bed.Block) {
	t.Helper()
	m := hosts[0]
	for _, h := range hosts {
		if h.Name == b.Host {
			m = h
		}
	}
	if b.Host != "" && m.Name != b.Host {
		t.Errorf("%s:%d: no host %s in scene %s", b.Guide, b.Line, b.Host, b.Scene)
		return
	}
	want := 0
	if f := fails.FindStringSubmatch(b.Text); f != nil {
		want, _ = strconv.Atoi(f[1])
	}
	ctx, cancel := context.WithTimeout(t.Context(), bed.Patience)
	defer cancel()
	c := m.Command(ctx, bed.PeersScript, tools, "bash", "-euo", "pipefail", "-c", "cd "+m.Site.Dir+"\n"+b.Text)
	c.WaitDelay = time.Second
	c.Env = append(os.Environ(), "XVRRP_RUNTIME_DIR="+m.Path("run"), "PATH="+filepath.Dir(bed.Program)+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if _, is := err.(*exec.ExitError); err != nil && !is {
		t.Fatal(err)
	}
	t.Logf("%s:%d on %s:\n%s\n%s", filepath.Base(b.Guide), b.Line, m.Name, b.Text, out)
	if got := c.ProcessState.ExitCode(); got != want {
		t.Errorf("%s:%d: exit code %d, want %d:\n%s\n%s", b.Guide, b.Line, got, want, b.Text, out)
	}
	if missing := b.Missing(string(out)); missing != "" {
		t.Errorf("%s:%d: %q is not written by\n%s\nbut\n%s", b.Guide, b.Line, missing, b.Text, out)
	}
}

// TestParsed: every command of a block without scene is of a program that cannot be run here, or a command line that
// xvrrp understands.
func TestParsed(t *testing.T) {
	for _, b := range blocks(t) {
		if b.Scene != "" {
			continue
		}
		for _, command := range b.Commands() {
			words := strings.Fields(command)
			if elsewhere[words[0]] == "" {
				t.Errorf("%s:%d: %s is run by no test, and nothing says why", b.Guide, b.Line, words[0])
			}
			if i := strings.IndexAny(command, "|>&"); words[0] == "xvrrp" && i < 0 {
				understood(t, b, words[1:])
			} else if words[0] == "xvrrp" {
				understood(t, b, strings.Fields(command[:i])[1:])
			}
		}
	}
}

// understood has the program parse a command line, and do nothing by it.
func understood(t *testing.T, b bed.Block, args []string) {
	t.Helper()
	if out, err := exec.Command(bed.Program, append(args, "--help")...).CombinedOutput(); err != nil {
		t.Errorf("%s:%d: xvrrp %s: %v\n%s", b.Guide, b.Line, strings.Join(args, " "), err, out)
	}
}

// links are those of a guide to other files and to headings.
var links = regexp.MustCompile(`\]\(([^)#]*)(#[^)]*)?\)`)

// TestLinks: what the guides point to is there.
func TestLinks(t *testing.T) {
	for _, path := range guides {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range links.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := path
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(path), m[1])
			}
			there, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); statErr != nil || err != nil && !info.IsDir() {
				t.Errorf("%s points to %s: %v", path, target, err)
			}
			if m[2] != "" && !hasHeading(string(there), m[2][1:]) {
				t.Errorf("%s points to %s, which has no such heading", path, m[1]+m[2])
			}
		}
	}
}

// hasHeading tells whether a document has a heading of this anchor.
func hasHeading(text, anchor string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") && anchorOf(strings.TrimSpace(strings.TrimLeft(line, "#"))) == anchor {
			return true
		}
	}
	return false
}

// anchorOf is the anchor of a heading: letters, digits, hyphens and underscores, lower case.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', r >= '0' && r <= '9', r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}
