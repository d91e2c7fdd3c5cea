#include "plugins/wireshark/block_feed.h"
#include "format/capture_block.h"
#include "format/events_block.h"
#include "format/index_block.h"
#include "format/native.h"
#include "format/schema_block.h"

#include <errno.h>
#include <stdlib.h>

#define ENTRIES_ITEM 64u /* state entries taken at once */

struct feed_capture {
	uint8_t id[WIRE_ID_LEN];
	struct schema *schema;
	size_t schema_bytes;
	struct teller *teller;
	struct buffer texts;
	bool begun;      /* its CAPTURE block was read */
	bool unreadable; /* it needs a newer reader */
	uint64_t sequence, number; /* of the next block, the next event */
	uint64_t last_ns;	   /* when the last event was */
	bool blocks_lost;
	uint64_t used; /* when a block came, in blocks */
};

struct feed {
	struct feed_capture *captures[FEED_CAPTURES];
	struct feed_capture *current; /* whose events are being told */
	uint64_t n_blocks;
	struct events_decoder decoder;
	struct batch batch;
	struct buffer raw;
	struct state_entry entries[ENTRIES_ITEM];
};

static void capture_free(struct feed_capture *c)
{
	if (!c)
		return;
	teller_free(c->teller);
	schema_free(c->schema);
	buffer_done(&c->texts);
	free(c);
}

struct feed *feed_new(void)
{
	struct feed *f = calloc(1, sizeof *f);

	if (f && (events_decoder_init(&f->decoder) < 0 || batch_alloc(&f->batch) < 0)) {
		feed_free(f);
		return NULL;
	}
	return f;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < FEED_CAPTURES; i++)
		capture_free(f->captures[i]);
	events_decoder_done(&f->decoder);
	batch_release(&f->batch);
	buffer_done(&f->raw);
	free(f);
}

bool feed_is_ours(uint32_t enterprise, const uint8_t *data, size_t len, bool *ret_events)
{
	struct cursor c = cursor_over(data, len);
	const uint8_t *magic = cursor_bytes(&c, WIRE_MAGIC_LEN);
	uint16_t kind = cursor_u16(&c);

	*ret_events = kind == BLOCK_EVENTS;
	return enterprise == WIRE_ENTERPRISE && !cursor_failed(&c) &&
	       !memcmp(magic, WIRE_MAGIC, WIRE_MAGIC_LEN);
}

static struct feed_capture *capture_new(const uint8_t id[WIRE_ID_LEN])
{
	struct feed_capture *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	memcpy(c->id, id, WIRE_ID_LEN);
	c->number = 1;
	c->schema = schema_new();
	c->teller = c->schema ? teller_new(c->schema) : NULL;
	if (!c->teller) {
		capture_free(c);
		return NULL;
	}
	return c;
}

/* The capture of that id, made when there is none. NULL: out of memory. */
static struct feed_capture *capture_of(struct feed *f, const uint8_t id[WIRE_ID_LEN])
{
	unsigned place = 0;

	for (unsigned i = 0; i < FEED_CAPTURES; i++) {
		struct feed_capture *c = f->captures[i];

		if (c && !memcmp(c->id, id, WIRE_ID_LEN))
			return c;
		if (f->captures[place] && (!c || c->used < f->captures[place]->used))
			place = i;
	}
	if (f->current == f->captures[place])
		f->current = NULL;
	capture_free(f->captures[place]);
	return f->captures[place] = capture_new(id);
}

static void tell_lost(struct feed_capture *c, uint64_t n, uint64_t to_ns)
{
	struct loss_entry loss = {.from_ns = c->last_ns,
				  .to_ns = to_ns,
				  .cpu = UINT32_MAX,
				  .class = LOSS_DAMAGE,
				  .count = n};
	struct item item = {.kind = ITEM_LOSS, .loss = &loss};

	teller_take(c->teller, &item, NULL);
}

/* ---- blocks by kind ---- */

static int read_capture(struct feed_capture *c, const uint8_t *block, const struct block_head *h,
			struct cursor fields, struct error *err)
{
	struct capture_info info;
	struct item item = {.kind = ITEM_CAPTURE, .capture = &info};
	int r;

	if (c->begun)
		return 0; /* a second copy */
	r = capture_decode(&fields, block_data(block, h), c->id, &c->texts, &info, err);
	c->begun = r == 0;
	c->unreadable = r == -ENOTSUP;
	if (r < 0)
		return r;
	c->last_ns = info.start_ns;
	return teller_take(c->teller, &item, err);
}

static int unpack(struct feed *f, const struct packed *packed, const uint8_t *block,
		  const struct block_head *h, const struct cursor *fields, struct error *err)
{
	if (cursor_failed(fields))
		return error_set(err, -EBADMSG, "the header ends early");
	return packed_decode(f->decoder.zstd, packed, block_data(block, h), &f->raw, err);
}

static int read_schema(struct feed *f, struct feed_capture *c, const uint8_t *block,
		       const struct block_head *h, struct cursor fields, struct error *err)
{
	struct packed packed;
	int r;

	cursor_u32(&fields);
	packed = packed_take(&fields);
	if ((r = unpack(f, &packed, block, h, &fields, err)) < 0)
		return r;
	c->schema_bytes += packed.raw_len;
	if (c->schema_bytes > WIRE_SCHEMA_TOTAL)
		return error_set(err, -EBADMSG, "too many event types");
	return schema_rows_decode(c->schema, f->raw.data, f->raw.len, err);
}

