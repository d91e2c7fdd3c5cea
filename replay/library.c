/* libscapkit: the pipeline behind a small, stable set of functions (replay/scapkit.h). */
#pragma GCC visibility push(default)
#include "replay/scapkit.h"
#pragma GCC visibility pop

#include "replay/source_open.h"
#include "sinks/line.h"
#include "sinks/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#define FIELDS_MAX 64 /* fields remembered in parsed form; more are parsed again each time */

/* The numbers are part of the interface: they must not drift from the format's. */
_Static_assert((int)SCAPKIT_UNFINISHED == EVENT_UNFINISHED, "flag");
_Static_assert((int)SCAPKIT_CHILD_RETURN == EVENT_CHILD_RETURN, "flag");
_Static_assert((int)SCAPKIT_TRUNCATED == EVENT_TRUNCATED, "flag");
_Static_assert(SCAPKIT_DURATION_NONE == DURATION_NONE, "no duration");

struct known_field {
	char *text;
	struct field field;
	struct field_scratch scratch;
};

struct scapkit_capture {
	struct error err;
	struct pipeline pipeline;
	struct run *run;  /* NULL: before the first event */
	struct event *ev; /* NULL: no current event */
	struct state *st;
	struct scapkit_event public;
	/* The fields' context is the thread's; several captures may take turns in one thread. */
	struct field_context context;
	struct known_field fields[FIELDS_MAX];
	size_t n_fields;
	struct known_field spare; /* for fields beyond these */
	struct buffer printed;
	struct line *line;
	char *line_format;
};

const char *scapkit_version(void)
{
	return SCAPKIT_VERSION;
}

int scapkit_open(const char *path, struct scapkit_capture **ret)
{
	struct scapkit_capture *c = *ret = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->pipeline.needs = NEED_COLUMNS | NEED_PARAMS | NEED_THREADS | NEED_FDS | NEED_USERS;
	c->pipeline.source = source_open(path, NULL, &c->err);
	return c->pipeline.source ? 0 : c->err.code;
}

static void known_field_done(struct known_field *k)
{
	free(k->text);
	buffer_done(&k->scratch.bytes);
}

void scapkit_close(struct scapkit_capture *c)
{
	if (!c)
		return;
	run_close(c->run);
	source_close(c->pipeline.source);
	filter_free(c->pipeline.filter);
	for (size_t i = 0; i < c->n_fields; i++)
		known_field_done(&c->fields[i]);
	known_field_done(&c->spare);
	buffer_done(&c->printed);
	line_free(c->line);
	free(c->line_format);
	free(c);
}

const char *scapkit_error(const struct scapkit_capture *c)
{
	return c ? c->err.text : "out of memory";
}

int scapkit_set_filter(struct scapkit_capture *c, const char *text)
{
	struct filter *f;

	error_clear(&c->err);
	if (c->run)
		return error_set(&c->err, -EBUSY,
				 "the filter is set before the first event is read");
	f = filter_new(text, &c->err);
	if (!f)
		return c->err.code;
	filter_free(c->pipeline.filter);
	c->pipeline.filter = f;
	return 0;
}

static void publish(struct scapkit_capture *c)
{
	const struct event *ev = c->ev;

	c->public = (struct scapkit_event){
	    .number = ev->number,
	    .time_ns = ev->time_ns,
	    .duration_ns = ev->duration_ns,
	    .tid = ev->tid,
	    .result = ev->has_result ? ev->result : 0,
	    .type_name = ev->info->name,
	    .type = ev->type,
	    .cpu = ev->cpu,
	    .flags = ev->flags,
	    .n_params = ev->info->n_params,
	    .has_result = ev->has_result,
	};
}

int scapkit_next(struct scapkit_capture *c, const struct scapkit_event **ret)
{
	int r;

	error_clear(&c->err);
	c->ev = NULL;
	if (!c->pipeline.source)
		return error_set(&c->err, -EBADF, "the capture is not open");
	field_context = c->context;
	if (!c->run)
		c->run = pipeline_open(&c->pipeline, &c->err);
	r = c->run ? run_next(c->run, &c->ev, &c->st, &c->err) : -ENOMEM;
	c->context = field_context;
	if (r <= 0) {
		c->ev = NULL;
		return r;
	}
	publish(c);
	*ret = &c->public;
	return 1;
}

uint64_t scapkit_lost(const struct scapkit_capture *c)
{
	return c->pipeline.n_lost;
}

