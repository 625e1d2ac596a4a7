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
	program, err := l.program(xvProgXvTcIn)
	if err != nil {
		return nil, err
	}
	lnk, err := link.AttachTCX(link.TCXOptions{
		Program:   program,
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
	return attachClsact(d, program, reason)
}

func attachClsact(d device, program *ebpf.Program, reason string) (*attached, error) {
	a := &attached{Attachment: Attachment{Mode: TC, Hook: "clsact", Reason: reason}}
	if err := addFilter(d.index, program.FD()); err != nil {
		return nil, fmt.Errorf("attach to clsact: %w", err)
	}
	a.undo = append(a.undo, func() error { return removeFilters(d.index) })
	return a, nil
}
