/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * What the records of the rings say of a frame: what is known of it, and a copy of its bytes.
 */
#ifndef XV_RECORD_H
#define XV_RECORD_H

#include "parse.h"
#include "seen.h"

enum {
	COPY_CHUNK = 128,
};

/* Keep these types in the object's type information, from which the daemon's are generated. */
const struct advert *xv_advert_type __attribute__((unused));
const struct sniffed *xv_sniffed_type __attribute__((unused));
const enum abi *xv_abi_type __attribute__((unused));
const enum checksum_form *xv_form_type __attribute__((unused));
const enum router_flag *xv_flag_type __attribute__((unused));
const enum list_rule *xv_list_type __attribute__((unused));
const enum trailer_rule *xv_trailer_type __attribute__((unused));

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

/* Copies length bytes of the frame from offset on, at most room, which is a multiple of COPY_CHUNK. */
static inlined void copy_bytes(void *to, const struct frame *f, __u32 offset, __u32 length, __u32 room)
{
	__u32 done = bounded(length, (room - 1) & -COPY_CHUNK);
	__u32 chunks = bounded(length, LENGTH_MASK) / COPY_CHUNK;
	__u32 words = bounded(length, COPY_CHUNK - 1) / 4;
	__u32 bytes = bounded(length, 3);
	void *from = f->start + bounded(offset, OFFSET_MASK);
	void *from_rest = from + done, *to_rest = to + done;
	void *end = f->end;

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

#endif
