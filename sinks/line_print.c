/* Lines of events: what the segments of a format come out as. */
#include "base/decimal.h"
#include "sinks/line_segment.h"
#include "state/render_plan.h"

#include <stdlib.h>

#define NS_PER_SECOND 1000000000u
#define CLOCK_FRONT   (sizeof "HH:MM:SS." - 1)

static void type_free(struct line_type *t)
{
	if (t)
		render_plan_free(t->plan);
	free(t);
}

void line_forget(struct line *l)
{
	for (size_t i = 0; i < EVENT_TYPE_MAX; i++)
		type_free(l->types[i]);
}

/* NULL: out of memory. */
static struct line_type *type_new(struct line *l, const struct event *ev)
{
	struct line_type *t;

	type_free(l->types[ev->type]);
	if (!(t = l->types[ev->type] = calloc(1, sizeof *t)))
		return NULL;
	t->info = ev->info;
	t->n_params = ev->n_params;
	if (!(t->plan = render_plan_new(ev->info))) {
		free(t);
		t = l->types[ev->type] = NULL;
	}
	return t;
}

static inline struct line_type *type_of(struct line *l, const struct event *ev)
{
	struct line_type *t = l->types[ev->type];

	return t && t->info == ev->info && t->n_params == ev->n_params ? t : type_new(l, ev);
}

static enum run_kind run_of(const struct segment *s)
{
	if (s->width)
		return RUN_NONE;
	switch (s->kind) {
	case SEGMENT_COMM:
	case SEGMENT_TID:
		return RUN_THREAD;
	case SEGMENT_DIRECTION:
	case SEGMENT_TYPE:
		return RUN_TYPE;
	default:
		return RUN_NONE;
	}
}

void line_find_runs(struct line *l)
{
	bool found[RUN_TYPE + 1] = {[RUN_NONE] = true};

	for (size_t i = 0; i < l->n_segments; i++) {
		struct segment *s = &l->segments[i];
		enum run_kind run = run_of(s);

		if (found[run])
			continue;
		found[run] = true;
		s->run = run;
		while (i < l->n_segments && run_of(&l->segments[i]) == run) {
			s->run_len++;
			i++;
		}
		i--;
	}
	l->quick_room += (RUN_TYPE + 1) * sizeof(struct kept_text);
}

static void put_decimal(struct buffer *out, int64_t v)
{
	char *p = (char *)buffer_reserve(out, DECIMAL_MAX + 1);

	if (p)
		out->len += (size_t)(decimal_put_signed(p, v) - p);
}

/* HH:MM:SS.nnnnnnnnn; the part up to the point stays the same for many events. */
static inline char *put_clock(struct line *l, char *p, uint64_t ns)
{
	if (!l->clock[0] || ns - l->clock_second_ns >= NS_PER_SECOND) {
		render_clock(l->clock, ns);
		l->clock_second_ns = ns / NS_PER_SECOND * NS_PER_SECOND;
	}
	memcpy(p, l->clock, CLOCK_FRONT);
	return decimal_put_nine(p + CLOCK_FRONT, (uint32_t)(ns - l->clock_second_ns));
}

