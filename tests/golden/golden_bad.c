/* Captures that are damaged in one place each. */
#include "format/frame.h"
#include "tests/golden/golden.h"

#include <stdlib.h>

#define AT_TYPES 172 /* the type list of EVENTS */

/* ---- what accidents do: checksums tell ---- */

static void make_no_pcapng(struct buffer *file)
{
	golden_small(file);
	memset(file->data, 0, 12);
}

static void make_header_byte(struct buffer *file)
{
	golden_three(file);
	file->data[block_find(file, BLOCK_EVENTS, 1) + 60] ^= 1;
}

static void make_frame_byte(struct buffer *file)
{
	size_t at;

	golden_three(file);
	at = block_find(file, BLOCK_EVENTS, 1);
	file->data[at + get_u32(file, at + WIRE_AT_HEADER) + 20] ^= 1;
}

static void make_state_byte(struct buffer *file)
{
	golden_three(file);
	file->data[block_find(file, BLOCK_STATE, 0) + 100] ^= 1;
}

static void make_capture_byte(struct buffer *file)
{
	golden_three(file);
	file->data[block_find(file, BLOCK_CAPTURE, 0) + 125] ^= 1;
}

static void make_total_length(struct buffer *file)
{
	golden_three(file);
	set_u32(file, block_find(file, BLOCK_EVENTS, 1) + 4, 1u << 20);
}

static void make_trailer(struct buffer *file)
{
	size_t at;

	golden_three(file);
	at = block_find(file, BLOCK_EVENTS, 1);
	file->data[at + block_len(file, at) - 1] ^= 0x80;
}

static void make_cut(struct buffer *file)
{
	golden_three(file);
	file->len = block_find(file, BLOCK_EVENTS, 2) + 300;
}

static void make_cut_header(struct buffer *file)
{
	golden_three(file);
	file->len = block_find(file, BLOCK_EVENTS, 2) + 10;
}

/* A capture that was cut short, and another one behind it. */
static void make_cut_then_whole(struct buffer *file)
{
	struct buffer second = {0};

	make_cut(file);
	golden_small(&second);
	buffer_append(file, second.data, second.len);
	buffer_done(&second);
}

static void make_block_gone(struct buffer *file)
{
	golden_three(file);
	block_cut(file, block_find(file, BLOCK_EVENTS, 1));
}

static void make_capture_gone(struct buffer *file)
{
	golden_three(file);
	block_cut(file, block_find(file, BLOCK_CAPTURE, 0));
}

/* The same with another capture behind it, whose blocks must not hide those of the first. */
static void make_capture_gone_of_two(struct buffer *file)
{
	struct buffer second = {0};

	make_capture_gone(file);
	golden_small(&second);
	buffer_append(file, second.data, second.len);
	buffer_done(&second);
}

/* A capture cut within a block that is longer than the whole capture behind it. */
static void make_cut_then_short(struct buffer *file)
{
	struct buffer second = {0};
	size_t at;

	golden_mixed(file);
	golden_small(&second);
	at = block_find(file, BLOCK_SCHEMA, 0);
	if (200 + second.len >= block_len(file, at))
		abort();
	file->len = at + 200;
	buffer_append(file, second.data, second.len);
	buffer_done(&second);
}

/* Blocks out of order, and the last one cut: what cannot be put in order is told all the same. */
static void make_reordered_cut(struct buffer *file)
{
	struct buffer block = {0};
	size_t at;

	golden_three(file);
	at = block_find(file, BLOCK_EVENTS, 0);
	buffer_append(&block, file->data + at, block_len(file, at));
	block_cut(file, at);
	bytes_insert(file, block_find(file, BLOCK_EVENTS, 1), block.data, block.len);
	file->len -= 30;
	buffer_done(&block);
}

static void make_foreign_far(struct buffer *file)
{
	static const uint32_t packet[] = {6, 1000000, 0};

	golden_three(file);
	bytes_insert(file, block_find(file, BLOCK_EVENTS, 1), packet, sizeof packet);
}

static void make_foreign_length(struct buffer *file)
{
	static const uint32_t packet[] = {6, 37, 0, 0, 0, 0, 0, 0, 36};

	golden_three(file);
	bytes_insert(file, block_find(file, BLOCK_EVENTS, 1), packet, sizeof packet);
}

/* ---- what malice does: checksums are right ---- */

static void make_version(struct buffer *file)
{
	size_t at;

	golden_small(file);
	at = block_find(file, BLOCK_CAPTURE, 0);
	set_u16(file, at + 52, 2);
	block_seal(file, at);
}

