/*
 * What the pipeline keeps while it runs. Only for pipeline*.c.
 */
#pragma once
#include "sinks/pipeline.h"

#define BATCH_WORDS (BATCH_EVENTS / 64) /* a bit for each event */

struct run {
	struct pipeline *p;
	struct state *st;
	struct schema *no_schema; /* of sources without one */
	unsigned needs;           /* of filter, sink and caller together */
	unsigned scan_columns;    /* for following the state and for the filter */
	unsigned event_columns;   /* more of them, for who is given an event */
	bool whole_view;          /* scan_columns has all that event_columns has, and some of it */
	bool feed_state;          /* somebody asks for threads, fds or users */
	bool exact;               /* the filter's column part decides alone */
	bool may_peek;            /* the state alone may tell that an event does not pass */
	bool has_hidden;          /* the sink keeps hidden state events */
	bool by_selection;        /* the sink takes whole batches */
	bool want_told;
	bool ended;
	bool ends;		/* with this batch: the range does */
	char *hostname;

	struct batch *batch; /* NULL: the next item is due */
	uint32_t at;         /* next event to look at */
	bool returned;       /* ev is with the caller */
	bool settle;         /* its effects on the state are still to be settled */
	struct event ev;
	uint64_t bits[BATCH_WORDS];  /* may pass */
	uint64_t touch[BATCH_WORDS]; /* changes state: to be applied, or kept hidden by the sink */
	uint8_t kinds[UINT16_MAX + 1]; /* what pipeline_batch.c knows of each type, 0: nothing yet */
	bool kinds_known;	       /* of any */

	bool packets;		/* the source may have some, and the sink wants them */
	uint64_t packet_ns;	/* no packet is due before */

	bool range_settled;
	bool begun;		/* the range has: all later state is the sink's to know */
	uint32_t begins_at;	/* in this batch, the first event in the range */
};

/* Decides what of a new batch is to be looked at, and loads the columns that this takes (pipeline_batch.c). 0 or
   negative errno. */
int run_take_batch(struct run *run, struct batch *b, struct error *err);
