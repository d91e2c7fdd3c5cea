/* From what a tracee did to the record of it: what capture/bpf/engine.bpf.c does in the kernel. */
#include "capture/ptrace/tracer_state.h"

#include "base/clock.h"
#include "format/batch.h"
#include "format/recipe.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_FDCWD_32 ((int32_t)AT_FDCWD)
#define EXIT_SIGNAL_MASK 0x7Fu
#define EXIT_CORE	 0x80u

uint64_t tracer_now(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

uint32_t tracer_recipe_index(bool compat, uint64_t number)
{
	uint32_t n = (uint32_t)number;

	/* Numbers beyond the tables share the last slot, which says "generic". */
	if (n >= PSEUDO_TASK)
		n = SYSCALLS_MAX - 1;
	return compat ? TABLE_COMPAT + n : n;
}

/* ---- records ---- */

static struct record *head_begin(struct tracer *tr, const struct tracee *t, uint16_t type, uint64_t at_ns)
{
	struct record *head = &tr->scratch->head;

	*head = (struct record){
		.type = type, .flags = EVENT_NO_RESULT, .exit_ns = at_ns, .tid = (u32)t->tid, .pid = (u32)t->pid,
		.fd = CALL_FD_NONE, .sysno = SYSNO_NONE, .cpu = CPU_UNKNOWN, .born = t->born,
	};
	return head;
}

static void record_send(struct tracer *tr, uint32_t len)
{
	tr->scratch->head.size = (u32)(sizeof(struct record) + len);
	record_queue_put(&tr->queue, &tr->scratch->head);
}

static void call_begin(struct tracer *tr, struct tracee *t, int64_t result)
{
	struct call *c = &tr->call;

	*c = (struct call){.context = &tr->context, .task = t, .result = result, .compat = t->compat,
			   .head = &tr->scratch->head, .data = tr->scratch->data};
	memcpy(c->args, t->args, sizeof c->args);
	facts_begin(&tr->facts, t->tid);
	socket_facts_begin(&tr->socket);
}

static void call_record(struct tracer *tr, struct tracee *t, uint64_t exit_ns, int64_t result, unsigned flags,
			bool returned)
{
	const struct kernel_recipe *recipe = tracer_recipe(tr, t->sysno);
	struct record *head = head_begin(tr, t, recipe->type, exit_ns);

	head->flags = (u16)(flags | (t->compat ? EVENT_COMPAT : 0));
	head->enter_ns = t->enter_ns;
	head->result = result;
	head->fd = recipe->fd_arg < 6 ? (s32)t->args[recipe->fd_arg] : CALL_FD_NONE;
	head->absent = recipe->absent;
	head->sysno = (u16)(t->sysno & (TABLE_COMPAT - 1));
	call_begin(tr, t, result);
	if (returned)
		call_walk(&tr->call, recipe);
	else
		call_walk_values(&tr->call, recipe);
	record_send(tr, tr->call.off);
}

/* ---- what has to be looked at before the call ---- */

/* Whether there is something under the name that the tracee gives. */
static bool file_exists(const struct tracee *t, int32_t dirfd, const char *name)
{
	char path[2 * PATH_BYTES];

	if (name[0] == '/')
		snprintf(path, sizeof path, "/proc/%d/root%s", t->tid, name);
	else if (dirfd == AT_FDCWD)
		snprintf(path, sizeof path, "/proc/%d/cwd/%s", t->tid, name);
	else
		snprintf(path, sizeof path, "/proc/%d/fd/%d/%s", t->tid, dirfd, name);
	return faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0;
}

static void plan_file(struct tracer *tr, struct tracee *t, const struct call_plan *plan)
{
	uint32_t flags = (uint32_t)t->args[plan->flags_arg];
	int32_t dirfd = plan->path_arg ? (int32_t)t->args[plan->path_arg - 1] : AT_FDCWD;
	char name[PATH_BYTES];

	if (plan->flags_kind == KIND_OPENFLAGSAT &&
	    !memory_u32(&tr->call, t->args[plan->flags_arg] + plan->flags_at, &flags))
		return;
	if (plan->flags_kind == KIND_OPENLAYER) /* creat */
		flags = O_CREAT;
	if (!(flags & O_CREAT) || memory_text(&tr->call, t->args[plan->path_arg], (uint8_t *)name, sizeof name) < 0)
		return;
	t->creates = (flags & O_EXCL) || !file_exists(t, dirfd, name);
}

/* The name that the kernel gives to what is executed: of a file by its fd, "/dev/fd/N" with what follows. */
static void plan_exec(struct tracer *tr, struct tracee *t, const struct kernel_recipe *recipe)
{
	bool at = recipe->argv_arg == 2;
	char name[PATH_BYTES], full[PATH_BYTES + 32];
	int32_t dirfd = (int32_t)t->args[0];

	free(t->exec_name);
	t->exec_name = NULL;
	if (tr->options.structures)
		t->env_count = memory_count_texts(&tr->call, t->args[at ? 3 : 2]);
	if (memory_text(&tr->call, t->args[at], (uint8_t *)name, sizeof name) < 0)
		return;
	if (!at || dirfd == AT_FDCWD || name[0] == '/')
		t->exec_name = strdup(name);
	else if (snprintf(full, sizeof full, name[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, name) < PATH_BYTES)
		t->exec_name = strdup(full);
}

static void plan_call(struct tracer *tr, struct tracee *t)
{
	const struct kernel_recipe *recipe = tracer_recipe(tr, t->sysno);
	const struct call_plan *plan = &tr->plans[t->sysno];
	const size_t before = recipe->before_len;

	t->has_before = false;
	if (!plan->makes_file && !plan->is_clone3 && !(recipe->flags & CALL_EXEC) && !before)
		return;
	call_begin(tr, t, 0);
	if (before && before <= sizeof t->before)
		t->has_before = memory_read(&tr->call, call_arg(&tr->call, recipe->before_arg), t->before, before);
	if (plan->makes_file)
		plan_file(tr, t, plan);
	if (plan->is_clone3)
		memory_u32(&tr->call, t->args[0], &t->clone_flags);
	if (recipe->flags & CALL_EXEC)
		plan_exec(tr, t, recipe);
}

/* ---- calls ---- */

static bool is_restart(bool compat, uint64_t number)
{
	static const struct syscall_info *restart;

	if (!restart)
		restart = syscall_by_name("restart_syscall");
#if defined(__x86_64__)
	return (int)number == restart->number[compat ? ABI_I386 : ABI_X86_64];
#else
	return (int)number == (compat ? 0 : restart->number[ABI_AARCH64]);
#endif
}

void tracer_call_enters(struct tracer *tr, struct tracee *t, bool compat, uint64_t number, const uint64_t args[6])
{
	const struct kernel_recipe *recipe;

	/* A call that was under way when we came goes on under another name: it is still what it was. */
	if (!t->entry_unknown || !is_restart(compat, number)) {
		t->compat = compat;
		t->sysno = tracer_recipe_index(compat, number);
		memcpy(t->args, args, sizeof t->args);
	}
	t->creates = false;
	recipe = tracer_recipe(tr, t->sysno);
	t->enter_ns = 0;
	t->in_call = true;
	if (!(recipe->flags & CALL_WANTED) || tr->phase != TRACER_RECORDS)
		return;
	if (recipe->flags & CALL_AT_ENTRY) {
		t->exits = true;
		call_record(tr, t, tracer_now(), 0, EVENT_NO_RESULT, false);
		return;
	}
	plan_call(tr, t);
	if (!t->entry_unknown)
		t->enter_ns = tracer_now();
}

void tracer_call_returns(struct tracer *tr, struct tracee *t, int64_t result)
{
	const struct kernel_recipe *recipe = tracer_recipe(tr, t->sysno);
	unsigned flags = t->entry_unknown ? EVENT_ENTRY_UNKNOWN : 0;

	if (!t->in_call)
		return;
	t->in_call = t->entry_unknown = false;
	if (!(recipe->flags & CALL_WANTED) || tr->phase != TRACER_RECORDS)
		return;
	call_record(tr, t, tracer_now(), result, flags, true);
}

void tracer_child_returns(struct tracer *tr, struct tracee *t)
{
	const struct kernel_recipe *recipe = tracer_recipe(tr, t->sysno);

	t->enter_ns = 0;
	if (tr->phase == TRACER_RECORDS && (recipe->flags & CALL_WANTED) && (recipe->flags & CALL_CLONE))
		call_record(tr, t, tracer_now(), 0, EVENT_CHILD_RETURN, true);
}

/* ---- what is no call ---- */

static bool pseudo_wanted(struct tracer *tr, unsigned pseudo)
{
	return tr->phase == TRACER_RECORDS && (tracer_recipe(tr, pseudo)->flags & CALL_WANTED);
}

static void put64(uint8_t *p, int64_t v)
{
	memcpy(p, &v, sizeof v);
}

/* PPME_SIGNALDELIVER_E: spid, dpid, sig. */
#define SIGNAL_BYTES 17
static void signal_record(struct tracer *tr, struct tracee *t, int number, pid_t sender, const siginfo_t *info)
{
	uint8_t *data = tr->scratch->data;

	head_begin(tr, t, tracer_recipe(tr, PSEUDO_SIGNAL)->type, tracer_now());
	put64(data, sender);
	put64(data + 8, t->pid);
	data[16] = (uint8_t)number;
	record_send(tr, SIGNAL_BYTES + (tr->options.structures ? put_siginfo(data + SIGNAL_BYTES, info) : 0));
}

void tracer_signal(struct tracer *tr, struct tracee *t, int number, pid_t sender, const siginfo_t *info)
{
	enum signal_action action;

	if (!pseudo_wanted(tr, PSEUDO_SIGNAL))
		return;
	/*
	 * Who is traced is told of signals, too, that are ignored; for others they do not exist. And a signal
	 * that ends a process without a core is delivered to others as SIGKILL, from nobody.
	 */
	action = proc_action(t->tid, number);
	if (action == SIGNAL_ENDS)
		signal_record(tr, t, SIGKILL, 0, NULL);
	else if (action != SIGNAL_DROPPED)
		signal_record(tr, t, number, sender, info);
}

/* PPME_PROCEXIT_1_E: status, ret, sig, core, reaper_tid. */
#define REAPER_PARAM 4
static void exit_record(struct tracer *tr, struct tracee *t, uint64_t at_ns, uint32_t status, pid_t reaper)
{
	struct record *head = head_begin(tr, t, tracer_recipe(tr, PSEUDO_PROCEXIT)->type, at_ns);
	uint8_t *data = tr->scratch->data;

	put64(data, status);
	put64(data + 8, status >> 8 & 0xFF);
	data[16] = status & EXIT_SIGNAL_MASK;
	data[17] = (status & EXIT_CORE) != 0;
	put64(data + 18, reaper);
	if (reaper < 0)
		head->absent = 1u << REAPER_PARAM;
	record_send(tr, reaper < 0 ? 18 : 26);
}

/* A thread of the same process that is not about to end: the first one. */
static const struct tracee *thread_alive(struct tracer *tr, const struct tracee *t)
{
	const struct tracee *first = NULL;

	FOR_EACH_TRACEE(&tr->tracees, other)
		if (other->pid == t->pid && other != t && !other->exiting && (!first || other->order < first->order))
			first = other;
	return first;
}

/* Whether it dies of what another thread or process did: the kernel kills it then as by SIGKILL. */
static bool is_killed(const struct tracee *t, uint32_t status)
{
	return !t->exits && (!(status & EXIT_SIGNAL_MASK) || (uint32_t)t->fatal != (status & EXIT_SIGNAL_MASK));
}

void tracer_exits(struct tracer *tr, struct tracee *t, uint32_t status)
{
	const struct tracee *alive;
	pid_t child;

	if (t->exiting)
		return;
	t->exiting = true;
	/* Who is killed does not stop any more when its call returns. */
	if (t->in_call && t->enter_ns && tr->phase == TRACER_RECORDS)
		call_record(tr, t, tracer_now(), 0, EVENT_NO_RESULT, false);
	t->in_call = false;
	if (pseudo_wanted(tr, PSEUDO_SIGNAL) && is_killed(t, status))
		signal_record(tr, t, SIGKILL, 0, NULL);
	if (!pseudo_wanted(tr, PSEUDO_PROCEXIT))
		return;
	child = proc_child(t->tid);
	alive = child ? thread_alive(tr, t) : NULL;
	if (child > 0 && !alive)
		/* Who gets them shows when they have got it. */
		t->note = (struct exit_note){true, tracer_now(), status, child};
	else
		exit_record(tr, t, tracer_now(), status, alive ? alive->tid : child);
}

void tracer_gone(struct tracer *tr, struct tracee *t, uint32_t status)
{
	pid_t reaper;

	tracer_exits(tr, t, status);
	if (!t->note.waits || tr->phase != TRACER_RECORDS)
		return;
	reaper = proc_parent(t->note.child);
	exit_record(tr, t, t->note.at_ns, t->note.status, reaper > 0 ? reaper : -1);
}

void tracer_unfinished(struct tracer *tr)
{
	uint64_t now = tracer_now();

	FOR_EACH_TRACEE(&tr->tracees, t)
		if (t->in_call && (t->enter_ns || t->entry_unknown) && (tracer_recipe(tr, t->sysno)->flags & CALL_WANTED))
			call_record(tr, t, now, 0,
				    EVENT_UNFINISHED | EVENT_NO_RESULT | (t->entry_unknown ? EVENT_ENTRY_UNKNOWN : 0),
				    false);
}
