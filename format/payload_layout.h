/*
 * How payloads are taken apart for an EVENTS block, and put together again (SPEC "Payload"): fields
 * of fixed size, by type and parameter; texts; byte strings, whose lengths are fields.
 */
#pragma once
#include "format/batch.h"

enum part_kind { PART_FIXED, PART_TEXT, PART_BYTES };

struct payload_part {
	uint8_t kind; /* enum part_kind */
	uint8_t param;
	uint8_t size; /* of the field: of a PART_BYTES its length's, of a PART_TEXT 0 */
};

/* Of the events of one type; what a layout depends on is the same for all of them. */
struct payload_type {
	uint16_t type;
	uint8_t class;    /* enum payload_class */
	uint8_t n_params; /* of its row */
	uint8_t n_texts;  /* among them */
	uint32_t n_events;
};

enum payload_class { CLASS_STATE, CLASS_BULK, N_CLASSES };

struct payload_layout {
	uint64_t key;        /* type, absent, INLINE; 0: none */
	uint16_t fields_len; /* sizes of all parts */
	uint8_t n_texts, n_parts;
	struct payload_part parts[EVENT_PARAMS_MAX];
};

/* The layouts of one block that were used last. */
#define LAYOUTS 64u
struct layouts {
	const struct schema *schema;
	struct payload_layout slots[LAYOUTS];
};

/* Forgets all: rows may have changed. */
void layouts_reset(struct layouts *l, const struct schema *schema);
struct payload_type payload_type_make(const struct event_info *info, bool state, unsigned n_params,
				      uint32_t n_events);
/* Fills a slot. */
const struct payload_layout *layouts_make(struct layouts *l, struct payload_layout *slot,
					  uint64_t key, const struct payload_type *type);

/* The layout of event i, of that type; valid until the next call. */
static inline const struct payload_layout *layouts_find(struct layouts *l, const struct batch *b,
							uint32_t i, const struct payload_type *type)
{
	uint64_t key = (uint64_t)b->absent[i] << 17 | (uint64_t)type->type << 2 |
		       ((b->flags[i] & EVENT_INLINE) ? 2 : 0) | 1;
	struct payload_layout *slot = &l->slots[(key * 0x9E3779B97F4A7C15u) >> 58];

	return slot->key == key ? slot : layouts_make(l, slot, key, type);
}

/* Where the fields of one type's events stand: each parameter's behind those of the one before. */
struct field_places {
	size_t at[EVENT_PARAMS_MAX], end;
	bool alike; /* all the events have one layout */
};

/*
 * Finds them, from `at` on. order: the events, type->n_events of them; as_is[i - from] says which
 * have no fields.
 */
void fields_place(struct field_places *ret, const struct layouts *l, const struct batch *b,
		  const struct payload_type *type, const uint32_t *order, const uint32_t *as_is,
		  uint32_t from, size_t at);
