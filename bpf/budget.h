/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * How many valid adverts a router wakes the daemon for. An election needs few, if many at once: bursts are large,
 * what may last is slow. A sender that goes on spends its own share and not what others need; the followed master
 * has a reserve that nobody else can spend.
 */
#ifndef XV_BUDGET_H
#define XV_BUDGET_H

#include "bucket.h"
#include "maps.h"
#include "parse.h"
#include "seen.h"

enum {
	SOURCE_DEPTH = 32,  /* adverts of a sender at once */
	ROUTER_SHARES = 4,  /* senders that may go on for ever */
	ROUTER_DEPTH = 256, /* every other host of a /24 at once */
};
#define RESERVE_DEPTH_NS (8ULL * SECOND_NS)

/* Which share is the sender's. */
static inlined __u32 share_of(const struct frame *f)
{
	const __u32 *src = f->src.words;
	__u32 sender = src[0] ^ src[1] ^ src[2] ^ src[3] ^ f->mac_head ^ f->mac_tail;

	return sender * 0x9e3779b1 >> 28;
}
_Static_assert(BUDGET_SOURCES == 1 << (32 - 28), "share_of takes the four highest bits");

static inlined bool may_hand_over(const struct frame *f)
{
	const struct router *r = f->router;
	struct budget *b = map_lookup(&xv_budgets, &r->slot);
	__u64 now = coarse_ns(), cost = r->source_cost_ns, shared = cost / ROUTER_SHARES;

	if (!b)
		return true;
	if (same_address(&f->src, r->followed))
		return spend(&b->followed, now, r->reserve_cost_ns, RESERVE_DEPTH_NS);
	return can_spend(&b->router, now, shared, shared * ROUTER_DEPTH) &&
	       spend(&b->sources[share_of(f)], now, cost, cost * SOURCE_DEPTH) &&
	       spend(&b->router, now, shared, shared * ROUTER_DEPTH);
}

#endif
