#include "sinks/packet_build.h"

#include <string.h>

enum { IPV4_LEN = 20, IPV6_LEN = 40, TCP_LEN = 20, UDP_LEN = 8, SYN_OPTIONS_LEN = 8 };
#define HOPS	     64
#define WINDOW	     65535
#define WINDOW_SCALE 7	   /* 8 MiB: nothing that calls tell us is ever larger than the window */
#define DO_NOT_SPLIT 0x4000 /* IPv4's DF */

static uint8_t *put_u16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	return put_u16(put_u16(p, v >> 16), v);
}

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

/* The Internet checksum's sum (RFC 1071); pieces but the last have an even length. */
static uint64_t sum(uint64_t so_far, const uint8_t *p, size_t len)
{
	for (; len >= 2; p += 2, len -= 2)
		so_far += (uint32_t)p[0] << 8 | p[1];
	return len ? so_far + ((uint32_t)p[0] << 8) : so_far;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t packet_payload_max(bool is_v6, uint8_t protocol)
{
	return 65535u - (is_v6 ? 0 : IPV4_LEN) - (protocol == PROTOCOL_TCP ? TCP_LEN : UDP_LEN);
}

static uint8_t *put_ipv4(uint8_t *p, const struct packet_spec *s, uint32_t len)
{
	uint8_t *start = p;

	p = put_u16(p, 0x4500);
	p = put_u16(p, IPV4_LEN + len);
	p = put_u16(p, s->ip_id);
	p = put_u16(p, DO_NOT_SPLIT);
	*p++ = HOPS;
	*p++ = s->protocol;
	p = put_u16(p, 0);
	p = put(p, s->from->address, 4);
	p = put(p, s->to->address, 4);
	put_u16(start + 10, fold(sum(0, start, IPV4_LEN)));
	return p;
}

static uint8_t *put_ipv6(uint8_t *p, const struct packet_spec *s, uint32_t len)
{
	p = put_u32(p, 0x60000000);
	p = put_u16(p, len);
	*p++ = s->protocol;
	*p++ = HOPS;
	p = put(p, s->from->address, 16);
	return put(p, s->to->address, 16);
}

static uint8_t *put_tcp(uint8_t *p, const struct packet_spec *s)
{
	bool syn = s->tcp_flags & TCP_SYN;
	uint8_t words = (TCP_LEN + (syn ? SYN_OPTIONS_LEN : 0)) / 4;

	p = put_u16(p, s->from->port);
	p = put_u16(p, s->to->port);
	p = put_u32(p, s->seq);
	p = put_u32(p, s->ack);
	*p++ = (uint8_t)(words << 4);
	*p++ = s->tcp_flags;
	p = put_u16(p, s->tcp_flags & TCP_RST ? 0 : WINDOW);
	p = put_u32(p, 0); /* the checksum's place, no urgent data */
	if (syn) {
		p = put_u16(p, 0x0204); /* the largest segment */
		p = put_u16(p, packet_payload_max(s->is_v6, PROTOCOL_TCP));
		p = put_u32(p, 0x01030300 | WINDOW_SCALE);
	}
	return p;
}

static uint8_t *put_udp(uint8_t *p, const struct packet_spec *s)
{
	p = put_u16(p, s->from->port);
	p = put_u16(p, s->to->port);
	p = put_u16(p, UDP_LEN + s->payload_len);
	return put_u16(p, 0);
}

size_t packet_head(uint8_t out[PACKET_HEAD_MAX], const struct packet_spec *s)
{
	bool tcp = s->protocol == PROTOCOL_TCP;
	uint32_t head = tcp ? TCP_LEN + (s->tcp_flags & TCP_SYN ? SYN_OPTIONS_LEN : 0) : UDP_LEN;
	uint32_t len = head + s->payload_len;
	size_t address_len = s->is_v6 ? 16 : 4;
	uint8_t *inner = s->is_v6 ? put_ipv6(out, s, len) : put_ipv4(out, s, len);
	uint8_t *end = tcp ? put_tcp(inner, s) : put_udp(inner, s);
	uint64_t total = len + s->protocol; /* the pseudo header: addresses, length, protocol */
	uint16_t checksum;

	total = sum(total, s->from->address, address_len);
	total = sum(total, s->to->address, address_len);
	total = sum(total, inner, head);
	checksum = fold(sum(total, s->data, s->data_len));
	/* For UDP 0 says that there is none (RFC 768). */
	put_u16(inner + (tcp ? 16 : 6), checksum || tcp ? checksum : 0xffff);
	return (size_t)(end - out);
}
