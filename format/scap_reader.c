#include "format/scap.h"
#include "format/scap_scan.h"
#include "format/scap_state.h"
#include "format/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES_ITEM 64u /* state entries given at once */
#define STEP_ON	     2	 /* of reader_step(): the block gave no item by itself */

struct scap_reader {
	struct source source;
	struct source_options options;
	char *name;
	struct schema *schema;
	struct scap_input input;
	struct scap_scan scan;
	bool ended;
	bool begun;		/* a section was seen */
	bool searching;		/* behind damage: lengths cannot be trusted */
	bool stands;		/* the window stands at what is no block: the search begins behind it */
	bool paused;		/* the end of a file that still grows */

	struct capture_info info;
	char host[SCAP_HOST_LEN];
	bool capture_due, reset_due;
	uint64_t number;	/* of the next event */

	/* The list that is being given. */
	struct scap_list list;
	bool in_list;
	uint64_t list_left;	/* bytes of its body */
	uint32_t list_total;
	uint64_t list_at;	/* where its block begins */
	struct state_entry entry[ENTRIES_ITEM];

	struct loss_entry loss;
	uint64_t last_ns;
	struct source_stats stats;
};

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* ---- places and words ---- */

/* The code, or STEP_ON where enough places have been told. */
static int reader_fail(struct scap_reader *r, int code, struct error *err)
{
	if (code == -EBADMSG || code == -ENODATA || code == -ENOTSUP || code == -E2BIG) {
		r->stats.n_damaged++;
		r->stats.truncated |= code == -ENODATA;
		r->ended |= r->options.strict;
	} else {
		r->ended = true;
	}
	if (!r->ended && code != -ENODATA && r->scan.n_told >= SCAP_TOLD_MAX) {
		r->scan.n_untold++;
		if (err)
			error_clear(err);
		return STEP_ON;
	}
	r->scan.n_told++;
	if (err)
		error_prefix(err, "%s", r->name);
	return code;
}

/* What stands here is no block that can be passed over: the next one is looked for. */
static int lost_track(struct scap_reader *r, int code, struct error *err, const char *words)
{
	r->searching = true;
	r->stands = true;
	return error_set_at(err, code, r->input.at, "block at offset %llu: %s",
			    (unsigned long long)r->input.at, words);
}

/*
 * The compressed data are damaged here. A later gzip member is whole in itself: the blocks in it are
 * looked for, from the rest of the window on, for a wrong checksum alone leaves no gap.
 */
static int packing_broke(struct scap_reader *r, struct error *err)
{
	const struct error damage = r->input.damage;
	int e = scap_input_resume(&r->input, err);

	if (e < 0)
		return e;
	r->searching = e > 0;
	r->ended = e == 0;
	if (e == 0)
		return error_set_at(err, damage.code, damage.offset, "%s", damage.text);
	return error_set_at(err, -EBADMSG, damage.offset, "%s; reading goes on with what is compressed at byte %llu",
			    damage.text, (unsigned long long)r->input.file_at);
}

/* The input ends within the block that begins at `at`. */
static int cut_short(struct scap_reader *r, uint64_t at, uint64_t have, struct error *err)
{
	if (r->input.damage.code)
		return packing_broke(r, err);
	if (r->options.follow) {
		r->input.ended = false;
		r->paused = true;
		return 0;
	}
	r->searching = true;
	r->stands = true;
	return error_set_at(err, -ENODATA, at,
			    "truncated: it ends within the block at offset %llu, of which it has %llu bytes",
			    (unsigned long long)at, (unsigned long long)have);
}

