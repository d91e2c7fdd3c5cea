/*
 * The ptrace engine: follows a command or processes with ptrace(2), and makes the same records of their
 * calls as the BPF engine. Needs no privilege for processes of one's own.
 *
 * One thread is the tracer: it alone attaches, waits and reads. Records go through a queue in memory;
 * when the queue is full the tracees wait, so nothing is ever lost.
 *
 *	struct recorder *r = tracer_new(&options, &err);
 *	tracer_program(r, &c->program, &c->n_program);	// what the command runs before its exec
 *	tracer_begin(r, &err);				// may be left out
 *	recorder_start(r, &err);			// attached
 *	...
 *	recorder_stop(r);				// what was traced goes on on its own
 *	recorder_free(r);	// a command that still waits has been given up before: command_give_up()
 *
 * The command's end is told by command_reaped(), from the tracer's thread.
 */
#pragma once
#include "base/error.h"
#include "capture/recorder.h"
#include "filters/filter.h"

struct command;
struct sock_filter;

struct tracer_options {
	const struct kernel_filter *filter; /* only which types and results are asked for counts here; NULL: all */
	struct command *command;	    /* forked, waits; NULL: none */
	const uint32_t *pids;		    /* attached to, with their threads and descendants */
	size_t n_pids;
	bool no_follow;			    /* not their descendants */
	uint32_t snaplen;
	bool keep_env;
	bool structures; /* keep memory (format/memory.h) */
};

struct recorder *tracer_new(const struct tracer_options *options, struct error *err);
/*
 * Begins to take hold of whom it is to trace; recorder_start() waits until that is done. For a command, which waits
 * and makes no calls: meanwhile the caller opens its files.
 */
int tracer_begin(struct recorder *r, struct error *err);
/* The seccomp program that makes the command stop only for the calls that are wanted; *ret_n 0: none. */
void tracer_program(const struct recorder *r, const struct sock_filter **ret, unsigned *ret_n);

/* Whether this kernel has what the engine needs; words on what it lacks. */
int tracer_probe(struct error *err);
