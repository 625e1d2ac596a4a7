/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The one judge of frames, for whichever hook they came in on: finds the router that a frame concerns and puts
 * the checks in their order. The first defect decides.
 */
#ifndef XV_JUDGE_H
#define XV_JUDGE_H

#include "bucket.h"
#include "budget.h"
#include "parse.h"
#include "report.h"
#include "seen.h"
#include "vrrp.h"

/* An untagged packet to a virtual address of this link that refuses packets, but never neighbour discovery
 * (RFC 9568 6.4.3). Tagged ones are for another device's addresses. */
static inlined bool is_refused_packet(const struct frame *f)
{
	struct guard_key key = { .link = f->link };

	if (f->vlan || is_neighbour_discovery(f))
		return false;
	copy_address(key.addr, &f->dst);
	return map_lookup(&xv_guard, &key);
}

/* RFC 9568 5.1.1.2, 5.1.2.2: routers of one VRID are told apart by where their adverts go. */
static inlined struct block *find_block(const struct frame *f)
{
	struct block_key key = {
		.link = f->link, .vlan = f->vlan, .v6 = f->v6, .vrids = f->vrid / BLOCK_VRIDS
	};
	__u32 *place;

	if (!is_vrrp_group(f)) {
		__u16 *dst = map_lookup(&xv_dsts, &f->dst);

		if (!dst)
			return NULL;
		key.dst = *dst;
	}
	place = map_lookup(&xv_places, &key);
	return place ? map_lookup(&xv_blocks, place) : NULL;
}

static inlined struct router *find_router(const struct frame *f)
{
	struct block *block = find_block(f);
	__u32 row;

	if (!block)
		return NULL;
	row = *(volatile __u32 *)&block->rows[f->vrid % BLOCK_VRIDS];
	return row ? map_lookup(&xv_routers, &row) : NULL;
}

static inlined struct segment *find_segment(const struct frame *f)
{
	struct segment_key key = { .link = f->link, .vlan = f->vlan };

	return map_lookup(&xv_segments, &key);
}

static inlined bool is_flood(const struct segment *segment)
{
	struct bucket *b;

	if (!segment->foreign_cost_ns)
		return false;
	b = map_lookup(&xv_policed, &segment->row);
	return b && !spend(b, coarse_ns(), segment->foreign_cost_ns, SECOND_NS);
}

/* An advert of a VRID that is not configured here may belong to a guest or to another daemon. */
static inlined enum verdict judge_foreign(const struct frame *f, const struct segment *segment)
{
	if (!is_vrrp_group(f))
		return FOREIGN;
	if (segment->unknown_drop)
		return UNKNOWN_VRID;
	return is_flood(segment) ? FLOOD : FOREIGN;
}

static inlined enum verdict judge_ours(struct frame *f)
{
	enum verdict v;

	if ((v = check_sender(f)) != DELIVERED || (v = check_header(f)) != DELIVERED ||
	    (v = check_checksum(f)) != DELIVERED || (v = check_rights(f)) != DELIVERED)
		return v;
	if (likely(is_repeat(f))) {
		keep_repeat(f);
		return COALESCED;
	}
	if ((v = check_addresses(f)) != DELIVERED || (v = check_interval(f)) != DELIVERED)
		return v;
	v = may_hand_over(f) ? hand_over(f) : EXCESS;
	if (v != DELIVERED && is_credible(f))
		stamp(f);
	return v;
}

static inlined bool is_vrid_of_ours(const struct frame *f, const struct segment *segment)
{
	__u32 word = bounded(f->v6 * 4 + f->vrid / 64, 7);

	return segment->vrids[word] >> f->vrid % 64 & 1;
}

/* A frame that no router of ours listens for; v is what became of the search for its message. */
static inlined enum verdict judge_stranger(struct frame *f, enum verdict v, bool has_vrid)
{
	struct segment *segment = find_segment(f);

	if (!segment)
		return OTHER_VLAN;
	if (v != DELIVERED)
		return v;
	if (!has_vrid)
		return is_vrrp_group(f) ? BAD_LENGTH : ELSEWHERE;
	return is_vrid_of_ours(f, segment) ? ELSEWHERE : judge_foreign(f, segment);
}

/* A frame in which find_ip has found an IP header. */
static inlined enum verdict judge(struct frame *f)
{
	bool has_vrid = false;
	enum verdict v;

	read_headers(f);
	if (guard && !is_vrrp(f))
		return is_refused_packet(f) ? NO_ACCEPT : NOT_VRRP;
	v = find_message(f);
	if (v == DELIVERED && f->length >= 2 && (void *)f->message + 2 <= f->end) {
		has_vrid = true;
		f->vrid = f->message->vrid;
		f->router = find_router(f);
	}
	return likely(f->router) ? judge_ours(f) : judge_stranger(f, v, has_vrid);
}

/* Judges and concludes; tells whether the frame goes on to the stack. Traffic that passes by is told apart first
 * and pays for nothing else. */
static inlined bool lets_pass(struct frame *f)
{
	if (!find_ip(f) || (!guard && !is_vrrp(f)))
		return conclude(f, NOT_VRRP);
	return conclude(f, judge(f));
}

#endif
