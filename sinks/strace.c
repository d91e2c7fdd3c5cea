#include "sinks/strace.h"

#include "sinks/call_name.h"
#include "sinks/strace_lines.h"
#include "sinks/strace_struct.h"
#include "sinks/summary.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* What the view makes of an event type; looked up once, as far as the type says it. */
struct strace_type {
	const struct event_info *info; /* NULL: not asked yet */
	enum { SHOWN_NOT, SHOWN_AS_CALL, SHOWN_AS_SIGNAL, SHOWN_AS_END } as;
	/* Several calls may share a type: that of its last event. */
	const char *name;
	const struct strace_call *call; /* NULL: without a row */
};

#define WAITS_MIN_NS 400000000u /* calls that last longer are shown while they do */

struct strace_sink {
	struct sink sink;
	const struct strace_options *o;
	enum syscall_abi abi;
	bool has_first;
	int64_t first_tid;
	uint64_t n_followed; /* threads, as far as their forks and ends were seen */
	struct strace_lines lines;
	struct sink *summary; /* -c, -C; NULL: none */
	struct strace_type types[EVENT_TYPE_MAX];
};

static struct strace_type *type_of(struct strace_sink *s, const struct event *ev)
{
	struct strace_type *t = &s->types[ev->type];
	const struct event_info *info = ev->info;

	if (t->info != info)
		*t = (struct strace_type){
		    .info = info,
		    .as = !strcmp(info->name, "signaldeliver") ? SHOWN_AS_SIGNAL
			  : !strcmp(info->name, "procexit")    ? SHOWN_AS_END
			  : event_info_is_syscall(info) && !event_info_is_enter(info) ? SHOWN_AS_CALL
										      : SHOWN_NOT,
		};
	return t;
}

static void name_find(const struct strace_sink *s, struct strace_type *t, struct event *ev)
{
	const char *name = call_name(ev, s->abi);

	if (t->name == name)
		return;
	t->name = name;
	t->call = strace_call_find(name);
}

/* ---- which events are shown ---- */

static bool path_matches(const struct strace_options *o, const char *path)
{
	for (size_t i = 0; i < o->n_paths; i++)
		if (!strcmp(o->paths[i], path))
			return true;
	return false;
}

static bool about_path(const struct strace_options *o, struct event *ev, struct state *st)
{
	if (st->now.fd && path_matches(o, st->now.fd->name))
		return true;
	for (unsigned i = 0; i < ev->n_params; i++) {
		unsigned type = ev->info->params[i].type;

		if ((type == PT_FSPATH || type == PT_FSRELPATH) &&
		    path_matches(o, param_text(event_param(ev, i))))
			return true;
	}
	return false;
}

/* Without an fd of its own the event may have one among its parameters. */
static bool about_fds(const struct strace_options *o, struct event *ev, struct state *st)
{
	if (st->now.fd_num >= 0 && strace_fds_have(&o->only_fds, st->now.fd_num))
		return true;
	for (unsigned i = 0; i < ev->n_params; i++) {
		int64_t fd;

		if (ev->info->params[i].type == PT_FD && (int)i != ev->info->result_param &&
		    param_number(event_param(ev, i), PT_FD, &fd) && strace_fds_have(&o->only_fds, fd))
			return true;
	}
	return false;
}

static unsigned status_of(const struct event *ev)
{
	if (call_failed(ev))
		return STRACE_FAILED;
	return ev->has_result ? STRACE_SUCCESSFUL : STRACE_UNFINISHED;
}

static bool call_shown(const struct strace_sink *s, const struct strace_call *call, struct event *ev,
		       struct state *st)
{
	const struct strace_options *o = s->o;
	unsigned bit = call_abi_of(ev, s->abi) == ABI_I386 ? STRACE_TRACED_32 : STRACE_TRACED;

	if (o->has_trace && (!call || !(o->calls[strace_call_index(call)] & bit)))
		return false;
	if (!(o->status & status_of(ev)))
		return false;
	if (o->has_fds && !about_fds(o, ev, st))
		return false;
	return !o->n_paths || about_path(o, ev, st);
}

/* ---- making lines ---- */

static uint32_t length_of(const struct strace_line *line, const struct buffer *text)
{
	return (uint32_t)(text->len - line->at);
}

