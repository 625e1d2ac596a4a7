package loader

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// sniffedAhead is how many frames wait for one who sniffs; what comes beyond that is lost to him.
const sniffedAhead = 1024

// macsLen is how much of a frame stands before its tags, tagLen what one takes.
const macsLen, tagLen = 12, 4

// Sniffed is one VRRP frame with its verdict, whatever that was. Of its message there is what lies in Frame.
type Sniffed struct {
	Sample
	Frame      []byte // as on the wire, at most its first 512 bytes; not to be written to
	WireLength int
}

// Filter says which frames to sniff; what is zero matches all.
type Filter struct {
	Link int
	VRID uint8
}

func (f Filter) matches(s *Sniffed) bool {
	return (f.Link == 0 || f.Link == s.ID.Link) && (f.VRID == 0 || f.VRID == s.ID.VRID)
}

// or is a filter that matches whatever one of both does.
func (f Filter) or(other Filter) Filter {
	if f.Link != other.Link {
		f.Link = 0
	}
	if f.VRID != other.VRID {
		f.VRID = 0
	}
	return f
}

// sniffers are all who sniff. One reader serves them while there are any.
type sniffers struct {
	changing sync.Mutex                 // held while somebody joins or leaves
	all      atomic.Pointer[[]*sniffer] // for the reader
	stop     func()                     // ends the reader; nil: there is none
	lost     atomic.Uint64              // frames that channels had no room for
}

type sniffer struct {
	which  Filter
	since  time.Duration // what the ring held before was for others
	frames chan Sniffed
	failed chan error // one from the reader
}

// Sniff calls to with every VRRP frame that the filter judges from now on, until ctx ends. It may be called from any
// goroutine, several at a time, and has to have returned before Close. Beyond 20,000 frames a second, and for who is
// slow, frames are lost; SniffLost counts them. What is sniffed delays no advert.
func (l *Loader) Sniff(ctx context.Context, which Filter, to func(Sniffed)) error {
	s := &sniffer{which: which, frames: make(chan Sniffed, sniffedAhead), failed: make(chan error, 1)}
	err := l.join(s)
	if err == nil {
		err = s.run(ctx, to)
	}
	if err = errors.Join(err, l.part(s)); err != nil {
		return fmt.Errorf("sniff: %w", err)
	}
	return nil
}

// SniffLost is how many frames were lost to those who sniff.
func (l *Loader) SniffLost() uint64 {
	var lost uint64
	if err := l.obj.SniffLost.Get(&lost); err != nil {
		l.log.Error("read the filter's count of lost frames", "error", err)
	}
	return lost + l.sniffers.lost.Load()
}

func (s *sniffer) run(ctx context.Context, to func(Sniffed)) error {
	for {
		select {
		case f := <-s.frames:
			to(f)
		case err := <-s.failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// join adds one who sniffs, and a reader for the first.
func (l *Loader) join(s *sniffer) error {
	l.sniffers.changing.Lock()
	defer l.sniffers.changing.Unlock()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	s.since = time.Duration(now.Nano())
	all := append(l.sniffers.list(), s)
	l.sniffers.all.Store(&all)
	if l.sniffers.stop == nil {
		l.sniffers.stop = l.readSniffed()
	}
	return l.showSniffed(all)
}

// part undoes join; the last one ends the reader.
func (l *Loader) part(s *sniffer) error {
	l.sniffers.changing.Lock()
	defer l.sniffers.changing.Unlock()
	all := slices.DeleteFunc(l.sniffers.list(), func(other *sniffer) bool { return other == s })
	l.sniffers.all.Store(&all)
	err := l.showSniffed(all)
	if stop := l.sniffers.stop; len(all) == 0 && stop != nil {
		stop()
		l.sniffers.stop = nil
	}
	return err
}

// list is a copy of all.
func (s *sniffers) list() []*sniffer {
	if all := s.all.Load(); all != nil {
		return slices.Clone(*all)
	}
	return nil
}

// showSniffed tells the filter which frames some want to see. It looks at the first word only while the last is set.
func (l *Loader) showSniffed(all []*sniffer) error {
	if len(all) == 0 {
		return l.obj.Sniffing.Set(uint32(0))
	}
	which := all[0].which
	for _, s := range all {
		which = which.or(s.which)
	}
	return errors.Join(l.obj.SniffedLink.Set(uint32(which.Link)), l.obj.SniffedVrid.Set(uint32(which.VRID)), l.obj.Sniffing.Set(uint32(1)))
}

// readSniffed reads the ring until stop is called, which waits for that. The ring is mapped meanwhile.
func (l *Loader) readSniffed() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := read(ctx, l.obj.XvSniffed, l.forwardSniffed); err != nil {
			for _, s := range l.sniffers.list() {
				s.failed <- err
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func (l *Loader) forwardSniffed(_ context.Context, record []byte) error {
	f, err := decodeSniffed(record)
	if err != nil {
		return err
	}
	for _, s := range *l.sniffers.all.Load() {
		if f.At < s.since || !s.which.matches(&f) {
			continue
		}
		select {
		case s.frames <- f:
		default:
			l.sniffers.lost.Add(1)
		}
	}
	return nil
}

// decodeSniffed reads a struct sniffed, whose bytes it copies. A tag that lay beside the frame is put where it was.
func decodeSniffed(record []byte) (Sniffed, error) {
	var r xvSniffed
	if _, err := cut(record, &r); err != nil {
		return Sniffed{}, err
	}
	frame, length, offset := slices.Clone(r.Frame[:min(int(r.Length), len(r.Frame))]), int(r.Length), int(r.Offset)
	if r.Tag != 0 && len(frame) >= macsLen {
		frame = slices.Insert(frame, macsLen, binary.BigEndian.AppendUint32(nil, r.Tag)...)
		frame, length, offset = frame[:min(len(frame), len(r.Frame))], length+tagLen, offset+tagLen
	}
	var message []byte
	if r.Offset != 0 && offset < len(frame) {
		message = frame[offset:min(len(frame), offset+int(r.Advert.Length))]
	}
	return Sniffed{Sample: describe(&r.Advert, message), Frame: frame, WireLength: length}, nil
}
