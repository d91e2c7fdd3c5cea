/*
 * One event of a batch, with its parameters found: views into the batch, nothing is copied.
 *
 *	struct event ev;
 *	event_at(&ev, batch, i);			// needs every column
 *	const struct param *p = event_param(&ev, 3);
 *	if (p->data) ...				// p->len bytes in the wire encoding of its type
 *
 * A view lives as long as its batch is neither reset nor moved to the next.
 */
#pragma once
#include "format/batch.h"

struct param {
	const uint8_t *data;	/* NULL: absent */
	uint32_t len;		/* bytes; text includes its NUL */
};

struct event {
	struct batch *batch;
	uint32_t index;
	const struct event_info *info;
	uint64_t number, time_ns, duration_ns;
	int64_t tid, result;
	uint16_t type, cpu, flags, sysno;
	uint32_t absent;
	bool has_result;		/* result is a call's result */
	uint8_t n_found;		/* parameters 0..n_found-1 are in params; all, unless damaged */
	uint8_t n_params;		/* info->n_params */
	bool parsed;			/* params are filled */
	bool damaged;			/* the payload contradicts the schema: further params are absent */
	int64_t result64, fd64;		/* what params of result_param and fd_param point to */
	struct param params[EVENT_PARAMS_MAX];
};

/* Columns that a view has in any case; without the others it is good for following the state. */
#define EVENT_COLUMNS                                                                              \
	(COLUMN_TID | COLUMN_TYPE | COLUMN_FLAGS | COLUMN_RESULT | COLUMN_FD | COLUMN_ABSENT)
/* The rest of what the view itself shows. */
#define EVENT_COLUMNS_MORE (COLUMN_TIME | COLUMN_DURATION | COLUMN_CPU | COLUMN_SYSNO)

/* Takes EVENT_COLUMNS_MORE into the view: loaded, or they come out as 0. */
static inline void event_at_more(struct event *ev)
{
	const struct batch *b = ev->batch;
	const uint32_t i = ev->index;

	if ((b->loaded & EVENT_COLUMNS_MORE) == EVENT_COLUMNS_MORE) {
		ev->time_ns = b->time_ns[i];
		ev->duration_ns = b->duration_ns[i];
		ev->cpu = b->cpu[i];
		ev->sysno = b->sysno[i];
		return;
	}
	ev->time_ns = b->loaded & COLUMN_TIME ? b->time_ns[i] : 0;
	ev->duration_ns = b->loaded & COLUMN_DURATION ? b->duration_ns[i] : 0;
	ev->cpu = b->loaded & COLUMN_CPU ? b->cpu[i] : 0;
	ev->sysno = b->loaded & COLUMN_SYSNO ? b->sysno[i] : 0;
}

/* The view without EVENT_COLUMNS_MORE, for who knows that nobody looks at them. */
static inline void event_at_state(struct event *ev, struct batch *batch, uint32_t i)
{
	ev->batch = batch;
	ev->index = i;
	ev->type = batch->type[i];
	ev->info = schema_find(batch->schema, ev->type);
	ev->number = batch->first_number + i;
	ev->tid = batch->tids[batch->tid_index[i]];
	ev->result = batch->result[i];
	ev->flags = batch->flags[i];
	ev->absent = batch->absent[i];
	ev->has_result = !(ev->flags & (EVENT_NO_RESULT | EVENT_UNFINISHED));
	ev->n_found = 0;
	ev->n_params = ev->info->n_params;
	ev->parsed = ev->damaged = false;
}

/* Fills the view, without parameters: cheap. EVENT_COLUMNS must be loaded. */
static inline void event_at(struct event *ev, struct batch *batch, uint32_t i)
{
	event_at_state(ev, batch, i);
	event_at_more(ev);
}

/* Finds the parameters (both payload columns, or the one of its class, must be loaded). */
void event_parse(struct event *ev);

/*
 * Makes a damaged event's payload agree with its row, in the batch: what was found stays, the rest becomes
 * absent. An event that is not damaged is left alone.
 */
void event_mend(struct event *ev);

extern const struct param param_absent;
/* Parameter i, parsed on first use; an index beyond the last gives an absent one. Never NULL. */
static inline const struct param *event_param(struct event *ev, unsigned i)
{
	if (!ev->parsed)
		event_parse(ev);
	return i < ev->n_params ? &ev->params[i] : &param_absent;
}
/* By name; NULL when the type has none of that name. */
const struct param *event_param_named(struct event *ev, const char *name, unsigned *ret_index);

/* A fixed-size number of any width, extended by the sign of its type. false: absent. */
static inline bool param_number(const struct param *p, enum param_type type, int64_t *ret)
{
	const bool is_signed = param_type_is_signed(type);
	uint64_t v = 0;

	if (!p->data)
		return false;
	switch (p->len) { /* copies of a known length, no calls */
	case 1:
		v = *p->data;
		break;
	case 2:
		memcpy(&v, p->data, 2);
		break;
	case 4:
		memcpy(&v, p->data, 4);
		break;
	case 8:
		memcpy(&v, p->data, 8);
		break;
	default:
		return false;
	}
	if (is_signed && p->len < 8) {
		unsigned shift = 64 - 8 * p->len;

		v = (uint64_t)((int64_t)(v << shift) >> shift);
	}
	*ret = (int64_t)v;
	return true;
}
/* Text without its NUL; "" when absent. Always NUL-terminated within len by the parser's check, else "". */
static inline const char *param_text(const struct param *p)
{
	return p->data && p->len && !p->data[p->len - 1] ? (const char *)p->data : "";
}

/* Appends one parameter in payload encoding (variable types with their length). */
void payload_append(struct buffer *b, enum param_type type, const void *data, uint32_t len);
