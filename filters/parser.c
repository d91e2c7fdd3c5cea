/*
 * Recursive descent; GRAMMAR.md has the rules. The recursion is bounded by FILTER_DEPTH_MAX: only an
 * opening parenthesis goes deeper, and/or/not are loops.
 */
#include "filters/parser.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdlib.h>

/* Children collected before their number is known. */
struct node_list {
	struct node **at;
	uint32_t n, cap;
};

static const struct {
	const char *name;
	enum op op;
} op_rows[] = {
	{"exists", OP_EXISTS},	   {"=", OP_EQ},	     {"!=", OP_NE},
	{"<", OP_LT},		   {"<=", OP_LE},	     {">", OP_GT},
	{">=", OP_GE},		   {"contains", OP_CONTAINS}, {"icontains", OP_ICONTAINS},
	{"startswith", OP_STARTSWITH}, {"endswith", OP_ENDSWITH}, {"glob", OP_GLOB},
	{"iglob", OP_IGLOB},	   {"regex", OP_REGEX},	     {"bcontains", OP_BCONTAINS},
	{"bstartswith", OP_BSTARTSWITH}, {"in", OP_IN},	     {"intersects", OP_INTERSECTS},
	{"pmatch", OP_PMATCH},
	/* Second names; op_name() finds the first. */
	{"==", OP_EQ}, {"eq", OP_EQ}, {"ne", OP_NE}, {"lt", OP_LT}, {"le", OP_LE}, {"gt", OP_GT},
	{"ge", OP_GE},
};
#define N_OPS (sizeof op_rows / sizeof *op_rows)

const char *op_name(enum op op)
{
	for (size_t i = 0; i < N_OPS; i++)
		if (op_rows[i].op == op)
			return op_rows[i].name;
	return "?";
}

static int parse_or(struct parser *p, struct node **ret);

int parse_out_of_memory(struct parser *p)
{
	return error_set(p->l->err, -ENOMEM, "out of memory");
}

int parse_count(struct parser *p, size_t at)
{
	if (++p->n_checks > FILTER_CHECKS_MAX)
		return lexer_error(p->l, at, "more than %d checks in one filter (use a list: in (a, b, ...))",
				   FILTER_CHECKS_MAX);
	return 0;
}

static struct node *node_new(struct parser *p, enum node_kind kind)
{
	struct node *n = arena_take(p->l->arena, sizeof *n);

	if (n)
		n->kind = kind;
	return n;
}

static bool list_add(struct node_list *list, struct node *n)
{
	if (list->n == list->cap) {
		uint32_t cap = list->cap ? list->cap * 2 : 8;
		struct node **at = realloc(list->at, cap * sizeof *at);

		if (!at)
			return false;
		list->at = at;
		list->cap = cap;
	}
	list->at[list->n++] = n;
	return true;
}

/* One child stands for itself, several become an and/or of them. */
static int list_close(struct parser *p, struct node_list *list, enum node_kind kind, struct node **ret)
{
	struct node *n;

	if (list->n == 1) {
		*ret = list->at[0];
		return 0;
	}
	n = node_new(p, kind);
	if (n)
		n->children = arena_take(p->l->arena, list->n * sizeof *n->children);
	if (!n || !n->children)
		return parse_out_of_memory(p);
	memcpy(n->children, list->at, list->n * sizeof *n->children);
	n->n_children = list->n;
	*ret = n;
	return 0;
}

static int unknown_operator(struct parser *p, struct text word, const char *field)
{
	struct lexer *l = p->l;
	struct suggestion s = suggestion_for(word.data, word.len);

	if (lexer_at_end(l) || l->text[l->at] == ')')
		return lexer_error(l, l->at,
				   "%s needs an operator, such as = or exists, behind it (a < or > may have "
				   "been taken by the shell: quote the filter, or write lt and gt)",
				   field);
	if (!word.len)
		return lexer_error(l, l->at, "an operator was expected behind %s", field);
	if (word.len == 5 && (!memcmp(word.data, "oneof", 5) || !memcmp(word.data, "anyof", 5) ||
			      !memcmp(word.data, "allof", 5)))
		return lexer_error(l, l->at, "%.5s goes behind an operator: %s = %.5s (a, b)", word.data, field,
				   word.data);
	for (size_t i = 0; i < N_OPS; i++)
		suggestion_try(&s, op_rows[i].name);
	if (s.best)
		return lexer_error(l, l->at, "unknown operator %.*s: did you mean %s?",
				   word.len > 40 ? 40 : (int)word.len, word.data, s.best);
	return lexer_error(l, l->at, "unknown operator %.*s", word.len > 40 ? 40 : (int)word.len, word.data);
}