static int the_end(struct scap_reader *r, struct error *err)
{
	if (r->input.damage.code)
		return cut_short(r, r->input.at, 0, err);
	if (r->options.follow) {
		r->input.ended = false;
		r->paused = true;
		return 0;
	}
	r->ended = true;
	if (!r->begun)
		return error_set(err, -ENODATA, "nothing of a capture is in it");
	if (r->scan.n_untold)
		return error_set(err, -EBADMSG, "%llu more damaged places",
				 (unsigned long long)r->scan.n_untold);
	if (r->scan.batch.n_misfits)
		return error_set(err, -EBADMSG, "%llu parameters of other sizes than their types have; "
				 "they are shown as absent",
				 (unsigned long long)r->scan.batch.n_misfits);
	if (r->scan.converter.n_forgotten)
		return error_set(err, -E2BIG, "%llu calls begun at once and not ended: more than can be kept; "
				 "what their entries say is missing",
				 (unsigned long long)r->scan.converter.n_forgotten);
	return 0;
}

/* ---- items ---- */

static int give_capture(struct scap_reader *r, struct item *ret)
{
	r->capture_due = false;
	r->reset_due = r->stats.n_captures++ > 0;
	*ret = (struct item){.kind = ITEM_CAPTURE, .capture = &r->info};
	return 1;
}

static int give_reset(struct scap_reader *r, struct item *ret)
{
	r->reset_due = false;
	r->entry[0] = (struct state_entry){.kind = ENTRY_RESET};
	*ret = (struct item){.kind = ITEM_STATE, .state = {r->entry, 1}};
	return 1;
}

static int give_lost(struct scap_reader *r, struct item *ret)
{
	r->loss = (struct loss_entry){.from_ns = r->last_ns, .to_ns = r->last_ns, .cpu = UINT32_MAX,
				      .class = LOSS_DAMAGE, .count = r->scan.n_bad};
	r->stats.events_missing += r->scan.n_bad;
	r->scan.n_bad = 0;
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &r->loss};
	return 1;
}

static int give_damage(struct scap_reader *r, struct error *err)
{
	int code = r->scan.damage.code;

	error_set_at(err, code, r->scan.damage.offset, "%s: %s", r->name, r->scan.damage.text);
	r->scan.damage.code = 0;
	r->stats.n_damaged++;
	r->ended |= r->options.strict;
	return code;
}

static int give_events(struct scap_reader *r, struct item *ret, struct error *err)
{
	struct scap_batch *sb = &r->scan.batch;
	const uint32_t n = sb->batch.n_events;
	int e;

	scap_batch_end(sb, r->number);
	r->number += n;
	r->last_ns = scap_batch_time(sb, n - 1);
	if (!r->stats.first_ns)
		r->stats.first_ns = scap_batch_time(sb, 0);
	r->stats.last_ns = r->last_ns;
	r->stats.n_events += n;
	*ret = (struct item){.kind = ITEM_EVENTS, .batch = &sb->batch};
	/* There are no checksums: all is well once every parameter has been found. */
	return r->options.verify && (e = batch_need(&sb->batch, COLUMNS_ALL, err)) < 0 ? e : 1;
}

/* ---- lists ---- */

/* The length at the end of the block that began at list_at, whose body has been used. */
static int block_end(struct scap_reader *r, struct error *err)
{
	uint64_t missing;
	int e = scap_input_fill(&r->input, SCAP_BLOCK_TAIL, err);

	if (e < 0)
		return e;
	if (scap_input_have(&r->input) < SCAP_BLOCK_TAIL)
		return cut_short(r, r->list_at, r->list_total - SCAP_BLOCK_TAIL + scap_input_have(&r->input), err);
	if (u32_at(r->input.window + r->input.start) == r->list_total)
		return scap_input_skip(&r->input, SCAP_BLOCK_TAIL, &missing, err);
	r->searching = true;
	return error_set_at(err, -EBADMSG, r->list_at,
			    "block at offset %llu: the length at its end is wrong",
			    (unsigned long long)r->list_at);
}

