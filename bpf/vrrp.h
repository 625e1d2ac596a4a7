/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * What one router demands of an advert: the receive checks of RFC 9568 7.1 and RFC 3768 7.1, with the passwords
 * of RFC 2338. Each check returns DELIVERED where it finds nothing wrong; their order is part of the contract.
 */
#ifndef XV_VRRP_H
#define XV_VRRP_H

#include "csum.h"
#include "maps.h"
#include "parse.h"
#include "seen.h"

enum {
	TYPE_ADVERTISEMENT = 1,
	AUTH_PASS = 1,
	AUTH_BYTES = 8,
	TRAILER_BYTES = 28, /* of auth_hmac, behind the message (draft-cassen-vrrp-auth-hmac) */
	PRIORITY_OWNER = 255,
	INTERVAL_MASK = 0x0fff, /* the other four bits are reserved (RFC 9568 5.2.6) */
	MAX_ADDRS = 255,
	ALL_ROUTERS = 0xe0000012, /* 224.0.0.18 (RFC 9568 5.1.1.2) */
};

static inlined __u8 version_of(const struct vrrp *m)
{
	return m->version_type >> 4;
}

static inlined bool is_vrrp_group(const struct frame *f)
{
	if (f->v6)
		return f->dst.words[0] == htonl(0xff020000) && !f->dst.words[1] && !f->dst.words[2] &&
		       f->dst.words[3] == htonl(0x12);
	return f->dst.words[3] == htonl(ALL_ROUTERS);
}

/* Addresses that no host has as its own: 0/8, 127/8, 224/3; ::, ::1, ff00::/8. */
static inlined bool is_impossible(const struct frame *f)
{
	const __u8 *bytes = f->src.bytes;

	if (!f->v6)
		return bytes[12] == 0 || bytes[12] == 127 || bytes[12] >= 224;
	if (bytes[0] == 0xff)
		return true;
	return !f->src.halves[0] && !f->src.words[2] && ntohl(f->src.words[3]) <= 1;
}

static inlined enum verdict check_peer(const struct frame *f)
{
	struct addr_key key = { .list = f->router->list };
	struct peer *peer;

	copy_address(key.addr, &f->src);
	peer = map_lookup(&xv_peers, &key);
	if (!peer)
		return NOT_A_PEER;
	return f->ttl < peer->min_ttl || f->ttl > peer->max_ttl ? BAD_TTL : DELIVERED;
}

static inlined enum verdict check_sender(const struct frame *f)
{
	const struct router *r = f->router;

	if (!has_flag(r, ROUTER_UNICAST) && f->ttl != 255)
		return BAD_TTL; /* RFC 9568 5.1.1.3 */
	if (same_address(&f->src, r->own))
		return SELF_SOURCE;
	if (is_impossible(f))
		return BAD_SOURCE;
	return has_flag(r, ROUTER_UNICAST) ? check_peer(f) : DELIVERED;
}

/* RFC 9568 5.2.5, 7.1. Version 2 closes with eight bytes of authentication data, used or not. A trailer is part of
 * what an IPv6 checksum covers, but not of what an IPv4 one does; one behind 254 IPv6 addresses is too much. */
static inlined enum verdict check_length(struct frame *f)
{
	const struct vrrp *m = f->message;
	__u32 wanted = sizeof(*m) + m->count * (f->v6 && !f->v2 ? 16 : 4) + (f->v2 ? AUTH_BYTES : 0);
	enum trailer_rule trailer = f->router->trailer;

	if (!m->count && !(f->v2 && !f->router->addrs))
		return NO_ADDRESSES;
	wanted = forget(wanted);
	f->covered = wanted;
	if (f->length == wanted)
		return trailer == TRAILER_REQUIRED ? HMAC_MISSING : DELIVERED;
	if (f->length != wanted + TRAILER_BYTES || f->length > LENGTH_MASK || trailer == TRAILER_REFUSED)
		return BAD_LENGTH;
	if (f->v6)
		f->covered = f->length;
	return DELIVERED;
}

static inlined enum verdict check_header(struct frame *f)
{
	const struct vrrp *m = f->message;

	if (f->length < sizeof(*m) || (void *)(m + 1) > f->end)
		return BAD_LENGTH;
	if (!(f->router->versions >> version_of(m) & 1))
		return BAD_VERSION;
	if ((m->version_type & 0xf) != TYPE_ADVERTISEMENT)
		return BAD_TYPE;
	f->v2 = forget(version_of(m) == 2);
	return check_length(f);
}

/* RFC 9568 5.2.8, RFC 3768 5.3.8. */
static inlined enum verdict check_checksum(const struct frame *f)
{
	__u64 plain = sum_message(message_again(f), f->end, f->covered);
	__u64 pseudo = plain + sum_pseudo(f->src.words, f->dst.words, f->v6, f->covered);
	__u8 forms = f->router->checksums;

	if (f->v6)
		forms = CHECKSUM_PSEUDO;
	else if (f->v2)
		forms = CHECKSUM_PLAIN;
	if ((forms & CHECKSUM_PLAIN && sums_up(plain)) || (forms & CHECKSUM_PSEUDO && sums_up(pseudo)) ||
	    (forms & CHECKSUM_GROUP && sums_up(pseudo - f->dst.words[3] + htonl(ALL_ROUTERS))))
		return DELIVERED;
	return BAD_CHECKSUM;
}

