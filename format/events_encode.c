#include "format/events_block.h"

#include <errno.h>
#include <stdlib.h>

/*
 * How the bytes of a column's values are laid out. Measured on 320,000 real calls, bytes an event: times
 * 1.61 with a frame for each byte, 1.95 with the bytes of a value together; durations 1.18 and 1.48; results
 * 0.18 and 0.23. One Huffman table then serves bytes of one kind. What repeats from event to event does as
 * well together, and needs fewer frames.
 */
enum layout { LAYOUT_PLANES, LAYOUT_TOGETHER, LAYOUT_PLANES_BY_TYPE };

int events_encoder_init(struct events_encoder *e)
{
	*e = (struct events_encoder){0};
	e->zstd = ZSTD_createCCtx();
	e->counts = calloc(EVENT_TYPE_MAX, sizeof *e->counts);
	e->types = malloc(BATCH_EVENTS * sizeof *e->types);
	e->order = malloc(BATCH_EVENTS * sizeof *e->order);
	e->values = malloc(BATCH_EVENTS * sizeof *e->values);
	e->keys = malloc(BATCH_EVENTS * sizeof *e->keys);
	e->plane = malloc(BATCH_EVENTS * sizeof(uint64_t));
	e->type_index = malloc(BATCH_EVENTS * sizeof *e->type_index);
	e->type_ends = malloc(BATCH_EVENTS * sizeof *e->type_ends);
	e->payload_types = malloc(BATCH_EVENTS * sizeof *e->payload_types);
	if (payload_split_init(&e->payload) < 0 || !e->zstd || !e->counts || !e->types || !e->order ||
	    !e->values || !e->keys || !e->plane || !e->type_index || !e->type_ends || !e->payload_types) {
		events_encoder_done(e);
		return -ENOMEM;
	}
	return 0;
}

void events_encoder_done(struct events_encoder *e)
{
	ZSTD_freeCCtx(e->zstd);
	buffer_done(&e->block);
	buffer_done(&e->slices);
	buffer_done(&e->frames);
	payload_split_done(&e->payload);
	free(e->counts);
	free(e->types);
	free(e->order);
	free(e->values);
	free(e->keys);
	free(e->plane);
	free(e->type_index);
	free(e->type_ends);
	free(e->payload_types);
	*e = (struct events_encoder){0};
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Counts types, lists them in ascending order and sorts the events by (type, time). */
static void group_by_type(struct events_encoder *e, const struct batch *b, uint32_t from, uint32_t n)
{
	uint32_t *found = e->type_ends, at = 0;

	e->n_types = e->n_hidden = 0;
	for (uint32_t i = from; i < from + n; i++) {
		if (!e->counts[b->type[i]]++)
			found[e->n_types++] = b->type[i];
		e->n_hidden += (b->flags[i] & EVENT_HIDDEN) != 0;
	}
	qsort(found, e->n_types, sizeof *found, ascending);
	for (uint32_t i = 0; i < e->n_types; i++) {
		uint32_t t = found[i], count = e->counts[t];
		const struct event_info *info = schema_find(b->schema, (uint16_t)t);
		bool state = event_info_is_state(info);

		e->payload_types[i] = payload_type_make(info, state, info->n_params, count);
		e->types[i] = (struct type_row){(uint16_t)t, state ? TYPE_ROW_STATE : 0, info->n_params, count};
		e->counts[t] = i;
	}
	for (uint32_t i = 0; i < n; i++)
		e->type_index[i] = (uint16_t)e->counts[b->type[from + i]];
	for (uint32_t i = 0; i < e->n_types; i++) {
		e->counts[e->types[i].type] = at;
		at += e->types[i].n_events;
		e->type_ends[i] = at;
	}
	for (uint32_t i = from; i < from + n; i++)
		e->order[e->counts[b->type[i]]++] = i;
	for (uint32_t i = 0; i < e->n_types; i++)
		e->counts[e->types[i].type] = 0;
}

static void put_slice(struct events_encoder *e, enum wire_column column, enum wire_slice kind,
		      unsigned width, unsigned shift, size_t stored, size_t raw)
{
	struct buffer *b = &e->slices;

	buffer_u8(b, (uint8_t)column);
	buffer_u8(b, (uint8_t)kind);
	buffer_u8(b, (uint8_t)width);
	buffer_u8(b, (uint8_t)shift);
	buffer_u32(b, (uint32_t)stored);
	buffer_u32(b, (uint32_t)raw);
	e->n_slices++;
}

static int put_frame(struct events_encoder *e, enum wire_column column, unsigned width,
		     unsigned shift, const void *data, size_t len, int level)
{
	size_t before = e->frames.len;
	int r = frame_append(e->zstd, level, &e->frames, data, len);

	put_slice(e, column, SLICE_FRAME, width, shift, e->frames.len - before, len);
	return r;
}

/* One byte of every number; in grouped order, with statistics by type. */
static int put_plane(struct events_encoder *e, enum wire_column column, uint32_t n, unsigned shift,
		     enum layout layout, int level)
{
	size_t before = e->frames.len;
	int r;

	for (uint32_t i = 0; i < n; i++)
		e->plane[i] = (uint8_t)(e->values[i] >> (8 * shift));
	if (layout != LAYOUT_PLANES_BY_TYPE)
		return put_frame(e, column, 1, shift, e->plane, n, level);
	r = frame_append_pieces(e->zstd, level, &e->frames, e->plane, n, e->type_ends, e->n_types);
	put_slice(e, column, SLICE_FRAME, 1, shift, e->frames.len - before, n);
	return r;
}

static int put_bytes(struct events_encoder *e, enum wire_column column, uint32_t n, unsigned width,
		     unsigned shift, int level)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t v = e->values[i] >> (8 * shift);

		memcpy(e->plane + (size_t)i * width, &v, width);
	}
	return put_frame(e, column, width, shift, e->plane, (size_t)n * width, level);
}

