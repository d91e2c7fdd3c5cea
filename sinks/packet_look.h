/*
 * What a captured packet is, as far as a line tells: its ends and protocol, found behind the headers of its link.
 */
#pragma once
#include "format/packet.h"
#include "sinks/packet_build.h"

struct packet_view {
	bool is_ip, is_v6;
	uint8_t protocol;	/* of IP: PROTOCOL_TCP, ... */
	bool has_ports;		/* TCP or UDP, and their headers were kept */
	struct packet_end from, to;
	uint8_t tcp_flags;
	const char *name;	/* "tcp", "udp", "icmp", "ip", "arp", ...; "packet" when it is nothing that is known */
};

/* Every length is checked: whatever is not there is not told. */
void packet_look(const struct packet *p, struct packet_view *ret);

/* "lo 74 bytes tcp 127.0.0.1:80 > 127.0.0.1:3000 [syn ack]" */
void packet_line(struct buffer *out, const struct packet *p);
/* {"packet.time":...,"packet.interface":"lo",...} */
void packet_json(struct buffer *out, const struct packet *p);