static void add_arguments(struct buffer *text, const struct strace_call *call, const struct strace_print *p,
			  struct strace_line *line)
{
	bool out = false;

	if (call && p->o->undecoded)
		strace_words(p);
	for (unsigned i = 0; call && !p->o->undecoded && i < call->n_args; i++) {
		const struct strace_arg *arg = strace_call_arg(call, i);
		size_t before = text->len, after;

		if (i)
			buffer_append(text, ", ", 2);
		after = text->len;
		if (arg->out && !out) { /* from here on it is printed when the call has returned */
			out = true;
			line->head = length_of(line, text);
		}
		strace_argument(p, arg);
		if (text->len == after && !buffer_failed(text))
			text->len = before;
	}
	/* what was to come when it returns may have been nothing */
	line->tail = length_of(line, text);
	if (!out || line->head > line->tail)
		line->head = line->tail;
}

/* What read and write moved, as -e read= and -e write= have it: sixteen bytes in a line. */
static void add_dump(struct buffer *out, const uint8_t *data, size_t len, uint64_t whole)
{
	for (size_t at = 0; at < len; at += 16) {
		size_t n = len - at < 16 ? len - at : 16;

		buffer_printf(out, " | %05zx ", at);
		for (size_t i = 0; i < 16; i++) {
			if (i % 8 == 0)
				buffer_u8(out, ' ');
			if (i < n)
				buffer_printf(out, "%02x ", data[at + i]);
			else
				buffer_printf(out, "   ");
		}
		buffer_u8(out, ' ');
		for (size_t i = 0; i < 16; i++)
			buffer_u8(out, i >= n ? ' ' : data[at + i] < 0x20 || data[at + i] > 0x7e ? '.' : data[at + i]);
		buffer_printf(out, " |\n");
	}
	if (whole > len)
		buffer_printf(out, " | %05zx  ... %llu more were not captured\n", len, (unsigned long long)(whole - len));
}

static void add_data(struct strace_sink *s, struct event *ev, const struct state *st)
{
	unsigned category = ev->info->category % EC_WAIT, i;
	const struct strace_fds *fds = category == EC_IO_READ    ? &s->o->read_fds
				       : category == EC_IO_WRITE ? &s->o->write_fds
								 : NULL;
	const struct param *data = fds && strace_fds_have(fds, st->now.fd_num) ? event_param_named(ev, "data", &i) : NULL;

	if (data && data->data && ev->has_result && ev->result > 0)
		add_dump(&s->lines.text, data->data, data->len < (uint64_t)ev->result ? data->len : (size_t)ev->result,
			 (uint64_t)ev->result);
}

/* The options for one call: `own` is filled where what -e says of it differs. */
static const struct strace_options *options_of(const struct strace_options *o, unsigned bits, struct strace_options *own)
{
	const unsigned usual = STRACE_ABBREVIATED | STRACE_FOLLOWED | STRACE_DECODED;

	if ((bits & usual) == usual)
		return o;
	*own = *o;
	own->verbose |= !(bits & STRACE_ABBREVIATED);
	own->unfollowed = !(bits & STRACE_FOLLOWED);
	own->undecoded = !(bits & STRACE_DECODED);
	return own;
}

/* waits: it goes on, and only its way in is printed, once. */
static void add_call(struct strace_sink *s, const struct strace_type *t, struct event *ev, struct state *st, bool waits)
{
	/* A row that another schema has given other parameters says nothing of this event. */
	const struct strace_call *call = t->call && t->call->event == ev->type ? t->call : NULL;
	struct strace_options own;
	struct buffer *text = &s->lines.text;
	struct strace_print p = {s->o, ev, st, text, NULL};
	struct strace_memory memory;
	struct strace_line line = {.tid = ev->tid,
				   .to_ns = ev->time_ns,
				   .from_ns = ev->time_ns,
				   .duration_ns = ev->duration_ns,
				   .is_call = true,
				   .waits = waits,
				   .among_others = s->n_followed > 1};

	if (call)
		p.o = options_of(s->o, s->o->calls[strace_call_index(call)], &own);
	strace_memory_find(&p, &memory, s->abi);
	line.at = text->len;
	line.name_len = (uint32_t)strlen(t->name);
	if (ev->duration_ns != DURATION_NONE && ev->duration_ns <= ev->time_ns)
		line.from_ns = ev->time_ns - ev->duration_ns;
	if (waits && strace_lines_told(&s->lines, &line))
		return;
	if (s->o->numbers && ev->sysno == SYSNO_NONE)
		buffer_printf(text, "[   ?] ");
	else if (s->o->numbers)
		buffer_printf(text, "[%4u] ", ev->sysno);
	line.name_at = length_of(&line, text);
	buffer_append(text, t->name, line.name_len);
	buffer_u8(text, '(');
	add_arguments(text, call, &p, &line);
	strace_result(&p, call);
	line.result = length_of(&line, text);
	line.may_vanish = call_broken_off(ev);
	add_data(s, ev, st);
	line.dump = length_of(&line, text);
	strace_lines_add(&s->lines, &line);
}

