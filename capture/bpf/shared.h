/*
 * What the kernel programs and source_bpf.c agree on: configuration, recipes as the kernel walks
 * them, and records as they lie in the ring buffers. Little-endian, no padding left to chance.
 */
#pragma once
#ifdef __bpf__
#include "kernel.h"
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
#endif

#define SYSCALLS_MAX	   512	  /* numbers per table; larger ones have no recipe */
#define TABLE_COMPAT	   SYSCALLS_MAX /* added to the numbers of 32-bit calls */
#define TABLES_MAX	   2	  /* 64-bit calls, then 32-bit (compat) calls */
#define STEPS_MAX	   32
#define RECORD_PAYLOAD_MAX 0x10800 /* no parameter begins behind this offset: the longest and small ones */
#define SNAPLEN_MAX	   65000  /* fits the u16 length of a parameter */
#define SCRATCH_SIZE	   0x30000 /* a payload offset, and what the verifier takes two parts of a parameter for */
#define PATH_BYTES	   4096
#define PLACES_BITS	   14	  /* 2 MiB for what is remembered of tasks; those that do not fit have task storage */

/* Pseudo numbers at the end of the 64-bit table: recipes of what is not a system call. */
enum {
	PSEUDO_TASK = SYSCALLS_MAX - 8, /* a task that became wanted: everything about it */
	PSEUDO_ANCESTOR,		/* names and ids of its ancestors */
	PSEUDO_PROCEXIT,
	PSEUDO_SIGNAL,
};

enum call_trait {
	CALL_WANTED = 1,   /* record it (else: pass over) */
	CALL_STATE = 2,    /* goes to the state ring */
	CALL_AT_ENTRY = 4, /* never returns: recorded at entry (exit, exit_group) */
	CALL_CLONE = 8,    /* returns a second time in the child */
	CALL_EXEC = 16,
	CALL_ALWAYS = 32, /* also when only failed calls are asked for: it changes state */
	CALL_MAKES = 64,  /* a file descriptor; when it fails, it changes nothing */
};

/* Words of the kind "task" that only our own records use. */
enum { WORD_TASK_SID = 200, WORD_TASK_START, WORD_TASK_UID, WORD_TASK_GID };

struct kernel_step {
	u8 kind;  /* enum kind */
	u8 param; /* bit in the absent mask */
	u8 a, b;  /* argument numbers */
	u16 c;	  /* offset, constant, or what of a kind with variants */
	u8 size;  /* bytes of a fixed-size parameter */
	u8 flags; /* enum kernel_step_flag */
};

enum kernel_step_flag {
	KSTEP_ON_SUCCESS = 1, /* absent when the call failed */
	KSTEP_SIGNED = 2,
	KSTEP_INBOUND = 4,    /* of a call that receives */
	KSTEP_COMMON = 8,     /* of the kinds that have a short way */
	KSTEP_NARROW = 16,    /* of the argument only the low 32 bits count */
};

#define QUESTIONS_MAX 16
#define CLAUSES_MAX   16
#define ANSWERS_MAX   8	 /* ranges of one question */
#define ASKED_BYTES   64 /* of a text that is compared */

/* Where a question about parameters finds its own in this call. */
struct kernel_operand {
	u8 arg;	 /* argument number */
	u8 form; /* bytes of the number, OPERAND_SIGNED when it is; texts: enum text_form */
};
#define OPERAND_SIGNED 0x80
enum text_form { TEXT_AS_IS, TEXT_RESOLVED };

struct kernel_recipe {
	u16 type;    /* event type, 0: no recipe */
	u8 flags;    /* enum call_trait */
	u8 n_steps;
	u8 fd_arg;   /* argument that is the fd column, 0xFF: none */
	u8 argv_arg; /* exec: argument that holds argv */
	u8 before_arg, before_len; /* what it points to is taken at entry; length 0: nothing is */
	u32 absent;  /* parameters that are never there */
	u32 absent_failed; /* those behind n_steps_failed */
	u8 n_steps_failed; /* of a call that failed: those behind are only for success */
	u8 pad[3];
	u32 yes, no; /* answers to questions that the type alone gives: both bits when it is not known */
	u32 ask;     /* questions that this call has to be asked */
	struct kernel_operand operands[QUESTIONS_MAX];
	struct kernel_step steps[STEPS_MAX];
};

