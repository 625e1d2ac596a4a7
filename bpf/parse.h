/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * From the first byte of a frame to its VRRP message: Ethernet, up to two VLAN tags, IPv4 with options, IPv6.
 * Reads headers and says what they are; what a router makes of them is vrrp.h's business. Every function checks
 * the frame's end before it reads.
 */
#ifndef XV_PARSE_H
#define XV_PARSE_H

#include "abi.h"
#include "bounds.h"
#include "csum.h"
#include "headers/net.h"

enum {
	NO_VLAN = 0xffffffff, /* a stack of tags that no segment can have */
	VID_MASK = 0x0fff,
	FRAGMENT_MASK = 0x3fff, /* more fragments, and the offset */
};

union address {
	__u8 bytes[16];
	__u32 words[4];
	__u64 halves[2];
};

/* A frame on its way through the filter. */
struct frame {
	void *start; /* Ethernet header */
	void *end;
	__u32 link;

	/* VLAN tags; one that the device keeps beside the frame is added before the walk. */
	__u32 tags;
	__u32 outer, inner; /* Ethernet type << 16 | VID */
	__u32 hidden;	    /* the tag beside the frame, Ethernet type << 16 | TCI; 0: none */

	/* Known once find_ip has found an IP header. */
	__u32 ip_offset; /* in the frame */
	void *ip;
	__u32 v6;	 /* 1: IPv6 */
	__u8 protocol;

	/* Known once read_headers was called. */
	__u32 vlan; /* key of segments and routers */
	__u8 ttl;
	union address src, dst;
	__u32 mac_head; /* Ethernet source, as it lies in memory: four bytes, */
	__u16 mac_tail; /* and two */

	/* Known once find_message has found the message. */
	struct vrrp *message;
	__u32 v2;     /* 1: version 2 */
	__u32 offset; /* of the message in the frame; 0 until found */
	__u32 length; /* by the IP header, never the frame's padding; 0 until found */
	__u8 vrid;
	struct router *router; /* NULL: none of ours */

	__u32 covered; /* what the checksum covers of the message; known once check_length was passed */
	__u64 now;     /* 0 until the clock was read */
};

/* Sets what may be read before it is known, and nothing else: a frame that passes by should not pay for the rest. */
static inlined void begin(struct frame *f, void *start, void *end, __u32 link)
{
	f->start = start;
	f->end = end;
	f->link = link;
	f->tags = 0;
	f->outer = 0;
	f->inner = 0;
	f->hidden = 0;
	f->offset = 0;
	f->length = 0;
	f->vrid = 0;
	f->router = NULL;
	f->now = 0;
}

static inlined bool is_tag(__u16 type)
{
	return type == htons(ETH_VLAN) || type == htons(ETH_QINQ);
}

static inlined void add_tag(struct frame *f, __u16 type, __u16 tci)
{
	f->inner = (__u32)ntohs(type) << 16 | (tci & VID_MASK);
	if (!f->tags++)
		f->outer = f->inner;
}

/* A tag that the device keeps beside the frame. */
static inlined void add_hidden_tag(struct frame *f, __u16 type, __u16 tci)
{
	f->hidden = (__u32)ntohs(type) << 16 | tci;
	add_tag(f, type, tci);
}

/* VID 0 only carries a priority (802.1Q 9.6). A service tag counts only above a customer tag. */
static inlined __u32 vlan_of(const struct frame *f)
{
	__u32 vid = f->outer & VID_MASK;

	if (f->tags == 0 || (f->tags == 1 && !vid))
		return 0;
	if (f->tags == 1 && f->outer >> 16 == ETH_VLAN)
		return vid;
	if (f->tags == 2 && f->outer >> 16 == ETH_QINQ && f->inner >> 16 == ETH_VLAN)
		return vid << 16 | (f->inner & VID_MASK);
	return NO_VLAN;
}

/* Both ends lie on a multiple of four bytes from the start of what they are part of. */
static inlined void copy_address(void *to, const void *from)
{
	for (int i = 0; i < 4; i++)
		((__u32 *)to)[i] = ((const __u32 *)from)[i];
}

static inlined void map_v4(union address *to, __u32 addr)
{
	to->halves[0] = 0;
	to->words[2] = htonl(0xffff);
	to->words[3] = addr;
}

static inlined void read_addresses(struct frame *f)
{
	if (f->v6) {
		struct ipv6 *ip = f->ip;

		f->ttl = ip->hop_limit;
		copy_address(&f->src, ip->src);
		copy_address(&f->dst, ip->dst);
	} else {
		struct ipv4 *ip = f->ip;

		f->ttl = ip->ttl;
		map_v4(&f->src, ip->src);
		map_v4(&f->dst, ip->dst);
	}
}

static inlined bool read_ipv4(struct frame *f)
{
	struct ipv4 *ip = f->start + bounded(f->ip_offset, OFFSET_MASK);

	if ((void *)(ip + 1) > f->end)
		return false;
	f->ip = ip;
	f->v6 = 0;
	f->protocol = ip->protocol;
	return true;
}

