/*
 * The input is an EVENTS block as it is before compression: u16 length of the fields, the fields (type list
 * and slices with them), then what the slices' frames hold. The frames are made here, so that the
 * fuzzer can change what is in them.
 */
#include "format/event.h"
#include "format/events_block.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#define AT_TYPES  36u /* in the fields: t, s, thread summary, type list, slices */
#define AT_SLICES 120u
#define RAW_MAX	  (1u << 20)

/* Makes the frames that the slices speak of, and lets the slices say how long they are. */
static bool frames_make(uint8_t *fields, size_t len, struct cursor *raw, struct buffer *out)
{
	uint16_t n_types, n_slices;
	ZSTD_CCtx *zstd;
	size_t at;

	if (len < AT_SLICES)
		return false;
	memcpy(&n_types, fields + AT_TYPES, 2);
	memcpy(&n_slices, fields + AT_TYPES + 2, 2);
	at = AT_SLICES + 8u * n_types;
	zstd = ZSTD_createCCtx();
	for (unsigned i = 0; i < n_slices && at + 12 <= len; i++, at += 12) {
		static uint8_t content[RAW_MAX];
		uint32_t size, have, stored;
		size_t before = out->len;

		memcpy(&size, fields + at + 8, 4);
		if (fields[at + 1] != SLICE_FRAME || size > RAW_MAX)
			continue;
		have = (uint32_t)cursor_left(raw) < size ? (uint32_t)cursor_left(raw) : size;
		memset(content, 0, size);
		if (have)
			memcpy(content, cursor_bytes(raw, have), have);
		frame_append(zstd, 1, out, content, size);
		stored = (uint32_t)(out->len - before);
		memcpy(fields + at + 4, &stored, 4);
	}
	ZSTD_freeCCtx(zstd);
	return true;
}

static void decode(struct cursor fields, const struct buffer *frames, const struct schema *schema)
{
	struct block_head head = {.total = (uint32_t)frames->len + 64, .header = 56};
	struct events_decoder decoder;
	struct batch batch = {.schema = schema};
	struct events_head events;
	struct event ev;

	if (events_decoder_init(&decoder) == 0 && batch_alloc(&batch) == 0 &&
	    events_head_parse(&fields, &head, &events, NULL) == 0) {
		events_decode_begin(&decoder, &batch, &events);
		if (events_decode(&decoder, &batch, &events, frames->data, COLUMNS_ALL, NULL) == 0) {
			for (uint32_t i = 0; i < batch.n_events; i++) {
				event_at(&ev, &batch, i);
				event_parse(&ev);
				if (ev.n_found > ev.n_params)
					abort();
			}
		}
	}
	events_decoder_done(&decoder);
	batch_release(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct schema *schema;
	struct cursor c = cursor_over(data, size);
	size_t len = cursor_u16(&c);
	const uint8_t *p = cursor_bytes(&c, len);
	struct buffer frames = {0};
	uint8_t *fields;

	if (!schema && !(schema = schema_new()))
		abort();
	if (!p || len > WIRE_HEADER_MAX || !(fields = malloc(len ? len : 1)))
		return 0;
	memcpy(fields, p, len);
	if (frames_make(fields, len, &c, &frames))
		decode(cursor_over(fields, len), &frames, schema);
	free(fields);
	buffer_done(&frames);
	return 0;
}
