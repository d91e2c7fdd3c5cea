#include "format/block.h"
#include "format/native.h"

#include <errno.h>
#include <zlib.h>

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t crc_of(const uint8_t *p, size_t len)
{
	return (uint32_t)crc32_z(0, p, len);
}

void block_begin(struct buffer *b, enum block_kind kind, const uint8_t id[WIRE_ID_LEN],
		 uint64_t sequence)
{
	buffer_clear(b);
	buffer_u32(b, PCAPNG_CUSTOM);
	buffer_u32(b, 0); /* total length: block_end */
	buffer_u32(b, WIRE_ENTERPRISE);
	buffer_append(b, WIRE_MAGIC, WIRE_MAGIC_LEN);
	buffer_u16(b, (uint16_t)kind);
	buffer_u16(b, 0);
	buffer_append(b, id, WIRE_ID_LEN);
	buffer_u64(b, sequence);
	buffer_u32(b, 0); /* header length: block_header_end */
}

static void pad4(struct buffer *b)
{
	buffer_append(b, NULL, -b->len & 3);
}

void block_header_end(struct buffer *b)
{
	pad4(b);
	buffer_u32(b, 0); /* checksum: block_end */
	buffer_set_u32(b, WIRE_AT_HEADER, (uint32_t)b->len);
}

void block_end(struct buffer *b)
{
	uint32_t total, header;

	pad4(b);
	total = (uint32_t)b->len + WIRE_TAIL;
	buffer_set_u32(b, WIRE_AT_TOTAL, total);
	if (b->failed)
		return;
	header = u32_at(b->data + WIRE_AT_HEADER);
	buffer_set_u32(b, header - 4, crc_of(b->data, header - 4));
	buffer_u32(b, crc_of(b->data, b->len));
	buffer_u32(b, total);
}

bool block_fits(const struct buffer *b)
{
	return !b->failed && b->len <= NATIVE_BLOCK_MAX &&
	       u32_at(b->data + WIRE_AT_HEADER) <= WIRE_HEADER_MAX;
}

bool block_is_ours(const uint8_t p[20])
{
	return u32_at(p) == PCAPNG_CUSTOM && u32_at(p + WIRE_AT_PEN) == WIRE_ENTERPRISE &&
	       memcmp(p + WIRE_AT_MAGIC, WIRE_MAGIC, WIRE_MAGIC_LEN) == 0;
}

uint32_t block_header_len(const uint8_t *p)
{
	uint32_t total = u32_at(p + WIRE_AT_TOTAL), header = u32_at(p + WIRE_AT_HEADER);

	if (total % 4 || total > NATIVE_BLOCK_MAX || header % 4 || header < WIRE_COMMON + 4 ||
	    header > WIRE_HEADER_MAX || total < WIRE_COMMON + 4 + WIRE_TAIL ||
	    header > total - WIRE_TAIL)
		return 0;
	return header;
}

int block_head_parse(const uint8_t *p, struct block_head *ret, struct cursor *ret_fields,
		     struct error *err)
{
	uint32_t header = block_header_len(p);
	struct cursor c;

	if (!header)
		return error_set(err, -EBADMSG,
				 "lengths of %u (block) and %u (header) are impossible",
				 u32_at(p + WIRE_AT_TOTAL), u32_at(p + WIRE_AT_HEADER));
	ret->total = u32_at(p + WIRE_AT_TOTAL);
	ret->header = header;
	ret->header_crc = u32_at(p + header - 4);
	if (crc_of(p, header - 4) != ret->header_crc)
		return error_set(err, -EBADMSG, "the checksum of the header is wrong");
	c = cursor_over(p + WIRE_AT_KIND, WIRE_COMMON - WIRE_AT_KIND);
	ret->kind = cursor_u16(&c);
	ret->flags = cursor_u16(&c);
	memcpy(ret->id, p + WIRE_AT_ID, WIRE_ID_LEN);
	memcpy(&ret->sequence, p + WIRE_AT_SEQUENCE, sizeof ret->sequence);
	*ret_fields = cursor_over(p + WIRE_COMMON, header - 4 - WIRE_COMMON);
	return 0;
}

int block_check(const uint8_t *p, const struct block_head *head, struct error *err)
{
	const uint8_t *tail = p + head->total - WIRE_TAIL;

	if (u32_at(tail + 4) != head->total)
		return error_set(err, -EBADMSG, "the length at its end is %u instead of %u",
				 u32_at(tail + 4), head->total);
	if (crc_of(p, head->total - WIRE_TAIL) != u32_at(tail))
		return error_set(err, -EBADMSG, "the checksum of the block is wrong");
	return 0;
}

struct cursor block_data(const uint8_t *p, const struct block_head *head)
{
	return cursor_over(p + head->header, head->total - WIRE_TAIL - head->header);
}

const char *block_kind_name(unsigned kind)
{
	static const char *const names[] = {"unknown", "CAPTURE", "SCHEMA", "STATE",
					    "EVENTS",  "LOSS",	  "INDEX"};

	return names[kind < BLOCK_KIND_END ? kind : 0];
}
