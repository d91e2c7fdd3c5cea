/* What stands on either side of an operator. Recursion is bounded by FILTER_CALLS_MAX. */
#include "filters/parser.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdlib.h>

struct value_list {
	struct literal *at;
	uint32_t n, cap;
};

static int shown(size_t len)
{
	return len > 64 ? 64 : (int)len;
}

/* ---- fields and transformers ---- */

static int parse_field(struct parser *p, struct operand *ret)
{
	struct lexer *l = p->l;
	struct error err = {0};
	size_t used = 0, name = lexer_name_len(l);

	if (field_parse(&ret->field, l->text + l->at, &used, &err) < 0)
		return lexer_error(l, l->at + err.offset, "%s", err.text);
	if (used < name)
		return lexer_error(l, l->at + used, "unknown field %.*s: %s has no part of that name",
				   shown(name), l->text + l->at, ret->field.info->name);
	if (l->text[l->at + used] == '[')
		return lexer_error(l, l->at + used, "%s takes no argument", ret->field.info->name);
	l->at += used;
	return 0;
}

static int unknown_transformer(struct parser *p, struct text name)
{
	struct suggestion s = suggestion_for(name.data, name.len);

	for (unsigned i = 0; i < N_TRANSFORMS; i++)
		suggestion_try(&s, transform_name(i));
	if (s.best)
		return lexer_error(p->l, p->l->at, "unknown transformer %.*s: did you mean %s?",
				   shown(name.len), name.data, s.best);
	return lexer_error(p->l, p->l->at, "unknown transformer %.*s", shown(name.len), name.data);
}

static int parse_quoted(struct parser *p, struct operand *ret)
{
	struct literal_text text;
	int r = lexer_value(p->l, &text);

	ret->kind = OPERAND_TEXT;
	ret->text = text.text;
	return r;
}

static int parse_argument(struct parser *p, unsigned depth, struct operand *ret);

static int add_argument(struct parser *p, struct operand *call, unsigned depth)
{
	struct operand *arg = arena_take(p->l->arena, sizeof *arg);
	int r;

	if (!arg)
		return parse_out_of_memory(p);
	if (call->n_args == FILTER_ARGS_MAX)
		return lexer_error(p->l, p->l->at, "%s takes at most %d arguments",
				   transform_name(call->transform), FILTER_ARGS_MAX);
	call->args[call->n_args++] = arg;
	r = parse_count(p, p->l->at);
	return r < 0 ? r : parse_argument(p, depth, arg);
}

/* Arguments up to the closing parenthesis; those of join stand in parentheses of their own. */
static int parse_arguments(struct parser *p, struct operand *call, unsigned depth)
{
	struct lexer *l = p->l;
	size_t open = l->at - 1;

	do {
		bool group = call->n_args && lexer_take(l, '(');

		do {
			int r = add_argument(p, call, depth);

			if (r < 0)
				return r;
		} while (group && lexer_take(l, ','));
		if (group && !lexer_take(l, ')'))
			return lexer_error(l, l->at, "a comma or ) was expected in the list");
	} while (lexer_take(l, ','));
	if (lexer_take(l, ')'))
		return 0;
	if (lexer_at_end(l))
		return lexer_error(l, open, "this ( is never closed");
	return lexer_error(l, l->at, "a comma or ) was expected behind an argument of %s",
			   transform_name(call->transform));
}

/* getopt(...)[t]: the value of one option. */
static int parse_call_index(struct parser *p, struct operand *call)
{
	struct lexer *l = p->l;

	if (l->text[l->at] != '[')
		return 0;
	if (call->transform != TRANSFORM_GETOPT || !l->text[l->at + 1] || l->text[l->at + 2] != ']')
		return lexer_error(l, l->at, "only getopt(...) takes an argument in brackets, one letter");
	call->field.argument[0] = l->text[l->at + 1];
	l->at += 3;
	return 0;
}

