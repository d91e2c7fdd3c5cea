#include "sinks/summary_tally.h"
#include "sinks/text_table.h"

#include <errno.h>
#include <stdlib.h>

#define NS_PER_S 1e9

static const struct {
	const char *word;
	enum summary_value value;
} words[] = {
    {"time-percent", SUMMARY_TIME_PERCENT}, {"time", SUMMARY_TIME_PERCENT},
    {"total-time", SUMMARY_TOTAL},	    {"time-total", SUMMARY_TOTAL},
    {"min-time", SUMMARY_MIN},		    {"time-min", SUMMARY_MIN},
    {"shortest", SUMMARY_MIN},		    {"max-time", SUMMARY_MAX},
    {"time-max", SUMMARY_MAX},		    {"longest", SUMMARY_MAX},
    {"avg-time", SUMMARY_AVERAGE},	    {"time-avg", SUMMARY_AVERAGE},
    {"calls", SUMMARY_CALLS},		    {"count", SUMMARY_CALLS},
    {"errors", SUMMARY_ERRORS},		    {"error", SUMMARY_ERRORS},
    {"name", SUMMARY_NAME},		    {"syscall", SUMMARY_NAME},
    {"syscall-name", SUMMARY_NAME},	    {"nothing", SUMMARY_NOTHING},
    {"none", SUMMARY_NOTHING},
};

/* By enum summary_value: as strace has them. */
static const struct table_column layout[] = {
    [SUMMARY_TIME_PERCENT] = {"% time", "time_percent", 6},
    [SUMMARY_TOTAL] = {"seconds", "seconds", 11},
    [SUMMARY_MIN] = {"shortest", "shortest", 8},
    [SUMMARY_MAX] = {"longest", "longest", 8},
    [SUMMARY_AVERAGE] = {"usecs/call", "usecs_per_call", 11},
    [SUMMARY_CALLS] = {"calls", "calls", 9},
    [SUMMARY_ERRORS] = {"errors", "errors", 9},
    [SUMMARY_NAME] = {"syscall", "syscall", 16, true},
    [SUMMARY_PERCENTILE] = {"", NULL, 8},
};

/* A word of len characters. */
static int column_parse(struct summary_column *c, const char *text, size_t len, struct error *err)
{
	char *end;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == len && !memcmp(words[i].word, text, len)) {
			c->value = words[i].value;
			return 0;
		}
	if (len > 1 && len < sizeof c->head && text[0] == 'p' && text[1] >= '0' && text[1] <= '9') {
		memcpy(c->head, text, len);
		c->head[len] = 0;
		c->percent = strtod(c->head + 1, &end);
		c->value = SUMMARY_PERCENTILE;
		if (!*end && c->percent <= 100)
			return 0;
	}
	return error_set(err, -EINVAL,
			 "'%.*s' is none of time, total-time, min-time, max-time, avg-time, calls, "
			 "errors, name, p50 (any percentile)",
			 (int)(len < 64 ? len : 64), text);
}

int summary_sort_parse(struct summary_options *o, const char *text, struct error *err)
{
	o->has_sort = true;
	return column_parse(&o->sort, text, strlen(text), err);
}

int summary_columns_parse(struct summary_options *o, const char *text, struct error *err)
{
	for (o->n_columns = 0;; text++) {
		size_t len = strcspn(text, ",");
		int r;

		if (o->n_columns == SUMMARY_COLUMNS_MAX)
			return error_set(err, -E2BIG, "more than %d columns", SUMMARY_COLUMNS_MAX);
		r = column_parse(&o->columns[o->n_columns], text, len, err);
		if (r == 0 && o->columns[o->n_columns].value == SUMMARY_NOTHING)
			r = error_set(err, -EINVAL, "'nothing' is no column");
		if (r < 0)
			return r;
		o->n_columns++;
		text += len;
		if (!*text)
			return 0;
	}
}

bool summary_needs_spread(const struct summary_options *o)
{
	bool needs = o->has_sort && o->sort.value == SUMMARY_PERCENTILE;

	for (size_t i = 0; i < o->n_columns; i++)
		needs = needs || o->columns[i].value == SUMMARY_PERCENTILE;
	return needs;
}

/* ---- order ---- */

static double value_of(const struct tally *t, const struct summary_column *c)
{
	switch (c->value) {
	case SUMMARY_MIN:
		return (double)t->min_ns;
	case SUMMARY_MAX:
		return (double)t->max_ns;
	case SUMMARY_AVERAGE:
		return t->calls ? (double)t->total_ns / (double)t->calls : 0;
	case SUMMARY_CALLS:
		return (double)t->calls;
	case SUMMARY_ERRORS:
		return (double)t->errors;
	case SUMMARY_PERCENTILE:
		return t->spread ? (double)distribution_percentile(t->spread, c->percent) : 0;
	case SUMMARY_TIME_PERCENT:
	case SUMMARY_TOTAL:
		return (double)t->total_ns;
	case SUMMARY_NAME:
	case SUMMARY_NOTHING:
		break;
	}
	return 0;
}

