#include "sinks/summary.h"

#include "format/recipe.h"
#include "sinks/call_name.h"
#include "sinks/groups.h"
#include "sinks/json_text.h"
#include "sinks/output.h"
#include "sinks/summary_tally.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* What a row is about. Without a process it is of all. */
struct summary_key {
	uint32_t process; /* which of them: their number in the table of processes */
	uint32_t abi;
	uint32_t call; /* number; CALL_TYPE + the type of events without one */
	uint32_t code; /* of old generic events: the public code */
};
#define CALL_TYPE 0x10000u

struct process {
	bool known;
	uint32_t index;
	int64_t pid;
	char comm[32];
};

/* A call that the kernel broke off for a signal: nobody has seen it return if the thread ends next. */
struct held {
	int64_t tid;
	struct tally *tally;
	uint64_t duration_ns;
};
#define HELD_MAX 1024

struct summary_sink {
	struct sink sink;
	struct summary_options options;
	enum syscall_abi abi;
	bool needs_spread;
	struct groups *tallies, *processes;
	/* without processes: those that are asked for with every event */
	struct tally *by_number[N_ABIS][SYSCALL_NUMBERS];
	struct held held[HELD_MAX];
	unsigned n_held;
	struct output output;
};

static struct tally *tally_find(struct summary_sink *s, struct event *ev, uint32_t process,
				struct error *err)
{
	struct summary_key key = {.process = process, .abi = call_abi_of(ev, s->abi)};
	bool known = ev->sysno < SYSCALL_NUMBERS && !s->options.per_process;
	struct tally **place = known ? &s->by_number[key.abi][ev->sysno] : NULL;
	struct tally *t = place ? *place : NULL;
	int64_t code;

	if (t)
		return t;
	key.call = ev->sysno != SYSNO_NONE ? ev->sysno : CALL_TYPE + ev->type;
	if (key.call <= CALL_TYPE + 1 && key.call >= CALL_TYPE &&
	    batch_need(ev->batch, COLUMN_PAYLOAD_BULK | COLUMN_PAYLOAD_LEN, err) == 0 &&
	    param_number(event_param(ev, 0), PT_SYSCALLID, &code))
		key.code = (uint32_t)code;
	t = groups_take(s->tallies, &key, sizeof key, err);
	if (!t)
		return NULL;
	if (!t->name) {
		t->name = call_name(ev, s->abi);
		t->process = process;
		t->abi = key.abi;
		t->order = (uint64_t)key.abi << 40 | (uint64_t)key.call << 16 | key.code;
		if (s->needs_spread && !(t->spread = calloc(1, sizeof *t->spread))) {
			error_set(err, -ENOMEM, "out of memory");
			return NULL;
		}
	}
	if (place)
		*place = t;
	return t;
}

static int tally_add(struct tally *t, bool failed, uint64_t duration_ns, struct error *err)
{
	t->calls++;
	t->errors += failed;
	if (duration_ns == DURATION_NONE)
		return 0;
	t->total_ns += duration_ns;
	if (!t->n_timed++ || duration_ns < t->min_ns)
		t->min_ns = duration_ns;
	if (duration_ns > t->max_ns)
		t->max_ns = duration_ns;
	if (t->spread && distribution_add(t->spread, (int64_t)duration_ns) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	return 0;
}

/* What is held of this thread counts, or (it has ended) does not. */
static int let_go(struct summary_sink *s, int64_t tid, bool counts, struct error *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < s->n_held;)
		if (s->held[i].tid == tid) {
			if (counts)
				r = tally_add(s->held[i].tally, true, s->held[i].duration_ns, err);
			s->held[i] = s->held[--s->n_held];
		} else {
			i++;
		}
	return r;
}

/* Whether the signal is seen by its thread: all but SIGKILL are. */
static bool signal_is_seen(struct event *ev, struct error *err)
{
	unsigned i;
	const struct param *p;
	int64_t number;

	if (batch_need(ev->batch, COLUMN_PAYLOAD_BULK | COLUMN_PAYLOAD_STATE | COLUMN_PAYLOAD_LEN, err) < 0)
		return true;
	p = event_param_named(ev, "sig", &i);
	return !p || !param_number(p, ev->info->params[i].type, &number) || number != SIGKILL;
}