/* "name(" has been seen to stand next. */
static int parse_call(struct parser *p, unsigned depth, struct operand *ret)
{
	struct lexer *l = p->l;
	size_t from = l->at, len = lexer_name_len(l);
	struct text name = {l->text + l->at, (uint32_t)len};
	char *words;
	int r;

	if (!transform_parse(name, &ret->transform))
		return unknown_transformer(p, name);
	if (depth >= FILTER_CALLS_MAX)
		return lexer_error(l, l->at, "transformers are nested deeper than %d levels",
				   FILTER_CALLS_MAX);
	ret->kind = OPERAND_CALL;
	ret->args = arena_take(l->arena, FILTER_ARGS_MAX * sizeof *ret->args);
	if (!ret->args)
		return parse_out_of_memory(p);
	l->at += len;
	lexer_take(l, '(');
	r = parse_arguments(p, ret, depth + 1);
	if (r == 0)
		r = parse_call_index(p, ret);
	if (r < 0)
		return r;
	words = arena_take(l->arena, l->at - from + 1);
	if (!words)
		return parse_out_of_memory(p);
	memcpy(words, l->text + from, l->at - from);
	ret->made = (struct field_info){.name = words, .class = "", .id = FIELD_COUNT};
	ret->field.info = &ret->made;
	ret->field.index = -1;
	return 0;
}

static bool at_call(struct lexer *l)
{
	size_t at = l->at + lexer_name_len(l);

	while (l->text[at] == ' ')
		at++;
	return at > l->at && l->text[at] == '(';
}

static int parse_argument(struct parser *p, unsigned depth, struct operand *ret)
{
	struct lexer *l = p->l;

	lexer_skip_blanks(l);
	ret->at = l->at;
	if (l->text[l->at] == '"' || l->text[l->at] == '\'')
		return parse_quoted(p, ret);
	if (!lexer_name_len(l)) {
		if (lexer_at_end(l))
			return lexer_error(l, l->at, "the filter ends where a field was expected");
		return lexer_error(l, l->at, "a field, not or ( was expected here");
	}
	return at_call(l) ? parse_call(p, depth, ret) : parse_field(p, ret);
}

int parse_operand(struct parser *p, struct operand *ret)
{
	lexer_skip_blanks(p->l);
	/* A quoted text is no field: let the words say so. */
	if (p->l->text[p->l->at] == '"' || p->l->text[p->l->at] == '\'')
		return lexer_error(p->l, p->l->at, "a field, not or ( was expected here");
	return parse_argument(p, 0, ret);
}

/* ---- values ---- */

/* val(field), or a transformer without it. */
static int parse_right_operand(struct parser *p, struct check *c, struct literal *ret)
{
	struct lexer *l = p->l;
	size_t from = l->at;
	char *words;
	int r;

	ret->source.at = from;
	ret->right = arena_take(l->arena, sizeof *ret->right);
	if (!ret->right)
		return parse_out_of_memory(p);
	r = parse_count(p, from);
	if (r == 0)
		r = parse_argument(p, 0, ret->right);
	if (r < 0)
		return r;
	words = arena_take(l->arena, l->at - from + 1);
	if (!words)
		return parse_out_of_memory(p);
	memcpy(words, l->text + from, l->at - from);
	ret->source.text = (struct text){words, (uint32_t)(l->at - from)};
	c->asks_right = true;
	return 0;
}

static int no_value(struct parser *p, const struct check *c)
{
	struct lexer *l = p->l;

	if (l->at < l->len)
		return lexer_error(l, l->at, "a value was expected behind %s", op_name(c->op));
	return lexer_error(l, l->at, "the filter ends where a value for %s was expected%s",
			   c->left.field.info->name,
			   c->left.field.info->id == FIELD_EVT_DIR
				   ? " (the shell takes < and >: write enter or exit)"
				   : "");
}

