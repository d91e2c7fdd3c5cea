#include "capture/hang_watch.h"

#include "sinks/hangs.h"

#include <stdio.h>
#include <stdlib.h>

struct hang_watch {
	struct sink sink;
	struct sink *real, *hangs;
	struct source *source;
	bool (*at_end)(void *context);
	void *context;
	bool asked;
};

static struct hang_watch *watch_of(struct sink *s)
{
	return (struct hang_watch *)s;
}

/* In progress when recording stopped, and not only while it went on. */
static bool is_last_word(struct hang_watch *w, const struct event *ev)
{
	struct source_bpf_stats stats;

	source_bpf_stats(w->source, &stats);
	return stats.stopped_ns && ev->time_ns >= stats.stopped_ns;
}

static bool was_asked(struct hang_watch *w)
{
	struct source_bpf_stats stats;

	source_bpf_stats(w->source, &stats);
	return stats.reported;
}

static int watch_capture(struct sink *s, const struct capture_info *info, struct error *err)
{
	struct sink *real = watch_of(s)->real;

	return real->ops->capture ? real->ops->capture(real, info, err) : 0;
}

static int watch_state(struct sink *s, const struct state_entry *entries, size_t n, struct error *err)
{
	struct sink *real = watch_of(s)->real;

	return real->ops->state ? real->ops->state(real, entries, n, err) : 0;
}

/* Whether the event goes on to the real sink: 1, 0; negative errno. */
static int watch(struct hang_watch *w, struct event *ev, struct state *st, struct error *err)
{
	bool last;
	int r = 0;

	if (!(ev->flags & EVENT_UNFINISHED))
		return 1;
	last = is_last_word(w, ev);
	if (last || was_asked(w))
		r = w->hangs->ops->event(w->hangs, ev, st, err);
	if (r < 0 || last)
		return r < 0 ? r : 1;
	w->asked |= was_asked(w);
	return w->real->ops->waits ? w->real->ops->waits(w->real, ev, st, err) : 0;
}

static int watch_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct hang_watch *w = watch_of(s);
	int r = watch(w, ev, st, err);

	return r == 1 && w->real->ops->event ? w->real->ops->event(w->real, ev, st, err) : r < 0 ? r : 0;
}

static int watch_hidden(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct sink *real = watch_of(s)->real;

	if ((ev->flags & EVENT_UNFINISHED) && !is_last_word(watch_of(s), ev))
		return 0;
	return real->ops->hidden ? real->ops->hidden(real, ev, st, err) : 0;
}

static int watch_batch_end(struct sink *s, struct batch *batch, struct error *err)
{
	struct hang_watch *w = watch_of(s);
	int r = w->asked && w->real->ops->aside ? w->real->ops->aside(w->real, err) : 0;

	if (r < 0)
		return r;
	if (w->asked) {
		hangs_print(w->hangs);
		hangs_forget(w->hangs);
		w->asked = false;
	}
	return w->real->ops->batch_end ? w->real->ops->batch_end(w->real, batch, err) : 0;
}

static int watch_loss(struct sink *s, const struct loss_entry *loss, struct error *err)
{
	struct sink *real = watch_of(s)->real;

	return real->ops->loss ? real->ops->loss(real, loss, err) : 0;
}

static int watch_packet(struct sink *s, const struct packet *p, struct error *err)
{
	struct sink *real = watch_of(s)->real;

	return real->ops->packet ? real->ops->packet(real, p, err) : 0;
}

static int watch_finish(struct sink *s, struct error *err)
{
	struct hang_watch *w = watch_of(s);
	int r = w->real->ops->finish ? w->real->ops->finish(w->real, err) : 0;

	if (w->at_end(w->context))
		hangs_print(w->hangs);
	return r;
}

static void watch_free(struct sink *s)
{
	struct hang_watch *w = watch_of(s);

	w->hangs->ops->free(w->hangs);
	w->real->ops->free(w->real);
	free(w);
}

static const struct sink_ops watch_ops = {
	.name = "hang_watch",
	.capture = watch_capture,
	.state = watch_state,
	.event = watch_event,
	.hidden = watch_hidden,
	.batch_end = watch_batch_end,
	.loss = watch_loss,
	.packet = watch_packet,
	.finish = watch_finish,
	.free = watch_free,
};

struct sink *hang_watch_new(struct sink *real, struct source *source, const struct render_options *render,
			    bool (*at_end)(void *context), void *context)
{
	struct hang_watch *w = calloc(1, sizeof *w);
	struct sink *hangs = sink_hangs_new(stderr, render);

	if (!w || !hangs) {
		if (hangs)
			hangs->ops->free(hangs);
		free(w);
		return NULL;
	}
	*w = (struct hang_watch){.sink = {.ops = &watch_ops}, .real = real, .hangs = hangs, .source = source,
				 .at_end = at_end, .context = context};
	w->sink.needs = real->needs | hangs->needs;
	return &w->sink;
}
