#include "format/payload_layout.h"

void layouts_reset(struct layouts *l, const struct schema *schema)
{
	l->schema = schema;
	for (unsigned i = 0; i < LAYOUTS; i++)
		l->slots[i].key = 0;
}

struct payload_type payload_type_make(const struct event_info *info, bool state, unsigned n_params,
				      uint32_t n_events)
{
	struct payload_type t = {.type = info->type,
				 .class = state ? CLASS_STATE : CLASS_BULK,
				 .n_params = (uint8_t)n_params,
				 .n_events = n_events};

	for (unsigned i = 0; i < n_params; i++)
		t.n_texts += param_type_is_text(info->params[i].type);
	return t;
}

/* Whether the payload has the parameter: it is there, and no column has it. */
static bool has_param(const struct event_info *info, unsigned i, uint32_t absent, bool is_inline)
{
	return !(absent >> i & 1) &&
	       (is_inline || ((int)i != info->result_param && (int)i != info->fd_param));
}

static unsigned field_size(enum param_type type)
{
	unsigned size = param_type_size(type);

	return size || param_type_is_text(type) ? size : (unsigned)sizeof(uint16_t);
}

const struct payload_layout *layouts_make(struct layouts *l, struct payload_layout *slot,
					  uint64_t key, const struct payload_type *type)
{
	const struct event_info *info = schema_find(l->schema, type->type);

	*slot = (struct payload_layout){.key = key};
	for (unsigned i = 0; i < type->n_params; i++) {
		enum param_type param = info->params[i].type;
		bool text = param_type_is_text(param);

		if (!has_param(info, i, (uint32_t)(key >> 17), key & 2))
			continue;
		slot->parts[slot->n_parts++] =
		    (struct payload_part){.kind = text                     ? PART_TEXT
						  : param_type_size(param) ? PART_FIXED
									   : PART_BYTES,
					  .param = (uint8_t)i,
					  .size = (uint8_t)field_size(param)};
		slot->n_texts += text;
		slot->fields_len = (uint16_t)(slot->fields_len + field_size(param));
	}
	return slot;
}

void fields_place(struct field_places *ret, const struct layouts *l, const struct batch *b,
		  const struct payload_type *type, const uint32_t *order, const uint32_t *as_is,
		  uint32_t from, size_t at)
{
	const struct event_info *info = schema_find(l->schema, type->type);
	uint32_t n_whole = 0, n_more[EVENT_PARAMS_MAX] = {0};

	for (uint32_t k = 0; k < type->n_events; k++) {
		uint32_t i = order[k];
		bool is_inline = b->flags[i] & EVENT_INLINE;

		if (as_is[i - from])
			continue;
		if (!b->absent[i] && !is_inline) {
			n_whole++;
			continue;
		}
		for (unsigned p = 0; p < type->n_params; p++)
			n_more[p] += has_param(info, p, b->absent[i], is_inline);
	}
	for (unsigned p = 0; p < type->n_params; p++) {
		ret->at[p] = at;
		at += (size_t)field_size(info->params[p].type) *
		      (n_more[p] + (has_param(info, p, 0, false) ? n_whole : 0));
	}
	ret->end = at;
	ret->alike = n_whole == type->n_events;
}
