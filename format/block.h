/*
 * The frame of every block of ours: common header, header checksum, data, block checksum.
 *
 *	block_begin(&b, BLOCK_LOSS, id, sequence);
 *	... fields of the kind ...
 *	block_header_end(&b);
 *	... data ...
 *	block_end(&b);			// b.data[0..b.len) is the whole block
 */
#pragma once
#include "format/source.h"
#include "format/wire.h"

/* Starts a block at the beginning of an empty buffer. */
void block_begin(struct buffer *b, enum block_kind kind, const uint8_t id[WIRE_ID_LEN],
		 uint64_t sequence);
/* The fields of the kind are complete: pads and leaves room for the header's checksum. */
void block_header_end(struct buffer *b);
/* Pads, fills in lengths and checksums. The block may come out too large: the caller asks block_fits(). */
void block_end(struct buffer *b);
/* Whether block and header are within NATIVE_BLOCK_MAX and WIRE_HEADER_MAX. */
bool block_fits(const struct buffer *b);

struct block_head {
	uint32_t total;		/* length of the whole block, multiple of 4 */
	uint32_t header;	/* length of common header, fields and header checksum */
	uint16_t kind;		/* enum block_kind, or one of a newer version */
	uint16_t flags;
	uint8_t id[WIRE_ID_LEN];
	uint64_t sequence;
	uint32_t header_crc;
};

/* Whether these 20 bytes begin a block of ours. */
bool block_is_ours(const uint8_t p[20]);
/* Length of the header of a block whose first WIRE_COMMON bytes these are; 0 when it is impossible. */
uint32_t block_header_len(const uint8_t *p);
/*
 * Checks and reads the common header; p has at least block_header_len() bytes.
 * *ret_fields runs over the fields of the kind. 0 or -EBADMSG.
 */
int block_head_parse(const uint8_t *p, struct block_head *ret, struct cursor *ret_fields,
		     struct error *err);
/* Checks the block's own checksum and trailer; p has the whole block. 0 or -EBADMSG. */
int block_check(const uint8_t *p, const struct block_head *head, struct error *err);
/* What lies between header and checksum. */
struct cursor block_data(const uint8_t *p, const struct block_head *head);

/* Data of SCHEMA, STATE and INDEX: one zstd frame; nothing at all when raw_len is 0. */
struct packed {
	uint32_t raw_len;	/* decompressed, at most WIRE_RAW_MAX */
	uint32_t frame_len;	/* as stored */
};

static inline void packed_put(struct buffer *out, const struct packed *p)
{
	buffer_u32(out, p->raw_len);
	buffer_u32(out, p->frame_len);
}

static inline struct packed packed_take(struct cursor *c)
{
	uint32_t raw_len = cursor_u32(c), frame_len = cursor_u32(c);

	return (struct packed){raw_len, frame_len};
}

const char *block_kind_name(unsigned kind);	/* "EVENTS"; "unknown" */
