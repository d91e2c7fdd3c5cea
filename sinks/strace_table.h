/*
 * How strace prints calls: the rows of strace_calls.tsv, and for calls without one what follows from
 * their recipes (generate_strace.py).
 */
#pragma once
#include "format/schema.h"

#define STRACE_PARAMS 8

enum strace_kind {
#define STRACE_KIND(name, print, memory, nature) STRACE_##name,
#include "sinks/strace.def"
	N_STRACE_KINDS
};

struct strace_arg {
	uint8_t kind; /* enum strace_kind */
	bool out;     /* the call fills it */
	uint8_t number; /* which one it is, from 0 */
	int8_t params[STRACE_PARAMS]; /* of its event, -1: no more; a number for STRACE_num */
	const char *set;	      /* of flags, NULL: none */
};

struct strace_call {
	const char *name;
	char result;	  /* d decimal, x hexadecimal, o octal, f fd, i fcntl's, p poll's */
	uint32_t classes; /* bits of strace_class_bit() */
	uint16_t event;	  /* the type whose parameters the arguments name */
	uint16_t first_arg;
	uint8_t n_args;
};

/* NULL: unknown. */
const struct strace_call *strace_call_find(const char *name);
/* All of them have indexes below strace_n_calls(). */
size_t strace_n_calls(void);
const struct strace_call *strace_call_at(size_t i);
size_t strace_call_index(const struct strace_call *call);
const struct strace_arg *strace_call_arg(const struct strace_call *call, unsigned i);
/* "%file", "file" -> a bit; 0: no class. */
uint32_t strace_class_bit(const char *word, size_t len);
/* Names in strace's order, or as flags.tsv has them; NULL: no such set. */
const struct flag_table *strace_flags(const char *set);
