#include "format/events_slices.h"

#include <errno.h>

#define TYPE_ROW_LEN 8u

struct type_row events_head_type(const struct events_head *h, uint32_t i)
{
	struct type_row row;

	memcpy(&row, h->types + i * TYPE_ROW_LEN, sizeof row);
	return row;
}

static int types_check(const struct events_head *h, struct error *err)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < h->n_types; i++) {
		struct type_row row = events_head_type(h, i);

		if (row.type >= EVENT_TYPE_MAX || row.n_params > EVENT_PARAMS_MAX ||
		    (i && row.type <= events_head_type(h, i - 1).type) || !row.n_events)
			return error_set(err, -EBADMSG, "row %u of the type list is impossible", i);
		n += row.n_events;
	}
	if (n != h->n_events)
		return error_set(err, -EBADMSG, "the type list counts %llu events instead of %u",
				 (unsigned long long)n, h->n_events);
	return 0;
}

/* Columns that are bytes, not numbers: the lengths of a class's part, or NULL. */
static uint32_t *part_len(struct events_head *h, unsigned column)
{
	switch (column) {
	case WIRE_FIELDS_STATE: return &h->fields_len[CLASS_STATE];
	case WIRE_FIELDS_BULK: return &h->fields_len[CLASS_BULK];
	case WIRE_VALUES_STATE: return &h->values_len[CLASS_STATE];
	case WIRE_VALUES_BULK: return &h->values_len[CLASS_BULK];
	default: return NULL;
	}
}

static bool slice_fits(const struct slice *s, const struct events_head *h, bool is_part)
{
	bool width = s->width == 1 || s->width == 2 || s->width == 4 || s->width == 8;

	if (is_part)
		return s->kind == SLICE_FRAME && s->width == 1 && !s->shift && s->raw &&
		       s->raw <= BATCH_PAYLOAD_MAX;
	if (s->kind == SLICE_CONSTANT)
		return true;
	return s->kind == SLICE_FRAME && width && s->shift + s->width <= 8 &&
	       s->raw == column_len(h, s->column) * s->width;
}

static int slices_check(struct events_head *h, uint64_t data_len, struct error *err)
{
	size_t at = 0;

	for (uint32_t i = 0; i < h->n_slices; i++) {
		struct slice s = slice_at(h, i, &at);
		uint32_t *len = part_len(h, s.column);

		if (at > data_len)
			return error_set(err, -EBADMSG, "slice %u lies beyond the block", i);
		if (s.column >= WIRE_COLUMN_END)
			continue; /* of a newer version */
		if (!slice_fits(&s, h, len))
			return error_set(err, -EBADMSG, "slice %u is impossible", i);
		if (len && *len)
			return error_set(err, -EBADMSG, "slice %u repeats a part of the payload", i);
		if (len)
			*len = s.raw;
	}
	return 0;
}

static int payload_check(const struct events_head *h, struct error *err)
{
	const uint64_t lens[N_CLASSES] = {h->state_len, h->bulk_len};

	if (h->state_len + h->bulk_len > BATCH_PAYLOAD_MAX)
		return error_set(err, -EBADMSG, "payload of %llu bytes exceeds %u",
				 (unsigned long long)(h->state_len + h->bulk_len), BATCH_PAYLOAD_MAX);
	for (unsigned i = 0; i < N_CLASSES; i++) {
		/* A payload has every byte of its parts, and lengths of texts besides. */
		if ((uint64_t)h->fields_len[i] + h->values_len[i] > lens[i])
			return error_set(err, -EBADMSG, "parts of %llu bytes exceed a payload of %llu",
					 (unsigned long long)h->fields_len[i] + h->values_len[i],
					 (unsigned long long)lens[i]);
	}
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
	ret->n_gaps = cursor_u32(c);
	ret->n_durations = cursor_u32(c);
	ret->state_len = cursor_u32(c);
	ret->bulk_len = cursor_u32(c);
	ret->types = cursor_bytes(c, (size_t)ret->n_types * TYPE_ROW_LEN);
	ret->slices = cursor_bytes(c, (size_t)ret->n_slices * SLICE_ROW_LEN);
	if (cursor_failed(c))
		return error_set(err, -EBADMSG, "its header ends early");
	if (!ret->n_events || ret->n_events > BATCH_EVENTS || !ret->n_tids ||
	    ret->n_tids > ret->n_events || ret->n_slices > WIRE_SLICES_MAX ||
	    ret->n_hidden > ret->n_events || ret->n_gaps > ret->n_events ||
	    ret->n_durations > ret->n_events)
		return error_set(err, -EBADMSG,
				 "counts of %u events, %u threads, %u slices, %u gaps, %u durations "
				 "are impossible",
				 ret->n_events, ret->n_tids, ret->n_slices, ret->n_gaps,
				 ret->n_durations);
	if ((r = types_check(ret, err)) < 0 ||
	    (r = slices_check(ret, head->total - WIRE_TAIL - head->header, err)) < 0)
		return r;
	return payload_check(ret, err);
}

/* The column that a slice's numbers are for, lists and parts included. */
static unsigned column_served(unsigned column)
{
	switch (column) {
	case WIRE_TIDS: return WIRE_TID;
	case WIRE_FIELDS_STATE: return WIRE_VALUES_STATE;
	case WIRE_FIELDS_BULK: return WIRE_VALUES_BULK;
	case WIRE_GAPS: return WIRE_TIME;
	case WIRE_DURATIONS: return WIRE_DURATION;
	default: return column;
	}
}

size_t events_extent(const struct events_head *h, unsigned columns)
{
	size_t at = 0, extent = 0;

	columns = columns_with_needed(columns);
	for (uint32_t i = 0; i < h->n_slices; i++) {
		struct slice s = slice_at(h, i, &at);

		if (s.column < WIRE_COLUMN_END && (columns >> column_served(s.column) & 1 ||
						   (s.column == WIRE_VALUES_STATE &&
						    columns & COLUMN_PAYLOAD_BULK)))
			extent = at;
	}
	return extent;
}
