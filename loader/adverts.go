package loader

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// What the channels hold ahead of their receivers. Adverts queue in the ring, which is larger and is stamped
// with time; the channel only spares the reader a switch for each of a burst. Samples are dropped when nobody
// receives them.
const (
	advertsAhead = 256
	samplesAhead = 64
)

// Run reads the rings until ctx ends. Adverts and Samples are sent from here; a full Samples channel loses
// samples, a full Adverts channel makes the ring wait.
func (l *Loader) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sampled := make(chan error, 1)
	go func() {
		defer cancel()
		sampled <- read(ctx, l.obj.XvSamples, l.forwardSample)
	}()
	err := read(ctx, l.obj.XvAdverts, l.forwardAdvert)
	cancel()
	return errors.Join(err, <-sampled)
}

// Adverts delivers valid adverts in the order of the ring.
func (l *Loader) Adverts() <-chan Advert { return l.adverts }

// Samples delivers refused and foreign adverts.
func (l *Loader) Samples() <-chan Sample { return l.samples }

// Drained reports whether every advert that the kernel handed over has been received from Adverts. It is for the
// receiver of Adverts to ask, and costs no system call. It may stay false for an instant after the last was
// received, and is never true too early.
func (l *Loader) Drained() bool {
	var handedOver uint64
	if err := l.obj.HandedOver.Get(&handedOver); err != nil {
		l.log.Error("read the filter's count of adverts", "error", err)
		return true
	}
	return l.forwarded.Load() >= handedOver && len(l.adverts) == 0
}

// read gives each record of a ring to forward until ctx ends.
func read(ctx context.Context, ring *ebpf.Map, forward func(context.Context, []byte) error) error {
	r, err := ringbuf.NewReader(ring)
	if err != nil {
		return fmt.Errorf("read ring %s: %w", ring, err)
	}
	defer r.Close()
	stop := context.AfterFunc(ctx, func() { r.Close() })
	defer stop()
	var rec ringbuf.Record
	for {
		if err := r.ReadInto(&rec); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("read ring %s: %w", ring, err)
		}
		if err := forward(ctx, rec.RawSample); err != nil {
			return fmt.Errorf("read ring %s: %w", ring, err)
		}
	}
}

func (l *Loader) forwardAdvert(ctx context.Context, record []byte) error {
	s, err := decode(record)
	if err != nil {
		return err
	}
	select {
	case l.adverts <- s.Advert:
		l.forwarded.Add(1)
	case <-ctx.Done():
	}
	return nil
}

func (l *Loader) forwardSample(_ context.Context, record []byte) error {
	s, err := decode(record)
	if err != nil {
		return err
	}
	select {
	case l.samples <- s:
	default:
	}
	return nil
}

// decode reads a struct advert and the message behind it, which it copies.
func decode(record []byte) (Sample, error) {
	var a xvAdvert
	message, err := cut(record, &a)
	if err != nil {
		return Sample{}, err
	}
	return describe(&a, append([]byte(nil), message[:min(len(message), int(a.Length))]...)), nil
}

// cut copies the struct that a record begins with and returns what follows it.
func cut[T any](record []byte, head *T) (rest []byte, err error) {
	size := int(unsafe.Sizeof(*head))
	if len(record) < size {
		return nil, fmt.Errorf("record of %d bytes is shorter than %T", len(record), *head)
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(head)), size), record)
	return record[size:], nil
}

// describe is what the filter says of an advert with that message, or as much of it as there is.
func describe(a *xvAdvert, message []byte) Sample {
	dst := unmap(a.Dst, a.V6 != 0)
	id := vrrp.ID{Link: int(a.Link), VLAN: vrrp.VLAN(a.Vlan), V6: a.V6 != 0, VRID: vridOf(message)}
	return Sample{
		Verdict: verdict.Verdict(a.Verdict),
		Advert: Advert{
			At:      time.Duration(a.AtNs),
			ID:      id.To(dst),
			TTL:     a.Ttl,
			Src:     unmap(a.Src, a.V6 != 0),
			Dst:     dst,
			MAC:     a.Mac,
			Length:  int(a.Length),
			Message: message,
		},
	}
}

func vridOf(message []byte) uint8 {
	if len(message) < 2 {
		return 0
	}
	return message[1]
}

// unmap turns an address of the filter into one of its family. An IPv6 address may look v4-mapped and stays IPv6.
func unmap(b [16]byte, v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom16(b).Unmap()
}
