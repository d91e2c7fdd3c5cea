#include "filters/check_quick.h"
#include "filters/column.h"

#include <errno.h>
#include <stdlib.h>

#define IDS_TOTAL (64u << 20) /* bytes that all checks together may keep by name */
#define IDS_MAX	  (1u << 20)

/* Old generic events and types that are not built in: a file may bring them. */
static void find_unsure(struct filter *f)
{
	const struct event_info *e;

	memset(f->unsure, 0xff, sizeof f->unsure);
	for (size_t i = 0; (e = event_info_at(i)); i++)
		if (e->type > 1)
			f->unsure[e->type / 64] &= ~(UINT64_C(1) << e->type % 64);
}

static void find_types(struct filter *f)
{
	const struct event_info *e;

	for (unsigned w = 0; w < TYPE_WORDS; w++)
		f->types[w] = node_types(f, f->root, w).m;
	for (size_t i = 0; (e = event_info_at(i)); i++)
		f->has_types |= !bit_test(f->types, e->type);
}

/* One that must hold for the filter to hold. */
static const struct check *find_quick(const struct node *n)
{
	const struct check *c = NULL;

	if (n->kind == NODE_CHECK)
		return n->check->quick ? n->check : NULL;
	for (uint32_t i = 0; n->kind == NODE_AND && i < n->n_children && !c; i++)
		c = find_quick(n->children[i]);
	return c;
}

static int compile(struct filter *f, struct lexer *l, const struct definitions *names)
{
	int r = filter_parse(l, names, &f->root, &f->n_checks);

	if (r == 0)
		r = check_types(l, f, f->root);
	if (r < 0)
		return r;
	f->root = node_fold(f, f->root);
	f->facts = calloc(EVENT_TYPE_MAX, sizeof *f->facts);
	if (!f->root || !f->facts)
		return error_set(l->err, -ENOMEM, "out of memory");
	find_unsure(f);
	f->budget = FILTER_BUDGET;
	r = column_prepare(f, f->root, l->err);
	if (r < 0)
		return r;
	f->exact = f->root->exact;
	f->quick = find_quick(f->root);
	f->ids_max = IDS_TOTAL / (f->n_checks + 1);
	if (f->ids_max > IDS_MAX)
		f->ids_max = IDS_MAX;
	find_types(f);
	return 0;
}

struct filter *filter_new_with(const char *text, size_t len, const struct definitions *names, struct error *err)
{
	struct filter *f = calloc(1, sizeof *f);
	struct error none = {0};
	struct lexer l;

	if (!err)
		err = &none;
	if (!f) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (lexer_init(&l, text, len, &f->arena, err) < 0 || compile(f, &l, names) < 0) {
		filter_free(f);
		return NULL;
	}
	return f;
}

struct filter *filter_new_len(const char *text, size_t len, struct error *err)
{
	return filter_new_with(text, len, NULL, err);
}

struct filter *filter_new(const char *text, struct error *err)
{
	return filter_new_len(text, strlen(text), err);
}

static void forget_names(struct node *n)
{
	if (n->kind == NODE_CHECK) {
		free(n->check->by_id);
		n->check->by_id = NULL;
		n->check->n_by_id = 0;
	}
	for (uint32_t i = 0; i < n->n_children; i++)
		forget_names(n->children[i]);
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	if (f->root)
		forget_names(f->root);
	regex_done(f);
	free(f->facts);
	for (unsigned i = 0; i < sizeof f->scratch / sizeof *f->scratch; i++)
		buffer_done(&f->scratch[i].bytes);
	arena_done(&f->arena);
	free(f);
}

bool filter_rules_out(const struct filter *f, const struct event_info *info, const struct state *st)
{
	return f->quick && f->state_serial == st->serial && check_quickly(f->quick, info, st) == 0;
}

unsigned filter_needs(const struct filter *f)
{
	return NEED_COLUMNS | f->root->needs;
}

unsigned filter_column_set(const struct filter *f)
{
	return f->root->columns;
}

unsigned filter_event_columns(const struct filter *f)
{
	return f->exact ? 0 : f->root->reads & EVENT_COLUMNS_MORE;
}

bool filter_is_exact(const struct filter *f)
{
	return f->exact;
}

const uint64_t *filter_types(const struct filter *f)
{
	return f->has_types ? f->types : NULL;
}

static inline bool check_match(struct filter *f, struct check *c, struct event *ev, struct state *st)
{
	int known;

	/* What the type rules out, or decides, needs no value. */
	if (c->types && !bit_test(c->types, ev->type))
		return false;
	if (c->quick && (known = check_quickly(c, ev->info, st)) >= 0)
		return known;
	if (c->column == COLUMN_PART_TYPES && !bit_test(f->unsure, ev->type))
		return true;
	return check_event(f, c, ev, st);
}

static bool node_match(struct filter *f, const struct node *n, struct event *ev, struct state *st)
{
	switch (n->kind) {
	case NODE_CONST:
		return n->value;
	case NODE_NOT:
		return !node_match(f, n->children[0], ev, st);
	case NODE_AND:
		for (uint32_t i = 0; i < n->n_children; i++)
			if (!node_match(f, n->children[i], ev, st))
				return false;
		return true;
	case NODE_OR:
		for (uint32_t i = 0; i < n->n_children; i++)
			if (node_match(f, n->children[i], ev, st))
				return true;
		return false;
	default:
		break;
	}
	return check_match(f, n->check, ev, st);
}

bool filter_match(struct filter *f, struct event *ev, struct state *st)
{
	if (f->state_serial != st->serial) {
		forget_names(f->root);
		f->state_serial = st->serial;
	}
	return f->root->kind == NODE_CHECK ? check_match(f, f->root->check, ev, st)
					   : node_match(f, f->root, ev, st);
}
