package config

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

var update = flag.Bool("update", false, "rewrite golden files and generated documents")

// TestGolden loads each testdata/*.conf and compares the problems and the decoded configuration with the .golden
// file beside it. Lines "# config-id: NAME" and "# env: NAME=VALUE" in a file set the options.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: %d files, %v", len(files), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".conf")
		t.Run(name, func(t *testing.T) {
			cfg, problems := Load(os.DirFS("testdata"), name+".conf", optionsOf(t, path))
			golden(t, strings.TrimSuffix(path, ".conf")+".golden", describe(t, cfg, problems))
		})
	}
}

func optionsOf(t *testing.T, path string) Options {
	t.Helper()
	o := Options{ID: "host", Name: filepath.Base(path), Seed: 1}
	env := make(map[string]string)
	for line := range strings.Lines(read(t, path)) {
		line = strings.TrimSpace(line)
		if id, ok := strings.CutPrefix(line, "# config-id: "); ok {
			o.ID = id
		}
		if pair, ok := strings.CutPrefix(line, "# env: "); ok {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
	}
	o.Env = func(name string) string { return env[name] }
	return o
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// golden compares got with a file, or writes it under -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := read(t, path); got != want {
		t.Errorf("%s differs (go test -update rewrites it); first difference:\n%s", path, firstDifference(want, got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n want %s\n got  %s", i+1, a, b)
		}
	}
	return "none"
}

// What global_defs and vrrp_instance mean where nothing is given: not shown in golden files.
var (
	plainGlobal = Global{SMTPConnectTimeout: 30 * time.Second, UnknownRate: 1000}
	plainRouter = Router{
		Version: 2, Priority: 100, Interval: time.Second, Preempt: true, Accept: true,
		Group: netip.MustParseAddr("224.0.0.18"), UnicastTTL: 255, SendChecksum: vrrp.Pseudo, TrackPrimary: true, DownAdverts: 3,
		GARP: GARP{Delay: 5 * time.Second, Repeat: 5, RefreshRepeat: 1, LowerDelay: 5 * time.Second, LowerRepeat: 5},
	}
)

// describe is the problems as printed and what of the configuration is not plain.
func describe(t *testing.T, cfg *Config, problems []Problem) string {
	t.Helper()
	var b strings.Builder
	if err := Print(&b, problems); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\nglobal\n")
	differences(&b, reflect.ValueOf(cfg.Global), reflect.ValueOf(plainGlobal))
	for _, r := range cfg.Routers {
		fmt.Fprintf(&b, "\nrouter %s at %s\n", r.Name, r.Pos)
		r.Name, r.Pos = "", Pos{}
		differences(&b, reflect.ValueOf(r), reflect.ValueOf(plainRouter))
	}
	return strings.TrimLeft(b.String(), "\n")
}

// differences writes the fields of a struct that are not like those of another, a line each.
func differences(b *strings.Builder, v, plain reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case reflect.DeepEqual(f.Interface(), plain.Field(i).Interface()):
		case f.Type() == reflect.TypeFor[[]Address]():
			for _, a := range f.Interface().([]Address) {
				fmt.Fprintf(b, "  %s %s\n", name, addressText(a))
			}
		case f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[netip.Addr]():
			fmt.Fprintf(b, "  %s %+v\n", name, f.Interface())
		default:
			fmt.Fprintf(b, "  %s %v\n", name, f.Interface())
		}
	}
}

// addressText is an address and its options.
func addressText(a Address) string {
	var b strings.Builder
	b.WriteString(a.Prefix.String())
	plain := reflect.ValueOf(Address{Scope: -1, PreferredLifetime: -1})
	v := reflect.ValueOf(a)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name != "Pos" && name != "Prefix" && v.Field(i).Interface() != plain.Field(i).Interface() {
			fmt.Fprintf(&b, " %s=%v", name, v.Field(i).Interface())
		}
	}
	return b.String()
}
