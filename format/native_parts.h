/* The parts of the reader of native files, for the files that it is made of. */
#pragma once
#include "format/events_block.h"
#include "format/native.h"
#include "format/packet_feed.h"
#include "format/plan.h"

#define ENTRIES_ITEM 64u /* state entries given at once */

struct native_reader {
	struct source source;
	struct source_options options;
	char *name;
	struct walk walk;
	struct packet_feed packets; /* of a file: opened when they are asked for */
	struct packet_parser early; /* interfaces in front of the first CAPTURE, number 0 is our own */
	uint64_t n_packets_told; /* of packets.n_lost */
	struct plan plan;
	bool planned, no_plan;	/* blocks come in the plan's order; it was tried in vain */
	uint64_t n_before_plan;	/* damaged places told then */
	bool ended;
	bool packing_told;	/* damage of the compression */
	bool held;		/* the input stands at a block that was given out and must be passed */
	bool wants;		/* `wanted` counts */
	uint64_t wanted[EVENT_TYPE_MAX / 64];
	struct schema *schema;
	size_t schema_bytes;

	/* The capture whose blocks are being read. */
	bool has_capture;
	bool unreadable;	/* it needs a newer reader: its blocks are left out */
	uint8_t id[WIRE_ID_LEN];
	struct capture_info info;
	struct buffer texts;
	uint64_t sequence;	/* of the next block */
	uint64_t number;	/* of the next event */
	uint64_t n_events;	/* of it, as read */
	uint64_t n_blocks;	/* of it, INDEX aside */
	uint64_t last_ns;	/* of the last event */
	bool after_damage;	/* the next gap has been told already */
	bool blocks_lost;	/* since the last EVENTS block: a jump of numbers is events lost */

	/* What remains to be given of the block at hand. */
	bool reset;
	struct buffer raw;
	struct cursor entries, losses;
	struct state_entry entry[ENTRIES_ITEM];
	struct loss_entry loss;
	struct error deferred;	/* damage met behind entries that were given first */
	uint64_t missing;	/* events to be told as lost, between these times */
	uint64_t missing_from_ns, missing_to_ns;
	bool pending;		/* the batch is to be given */

	struct events_decoder decoder;
	uint8_t header[WIRE_HEADER_MAX];	/* of the EVENTS block; `events` looks into it */
	struct events_head events;
	struct batch batch;
	bool batch_bad;		/* its damage was counted */
	uint64_t n_finished;	/* captures with a last INDEX */
	struct source_stats stats;
};

/* ---- items: what remains to be given, and words about damage (native_items.c); as source->next ---- */

int native_give_reset(struct native_reader *r, struct item *ret);
int native_give_damage(struct native_reader *r, struct error *words, struct error *err);
int native_give_entries(struct native_reader *r, struct item *ret, struct error *err);
int native_give_loss(struct native_reader *r, struct item *ret);
int native_give_missing(struct native_reader *r, struct item *ret);
int native_give_lost_packets(struct native_reader *r, struct item *ret);
/* Events in front of this number will be told as lost, if blocks were. */
void native_note_missing(struct native_reader *r, uint64_t next_number, uint64_t to_ns);

/* Counts what went wrong; returns the code, with the file's name in front of the words. */
int native_fail(struct native_reader *r, int code, struct error *err);
/* Puts the block at hand in front of the words. */
int native_block_prefix(struct native_reader *r, int code, struct error *err);
/* The block is of no use, its header is whole: what lies behind it is looked for, not assumed. */
int native_block_damaged(struct native_reader *r, int code, struct error *err);

/* ---- blocks by kind (native_blocks.c) ---- */

/* Reads the block that the walk stands at. 1: *ret is set, 0: nothing to give yet, negative. */
int native_block_read(struct native_reader *r, struct item *ret, struct error *err);
/* batch->load of the events that it gives. */
int native_load(struct batch *b, unsigned columns, struct error *err);

/* ---- from block to block (native_order.c) ---- */

/*
 * Whether the block is the one that is due. 1: look again (the order of blocks was found out), 0: read it,
 * negative: something is missing in front of it; the next call reads it.
 */
int native_sequence_check(struct native_reader *r, struct error *err);
/* Goes to the block that is due. 1, 0 at the end, negative. */
int native_block_next(struct native_reader *r, struct error *err);
