#include "capture/source_bpf.h"

#include "base/clock.h"
#include "capture/record_entry.h"
#include "capture/reorder.h"
#include "format/event.h"
#include "format/memory.h"
#include "format/recipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * A record gets its time a little before its place in the ring: an interrupt or a host that takes the
 * CPU away may lie between. What is younger than this is not handed out yet.
 */
#define SLACK_NS     20000000ull
#define STAGED_MAX   (16u << 20) /* bytes copied out of the rings and not yet handed out */
#define DRAIN_MAX    (4u << 20)	 /* from one ring at a time */
#define CHECK_EACH_NS 1000000000ull /* losses, clocks */
#define CLOCK_STEP_NS 100000	/* a smaller change of the wall clock is not worth a note */
#define IDLE_MAX_US  10000
#define BATCH_WAITS  8 /* a batch is due no later than this part of its time */

#if defined(__x86_64__)
#define ABI_NATIVE ABI_X86_64
#else
#define ABI_NATIVE ABI_AARCH64
#endif

enum phase { PHASE_BEGIN, PHASE_RECORDING, PHASE_STOPPED, PHASE_OVER };

struct source_bpf {
	struct source source;
	struct source_bpf_options options;
	enum phase phase;
	struct schema *schema;
	struct reorder order;
	struct batch_builder builder;
	struct batch_row row;
	uint64_t *ring_time;	/* everything older has come out of the ring */
	uint64_t stage_time;
	uint64_t batch_since;	/* monotonic time of the batch's first event, 0: empty */
	uint64_t offset;	/* from CLOCK_BOOTTIME to the epoch */
	uint64_t wall_offset;	/* the same as it is now: NTP and people set clocks */
	uint64_t last_time;	/* of the last event handed to the builder */
	uint64_t n_events;
	struct entry_list pending; /* state that goes in front of the batch */
	bool batch_out;		   /* the builder's batch is with the caller */
	bool state_out;
	struct loss_entry *loss; /* found at the last check */
	unsigned n_loss, loss_at, loss_max;
	struct engine_counters *reported; /* per CPU, as of the last check */
	uint64_t missed;
	uint64_t checked_ns;
	uint64_t looked_ns;	/* at the calls in progress */
	unsigned idle_us;
	struct source_bpf_stats stats;
	bool out_of_memory;
};

/* ---- records to events and entries ---- */

/*
 * Whether the batch, which comes behind the entries, has something of the thread that is older than what an entry
 * tells of it: an event of its own, or the call that made it.
 */
static bool batch_has_tid(const struct batch *b, int64_t tid)
{
	for (uint32_t i = 0; i < b->n_tids; i++)
		if (b->tids[i] == tid)
			return true;
	for (uint32_t i = 0; i < b->n_events; i++)
		if (b->result[i] == tid)
			return true;
	return false;
}

static int take_entry(struct source_bpf *s, const struct record *r)
{
	struct state_entry entry;
	char name[256];

	if (record_to_entry(r, s->offset, &entry, name) < 0)
		return 0;
	if (s->options.users_of && entry.kind == ENTRY_THREAD &&
	    s->options.users_of(s->options.snapshot, entry.thread.uid, entry.thread.gid, &s->pending) < 0)
		return -ENOMEM;
	return entry_list_add(&s->pending, &entry);
}

static uint32_t translate(const struct record *r, uint32_t len)
{
	enum syscall_abi abi = r->flags & EVENT_COMPAT ? ABI_I386 : ABI_NATIVE;
	const struct recipe *recipe = r->sysno == SYSNO_NONE ? NULL : recipe_find(abi, r->sysno);
	int64_t n;

	if (!recipe || !(recipe->flags & RECIPE_MAPPED))
		return len;
	/* The record lies in our own copy: in place. */
	n = recipe_translate(recipe, abi, r->absent, (uint8_t *)(uintptr_t)(r + 1), len);
	return n < 0 ? len : (uint32_t)n;
}

/* The users and groups that the last event of the batch names: only these are told by name. */
static int tell_named_users(struct source_bpf *s)
{
	struct batch *b = &s->builder.batch;
	struct event ev;

	event_at(&ev, b, b->n_events - 1);
	for (unsigned i = 0; i < ev.n_params; i++) {
		const struct param_info *p = &ev.info->params[i];
		bool user = p->type == PT_UID || !strcmp(p->name, "uid");
		bool group = p->type == PT_GID || !strcmp(p->name, "gid");
		int64_t id;

		if ((user || group) && param_number(event_param(&ev, i), p->type, &id) &&
		    s->options.users_of(s->options.snapshot, user ? (uint32_t)id : UINT32_MAX,
					group ? (uint32_t)id : UINT32_MAX, &s->pending) < 0)
			return -ENOMEM;
	}
	return 0;
}

