/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Rate limits. A bucket takes up to depth nanoseconds worth of cost and empties as time goes by. Two CPUs that
 * spend at once may both be served: a limit holds on the whole, not to the frame.
 */
#ifndef XV_BUCKET_H
#define XV_BUCKET_H

#include "abi.h"

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

/* The bucket of a key, made at its first use; NULL where there is no room for one. */
static inlined struct bucket *find_bucket(void *map, const void *key)
{
	struct bucket *b = map_lookup(map, key);
	struct bucket fresh = {};

	if (!b) {
		map_update(map, key, &fresh, UPDATE_NOEXIST);
		b = map_lookup(map, key);
	}
	return b;
}

#endif
