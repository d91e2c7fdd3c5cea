/*
 * The kernel part of a whole filter: its tree as clauses, all of which have to hold. `and` puts clauses side by
 * side, `or` makes one of each pair, `not` is pushed down to the questions. A clause too many, or one
 * with a check that the kernel cannot decide, is left out: that only lets more pass.
 */
#include "filters/kernel_ask.h"

#include <stdlib.h>
#include <string.h>

#define WORK_MAX 64 /* clauses while a tree is put together */

struct clauses {
	unsigned n; /* 0: everything passes */
	struct kernel_clause at[WORK_MAX];
	bool exact; /* nothing was left out */
};

struct builder {
	const struct filter *f;
	struct kernel_filter *out;
};

/* A clause that another one implies says nothing. */
static bool says_less(struct kernel_clause a, struct kernel_clause than)
{
	return !(than.yes & ~a.yes) && !(than.no & ~a.no);
}

static void add(struct clauses *s, struct kernel_clause c)
{
	if (c.yes & c.no)
		return;
	for (unsigned i = 0; i < s->n; i++)
		if (says_less(c, s->at[i]))
			return;
	if (s->n == WORK_MAX)
		s->exact = false;
	else
		s->at[s->n++] = c;
}

/* The number of a question, shared by all who ask the same; -1: no room. */
static int question_number(struct builder *b, const struct kernel_question *q)
{
	struct kernel_filter *out = b->out;

	for (unsigned i = 0; i < out->n_questions; i++)
		if (!memcmp(&out->questions[i], q, sizeof *q))
			return (int)i;
	if (out->n_questions == KERNEL_QUESTIONS)
		return -1;
	out->questions[out->n_questions] = *q;
	return (int)out->n_questions++;
}

/* Whether the kernel knows the answer as surely as user space: of results it does not, calls that are still going on
   and events that are no calls have none. */
static bool is_sure(const struct check *c, const struct kernel_question *q)
{
	switch (q->about) {
	case ABOUT_COMM:
	case ABOUT_PID:
	case ABOUT_TID:
		return true;
	case ABOUT_TYPE:
		return c->column == COLUMN_PART_TYPES;
	default:
		return false;
	}
}

static void check_clauses(struct builder *b, const struct check *c, bool negate, struct clauses *ret)
{
	struct kernel_question *q = calloc(1, sizeof *q);
	int number = q && kernel_ask(b->f, c, q) ? question_number(b, q) : -1;

	ret->exact = number >= 0 && is_sure(c, q);
	if (number >= 0)
		add(ret, negate ? (struct kernel_clause){.no = 1u << number}
				: (struct kernel_clause){.yes = 1u << number});
	free(q);
}

static void join_and(struct clauses *a, const struct clauses *b)
{
	for (unsigned i = 0; i < b->n; i++)
		add(a, b->at[i]);
	a->exact &= b->exact;
}

static void join_or(struct clauses *a, const struct clauses *b)
{
	struct clauses all = {.exact = a->exact && b->exact};

	for (unsigned i = 0; i < a->n; i++)
		for (unsigned k = 0; k < b->n; k++)
			add(&all, (struct kernel_clause){a->at[i].yes | b->at[k].yes, a->at[i].no | b->at[k].no});
	*a = all;
}

static void node_clauses(struct builder *b, const struct node *n, bool negate, struct clauses *ret)
{
	struct clauses part;
	bool both;

	*ret = (struct clauses){.exact = true};
	switch (n->kind) {
	case NODE_CONST:
		if (n->value == negate)
			add(ret, (struct kernel_clause){0, 0});
		return;
	case NODE_CHECK:
		check_clauses(b, n->check, negate, ret);
		return;
	case NODE_NOT:
		node_clauses(b, n->children[0], !negate, ret);
		return;
	default:
		both = (n->kind == NODE_AND) != negate;
		if (!both)
			add(ret, (struct kernel_clause){0, 0});
		for (uint32_t i = 0; i < n->n_children; i++) {
			node_clauses(b, n->children[i], negate, &part);
			if (both)
				join_and(ret, &part);
			else
				join_or(ret, &part);
		}
	}
}

static int n_bits(struct kernel_clause c)
{
	return __builtin_popcount(c.yes) + __builtin_popcount(c.no);
}

static int shorter_first(const void *a, const void *b)
{
	return n_bits(*(const struct kernel_clause *)a) - n_bits(*(const struct kernel_clause *)b);
}

void filter_kernel(const struct filter *f, struct kernel_filter *ret)
{
	struct builder b = {.f = f, .out = ret};
	struct clauses all;

	/* All but the questions that are not asked: they are many bytes. */
	ret->n_questions = ret->n_clauses = 0;
	node_clauses(&b, f->root, false, &all);
	/* Short clauses rule out more. */
	qsort(all.at, all.n, sizeof *all.at, shorter_first);
	for (unsigned i = 0; i < all.n; i++) {
		if (ret->n_clauses == KERNEL_CLAUSES) {
			all.exact = false;
			break;
		}
		ret->clauses[ret->n_clauses++] = all.at[i];
	}
	ret->exact = ret->tasks_only = all.exact;
	for (unsigned i = 0; i < ret->n_questions; i++)
		ret->tasks_only &= ret->questions[i].about <= ABOUT_LAST_OF_TASK;
	ret->has_types = f->has_types;
	if (f->has_types)
		memcpy(ret->types, f->types, sizeof ret->types);
}
