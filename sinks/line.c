#include "sinks/line_segment.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *name;
	enum segment_kind kind;
} fast_fields[] = {
    {"evt.num", SEGMENT_NUMBER},    {"evt.outputtime", SEGMENT_TIME}, {"evt.time", SEGMENT_TIME},
    {"evt.cpu", SEGMENT_CPU},       {"proc.name", SEGMENT_COMM},      {"thread.tid", SEGMENT_TID},
    {"evt.dir", SEGMENT_DIRECTION}, {"evt.type", SEGMENT_TYPE},       {"evt.args", SEGMENT_ARGS},
    {"evt.info", SEGMENT_ARGS},
};

static enum segment_kind kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof fast_fields / sizeof *fast_fields; i++)
		if (!strcmp(fast_fields[i].name, name))
			return fast_fields[i].kind;
	return SEGMENT_FIELD;
}

/* A new segment, behind the literal text gathered so far. */
static struct segment *segment_new(struct line *l, enum segment_kind kind, struct error *err)
{
	struct segment *s = &l->segments[l->n_segments];

	if (l->n_segments == LINE_SEGMENTS_MAX) {
		error_set(err, -E2BIG, "the line format has more than %d fields",
			  LINE_SEGMENTS_MAX);
		return NULL;
	}
	s->kind = kind;
	s->front_len = (uint32_t)l->literal.len;
	s->front = calloc(1, l->literal.len + FRONT_COPY);
	if (!s->front || buffer_failed(&l->literal)) {
		free(s->front);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (s->front_len)
		memcpy(s->front, l->literal.data, s->front_len);
	buffer_clear(&l->literal);
	l->n_segments++;
	l->quick_room += s->front_len + FRONT_COPY + TEXT_QUICK;
	return s;
}

/* `text` stands behind the '%'. Returns how many characters the field took, or negative errno. */
static int64_t add_field(struct line *l, const char *text, struct error *err)
{
	struct segment *s = segment_new(l, SEGMENT_FIELD, err);
	const char *p = text;
	size_t len = 0;
	int r;

	if (!s)
		return err ? err->code : -ENOMEM;
	for (; *p >= '0' && *p <= '9'; p++) {
		s->width = s->width * 10 + (uint32_t)(*p - '0');
		if (s->width > LINE_WIDTH_MAX)
			return error_set_at(err, -EINVAL, (uint64_t)(text - l->format),
					    "a column wider than %d in the line format",
					    LINE_WIDTH_MAX);
	}
	if (!*p || strchr(" \t\n", *p))
		return error_set_at(
		    err, -EINVAL, (uint64_t)(p - l->format),
		    "line format, column %td: a field must follow the %% (%%%% prints a %%)",
		    p - l->format + 1);
	r = field_parse(&s->field, p, &len, err);
	if (r < 0) {
		if (err)
			err->offset += (uint64_t)(p - l->format);
		error_prefix(err, "line format, column %td", p - l->format + 1);
		return r;
	}
	s->name = strndup(p, len);
	if (!s->name)
		return error_set(err, -ENOMEM, "out of memory");
	if (s->field.info->filter_only)
		return error_set_at(err, -EINVAL, (uint64_t)(p - l->format),
				    "line format: %s can only be used in filters", s->name);
	s->kind = kind_of(s->name);
	/* evt.time is always the clock; only evt.outputtime follows -t. */
	if (s->kind == SEGMENT_TIME && l->time_format != 'h' && strcmp(s->name, "evt.outputtime"))
		s->kind = SEGMENT_FIELD;
	l->needs |= s->field.info->needs;
	/* arguments name the processes and users behind their numbers */
	if (s->kind == SEGMENT_ARGS)
		l->needs |= NEED_THREADS | NEED_USERS;
	l->fields[l->n_fields++] = s;
	return (p - text) + (int64_t)len;
}

static int line_compile(struct line *l, const char *p, struct error *err)
{
	for (;;) {
		const char *percent = strchrnul(p, '%');
		int64_t used;

		buffer_append(&l->literal, p, (size_t)(percent - p));
		p = percent;
		if (*p == 0)
			break;
		if (p[1] == '%') {
			buffer_u8(&l->literal, '%');
			p += 2;
			continue;
		}
		used = add_field(l, p + 1, err);
		if (used < 0)
			return (int)used;
		p += 1 + used;
	}
	return segment_new(l, SEGMENT_END, err) ? 0 : -ENOMEM;
}

struct line *line_new(const char *format, char time_format, const struct render_options *render,
		      struct error *err)
{
	struct line *l;

	if (!format)
		format = LINE_DEFAULT;
	if (!time_format)
		time_format = 'h';
	if (!strchr("ahrdD", time_format)) {
		error_set(err, -EINVAL, "'%c' is not a time format (a, h, r, d or D)", time_format);
		return NULL;
	}
	if (strlen(format) > LINE_FORMAT_MAX) {
		error_set(err, -E2BIG, "the line format is longer than %d bytes", LINE_FORMAT_MAX);
		return NULL;
	}
	l = calloc(1, sizeof *l);
	if (!l)
		goto out_of_memory;
	l->format = strdup(format);
	l->segments = calloc(LINE_SEGMENTS_MAX, sizeof *l->segments);
	l->fields = calloc(LINE_SEGMENTS_MAX, sizeof *l->fields);
	if (!l->format || !l->segments || !l->fields)
		goto out_of_memory;
	l->time_format = time_format;
	if (render)
		l->render = *render;
	l->lenient = l->format[0] == '*';
	if (line_compile(l, l->format + l->lenient, err) < 0) {
		line_free(l);
		return NULL;
	}
	line_find_runs(l);
	return l;

out_of_memory:
	error_set(err, -ENOMEM, "out of memory");
	line_free(l);
	return NULL;
}

void line_free(struct line *l)
{
	if (!l)
		return;
	line_forget(l);
	for (size_t i = 0; i < l->n_segments; i++) {
		free(l->segments[i].name);
		free(l->segments[i].front);
		buffer_done(&l->segments[i].scratch.bytes);
	}
	buffer_done(&l->literal);
	free(l->segments);
	free(l->fields);
	free(l->format);
	free(l);
}

unsigned line_needs(const struct line *l)
{
	return l->needs;
}

bool line_is_lenient(const struct line *l)
{
	return l->lenient;
}

size_t line_field_count(const struct line *l)
{
	return l->n_fields;
}

const struct field *line_field_at(const struct line *l, size_t i)
{
	return &l->fields[i]->field;
}

const char *line_field_text(const struct line *l, size_t i)
{
	return l->fields[i]->name;
}

struct field_scratch *line_field_scratch(struct line *l, size_t i)
{
	return &l->fields[i]->scratch;
}
