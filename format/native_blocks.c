#include "format/native_parts.h"

#include "format/capture_block.h"
#include "format/index_block.h"
#include "format/schema_block.h"

#include <errno.h>

static int read_capture(struct native_reader *r, const uint8_t *block, struct item *ret,
			struct error *err)
{
	struct cursor fields = r->walk.fields;
	bool first = !r->has_capture;
	int e;

	if (r->walk.head.sequence)
		return error_set(err, -EBADMSG, "its sequence number is %llu, though it comes first",
				 (unsigned long long)r->walk.head.sequence);
	if (r->has_capture && memcmp(r->id, r->walk.head.id, WIRE_ID_LEN) == 0)
		return 0; /* a second copy */
	memcpy(r->id, r->walk.head.id, WIRE_ID_LEN);
	r->has_capture = true;
	if (r->walk.input.seekable)
		r->walk.take = NULL; /* they can be read again */
	r->sequence = 1;
	r->number = 1;
	r->blocks_lost = false;
	r->n_events = r->n_blocks = 0;
	r->last_ns = 0;
	r->stats.n_captures++;
	e = capture_decode(&fields, block_data(block, &r->walk.head), r->id, &r->texts, &r->info,
			   err);
	r->unreadable = e == -ENOTSUP;
	r->stats.n_unreadable += r->unreadable;
	if (e < 0)
		return e;
	r->last_ns = r->info.start_ns;
	if (first && r->early.n > 1) {
		r->info.interfaces = r->early.interfaces + 1;
		r->info.n_interfaces = r->early.n - 1;
	}
	r->reset = !first;
	*ret = (struct item){.kind = ITEM_CAPTURE, .capture = &r->info};
	return 1;
}

static int read_packed(struct native_reader *r, const struct packed *packed, const uint8_t *block,
		       struct error *err)
{
	r->stats.bytes_raw += packed->raw_len;
	return packed_decode(r->decoder.zstd, packed, block_data(block, &r->walk.head), &r->raw,
			     err);
}

static int read_schema(struct native_reader *r, const uint8_t *block, struct error *err)
{
	struct cursor fields = r->walk.fields;
	struct packed packed;
	int e;

	cursor_u32(&fields); /* how many types: for others */
	packed = packed_take(&fields);
	if (cursor_failed(&fields))
		return error_set(err, -EBADMSG, "its header ends early");
	if ((e = read_packed(r, &packed, block, err)) < 0)
		return e;
	r->schema_bytes += packed.raw_len;
	if (r->schema_bytes > WIRE_SCHEMA_TOTAL)
		return error_set(err, -EBADMSG, "SCHEMA blocks hold more than %u bytes in total",
				 WIRE_SCHEMA_TOTAL);
	e = schema_rows_decode(r->schema, r->raw.data, r->raw.len, err);
	return e == -E2BIG ? -EBADMSG : e;
}

static int read_state(struct native_reader *r, const uint8_t *block, struct error *err)
{
	struct cursor fields = r->walk.fields;
	uint32_t kind = cursor_u32(&fields);
	struct packed packed;
	int e;

	cursor_u32(&fields);
	cursor_u64(&fields);
	cursor_u64(&fields);
	cursor_u32(&fields);
	packed = packed_take(&fields);
	if (cursor_failed(&fields))
		return error_set(err, -EBADMSG, "its header ends early");
	if (kind != STATE_ENTRIES && !r->options.verify)
		return 0; /* a checkpoint repeats what reading from the beginning knows */
	if ((e = read_packed(r, &packed, block, err)) < 0)
		return e;
	if (kind == STATE_ENTRIES)
		r->entries = cursor_over(r->raw.data, r->raw.len);
	return 0;
}

static int read_loss(struct native_reader *r, const uint8_t *block, struct error *err)
{
	struct cursor fields = r->walk.fields, rows;
	int e = loss_decode(&fields, block_data(block, &r->walk.head), &rows, err);

	if (e < 0)
		return e;
	/* A copy: looking for the next block may move the window. */
	buffer_clear(&r->raw);
	buffer_append(&r->raw, rows.at, cursor_left(&rows));
	if (buffer_failed(&r->raw))
		return error_set(err, -ENOMEM, "out of memory");
	r->losses = cursor_over(r->raw.data, r->raw.len);
	return 0;
}

static int read_index(struct native_reader *r, const uint8_t *block, struct error *err)
{
	struct cursor fields = r->walk.fields;
	struct index_entry entry;
	struct index_head head;
	struct cursor raw;
	const uint8_t *types;
	int e;

	if ((e = index_head_decode(&fields, &head, err)) < 0 ||
	    (e = read_packed(r, &head.packed, block, err)) < 0)
		return e;
	raw = cursor_over(r->raw.data, r->raw.len);
	for (uint32_t i = 0; i < head.n_entries; i++) {
		if ((e = index_entry_next(&raw, &entry, &types, err)) <= 0)
			return e ? e : error_set(err, -EBADMSG, "index entries end early");
	}
	if (head.flags & INDEX_FINAL) {
		r->n_finished++;
		r->stats.index_valid &= head.n_events == r->n_events && head.n_blocks == r->n_blocks;
		native_note_missing(r, head.n_events + 1, r->last_ns);
		r->number = head.n_events + 1;
	}
	return 0;
}

