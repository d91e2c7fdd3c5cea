/*
 * source -> state -> filter -> sink: the loop that every tool runs.
 */
#pragma once
#include "sinks/sink.h"

struct pipeline {
	struct source *source;
	struct filter *filter;		/* NULL: everything passes */
	struct sink *sink;
	uint64_t limit;			/* stop after this many passed, 0: none */
	bool show_hidden;		/* EVENT_HIDDEN events pass too */
	bool show_internal;		/* types that capture tools generate (procinfo, ...) too */
	volatile bool *stop;		/* set by a signal handler: end cleanly */
	/* Damage met on the way is told here and reading goes on; NULL: ends at the first. */
	void (*warn)(void *context, const struct error *err);
	void *context;
	/* results */
	uint64_t n_seen, n_passed, n_lost, n_damaged;
};

/* Runs to the end, the limit or a stop. 0, or negative errno with words (the first real error; when
   damage was told to warn, -EBADMSG at the end). The sink is finished, nothing is freed. */
int pipeline_run(struct pipeline *p, struct error *err);