/* The largest first, as strace sorts; names from a to z. */
static int compare(const void *left, const void *right, void *context)
{
	const struct tally *a = *(struct tally *const *)left, *b = *(struct tally *const *)right;
	const struct summary_column *by = context;
	double x = value_of(a, by), y = value_of(b, by);
	int r = by->value == SUMMARY_NAME ? strcmp(a->name, b->name) : (x < y) - (x > y);

	return r ? r : (a->order > b->order) - (a->order < b->order);
}

/* ---- the table ---- */

static void print_seconds(struct table *t, double ns)
{
	table_format(t, TABLE_NUMBER, "%.6f", ns / NS_PER_S);
}

static void print_value(struct table *t, const struct summary_column *c, const struct tally *row,
			double all_ns)
{
	switch (c->value) {
	case SUMMARY_TIME_PERCENT:
		table_format(t, TABLE_NUMBER, "%.2f",
			     all_ns > 0 ? 100 * (double)row->total_ns / all_ns : 0);
		break;
	case SUMMARY_AVERAGE:
		table_unsigned(t, row->calls ? row->total_ns / row->calls / 1000 : 0);
		break;
	case SUMMARY_CALLS:
		table_unsigned(t, row->calls);
		break;
	case SUMMARY_ERRORS:
		/* strace leaves it empty where there are none */
		if (row->errors)
			table_unsigned(t, row->errors);
		else
			table_cell(t, "", 0, TABLE_NUMBER);
		break;
	case SUMMARY_NAME:
		table_cell(t, row->name, strlen(row->name), TABLE_TEXT);
		break;
	default:
		print_seconds(t, value_of(row, c));
	}
}

static const struct summary_column usual[] = {{SUMMARY_TIME_PERCENT}, {SUMMARY_TOTAL},
					      {SUMMARY_AVERAGE},      {SUMMARY_CALLS},
					      {SUMMARY_ERRORS},	      {SUMMARY_NAME}};

static void print_rows(struct table *t, const struct summary_column *columns, size_t n_columns,
		       struct tally **rows, size_t n, const struct tally *total, bool json)
{
	for (size_t row = 0; row < n; row++)
		for (size_t i = 0; i < n_columns; i++)
			/* JSON has its numbers whole */
			if (json && columns[i].value == SUMMARY_ERRORS)
				table_unsigned(t, rows[row]->errors);
			else
				print_value(t, &columns[i], rows[row], (double)total->total_ns);
	if (json)
		return;
	table_rule(t);
	for (size_t i = 0; i < n_columns; i++)
		if (columns[i].value == SUMMARY_TIME_PERCENT)
			table_format(t, TABLE_NUMBER, "100.00");
		else if (columns[i].value == SUMMARY_PERCENTILE)
			table_cell(t, "", 0, TABLE_NONE);
		else
			print_value(t, &columns[i], total, (double)total->total_ns);
}

int summary_print(const struct summary_options *o, struct tally **rows, size_t n,
		  const char *json_begin, struct buffer *out)
{
	const struct summary_column *columns = o->n_columns ? o->columns : usual;
	const size_t n_columns = o->n_columns ? o->n_columns : sizeof usual / sizeof *usual;
	struct summary_column by = o->has_sort ? o->sort : usual[0];
	struct table_column heads[SUMMARY_COLUMNS_MAX];
	struct tally total = {.name = "total"};
	struct table *t;

	for (size_t i = 0; i < n_columns; i++) {
		heads[i] = layout[columns[i].value];
		if (columns[i].value == SUMMARY_PERCENTILE)
			heads[i].head = columns[i].head;
	}
	for (size_t i = 0; i < n; i++) {
		total.calls += rows[i]->calls;
		total.errors += rows[i]->errors;
		total.total_ns += rows[i]->total_ns;
		if (rows[i]->n_timed && (!total.n_timed || rows[i]->min_ns < total.min_ns))
			total.min_ns = rows[i]->min_ns;
		total.n_timed += rows[i]->n_timed;
		if (rows[i]->max_ns > total.max_ns)
			total.max_ns = rows[i]->max_ns;
	}
	t = table_new(heads, n_columns);
	if (!t)
		return -ENOMEM;
	qsort_r(rows, n, sizeof *rows, compare, &by);
	print_rows(t, columns, n_columns, rows, n, &total, o->json);
	if (o->json)
		table_print_json(t, json_begin, out);
	else
		table_print(t, true, out);
	table_free(t);
	return 0;
}