static void make_incompatible(struct buffer *file)
{
	size_t at;

	golden_small(file);
	at = block_find(file, BLOCK_CAPTURE, 0);
	set_u64(file, at + 64, 1ull << 40);
	block_seal(file, at);
}

static void make_capture_sequence(struct buffer *file)
{
	size_t at;

	golden_small(file);
	at = block_find(file, BLOCK_CAPTURE, 0);
	set_u64(file, at + WIRE_AT_SEQUENCE, 5);
	block_seal(file, at);
}

/* A field of 32 bits in the first block of a kind. */
static void field(struct buffer *file, enum block_kind kind, size_t where, uint32_t v)
{
	size_t at;

	golden_small(file);
	at = block_find(file, kind, 0);
	set_u32(file, at + where, v);
	block_seal(file, at);
}

static void make_texts(struct buffer *file)
{
	field(file, BLOCK_CAPTURE, 112, 1u << 30);
}

static void make_text(struct buffer *file)
{
	size_t at;

	golden_small(file);
	at = block_find(file, BLOCK_CAPTURE, 0);
	set_u16(file, at + get_u32(file, at + WIRE_AT_HEADER) + 2, 0x7fff);
	block_seal(file, at);
}

static void make_raw_length(struct buffer *file)
{
	field(file, BLOCK_STATE, 80, 0x40000000);
}

static void make_raw_differs(struct buffer *file)
{
	field(file, BLOCK_STATE, 80, 4);
}

static void make_frame_length(struct buffer *file)
{
	field(file, BLOCK_SCHEMA, 60, 0xfffffff0);
}

/* STATE whose frame has bit and bytes of its checksum taken away. */
static void make_frame_unchecked(struct buffer *file)
{
	size_t at, frame;

	golden_small(file);
	at = block_find(file, BLOCK_STATE, 0);
	frame = at + get_u32(file, at + WIRE_AT_HEADER);
	file->data[frame + 4] &= (uint8_t)~4u;
	set_u32(file, at + 84, get_u32(file, at + 84) - 4);
	block_seal(file, at);
}

/* STATE with an empty frame behind the one that it has. */
static void make_frame_second(struct buffer *file)
{
	static const uint8_t empty[] = {0x28, 0xb5, 0x2f, 0xfd, 0x24, 0,    1,
					0,    0,    0x99, 0xe9, 0xd8, 0x51, 0, 0, 0};
	size_t at;
	uint32_t len;

	golden_small(file);
	at = block_find(file, BLOCK_STATE, 0);
	len = get_u32(file, at + 84);
	bytes_insert(file, at + get_u32(file, at + WIRE_AT_HEADER) + len, empty, sizeof empty);
	set_u32(file, at + 84, len + 13);
	set_u32(file, at + WIRE_AT_TOTAL, (uint32_t)(block_len(file, at) + sizeof empty));
	block_seal(file, at);
}

static void make_losses(struct buffer *file)
{
	field(file, BLOCK_LOSS, 52, 0x08000001);
}

static void make_index_entries(struct buffer *file)
{
	field(file, BLOCK_INDEX, 56, 1000);
}

static void make_no_events(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 52, 0);
}

static void make_many_events(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 52, 16385);
}

static void make_many_threads(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 84, 4);
}

static void make_many_types(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 88, 0xffff);
}

static void make_type_range(struct buffer *file)
{
	field(file, BLOCK_EVENTS, AT_TYPES + 2 * 8, 0x5000 | 1 << 16);
}

static void make_type_count(struct buffer *file)
{
	field(file, BLOCK_EVENTS, AT_TYPES + 4, 2);
}

static void make_last_time(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 72, 5);
}

/* The slice row of a column in the first EVENTS block. */
static size_t slice_find(const struct buffer *file, size_t events, enum wire_column column)
{
	size_t row = events + AT_TYPES + 8u * file->data[events + 88];

	for (unsigned i = 0; i < file->data[events + 90]; i++, row += 12) {
		if (file->data[row] == column)
			return row;
	}
	abort();
}

/* A byte of a column's first slice row. */
static void slice(struct buffer *file, enum wire_column column, size_t where, uint8_t v)
{
	size_t at;

	golden_small(file);
	at = block_find(file, BLOCK_EVENTS, 0);
	file->data[slice_find(file, at, column) + where] = v;
	block_seal(file, at);
}

static void make_slice_kind(struct buffer *file)
{
	slice(file, WIRE_TIME, 1, 2);
}

