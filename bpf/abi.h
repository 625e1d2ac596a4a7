/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Everything the filter and the daemon share: map keys, map values and ring records. Fields are in host byte
 * order unless they are addresses, which are 16 bytes as on the wire, IPv4 in its v4-mapped form. Padding is
 * spelled out. The daemon's types are generated from here; a change of any layout raises XV_ABI.
 */
#ifndef XV_ABI_H
#define XV_ABI_H

#include "headers/bpf.h"
#include "verdicts.h"

enum abi {
	XV_ABI = 4,
	GAP_SHIFT = 10, /* gaps are counted in units of 1 << GAP_SHIFT nanoseconds */
};

#define XV_SYMBOL(symbol, action, label, meaning) symbol,
enum verdict { VERDICTS(XV_SYMBOL) VERDICT_COUNT };
#undef XV_SYMBOL

enum {
	SMALL_MESSAGE = 128,  /* fits adverts of 30 IPv4 or 7 IPv6 addresses, and is what a sample keeps */
	MEDIUM_MESSAGE = 512, /* 126 IPv4 or 31 IPv6 addresses */
	LARGE_MESSAGE = 4096, /* 255 IPv6 addresses need 4088 bytes */
	SNIFFED_BYTES = 512,  /* of a frame */
	TALLY_SIZE = 40,      /* a counter for each verdict, and as many more as fill the cache lines */
	GAPS = 8,
	BUDGET_SOURCES = 16,
	BLOCK_VRIDS = 16,
};

/* What the checksum of a version 3 message over IPv4 may cover; a bit each. */
enum checksum_form {
	CHECKSUM_PLAIN = 1 << 0,  /* the message alone */
	CHECKSUM_PSEUDO = 1 << 1, /* the message and a pseudo header */
	CHECKSUM_GROUP = 1 << 2,  /* the same, with 224.0.0.18 as destination whatever that is */
};

/* Whether the trailer of auth_hmac follows a message. */
enum trailer_rule {
	TRAILER_REFUSED,
	TRAILER_ALLOWED,
	TRAILER_REQUIRED,
};

/* What becomes of an advert whose address list differs from ours. */
enum list_rule {
	LIST_DROP_DISJOINT,
	LIST_ACCEPT,
	LIST_DROP_DIFFERENT,
};

struct segment_key {
	__u32 link; /* interface index */
	__u32 vlan; /* 0 untagged; VID; or S-VID << 16 | C-VID */
};

struct segment {
	__u64 foreign_cost_ns; /* what one foreign advert takes of the allowance of a second; 0: no limit */
	__u32 unknown_drop;    /* 1: drop adverts of VRIDs that are not configured */
	__u32 row;	       /* index in xv_policed */
	__u64 vrids[8];	       /* bit v6 * 256 + VRID: a router of ours has it here, wherever it listens */
};

/* Routers whose VRIDs differ in the lowest four bits alone. */
struct block_key {
	__u32 link;
	__u32 vlan;
	__u16 dst; /* where their adverts are sent: 0 the family's default group, else a number in xv_dsts */
	__u8 v6;
	__u8 vrids; /* VRID / BLOCK_VRIDS */
};

/* Rows of xv_routers by VRID % BLOCK_VRIDS; 0: no router. */
struct block {
	__u32 rows[BLOCK_VRIDS];
};

/* A multicast group other than the default one, or an address of ours in unicast mode. */
struct dst_key {
	__u8 addr[16];
};

/* What a router is, and does; a bit each. */
enum router_flag {
	ROUTER_UNICAST = 1 << 0,    /* adverts come from xv_peers to our own address */
	ROUTER_OWNER = 1 << 1,
	ROUTER_ANY_FIRST = 1 << 2,  /* IPv6: the first address need not be link-local */
	ROUTER_SKIP_ADDRS = 1 << 3, /* the followed master's list is not looked at */
	ROUTER_PASS_ON = 1 << 4,    /* valid adverts go on to the stack as well */
};

/* What most adverts are held against fills the first of two cache lines. */
struct router {
	__u8 followed[16]; /* source of the followed master; all zero: none */
	__u8 own[16];	   /* source of our own adverts */

	/* The advert that is coalesced: beside its source its first bytes, instant and sender. All zero: none, as ever where
	 * a trailer may follow: each one is to be verified. */
	__u8 repeat_head[8];
	__u64 repeat_ns;
	__u8 repeat_mac[6];

