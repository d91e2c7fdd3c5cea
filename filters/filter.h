/*
 * Filters: text -> checked tree -> three parts (kernel, column, rest). filters/GRAMMAR.md has the language.
 *
 *	struct filter *f = filter_new("evt.type=openat and proc.name=curl", &err);
 *	filter_columns(f, batch, bits, &err);		// a bit per event: may pass
 *	... for events whose bit is set: state_apply, then
 *	if (f_exact || filter_match(f, &ev, st)) ...
 */
#pragma once
#include "filters/field.h"

/* Used by one thread at a time: it keeps answers and scratch. */
struct filter;

/* Compiles and checks. NULL with words: err->offset is the column (0-based), the text carries a second
   line with the expression and a third with a caret. "" passes everything. */
struct filter *filter_new(const char *text, struct error *err);
/* The same for text that comes from a file: a NUL in it is refused in words, not taken for the end. */
struct filter *filter_new_len(const char *text, size_t len, struct error *err);
/* The same with macros and lists that it may use (filters/definitions.h; NULL: none). */
struct definitions;
struct filter *filter_new_with(const char *text, size_t len, const struct definitions *names, struct error *err);
void filter_free(struct filter *f);

/* enum field_need bits of the whole filter, and the columns its column part reads. */
unsigned filter_needs(const struct filter *f);
unsigned filter_column_set(const struct filter *f);
/* The columns that filter_match() reads beyond EVENT_COLUMNS; with COLUMN_TIME, state must know times, too. */
unsigned filter_event_columns(const struct filter *f);

/*
 * The column part over a whole batch: clears and sets bits (n_events bits, 64 per word). A set bit means
 * "may pass"; when filter_is_exact() it means "passes". Returns the number of set bits, or negative errno.
 */
int64_t filter_columns(struct filter *f, struct batch *batch, uint64_t *bits, struct error *err);
bool filter_is_exact(const struct filter *f);

/* The whole filter on one event; st->now set. */
bool filter_match(struct filter *f, struct event *ev, struct state *st);

/* Event types that can pass (EVENT_TYPE_MAX bits), NULL when all can: lets blocks be skipped. */
const uint64_t *filter_types(const struct filter *f);

/*
 * The kernel part: a superset of what can pass, as a conjunction of sets. An empty set: no limit.
 * What is in it is decided by the task (verdict, cached) or by the call.
 */
#define KERNEL_SET_MAX 16
struct kernel_filter {
	bool has_types;
	uint64_t types[EVENT_TYPE_MAX / 64];	/* event types that can pass */
	bool failed_only;			/* only calls with a negative result */
	unsigned n_comms, n_pids, n_tids, n_uids, n_cgroups;
	char comms[KERNEL_SET_MAX][16];		/* as the kernel truncates: 15 characters and NUL */
	int64_t pids[KERNEL_SET_MAX], tids[KERNEL_SET_MAX];
	uint32_t uids[KERNEL_SET_MAX];
	char cgroups[KERNEL_SET_MAX][256];	/* exact cgroup v2 paths */
	bool exact;				/* the kernel part is the whole filter */
};
void filter_kernel(const struct filter *f, struct kernel_filter *ret);

/* Human words on what is decided where, for --explain. */
void filter_explain(const struct filter *f, struct buffer *out);
