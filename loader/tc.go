package loader

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// attachTC attaches before what is there already. Below 6.6 the kernel has clsact only.
func (l *Loader) attachTC(d device, reason string) (*attached, error) {
	a := &attached{Attachment: Attachment{Mode: TC, Hook: "tcx", Reason: reason}}
	lnk, err := link.AttachTCX(link.TCXOptions{
		Program:   l.obj.TC,
		Attach:    ebpf.AttachTCXIngress,
		Interface: d.index,
		Anchor:    link.Head(),
	})
	if err == nil {
		a.undo = append(a.undo, lnk.Close)
		return a, nil
	}
	if !errors.Is(err, ebpf.ErrNotSupported) {
		return nil, fmt.Errorf("attach to TCX: %w", err)
	}
	return l.attachClsact(d, reason)
}

func (l *Loader) attachClsact(d device, reason string) (*attached, error) {
	a := &attached{Attachment: Attachment{Mode: TC, Hook: "clsact", Reason: reason}}
	if err := addFilter(d.index, l.obj.TC.FD()); err != nil {
		return nil, fmt.Errorf("attach to clsact: %w", err)
	}
	a.undo = append(a.undo, func() error { return removeFilters(d.index) })
	return a, nil
}
