#include "sinks/record_fields.h"

#include <stdlib.h>

#define N_WRITTEN FIELDS_IN_HEAD /* groups that are */

/* What a type of event can have values for. */
enum has {
	HAS_PATH = 1,
	HAS_FD_LIST = 2,
	HAS_FD = 4,
};

struct row {
	struct field field;
	uint32_t tag;
	uint8_t only; /* enum has: for such types alone */
};

struct record_fields {
	struct field_scratch scratch;
	size_t n[N_WRITTEN];
	struct row *rows[N_WRITTEN];
	struct {
		const struct event_info *info;
		uint8_t has;
	} types[EVENT_TYPE_MAX]; /* as they come */
};

static const char *const first[] = {"proc.name", "proc.pid",   "fd.name",     "fd.num",
				    "fd.type",   "fd.l4proto", "fd.cip",      "fd.sip",
				    "fd.cport",  "fd.sport",   "fd.is_server"};

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

/* Long, and of little use beside the others: every fd of the process, every environment of its
   ancestors, texts that repeat the parameters. */
static const char *const left_out[] = {"evt.args",     "evt.info", "evt.buffer", "evt.type",
				       "syscall.type", "fd.types", "proc.aenv",  "util.cnt"};

enum field_group field_group_of(const struct field_info *info)
{
	const unsigned needs = info->needs & ~(unsigned)NEED_BEFORE;

	if (info->argument == 2 || info->type == PT_IPNET ||
	    is_among(info->name, left_out, sizeof left_out / sizeof *left_out))
		return FIELDS_NEVER;
	if (is_among(info->name, first, sizeof first / sizeof *first))
		return FIELDS_FIRST;
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

static uint8_t only_for(const char *name)
{
	return begins(name, "fs.path.") || !strcmp(name, "evt.abspath") ? HAS_PATH
	       : begins(name, "fdlist.")                                ? HAS_FD_LIST
	       : begins(name, "fd.")                                    ? HAS_FD
									: 0;
}

static uint8_t find_has(const struct event_info *info)
{
	uint8_t has = 0;

	for (unsigned i = 0; i < info->n_params; i++) {
		const enum param_type type = info->params[i].type;

		if (param_type_is_text(type))
			has |= HAS_PATH;
		if (type == PT_FDLIST)
			has |= HAS_FD_LIST;
		if (type == PT_FD)
			has |= HAS_FD;
	}
	/* These two act on what an fd stands for. */
	if (begins(info->name, "fchmod") || begins(info->name, "fchown"))
		has |= HAS_PATH;
	if (info->traits & (EF_USES_FD | EF_CREATES_FD | EF_DESTROYS_FD) || has & HAS_PATH)
		has |= HAS_FD;
	return has;
}

static uint8_t has_of(struct record_fields *f, const struct event_info *info)
{
	if (f->types[info->type].info != info) {
		f->types[info->type].info = info;
		f->types[info->type].has = find_has(info);
	}
	return f->types[info->type].has;
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
			    .only = only_for(info->name),
			};
	return true;
}

struct record_fields *record_fields_new(void)
{
	struct record_fields *f = calloc(1, sizeof *f);

	for (enum field_group group = 0; f && group < N_WRITTEN; group++)
		if (!add_rows(f, group)) {
			record_fields_free(f);
			return NULL;
		}
	return f;
}

void record_fields_free(struct record_fields *f)
{
	if (!f)
		return;
	for (unsigned group = 0; group < N_WRITTEN; group++)
		free(f->rows[group]);
	buffer_done(&f->scratch.bytes);
	free(f);
}

void record_value_put(struct buffer *out, uint32_t tag, const struct value *v)
{
	uint16_t len = (uint16_t)(v->text.len < RECORD_TEXT_MAX ? v->text.len : RECORD_TEXT_MAX);
	const void *from = v->text.data;
	uint8_t *p;

	switch (v->kind) {
	case VALUE_NONE:
		return;
	case VALUE_BOOL:
		len = 1;
		from = &v->b;
		break;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DOUBLE:
		len = 8;
		from = &v->u; /* the union's eight bytes, whichever they are */
		break;
	case VALUE_ADDRESS:
		len = v->address_len;
		break;
	case VALUE_TEXT:
	case VALUE_BYTES:
		break;
	}
	p = buffer_reserve(out, 7u + len);
	if (!p)
		return;
	memcpy(p, &tag, 4);
	p[4] = (uint8_t)(len + 1);
	p[5] = (uint8_t)((len + 1) >> 8);
	p[6] = (uint8_t)v->kind;
	if (len)
		memcpy(p + 7, from, len);
	out->len += 7u + len;
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
		if (!field_extract(&row->field, ev, st, nth, &f->scratch, &v))
			return;
		record_value_put(out, row->tag, &v);
	}
}

void record_fields_put(struct record_fields *f, enum field_group group, struct buffer *out,
		       struct event *ev, struct state *st)
{
	uint8_t has = has_of(f, ev->info);

	if (st->now.fd || st->now.fd_num >= 0)
		has |= HAS_FD;
	for (size_t i = 0; i < f->n[group]; i++) {
		const struct row *row = &f->rows[group][i];

		if (!(row->only & ~has))
			put_row(f, row, out, ev, st);
	}
}
