/* Changing files that are whole, so that they are wrong in one place only. */
#include "tests/golden/golden.h"

#include <stdlib.h>
#include <zlib.h>

uint32_t get_u32(const struct buffer *file, size_t at)
{
	uint32_t v;

	memcpy(&v, file->data + at, sizeof v);
	return v;
}

void set_u16(struct buffer *file, size_t at, uint16_t v)
{
	memcpy(file->data + at, &v, sizeof v);
}

void set_u32(struct buffer *file, size_t at, uint32_t v)
{
	memcpy(file->data + at, &v, sizeof v);
}

void set_u64(struct buffer *file, size_t at, uint64_t v)
{
	memcpy(file->data + at, &v, sizeof v);
}

size_t block_len(const struct buffer *file, size_t at)
{
	return get_u32(file, at + 4);
}

size_t block_find(const struct buffer *file, enum block_kind kind, unsigned n)
{
	for (size_t at = 0; at < file->len; at += block_len(file, at)) {
		if (block_is_ours(file->data + at) && file->data[at + WIRE_AT_KIND] == kind && n-- == 0)
			return at;
	}
	abort();
}

void block_seal(struct buffer *file, size_t at)
{
	size_t header = get_u32(file, at + WIRE_AT_HEADER), total = block_len(file, at);
	const uint8_t *p = file->data + at;

	set_u32(file, at + header - 4, (uint32_t)crc32_z(0, p, header - 4));
	set_u32(file, at + total - 8, (uint32_t)crc32_z(0, p, total - 8));
	set_u32(file, at + total - 4, (uint32_t)total);
}

void bytes_insert(struct buffer *file, size_t at, const void *data, size_t len)
{
	buffer_append(file, NULL, len);
	if (file->failed)
		abort();
	memmove(file->data + at + len, file->data + at, file->len - len - at);
	memcpy(file->data + at, data, len);
}

void bytes_remove(struct buffer *file, size_t at, size_t len)
{
	memmove(file->data + at, file->data + at + len, file->len - at - len);
	file->len -= len;
}

void block_cut(struct buffer *file, size_t at)
{
	bytes_remove(file, at, block_len(file, at));
}
