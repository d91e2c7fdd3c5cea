/*
 * The BPF engine: loads the kernel programs, tells them whom and what to record, and hands out the
 * records from the ring buffers. Knows nothing of files.
 *
 *	struct engine *e = engine_new(&options, &err);	// loaded, not yet recording
 *	engine_start(e, &err);
 *	while (...)
 *		engine_drain(e, take, context);		// records of each ring in their order
 *	engine_stop(e);					// no new records; drain once more
 *	engine_unfinished(e, ...);			// calls in progress, as records
 *	engine_free(e);
 *
 * Needs CAP_BPF and CAP_PERFMON (or root) up to engine_start; afterwards no privilege at all.
 */
#pragma once
#include "base/error.h"
#include "capture/bpf/shared.h"
#include "filters/filter.h"

#include <stdbool.h>
#include <stddef.h>

struct engine_options {
	const struct kernel_filter *filter; /* NULL: everything */
	const uint32_t *tree_pids;	    /* only these processes and their descendants */
	size_t n_tree_pids;		    /* 0: everybody */
	const char *cgroup;		    /* only below this control group (v2); NULL: any */
	uint32_t snaplen;
	uint64_t buffer_size;		    /* bytes of all bulk rings together; 0: ENGINE_BUFFER */
	bool keep_env;
	bool structures;		    /* keep memory (format/memory.h) */
	bool keep_state;		    /* state-changing calls pass a filter on types too */
};

#define ENGINE_BUFFER	    (64u << 20)
#define ENGINE_STATE_BUFFER (8u << 20)

struct engine;

struct engine *engine_new(const struct engine_options *options, struct error *err);
int engine_start(struct engine *e, struct error *err);
void engine_stop(struct engine *e);
void engine_free(struct engine *e);

/* Rings of records: first those of state events, then the others. */
unsigned engine_n_rings(const struct engine *e);
unsigned engine_n_state_rings(const struct engine *e);

/*
 * Hands the records of one ring to take(), at most max_bytes of them. The record is valid during the
 * call. *ret_empty: the ring had no more. Returns the bytes taken.
 */
size_t engine_drain(struct engine *e, unsigned ring, size_t max_bytes,
		    void (*take)(void *context, const struct record *r), void *context, bool *ret_empty);

/* Sends records of the calls in progress to the rings, and to untouched() the numbers of threads that have
   neither begun nor ended a call since engine_start(). 0, or negative errno where the kernel cannot. */
int engine_unfinished(struct engine *e, void (*untouched)(void *context, uint32_t tid), void *context,
		      struct error *err);

/* Sums over all CPUs when cpu is negative. Monotonic. */
void engine_counters(const struct engine *e, int cpu, struct engine_counters *ret);
/* How often a program did not run because it was at work on that CPU already. Monotonic. */
uint64_t engine_missed(const struct engine *e);
unsigned engine_n_cpus(const struct engine *e);
uint64_t engine_load_ns(const struct engine *e);	/* what loading took */
uint64_t engine_memory(const struct engine *e);		/* bytes of all maps: the bound */