/* The parsed form of a field's name; NULL with words. */
static struct known_field *field_of(struct scapkit_capture *c, const char *text)
{
	struct known_field *k = &c->spare;
	size_t len = 0;

	for (size_t i = 0; i < c->n_fields; i++)
		if (!strcmp(c->fields[i].text, text))
			return &c->fields[i];
	if (field_parse(&k->field, text, &len, &c->err) < 0)
		return NULL;
	if (text[len]) {
		error_set_at(&c->err, -EINVAL, len, "'%s': nothing may follow the field", text);
		return NULL;
	}
	if (c->n_fields == FIELDS_MAX)
		return k;
	c->fields[c->n_fields].text = strdup(text);
	if (!c->fields[c->n_fields].text)
		return k;
	c->fields[c->n_fields].field = k->field;
	return &c->fields[c->n_fields++];
}

/* 1 a value, 0 none, negative errno. */
static int extract(struct scapkit_capture *c, const char *text, struct known_field **ret_field,
		   struct value *v)
{
	struct known_field *k;

	error_clear(&c->err);
	if (!c->ev)
		return error_set(&c->err, -ENOENT, "there is no current event");
	k = *ret_field = field_of(c, text);
	if (!k)
		return c->err.code;
	field_context = c->context;
	return field_extract(&k->field, c->ev, c->st, 0, &k->scratch, v);
}

int64_t scapkit_field_text(struct scapkit_capture *c, const char *field, char *text, size_t size)
{
	struct known_field *k;
	struct value v;
	int r = extract(c, field, &k, &v);

	if (size)
		text[0] = 0;
	if (r <= 0)
		return r;
	buffer_clear(&c->printed);
	field_print(&k->field, &v, &c->printed);
	if (buffer_failed(&c->printed))
		return error_set(&c->err, -ENOMEM, "out of memory");
	if (size) {
		size_t n = c->printed.len < size ? c->printed.len : size - 1;

		if (n)
			memcpy(text, c->printed.data, n);
		text[n] = 0;
	}
	return (int64_t)c->printed.len + 1;
}

int scapkit_field_number(struct scapkit_capture *c, const char *field, int64_t *ret)
{
	struct known_field *k;
	struct value v;
	int r = extract(c, field, &k, &v);

	if (r <= 0)
		return r;
	switch (v.kind) {
	case VALUE_INT:
		*ret = v.i;
		return 1;
	case VALUE_UINT:
		*ret = (int64_t)v.u;
		return 1;
	case VALUE_BOOL:
		*ret = v.b;
		return 1;
	default:
		return error_set(&c->err, -ERANGE, "%s is not a number", field);
	}
}

int scapkit_param(struct scapkit_capture *c, uint32_t i, const char **name, const void **data,
		  size_t *len)
{
	const struct param *p;

	error_clear(&c->err);
	if (!c->ev || i >= c->ev->info->n_params)
		return error_set(&c->err, -ENOENT, "there is no such parameter");
	p = event_param(c->ev, i);
	if (name)
		*name = c->ev->info->params[i].name;
	if (data)
		*data = p->data;
	if (len)
		*len = p->data ? p->len : 0;
	return p->data != NULL;
}

/* Makes c->line that of the format, unless it is already. */
static int line_need(struct scapkit_capture *c, const char *format)
{
	if (!format)
		format = LINE_DEFAULT;
	if (c->line && !strcmp(c->line_format, format))
		return 0;
	line_free(c->line);
	free(c->line_format);
	c->line = NULL;
	c->line_format = strdup(format);
	if (!c->line_format)
		return error_set(&c->err, -ENOMEM, "out of memory");
	c->line = line_new(format, 0, NULL, &c->err);
	return c->line ? 0 : c->err.code;
}

int scapkit_line(struct scapkit_capture *c, const char *format, const char **ret)
{
	int r;

	error_clear(&c->err);
	if (!c->ev)
		return error_set(&c->err, -ENOENT, "there is no current event");
	r = line_need(c, format);
	if (r < 0)
		return r;
	field_context = c->context;
	buffer_clear(&c->printed);
	if (!line_append(c->line, &c->printed, c->ev, c->st))
		return 0;
	buffer_u8(&c->printed, 0);
	if (buffer_failed(&c->printed))
		return error_set(&c->err, -ENOMEM, "out of memory");
	*ret = (const char *)c->printed.data;
	return 1;
}
