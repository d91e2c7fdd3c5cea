#include "format/events_slices.h"

#include <errno.h>
#include <stdlib.h>

/* The loops over columns are what reading costs: let gcc vectorise them as clang does at -O2. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

int events_decoder_init(struct events_decoder *d)
{
	*d = (struct events_decoder){0};
	d->zstd = ZSTD_createDCtx();
	d->rank = malloc(BATCH_EVENTS * sizeof *d->rank);
	d->type_index = malloc(BATCH_EVENTS * sizeof *d->type_index);
	d->types = malloc(BATCH_EVENTS * sizeof *d->types);
	d->next = malloc(BATCH_EVENTS * sizeof *d->next);
	d->order = malloc(BATCH_EVENTS * sizeof *d->order);
	d->payload_types = malloc(BATCH_EVENTS * sizeof *d->payload_types);
	d->values = malloc(BATCH_EVENTS * sizeof *d->values);
	d->list = malloc(BATCH_EVENTS * sizeof *d->list);
	d->plane = malloc(BATCH_EVENTS * sizeof(uint64_t));
	if (payload_join_init(&d->payload) < 0 || !d->zstd || !d->rank || !d->type_index ||
	    !d->types || !d->next || !d->order || !d->payload_types || !d->values || !d->list ||
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
	free(d->order);
	free(d->payload_types);
	payload_join_done(&d->payload);
	free(d->values);
	free(d->list);
	free(d->plane);
	*d = (struct events_decoder){0};
}

void events_decode_begin(struct events_decoder *d, struct batch *b, const struct events_head *h)
{
	d->ranks_known = d->classes_known = false;
	d->values_loaded = 0;
	b->n_events = h->n_events;
	b->n_tids = h->n_tids;
	b->first_number = h->first_number;
	b->payload_size = (size_t)(h->state_len + h->bulk_len) + 2 * PAYLOAD_PAD;
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
	"as_is", "state values", "bulk values", "tids", "state fields", "bulk fields", "gaps",
	"durations"};

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
	for (uint32_t t = 0; t < h->n_types; t++) {
		next[t] = seen;
		seen += events_head_type(h, t).n_events;
	}
	for (uint32_t i = 0; i < b->n_events; i++)
		d->rank[i] = (uint16_t)next[d->type_index[i]]++;
	/* Places are used once the counts have turned out to be true: then none was given twice. */
	seen = 0;
	for (uint32_t t = 0; t < h->n_types; t++) {
		struct type_row row = events_head_type(h, t);

		if (next[t] - seen != row.n_events)
			return error_set(err, -EBADMSG,
					 "type %u occurs %u times, its type list says %u", row.type,
					 next[t] - seen, row.n_events);
		seen += row.n_events;
	}
	d->ranks_known = true;
	return 0;
}

/* The numbers of a column that may be places in a list; *ret_list is NULL if they are not. */
static int listed_values(struct events_decoder *d, const struct events_head *h, const uint8_t *data,
			 enum wire_column column, enum wire_column list, struct values *ret,
			 const uint64_t **ret_list, struct error *err)
{
	const uint32_t n = column_len(h, list);
	uint64_t number = 0;
	struct values v;
	int r;

	*ret_list = NULL;
	if (!n)
		return column_values(d, h, data, column, h->n_events, ret, err);
	if ((r = column_values(d, h, data, list, n, &v, err)) < 0)
		return r;
	EACH(i, d->list[i], number += x);
	*ret_list = d->list;
	return column_values_below(d, h, data, column, h->n_events, n - 1, ret, err);
}

static int load_duration(struct events_decoder *d, struct batch *b, const struct events_head *h,
			 const uint8_t *data, struct error *err)
{
	const uint16_t *rank = d->rank;
	const uint32_t n = b->n_events;
	const uint64_t *list;
	struct values v;
	int r = listed_values(d, h, data, WIRE_DURATION, WIRE_DURATIONS, &v, &list, err);

	if (r < 0)
		return r;
	if (list)
		EACH(rank[i], b->duration_ns[i], list[x] - 1);
	else
		EACH(rank[i], b->duration_ns[i], x - 1);
	return 0;
}

