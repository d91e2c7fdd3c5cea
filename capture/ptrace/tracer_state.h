/* The tracer's parts, for the files that it is made of. Everything but the queue belongs to its thread. */
#pragma once
#include "capture/command.h"
#include "capture/ptrace/call.h"
#include "capture/ptrace/call_socket.h"
#include "capture/ptrace/record_queue.h"
#include "capture/ptrace/tracee_proc.h"
#include "capture/ptrace/tracer.h"

#include <linux/filter.h>
#include <pthread.h>
#include <signal.h>

#define N_RECIPES   (SYSCALLS_MAX * TABLES_MAX)
#define PROGRAM_MAX 1024
#define CALL_FD_NONE INT32_MIN

/* What is looked at before a call begins, because the call destroys or changes it. */
struct call_plan {
	bool makes_file;  /* may create a file */
	bool is_clone3;
	uint8_t path_arg, flags_arg;
	uint8_t flags_kind; /* KIND_OPENFLAGS, KIND_OPENFLAGSAT, KIND_OPENLAYER */
	uint16_t flags_at;
};

enum tracer_phase {
	TRACER_RECORDS,
	TRACER_LEAVES, /* lets all go */
	TRACER_PASSES, /* cannot let go (seccomp would fail their calls): lets pass */
};

enum turns {
	TURNS_UNDECIDED,
	TURNS_TAKEN,  /* tracer and tracee share a CPU */
	TURNS_NORMAL, /* as the scheduler has it */
};

struct tracer {
	struct recorder recorder;
	struct tracer_options options;
	/* Made when they are first asked for (tracer_recipe): most programs make few kinds of calls. */
	struct kernel_recipe *recipes;
	struct call_plan plans[N_RECIPES];
	bool known[N_RECIPES];
	bool is_narrow;		/* a seccomp program stops only what is needed */
	bool all_fds;		/* which is also what makes, connects and binds those that are no files */
	struct sock_filter program[PROGRAM_MAX];
	unsigned n_program;

	struct tracees tracees;
	struct call_context context;
	struct task_facts facts;
	struct socket_facts socket;
	struct kept_file statm;
	struct call call;
	struct {
		struct record head;
		uint8_t data[SCRATCH_SIZE];
	} *scratch;

	enum tracer_phase phase;
	struct record_queue queue;
	pthread_t thread;
	bool begun;		/* the thread exists */
	bool runs;		/* and has taken hold of all */
	volatile bool stop;	/* asked for by the other thread */
	volatile bool tell;	/* likewise: of calls in progress */
	/* Said by the thread (record_queue_say): */
	bool told;
	bool stopped;		/* every record is in the queue */
	bool over;		/* nobody is traced any more, the thread ends */
	uint64_t n_stops; /* the thread's; the other one looks at it */
	/* The other thread's (tracer_turns.c): */
	enum turns turns;
	uint64_t looked_ns, looked_stops;
	bool stop_waited;
	int start_code;
	struct error start_error;
};

/* ---- attaching and letting go (tracer_attach.c) ---- */

int tracer_attach(struct tracer *tr, struct error *err);
/* Asks all to stop; they are let go as they do. */
void tracer_begin_leaving(struct tracer *tr);
/* Lets a stopped one go, with this signal. */
void tracer_let_go(struct tracer *tr, struct tracee *t, int signal);

/* ---- stops (tracer_stops.c) ---- */

void tracer_take(struct tracer *tr, pid_t tid, int status);
/* Those in whose hands no parent's word has come. */
void tracer_release_held(struct tracer *tr);

/* ---- records (tracer_records.c) ---- */

uint64_t tracer_now(void);
/* number and args as PTRACE_GET_SYSCALL_INFO has them. */
void tracer_call_enters(struct tracer *tr, struct tracee *t, bool compat, uint64_t number, const uint64_t args[6]);
void tracer_call_returns(struct tracer *tr, struct tracee *t, int64_t result);
/* The second return of a fork, in the child; what it was called with is in t. */
void tracer_child_returns(struct tracer *tr, struct tracee *t);
void tracer_signal(struct tracer *tr, struct tracee *t, int number, pid_t sender, const siginfo_t *info);
/* It has come to its end, or, where that could not be seen, is gone. status: as do_exit() has it. */
void tracer_exits(struct tracer *tr, struct tracee *t, uint32_t status);
void tracer_gone(struct tracer *tr, struct tracee *t, uint32_t status);
void tracer_unfinished(struct tracer *tr);
/* Index into recipes. */
uint32_t tracer_recipe_index(bool compat, uint64_t number);

/* ---- on which CPU tracer and tracee meet (tracer_turns.c); for the other thread ---- */

void tracer_turns_begin(struct tracer *tr);
/* Now and then: whether the tracer still gets its turns. */
void tracer_turns_look(struct tracer *tr);
/* Before the tracer is waited for. after: TURNS_UNDECIDED to begin again later, TURNS_NORMAL. */
void tracer_turns_end(struct tracer *tr, enum turns after);

/* ---- which calls stop (tracer_program.c) ---- */

/* Fills tr->program where a filter makes that worth while. */
void tracer_make_program(struct tracer *tr);
/* The recipe of an index; from then on plans has its plan. */
const struct kernel_recipe *tracer_recipe(struct tracer *tr, uint32_t index);