	__u8 versions;	/* bit 1 << version */
	__u8 flags;	/* enum router_flag */
	__u32 slot;	/* index in xv_seen, xv_tallies and xv_budgets */
	__u8 checksums; /* enum checksum_form */
	__u8 trailer;	/* enum trailer_rule */
	__u8 auth_type;
	__u8 seconds; /* interval of version 2; 0 equals no advert's */

	__u8 password[8];      /* version 2, zero padded */
	__u64 weight;	       /* sum of the weights of our addresses in xv_addrs */
	__u64 last_bytes;      /* a bit for the last byte of each of them, modulo 64: most others are not looked up */
	__u32 list;	       /* name of our entries in xv_addrs and xv_peers */
	__u32 reserve_cost_ns; /* what an advert of the followed master takes of its reserve; 0: nothing */
	__u32 source_cost_ns;  /* what one of another sender takes of that sender's share */
	__u16 addrs;	       /* number of our addresses */
	__u8 list_rule;	       /* enum list_rule */
	__u8 pad[25];
};

/* An address of the list that a router names. */
struct addr_key {
	__u32 list;
	__u8 addr[16];
};

struct peer {
	__u8 min_ttl;
	__u8 max_ttl;
};

/* Frames by verdict. */
struct tally {
	__u64 frames[TALLY_SIZE];
};

/* What was kept back of the followed master: all that a repeat writes, in one cache line. */
struct seen {
	__u64 kept_ns;	  /* instant of CLOCK_MONOTONIC, of the last advert that was not handed over */
	__u64 repeats;	  /* frames with the verdict COALESCED, which no tally counts */
	__u32 gaps[GAPS]; /* by number of the repeat % GAPS: time since the advert before it, in GAP_SHIFT units */
	__u8 pad[16];
};

struct guard_key {
	__u32 link;
	__u8 addr[16];
};

/* A leaky bucket, kept as the instant at which it will be empty. */
struct bucket {
	__u64 empty_ns; /* of the coarse clock */
};

/* What a router may still have handed over. */
struct budget {
	struct bucket router;			/* from whomever, save */
	struct bucket followed;			/* the followed master, which has this for itself */
	struct bucket sources[BUDGET_SOURCES];	/* by a hash of the sender */
};

/* One advert, or one sample of a frame that was refused. In rings of these the message follows, as many bytes as the
 * record holds. */
struct advert {
	__u64 at_ns; /* CLOCK_MONOTONIC, on receipt */
	__u8 src[16];
	__u8 dst[16];
	__u32 link;
	__u32 vlan;
	enum verdict verdict;
	__u8 mac[6];  /* Ethernet source */
	__u16 length; /* of the message on the wire; 0 where it was not found */
	__u8 v6;
	__u8 ttl;
	__u8 pad[2];
};

/* A frame that was judged, for who sniffs. */
struct sniffed {
	struct advert advert;
	__u32 tag;		    /* which lay beside the frame: Ethernet type << 16 | TCI; 0: none */
	__u16 length;		    /* of the frame, without that tag */
	__u16 offset;		    /* of the message in the frame, if it was found */
	__u8 frame[SNIFFED_BYTES]; /* its first bytes */
};

_Static_assert(VERDICT_COUNT <= TALLY_SIZE, "every verdict has a counter");
_Static_assert(sizeof(struct segment) == 80, "segment");
_Static_assert(sizeof(struct block_key) == 12, "block_key");
_Static_assert(sizeof(struct block) == 64, "block");
_Static_assert(sizeof(struct dst_key) == 16, "dst_key");
_Static_assert(sizeof(struct router) == 2 * 64, "router");
_Static_assert(sizeof(struct addr_key) == 20, "addr_key");
_Static_assert(sizeof(struct peer) == 2, "peer");
_Static_assert(sizeof(struct tally) == 5 * 64, "tally");
_Static_assert(sizeof(struct seen) == 64, "seen");
_Static_assert(sizeof(struct guard_key) == 20, "guard_key");
_Static_assert(sizeof(struct budget) == 144, "budget");
_Static_assert(sizeof(struct advert) == 64, "advert");
_Static_assert(sizeof(struct sniffed) == 72 + SNIFFED_BYTES, "sniffed");

#endif
