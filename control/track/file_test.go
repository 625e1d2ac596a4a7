package track

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func watchFile(t *testing.T, o FileOptions) *watch {
	o.Key, o.Name = "file:f", "f"
	return start(t, func(s *Shared) Tracker { return s.File(o) })
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// expectValue waits for a number; Up is its being 0.
func (w *watch) expectValue(want int) {
	w.t.Helper()
	if r := w.next(); r.Value != want || r.Up != (want == 0) || (r.Detail == "") != r.Up {
		w.t.Fatalf("%+v, want value %d", r, want)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	w := watchFile(t, FileOptions{Path: path})
	w.expectValue(0) // missing
	put(t, path, "5\n")
	w.expectValue(5)
	put(t, filepath.Join(dir, "other"), "9")
	put(t, path, "-3")
	w.expectValue(-3)
	put(t, path+".new", "7")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	w.expectValue(7)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.expectValue(0)
	put(t, path, "1")
	w.expectValue(1)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	w.expectValue(0)
}

func TestFileNumber(t *testing.T) {
	tests := map[string]struct {
		text string
		want int
	}{
		"plain":          {"12", 12},
		"blanks":         {" \t\n+12 and text", 12},
		"hexadecimal":    {"-0x1F\n", -31},
		"octal":          {"010", 8},
		"not octal":      {"09", 0},
		"no number":      {"up", 0},
		"empty":          {"", 0},
		"underscores":    {"1_000", 1},
		"largest":        {"2147483647", 2147483647},
		"too large":      {"2147483648", 42}, // as it was
		"far too large":  {"99999999999999999999", 42},
		"long file":      {"6 " + string(make([]byte, 1<<16)), 6},
		"bytes, no text": {"\xff\x00\x01", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			put(t, path, test.text)
			tracker := NewShared(nil).File(FileOptions{Path: path}).(*fileTracker)
			tracker.log, tracker.value = discard, 42
			if tracker.read(); tracker.value != test.want {
				t.Errorf("%q gives %d, want %d", test.text, tracker.value, test.want)
			}
		})
	}
}

func TestFileInit(t *testing.T) {
	tests := map[string]struct {
		there     string
		overwrite bool
		want      int
	}{
		"missing":                {want: 3},
		"there":                  {there: "9", want: 9},
		"there, overwrite":       {there: "987654", overwrite: true, want: 3},
		"missing, and overwrite": {overwrite: true, want: 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if test.there != "" {
				put(t, path, test.there)
			}
			w := watchFile(t, FileOptions{Path: path, Init: true, InitValue: 3, Overwrite: test.overwrite})
			w.expectValue(test.want)
			if b, err := os.ReadFile(path); err != nil || string(b) != fmt.Sprintln(test.want) && test.there == "" {
				t.Errorf("the file holds %q, %v", b, err)
			}
		})
	}
}

// TestFileInitLink: as root we write to no file that somebody's link leads to.
func TestFileInitLink(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/precious", "8")
	if err := os.Symlink("precious", dir+"/f"); err != nil {
		t.Fatal(err)
	}
	w := watchFile(t, FileOptions{Path: dir + "/f", Init: true, Overwrite: true})
	w.expectValue(8)
	w.log.has(t, "cannot initialise track file f")
}

// TestFileLink: what a link leads to is watched, and the link itself.
func TestFileLink(t *testing.T) {
	dir, far := t.TempDir(), t.TempDir()
	put(t, far+"/a", "1")
	put(t, far+"/b", "2")
	link := func(target string) {
		t.Helper()
		if err := os.Symlink(target, dir+"/new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(dir+"/new", dir+"/f"); err != nil {
			t.Fatal(err)
		}
	}
	link(far + "/a")
	w := watchFile(t, FileOptions{Path: dir + "/f"})
	w.expectValue(1)
	put(t, far+"/a", "11")
	w.expectValue(11)
	link(far + "/b")
	w.expectValue(2)
	put(t, far+"/b", "22")
	w.expectValue(22)
}

// TestFileDirectory: the directory may come, be replaced and go.
func TestFileDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	path := filepath.Join(dir, "f")
	w := watchFile(t, FileOptions{Path: path})
	w.expectValue(0)
	w.log.has(t, "looked at every second")
	make := func(value string) {
		t.Helper()
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, path, value)
	}
	make("4")
	w.expectValue(4)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	w.expectValue(0)
	make("5")
	w.expectValue(5)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	w.expectValue(0)
	make("6")
	w.expectValue(6)
}

// TestFilesShareDirectory: one of two trackers in a directory may leave without the other going deaf.
func TestFilesShareDirectory(t *testing.T) {
	dir := t.TempDir()
	d := newDirectories(discard)
	if err := d.ensure(d.start); err != nil {
		t.Fatal(err)
	}
	a, b := make(chan struct{}, 1), make(chan struct{}, 1)
	wa, err := d.watch(dir+"/a", a)
	if err != nil {
		t.Fatal(err)
	}
	wb, err := d.watch(dir+"/b", b)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { d.serve(t.Context()) })
	t.Cleanup(wg.Wait)
	d.unwatch(wa)
	put(t, dir+"/a", "1")
	put(t, dir+"/b", "1")
	<-b
	select {
	case <-a:
		t.Error("told of a file after unwatch")
	default:
	}
	d.unwatch(wb)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.watches) != 0 {
		t.Errorf("watches left: %v", d.watches)
	}
}