static int parse_operator(struct parser *p, struct check *c)
{
	struct lexer *l = p->l;
	struct text word;

	lexer_skip_blanks(l);
	c->op_at = l->at;
	word = lexer_operator(l);
	for (size_t i = 0; i < N_OPS; i++)
		if (word.len == strlen(op_rows[i].name) && !memcmp(word.data, op_rows[i].name, word.len)) {
			c->op = op_rows[i].op;
			l->at += word.len;
			return 0;
		}
	return unknown_operator(p, word, c->left.field.info->name);
}

static bool op_takes_list(enum op op)
{
	return op == OP_IN || op == OP_INTERSECTS || op == OP_PMATCH;
}

/* oneof, anyof, allof behind an operator turn its value into a list. */
static bool take_modifier(struct parser *p, struct check *c)
{
	if (lexer_take_word(p->l, "oneof") || lexer_take_word(p->l, "anyof"))
		return true;
	if (!lexer_take_word(p->l, "allof"))
		return false;
	c->quantifier = QUANT_ALL;
	return true;
}

static int parse_right(struct parser *p, struct check *c)
{
	size_t before;

	if (c->op == OP_EXISTS)
		return 0;
	if (op_takes_list(c->op))
		return parse_list(p, c);
	lexer_skip_blanks(p->l);
	before = p->l->at;
	if (take_modifier(p, c)) {
		lexer_skip_blanks(p->l);
		if (p->l->text[p->l->at] == '(')
			return parse_list(p, c);
		/* A value that happens to be that word. */
		p->l->at = before;
		c->quantifier = QUANT_ANY;
	}
	c->values = arena_take(p->l->arena, sizeof *c->values);
	if (!c->values)
		return parse_out_of_memory(p);
	c->n_values = 1;
	return parse_value(p, c, c->values);
}

static int parse_check(struct parser *p, struct node **ret)
{
	struct node *n = node_new(p, NODE_CHECK);
	int r;

	if (n)
		n->check = arena_take(p->l->arena, sizeof *n->check);
	if (!n || !n->check)
		return parse_out_of_memory(p);
	*ret = n;
	n->check->lexer = p->l;
	r = parse_operand(p, &n->check->left);
	if (r == 0)
		r = parse_count(p, n->check->left.at);
	if (r == 0)
		r = parse_operator(p, n->check);
	return r < 0 ? r : parse_right(p, n->check);
}

/* The macro's own text, read where its name stands. */
static int expand(struct parser *p, const struct macro *m, struct node **ret)
{
	struct lexer *outer = p->l, *inner = arena_take(outer->arena, sizeof *inner);
	struct expansion here = {m, p->expansion};
	int r;

	if (!inner)
		return parse_out_of_memory(p);
	for (const struct expansion *e = p->expansion; e; e = e->outer)
		if (e->macro == m)
			return lexer_error(outer, outer->at, "macro %s leads back to itself", m->name);
	if (++p->depth > FILTER_DEPTH_MAX)
		return lexer_error(outer, outer->at, "macros and parentheses are nested deeper than %d levels",
				   FILTER_DEPTH_MAX);
	r = parse_count(p, outer->at);
	if (r == 0)
		r = lexer_init(inner, m->condition.data, m->condition.len, outer->arena, outer->err);
	if (r < 0)
		return r;
	inner->macro = m->name;
	p->l = inner;
	p->expansion = &here;
	r = parse_or(p, ret);
	if (r == 0 && !lexer_at_end(inner))
		r = lexer_error(inner, inner->at, "and or or was expected here");
	p->l = outer;
	p->expansion = here.outer;
	p->depth--;
	return r;
}