int parse_value(struct parser *p, struct check *c, struct literal *ret)
{
	struct lexer *l = p->l;
	size_t name;
	enum transform t;
	int r;

	lexer_skip_blanks(l);
	name = lexer_name_len(l);
	if (name && l->text[l->at + name] == '(' &&
	    transform_parse((struct text){l->text + l->at, (uint32_t)name}, &t))
		return parse_right_operand(p, c, ret);
	r = lexer_value(l, &ret->source);
	if (r < 0)
		return r;
	if (!ret->source.text.len && !ret->source.quoted)
		return no_value(p, c);
	if (l->text[l->at] == '=' && !ret->source.quoted)
		return lexer_error(l, l->at, "a value that holds = must be quoted");
	return 0;
}

static int add_value(struct parser *p, struct value_list *list, struct literal v)
{
	if (++p->n_values > FILTER_VALUES_MAX)
		return lexer_error(p->l, v.source.at, "the filter's lists have more than %u values",
				   FILTER_VALUES_MAX);
	if (list->n == list->cap) {
		uint32_t cap = list->cap ? list->cap * 2 : 8;
		struct literal *more = realloc(list->at, cap * sizeof *more);

		if (!more)
			return parse_out_of_memory(p);
		list->at = more;
		list->cap = cap;
	}
	list->at[list->n++] = v;
	return 0;
}

/* The values of a named list, and of the lists that it names. */
static int add_named(struct parser *p, struct value_list *list, const struct named_list *named, size_t at,
		     unsigned depth)
{
	int r = 0;

	if (depth > FILTER_DEPTH_MAX)
		return lexer_error(p->l, at, "list %s leads back to itself, or too deep", named->name);
	for (uint32_t i = 0; r == 0 && i < named->n_items; i++) {
		const struct list_item *item = &named->items[i];
		const struct named_list *inner =
			item->quoted ? NULL : definitions_list(p->names, item->text);

		/* An expansion counts, too: lists of empty lists must end. */
		if (inner && ++p->n_values <= FILTER_VALUES_MAX)
			r = add_named(p, list, inner, at, depth + 1);
		else
			r = add_value(p, list,
				      (struct literal){.source = {.text = item->text, .at = at, .quoted = true}});
	}
	return r;
}

static int parse_item(struct parser *p, struct check *c, struct value_list *list)
{
	struct literal v = {0};
	const struct named_list *named;
	int r = parse_value(p, c, &v);

	if (r < 0)
		return r;
	named = v.right || v.source.quoted ? NULL : definitions_list(p->names, v.source.text);
	return named ? add_named(p, list, named, v.source.at, 0) : add_value(p, list, v);
}

static int parse_items(struct parser *p, struct check *c, struct value_list *list)
{
	struct lexer *l = p->l;
	int r;

	if (!lexer_take(l, '(')) {
		size_t at = l->at;
		const struct named_list *named =
			definitions_list(p->names, (struct text){l->text + at, (uint32_t)lexer_name_len(l)});

		if (!named)
			return lexer_error(l, at, "%s needs a list in parentheses: (a, b)", op_name(c->op));
		l->at += lexer_name_len(l);
		return add_named(p, list, named, at, 0);
	}
	if (lexer_take(l, ')'))
		return 0;
	do {
		r = parse_item(p, c, list);
		if (r < 0)
			return r;
	} while (lexer_take(l, ','));
	if (!lexer_take(l, ')'))
		return lexer_error(l, l->at, "a comma or ) was expected in the list");
	return 0;
}

int parse_list(struct parser *p, struct check *c)
{
	struct value_list list = {0};
	int r = parse_items(p, c, &list);

	if (r == 0 && list.n) {
		c->values = arena_take(p->l->arena, list.n * sizeof *list.at);
		if (c->values) {
			memcpy(c->values, list.at, list.n * sizeof *list.at);
			c->n_values = list.n;
		} else {
			r = parse_out_of_memory(p);
		}
	}
	free(list.at);
	return r;
}
