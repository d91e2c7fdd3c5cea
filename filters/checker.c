/* Whether operators and values fit their fields; values get their types here. */
#include "filters/ast.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum value_class value_class_of(enum param_type type)
{
	switch (type) {
	case PT_CHARBUF:
	case PT_FSPATH:
	case PT_FSRELPATH:
		return CLASS_TEXT;
	case PT_BYTEBUF:
		return CLASS_BYTES;
	case PT_BOOL:
		return CLASS_BOOL;
	case PT_DOUBLE:
		return CLASS_DOUBLE;
	case PT_IPADDR:
	case PT_IPNET:
		return CLASS_ADDRESS;
	case PT_DYN:
		return CLASS_ANY;
	default:
		return CLASS_NUMBER;
	}
}

static bool is_order(enum op op)
{
	return op >= OP_LT && op <= OP_GE;
}

static bool is_text_op(enum op op)
{
	return (op >= OP_CONTAINS && op <= OP_BSTARTSWITH) || op == OP_PMATCH;
}

/* = != in and intersects name values one by one. */
static bool names_values(enum op op)
{
	return op == OP_EQ || op == OP_NE || op == OP_IN || op == OP_INTERSECTS;
}

static int check_operator(const struct lexer *l, const struct check *c)
{
	static const char *const what[] = {
		[CLASS_TEXT] = "text",		 [CLASS_NUMBER] = "a number",
		[CLASS_BOOL] = "true or false",	 [CLASS_DOUBLE] = "a number",
		[CLASS_ADDRESS] = "an address",	 [CLASS_BYTES] = "bytes",
		[CLASS_ANY] = "anything",
	};
	bool text = c->class == CLASS_TEXT || c->class == CLASS_BYTES || c->class == CLASS_ANY;
	bool number = c->class == CLASS_NUMBER || c->class == CLASS_DOUBLE || c->class == CLASS_ANY;
	const char *name = c->left.field.info->name;

	if (is_text_op(c->op) && !text)
		return lexer_error(l, c->op_at, "%s compares text, but %s is %s (use = != in%s)",
				   op_name(c->op), name, what[c->class], number ? " < <= > >=" : "");
	if (is_order(c->op) && !number)
		return lexer_error(l, c->op_at, "%s compares numbers, but %s is %s", op_name(c->op), name,
				   what[c->class]);
	return 0;
}

/* ---- values that have names ---- */

static bool event_name_exists(const char *name)
{
	const struct event_info *e;
	const char *sc;

	for (size_t i = 0; (e = event_info_at(i)); i++)
		if (!strcmp(e->name, name))
			return true;
	for (unsigned code = 1; code < 1024; code++)
		if ((sc = ppm_sc_name(code)) && !strcmp(sc, name))
			return true;
	return syscall_by_name(name);
}

static int check_event_name(const struct lexer *l, const char *name, size_t at)
{
	struct suggestion s = suggestion_for(name, strlen(name));
	const struct syscall_info *call;
	const struct event_info *e;

	if (event_name_exists(name))
		return 0;
	for (size_t i = 0; (e = event_info_at(i)); i++)
		suggestion_try(&s, e->name);
	for (size_t i = 0; (call = syscall_at(i)); i++)
		suggestion_try(&s, call->name);
	if (s.best)
		return lexer_error(l, at, "unknown event '%.60s': did you mean %s?", name, s.best);
	return lexer_error(l, at, "unknown event '%.60s'", name);
}

static int check_error_name(const struct lexer *l, const char *name, size_t at)
{
	struct suggestion s = suggestion_for(name, strlen(name));

	if (!strcmp(name, "SUCCESS") || errno_parse(name))
		return 0;
	suggestion_try(&s, "SUCCESS");
	for (int code = 1; code < 4096; code++)
		if (errno_name(code))
			suggestion_try(&s, errno_name(code));
	if (s.best)
		return lexer_error(l, at, "unknown error '%.60s': did you mean %s?", name, s.best);
	return lexer_error(l, at, "evt.res is SUCCESS or the name of an error such as ENOENT, not '%.60s' "
			   "(evt.rawres has the number)", name);
}

