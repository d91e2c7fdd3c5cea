#include "sinks/pipeline_run.h"

#include <errno.h>
#include <stdlib.h>

static bool is_damage(int code)
{
	return code == -EBADMSG || code == -ENODATA || code == -ENOTSUP || code == -E2BIG;
}

/* 0: told and forgotten, go on; else the error. */
static int take_damage(struct run *run, int code, struct error *err)
{
	struct pipeline *p = run->p;

	if (!p->warn || !is_damage(code))
		return code;
	p->n_damaged++;
	p->warn(p->context, err);
	error_clear(err);
	return 0;
}

/*
 * Which columns to load at once, and which of the others when an event has passed: most batches that are
 * looked through for a rare event then do without times, which are most of their bytes.
 */
static void choose_columns(struct run *run)
{
	const struct pipeline *p = run->p;
	/* A sink that only counts looks at nothing. */
	bool given = !p->sink || p->sink->needs || p->needs;

	run->scan_columns = EVENT_COLUMNS | (p->filter ? filter_event_columns(p->filter) : 0);
	run->event_columns = given ? EVENT_COLUMNS_MORE : 0;
	/* Threads know when they began. */
	if ((p->needs | (p->sink ? p->sink->needs : 0)) & NEED_THREADS)
		run->scan_columns |= COLUMN_TIME;
	/* Sinks look at hidden events as at others. */
	if (run->exact || run->has_hidden)
		run->scan_columns |= run->event_columns;
	run->whole_view = run->scan_columns & EVENT_COLUMNS_MORE &&
			  !(run->event_columns & ~run->scan_columns);
}

struct run *pipeline_open(struct pipeline *p, struct error *err)
{
	struct run *run = calloc(1, sizeof *run);
	const struct schema *schema;

	if (!run)
		goto fail;
	run->p = p;
	schema = p->source->schema;
	if (!schema)
		schema = run->no_schema = schema_new();
	run->st = schema ? state_new(schema) : NULL;
	if (!run->st)
		goto fail;
	run->needs =
	    p->needs | (p->sink ? p->sink->needs : 0) | (p->filter ? filter_needs(p->filter) : 0);
	run->feed_state = run->needs & (NEED_THREADS | NEED_FDS | NEED_USERS);
	run->exact = !p->filter || filter_is_exact(p->filter);
	run->may_peek = run->feed_state && !run->exact;
	run->has_hidden = p->sink && p->sink->ops->hidden;
	/* What came of the events before a range is told from the state. */
	run->feed_state |= p->range.given && run->has_hidden;
	run->begun = !p->range.given;
	run->by_selection = p->sink && p->sink->ops->selection && run->exact && !run->feed_state &&
			    !run->has_hidden;
	run->packets = p->packets && p->sink && p->sink->ops->packet && p->source->ops->packet;
	choose_columns(run);
	p->n_packets = p->n_seen = p->n_passed = p->n_lost = p->n_damaged = p->n_bad_events = 0;
	memset(p->n_lost_by, 0, sizeof p->n_lost_by);
	field_context.first_ns = field_context.before_ns = field_context.n_asked = 0;
	field_context.hostname = NULL;
	return run;

fail:
	run_close(run);
	error_set(err, -ENOMEM, "out of memory");
	return NULL;
}

void run_close(struct run *run)
{
	if (!run)
		return;
	if (field_context.hostname == run->hostname)
		field_context.hostname = NULL;
	state_free(run->st);
	schema_free(run->no_schema);
	free(run->hostname);
	free(run);
}

static int take_capture(struct run *run, const struct capture_info *info, struct error *err)
{
	const struct sink *sink = run->p->sink;

	/* Types may have meant something else before. */
	if (run->kinds_known)
		memset(run->kinds, 0, sizeof run->kinds);
	run->kinds_known = false;
	free(run->hostname);
	run->hostname = strndup(info->hostname.data ? info->hostname.data : "", info->hostname.len);
	if (!run->hostname)
		return error_set(err, -ENOMEM, "out of memory");
	field_context.hostname = run->hostname;
	return sink && sink->ops->capture ? sink->ops->capture(run->p->sink, info, err) : 0;
}

