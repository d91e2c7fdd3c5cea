/* The slices of an EVENTS block: what its columns are stored as. */
#pragma once
#include "format/events_block.h"

#define SLICE_ROW_LEN 12u

struct slice {
	uint8_t column, kind, width, shift;
	uint64_t value;	      /* of a constant */
	uint32_t stored, raw; /* of a frame: bytes in the block, bytes decompressed */
	size_t at;	      /* of a frame, in the block's data */
};

/* The i-th; at: where its data begin, moved behind them. */
static inline struct slice slice_at(const struct events_head *h, uint32_t i, size_t *at)
{
	const uint8_t *p = h->slices + i * SLICE_ROW_LEN;
	struct slice s = {.column = p[0], .kind = p[1], .width = p[2], .shift = p[3], .at = *at};

	memcpy(&s.value, p + 4, 8);
	/* Constants take no data, and what newer versions may have that is no frame neither. */
	if (s.kind != SLICE_FRAME)
		return s;
	s.stored = (uint32_t)s.value;
	s.raw = (uint32_t)(s.value >> 32);
	*at += s.stored;
	return s;
}

/* How many numbers it has. */
static inline uint32_t column_len(const struct events_head *h, unsigned column)
{
	switch (column) {
	case WIRE_TIDS: return h->n_tids;
	case WIRE_GAPS: return h->n_gaps;
	case WIRE_DURATIONS: return h->n_durations;
	default: return h->n_events;
	}
}

/* Columns that stand in order of type: their place needs the type column first. */
#define GROUPED                                                                                    \
	(COLUMN_TIME | COLUMN_DURATION | COLUMN_FLAGS | COLUMN_RESULT | COLUMN_FD |              \
	 COLUMN_SYSNO | COLUMN_ABSENT | COLUMN_PAYLOAD_LEN)

/* These columns, and those that they are made of. */
static inline unsigned columns_with_needed(unsigned columns)
{
	if (columns & (COLUMN_PAYLOAD_STATE | COLUMN_PAYLOAD_BULK))
		columns |= COLUMN_PAYLOAD_LEN | COLUMN_FLAGS | COLUMN_ABSENT;
	if (columns & COLUMN_TIME)
		columns |= COLUMN_DURATION | COLUMN_TID;
	if (columns & GROUPED)
		columns |= COLUMN_TYPE;
	return columns;
}