static void print_clock(struct line *l, struct buffer *out, uint64_t ns)
{
	char *p = (char *)buffer_reserve(out, sizeof l->clock);

	if (p)
		out->len += (size_t)(put_clock(l, p, ns) - p);
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

void line_time(struct line *l, struct buffer *out, uint64_t time_ns)
{
	struct event at = {.time_ns = time_ns, .duration_ns = DURATION_NONE};

	print_time(l, out, &at);
	l->previous_ns = time_ns;
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
		if (type_of(l, ev))
			render_plan_args(l->types[ev->type]->plan, out, ev, st, &l->render);
		else
			out->failed = true;
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

/* ---- the quick ways: into room that is there ---- */

static inline char *put_front(char *p, const struct segment *s)
{
	if (s->front_len <= FRONT_COPY)
		memcpy(p, s->front, FRONT_COPY);
	else
		memcpy(p, s->front, s->front_len);
	return p + s->front_len;
}

static inline char *put_event_number(struct line *l, char *p, uint64_t number)
{
	char *last = l->number_text + l->number_len - 1;

	if (l->number_len && number == l->number + 1 && *last != '9')
		++*last;
	else
		l->number_len = (unsigned)(decimal_put(l->number_text, number) - l->number_text);
	l->number = number;
	memcpy(p, l->number_text, DECIMAL_MAX);
	return p + l->number_len;
}

static char *put_text(char *p, const char *text)
{
	size_t len = strnlen(text, TEXT_QUICK + 1);

	return len && len <= TEXT_QUICK ? (char *)memcpy(p, text, len) + len : NULL;
}

/* NULL: this one takes the long way. */
static inline __attribute__((always_inline)) char *
put_quickly(struct line *l, const struct segment *s, char *p, const struct event *ev,
			 const struct state *st)
{
	switch (s->kind) {
	case SEGMENT_END:
		return p;
	case SEGMENT_NUMBER:
		return put_event_number(l, p, ev->number);
	case SEGMENT_TIME:
		return l->time_format == 'h' ? put_clock(l, p, ev->time_ns) : NULL;
	case SEGMENT_CPU:
		return ev->cpu == CPU_UNKNOWN ? NULL : decimal_put(p, ev->cpu);
	case SEGMENT_TID:
		return decimal_put_signed(p, ev->tid);
	case SEGMENT_DIRECTION:
		*p = event_direction(ev);
		return p + 1;
	case SEGMENT_COMM:
		return st->now.thread ? put_text(p, st->now.thread->comm) : NULL;
	case SEGMENT_TYPE:
		return ev->type > 1 ? put_text(p, ev->info->name) : NULL;
	default:
		return NULL;
	}
}

/* Where the text of a run is kept for this event; it may be another's. NULL: nowhere. */
static struct kept_text *kept_place(struct line *l, enum run_kind run, const struct event *ev,
				    const struct state *st)
{
	struct line_type *t;

	if (run == RUN_THREAD)
		return st->now.thread && st->now.thread->comm[0]
			   ? &l->threads[(uint64_t)ev->tid % KEPT_SLOTS]
			   : NULL;
	t = ev->type > 1 ? type_of(l, ev) : NULL;
	return t ? &t->kept[event_direction(ev) == '>'] : NULL;
}

/* The text of a run from its start on. NULL: some of it takes the long way. */
static char *put_run(struct line *l, const struct segment *s, char *p, const struct event *ev,
		     const struct state *st)
{
	const struct segment *end = s + s->run_len;
	const bool thread = s->run == RUN_THREAD;
	struct kept_text *kept = kept_place(l, s->run, ev, st);
	char *start = p;

	if (!kept)
		return NULL;
	if (kept->len &&
	    (!thread || (kept->tid == ev->tid && kept->name_id == st->now.thread->name_id))) {
		memcpy(p, kept->text, sizeof kept->text);
		return p + kept->len;
	}
	for (; s < end; s++)
		if (!(p = put_quickly(l, s, put_front(p, s), ev, st)))
			return NULL;
	kept->len = 0;
	if (p - start > KEPT_MAX)
		return p;
	*kept = (struct kept_text){.tid = ev->tid, .len = (uint8_t)(p - start)};
	if (thread)
		kept->name_id = st->now.thread->name_id;
	memcpy(kept->text, start, kept->len);
	return p;
}

/* ---- lines ---- */

/* One that may take any length. false: the event has no value for it. */
static bool put_any(struct line *l, struct segment *s, struct buffer *out, struct event *ev,
		    struct state *st)
{
	size_t start = out->len;
	bool there = print_segment(l, s, out, ev, st);

	if (!there && !l->lenient)
		return false;
	if (!there) {
		out->len = start;
		buffer_append(out, "<NA>", 4);
	}
	if (s->width)
		fit_width(out, start, s->width);
	return true;
}

/* Names of another state have other ids. */
static void follow_state(struct line *l, const struct state *st)
{
	l->state_serial = st->serial;
	memset(l->threads, 0, sizeof l->threads);
}

bool line_append(struct line *l, struct buffer *out, struct event *ev, struct state *st)
{
	struct segment *s = l->segments, *end = s + l->n_segments;
	size_t line_start = out->len;
	char *p = (char *)buffer_reserve(out, l->quick_room), *next;

	field_context.render = l->render;
	if (l->state_serial != st->serial)
		follow_state(l, st);
	while (s < end && p) {
		if (s->run && (next = put_run(l, s, p, ev, st))) {
			p = next;
			s += s->run_len;
			continue;
		}
		p = put_front(p, s);
		if (!s->width && (next = put_quickly(l, s, p, ev, st))) {
			p = next;
			s++;
			continue;
		}
		out->len = (size_t)((uint8_t *)p - out->data);
		if (!put_any(l, s++, out, ev, st)) {
			out->len = line_start;
			return false;
		}
		p = (char *)buffer_reserve(out, l->quick_room);
	}
	if (p)
		out->len = (size_t)((uint8_t *)p - out->data);
	l->previous_ns = ev->time_ns;
	return true;
}
