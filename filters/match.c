/* A check on one value, and on all values that an event has for its field. */
#include "filters/ast.h"

#include <stdlib.h>

static bool text_starts(struct text s, struct text with)
{
	return s.len >= with.len && !memcmp(s.data, with.data, with.len);
}

static bool text_contains(struct text s, struct text part)
{
	return part.len == 0 || memmem(s.data, s.len, part.data, part.len);
}

static bool text_check(struct filter *f, enum op op, const struct literal *v, struct text s)
{
	struct text t = v->source.text;

	switch (op) {
	case OP_EQ:
	case OP_IN:
	case OP_INTERSECTS:
		return text_equal(s, t);
	case OP_NE:
		return !text_equal(s, t);
	case OP_CONTAINS:
		return text_contains(s, t);
	case OP_ICONTAINS:
		return text_contains_nocase(s, t);
	case OP_STARTSWITH:
		return text_starts(s, t);
	case OP_ENDSWITH:
		return s.len >= t.len && !memcmp(s.data + s.len - t.len, t.data, t.len);
	case OP_GLOB:
		return glob_match(t, s, false);
	case OP_IGLOB:
		return glob_match(t, s, true);
	case OP_REGEX:
		return regex_match(f, v, s);
	case OP_BCONTAINS:
		return text_contains(s, v->bytes);
	case OP_BSTARTSWITH:
		return text_starts(s, v->bytes);
	case OP_PMATCH:
		return path_match(t, s);
	default:
		return false;
	}
}

static bool order_check(enum op op, int order)
{
	switch (op) {
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	case OP_GE:
		return order >= 0;
	default:
		return order == 0;
	}
}

static bool number_check(enum op op, const struct literal *v, wide n)
{
	if (!v->is_number)
		return op == OP_NE;
	return order_check(op, n < v->number ? -1 : n > v->number);
}

static bool double_check(enum op op, const struct literal *v, double d)
{
	return v->is_number && order_check(op, d < v->real ? -1 : d > v->real);
}

/* Equal in the first `prefix` bits, and of the same family. */
static bool address_check(enum op op, const struct literal *v, const struct value *a)
{
	unsigned whole = v->prefix / 8, rest = v->prefix % 8;
	const uint8_t *bytes = (const uint8_t *)a->text.data;
	bool equal = v->is_address && v->address_len == a->address_len &&
		     !memcmp(bytes, v->address, whole) &&
		     (!rest || (uint8_t)((bytes[whole] ^ v->address[whole]) >> (8 - rest)) == 0);

	return op == OP_NE ? !equal : equal;
}

static bool literal_check(struct filter *f, const struct check *c, const struct literal *v,
			  const struct value *value);

/* What an event's value is when it stands on the right. */
static bool literal_of(const struct value *v, struct literal *ret)
{
	*ret = (struct literal){.source.text = v->text, .is_number = true};
	switch (v->kind) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		return true;
	case VALUE_INT:
		ret->number = v->i;
		break;
	case VALUE_UINT:
		ret->number = v->u;
		break;
	case VALUE_BOOL:
		ret->number = v->b;
		break;
	case VALUE_DOUBLE:
		ret->real = v->d;
		ret->number = (wide)v->d;
		return true;
	case VALUE_ADDRESS:
		ret->is_address = true;
		ret->address_len = v->address_len;
		ret->prefix = (uint8_t)(v->address_len * 8);
		memcpy(ret->address, v->text.data, v->address_len);
		return true;
	default:
		return false;
	}
	ret->real = (double)ret->number;
	return true;
}

static bool is_textual(enum value_kind kind)
{
	return kind == VALUE_TEXT || kind == VALUE_BYTES;
}

/* Any of the values on the right; with != there must be some and none equal. */
static bool right_check(struct filter *f, const struct check *c, const struct operand *right,
			const struct value *value)
{
	struct value v;
	struct literal literal;
	unsigned nth = 0;

	for (; operand_value(f, right, c->left.height, f->event, f->state, nth, &v); nth++) {
		bool pass = is_textual(v.kind) == is_textual(value->kind) && literal_of(&v, &literal) &&
			    literal_check(f, c, &literal, value);

		if (c->op == OP_NE ? !pass : pass)
			return c->op != OP_NE;
	}
	return c->op == OP_NE && nth;
}

static bool literal_check(struct filter *f, const struct check *c, const struct literal *v,
			  const struct value *value)
{
	if (v->right)
		return right_check(f, c, v->right, value);
	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		return text_check(f, c->op, v, value->text);
	case VALUE_INT:
		return number_check(c->op, v, value->i);
	case VALUE_UINT:
		return number_check(c->op, v, value->u);
	case VALUE_BOOL:
		return number_check(c->op, v, value->b);
	case VALUE_DOUBLE:
		return double_check(c->op, v, value->d);
	case VALUE_ADDRESS:
		return address_check(c->op, v, value);
	default:
		return false;
	}
}

bool check_value(struct filter *f, const struct check *c, const struct value *v)
{
	bool all = c->quantifier == QUANT_ALL;
	int known;

	if (c->op == OP_EXISTS)
		return true;
	if (c->table && (known = table_find(c->table, v)) >= 0)
		return known;
	for (uint32_t i = 0; i < c->n_values; i++)
		if (literal_check(f, c, &c->values[i], v) != all)
			return !all;
	return all;
}

/* The answer for a text that the state interned is remembered by its id. */
static bool check_interned(struct filter *f, struct check *c, const struct value *v)
{
	uint32_t id = v->text_id;
	bool result;

	if (id < c->n_by_id && c->by_id[id])
		return c->by_id[id] == 2;
	result = check_value(f, c, v);
	if (id >= c->n_by_id && id < f->ids_max) {
		uint32_t n = c->n_by_id ? c->n_by_id : 256;
		uint8_t *by_id;

		while (n <= id)
			n *= 2;
		by_id = realloc(c->by_id, n);
		if (!by_id)
			return result;
		memset(by_id + c->n_by_id, 0, n - c->n_by_id);
		c->by_id = by_id;
		c->n_by_id = n;
	}
	if (id < c->n_by_id)
		c->by_id[id] = result ? 2 : 1;
	return result;
}

static bool value_passes(struct filter *f, struct check *c, const struct value *v)
{
	return v->text_id && v->kind == VALUE_TEXT && !c->asks_right ? check_interned(f, c, v) : check_value(f, c, v);
}

/* Any of the values; with != none of them may be equal. */
static bool check_list(struct filter *f, struct check *c, struct event *ev, struct state *st)
{
	struct value v;
	unsigned nth = 0;

	for (; operand_value(f, &c->left, 0, ev, st, nth, &v); nth++) {
		bool pass = value_passes(f, c, &v);

		if (c->op == OP_NE ? !pass : pass)
			return c->op != OP_NE;
	}
	return c->op == OP_NE && nth;
}

bool check_event(struct filter *f, struct check *c, struct event *ev, struct state *st)
{
	struct value v;

	if (c->asks_right) {
		f->event = ev;
		f->state = st;
	}
	if (c->left.field.info->is_list)
		return check_list(f, c, ev, st);
	return operand_value(f, &c->left, 0, ev, st, 0, &v) && value_passes(f, c, &v);
}
