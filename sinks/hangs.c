/*
 * Calls in progress: who, in which call, with which arguments, for how long. Of each thread its last word
 * counts: who ended or did something else since is not listed. The longest come first.
 */
#include "sinks/hangs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define HANGS_MAX 65536 /* threads listed; PID_MAX_LIMIT is far more than anybody reads */

struct hang {
	int64_t tid;
	uint64_t duration_ns; /* DURATION_NONE: since before the capture */
	char *text;
};

struct hangs {
	struct sink sink;
	FILE *out;
	struct render_options render;
	struct hang *list;
	size_t n, allocated;
	uint64_t n_left_out, last_ns;
	struct buffer text;
};

static void forget(struct hangs *h, int64_t tid)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].tid == tid) {
			free(h->list[i].text);
			h->list[i] = h->list[--h->n];
			return;
		}
}

static int remember(struct hangs *h, const struct hang *hang)
{
	if (h->n == h->allocated) {
		size_t n = h->allocated ? h->allocated * 2 : 64;
		struct hang *more = reallocarray(h->list, n, sizeof *more);

		if (!more)
			return -ENOMEM;
		h->list = more;
		h->allocated = n;
	}
	h->list[h->n++] = *hang;
	return 0;
}

/* The call with those of its arguments that are known. */
static void render_call(struct hangs *h, struct event *ev, struct state *st)
{
	const char *between = "";

	buffer_printf(&h->text, "%s(", ev->info->name);
	for (unsigned i = 0; i < ev->n_params; i++) {
		if ((int)i == ev->info->result_param || !event_param(ev, i)->data)
			continue;
		buffer_printf(&h->text, "%s%s=", between, ev->info->params[i].name);
		render_param(&h->text, ev, i, st, &h->render);
		between = " ";
	}
	buffer_u8(&h->text, ')');
	buffer_u8(&h->text, 0);
}

static int hangs_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct hangs *h = (struct hangs *)s;
	struct hang hang = {.tid = ev->tid, .duration_ns = ev->duration_ns};
	const struct thread *t = st->now.thread;

	if (h->n)
		forget(h, ev->tid);
	if (!(ev->flags & EVENT_UNFINISHED))
		return 0;
	if (h->n == HANGS_MAX) {
		h->n_left_out++;
		return 0;
	}
	h->last_ns = ev->time_ns;
	buffer_clear(&h->text);
	buffer_printf(&h->text, "%s (%" PRId64 ") ", t && t->comm ? t->comm : "?", ev->tid);
	render_call(h, ev, st);
	hang.text = buffer_failed(&h->text) ? NULL : strdup((char *)h->text.data);
	if (!hang.text || remember(h, &hang) < 0) {
		free(hang.text);
		return error_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* DURATION_NONE is the largest number, and the longest time. */
static int longest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct hang *)a)->duration_ns, y = ((const struct hang *)b)->duration_ns;

	return (x < y) - (x > y);
}

void hangs_print(struct sink *s)
{
	struct hangs *h = (struct hangs *)s;
	char clock[32];

	if (!h->n)
		return;
	qsort(h->list, h->n, sizeof *h->list, longest_first);
	render_clock(clock, h->last_ns);
	fprintf(h->out, "calls in progress at %s:\n", clock);
	for (size_t i = 0; i < h->n; i++) {
		const struct hang *hang = &h->list[i];

		if (hang->duration_ns == DURATION_NONE)
			fprintf(h->out, "  since before     %s\n", hang->text);
		else
			fprintf(h->out, "%6" PRIu64 ".%09" PRIu64 " s %s\n", hang->duration_ns / 1000000000,
				hang->duration_ns % 1000000000, hang->text);
	}
	if (h->n_left_out)
		fprintf(h->out, "and %" PRIu64 " more\n", h->n_left_out);
	fflush(h->out);
}

void hangs_forget(struct sink *s)
{
	struct hangs *h = (struct hangs *)s;

	for (size_t i = 0; i < h->n; i++)
		free(h->list[i].text);
	h->n = 0;
	h->n_left_out = 0;
}

static int hangs_finish(struct sink *s, struct error *err)
{
	hangs_print(s);
	return 0;
}

static void hangs_free(struct sink *s)
{
	struct hangs *h = (struct hangs *)s;

	hangs_forget(s);
	free(h->list);
	buffer_done(&h->text);
	free(h);
}

static const struct sink_ops hangs_ops = {
	.name = "hangs",
	.event = hangs_event,
	.finish = hangs_finish,
	.free = hangs_free,
};

struct sink *sink_hangs_new(FILE *out, const struct render_options *render)
{
	struct hangs *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->sink.ops = &hangs_ops;
	h->sink.needs = NEED_PARAMS | NEED_THREADS | NEED_FDS;
	h->out = out;
	h->render = *render;
	return &h->sink;
}