static int read_state(struct feed *f, struct feed_capture *c, const uint8_t *block,
		      const struct block_head *h, struct cursor fields, struct error *err)
{
	struct item item = {.kind = ITEM_STATE, .state = {.entries = f->entries}};
	uint32_t kind = cursor_u32(&fields);
	struct packed packed;
	struct cursor raw;
	int r, more = 1;

	cursor_u32(&fields);
	cursor_u64(&fields);
	cursor_u64(&fields);
	cursor_u32(&fields);
	packed = packed_take(&fields);
	if (kind != STATE_ENTRIES && !cursor_failed(&fields))
		return 0; /* a checkpoint repeats what is known */
	if ((r = unpack(f, &packed, block, h, &fields, err)) < 0)
		return r;
	raw = cursor_over(f->raw.data, f->raw.len);
	while (more > 0) {
		size_t n = 0;

		while (n < ENTRIES_ITEM && (more = state_entry_next(&raw, &f->entries[n], err)) > 0)
			n++;
		item.state.n_entries = n;
		if (n && (r = teller_take(c->teller, &item, err)) < 0)
			return r;
	}
	return more;
}

static int read_loss(struct feed_capture *c, const uint8_t *block, const struct block_head *h,
		     struct cursor fields, struct error *err)
{
	struct cursor rows;
	int r = loss_decode(&fields, block_data(block, h), &rows, err);

	while (r == 0 && cursor_left(&rows)) {
		struct loss_entry loss = loss_row(&rows);
		struct item item = {.kind = ITEM_LOSS, .loss = &loss};

		teller_take(c->teller, &item, err);
	}
	return r;
}

static int whole_already(struct batch *b, unsigned columns, struct error *err)
{
	return error_set(err, -EBADMSG, "a column is missing");
}

static int read_events(struct feed *f, struct feed_capture *c, const uint8_t *block,
		       const struct block_head *h, struct cursor fields, struct error *err)
{
	struct item item = {.kind = ITEM_EVENTS, .batch = &f->batch};
	struct events_head events;
	int r = events_head_parse(&fields, h, &events, err);

	if (r < 0)
		return r;
	if (c->blocks_lost && events.first_number > c->number)
		tell_lost(c, events.first_number - c->number, events.first_ns);
	c->blocks_lost = false;
	c->number = events.first_number + events.n_events;
	f->batch.schema = c->schema;
	f->batch.load = whole_already;
	events_decode_begin(&f->decoder, &f->batch, &events);
	r = events_decode(&f->decoder, &f->batch, &events, block + h->header, COLUMNS_ALL, err);
	if (r < 0)
		tell_lost(c, events.n_events, events.last_ns);
	else
		r = teller_take(c->teller, &item, err);
	c->last_ns = events.last_ns;
	return r;
}

static int read_index(struct feed_capture *c, struct cursor fields, struct error *err)
{
	struct index_head head;
	int r = index_head_decode(&fields, &head, err);

	if (r == 0 && head.flags & INDEX_FINAL && c->blocks_lost && head.n_events >= c->number)
		tell_lost(c, head.n_events + 1 - c->number, c->last_ns);
	return r;
}

static int block_read(struct feed *f, struct feed_capture *c, const uint8_t *block,
		      const struct block_head *h, struct cursor fields, struct error *err)
{
	int r;

	if (h->kind == BLOCK_EVENTS)
		return read_events(f, c, block, h, fields, err);
	if ((r = block_check(block, h, err)) < 0)
		return r;
	switch (h->kind) {
	case BLOCK_CAPTURE:
		return read_capture(c, block, h, fields, err);
	case BLOCK_SCHEMA:
		return read_schema(f, c, block, h, fields, err);
	case BLOCK_STATE:
		return read_state(f, c, block, h, fields, err);
	case BLOCK_LOSS:
		return read_loss(c, block, h, fields, err);
	case BLOCK_INDEX:
		return read_index(c, fields, err);
	default:
		return 0; /* of a newer version, and compatible, or CAPTURE would say so */
	}
}

int feed_block(struct feed *f, const uint8_t *block, size_t len, struct error *err)
{
	struct feed_capture *c;
	struct block_head h;
	struct cursor fields;
	uint32_t header = len < WIRE_COMMON + WIRE_TAIL ? 0 : block_header_len(block);
	int r;

	if (!header || header > len)
		return error_set(err, -EBADMSG, "a block's header is too long");
	if ((r = block_head_parse(block, &h, &fields, err)) < 0)
		return r;
	if (h.total != len)
		return error_set(err, -EBADMSG, "a block's length is not what its header says");
	if (!(c = capture_of(f, h.id)))
		return error_set(err, -ENOMEM, "out of memory");
	c->used = ++f->n_blocks;
	if (h.sequence < c->sequence || c->unreadable)
		return 0; /* a second copy, or of no use */
	c->blocks_lost |= h.sequence > c->sequence;
	c->sequence = h.sequence + 1;
	r = block_read(f, c, block, &h, fields, err);
	c->blocks_lost |= r < 0;
	f->current = c;
	return r;
}

bool feed_peek(const struct feed *f, uint64_t *ret_time_ns)
{
	return f->current && teller_peek(f->current->teller, ret_time_ns);
}

int feed_next(struct feed *f, struct told_record *ret)
{
	return f->current ? teller_next(f->current->teller, ret) : 0;
}

int feed_finish(struct feed *f, struct told_record *ret)
{
	int r = 0;

	for (unsigned i = 0; i < FEED_CAPTURES && r == 0; i++)
		if (f->captures[i])
			r = teller_finish(f->captures[i]->teller, ret);
	return r;
}
