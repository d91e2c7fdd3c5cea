/*
 * EVENTS blocks: a batch as columns and payload, to and from bytes (SPEC "EVENTS").
 */
#pragma once
#include "format/block.h"
#include "format/frame.h"
#include "format/payload_join.h"

struct type_row {
	uint16_t type;
	uint8_t flags;		/* TYPE_ROW_STATE */
	uint8_t n_params;	/* that its payloads are laid out by */
	uint32_t n_events;	/* of this type */
};

#define TID_BITS_LEN 64		/* 512 bits that say which threads may occur */

/* Which bit of the summary stands for a thread. */
static inline uint32_t tid_bit(int64_t tid)
{
	return (uint32_t)((uint32_t)(uint64_t)tid * 0x9E3779B1u) >> 23;
}

/* ---- encoding ---- */

struct events_encoder {
	ZSTD_CCtx *zstd;
	struct buffer block;	/* the last block made */
	struct buffer slices, frames;
	struct payload_split payload;
	struct type_row *types;	/* of the last block, ascending: n_types of them */
	uint32_t n_types, n_slices;
	uint32_t n_hidden, n_gaps, n_durations;
	uint32_t *counts;	/* per type, zero between blocks */
	uint32_t *order;	/* by type, then time */
	uint16_t *type_index;	/* per event of the range */
	uint32_t *type_ends;	/* per type: where its events end in grouped order */
	struct payload_type *payload_types;
	uint64_t *values, *keys;
	uint8_t *plane;
};

int events_encoder_init(struct events_encoder *e);
void events_encoder_done(struct events_encoder *e);
/*
 * Encodes events [from, from + n) of a whole batch. When n > 1, the block may come out too large
 * (block_fits): encode halves then. One event always fits. 0 or -ENOMEM.
 */
int events_encode(struct events_encoder *e, const struct batch *b, uint32_t from, uint32_t n,
		  uint64_t first_number, const uint8_t id[WIRE_ID_LEN], uint64_t sequence, int level);

/* ---- decoding ---- */

struct events_head {
	uint32_t n_events, n_hidden, n_tids, n_types, n_slices;
	uint64_t first_number, first_ns, last_ns;
	const uint8_t *tid_bits;	/* TID_BITS_LEN */
	const uint8_t *types;		/* n_types rows of 8 bytes: see events_head_type() */
	const uint8_t *slices;		/* n_slices rows of 12 bytes */
	uint32_t n_gaps, n_durations;	/* lengths of the lists, 0: none */
	uint64_t state_len, bulk_len;	/* of the payloads, put together */
	uint32_t fields_len[N_CLASSES], values_len[N_CLASSES]; /* of their parts */
};

/* Reads the fields of an EVENTS block; the views last as long as the block. 0 or -EBADMSG. */
int events_head_parse(struct cursor *fields, const struct block_head *head, struct events_head *ret,
		      struct error *err);
/* How many bytes behind the block's header hold these columns and what they depend on. */
size_t events_extent(const struct events_head *h, unsigned columns);
struct type_row events_head_type(const struct events_head *h, uint32_t i);

struct events_decoder {
	ZSTD_DCtx *zstd;
	uint16_t *type_index;	/* per event, into the block's type list */
	uint16_t *types;	/* the type list's types */
	uint32_t *next;		/* scratch */
	uint16_t *rank;		/* per event, its place in grouped order */
	uint32_t *order;	/* the events in grouped order */
	bool ranks_known, classes_known;
	unsigned values_loaded; /* 1 << enum payload_class */
	struct payload_type *payload_types;
	struct payload_join payload;
	uint64_t *values, *list;
	uint8_t *plane;
	size_t payload_cap;
};

int events_decoder_init(struct events_decoder *d);
void events_decoder_done(struct events_decoder *d);
/* Prepares b (whose columns are allocated) for a block: counts set, nothing loaded. */
void events_decode_begin(struct events_decoder *d, struct batch *b, const struct events_head *h);
/*
 * Loads columns; data is what follows the block's header. Columns that others need are loaded with them.
 * 0, -EBADMSG (damage; b->loaded tells what is there), -ENOMEM.
 */
int events_decode(struct events_decoder *d, struct batch *b, const struct events_head *h,
		  const uint8_t *data, unsigned columns, struct error *err);
