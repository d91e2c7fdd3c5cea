/*
 * Tables of anything: events grouped by fields, and what is said of each group, or how a number of each
 * is spread.
 */
#pragma once
#include "sinks/sink.h"

#define GROUPED_FIELDS_MAX 16

struct grouped_options {
	const char *by;		/* "proc.name,evt.type"; NULL: all events are one group */
	const char *aggregates; /* aggregate.h has the language; NULL: "count" */
	const char *histogram;	/* a field: bars instead of a table; NULL: none */
	const char *sort;	/* one of by's or the aggregates; NULL: the first aggregate */
	bool json;
};

/* The largest first; rows that are sorted by a field from a to z. out is not owned, nor are the texts, which
   are not needed any longer. NULL with words. */
struct sink *sink_grouped_new(FILE *out, const struct grouped_options *options, struct error *err);
