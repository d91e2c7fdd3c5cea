#include "sinks/line.h"

#include "base/decimal.h"

#include <errno.h>
#include <stdlib.h>

#define NS_PER_SECOND 1000000000u
#define FRONT_COPY    16 /* bytes copied at once: most literals are a blank or two */
#define CLOCK_FRONT   (sizeof "HH:MM:SS." - 1)

/*
 * The fields of the default line have a printer of their own, which skips the detour through
 * struct value; whatever they do not handle falls back to the general one.
 */
enum segment_kind {
	SEGMENT_END, /* the literal text behind the last field */
	SEGMENT_FIELD,
	SEGMENT_NUMBER,
	SEGMENT_TIME,
	SEGMENT_CPU,
	SEGMENT_COMM,
	SEGMENT_TID,
	SEGMENT_DIRECTION,
	SEGMENT_TYPE,
	SEGMENT_ARGS,
};

struct segment {
	enum segment_kind kind;
	uint32_t width; /* 0: as long as it is */
	uint32_t front_len;
	char *front; /* literal text before the field; with room for FRONT_COPY bytes */
	char *name;  /* field as written, NUL-terminated; owned */
	struct field field;
	struct field_scratch scratch;
};

struct line {
	char *format;
	bool lenient;
	char time_format;
	unsigned needs;
	struct render_options render;
	size_t n_segments, n_fields;
	struct buffer literal; /* while compiling: text of the next segment's front */
	struct segment *segments;
	struct segment **fields;
	/* The clock's text up to the second, which rarely changes. */
	uint64_t clock_second_ns;
	char clock[32];
	uint64_t previous_ns;
};

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

static void put_decimal(struct buffer *out, int64_t v)
{
	char *p = (char *)buffer_reserve(out, DECIMAL_MAX + 1);

	if (p)
		out->len += (size_t)(decimal_put_signed(p, v) - p);
}

/* HH:MM:SS.nnnnnnnnn; the part up to the point stays the same for many events. */
static void print_clock(struct line *l, struct buffer *out, uint64_t ns)
{
	char *p = (char *)buffer_reserve(out, sizeof l->clock);

	if (!p)
		return;
	if (!l->clock[0] || ns - l->clock_second_ns >= NS_PER_SECOND) {
		render_clock(l->clock, ns);
		l->clock_second_ns = ns / NS_PER_SECOND * NS_PER_SECOND;
	}
	memcpy(p, l->clock, CLOCK_FRONT);
	decimal_put_nine(p + CLOCK_FRONT, (uint32_t)(ns - l->clock_second_ns));
	out->len += CLOCK_FRONT + 9;
}

static void print_seconds(struct buffer *out, uint64_t ns)
{
	char *start = (char *)buffer_reserve(out, DECIMAL_MAX + 10), *p;

	if (!start)
		return;
	p = decimal_put(start, ns / NS_PER_SECOND);
	*p++ = '.';
	p = decimal_put_nine(p, (uint32_t)(ns % NS_PER_SECOND));
	out->len += (size_t)(p - start);
}

static void print_time(struct line *l, struct buffer *out, const struct event *ev)
{
	uint64_t first = field_context.first_ns ? field_context.first_ns : ev->time_ns;

	switch (l->time_format) {
	case 'a':
		print_seconds(out, ev->time_ns);
		break;
	case 'r':
		print_seconds(out, ev->time_ns > first ? ev->time_ns - first : 0);
		break;
	case 'd':
		print_seconds(out, ev->duration_ns == DURATION_NONE ? 0 : ev->duration_ns);
		break;
	case 'D':
		print_seconds(out, l->previous_ns && ev->time_ns > l->previous_ns
				       ? ev->time_ns - l->previous_ns
				       : 0);
		break;
	default:
		print_clock(l, out, ev->time_ns);
	}
}

/* The general way. A list prints as (a,b,c). */
static bool print_field(struct segment *s, struct buffer *out, struct event *ev, struct state *st)
{
	struct value v;

	if (!field_extract(&s->field, ev, st, 0, &s->scratch, &v))
		return false;
	if (!field_is_list(&s->field)) {
		field_print(&s->field, &v, out);
		return true;
	}
	buffer_u8(out, '(');
	for (unsigned nth = 0;;) {
		field_print(&s->field, &v, out);
		if (!field_extract(&s->field, ev, st, ++nth, &s->scratch, &v))
			break;
		buffer_u8(out, ',');
	}
	buffer_u8(out, ')');
	return true;
}

static bool print_segment(struct line *l, struct segment *s, struct buffer *out, struct event *ev,
			  struct state *st)
{
	const struct thread *t;

	switch (s->kind) {
	case SEGMENT_END:
		return true;
	case SEGMENT_NUMBER:
		put_decimal(out, (int64_t)ev->number);
		return true;
	case SEGMENT_TIME:
		print_time(l, out, ev);
		return true;
	case SEGMENT_CPU:
		if (ev->cpu == CPU_UNKNOWN)
			return print_field(s, out, ev, st);
		put_decimal(out, ev->cpu);
		return true;
	case SEGMENT_COMM:
		t = st->now.thread;
		if (!t || !t->comm[0])
			return print_field(s, out, ev, st);
		buffer_append(out, t->comm, strlen(t->comm));
		return true;
	case SEGMENT_TID:
		put_decimal(out, ev->tid);
		return true;
	case SEGMENT_DIRECTION:
		buffer_u8(out, (uint8_t)event_direction(ev));
		return true;
	case SEGMENT_TYPE:
		/* 0 and 1 are the public "generic" call: its name is in a parameter. */
		if (ev->type <= 1)
			return print_field(s, out, ev, st);
		buffer_append(out, ev->info->name, strlen(ev->info->name));
		return true;
	case SEGMENT_ARGS:
		if (ev->type <= 1)
			return print_field(s, out, ev, st);
		render_args(out, ev, st, &l->render);
		return true;
	case SEGMENT_FIELD:
		break;
	}
	return print_field(s, out, ev, st);
}

static void fit_width(struct buffer *out, size_t start, uint32_t width)
{
	size_t len = out->len - start;

	if (len > width) {
		out->len = start + width;
		return;
	}
	for (; len < width; len++)
		buffer_u8(out, ' ');
}

static void print_front(const struct segment *s, struct buffer *out)
{
	uint8_t *p = buffer_reserve(out, s->front_len + FRONT_COPY);

	if (!p)
		return;
	if (s->front_len <= FRONT_COPY)
		memcpy(p, s->front, FRONT_COPY);
	else
		memcpy(p, s->front, s->front_len);
	out->len += s->front_len;
}

bool line_append(struct line *l, struct buffer *out, struct event *ev, struct state *st)
{
	size_t line_start = out->len;

	field_context.render = l->render;
	for (size_t i = 0; i < l->n_segments; i++) {
		struct segment *s = &l->segments[i];
		size_t start;

		print_front(s, out);
		start = out->len;
		if (!print_segment(l, s, out, ev, st)) {
			if (!l->lenient) {
				out->len = line_start;
				return false;
			}
			out->len = start;
			buffer_append(out, "<NA>", 4);
		}
		if (s->width)
			fit_width(out, start, s->width);
	}
	l->previous_ns = ev->time_ns;
	return true;
}
