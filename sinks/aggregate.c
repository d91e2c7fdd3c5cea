#include "sinks/aggregate.h"

#include "sinks/groups.h"
#include "sinks/text_table.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *name;
	enum aggregate_kind kind;
} functions[] = {
    {"sum", AGGREGATE_SUM}, {"avg", AGGREGATE_AVERAGE},	      {"min", AGGREGATE_MIN},
    {"max", AGGREGATE_MAX}, {"distinct", AGGREGATE_DISTINCT},
};

static int unknown(const char *text, size_t len, struct error *err)
{
	return error_set(err, -EINVAL,
			 "'%.*s' is none of count, sum(FIELD), avg(FIELD), min(FIELD), max(FIELD), "
			 "p99(FIELD), distinct(FIELD)",
			 (int)(len < 64 ? len : 64), text);
}

int field_check_number(const struct field *f, const char *for_what, struct error *err)
{
	/* The type of an argument is its event's business. */
	bool open = f->info->type == PT_DYN || f->info->type == PT_NONE;

	if (f->info->filter_only)
		return error_set(err, -EINVAL, "%s: %s can only be used in filters", for_what,
				 f->info->name);
	if (!open && (!param_type_size(f->info->type) || param_type_is_text(f->info->type)))
		return error_set(err, -EINVAL, "%s: %s is no number", for_what, f->info->name);
	return 0;
}

/* "p99.9" */
static bool percent_parse(struct aggregate *a, const char *text, size_t len)
{
	char number[16], *end;

	if (len < 2 || len > sizeof number || text[0] != 'p' || text[1] < '0' || text[1] > '9')
		return false;
	memcpy(number, text + 1, len - 1);
	number[len - 1] = 0;
	a->percent = strtod(number, &end);
	a->kind = AGGREGATE_PERCENTILE;
	return !*end && a->percent <= 100;
}

static bool function_parse(struct aggregate *a, const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (strlen(functions[i].name) == len && !memcmp(functions[i].name, text, len)) {
			a->kind = functions[i].kind;
			return true;
		}
	return percent_parse(a, text, len);
}

/* One of them; *ret_len: how many characters it took. */
static int aggregate_parse(struct aggregate *a, const char *text, size_t *ret_len, struct error *err)
{
	size_t word = strcspn(text, "(,"), len;
	int r;

	if (text[word] != '(') {
		if (word != 5 || memcmp(text, "count", 5))
			return unknown(text, word, err);
		*ret_len = word;
	} else {
		if (!function_parse(a, text, word))
			return unknown(text, word, err);
		r = field_parse(&a->field, text + word + 1, &len, err);
		if (r < 0)
			return r;
		if (text[word + 1 + len] != ')')
			return error_set(err, -EINVAL, "'%.64s': a ) is missing", text);
		*ret_len = word + len + 2;
	}
	a->text = strndup(text, *ret_len);
	if (!a->text)
		return error_set(err, -ENOMEM, "out of memory");
	return a->kind == AGGREGATE_COUNT || a->kind == AGGREGATE_DISTINCT
		   ? 0
		   : field_check_number(&a->field, a->text, err);
}

int aggregates_parse(struct aggregates *a, const char *text, struct error *err)
{
	for (;; text++) {
		struct aggregate *next = &a->rows[a->n];
		size_t len = 0;
		int r;

		if (a->n == AGGREGATES_MAX)
			return error_set(err, -E2BIG, "more than %d aggregates", AGGREGATES_MAX);
		text += strspn(text, " ");
		a->n++;
		r = aggregate_parse(next, text, &len, err);
		if (r < 0)
			return r;
		if (next->kind != AGGREGATE_COUNT)
			a->needs |= next->field.info->needs;
		text += len;
		if (!*text)
			return 0;
		if (*text != ',')
			return error_set(err, -EINVAL, "'%.64s': a comma must follow %s", text,
					 next->text);
	}
}

void aggregates_done(struct aggregates *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->rows[i].text);
		buffer_done(&a->rows[i].scratch.bytes);
	}
	a->n = 0;
}

bool value_number(const struct value *v, int64_t *ret)
{
	switch (v->kind) {
	case VALUE_INT:
		*ret = v->i;
		return true;
	case VALUE_UINT:
		*ret = v->u > INT64_MAX ? INT64_MAX : (int64_t)v->u;
		return true;
	case VALUE_BOOL:
		*ret = v->b;
		return true;
	case VALUE_DOUBLE:
		if (!(v->d > -9e18 && v->d < 9e18))
			return false;
		*ret = (int64_t)v->d;
		return true;
	default:
		return false;
	}
}

