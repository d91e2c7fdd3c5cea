/*
 * source -> state -> filter -> sink: the loop that every tool runs.
 */
#pragma once
#include "sinks/range.h"
#include "sinks/sink.h"

#define PIPELINE_LOSS_CLASSES (LOSS_PACKETS + 1)

struct pipeline {
	struct source *source;
	struct filter *filter;		/* NULL: everything passes */
	struct sink *sink;		/* NULL: only for pipeline_open() */
	unsigned needs;			/* enum field_need bits beyond those of filter and sink */
	uint64_t limit;			/* stop after this many passed, 0: none */
	bool show_hidden;		/* EVENT_HIDDEN events pass too */
	bool packets;			/* the source's packets go to the sink, too; no filter chooses among them */
	bool show_internal;		/* types that capture tools generate (procinfo, ...) too */
	/* Only this stretch. What lies before it is followed, and a sink that keeps state is told at its beginning
	   what came of it. */
	struct range range;
	volatile bool *stop;		/* set by a signal handler: end cleanly */
	/* Damage met on the way is told here and reading goes on; NULL: ends at the first. */
	void (*warn)(void *context, const struct error *err);
	/* Called now and then, at least once per batch, to show how far it is; may be NULL. */
	void (*progress)(void *context);
	void *context;
	/* results */
	uint64_t n_seen, n_passed, n_lost, n_damaged, n_packets;
	uint64_t n_bad_events; /* whose payload contradicts their type, of those whose parameters were looked at */
	uint64_t n_lost_by[PIPELINE_LOSS_CLASSES]; /* by enum loss_class; 0: of a class unknown to us */
};

/* Runs to the end, the limit or a stop. 0, or negative errno with words (the first real error; when
   damage was told to warn, -EBADMSG at the end). The sink is finished, nothing is freed. */
int pipeline_run(struct pipeline *p, struct error *err);

/*
 * The same, one event at a time, for callers with a loop of their own:
 *
 *	struct run *run = pipeline_open(&p, &err);
 *	while ((r = run_next(run, &ev, &st, &err)) > 0) ...
 *	run_close(run);
 *
 * p must stay where it is. NULL: out of memory.
 */
struct run;
struct run *pipeline_open(struct pipeline *p, struct error *err);
/* 1: an event that passed, valid until the next call; 0: the end, the limit or a stop; negative errno:
   the first real error (damage goes to warn and reading goes on). */
int run_next(struct run *run, struct event **ret_event, struct state **ret_state, struct error *err);
void run_close(struct run *run);
