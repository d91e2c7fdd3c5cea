/*
 * Packets of network interfaces beside the events: standard blocks of pcapng, Interface Description and
 * Enhanced Packet Blocks (SPEC.md, section 2).
 *
 *	packet_writer_put(&w, &out, &packet);		// and its interface, when that is new
 *
 *	while ((r = packet_parser_block(&p, block, len, &packet)) ...	// each block of the section, as it comes
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include "format/entry.h"

#define PACKET_LEN_MAX	      262144u /* bytes kept of one packet: packet tools take no longer ones */
#define PACKET_BLOCK_MAX      (PACKET_LEN_MAX + 65536u) /* a packet with its options */
#define PACKET_HEADS_MAX      256u /* what is written around a packet's bytes, with the block of its interface */
#define PACKET_INTERFACES_MAX 256u
#define PACKET_NAME_MAX	      64u /* bytes of an interface's name that are kept */

struct packet {
	uint64_t time_ns;	/* since the epoch, by the capture's clock */
	uint16_t link_type;	/* LINKTYPE_* */
	uint32_t snaplen;	/* of the interface, 0: no limit */
	struct text interface;	/* its name, len 0: none */
	uint32_t captured, original; /* bytes: kept, and there were */
	uint32_t flags;		/* epb_flags, 0: unknown */
	const uint8_t *data;
};

struct packet_interface {
	char name[PACKET_NAME_MAX];
	uint32_t name_len, snaplen;
	uint16_t link_type;
	/* reading: seconds are `per_second` units; the offset is in seconds */
	uint64_t per_second;
	int64_t offset_s;
};

/* ---- writing ---- */

struct packet_writer {
	struct packet_interface *interfaces; /* those written so far; number 0 is the section's own */
	uint32_t n;
};

void packet_writer_done(struct packet_writer *w);
/* Appends the block of an interface that is known before its first packet. 0, -E2BIG, -ENOMEM. */
int packet_writer_interface(struct packet_writer *w, struct buffer *out, const struct packet_interface *f);
/* Appends the packet's block, behind that of its interface when it is the first of it. 0, -E2BIG (too long, or too
   many interfaces), -ENOMEM. */
int packet_writer_put(struct packet_writer *w, struct buffer *out, const struct packet *p);

/* ---- reading ---- */

struct packet_parser {
	struct packet_interface *interfaces; /* of this section */
	uint32_t n;
	uint64_t n_bad;		/* blocks that contradict themselves: passed over */
};

void packet_parser_done(struct packet_parser *p);
/*
 * One whole block of any kind with its lengths checked (total a multiple of 4 and at least 12). 1: a packet, views
 * into the block and the parser; 0: none; -ENOMEM.
 */
int packet_parser_block(struct packet_parser *p, const uint8_t *block, uint32_t total, struct packet *ret);