/* An event that is no call, while calls are held. */
static int look_at_end(struct summary_sink *s, struct event *ev, struct error *err)
{
	if (!strcmp(ev->info->name, "procexit"))
		return let_go(s, ev->tid, false, err);
	if (!strcmp(ev->info->name, "signaldeliver") && signal_is_seen(ev, err))
		return let_go(s, ev->tid, true, err);
	return 0;
}

static int count(struct summary_sink *s, struct event *ev, uint32_t process, struct error *err)
{
	struct tally *t = tally_find(s, ev, process, err);
	int r;

	if (!t)
		return err->code;
	r = s->n_held ? let_go(s, ev->tid, true, err) : 0;
	if (r < 0 || !call_broken_off(ev))
		return r < 0 ? r : tally_add(t, call_failed(ev), ev->duration_ns, err);
	if (s->n_held == HELD_MAX) {
		r = let_go(s, s->held[0].tid, true, err);
		if (r < 0)
			return r;
	}
	s->held[s->n_held++] = (struct held){ev->tid, t, ev->duration_ns};
	return 0;
}

static int summary_capture(struct sink *sink, const struct capture_info *info, struct error *err)
{
	((struct summary_sink *)sink)->abi = call_abi(info);
	return 0;
}

static struct process *process_find(struct summary_sink *s, const struct event *ev,
				    const struct thread *t, struct error *err)
{
	int64_t pid = t ? t->pid : ev->tid;
	struct process *p = groups_take(s->processes, &pid, sizeof pid, err);

	if (!p)
		return NULL;
	if (!p->known)
		*p = (struct process){true, (uint32_t)groups_count(s->processes) - 1, pid, ""};
	/* the last name that it had; threads may have names of their own */
	if (t && t->comm[0] && (t->tid == t->pid || !p->comm[0]))
		snprintf(p->comm, sizeof p->comm, "%s", t->comm);
	return p;
}

static int summary_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct summary_sink *s = (struct summary_sink *)sink;
	const struct process *p;

	if (!call_returned(ev))
		return s->n_held ? look_at_end(s, ev, err) : 0;
	if (!s->options.per_process)
		return count(s, ev, 0, err);
	p = process_find(s, ev, st->now.thread, err);
	return p ? count(s, ev, p->index, err) : err->code;
}

static int summary_selection(struct sink *sink, struct batch *b, const uint64_t *bits, uint64_t n,
			     struct error *err)
{
	struct summary_sink *s = (struct summary_sink *)sink;
	int r = batch_need(b, EVENT_COLUMNS | COLUMN_DURATION | COLUMN_SYSNO, err);

	for (uint32_t w = 0; r == 0 && w * 64 < b->n_events; w++)
		for (uint64_t left = bits[w]; r == 0 && left; left &= left - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(left);
			struct event ev;

			event_at(&ev, b, i);
			if (call_returned(&ev))
				r = count(s, &ev, 0, err);
			else if (s->n_held)
				r = look_at_end(s, &ev, err);
		}
	return r;
}

/* ---- the end ---- */

/* strace has a table of its own for each kind of program; the first has no heading. */
static const char *const abi_names[N_ABIS] = {
    [ABI_X86_64] = "64 bit", [ABI_I386] = "32 bit", [ABI_AARCH64] = "64 bit"};

/* What JSON says of each row's process and mode. */
static void json_begin(struct buffer *out, const struct process *p, const char *mode)
{
	buffer_clear(out);
	if (p) {
		buffer_printf(out, "\"proc.pid\":%lld,\"proc.name\":", (long long)p->pid);
		json_string(out, p->comm, strlen(p->comm));
		buffer_u8(out, ',');
	}
	if (mode)
		buffer_printf(out, "\"mode\":\"%s\",", mode);
	buffer_u8(out, 0);
}

