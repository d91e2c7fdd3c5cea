/*
 * Events come when calls return; strace's lines begin where calls are entered. So the pieces of lines
 * are kept for a while and put in the order of their times.
 */
#include "sinks/strace.h"

#include "sinks/call_name.h"
#include "sinks/strace_value.h"
#include "sinks/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define PENDING_MAX	(16u << 20) /* bytes of text that wait for what came between */
#define PENDING_LINES	(1u << 18)
#define FILES_MAX	4096 /* -ff: processes with a file of their own */
#define NS_PER_S	1000000000u

/* One call, signal or end. Its text: head, tail, result. */
struct strace_line {
	int64_t tid;
	uint64_t from_ns, to_ns; /* equal: no way in of its own */
	uint64_t duration_ns;
	uint32_t at, head_len, tail_len, result_len, name_at, name_len; /* the name is in the head */
	bool is_call, late;
};

/* The way in or the way out of a line. */
struct strace_point {
	uint64_t ns;
	uint32_t line;
	bool is_exit;
};

struct strace_file {
	int64_t tid;
	FILE *file;
};

struct strace_sink {
	struct sink sink;
	const struct strace_options *o;
	enum syscall_abi abi;
	FILE *out;
	bool owns_out, live, has_first;
	int64_t first_tid;
	struct buffer text, lines;   /* of struct strace_line */
	struct buffer points, print; /* while printing */
	uint64_t printed_ns, previous_ns;
	int64_t open_line;	     /* which has only been begun, -1: none */
	size_t open_column;
	struct strace_file *files;
	size_t n_files;
};

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

static bool call_shown(const struct strace_sink *s, const struct strace_call *call, struct event *ev,
		       struct state *st)
{
	const struct strace_options *o = s->o;

	if (o->has_trace && (!call || !o->traced[call - strace_call_at(0)]))
		return false;
	if ((o->only_good && call_failed(ev)) || (o->only_failed && !call_failed(ev)))
		return false;
	return !o->n_paths || about_path(o, ev, st);
}

/* ---- making lines ---- */

static void add_arguments(struct strace_sink *s, const struct strace_call *call,
			  const struct strace_print *p, struct strace_line *line)
{
	bool out = false;

	line->head_len = (uint32_t)(s->text.len - line->at);
	for (unsigned i = 0; call && i < call->n_args; i++) {
		const struct strace_arg *arg = strace_call_arg(call, i);
		size_t before = s->text.len, after;

		if (i)
			buffer_append(&s->text, ", ", 2);
		after = s->text.len;
		if (arg->out && !out) { /* from here on it is printed when the call has returned */
			out = true;
			line->head_len = (uint32_t)(s->text.len - line->at);
		}
		strace_argument(p, arg);
		if (s->text.len == after && !buffer_failed(&s->text))
			s->text.len = before;
	}
	if (!out)
		line->head_len = (uint32_t)(s->text.len - line->at);
}

static void add_call(struct strace_sink *s, struct event *ev, struct state *st)
{
	const char *name = call_name(ev, s->abi);
	const struct strace_call *call = strace_call_find(name);
	struct strace_print p = {s->o, ev, st, &s->text};
	struct strace_line line = {.tid = ev->tid,
				   .to_ns = ev->time_ns,
				   .from_ns = ev->time_ns,
				   .duration_ns = ev->duration_ns,
				   .is_call = true};

	if (!call_shown(s, call, ev, st))
		return;
	/* A row that another schema has given other parameters says nothing of this event. */
	if (call && call->event != ev->type)
		call = NULL;
	line.at = (uint32_t)s->text.len;
	line.name_len = (uint32_t)strlen(name);
	if (ev->duration_ns != DURATION_NONE && ev->duration_ns <= ev->time_ns)
		line.from_ns = ev->time_ns - ev->duration_ns;
	if (line.from_ns < s->printed_ns)
		line.late = true;
	if (s->o->numbers && ev->sysno == SYSNO_NONE)
		buffer_printf(&s->text, "[   ?] ");
	else if (s->o->numbers)
		buffer_printf(&s->text, "[%4u] ", ev->sysno);
	line.name_at = (uint32_t)s->text.len - line.at;
	buffer_printf(&s->text, "%s(", name);
	add_arguments(s, call, &p, &line);
	line.tail_len = (uint32_t)(s->text.len - line.at) - line.head_len;
	strace_result(&p, call);
	line.result_len = (uint32_t)(s->text.len - line.at) - line.head_len - line.tail_len;
	buffer_append(&s->lines, &line, sizeof line);
}

