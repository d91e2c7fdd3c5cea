/*
 * What a line is compiled to, between its two files: line.c compiles, line_print.c prints.
 */
#pragma once
#include "sinks/line.h"

#define FRONT_COPY 16 /* bytes copied at once: most literals are a blank or two */
#define TEXT_QUICK 64 /* longer names take the long way */
#define KEPT_MAX   51 /* longer texts are not kept; fills a line of the cache */
#define KEPT_SLOTS 64u /* threads, a power of two */

/*
 * The fields of the default line have a printer of their own, which skips the detour through
 * struct value; whatever they do not handle falls back to the general one.
 */
enum segment_kind {
	SEGMENT_END, /* the literal text behind the last field */
	SEGMENT_FIELD,
	SEGMENT_NUMBER,
	SEGMENT_TIME,
	SEGMENT_CPU,
	SEGMENT_COMM,
	SEGMENT_TID,
	SEGMENT_DIRECTION,
	SEGMENT_TYPE,
	SEGMENT_ARGS,
};

/* Segments in a row, with the literals in front of them, whose text follows from one thing and is kept. */
enum run_kind {
	RUN_NONE,
	RUN_THREAD, /* the thread, and what it is called */
	RUN_TYPE,   /* the event's type and direction */
};

struct kept_text {
	int64_t tid; /* RUN_THREAD: whose it is */
	uint32_t name_id;
	uint8_t len; /* 0: nothing is kept here */
	char text[KEPT_MAX];
};

/* What never changes about an event type. */
struct line_type {
	const struct event_info *info;
	unsigned n_params;
	struct render_plan *plan;
	struct kept_text kept[2]; /* of the line's RUN_TYPE; '<', '>' */
};

struct segment {
	enum segment_kind kind;
	enum run_kind run;
	uint32_t run_len; /* segments */
	uint32_t width;   /* 0: as long as it is */
	uint32_t front_len;
	char *front; /* literal text before the field; with room for FRONT_COPY bytes */
	char *name;  /* field as written, NUL-terminated; owned */
	struct field field;
	struct field_scratch scratch;
};

struct line {
	char *format;
	bool lenient;
	char time_format;
	unsigned needs;
	struct render_options render;
	size_t n_segments, n_fields;
	struct buffer literal; /* while compiling: text of the next segment's front */
	struct segment *segments;
	struct segment **fields;
	uint64_t previous_ns;
	size_t quick_room; /* bytes that quick fields, kept texts and literals take at most */
	/* The clock's text up to the second, which rarely changes. */
	uint64_t clock_second_ns;
	char clock[32];
	/* The event's number, which grows by one, and its digits. */
	uint64_t number;
	unsigned number_len;
	char number_text[24];
	uint64_t state_serial; /* of the state whose names are kept */
	struct kept_text threads[KEPT_SLOTS];
	struct line_type *types[EVENT_TYPE_MAX];
};

/* Finds the first run of each kind. */
void line_find_runs(struct line *l);
/* Frees what printing has made. */
void line_forget(struct line *l);