static int take_state(struct run *run, const struct state_entry *entries, size_t n,
		      struct error *err)
{
	struct sink *sink = run->p->sink;
	int r;

	if (run->feed_state) {
		r = state_entries(run->st, entries, n, err);
		if (r < 0)
			r = take_damage(run, r, err);
		if (r < 0)
			return r;
	}
	return sink && sink->ops->state && run->begun ? sink->ops->state(sink, entries, n, err) : 0;
}

static int take_loss(struct run *run, const struct loss_entry *loss, struct error *err)
{
	struct sink *sink = run->p->sink;

	if (loss_is_of_events(loss))
		run->p->n_lost += loss->count;
	run->p->n_lost_by[loss->class < PIPELINE_LOSS_CLASSES ? loss->class : 0] += loss->count;
	return sink && sink->ops->loss ? sink->ops->loss(sink, loss, err) : 0;
}

static int tell_state(void *context, const struct state_entry *entries, size_t n, struct error *err)
{
	struct sink *sink = context;

	return sink->ops->state(sink, entries, n, err);
}

/* The range begins: what is known of processes by now is all that the sink is told of what lies before. */
static int begin_range(struct run *run, struct error *err)
{
	struct sink *sink = run->p->sink;

	run->begun = true;
	return sink && sink->ops->state && run->feed_state
		       ? state_each_entry(run->st, tell_state, sink, err)
		       : 0;
}

/* The time of the batch's last event, for those of the next. */
static int note_last_time(struct batch *b, struct error *err)
{
	int r = batch_need(b, COLUMN_TIME | COLUMN_FLAGS, err);

	for (uint32_t i = r < 0 ? 0 : b->n_events; i-- > 0;)
		if (!(b->flags[i] & EVENT_HIDDEN)) {
			field_context.before_ns = b->time_ns[i];
			break;
		}
	return r;
}

/* Whether the packet lies in the stretch that was asked for; of one by numbers, not in front of its first event. */
static bool packet_passes(const struct run *run, const struct packet *packet)
{
	const struct range *range = &run->p->range;

	return !range->given ||
	       (run->begun && packet->time_ns >= range->from_ns && packet->time_ns <= range->to_ns);
}

/* Packets up to this time go to the sink. 0; 1: it has enough; negative errno. */
static int give_packets(struct run *run, uint64_t until_ns, struct error *err)
{
	struct sink *sink = run->p->sink;
	struct packet packet;
	int r = 0;

	while (run->packets && r == 0 && until_ns >= run->packet_ns) {
		r = source_packet(run->p->source, until_ns, &packet, err);
		if (r <= 0) {
			run->packet_ns = packet.time_ns;
			return r;
		}
		r = 0;
		if (packet_passes(run, &packet)) {
			run->p->n_packets++;
			r = sink->ops->packet(sink, &packet, err);
		}
	}
	return r;
}

/* Leaves the batch whatever happens: sinks may use it for the last time. */
static int leave_batch(struct run *run, struct error *err)
{
	const struct sink *sink = run->p->sink;
	struct batch *b = run->batch;
	int r = run->needs & NEED_BEFORE ? note_last_time(b, err) : 0;

	run->batch = NULL;
	if (r == 0 && run->packets && !run->ends && (r = batch_need(b, COLUMN_TIME, err)) == 0 && b->n_events)
		r = give_packets(run, b->time_ns[b->n_events - 1], err);
	if (r)
		return r;
	return sink && sink->ops->batch_end ? sink->ops->batch_end(run->p->sink, b, err) : 0;
}

/* The payload of an event whose class was guessed wrong (a file that changes a type midway). */
static int need_payload(struct run *run, struct error *err)
{
	unsigned column =
	    event_info_is_state(run->ev.info) ? COLUMN_PAYLOAD_STATE : COLUMN_PAYLOAD_BULK;

	return batch_need(run->batch, column, err);
}

/* An event that has passed, for who wants to see all of it. */
static int complete(struct run *run, struct error *err)
{
	int r;

	if (run->whole_view)
		return 0;
	if ((r = batch_need(run->batch, run->event_columns, err)) == 0)
		event_at_more(&run->ev);
	return r;
}

