#include "format/schema_block.h"

#include <errno.h>
#include <stdlib.h>

enum row_kind { ROW_FLAGS = 1, ROW_EVENT = 2 };

#define TABLES_MAX  1024u /* flag tables of one block: each row of it has at most 32 parameters */
#define NAMES_MAX   4096u /* names of one flag table, as schema_add() takes them */
#define DYNAMIC_MAX 255u

/* ---- encoding ---- */

struct table_list {
	const struct flag_table *tables[TABLES_MAX];
	size_t n;
};

static void put_name(struct buffer *out, const char *name)
{
	size_t len = strnlen(name, 255);

	buffer_u8(out, (uint8_t)len);
	buffer_append(out, name, len);
}

static size_t record_begin(struct buffer *out, enum row_kind kind)
{
	buffer_u32(out, 0);
	buffer_u16(out, (uint16_t)kind);
	return out->len - 6;
}

static void record_end(struct buffer *out, size_t at)
{
	if (!out->failed)
		buffer_set_u32(out, at, (uint32_t)(out->len - at - 4));
}

static void put_table(struct buffer *out, const struct flag_table *table, size_t number)
{
	size_t at = record_begin(out, ROW_FLAGS), n = 0;

	while (table->rows[n].name)
		n++;
	buffer_u16(out, (uint16_t)number);
	put_name(out, table->name);
	buffer_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		buffer_u64(out, table->rows[i].value);
		put_name(out, table->rows[i].name);
	}
	record_end(out, at);
}

/* The number of a table in this block, from 1; it is written in front of its first use. */
static uint16_t table_number(struct buffer *out, struct table_list *list,
			     const struct flag_table *table)
{
	if (!table)
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		if (list->tables[i] == table)
			return (uint16_t)(i + 1);
	}
	if (list->n == TABLES_MAX)
		return 0;
	list->tables[list->n++] = table;
	put_table(out, table, list->n);
	return (uint16_t)list->n;
}

static void put_param(struct buffer *out, struct table_list *list, const struct param_info *p)
{
	put_name(out, p->name);
	buffer_u8(out, p->type);
	buffer_u8(out, p->format);
	buffer_u8(out, (uint8_t)p->dirfd_param);
	buffer_u16(out, table_number(out, list, p->flags));
}

static void put_event(struct buffer *out, struct table_list *list, const struct event_info *info)
{
	size_t at;

	/* Tables first: a record cannot stand inside another. */
	for (unsigned i = 0; i < info->n_params; i++) {
		table_number(out, list, info->params[i].flags);
		for (unsigned k = 0; k < info->params[i].n_dynamic; k++)
			table_number(out, list, info->params[i].dynamic[k].flags);
	}
	at = record_begin(out, ROW_EVENT);
	buffer_u16(out, info->type);
	buffer_u16(out, info->category);
	buffer_u32(out, info->traits);
	buffer_u8(out, info->n_params);
	buffer_u8(out, (uint8_t)info->result_param);
	buffer_u8(out, (uint8_t)info->fd_param);
	put_name(out, info->name);
	for (unsigned i = 0; i < info->n_params; i++) {
		const struct param_info *p = &info->params[i];

		put_param(out, list, p);
		buffer_u8(out, p->n_dynamic);
		for (unsigned k = 0; k < p->n_dynamic; k++)
			put_param(out, list, &p->dynamic[k]);
	}
	record_end(out, at);
}

void schema_rows_encode(struct buffer *out, const struct schema *schema, const uint16_t *types,
			size_t n_types)
{
	struct table_list *list = calloc(1, sizeof *list);

	if (!list) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < n_types; i++)
		put_event(out, list, schema_find(schema, types[i]));
	free(list);
}

/* ---- decoding ---- */

struct decoder {
	struct flag_table tables[TABLES_MAX]; /* by number - 1; name NULL: not seen */
	struct param_info params[EVENT_PARAMS_MAX];
	struct param_info dynamic[EVENT_PARAMS_MAX * DYNAMIC_MAX];
	/* Names of this row, or of all tables: NUL-terminated copies. */
	char *row_names, *table_names;
	size_t n_row_names, n_table_names, cap;
};

/* Copies a name into the arena; printable ASCII only, so that no file can write to a terminal. */
static const char *take_name(struct cursor *c, char *arena, size_t *used, size_t cap)
{
	uint8_t len = cursor_u8(c);
	const uint8_t *p = cursor_bytes(c, len);
	char *name = arena + *used;

	if (!p || !len || len + 1u > cap - *used) {
		c->failed = true;
		return "?";
	}
	for (unsigned i = 0; i < len; i++) {
		if (p[i] < 0x20 || p[i] > 0x7E) {
			c->failed = true;
			return "?";
		}
	}
	memcpy(name, p, len);
	name[len] = 0;
	*used += len + 1u;
	return name;
}

static int take_table(struct decoder *d, struct cursor *c, struct error *err)
{
	uint16_t number = cursor_u16(c);
	const char *name = take_name(c, d->table_names, &d->n_table_names, d->cap);
	uint32_t n = cursor_u32(c);
	struct flag_name *rows;

	/* A row is 10 bytes at least: memory stays in proportion to the block. */
	if (cursor_failed(c) || !number || number > TABLES_MAX || n > NAMES_MAX ||
	    n > cursor_left(c) / 10 || d->tables[number - 1].name)
		return error_set(err, -EBADMSG, "value names %u are impossible", number);
	if (!(rows = calloc(n + 1, sizeof *rows)))
		return error_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < n; i++) {
		rows[i].value = cursor_u64(c);
		rows[i].name = take_name(c, d->table_names, &d->n_table_names, d->cap);
	}
	d->tables[number - 1] = (struct flag_table){name, rows};
	return cursor_failed(c) ? error_set(err, -EBADMSG, "value names '%s' end early", name) : 0;
}

