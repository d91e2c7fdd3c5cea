#include "sinks/grouped.h"

#include "sinks/aggregate.h"
#include "sinks/groups.h"
#include "sinks/histogram.h"
#include "sinks/json_text.h"
#include "sinks/output.h"
#include "sinks/text_table.h"

#include <errno.h>
#include <stdlib.h>

/* A group's key is the texts of its fields, each with its length in front: it is what is printed. */
#define NO_VALUE UINT32_MAX

struct by_field {
	struct field field;
	struct field_scratch scratch;
	char *text; /* as written */
	bool number;
};

struct grouped_sink {
	struct sink sink;
	struct by_field by[GROUPED_FIELDS_MAX];
	size_t n_by;
	struct aggregates aggregates;
	struct field bars_of; /* .info NULL: a table */
	struct field_scratch bars_scratch;
	size_t sort; /* index of the column */
	bool json;
	struct groups *groups; /* of struct gathered[aggregates.n], or of a struct histogram */
	struct buffer key;
	struct output output;
};

/* ---- the key ---- */

static void key_add(struct by_field *by, struct event *ev, struct state *st, struct buffer *key)
{
	size_t at = key->len;
	struct value v;

	buffer_u32(key, NO_VALUE);
	if (!field_extract(&by->field, ev, st, 0, &by->scratch, &v))
		return;
	for (unsigned nth = 1;; nth++) {
		field_print(&by->field, &v, key);
		if (!field_is_list(&by->field) ||
		    !field_extract(&by->field, ev, st, nth, &by->scratch, &v))
			break;
		buffer_u8(key, ',');
	}
	if (!buffer_failed(key))
		buffer_set_u32(key, at, (uint32_t)(key->len - at - 4));
}

/* The text of the n-th field; data NULL: it had none. */
static struct text key_text(struct text key, size_t n)
{
	struct cursor c = cursor_over(key.data, key.len);
	struct text text = {NULL, 0};

	for (size_t i = 0; i <= n; i++) {
		uint32_t len = cursor_u32(&c);

		text = (struct text){NULL, 0};
		if (len == NO_VALUE)
			continue;
		text.data = (const char *)cursor_bytes(&c, len);
		text.len = text.data ? len : 0;
	}
	return text;
}

static int grouped_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct grouped_sink *g = (struct grouped_sink *)sink;
	struct value v;
	int64_t number;
	void *record;
	int r = 0;

	if (g->bars_of.info && (!field_extract(&g->bars_of, ev, st, 0, &g->bars_scratch, &v) ||
				!value_number(&v, &number)))
		return 0;
	buffer_clear(&g->key);
	for (size_t i = 0; i < g->n_by; i++)
		key_add(&g->by[i], ev, st, &g->key);
	if (buffer_failed(&g->key))
		return error_set(err, -ENOMEM, "out of memory");
	record = groups_take(g->groups, g->key.data, g->key.len, err);
	if (!record)
		return err->code;
	if (g->bars_of.info)
		histogram_add(record, number);
	for (size_t i = 0; r == 0 && i < g->aggregates.n; i++)
		r = aggregate_event(&g->aggregates.rows[i], (struct gathered *)record + i, ev, st,
				    err);
	return r;
}

/* ---- the end ---- */

struct row {
	struct text key;
	void *record;
	size_t order;
	double value; /* what it is sorted by, when that is a number */
};

static int compare_texts(struct text a, struct text b)
{
	uint32_t shorter = a.len < b.len ? a.len : b.len;
	int r = shorter ? memcmp(a.data, b.data, shorter) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct grouped_sink *g = context;
	const struct row *a = left, *b = right;
	int r = (a->value < b->value) - (a->value > b->value);

	if (g->sort < g->n_by && !g->by[g->sort].number)
		r = compare_texts(key_text(a->key, g->sort), key_text(b->key, g->sort));
	return r ? r : (a->order > b->order) - (a->order < b->order);
}

static double row_value(const struct grouped_sink *g, const struct row *row)
{
	char number[32];
	struct text text;

	if (g->sort >= g->n_by) {
		size_t i = g->sort - g->n_by;

		return i < g->aggregates.n
			   ? aggregate_value(&g->aggregates.rows[i], (struct gathered *)row->record + i)
			   : 0;
	}
	text = key_text(row->key, g->sort);
	if (!g->by[g->sort].number || !text.data || text.len >= sizeof number)
		return 0;
	memcpy(number, text.data, text.len);
	number[text.len] = 0;
	return -strtod(number, NULL); /* the smallest first */
}