static void put_constant(struct events_encoder *e, enum wire_column column, uint64_t v)
{
	/* The value stands where a frame has its two lengths: the header's checksum covers it. */
	if (v)
		put_slice(e, column, SLICE_CONSTANT, 0, 0, (uint32_t)v, v >> 32);
}

/* Writes e->values[0..n) as the slices of a column: what is the same in all once, the rest as frames. */
static int put_column(struct events_encoder *e, enum wire_column column, uint32_t n,
		      enum layout layout, int level)
{
	uint64_t differ = 0, varying = 0;
	unsigned low, high, width;
	int r = 0;

	for (uint32_t i = 1; i < n; i++)
		differ |= e->values[i] ^ e->values[0];
	for (unsigned k = 0; k < 8; k++) {
		if (differ >> (8 * k) & 0xFF)
			varying |= (uint64_t)0xFF << (8 * k);
	}
	if (!varying) {
		put_constant(e, column, e->values[0]);
		return 0;
	}
	low = (unsigned)__builtin_ctzll(varying) / 8;
	high = 7 - (unsigned)__builtin_clzll(varying) / 8;
	if (layout == LAYOUT_TOGETHER) {
		for (width = 1; width < high - low + 1; width *= 2)
			;
		/* Bytes beside the varying ones that the width takes in are stored with them. */
		if (low + width > 8)
			low = 8 - width;
		varying = width == 8 ? UINT64_MAX : (((uint64_t)1 << (8 * width)) - 1) << (8 * low);
		put_constant(e, column, e->values[0] & ~varying);
		return put_bytes(e, column, n, width, low, level);
	}
	put_constant(e, column, e->values[0] & ~varying);
	for (unsigned k = low; k <= high && r == 0; k++) {
		if (varying >> (8 * k) & 0xFF)
			r = put_plane(e, column, n, k, layout, level);
	}
	return r;
}

/*
 * Sorts e->keys by their bits from KEY_PLACE_BITS up; e->plane is the other half of the room. A key is a
 * number with its place in the column behind it.
 */
#define KEY_PLACE_BITS 14u
#define KEY_DIGIT_BITS 11u

