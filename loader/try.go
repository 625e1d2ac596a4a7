package loader

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

// etherLen is the least that the kernel takes for a frame.
const etherLen = 14

// Try runs one frame through the filter as if it came in on link 1 (the loopback device, which
// BPF_PROG_TEST_RUN takes for its own) and returns its verdict. hook is XDP or TC. Options.Trace must be set.
//
// The kernel refuses to run a frame that ends within its IP header through TC; such a frame goes to the same judge
// by way of XDP.
func (l *Loader) Try(frame []byte, hook Mode) (verdict.Verdict, error) {
	if len(frame) < etherLen {
		return verdict.NotVRRP, nil
	}
	name := xvProgXvXdp
	if hook == TC {
		name = xvProgXvTcIn
	}
	err := l.run(name, frame)
	if hook == TC && errors.Is(err, unix.EINVAL) {
		err = l.run(xvProgXvXdp, frame)
	}
	if err != nil {
		return 0, fmt.Errorf("run a frame of %d bytes through the filter: %w", len(frame), err)
	}
	var last uint32
	if err := l.obj.LastVerdict.Get(&last); err != nil {
		return 0, fmt.Errorf("read the verdict: %w", err)
	}
	return verdict.Verdict(last), nil
}

func (l *Loader) run(name string, frame []byte) error {
	program, err := l.program(name)
	if err != nil {
		return err
	}
	_, err = program.Run(&ebpf.RunOptions{Data: frame})
	return err
}