static void add_note(struct strace_sink *s, const struct event *ev, size_t at)
{
	struct strace_line line = {.tid = ev->tid,
				   .from_ns = ev->time_ns,
				   .to_ns = ev->time_ns,
				   .at = at,
				   .head = (uint32_t)(s->lines.text.len - at),
				   .among_others = s->n_followed > 1};

	strace_lines_add(&s->lines, &line);
}

static int64_t named_number(struct event *ev, const char *name, int64_t without)
{
	unsigned i;
	const struct param *p = event_param_named(ev, name, &i);
	int64_t v;

	return p && param_number(p, ev->info->params[i].type, &v) ? v : without;
}

static void add_signal(struct strace_sink *s, struct event *ev)
{
	int number = (int)named_number(ev, "sig", 0);
	int64_t from = named_number(ev, "spid", -1);
	size_t at = s->lines.text.len;
	struct strace_print p = {s->o, ev, NULL, &s->lines.text, NULL};
	struct strace_memory memory;

	if (number == SIGKILL) /* is not delivered; the end tells */
		return;
	if (number > 0 && number < 128 && !(s->o->signals[number / 64] >> number % 64 & 1))
		return;
	buffer_printf(&s->lines.text, "--- ");
	strace_signal(&s->lines.text, number);
	buffer_u8(&s->lines.text, ' ');
	strace_memory_find(&p, &memory, s->abi);
	if (!strace_siginfo(&p)) {
		buffer_printf(&s->lines.text, "{si_signo=");
		strace_signal(&s->lines.text, number);
		if (from > 0)
			buffer_printf(&s->lines.text, ", si_code=?, si_pid=%lld", (long long)from);
		buffer_printf(&s->lines.text, ", ...}");
	}
	buffer_printf(&s->lines.text, " ---");
	add_note(s, ev, at);
}

static void add_end(struct strace_sink *s, struct event *ev)
{
	int64_t status = named_number(ev, "status", 0);
	size_t at = s->lines.text.len;
	struct strace_line *last = strace_lines_last_call(&s->lines, ev->tid);

	/* The kernel broke the call off to end the thread: nobody saw it return. */
	if (last && last->may_vanish && !buffer_failed(&s->lines.text)) {
		s->lines.text.data[last->at + last->tail] = '?';
		last->result = last->dump = last->tail + 1;
	}
	if (s->o->quiet > 1)
		return;
	strace_lines_forget(&s->lines, ev->tid);
	if (status & 0x7f) {
		buffer_printf(&s->lines.text, "+++ killed by ");
		strace_signal(&s->lines.text, (int)(status & 0x7f));
		buffer_printf(&s->lines.text, "%s +++", status & 0x80 ? " (core dumped)" : "");
	} else {
		buffer_printf(&s->lines.text, "+++ exited with %d +++", (int)(status >> 8 & 0xff));
	}
	add_note(s, ev, at);
}

/* ---- the sink ---- */

static int strace_capture(struct sink *sink, const struct capture_info *info, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;

	s->abi = call_abi(info);
	return s->summary ? s->summary->ops->capture(s->summary, info, err) : 0;
}

/* Ends and signals are told to the table, too: it leaves out calls of which nobody saw the end. */
static int show(struct strace_sink *s, struct strace_type *t, struct event *ev, struct state *st, struct error *err)
{
	const bool lines = !s->o->summary;

	switch (t->as) {
	case SHOWN_NOT:
		return 0;
	case SHOWN_AS_SIGNAL:
		if (lines)
			add_signal(s, ev);
		break;
	case SHOWN_AS_END:
		if (lines)
			add_end(s, ev);
		break;
	case SHOWN_AS_CALL:
		name_find(s, t, ev);
		if (ev->flags & EVENT_CHILD_RETURN || !call_shown(s, t->call, ev, st))
			return 0;
		if (lines)
			add_call(s, t, ev, st, false);
		break;
	}
	return s->summary ? s->summary->ops->event(s->summary, ev, st, err) : 0;
}

