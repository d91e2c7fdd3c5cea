#include "format/events_block.h"

#include <errno.h>
#include <stdlib.h>

/* The loops over columns are what reading costs: let gcc vectorise them as clang does at -O2. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#define SLICE_ROW_LEN 12u
#define TYPE_ROW_LEN  8u

struct slice {
	uint8_t column, kind, width, shift;
	uint64_t value;	      /* of a constant */
	uint32_t stored, raw; /* of a frame: bytes in the block, bytes decompressed */
	size_t at;	      /* of a frame, in the block's data */
};

/* Columns that stand in order of type: their place needs the type column first. */
#define GROUPED                                                                                    \
	(COLUMN_DURATION | COLUMN_FLAGS | COLUMN_RESULT | COLUMN_FD | COLUMN_SYSNO |             \
	 COLUMN_ABSENT | COLUMN_PAYLOAD_LEN)

int events_decoder_init(struct events_decoder *d)
{
	*d = (struct events_decoder){0};
	d->zstd = ZSTD_createDCtx();
	d->rank = malloc(BATCH_EVENTS * sizeof *d->rank);
	d->type_index = malloc(BATCH_EVENTS * sizeof *d->type_index);
	d->types = malloc(BATCH_EVENTS * sizeof *d->types);
	d->next = malloc(BATCH_EVENTS * sizeof *d->next);
	d->values = malloc(BATCH_EVENTS * sizeof *d->values);
	d->plane = malloc(BATCH_EVENTS * sizeof(uint64_t));
	if (!d->zstd || !d->rank || !d->type_index || !d->types || !d->next || !d->values ||
	    !d->plane) {
		events_decoder_done(d);
		return -ENOMEM;
	}
	return 0;
}

void events_decoder_done(struct events_decoder *d)
{
	ZSTD_freeDCtx(d->zstd);
	free(d->rank);
	free(d->type_index);
	free(d->types);
	free(d->next);
	free(d->values);
	free(d->plane);
	*d = (struct events_decoder){0};
}

struct type_row events_head_type(const struct events_head *h, uint32_t i)
{
	struct type_row row;

	memcpy(&row, h->types + i * TYPE_ROW_LEN, sizeof row);
	return row;
}

static struct slice slice_at(const struct events_head *h, uint32_t i, size_t *at)
{
	const uint8_t *p = h->slices + i * SLICE_ROW_LEN;
	struct slice s = {.column = p[0], .kind = p[1], .width = p[2], .shift = p[3], .at = *at};

	memcpy(&s.value, p + 4, 8);
	if (s.kind == SLICE_CONSTANT)
		return s;
	s.stored = (uint32_t)s.value;
	s.raw = (uint32_t)(s.value >> 32);
	*at += s.stored;
	return s;
}

static int types_check(const struct events_head *h, struct error *err)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < h->n_types; i++) {
		struct type_row row = events_head_type(h, i);

		if (row.type >= EVENT_TYPE_MAX ||
		    (i && row.type <= events_head_type(h, i - 1).type) || !row.n_events)
			return error_set(err, -EBADMSG, "row %u of the type list is impossible", i);
		n += row.n_events;
	}
	if (n != h->n_events)
		return error_set(err, -EBADMSG, "the type list counts %llu events instead of %u",
				 (unsigned long long)n, h->n_events);
	return 0;
}

static bool slice_fits(const struct slice *s, const struct events_head *h)
{
	uint32_t n = s->column == WIRE_TIDS ? h->n_tids : h->n_events;
	bool width = s->width == 1 || s->width == 2 || s->width == 4 || s->width == 8;

	if (s->column == WIRE_PAYLOAD_STATE || s->column == WIRE_PAYLOAD_BULK)
		return s->kind == SLICE_FRAME && s->width == 1 && !s->shift &&
		       s->raw <= BATCH_PAYLOAD_MAX;
	if (s->kind == SLICE_CONSTANT)
		return true;
	return s->kind == SLICE_FRAME && width && s->shift + s->width <= 8 &&
	       s->raw == n * s->width;
}

