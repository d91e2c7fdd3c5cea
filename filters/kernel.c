/*
 * The kernel part: per dimension (event type, name, pid, tid, uid, failed) a set of what can pass. `and`
 * intersects, `or` unites; `not` is pushed down to the checks, and only types and failed have a
 * complement. What cannot be said in these sets has no limit, so the whole never loses an event.
 */
#include "filters/column.h"

#include <stdlib.h>

enum dimension { DIM_COMM, DIM_PID, DIM_TID, DIM_UID, N_DIMS, DIM_TYPE = N_DIMS, DIM_FAILED, DIM_NONE };

struct kernel_set {
	bool limited;
	unsigned n;
	union {
		char comm[16];
		int64_t id;
	} at[KERNEL_SET_MAX];
};

struct kernel_sets {
	bool nothing;		  /* no event can pass */
	bool may_fail, may_succeed; /* may_succeed: or has no result */
	struct kernel_set dim[N_DIMS];
};

static const struct kernel_sets everything = {.may_fail = true, .may_succeed = true};

static bool set_has(const struct kernel_set *s, const struct kernel_set *from, unsigned i)
{
	for (unsigned k = 0; k < s->n; k++)
		if (!memcmp(&s->at[k], &from->at[i], sizeof s->at[k]))
			return true;
	return false;
}

static void set_intersect(struct kernel_set *s, const struct kernel_set *with)
{
	struct kernel_set both = {.limited = true};

	if (!with->limited)
		return;
	if (!s->limited) {
		*s = *with;
		return;
	}
	for (unsigned i = 0; i < s->n; i++)
		if (set_has(with, s, i))
			both.at[both.n++] = s->at[i];
	*s = both;
}

static void set_unite(struct kernel_set *s, const struct kernel_set *with)
{
	if (!s->limited || !with->limited) {
		*s = (struct kernel_set){0};
		return;
	}
	for (unsigned i = 0; i < with->n; i++) {
		if (set_has(s, with, i))
			continue;
		if (s->n == KERNEL_SET_MAX) {
			*s = (struct kernel_set){0};
			return;
		}
		s->at[s->n++] = with->at[i];
	}
}

static void sets_intersect(struct kernel_sets *a, const struct kernel_sets *b)
{
	a->nothing |= b->nothing;
	a->may_fail &= b->may_fail;
	a->may_succeed &= b->may_succeed;
	for (int d = 0; d < N_DIMS; d++) {
		set_intersect(&a->dim[d], &b->dim[d]);
		a->nothing |= a->dim[d].limited && !a->dim[d].n;
	}
	a->nothing |= !a->may_fail && !a->may_succeed;
}

static void sets_unite(struct kernel_sets *a, const struct kernel_sets *b)
{
	if (b->nothing)
		return;
	if (a->nothing) {
		*a = *b;
		return;
	}
	a->may_fail |= b->may_fail;
	a->may_succeed |= b->may_succeed;
	for (int d = 0; d < N_DIMS; d++)
		set_unite(&a->dim[d], &b->dim[d]);
}

static enum dimension dimension_of(const struct check *c)
{
	if (c->asks_right)
		return DIM_NONE;
	switch (c->left.field.info->id) {
	case FIELD_PROC_NAME:
		return DIM_COMM;
	case FIELD_PROC_PID:
		return DIM_PID;
	case FIELD_THREAD_TID:
		return DIM_TID;
	case FIELD_USER_UID:
		return DIM_UID;
	case FIELD_EVT_FAILED:
		return DIM_FAILED;
	default:
		return c->column == COLUMN_PART_TYPES ? DIM_TYPE : DIM_NONE;
	}
}

/* = and in list values one by one: a set. */
static bool is_equality(const struct check *c)
{
	return (c->op == OP_EQ || c->op == OP_IN || c->op == OP_INTERSECTS) &&
	       (c->quantifier == QUANT_ANY || c->n_values == 1);
}

/* The set of an equality check; false: larger than a set can be. */
static bool set_of(const struct check *c, enum dimension d, struct kernel_set *s)
{
	*s = (struct kernel_set){.limited = true};
	for (uint32_t i = 0; i < c->n_values; i++) {
		struct kernel_set one = {.limited = true, .n = 1};
		const struct literal *v = &c->values[i];

		if (d == DIM_COMM) {
			/* The kernel keeps 15 characters: a longer name matches nothing. */
			if (v->source.text.len > 15)
				continue;
			memcpy(one.at[0].comm, v->source.text.data, v->source.text.len);
		} else {
			if (v->number < INT64_MIN || v->number > INT64_MAX)
				continue;
			one.at[0].id = (int64_t)v->number;
		}
		set_unite(s, &one);
		if (!s->limited)
			return false;
	}
	return true;
}