static void add_note(struct strace_sink *s, const struct event *ev, size_t at)
{
	struct strace_line line = {.tid = ev->tid,
				   .from_ns = ev->time_ns,
				   .to_ns = ev->time_ns,
				   .at = (uint32_t)at,
				   .head_len = (uint32_t)(s->text.len - at)};

	buffer_append(&s->lines, &line, sizeof line);
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
	size_t at = s->text.len;

	if (number > 0 && number < 128 && !(s->o->signals[number / 64] >> number % 64 & 1))
		return;
	buffer_printf(&s->text, "--- ");
	strace_signal(&s->text, number);
	buffer_printf(&s->text, " {si_signo=");
	strace_signal(&s->text, number);
	if (from > 0)
		buffer_printf(&s->text, ", si_code=?, si_pid=%lld", (long long)from);
	buffer_printf(&s->text, ", ...} ---");
	add_note(s, ev, at);
}

static void add_end(struct strace_sink *s, struct event *ev)
{
	int64_t status = named_number(ev, "status", 0);
	size_t at = s->text.len;

	if (s->o->quiet > 1)
		return;
	if (status & 0x7f) {
		buffer_printf(&s->text, "+++ killed by ");
		strace_signal(&s->text, (int)(status & 0x7f));
		buffer_printf(&s->text, "%s +++", status & 0x80 ? " (core dumped)" : "");
	} else {
		buffer_printf(&s->text, "+++ exited with %d +++", (int)(status >> 8 & 0xff));
	}
	add_note(s, ev, at);
}

/* ---- printing them ---- */