/* Nobody needs the event any more: what came out about it is counted. */
static void note_bad_event(struct run *run)
{
	run->p->n_bad_events += run->ev.damaged;
	run->ev.damaged = false;
}

/*
 * Looks at events from run->at on. 1: one passed, and is in run->ev; 0: the batch has no more.
 * The state is settled before the next event is looked at, so that the caller sees it as the event
 * left it.
 */
static int scan_batch(struct run *run, struct error *err)
{
	struct pipeline *p = run->p;
	struct batch *b = run->batch;
	struct state *st = run->st;
	struct sink *sink = p->sink;
	bool want_fd = run->needs & NEED_FDS;
	bool want_params = run->needs & NEED_PARAMS;
	bool more = run->scan_columns & EVENT_COLUMNS_MORE;

	if (run->settle)
		state_settle(st);
	run->settle = run->returned = false;
	while (run->at < b->n_events) {
		uint32_t i = run->at;
		uint64_t left = (run->bits[i / 64] | run->touch[i / 64]) >> i % 64;
		bool touches, passes;
		int r;

		if (!left) {
			run->at = (i / 64 + 1) * 64;
			continue;
		}
		i += (uint32_t)__builtin_ctzll(left);
		if (!run->begun && i >= run->begins_at && (r = begin_range(run, err)) < 0)
			return r;
		run->at = i + 1;
		passes = run->bits[i / 64] >> i % 64 & 1;
		touches = run->touch[i / 64] >> i % 64 & 1;
		if (!touches && run->may_peek && state_peek(st, b, i) &&
		    filter_rules_out(p->filter, schema_find(b->schema, b->type[i]), st))
			continue;
		if (more)
			event_at(&run->ev, b, i);
		else
			event_at_state(&run->ev, b, i);
		if ((touches || want_params) && (r = need_payload(run, err)) < 0)
			return r;
		if (touches && run->feed_state)
			state_apply(st, &run->ev);
		else if (run->feed_state)
			state_look(st, &run->ev, want_fd);
		passes = passes && (run->exact || filter_match(p->filter, &run->ev, st));
		if (passes) {
			if ((r = complete(run, err)) < 0)
				return r;
			run->settle = touches && run->feed_state;
			run->returned = true;
			return 1;
		}
		if (touches && run->has_hidden && run->begun && event_info_is_state(run->ev.info)) {
			r = sink->ops->hidden(sink, &run->ev, st, err);
			if (r < 0)
				return r;
		}
		if (touches && run->feed_state)
			state_settle(st);
		note_bad_event(run);
	}
	return 0;
}

/* Whole batches for sinks that need no single events. 0, or 1: enough. */
static int pass_selection(struct run *run, struct error *err)
{
	struct pipeline *p = run->p;
	struct batch *b = run->batch;
	uint64_t n = 0;

	for (uint32_t w = 0; w < BATCH_WORDS; w++)
		n += (uint64_t)__builtin_popcountll(run->bits[w]);
	for (uint32_t w = BATCH_WORDS; p->limit && p->n_passed + n > p->limit;) {
		while (!run->bits[w - 1])
			w--;
		run->bits[w - 1] &= ~(1ull << (63 - __builtin_clzll(run->bits[w - 1])));
		n--;
	}
	p->n_passed += n;
	run->at = b->n_events;
	return n ? p->sink->ops->selection(p->sink, b, run->bits, n, err) : 0;
}

/* Events from `at` on whose columns turned out to be damaged: lost for the sink, too. */
static int lose_rest(struct run *run, const struct batch *b, uint32_t at, struct error *err)
{
	struct loss_entry loss = {.cpu = UINT32_MAX, .class = LOSS_DAMAGE};

	if (at >= b->n_events)
		return 0;
	loss.count = b->n_events - at;
	if (b->loaded & COLUMN_TIME) {
		loss.from_ns = b->time_ns[at];
		loss.to_ns = b->time_ns[b->n_events - 1];
	}
	return take_loss(run, &loss, err);
}