static void print_heading(struct buffer *out, const struct process *p, bool first)
{
	buffer_printf(out, "%s", first ? "" : "\n");
	for (const char *c = p->comm; *c; c++)
		buffer_u8(out, (uint8_t)*c < 0x20 || *c == 0x7f ? '.' : (uint8_t)*c);
	buffer_printf(out, " (%lld)\n", (long long)p->pid);
}

/* Process by process in the order in which they came, mode by mode. */
static int compare_tables(const void *left, const void *right)
{
	const struct tally *a = *(struct tally *const *)left, *b = *(struct tally *const *)right;

	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return (a->abi > b->abi) - (a->abi < b->abi);
}

/* The table of n rows, all of one process and mode. */
static int print_table(struct summary_sink *s, struct tally **rows, size_t n, bool new_process,
		       struct buffer *begin)
{
	const struct process *p =
	    s->options.per_process ? groups_at(s->processes, rows[0]->process, NULL) : NULL;
	const char *mode = rows[0]->abi != (unsigned)s->abi ? abi_names[rows[0]->abi] : NULL;
	struct buffer *out = &s->output.bytes;

	json_begin(begin, p, mode);
	if (buffer_failed(begin))
		return -ENOMEM;
	if (!s->options.json && p && new_process)
		print_heading(out, p, out->len == 0);
	if (!s->options.json && mode)
		buffer_printf(out, "System call usage summary for %s mode:\n", mode);
	return summary_print(&s->options, rows, n, (const char *)begin->data, out);
}

static int summary_finish(struct sink *sink, struct error *err)
{
	struct summary_sink *s = (struct summary_sink *)sink;
	const size_t n_tallies = groups_count(s->tallies);
	struct tally **rows = calloc(n_tallies + 1, sizeof(struct tally *));
	size_t n = 0;
	struct buffer begin = {0};
	int r = rows ? 0 : -ENOMEM;

	while (r == 0 && s->n_held)
		r = let_go(s, s->held[0].tid, true, err);
	/* Those that were only held never counted. */
	for (size_t i = 0; rows && i < n_tallies; i++) {
		rows[n] = groups_at(s->tallies, i, NULL);
		n += rows[n]->calls > 0;
	}
	if (rows)
		qsort(rows, n, sizeof *rows, compare_tables);
	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		const uint32_t process = rows[i]->process;
		bool new_process = i == 0 || rows[i - 1]->process != process;

		for (end = i + 1; end < n && !compare_tables(&rows[i], &rows[end]);)
			end++;
		r = print_table(s, rows + i, end - i, new_process, &begin);
	}
	buffer_done(&begin);
	free(rows);
	if (r < 0)
		return error_set(err, r, "out of memory");
	r = output_flush(&s->output, err);
	return r > 0 ? 0 : r;
}

static void summary_free(struct sink *sink)
{
	struct summary_sink *s = (struct summary_sink *)sink;

	for (size_t i = 0; s->tallies && i < groups_count(s->tallies); i++) {
		struct tally *t = groups_at(s->tallies, i, NULL);

		if (t->spread)
			distribution_done(t->spread);
		free(t->spread);
	}
	groups_free(s->tallies);
	groups_free(s->processes);
	output_done(&s->output);
	free(s);
}

static const struct sink_ops summary_ops = {
    .name = "summary",
    .capture = summary_capture,
    .event = summary_event,
    .selection = summary_selection,
    .finish = summary_finish,
    .free = summary_free,
};

struct sink *sink_summary_new(FILE *out, const struct summary_options *options, struct error *err)
{
	struct summary_sink *s = calloc(1, sizeof *s);

	if (!s) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	s->sink.ops = &summary_ops;
	s->sink.needs = NEED_COLUMNS | (options->per_process ? NEED_THREADS : 0);
	s->options = *options;
	s->needs_spread = summary_needs_spread(options);
	s->output.stream = out;
	s->tallies = groups_new(sizeof(struct tally));
	s->processes = groups_new(sizeof(struct process));
	if (!s->tallies || !s->processes) {
		summary_free(&s->sink);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	return &s->sink;
}
