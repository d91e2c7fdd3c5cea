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

/*
 * For events that filter_columns() has let pass, with st->now set by state_peek(): true when it is known
 * already that the filter does not hold.
 */
bool filter_rules_out(const struct filter *f, const struct event_info *info, const struct state *st);

/* Event types that can pass (EVENT_TYPE_MAX bits), NULL when all can: lets blocks be skipped. */
const uint64_t *filter_types(const struct filter *f);

/*
 * The kernel part: a superset of what can pass, as clauses that all have to hold. A clause holds when one
 * of the questions in `yes` may be answered with yes, or one of those in `no` with no; for what the
 * kernel cannot know both are true. What would need more than there is room for has no clause.
 */
#define KERNEL_QUESTIONS 16
#define KERNEL_CLAUSES	 16
#define KERNEL_VALUES	 64
#define KERNEL_RANGES	 8
#define KERNEL_TEXT	 64

enum kernel_about {
	/* of the task: answered once, and again when something changes */
	ABOUT_COMM, ABOUT_PID, ABOUT_TID, ABOUT_PPID, ABOUT_UID, ABOUT_GID, ABOUT_TREE,
	/* of the type of event: answered before the capture begins */
	ABOUT_TYPE,
	/* of the call, when it returns */
	ABOUT_RESULT, ABOUT_FD, ABOUT_PARAM, ABOUT_TEXT,
	N_ABOUTS
};
#define ABOUT_LAST_OF_TASK ABOUT_TREE

struct kernel_question {
	enum kernel_about about;
	unsigned n; /* values: comms, ids or ranges */
	union {
		char comms[KERNEL_VALUES][16]; /* as the kernel truncates: 15 characters and NUL */
		int64_t ids[KERNEL_VALUES];
		struct kernel_range {
			int64_t lo, hi; /* both included */
		} ranges[KERNEL_RANGES]; /* ABOUT_RESULT, _FD, _PARAM */
		struct {
			uint64_t yes[EVENT_TYPE_MAX / 64], maybe[EVENT_TYPE_MAX / 64];
		} types; /* for sure; yes included */
		struct {
			char bytes[KERNEL_TEXT]; /* padded with 0 */
			unsigned len;
			bool whole;    /* equal, else: begins with */
			bool resolved; /* of paths: as evt.arg has them, made absolute */
		} text; /* ABOUT_TEXT */
	};
	char param[32];	   /* ABOUT_PARAM, _TEXT: its name, "": */
	int param_index;   /* its number */
	int64_t unsure_below; /* results below this may have any answer */
};

struct kernel_filter {
	bool has_types;
	uint64_t types[EVENT_TYPE_MAX / 64];	/* event types that can pass at all */
	unsigned n_questions, n_clauses;
	struct kernel_question questions[KERNEL_QUESTIONS];
	struct kernel_clause {
		uint32_t yes, no; /* bits of questions */
	} clauses[KERNEL_CLAUSES];
	bool exact; /* the kernel part is the whole filter */
	/* ... and about tasks alone. Calls that change state come from the kernel whatever their type and result:
	   with such questions they have to be asked again. */
	bool tasks_only;
};
/* Questions and clauses beyond their numbers, and types where it has none, stay as they were. */
void filter_kernel(const struct filter *f, struct kernel_filter *ret);

/* Human words on what is decided where, for --explain. */
void filter_explain(const struct filter *f, struct buffer *out);
