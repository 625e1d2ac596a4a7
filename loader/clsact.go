package loader

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What rtnetlink calls the parts of a clsact hook (linux/pkt_sched.h, linux/pkt_cls.h). A filter there is no
// bpf_link: it outlives its process and has to be found again by its name.
const (
	clsactParent  = 0xfffffff1 // TC_H_CLSACT
	clsactHandle  = 0xffff0000
	ingressParent = 0xfffffff2 // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

	tcaBPFFD        = 6
	tcaBPFName      = 7
	tcaBPFFlags     = 8
	bpfDirectAction = 1
	filterName      = "xv_tc_in"
	filterPriority  = 1
)

// tcMsg is struct tcmsg.
type tcMsg struct {
	family uint8
	_      [3]byte
	index  int32
	handle uint32
	parent uint32
	info   uint32 // priority << 16 | protocol in network order
}

// addFilter puts a program on the ingress side of a link, in place of one that an earlier process left.
func addFilter(index, program int) error {
	err := request(unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_EXCL,
		tcMsg{index: int32(index), handle: clsactHandle, parent: clsactParent}.encode()+attribute(unix.TCA_KIND, "clsact\x00"))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add qdisc clsact: %w", err)
	}
	if err := removeFilters(index); err != nil {
		return err
	}
	options := attribute(tcaBPFFD, word(uint32(program))) + attribute(tcaBPFName, filterName+"\x00") +
		attribute(tcaBPFFlags, word(bpfDirectAction))
	info := filterPriority<<16 | uint32(networkOrder(unix.ETH_P_ALL))
	err = request(unix.RTM_NEWTFILTER, unix.NLM_F_CREATE|unix.NLM_F_EXCL,
		tcMsg{index: int32(index), parent: ingressParent, info: info}.encode()+
			attribute(unix.TCA_KIND, "bpf\x00")+attribute(unix.TCA_OPTIONS, options))
	if err != nil {
		return fmt.Errorf("add filter: %w", err)
	}
	return nil
}

// removeFilters removes every filter of ours from the ingress side of a link. The qdisc stays: others may use it.
func removeFilters(index int) error {
	ours, err := findFilters(index)
	if err != nil {
		return fmt.Errorf("list filters: %w", err)
	}
	for _, m := range ours {
		if err := request(unix.RTM_DELTFILTER, 0, m.encode()); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("remove filter: %w", err)
		}
	}
	return nil
}

// findFilters lists the filters that carry our name, in the form in which they are removed.
func findFilters(index int) ([]tcMsg, error) {
	fd, err := send(unix.RTM_GETTFILTER, unix.NLM_F_DUMP, tcMsg{index: int32(index), parent: ingressParent}.encode())
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var ours []tcMsg
	err = receive(fd, func(body []byte) {
		if len(body) < int(unsafe.Sizeof(tcMsg{})) {
			return
		}
		if options := attributes(attributes(body[unsafe.Sizeof(tcMsg{}):])[unix.TCA_OPTIONS]); text(options[tcaBPFName]) == filterName {
			ours = append(ours, parseTCMsg(body))
		}
	})
	return ours, err
}

func parseTCMsg(b []byte) tcMsg {
	order := binary.NativeEndian
	return tcMsg{index: int32(order.Uint32(b[4:])), handle: order.Uint32(b[8:]), parent: order.Uint32(b[12:]), info: order.Uint32(b[16:])}
}

func (m tcMsg) encode() string {
	return string([]byte{m.family, 0, 0, 0}) + word(uint32(m.index)) + word(m.handle) + word(m.parent) + word(m.info)
}

func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}
