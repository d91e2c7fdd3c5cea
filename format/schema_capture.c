/* The types of one capture: the built-in rows, and over them what its file brings along. */
#include "format/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file's rows are a few hundred KiB at most; a damaged or hostile one must not fill memory. */
#define SCHEMA_BYTES_MAX (16u << 20)
#define NAME_MAX_LEN     255
#define FLAG_ROWS_MAX    4096

struct piece {
	struct piece *next;
	max_align_t data[];
};

struct unknown_row {
	struct event_info info;
	char name[sizeof "unknown-65535"];
};

struct schema {
	/* First. Filled on first use where the type is unknown, maybe by several threads at once. */
	struct schema_rows rows;
	struct piece *pieces; /* all that was copied; rows that were replaced stay valid */
	size_t bytes;
	atomic_bool has_unknown; /* rows that were made up: struct unknown_row */
	uint8_t known[EVENT_TYPE_MAX / 8];
};

static const struct event_info beyond = {.type = EVENT_TYPE_MAX,
					 .name = "unknown",
					 .category = EC_UNKNOWN,
					 .result_param = -1,
					 .fd_param = -1};

struct schema *schema_new(void)
{
	const struct event_info *info;
	struct schema *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	for (size_t i = 0; (info = event_info_at(i)); i++) {
		if (info->traits & EF_UNUSED)
			continue;
		atomic_init(&s->rows.at[info->type], info);
		s->known[info->type / 8] |= 1 << info->type % 8;
	}
	return s;
}

void schema_free(struct schema *s)
{
	if (!s)
		return;
	for (size_t i = 0; atomic_load(&s->has_unknown) && i < EVENT_TYPE_MAX; i++)
		if (!schema_knows(s, i))
			free((void *)atomic_load(&s->rows.at[i])); /* a struct unknown_row, or NULL */
	while (s->pieces) {
		struct piece *next = s->pieces->next;

		free(s->pieces);
		s->pieces = next;
	}
	free(s);
}

bool schema_knows(const struct schema *s, uint16_t type)
{
	return type < EVENT_TYPE_MAX && s->known[type / 8] & 1 << type % 8;
}

const struct event_info *schema_find_unknown(const struct schema *s, uint16_t type)
{
	const struct event_info *expected = NULL;
	struct unknown_row *row;

	if (type >= EVENT_TYPE_MAX)
		return &beyond;
	row = calloc(1, sizeof *row);
	if (!row)
		return &beyond;
	snprintf(row->name, sizeof row->name, "unknown-%u", type);
	row->info = (struct event_info){.type = type,
					.name = row->name,
					.category = EC_UNKNOWN,
					.result_param = -1,
					.fd_param = -1};
	if (atomic_compare_exchange_strong(&((struct schema *)s)->rows.at[type], &expected,
					   &row->info)) {
		atomic_store(&((struct schema *)s)->has_unknown, true);
		return &row->info;
	}
	free(row);
	return expected;
}

/* ---- copying a row ---- */

static void *schema_copy(struct schema *s, const void *data, size_t len, int *err)
{
	struct piece *p;

	if (*err)
		return NULL;
	if (len > SCHEMA_BYTES_MAX - s->bytes) {
		*err = -E2BIG;
		return NULL;
	}
	p = malloc(sizeof *p + len);
	if (!p) {
		*err = -ENOMEM;
		return NULL;
	}
	s->bytes += len;
	p->next = s->pieces;
	s->pieces = p;
	return len ? memcpy(p->data, data, len) : p->data;
}

static const char *schema_copy_name(struct schema *s, const char *name, int *err)
{
	size_t len = name ? strnlen(name, NAME_MAX_LEN + 1) : 0;

	if (!*err && (!len || len > NAME_MAX_LEN))
		*err = len ? -E2BIG : -EBADMSG;
	return *err ? NULL : schema_copy(s, name, len + 1, err);
}

