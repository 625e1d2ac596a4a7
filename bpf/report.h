/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * What the daemon learns of a frame: valid adverts through one ring, samples of refused ones through another,
 * and a counter for each. Nothing here decides on a frame; where memory is short, only knowledge is lost.
 */
#ifndef XV_REPORT_H
#define XV_REPORT_H

#include "bucket.h"
#include "budget.h"
#include "record.h"
#include "sniff.h"

enum {
	SAMPLE_COST_NS = SECOND_NS / 100, /* a hundred samples a second over all links */
};

enum action { PASS, TAKE, DROP };

#define XV_ACTION_BIT(symbol, action, label, meaning) | (__u64)(action == PASS) << symbol
static const __u64 passed = 0 VERDICTS(XV_ACTION_BIT);
#undef XV_ACTION_BIT
#define XV_ACTION_BIT(symbol, action, label, meaning) | (__u64)(action == TAKE) << symbol
static const __u64 taken = 0 VERDICTS(XV_ACTION_BIT);
#undef XV_ACTION_BIT
_Static_assert(VERDICT_COUNT <= 64, "the masks have a bit for each verdict");

/* Takes as much room as the longest message of a class needs: the verifier wants it constant. */
static inlined enum verdict hand_over_in(struct frame *f, __u32 room)
{
	struct advert *a = ringbuf_reserve(&xv_adverts, sizeof(*a) + room, 0);

	if (!a)
		return LOST;
	describe(a, f, DELIVERED);
	copy_bytes(a + 1, f, f->offset, f->length, room);
	__sync_fetch_and_add(&handed_over, 1);
	ringbuf_submit(a, 0);
	return DELIVERED;
}

static inlined enum verdict hand_over(struct frame *f)
{
	if (f->length <= SMALL_MESSAGE)
		return hand_over_in(f, SMALL_MESSAGE);
	if (f->length <= MEDIUM_MESSAGE)
		return hand_over_in(f, MEDIUM_MESSAGE);
	return hand_over_in(f, LARGE_MESSAGE);
}

/*
 * One bucket of SAMPLE_KINDS for link, VLAN, family, VRID, verdict and one of eight groups of senders: of two offenders
 * of one kind both are to be seen, but a thousand forged ones do not make a thousand kinds.
 */
static inlined __u32 kind_of(const struct frame *f, enum verdict v)
{
	__u32 kind = (f->link << 16 ^ f->vlan) * 0x85ebca6b;

	return (kind ^ (share_of(f) >> 1 << 24 | v << 16 | f->v6 << 8 | f->vrid)) * 0x9e3779b1 >> 22;
}
_Static_assert(SAMPLE_KINDS == 1 << (32 - 22), "kind_of takes the ten highest bits");

/* At most one sample a second of each kind, and no more than the budget in all. */
static inlined bool may_sample(const struct frame *f, enum verdict v)
{
	__u32 kind = kind_of(f, v);
	struct bucket *b = map_lookup(&xv_sampled, &kind);
	__u64 now = coarse_ns();

	return b && can_spend(b, now, SECOND_NS, SECOND_NS) &&
	       spend(&sample_budget, now, SAMPLE_COST_NS, SECOND_NS) && spend(b, now, SECOND_NS, SECOND_NS);
}

static inlined void sample(struct frame *f, enum verdict v)
{
	struct advert *a;

	if (likely(!may_sample(f, v)))
		return;
	a = ringbuf_reserve(&xv_samples, sizeof(*a) + SMALL_MESSAGE, 0);
	if (!a)
		return;
	describe(a, f, v);
	if (f->length)
		copy_bytes(a + 1, f, f->offset, f->length < SMALL_MESSAGE ? f->length : SMALL_MESSAGE, SMALL_MESSAGE);
	ringbuf_submit(a, 0);
}

static const struct tally none;

/* The counters of a frame that belongs to no router, made at the first of its link; NULL where there is no room. */
static inlined struct tally *link_tally(const struct frame *f)
{
	__u32 link = f->link;
	struct tally *t = map_lookup(&xv_links, &link);

	if (unlikely(!t)) {
		map_update(&xv_links, &link, &none, UPDATE_NOEXIST);
		t = map_lookup(&xv_links, &link);
	}
	return t;
}

/* Repeats were counted where they were kept. Several queues of a card may meet at one router; a link's counters are each
 * CPU's own. */
static inlined void count(const struct frame *f, enum verdict v)
{
	if (v == COALESCED || v >= VERDICT_COUNT)
		return;
	if (f->router) {
		struct tally *tally = map_lookup(&xv_tallies, &f->router->slot);

		if (tally)
			__sync_fetch_and_add(&tally->frames[v], 1);
	} else {
		struct tally *tally = link_tally(f);

		if (tally)
			tally->frames[v]++;
	}
}

/* Adverts that we take may go on as well (vrrp_pass_adverts). */
static inlined bool goes_on(const struct frame *f, enum verdict v)
{
	if (taken >> v & 1)
		return f->router && has_flag(f->router, ROUTER_PASS_ON);
	return passed >> v & 1;
}

/* Counts a frame once, under its verdict, and tells whether it goes on to the stack. */
static inlined bool conclude(struct frame *f, enum verdict v)
{
	if (trace)
		last_verdict = v;
	if (v == NOT_VRRP)
		return true;
	v = forget(v);
	f->v6 = forget(f->v6);
	count(f, v);
	if (unlikely(sniffing))
		sniff(f, v);
	if (!(taken >> v & 1) && v != NO_ACCEPT)
		sample(f, v);
	return goes_on(f, v);
}

#endif
