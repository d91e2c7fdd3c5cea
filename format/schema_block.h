/*
 * SCHEMA blocks: rows of event types with the value names they refer to (SPEC "SCHEMA").
 */
#pragma once
#include "format/block.h"
#include "format/frame.h"

/* Appends the records for these types: what a SCHEMA block holds, before compression. */
void schema_rows_encode(struct buffer *out, const struct schema *schema, const uint16_t *types,
			size_t n_types);
/* Adds the rows that differ from what `schema` has. 0, -EBADMSG, -E2BIG, -ENOMEM. */
int schema_rows_decode(struct schema *schema, const uint8_t *data, size_t len, struct error *err);