static void take_param(struct decoder *d, struct cursor *c, struct param_info *p)
{
	uint16_t table;

	p->name = take_name(c, d->row_names, &d->n_row_names, d->cap);
	p->type = cursor_u8(c);
	p->format = cursor_u8(c);
	p->dirfd_param = (int8_t)cursor_u8(c);
	table = cursor_u16(c);
	if (table > TABLES_MAX || (table && !d->tables[table - 1].name))
		c->failed = true;
	else
		p->flags = table ? &d->tables[table - 1] : NULL;
	/* Later versions only add types of variable size (SPEC "Evolution"). */
	if (p->type >= PT_MAX)
		p->type = PT_BYTEBUF;
	if (p->format > PF_OCT)
		p->format = PF_NA;
}

static bool params_same(const struct param_info *a, const struct param_info *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct flag_name *x = a[i].flags ? a[i].flags->rows : NULL;
		const struct flag_name *y = b[i].flags ? b[i].flags->rows : NULL;

		if (strcmp(a[i].name, b[i].name) || a[i].type != b[i].type ||
		    a[i].format != b[i].format || a[i].dirfd_param != b[i].dirfd_param || !x != !y ||
		    a[i].n_dynamic != b[i].n_dynamic)
			return false;
		for (; x && x->name && y->name; x++, y++) {
			if (x->value != y->value || strcmp(x->name, y->name))
				return false;
		}
		if (x && (x->name || y->name))
			return false;
		if (!params_same(a[i].dynamic, b[i].dynamic, a[i].n_dynamic))
			return false;
	}
	return true;
}

static bool row_same(const struct event_info *a, const struct event_info *b)
{
	return a->category == b->category && a->traits == b->traits && a->n_params == b->n_params &&
	       a->result_param == b->result_param && a->fd_param == b->fd_param &&
	       strcmp(a->name, b->name) == 0 && params_same(a->params, b->params, a->n_params);
}

static int take_event(struct decoder *d, struct cursor *c, struct schema *schema, struct error *err)
{
	struct event_info info = {.params = d->params};
	unsigned n_dynamic = 0;
	int r;

	d->n_row_names = 0;
	info.type = cursor_u16(c);
	info.category = cursor_u16(c);
	info.traits = cursor_u32(c);
	info.n_params = cursor_u8(c);
	info.result_param = (int8_t)cursor_u8(c);
	info.fd_param = (int8_t)cursor_u8(c);
	info.name = take_name(c, d->row_names, &d->n_row_names, d->cap);
	if (info.type >= EVENT_TYPE_MAX || info.n_params > EVENT_PARAMS_MAX)
		return error_set(err, -EBADMSG, "the row of type %u is impossible", info.type);
	memset(d->params, 0, sizeof d->params);
	for (unsigned i = 0; i < info.n_params; i++) {
		struct param_info *p = &d->params[i];

		take_param(d, c, p);
		p->n_dynamic = cursor_u8(c);
		p->dynamic = d->dynamic + n_dynamic;
		for (unsigned k = 0; k < p->n_dynamic; k++) {
			struct param_info *alternative = &d->dynamic[n_dynamic++];

			*alternative = (struct param_info){0};
			take_param(d, c, alternative);
		}
	}
	if (cursor_failed(c))
		return error_set(err, -EBADMSG, "the row of type %u contradicts itself", info.type);
	if (schema_knows(schema, info.type) && row_same(&info, schema_find(schema, info.type)))
		return 0;
	r = schema_add(schema, &info);
	return r < 0 ? error_set(err, r, "the row of type %u (%s) cannot be taken", info.type,
				 info.name)
		     : 0;
}

static int rows_decode(struct decoder *d, struct cursor c, struct schema *schema, struct error *err)
{
	int r = 0;

	while (cursor_left(&c) && r == 0) {
		uint32_t len = cursor_u32(&c);
		const uint8_t *data = cursor_bytes(&c, len);
		struct cursor record = cursor_over(data, data ? len : 0);

		if (!data || len < 2)
			return error_set(err, -EBADMSG, "a row of %u bytes does not fit its block",
					 len);
		switch (cursor_u16(&record)) {
		case ROW_FLAGS: r = take_table(d, &record, err); break;
		case ROW_EVENT: r = take_event(d, &record, schema, err); break;
		default: break; /* of a newer version */
		}
	}
	return r;
}

int schema_rows_decode(struct schema *schema, const uint8_t *data, size_t len, struct error *err)
{
	struct decoder *d = calloc(1, sizeof *d);
	int r = -ENOMEM;

	if (!d)
		return error_set(err, -ENOMEM, "out of memory");
	/* A name takes as much room in an arena as on the wire: its length byte pays for the NUL. */
	d->cap = len + 1;
	d->row_names = malloc(d->cap);
	d->table_names = malloc(d->cap);
	if (d->row_names && d->table_names)
		r = rows_decode(d, cursor_over(data, len), schema, err);
	else
		error_set(err, r, "out of memory");
	for (size_t i = 0; i < TABLES_MAX; i++)
		free((void *)d->tables[i].rows);
	free(d->row_names);
	free(d->table_names);
	free(d);
	return r;
}
