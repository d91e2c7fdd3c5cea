/*
 * A handful of made-up events with processes and fds behind them, and a filter run over them in every
 * way there is: event by event, by columns, by types, as the kernel would. For tests and fuzzing.
 *
 *	struct filter_events e;
 *	filter_events_init(&e);
 *	words = filter_events_run(&e, text, len, numbers, sizeof numbers);
 *	filter_events_done(&e);
 */
#pragma once
#include "filters/filter.h"
#include "tests/unit/capture_maker.h"

struct filter_events {
	struct schema *schema;
	struct state *st;
	struct maker m;
};

/* false: out of memory, or an event that the tables do not have. */
bool filter_events_init(struct filter_events *e);
void filter_events_done(struct filter_events *e);
/* Back to the state before the first event. */
bool filter_events_rewind(struct filter_events *e);
/*
 * Numbers (from 0) of the events that match, "0 3 5", in out. NULL when all is well or the text is refused
 * (then *err is set); else words that say which part lost an event.
 */
const char *filter_events_run(struct filter_events *e, const char *text, size_t len, char *out,
			      size_t size, struct error *err);
