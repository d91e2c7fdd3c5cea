/* Words on what is decided where. */
#include "filters/ast.h"

#include <inttypes.h>
#include <stdlib.h>

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

static void say_texts(struct buffer *out, const struct kernel_question *q)
{
	for (unsigned i = 0; i < q->n; i++)
		buffer_printf(out, "%s%s", i ? ", " : " ", q->comms[i]);
}

static void say_ids(struct buffer *out, const struct kernel_question *q)
{
	for (unsigned i = 0; i < q->n; i++)
		buffer_printf(out, "%s%" PRId64, i ? ", " : " ", q->ids[i]);
}

static void say_ranges(struct buffer *out, const struct kernel_question *q)
{
	for (unsigned i = 0; i < q->n; i++) {
		const struct kernel_range *r = &q->ranges[i];

		buffer_printf(out, i ? ", " : " ");
		if (r->lo == r->hi)
			buffer_printf(out, "%" PRId64, r->lo);
		else if (r->lo == INT64_MIN)
			buffer_printf(out, "up to %" PRId64, r->hi);
		else if (r->hi == INT64_MAX)
			buffer_printf(out, "from %" PRId64, r->lo);
		else
			buffer_printf(out, "%" PRId64 " to %" PRId64, r->lo, r->hi);
	}
}

static void say_type_names(struct buffer *out, const uint64_t *types)
{
	const struct event_info *e;
	const char *last = "";
	unsigned n = 0;

	for (size_t i = 0; (e = event_info_at(i)); i++) {
		/* Types 0 and 1 stand for calls of old captures; a live one has none. */
		if (e->type <= 1 || !bit_test(types, e->type) || !strcmp(e->name, last) ||
		    (e->traits & EF_OLD_VERSION))
			continue;
		last = e->name;
		if (n++ < 20)
			buffer_printf(out, " %s", last);
	}
	if (n == 0 || n > 20)
		buffer_printf(out, n ? " ... %u in all" : " none", n);
}

static void say_question(struct buffer *out, const struct kernel_question *q, bool negate)
{
	static const char *const names[N_ABOUTS] = {
		[ABOUT_COMM] = "process name", [ABOUT_PID] = "process", [ABOUT_TID] = "thread",
		[ABOUT_PPID] = "parent process", [ABOUT_UID] = "user", [ABOUT_GID] = "group",
		[ABOUT_TREE] = "process tree of", [ABOUT_TYPE] = "event types", [ABOUT_RESULT] = "result",
		[ABOUT_FD] = "file descriptor", [ABOUT_PARAM] = "parameter", [ABOUT_TEXT] = "parameter",
	};

	buffer_printf(out, "%s%s", negate ? "not " : "", names[q->about]);
	if (q->about == ABOUT_PARAM || q->about == ABOUT_TEXT) {
		if (q->param[0])
			buffer_printf(out, " %s", q->param);
		else
			buffer_printf(out, " %d", q->param_index);
	}
	buffer_printf(out, ":");
	if (q->about == ABOUT_COMM)
		say_texts(out, q);
	else if (q->about <= ABOUT_LAST_OF_TASK)
		say_ids(out, q);
	else if (q->about == ABOUT_TYPE)
		say_type_names(out, q->types.maybe);
	else if (q->about == ABOUT_TEXT)
		buffer_printf(out, " %s%.*s", q->text.whole ? "" : "begins with ", (int)q->text.len, q->text.bytes);
	else
		say_ranges(out, q);
}

static void say_clause(struct buffer *out, const struct kernel_filter *k, const struct kernel_clause *c)
{
	const char *between = "  ";

	for (unsigned i = 0; i < k->n_questions; i++) {
		if (!((c->yes | c->no) >> i & 1))
			continue;
		buffer_printf(out, "%s", between);
		say_question(out, &k->questions[i], c->no >> i & 1);
		between = "; or ";
	}
	buffer_printf(out, c->yes | c->no ? "\n" : "  nothing passes\n");
}

/* Whether a clause is about the type alone. */
static bool says_types(const struct kernel_filter *k)
{
	for (unsigned i = 0; i < k->n_clauses; i++)
		for (unsigned q = 0; q < k->n_questions; q++)
			if (k->clauses[i].yes == 1u << q && !k->clauses[i].no && k->questions[q].about == ABOUT_TYPE)
				return true;
	return false;
}

static void say_kernel(struct buffer *out, const struct filter *f)
{
	struct kernel_filter *k = calloc(1, sizeof *k);

	if (!k)
		return;
	filter_kernel(f, k);
	buffer_printf(out, "decided in the kernel (live capture)%s:\n",
		      k->exact ? ", completely" : ", as far as it goes");
	for (unsigned i = 0; i < k->n_clauses; i++)
		say_clause(out, k, &k->clauses[i]);
	if (k->has_types && !says_types(k)) {
		buffer_printf(out, "  event types that can pass:");
		say_type_names(out, k->types);
		buffer_printf(out, "\n");
	}
	if (!k->n_clauses && !k->has_types)
		buffer_printf(out, "  nothing: every event is taken\n");
	free(k);
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
	buffer_printf(out, "decided event by event, from%s%s%s%s%s:\n",
		      root->needs & NEED_PARAMS ? " parameters" : "",
		      root->needs & NEED_THREADS ? " processes" : "", root->needs & NEED_FDS ? " fds" : "",
		      root->needs & NEED_USERS ? " users" : "", root->needs & NEED_MEMORY ? " memory" : "");
	for (uint32_t i = 0; i < n; i++)
		if (!part[i]->exact) {
			buffer_printf(out, "  ");
			say_node(out, part[i]);
			buffer_printf(out, "\n");
		}
}
