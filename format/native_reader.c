#include "format/native.h"
#include "format/capture_block.h"
#include "format/events_block.h"
#include "format/index_block.h"
#include "format/packet_feed.h"
#include "format/plan.h"
#include "format/scap_input.h"
#include "format/schema_block.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES_ITEM 64u /* state entries given at once */
#define STEP_ON	     2	 /* of reader_step(): the block gave no item by itself */

struct native_reader {
	struct source source;
	struct source_options options;
	char *name;
	struct walk walk;
	struct packet_feed packets; /* of a file: opened when they are asked for */
	struct packet_parser early; /* interfaces in front of the first CAPTURE, number 0 is our own */
	uint64_t n_packets_told; /* of packets.n_lost */
	struct plan plan;
	bool planned, no_plan;	/* blocks come in the plan's order; it was tried in vain */
	uint64_t n_before_plan;	/* damaged places told then */
	bool ended;
	bool packing_told;	/* damage of the compression */
	bool held;		/* the input stands at a block that was given out and must be passed */
	bool wants;		/* `wanted` counts */
	uint64_t wanted[EVENT_TYPE_MAX / 64];
	struct schema *schema;
	size_t schema_bytes;

	/* The capture whose blocks are being read. */
	bool has_capture;
	bool unreadable;	/* it needs a newer reader: its blocks are left out */
	uint8_t id[WIRE_ID_LEN];
	struct capture_info info;
	struct buffer texts;
	uint64_t sequence;	/* of the next block */
	uint64_t number;	/* of the next event */
	uint64_t n_events;	/* of it, as read */
	uint64_t n_blocks;	/* of it, INDEX aside */
	uint64_t last_ns;	/* of the last event */
	bool after_damage;	/* the next gap has been told already */
	bool blocks_lost;	/* since the last EVENTS block: a jump of numbers is events lost */

	/* What remains to be given of the block at hand. */
	bool reset;
	struct buffer raw;
	struct cursor entries, losses;
	struct state_entry entry[ENTRIES_ITEM];
	struct loss_entry loss;
	struct error deferred;	/* damage met behind entries that were given first */
	uint64_t missing;	/* events to be told as lost, between these times */
	uint64_t missing_from_ns, missing_to_ns;
	bool pending;		/* the batch is to be given */

	struct events_decoder decoder;
	uint8_t header[WIRE_HEADER_MAX];	/* of the EVENTS block; `events` looks into it */
	struct events_head events;
	struct batch batch;
	bool batch_bad;		/* its damage was counted */
	uint64_t n_finished;	/* captures with a last INDEX */
	struct source_stats stats;
};

/* ---- places and words ---- */

static int reader_fail(struct native_reader *r, int code, struct error *err)
{
	if (code == -EBADMSG || code == -ENODATA || code == -ENOTSUP) {
		r->stats.n_damaged += code != -ENOTSUP;
		r->stats.truncated |= code == -ENODATA;
		r->after_damage = r->blocks_lost = true;
		r->ended |= r->options.strict;
	} else {
		r->ended = true;
	}
	if (err)
		error_prefix(err, "%s", r->name);
	return code;
}

/* Puts the block at hand in front of the words. */
static int block_prefix(struct native_reader *r, int code, struct error *err)
{
	const struct block_head *h = &r->walk.head;

	if (err) {
		err->offset = r->walk.input.at;
		error_prefix(err, "%s block %llu at offset %llu", block_kind_name(h->kind),
			     (unsigned long long)h->sequence,
			     (unsigned long long)r->walk.input.at);
	}
	return code;
}

/* The block is of no use, its header is whole: what lies behind it is looked for, not assumed. */
static int block_damaged(struct native_reader *r, int code, struct error *err)
{
	if (code == -EBADMSG && !r->planned) {
		r->walk.searching = true;
		r->held = false;
	}
	return reader_fail(r, block_prefix(r, code, err), err);
}

/* ---- items ---- */

static int give_reset(struct native_reader *r, struct item *ret)
{
	r->reset = false;
	r->entry[0] = (struct state_entry){.kind = ENTRY_RESET};
	*ret = (struct item){.kind = ITEM_STATE, .state = {r->entry, 1}};
	return 1;
}

static int give_damage(struct native_reader *r, struct error *words, struct error *err)
{
	int code = words->code;

	error_set(err, code, "%s", words->text);
	words->code = 0;
	return block_damaged(r, code, err);
}

static int give_entries(struct native_reader *r, struct item *ret, struct error *err)
{
	struct error words = {0};
	size_t n = 0;
	int more = 1;

	while (n < ENTRIES_ITEM &&
	       (more = state_entry_next(&r->entries, &r->entry[n], &words)) > 0)
		n++;
	if (more < 0) {
		r->entries = (struct cursor){0};
		if (!n)
			return give_damage(r, &words, err);
		r->deferred = words;
	}
	*ret = (struct item){.kind = ITEM_STATE, .state = {r->entry, n}};
	return n > 0;
}