static const struct flag_table *schema_copy_flags(struct schema *s, const struct flag_table *table,
						  int *err)
{
	struct flag_table copy;
	struct flag_name *rows;
	size_t n = 0;

	if (!table)
		return NULL;
	while (table->rows[n].name && n <= FLAG_ROWS_MAX)
		n++;
	if (!*err && n > FLAG_ROWS_MAX)
		*err = -E2BIG;
	rows = schema_copy(s, table->rows, (n + 1) * sizeof *rows, err);
	for (size_t i = 0; i < n && !*err; i++)
		rows[i].name = schema_copy_name(s, rows[i].name, err);
	copy = (struct flag_table){schema_copy_name(s, table->name, err), rows};
	return schema_copy(s, &copy, sizeof copy, err);
}

static struct param_info *schema_copy_params(struct schema *s, const struct param_info *params,
					     unsigned n, int *err)
{
	struct param_info *copy = schema_copy(s, params, n * sizeof *params, err);

	for (unsigned i = 0; i < n && !*err; i++) {
		struct param_info *p = &copy[i];

		if (p->type >= PT_MAX || p->format > PF_OCT || p->dirfd_param < -1 ||
		    p->dirfd_param >= (int)i)
			*err = -EBADMSG;
		p->name = schema_copy_name(s, p->name, err);
		p->flags = schema_copy_flags(s, p->flags, err);
	}
	return copy;
}

/* A result and an fd live in 64-bit and 32-bit columns: other types cannot. */
static bool columns_fit(const struct event_info *info)
{
	int result = info->result_param, fd = info->fd_param;

	if (result < -1 || fd < -1 || result >= info->n_params || fd >= info->n_params)
		return false;
	if (result >= 0) {
		unsigned size = param_type_size(info->params[result].type);

		if (!size || size > sizeof(int64_t))
			return false;
	}
	return fd < 0 || (fd != result && info->params[fd].type == PT_FD);
}

int schema_add(struct schema *s, const struct event_info *info)
{
	struct event_info copy = *info;
	struct param_info *params;
	int err = 0;

	if (info->type >= EVENT_TYPE_MAX || info->n_params > EVENT_PARAMS_MAX)
		return -E2BIG;
	if (!columns_fit(info))
		return -EBADMSG;
	params = schema_copy_params(s, info->params, info->n_params, &err);
	for (unsigned i = 0; i < info->n_params && !err; i++) {
		struct param_info *p = &params[i];

		if (p->type == PT_DYN && !p->n_dynamic)
			err = -EBADMSG;
		p->dynamic =
		    p->n_dynamic ? schema_copy_params(s, p->dynamic, p->n_dynamic, &err) : NULL;
	}
	copy.params = params;
	copy.name = schema_copy_name(s, info->name, &err);
	info = schema_copy(s, &copy, sizeof copy, &err);
	if (err)
		return err;
	if (!schema_knows(s, info->type))
		free((void *)atomic_load(&s->rows.at[info->type]));
	atomic_store(&s->rows.at[info->type], info);
	s->known[info->type / 8] |= 1 << info->type % 8;
	return 0;
}

int schema_add_param(struct schema *s, uint16_t type, const struct param_info *param)
{
	const struct event_info *row = schema_find(s, type), *longer;
	struct param_info params[EVENT_PARAMS_MAX];
	struct event_info copy = *row;
	int err = 0;

	if (!schema_knows(s, type) || row->n_params >= EVENT_PARAMS_MAX)
		return -E2BIG;
	if (row->n_params)
		memcpy(params, row->params, row->n_params * sizeof *params);
	params[copy.n_params++] = *param;
	copy.params = schema_copy(s, params, copy.n_params * sizeof *params, &err);
	longer = schema_copy(s, &copy, sizeof copy, &err);
	if (!err)
		atomic_store(&s->rows.at[type], longer);
	return err;
}
