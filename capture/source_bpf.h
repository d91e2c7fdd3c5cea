/*
 * A live source over an engine: records become batches in order of time, with the state that
 * the events need in front of them.
 */
#pragma once
#include "capture/entry_list.h"
#include "capture/recorder.h"
#include "format/source.h"

struct source_bpf_options {
	struct recorder *recorder;	/* loaded, not started; owned by the caller, outlives the source */
	/* Adds to out what goes in front of everything. NULL: nothing does. */
	int (*begin)(void *context, struct entry_list *out);
	/* Adds to out what is known of a thread that appears for the first time (and of its process,
	   ancestors, user); called for every event, so it must be quick to say nothing. NULL: nothing is. */
	int (*first_seen)(void *context, int64_t tid, int64_t pid, uint32_t born, struct entry_list *out);
	/* The same for user and group of a task that the kernel told about. */
	int (*users_of)(void *context, uint32_t uid, uint32_t gid, struct entry_list *out);
	/* The record of the call that this thread has been in since before the start; NULL: none, or not wanted. */
	struct record *(*call_before)(void *context, uint32_t tid);
	void *snapshot;			/* their context */
	bool structures;		/* records have memory (format/memory.h) */
	int64_t command_pid;		/* of this process nothing before its first successful exec; 0: none */
	struct capture_info info;	/* texts outlive the source */
	uint64_t batch_ns;		/* hand out a batch this long after its first event */
	volatile bool *stop;		/* set: stop recording, deliver what is there, end */
	volatile bool *report;		/* set: deliver the calls in progress now as well */
	uint64_t waits_ns;		/* deliver them this often, too, for who shows what waits; 0: do not */
	bool (*ended)(void *context);	/* asked now and then: nothing more can come (the command is over) */
	void *context;
};

struct source *source_bpf_new(const struct source_bpf_options *options, struct error *err);

struct source_bpf_stats {
	uint64_t n_records, n_late, staged_max; /* bytes at the peak */
	uint64_t stopped_ns; /* since the epoch: calls in progress then are the last word; 0: still recording */
	bool reported;	     /* the latest calls in progress are those that `report` asked for */
};
void source_bpf_stats(struct source *s, struct source_bpf_stats *ret);
