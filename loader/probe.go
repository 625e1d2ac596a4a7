package loader

import (
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Probed is what a link is like for the filter.
type Probed struct {
	Description string   // of the driver: "network card (ixgbe)"
	Mode        Mode     // that Auto tries first; whether a card's driver takes XDP shows when it is attached
	Reason      string   // for Mode
	Program     string   // the one on the XDP hook, "xdp_pass (id 17)"; empty: none
	Offloads    []string // of received frames that are on and that native XDP minds, by ethtool's names
}

// minded are the offloads that hide VLAN tags, or that merge frames beyond what XDP can be given.
var minded = append([]string{"rx-lro", "rx-gro-hw"}, tagOffloads...)

// Probe looks at a link of the calling thread's network namespace and changes nothing.
func Probe(index int, name string) (Probed, error) {
	d, err := inspect(index, name)
	if err != nil {
		return Probed{}, fmt.Errorf("look at %s: %w", name, explain(err))
	}
	p := Probed{Description: d.description(), Mode: XDP, Reason: "a driver with native XDP is likely"}
	if d.kind == virtual {
		p.Mode, p.Reason = TC, "native XDP is missing there or slows the link down"
	}
	if p.Program, err = programOn(index); err != nil {
		return p, fmt.Errorf("ask for the XDP program of %s: %w", name, explain(err))
	}
	if p.Program != "" {
		p.Mode, p.Reason = TC, "another program sits on the XDP hook"
	}
	if d.kind == virtual {
		return p, nil // they only pretend to offload, and have tags asked for by xv_xdp_tag
	}
	for _, carrier := range d.carriers {
		on, err := offloadsOn(carrier)
		if err != nil {
			return p, fmt.Errorf("ask for the offloads of %s: %w", carrier, explain(err))
		}
		p.Offloads = append(p.Offloads, on...)
	}
	return p, nil
}

// offloadsOn are those of minded that are active on a link.
func offloadsOn(name string) (on []string, err error) {
	fd, err := controlSocket()
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for _, offload := range minded {
		bit, total, err := featureBit(fd, name, offload)
		if err != nil {
			return on, err
		}
		if bit < 0 {
			continue
		}
		active, err := hasFeature(fd, name, bit, total)
		if err != nil {
			return on, err
		}
		if active {
			on = append(on, offload)
		}
	}
	return on, nil
}

// programOn names the program on a link's XDP hook, as far as this process may know.
func programOn(index int) (string, error) {
	header := word(unix.AF_UNSPEC) + word(uint32(index)) + word(0) + word(0) // struct ifinfomsg
	fd, err := send(unix.RTM_GETLINK, unix.NLM_F_ACK, header)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var id uint32
	err = receive(fd, func(body []byte) {
		if len(body) < len(header) {
			return
		}
		if b := attributes(attributes(body[len(header):])[unix.IFLA_XDP])[unix.IFLA_XDP_PROG_ID]; len(b) == 4 {
			id = binary.NativeEndian.Uint32(b)
		}
	})
	if err != nil || id == 0 {
		return "", err
	}
	return programNamed(id), nil
}

// programNamed tells a program by its name, which takes CAP_SYS_ADMIN, and its number.
func programNamed(id uint32) string {
	p, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
	if err != nil {
		return fmt.Sprintf("id %d", id)
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil || info.Name == "" {
		return fmt.Sprintf("id %d", id)
	}
	return fmt.Sprintf("%s (id %d)", info.Name, id)
}
