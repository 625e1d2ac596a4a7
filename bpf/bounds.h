/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Three ways of saying to compiler and verifier what they need to hear about offsets and pointers; neither changes
 * a value. Loops over a message start from a pointer and a count of their own, made by bounded(): what a loop
 * teaches the verifier about them would otherwise cling to the frame, and every number of rounds would be
 * verified again to the end of the program.
 */
#ifndef XV_BOUNDS_H
#define XV_BOUNDS_H

#include "abi.h"

enum {
	OFFSET_MASK = 127,		 /* Ethernet, two tags and the longest IPv4 header are 82 bytes */
	LENGTH_MASK = LARGE_MESSAGE - 1, /* the longest message without trailer is 4088 bytes */
};

/* A copy of value, of which the verifier knows only that it fits mask. Make it where it is used: verifiers before
 * 5.16 forget the bounds of a number that spent time on the stack. */
#define bounded(value, mask)                                       \
	({                                                         \
		__u64 copy = (value);                              \
		asm volatile("%0 &= %1" : "+r"(copy) : "i"(mask)); \
		copy;                                              \
	})

/* Always 0, which the verifier cannot know. */
__u32 zero;

/* The same value, but unknown to the verifier: what follows is then verified once and not for each value. */
#define forget(value) ((value) + *(volatile __u32 *)&zero)

/* Keeps the compiler from turning a check against the end of the packet into arithmetic on that end, which the
 * verifier refuses. */
#define opaque(pointer) asm volatile("" : "+r"(pointer))

#endif