static int give_loss(struct native_reader *r, struct item *ret)
{
	r->loss = loss_row(&r->losses);
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &r->loss};
	return 1;
}

static int give_missing(struct native_reader *r, struct item *ret)
{
	r->loss = (struct loss_entry){.from_ns = r->missing_from_ns,
				      .to_ns = r->missing_to_ns,
				      .cpu = UINT32_MAX,
				      .class = LOSS_DAMAGE,
				      .count = r->missing};
	r->missing = 0;
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &r->loss};
	return 1;
}

/* Packets of a pipe that could not be put aside. */
static int give_lost_packets(struct native_reader *r, struct item *ret)
{
	r->loss = (struct loss_entry){.from_ns = r->last_ns, .to_ns = r->last_ns, .cpu = UINT32_MAX,
				      .class = LOSS_PACKETS, .count = r->packets.n_lost - r->n_packets_told};
	r->n_packets_told = r->packets.n_lost;
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &r->loss};
	return 1;
}

static void note_missing(struct native_reader *r, uint64_t next_number, uint64_t to_ns)
{
	bool lost = r->blocks_lost;

	r->blocks_lost = false;
	if (next_number <= r->number || !lost)
		return;
	r->missing = next_number - r->number;
	r->missing_from_ns = r->last_ns;
	r->missing_to_ns = to_ns;
	r->stats.events_missing += r->missing;
}

/* ---- blocks by kind; 1: *ret is set, 0: nothing to give, negative ---- */

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
		note_missing(r, head.n_events + 1, r->last_ns);
		r->number = head.n_events + 1;
	}
	return 0;
}

/* ---- events ---- */

static int reader_load(struct batch *b, unsigned columns, struct error *err)
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
		return block_prefix(r, e, err);
	r->batch_bad = true;
	r->stats.events_missing += r->events.n_events;
	return block_damaged(r, e, err);
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
	note_missing(r, h->first_number, h->first_ns);
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

/* ---- from block to block ---- */

/* Reads the block that the walk stands at. 1: *ret is set, 0: nothing to give yet, negative. */
static int block_read(struct native_reader *r, struct item *ret, struct error *err)
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

/* Puts the rest of the file in order. 1: done, look again; 0: not possible, go on as it is. */
static int plan_start(struct native_reader *r, struct error *err)
{
	uint64_t at = r->walk.input.at;
	struct error words = {0};
	uint8_t id[WIRE_ID_LEN]; /* a copy: making the plan moves the walk */
	int e;

	if (r->planned || r->no_plan || !r->walk.input.seekable || r->options.follow)
		return 0;
	memcpy(id, r->has_capture ? r->id : r->walk.head.id, sizeof id);
	r->n_before_plan = r->stats.n_damaged;
	e = plan_make(&r->plan, &r->walk, id, r->has_capture ? r->sequence : 0, &words);
	r->planned = e == 0;
	r->no_plan = e < 0;
	r->walk.searching = false;
	if (e < 0)
		input_seek(&r->walk.input, at);
	return e < 0 && e != -E2BIG ? error_set(err, e, "%s", words.text) : 1;
}

/* A block of another capture than the one at hand, not its first: that one is missing or elsewhere. */
static int capture_adopt(struct native_reader *r, struct error *err)
{
	const struct block_head *h = &r->walk.head;
	bool first = !r->has_capture;
	int e;

	if (!r->after_damage && (e = plan_start(r, err)) != 0)
		return e;
	if (!r->after_damage && !r->planned && !first) {
		r->held = true;
		r->after_damage = true;
		return error_set_at(err, -EBADMSG, r->walk.input.at,
				    "blocks of several captures are mixed, which only a file can be read "
				    "with, not a pipe");
	}
	memcpy(r->id, h->id, WIRE_ID_LEN);
	r->has_capture = true;
	r->unreadable = false;
	r->sequence = r->after_damage ? h->sequence : 0;
	r->number = 1;
	r->n_events = r->n_blocks = 0;
	r->last_ns = 0;
	r->stats.n_captures++;
	r->reset = !first;
	return 0;
}

/*
 * Whether the block is the one that is due. 1: look again (the order of blocks was found out), 0: read it,
 * negative: something is missing in front of it; the next call reads it.
 */
