/*
 * The scratch buffer in which a record is put together, and how parameters are appended to it.
 * One buffer per CPU: programs on these tracepoints run with preemption off and never nest, so a
 * plain array indexed by CPU will do (a per-CPU map value is limited to 32 KiB).
 */
#pragma once
#include "boottime.h"
#include "lane.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif

#define FD_NONE ((s32)0x80000000)

#define EVENT_UNFINISHED    (1 << 0)
#define EVENT_CHILD_RETURN  (1 << 1)
#define EVENT_NO_RESULT	    (1 << 3)
#define EVENT_COMPAT	    (1 << 5)
#define EVENT_TRUNCATED	    (1 << 6)
#define EVENT_ENTRY_UNKNOWN (1 << 7)

/*
 * What changes from step to step of a bpf_loop lives here and not on the stack: the verifier takes
 * what it reads from a map for unknown and is done after one round, where it would follow every
 * value of a counter on the stack. So does what is constant in a loop but not in all: before 6.7 the
 * verifier may take the value that it met first for the only one, and drop the code for the others.
 */
struct loops {
	u32 off;	  /* next payload byte */
	u32 path_at;	  /* first byte of the path so far */
	u32 gathered;	  /* bytes of an iovec or argv so far */
	u32 failed;
	u64 total;	  /* sum of iovec lengths so far */
	u64 array;	  /* the iovec or argv, in the task's memory */
	u64 limit;	  /* bytes wanted */
	u32 width;	  /* of the task's pointers */
	u32 pad;
};

/* Where a path that is being put together has come to, going up: struct dentry and mount, or kernfs_node. */
struct climb {
	u64 at, mount, root, root_mount;
};

/* What is being told of a task that became wanted: it or its ancestor, its table of files. */
struct told {
	u64 task, table, cloexec;
	u32 cpu, pad;
};

/* The file that the call has opened: several parameters tell of it. */
struct opened {
	u64 ino;
	u32 dev;
	u32 wire;  /* OPEN_WIRE_* */
	u32 found; /* enum opened_state */
	u32 pad;
};
enum opened_state { OPENED_UNKNOWN, OPENED_FOUND, OPENED_NONE };

/* The parameter that holds memory (pieces.h). */
struct pieces {
	u32 at;	       /* where it begins in data */
	u32 env_count; /* texts in the environment of an exec that succeeded */
	u32 begun;
	u32 skip; /* the next step is not for this call */
	u64 before[2]; /* what an argument pointed to when the call began */
	u32 has_before, pad;
};

struct scratch {
	struct loops loops;
	struct climb climb;
	struct told told;
	struct opened opened;
	/* The call that the recipe is walked for. */
	u64 task; /* struct task_struct *: current, but for ancestors and unfinished calls */
	u64 args[8]; /* a power of two: they are 6 */
	s64 result;
	u32 compat;
	u8 recipe_flags;
	u8 argv_arg;
	u16 pad;
	struct pieces pieces;
	struct record head;
	u8 data[SCRATCH_SIZE];
	u8 path[2 * PATH_BYTES]; /* paths are built from their end */
};

/* What is remembered of a task and of its call until that returns. */
struct call {
	u64 enter_ns; /* 0: none in progress */
	u32 sysno; /* number, TABLE_COMPAT added for the 32-bit table */
	u8 verdict;
	u8 was_excluded; /* the verdict before it was dropped */
	u8 in_tree;
	u8 announce; /* wanted, and to be announced before its next record */
	u64 args[6];
	u64 task;	    /* struct task_struct *: this and what follows are known with the verdict */
	u32 tid, pid, born; /* as records have them */
	u32 pad;
	u32 yes, no;	 /* answers to questions about the task */
	const void *cred; /* what the verdict depended on */
	const void *cgroups;
	u32 env_count;	 /* of an exec under way */
	u32 has_before;	 /* the call in progress has what an argument pointed to when it began */
	u64 before[2];
	u32 clone_flags; /* that clone3 made the task with: read in time, they lie in memory that its parent reuses */
	u32 in_trees;	 /* bits of the questions about trees */
};
/* Where the child's return of clone3 has them instead of an argument, of which there are two. */
#define CLONE_FLAGS_ARG 5
#define NO_CALL	     0xFFFFFFFFu

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the number of CPUs, set before loading */
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the number of CPUs */
	__type(key, u32);
	__type(value, struct engine_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALLS_MAX * TABLES_MAX);
	__type(key, u32);
	__type(value, struct kernel_recipe);
} recipes SEC(".maps");

const volatile struct engine_config config;

static __always_inline void count_loss(u64 *counter, struct engine_counters *c)
{
	u64 now = boottime_ns();

	*counter += 1;
	if (!c->first_loss_ns)
		c->first_loss_ns = now;
	c->last_loss_ns = now;
}

/* The place of the next parameter, at least 64 KiB from the end; NULL when the record is full. */
static __always_inline u8 *walk_place(struct scratch *s)
{
	u32 off = s->loops.off;

	barrier_var(off);
	if (off > RECORD_PAYLOAD_MAX) {
		s->head.flags |= EVENT_TRUNCATED;
		return 0;
	}
	return &s->data[off];
}

static __always_inline void walk_absent(struct scratch *s, const struct kernel_step *step)
{
	s->head.absent |= 1u << (step->param & 31);
}

/* A fixed-size number: all eight bytes are written, only `size` of them count. */
static __always_inline void walk_number(struct scratch *s, const struct kernel_step *step, u64 v)
{
	u8 *p = walk_place(s);

	if (!p) {
		walk_absent(s, step);
		return;
	}
	*(u64 *)p = v;
	s->loops.off += step->size & 15;
}

/* After `len` bytes were written behind the u16 at the place. */
static __always_inline void walk_sized(struct scratch *s, u8 *place, u32 len)
{
	*(u16 *)place = len;
	s->loops.off += 2 + (len & 0xFFFF);
}

static __always_inline u64 walk_arg(const struct scratch *s, u32 n)
{
	u32 i = n;

	barrier_var(i);
	return i < 6 ? s->args[i] : 0;
}

/* Sends the record that lies in the scratch buffer with `len` bytes of payload. lane: the CPU, or the iterator's. */
static __always_inline void record_send(struct scratch *s, u32 len, bool state, u32 lane)
{
	u32 cpu = lane < config.n_cpus ? lane : bpf_get_smp_processor_id();
	struct engine_counters *c = bpf_map_lookup_elem(&counters, &cpu);
	u32 size = sizeof(struct record) + len;
	struct claim claim;

	if (!c)
		return;
	s->head.size = size;
	s->head.cpu = cpu;
	barrier_var(size);
	if (size > RECORD_MAX)
		size = sizeof(struct record);
	claim = state ? lane_claim(&state_lanes, config.state_lane, lane, size)
		      : lane_claim(&bulk_lanes, config.bulk_lane, lane, size);
	if (!claim.record) {
		count_loss(state ? &c->lost_state : &c->lost_bulk, c);
		return;
	}
	lane_copy(claim.record, &s->head, size);
	lane_publish(&claim);
	c->n_records++;
}

/*
 * A group of kinds is a global function: the verifier checks it once on its own, not again for every
 * program and every step that calls it.
 */
#define STEPS(name)                                                                                \
	static __always_inline void name##_step(struct scratch *s, const struct kernel_step *step);       \
	__noinline int name(struct scratch *s, const struct kernel_step *step)                             \
	{                                                                                          \
		if (s && step)                                                                     \
			name##_step(s, step);                                                      \
		return 0;                                                                          \
	}                                                                                          \
	static __always_inline void name##_step(struct scratch *s, const struct kernel_step *step)
