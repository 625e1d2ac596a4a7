/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Every VRRP frame that was judged, for who asked to see them: what is taken or dropped here no socket sees. While
 * nobody asks it costs one look at a word.
 */
#ifndef XV_SNIFF_H
#define XV_SNIFF_H

#include "bucket.h"
#include "record.h"

enum {
	SNIFF_COST_NS = SECOND_NS / 20000, /* twenty thousand frames a second */
};

static inlined bool is_sniffed(const struct frame *f, enum verdict v)
{
	return v != NO_ACCEPT && (!sniffed_link || sniffed_link == f->link) && (!sniffed_vrid || sniffed_vrid == f->vrid);
}

/* More than a reader keeps up with would cost processor time that the daemon has better uses for. */
static inlined struct sniffed *reserve_sniffed(void)
{
	if (!spend(&sniff_budget, coarse_ns(), SNIFF_COST_NS, SECOND_NS))
		return NULL;
	return ringbuf_reserve(&xv_sniffed, sizeof(struct sniffed), 0);
}

static inlined void sniff(struct frame *f, enum verdict v)
{
	__u32 length = f->end - f->start;
	struct sniffed *s;

	if (!is_sniffed(f, v))
		return;
	s = reserve_sniffed();
	if (!s) {
		__sync_fetch_and_add(&sniff_lost, 1);
		return;
	}
	describe(&s->advert, f, v);
	s->tag = f->hidden;
	s->length = length;
	s->offset = f->offset;
	copy_bytes(s->frame, f, forget(0), length < SNIFFED_BYTES ? length : SNIFFED_BYTES, SNIFFED_BYTES);
	ringbuf_submit(s, 0);
}

#endif