/* The next item. 1: a batch is there or an item was eaten; 0: the end. */
static int next_item(struct run *run, struct error *err)
{
	struct item item;
	int r = source_next(run->p->source, &item, err);

	run->packet_ns = 0; /* more may be known now */
	if (r <= 0)
		return r;
	switch (item.kind) {
	case ITEM_CAPTURE:
		r = take_capture(run, item.capture, err);
		break;
	case ITEM_STATE:
		r = take_state(run, item.state.entries, item.state.n_entries, err);
		break;
	case ITEM_EVENTS:
		r = run_take_batch(run, item.batch, err);
		if (is_damage(r)) {
			r = take_damage(run, r, err);
			if (r == 0)
				r = lose_rest(run, item.batch, 0, err);
		}
		break;
	case ITEM_LOSS:
		r = take_loss(run, item.loss, err);
		break;
	}
	return r < 0 ? r : 1;
}

static bool is_over(const struct run *run)
{
	const struct pipeline *p = run->p;

	return run->ended || (p->stop && *p->stop) || (p->limit && p->n_passed >= p->limit);
}

int run_next(struct run *run, struct event **ret_event, struct state **ret_state, struct error *err)
{
	int r;

	if (run->returned)
		note_bad_event(run);
	while (!is_over(run)) {
		if (!run->batch) {
			if (run->p->progress)
				run->p->progress(run->p->context);
			r = next_item(run, err);
			/* a read that Ctrl-C has broken off */
			if (r < 0 && run->p->stop && *run->p->stop) {
				error_clear(err);
				return 0;
			}
			if (r < 0)
				r = take_damage(run, r, err);
			else if (r == 0)
				run->ended = true;
			if (r < 0)
				return r;
			continue;
		}
		if (run->by_selection) {
			r = pass_selection(run, err);
		} else {
			r = scan_batch(run, err);
			if (r > 0) {
				run->p->n_passed++;
				*ret_event = &run->ev;
				*ret_state = run->st;
				return 1;
			}
		}
		if (is_damage(r)) {
			r = take_damage(run, r, err);
			if (r == 0)
				r = lose_rest(run, run->batch, run->at ? run->at - 1 : 0, err);
		}
		if (r == 0)
			r = leave_batch(run, err);
		if (r < 0) {
			/* a caller that goes on does so behind this batch */
			run->batch = NULL;
			return r;
		}
		run->ended = run->ended || r > 0 || run->ends;
	}
	return 0;
}

/* The bulk of the work: kept apart from run_next() only by the sink's call. */
static int drive(struct run *run, struct error *err)
{
	struct sink *sink = run->p->sink;
	struct event *ev;
	struct state *st;
	int r;

	while ((r = run_next(run, &ev, &st, err)) > 0) {
		if (run->packets && (r = give_packets(run, ev->time_ns, err)) != 0)
			return r < 0 ? r : 0;
		r = sink->ops->event ? sink->ops->event(sink, ev, st, err) : 0;
		if (r)
			return r < 0 ? r : 0;
	}
	return r;
}

int pipeline_run(struct pipeline *p, struct error *err)
{
	struct run *run = pipeline_open(p, err);
	struct error late = {0};
	int r, finished;

	if (!run)
		return -ENOMEM;
	r = drive(run, err);
	if (r >= 0 && run->batch)
		r = leave_batch(run, err);
	if (r >= 0 && !run->ends && !(p->limit && p->n_passed >= p->limit))
		r = give_packets(run, UINT64_MAX, err);
	finished = p->sink->ops->finish ? p->sink->ops->finish(p->sink, &late) : 0;
	if (r >= 0 && finished < 0)
		r = error_set(err, finished, "%s", late.text);
	run_close(run);
	if (r >= 0 && p->n_bad_events && !p->n_damaged)
		r = error_set(err, -EBADMSG, "the payload of %llu event%s contradicts its type",
			      (unsigned long long)p->n_bad_events, p->n_bad_events == 1 ? "" : "s");
	if (r >= 0 && p->n_damaged)
		r = error_set(err, -EBADMSG, "the capture is damaged in %llu place%s",
			      (unsigned long long)p->n_damaged, p->n_damaged == 1 ? "" : "s");
	return r < 0 ? r : 0;
}