static int sequence_check(struct native_reader *r, struct error *err)
{
	const struct block_head *h = &r->walk.head;
	uint64_t from;
	int e;

	if (h->kind == BLOCK_CAPTURE &&
	    (!r->has_capture || memcmp(h->id, r->id, WIRE_ID_LEN) != 0)) {
		/* A second one in the same section: captures were merged, and alternate. */
		if (r->has_capture && !r->walk.new_section)
			return plan_start(r, err);
		return 0;
	}
	if (!r->has_capture || memcmp(h->id, r->id, WIRE_ID_LEN) != 0) {
		if ((e = capture_adopt(r, err)) != 0)
			return e;
	}
	if (h->sequence == r->sequence) {
		r->sequence++;
		return 0;
	}
	if (!r->after_damage && (e = plan_start(r, err)) != 0)
		return e;
	if (h->sequence < r->sequence)
		return r->planned; /* a second copy; a pipe is taken as it comes */
	from = r->sequence;
	r->sequence = h->sequence + 1;
	if (r->after_damage)
		return 0;
	r->after_damage = true;
	r->sequence = h->sequence;
	r->plan.at -= r->planned;
	if (h->sequence - from == 1)
		return error_set_at(err, -EBADMSG, r->walk.input.at,
				    "block %llu of the capture is missing", (unsigned long long)from);
	return error_set_at(err, -EBADMSG, r->walk.input.at,
			    "blocks %llu to %llu of the capture are missing",
			    (unsigned long long)from, (unsigned long long)h->sequence - 1);
}

/* What the plan left out because it has no header that could be put in order, or is no block to its end. */
static int plan_end(struct native_reader *r, struct error *err)
{
	struct error words = r->plan.damage;

	r->plan.damage.code = 0;
	/* A block without a header left a gap, which was told. */
	if (!words.code || (words.code != -ENODATA && r->stats.n_damaged != r->n_before_plan))
		return 0;
	return error_set_at(err, words.code, words.offset, "%s", words.text);
}

/* Goes to the block that is due. 1, 0 at the end, negative. */
static int block_next(struct native_reader *r, struct error *err)
{
	int e;

	if (r->held) {
		r->held = false;
		e = walk_pass(&r->walk, err);
		if (e < 0 && !(r->planned && e == -EBADMSG))
			return e;
	}
	if (r->planned) {
		if (r->plan.at == r->plan.n)
			return plan_end(r, err);
		r->walk.searching = false;
		input_seek(&r->walk.input, r->plan.entries[r->plan.at++].offset);
	}
	return walk_next(&r->walk, err);
}

/* Where the input ends, or does within a block: because of damage of what it is compressed with? Told once. */
static int packing_check(struct native_reader *r, int code, struct error *err)
{
	const struct error *damage = input_damage(&r->walk.input);

	if (!damage || r->packing_told)
		return code;
	r->packing_told = true;
	if (err)
		error_clear(err);
	return error_set_at(err, damage->code, damage->offset, "%s", damage->text);
}

static int reader_step(struct native_reader *r, struct item *ret, struct error *err)
{
	int e = block_next(r, err);

	if (e == 0 || e == -ENODATA)
		e = packing_check(r, e, err);
	if (e <= 0)
		return e < 0 ? reader_fail(r, e, err) : 0;
	e = sequence_check(r, err);
	if (e)
		return e < 0 ? reader_fail(r, e, err) : STEP_ON;
	r->held = true;
	r->walk.new_section = false;
	if (r->unreadable && r->walk.head.kind != BLOCK_CAPTURE)
		return STEP_ON;
	e = block_read(r, ret, err);
	if (e < 0)
		return block_damaged(r, e, err);
	r->after_damage = false;
	return e ? 1 : STEP_ON;
}

static int reader_next(struct source *s, struct item *ret, struct error *err)
{
	struct native_reader *r = (struct native_reader *)s;
	int e;

	for (;;) {
		if (r->ended)
			return 0;
		if (r->reset)
			return give_reset(r, ret);
		if (cursor_left(&r->entries)) {
			if ((e = give_entries(r, ret, err)) != 0)
				return e;
			continue;
		}
		if (r->deferred.code)
			return give_damage(r, &r->deferred, err);
		if (cursor_left(&r->losses))
			return give_loss(r, ret);
		if (r->missing)
			return give_missing(r, ret);
		if (r->packets.n_lost != r->n_packets_told)
			return give_lost_packets(r, ret);
		if (r->pending) {
			r->pending = false;
			*ret = (struct item){.kind = ITEM_EVENTS, .batch = &r->batch};
			return 1;
		}
		r->batch.n_events = 0;
		if ((e = reader_step(r, ret, err)) != STEP_ON)
			return e;
	}
}

/* ---- from outside ---- */

static void reader_close(struct source *s)
{
	struct native_reader *r = (struct native_reader *)s;

	packet_parser_done(&r->early);
	packet_feed_done(&r->packets);
	plan_done(&r->plan);
	events_decoder_done(&r->decoder);
	batch_release(&r->batch);
	buffer_done(&r->raw);
	buffer_done(&r->texts);
	schema_free(r->schema);
	input_done(&r->walk.input);
	free(r->name);
	free(r);
}

