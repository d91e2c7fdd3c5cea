#include "sinks/sink_tee.h"

#include <errno.h>
#include <stdlib.h>

struct tee {
	struct sink sink;
	struct sink *to[2];
};

/* Both are asked, also when the first has enough; one that fails ends it. */
#define BOTH(which, call, ...)                                                                     \
	({                                                                                         \
		struct tee *tee_ = (struct tee *)(which);                                          \
		int answer_ = 0;                                                                   \
                                                                                                   \
		for (unsigned i_ = 0; i_ < 2 && answer_ >= 0; i_++) {                              \
			struct sink *one_ = tee_->to[i_];                                          \
			int r_ = one_->ops->call ? one_->ops->call(one_, __VA_ARGS__) : 0;         \
                                                                                                   \
			if (r_ != 0)                                                               \
				answer_ = r_;                                                      \
		}                                                                                  \
		answer_;                                                                           \
	})

static int tee_capture(struct sink *s, const struct capture_info *info, struct error *err)
{
	return BOTH(s, capture, info, err);
}

static int tee_state(struct sink *s, const struct state_entry *entries, size_t n, struct error *err)
{
	return BOTH(s, state, entries, n, err);
}

static int tee_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	return BOTH(s, event, ev, st, err);
}

static int tee_waits(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	return BOTH(s, waits, ev, st, err);
}

static int tee_aside(struct sink *s, struct error *err)
{
	return BOTH(s, aside, err);
}

static int tee_hidden(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	return BOTH(s, hidden, ev, st, err);
}

static int tee_batch_end(struct sink *s, struct batch *batch, struct error *err)
{
	return BOTH(s, batch_end, batch, err);
}

static int tee_loss(struct sink *s, const struct loss_entry *loss, struct error *err)
{
	return BOTH(s, loss, loss, err);
}

static int tee_packet(struct sink *s, const struct packet *p, struct error *err)
{
	return BOTH(s, packet, p, err);
}

/* A file that cannot be ended is no reason to keep a table back. The first error counts, and its words. */
static int tee_finish(struct sink *s, struct error *err)
{
	struct tee *t = (struct tee *)s;
	int answer = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct sink *one = t->to[i];
		int r = one->ops->finish ? one->ops->finish(one, err) : 0;

		if (answer == 0)
			answer = r;
	}
	return answer;
}

static void tee_free(struct sink *s)
{
	struct tee *t = (struct tee *)s;

	for (unsigned i = 0; i < 2; i++)
		if (t->to[i]->ops->free)
			t->to[i]->ops->free(t->to[i]);
	free(t);
}

static const struct sink_ops tee_ops = {
    .name = "tee",
    .capture = tee_capture,
    .state = tee_state,
    .event = tee_event,
    .waits = tee_waits,
    .aside = tee_aside,
    .hidden = tee_hidden,
    .batch_end = tee_batch_end,
    .loss = tee_loss,
    .packet = tee_packet,
    .finish = tee_finish,
    .free = tee_free,
};

struct sink *sink_tee_new(struct sink *first, struct sink *second)
{
	struct tee *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->sink = (struct sink){&tee_ops, first->needs | second->needs};
	t->to[0] = first;
	t->to[1] = second;
	return &t->sink;
}