enum { VERDICT_UNKNOWN, VERDICT_WANTED, VERDICT_EXCLUDED };

/* Set before loading and frozen then, so that the verifier drops what is not asked for. */
struct engine_config {
	u32 own_pid;
	u32 pidns_inum; /* of our PID namespace, 0: the host's */
	u32 snaplen;
	u32 state_lane, bulk_lane; /* their sizes, powers of two */
	u32 n_cpus;  /* also the index of the iterator's scratch buffer and lane */
	u8 by_tree, by_cgroup; /* --cgroup; -p and the command */
	u8 on_comm, on_cred, on_parent, on_tree; /* the filter asks for it */
	u8 keep_env, structures;
	u32 n_questions, n_clauses;
	u32 task_questions, call_questions; /* bits: those about the task, and all others */
	struct engine_question {
		u8 about; /* enum kernel_about of filters/filter.h */
		u8 n;
		u8 text_len;
		u8 text_whole;
		u8 pad[4];
		s64 unsure_below;
		struct { s64 lo, hi; } ranges[ANSWERS_MAX];
		u64 text[ASKED_BYTES / 8], text_mask[ASKED_BYTES / 8];
	} questions[QUESTIONS_MAX];
	struct engine_clause { u32 yes, no; } clauses[CLAUSES_MAX];
};

/* Sets: what is asked for, and from TARGET_QUESTION on the values of each question. */
enum target_kind { TARGET_CGROUP = 1, TARGET_TREE, TARGET_QUESTION = 16 };

/* enum kernel_about, for the kernel programs */
enum {
	ASK_COMM, ASK_PID, ASK_TID, ASK_PPID, ASK_UID, ASK_GID, ASK_TREE,
	ASK_TYPE, ASK_RESULT, ASK_FD, ASK_PARAM, ASK_TEXT,
};

struct target_key {
	u64 a, b; /* comm: its 16 bytes; else a: the number */
	u32 kind;
	u32 pad;
};

/* One CPU's counters; plain adds, each CPU writes its own. */
struct engine_counters {
	u64 lost_bulk, lost_state, lost_task, oversize;
	u64 first_loss_ns, last_loss_ns; /* boot time */
	u64 n_records;
	u64 pad;
};

/* Types of records that are not events. */
enum { RECORD_TASK = 0xF001, RECORD_FD, RECORD_ANCESTOR };

struct record {
	u32 size;	/* of all, header included */
	u16 type;	/* event type, or RECORD_* */
	u16 flags;	/* enum event_flag */
	u64 enter_ns;	/* CLOCK_BOOTTIME; 0: no entry */
	u64 exit_ns;
	s64 result;
	u32 tid, pid;
	s32 fd;
	u32 absent;
	u16 sysno;
	u16 cpu;
	u32 born;	/* the task's start by CLOCK_BOOTTIME, in units of 2^20 ns: tells owners of a number apart */
	/* payload follows */
};

#define RECORD_MAX (sizeof(struct record) + RECORD_PAYLOAD_MAX + 0x10000)

/*
 * A ring of records: each begins at a multiple of 8 and reaches behind the end, if it must; the next one then
 * begins at the front.
 */
struct lane {
	u64 head; /* bytes written, with those left out behind the end; the kernel's */
	u64 pad[7];
	u64 tail; /* bytes read; user space's */
	u64 pad2[7];
	u8 data[];
};
#define LANE_ROUND(size) (((size) + 7) & ~7u)
#define LANE_BYTES(size) (sizeof(struct lane) + (size) + (RECORD_MAX + 63) / 64 * 64)

/* Payload of RECORD_FD: this, then u16 length and the name (path, or unix path). */
struct record_fd {
	u64 ino;
	u64 unix_source, unix_peer;
	u32 dev;	/* kernel encoding: major << 20 | minor */
	u32 open_flags; /* native O_* */
	u32 mode;	/* S_IF* */
	u16 family;	/* socket: AF_*, 0: not a socket */
	u16 protocol;	/* IPPROTO_* */
	u16 sport, dport; /* host order */
	u8 state;	/* TCP_* */
	u8 cloexec;
	u8 pad[2];
	u8 saddr[16], daddr[16];
};