static FILE *file_of(struct strace_sink *s, int64_t tid, struct error *err)
{
	char path[4096];
	FILE *f = NULL;

	if (!s->o->separate || !s->o->out)
		return s->out;
	for (size_t i = s->n_files; i-- && !f;)
		if (s->files[i].tid == tid)
			f = s->files[i].file;
	if (f)
		return f;
	if (s->n_files == FILES_MAX) {
		error_set(err, -E2BIG, "more than %d processes: -ff writes a file for each", FILES_MAX);
		return NULL;
	}
	if (snprintf(path, sizeof path, "%s.%lld", s->o->out, (long long)tid) < (int)sizeof path)
		f = fopen(path, "we");
	if (!f) {
		error_set(err, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	s->files[s->n_files++] = (struct strace_file){tid, f};
	return f;
}

static void print_clock(struct strace_sink *s, uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	unsigned us = (unsigned)(ns % NS_PER_S / 1000);
	struct tm tm;

	if (s->o->clock == STRACE_EPOCH_US) {
		buffer_printf(&s->print, "%lld.%06u ", (long long)seconds, us);
	} else if (s->o->clock) {
		localtime_r(&seconds, &tm);
		buffer_printf(&s->print, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (s->o->clock == STRACE_CLOCK_US)
			buffer_printf(&s->print, ".%06u", us);
		buffer_u8(&s->print, ' ');
	}
	if (s->o->relative) {
		uint64_t since = s->previous_ns && ns > s->previous_ns ? ns - s->previous_ns : 0;

		buffer_printf(&s->print, s->o->clock ? "(+%6llu.%06u) " : "%6llu.%06u ",
			      (unsigned long long)(since / NS_PER_S),
			      (unsigned)(since % NS_PER_S / 1000));
		s->previous_ns = ns;
	}
}

static void print_prefix(struct strace_sink *s, const struct strace_line *line, uint64_t ns)
{
	if (s->o->follow && !(s->o->separate && s->o->out))
		buffer_printf(&s->print, "%-5lld ", (long long)line->tid);
	print_clock(s, ns);
}

static int flush_print(struct strace_sink *s, int64_t tid, struct error *err)
{
	FILE *f = file_of(s, tid, err);
	size_t len = s->print.len;

	if (!f)
		return err ? err->code : -EIO;
	if (buffer_failed(&s->print))
		return error_set(err, -ENOMEM, "out of memory");
	s->print.len = 0;
	if (len && fwrite(s->print.data, 1, len, f) != len) {
		if (errno == EPIPE)
			return 1;
		return error_set(err, -errno, "cannot write the output: %s", strerror(errno));
	}
	return 0;
}

static const struct strace_line *line_at(const struct strace_sink *s, int64_t i)
{
	return (const struct strace_line *)(const void *)s->lines.data + i;
}

/* A line that was begun gets its "unfinished": something else comes between. */
static void leave_open_line(struct strace_sink *s)
{
	if (s->open_line >= 0)
		buffer_printf(&s->print, " <unfinished ...>\n");
	s->open_line = -1;
}

static void print_entry(struct strace_sink *s, int64_t i)
{
	const struct strace_line *line = line_at(s, i);
	size_t before;

	leave_open_line(s);
	before = s->print.len;
	print_prefix(s, line, line->from_ns);
	buffer_append(&s->print, s->text.data + line->at, line->head_len);
	s->open_line = i;
	s->open_column = s->print.len - before;
}

static void print_exit(struct strace_sink *s, int64_t i)
{
	const struct strace_line *line = line_at(s, i);
	const uint8_t *text = s->text.data + line->at;
	size_t before = s->print.len, column = s->open_column;

	if (s->open_line != i) {
		leave_open_line(s);
		before = s->print.len;
		column = 0;
		print_prefix(s, line, line->to_ns);
		buffer_printf(&s->print, "<... %.*s resumed>", (int)line->name_len, text + line->name_at);
	}
	buffer_append(&s->print, text + line->head_len, line->tail_len);
	buffer_append(&s->print, ") ", 2);
	for (column += s->print.len - before; column < s->o->column; column++)
		buffer_u8(&s->print, ' ');
	buffer_append(&s->print, "= ", 2);
	buffer_append(&s->print, text + line->head_len + line->tail_len, line->result_len);
	if (s->o->durations && line->duration_ns != DURATION_NONE)
		buffer_printf(&s->print, " <%llu.%06u>",
			      (unsigned long long)(line->duration_ns / NS_PER_S),
			      (unsigned)(line->duration_ns % NS_PER_S / 1000));
	buffer_u8(&s->print, '\n');
	s->open_line = -1;
}

static void print_note(struct strace_sink *s, int64_t i)
{
	const struct strace_line *line = line_at(s, i);

	leave_open_line(s);
	print_prefix(s, line, line->to_ns);
	buffer_append(&s->print, s->text.data + line->at, line->head_len);
	buffer_u8(&s->print, '\n');
}

/* By time; what a thread does next comes behind what it did, even at the same time. */
static int compare_points(const void *left, const void *right)
{
	const struct strace_point *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->is_exit - b->is_exit;
}

static void add_point(struct strace_sink *s, uint64_t ns, size_t line, bool is_exit)
{
	struct strace_point point = {ns, (uint32_t)line, is_exit};

	buffer_append(&s->points, &point, sizeof point);
}

/* Prints all lines that wait. */
static int print_pending(struct strace_sink *s, struct error *err)
{
	const size_t n = s->lines.len / sizeof(struct strace_line);
	const bool whole = s->live || (s->o->separate && s->o->out);
	struct strace_point *points;
	int r = 0;

	if (buffer_failed(&s->text) || buffer_failed(&s->lines))
		return error_set(err, -ENOMEM, "out of memory");
	buffer_clear(&s->points);
	for (size_t i = 0; i < n; i++) {
		const struct strace_line *line = line_at(s, (int64_t)i);

		if (line->is_call)
			add_point(s, whole || line->late ? line->to_ns : line->from_ns, i, false);
		add_point(s, line->to_ns, i, true);
		if (line->to_ns > s->printed_ns)
			s->printed_ns = line->to_ns;
	}
	if (buffer_failed(&s->points))
		return error_set(err, -ENOMEM, "out of memory");
	points = (void *)s->points.data;
	if (n)
		qsort(points, s->points.len / sizeof *points, sizeof *points, compare_points);
	for (size_t i = 0; r == 0 && i < s->points.len / sizeof *points; i++) {
		const struct strace_line *line = line_at(s, points[i].line);

		if (!line->is_call)
			print_note(s, points[i].line);
		else if (points[i].is_exit)
			print_exit(s, points[i].line);
		else
			print_entry(s, points[i].line);
		if (whole || s->print.len > 65536 || i + 1 == s->points.len / sizeof *points)
			r = s->open_line >= 0 ? 0 : flush_print(s, line->tid, err);
	}
	buffer_clear(&s->text);
	buffer_clear(&s->lines);
	return r;
}

/* ---- the sink ---- */

static int strace_capture(struct sink *sink, const struct capture_info *info, struct error *err)
{
	((struct strace_sink *)sink)->abi = call_abi(info);
	return 0;
}

static int strace_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;

	if (!s->has_first && ev->tid > 0 && ev->info->category & (EC_SYSCALL | EC_TRACEPOINT)) {
		s->has_first = true;
		s->first_tid = ev->tid;
	}
	if (!s->o->follow && ev->tid != s->first_tid)
		return 0;
	if (!strcmp(ev->info->name, "signaldeliver"))
		add_signal(s, ev);
	else if (!strcmp(ev->info->name, "procexit"))
		add_end(s, ev);
	else if ((ev->type >= EVENT_TYPE_OWN || ev->info->category & EC_SYSCALL) &&
		 !event_info_is_enter(ev->info) && !(ev->flags & EVENT_CHILD_RETURN))
		add_call(s, ev, st);
	if (s->text.len < PENDING_MAX && s->lines.len < PENDING_LINES * sizeof(struct strace_line))
		return 0;
	return print_pending(s, err);
}

static int flush_files(struct strace_sink *s, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < s->n_files; i++)
		if (fflush(s->files[i].file) != 0)
			r = error_set(err, -errno, "cannot write the output: %s", strerror(errno));
	if (s->out && fflush(s->out) != 0 && errno != EPIPE)
		r = error_set(err, -errno, "cannot write the output: %s", strerror(errno));
	return r;
}

static int strace_batch_end(struct sink *sink, struct batch *batch, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;
	int r = s->live ? print_pending(s, err) : 0;

	return r == 0 && s->live ? flush_files(s, err) : r;
}

static int strace_finish(struct sink *sink, struct error *err)
{
	struct strace_sink *s = (struct strace_sink *)sink;
	int r = print_pending(s, err);

	return r < 0 ? r : flush_files(s, err);
}

static void strace_free(struct sink *sink)
{
	struct strace_sink *s = (struct strace_sink *)sink;

	for (size_t i = 0; i < s->n_files; i++)
		fclose(s->files[i].file);
	if (s->owns_out && s->out)
		fclose(s->out);
	free(s->files);
	buffer_done(&s->text);
	buffer_done(&s->lines);
	buffer_done(&s->points);
	buffer_done(&s->print);
	free(s);
}

static const struct sink_ops strace_ops = {
    .name = "strace",
    .capture = strace_capture,
    .event = strace_event,
    .batch_end = strace_batch_end,
    .finish = strace_finish,
    .free = strace_free,
};

/* -c: the table alone. */
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
	struct strace_sink *s;

	if (options->summary)
		return make_summary(out, options, err);
	s = calloc(1, sizeof *s);

	if (s)
		s->files = calloc(FILES_MAX, sizeof *s->files);
	if (!s || !s->files) {
		free(s);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	s->sink.ops = &strace_ops;
	s->sink.needs = NEED_PARAMS | NEED_THREADS | NEED_FDS;
	s->o = options;
	s->live = live;
	s->open_line = -1;
	s->out = out;
	if (options->out && !options->separate) {
		s->owns_out = true;
		s->out = fopen(options->out, "we");
		if (!s->out) {
			error_set(err, -errno, "%s: %s", options->out, strerror(errno));
			strace_free(&s->sink);
			return NULL;
		}
	}
	return &s->sink;
}
