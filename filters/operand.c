/* Fields and transformers: what they take and give, and their value for an event. */
#include "filters/ast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define OPTIONS_MAX 256 /* that getopt() tells apart: the n-th is found by counting */

static const struct {
	const char *name;
	uint8_t min, max;
	const char *takes;
} transforms[N_TRANSFORMS] = {
	[TRANSFORM_VAL] = {"val", 1, 1, "one field"},
	[TRANSFORM_TOLOWER] = {"tolower", 1, 1, "one text"},
	[TRANSFORM_TOUPPER] = {"toupper", 1, 1, "one text"},
	[TRANSFORM_B64] = {"b64", 1, 1, "one text or buffer"},
	[TRANSFORM_BASENAME] = {"basename", 1, 1, "one text"},
	[TRANSFORM_LEN] = {"len", 1, 1, "one text, buffer or list"},
	[TRANSFORM_JOIN] = {"join", 2, FILTER_ARGS_MAX, "what stands between, and a list: join(\"-\", (a, b))"},
	[TRANSFORM_CONCAT] = {"concat", 1, FILTER_ARGS_MAX, "fields and quoted texts"},
	[TRANSFORM_GETOPT] = {"getopt", 2, 2, "arguments and the options' letters: getopt(proc.args, \"nt:\")"},
};

const char *transform_name(enum transform t)
{
	return transforms[t].name;
}

bool transform_parse(struct text name, enum transform *ret)
{
	for (unsigned i = 0; i < N_TRANSFORMS; i++)
		if (name.len == strlen(transforms[i].name) && !memcmp(name.data, transforms[i].name, name.len)) {
			*ret = i;
			return true;
		}
	return false;
}

/* ---- types ---- */

static bool is_text(const struct operand *o)
{
	return o->kind == OPERAND_TEXT || value_class_of(o->field.info->type) == CLASS_TEXT;
}

static bool is_bytes(const struct operand *o)
{
	return o->kind != OPERAND_TEXT && value_class_of(o->field.info->type) == CLASS_BYTES;
}

static bool is_list(const struct operand *o)
{
	return o->kind != OPERAND_TEXT && o->field.info->is_list;
}

static bool takes(const struct operand *o)
{
	const struct operand *first = o->args[0];

	switch (o->transform) {
	case TRANSFORM_VAL:
		return first->kind != OPERAND_TEXT;
	case TRANSFORM_TOLOWER:
	case TRANSFORM_TOUPPER:
	case TRANSFORM_BASENAME:
		return first->kind != OPERAND_TEXT && is_text(first);
	case TRANSFORM_B64:
		return first->kind != OPERAND_TEXT && (is_text(first) || is_bytes(first));
	case TRANSFORM_LEN:
		return first->kind != OPERAND_TEXT && (is_text(first) || is_bytes(first) || is_list(first));
	case TRANSFORM_JOIN:
		return first->kind == OPERAND_TEXT;
	case TRANSFORM_GETOPT:
		return first->kind != OPERAND_TEXT && is_text(first) && o->args[1]->kind == OPERAND_TEXT;
	default:
		for (uint32_t i = 0; i < o->n_args; i++)
			if (is_list(o->args[i]))
				return false;
		return true;
	}
}

static void set_type(struct operand *o)
{
	const struct operand *first = o->args[0];

	switch (o->transform) {
	case TRANSFORM_VAL:
	case TRANSFORM_B64:
		o->made.type = first->field.info->type;
		o->made.format = first->field.info->format;
		o->made.is_list = first->field.info->is_list;
		break;
	case TRANSFORM_LEN:
		o->made.type = PT_UINT64;
		o->made.format = PF_DEC;
		break;
	case TRANSFORM_TOLOWER:
	case TRANSFORM_TOUPPER:
	case TRANSFORM_BASENAME:
		o->made.is_list = first->field.info->is_list;
		o->made.type = PT_CHARBUF;
		break;
	case TRANSFORM_GETOPT:
		o->made.is_list = !o->field.argument[0];
		o->made.type = PT_CHARBUF;
		break;
	default:
		o->made.type = PT_CHARBUF;
	}
}

