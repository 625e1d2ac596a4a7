package test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/xvrrp/xvrrp"

// within lists, for each package of ours, the packages of ours it may import. A missing package may not exist.
var within = map[string][]string{
	"cmd/xvrrp": {"control", "control/config", "control/metrics", "control/election", "control/vrrp", "control/api", "control/lab",
		"control/script", "control/doctor", "loader", "loader/verdict"},
	"control": {"control/config", "control/election", "control/vrrp", "control/host", "control/track", "control/story",
		"control/sched", "control/script", "control/notify", "control/histogram", "control/api", "control/metrics",
		"control/web", "loader", "loader/verdict"},
	"control/vrrp":      {"loader/verdict"},
	"control/election":  {"control/vrrp"},
	"control/story":     {"control/election", "control/vrrp"},
	"control/config":    {"control/vrrp"},
	"control/host":      {"control/vrrp", "control/histogram"},
	"control/track":     {"control/script"},
	"control/notify":    {"control/script"},
	"control/doctor":    {"control/api", "control/config", "control/vrrp"},
	"control/sched":     nil,
	"control/script":    {"control/sched"},
	"control/histogram": nil,
	"control/api":       {"loader/verdict"},
	"control/metrics":   {"control/api", "loader/verdict"},
	"control/web":       {"control/api"},
	"control/lab":       {"control/vrrp"},
	"loader":            {"control/vrrp", "loader/verdict"},
	"loader/verdict":    nil,
}

// pure packages decide and never touch the system: standard library only, and none of these.
var (
	pure       = []string{"loader/verdict", "control/vrrp", "control/election", "control/story", "control/config", "control/doctor"}
	impure     = []string{"os", "os/exec", "os/signal", "log", "log/slog", "net", "syscall"}
	impureCall = []string{"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.NewTimer",
		"time.NewTicker", "time.AfterFunc", "time.Tick"}
)

// keepers lists who may import a library from outside.
var keepers = []struct {
	library  string
	packages []string
}{
	{"github.com/cilium/ebpf", []string{"loader"}},
	{"github.com/vishvananda/netlink", []string{"control/host", "control/lab"}},
	{"github.com/vishvananda/netns", []string{"control/host", "control/lab"}},
	{"golang.org/x/net", []string{"control/host", "control/track"}},
	{"github.com/spf13/", []string{"cmd/xvrrp"}},
	{"github.com/gdamore/tcell", []string{"cmd/xvrrp"}},
	{"github.com/wneessen/go-mail", []string{"control/notify"}},
	{"github.com/prometheus/", []string{"control/metrics"}},
}

// commandOnly is what only a command may do: end the process, take signals, read the environment.
var commandOnly = []string{"os.Exit", "signal.Notify", "signal.NotifyContext", "os.Getenv", "os.LookupEnv",
	"os.Environ"}

// The only entries of the repository's root beside dot-files and what the build leaves there.
var rootEntries = []string{"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "bin", "bpf", "cmd", "control", "docs",
	"go.mod", "go.sum", "loader", "packaging", "test"}

// TestImports holds every Go file of the module against the laws of the house. Test files may reach further, but
// nothing outside test may import it.
func TestImports(t *testing.T) {
	for _, f := range sources(t) {
		f.check(t)
	}
}

// TestRootEntries keeps the root to what a newcomer has to know.
func TestRootEntries(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(rootEntries, e.Name()) {
			t.Errorf("%s: the root holds only %s", e.Name(), strings.Join(rootEntries, ", "))
		}
	}
}

// source is one Go file. Files that the build ignores (generators) are not part of any package.
type source struct {
	path string // from the root
	pkg  string // directory from the root
	test bool
	file *ast.File
}

func sources(t *testing.T) []source {
	var found []source
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if !ignored(file) {
			rel, _ := filepath.Rel("..", path)
			found = append(found, source{rel, filepath.Dir(rel), strings.HasSuffix(path, "_test.go"), file})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// ignored reports a `go:build ignore` line.
func ignored(f *ast.File) bool {
	for _, g := range f.Comments {
		if g.Pos() < f.Package && strings.Contains(g.List[0].Text, "go:build ignore") {
			return true
		}
	}
	return false
}

func (s source) check(t *testing.T) {
	if base := filepath.Base(s.pkg); slices.Contains([]string{"util", "common", "types", "pkg"}, base) {
		t.Errorf("%s: no package is called %s: a name says what is inside", s.path, base)
	}
	ours := s.pkg == "test" || strings.HasPrefix(s.pkg, "test/")
	for _, spec := range s.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if !ours && (path == module+"/test" || strings.HasPrefix(path, module+"/test/")) {
			t.Errorf("%s imports %s: only tests import test", s.path, path)
		}
		if !s.test && !ours {
			s.checkImport(t, path)
		}
	}
	if !s.test && !ours {
		s.checkCalls(t)
	}
}

func (s source) checkImport(t *testing.T, path string) {
	if inner, ok := strings.CutPrefix(path, module+"/"); ok {
		allowed, known := within[s.pkg]
		switch {
		case !known:
			t.Errorf("%s: package %s has no place in the house; give it a row in test/imports_test.go", s.path, s.pkg)
		case !slices.Contains(allowed, inner):
			t.Errorf("%s imports %s: %s may import only %v of ours (cmd → control → loader, config, host, track, "+
				"notify, api, script, election; election → vrrp → verdict; siblings stay apart)", s.path, inner, s.pkg, allowed)
		}
		return
	}
	if slices.Contains(pure, s.pkg) {
		if outside := strings.Contains(strings.Split(path, "/")[0], "."); outside || slices.Contains(impure, path) {
			t.Errorf("%s imports %s: %s is pure: the standard library alone, without %s",
				s.path, path, s.pkg, strings.Join(impure, ", "))
		}
	}
	for _, k := range keepers {
		if strings.HasPrefix(path, k.library) && !slices.Contains(k.packages, s.pkg) {
			t.Errorf("%s imports %s: only %s may", s.path, path, strings.Join(k.packages, " and "))
		}
	}
}

// checkCalls looks for names of other packages that this one may not use. They are told by their usual package
// name: a renamed import would escape, a reader would not.
func (s source) checkCalls(t *testing.T) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		name := pkg.Name + "." + sel.Sel.Name
		if slices.Contains(pure, s.pkg) && slices.Contains(impureCall, name) {
			t.Errorf("%s uses %s: time is an argument in %s", s.path, name, s.pkg)
		}
		if s.pkg != "cmd/xvrrp" && slices.Contains(commandOnly, name) {
			t.Errorf("%s uses %s: process, signals and environment belong to cmd", s.path, name)
		}
		return true
	})
}
