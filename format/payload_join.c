#include "format/payload_join.h"

#include <errno.h>
#include <stdlib.h>

#define FIELD_MAX 16u /* the largest type: an IPv6 address */

int payload_join_init(struct payload_join *j)
{
	*j = (struct payload_join){0};
	j->as_is = calloc(BATCH_EVENTS, sizeof *j->as_is);
	j->text_at = malloc(BATCH_EVENTS * sizeof *j->text_at);
	j->text_len = malloc(BATCH_EVENTS * sizeof *j->text_len);
	return j->as_is && j->text_at && j->text_len ? 0 : -ENOMEM;
}

void payload_join_done(struct payload_join *j)
{
	free(j->as_is);
	free(j->text_at);
	free(j->text_len);
	free(j->fields);
	for (unsigned i = 0; i < N_CLASSES; i++)
		free(j->values[i]);
	*j = (struct payload_join){0};
}

int payload_room(uint8_t **bytes, size_t *cap, size_t len)
{
	/* More than asked for: blocks grow by and by, and fresh memory costs more than what it is
	 * for. */
	size_t more = len < BATCH_PAYLOAD_MAX / 2 ? 2 * len : BATCH_PAYLOAD_MAX;
	uint8_t *p;

	if (*bytes && len <= *cap)
		return 0;
	if (more < len)
		more = len;
	if (!(p = calloc(1, more + PAYLOAD_PAD)))
		return -ENOMEM;
	free(*bytes);
	*bytes = p;
	*cap = more;
	return 0;
}

int payload_fields_room(struct payload_join *j, size_t len)
{
	return payload_room(&j->fields, &j->fields_cap, len);
}

int payload_values_room(struct payload_join *j, enum payload_class class, size_t len)
{
	return payload_room(&j->values[class], &j->values_cap[class], len);
}

/* Finds the texts, which stand in order of time in front of the values. Returns where they end,
 * NULL: nowhere. */
static const uint8_t *texts_find(struct payload_join *j, const struct batch *b,
				 const struct payload_parts *parts)
{
	const uint8_t *values = j->values[parts->class], *at = values,
		      *end = at + parts->values_len;

	for (uint32_t i = 0; i < b->n_events; i++) {
		const struct payload_type *type = &parts->types[parts->type_index[i]];
		const uint8_t *start = at;
		unsigned n_texts = type->n_texts;

		if (type->class != parts->class || !n_texts || j->as_is[i])
			continue;
		if (b->absent[i] || b->flags[i] & EVENT_INLINE)
			n_texts = layouts_find(&j->layouts, b, i, type)->n_texts;
		for (; n_texts; n_texts--) {
			const uint8_t *nul = memchr(at, 0, (size_t)(end - at));

			if (!nul)
				return NULL;
			at = nul + 1;
		}
		j->text_at[i] = (uint32_t)(start - values);
		j->text_len[i] = (uint32_t)(at - start);
	}
	return at;
}

/* Copies, and up to PAYLOAD_PAD bytes of no meaning behind it, which the next copy overwrites. */
static inline uint8_t *copy(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len <= PAYLOAD_PAD)
		memcpy(to, from, PAYLOAD_PAD);
	else
		memcpy(to, from, len);
	return to + len;
}

/* What is left of a class. */
struct rest {
	const uint8_t *fields[EVENT_PARAMS_MAX]; /* of the type at hand, by parameter */
	const uint8_t *values, *values_end;
	uint8_t *to, *to_end;
};

/* Puts one payload together, whose fields are known to be there. NULL, or what is wrong. */
static const char *join_one(struct rest *r, const struct payload_layout *layout,
			    const uint8_t *text, uint32_t text_len)
{
	size_t least = layout->fields_len + text_len + 2u * layout->n_texts, left;
	unsigned n_texts = layout->n_texts;
	uint8_t *to = r->to;

	if (least > (size_t)(r->to_end - to))
		return "payload is larger than it should be";
	left = (size_t)(r->to_end - to) - least; /* for byte strings */
	for (unsigned i = 0; i < layout->n_parts; i++) {
		const struct payload_part *part = &layout->parts[i];
		uint16_t len;
		size_t n;

		if (part->kind == PART_TEXT) {
			n = --n_texts
				? (size_t)((const uint8_t *)memchr(text, 0, text_len) - text) + 1
				: text_len;
			if (n >= UINT16_MAX)
				return "a text is too long";
			len = (uint16_t)n;
			memcpy(to, &len, sizeof len);
			to = copy(to + sizeof len, text, len);
			text += len;
			text_len -= len;
			continue;
		}
		memcpy(&len, r->fields[part->param], sizeof len);
		memcpy(to, r->fields[part->param], FIELD_MAX);
		r->fields[part->param] += part->size;
		to += part->size;
		if (part->kind == PART_FIXED)
			continue;
		if (len == UINT16_MAX || len > (size_t)(r->values_end - r->values))
			return "values end early";
		if (len > left)
			return "payload is larger than it should be";
		left -= len;
		to = copy(to, r->values, len);
		r->values += len;
	}
	r->to = to;
	return NULL;
}

