package loader

import (
	"runtime"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// cable is a pair of veths in a namespace of their own: the filter sits on near, frames are sent from far.
type cable struct {
	near, far netlink.Link
	socket    int
}

// plug makes a cable in a throw-away namespace, in which the calling test then runs.
func plug(t testing.TB) *cable {
	t.Helper()
	needRoot(t)
	enterNamespace(t)
	c := &cable{socket: -1}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "near"}, PeerName: "far"}
	if err := netlink.LinkAdd(pair); err != nil {
		t.Fatal(err)
	}
	c.near, c.far = up(t, "near"), up(t, "far")
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(socket) })
	c.socket = socket
	return c
}

// enterNamespace moves the test's thread into a new namespace, which ends with the test.
func enterNamespace(t testing.TB) {
	t.Helper()
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	away, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		away.Close()
		if err := netns.Set(home); err != nil {
			t.Errorf("leave the namespace: %v", err)
			return // the locked thread ends with the test
		}
		home.Close()
		runtime.UnlockOSThread()
	})
}

func up(t testing.TB, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(l); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; {
		if l, err = netlink.LinkByName(name); err != nil {
			t.Fatal(err)
		}
		if l.Attrs().OperState == netlink.OperUp || time.Now().After(end) {
			return l
		}
		if name == "near" { // its carrier waits for the other end
			return l
		}
	}
}

func (c *cable) index() int { return c.near.Attrs().Index }

func (c *cable) send(t testing.TB, frame []byte) {
	t.Helper()
	to := &unix.SockaddrLinklayer{Ifindex: c.far.Attrs().Index}
	if err := unix.Sendto(c.socket, frame, 0, to); err != nil {
		t.Fatal(err)
	}
}

// hideTag has every frame that leaves the far end carry a customer tag beside its data, as a sender's 802.1Q device
// does with tag offload.
func (c *cable) hideTag(t testing.TB, vid int32) (stop func()) {
	t.Helper()
	needKernel(t, "TCX for the sender's side", 6, 6)
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.SchedCLS, License: "Dual MIT/GPL",
		Instructions: asm.Instructions{
			asm.Mov.Imm(asm.R2, int32(networkOrder(unix.ETH_P_8021Q))),
			asm.Mov.Imm(asm.R3, vid),
			asm.FnSkbVlanPush.Call(),
			asm.Mov.Imm(asm.R0, -1),
			asm.Return(),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	l, err := link.AttachTCX(link.TCXOptions{Program: program, Attach: ebpf.AttachTCXEgress, Interface: c.far.Attrs().Index})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// pass is a program that lets everything through, for the hooks that somebody else may have taken.
func pass(t testing.TB, kind ebpf.ProgramType, code int32) *ebpf.Program {
	t.Helper()
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: kind, License: "Dual MIT/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, code), asm.Return()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}
