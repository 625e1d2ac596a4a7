/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Every map, its one writer and its readers. Sizes that depend on the number of routers are set by the loader.
 */
#ifndef XV_MAPS_H
#define XV_MAPS_H

#include "abi.h"

enum {
	SEGMENTS = 4096,
	LINKS = 1024, /* on which frames came in that belong to no router */
	SAMPLE_KINDS = 1024,
};

static inlined bool has_flag(const struct router *r, enum router_flag flag)
{
	return r->flags & flag;
}

/* Knobs: set by the loader before the load, so that the verifier removes what is switched off. */
volatile const bool trace;    /* keep the last verdict */
volatile const bool guard;    /* some address of ours refuses packets */
volatile const __u32 on_link; /* count for this link whatever device the frame came in on; 0: the device's own */
volatile const __u32 tick_ns; /* between two ticks of the kernel */

/* Adverts put into xv_adverts. Writer: the filter. Reader: the loader, which compares it with what it has passed on. */
__u64 handed_over;

/* Writer: the filter, if trace. Reader: the loader, after a test run. */
enum verdict last_verdict;

/* What all samples together may still take. Writer and reader: the filter. */
struct bucket sample_budget;

/* Whether somebody sniffs, and if so whether frames of one link or one VRID alone; 0: of all. Writer: the loader. Reader:
 * the filter. */
__u32 sniffing;
__u32 sniffed_link;
__u32 sniffed_vrid;

/* What all that is sniffed may still take. Writer and reader: the filter. */
struct bucket sniff_budget;

/* Sniffed frames that the budget or xv_sniffed had no room for. Writer: the filter. Reader: the loader. */
__u64 sniff_lost;

/* Which VLANs of which links are looked at beside those of our routers. Writer: the daemon. Reader: the filter. */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, SEGMENTS);
	__type(key, struct segment_key);
	__type(value, struct segment);
} xv_segments SEC(".maps");

/* Where to look for routers: the rows of xv_blocks. Writer: the daemon. Reader: the filter. */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct block_key);
	__type(value, __u32);
} xv_places SEC(".maps");

/* Which row is a router's. Changing one is what puts rules in force. Writer: the daemon, by mmap. Reader: the filter. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(map_flags, MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct block);
} xv_blocks SEC(".maps");

/* The routers and their rules. A row that a block names is not written to, and one that no block names any longer is
 * left alone for as long as there are others: a frame never sees half a rule. Writer: the daemon, by mmap. Reader: the
 * filter. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(map_flags, MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct router);
} xv_routers SEC(".maps");

/* Numbers for the destinations that are part of keys of xv_places: they are long, and most routers have the default
 * one. Writer: the daemon. Reader: the filter. */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct dst_key);
	__type(value, __u16);
} xv_dsts SEC(".maps");

/*
 * The addresses of each router, and a random weight for each: a list of as many addresses and the same sum of
 * weights is the same set. A list is written before a router names it and never changed. Writer: the daemon.
 * Reader: the filter.
 */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct addr_key);
	__type(value, __u64);
} xv_addrs SEC(".maps");

/* The unicast neighbours of each router, written like xv_addrs. Writer: the daemon. Reader: the filter. */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct addr_key);
	__type(value, struct peer);
} xv_peers SEC(".maps");

/* What was kept back of each router's master, by slot. Writer: the filter; the daemon only clears a slot that no router
 * has. Reader: the daemon, by mmap. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(map_flags, MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} xv_seen SEC(".maps");

/* Frames of each router, by slot. Writer: the filter; the daemon only clears a slot that no router has. Reader: the
 * daemon, by mmap. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(map_flags, MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tally);
} xv_tallies SEC(".maps");

/* What each router may still have handed over, by slot. Writer: the filter; the daemon only clears a slot that no
 * router has. Reader: the filter. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct budget);
} xv_budgets SEC(".maps");

/* Valid adverts, as struct advert. Writer: the filter. Reader: the daemon. */
struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 1 << 22);
} xv_adverts SEC(".maps");

/* Samples of frames that were not taken, as struct advert; apart, so that they crowd out nothing that counts.
 * Writer: the filter. Reader: the daemon. */
struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 1 << 17);
} xv_samples SEC(".maps");

/* What is sniffed, as struct sniffed. Writer: the filter, while sniffing. Reader: the daemon. */
struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 1 << 19);
} xv_sniffed SEC(".maps");

/* What each kind of sample may still take, by a hash of the kind: kinds that collide share. Writer and reader: the
 * filter. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, SAMPLE_KINDS);
	__type(key, __u32);
	__type(value, struct bucket);
} xv_sampled SEC(".maps");

/* What the foreign adverts of a segment may still take, by its row. Writer and reader: the filter. */
struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, SEGMENTS);
	__type(key, __u32);
	__type(value, struct bucket);
} xv_policed SEC(".maps");

/* Frames that belong to no router, by the link they came in on. Writer: the filter. Reader: the daemon. */
struct {
	__uint(type, MAP_PERCPU_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, LINKS);
	__type(key, __u32);
	__type(value, struct tally);
} xv_links SEC(".maps");

/* Addresses that refuse packets. Writer: the daemon. Reader: the filter. */
struct {
	__uint(type, MAP_HASH);
	__uint(map_flags, NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct guard_key);
	__type(value, __u8);
} xv_guard SEC(".maps");

#endif
