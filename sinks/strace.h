/*
 * Calls as strace prints them: one line each, or two ("<unfinished ...>", "<... resumed>") where others
 * come between; signals and ends of processes.
 */
#pragma once
#include "sinks/sink.h"
#include "sinks/strace_options.h"

/*
 * out: not owned; where -o is not given. options: not owned, they outlive the sink. live: lines are
 * printed as they come, whole; else the order of entries and exits is that of their times, as far as
 * memory reaches. NULL with words.
 */
struct sink *sink_strace_new(FILE *out, const struct strace_options *options, bool live,
			     struct error *err);
