/*
 * A sink in front of another one that watches for calls in progress: printed when SIGUSR1 asks for them, and
 * at the end. What only a question in the middle brought to light goes no further.
 */
#pragma once
#include "capture/source_bpf.h"
#include "sinks/sink.h"

/*
 * Owns real. source: whose events come. at_end: asked at the end whether the calls in progress then are worth
 * words. NULL: out of memory, and real is left alone.
 */
struct sink *hang_watch_new(struct sink *real, struct source *source, const struct render_options *render,
			    bool (*at_end)(void *context), void *context);
