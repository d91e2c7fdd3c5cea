#include "sinks/strace_lines.h"

#include "format/event.h"
#include "state/render.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PENDING_MAX	(16u << 20) /* bytes of text that wait for what came between */
#define PENDING_LINES	(1u << 18)
#define FILES_MAX	4096 /* -ff: processes with a file of their own */
#define LOOK_BACK	4096 /* lines; a thread ends right behind its last call */
#define PID_WIDTH	5
#define NS_PER_S	1000000000u

struct strace_told {
	int64_t tid;
	uint64_t from_ns; /* 0: not known */
};

/* The way in or the way out of a line. */
struct strace_point {
	uint64_t ns;
	uint32_t line;
	bool is_exit;
};

static FILE *file_of(struct strace_lines *l, int64_t tid, struct error *err)
{
	char path[4096];
	FILE *f = NULL;
	int len;

	if (!l->o->separate || !l->o->out)
		return l->out;
	for (size_t i = l->n_files; i-- && !f;)
		if (l->files[i].tid == tid)
			f = l->files[i].file;
	if (f)
		return f;
	if (l->n_files == FILES_MAX) {
		error_set(err, -E2BIG, "more than %d processes: -ff writes a file for each", FILES_MAX);
		return NULL;
	}
	len = snprintf(path, sizeof path, "%s.%lld", l->o->out, (long long)tid);
	errno = ENAMETOOLONG;
	if (len < (int)sizeof path)
		f = fopen(path, l->o->append ? "ae" : "we");
	if (!f) {
		error_set(err, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	l->files[l->n_files++] = (struct strace_file){tid, f};
	return f;
}

/* ".123456": so many digits of the nanoseconds. */
static void print_fraction(struct strace_lines *l, uint64_t ns, unsigned digits)
{
	static const unsigned divisors[] = {NS_PER_S, 1000000, 1000, 1};

	if (digits)
		buffer_printf(&l->print, ".%0*u", (int)digits, (unsigned)(ns % NS_PER_S / divisors[digits / 3]));
}

static void print_clock(struct strace_lines *l, uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;

	if (l->o->clock == STRACE_EPOCH) {
		buffer_printf(&l->print, "%lld", (long long)seconds);
	} else if (l->o->clock) {
		localtime_r(&seconds, &tm);
		buffer_printf(&l->print, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	}
	if (l->o->clock) {
		print_fraction(l, ns, l->o->clock_digits);
		buffer_u8(&l->print, ' ');
	}
	if (l->o->relative) {
		uint64_t since = l->previous_ns && ns > l->previous_ns ? ns - l->previous_ns : 0;

		buffer_printf(&l->print, l->o->clock ? "(+%6llu" : "%6llu", (unsigned long long)(since / NS_PER_S));
		print_fraction(l, since, l->o->relative_digits);
		buffer_printf(&l->print, l->o->clock ? ") " : " ");
		l->previous_ns = ns;
	}
}

/* As strace has it: on the screen only where there is more than one. */
static void print_prefix(struct strace_lines *l, const struct strace_line *line, uint64_t ns)
{
	if (l->o->follow && l->live && !l->o->out) {
		if (line->among_others)
			buffer_printf(&l->print, "[pid %5lld] ", (long long)line->tid);
	} else if (l->o->follow && !(l->o->separate && l->o->out)) {
		size_t from = l->print.len;

		buffer_decimal(&l->print, line->tid);
		do
			buffer_u8(&l->print, ' ');
		while (l->print.len < from + PID_WIDTH + 1 && !buffer_failed(&l->print));
	}
	print_clock(l, ns);
}

static int flush_print(struct strace_lines *l, int64_t tid, struct error *err)
{
	FILE *f = file_of(l, tid, err);
	size_t len = l->print.len;

	if (!f)
		return err ? err->code : -EIO;
	if (buffer_failed(&l->print))
		return error_set(err, -ENOMEM, "out of memory");
	l->print.len = 0;
	if (len && fwrite(l->print.data, 1, len, f) != len) {
		if (errno == EPIPE)
			return 1;
		return error_set(err, -errno, "cannot write the output: %s", strerror(errno));
	}
	return 0;
}

static const struct strace_line *line_at(const struct strace_lines *l, int64_t i)
{
	return (const struct strace_line *)(const void *)l->lines.data + i;
}

/* A line that was begun gets its "unfinished": something else comes between. */
static void leave_open_line(struct strace_lines *l)
{
	if (l->open_line != LINE_NONE)
		buffer_append(&l->print, " <unfinished ...>\n", 18);
	l->open_line = LINE_NONE;
}

/* What lies between two places in a line's text. */
static void append_text(struct strace_lines *l, const struct strace_line *line, uint32_t from, uint32_t to)
{
	buffer_append(&l->print, l->text.data + line->at + from, to - from);
}

static void print_entry(struct strace_lines *l, int64_t i)
{
	const struct strace_line *line = line_at(l, i);
	size_t before;

	leave_open_line(l);
	before = l->print.len;
	print_prefix(l, line, line->from_ns);
	append_text(l, line, 0, line->head);
	l->open_line = i;
	l->open_column = l->print.len - before;
}

static void print_exit(struct strace_lines *l, int64_t i)
{
	const struct strace_line *line = line_at(l, i);
	size_t before = l->print.len, column = l->open_column;

	if (l->open_line != i && !(line->told && l->open_line == LINE_TOLD && l->open_tid == line->tid)) {
		leave_open_line(l);
		before = l->print.len;
		column = 0;
		print_prefix(l, line, line->to_ns);
		buffer_append(&l->print, "<... ", 5);
		append_text(l, line, line->name_at, line->name_at + line->name_len);
		buffer_append(&l->print, " resumed>", 9);
	}
	append_text(l, line, line->head, line->tail);
	buffer_append(&l->print, ") ", 2);
	for (column += l->print.len - before; column < l->o->column; column++)
		buffer_u8(&l->print, ' ');
	buffer_append(&l->print, "= ", 2);
	append_text(l, line, line->tail, line->result);
	if (l->o->durations && line->duration_ns != DURATION_NONE) {
		buffer_printf(&l->print, " <%llu", (unsigned long long)(line->duration_ns / NS_PER_S));
		print_fraction(l, line->duration_ns, l->o->duration_digits);
		buffer_u8(&l->print, '>');
	}
	buffer_u8(&l->print, '\n');
	append_text(l, line, line->result, line->dump);
	l->open_line = LINE_NONE;
}

static void print_note(struct strace_lines *l, int64_t i)
{
	const struct strace_line *line = line_at(l, i);

	leave_open_line(l);
	print_prefix(l, line, line->to_ns);
	append_text(l, line, 0, line->head);
	buffer_u8(&l->print, '\n');
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

static void add_point(struct strace_lines *l, uint64_t ns, size_t line, bool is_exit)
{
	struct strace_point point = {ns, (uint32_t)line, is_exit};

	buffer_append(&l->points, &point, sizeof point);
}

int strace_lines_print(struct strace_lines *l, struct error *err)
{
	const size_t n = l->lines.len / sizeof(struct strace_line);
	const bool whole = l->live || (l->o->separate && l->o->out);
	struct strace_point *points;
	int r = 0;

	if (buffer_failed(&l->text) || buffer_failed(&l->lines))
		return error_set(err, -ENOMEM, "out of memory");
	buffer_clear(&l->points);
	for (size_t i = 0; i < n; i++) {
		const struct strace_line *line = line_at(l, (int64_t)i);

		if (line->is_call && !line->told)
			add_point(l, whole || line->late ? line->to_ns : line->from_ns, i, false);
		if (!line->waits)
			add_point(l, line->to_ns, i, true);
		if (line->to_ns > l->printed_ns)
			l->printed_ns = line->to_ns;
	}
	if (buffer_failed(&l->points))
		return error_set(err, -ENOMEM, "out of memory");
	points = (void *)l->points.data;
	if (n)
		qsort(points, l->points.len / sizeof *points, sizeof *points, compare_points);
	for (size_t i = 0; r == 0 && i < l->points.len / sizeof *points; i++) {
		const struct strace_line *line = line_at(l, points[i].line);

		if (!line->is_call)
			print_note(l, points[i].line);
		else if (points[i].is_exit)
			print_exit(l, points[i].line);
		else
			print_entry(l, points[i].line);
		if (whole || l->print.len > 65536 || i + 1 == l->points.len / sizeof *points)
			r = l->open_line >= 0 ? 0 : flush_print(l, line->tid, err);
	}
	if (r == 0 && l->open_line >= 0) { /* whoever looks sees what is waited for */
		l->open_tid = line_at(l, l->open_line)->tid;
		l->open_line = LINE_TOLD;
		r = flush_print(l, l->open_tid, err);
	}
	buffer_clear(&l->text);
	buffer_clear(&l->lines);
	return r;
}

int strace_lines_leave(struct strace_lines *l, struct error *err)
{
	int r;

	if (l->open_line != LINE_TOLD)
		return 0;
	leave_open_line(l);
	r = flush_print(l, l->open_tid, err);
	return r < 0 ? r : strace_lines_flush(l, err);
}

int strace_lines_flush(struct strace_lines *l, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n_files; i++)
		if (fflush(l->files[i].file) != 0)
			r = error_set(err, -errno, "cannot write the output: %s", strerror(errno));
	if (l->out && fflush(l->out) != 0 && errno != EPIPE)
		r = error_set(err, -errno, "cannot write the output: %s", strerror(errno));
	return r;
}

/* When a call began is its name, where it is known. */
static struct strace_told told_of(const struct strace_line *line)
{
	return (struct strace_told){line->tid, line->duration_ns == DURATION_NONE ? 0 : line->from_ns};
}

static size_t told_find(const struct strace_lines *l, const struct strace_told *t)
{
	const struct strace_told *all = (const void *)l->told.data;
	size_t i = 0, n = l->told.len / sizeof *all;

	while (i < n && (all[i].tid != t->tid || (t->from_ns && all[i].from_ns != t->from_ns)))
		i++;
	return i;
}

static bool told_take(struct strace_lines *l, const struct strace_told *t)
{
	struct strace_told *all = (void *)l->told.data;
	size_t i = told_find(l, t), n = l->told.len / sizeof *all;

	if (i == n)
		return false;
	all[i] = all[n - 1];
	l->told.len -= sizeof *all;
	return true;
}

bool strace_lines_told(const struct strace_lines *l, const struct strace_line *line)
{
	struct strace_told t = told_of(line);

	return told_find(l, &t) < l->told.len / sizeof t;
}

void strace_lines_forget(struct strace_lines *l, int64_t tid)
{
	struct strace_told t = {tid, 0};

	told_take(l, &t);
}

void strace_lines_add(struct strace_lines *l, struct strace_line *line)
{
	struct strace_told t = told_of(line);

	line->late = line->from_ns < l->printed_ns;
	if (line->waits)
		buffer_append(&l->told, &t, sizeof t);
	else if (line->is_call && l->told.len)
		line->told = told_take(l, &t);
	buffer_append(&l->lines, line, sizeof *line);
}

struct strace_line *strace_lines_last_call(struct strace_lines *l, int64_t tid)
{
	struct strace_line *all = (void *)l->lines.data;
	size_t n = l->lines.len / sizeof *all;

	for (size_t back = 1; back <= n && back <= LOOK_BACK; back++)
		if (all[n - back].tid == tid)
			return all[n - back].is_call ? &all[n - back] : NULL;
	return NULL;
}

bool strace_lines_full(const struct strace_lines *l)
{
	return l->text.len >= PENDING_MAX || l->lines.len >= PENDING_LINES * sizeof(struct strace_line);
}

int strace_lines_init(struct strace_lines *l, FILE *out, const struct strace_options *o, bool live, struct error *err)
{
	*l = (struct strace_lines){.o = o, .out = out, .live = live, .open_line = LINE_NONE};
	l->files = calloc(FILES_MAX, sizeof *l->files);
	if (!l->files)
		return error_set(err, -ENOMEM, "out of memory");
	if (!o->out || o->separate)
		return 0;
	if (*o->out == '|' || *o->out == '!')
		return error_set(err, -ENOTSUP, "-o: no command is started for the output: give it standard output, or a pipe's name");
	l->out = fopen(o->out, o->append ? "ae" : "we");
	l->owns_out = l->out;
	return l->out ? 0 : error_set(err, -errno, "%s: %s", o->out, strerror(errno));
}

void strace_lines_done(struct strace_lines *l)
{
	for (size_t i = 0; i < l->n_files; i++)
		fclose(l->files[i].file);
	if (l->owns_out)
		fclose(l->out);
	free(l->files);
	buffer_done(&l->told);
	buffer_done(&l->text);
	buffer_done(&l->lines);
	buffer_done(&l->points);
	buffer_done(&l->print);
}