/* An entry contradicts itself: what follows it in the block has no known place. */
static int list_drop(struct scap_reader *r, const struct error *words, struct error *err)
{
	uint64_t missing;
	int e;

	r->in_list = false;
	if (r->list_left > scap_input_left(&r->input))
		return cut_short(r, r->list_at, r->input.at - r->list_at + scap_input_left(&r->input), err);
	if ((e = scap_input_skip(&r->input, r->list_left, &missing, err)) < 0)
		return e;
	if (missing)
		return cut_short(r, r->list_at, r->input.at - r->list_at, err);
	e = block_end(r, NULL);
	r->searching |= e < 0;
	return error_set_at(err, -EBADMSG, r->list_at, "block at offset %llu: %s; the rest of it is left out",
			    (unsigned long long)r->list_at, words->text);
}

/* 1: *ret is set, 0: nothing more of this list, negative. */
static int give_entries(struct scap_reader *r, struct item *ret, struct error *err)
{
	size_t want = r->list_left < SCAP_ENTRY_MAX ? (size_t)r->list_left : SCAP_ENTRY_MAX, have;
	struct error words = {0};
	struct cursor c;
	uint64_t missing;
	size_t n = 0;
	bool last;
	int e = scap_input_fill(&r->input, want, err);

	if (e < 0)
		return e;
	if (r->list_left == 0) {
		r->in_list = false;
		return block_end(r, err);
	}
	have = scap_input_have(&r->input);
	have = r->list_left < have ? (size_t)r->list_left : have;
	last = have == r->list_left;
	c = cursor_over(r->input.window + r->input.start, have);
	while (n < ENTRIES_ITEM && (last || cursor_left(&c) > 3) &&
	       (e = scap_list_next(&r->list, &c, &r->entry[n], &words)) > 0)
		n++;
	if (e < 0 && !n && (last || have >= SCAP_ENTRY_MAX))
		return list_drop(r, &words, err);
	if (!n && !last && have < want) {
		r->in_list = r->options.follow;
		return cut_short(r, r->list_at, r->input.at + have - r->list_at, err);
	}
	have -= cursor_left(&c);
	r->list_left -= have;
	if ((e = scap_input_skip(&r->input, have, &missing, err)) < 0)
		return e;
	*ret = (struct item){.kind = n ? ITEM_STATE : 0, .state = {r->entry, n}};
	return n > 0;
}

/* ---- blocks ---- */

/* The whole block becomes visible, at most SCAP_EVENT_MAX of it. */
static int block_fill(struct scap_reader *r, uint32_t total, struct error *err)
{
	size_t want = total < SCAP_EVENT_MAX ? total : SCAP_EVENT_MAX;
	int e = scap_input_fill(&r->input, want, err);

	if (e < 0)
		return e;
	if (scap_input_have(&r->input) < want)
		return cut_short(r, r->input.at, scap_input_have(&r->input), err);
	return 1;
}

/* Passes over a block and looks at the length at its end. */
static int block_pass(struct scap_reader *r, uint32_t total, struct error *err)
{
	uint64_t missing, left = scap_input_left(&r->input);
	int e;

	r->list_at = r->input.at;
	r->list_total = total;
	if (total > left) /* nothing is passed over: what the wrong length covers may be read */
		return cut_short(r, r->input.at, left, err);
	e = scap_input_skip(&r->input, total - SCAP_BLOCK_TAIL, &missing, err);
	if (e < 0)
		return e;
	if (missing)
		return cut_short(r, r->list_at, total - SCAP_BLOCK_TAIL - missing, err);
	return block_end(r, err);
}

static int section_read(struct scap_reader *r, uint32_t total, struct error *err)
{
	const uint8_t *p;
	struct cursor c;
	uint32_t order;
	int e = block_fill(r, total, err);

	if (e <= 0)
		return e;
	p = r->input.window + r->input.start;
	c = cursor_over(p + SCAP_BLOCK_HEAD, SCAP_SECTION_LEN - SCAP_BLOCK_HEAD);
	order = cursor_u32(&c);
	if (order != SCAP_BYTE_ORDER) {
		r->ended = order == __builtin_bswap32(SCAP_BYTE_ORDER);
		if (r->ended)
			return error_set_at(err, -ENOTSUP, r->input.at,
					    "written on a big-endian machine, which this program cannot read");
		return lost_track(r, -EBADMSG, err, "it does not begin as a capture does");
	}
	r->info = (struct capture_info){0};
	r->info.version_major = cursor_u16(&c);
	r->info.version_minor = cursor_u16(&c);
	if (r->info.version_major != 1) {
		r->ended = true;
		return error_set_at(err, -ENOTSUP, r->input.at,
				    "version %u.%u of the .scap format; this program reads versions 1.x",
				    r->info.version_major, r->info.version_minor);
	}
	r->begun = r->capture_due = true;
	r->scan.started = false;
	scap_converter_forget(&r->scan.converter);
	return block_pass(r, total, err);
}

