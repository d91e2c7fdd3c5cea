/*
 * Arguments and results as strace prints them.
 *
 * What a capture does not have is never made up: 0x? is an address that was not recorded, {...} a
 * structure that was not recorded, ? a number.
 */
#pragma once
#include "filters/field.h"
#include "sinks/strace_options.h"
#include "sinks/strace_table.h"

struct strace_memory;

struct strace_print {
	const struct strace_options *o;
	struct event *ev;
	struct state *st;
	struct buffer *out;
	const struct strace_memory *memory; /* of the call (strace_struct.h); NULL: not recorded */
};

/* One argument; nothing at all is printed for those that this call has not. */
void strace_argument(const struct strace_print *p, const struct strace_arg *arg);
/* All arguments as the numbers that they are (-e raw=); "..." where they were not recorded. */
void strace_words(const struct strace_print *p);
/* What stands behind "= ". */
void strace_result(const struct strace_print *p, const struct strace_call *call);
/* Text in quotes, cut to -s, with "..." behind it where `whole` bytes were there. */
void strace_text(const struct strace_print *p, const uint8_t *data, size_t len, uint64_t whole,
		 unsigned hex);
/* The names of flags joined by '|', what has none in hex; "0" of none. */
void strace_flag_names(struct buffer *out, uint64_t value, const struct flag_table *names);
/* "SIGCHLD", "SIGRT_1" */
void strace_signal(struct buffer *out, int number);
