/* The input is what SCHEMA, STATE or INDEX hold when decompressed, behind one byte that says which. */
#include "format/entry.h"
#include "format/index_block.h"
#include "format/schema_block.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* What was read is written, and what was written is read again: the same bytes must come. */
static void entry_again(const struct state_entry *e)
{
	struct buffer first = {0}, second = {0};
	struct state_entry back;
	struct cursor c;

	state_entry_encode(&first, e);
	c = cursor_over(first.data, first.len);
	if (state_entry_next(&c, &back, NULL) != 1)
		abort();
	state_entry_encode(&second, &back);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	buffer_done(&first);
	buffer_done(&second);
}

static void read_schema(const uint8_t *data, size_t size)
{
	struct schema *schema = schema_new();
	struct buffer again = {0};
	uint16_t types[64];
	size_t n = 0;

	if (schema && schema_rows_decode(schema, data, size, NULL) == 0) {
		for (uint16_t t = 0; t < EVENT_TYPE_MAX && n < 64; t++) {
			if (schema_knows(schema, t) && event_info_find(t) != schema_find(schema, t))
				types[n++] = t;
		}
		schema_rows_encode(&again, schema, types, n);
		if (n && schema_rows_decode(schema, again.data, again.len, NULL) < 0)
			abort();
	}
	buffer_done(&again);
	schema_free(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data + 1, size ? size - 1 : 0);
	struct index_entry index;
	struct state_entry entry;
	const uint8_t *types;

	if (size < 1)
		return 0;
	switch (data[0] % 3) {
	case 0:
		while (state_entry_next(&c, &entry, NULL) > 0)
			entry_again(&entry);
		break;
	case 1: read_schema(data + 1, size - 1); break;
	case 2:
		while (index_entry_next(&c, &index, &types, NULL) > 0)
			;
		break;
	}
	return 0;
}
