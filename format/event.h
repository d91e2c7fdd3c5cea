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

/* Fills the view, without parameters: cheap. All columns but the payload ones must be loaded. */
void event_at(struct event *ev, struct batch *batch, uint32_t i);
/* Finds the parameters (both payload columns, or the one of its class, must be loaded). */
void event_parse(struct event *ev);

/*
 * Makes a damaged event's payload agree with its row, in the batch: what was found stays, the rest becomes
 * absent. An event that is not damaged is left alone.
 */
void event_mend(struct event *ev);

/* Parameter i, parsed on first use; an index beyond the last gives an absent one. Never NULL. */
const struct param *event_param(struct event *ev, unsigned i);
/* By name; NULL when the type has none of that name. */
const struct param *event_param_named(struct event *ev, const char *name, unsigned *ret_index);

/* A fixed-size number of any width, extended by the sign of its type. false: absent. */
bool param_number(const struct param *p, enum param_type type, int64_t *ret);
/* Text without its NUL; "" when absent. Always NUL-terminated within len by the parser's check, else "". */
const char *param_text(const struct param *p);

/* Appends one parameter in payload encoding (variable types with their length). */
void payload_append(struct buffer *b, enum param_type type, const void *data, uint32_t len);