/*
 * The command's process begins as a copy of ours that waits and looks for the program: what counts is
 * what it does from its exec on.
 */
static bool is_before_command(struct source_bpf *s, const struct record *r)
{
	const struct event_info *info;

	if (!s->options.command_pid || r->pid != s->options.command_pid)
		return false;
	info = event_info_find(r->type);
	if (!info || strcmp(info->name, "execve") || r->result != 0)
		return true;
	s->options.command_pid = 0;
	return false;
}

static int take_event(struct source_bpf *s, const struct record *r)
{
	const struct event_info *info;
	struct batch_row *row = &s->row;
	int code;

	if (is_before_command(s, r))
		return 0;
	if (s->options.first_seen) {
		code = s->options.first_seen(s->options.snapshot, r->tid, r->pid, r->born, &s->pending);
		if (code < 0)
			return code;
	}
	row->time_ns = r->exit_ns + s->offset;
	if (row->time_ns < s->last_time) {
		row->time_ns = s->last_time;
		s->stats.n_late++;
	}
	s->last_time = row->time_ns;
	row->duration_ns = r->enter_ns && !(r->flags & EVENT_ENTRY_UNKNOWN) ? r->exit_ns - r->enter_ns : DURATION_NONE;
	row->tid = r->tid;
	row->result = r->result;
	row->fd = r->fd;
	row->type = r->type;
	row->cpu = r->cpu;
	row->flags = r->flags;
	row->sysno = r->sysno;
	row->absent = r->absent;
	row->payload = (const uint8_t *)(r + 1);
	row->payload_len = translate(r, r->size - (uint32_t)sizeof *r);
	if (!s->builder.batch.n_events) {
		s->batch_since = clock_ns(CLOCK_MONOTONIC);
		s->builder.batch.first_number = s->n_events + 1;
	}
	code = batch_builder_add(&s->builder, row);
	if (code < 0)
		return code;
	s->n_events++;
	info = s->options.users_of ? event_info_find(r->type) : NULL;
	if (!info || !event_info_is_state(info))
		return 0;
	code = info->category % EC_IO_READ;
	return code == EC_PROCESS || code == EC_USER ? tell_named_users(s) : 0;
}

/* Moves due records into the batch. 1: the batch must go out first; 0: no more are due. */
static int fill_batch(struct source_bpf *s)
{
	const struct record *r;

	while ((r = reorder_peek(&s->order))) {
		struct batch *b = &s->builder.batch;
		int code;

		if (b->n_events == BATCH_EVENTS || b->payload_size + r->size > BATCH_PAYLOAD_MAX)
			return 1;
		if ((r->type == RECORD_TASK || r->type == RECORD_ANCESTOR) && b->n_events && batch_has_tid(b, r->tid))
			return 1;
		code = r->type >= RECORD_TASK ? take_entry(s, r) : take_event(s, r);
		if (code < 0)
			return code;
		reorder_next(&s->order);
	}
	return 0;
}

/* ---- the rings ---- */

static void stage(void *context, const struct record *r)
{
	struct source_bpf *s = context;

	s->stats.n_records++;
	s->stage_time = r->exit_ns;
	if (reorder_add(&s->order, r->exit_ns, r, r->size) < 0)
		s->out_of_memory = true;
}

/* The bulk ring that is furthest behind. */
static unsigned laggard(const struct source_bpf *s)
{
	unsigned worst = s->options.recorder->n_state;

	for (unsigned ring = worst + 1; ring < s->options.recorder->n_rings; ring++)
		if (s->ring_time[ring] < s->ring_time[worst])
			worst = ring;
	return worst;
}

/*
 * Empties the rings as far as memory allows, and makes due what nothing earlier can come before: a
 * ring that was not emptied may hold anything from its last record on. Returns the bytes taken.
 */
static size_t drain(struct source_bpf *s)
{
	struct recorder *e = s->options.recorder;
	uint64_t now = clock_ns(CLOCK_BOOTTIME), watermark = now - SLACK_NS;
	unsigned behind = laggard(s);
	size_t taken = 0;
	bool all_empty = true;

	for (unsigned ring = 0; ring < e->n_rings; ring++) {
		bool empty = false;

		/*
		 * The rings of state events are small and must not overflow: they are always emptied. With
		 * much in memory, of the others only the one that the rest waits for.
		 */
		s->stage_time = s->ring_time[ring];
		if (ring < e->n_state || ring == behind || reorder_bytes(&s->order) < STAGED_MAX)
			taken += recorder_drain(e, ring, DRAIN_MAX, stage, s, &empty);
		s->ring_time[ring] = empty ? now : s->stage_time;
		if (!empty && s->ring_time[ring] < watermark)
			watermark = s->ring_time[ring];
		all_empty = all_empty && empty;
	}
	if (reorder_bytes(&s->order) > s->stats.staged_max)
		s->stats.staged_max = reorder_bytes(&s->order);
	reorder_sort(&s->order, s->phase == PHASE_STOPPED && all_empty ? UINT64_MAX : watermark);
	return taken;
}

