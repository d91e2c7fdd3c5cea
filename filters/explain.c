/* Words on what is decided where. */
#include "filters/ast.h"

#include <inttypes.h>

static void say_values(struct buffer *out, const struct check *c)
{
	bool list = c->n_values != 1 || c->op == OP_IN || c->op == OP_INTERSECTS || c->op == OP_PMATCH;

	if (c->op == OP_EXISTS)
		return;
	buffer_append(out, list ? " (" : " ", list ? 2 : 1);
	for (uint32_t i = 0; i < c->n_values && i < 8; i++)
		buffer_printf(out, "%s%.*s", i ? ", " : "", (int)c->values[i].source.text.len,
			      c->values[i].source.text.data);
	if (c->n_values > 8)
		buffer_printf(out, ", ... %u values", c->n_values);
	if (list)
		buffer_u8(out, ')');
}

static void say_check(struct buffer *out, const struct check *c)
{
	const struct field *field = &c->left.field;

	buffer_printf(out, "%s", field->info->name);
	if (field->argument[0])
		buffer_printf(out, "[%s]", field->argument);
	buffer_printf(out, " %s", op_name(c->op));
	say_values(out, c);
}

static void say_node(struct buffer *out, const struct node *n)
{
	switch (n->kind) {
	case NODE_CONST:
		buffer_printf(out, "%s", n->value ? "everything" : "nothing");
		return;
	case NODE_CHECK:
		say_check(out, n->check);
		return;
	case NODE_NOT:
		buffer_printf(out, "not (");
		break;
	default:
		buffer_printf(out, "(");
	}
	for (uint32_t i = 0; i < n->n_children && i < 16; i++) {
		if (i)
			buffer_printf(out, n->kind == NODE_AND ? " and " : " or ");
		say_node(out, n->children[i]);
	}
	buffer_printf(out, n->n_children > 16 ? " ...)" : ")");
}

static void say_ids(struct buffer *out, const char *name, const int64_t *ids, unsigned n)
{
	if (!n)
		return;
	buffer_printf(out, "  %s:", name);
	for (unsigned i = 0; i < n; i++)
		buffer_printf(out, " %" PRId64, ids[i]);
	buffer_printf(out, "\n");
}

static void say_types(struct buffer *out, const struct kernel_filter *k)
{
	const struct event_info *e;
	const char *last = "";
	unsigned n = 0;

	buffer_printf(out, "  event types:");
	for (size_t i = 0; (e = event_info_at(i)); i++) {
		/* Types 0 and 1 stand for calls of old captures; a live one has none. */
		if (e->type <= 1 || !bit_test(k->types, e->type) || !strcmp(e->name, last) ||
		    (e->traits & EF_OLD_VERSION))
			continue;
		last = e->name;
		if (n++ < 20)
			buffer_printf(out, " %s", last);
	}
	buffer_printf(out, n == 0 ? " none\n" : n > 20 ? " ... %u in all\n" : "\n", n);
}

static void say_kernel(struct buffer *out, const struct filter *f)
{
	struct kernel_filter k;
	int64_t uids[KERNEL_SET_MAX];
	size_t before;

	filter_kernel(f, &k);
	buffer_printf(out, "decided in the kernel (live capture)%s:\n",
		      k.exact ? ", completely" : ", as far as it goes");
	before = out->len;
	if (k.has_types)
		say_types(out, &k);
	if (k.n_comms) {
		buffer_printf(out, "  process names:");
		for (unsigned i = 0; i < k.n_comms; i++)
			buffer_printf(out, " %s", k.comms[i]);
		buffer_printf(out, "\n");
	}
	say_ids(out, "processes", k.pids, k.n_pids);
	say_ids(out, "threads", k.tids, k.n_tids);
	for (unsigned i = 0; i < k.n_uids; i++)
		uids[i] = k.uids[i];
	say_ids(out, "users", uids, k.n_uids);
	if (k.failed_only)
		buffer_printf(out, "  failed calls only\n");
	if (out->len == before)
		buffer_printf(out, "  nothing: every event is taken\n");
}

void filter_explain(const struct filter *f, struct buffer *out)
{
	const struct node *root = f->root;
	uint32_t n = root->kind == NODE_AND ? root->n_children : 1;
	struct node *const *part = root->kind == NODE_AND ? root->children : &f->root;
	bool any = false;

	say_kernel(out, f);
	buffer_printf(out, "decided from columns (replay), many events at once%s:\n",
		      f->exact ? ", completely" : "");
	for (uint32_t i = 0; i < n; i++)
		if (part[i]->useful) {
			buffer_printf(out, part[i]->exact ? "  " : "  rules events out: ");
			say_node(out, part[i]);
			buffer_printf(out, "\n");
			any = true;
		}
	if (!any)
		buffer_printf(out, "  nothing\n");
	if (f->exact)
		return;
	buffer_printf(out, "decided event by event, from%s%s%s%s:\n",
		      root->needs & NEED_PARAMS ? " parameters" : "",
		      root->needs & NEED_THREADS ? " processes" : "", root->needs & NEED_FDS ? " fds" : "",
		      root->needs & NEED_USERS ? " users" : "");
	for (uint32_t i = 0; i < n; i++)
		if (!part[i]->exact) {
			buffer_printf(out, "  ");
			say_node(out, part[i]);
			buffer_printf(out, "\n");
		}
}
