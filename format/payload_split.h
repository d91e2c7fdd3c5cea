/* Payload on its way into an EVENTS block: taken apart by layout (SPEC "Payload"). */
#pragma once
#include "format/payload_layout.h"

struct payload_split {
	struct layouts layouts;
	struct buffer fields[N_CLASSES], values[N_CLASSES];
	uint64_t len[N_CLASSES]; /* of the payloads, as they were */
	uint32_t *as_is;         /* per event: 0, or its length + 1 */
};

int payload_split_init(struct payload_split *s);
void payload_split_done(struct payload_split *s);
/*
 * Takes the payloads of events [from, from + n) apart. type_index: per event, into the n_types
 * types; order: events by type. The buffers and as_is hold the result. 0 or -ENOMEM.
 */
int payload_split(struct payload_split *s, const struct batch *b, uint32_t from, uint32_t n,
		  const struct payload_type *types, uint32_t n_types, const uint16_t *type_index,
		  const uint32_t *order);