/* exit and enter are words for < and >, which shells take. */
static int check_direction(const struct lexer *l, struct literal *v)
{
	const char *name = v->source.text.data;

	if (!strcmp(name, "exit"))
		v->source.text = text_of("<");
	else if (!strcmp(name, "enter"))
		v->source.text = text_of(">");
	else if (strcmp(name, "<") && strcmp(name, ">"))
		return lexer_error(l, v->source.at, "evt.dir is < (exit) or > (enter), not '%.60s'", name);
	return 0;
}

static int check_value_name(const struct lexer *l, uint16_t id, struct literal *v)
{
	const char *name = v->source.text.data;

	switch (id) {
	case FIELD_EVT_TYPE:
	case FIELD_SYSCALL_TYPE:
		return check_event_name(l, name, v->source.at);
	case FIELD_EVT_RES:
		return check_error_name(l, name, v->source.at);
	case FIELD_EVT_DIR:
		return check_direction(l, v);
	default:
		return 0;
	}
}

/* ---- arguments that have names ---- */

static int check_param_name(const struct lexer *l, const struct operand *o)
{
	const char *name = o->field.argument;
	struct suggestion s = suggestion_for(name, strlen(name));
	const struct event_info *e;

	if (o->field.index >= 0)
		return o->field.index < EVENT_PARAMS_MAX
			       ? 0
			       : lexer_error(l, o->at, "events have at most %d parameters", EVENT_PARAMS_MAX);
	for (size_t i = 0; (e = event_info_at(i)); i++)
		for (unsigned p = 0; p < e->n_params; p++) {
			if (!strcmp(e->params[p].name, name))
				return 0;
			suggestion_try(&s, e->params[p].name);
		}
	if (s.best)
		return lexer_error(l, o->at, "no event has a parameter '%.60s': did you mean %s?", name, s.best);
	return lexer_error(l, o->at, "no event has a parameter '%.60s'", name);
}

int check_argument(const struct lexer *l, const struct operand *o)
{
	switch (o->field.info->id) {
	case FIELD_EVT_ARG:
	case FIELD_EVT_RAWARG:
		return check_param_name(l, o);
	case FIELD_EVT_TYPE_IS:
		return check_event_name(l, o->field.argument, o->at);
	case FIELD_EVT_AROUND:
		if (o->field.index < 0)
			return lexer_error(l, o->at, "evt.around[T] needs a time in nanoseconds from the epoch");
		return 0;
	case FIELD_EVT_ABSPATH:
		if (o->field.argument[0] && strcmp(o->field.argument, "src") && strcmp(o->field.argument, "dst"))
			return lexer_error(l, o->at, "evt.abspath takes src or dst, not '%.60s'",
					   o->field.argument);
		return 0;
	case FIELD_PROC_ENV:
	case FIELD_PROC_AENV:
	case FIELD_THREAD_CGROUP:
		return 0;
	default:
		if (o->field.argument[0] && o->field.index < 0)
			return lexer_error(l, o->at, "%s[%.60s]: a number was expected in the brackets",
					   o->field.info->name, o->field.argument);
		return 0;
	}
}

/* ---- values ---- */