static void make_slice_width(struct buffer *file)
{
	slice(file, WIRE_TIME, 2, 3);
}

static void make_slice_shift(struct buffer *file)
{
	slice(file, WIRE_TIME, 3, 8);
}

static void make_slice_stored(struct buffer *file)
{
	slice(file, WIRE_TIME, 7, 0xff);
}

static void make_slice_raw(struct buffer *file)
{
	slice(file, WIRE_TIME, 8, 4);
}

static void make_payload_raw(struct buffer *file)
{
	slice(file, WIRE_VALUES_BULK, 10, 0x7f);
}

/* Adds a constant to a column: OR-ed with what is there. */
static void constant(struct buffer *file, enum wire_column column, uint64_t v)
{
	uint8_t row[12] = {(uint8_t)column};
	size_t at, header;

	golden_small(file);
	at = block_find(file, BLOCK_EVENTS, 0);
	header = get_u32(file, at + WIRE_AT_HEADER);
	memcpy(row + 4, &v, sizeof v);
	bytes_insert(file, at + header - 4, row, sizeof row);
	file->data[at + 90]++;
	set_u32(file, at + WIRE_AT_TOTAL, (uint32_t)(block_len(file, at) + sizeof row));
	set_u32(file, at + WIRE_AT_HEADER, (uint32_t)(header + sizeof row));
	block_seal(file, at);
}

static void make_type_index(struct buffer *file)
{
	constant(file, WIRE_TYPE, 0x100);
}

/* Counts that add up, but are not those of the column. */
static void make_type_column(struct buffer *file)
{
	size_t at;

	golden_three(file);
	at = block_find(file, BLOCK_EVENTS, 1);
	set_u32(file, at + AT_TYPES + 4, 41);
	set_u32(file, at + AT_TYPES + 8 + 4, 39);
	block_seal(file, at);
}

static void make_thread_index(struct buffer *file)
{
	constant(file, WIRE_TID, 1);
}

static void make_cpu(struct buffer *file)
{
	constant(file, WIRE_CPU, 0x10000);
}

static void make_fd(struct buffer *file)
{
	constant(file, WIRE_FD, 1ull << 40);
}

static void make_payload_len(struct buffer *file)
{
	constant(file, WIRE_AS_IS, 0xffffffff);
}

static void make_payload_sum(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 168, 50);
}

static void make_payload_parts(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 168, 4);
}

/* Nobody uses the fields. */
static void make_payload_as_is(struct buffer *file)
{
	constant(file, WIRE_AS_IS, 1);
}

static void make_payload_large(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 164, 0x00200000);
}

static void make_list_length(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 156, 4);
}

/* The durations are places in a list of one. */
static void make_list_place(struct buffer *file)
{
	field(file, BLOCK_EVENTS, 160, 1);
}

/* How many parameters the payloads of the last type, openat, have. */
static void params(struct buffer *file, uint8_t n)
{
	size_t at;

	golden_small(file);
	at = block_find(file, BLOCK_EVENTS, 0);
	file->data[at + AT_TYPES + 2 * 8 + 3] = n;
	block_seal(file, at);
}

static void make_params_range(struct buffer *file)
{
	params(file, 33);
}

static void make_params_more(struct buffer *file)
{
	params(file, 9);
}

static void make_params_fewer(struct buffer *file)
{
	params(file, 2);
}

/* Other contents for SCHEMA or STATE. */
static void repack(struct buffer *file, enum block_kind kind, size_t lengths, const void *raw, size_t len)
{
	struct buffer in = {(uint8_t *)raw, len, len, false}, frame = {0};
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct packed packed;
	size_t at, header, old;

	golden_small(file);
	at = block_find(file, kind, 0);
	header = get_u32(file, at + WIRE_AT_HEADER);
	old = block_len(file, at) - header - 8;
	if (packed_encode(zstd, 6, &in, &frame, &packed) < 0)
		abort();
	buffer_append(&frame, NULL, -frame.len & 3);
	bytes_remove(file, at + header, old);
	bytes_insert(file, at + header, frame.data, frame.len);
	set_u32(file, at + lengths, packed.raw_len);
	set_u32(file, at + lengths + 4, packed.frame_len);
	set_u32(file, at + WIRE_AT_TOTAL, (uint32_t)(header + frame.len + 8));
	block_seal(file, at);
	buffer_done(&frame);
	ZSTD_freeCCtx(zstd);
}