static void wait_a_little(struct source_bpf *s, size_t taken)
{
	if (s->options.recorder->wakes) {
		recorder_wait(s->options.recorder, s->options.batch_ns / BATCH_WAITS);
		return;
	}
	if (taken > DRAIN_MAX / 4) {
		s->idle_us = 0;
		return;
	}
	s->idle_us = taken ? 1000 : s->idle_us + 1000;
	if (s->idle_us > IDLE_MAX_US)
		s->idle_us = IDLE_MAX_US;
	recorder_wait(s->options.recorder, s->idle_us * 1000ull);
}

/* A call that began before us and has not ended: only what /proc said of it then is known. */
static void take_call_before(void *context, uint32_t tid)
{
	struct source_bpf *s = context;
	struct record *r = s->options.call_before(s->options.snapshot, tid);

	if (!r)
		return;
	r->exit_ns = clock_ns(CLOCK_BOOTTIME);
	stage(s, r);
}

static void calls_in_progress(struct source_bpf *s)
{
	recorder_unfinished(s->options.recorder, s->options.call_before ? take_call_before : NULL, s, NULL);
}

static void look_at_waiting(struct source_bpf *s)
{
	bool asked = s->options.report && *s->options.report;
	uint64_t now;

	if (!asked && !s->options.waits_ns)
		return;
	now = clock_ns(CLOCK_BOOTTIME);
	if (!asked && now - s->looked_ns < s->options.waits_ns)
		return;
	if (asked)
		*s->options.report = false;
	s->stats.reported = asked;
	s->looked_ns = now;
	calls_in_progress(s);
}

static void stop_recording(struct source_bpf *s)
{
	s->stats.stopped_ns = clock_ns(CLOCK_BOOTTIME) + s->offset;
	recorder_stop(s->options.recorder);
	calls_in_progress(s);
	s->phase = PHASE_STOPPED;
}

/* ---- losses ---- */

#define LOSSES_PER_CPU 4

static void loss_note(struct source_bpf *s, uint32_t class, uint32_t cpu, uint64_t count, uint64_t from,
		      uint64_t to)
{
	if (count && s->n_loss < s->loss_max)
		s->loss[s->n_loss++] = (struct loss_entry){from + s->offset, to + s->offset, cpu, class, count};
}

/* What a CPU lost since the last check: between its first or the last check's time and its last. */
static void check_cpu(struct source_bpf *s, unsigned cpu, uint64_t from)
{
	struct engine_counters c, *before = &s->reported[cpu];
	uint64_t to;

	recorder_counters(s->options.recorder, (int)cpu, &c);
	if (!before->last_loss_ns && c.first_loss_ns)
		from = c.first_loss_ns;
	to = c.last_loss_ns > from ? c.last_loss_ns : from;
	loss_note(s, LOSS_STATE, cpu, c.lost_state - before->lost_state, from, to);
	loss_note(s, LOSS_BULK, cpu, c.lost_bulk - before->lost_bulk, from, to);
	loss_note(s, LOSS_TASK, cpu, c.lost_task - before->lost_task, from, to);
	loss_note(s, LOSS_OVERSIZE, cpu, c.oversize - before->oversize, from, to);
	*before = c;
}

static void check_losses(struct source_bpf *s, uint64_t from, uint64_t now)
{
	uint64_t missed = recorder_missed(s->options.recorder);

	s->n_loss = s->loss_at = 0;
	for (unsigned cpu = 0; cpu < s->options.recorder->n_cpus; cpu++)
		check_cpu(s, cpu, from);
	loss_note(s, LOSS_TASK, UINT32_MAX, missed - s->missed, from, now);
	s->missed = missed;
}

static void check_clock(struct source_bpf *s, uint64_t now)
{
	uint64_t wall = clock_offset(CLOCK_BOOTTIME, CLOCK_REALTIME);
	int64_t change = (int64_t)(wall - s->wall_offset);
	struct state_entry e = {.kind = ENTRY_CLOCK};

	if (change > -CLOCK_STEP_NS && change < CLOCK_STEP_NS)
		return;
	s->wall_offset = wall;
	e.clock.time_ns = now + s->offset;
	e.clock.offset_ns = (int64_t)(wall - s->offset);
	entry_list_add(&s->pending, &e);
}

static void check_now_and_then(struct source_bpf *s, bool last)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME), from = s->checked_ns;

	if (s->loss_at < s->n_loss || (!last && now - from < CHECK_EACH_NS))
		return;
	s->checked_ns = now;
	if (!s->state_out)
		check_clock(s, now);
	check_losses(s, from, now);
}