/* A value asked of the event is of the same kind as what it is compared with. */
static int check_right(const struct lexer *l, const struct check *c, struct operand *right)
{
	static const char *const what[] = {
		[CLASS_TEXT] = "text",	    [CLASS_NUMBER] = "number", [CLASS_BOOL] = "true or false",
		[CLASS_DOUBLE] = "number",  [CLASS_ADDRESS] = "address", [CLASS_BYTES] = "text",
		[CLASS_ANY] = "anything",
	};
	enum value_class left = c->class, class;
	int r = operand_check(l, right);

	if (r < 0)
		return r;
	if ((c->op >= OP_GLOB && c->op <= OP_BSTARTSWITH) || c->op == OP_PMATCH)
		return lexer_error(l, right->at, "%s needs a value that is written out", op_name(c->op));
	class = value_class_of(right->field.info->type);
	if (class == CLASS_ANY || left == CLASS_ANY || !strcmp(what[class], what[left]))
		return 0;
	return lexer_error(l, right->at, "types differ: %.60s is %s, %.60s %s", c->left.field.info->name,
			   what[left], right->field.info->name, what[class]);
}

/* "'proc.pid' is not a number..." */
static int add_hint(const struct lexer *l, const struct literal *v, int r)
{
	size_t len = v->source.text.len;
	struct field field;
	char *end = strchr(l->err->text, '\n');
	char rest[ERROR_TEXT_MAX];

	if (r != -EINVAL || v->source.quoted || !end || len > 60 ||
	    field_parse(&field, v->source.text.data, &len, NULL) < 0 || len != v->source.text.len)
		return r;
	snprintf(rest, sizeof rest, "%s", end);
	snprintf(end, sizeof l->err->text - (size_t)(end - l->err->text), " (its value is val(%s))%s",
		 v->source.text.data, rest);
	return r;
}

static int check_literal(const struct lexer *l, struct filter *f, const struct check *c, struct literal *v)
{
	const struct field_info *info = c->left.field.info;
	int r;

	if (v->right)
		return check_right(l, c, v->right);
	if (c->op == OP_BCONTAINS || c->op == OP_BSTARTSWITH)
		return literal_hex(l, v, &f->arena);
	if (c->op == OP_REGEX)
		return regex_compile(l, f, v);
	if (c->op == OP_GLOB || c->op == OP_IGLOB || c->op == OP_PMATCH) {
		r = glob_check(l, v);
		if (r < 0)
			return r;
	}
	switch (c->class) {
	case CLASS_NUMBER:
	case CLASS_DOUBLE:
		return add_hint(l, v, literal_number(l, v, info));
	case CLASS_BOOL:
		return add_hint(l, v, literal_bool(l, v, info));
	case CLASS_ADDRESS:
		return add_hint(l, v, literal_address(l, v, info));
	case CLASS_ANY:
		v->is_number = parse_number(v->source.text.data, PT_INT64, &v->number, &v->real);
		if (is_order(c->op) && !v->is_number)
			return literal_number(l, v, info);
		return 0;
	default:
		r = names_values(c->op) ? check_value_name(l, info->id, v) : 0;
		return r;
	}
}

static int check_check(const struct lexer *l, struct filter *f, struct check *c)
{
	const struct field_info *info = c->left.field.info;
	int r = operand_check(l, &c->left);

	c->class = value_class_of(info->type);
	if (r == 0)
		r = check_operator(l, c);
	if (r == 0 && info->id == FIELD_EVT_AROUND) {
		/* The field is a distance, and = asks whether it is small enough. */
		if (c->op != OP_EQ || c->n_values != 1)
			return lexer_error(l, c->op_at, "evt.around is written evt.around[T]=milliseconds");
		c->op = OP_LE;
	}
	for (uint32_t i = 0; r == 0 && i < c->n_values; i++)
		r = check_literal(l, f, c, &c->values[i]);
	if (r == 0 && table_make(f, c) < 0)
		return error_set(l->err, -ENOMEM, "out of memory");
	return r;
}

int check_types(const struct lexer *l, struct filter *f, struct node *n)
{
	int r = 0;

	if (n->kind == NODE_CHECK)
		return check_check(n->check->lexer, f, n->check);
	for (uint32_t i = 0; r == 0 && i < n->n_children; i++)
		r = check_types(l, f, n->children[i]);
	return r;
}