static void keys_sort(struct events_encoder *e, uint32_t n, uint64_t most)
{
	uint64_t *from = e->keys, *to = (uint64_t *)(void *)e->plane;

	for (unsigned shift = KEY_PLACE_BITS; most; shift += KEY_DIGIT_BITS, most >>= KEY_DIGIT_BITS) {
		uint32_t at[1u << KEY_DIGIT_BITS] = {0}, sum = 0;
		const uint64_t mask = (1u << KEY_DIGIT_BITS) - 1;
		uint64_t *sorted = to;

		for (uint32_t i = 0; i < n; i++)
			at[from[i] >> shift & mask]++;
		for (uint32_t d = 0; d <= mask; d++) {
			uint32_t count = at[d];

			at[d] = sum;
			sum += count;
		}
		for (uint32_t i = 0; i < n; i++)
			sorted[at[from[i] >> shift & mask]++] = from[i];
		to = from;
		from = sorted;
	}
	if (from != e->keys)
		memcpy(e->keys, from, n * sizeof *from);
}

/*
 * Clocks tick: that of many machines gives times in steps of 10 ns and more, so that a block has few distinct
 * times between events. Where it does, the column holds places in a list of them. *ret_n is the list's
 * length, 0: none. Measured: 2.5 bytes an event instead of 2.85 for gaps and durations together.
 */
#define LIST_SHARE 4u /* of the numbers must be distinct at most one in so many */

static int put_listed_column(struct events_encoder *e, enum wire_column column,
			     enum wire_column list, uint32_t n, uint32_t *ret_n, int level)
{
	uint64_t *v = e->values, most = 0;
	uint32_t n_list = 0;
	int r;

	*ret_n = 0;
	for (uint32_t i = 0; i < n; i++)
		most |= v[i];
	if (most >> (64 - KEY_PLACE_BITS))
		return put_column(e, column, n, LAYOUT_PLANES_BY_TYPE, level);
	for (uint32_t i = 0; i < n; i++)
		e->keys[i] = v[i] << KEY_PLACE_BITS | i;
	keys_sort(e, n, most);
	for (uint32_t i = 0; i < n; i++)
		n_list += !i || e->keys[i] >> KEY_PLACE_BITS != e->keys[i - 1] >> KEY_PLACE_BITS;
	if (n_list > n / LIST_SHARE)
		return put_column(e, column, n, LAYOUT_PLANES_BY_TYPE, level);
	*ret_n = n_list;
	n_list = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = e->keys[i] >> KEY_PLACE_BITS;
		uint64_t before = i ? e->keys[i - 1] >> KEY_PLACE_BITS : 0;

		if (!i || number != before)
			v[n_list++] = number - before;
	}
	if ((r = put_column(e, list, n_list, LAYOUT_PLANES, level)) < 0)
		return r;
	n_list = 0;
	for (uint32_t i = 0; i < n; i++) {
		n_list += i && e->keys[i] >> KEY_PLACE_BITS != e->keys[i - 1] >> KEY_PLACE_BITS;
		v[e->keys[i] & ((1u << KEY_PLACE_BITS) - 1)] = n_list;
	}
	return put_column(e, column, n, LAYOUT_PLANES_BY_TYPE, level);
}

static uint64_t fd_value(int32_t fd)
{
	return fd == FD_NONE ? 0 : (uint32_t)(((uint32_t)fd << 1) ^ (uint32_t)(fd >> 31)) + 1;
}

/* Types and CPUs. The types come first: most questions need them, and one read gets them with the header. */
static int put_first_columns(struct events_encoder *e, const struct batch *b, uint32_t from,
			     uint32_t n, int level)
{
	int r;

	for (uint32_t i = 0; i < n; i++)
		e->values[i] = e->type_index[i];
	if ((r = put_column(e, WIRE_TYPE, n, LAYOUT_TOGETHER, level)) < 0)
		return r;
	for (uint32_t i = 0; i < n; i++)
		e->values[i] = b->cpu[from + i];
	return put_column(e, WIRE_CPU, n, LAYOUT_TOGETHER, level);
}

