/*
 * The packets of a native file in their order, apart from its events: a second look at a file, and of a pipe
 * what the reader of the events has met and put aside.
 *
 *	packet_feed_open(&f, fd, 0);		// a file; or
 *	packet_feed_block(&f, block, total);	// of a pipe, each foreign block
 *	while ((r = packet_feed_next(&f, until_ns, &packet, &err)) > 0) ...
 */
#pragma once
#include "format/input.h"
#include "format/packet.h"

#define PACKETS_HELD_MAX (8u << 20) /* bytes put aside of a pipe: writers have at most 1 MiB between EVENTS blocks */

struct packet_feed {
	struct packet_parser parser;
	struct input input;
	bool is_file, ended;
	uint32_t passed;	/* bytes of the block that was given out last */
	struct buffer held;
	size_t at;		/* in held */
	bool astray;		/* an interface did not fit: whose the packets of this section are cannot be told */
	uint64_t n_lost;	/* packets that did not fit, or are nobody's */
};

/* fd stays the caller's; packets are looked for from this place on. 0 or negative errno. */
int packet_feed_open(struct packet_feed *f, int fd, uint64_t start);
void packet_feed_done(struct packet_feed *f);
/* 0 or -ENOMEM */
int packet_feed_block(struct packet_feed *f, const uint8_t *block, uint32_t total);
/* As the packet operation of sources (source.h). Damage ends it: the events tell of that. */
int packet_feed_next(struct packet_feed *f, uint64_t until_ns, struct packet *ret, struct error *err);
