/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * What the daemon learns of a frame: valid adverts through one ring, samples of refused ones through another,
 * and a counter for each. Nothing here decides on a frame; where memory is short, only knowledge is lost.
 */
#ifndef XV_REPORT_H
#define XV_REPORT_H

#include "bucket.h"
#include "maps.h"
#include "parse.h"
#include "seen.h"

enum {
	COPY_CHUNK = 128,
	SAMPLE_COST_NS = SECOND_NS / 100, /* a hundred samples a second over all links */
};

/* Keep these types in the object's type information, from which the daemon's are generated. */
const struct advert *xv_advert_type __attribute__((unused));
const enum abi *xv_abi_type __attribute__((unused));
const enum checksum_form *xv_form_type __attribute__((unused));
const enum list_rule *xv_list_type __attribute__((unused));
const enum trailer_rule *xv_trailer_type __attribute__((unused));

enum action { PASS, TAKE, DROP };

#define XV_ACTION_BIT(symbol, action, label, meaning) | (__u64)(action == PASS) << symbol
static const __u64 passed = 0 VERDICTS(XV_ACTION_BIT);
#undef XV_ACTION_BIT
#define XV_ACTION_BIT(symbol, action, label, meaning) | (__u64)(action == TAKE) << symbol
static const __u64 taken = 0 VERDICTS(XV_ACTION_BIT);
#undef XV_ACTION_BIT
_Static_assert(VERDICT_COUNT <= 64, "the masks have a bit for each verdict");

static inlined void describe(struct advert *a, struct frame *f, enum verdict v)
{
	a->at_ns = now(f);
	copy_address(a->src, &f->src);
	copy_address(a->dst, &f->dst);
	a->link = f->link;
	a->vlan = f->vlan;
	a->verdict = v;
	a->length = f->length;
	*(__u32 *)a->mac = f->mac_head;
	*(__u16 *)(a->mac + 4) = f->mac_tail;
	a->v6 = f->v6;
	a->ttl = f->ttl;
	a->pad[0] = 0;
	a->pad[1] = 0;
}

/* Copies length bytes of the message, at most room, which is a multiple of COPY_CHUNK. */
static inlined void copy_message(struct advert *a, const struct frame *f, __u32 length, __u32 room)
{
	__u32 done = bounded(length, (room - 1) & -COPY_CHUNK);
	__u32 chunks = bounded(length, LENGTH_MASK) / COPY_CHUNK;
	__u32 words = bounded(length, COPY_CHUNK - 1) / 4;
	__u32 bytes = bounded(length, 3);
	void *from = message_again(f);
	void *from_rest = from + done, *to_rest = a->message + done;
	void *end = f->end, *to = a->message;

	for (int i = 0; i < room / COPY_CHUNK; i++) {
		opaque(from);
		opaque(end);
		if (i >= chunks || from + COPY_CHUNK > end)
			break;
		for (int j = 0; j < COPY_CHUNK / 8; j++)
			((__u64 *)to)[j] = ((__u64 *)from)[j];
		from += COPY_CHUNK;
		to += COPY_CHUNK;
	}
	for (int i = 0; i < COPY_CHUNK / 4 - 1; i++) {
		opaque(from_rest);
		opaque(end);
		if (i >= words || from_rest + 4 > end)
			break;
		*(__u32 *)to_rest = *(__u32 *)from_rest;
		from_rest += 4;
		to_rest += 4;
	}
	for (int i = 0; i < 3; i++) {
		opaque(from_rest);
		opaque(end);
		if (i >= bytes || from_rest + 1 > end)
			break;
		*(__u8 *)to_rest++ = *(__u8 *)from_rest++;
	}
}

/* Reserves for the size the message needs: the verifier wants it constant. */
static inlined enum verdict hand_over(struct frame *f)
{
	struct advert *a;

	if (f->length <= SMALL_MESSAGE) {
		a = ringbuf_reserve(&xv_adverts, sizeof(*a) + SMALL_MESSAGE, 0);
		if (!a)
			return LOST;
		describe(a, f, DELIVERED);
		copy_message(a, f, f->length, SMALL_MESSAGE);
	} else {
		a = ringbuf_reserve(&xv_adverts, sizeof(*a) + LARGE_MESSAGE, 0);
		if (!a)
			return LOST;
		describe(a, f, DELIVERED);
		copy_message(a, f, f->length, LARGE_MESSAGE);
	}
	__sync_fetch_and_add(&handed_over, 1);
	ringbuf_submit(a, 0);
	return DELIVERED;
}

/* One bucket of SAMPLE_KINDS for link, VLAN, family, VRID and verdict. */
static inlined __u32 kind_of(const struct frame *f, enum verdict v)
{
	__u32 kind = (f->link << 16 ^ f->vlan) * 0x85ebca6b;

	return (kind ^ (v << 16 | f->v6 << 8 | f->vrid)) * 0x9e3779b1 >> 22;
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
		copy_message(a, f, f->length < SMALL_MESSAGE ? f->length : SMALL_MESSAGE, SMALL_MESSAGE);
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
	if (!(taken >> v & 1) && v != NO_ACCEPT)
		sample(f, v);
	return passed >> v & 1;
}

#endif
