/*
 * What each kind of event does to the tables: a row per event name, an "op" per event type with
 * the row's parameters found in that type's schema.
 */
#pragma once
#include "state/store.h"

#define OP_PARAMS 32
#define OP_ALONE  0xFF /* argument of handlers that need no thread: notes of capture tools have none */

/* One application: everything that a handler looks at. */
struct step {
	struct store *s;
	struct event *ev;
	struct thread_node *node;	/* who made the event */
	const struct op *op;
};

typedef void op_fn(const struct step *x);

struct op {
	op_fn *fn;			/* NULL: changes nothing */
	uint8_t params[OP_PARAMS];	/* by the row's order; 0xFF: the type has none of that name */
	uint8_t argument;		/* the row's own, for handlers that serve several calls */
};

struct op_row {
	const char *name;		/* of the event type */
	op_fn *fn;
	uint8_t argument;
	const char *params;		/* "name flags dev ino" */
	bool threads;			/* not only fds, though the row is not of process_ops */
};

/* Rows end with name NULL; one array per file. */
op_fn apply_memory;
extern const struct op_row file_ops[], socket_ops[], process_ops[];

op_fn apply_container; /* container.c */

/* Parameter `place` of the row. Never NULL. */
static inline const struct param *step_param(const struct step *x, unsigned place)
{
	return event_param(x->ev, x->op->params[place]);
}
/* As a number; `missing` when absent or empty. */
static inline int64_t step_number(const struct step *x, unsigned place, int64_t missing)
{
	unsigned i = x->op->params[place];
	const struct param *p = event_param(x->ev, i);
	int64_t v;

	if (i >= x->ev->n_params || !param_number(p, x->ev->info->params[i].type, &v))
		return missing;
	return v;
}
static inline const char *step_text(const struct step *x, unsigned place)
{
	return param_text(step_param(x, place));
}

/* The call succeeded (its result is not negative). */
static inline bool step_succeeded(const struct step *x)
{
	return x->ev->has_result && x->ev->result >= 0;
}
/* A new fd in the caller's table; it becomes now.fd. NULL: refused. */
struct fd_node *step_new_fd(const struct step *x, int64_t fd, enum fd_type type);
/* The absolute path of a path parameter, relative to cwd, or to a directory's fd. In store.path. */
size_t step_path(const struct step *x, unsigned path_place, bool has_dirfd, unsigned dirfd_place);
/* The fd's table of the caller, made when there is none. NULL: refused. */
struct fd_table *step_fds(const struct step *x);

/* Finds the op for an event type. Never NULL. */
const struct op *op_find(struct store *s, const struct event_info *info);
void ops_clear(struct store *s);
