/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The part of the kernel's BPF interface that the filter uses: fixed-width types, section and map notation, the
 * context structures of XDP and TC, and the helpers by number. Written down here because no distribution's
 * headers are wanted for a build: the numbers and offsets are stable kernel ABI, all of them present in 5.10.
 */
#ifndef XV_HEADERS_BPF_H
#define XV_HEADERS_BPF_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#define SEC(name) __attribute__((section(name), used))
#define inlined inline __attribute__((always_inline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Notation of BTF-defined maps, as loaders read it. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

enum map_type {
	MAP_HASH = 1,
	MAP_ARRAY = 2,
	MAP_PERCPU_HASH = 5,
	MAP_RINGBUF = 27,
};

enum map_flags {
	NO_PREALLOC = 1 << 0,
	MMAPABLE = 1 << 10,
};

enum update_flags {
	UPDATE_ANY = 0,
	UPDATE_NOEXIST = 1,
};

/* What an XDP program returns. */
enum xdp_action {
	XDP_DROP = 1,
	XDP_PASS = 2,
};

/* What a TC program returns; UNSPEC lets the next program of the chain decide. */
enum tc_action {
	TC_UNSPEC = -1,
	TC_SHOT = 2,
};

struct xdp_md {
	__u32 data;
	__u32 data_end;
	__u32 data_meta;
	__u32 ingress_ifindex;
	__u32 rx_queue_index;
	__u32 egress_ifindex;
};

struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark;
	__u32 queue_mapping;
	__u32 protocol;
	__u32 vlan_present;
	__u32 vlan_tci;
	__u32 vlan_proto;
	__u32 priority;
	__u32 ingress_ifindex;
	__u32 ifindex;
	__u32 tc_index;
	__u32 cb[5];
	__u32 hash;
	__u32 tc_classid;
	__u32 data;
	__u32 data_end;
};

static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static __u64 (*const ktime_ns)(void) = (void *)5;
static __s64 (*const csum_diff)(const void *from, __u32 from_size, const void *to, __u32 to_size,
				__u32 seed) = (void *)28;
static long (*const skb_pull_data)(struct __sk_buff *skb, __u32 length) = (void *)39;
static __u64 (*const jiffies)(void) = (void *)118;
static void *(*const ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const ringbuf_submit)(void *data, __u64 flags) = (void *)132;

#endif
