/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Internet checksums (RFC 1071): of the IPv4 header, and of the message with and without pseudo header. Data is
 * added up as it lies in memory, in words of four bytes; the order of bytes does not matter to a sum that is
 * only compared with all ones.
 */
#ifndef XV_CSUM_H
#define XV_CSUM_H

#include "abi.h"
#include "bounds.h"
#include "headers/net.h"

enum {
	SUM_CHUNK = 128,
	IPV4_FIXED_WORDS = 5,
	IPV4_OPTION_WORDS = 10,
};

static inlined __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* A checksum is right if it and all it covers sum up to all ones; 0x0000 and 0xffff in its field are equal. */
static inlined bool sums_up(__u64 sum)
{
	return fold(sum) == 0xffff;
}

static inlined __u64 sum_ipv4_header(void *ip, void *end, __u32 header)
{
	__u32 *word = ip;
	__u32 options = bounded(header, LENGTH_MASK) / 4 - IPV4_FIXED_WORDS;
	__u64 sum = 0;

	if ((void *)(word + IPV4_FIXED_WORDS) > end)
		return sum;
	for (int i = 0; i < IPV4_FIXED_WORDS; i++)
		sum += *word++;
	for (int i = 0; i < IPV4_OPTION_WORDS; i++) {
		opaque(word);
		opaque(end);
		if (likely(i >= options || (void *)(word + 1) > end))
			break;
		sum += *word++;
	}
	return sum;
}

/* The message of length bytes, a multiple of four up to LARGE_MESSAGE: by chunks, then by words. */
static inlined __u64 sum_message(void *at, void *end, __u32 length)
{
	__u32 whole = bounded(length, LENGTH_MASK) / SUM_CHUNK;
	__u32 rest = bounded(length, SUM_CHUNK - 1) / 4;
	__u32 *word = at + bounded(length, LENGTH_MASK & -SUM_CHUNK);
	__u32 chunks = 0;
	__u64 sum = 0;

	for (int i = 0; i < LARGE_MESSAGE / SUM_CHUNK; i++) {
		opaque(at);
		opaque(end);
		if (likely(i >= whole || at + SUM_CHUNK > end))
			break;
		chunks = csum_diff(NULL, 0, at, SUM_CHUNK, chunks);
		at += SUM_CHUNK;
	}
	for (int i = 0; i < SUM_CHUNK / 4; i++) {
		opaque(word);
		opaque(end);
		if (i >= rest || (void *)(word + 1) > end)
			break;
		sum += *word++;
	}
	return sum + chunks;
}

/* RFC 5798 read for IPv4, and RFC 8200 8.1: addresses, length and protocol. The v4-mapped prefix is not part. */
static inlined __u64 sum_pseudo(const __u32 src[4], const __u32 dst[4], __u32 v6, __u32 length)
{
	__u64 sum = (__u64)src[3] + dst[3] + htonl(length) + htonl(PROTO_VRRP);

	if (v6)
		sum += (__u64)src[0] + src[1] + src[2] + dst[0] + dst[1] + dst[2];
	return sum;
}

#endif
