/*
 * Headers of IP packets, TCP segments and UDP datagrams, as a host would have sent them: lengths and
 * checksums are right. Where bytes of the payload are unknown, the checksum is that of zeros in their place;
 * who dissects such a packet knows that it is not whole and does not check.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_HEAD_MAX 80 /* IPv6 and TCP with all options that we set */

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct packet_end {
	uint8_t address[16];	/* network order; IPv4 uses the first 4 */
	uint16_t port;		/* host order */
};

struct packet_spec {
	bool is_v6;
	uint8_t protocol;	/* PROTOCOL_* */
	uint8_t tcp_flags;	/* SYN: with options for the segment size and the window's scale */
	uint16_t ip_id;
	uint32_t seq, ack;
	const struct packet_end *from, *to;
	const uint8_t *data;	/* what is known of the payload */
	uint32_t data_len;
	uint32_t payload_len;	/* what there was, at least data_len and at most packet_payload_max() */
};

/* The longest payload of one packet: lengths in IP headers have 16 bits. */
uint32_t packet_payload_max(bool is_v6, uint8_t protocol);
/* The headers in front of the payload; returns their length. */
size_t packet_head(uint8_t out[PACKET_HEAD_MAX], const struct packet_spec *s);
