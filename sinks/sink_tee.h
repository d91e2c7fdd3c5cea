/*
 * Two sinks that are given the same: a capture that is written and, at the same time, printed or counted.
 *
 *	both = sink_tee_new(file, table);	// NULL: out of memory, and both are still the caller's
 */
#pragma once
#include "sinks/sink.h"

/* Owns both from now on. */
struct sink *sink_tee_new(struct sink *first, struct sink *second);
