/*
 * Fields: what can be asked of an event. One row of filters/fields.tsv each; filters, -p formats,
 * JSON, -l and the docs all use the same rows.
 *
 *	struct field f;
 *	if (field_parse(&f, "proc.aname[2]", &err) < 0) ...
 *	if (field_extract(&f, &ev, st, &v)) ... v ...
 */
#pragma once
#include "state/render.h"

enum value_kind { VALUE_NONE, VALUE_TEXT, VALUE_INT, VALUE_UINT, VALUE_BOOL, VALUE_DOUBLE, VALUE_ADDRESS, VALUE_BYTES };

struct value {
	enum value_kind kind;
	uint8_t address_len;		/* VALUE_ADDRESS: 4 or 16 bytes in text.data */
	union {
		int64_t i;
		uint64_t u;
		bool b;
		double d;
	};
	struct text text;		/* VALUE_TEXT, _BYTES, _ADDRESS; valid until the next extract with the same scratch */
	uint32_t text_id;		/* VALUE_TEXT: interned id (state's name_id), 0: none */
};

/* What must be fed for the field to be right. */
enum field_need {
	NEED_COLUMNS = 1,	/* batch columns alone (see field_info.columns) */
	NEED_PARAMS = 2,	/* the event's payload */
	NEED_THREADS = 4,
	NEED_FDS = 8,
	NEED_USERS = 16,
	NEED_MEMORY = 32,	/* what calls like mmap tell of a process, who change nothing else */
	NEED_BEFORE = 64,	/* the times of events that did not pass */
};

struct field_info {
	const char *name;		/* "fd.name" */
	const char *class;		/* "fd" */
	uint16_t id;			/* enum field_id, from fields.tsv */
	uint8_t type;			/* enum param_type: how it compares */
	uint8_t format;			/* enum print_format */
	uint8_t needs;			/* enum field_need bits */
	uint8_t argument;		/* 0 none, 1 allowed, 2 required */
	uint16_t columns;		/* enum column bits: all with NEED_COLUMNS, else those beyond EVENT_COLUMNS */
	bool is_list;
	bool filter_only;
	const char *help;
};

struct field {
	const struct field_info *info;
	char argument[256];		/* "" none: name or key in [] or behind the dot */
	int64_t index;			/* numeric argument, -1: none */
};

/* Whether it has several values; with an argument it asks for one of them. */
static inline bool field_is_list(const struct field *f)
{
	return f->info->is_list && !f->argument[0];
}

/* Bytes that extraction may use to build a value. Caller-owned; one per field in use at a time. */
struct field_scratch {
	struct buffer bytes;
};

const struct field_info *field_info_at(size_t i);	/* NULL behind the last */
const struct field_info *field_info_find(const char *name, size_t len);
/* Parses "class.name", with [argument] or .argument. *ret_len: how many characters it took. -EINVAL
   with words that suggest the nearest name. */
int field_parse(struct field *ret, const char *text, size_t *ret_len, struct error *err);

/*
 * The value for this event; the state's `now` must be set (state_apply or state_look). false: the
 * field has no value here. Multi-valued fields: `nth` 0,1,2... until false.
 */
bool field_extract(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		   struct field_scratch *scratch, struct value *ret);
/* As text for -p, "<NA>" is the caller's. */
void field_print(const struct field *f, const struct value *v, struct buffer *out);

/* evt.deltatime, evt.reltime, util.cnt: context kept by whoever drives the fields. */
struct field_context {
	uint64_t first_ns;		/* of the first event that is something a program did */
	uint64_t before_ns;		/* NEED_BEFORE: of the last event of the batch before, 0: none */
	struct render_options render;
	const char *hostname;
	uint64_t n_asked;		/* util.cnt */
};
extern _Thread_local struct field_context field_context;

/* ---- facts about an event that printing needs, too ---- */

/* Whether ev->result is a call's result: the type has one, and it was recorded. */
static inline bool event_has_result(const struct event *ev)
{
	return ev->has_result && ev->info->result_param >= 0 &&
	       !(ev->absent >> ev->info->result_param & 1);
}

/* '>' or '<', as evt.dir has it */
char event_direction(const struct event *ev);
/* The name as evt.type has it: of old generic events it is in a parameter. */
const char *event_name(struct event *ev);
