/* Counting: needs no event at all where the filter's column part decides. */
#include "sinks/sink.h"

#include <stdlib.h>

struct count_sink {
	struct sink sink;
	uint64_t *n;
};

static int count_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	++*((struct count_sink *)s)->n;
	return 0;
}

static int count_selection(struct sink *s, struct batch *batch, const uint64_t *bits,
			   uint64_t n_set, struct error *err)
{
	*((struct count_sink *)s)->n += n_set;
	return 0;
}

static void count_free(struct sink *s)
{
	free(s);
}

static const struct sink_ops count_ops = {
    .name = "count",
    .event = count_event,
    .selection = count_selection,
    .free = count_free,
};

struct sink *sink_count_new(uint64_t *n)
{
	struct count_sink *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	*n = 0;
	c->sink.ops = &count_ops;
	c->n = n;
	return &c->sink;
}