static int gather_distinct(struct aggregate *a, struct gathered *g, const struct value *v,
			   struct error *err)
{
	struct buffer text = {0};
	uint64_t hash;
	int r = 0;

	if (!g->distinct)
		g->distinct = groups_new(1);
	if (!g->distinct)
		return error_set(err, -ENOMEM, "out of memory");
	field_print(&a->field, v, &text);
	hash = groups_hash(text.data, text.len);
	if (buffer_failed(&text))
		r = error_set(err, -ENOMEM, "out of memory");
	else if (!groups_take(g->distinct, &hash, sizeof hash, err))
		r = -E2BIG;
	buffer_done(&text);
	return r;
}

static int gather_spread(struct gathered *g, int64_t number, struct error *err)
{
	if (!g->spread)
		g->spread = calloc(1, sizeof *g->spread);
	if (!g->spread || distribution_add(g->spread, number) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	return 0;
}

static void gather_sums(struct gathered *g, const struct value *v, int64_t number)
{
	__int128 whole = v->kind == VALUE_UINT ? (__int128)v->u : number;
	double d = v->kind == VALUE_DOUBLE ? v->d : (double)whole;
	bool first = g->n++ == 0;

	g->is_double = g->is_double || v->kind == VALUE_DOUBLE;
	g->sum += whole;
	g->sum_double += d;
	if (first || whole < g->min)
		g->min = whole;
	if (first || whole > g->max)
		g->max = whole;
	if (first || d < g->min_double)
		g->min_double = d;
	if (first || d > g->max_double)
		g->max_double = d;
}

int aggregate_event(struct aggregate *a, struct gathered *g, struct event *ev, struct state *st,
		    struct error *err)
{
	struct value v;
	int64_t number;

	if (a->kind == AGGREGATE_COUNT) {
		g->n++;
		return 0;
	}
	if (!field_extract(&a->field, ev, st, 0, &a->scratch, &v))
		return 0;
	if (a->kind == AGGREGATE_DISTINCT)
		return gather_distinct(a, g, &v, err);
	if (!value_number(&v, &number))
		return 0;
	if (a->kind == AGGREGATE_PERCENTILE)
		return gather_spread(g, number, err);
	gather_sums(g, &v, number);
	return 0;
}

double aggregate_value(const struct aggregate *a, const struct gathered *g)
{
	switch (a->kind) {
	case AGGREGATE_COUNT:
		return (double)g->n;
	case AGGREGATE_SUM:
		return g->sum_double;
	case AGGREGATE_AVERAGE:
		return g->n ? g->sum_double / (double)g->n : 0;
	case AGGREGATE_MIN:
		return g->min_double;
	case AGGREGATE_MAX:
		return g->max_double;
	case AGGREGATE_PERCENTILE:
		return g->spread ? (double)distribution_percentile(g->spread, a->percent) : 0;
	case AGGREGATE_DISTINCT:
		return g->distinct ? (double)groups_count(g->distinct) : 0;
	}
	return 0;
}

/* Sums can be larger than what printf prints. */
static void cell_whole(struct table *t, __int128 v)
{
	char text[48], *p = text + sizeof text;
	unsigned __int128 left = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;

	do
		*--p = (char)('0' + (int)(left % 10));
	while (left /= 10);
	if (v < 0)
		*--p = '-';
	table_cell(t, p, (size_t)(text + sizeof text - p), TABLE_NUMBER);
}

void aggregate_cell(const struct aggregate *a, const struct gathered *g, struct table *t)
{
	bool has_value = g->n || g->spread || g->distinct;

	if (!has_value && a->kind != AGGREGATE_COUNT && a->kind != AGGREGATE_SUM &&
	    a->kind != AGGREGATE_DISTINCT)
		table_cell(t, "", 0, TABLE_NONE);
	else if (a->kind == AGGREGATE_AVERAGE)
		table_format(t, TABLE_NUMBER, "%.1f", aggregate_value(a, g));
	else if (g->is_double)
		table_format(t, TABLE_NUMBER, "%.6g", aggregate_value(a, g));
	else if (a->kind == AGGREGATE_SUM)
		cell_whole(t, g->sum);
	else if (a->kind == AGGREGATE_MIN)
		cell_whole(t, g->min);
	else if (a->kind == AGGREGATE_MAX)
		cell_whole(t, g->max);
	else
		table_format(t, TABLE_NUMBER, "%.0f", aggregate_value(a, g));
}

void gathered_done(struct gathered *g)
{
	if (g->spread)
		distribution_done(g->spread);
	free(g->spread);
	groups_free(g->distinct);
}