/*
 * Times: how long a call took, and how long its thread had done without before it, by type. These two depend
 * on what the program does; the time from one event to the next of any thread, on which threads run, too.
 */
static int put_times(struct events_encoder *e, const struct batch *b, uint32_t from, uint32_t n,
		     int level)
{
	uint64_t *last = (uint64_t *)(void *)e->plane; /* per thread of the batch, when its last event ended */
	uint64_t *gap = e->keys;
	int r;

	for (uint32_t i = 0; i < n; i++)
		e->values[i] = b->duration_ns[e->order[i]] + 1;
	if ((r = put_listed_column(e, WIRE_DURATION, WIRE_DURATIONS, n, &e->n_durations, level)) < 0)
		return r;
	for (uint32_t i = from; i < from + n; i++)
		last[b->tid_index[i]] = b->time_ns[from];
	for (uint32_t i = from; i < from + n; i++) {
		uint64_t duration = b->duration_ns[i] == DURATION_NONE ? 0 : b->duration_ns[i];
		uint64_t *at = &last[b->tid_index[i]];

		gap[i - from] = zigzag_encode((int64_t)(b->time_ns[i] - duration - *at));
		*at = b->time_ns[i];
	}
	for (uint32_t i = 0; i < n; i++)
		e->values[i] = gap[e->order[i] - from];
	return put_listed_column(e, WIRE_TIME, WIRE_GAPS, n, &e->n_gaps, level);
}

/* Threads: those that occur in the range, in order of appearance, and an index for each event. */
static int put_tids(struct events_encoder *e, const struct batch *b, uint32_t from, uint32_t n,
		    uint8_t bits[TID_BITS_LEN], uint32_t *ret_n, int level)
{
	uint32_t *renumber = (uint32_t *)e->plane; /* index in the batch -> index in the block + 1 */
	uint64_t *v = e->values;
	uint32_t n_tids = 0;
	int64_t *tids;
	int r;

	memset(bits, 0, TID_BITS_LEN);
	if (!(tids = malloc(n * sizeof *tids)))
		return -ENOMEM;
	memset(renumber, 0, b->n_tids * sizeof *renumber);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = b->tid_index[from + i];

		if (!renumber[at]) {
			uint32_t bit = tid_bit(b->tids[at]);

			bits[bit / 8] |= (uint8_t)(1 << bit % 8);
			tids[n_tids] = b->tids[at];
			renumber[at] = ++n_tids;
		}
		v[i] = renumber[at] - 1;
	}
	*ret_n = n_tids;
	r = put_column(e, WIRE_TID, n, LAYOUT_TOGETHER, level);
	for (uint32_t i = 0; i < n_tids; i++)
		v[i] = zigzag_encode(tids[i]);
	free(tids);
	return r < 0 ? r : put_column(e, WIRE_TIDS, n_tids, LAYOUT_TOGETHER, level);
}

/* The columns in order of type, then time: what one type of event has alike stands together. */
static int put_grouped_columns(struct events_encoder *e, const struct batch *b, uint32_t from,
			       uint32_t n, int level)
{
	const uint32_t *order = e->order;
	uint64_t *v = e->values;
	int r;

#define GROUPED(column, value, layout)                                                             \
	do {                                                                                       \
		for (uint32_t i = 0; i < n; i++)                                                   \
			v[i] = (value);                                                            \
		if ((r = put_column(e, column, n, layout, level)) < 0)                             \
			return r;                                                                  \
	} while (0)
	GROUPED(WIRE_FLAGS, b->flags[order[i]], LAYOUT_TOGETHER);
	GROUPED(WIRE_RESULT, zigzag_encode(b->result[order[i]]), LAYOUT_PLANES_BY_TYPE);
	GROUPED(WIRE_FD, fd_value(b->fd[order[i]]), LAYOUT_TOGETHER);
	GROUPED(WIRE_SYSNO, b->sysno[order[i]], LAYOUT_TOGETHER);
	GROUPED(WIRE_ABSENT, b->absent[order[i]], LAYOUT_TOGETHER);
	GROUPED(WIRE_AS_IS, e->payload.as_is[order[i] - from], LAYOUT_TOGETHER);
#undef GROUPED
	return 0;
}