/* When the thread's last event ended, and what passed until this one began, and until it ended. */
static inline uint64_t time_of(struct batch *b, uint64_t *last, uint32_t i, uint64_t gap)
{
	uint64_t duration = b->duration_ns[i], *t = &last[b->tid_index[i]];

	return *t += (duration == DURATION_NONE ? 0 : duration) + (uint64_t)zigzag_decode(gap);
}

static int load_time(struct events_decoder *d, struct batch *b, const struct events_head *h,
		     const uint8_t *data, struct error *err)
{
	const uint16_t *rank = d->rank;
	const uint32_t n = b->n_events;
	const uint64_t *list;
	uint64_t *last;
	struct values v;
	int r = listed_values(d, h, data, WIRE_TIME, WIRE_GAPS, &v, &list, err);

	if (r < 0)
		return r;
	/* Scratch that the numbers are not in. */
	last = v.data == d->values ? (uint64_t *)(void *)d->plane : d->values;
	for (uint32_t i = 0; i < h->n_tids; i++)
		last[i] = h->first_ns;
	if (list)
		EACH(rank[i], b->time_ns[i], time_of(b, last, i, list[x]));
	else
		EACH(rank[i], b->time_ns[i], time_of(b, last, i, x));
	if (b->time_ns[0] != h->first_ns || b->time_ns[n - 1] != h->last_ns)
		return error_set(err, -EBADMSG, "the times contradict the header");
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

/* Payloads have their lengths when they are loaded: until then, there are none. */
static int load_as_is(struct events_decoder *d, struct batch *b, const struct events_head *h,
		      const uint8_t *data, struct error *err)
{
	const uint32_t n = b->n_events;
	const uint16_t *rank = d->rank;
	struct values v;
	int r = column_values_below(d, h, data, WIRE_AS_IS, n, EVENT_PAYLOAD_MAX + 1, &v, err);

	if (r < 0)
		return r;
	EACH(rank[i], d->payload.as_is[i], (uint32_t)x);
	memset(b->payload_len, 0, n * sizeof *b->payload_len);
	memset(b->payload_at, 0, n * sizeof *b->payload_at);
	return 0;
}

/* What putting payloads together depends on: the types, and which events are of them. */
static int classes_find(struct events_decoder *d, const struct batch *b, const struct events_head *h,
			struct error *err)
{
	if (d->classes_known)
		return 0;
	layouts_reset(&d->payload.layouts, b->schema);
	for (uint32_t i = 0; i < b->n_events; i++)
		d->order[d->rank[i]] = i;
	for (uint32_t t = 0; t < h->n_types; t++) {
		struct type_row row = events_head_type(h, t);
		const struct event_info *info = schema_find(b->schema, row.type);

		if (row.n_params > info->n_params)
			return error_set(err, -EBADMSG,
					 "type %u has %u parameters here, %u in its row of SCHEMA",
					 row.type, row.n_params, info->n_params);
		d->payload_types[t] = payload_type_make(info, row.flags & TYPE_ROW_STATE,
							row.n_params, row.n_events);
	}
	d->classes_known = true;
	return 0;
}

static struct slice part_slice(const struct events_head *h, enum wire_column column)
{
	struct slice s = {0};
	size_t at = 0;

	for (uint32_t i = 0; i < h->n_slices; i++) {
		s = slice_at(h, i, &at);
		if (s.column == column)
			return s;
	}
	return (struct slice){0};
}

static int load_fields(struct events_decoder *d, const struct events_head *h, const uint8_t *data,
		       enum wire_column column, struct error *err)
{
	struct slice s = part_slice(h, column);

	if (payload_fields_room(&d->payload, s.raw) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	return s.raw ? frame_read(d->zstd, data + s.at, s.stored, d->payload.fields, s.raw,
				  column_names[column], err)
		     : 0;
}

/* The bulk class's values refer to those of the state class. */
static int load_values(struct events_decoder *d, const struct events_head *h, const uint8_t *data,
		       enum payload_class class, struct error *err)
{
	enum wire_column column = class == CLASS_STATE ? WIRE_VALUES_STATE : WIRE_VALUES_BULK;
	struct slice s = part_slice(h, column);
	uint8_t **values = d->payload.values;
	int r;

	if (d->values_loaded >> class & 1)
		return 0;
	if (payload_values_room(&d->payload, class, s.raw) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	if (class == CLASS_BULK && (r = load_values(d, h, data, CLASS_STATE, err)) < 0)
		return r;
	if (s.raw) {
		r = frame_read_after(d->zstd, values[CLASS_STATE],
				     class == CLASS_BULK ? h->values_len[CLASS_STATE] : 0,
				     data + s.at, s.stored, values[class], s.raw,
				     column_names[column], err);
		if (r < 0)
			return r;
	}
	d->values_loaded |= 1u << class;
	return 0;
}

static int load_payload(struct events_decoder *d, struct batch *b, const struct events_head *h,
			const uint8_t *data, enum payload_class class, struct error *err)
{
	const bool state = class == CLASS_STATE;
	struct payload_parts parts = {
		.class = class,
		.types = d->payload_types,
		.n_types = h->n_types,
		.type_index = d->type_index,
		.order = d->order,
		.fields_len = h->fields_len[class],
		.values_len = h->values_len[class],
		.at = state ? 0 : (size_t)h->state_len + PAYLOAD_PAD,
		.len = (size_t)(state ? h->state_len : h->bulk_len),
	};
	int r;

	if ((r = classes_find(d, b, h, err)) < 0)
		return r;
	/* Room for both classes: what is loaded stays. */
	if (payload_room(&b->payload, &d->payload_cap, b->payload_size) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	if ((r = load_fields(d, h, data, state ? WIRE_FIELDS_STATE : WIRE_FIELDS_BULK, err)) < 0 ||
	    (r = load_values(d, h, data, class, err)) < 0)
		return r;
	return payload_join(&d->payload, b, &parts, err);
}

static inline int32_t fd_of(uint64_t v)
{
	return v ? (int32_t)zigzag_decode(v - 1) : FD_NONE;
}

static int load_plain(struct events_decoder *d, struct batch *b, const struct events_head *h,
		      const uint8_t *data, enum wire_column column, struct error *err)
{
	static const uint64_t most[WIRE_COLUMN_END] = {
		[WIRE_CPU] = UINT16_MAX, [WIRE_FLAGS] = UINT16_MAX, [WIRE_RESULT] = UINT64_MAX,
		[WIRE_FD] = UINT32_MAX,	 [WIRE_SYSNO] = UINT16_MAX, [WIRE_ABSENT] = UINT32_MAX};
	const uint16_t *rank = d->rank;
	const uint32_t n = b->n_events;
	struct values v;
	int r = column_values_below(d, h, data, column, n, most[column], &v, err);

	if (r < 0)
		return r;
	switch (column) {
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
	case WIRE_DURATION: return load_duration(d, b, h, data, err);
	case WIRE_TID: return load_tid(d, b, h, data, err);
	case WIRE_TYPE: return load_type(d, b, h, data, err);
	case WIRE_AS_IS: return load_as_is(d, b, h, data, err);
	case WIRE_VALUES_STATE: return load_payload(d, b, h, data, CLASS_STATE, err);
	case WIRE_VALUES_BULK: return load_payload(d, b, h, data, CLASS_BULK, err);
	default: return load_plain(d, b, h, data, column, err);
	}
}

int events_decode(struct events_decoder *d, struct batch *b, const struct events_head *h,
		  const uint8_t *data, unsigned columns, struct error *err)
{
	/* Types first: the places of the grouped columns come from them. Times after what they are made of. */
	static const uint8_t order[] = {
		WIRE_TYPE,  WIRE_DURATION, WIRE_TID,	WIRE_TIME,  WIRE_CPU,
		WIRE_FLAGS, WIRE_RESULT,   WIRE_FD,	WIRE_SYSNO, WIRE_ABSENT,
		WIRE_AS_IS, WIRE_VALUES_STATE, WIRE_VALUES_BULK};
	int r;

	columns = columns_with_needed(columns) & ~b->loaded;
	for (unsigned i = 0; i < sizeof order; i++) {
		unsigned bit = 1u << order[i];

		if (!(columns & bit))
			continue;
		if ((bit & GROUPED) && (r = ranks_find(d, b, h, err)) < 0)
			return r;
		if ((r = load_column(d, b, h, data, order[i], err)) < 0)
			return r;
		b->loaded |= bit;
	}
	return 0;
}