static void check_sets(const struct check *c, bool negate, struct kernel_sets *ret)
{
	enum dimension d = dimension_of(c);

	*ret = everything;
	if (d == DIM_FAILED) {
		/* Negated, events without a result pass as well. */
		ret->may_fail = c->on_true != negate;
		ret->may_succeed = c->on_false != negate || negate;
		ret->nothing = !ret->may_fail && !ret->may_succeed;
		return;
	}
	if (d >= N_DIMS || negate || !is_equality(c))
		return;
	if (!set_of(c, d, &ret->dim[d]))
		*ret = everything;
	ret->nothing = ret->dim[d].limited && !ret->dim[d].n;
}

static void node_sets(const struct node *n, bool negate, struct kernel_sets *ret)
{
	struct kernel_sets part;
	bool both;

	*ret = everything;
	switch (n->kind) {
	case NODE_CONST:
		ret->nothing = n->value == negate;
		return;
	case NODE_CHECK:
		check_sets(n->check, negate, ret);
		return;
	case NODE_NOT:
		node_sets(n->children[0], !negate, ret);
		return;
	default:
		both = (n->kind == NODE_AND) != negate;
		ret->nothing = !both;
		for (uint32_t i = 0; i < n->n_children; i++) {
			node_sets(n->children[i], negate, &part);
			if (both)
				sets_intersect(ret, &part);
			else
				sets_unite(ret, &part);
		}
	}
}

/* The one dimension that a subtree is about and that says all of it; DIM_NONE: there is none. */
static enum dimension single_dimension(const struct node *n)
{
	enum dimension d = DIM_NONE, part;
	struct kernel_set s;

	if (n->kind == NODE_CHECK) {
		d = dimension_of(n->check);
		if (d == DIM_TYPE)
			return d;
		if (d == DIM_FAILED)
			return n->check->on_true && !n->check->on_false ? d : DIM_NONE;
		return d < N_DIMS && is_equality(n->check) && set_of(n->check, d, &s) ? d : DIM_NONE;
	}
	if (n->kind == NODE_NOT)
		return single_dimension(n->children[0]) == DIM_TYPE ? DIM_TYPE : DIM_NONE;
	if (n->kind != NODE_OR)
		return DIM_NONE;
	for (uint32_t i = 0; i < n->n_children; i++) {
		part = single_dimension(n->children[i]);
		if (part == DIM_NONE || (i && part != d))
			return DIM_NONE;
		d = part;
	}
	return d;
}

static bool is_exact(const struct node *n, const struct kernel_sets *s)
{
	if (s->nothing || n->kind == NODE_CONST)
		return true;
	if (n->kind == NODE_AND) {
		for (uint32_t i = 0; i < n->n_children; i++)
			if (single_dimension(n->children[i]) == DIM_NONE)
				return false;
		return true;
	}
	return single_dimension(n) != DIM_NONE;
}

static unsigned take_ids(const struct kernel_set *s, int64_t *ret)
{
	for (unsigned i = 0; s->limited && i < s->n; i++)
		ret[i] = s->at[i].id;
	return s->limited ? s->n : 0;
}

void filter_kernel(const struct filter *f, struct kernel_filter *ret)
{
	struct kernel_sets s;
	int64_t uids[KERNEL_SET_MAX];

	*ret = (struct kernel_filter){0};
	node_sets(f->root, false, &s);
	ret->exact = is_exact(f->root, &s);
	if (f->has_types || s.nothing) {
		ret->has_types = true;
		if (!s.nothing)
			memcpy(ret->types, f->types, sizeof ret->types);
	}
	/* Nothing passes: no type does, and no other limit is needed. */
	if (s.nothing)
		return;
	ret->failed_only = s.may_fail && !s.may_succeed;
	for (unsigned i = 0; s.dim[DIM_COMM].limited && i < s.dim[DIM_COMM].n; i++)
		memcpy(ret->comms[ret->n_comms++], s.dim[DIM_COMM].at[i].comm, sizeof ret->comms[0]);
	ret->n_pids = take_ids(&s.dim[DIM_PID], ret->pids);
	ret->n_tids = take_ids(&s.dim[DIM_TID], ret->tids);
	ret->n_uids = take_ids(&s.dim[DIM_UID], uids);
	for (unsigned i = 0; i < ret->n_uids; i++)
		ret->uids[i] = (uint32_t)uids[i];
}
