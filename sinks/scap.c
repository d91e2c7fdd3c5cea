/*
 * Captures for sysdig, Falco, Wireshark and Stratoshark. Events are encoded as they come and put aside;
 * at the end the lists of processes, descriptors and users that they need are written, and they behind them.
 */
#include "sinks/scap_events.h"
#include "sinks/scap_pairs.h"
#include "sinks/scap_people.h"
#include "sinks/sink.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK (1u << 20) /* of what was put aside, read at once; larger than any block */

struct scap_sink {
	struct sink sink;
	struct scap_sink_options options;
	struct scap_sink_report report;
	struct scap_output out;
	struct people people;
	struct scap_pairs *pairs;	/* legacy only */
	struct spool spool;		/* else */
	struct buffer event;
	struct capture_info info;
	struct buffer texts;		/* of info */
	bool has_hidden;		/* some events are there for their effects only */
	uint64_t last_ns;		/* of the last one that is not: effects behind it matter to nobody */
};

static int out_of_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory");
}

/* ---- putting aside ---- */

static int put_aside(struct scap_sink *s, struct event *ev, struct state *st, bool chosen, struct error *err)
{
	uint32_t flags = chosen ? 0 : SCAP_STATE_ONLY;
	struct scap_told told;
	struct pair pair = {.exit_ns = ev->time_ns, .enter_ns = ev->time_ns};
	int r = people_event(&s->people, ev, st, chosen, err);

	if (r < 0)
		return r;
	if (ev->duration_ns != DURATION_NONE && ev->duration_ns < ev->time_ns)
		pair.enter_ns = ev->time_ns - ev->duration_ns;
	buffer_clear(&s->event);
	if (s->options.legacy)
		told = scap_tell_legacy(&s->event, ev, s->info.arch, flags, pair.enter_ns);
	else
		told = scap_tell(&s->event, ev, s->info.arch, flags);
	if (buffer_failed(&s->event))
		return out_of_memory(err);
	s->report.n_cut += told.cut;
	s->report.n_notes += told.no_place && chosen;
	s->report.n_events += !told.no_place && chosen;
	s->has_hidden |= !chosen;
	if (chosen && ev->time_ns > s->last_ns)
		s->last_ns = ev->time_ns;
	if (!s->options.legacy)
		return spool_append(&s->spool, s->event.data, s->event.len, err);
	pair.bytes = s->event.data;
	pair.enter_len = told.enter_len;
	pair.exit_len = told.exit_len;
	return s->event.len ? scap_pairs_add(s->pairs, &pair, err) : 0;
}

static int scap_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct scap_sink *s = (struct scap_sink *)sink;

	if (ev->flags & EVENT_UNFINISHED && !s->options.legacy) {
		s->report.n_unfinished++;
		return 0;
	}
	return put_aside(s, ev, st, true, err);
}

static int scap_hidden(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct scap_sink *s = (struct scap_sink *)sink;

	/* An unfinished call has changed nothing yet. */
	return ev->flags & EVENT_UNFINISHED ? 0 : put_aside(s, ev, st, false, err);
}

/* ---- writing ---- */

static uint32_t block_len(const uint8_t *block)
{
	uint32_t len;

	memcpy(&len, block + 4, sizeof len);
	return len;
}

static uint64_t block_time(const uint8_t *block, int64_t *ret_tid, bool *ret_hidden)
{
	uint32_t code, at = SCAP_BLOCK_HEAD + 2;
	uint64_t time_ns;

	memcpy(&code, block, sizeof code);
	*ret_hidden = code == SCAP_EVENT_FLAGS_2 || code == SCAP_EVENT_FLAGS_LARGE;
	at += *ret_hidden ? 4 : 0;
	memcpy(&time_ns, block + at, sizeof time_ns);
	memcpy(ret_tid, block + at + SCAP_AT_TID, sizeof *ret_tid);
	return time_ns;
}

/* A block that was put aside: left out when it is there for effects that nobody needs. */
static int block_write(struct scap_sink *s, const uint8_t *block, struct error *err)
{
	bool hidden;
	int64_t tid;
	uint64_t time_ns = block_time(block, &tid, &hidden);

	if (hidden && (time_ns > s->last_ns || !people_is_needed(&s->people, tid)))
		return 0;
	return scap_output_write(&s->out, block, block_len(block), err);
}

/* Entries of long calls from before this time. */
static int late_write(struct scap_sink *s, uint32_t *at, uint64_t time_ns, struct error *err)
{
	struct scap_pairs *p = s->pairs;
	int r = 0;

	for (; p && r == 0 && *at < p->n_late && p->late[*at].time_ns < time_ns; (*at)++) {
		const struct late_enter *late = &p->late[*at];

		buffer_clear(&s->event);
		if (!buffer_reserve(&s->event, late->len))
			return out_of_memory(err);
		r = spool_pread(&p->late_bytes, s->event.data, late->len, late->at, err);
		if (r == 0)
			r = block_write(s, s->event.data, err);
	}
	return r;
}

/* Whole blocks of a chunk; *ret_done: how many bytes they are. */
static int blocks_write(struct scap_sink *s, const uint8_t *chunk, size_t len, size_t *ret_done, uint32_t *late,
			struct error *err)
{
	bool plain = !s->has_hidden && !(s->pairs && s->pairs->n_late);
	size_t at = 0;
	int r = 0;

