/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The one list of verdicts. C expands it to enum verdict; `go generate` reads the same lines into package
 * loader/verdict and docs/verdicts.md. Nothing else may restate a label, an action or a meaning.
 *
 * V(SYMBOL, action, "label", "meaning"): PASS to the stack untouched, TAKE by us, DROP as bogus.
 * Append only: the numbers are part of the ABI.
 */
#ifndef XV_VERDICTS_H
#define XV_VERDICTS_H

#define VERDICTS(V)                                                                                              \
	V(NOT_VRRP, PASS, "not_vrrp", "another protocol; returned before any map is touched, uncounted")         \
	V(DELIVERED, TAKE, "delivered", "valid and new: handed to the daemon")                                   \
	V(COALESCED, TAKE, "coalesced", "the followed master repeats itself; only its time is kept")             \
	V(LOST, TAKE, "lost", "valid and new, but the ring was full; only its time is kept")                     \
	V(OTHER_VLAN, PASS, "vlan", "no router of ours is on this VLAN of the link")                             \
	V(FOREIGN, PASS, "foreign", "advert for a VRID that is not configured here")                             \
	V(FRAGMENT, PASS, "fragment", "IP fragment; never read as an advert")                                    \
	V(EXT_HEADER, PASS, "ext_header", "IPv6 extension header before VRRP; never read as an advert")          \
	V(ELSEWHERE, PASS, "dst", "sent to another address than the one this router listens on (RFC 9568 7.2)")  \
	V(MALFORMED, DROP, "ip_malformed", "IP header is broken or promises more bytes than the frame holds")    \
	V(BAD_TTL, DROP, "ttl", "TTL or hop limit is not 255 (RFC 9568 5.1.1.3), or outside the peer's range")   \
	V(SELF_SOURCE, DROP, "self_source", "our own address as source: looped back, or a cloned host")          \
	V(BAD_SOURCE, DROP, "src", "source address that no host can have (unspecified, loopback, multicast)")    \
	V(NOT_A_PEER, DROP, "peer", "unicast advert from an address that is not in unicast_peer")                \
	V(BAD_LENGTH, DROP, "length", "shorter or longer than its address count says (RFC 9568 7.1)")            \
	V(BAD_VERSION, DROP, "version", "VRRP version this router does not speak (RFC 9568 7.1)")                \
	V(BAD_TYPE, DROP, "type", "VRRP type is not 1, ADVERTISEMENT (RFC 9568 5.2.2)")                          \
	V(NO_ADDRESSES, DROP, "count_zero", "address count is zero (RFC 9568 5.2.5)")                            \
	V(BAD_CHECKSUM, DROP, "checksum", "checksum is wrong in every accepted form (RFC 9568 5.2.8)")           \
	V(OWNER, DROP, "owner", "version 2 advert while this router owns the addresses (RFC 3768 7.1)")          \
	V(NOT_LINK_LOCAL, DROP, "first_not_ll", "first IPv6 address is not link-local (RFC 9568 5.2.9)")         \
	V(AUTH_TYPE, DROP, "auth_type", "authentication type is unknown or not the configured one")              \
	V(AUTH_DATA, DROP, "auth_data", "password is not the configured one (RFC 2338 5.3.6.2)")                 \
	V(ADDR_LIST, DROP, "addr_list", "address list differs from ours and vrrp_address_mismatch is drop")      \
	V(CONFLICT, DROP, "conflict", "shares no address with us: another cluster uses this VRID")               \
	V(BAD_INTERVAL, DROP, "interval", "interval is zero, or (version 2) not the configured one")             \
	V(UNKNOWN_VRID, DROP, "vrid", "VRID is not configured here and unknown_vrid is drop")                    \
	V(FLOOD, DROP, "flood", "foreign adverts above the link's rate limit")                                   \
	V(NO_ACCEPT, DROP, "no_accept", "packet to a virtual address whose router has no_accept or vrrp_strict") \
	V(HMAC_MISSING, DROP, "hmac_missing", "no trailer, which auth_hmac demands in mode enforce")             \
	V(HMAC_MALFORMED, DROP, "hmac_malformed", "auth_hmac trailer of another type, or with reserved bits")    \
	V(HMAC_STALE, DROP, "hmac_stale", "signed outside time_window: replayed, or a clock is wrong")           \
	V(HMAC_KEY, DROP, "hmac_key", "signed with a key whose id auth_hmac does not have")                      \
	V(HMAC_INVALID, DROP, "hmac_invalid", "signature is wrong: forged, or the keys differ")                  \
	V(HMAC_REPLAY, DROP, "hmac_replay", "sequence number is not above the sender's last: replayed")          \
	V(EXCESS, DROP, "excess", "valid and new, but more than an election needs of this sender or router")

#endif