/* ---- events ---- */

int native_load(struct batch *b, unsigned columns, struct error *err)
{
	struct native_reader *r = b->owner;
	const uint8_t *block;
	int e = walk_peek(&r->walk, r->walk.head.header + events_extent(&r->events, columns), &block,
			  err);

	if (e == 0)
		e = events_decode(&r->decoder, b, &r->events, block + r->walk.head.header, columns,
				  err);
	if (e == 0)
		return 0;
	if (r->batch_bad)
		return native_block_prefix(r, e, err);
	r->batch_bad = true;
	r->stats.events_missing += r->events.n_events;
	return native_block_damaged(r, e, err);
}

static bool block_wanted(const struct native_reader *r)
{
	for (uint32_t i = 0; r->wants && i < r->events.n_types; i++) {
		uint16_t type = events_head_type(&r->events, i).type;

		if (r->wanted[type / 64] >> type % 64 & 1)
			return true;
	}
	return !r->wants;
}

/* Counts of the header; what is missing in front of it is given as a loss. */
static void events_account(struct native_reader *r)
{
	const struct events_head *h = &r->events;
	struct source_stats *s = &r->stats;

	s->n_misnumbered += h->first_number < r->number ||
			    (h->first_number > r->number && !r->blocks_lost);
	native_note_missing(r, h->first_number, h->first_ns);
	r->number = h->first_number + h->n_events;
	r->n_events += h->n_events;
	r->last_ns = h->last_ns;
	s->n_events += h->n_events;
	s->n_hidden += h->n_hidden;
	/* the columns as plain arrays, tids as u16 */
	s->bytes_raw += (uint64_t)h->n_events * 41 + h->state_len + h->bulk_len;
	if (!s->first_ns || h->first_ns < s->first_ns)
		s->first_ns = h->first_ns;
	if (h->last_ns > s->last_ns)
		s->last_ns = h->last_ns;
	for (uint32_t i = 0; i < h->n_types; i++) {
		struct type_row row = events_head_type(h, i);

		s->n_types[row.type] += row.n_events;
	}
}

static int read_events(struct native_reader *r, struct error *err)
{
	struct cursor fields = r->walk.fields;
	const uint8_t *block;
	int e;

	/* A copy, for the window moves when more of the block is looked at. */
	memcpy(r->header, fields.at, cursor_left(&fields));
	fields = cursor_over(r->header, cursor_left(&fields));
	if ((e = events_head_parse(&fields, &r->walk.head, &r->events, err)) < 0)
		return e;
	events_account(r);
	events_decode_begin(&r->decoder, &r->batch, &r->events);
	r->batch_bad = false;
	if (r->options.verify) {
		if ((e = walk_peek(&r->walk, r->walk.head.total, &block, err)) == 0 &&
		    (e = block_check(block, &r->walk.head, err)) == 0)
			e = events_decode(&r->decoder, &r->batch, &r->events,
					  block + r->walk.head.header, COLUMNS_ALL, err);
		if (e < 0) {
			/* Together with what was missing in front of it, if anything was. */
			if (!r->missing)
				r->missing_from_ns = r->events.first_ns;
			r->missing += r->events.n_events;
			r->missing_to_ns = r->events.last_ns;
			r->stats.events_missing += r->events.n_events;
			return e;
		}
	}
	r->pending = block_wanted(r);
	return 0;
}

/* ---- any ---- */

int native_block_read(struct native_reader *r, struct item *ret, struct error *err)
{
	const struct block_head *h = &r->walk.head;
	const uint8_t *block;
	int e;

	r->stats.n_blocks[h->kind && h->kind < BLOCK_KIND_END ? h->kind : 7]++;
	r->n_blocks += h->kind != BLOCK_INDEX && h->kind != BLOCK_CAPTURE;
	if (h->kind == BLOCK_EVENTS)
		return read_events(r, err);
	if ((e = walk_peek(&r->walk, h->total, &block, err)) < 0 || (e = block_check(block, h, err)) < 0)
		return e;
	switch (h->kind) {
	case BLOCK_CAPTURE:
		e = read_capture(r, block, ret, err);
		r->n_blocks += e == 1;
		return e;
	case BLOCK_SCHEMA: return read_schema(r, block, err);
	case BLOCK_STATE: return read_state(r, block, err);
	case BLOCK_LOSS: return read_loss(r, block, err);
	case BLOCK_INDEX: return read_index(r, block, err);
	default: return 0; /* of a newer version, and compatible, or CAPTURE would say so */
	}
}
