package config

import (
	"cmp"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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

// What blocks mean where nothing is given: not shown in golden files.
var (
	plainGlobal = Global{Mail: Mail{ConnectTimeout: 30 * time.Second}, UnknownRate: 1000, VMACPrefix: "vrrp", UMask: -1, JSONVersion: 1,
		Startup: Hook{Timeout: 10 * time.Second}, Shutdown: Hook{Timeout: 10 * time.Second}}
	plainRouter = Router{
		Version: 2, Priority: 100, Interval: time.Second, Preempt: true, Accept: true,
		Group: netip.MustParseAddr("224.0.0.18"), UnicastTTL: 255, SendChecksum: vrrp.Pseudo, TrackPrimary: true, DownAdverts: 3,
		GARP:   &GARP{Delay: 5 * time.Second, Repeat: 5, RefreshRepeat: 1, LowerDelay: 5 * time.Second, LowerRepeat: 5},
		Notify: &Notify{},
	}
	plainAddress = Address{Scope: -1, PreferredLifetime: -1}
	plainRoute   = Route{Type: routeUnicast, Scope: -1}
	plainRule    = Rule{Action: ruleToTable, SuppressPrefix: -1, SuppressGroup: -1}
)

// describe is the problems as printed and what of the configuration is not plain.
func describe(t *testing.T, cfg *Config, problems []Problem) string {
	t.Helper()
	var b strings.Builder
	if err := Print(&b, problems); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\nglobal\n")
	fieldLines(&b, reflect.ValueOf(cfg.Global), reflect.ValueOf(plainGlobal))
	objects(&b, "script", cfg.Trackers.Scripts)
	objects(&b, "file", cfg.Trackers.Files)
	objects(&b, "process", cfg.Trackers.Processes)
	objects(&b, "bfd", cfg.Trackers.BFDs)
	objects(&b, "check", cfg.Trackers.Checks)
	for _, r := range cfg.Routers {
		fmt.Fprintf(&b, "\nrouter %s at %s\n", r.Name, r.Pos)
		r.Name, r.Pos = "", Pos{}
		fieldLines(&b, reflect.ValueOf(r), reflect.ValueOf(plainRouter))
	}
	objects(&b, "group", cfg.SyncGroups)
	if static := cfg.Static; !reflect.DeepEqual(static, Static{}) {
		b.WriteString("\nstatic\n")
		fieldLines(&b, reflect.ValueOf(static), reflect.ValueOf(Static{}))
	}
	objects(&b, "pace", cfg.PaceGroups)
	objects(&b, "delay", cfg.LinkDelays)
	return strings.TrimLeft(b.String(), "\n")
}

// objects writes each of a list under a title.
func objects[T any](b *strings.Builder, title string, list []T) {
	for _, o := range list {
		v := reflect.ValueOf(o)
		fmt.Fprintf(b, "\n%s\n", title)
		fieldLines(b, v, reflect.Zero(v.Type()))
	}
}

// fieldLines writes the fields of a struct that are not like those of another, a line each; of a list of structs, a
// line for each of these.
func fieldLines(b *strings.Builder, v, plain reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case f.Type() == reflect.TypeFor[Pos]() || reflect.DeepEqual(f.Interface(), plain.Field(i).Interface()):
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			for k := range f.Len() {
				fmt.Fprintf(b, "  %s %s\n", name, shown(f.Index(k)))
			}
		default:
			fmt.Fprintf(b, "  %s %s\n", name, shown(f))
		}
	}
}

// shown is a value in words: of a struct the fields that are not plain.
func shown(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Command:
		return strings.TrimRight(fmt.Sprintf("%q %s %s", x.Argv, x.User, x.Group), " ")
	case Address:
		return x.Prefix.String() + unlike(v, reflect.ValueOf(plainAddress), "Prefix")
	case StaticAddress:
		return strings.TrimRight(shown(v.Field(0))+" "+x.Group, " ")
	case Route:
		return fmt.Sprintf("%q", x.Text) + unlike(v, reflect.ValueOf(plainRoute), "Text")
	case Rule:
		return fmt.Sprintf("%q", x.Text) + unlike(v, reflect.ValueOf(plainRule), "Text")
	case fmt.Stringer:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "none"
		}
		return shown(v.Elem())
	case reflect.Struct:
		return cmp.Or(strings.TrimLeft(unlike(v, reflect.Zero(v.Type())), " "), "plain")
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("%q", v.Bytes())
		}
		var parts []string
		for i := range v.Len() {
			parts = append(parts, shown(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		var parts []string
		for _, key := range v.MapKeys() {
			parts = append(parts, fmt.Sprintf("%v: %s", key, shown(v.MapIndex(key))))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v.Interface())
}

// unlike is the fields of a struct that are not like those of another, but for some.
func unlike(v, plain reflect.Value, but ...string) string {
	var b strings.Builder
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if f.Type() == reflect.TypeFor[Pos]() || slices.Contains(but, name) || reflect.DeepEqual(f.Interface(), plain.Field(i).Interface()) {
			continue
		}
		fmt.Fprintf(&b, " %s=%s", name, shown(f))
	}
	return b.String()
}