static int slices_check(struct events_head *h, uint64_t data_len, struct error *err)
{
	size_t at = 0;

	for (uint32_t i = 0; i < h->n_slices; i++) {
		struct slice s = slice_at(h, i, &at);

		if (at > data_len)
			return error_set(err, -EBADMSG, "slice %u lies beyond the block", i);
		if (s.column >= WIRE_COLUMN_END)
			continue; /* of a newer version */
		if (!slice_fits(&s, h))
			return error_set(err, -EBADMSG, "slice %u is impossible", i);
		if (s.column == WIRE_PAYLOAD_STATE || s.column == WIRE_PAYLOAD_BULK) {
			uint64_t *len = s.column == WIRE_PAYLOAD_STATE ? &h->state_len : &h->bulk_len;

			if (*len)
				return error_set(err, -EBADMSG, "slice %u repeats a payload", i);
			*len = s.raw;
		} else {
			h->column_bytes += s.stored;
		}
	}
	if (h->state_len + h->bulk_len > BATCH_PAYLOAD_MAX)
		return error_set(err, -EBADMSG, "payload of %llu bytes exceeds %u",
				 (unsigned long long)(h->state_len + h->bulk_len), BATCH_PAYLOAD_MAX);
	return 0;
}

int events_head_parse(struct cursor *c, const struct block_head *head, struct events_head *ret,
		      struct error *err)
{
	int r;

	*ret = (struct events_head){0};
	ret->n_events = cursor_u32(c);
	ret->first_number = cursor_u64(c);
	ret->first_ns = cursor_u64(c);
	ret->last_ns = cursor_u64(c);
	ret->n_hidden = cursor_u32(c);
	ret->n_tids = cursor_u32(c);
	ret->n_types = cursor_u16(c);
	ret->n_slices = cursor_u16(c);
	ret->tid_bits = cursor_bytes(c, TID_BITS_LEN);
	ret->types = cursor_bytes(c, (size_t)ret->n_types * TYPE_ROW_LEN);
	ret->slices = cursor_bytes(c, (size_t)ret->n_slices * SLICE_ROW_LEN);
	if (cursor_failed(c))
		return error_set(err, -EBADMSG, "its header ends early");
	if (!ret->n_events || ret->n_events > BATCH_EVENTS || !ret->n_tids ||
	    ret->n_tids > ret->n_events || ret->n_slices > WIRE_SLICES_MAX ||
	    ret->n_hidden > ret->n_events)
		return error_set(err, -EBADMSG,
				 "counts of %u events, %u threads, %u slices are impossible",
				 ret->n_events, ret->n_tids, ret->n_slices);
	if ((r = types_check(ret, err)) < 0)
		return r;
	return slices_check(ret, head->total - WIRE_TAIL - head->header, err);
}

void events_decode_begin(struct events_decoder *d, struct batch *b, const struct events_head *h)
{
	d->ranks_known = false;
	b->n_events = h->n_events;
	b->n_tids = h->n_tids;
	b->first_number = h->first_number;
	b->payload_size = (size_t)(h->state_len + h->bulk_len);
	b->loaded = 0;
	b->none_hidden = h->n_hidden == 0;
}

/*
 * The numbers of a column, in the narrowest type that holds them: most columns are bytes, which stay in the
 * first-level cache. BY_WIDTH repeats a loop for each type, with T as its name.
 */
struct values {
	unsigned width;	     /* 0: all are `constant` */
	uint64_t constant;
	const void *data;
};

#define BY_WIDTH(width, ...)                                                                       \
	switch (width) {                                                                           \
	case 1: {                                                                                  \
		typedef uint8_t T;                                                                 \
		__VA_ARGS__                                                                        \
	} break;                                                                                   \
	case 2: {                                                                                  \
		typedef uint16_t T;                                                                \
		__VA_ARGS__                                                                        \
	} break;                                                                                   \
	case 4: {                                                                                  \
		typedef uint32_t T;                                                                \
		__VA_ARGS__                                                                        \
	} break;                                                                                   \
	default: {                                                                                 \
		typedef uint64_t T;                                                                \
		__VA_ARGS__                                                                        \
	} break;                                                                                   \
	}

static const char *const column_names[WIRE_COLUMN_END] = {
	"time", "duration", "tid", "type", "cpu", "flags", "result", "fd", "sysno", "absent",
	"payload_len", "state payload", "bulk payload", "tids"};

static void merge_plane(void *to, unsigned to_width, const uint8_t *plane, const struct slice *s,
			uint32_t n)
{
	const unsigned shift = 8 * s->shift;

	if (s->width == 1) {
		BY_WIDTH(to_width, T *restrict v = to; const uint8_t *restrict p = plane;
			 for (uint32_t i = 0; i < n; i++) v[i] |= (T)((T)p[i] << shift);)
		return;
	}
	BY_WIDTH(to_width, T *v = to; for (uint32_t i = 0; i < n; i++) {
		uint64_t more = 0;

		memcpy(&more, plane + (size_t)i * s->width, s->width);
		v[i] |= (T)(more << shift);
	})
}

