/* Simplifying the tree: constants, and within and, not not; cheap checks first. */
#include "filters/ast.h"

static void set_const(struct node *n, bool value)
{
	n->kind = NODE_CONST;
	n->value = value;
	n->n_children = 0;
}

static void fold_check(struct node *n)
{
	struct check *c = n->check;

	if (c->op == OP_EXISTS || c->n_values)
		return;
	/* None of nothing matches; all of nothing do, where there is a value. */
	if (c->quantifier == QUANT_ANY)
		set_const(n, false);
	else
		c->op = OP_EXISTS;
}

static struct node *fold_not(struct filter *f, struct node *n)
{
	struct node *child = node_fold(f, n->children[0]);

	if (!child)
		return NULL;
	n->children[0] = child;
	if (child->kind == NODE_CONST) {
		set_const(child, !child->value);
		return child;
	}
	return child->kind == NODE_NOT ? child->children[0] : n;
}

/* Children of the same kind move up; NULL when memory is out. */
static struct node *flatten(struct filter *f, struct node *n)
{
	uint32_t total = 0;
	struct node **children;

	for (uint32_t i = 0; i < n->n_children; i++)
		total += n->children[i]->kind == n->kind ? n->children[i]->n_children : 1;
	if (total == n->n_children)
		return n;
	children = arena_take(&f->arena, total * sizeof *children);
	if (!children)
		return NULL;
	total = 0;
	for (uint32_t i = 0; i < n->n_children; i++) {
		struct node *child = n->children[i];

		if (child->kind != n->kind) {
			children[total++] = child;
			continue;
		}
		memcpy(children + total, child->children, child->n_children * sizeof *children);
		total += child->n_children;
	}
	n->children = children;
	n->n_children = total;
	return n;
}

static struct node *fold_series(struct filter *f, struct node *n)
{
	bool neutral = n->kind == NODE_AND;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n->n_children; i++) {
		struct node *child = node_fold(f, n->children[i]);

		if (!child)
			return NULL;
		if (child->kind == NODE_CONST && child->value != neutral) {
			set_const(n, !neutral);
			return n;
		}
		if (child->kind != NODE_CONST)
			n->children[kept++] = child;
	}
	n->n_children = kept;
	if (kept == 0)
		set_const(n, neutral);
	return kept == 1 ? n->children[0] : flatten(f, n);
}

struct node *node_fold(struct filter *f, struct node *n)
{
	switch (n->kind) {
	case NODE_CHECK:
		fold_check(n);
		return n;
	case NODE_NOT:
		return fold_not(f, n);
	case NODE_AND:
	case NODE_OR:
		return fold_series(f, n);
	default:
		return n;
	}
}
