package loader

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// attached is a link that the filter sits on and how to leave it.
type attached struct {
	Attachment
	undo []func() error // in the order of doing
}

func (a *attached) leave() error {
	var errs []error
	for i := len(a.undo) - 1; i >= 0; i-- {
		errs = append(errs, a.undo[i]())
	}
	return errors.Join(errs...)
}

// Attach puts the filter on a link of the calling thread's network namespace. On a link that it already sits on it
// is put anew, which a bond needs when it gets another slave. An XDP mode that was asked for but could not tell
// tagged adverts from untagged ones on this link gives way to TC, and Reason says so.
func (l *Loader) Attach(index int, name string, m Mode) (Attachment, error) {
	if err := l.Detach(index); err != nil {
		return Attachment{}, err
	}
	d, err := inspect(index, name)
	if err != nil {
		return Attachment{}, fmt.Errorf("attach to %s: %w", name, explain(err))
	}
	a, err := l.attach(d, m)
	if err != nil {
		return Attachment{}, fmt.Errorf("attach to %s: %w", name, explain(err))
	}
	a.Link, a.Name = index, name
	l.attaching.Lock()
	l.attached[index] = *a
	l.attaching.Unlock()
	return a.Attachment, nil
}

// Detach takes it off again; a link that is gone is no error.
func (l *Loader) Detach(index int) error {
	l.attaching.Lock()
	a, ok := l.attached[index]
	delete(l.attached, index)
	l.attaching.Unlock()
	if !ok {
		return nil
	}
	if err := a.leave(); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("detach from %s: %w", a.Name, err)
	}
	return nil
}

func (l *Loader) detachAll() error {
	var errs []error
	for index := range l.attached {
		errs = append(errs, l.Detach(index))
	}
	return errors.Join(errs...)
}

func (l *Loader) attach(d device, m Mode) (*attached, error) {
	switch m {
	case TC:
		return l.attachTC(d, "tc was asked for")
	case XDP, XDPGeneric:
		return l.attachXDP(d, m, string(m)+" was asked for")
	case Auto:
		return l.choose(d)
	}
	return nil, fmt.Errorf("no such mode: %q", m)
}

// choose is the policy of Auto: native XDP where a driver makes it worth while, TC where it is absent, taken or
// harmful.
func (l *Loader) choose(d device) (*attached, error) {
	if d.kind == virtual {
		return l.attachTC(d, d.description()+": native XDP is missing there or slows the link down")
	}
	a, err := l.attachXDP(d, XDP, d.description())
	switch {
	case err == nil:
		return a, nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENODEV):
		return nil, err
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EEXIST):
		return l.attachTC(d, "another program sits on the XDP hook")
	}
	return l.attachTC(d, fmt.Sprintf("%s, but its driver refuses native XDP: %v", d.description(), err))
}

// attachXDP attaches to the XDP hook if the program then sees every VLAN tag, and to TC otherwise: an advert of
// one VLAN must not be taken for another's.
func (l *Loader) attachXDP(d device, m Mode, reason string) (*attached, error) {
	a := &attached{Attachment: Attachment{Mode: m, Hook: "native", Reason: reason}}
	flags := link.XDPDriverMode
	if m == XDPGeneric {
		a.Hook, flags = "generic", link.XDPGenericMode
	}
	program, blind := l.sighted(d, m, a)
	if blind != "" {
		if err := a.leave(); err != nil {
			return nil, err
		}
		return l.attachTC(d, fmt.Sprintf("%s, but %s XDP cannot tell tagged adverts from untagged ones here: %s", reason, a.Hook, blind))
	}
	lnk, err := link.AttachXDP(link.XDPOptions{Program: program, Interface: d.index, Flags: flags})
	if err != nil {
		return nil, errors.Join(err, a.leave())
	}
	a.undo = append(a.undo, lnk.Close)
	return a, nil
}

// sighted finds or loads the XDP program that sees all tags of a device, having told the device to leave them in
// the frame; blind says why there is none.
func (l *Loader) sighted(d device, m Mode, a *attached) (program *ebpf.Program, blind string) {
	var err error
	switch {
	case d.kind == card || d.kind == bond:
		var restore []func() error
		restore, err = showTags(d.carriers)
		a.undo = append(a.undo, restore...)
		if err == nil && d.kind == card {
			program, err = l.program(xvProgXvXdp)
		} else if err == nil {
			program, err = l.loadFor(a, xvProgXvXdp, func(s *ebpf.CollectionSpec, _ *ebpf.ProgramSpec) error {
				return s.Variables[xvVarOnLink].Set(uint32(d.index))
			})
		}
	case d.driver == "veth" && m == XDP:
		program, err = l.loadFor(a, xvProgXvXdpTag, func(_ *ebpf.CollectionSpec, p *ebpf.ProgramSpec) error {
			p.Ifindex, p.Flags = uint32(d.index), unix.BPF_F_XDP_DEV_BOUND_ONLY
			return nil
		})
	default:
		err = fmt.Errorf("a %s may carry the tag beside the frame", d.description())
	}
	if err != nil {
		return nil, err.Error()
	}
	return program, ""
}