	while (r == 0 && len - at >= SCAP_BLOCK_HEAD && block_len(chunk + at) <= len - at) {
		if (!plain) {
			bool hidden;
			int64_t tid;

			r = late_write(s, late, block_time(chunk + at, &tid, &hidden), err);
			if (r == 0)
				r = block_write(s, chunk + at, err);
		}
		at += block_len(chunk + at);
	}
	*ret_done = at;
	return plain ? scap_output_write(&s->out, chunk, at, err) : r;
}

static int events_write(struct scap_sink *s, struct error *err)
{
	const struct spool *from = s->pairs ? &s->pairs->spool : &s->spool;
	uint8_t *chunk = malloc(CHUNK);
	uint32_t late = 0;
	uint64_t at = 0;
	int r = chunk ? 0 : out_of_memory(err);

	while (r == 0 && at < spool_len(from)) {
		uint64_t left = spool_len(from) - at;
		size_t len = left < CHUNK ? (size_t)left : CHUNK, done = 0;

		r = spool_pread(from, chunk, len, at, err);
		if (r == 0)
			r = blocks_write(s, chunk, len, &done, &late, err);
		at += done;
	}
	if (r == 0)
		r = late_write(s, &late, UINT64_MAX, err);
	free(chunk);
	return r;
}

/* Everything of one capture, and room for the next. */
static int section_write(struct scap_sink *s, struct error *err)
{
	int r = s->pairs ? scap_pairs_end(s->pairs, err) : 0;

	if (r == 0)
		r = people_close(&s->people, err);
	if (r == 0)
		r = people_write(&s->people, &s->info, &s->out, err);
	if (r == 0)
		r = events_write(s, err);
	if (r == 0)
		r = scap_output_flush(&s->out, err);
	if (s->pairs)
		s->report.n_moved += s->pairs->n_moved;
	return r;
}

static int section_next(struct scap_sink *s, struct error *err)
{
	int r = section_write(s, err);

	people_reset(&s->people);
	spool_done(&s->spool);
	s->has_hidden = false;
	s->last_ns = 0;
	if (s->pairs) {
		scap_pairs_free(s->pairs);
		s->pairs = scap_pairs_new(s->options.folder);
		if (!s->pairs && r == 0)
			r = out_of_memory(err);
	}
	return r;
}

/* ---- the capture and its state ---- */

static struct text keep(struct buffer *b, struct text t)
{
	size_t at = b->len;

	buffer_append(b, t.data, t.len);
	return buffer_failed(b) ? (struct text){0} : (struct text){(const char *)b->data + at, t.len};
}

static int scap_capture(struct sink *sink, const struct capture_info *info, struct error *err)
{
	struct scap_sink *s = (struct scap_sink *)sink;
	int r = s->people.has_events ? section_next(s, err) : 0;

	s->info = *info;
	buffer_clear(&s->texts);
	/* in one piece, or the first would move */
	buffer_reserve(&s->texts, (size_t)info->hostname.len + info->arch.len);
	s->info.hostname = keep(&s->texts, info->hostname);
	s->info.arch = keep(&s->texts, info->arch);
	return r;
}

static int scap_state(struct sink *sink, const struct state_entry *entries, size_t n, struct error *err)
{
	struct scap_sink *s = (struct scap_sink *)sink;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		if (entries[i].kind == ENTRY_RESET && s->people.has_events)
			r = section_next(s, err);
	return r < 0 ? r : people_entries(&s->people, entries, n, err);
}

static int scap_finish(struct sink *sink, struct error *err)
{
	struct scap_sink *s = (struct scap_sink *)sink;
	int r = section_write(s, err);

	if (s->options.report)
		*s->options.report = s->report;
	return r;
}

static void scap_free(struct sink *sink)
{
	struct scap_sink *s = (struct scap_sink *)sink;

	scap_output_done(&s->out);
	people_done(&s->people);
	scap_pairs_free(s->pairs);
	spool_done(&s->spool);
	buffer_done(&s->event);
	buffer_done(&s->texts);
	free(s);
}

static const struct sink_ops scap_ops = {
    .name = "scap",
    .capture = scap_capture,
    .state = scap_state,
    .event = scap_event,
    .hidden = scap_hidden,
    .finish = scap_finish,
    .free = scap_free,
};

struct sink *sink_scap_new(int fd, const struct scap_sink_options *options, struct error *err)
{
	struct scap_sink *s = calloc(1, sizeof *s);

	if (!s)
		goto fail;
	s->sink.ops = &scap_ops;
	s->sink.needs = NEED_PARAMS | (options->selective ? NEED_THREADS : 0);
	s->options = *options;
	scap_output_init(&s->out, fd, options->level);
	people_init(&s->people, options->legacy, options->selective);
	spool_init(&s->spool, options->folder);
	if (options->legacy && !(s->pairs = scap_pairs_new(options->folder)))
		goto fail;
	return &s->sink;

fail:
	if (s)
		scap_free(&s->sink);
	out_of_memory(err);
	return NULL;
}
