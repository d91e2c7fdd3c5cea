/* The parts of a run of scapcap, for the files that it is made of. */
#pragma once
#include "capture/arguments.h"
#include "capture/command.h"
#include "capture/describe.h"
#include "capture/entry_list.h"
#include "capture/out_file.h"
#include "capture/recorder.h"
#include "sinks/pipeline.h"
#include "sinks/sink_file.h"

struct job {
	const struct arguments *a;
	struct filter *filter;
	struct kernel_filter kernel;
	struct command command; /* pid 0: none */
	struct recorder *engine;
	bool by_ptrace;
	struct snapshot *snapshot; /* NULL: none */
	struct calls_before *before;
	struct source *source;
	struct packet_capture *packets; /* NULL: none */
	struct sink *sink;
	struct description about;
	struct pipeline pipeline;
	struct out_file out;
	struct sink_file_options file;
	int pidfds[ATTACH_MAX];
	size_t n_pidfds;
	uint64_t deadline_ns; /* 0: none */
	bool runs;	      /* the command was let go and became the program */
	int exec_failed;      /* negative errno of its exec */
	bool wrong_usage;     /* what went wrong is how it should have been printed */
};

/* ---- opening: nothing is captured or written yet, and the command waits (job_open.c) ---- */

int job_open(struct job *j, struct error *err);

/* ---- what is told of processes that were there before us (job_tell.c) ---- */

int job_snapshot_take(struct job *j, struct error *err);
/* What need not be known of a command before it goes. */
int job_snapshot_complete(struct job *j, struct error *err);
/* As struct source_bpf_options has them; context: the job. */
int job_tell_begin(void *context, struct entry_list *out);
int job_tell_first_seen(void *context, int64_t tid, int64_t pid, uint32_t born, struct entry_list *out);
int job_tell_users(void *context, uint32_t uid, uint32_t gid, struct entry_list *out);
struct record *job_tell_call_before(void *context, uint32_t tid);
