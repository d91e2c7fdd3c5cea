/*
 * Lines of the strace view that wait to be printed in the order of what they tell of. Only for strace*.c.
 *
 * Events come when calls return; strace's lines begin where calls are entered. So the pieces of lines
 * are kept for a while and put in the order of their times.
 *
 *	line.at = l.text.len;
 *	... text is appended to l.text, the ends of its pieces noted in the line ...
 *	strace_lines_add(&l, &line);
 *	strace_lines_print(&l, &err);		// all that wait
 */
#pragma once
#include "sinks/strace_options.h"

#include <stdio.h>

/* One call, signal or end. Its text: head, tail, result, and lines behind it (a dump), each up to where its member says. */
struct strace_line {
	int64_t tid;
	uint64_t from_ns, to_ns; /* equal: no way in of its own */
	uint64_t duration_ns;
	size_t at; /* of the text; the others count from there */
	uint32_t head, tail, result, dump;
	uint32_t name_at, name_len; /* in the head */
	bool is_call, late;
	bool waits; /* only its way in: it goes on */
	bool told;  /* its way in was printed then */
	bool among_others; /* more than one thread is followed: its number stands in front */
	bool may_vanish; /* its result is one that nobody sees when the thread is killed */
};

struct strace_file {
	int64_t tid;
	FILE *file;
};

struct strace_lines {
	const struct strace_options *o;
	FILE *out;
	bool owns_out, live;
	struct buffer text, lines;   /* of struct strace_line */
	struct buffer points, print; /* while printing */
	uint64_t printed_ns, previous_ns;
	int64_t open_line; /* which has only been begun, or one of these */
#define LINE_NONE (-1)
#define LINE_TOLD (-2) /* printed before: the call of open_tid goes on */
	int64_t open_tid;
	size_t open_column;
	struct buffer told; /* calls whose way in was printed while they went on: struct strace_told */
	struct strace_file *files;
	size_t n_files;
};

/* out: not owned; where -o is not given. 0 or negative errno with words; strace_lines_done() in any case. */
int strace_lines_init(struct strace_lines *l, FILE *out, const struct strace_options *o, bool live, struct error *err);
void strace_lines_done(struct strace_lines *l);
void strace_lines_add(struct strace_lines *l, struct strace_line *line);
/* Whether a line with `waits` for it was printed, and it has not returned yet. */
bool strace_lines_told(const struct strace_lines *l, const struct strace_line *line);
/* The thread has ended. */
void strace_lines_forget(struct strace_lines *l, int64_t tid);
/* The thread's last call, among those that wait; NULL: none, or too far back. */
struct strace_line *strace_lines_last_call(struct strace_lines *l, int64_t tid);
/* Whether it is time to print. */
bool strace_lines_full(const struct strace_lines *l);
/* 0, 1: nobody reads any more, or negative errno with words. */
int strace_lines_print(struct strace_lines *l, struct error *err);
/* Ends a line that has only been begun. */
int strace_lines_leave(struct strace_lines *l, struct error *err);
int strace_lines_flush(struct strace_lines *l, struct error *err);