static int machine_read(struct scap_reader *r, uint32_t total, struct error *err)
{
	struct cursor c;
	const uint8_t *host;
	int e = block_fill(r, total, err);

	if (e <= 0)
		return e;
	total -= SCAP_BLOCK_HEAD + SCAP_BLOCK_TAIL;
	c = cursor_over(r->input.window + r->input.start + SCAP_BLOCK_HEAD,
			total < SCAP_MACHINE_LEN ? total : SCAP_MACHINE_LEN);
	total += SCAP_BLOCK_HEAD + SCAP_BLOCK_TAIL;
	r->info.n_cpus = cursor_u32(&c);
	r->info.memory_bytes = cursor_u64(&c);
	cursor_u64(&c);
	host = cursor_bytes(&c, SCAP_HOST_LEN);
	if (host) {
		memcpy(r->host, host, SCAP_HOST_LEN);
		r->info.hostname = (struct text){r->host, (uint32_t)strnlen(r->host, SCAP_HOST_LEN)};
	}
	r->info.boot_ns = cursor_u64(&c);
	if (cursor_failed(&c)) {
		e = block_pass(r, total, err);
		return e < 0 ? e : error_set_at(err, -EBADMSG, r->list_at,
						"block at offset %llu: the machine's description ends early",
						(unsigned long long)r->list_at);
	}
	return block_pass(r, total, err);
}

/* Looks for the next block that can be trusted. 1, 0 the end, negative. */
static int search(struct scap_reader *r, struct error *err)
{
	size_t step = r->stands ? 1 : 0;
	uint64_t missing;
	int e;

	r->stands = false;
	for (;;) {
		const uint8_t *p, *q;
		size_t have;

		if ((e = scap_input_skip(&r->input, step, &missing, err)) < 0 ||
		    (e = scap_input_fill(&r->input, SCAP_EVENT_MAX, err)) < 0)
			return e;
		p = r->input.window + r->input.start;
		have = scap_input_have(&r->input);
		if (have < 12)
			return scap_input_skip(&r->input, have, &missing, err);
		/* The codes of blocks: 02 00 00 behind a byte, ab cd from the time before, 0a 0d 0d 0a. */
		for (q = p; q + 12 <= p + have; q++) {
			if ((q[1] == 0x02 || q[1] == 0xAB || q[1] == 0x0D) &&
			    scap_block_plausible(q, have - (size_t)(q - p)))
				break;
			/* Blocks that begin further on may end beyond the window. */
			if (!r->input.ended && (size_t)(q - p) > have - SCAP_EVENT_MAX)
				break;
		}
		step = (size_t)(q - p);
		if (q + 12 <= p + have && scap_block_plausible(q, have - step)) {
			r->searching = false;
			return (e = scap_input_skip(&r->input, step, &missing, err)) < 0 ? e : 1;
		}
		step += step == 0;
	}
}

static int other_block(struct scap_reader *r, uint32_t type, uint32_t total, struct error *err)
{
	uint64_t missing;

	switch (type) {
	case SCAP_SECTION:
		return total < SCAP_SECTION_LEN
			       ? lost_track(r, -EBADMSG, err, "a section header's length is impossible")
			       : section_read(r, total, err);
	case SCAP_MACHINE:
		r->stats.n_blocks[BLOCK_CAPTURE]++;
		return machine_read(r, total, err);
	}
	if (scap_list_begin(&r->list, type)) {
		r->stats.n_blocks[BLOCK_STATE]++;
		r->in_list = true;
		r->list_at = r->input.at;
		r->list_total = total;
		r->list_left = total - SCAP_BLOCK_HEAD - SCAP_BLOCK_TAIL;
		return scap_input_skip(&r->input, SCAP_BLOCK_HEAD, &missing, err);
	}
	if (total > SCAP_OTHER_MAX)
		return lost_track(r, -EBADMSG, err, "its length is impossible");
	r->stats.n_skipped_foreign++;
	return block_pass(r, total, err);
}