static int put_payload(struct events_encoder *e, enum payload_class class, enum wire_column fields,
		       enum wire_column values, int level)
{
	static const struct buffer nothing;
	const struct payload_split *p = &e->payload;
	const struct buffer *v = &p->values[class];
	size_t before;
	int r = 0;

	if (p->fields[class].len)
		r = put_frame(e, fields, 1, 0, p->fields[class].data, p->fields[class].len, level);
	if (r < 0 || !v->len)
		return r;
	/* The same paths and names are in both classes; the state class must do without the other. */
	before = e->frames.len;
	r = frame_append_after(e->zstd, level, &e->frames,
			       class == CLASS_BULK ? &p->values[CLASS_STATE] : &nothing, v->data,
			       v->len);
	put_slice(e, values, SLICE_FRAME, 1, 0, e->frames.len - before, v->len);
	return r;
}

static void put_block(struct events_encoder *e, const struct batch *b, uint32_t from, uint32_t n,
		      uint64_t first_number, const uint8_t *tid_bits, uint32_t n_tids,
		      const uint8_t *id, uint64_t sequence)
{
	struct buffer *out = &e->block;

	block_begin(out, BLOCK_EVENTS, id, sequence);
	buffer_u32(out, n);
	buffer_u64(out, first_number);
	buffer_u64(out, b->time_ns[from]);
	buffer_u64(out, b->time_ns[from + n - 1]);
	buffer_u32(out, e->n_hidden);
	buffer_u32(out, n_tids);
	buffer_u16(out, (uint16_t)e->n_types);
	buffer_u16(out, (uint16_t)e->n_slices);
	buffer_append(out, tid_bits, TID_BITS_LEN);
	buffer_u32(out, e->n_gaps);
	buffer_u32(out, e->n_durations);
	buffer_u32(out, (uint32_t)e->payload.len[CLASS_STATE]);
	buffer_u32(out, (uint32_t)e->payload.len[CLASS_BULK]);
	for (uint32_t i = 0; i < e->n_types; i++) {
		buffer_u16(out, e->types[i].type);
		buffer_u8(out, e->types[i].flags);
		buffer_u8(out, e->types[i].n_params);
		buffer_u32(out, e->types[i].n_events);
	}
	buffer_append(out, e->slices.data, e->slices.len);
	block_header_end(out);
	buffer_append(out, e->frames.data, e->frames.len);
	block_end(out);
}

int events_encode(struct events_encoder *e, const struct batch *b, uint32_t from, uint32_t n,
		  uint64_t first_number, const uint8_t id[WIRE_ID_LEN], uint64_t sequence, int level)
{
	uint8_t tid_bits[TID_BITS_LEN];
	uint32_t n_tids;
	int r;

	buffer_clear(&e->slices);
	buffer_clear(&e->frames);
	e->n_slices = 0;
	group_by_type(e, b, from, n);
	if ((r = payload_split(&e->payload, b, from, n, e->payload_types, e->n_types,
			       e->type_index, e->order)) < 0 ||
	    (r = put_first_columns(e, b, from, n, level)) < 0 ||
	    (r = put_tids(e, b, from, n, tid_bits, &n_tids, level)) < 0 ||
	    (r = put_times(e, b, from, n, level)) < 0 ||
	    (r = put_grouped_columns(e, b, from, n, level)) < 0 ||
	    (r = put_payload(e, CLASS_STATE, WIRE_FIELDS_STATE, WIRE_VALUES_STATE, level)) < 0 ||
	    (r = put_payload(e, CLASS_BULK, WIRE_FIELDS_BULK, WIRE_VALUES_BULK, level)) < 0)
		return r;
	put_block(e, b, from, n, first_number, tid_bits, n_tids, id, sequence);
	return buffer_failed(&e->block) || buffer_failed(&e->slices) || buffer_failed(&e->frames)
		       ? -ENOMEM
		       : 0;
}
