/*
 * Where text goes: a stream, fed in chunks of OUTPUT_CHUNK bytes.
 *
 * A reader that has gone away (`| head`) is no error: the functions return 1, "enough", and the
 * pipeline ends as if its limit had been reached.
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include <stdio.h>

#define OUTPUT_CHUNK 65536

struct output {
	FILE *stream; /* not owned */
	struct buffer bytes;
};

/* Everything gathered goes to the stream. 0, 1: the reader is gone, negative errno. */
int output_flush(struct output *o, struct error *err);

/* To be called after each line. */
static inline int output_line_end(struct output *o, struct error *err)
{
	return o->bytes.len < OUTPUT_CHUNK && !o->bytes.failed ? 0 : output_flush(o, err);
}

void output_done(struct output *o);
