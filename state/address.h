/*
 * Socket addresses and tuples as parameters hold them (PT_SOCKADDR, PT_SOCKTUPLE), and as text.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT_MAX 256 /* two IPv6 addresses, or two pointers and a unix path of 108 bytes */

enum { FAMILY_UNIX = 1, FAMILY_IPV4 = 2, FAMILY_IPV6 = 10, FAMILY_NETLINK = 16 };

struct socket_tuple {
	uint8_t family;		/* FAMILY_*; a tuple of v4-mapped addresses is FAMILY_IPV4 */
	uint8_t sip[16], dip[16];
	uint16_t sport, dport;
	uint64_t unix_source, unix_peer;
	const char *path;	/* of unix, not NUL-terminated */
	size_t path_len;
};

/* false: empty, damaged, or a family without addresses. PT_SOCKADDR fills sip, sport and path. */
bool socket_tuple_parse(struct socket_tuple *ret, const uint8_t *data, size_t len);
bool socket_address_parse(struct socket_tuple *ret, const uint8_t *data, size_t len);

/* "10.0.0.1:80->..." as the family writes it; returns the length. out: ADDRESS_TEXT_MAX bytes. */
size_t socket_tuple_text(char *out, const struct socket_tuple *t);
/* The source half only: "10.0.0.1:80", a path for unix. */
size_t socket_address_text(char *out, const struct socket_tuple *t);
/* "10.0.0.1", "fe80::1" */
size_t ip_text(char *out, const uint8_t *address, bool is_v6);
