/*
 * LOSS and INDEX blocks (SPEC "LOSS", "INDEX").
 */
#pragma once
#include "format/block.h"

#define LOSS_ROW_LEN	32u
#define INDEX_ENTRY_LEN 56u

/* A whole LOSS block. */
void loss_encode(struct buffer *out, const struct loss_entry *losses, size_t n,
		 const uint8_t id[WIRE_ID_LEN], uint64_t sequence);
/* Where the rows are, LOSS_ROW_LEN bytes each. 0 or -EBADMSG. */
int loss_decode(struct cursor *fields, struct cursor data, struct cursor *ret_rows,
		struct error *err);
/* One row; the cursor comes from loss_decode(). */
struct loss_entry loss_row(struct cursor *rows);

struct index_entry {
	uint16_t kind, n_types;
	uint32_t n_events, length, header_crc;
	uint64_t offset;	/* of the block, from the beginning of the section header */
	uint64_t sequence, first_ns, last_ns, first_number;
};

struct index_head {
	uint32_t flags;		/* INDEX_FINAL */
	uint32_t n_entries;
	uint64_t previous_offset, previous_sequence; /* of the INDEX block before; 0, 0: none */
	uint64_t n_events, n_blocks;	/* of the capture up to here; INDEX blocks not counted */
	struct packed packed;		/* the entries */
};

/* Appends one entry to what an INDEX block will hold. */
void index_entry_encode(struct buffer *raw, const struct index_entry *e, const uint16_t *types);
/* A whole INDEX block; frame holds the entries as head->packed says. */
void index_encode(struct buffer *out, const struct buffer *frame, const struct index_head *head,
		  const uint8_t id[WIRE_ID_LEN], uint64_t sequence);
int index_head_decode(struct cursor *fields, struct index_head *ret, struct error *err);
/* 1: an entry, its types are at *ret_types (n_types of u16, unaligned); 0: end; -EBADMSG. */
int index_entry_next(struct cursor *raw, struct index_entry *ret, const uint8_t **ret_types,
		     struct error *err);