static int strace_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;
	struct strace_type *t = type_of(s, ev);
	int r;

	if (!s->has_first && ev->tid > 0 && (event_info_is_syscall(ev->info) || ev->info->category & EC_TRACEPOINT)) {
		s->has_first = true;
		s->first_tid = ev->tid;
	}
	if (!s->o->follow && ev->tid != s->first_tid)
		return 0;
	if (ev->flags & EVENT_CHILD_RETURN)
		s->n_followed++;
	r = show(s, t, ev, st, err);
	if (s->n_followed && t->as == SHOWN_AS_END)
		s->n_followed--;
	return r == 0 && strace_lines_full(&s->lines) ? strace_lines_print(&s->lines, err) : r;
}

/*
 * Whoever watches wants to see what a program waits for. The line ends when the call does, as with strace. Where
 * each thread has a file of its own, or success decides what is shown, it comes then as a whole.
 */
static int strace_waits(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;
	struct strace_type *t = type_of(s, ev);

	if (s->o->summary || s->o->separate || s->o->status != STRACE_STATUS_ALL || t->as != SHOWN_AS_CALL ||
	    (ev->duration_ns != DURATION_NONE && ev->duration_ns < WAITS_MIN_NS) ||
	    (!s->o->follow && s->has_first && ev->tid != s->first_tid))
		return 0;
	name_find(s, t, ev);
	if (call_shown(s, t->call, ev, st))
		add_call(s, t, ev, st, true);
	return 0;
}

static int strace_aside(struct sink *sink, struct error *err)
{
	return strace_lines_leave(&((struct strace_sink *)sink)->lines, err);
}

static int strace_batch_end(struct sink *sink, struct batch *batch, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;
	int r = s->lines.live ? strace_lines_print(&s->lines, err) : 0;

	return r == 0 && s->lines.live ? strace_lines_flush(&s->lines, err) : r;
}

static int strace_finish(struct sink *sink, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;
	int r = strace_lines_print(&s->lines, err);

	if (r == 0)
		r = strace_lines_leave(&s->lines, err);
	if (r == 0 && s->summary)
		r = s->summary->ops->finish(s->summary, err);
	return r < 0 ? r : strace_lines_flush(&s->lines, err);
}

static void strace_free(struct sink *sink)
{
	struct strace_sink *s = (struct strace_sink *)sink;

	if (s->summary)
		s->summary->ops->free(s->summary);
	strace_lines_done(&s->lines);
	free(s);
}

static const struct sink_ops strace_ops = {
    .name = "strace",
    .capture = strace_capture,
    .event = strace_event,
    .waits = strace_waits,
    .aside = strace_aside,
    .batch_end = strace_batch_end,
    .finish = strace_finish,
    .free = strace_free,
};

/* -c, -C */
static struct sink *make_summary(FILE *out, const struct strace_options *options, struct error *err)
{
	struct summary_options o = {0};

	if ((options->sort && summary_sort_parse(&o, options->sort, err) < 0) ||
	    (options->columns && summary_columns_parse(&o, options->columns, err) < 0))
		return NULL;
	return sink_summary_new(out, &o, err);
}

struct sink *sink_strace_new(FILE *out, const struct strace_options *options, bool live,
			     struct error *err)
{
	struct strace_sink *s = calloc(1, sizeof *s);
	int r;

	if (!s) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	s->sink.ops = &strace_ops;
	s->sink.needs = NEED_PARAMS | NEED_THREADS | NEED_FDS;
	s->o = options;
	s->n_followed = options->n_pids ? 2 : 1;
	r = strace_lines_init(&s->lines, out, options, live, err);
	if (r == 0 && (options->summary || options->both)) {
		/* where each process has a file of its own, the table has none */
		s->summary = make_summary(s->lines.out, options, err);
		r = s->summary ? 0 : -EINVAL;
	}
	if (r < 0) {
		strace_free(&s->sink);
		return NULL;
	}
	return &s->sink;
}
