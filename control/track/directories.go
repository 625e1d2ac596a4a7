package track

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// directories tells which files change, by one inotify instance for all: the kernel allows a user but 128 of them.
// It watches directories, so that files may come, go and be replaced.
type directories struct {
	opening
	log  *slog.Logger
	fd   int
	file *os.File // fd, for reading with the runtime's poller

	mu      sync.Mutex
	watches map[int32][]*fileWatch // by watch descriptor, of which a directory has one
}

// fileWatch is somebody's interest in one file.
type fileWatch struct {
	wd      int32
	name    string          // in its directory
	changed chan<- struct{} // poked when the file may have changed, or its directory has gone
	gone    bool            // under directories.mu: the directory is no longer watched
}

// alters are the events that can alter the contents behind a name. A file that is being written counts when it is
// closed.
const alters = unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE

func newDirectories(log *slog.Logger) *directories {
	return &directories{opening: newOpening(), log: log, watches: make(map[int32][]*fileWatch)}
}

func (d *directories) start() error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("start inotify: %w (fs.inotify.max_user_instances)", err)
	}
	d.fd, d.file = fd, os.NewFile(uintptr(fd), "inotify")
	return nil
}

// watch begins to watch a file, whose directory must be there, and pokes changed from then on.
func (d *directories) watch(path string, changed chan<- struct{}) (*fileWatch, error) {
	d.mu.Lock() // held so that no event of a new watch is read before it is known
	defer d.mu.Unlock()
	dir := filepath.Dir(path)
	wd, err := unix.InotifyAddWatch(d.fd, dir, alters|unix.IN_MOVE_SELF|unix.IN_ONLYDIR)
	if err != nil {
		return nil, fmt.Errorf("watch directory %s: %w", dir, err)
	}
	w := &fileWatch{wd: int32(wd), name: filepath.Base(path), changed: changed}
	d.watches[w.wd] = append(d.watches[w.wd], w)
	return w, nil
}

// unwatch ends a watch.
func (d *directories) unwatch(w *fileWatch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w.gone {
		return
	}
	w.gone = true
	d.watches[w.wd] = slices.DeleteFunc(d.watches[w.wd], func(x *fileWatch) bool { return x == w })
	if len(d.watches[w.wd]) == 0 {
		delete(d.watches, w.wd)
		_, _ = unix.InotifyRmWatch(d.fd, uint32(w.wd)) // the directory may have gone meanwhile
	}
}

// serve reads events until ctx ends.
func (d *directories) serve(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { d.file.Close() })
	defer stop()
	b := make([]byte, 16<<10)
	for {
		n, err := d.file.Read(b)
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				d.log.Error("tracked files are no longer watched", "error", err)
			}
			return
		}
		d.take(b[:n])
	}
}

// take pokes those whose file a batch of events is about (inotify(7)).
func (d *directories) take(b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(b) >= unix.SizeofInotifyEvent {
		wd := int32(binary.NativeEndian.Uint32(b))
		mask := binary.NativeEndian.Uint32(b[4:])
		end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
		name, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:end], []byte{0})
		d.event(wd, mask, string(name))
		b = b[end:]
	}
}

func (d *directories) event(wd int32, mask uint32, name string) {
	switch {
	case mask&unix.IN_Q_OVERFLOW != 0: // events were lost, nobody knows about which files
		for _, watches := range d.watches {
			for _, w := range watches {
				poke(w.changed)
			}
		}
	case mask&unix.IN_MOVE_SELF != 0: // something else may be at its path now
		_, _ = unix.InotifyRmWatch(d.fd, uint32(wd)) // says IN_IGNORED
	case mask&unix.IN_IGNORED != 0:
		for _, w := range d.watches[wd] {
			w.gone = true
			poke(w.changed)
		}
		delete(d.watches, wd)
	default:
		for _, w := range d.watches[wd] {
			if w.name == name {
				poke(w.changed)
			}
		}
	}
}

// poke says that there is news; it is enough to have it said once.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