static unsigned width_of(unsigned bytes)
{
	return bytes <= 2 ? bytes : bytes <= 4 ? 4 : 8;
}

/* Puts the numbers of a column together; they stay valid until the next call. */
static int column_values(struct events_decoder *d, const struct events_head *h, const uint8_t *data,
			 enum wire_column column, uint32_t n, struct values *ret, struct error *err)
{
	unsigned bytes = 0, n_frames = 0, shifts = 0;
	size_t at = 0;
	int r;

	*ret = (struct values){0};
	for (uint32_t i = 0; i < h->n_slices; i++) {
		struct slice s = slice_at(h, i, &at);

		if (s.column != column)
			continue;
		if (s.kind == SLICE_CONSTANT) {
			ret->constant |= s.value;
			continue;
		}
		n_frames++;
		shifts |= s.shift;
		if ((unsigned)s.shift + s.width > bytes)
			bytes = (unsigned)s.shift + s.width;
	}
	if (!n_frames)
		return 0;
	while (bytes < 8 && ret->constant >> (8 * bytes))
		bytes++;
	ret->width = width_of(bytes);
	/* One frame that is all of it needs no putting together. */
	ret->data = n_frames == 1 && !shifts && !ret->constant ? (void *)d->plane : d->values;
	if (ret->data == d->values) {
		BY_WIDTH(ret->width, T *v = (void *)d->values;
			 for (uint32_t i = 0; i < n; i++) v[i] = (T)ret->constant;)
	}
	at = 0;
	for (uint32_t i = 0; i < h->n_slices; i++) {
		struct slice s = slice_at(h, i, &at);

		if (s.column != column || s.kind == SLICE_CONSTANT)
			continue;
		if ((r = frame_read(d->zstd, data + s.at, s.stored, d->plane, s.raw,
				    column_names[column], err)) < 0)
			return r;
		if (ret->data == d->values)
			merge_plane(d->values, ret->width, d->plane, &s, n);
	}
	return 0;
}

/* The same for columns whose numbers have a limit. */
static int column_values_below(struct events_decoder *d, const struct events_head *h,
			       const uint8_t *data, enum wire_column column, uint32_t n, uint64_t most,
			       struct values *ret, struct error *err)
{
	uint64_t v = 0;
	uint32_t i = 0;
	int r = column_values(d, h, data, column, n, ret, err);

	if (r < 0)
		return r;
	if (!ret->width) {
		v = ret->constant;
	} else if (ret->width == 8 || most >> (8 * ret->width) == 0) {
		BY_WIDTH(ret->width, const T *from = ret->data; T above = 0; const T top = (T)most;
			 for (uint32_t k = 0; k < n; k++) above |= from[k] > top;
			 while (above && from[i] <= most) i++;
			 v = above ? from[i] : 0;)
	}
	return v <= most ? 0
			 : error_set(err, -EBADMSG, "column %s: number %u is %llu, which is impossible",
				     column_names[column], i, (unsigned long long)v);
}

/* place = value(x) for every event; x is number `from` of the column. */
#define EACH(from, place, value)                                                                   \
	do {                                                                                       \
		if (!v.width) {                                                                    \
			const uint64_t x = v.constant;                                             \
			for (uint32_t i = 0; i < n; i++)                                           \
				place = (value);                                                   \
		} else {                                                                           \
			BY_WIDTH(v.width, const T *numbers = v.data;                               \
				 for (uint32_t i = 0; i < n; i++) {                                \
					 const uint64_t x = numbers[from];                         \
					 place = (value);                                          \
				 })                                                                \
		}                                                                                  \
	} while (0)

static int load_type(struct events_decoder *d, struct batch *b, const struct events_head *h,
		     const uint8_t *data, struct error *err)
{
	const uint32_t n = b->n_events;
	struct values v;
	int r;

	if ((r = column_values_below(d, h, data, WIRE_TYPE, n, h->n_types - 1u, &v, err)) < 0)
		return r;
	for (uint32_t i = 0; i < h->n_types; i++)
		d->types[i] = events_head_type(h, i).type;
	uint16_t *restrict type = b->type, *restrict index = d->type_index;
	const uint16_t *restrict types = d->types;

	EACH(i, index[i], (uint16_t)x);
	for (uint32_t i = 0; i < n; i++)
		type[i] = types[index[i]];
	return 0;
}

