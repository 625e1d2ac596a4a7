/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Packet headers as they lie on the wire, and byte order. Multi-byte fields are in network order; ntohs and
 * ntohl turn them into host order.
 */
#ifndef XV_HEADERS_NET_H
#define XV_HEADERS_NET_H

#include "bpf.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ntohs(x) __builtin_bswap16(x)
#define ntohl(x) __builtin_bswap32(x)
#else
#define ntohs(x) (x)
#define ntohl(x) (x)
#endif
#define htons(x) ntohs(x)
#define htonl(x) ntohl(x)

enum {
	ETH_IPV4 = 0x0800,
	ETH_IPV6 = 0x86dd,
	ETH_VLAN = 0x8100, /* 802.1Q, customer tag */
	ETH_QINQ = 0x88a8, /* 802.1ad, service tag */
};

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_ICMPV6 = 58,
	PROTO_DST_OPTIONS = 60,
	PROTO_VRRP = 112,
};

enum {
	ND_FIRST = 133, /* router solicitation; then router advertisement, neighbour solicitation and */
	ND_LAST = 136,	/* neighbour advertisement (RFC 4861 4) */
};

struct ethernet {
	__u8 dst[6];
	__u8 src[6];
	__u16 type;
};

/* What follows the Ethernet type when that type names a tag. */
struct vlan_tag {
	__u16 tci;
	__u16 type;
};

struct ipv4 {
	__u8 version_ihl;
	__u8 tos;
	__u16 total;
	__u16 id;
	__u16 fragment; /* three flag bits, then the offset */
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u32 src;
	__u32 dst;
};

struct ipv6 {
	__u32 version_flow;
	__u16 payload;
	__u8 next;
	__u8 hop_limit;
	__u32 src[4];
	__u32 dst[4];
};

/* RFC 9568 5.2 and RFC 3768 5.3; the two bytes before the checksum differ between the versions. */
struct vrrp {
	__u8 version_type;
	__u8 vrid;
	__u8 priority;
	__u8 count;
	union {
		__u16 interval; /* version 3: four reserved bits, then centiseconds */
		struct {
			__u8 auth_type;
			__u8 seconds;
		}; /* version 2 */
	};
	__u16 checksum;
};

#endif