/* At a block that is no event, or one that does not lie in the window. */
static int block_read(struct scap_reader *r, enum scap_scan_end why, struct item *ret, struct error *err)
{
	const uint8_t *p = r->input.window + r->input.start;
	uint32_t type = scap_block_code(u32_at(p)), total = u32_at(p + 4);
	int e;

	if (!r->begun && type != SCAP_SECTION) {
		r->ended = true;
		return error_set_at(err, -EBADMSG, r->input.at, "%s does not begin as a .scap capture does",
				    r->input.packing == SCAP_PLAIN ? "it" : "what is compressed in it");
	}
	if (why == SCAN_LENGTH) {
		r->scan.n_bad++;
		return lost_track(r, -EBADMSG, err, "the lengths at its ends are impossible, or differ");
	}
	if (total < 12 || total % 4)
		return lost_track(r, -EBADMSG, err, "its length is impossible");
	if (r->capture_due && type != SCAP_MACHINE && type != SCAP_SECTION)
		return give_capture(r, ret);
	if (why == SCAN_OTHER)
		return other_block(r, type, total, err);
	if (total <= SCAP_EVENT_MAX)
		return block_fill(r, total, err);
	if (type != SCAP_EVENT_LARGE && type != SCAP_EVENT_FLAGS_LARGE) {
		r->scan.n_bad++;
		return lost_track(r, -EBADMSG, err, "its length is impossible");
	}
	e = block_pass(r, total, err);
	if (e < 0)
		return e;
	r->scan.n_bad++;
	return error_set_at(err, -E2BIG, r->list_at,
			    "block at offset %llu: an event of %u bytes exceeds the limit of %u",
			    (unsigned long long)r->list_at, total, SCAP_EVENT_MAX);
}

/* 1: *ret is set, STEP_ON: look again, 0: the end, negative. */
static int reader_step(struct scap_reader *r, struct item *ret, struct error *err)
{
	struct scap_scan *s = &r->scan;
	int e, why;

	if (r->searching) {
		e = search(r, err);
		if (e < 0)
			return reader_fail(r, e, err);
		r->searching = false;
	}
	if ((e = scap_input_fill(&r->input, SCAP_BLOCK_HEAD, err)) < 0)
		return reader_fail(r, e, err);
	if (scap_input_have(&r->input) == 0 && r->capture_due)
		return give_capture(r, ret);
	if (scap_input_have(&r->input) == 0)
		return (e = the_end(r, err)) < 0 ? reader_fail(r, e, err) : 0;
	if (scap_input_have(&r->input) < SCAP_BLOCK_HEAD) {
		e = cut_short(r, r->input.at, scap_input_have(&r->input), err);
		return e < 0 ? reader_fail(r, e, err) : STEP_ON;
	}
	scap_batch_begin(&s->batch);
	scap_converter_reset(&s->converter);
	why = SCAN_OTHER;
	if (r->begun && !r->capture_due) {
		why = scap_scan(s, &r->input, &r->stats, err);
		if (why < 0)
			return reader_fail(r, why, err);
		if (s->batch.batch.n_events)
			return give_events(r, ret, err);
		if (why == SCAN_FULL || why == SCAN_DAMAGE)
			return STEP_ON;
		if (scap_input_have(&r->input) < SCAP_BLOCK_HEAD)
			return STEP_ON;
	}
	e = block_read(r, why, ret, err);
	if (e < 0)
		return reader_fail(r, e, err);
	return ret->kind ? 1 : STEP_ON;
}