static inlined bool read_ipv6(struct frame *f)
{
	struct ipv6 *ip = f->start + bounded(f->ip_offset, OFFSET_MASK);

	if ((void *)(ip + 1) > f->end)
		return false;
	f->ip = ip;
	f->v6 = 1;
	f->protocol = ip->next;
	return true;
}

/* Walks to the IP header. False where there is none, or more than two tags before it. */
static inlined bool find_ip(struct frame *f)
{
	struct ethernet *eth = f->start;
	__u32 offset = sizeof(*eth);
	__u16 type;

	if ((void *)(eth + 1) > f->end)
		return false;
	type = eth->type;
	for (int i = 0; i < 2 && is_tag(type) && f->tags < 2; i++) {
		struct vlan_tag *tag = f->start + offset;

		if ((void *)(tag + 1) > f->end)
			return false;
		add_tag(f, type, ntohs(tag->tci));
		type = tag->type;
		offset += sizeof(*tag);
	}
	f->ip_offset = forget(offset);
	if (type == htons(ETH_IPV4))
		return read_ipv4(f);
	if (type == htons(ETH_IPV6))
		return read_ipv6(f);
	return false;
}

static inlined bool is_extension(__u8 next)
{
	return next == PROTO_HOP_BY_HOP || next == PROTO_ROUTING || next == PROTO_FRAGMENT ||
	       next == PROTO_DST_OPTIONS;
}

/* The first byte behind the fixed IPv6 header: the next header of an extension header, the type of ICMPv6. */
static inlined bool byte_after_ipv6(const struct frame *f, __u8 *byte)
{
	__u8 *first = f->ip + sizeof(struct ipv6);

	if ((void *)(first + 1) > f->end)
		return false;
	*byte = *first;
	return true;
}

/* VRRP, or VRRP behind one IPv6 extension header. */
static inlined bool is_vrrp(const struct frame *f)
{
	__u8 next;

	if (f->protocol == PROTO_VRRP)
		return true;
	return f->v6 && is_extension(f->protocol) && byte_after_ipv6(f, &next) && next == PROTO_VRRP;
}

/* Call it after find_ip, which checked that the headers are there. */
static inlined void read_headers(struct frame *f)
{
	const struct ethernet *eth = f->start;

	f->vlan = forget(vlan_of(f));
	read_addresses(f);
	f->mac_head = *(__u32 *)eth->src;
	f->mac_tail = *(__u16 *)(eth->src + 4);
}

static inlined bool is_neighbour_discovery(const struct frame *f)
{
	__u8 type;

	return f->v6 && f->protocol == PROTO_ICMPV6 && byte_after_ipv6(f, &type) && type >= ND_FIRST &&
	       type <= ND_LAST;
}

/* The message by a pointer of its own: checks on it teach the verifier nothing about the frame. */
static inlined void *message_again(const struct frame *f)
{
	return f->start + bounded(f->offset, OFFSET_MASK);
}

/* Family, tags and what was checked of the frame's start are forgotten, so that what follows is verified once for
 * all kinds of frames. */
static inlined void place_message(struct frame *f, __u32 offset, __u32 length)
{
	f->start += bounded(zero, 1);
	f->offset = forget(offset);
	f->message = message_again(f);
	f->length = forget(length);
	f->v6 = forget(f->v6);
}

static inlined enum verdict find_message_ipv4(struct frame *f)
{
	struct ipv4 *ip = f->ip;
	__u32 header = (ip->version_ihl & 0xf) * 4;
	__u32 total = ntohs(ip->total);

	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || total < header)
		return MALFORMED;
	if (f->ip + bounded(total, 0xffff) > f->end)
		return MALFORMED;
	if (!sums_up(sum_ipv4_header(f->start + bounded(f->ip_offset, OFFSET_MASK), f->end, header)))
		return MALFORMED;
	if (ip->fragment & htons(FRAGMENT_MASK))
		return FRAGMENT;
	place_message(f, f->ip_offset + header, total - header);
	return DELIVERED;
}

static inlined enum verdict find_message_ipv6(struct frame *f)
{
	struct ipv6 *ip = f->ip;
	__u32 payload = ntohs(ip->payload);

	if (ntohl(ip->version_flow) >> 28 != 6)
		return MALFORMED;
	if ((void *)(ip + 1) + bounded(payload, 0xffff) > f->end)
		return MALFORMED;
	if (f->protocol != PROTO_VRRP)
		return f->protocol == PROTO_FRAGMENT ? FRAGMENT : EXT_HEADER;
	place_message(f, f->ip_offset + sizeof(*ip), payload);
	return DELIVERED;
}

/* Finds the VRRP message; DELIVERED where the IP header does not forbid it. */
static inlined enum verdict find_message(struct frame *f)
{
	return f->v6 ? find_message_ipv6(f) : find_message_ipv4(f);
}

#endif
