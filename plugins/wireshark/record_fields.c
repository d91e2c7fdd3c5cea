#include "plugins/wireshark/record_fields.h"

#include <stdlib.h>

struct row {
	struct field field;
	uint32_t tag;
};

struct record_fields {
	struct field_scratch scratch;
	size_t n[2];
	struct row *rows[2];
};

/* Long, and of little use beside the others: every fd of the process, every environment of its
   ancestors, texts that repeat the parameters. */
static bool is_left_out(const char *name)
{
	static const char *const names[] = {"evt.args",     "evt.info", "evt.buffer", "evt.type",
					    "syscall.type", "fd.types", "proc.aenv",  "util.cnt"};

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

enum field_group field_group_of(const struct field_info *info)
{
	const unsigned needs = info->needs & ~(unsigned)NEED_BEFORE;

	if (info->argument == 2 || is_left_out(info->name) || info->type == PT_IPNET)
		return FIELDS_NEVER;
	/* Few needs, but known to who has the capture alone. */
	if (!strcmp(info->name, "evt.hostname"))
		return FIELDS_OF_THREAD;
	if (needs == NEED_COLUMNS)
		return FIELDS_IN_HEAD;
	if (!(needs & ~(unsigned)(NEED_THREADS | NEED_USERS | NEED_COLUMNS)) &&
	    !(info->columns & (COLUMN_TIME | COLUMN_TYPE)))
		return FIELDS_OF_THREAD;
	return FIELDS_OF_EVENT;
}

static bool add_rows(struct record_fields *f, enum field_group group)
{
	const struct field_info *info;
	size_t n = 0;

	for (size_t i = 0; (info = field_info_at(i)); i++)
		n += field_group_of(info) == group;
	f->rows[group] = calloc(n + 1, sizeof *f->rows[group]);
	if (!f->rows[group])
		return false;
	for (size_t i = 0; (info = field_info_at(i)); i++)
		if (field_group_of(info) == group)
			f->rows[group][f->n[group]++] = (struct row){
			    .field = {.info = info, .index = -1},
			    .tag = record_field_tag(info->name),
			};
	return true;
}

struct record_fields *record_fields_new(void)
{
	struct record_fields *f = calloc(1, sizeof *f);

	if (f && (!add_rows(f, FIELDS_OF_THREAD) || !add_rows(f, FIELDS_OF_EVENT))) {
		record_fields_free(f);
		return NULL;
	}
	return f;
}

void record_fields_free(struct record_fields *f)
{
	if (!f)
		return;
	free(f->rows[FIELDS_OF_THREAD]);
	free(f->rows[FIELDS_OF_EVENT]);
	buffer_done(&f->scratch.bytes);
	free(f);
}

void record_value_put(struct buffer *out, const struct value *v)
{
	uint32_t len = v->text.len < RECORD_TEXT_MAX ? v->text.len : RECORD_TEXT_MAX;

	buffer_u8(out, (uint8_t)v->kind);
	switch (v->kind) {
	case VALUE_NONE:
		break;
	case VALUE_BOOL:
		buffer_u8(out, v->b);
		break;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DOUBLE:
		buffer_u64(out, v->u); /* the union's eight bytes, whichever they are */
		break;
	case VALUE_ADDRESS:
		buffer_append(out, v->text.data, v->address_len);
		break;
	case VALUE_TEXT:
	case VALUE_BYTES:
		buffer_append(out, v->text.data, len);
		break;
	}
}

bool record_value_take(struct cursor *c, struct value *ret)
{
	*ret = (struct value){.kind = cursor_u8(c)};
	switch (ret->kind) {
	case VALUE_BOOL:
		ret->b = cursor_u8(c) != 0;
		break;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DOUBLE:
		ret->u = cursor_u64(c);
		break;
	case VALUE_ADDRESS:
	case VALUE_TEXT:
	case VALUE_BYTES:
		ret->text.len = (uint32_t)cursor_left(c);
		ret->text.data = (const char *)cursor_bytes(c, ret->text.len);
		ret->address_len = (uint8_t)ret->text.len;
		if (ret->kind == VALUE_ADDRESS && ret->text.len != 4 && ret->text.len != 16)
			return false;
		break;
	default:
		return false;
	}
	return !cursor_failed(c);
}

static void put_row(struct record_fields *f, const struct row *row, struct buffer *out,
		    struct event *ev, struct state *st)
{
	const unsigned most = row->field.info->is_list ? RECORD_LIST_MAX : 1;
	struct value v;

	for (unsigned nth = 0; nth < most; nth++) {
		size_t begun;

		if (!field_extract(&row->field, ev, st, nth, &f->scratch, &v) ||
		    v.kind == VALUE_NONE)
			return;
		begun = record_item_begin(out, row->tag);
		record_value_put(out, &v);
		record_item_end(out, begun);
	}
}

void record_fields_put(struct record_fields *f, enum field_group group, struct buffer *out,
		       struct event *ev, struct state *st)
{
	for (size_t i = 0; i < f->n[group]; i++)
		put_row(f, &f->rows[group][i], out, ev, st);
}