/*
 * Finds every event's place in grouped order. The counts of the type list must be true: places depend
 * on them.
 */
static int ranks_find(struct events_decoder *d, const struct batch *b, const struct events_head *h,
		      struct error *err)
{
	uint32_t *next = d->next, seen = 0;

	if (d->ranks_known)
		return 0;
	memset(next, 0, h->n_types * sizeof *next);
	for (uint32_t i = 0; i < b->n_events; i++)
		next[d->type_index[i]]++;
	for (uint32_t t = 0; t < h->n_types; t++) {
		struct type_row row = events_head_type(h, t);

		if (next[t] != row.n_events)
			return error_set(err, -EBADMSG,
					 "type %u occurs %u times, its type list says %u", row.type,
					 next[t], row.n_events);
		next[t] = seen;
		seen += row.n_events;
	}
	for (uint32_t i = 0; i < b->n_events; i++)
		d->rank[i] = (uint16_t)next[d->type_index[i]]++;
	d->ranks_known = true;
	return 0;
}

static int load_time(struct events_decoder *d, struct batch *b, const struct events_head *h,
		     const uint8_t *data, struct error *err)
{
	const uint32_t n = b->n_events;
	uint64_t t = h->first_ns;
	struct values v;
	int r;

	if ((r = column_values(d, h, data, WIRE_TIME, n, &v, err)) < 0)
		return r;
	EACH(i, b->time_ns[i], t += x);
	if (t != h->last_ns)
		return error_set(err, -EBADMSG, "the last time contradicts the header");
	return 0;
}

static int load_tid(struct events_decoder *d, struct batch *b, const struct events_head *h,
		    const uint8_t *data, struct error *err)
{
	uint32_t n = h->n_tids;
	struct values v;
	int r;

	if ((r = column_values(d, h, data, WIRE_TIDS, n, &v, err)) < 0)
		return r;
	EACH(i, b->tids[i], zigzag_decode(x));
	n = b->n_events;
	if ((r = column_values_below(d, h, data, WIRE_TID, n, h->n_tids - 1, &v, err)) < 0)
		return r;
	EACH(i, b->tid_index[i], (uint16_t)x);
	return 0;
}

/* Lengths, and from them the place of every event's payload: state class in front, then bulk. */
static int load_payload_len(struct events_decoder *d, struct batch *b, const struct events_head *h,
			    const uint8_t *data, struct error *err)
{
	const uint32_t n = b->n_events;
	const uint16_t *rank = d->rank;
	uint64_t state = 0, bulk = h->state_len;
	uint32_t k = 0, *places = d->next;
	struct values v;
	int r;

	if ((r = column_values_below(d, h, data, WIRE_PAYLOAD_LEN, n, EVENT_PAYLOAD_MAX, &v, err)) < 0)
		return r;
	EACH(rank[i], b->payload_len[i], (uint32_t)x);
	EACH(i, places[i], (uint32_t)x);
	for (uint32_t t = 0; t < h->n_types; t++) {
		struct type_row row = events_head_type(h, t);
		uint64_t at = row.flags & TYPE_ROW_STATE ? state : bulk;

		for (uint32_t end = k + row.n_events; k < end; k++) {
			uint32_t len = places[k];

			places[k] = (uint32_t)at;
			at += len;
		}
		*(row.flags & TYPE_ROW_STATE ? &state : &bulk) = at;
	}
	if (state != h->state_len || bulk != h->state_len + h->bulk_len)
		return error_set(err, -EBADMSG, "payload lengths add up to %llu bytes instead of %llu",
				 (unsigned long long)(state + bulk - h->state_len),
				 (unsigned long long)(h->state_len + h->bulk_len));
	for (uint32_t i = 0; i < n; i++)
		b->payload_at[i] = places[rank[i]];
	return 0;
}

/* Room for both classes; a class that is not loaded has bytes of no meaning. */
static int payload_room(struct events_decoder *d, struct batch *b)
{
	uint8_t *p;

	if (b->payload_size <= d->payload_cap)
		return 0;
	if (!(p = calloc(1, b->payload_size)))
		return -ENOMEM;
	free(b->payload);
	b->payload = p;
	d->payload_cap = b->payload_size;
	return 0;
}

