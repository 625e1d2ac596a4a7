// Package loader owns the kernel side: it loads the filter once, attaches it to links, writes what it must know
// about routers into its maps and hands valid adverts up. It is the only importer of cilium/ebpf; what it
// exports are plain Go types.
//
// Nothing is pinned: the filter leaves its links with the process.
package loader

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// Mode is where on a link's receive path the filter sits.
type Mode string

// The modes. Auto chooses: native XDP on network cards and bonds, TC elsewhere.
const (
	Auto       Mode = "auto"
	XDP        Mode = "xdp"
	XDPGeneric Mode = "xdp-generic"
	TC         Mode = "tc"
)

// Options are fixed for the life of a Loader.
type Options struct {
	Routers int  // most routers at a time; 0 means 4096
	Burst   int  // adverts that may come at once, for which there is room before they are read; 0: one of each router
	Addrs   int  // most virtual addresses of all of them together; never less than 16 for each
	Peers   int  // most unicast neighbours of all of them together; never less than 4 for each
	Trace   bool // keep the verdict of the last frame for Try
	Guard   bool // some router refuses packets to its virtual addresses (no_accept, vrrp_strict)
	Log     *slog.Logger
}

// Segment is one VLAN of a link on which we run routers, or which we only observe.
type Segment struct {
	Link        int
	VLAN        vrrp.VLAN
	UnknownDrop bool   // unknown_vrid drop: discard adverts of VRIDs not configured here
	UnknownRate uint32 // foreign adverts per second and link above which they are dropped; 0 for no limit
}

// Attachment says how a link is filtered and why so.
type Attachment struct {
	Link   int
	Name   string
	Mode   Mode   // never Auto
	Hook   string // "native", "generic", "tcx", "clsact"
	Reason string // one sentence for operators
}

// Advert is a valid advert as the kernel saw it.
type Advert struct {
	At       time.Duration // CLOCK_MONOTONIC, taken in the kernel on receipt
	ID       vrrp.ID
	TTL      uint8
	Src, Dst netip.Addr
	MAC      [6]byte // Ethernet source
	Length   int     // of the VRRP message on the wire, without padding
	Message  []byte  // the message; of a Sample no more than the first 128 bytes
}

// Sample is one of the frames that were refused or not ours, so that they can be explained. Kernel sampling is
// rate limited by link, VLAN, family, VRID and verdict; the counters count all. A sample keeps the first 128 bytes of
// the message, and none where the frame was refused before its message was found.
type Sample struct {
	Advert
	Verdict verdict.Verdict
}

// Count is how many frames of one link, and where known of one router, ended in a verdict.
type Count struct {
	Link    int
	ID      vrrp.ID // zero VRID: not tied to a router of ours
	Verdict verdict.Verdict
	Frames  uint64
}

// Loader is the loaded filter. Run reads its rings; Attach and Detach may be called at the same time, one call
// for a link, since each may wait for the kernel, and so may Sniff and SniffLost. Otherwise its methods are for one
// goroutine at a time.
type Loader struct {
	log     *slog.Logger
	options Options
	obj     objects
	places  places

	seen *ebpf.Memory // xv_seen

	adverts   chan Advert
	samples   chan Sample
	forwarded atomic.Uint64 // adverts that Run has put into the channel

	loading  sync.Mutex
	programs map[string]*ebpf.Program // that were of use already

	attaching sync.Mutex
	attached  map[int]attached

	sniffers sniffers

	routers  map[vrrp.ID]*router
	slots    slots
	dsts     dsts
	segments segments
	lastList uint32
}

// objects are the maps that all programs work on, and variables in one of them.
type objects struct {
	HandedOver  *ebpf.Variable `ebpf:"handed_over"`
	LastVerdict *ebpf.Variable `ebpf:"last_verdict"`
	Sniffing    *ebpf.Variable `ebpf:"sniffing"`
	SniffedLink *ebpf.Variable `ebpf:"sniffed_link"`
	SniffedVrid *ebpf.Variable `ebpf:"sniffed_vrid"`
	SniffLost   *ebpf.Variable `ebpf:"sniff_lost"`
	BSS         *ebpf.Map      `ebpf:".bss"`
	xvMaps
}

const defaultRouters = 4096

