#include "state/apply.h"

#include <stdlib.h>

static const struct op op_nothing;

static void resolve_params(struct op *op, const struct op_row *row, const struct event_info *info)
{
	const char *p = row->params;

	memset(op->params, 0xFF, sizeof op->params);
	for (unsigned place = 0; *p && place < OP_PARAMS; place++) {
		size_t len = strcspn(p, " ");

		for (uint8_t i = 0; i < info->n_params; i++) {
			const char *name = info->params[i].name;

			if (strncmp(name, p, len) == 0 && name[len] == 0)
				op->params[place] = i;
		}
		p += len + (p[len] == ' ');
	}
}

static const struct op_row *row_find(const struct event_info *info, bool *ret_threads)
{
	const struct op_row *const all[] = {file_ops, socket_ops, process_ops};

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		for (const struct op_row *row = all[i]; row->name; row++) {
			*ret_threads = all[i] == process_ops || row->threads;
			if (strcmp(row->name, info->name) == 0)
				return row;
		}
	}
	return NULL;
}

bool state_changes_memory(const struct event_info *info)
{
	const struct op_row *row;
	bool threads;

	return !event_info_is_state(info) && (row = row_find(info, &threads)) && row->fn == apply_memory;
}

bool state_changes_threads(const struct event_info *info)
{
	bool threads;

	return row_find(info, &threads) && threads;
}

/* Entries of old captures say what was asked for, not what happened: they change nothing. */
static bool is_call_entry(const struct event_info *info)
{
	return event_info_is_enter(info) && info->category & EC_SYSCALL;
}

const struct op *op_find(struct store *s, const struct event_info *info)
{
	struct op *op = s->ops[info->type];
	const struct op_row *row;
	bool threads;

	if (op)
		return op;
	s->ops_made[info->type / OPS_STRETCH] = true;
	row = is_call_entry(info) ? NULL : row_find(info, &threads);
	/* A call that makes an fd of a kind that nobody describes further. */
	if (!row && info->traits & EF_CREATES_FD && !is_call_entry(info))
		row = &file_ops[0];
	if (!row || !(op = store_alloc(s, sizeof *op))) {
		s->ops[info->type] = (struct op *)&op_nothing;
		return &op_nothing;
	}
	op->fn = row->fn;
	op->argument = row->argument;
	resolve_params(op, row, info);
	s->ops[info->type] = op;
	return op;
}

void ops_clear(struct store *s)
{
	for (unsigned stretch = 0; stretch < EVENT_TYPE_MAX / OPS_STRETCH; stretch++) {
		struct op **op = &s->ops[stretch * OPS_STRETCH];

		for (unsigned i = 0; s->ops_made[stretch] && i < OPS_STRETCH; i++) {
			if (op[i] && op[i] != &op_nothing)
				store_release(s, op[i], sizeof *op[i]);
			op[i] = NULL;
		}
		s->ops_made[stretch] = false;
	}
}

struct fd_table *step_fds(const struct step *x)
{
	return node_fds(x->s, x->node);
}

struct fd_node *step_new_fd(const struct step *x, int64_t fd, enum fd_type type)
{
	struct fd_table *table = step_fds(x);
	struct fd_node *n = table ? fd_table_add(x->s, table, fd) : NULL;

	x->s->pub.now.fd_num = fd;
	x->s->pub.now.fd = n ? &n->f : NULL;
	if (n)
		n->f.type = type;
	return n;
}

size_t step_path(const struct step *x, unsigned path_place, bool has_dirfd, unsigned dirfd_place)
{
	const char *base;
	const char *path = step_text(x, path_place);
	size_t base_len;

	base = state_path_base(&x->s->pub, &x->node->t,
			       has_dirfd ? step_number(x, dirfd_place, STATE_AT_FDCWD) : STATE_AT_FDCWD,
			       &base_len);
	return path_resolve(x->s->path, base, base_len, path, strlen(path));
}