static int reader_next(struct source *source, struct item *ret, struct error *err)
{
	struct scap_reader *r = (struct scap_reader *)source;
	int e;

	for (;;) {
		*ret = (struct item){0};
		if (r->scan.n_bad)
			return give_lost(r, ret);
		if (r->scan.damage.code)
			return give_damage(r, err);
		if (r->ended)
			return 0;
		if (r->reset_due)
			return give_reset(r, ret);
		if (r->in_list) {
			if ((e = give_entries(r, ret, err)) < 0)
				e = reader_fail(r, e, err);
			else if (e == 0)
				e = STEP_ON;
		} else {
			e = reader_step(r, ret, err);
		}
		if (r->paused) {
			r->paused = false;
			return 0;
		}
		if (e != STEP_ON)
			return e;
	}
}

/* ---- from outside ---- */

static void reader_close(struct source *source)
{
	struct scap_reader *r = (struct scap_reader *)source;

	scap_scan_done(&r->scan);
	scap_input_done(&r->input);
	schema_free(r->schema);
	free(r->name);
	free(r);
}

static void reader_stats(struct source *source, struct source_stats *ret)
{
	const struct scap_reader *r = (struct scap_reader *)source;

	*ret = r->stats;
	ret->bytes = r->input.file_at;
	ret->bytes_raw = r->input.at;
}

static const struct source_ops scap_ops = {
	.name = "scap",
	.next = reader_next,
	.close = reader_close,
	.stats = reader_stats,
};

const char *scap_reader_packing(const struct source *s)
{
	static const char *const names[] = {[SCAP_PLAIN] = "plain", [SCAP_GZIP] = "gzip",
					    [SCAP_ZSTD] = "zstd"};

	return names[((const struct scap_reader *)s)->input.packing];
}

bool scap_reader_probe(const uint8_t *head, size_t len)
{
	struct cursor c = cursor_over(head, len);
	uint32_t type = cursor_u32(&c), total = cursor_u32(&c), order = cursor_u32(&c), next;

	if (len >= 2 && head[0] == 0x1f && head[1] == 0x8b)
		return true;
	if (len >= 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
		return true;
	if (total > len)
		total = __builtin_bswap32(total);
	/* A pipe may not have handed over more yet; ours has a longer header. */
	if (type == SCAP_SECTION && total == SCAP_SECTION_LEN && len == total)
		return true;
	cursor_bytes(&c, total < 12 ? len : total - 12);
	next = cursor_u32(&c);
	if (cursor_failed(&c) || type != SCAP_SECTION)
		return false;
	if (order == __builtin_bswap32(SCAP_BYTE_ORDER) && total == SCAP_SECTION_LEN && next > 0xFFFF)
		next = __builtin_bswap32(next);
	/* Where the family takes its numbers from; pcapng's own lie elsewhere. */
	next = scap_block_code(next);
	return next >= SCAP_CODE_FIRST && next <= SCAP_CODE_LAST;
}

struct source *scap_reader_new_from(struct scap_input *bytes, const char *name,
				    const struct source_options *options, struct error *err)
{
	struct scap_reader *r = calloc(1, sizeof *r);

	if (!r) {
		scap_input_done(bytes);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	r->options = *options;
	r->number = 1;
	r->input = *bytes;
	if (!(r->name = strdup(name)) || !(r->schema = schema_new()) ||
	    scap_scan_init(&r->scan, r->schema) < 0) {
		reader_close(&r->source);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	r->input.stop = options->stop;
	r->scan.raw_events = options->raw_events;
	r->source = (struct source){&scap_ops, r->schema};
	return &r->source;
}

struct source *scap_reader_new(int fd, const char *name, const struct source_options *options,
			       struct error *err)
{
	struct scap_input bytes;

	if (scap_input_init(&bytes, fd) == 0)
		return scap_reader_new_from(&bytes, name, options, err);
	scap_input_done(&bytes);
	error_set(err, -ENOMEM, "out of memory");
	return NULL;
}
