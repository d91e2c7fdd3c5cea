/*
 * The kernel part: which checks the kernel can decide, as questions. kernel_clauses.c joins them.
 */
#include "filters/kernel_ask.h"

#include <stdlib.h>

/* No errors with names lie below. */
#define LAST_NAMED_ERRNO 133

static enum kernel_about about_task(uint16_t field)
{
	switch (field) {
	case FIELD_PROC_NAME:
		return ABOUT_COMM;
	case FIELD_PROC_PID:
		return ABOUT_PID;
	case FIELD_THREAD_TID:
		return ABOUT_TID;
	case FIELD_PROC_PPID:
		return ABOUT_PPID;
	case FIELD_USER_UID:
		return ABOUT_UID;
	case FIELD_GROUP_GID:
		return ABOUT_GID;
	case FIELD_PROC_TREE:
		return ABOUT_TREE;
	default:
		return N_ABOUTS;
	}
}

/* = and in, where one of the values is enough. */
static bool is_equality(const struct check *c)
{
	return (c->op == OP_EQ || c->op == OP_IN || c->op == OP_INTERSECTS) &&
	       (c->quantifier == QUANT_ANY || c->n_values == 1);
}

static bool ask_comms(const struct check *c, struct kernel_question *q)
{
	for (uint32_t i = 0; i < c->n_values; i++) {
		struct text name = c->values[i].source.text;

		/* The kernel keeps 15 characters: a longer name matches nothing. */
		if (name.len > 15)
			continue;
		if (q->n == KERNEL_VALUES)
			return false;
		memcpy(q->comms[q->n++], name.data, name.len);
	}
	return true;
}

static bool ask_ids(const struct check *c, struct kernel_question *q)
{
	for (uint32_t i = 0; i < c->n_values; i++) {
		wide v = c->values[i].number;

		if (v < INT64_MIN || v > INT64_MAX)
			continue;
		if (q->n == KERNEL_VALUES)
			return false;
		q->ids[q->n++] = (int64_t)v;
	}
	return true;
}

static bool ask_ranges(const struct check *c, struct kernel_question *q)
{
	if (!c->ranges || c->n_ranges > KERNEL_RANGES)
		return false;
	for (uint32_t i = 0; i < c->n_ranges; i++)
		q->ranges[q->n++] = (struct kernel_range){c->ranges[i].lo, c->ranges[i].hi};
	return true;
}

static void ask_failed(const struct check *c, struct kernel_question *q)
{
	if (c->on_true)
		q->ranges[q->n++] = (struct kernel_range){INT64_MIN, -1};
	if (c->on_false)
		q->ranges[q->n++] = (struct kernel_range){0, INT64_MAX};
}

/* evt.res: errors by name, as ranges of results. */
static bool ask_errnos(const struct check *c, struct kernel_question *q)
{
	q->unsure_below = -LAST_NAMED_ERRNO;
	if (bit_test(c->errnos, 0))
		q->ranges[q->n++] = (struct kernel_range){0, INT64_MAX};
	for (int64_t code = 1; code <= LAST_NAMED_ERRNO; code++) {
		if (!bit_test(c->errnos, (unsigned)code))
			continue;
		if (q->n && q->ranges[q->n - 1].hi < 0 && q->ranges[q->n - 1].lo == -code + 1) {
			q->ranges[q->n - 1].lo--;
			continue;
		}
		if (q->n == KERNEL_RANGES)
			return false;
		q->ranges[q->n++] = (struct kernel_range){-code, -code};
	}
	return true;
}

static bool is_plain_text(struct text t)
{
	for (uint32_t i = 0; i < t.len; i++)
		if (t.data[i] <= ' ' || t.data[i] > '~' || t.data[i] == '(' || t.data[i] == '<')
			return false;
	return t.len > 0 && t.len < KERNEL_TEXT;
}

/* Whether a text parameter is, or begins with, one text of printable characters. */
static bool ask_text(const struct check *c, struct kernel_question *q)
{
	if (c->n_values != 1 || (c->op != OP_EQ && c->op != OP_STARTSWITH && c->op != OP_IN) ||
	    !is_plain_text(c->values[0].source.text))
		return false;
	q->about = ABOUT_TEXT;
	q->text.len = c->values[0].source.text.len;
	memcpy(q->text.bytes, c->values[0].source.text.data, q->text.len);
	q->text.whole = c->op != OP_STARTSWITH;
	q->text.resolved = c->left.field.info->id == FIELD_EVT_ARG;
	return true;
}

static bool ask_param(const struct check *c, struct kernel_question *q)
{
	const struct field *field = &c->left.field;
	bool number = field->info->id == FIELD_EVT_RAWARG && c->ranges;

	if (field->index < 0 && strlen(field->argument) >= sizeof q->param)
		return false;
	q->param_index = field->index;
	if (field->index < 0)
		strcpy(q->param, field->argument);
	q->about = ABOUT_PARAM;
	return number ? ask_ranges(c, q) : ask_text(c, q);
}

static bool ask_call(const struct check *c, struct kernel_question *q)
{
	q->about = ABOUT_RESULT;
	switch (c->left.field.info->id) {
	case FIELD_EVT_FAILED:
		return ask_failed(c, q), true;
	case FIELD_EVT_RES:
		return c->column == COLUMN_PART_RESULT_NAME && ask_errnos(c, q);
	case FIELD_EVT_RAWRES:
		return ask_ranges(c, q);
	case FIELD_FD_NUM:
		q->about = ABOUT_FD;
		return ask_ranges(c, q);
	case FIELD_EVT_ARG:
	case FIELD_EVT_RAWARG:
		return ask_param(c, q);
	default:
		return false;
	}
}

/* Of what the kernel cannot decide, the type may still say that it does not hold. */
static bool ask_types(const struct filter *f, const struct check *c, struct kernel_question *q)
{
	if (!c->types)
		return false;
	q->about = ABOUT_TYPE;
	for (size_t i = 0; i < TYPE_WORDS; i++) {
		q->types.maybe[i] = c->types[i];
		q->types.yes[i] = c->column == COLUMN_PART_TYPES ? c->types[i] & ~f->unsure[i] : 0;
	}
	return true;
}

bool kernel_ask(const struct filter *f, const struct check *c, struct kernel_question *q)
{
	enum kernel_about about = about_task(c->left.field.info->id);

	if (c->asks_right)
		return false;
	*q = (struct kernel_question){.about = about, .param_index = -1, .unsure_below = INT64_MIN};
	if (about != N_ABOUTS && is_equality(c) && !c->left.field.argument[0] &&
	    (about == ABOUT_COMM ? ask_comms(c, q) : ask_ids(c, q)))
		return true;
	*q = (struct kernel_question){.param_index = -1, .unsure_below = INT64_MIN};
	if (about == N_ABOUTS && c->column != COLUMN_PART_TYPES && ask_call(c, q))
		return true;
	*q = (struct kernel_question){.param_index = -1, .unsure_below = INT64_MIN};
	return ask_types(f, c, q);
}
