#include "sinks/text_table.h"

#include "sinks/json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FORMATTED_MAX 512

struct cell {
	uint64_t at;
	uint32_t len;
	bool rule; /* of a row of dashes */
	enum table_cell_kind kind;
};

struct table {
	const struct table_column *columns;
	size_t n_columns;
	struct buffer text, cells;
};

struct table *table_new(const struct table_column *columns, size_t n_columns)
{
	struct table *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->columns = columns;
	t->n_columns = n_columns;
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	buffer_done(&t->text);
	buffer_done(&t->cells);
	free(t);
}

void table_cell(struct table *t, const void *text, size_t len, enum table_cell_kind kind)
{
	struct cell cell = {.at = t->text.len, .len = (uint32_t)len, .kind = kind};

	buffer_append(&t->text, text, len);
	buffer_append(&t->cells, &cell, sizeof cell);
}

void table_format(struct table *t, enum table_cell_kind kind, const char *format, ...)
{
	char text[FORMATTED_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	table_cell(t, text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, kind);
}

void table_number(struct table *t, int64_t v)
{
	table_format(t, TABLE_NUMBER, "%lld", (long long)v);
}

void table_unsigned(struct table *t, uint64_t v)
{
	table_format(t, TABLE_NUMBER, "%llu", (unsigned long long)v);
}

void table_rule(struct table *t)
{
	struct cell cell = {.rule = true};

	for (size_t i = 0; i < t->n_columns; i++)
		buffer_append(&t->cells, &cell, sizeof cell);
}

static const struct cell *cells_of(const struct table *t, size_t *ret_rows)
{
	*ret_rows = t->cells.len / sizeof(struct cell) / t->n_columns;
	return (const struct cell *)(const void *)t->cells.data;
}

/* Columns of the screen: bytes that go on with a character of UTF-8 take none. */
static uint32_t width_of(const uint8_t *text, uint32_t len)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < len; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

static void fill(struct buffer *out, uint8_t c, uint32_t n)
{
	uint8_t *p = buffer_reserve(out, n);

	if (!p)
		return;
	memset(p, c, n);
	out->len += n;
}

static void print_text(struct buffer *out, const uint8_t *text, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		buffer_u8(out, text[i] < 0x20 || text[i] == 0x7f ? '.' : text[i]);
}

static void print_cell(const struct table *t, size_t column, uint32_t width, const uint8_t *text,
		       uint32_t len, struct buffer *out)
{
	const bool last = column + 1 == t->n_columns, left = t->columns[column].left;
	const uint32_t own = width_of(text, len), pad = width > own ? width - own : 0;

	if (!left)
		fill(out, ' ', pad);
	print_text(out, text, len);
	if (left && !last)
		fill(out, ' ', pad);
	buffer_u8(out, last ? '\n' : ' ');
}

static void print_rule(const struct table *t, const uint32_t *widths, struct buffer *out)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		fill(out, '-', widths[i]);
		buffer_u8(out, i + 1 < t->n_columns ? ' ' : '\n');
	}
}

static void find_widths(const struct table *t, uint32_t *widths)
{
	size_t n_rows;
	const struct cell *cell = cells_of(t, &n_rows);

	for (size_t i = 0; i < t->n_columns; i++) {
		uint32_t head = (uint32_t)strlen(t->columns[i].head);

		widths[i] = t->columns[i].width > head ? t->columns[i].width : head;
	}
	for (size_t row = 0; row < n_rows; row++)
		for (size_t i = 0; i < t->n_columns; i++, cell++) {
			uint32_t own = cell->len ? width_of(t->text.data + cell->at, cell->len) : 0;

			if (own > widths[i])
				widths[i] = own;
		}
}

void table_print(struct table *t, bool ruled, struct buffer *out)
{
	uint32_t *widths = calloc(t->n_columns, sizeof *widths);
	size_t n_rows;
	const struct cell *cell = cells_of(t, &n_rows);

	if (!widths || buffer_failed(&t->text) || buffer_failed(&t->cells)) {
		free(widths);
		out->failed = true;
		return;
	}
	find_widths(t, widths);
	for (size_t i = 0; i < t->n_columns; i++)
		print_cell(t, i, widths[i], (const uint8_t *)t->columns[i].head,
			   (uint32_t)strlen(t->columns[i].head), out);
	if (ruled)
		print_rule(t, widths, out);
	for (size_t row = 0; row < n_rows; row++) {
		if (cell->rule) {
			print_rule(t, widths, out);
			cell += t->n_columns;
			continue;
		}
		for (size_t i = 0; i < t->n_columns; i++, cell++)
			print_cell(t, i, widths[i], t->text.data + cell->at, cell->len, out);
	}
	free(widths);
}

void table_print_json(struct table *t, const char *begin, struct buffer *out)
{
	size_t n_rows;
	const struct cell *cell = cells_of(t, &n_rows);

	out->failed = out->failed || buffer_failed(&t->text) || buffer_failed(&t->cells);
	for (size_t row = 0; row < n_rows && !out->failed; row++) {
		if (cell->rule) {
			cell += t->n_columns;
			continue;
		}
		buffer_printf(out, "{%s", begin);
		for (size_t i = 0; i < t->n_columns; i++, cell++) {
			const struct table_column *c = &t->columns[i];

			if (i)
				buffer_u8(out, ',');
			json_key(out, c->key ? c->key : c->head);
			if (cell->kind == TABLE_NUMBER && cell->len)
				buffer_append(out, t->text.data + cell->at, cell->len);
			else if (cell->kind == TABLE_TEXT)
				json_string(out, t->text.data + cell->at, cell->len);
			else
				buffer_append(out, "null", 4);
		}
		buffer_append(out, "}\n", 2);
	}
}