static void make_entry_long(struct buffer *file)
{
	static const uint8_t raw[] = {0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0};

	repack(file, BLOCK_STATE, 80, raw, sizeof raw);
}

static void make_entry_short(struct buffer *file)
{
	static const uint8_t raw[] = {10, 0, 0, 0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8};

	repack(file, BLOCK_STATE, 80, raw, sizeof raw);
}

static void make_entry_text(struct buffer *file)
{
	/* GROUP with a name of 5000 bytes. */
	static uint8_t raw[4 + 2 + 4 + 2 + 5000] = {0x90, 0x13, 0, 0, 4, 0, 1, 0, 0, 0, 0x88, 0x13};

	memset(raw + 12, 'g', 5000);
	repack(file, BLOCK_STATE, 80, raw, sizeof raw);
}

static void make_schema_name(struct buffer *file)
{
	/* Type 307 named "\e[2J". */
	static const uint8_t raw[] = {18, 0, 0, 0, 2, 0, 0x33, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
				      4, 27, '[', '2', 'J'};

	repack(file, BLOCK_SCHEMA, 56, raw, sizeof raw);
}

static void make_schema_params(struct buffer *file)
{
	/* Type 307 with 33 parameters. */
	static const uint8_t raw[] = {15, 0, 0, 0, 2, 0, 0x33, 1, 0, 0, 0, 0, 0, 0, 33, 0xff, 0xff,
				      1, 'x'};

	repack(file, BLOCK_SCHEMA, 56, raw, sizeof raw);
}

static void make_schema_result(struct buffer *file)
{
	/* Type 307 without parameters, whose result is parameter 5. */
	static const uint8_t raw[] = {15, 0, 0, 0, 2, 0, 0x33, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0xff, 1, 'x'};

	repack(file, BLOCK_SCHEMA, 56, raw, sizeof raw);
}

const struct golden golden_bad[] = {
	{"no-pcapng", make_no_pcapng},
	{"header-byte", make_header_byte},
	{"frame-byte", make_frame_byte},
	{"state-byte", make_state_byte},
	{"capture-byte", make_capture_byte},
	{"total-length", make_total_length},
	{"trailer", make_trailer},
	{"cut", make_cut},
	{"cut-header", make_cut_header},
	{"cut-then-whole", make_cut_then_whole},
	{"block-gone", make_block_gone},
	{"capture-gone", make_capture_gone},
	{"capture-gone-of-two", make_capture_gone_of_two},
	{"cut-then-short", make_cut_then_short},
	{"reordered-cut", make_reordered_cut},
	{"foreign-far", make_foreign_far},
	{"foreign-length", make_foreign_length},
	{"version", make_version},
	{"incompatible", make_incompatible},
	{"capture-sequence", make_capture_sequence},
	{"texts", make_texts},
	{"text", make_text},
	{"raw-length", make_raw_length},
	{"raw-differs", make_raw_differs},
	{"frame-length", make_frame_length},
	{"frame-unchecked", make_frame_unchecked},
	{"frame-second", make_frame_second},
	{"losses", make_losses},
	{"index-entries", make_index_entries},
	{"no-events", make_no_events},
	{"many-events", make_many_events},
	{"many-threads", make_many_threads},
	{"many-types", make_many_types},
	{"type-range", make_type_range},
	{"type-count", make_type_count},
	{"last-time", make_last_time},
	{"slice-kind", make_slice_kind},
	{"slice-width", make_slice_width},
	{"slice-shift", make_slice_shift},
	{"slice-stored", make_slice_stored},
	{"slice-raw", make_slice_raw},
	{"payload-raw", make_payload_raw},
	{"type-index", make_type_index},
	{"type-column", make_type_column},
	{"thread-index", make_thread_index},
	{"cpu", make_cpu},
	{"fd", make_fd},
	{"payload-len", make_payload_len},
	{"payload-sum", make_payload_sum},
	{"payload-contradicts", golden_contradicting},
	{"payload-parts", make_payload_parts},
	{"payload-as-is", make_payload_as_is},
	{"payload-large", make_payload_large},
	{"list-length", make_list_length},
	{"list-place", make_list_place},
	{"params-range", make_params_range},
	{"params-more", make_params_more},
	{"params-fewer", make_params_fewer},
	{"entry-long", make_entry_long},
	{"entry-short", make_entry_short},
	{"entry-text", make_entry_text},
	{"schema-name", make_schema_name},
	{"schema-params", make_schema_params},
	{"schema-result", make_schema_result},
	{0},
};