static int load_payload(struct events_decoder *d, struct batch *b, const struct events_head *h,
			const uint8_t *data, enum wire_column column, struct error *err)
{
	size_t at = 0;
	int r;

	if ((r = payload_room(d, b)) < 0)
		return error_set(err, r, "out of memory");
	for (uint32_t i = 0; i < h->n_slices; i++) {
		struct slice s = slice_at(h, i, &at);

		if (s.column == column && s.raw)
			return frame_read(d->zstd, data + s.at, s.stored,
					  b->payload + (column == WIRE_PAYLOAD_BULK ? h->state_len
										   : 0),
					  s.raw, column_names[column], err);
	}
	return 0;
}

static inline int32_t fd_of(uint64_t v)
{
	return v ? (int32_t)zigzag_decode(v - 1) : FD_NONE;
}

static int load_plain(struct events_decoder *d, struct batch *b, const struct events_head *h,
		      const uint8_t *data, enum wire_column column, struct error *err)
{
	static const uint64_t most[WIRE_COLUMN_END] = {
		[WIRE_DURATION] = UINT64_MAX, [WIRE_CPU] = UINT16_MAX,	 [WIRE_FLAGS] = UINT16_MAX,
		[WIRE_RESULT] = UINT64_MAX,   [WIRE_FD] = UINT32_MAX, [WIRE_SYSNO] = UINT16_MAX,
		[WIRE_ABSENT] = UINT32_MAX};
	const uint16_t *rank = d->rank;
	const uint32_t n = b->n_events;
	struct values v;
	int r = column_values_below(d, h, data, column, n, most[column], &v, err);

	if (r < 0)
		return r;
	switch (column) {
	case WIRE_DURATION: EACH(rank[i], b->duration_ns[i], x - 1); break;
	case WIRE_CPU: EACH(i, b->cpu[i], (uint16_t)x); break;
	case WIRE_FLAGS: EACH(rank[i], b->flags[i], (uint16_t)x); break;
	case WIRE_RESULT: EACH(rank[i], b->result[i], zigzag_decode(x)); break;
	case WIRE_FD: EACH(rank[i], b->fd[i], fd_of(x)); break;
	case WIRE_SYSNO: EACH(rank[i], b->sysno[i], (uint16_t)x); break;
	case WIRE_ABSENT: EACH(rank[i], b->absent[i], (uint32_t)x); break;
	default: break;
	}
	return 0;
}

static int load_column(struct events_decoder *d, struct batch *b, const struct events_head *h,
		       const uint8_t *data, enum wire_column column, struct error *err)
{
	switch (column) {
	case WIRE_TIME: return load_time(d, b, h, data, err);
	case WIRE_TID: return load_tid(d, b, h, data, err);
	case WIRE_TYPE: return load_type(d, b, h, data, err);
	case WIRE_PAYLOAD_LEN: return load_payload_len(d, b, h, data, err);
	case WIRE_PAYLOAD_STATE:
	case WIRE_PAYLOAD_BULK: return load_payload(d, b, h, data, column, err);
	default: return load_plain(d, b, h, data, column, err);
	}
}

static unsigned columns_with_needed(unsigned columns)
{
	if (columns & (COLUMN_PAYLOAD_STATE | COLUMN_PAYLOAD_BULK))
		columns |= COLUMN_PAYLOAD_LEN;
	if (columns & GROUPED)
		columns |= COLUMN_TYPE;
	return columns;
}

size_t events_extent(const struct events_head *h, unsigned columns)
{
	size_t at = 0, extent = 0;

	columns = columns_with_needed(columns);
	for (uint32_t i = 0; i < h->n_slices; i++) {
		struct slice s = slice_at(h, i, &at);
		unsigned column = s.column == WIRE_TIDS ? WIRE_TID : s.column;

		if (column < WIRE_COLUMN_END && columns >> column & 1)
			extent = at;
	}
	return extent;
}

int events_decode(struct events_decoder *d, struct batch *b, const struct events_head *h,
		  const uint8_t *data, unsigned columns, struct error *err)
{
	int r;

	columns = columns_with_needed(columns) & ~b->loaded;
	/* Types first: the places of the grouped columns come from them. */
	if (columns & COLUMN_TYPE) {
		if ((r = load_type(d, b, h, data, err)) < 0)
			return r;
		b->loaded |= COLUMN_TYPE;
	}
	if ((columns & GROUPED) && (r = ranks_find(d, b, h, err)) < 0)
		return r;
	for (unsigned column = 0; column <= WIRE_PAYLOAD_BULK; column++) {
		if (!(columns & ~b->loaded & 1u << column))
			continue;
		if ((r = load_column(d, b, h, data, column, err)) < 0)
			return r;
		b->loaded |= 1u << column;
	}
	return 0;
}
