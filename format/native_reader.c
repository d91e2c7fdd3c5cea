#include "format/native_parts.h"

#include "format/scap_input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_ON 2 /* of reader_step(): the block gave no item by itself */

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
	int e = native_block_next(r, err);

	if (e == 0 || e == -ENODATA)
		e = packing_check(r, e, err);
	if (e <= 0)
		return e < 0 ? native_fail(r, e, err) : 0;
	e = native_sequence_check(r, err);
	if (e)
		return e < 0 ? native_fail(r, e, err) : STEP_ON;
	r->held = true;
	r->walk.new_section = false;
	if (r->unreadable && r->walk.head.kind != BLOCK_CAPTURE)
		return STEP_ON;
	e = native_block_read(r, ret, err);
	if (e < 0)
		return native_block_damaged(r, e, err);
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
			return native_give_reset(r, ret);
		if (cursor_left(&r->entries)) {
			if ((e = native_give_entries(r, ret, err)) != 0)
				return e;
			continue;
		}
		if (r->deferred.code)
			return native_give_damage(r, &r->deferred, err);
		if (cursor_left(&r->losses))
			return native_give_loss(r, ret);
		if (r->missing)
			return native_give_missing(r, ret);
		if (r->packets.n_lost != r->n_packets_told)
			return native_give_lost_packets(r, ret);
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
	r->batch.load = native_load;
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
