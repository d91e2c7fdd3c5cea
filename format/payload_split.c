#include "format/payload_split.h"

#include <errno.h>
#include <stdlib.h>

int payload_split_init(struct payload_split *s)
{
	*s = (struct payload_split){0};
	s->as_is = malloc(BATCH_EVENTS * sizeof *s->as_is);
	return s->as_is ? 0 : -ENOMEM;
}

void payload_split_done(struct payload_split *s)
{
	for (unsigned i = 0; i < N_CLASSES; i++) {
		buffer_done(&s->fields[i]);
		buffer_done(&s->values[i]);
	}
	free(s->as_is);
	*s = (struct payload_split){0};
}

/*
 * Appends the texts of a payload. false, and nothing appended, unless it can be put together again
 * from its parts: every text has one NUL, at its end, lengths are in their short form, and nothing
 * follows.
 */
static bool texts_take(const struct payload_layout *layout, const uint8_t *p, uint32_t len,
		       struct buffer *values)
{
	struct cursor c = cursor_over(p, len);
	uint8_t *out = buffer_reserve(values, len);

	if (!out)
		return false;
	for (unsigned i = 0; i < layout->n_parts; i++) {
		const struct payload_part *part = &layout->parts[i];
		const uint8_t *value;
		uint16_t n;

		if (part->kind == PART_FIXED) {
			cursor_bytes(&c, part->size);
			continue;
		}
		n = cursor_u16(&c);
		if (n == UINT16_MAX || !(value = cursor_bytes(&c, n)))
			return false;
		if (part->kind == PART_BYTES)
			continue;
		if (!n || memchr(value, 0, n) != value + n - 1)
			return false;
		memcpy(out, value, n);
		out += n;
	}
	if (cursor_failed(&c) || cursor_left(&c))
		return false;
	values->len = (size_t)(out - values->data);
	return true;
}

/* Takes what is not text from a payload that texts_take() has looked at. */
static void rest_take(const struct payload_layout *layout, const uint8_t *p, uint32_t len,
		      uint8_t *fields, size_t places[EVENT_PARAMS_MAX], struct buffer *values)
{
	uint8_t *out = buffer_reserve(values, len);

	if (!out)
		return;
	for (unsigned i = 0; i < layout->n_parts; i++) {
		const struct payload_part *part = &layout->parts[i];
		uint16_t n = part->size;

		if (part->kind != PART_TEXT) {
			memcpy(fields + places[part->param], p, n);
			places[part->param] += n;
		}
		if (part->kind != PART_FIXED) {
			memcpy(&n, p, sizeof n);
			p += sizeof n;
		}
		if (part->kind == PART_BYTES) {
			memcpy(out, p, n);
			out += n;
		}
		p += n;
	}
	values->len = (size_t)(out - values->data);
}

/* The events of one type, at order. */
static void type_split(struct payload_split *s, const struct batch *b, uint32_t from,
		       const struct payload_type *type, const uint32_t *order)
{
	struct buffer *fields = &s->fields[type->class], *values = &s->values[type->class];
	struct field_places places;
	size_t len;

	fields_place(&places, &s->layouts, b, type, order, s->as_is, from, fields->len);
	len = places.end - fields->len;
	if (!buffer_reserve(fields, len))
		return;
	fields->len += len;
	for (uint32_t k = 0; k < type->n_events; k++) {
		uint32_t i = order[k];
		const uint8_t *p;

		if (!b->payload_len[i]) /* maybe of all of them, and there is no payload */
			continue;
		p = b->payload + b->payload_at[i];
		if (s->as_is[i - from])
			buffer_append(values, p, b->payload_len[i]);
		else
			rest_take(layouts_find(&s->layouts, b, i, type), p, b->payload_len[i],
				  fields->data, places.at, values);
	}
}

int payload_split(struct payload_split *s, const struct batch *b, uint32_t from, uint32_t n,
		  const struct payload_type *types, uint32_t n_types, const uint16_t *type_index,
		  const uint32_t *order)
{
	static const uint8_t nothing[1];
	bool failed = false;

	layouts_reset(&s->layouts, b->schema);
	for (unsigned i = 0; i < N_CLASSES; i++) {
		buffer_clear(&s->fields[i]);
		buffer_clear(&s->values[i]);
		s->len[i] = 0;
	}
	/* Texts in order of time: a path that one call after the other takes stands close together.
	 */
	for (uint32_t i = from; i < from + n; i++) {
		const struct payload_type *type = &types[type_index[i - from]];
		uint32_t len = b->payload_len[i];
		const uint8_t *p = len ? b->payload + b->payload_at[i] : nothing;
		bool regular = texts_take(layouts_find(&s->layouts, b, i, type), p, len,
					  &s->values[type->class]);

		s->len[type->class] += len;
		s->as_is[i - from] = regular ? 0 : len + 1;
	}
	for (uint32_t t = 0; t < n_types; order += types[t++].n_events)
		type_split(s, b, from, &types[t], order);
	for (unsigned i = 0; i < N_CLASSES; i++)
		failed |= buffer_failed(&s->fields[i]) || buffer_failed(&s->values[i]);
	return failed ? -ENOMEM : 0;
}
