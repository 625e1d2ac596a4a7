package loader

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Each refusal of the kernel that a caller branches on has its sentinel, and keeps the kernel's own word.
func TestSentinels(t *testing.T) {
	for _, c := range []struct {
		name    string
		explain func(error) error
		err     error
		want    error
	}{
		{"load without privilege", explainLoad, unix.EPERM, ErrPrivilege},
		{"attach without privilege", explain, unix.EPERM, ErrPrivilege},
		{"map type unknown to the kernel", explainLoad, ebpf.ErrNotSupported, ErrKernel},
		{"native hook taken", explain, unix.EBUSY, ErrTaken},
		{"generic hook taken", explain, unix.EEXIST, ErrTaken},
		{"link removed", explain, unix.ENODEV, ErrNoLink},
		{"table full", explainPut, unix.E2BIG, ErrFull},
	} {
		err := c.explain(fmt.Errorf("doing it: %w", c.err))
		if !errors.Is(err, c.want) || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if other := errors.New("other"); explain(other) != other || explainPut(other) != other {
		t.Error("an error without a sentinel was changed")
	}
}
