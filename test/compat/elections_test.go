package compat

import (
	"fmt"

	"github.com/xvrrp/xvrrp/test/bed"
)

// elections are about two routers and nothing else.
var elections = []scenario{
	{
		name: "failover",
		conf: func(_ *stage, router string) string {
			return file(instance(0, priorityOf(router)))
		},
		play: func(st *stage) {
			st.step("the lower one starts", st.starts("b"), st.master(lan, "b"))
			st.step("the better one starts", st.starts("a"), st.master(lan, "a"))
			st.step("the better one leaves", st.leaves("a"), st.master(lan, "b"))
			st.step("the better one returns", st.starts("a"), st.master(lan, "a"))
			st.step("the better one crashes", st.crashes("a"), st.master(lan, "b"))
			st.step("the lower one leaves", st.leaves("b"))
		},
	},
	{
		name: "nopreempt",
		conf: func(_ *stage, router string) string {
			return file(instance(0, priorityOf(router), "nopreempt"))
		},
		play: func(st *stage) {
			st.step("the lower one starts", st.starts("b"), st.master(lan, "b"))
			st.step("the better one starts", st.starts("a"), st.master(lan, "b"))
			st.step("the lower one leaves", st.leaves("b"), st.master(lan, "a"))
		},
	},
	{
		name: "preempt delay",
		// The delay begins with the first advert heard, which comes up to an interval after the start.
		tolerance: beat + tolerance,
		conf: func(_ *stage, router string) string {
			return file(instance(0, priorityOf(router), "preempt_delay 2"))
		},
		play: func(st *stage) {
			st.step("the lower one starts", st.starts("b"), st.master(lan, "b"))
			st.step("the better one starts", st.starts("a"), st.master(lan, "a"))
		},
	},
	{
		name: "learning",
		conf: func(_ *stage, router string) string {
			slow := ""
			if router == "a" {
				slow = "advert_int 1"
			}
			return file(instance(0, priorityOf(router), slow))
		},
		play: func(st *stage) {
			st.step("the slow one starts", st.starts("a"), st.master(lan, "a"))
			st.step("the fast one starts", st.starts("b"), st.master(lan, "a"))
			st.step("the slow one crashes", st.crashes("a"), st.master(lan, "b"))
		},
	},
	{
		name: "unicast",
		conf: func(st *stage, router string) string {
			self, peer := st.routers["a"].V4, st.routers["b"].V4
			if router == "b" {
				self, peer = peer, self
			}
			return file(instance(0, priorityOf(router),
				"unicast_src_ip "+self.String(), block("unicast_peer", peer.String())))
		},
		play: func(st *stage) {
			st.step("the lower one starts", st.starts("b"), st.master(lan, "b"))
			st.step("the better one starts", st.starts("a"), st.master(lan, "a"))
			st.step("the better one leaves", st.leaves("a"), st.master(lan, "b"))
			st.step("the better one returns", st.starts("a"), st.master(lan, "a"))
			st.step("the better one crashes", st.crashes("a"), st.master(lan, "b"))
		},
	},
	partition("partition", difference{step: "both meet again", what: "lan a speaks out of turn", section: ownClock}),
	partition("partition version 2",
		difference{step: "both meet again", what: "^(b drops|lan a speaks out of turn)", section: quietV2},
		"version 2", "advert_int 1"),
	{
		name: "deleted address",
		conf: func(_ *stage, router string) string {
			return file(instance(0, priorityOf(router)))
		},
		play: func(st *stage) {
			st.step("the lower one starts", st.starts("b"), st.master(lan, "b"))
			st.step("the better one starts", st.starts("a"), st.master(lan, "a"))
			st.step("its address is deleted", st.then("a", func() error {
				return st.routers["a"].DelAddr(bed.NIC, vip(0))
			}), st.master(lan, "a"))
		},
		differs: []difference{
			{step: "its address is deleted", what: "^lan a (resigns|announces|speaks with)|^a holds", section: putBack},
		},
	},
	{
		name: "mismatch",
		conf: func(_ *stage, router string) string {
			more := ""
			if router == "a" {
				more = block("virtual_ipaddress", vip(0).String(), "172.160.180.169/24")
			}
			return file(instance(0, priorityOf(router), more))
		},
		play: func(st *stage) {
			st.step("the longer list starts", st.starts("a"), st.master(lan, "a"))
			st.step("the shorter list starts", st.starts("b"), st.decided("b"))
		},
		differs: []difference{
			{step: "the shorter list starts", what: "^(b holds|lan b speaks with|lan b announces)", section: mismatch},
			{step: "the shorter list starts", what: "^lan a announces", section: mismatch},
			{step: "the shorter list starts", what: "^lan [ab] (falls silent|speaks)", chance: true, section: ownClock},
		},
	},
}

// The sections of docs/compatibility.md.
const (
	ownClock   = "Adverts keep their schedule whatever arrives"
	quietV2    = "Version 2 does not answer a losing advert"
	mismatch   = "Another address list is accepted if it overlaps"
	oneGoodbye = "One goodbye is enough"
	putBack    = "A deleted virtual address is put back in place"
)

// partition is a scenario in which b is cut off and returns. By their priorities b's adverts then come three eighths of
// an interval after a's, as far as can be from where another order would change what happens.
func partition(name string, differs difference, lines ...string) scenario {
	return scenario{
		name: name,
		conf: func(_ *stage, router string) string {
			return file(instance(0, map[string]int{"a": 250, "b": 160}[router], lines...))
		},
		play: func(st *stage) {
			st.step("the better one starts", st.starts("a"), st.master(lan, "a"))
			st.step("the lower one starts", st.starts("b"), st.master(lan, "a"))
			st.step("the lower one hears nothing any more", st.then("a", st.unplug("b", 0)), st.held("b"))
			st.step("both meet again", st.then("a", st.replug("b", 0, lan)), st.master(lan, "a"))
		},
		differs: []difference{differs},
	}
}

// held wants a router to hold its address on lan, whoever else does.
func (st *stage) held(router string) want {
	return want{router + " holding its address", func() string { return st.holds(lan, router, true) }}
}

// decided wants a router to have had time to become master.
func (st *stage) decided(router string) want {
	mark := -1
	return want{"the time that " + router + " needs", func() string {
		if mark < 0 {
			mark = st.Ear.Mark()
		}
		if heard := len(st.Ear.Since(mark)); heard < 6 {
			return fmt.Sprintf("%d adverts so far", heard)
		}
		return ""
	}}
}
