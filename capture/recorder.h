/*
 * What a live source takes its records from: an engine, BPF or ptrace.
 *
 *	recorder_start(r, &err);		// from here on something is recorded
 *	while (...)
 *		recorder_drain(r, ring, ...);	// records of each ring in their order
 *	recorder_stop(r);			// no new records; drain once more
 *	recorder_unfinished(r, untouched, context, &err); // calls in progress, as records
 *	recorder_free(r);
 *
 * Rings: first those of state events, which must not overflow, then the others. Counters and losses are per CPU.
 */
#pragma once
#include "base/error.h"
#include "capture/bpf/shared.h"

#include <stdbool.h>
#include <stddef.h>

struct recorder;

typedef void recorder_take(void *context, const struct record *r);
typedef void recorder_tid(void *context, uint32_t tid);

struct recorder_ops {
	const char *name; /* "bpf", "ptrace" */
	int (*start)(struct recorder *r, struct error *err);
	void (*stop)(struct recorder *r);
	/* untouched: gets the numbers of threads that have neither begun nor ended a call since the start. */
	int (*unfinished)(struct recorder *r, recorder_tid *untouched, void *context, struct error *err);
	/* As engine_drain(): at most max_bytes of one ring; *ret_empty: it had no more. Returns the bytes taken. */
	size_t (*drain)(struct recorder *r, unsigned ring, size_t max_bytes, recorder_take *take, void *context,
			bool *ret_empty);
	void (*counters)(struct recorder *r, int cpu, struct engine_counters *ret);
	uint64_t (*missed)(struct recorder *r);
	/* Until there may be news, at most this long. */
	void (*wait)(struct recorder *r, uint64_t max_ns);
	void (*free)(struct recorder *r);
};

struct recorder {
	const struct recorder_ops *ops;
	unsigned n_rings; /* all */
	unsigned n_state; /* those of state events */
	unsigned n_cpus;
	bool wakes; /* wait() ends when something happens: it may be long */
};

static inline int recorder_start(struct recorder *r, struct error *err)
{
	return r->ops->start(r, err);
}
static inline void recorder_stop(struct recorder *r)
{
	r->ops->stop(r);
}
static inline int recorder_unfinished(struct recorder *r, recorder_tid *untouched, void *context,
				      struct error *err)
{
	return r->ops->unfinished(r, untouched, context, err);
}
static inline size_t recorder_drain(struct recorder *r, unsigned ring, size_t max_bytes, recorder_take *take,
				    void *context, bool *ret_empty)
{
	return r->ops->drain(r, ring, max_bytes, take, context, ret_empty);
}
static inline void recorder_counters(struct recorder *r, int cpu, struct engine_counters *ret)
{
	r->ops->counters(r, cpu, ret);
}
static inline uint64_t recorder_missed(struct recorder *r)
{
	return r->ops->missed(r);
}
static inline void recorder_wait(struct recorder *r, uint64_t max_ns)
{
	r->ops->wait(r, max_ns);
}
static inline void recorder_free(struct recorder *r)
{
	if (r)
		r->ops->free(r);
}

struct engine_options;
/* The BPF engine, loaded. NULL with words; err->code -EPERM or -EACCES: the kernel refuses BPF to this user. */
struct recorder *recorder_bpf_new(const struct engine_options *options, struct error *err);