int operand_check(const struct lexer *l, struct operand *o)
{
	o->height = 1;
	if (o->kind == OPERAND_TEXT)
		return 0;
	if (o->kind == OPERAND_FIELD)
		return check_argument(l, o);
	if (o->n_args < transforms[o->transform].min || o->n_args > transforms[o->transform].max)
		return lexer_error(l, o->at, "%s takes %s", transforms[o->transform].name,
				   transforms[o->transform].takes);
	for (uint32_t i = 0; i < o->n_args; i++) {
		struct operand *arg = o->args[i];
		int r = operand_check(l, arg);

		if (r < 0)
			return r;
		if (arg->height >= o->height)
			o->height = arg->height + 1;
		if (arg->kind == OPERAND_TEXT)
			continue;
		o->made.needs |= arg->field.info->needs;
		o->made.columns |= arg->field.info->columns;
	}
	if (!takes(o))
		return lexer_error(l, o->args[0]->at, "%s takes %s", transforms[o->transform].name,
				   transforms[o->transform].takes);
	set_type(o);
	return 0;
}

/* ---- values ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool made_text(const struct buffer *b, enum value_kind kind, struct value *ret)
{
	return !buffer_failed(b) && value_bytes(ret, kind, b->data ? (const char *)b->data : "", b->len);
}

static bool change_case(struct buffer *out, char (*change)(char), struct value *ret)
{
	struct text t = ret->text;
	uint8_t *p = buffer_reserve(out, t.len);

	if (!p)
		return false;
	for (uint32_t i = 0; i < t.len; i++)
		p[i] = (uint8_t)change(t.data[i]);
	out->len += t.len;
	return made_text(out, ret->kind, ret);
}

static int base64_digit(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+'	      ? 62
	       : c == '/'	      ? 63
				      : -1;
}

/* With or without = at the end; what is not base64 has no value. */
static bool decode_base64(struct buffer *out, struct value *ret)
{
	struct text t = ret->text;
	uint32_t bits = 0;

	while (t.len && t.data[t.len - 1] == '=')
		t.len--;
	if (t.len % 4 == 1)
		return false;
	for (uint32_t i = 0; i < t.len; i++) {
		int d = base64_digit(t.data[i]);

		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		/* The second, third and fourth character of four each complete a byte. */
		if (i % 4)
			buffer_u8(out, (uint8_t)(bits >> (6 - 2 * (i % 4))));
	}
	return made_text(out, ret->kind, ret);
}

static bool take_basename(struct value *ret)
{
	struct text t = ret->text;
	const char *slash = t.len ? memrchr(t.data, '/', t.len) : NULL;

	if (slash)
		t = (struct text){slash + 1, (uint32_t)(t.data + t.len - slash - 1)};
	return value_bytes(ret, ret->kind, t.data, t.len);
}

static bool is_textual(const struct value *v)
{
	return v->kind == VALUE_TEXT || v->kind == VALUE_BYTES;
}

static bool count_values(struct filter *f, const struct operand *arg, unsigned level, struct event *ev,
			 struct state *st, struct value *ret)
{
	struct value v;
	unsigned n = 0;

	if (!is_list(arg)) {
		if (!operand_value(f, arg, level, ev, st, 0, &v) || !is_textual(&v))
			return false;
		return value_uint(ret, v.text.len);
	}
	while (operand_value(f, arg, level, ev, st, n, &v))
		n++;
	return n && value_uint(ret, n);
}

/* As it is printed; a buffer with all its bytes. */
static void append_value(struct buffer *out, const struct operand *o, const struct value *v)
{
	if (is_textual(v))
		buffer_append(out, v->text.data, v->text.len);
	else
		field_print(&o->field, v, out);
	if (out->len > FILTER_VALUE_MAX)
		out->len = FILTER_VALUE_MAX;
}

static bool concatenate(struct filter *f, const struct operand *o, unsigned level, struct event *ev,
			struct state *st, struct value *ret)
{
	struct buffer *out = &f->scratch[level].bytes;
	struct value v;

	for (uint32_t i = 0; i < o->n_args; i++) {
		if (!operand_value(f, o->args[i], level + 1, ev, st, 0, &v))
			return false;
		append_value(out, o->args[i], &v);
	}
	return made_text(out, VALUE_TEXT, ret);
}

/* Elements that have no value are left out. */
static bool join(struct filter *f, const struct operand *o, unsigned level, struct event *ev,
		 struct state *st, struct value *ret)
{
	struct buffer *out = &f->scratch[level].bytes;
	struct value v;
	bool any = false;

	for (uint32_t i = 1; i < o->n_args; i++)
		for (unsigned nth = 0; operand_value(f, o->args[i], level + 1, ev, st, nth, &v); nth++) {
			if (any)
				buffer_append(out, o->args[0]->text.data, o->args[0]->text.len);
			append_value(out, o->args[i], &v);
			any = true;
		}
	return any && made_text(out, VALUE_TEXT, ret);
}

/* ---- getopt ---- */

