/* The calls in progress at the end of a capture, printed at its end; or when asked. */
#pragma once
#include "sinks/sink.h"

/* out is not owned. NULL: out of memory. */
struct sink *sink_hangs_new(FILE *out, const struct render_options *render);
/* Prints what is known now; nothing when no call is in progress. */
void hangs_print(struct sink *s);
void hangs_forget(struct sink *s);
