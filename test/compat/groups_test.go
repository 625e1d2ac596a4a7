package compat

import (
	"github.com/vishvananda/netlink"

	"github.com/xvrrp/xvrrp/test/bed"
)

// groups are about sync groups: each router has an instance on lan and one on wan, which belong together.
var groups = []scenario{{
	name:     "sync group",
	segments: []string{lan, wan},
	conf: func(_ *stage, router string) string {
		return file(block("vrrp_sync_group G", block("group", "VI_1", "VI_2")),
			instance(0, priorityOf(router)), instance(1, priorityOf(router)))
	},
	play: func(st *stage) {
		st.step("the lower ones start", st.starts("b"), st.master(lan, "b"), st.master(wan, "b"))
		st.step("the better ones start", st.starts("a"), st.master(lan, "a"), st.master(wan, "a"))
		st.step("one card goes down", st.then("a", st.link("a", 1, false)), st.master(lan, "b"), st.master(wan, "b"))
		st.step("the card comes up", st.then("b", st.link("a", 1, true)), st.master(lan, "a"), st.master(wan, "a"))
		st.step("one member falls silent", st.then("a", st.unplug("b", 1)), st.decided("a"))
		st.step("it is heard again", st.then("a", st.replug("b", 1, wan)), st.master(lan, "a"), st.master(wan, "a"))
		st.step("the better ones crash", st.crashes("a"), st.master(lan, "b"), st.master(wan, "b"))
	},
}}

// unplug takes the nth cable of a router off its bridge: what it sees is silence.
func (st *stage) unplug(router string, n int) func() error {
	return st.wire(router, n, netlink.LinkSetNoMaster)
}

// replug undoes unplug.
func (st *stage) replug(router string, n int, segment string) func() error {
	return st.wire(router, n, func(port netlink.Link) error {
		bridge, err := netlink.LinkByName(segment)
		if err != nil {
			return err
		}
		return netlink.LinkSetMaster(port, bridge)
	})
}

// wire changes the bridge's end of the nth cable of a router.
func (st *stage) wire(router string, n int, change func(port netlink.Link) error) func() error {
	return func() error {
		name := st.routers[router].Port(bed.Card(n))
		return st.Lab.Wire.Do(func() error {
			port, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			return change(port)
		})
	}
}
