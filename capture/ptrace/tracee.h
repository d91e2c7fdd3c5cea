/* The threads that are traced: what is remembered of each, found by number. */
#pragma once
#include "capture/bpf/shared.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>


/* What is held back until the parent of its children is known. */
struct exit_note {
	bool waits;
	uint64_t at_ns;
	uint32_t status; /* as do_exit() has it */
	pid_t child;
};

struct tracee {
	struct tracee *next;	/* in its slot */
	pid_t tid, pid;
	pid_t parent;		/* the thread that made it, 0: nobody saw */
	uint64_t order;		/* of birth, as far as we know it */
	uint32_t born;		/* as in struct record */
	int pidfd;		/* of its table of files, -1: not needed yet */

	/* the call in progress */
	bool in_call;
	bool entry_unknown;	/* the next call that enters was under way before we came */
	bool compat;
	uint32_t sysno;		/* TABLE_COMPAT added for the 32-bit table */
	uint64_t enter_ns;
	uint64_t args[6];
	uint32_t clone_flags;	/* of clone3, or that it made us with */
	bool creates;		/* open with O_CREAT: the file was not there before */
	char *exec_name;	/* of an exec under way; owned */
	uint32_t env_count;	/* likewise: texts in its environment */
	bool has_before;	/* what an argument pointed to when the call began */
	uint64_t before[2];

	/* its life */
	bool is_new;		/* has not returned from the fork that made it */
	bool held;		/* stopped, and its parent's event is not here yet */
	bool exits;		/* has called exit or exit_group */
	bool exiting;		/* has reached PTRACE_EVENT_EXIT */
	bool listening;		/* in a group stop */
	bool interrupted;	/* by us: a stop is on its way */
	bool leaving;		/* is to be let go at its next stop */
	int fatal;		/* the last signal it was given */
	struct exit_note note;
};

#define TRACEE_SLOTS 1024

struct tracees {
	struct tracee *slots[TRACEE_SLOTS];
	size_t n;
	uint64_t n_born;
};

struct tracee *tracee_find(struct tracees *all, pid_t tid);
/* NULL: out of memory. */
struct tracee *tracee_add(struct tracees *all, pid_t tid, pid_t pid);
void tracee_remove(struct tracees *all, struct tracee *t);
/* Under another number: exec in a thread. */
void tracee_renumber(struct tracees *all, struct tracee *t, pid_t tid);
void tracees_done(struct tracees *all);

#define FOR_EACH_TRACEE(all, t)                                                                    \
	for (size_t slot_ = 0; slot_ < TRACEE_SLOTS; slot_++)                                      \
		for (struct tracee *t = (all)->slots[slot_], *next_; t && (next_ = t->next, true); t = next_)