static bool looks_like_number(struct text text)
{
	uint32_t i = text.len && text.data[0] == '-';

	if (i == text.len || text.len > 19 || (text.data[i] == '0' && text.len > i + 1))
		return false;
	for (; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return true;
}

static void print_keys(const struct grouped_sink *g, const struct row *row, struct table *t)
{
	for (size_t i = 0; i < g->n_by; i++) {
		struct text text = key_text(row->key, i);
		bool number = g->by[i].number && looks_like_number(text);

		if (text.data)
			table_cell(t, text.data, text.len, number ? TABLE_NUMBER : TABLE_TEXT);
		else
			table_cell(t, "<NA>", 4, TABLE_NONE);
	}
}

static int print_table(struct grouped_sink *g, const struct row *rows, size_t n)
{
	struct table_column columns[GROUPED_FIELDS_MAX + AGGREGATES_MAX];
	size_t n_columns = 0;
	struct table *t;

	for (size_t i = 0; i < g->n_by; i++)
		columns[n_columns++] =
		    (struct table_column){.head = g->by[i].text, .left = !g->by[i].number};
	for (size_t i = 0; i < g->aggregates.n; i++)
		columns[n_columns++] = (struct table_column){.head = g->aggregates.rows[i].text};
	t = table_new(columns, n_columns);
	if (!t)
		return -ENOMEM;
	for (size_t row = 0; row < n; row++) {
		print_keys(g, &rows[row], t);
		for (size_t i = 0; i < g->aggregates.n; i++)
			aggregate_cell(&g->aggregates.rows[i],
				       (struct gathered *)rows[row].record + i, t);
	}
	if (g->json)
		table_print_json(t, "", &g->output.bytes);
	else
		table_print(t, true, &g->output.bytes);
	table_free(t);
	return 0;
}

static void print_bars_json(struct grouped_sink *g, const struct row *row)
{
	struct buffer *out = &g->output.bytes;

	buffer_u8(out, '{');
	for (size_t i = 0; i < g->n_by; i++) {
		struct text text = key_text(row->key, i);

		json_key(out, g->by[i].text);
		if (!text.data)
			buffer_printf(out, "null");
		else if (g->by[i].number && looks_like_number(text))
			buffer_append(out, text.data, text.len);
		else
			json_string(out, text.data, text.len);
		buffer_u8(out, ',');
	}
	json_key(out, g->bars_of.info->name);
	buffer_u8(out, '[');
	histogram_print_json(row->record, out);
	buffer_append(out, "]}\n", 3);
}

static void print_bars(struct grouped_sink *g, const struct row *rows, size_t n)
{
	struct buffer *out = &g->output.bytes;

	for (size_t row = 0; row < n; row++) {
		if (g->json) {
			print_bars_json(g, &rows[row]);
			continue;
		}
		if (row)
			buffer_u8(out, '\n');
		for (size_t i = 0; i < g->n_by; i++) {
			struct text text = key_text(rows[row].key, i);

			for (uint32_t at = 0; at < text.len; at++)
				buffer_u8(out, (uint8_t)text.data[at] < 0x20 || text.data[at] == 0x7f
						   ? '.'
						   : (uint8_t)text.data[at]);
			buffer_printf(out, "%s%s", text.data ? "" : "<NA>",
				      i + 1 < g->n_by ? " " : ":\n");
		}
		histogram_print(rows[row].record, out);
	}
}

/* Bars in the order of how many events each group has. */
static double bars_total(const struct histogram *h)
{
	double n = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += (double)h->counts[i];
	return n;
}

static int grouped_finish(struct sink *sink, struct error *err)
{
	struct grouped_sink *g = (struct grouped_sink *)sink;
	size_t n = groups_count(g->groups);
	struct row *rows = calloc(n + 1, sizeof *rows);
	int r;

	if (!rows)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		rows[i].record = groups_at(g->groups, i, &rows[i].key);
		rows[i].order = i;
		rows[i].value =
		    g->bars_of.info ? bars_total(rows[i].record) : row_value(g, &rows[i]);
	}
	qsort_r(rows, n, sizeof *rows, compare_rows, g);
	if (g->bars_of.info)
		print_bars(g, rows, n);
	else if (print_table(g, rows, n) < 0)
		g->output.bytes.failed = true;
	free(rows);
	r = output_flush(&g->output, err);
	return r > 0 ? 0 : r;
}