static void reader_want_types(struct source *s, const uint64_t *bitmap)
{
	struct native_reader *r = (struct native_reader *)s;

	r->wants = bitmap != NULL;
	if (bitmap)
		memcpy(r->wanted, bitmap, sizeof r->wanted);
}

static int reader_packet(struct source *s, uint64_t until_ns, struct packet *ret, struct error *err)
{
	struct native_reader *r = (struct native_reader *)s;
	int e = 0;

	if (r->walk.input.seekable && !r->packets.is_file)
		e = packet_feed_open(&r->packets, r->walk.input.fd, r->walk.start);
	if (e < 0)
		return error_set(err, e, "%s", strerror(-e));
	e = packet_feed_next(&r->packets, until_ns, ret, err);
	return e < 0 ? error_prefix(err, "%s", r->name) : e;
}

static int reader_take(void *context, const uint8_t *block, uint32_t total)
{
	struct native_reader *r = context;
	struct packet packet;
	int e = 0;

	if (!r->has_capture)
		e = packet_parser_block(&r->early, block, total, &packet);
	if (e >= 0)
		e = r->walk.input.seekable ? 0 : packet_feed_block(&r->packets, block, total);
	return e;
}

static void reader_stats(struct source *s, struct source_stats *ret)
{
	const struct native_reader *r = (struct native_reader *)s;

	*ret = r->stats;
	ret->bytes = r->walk.input.packed ? r->walk.input.packed->file_at : r->walk.input.at - r->walk.start;
	ret->n_skipped_foreign = r->walk.n_foreign;
	ret->n_packets = r->walk.n_packets;
	ret->has_index = r->n_finished && r->n_finished == r->stats.n_captures;
	ret->index_valid = ret->has_index && r->stats.index_valid;
}

static const struct source_ops native_ops = {
	.name = "native",
	.next = reader_next,
	.close = reader_close,
	.stats = reader_stats,
	.want_types = reader_want_types,
	.packet = reader_packet,
};

/* The input's contents go over, also on failure; `ready` is what making it returned. */
static struct source *reader_new(struct input *input, int ready, const char *name,
				 const struct source_options *options, struct error *err)
{
	struct native_reader *r = calloc(1, sizeof *r);

	if (!r) {
		input_done(input);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	r->options = *options;
	r->stats.index_valid = true;
	r->walk.input = *input;
	if (ready < 0 || !(r->name = strdup(name)) || !(r->schema = schema_new()) ||
	    events_decoder_init(&r->decoder) < 0 || batch_alloc(&r->batch) < 0) {
		reader_close(&r->source);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	r->walk.start = r->walk.input.at;
	r->walk.input.stop = options->stop;
	r->walk.follow = options->follow;
	r->walk.take = reader_take;
	r->walk.context = r;
	r->walk.take_max = PACKET_BLOCK_MAX;
	r->batch.schema = r->schema;
	r->batch.load = reader_load;
	r->batch.owner = r;
	r->source = (struct source){&native_ops, r->schema};
	return &r->source;
}

struct source *native_reader_new(int fd, const char *name, const struct source_options *options,
				 struct error *err)
{
	struct input input;
	int ready = input_init(&input, fd);

	return reader_new(&input, ready, name, options, err);
}

struct source *native_reader_new_packed(struct scap_input *bytes, const char *name,
					const struct source_options *options, struct error *err)
{
	struct input input;
	int ready = input_init_packed(&input, bytes);

	return reader_new(&input, ready, name, options, err);
}

const char *native_reader_packing(const struct source *s)
{
	const struct scap_input *packed = ((const struct native_reader *)s)->walk.input.packed;

	return packed ? packed->packing == SCAP_GZIP ? "gzip" : "zstd" : NULL;
}

bool native_reader_probe(const uint8_t *head, size_t len)
{
	struct cursor c = cursor_over(head, len);
	uint32_t type = cursor_u32(&c), total = cursor_u32(&c), order = cursor_u32(&c);
	uint16_t major = cursor_u16(&c), minor = cursor_u16(&c);

	if (cursor_failed(&c) || type != PCAPNG_SECTION || order != PCAPNG_BYTE_ORDER || major != 1)
		return false;
	/* Genuine .scap begins alike; its versions 1.0 have nothing but the fixed fields, then a block of its own. */
	if (minor != 0 || total < 28 || total % 4)
		return false;
	if (len < (size_t)total + 4)
		return total > 28;
	c = cursor_over(head + total, 4);
	type = cursor_u32(&c);
	return type == PCAPNG_INTERFACE || type == PCAPNG_CUSTOM || total > 28;
}
