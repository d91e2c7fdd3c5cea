/*
 * Tables: cells gathered row by row, printed when all widths are known.
 *
 *	table_cell(t, text, len, TABLE_NUMBER); ...	// n_columns of them make a row
 *	table_rule(t);					// a row of dashes; none in JSON
 *	table_print(t, &buffer);
 *
 * Memory is checked once, at the end: table_print() makes the buffer fail when the table did.
 */
#pragma once
#include "base/bytes.h"

struct table_column {
	const char *head; /* not owned */
	const char *key;  /* of JSON; NULL: head */
	uint32_t width;	  /* at least */
	bool left;	  /* text begins at the left */
};

enum table_cell_kind { TABLE_TEXT, TABLE_NUMBER, TABLE_NONE /* JSON: null */ };

struct table;
/* columns: not owned. NULL: out of memory. */
struct table *table_new(const struct table_column *columns, size_t n_columns);
void table_free(struct table *t);
void table_cell(struct table *t, const void *text, size_t len, enum table_cell_kind kind);
void table_number(struct table *t, int64_t v);
void table_unsigned(struct table *t, uint64_t v);
void table_format(struct table *t, enum table_cell_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void table_rule(struct table *t);
/* With the names of the columns on top, and dashes below where `ruled`. Control characters become dots. */
void table_print(struct table *t, bool ruled, struct buffer *out);
/* One object per row: {"head":cell,...} with what `begin` says in front ("\"pid\":1,", may be ""). */
void table_print_json(struct table *t, const char *begin, struct buffer *out);
