package track

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// lookAgain is how often a file is looked at that cannot be watched.
const lookAgain = time.Second

// FileOptions say which file is tracked.
type FileOptions struct {
	Key       string // of the results
	Name      string // for the log
	Path      string
	Init      bool // written at the start if it is missing. Not on a reload: what the file says then is news
	InitValue int
	Overwrite bool // written at the start even if it is there
}

// File reports the number in a file: Value, and Up when it is 0. A missing file and one without a number say 0, a
// number that is out of the range of 32 bits is not taken. Where the kernel does not tell of changes (network file
// systems) the file is looked at every second, as is one whose directory is missing.
func (s *Shared) File(o FileOptions) Tracker {
	return &fileTracker{FileOptions: o, log: s.log, directories: s.files}
}

type fileTracker struct {
	FileOptions
	log         *slog.Logger
	directories *directories
	value       int
}

func (t *fileTracker) Run(ctx context.Context, out chan<- Result) error {
	if err := t.directories.ensure(t.directories.start); err != nil {
		return err
	}
	if err := t.initialize(); err != nil {
		t.log.Warn("cannot initialise track file "+t.Name, "error", err)
	}
	report := reporter{key: t.Key, out: out}
	changed := make(chan struct{}, 1)
	for ctx.Err() == nil {
		watches, err := t.watch(changed)
		if err != nil && !report.sent {
			t.log.Warn("track file "+t.Name+" is looked at every second", "error", err)
		}
		t.read()
		report.reportValue(ctx, t.value == 0, t.value, t.detail())
		if t.wait(ctx, changed, err != nil); err == nil {
			for _, w := range watches {
				t.directories.unwatch(w)
			}
		}
	}
	return nil
}

// watch watches the file anew: what its path means may have changed with it. Symbolic links are watched where they
// are and where they lead to.
func (t *fileTracker) watch(changed chan<- struct{}) (watches []*fileWatch, err error) {
	paths := []string{t.Path}
	if real, err := filepath.EvalSymlinks(t.Path); err == nil && real != filepath.Clean(t.Path) {
		paths = append(paths, real)
	}
	for _, path := range paths {
		err := remote(filepath.Dir(path))
		if err == nil {
			var w *fileWatch
			if w, err = t.directories.watch(path, changed); err == nil {
				watches = append(watches, w)
				continue
			}
		}
		for _, w := range watches {
			t.directories.unwatch(w)
		}
		return nil, err
	}
	return watches, nil
}

// initialize writes the file as init_file asks for.
func (t *fileTracker) initialize() error {
	if !t.Init {
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC | unix.O_NONBLOCK | unix.O_NOFOLLOW
	if !t.Overwrite {
		flags |= os.O_EXCL
	}
	f, err := os.OpenFile(t.Path, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, t.InitValue)
	return errors.Join(err, f.Close())
}

// wait waits for news of the file, or for the next time to look if nothing tells of it.
func (t *fileTracker) wait(ctx context.Context, changed <-chan struct{}, blind bool) {
	var again <-chan time.Time
	if blind {
		timer := time.NewTimer(lookAgain)
		defer timer.Stop()
		again = timer.C
	}
	select {
	case <-changed:
	case <-again:
	case <-ctx.Done():
	}
}

// number is what strtol(3) with base 0 reads at the beginning of a text.
var number = regexp.MustCompile(`^[ \t\n\v\f\r]*([+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))`)

// read takes the number in the file.
func (t *fileTracker) read() {
	text, err := t.text()
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			t.log.Warn("cannot read track file "+t.Name, "error", err)
		}
		t.value = 0
		return
	}
	found := number.FindSubmatch(text)
	if found == nil {
		t.value = 0
		return
	}
	n, err := strconv.ParseInt(string(found[1]), 0, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		t.log.Warn(fmt.Sprintf("Invalid number %s read from %s - ignoring", found[1], t.Path))
		return
	}
	t.value = int(n)
}

// text is the beginning of the file, which must not keep us waiting as a pipe would.
func (t *fileTracker) text() ([]byte, error) {
	f, err := os.OpenFile(t.Path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a regular file", t.Path))
	}
	b := make([]byte, 127)
	n, err := f.Read(b)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], err
}

func (t *fileTracker) detail() string {
	if t.value == 0 {
		return ""
	}
	return fmt.Sprintf("%s says %d", t.Path, t.value)
}

// remote says why the kernel does not tell of every change in a directory.
func remote(dir string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("directory %s: %w", dir, err)
	}
	switch int64(fs.Type) {
	case unix.NFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.V9FS_MAGIC,
		unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC:
		return fmt.Errorf("directory %s: its file system does not tell of changes", dir)
	}
	return nil
}