static void grouped_free(struct sink *sink)
{
	struct grouped_sink *g = (struct grouped_sink *)sink;

	for (size_t i = 0; g->groups && i < groups_count(g->groups); i++)
		for (size_t k = 0; k < g->aggregates.n; k++)
			gathered_done((struct gathered *)groups_at(g->groups, i, NULL) + k);
	groups_free(g->groups);
	for (size_t i = 0; i < g->n_by; i++) {
		free(g->by[i].text);
		buffer_done(&g->by[i].scratch.bytes);
	}
	aggregates_done(&g->aggregates);
	buffer_done(&g->bars_scratch.bytes);
	buffer_done(&g->key);
	output_done(&g->output);
	free(g);
}

static const struct sink_ops grouped_ops = {
    .name = "table",
    .event = grouped_event,
    .finish = grouped_finish,
    .free = grouped_free,
};

/* ---- making it ---- */

static int by_parse(struct grouped_sink *g, const char *text, struct error *err)
{
	for (;; text++) {
		struct by_field *by = &g->by[g->n_by];
		size_t len = 0;
		int r;

		if (g->n_by == GROUPED_FIELDS_MAX)
			return error_set(err, -E2BIG, "more than %d fields to group by",
					 GROUPED_FIELDS_MAX);
		text += strspn(text, " ");
		r = field_parse(&by->field, text, &len, err);
		if (r < 0)
			return r;
		if (by->field.info->filter_only)
			return error_set(err, -EINVAL, "%s can only be used in filters",
					 by->field.info->name);
		by->number = field_check_number(&by->field, "", NULL) == 0 &&
			     by->field.info->type != PT_DYN;
		by->text = strndup(text, len);
		if (!by->text)
			return error_set(err, -ENOMEM, "out of memory");
		g->n_by++;
		g->sink.needs |= by->field.info->needs;
		text += len;
		if (!*text)
			return 0;
		if (*text != ',')
			return error_set(err, -EINVAL, "'%.64s': a comma must follow %s", text,
					 by->text);
	}
}

static int bars_parse(struct grouped_sink *g, const char *text, struct error *err)
{
	size_t len = 0;
	int r = field_parse(&g->bars_of, text, &len, err);

	if (r == 0 && text[len])
		r = error_set(err, -EINVAL, "'%.64s': one field, and nothing behind it", text);
	if (r == 0)
		r = field_check_number(&g->bars_of, "a histogram", err);
	if (r == 0)
		g->sink.needs |= g->bars_of.info->needs;
	return r;
}

static int sort_parse(struct grouped_sink *g, const char *text, struct error *err)
{
	for (g->sort = 0; g->sort < g->n_by; g->sort++)
		if (!strcmp(g->by[g->sort].text, text))
			return 0;
	for (size_t i = 0; i < g->aggregates.n; i++, g->sort++)
		if (!strcmp(g->aggregates.rows[i].text, text))
			return 0;
	return error_set(err, -EINVAL, "'%s' is no column of this table", text);
}

static int configure(struct grouped_sink *g, const struct grouped_options *o, struct error *err)
{
	int r = o->by ? by_parse(g, o->by, err) : 0;

	if (r == 0 && o->histogram)
		r = bars_parse(g, o->histogram, err);
	else if (r == 0)
		r = aggregates_parse(&g->aggregates, o->aggregates ? o->aggregates : "count", err);
	g->sink.needs |= g->aggregates.needs;
	g->sort = g->n_by; /* the first aggregate */
	if (r == 0 && o->sort)
		r = sort_parse(g, o->sort, err);
	if (r < 0)
		return r;
	g->groups = groups_new(o->histogram ? sizeof(struct histogram)
					    : g->aggregates.n * sizeof(struct gathered));
	return g->groups ? 0 : error_set(err, -ENOMEM, "out of memory");
}

struct sink *sink_grouped_new(FILE *out, const struct grouped_options *options, struct error *err)
{
	struct grouped_sink *g = calloc(1, sizeof *g);

	if (!g) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	g->sink.ops = &grouped_ops;
	g->sink.needs = NEED_COLUMNS;
	g->json = options->json;
	g->output.stream = out;
	if (configure(g, options, err) < 0) {
		grouped_free(&g->sink);
		return NULL;
	}
	return &g->sink;
}