/* RFC 9568 5.2.9. */
static inlined enum verdict check_first_address(const struct frame *f)
{
	__u8 *addr = message_again(f) + sizeof(struct vrrp);

	if (!f->v6 || has_flag(f->router, ROUTER_ANY_FIRST))
		return DELIVERED;
	if ((void *)(addr + 2) > f->end || addr[0] != 0xfe || (addr[1] & 0xc0) != 0x80)
		return NOT_LINK_LOCAL;
	return DELIVERED;
}

/* RFC 2338 5.3.6. The password is the message's last eight bytes. No trailer is among those covered: version 2 is
 * IPv4. */
static inlined enum verdict check_authentication(const struct frame *f)
{
	const struct router *r = f->router;
	void *end = f->end;
	__u64 *password;

	if (f->message->auth_type != r->auth_type)
		return AUTH_TYPE;
	if (r->auth_type != AUTH_PASS)
		return DELIVERED;
	password = message_again(f) + bounded(f->covered - AUTH_BYTES, LENGTH_MASK);
	opaque(password);
	if ((void *)(password + 1) > end || *password != *(__u64 *)r->password)
		return AUTH_DATA;
	return DELIVERED;
}

static inlined enum verdict check_rights(const struct frame *f)
{
	enum verdict v;

	if (f->v2 && has_flag(f->router, ROUTER_OWNER))
		return OWNER; /* RFC 3768 7.1 */
	v = check_first_address(f);
	if (v != DELIVERED || !f->v2)
		return v;
	return check_authentication(f);
}

/* False for most lists that have no address of ours: by the last bytes, which need no look-up. */
static inlined bool may_share(const struct frame *f, __u32 size)
{
	__u8 *last = message_again(f) + sizeof(struct vrrp) + size - 1;
	__u32 count = bounded(f->message->count, MAX_ADDRS);
	__u64 ours = f->router->last_bytes, shared = 0;
	void *end = f->end;

	for (int i = 0; i < MAX_ADDRS; i++, last += size) {
		opaque(last);
		opaque(end);
		if (i >= count || (void *)(last + 1) > end)
			break;
		shared |= ours >> *last % 64;
	}
	return shared & 1;
}

/*
 * Takes the weights of the message's addresses from the weight of our list: all of it is left if none of them is
 * ours, and nothing if they are the same set. Stops at the first of ours if one will do. (The verifier does not
 * know the weight to begin with, so that it need not tell apart how much was taken.)
 */
static inlined __u64 weight_left(const struct frame *f, __u32 size, bool one_will_do)
{
	struct addr_key key = { .list = f->router->list };
	void *addr = message_again(f) + sizeof(struct vrrp);
	__u32 count = bounded(f->message->count, MAX_ADDRS);
	__u64 left = f->router->weight;
	void *end = f->end;

	*(__u16 *)(key.addr + 10) = 0xffff;
	if (!may_share(f, size))
		return left;
	for (int i = 0; i < MAX_ADDRS; i++, addr += size) {
		__u64 *weight;

		opaque(addr);
		opaque(end);
		if (i >= count || addr + size > end)
			break;
		if (size == 16)
			copy_address(key.addr, addr);
		else
			*(__u32 *)(key.addr + 12) = *(__u32 *)addr;
		weight = map_lookup(&xv_addrs, &key);
		if (weight) {
			left -= *weight;
			if (one_will_do)
				break;
		}
	}
	return left;
}

/* RFC 9568 7.1 lets lists differ, RFC 3768 7.1 only an owner's. */
static inlined enum verdict check_addresses(const struct frame *f)
{
	const struct vrrp *m = f->message;
	const struct router *r = f->router;
	bool one_will_do = r->list_rule == LIST_DROP_DISJOINT;
	__u64 left;

	if (r->list_rule == LIST_ACCEPT || (has_flag(r, ROUTER_SKIP_ADDRS) && same_address(&f->src, r->followed)))
		return DELIVERED;
	if (one_will_do ? !r->addrs : forget(f->v2) && m->priority == PRIORITY_OWNER)
		return DELIVERED;
	left = forget(f->v6) ? weight_left(f, 16, one_will_do) : weight_left(f, 4, one_will_do);
	if (one_will_do)
		return left != r->weight ? DELIVERED : CONFLICT;
	return m->count == r->addrs && !left ? DELIVERED : ADDR_LIST;
}

/* RFC 9568 7.1 with erratum 8301; RFC 3768 7.1, which cannot hold beside version 3 (RFC 9568 8.4.2). */
static inlined enum verdict check_interval(const struct frame *f)
{
	const struct vrrp *m = f->message;
	const struct router *r = f->router;
	bool both = (r->versions & (1 << 2 | 1 << 3)) == (1 << 2 | 1 << 3);

	if (!forget(f->v2))
		return m->interval & htons(INTERVAL_MASK) ? DELIVERED : BAD_INTERVAL;
	return m->seconds && (both || m->seconds == r->seconds) ? DELIVERED : BAD_INTERVAL;
}

#endif