// Open makes the filter's maps. Its programs are loaded when they are of use for the first time, which takes a while.
func Open(o Options) (*Loader, error) {
	if o.Routers == 0 {
		o.Routers = defaultRouters
	}
	if o.Burst == 0 {
		o.Burst = o.Routers
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	spec, err := prepare(o)
	if err != nil {
		return nil, err
	}
	l := &Loader{
		log:      o.Log,
		options:  o,
		adverts:  make(chan Advert, advertsAhead),
		samples:  make(chan Sample, samplesAhead),
		programs: make(map[string]*ebpf.Program),
		attached: make(map[int]attached),
		routers:  make(map[vrrp.ID]*router),
		slots:    slots{size: uint32(o.Routers)},
		dsts:     newDsts(),
		segments: newSegments(spec.Maps[xvMapXvPoliced].MaxEntries),
	}
	if err := l.load(spec); err != nil {
		return nil, fmt.Errorf("load the filter: %w", explainLoad(err))
	}
	return l, nil
}

// prepare reads the compiled filter, sets its knobs and sizes its maps. That is done again for each program: the filter is
// parsed in milliseconds, and kept would take 0.7 MB for programs that may never be of use.
func prepare(o Options) (*ebpf.CollectionSpec, error) {
	spec, err := loadXv()
	if err != nil {
		return nil, fmt.Errorf("read the compiled filter: %w", err)
	}
	tick, err := tickLength()
	if err != nil {
		return nil, err
	}
	routers := uint32(o.Routers)
	addrs := max(routers*addrsPerRouter, uint32(o.Addrs))
	for name, entries := range map[string]uint32{
		xvMapXvAdverts: ringBytes(uint32(o.Burst)),
		xvMapXvPlaces:  routers,
		xvMapXvBlocks:  routers,
		xvMapXvRouters: rowsFor(routers),
		xvMapXvTallies: routers,
		xvMapXvDsts:    routers,
		xvMapXvSeen:    routers,
		xvMapXvBudgets: routers,
		xvMapXvAddrs:   addrs + maxAddrs*2,
		xvMapXvPeers:   max(routers*peersPerRouter, uint32(o.Peers)) + maxAddrs*2,
		xvMapXvGuard:   addrs + maxAddrs,
	} {
		spec.Maps[name].MaxEntries = entries
	}
	for name, value := range map[string]any{xvVarTrace: o.Trace, xvVarGuard: o.Guard, xvVarTickNs: tick} {
		if err := spec.Variables[name].Set(value); err != nil {
			return nil, fmt.Errorf("set knob %s: %w", name, err)
		}
	}
	return spec, nil
}

// ringBytes is room for some adverts at least. More would cost: the whole ring is mapped, twice, and counts as memory of the
// daemon's. The size of a ring is a power of two.
func ringBytes(adverts uint32) uint32 {
	const (
		record = 200      // about what an advert of usual length takes
		least  = 64 << 10 // the largest page there is
	)
	return max(least, uint32(1)<<bits.Len32(record*adverts-1))
}

// Shares of the tables. A list is written before the one it replaces is removed, hence room for two of the longest.
const (
	addrsPerRouter = 16
	peersPerRouter = 4
	maxAddrs       = 255
)

// tickLength is the time between two ticks of the kernel, in nanoseconds: how coarse its coarse clock is.
func tickLength() (uint32, error) {
	var tick unix.Timespec
	if err := unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &tick); err != nil {
		return 0, fmt.Errorf("ask for the length of the kernel's tick: %w", err)
	}
	return uint32(tick.Nano()), nil
}

// load makes the maps.
func (l *Loader) load(spec *ebpf.CollectionSpec) error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	if err := spec.LoadAndAssign(&l.obj, nil); err != nil {
		return err
	}
	if err := l.mapMemory(); err != nil {
		return errors.Join(err, l.obj.close())
	}
	return nil
}

// mapMemory maps what is read and written without system calls.
func (l *Loader) mapMemory() (err error) {
	if l.seen, err = l.obj.XvSeen.Memory(); err != nil {
		return err
	}
	return l.places.open(&l.obj.xvMaps)
}

func (o *objects) close() error {
	return errors.Join(o.BSS.Close(), o.xvMaps.Close())
}

// Close detaches from every link and frees everything. Run has to have returned.
func (l *Loader) Close() error {
	errs := []error{l.detachAll()}
	for _, program := range l.programs {
		errs = append(errs, program.Close())
	}
	return errors.Join(append(errs, l.obj.close())...)
}
