package bench

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The layout of a record in the ear's ring, in host order.
const (
	recordAt     = 0  // u64: CLOCK_MONOTONIC in nanoseconds
	recordCard   = 8  // u32: the number of the card that the frame leaves by
	recordLen    = 12 // u32: how many bytes of it follow
	recordFrame  = 16
	recordedLen  = 64 // of a frame at most
	recordLength = recordFrame + recordedLen
)

// ringSize is what the frames of some seconds find room in.
const ringSize = 8 << 20

// fate is what becomes of a frame that was dated, as a TC classifier says it (linux/pkt_cls.h).
type fate int32

const (
	passed fate = -1 // TC_ACT_UNSPEC: on to the wire
	taken  fate = 4  // TC_ACT_STOLEN: the wire ends here, and who sent it is told that it left
)

// skbLen is the offset of the field len of struct __sk_buff.
const skbLen = 0

// program dates every frame, copies its beginning to the ring and decides its fate. Nobody is woken. What finds no
// room is counted in the only element of lost.
func program(ring, lost *ebpf.Map, card int32, f fate) (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "bench_ear", Type: ebpf.SchedCLS, License: "GPL", Instructions: asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMapPtr(asm.R1, ring.FD()),
		asm.Mov.Imm(asm.R2, recordLength),
		asm.Mov.Imm(asm.R3, 0),
		asm.FnRingbufReserve.Call(),
		asm.JEq.Imm(asm.R0, 0, "lost"),
		asm.Mov.Reg(asm.R7, asm.R0),
		asm.FnKtimeGetNs.Call(),
		asm.StoreMem(asm.R7, recordAt, asm.R0, asm.DWord),
		asm.StoreImm(asm.R7, recordCard, int64(card), asm.Word),
		asm.LoadMem(asm.R4, asm.R6, skbLen, asm.Word),
		asm.JLE.Imm(asm.R4, recordedLen, "short"),
		asm.Mov.Imm(asm.R4, recordedLen),
		asm.StoreMem(asm.R7, recordLen, asm.R4, asm.Word).WithSymbol("short"),
		asm.JEq.Imm(asm.R4, 0, "submit"),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Imm(asm.R2, 0),
		asm.Mov.Reg(asm.R3, asm.R7),
		asm.Add.Imm(asm.R3, recordFrame),
		asm.FnSkbLoadBytes.Call(),
		asm.Mov.Reg(asm.R1, asm.R7).WithSymbol("submit"),
		asm.Mov.Imm(asm.R2, unix.BPF_RB_NO_WAKEUP),
		asm.FnRingbufSubmit.Call(),
		asm.Ja.Label("out"),
		asm.StoreImm(asm.RFP, -4, 0, asm.Word).WithSymbol("lost"),
		asm.LoadMapPtr(asm.R1, lost.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.AddAtomic.Mem(asm.R0, asm.R1, asm.DWord, 0),
		asm.Mov.Imm(asm.R0, int32(f)).WithSymbol("out"),
		asm.Return(),
	}})
	if err != nil {
		return nil, fmt.Errorf("load the ear: %w", err)
	}
	return p, nil
}

// atDoor has a program see what a card of the calling thread's namespace sends, before the card does. It stays until
// the card goes.
func atDoor(p *ebpf.Program, card string) error {
	l, err := netlink.LinkByName(card)
	if err != nil {
		return fmt.Errorf("find %s: %w", card, err)
	}
	index := l.Attrs().Index
	err = netlink.QdiscReplace(&netlink.GenericQdisc{QdiscType: "clsact", QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}})
	if err != nil {
		return fmt.Errorf("add qdisc clsact to %s: %w", card, err)
	}
	err = netlink.FilterAdd(&netlink.BpfFilter{Fd: p.FD(), Name: "ear", DirectAction: true, FilterAttrs: netlink.FilterAttrs{
		LinkIndex: index, Parent: netlink.HANDLE_MIN_EGRESS, Handle: 1, Priority: 1, Protocol: unix.ETH_P_ALL}})
	if err != nil {
		return fmt.Errorf("attach the ear to %s: %w", card, err)
	}
	return nil
}