/* ---- items ---- */

static void take_back(struct source_bpf *s)
{
	if (s->batch_out) {
		batch_builder_reset(&s->builder);
		s->batch_out = false;
		s->batch_since = 0;
	}
	if (s->state_out) {
		entry_list_clear(&s->pending);
		s->state_out = false;
	}
}

static bool batch_is_due(const struct source_bpf *s)
{
	return s->batch_since && clock_ns(CLOCK_MONOTONIC) - s->batch_since >= s->options.batch_ns;
}

/* State first, then the events that need it. 0: there is nothing to hand out. */
static int hand_out(struct source_bpf *s, struct item *ret)
{
	if (s->pending.n) {
		ret->kind = ITEM_STATE;
		ret->state.entries = s->pending.entries;
		ret->state.n_entries = s->pending.n;
		s->state_out = true;
		return 1;
	}
	if (s->builder.batch.n_events) {
		ret->kind = ITEM_EVENTS;
		ret->batch = &s->builder.batch;
		s->batch_out = true;
		return 1;
	}
	return 0;
}

static int source_bpf_next(struct source *source, struct item *ret, struct error *err)
{
	struct source_bpf *s = (struct source_bpf *)source;
	bool was_state = s->state_out;
	int r;

	take_back(s);
	if (s->phase == PHASE_BEGIN) {
		s->phase = PHASE_RECORDING;
		if (s->options.begin && s->options.begin(s->options.snapshot, &s->pending) < 0)
			return error_set(err, -ENOMEM, "out of memory");
		ret->kind = ITEM_CAPTURE;
		ret->capture = &s->options.info;
		return 1;
	}
	if (was_state && hand_out(s, ret))
		return 1;
	for (;;) {
		size_t taken;

		check_now_and_then(s, s->phase == PHASE_OVER);
		if (s->loss_at < s->n_loss) {
			ret->kind = ITEM_LOSS;
			ret->loss = &s->loss[s->loss_at++];
			return 1;
		}
		if (s->phase == PHASE_OVER)
			return 0;
		r = fill_batch(s);
		if (r < 0 || s->out_of_memory)
			return error_set(err, -ENOMEM, "out of memory");
		if ((r == 1 || batch_is_due(s)) && hand_out(s, ret))
			return 1;
		if (s->phase == PHASE_RECORDING &&
		    (*s->options.stop || (s->options.ended && s->options.ended(s->options.context))))
			stop_recording(s);
		if (s->phase == PHASE_RECORDING)
			look_at_waiting(s);
		taken = drain(s);
		if (s->phase == PHASE_STOPPED && !taken && !reorder_peek(&s->order)) {
			if (hand_out(s, ret))
				return 1;
			s->phase = PHASE_OVER;
		} else if (s->phase == PHASE_RECORDING) {
			wait_a_little(s, taken);
		}
	}
}

static void source_bpf_close(struct source *source)
{
	struct source_bpf *s = (struct source_bpf *)source;

	if (!s)
		return;
	reorder_done(&s->order);
	batch_builder_done(&s->builder);
	entry_list_done(&s->pending);
	schema_free(s->schema);
	free(s->loss);
	free(s->reported);
	free(s->ring_time);
	free(s);
}

void source_bpf_stats(struct source *source, struct source_bpf_stats *ret)
{
	*ret = ((struct source_bpf *)source)->stats;
}

struct source *source_bpf_new(const struct source_bpf_options *options, struct error *err)
{
	static const struct source_ops ops = {"bpf", source_bpf_next, source_bpf_close};
	struct source_bpf *s = calloc(1, sizeof *s);

	unsigned n_cpus = options->recorder->n_cpus;

	if (!s || !(s->schema = schema_new()) || (options->structures && schema_add_memory(s->schema) < 0))
		goto fail;
	s->loss_max = n_cpus * LOSSES_PER_CPU + 1;
	s->loss = calloc(s->loss_max, sizeof *s->loss);
	s->reported = calloc(n_cpus, sizeof *s->reported);
	s->ring_time = calloc(options->recorder->n_rings, sizeof *s->ring_time);
	if (!s->loss || !s->reported || !s->ring_time || batch_builder_init(&s->builder, s->schema) < 0)
		goto fail;
	s->source.ops = &ops;
	s->source.schema = s->schema;
	s->options = *options;
	s->offset = s->wall_offset = clock_offset(CLOCK_BOOTTIME, CLOCK_REALTIME);
	s->checked_ns = s->looked_ns = clock_ns(CLOCK_BOOTTIME);
	return &s->source;

fail:
	source_bpf_close((struct source *)s);
	error_set(err, -ENOMEM, "out of memory");
	return NULL;
}