/* A name without a dot is a macro's. */
static int parse_name_or_check(struct parser *p, struct node **ret)
{
	struct lexer *l = p->l;
	struct text name;
	const struct macro *m;
	struct suggestion s;
	int r;

	lexer_skip_blanks(l);
	name = (struct text){l->text + l->at, (uint32_t)lexer_name_len(l)};
	m = definitions_macro(p->names, name);
	if (m) {
		r = expand(p, m, ret);
		l->at += name.len;
		return r;
	}
	if (!p->names || !name.len || memchr(name.data, '.', name.len) || name.data[name.len] == '(')
		return parse_check(p, ret);
	s = suggestion_for(name.data, name.len);
	for (size_t i = 0; definitions_macro_name(p->names, i); i++)
		suggestion_try(&s, definitions_macro_name(p->names, i));
	if (s.best)
		return lexer_error(l, l->at, "unknown macro %.*s: did you mean %s?",
				   name.len > 64 ? 64 : (int)name.len, name.data, s.best);
	return parse_check(p, ret);
}

/* Something stands behind a check that does not belong there. */
static int rest_error(const struct lexer *l, const char *words)
{
	const char c = l->text[l->at];

	if (c == '&' || c == '|')
		return lexer_error(l, l->at, "%s is written as the word %s", c == '&' ? "&&" : "||",
				   c == '&' ? "and" : "or");
	return lexer_error(l, l->at, "%s", words);
}

static int parse_group(struct parser *p, struct node **ret)
{
	size_t open = p->l->at - 1;
	int r;

	if (++p->depth > FILTER_DEPTH_MAX)
		return lexer_error(p->l, open, "parentheses are nested deeper than %d levels",
				   FILTER_DEPTH_MAX);
	r = parse_or(p, ret);
	if (r < 0)
		return r;
	p->depth--;
	if (lexer_take(p->l, ')'))
		return 0;
	if (lexer_at_end(p->l))
		return lexer_error(p->l, open, "this ( is never closed");
	return rest_error(p->l, "and, or or ) was expected here");
}

static int parse_not(struct parser *p, struct node **ret)
{
	bool negate = false;
	struct node *n;
	int r;

	while (lexer_take_word(p->l, "not"))
		negate = !negate;
	r = lexer_take(p->l, '(') ? parse_group(p, ret) : parse_name_or_check(p, ret);
	if (r < 0 || !negate)
		return r;
	n = node_new(p, NODE_NOT);
	if (n)
		n->children = arena_take(p->l->arena, sizeof *n->children);
	if (!n || !n->children)
		return parse_out_of_memory(p);
	n->children[0] = *ret;
	n->n_children = 1;
	*ret = n;
	return 0;
}

static int parse_series(struct parser *p, enum node_kind kind, const char *word,
			int (*parse_one)(struct parser *, struct node **), struct node **ret)
{
	struct node_list list = {0};
	struct node *n;
	int r;

	do {
		r = parse_one(p, &n);
		if (r == 0 && !list_add(&list, n))
			r = parse_out_of_memory(p);
	} while (r == 0 && lexer_take_word(p->l, word));
	if (r == 0)
		r = list_close(p, &list, kind, ret);
	free(list.at);
	return r;
}

static int parse_and(struct parser *p, struct node **ret)
{
	return parse_series(p, NODE_AND, "and", parse_not, ret);
}

static int parse_or(struct parser *p, struct node **ret)
{
	return parse_series(p, NODE_OR, "or", parse_and, ret);
}

int filter_parse(struct lexer *l, const struct definitions *names, struct node **ret, uint32_t *ret_n_checks)
{
	struct parser p = {.l = l, .names = names};
	int r;

	if (lexer_at_end(l)) {
		*ret = node_new(&p, NODE_CONST);
		if (!*ret)
			return parse_out_of_memory(&p);
		(*ret)->value = true;
		return 0;
	}
	r = parse_or(&p, ret);
	if (r < 0)
		return r;
	*ret_n_checks = p.n_checks;
	if (lexer_at_end(l))
		return 0;
	if (l->text[l->at] == ')')
		return lexer_error(l, l->at, "this ) closes nothing");
	return rest_error(l, "and or or was expected here (a value with blanks must be quoted)");
}
