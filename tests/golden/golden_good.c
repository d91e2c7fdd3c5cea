/* Captures that a reader must read without a word: what tools, time and accidents make of files. */
#include "tests/golden/golden.h"

static void make_unfinished(struct buffer *file)
{
	golden_small(file);
	block_cut(file, block_find(file, BLOCK_INDEX, 0));
}

static void make_empty(struct buffer *file)
{
	golden_small(file);
	block_cut(file, block_find(file, BLOCK_EVENTS, 0));
	block_cut(file, block_find(file, BLOCK_SCHEMA, 0));
	block_cut(file, block_find(file, BLOCK_STATE, 0));
	block_cut(file, block_find(file, BLOCK_LOSS, 0));
	block_cut(file, block_find(file, BLOCK_INDEX, 0));
}

static void make_two(struct buffer *file)
{
	struct buffer second = {0};

	golden_small(file);
	golden_three(&second);
	buffer_append(file, second.data, second.len);
	buffer_done(&second);
}

/* As mergecap does it: one section, blocks of both files by turns. */
static void make_merged(struct buffer *file)
{
	struct buffer parts[2] = {{0}};
	size_t at[2];

	golden_three(&parts[0]);
	golden_small(&parts[1]);
	for (unsigned i = 0; i < 2; i++)
		at[i] = block_find(&parts[i], BLOCK_CAPTURE, 0);
	buffer_append(file, parts[0].data, at[0]);
	while (at[0] < parts[0].len || at[1] < parts[1].len) {
		for (unsigned i = 0; i < 2; i++) {
			size_t len = at[i] < parts[i].len ? block_len(&parts[i], at[i]) : 0;

			buffer_append(file, parts[i].data + at[i], len);
			at[i] += len;
		}
	}
	buffer_done(&parts[0]);
	buffer_done(&parts[1]);
}

/* The last block in front: a reader orders by sequence. */
static void make_reordered(struct buffer *file)
{
	struct buffer block = {0};

	golden_three(file);
	for (unsigned i = 0; i < 4; i++) {
		size_t from = block_find(file, i < 3 ? BLOCK_EVENTS : BLOCK_INDEX, i < 3 ? i : 0);
		size_t len = block_len(file, from);

		buffer_clear(&block);
		buffer_append(&block, file->data + from, len);
		bytes_remove(file, from, len);
		bytes_insert(file, block_find(file, BLOCK_CAPTURE, 0), block.data, len);
	}
	buffer_done(&block);
}

/* Packets, a block of unknown type and another enterprise's custom block between ours. */
static void make_foreign(struct buffer *file)
{
	static const uint32_t packet[] = {6, 36, 0, 0x00060a24, 0x11223344, 4, 4, 0xdeadbeef, 36};
	static const uint32_t unknown[] = {0x0c0ffee0, 16, 0x20202020, 16};
	static const uint32_t custom[] = {0x00000BAD, 20, 4711, 0x54495053, 20};

	golden_three(file);
	bytes_insert(file, block_find(file, BLOCK_EVENTS, 2), packet, sizeof packet);
	bytes_insert(file, block_find(file, BLOCK_EVENTS, 1), unknown, sizeof unknown);
	bytes_insert(file, block_find(file, BLOCK_EVENTS, 0), custom, sizeof custom);
}

static void lengthen(struct buffer *file, size_t at, size_t where, const void *data, size_t len,
		     bool header)
{
	bytes_insert(file, at + where, data, len);
	set_u32(file, at + WIRE_AT_TOTAL, (uint32_t)(block_len(file, at) + len));
	if (header)
		set_u32(file, at + WIRE_AT_HEADER, (uint32_t)(get_u32(file, at + WIRE_AT_HEADER) + len));
	block_seal(file, at);
}

/* What a later version may add without asking: a reader of this one passes over it. */
static void make_newer(struct buffer *file)
{
	static const uint8_t text[] = {200, 0, 4, 0, 'l', 'a', 't', 'e'}, field[8] = {1};
	struct buffer block = {0};
	size_t at, events, header;

	golden_small(file);
	/* CAPTURE: minor version, a compatible feature, a text, a field behind the known ones. */
	at = block_find(file, BLOCK_CAPTURE, 0);
	set_u16(file, at + 54, 7);
	set_u64(file, at + 56, 1);
	set_u32(file, at + 112, get_u32(file, at + 112) + sizeof text);
	lengthen(file, at, get_u32(file, at + WIRE_AT_HEADER), text, sizeof text, false);
	lengthen(file, at, get_u32(file, at + WIRE_AT_HEADER) - 4, field, sizeof field, true);
	/* EVENTS: a constant of an unknown column, a slice of an unknown kind that takes no data, flags in
	   the type list. */
	events = block_find(file, BLOCK_EVENTS, 0);
	header = get_u32(file, events + WIRE_AT_HEADER);
	file->data[events + 172 + 2] |= 0x80;
	set_u16(file, events + 90, (uint16_t)(file->data[events + 90] + 2));
	lengthen(file, events, header - 4, (const uint8_t[24]){40, 0, 0, 0, 9, [12] = 41, 7, 0, 0, 200, 1}, 24,
		 true);
	/* A block of an unknown kind, with flags, between the others: the sequence goes on behind it. */
	at = block_find(file, BLOCK_INDEX, 0);
	block_begin(&block, (enum block_kind)99, file->data + at + WIRE_AT_ID,
		    file->data[at + WIRE_AT_SEQUENCE]);
	set_u16(&block, WIRE_AT_FLAGS, 0xffff);
	block_header_end(&block);
	buffer_append(&block, "newer", 5);
	block_end(&block);
	set_u64(file, at + WIRE_AT_SEQUENCE, file->data[at + WIRE_AT_SEQUENCE] + 1u);
	set_u64(file, at + 84, file->data[at + 84] + 1u);
	block_seal(file, at);
	bytes_insert(file, at, block.data, block.len);
	buffer_done(&block);
}

const struct golden golden_good[] = {
	{"small", golden_small},
	{"three", golden_three},
	{"mixed", golden_mixed},
	{"unfinished", make_unfinished},
	{"empty", make_empty},
	{"two", make_two},
	{"merged", make_merged},
	{"reordered", make_reordered},
	{"foreign", make_foreign},
	{"newer", make_newer},
	{0},
};