struct words {
	const char *at, *end;
	char between;
};

static bool next_word(struct words *w, struct text *ret)
{
	const char *stop;

	while (w->between && w->at < w->end && *w->at == w->between)
		w->at++;
	if (w->at >= w->end)
		return false;
	stop = memchr(w->at, w->between, (size_t)(w->end - w->at));
	if (!stop)
		stop = w->end;
	*ret = (struct text){w->at, (uint32_t)(stop - w->at)};
	w->at = stop + 1;
	return true;
}

/* The arguments word by word; of proc.args as the process was given them, of other text by blanks. */
static bool open_words(struct filter *f, const struct operand *arg, unsigned level, struct event *ev,
		       struct state *st, struct words *ret)
{
	const struct thread *t = st->now.thread;
	struct value v;

	if (arg->kind == OPERAND_FIELD && arg->field.info->id == FIELD_PROC_ARGS && !arg->field.argument[0]) {
		*ret = t ? (struct words){t->args, t->args + t->args_len, 0} : (struct words){0};
		return t;
	}
	if (!operand_value(f, arg, level + 1, ev, st, 0, &v) || !is_textual(&v))
		return false;
	*ret = (struct words){v.text.data, v.text.data + v.text.len, ' '};
	return true;
}

/* The letter's place among the options; ':' behind it: it takes a value. */
static const char *find_option(struct text letters, char c)
{
	return c == ':' ? NULL : memchr(letters.data, c, letters.len);
}

/*
 * getopt(arguments, "nt:"): the letters of the options that were given, in order; with [t] the value of
 * that one. Words that are no options are passed over, "--" ends them, as getopt(3) has it.
 */
static bool getopt_value(struct filter *f, const struct operand *o, unsigned level, struct event *ev,
			 struct state *st, unsigned nth, struct value *ret)
{
	struct text letters = o->args[1]->text, word;
	struct words w;
	unsigned n = 0;

	if (!open_words(f, o->args[0], level, ev, st, &w))
		return false;
	while (next_word(&w, &word)) {
		if (word.len < 2 || word.data[0] != '-')
			continue;
		if (word.len == 2 && word.data[1] == '-')
			break;
		if (word.data[1] == '-')
			continue;
		for (uint32_t i = 1; i < word.len; i++) {
			const char *letter = find_option(letters, word.data[i]);
			bool takes_value = letter && letter + 1 < letters.data + letters.len && letter[1] == ':';
			struct text value = {"", 0};

			if (!letter)
				continue;
			if (takes_value) {
				value = (struct text){word.data + i + 1, word.len - i - 1};
				if (!value.len && !next_word(&w, &value))
					return false;
			}
			if (o->field.argument[0] && *letter == o->field.argument[0])
				return value_bytes(ret, VALUE_TEXT, value.data, value.len);
			if (!o->field.argument[0] && n++ == nth)
				return value_bytes(ret, VALUE_TEXT, letter, 1);
			if (n > OPTIONS_MAX)
				return false;
			if (takes_value)
				break;
		}
	}
	return false;
}

bool operand_value(struct filter *f, const struct operand *o, unsigned level, struct event *ev,
		   struct state *st, unsigned nth, struct value *ret)
{
	struct buffer *out = &f->scratch[level].bytes;

	if (o->kind == OPERAND_FIELD)
		return field_extract(&o->field, ev, st, nth, &f->scratch[level], ret);
	if (nth && !is_list(o))
		return false;
	if (o->kind == OPERAND_TEXT)
		return value_bytes(ret, VALUE_TEXT, o->text.data, o->text.len);
	buffer_clear(out);
	if (o->transform == TRANSFORM_LEN)
		return count_values(f, o->args[0], level + 1, ev, st, ret);
	if (o->transform == TRANSFORM_CONCAT)
		return concatenate(f, o, level, ev, st, ret);
	if (o->transform == TRANSFORM_JOIN)
		return join(f, o, level, ev, st, ret);
	if (o->transform == TRANSFORM_GETOPT)
		return getopt_value(f, o, level, ev, st, nth, ret);
	if (!operand_value(f, o->args[0], level + 1, ev, st, nth, ret))
		return false;
	if (o->transform == TRANSFORM_VAL)
		return true;
	if (!is_textual(ret))
		return false;
	switch (o->transform) {
	case TRANSFORM_TOLOWER:
		return change_case(out, lower, ret);
	case TRANSFORM_TOUPPER:
		return change_case(out, upper, ret);
	case TRANSFORM_B64:
		return decode_base64(out, ret);
	default:
		return take_basename(ret);
	}
}
