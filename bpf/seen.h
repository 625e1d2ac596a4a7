/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * What becomes of a valid advert: its time is kept, and a repeat of what the daemon already knows goes no
 * further. The clock is read once for a frame.
 */
#ifndef XV_SEEN_H
#define XV_SEEN_H

#include "maps.h"
#include "parse.h"

static inlined __u64 now(struct frame *f)
{
	if (!f->now)
		f->now = ktime_ns();
	return f->now;
}

static inlined __u64 address_difference(const union address *a, const __u8 b[16])
{
	const __u64 *halves = (const __u64 *)b;

	return (a->halves[0] ^ halves[0]) | (a->halves[1] ^ halves[1]);
}

static inlined bool same_address(const union address *a, const __u8 b[16])
{
	return !address_difference(a, b);
}

/* Word for word what the followed master sent before. Its address list is not compared: sender, count and
 * checksum are equal, and the checksum was found right; so was the length, which follows from the count. */
static inlined bool is_repeat(const struct frame *f)
{
	const struct router *r = f->router;
	__u64 difference;

	difference = address_difference(&f->src, r->followed);
	difference |= *(__u64 *)f->message ^ *(__u64 *)r->repeat_head;
	difference |= f->mac_head ^ *(__u32 *)r->repeat_mac;
	difference |= f->mac_tail ^ *(__u16 *)(r->repeat_mac + 4);
	return !difference;
}

/* Whether an advert that nobody will read may stand for its master: not while its signature is unread, and not if
 * it says goodbye. */
static inlined bool is_credible(const struct frame *f)
{
	return f->router->trailer == TRAILER_REFUSED && f->message->priority &&
	       same_address(&f->src, f->router->followed);
}

static inlined void set_kept(struct seen *seen, __u64 at)
{
	*(volatile __u64 *)&seen->kept_ns = at;
}

/* Of an advert that was to be handed over and was not. The gap of the next repeat begins with it. */
static inlined void stamp(struct frame *f)
{
	struct seen *seen = map_lookup(&xv_seen, &f->router->slot);

	if (seen)
		set_kept(seen, now(f));
}

/* Units of gaps between two adverts. Another queue of the card may have been there later. */
static inlined __u32 gap_between(__u64 before, __u64 at)
{
	__u64 gap = at > before ? (at - before) >> GAP_SHIFT : 0;

	return gap <= 0xffffffff ? gap : 0xffffffff;
}

/* Stamps and counts in one. The advert before was kept back as well, or is the one that it repeats. */
static inlined void keep_repeat(struct frame *f)
{
	struct seen *seen = map_lookup(&xv_seen, &f->router->slot);
	__u64 before = f->router->repeat_ns, at = now(f);

	if (!seen)
		return;
	if (seen->kept_ns > before)
		before = seen->kept_ns;
	seen->gaps[seen->repeats % GAPS] = gap_between(before, at);
	set_kept(seen, at);
	__sync_fetch_and_add(&seen->repeats, 1);
}

#endif
