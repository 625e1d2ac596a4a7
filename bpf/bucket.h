/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Rate limits. A bucket takes up to depth nanoseconds worth of cost and empties as time goes by. Two CPUs that
 * spend at once may both be served: a limit holds on the whole, not to the frame. Time is the kernel's count of
 * ticks, some milliseconds long, which is read in one instruction where the exact clock can take longer than all
 * checks of a frame together.
 */
#ifndef XV_BUCKET_H
#define XV_BUCKET_H

#include "maps.h"

enum {
	SECOND_NS = 1000000000,
};

static inlined __u64 coarse_ns(void)
{
	return jiffies() * tick_ns;
}

static inlined bool can_spend(const struct bucket *b, __u64 now, __u64 cost, __u64 depth)
{
	return b->empty_ns <= now || b->empty_ns - now + cost <= depth;
}

static inlined bool spend(struct bucket *b, __u64 now, __u64 cost, __u64 depth)
{
	if (!can_spend(b, now, cost, depth))
		return false;
	b->empty_ns = (b->empty_ns > now ? b->empty_ns : now) + cost;
	return true;
}

#endif