static const char *take_as_is(struct rest *r, uint32_t len)
{
	if (len > (size_t)(r->values_end - r->values))
		return "values end early";
	if (len > (size_t)(r->to_end - r->to))
		return "payload is larger than it should be";
	r->to = copy(r->to, r->values, len);
	r->values += len;
	return NULL;
}

/* Column for column, for events that have nothing but fields, and all the same. */
static const char *join_alike(struct rest *r, const struct payload_layout *layout, struct batch *b,
			      const uint32_t *order, uint32_t n)
{
	const size_t step = layout->fields_len;
	uint8_t *first = r->to;

	if (step * n > (size_t)(r->to_end - r->to))
		return "payload is larger than it should be";
	for (unsigned i = 0; i < layout->n_parts; i++) {
		const uint8_t *field = r->fields[layout->parts[i].param];
		const unsigned size = layout->parts[i].size;
		uint8_t *to = first;

		first += size;
		if (size <= sizeof(uint32_t)) {
			for (uint32_t k = 0; k < n; k++, to += step, field += size)
				memcpy(to, field, size == 4 ? 4 : size == 2 ? 2 : 1);
		} else {
			for (uint32_t k = 0; k < n; k++, to += step, field += size)
				memcpy(to, field, size == 8 ? 8 : FIELD_MAX);
		}
	}
	for (uint32_t k = 0; k < n; k++, r->to += step) {
		b->payload_at[order[k]] = (uint32_t)(r->to - b->payload);
		b->payload_len[order[k]] = (uint32_t)step;
	}
	return NULL;
}

static const char *join_event(struct payload_join *j, struct batch *b, uint32_t i,
			      const struct payload_layout *layout, const uint8_t *values,
			      struct rest *r)
{
	const uint8_t *start = r->to;
	const char *wrong;

	if (j->as_is[i])
		wrong = take_as_is(r, j->as_is[i] - 1);
	else if (layout->n_texts)
		wrong = join_one(r, layout, values + j->text_at[i], j->text_len[i]);
	else
		wrong = join_one(r, layout, values, 0);
	b->payload_at[i] = (uint32_t)(start - b->payload);
	b->payload_len[i] = (uint32_t)(r->to - start);
	return !wrong && b->payload_len[i] > EVENT_PAYLOAD_MAX ? "it is too large" : wrong;
}

static bool only_fields(const struct payload_layout *layout)
{
	for (unsigned i = 0; i < layout->n_parts; i++) {
		if (layout->parts[i].kind != PART_FIXED)
			return false;
	}
	return true;
}

/* The events of one type, at order. *at: how much of the fields has been used. */
static int type_join(struct payload_join *j, struct batch *b, const struct payload_parts *parts,
		     const struct payload_type *type, const uint32_t *order, size_t *at,
		     struct rest *r, struct error *err)
{
	const uint8_t *values = j->values[parts->class];
	const struct payload_layout *layout;
	struct field_places places;
	const char *wrong = NULL;

	fields_place(&places, &j->layouts, b, type, order, j->as_is, 0, *at);
	*at = places.end;
	if (*at > parts->fields_len)
		return error_set(err, -EBADMSG, "payload of type %u: fields end early", type->type);
	for (unsigned p = 0; p < type->n_params; p++)
		r->fields[p] = j->fields + places.at[p];
	layout = layouts_find(&j->layouts, b, order[0], type);
	if (places.alike && only_fields(layout)) {
		wrong = join_alike(r, layout, b, order, type->n_events);
	} else {
		for (uint32_t k = 0; k < type->n_events && !wrong; k++) {
			if (!places.alike)
				layout = layouts_find(&j->layouts, b, order[k], type);
			wrong = join_event(j, b, order[k], layout, values, r);
		}
	}
	return wrong ? error_set(err, -EBADMSG, "payload of type %u: %s", type->type, wrong) : 0;
}

int payload_join(struct payload_join *j, struct batch *b, const struct payload_parts *parts,
		 struct error *err)
{
	const uint8_t *values = j->values[parts->class];
	struct rest r = {.values_end = values + parts->values_len, .to = b->payload + parts->at};
	const uint32_t *order = parts->order;
	size_t at = 0;
	int e;

	r.to_end = r.to + parts->len;
	if (!(r.values = texts_find(j, b, parts)))
		return error_set(err, -EBADMSG, "payload: texts end early");
	for (uint32_t t = 0; t < parts->n_types; order += parts->types[t++].n_events) {
		const struct payload_type *type = &parts->types[t];

		if (type->class == parts->class &&
		    (e = type_join(j, b, parts, type, order, &at, &r, err)) < 0)
			return e;
	}
	if (at != parts->fields_len || r.values != r.values_end || r.to != r.to_end)
		return error_set(err, -EBADMSG, "payload: it has another length than its parts");
	return 0;
}
