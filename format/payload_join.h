/* Payload on its way out of an EVENTS block: put together from its parts (SPEC "Payload"). */
#pragma once
#include "format/payload_split.h"

#define PAYLOAD_PAD                                                                                \
	32u /* bytes behind payload and its parts, so that short copies need no exact length */

struct payload_join {
	struct layouts layouts;
	uint32_t *as_is;              /* per event: 0, or its length + 1 */
	uint32_t *text_at, *text_len; /* per event: its texts, in the values */
	uint8_t *fields, *values[N_CLASSES];
	size_t fields_cap, values_cap[N_CLASSES];
};

/* A block's events of one class. */
struct payload_parts {
	enum payload_class class;
	const struct payload_type *types;
	uint32_t n_types;
	const uint16_t *type_index; /* per event, into types */
	const uint32_t *order;      /* events by type */
	uint32_t fields_len, values_len;
	size_t at;  /* place in the batch's payload */
	size_t len; /* of all payloads of the class */
};

int payload_join_init(struct payload_join *j);
void payload_join_done(struct payload_join *j);
/* Memory for len bytes and PAYLOAD_PAD more; what was in it is gone. 0 or -ENOMEM. */
int payload_room(uint8_t **bytes, size_t *cap, size_t len);
/* Room in j->fields, or the values of a class. 0 or -ENOMEM. */
int payload_fields_room(struct payload_join *j, size_t len);
int payload_values_room(struct payload_join *j, enum payload_class class, size_t len);
/*
 * Fills payload, payload_at and payload_len of the class's events from fields and values. The
 * payload has room up to PAYLOAD_PAD bytes behind the class. 0 or -EBADMSG.
 */
int payload_join(struct payload_join *j, struct batch *b, const struct payload_parts *parts,
		 struct error *err);
