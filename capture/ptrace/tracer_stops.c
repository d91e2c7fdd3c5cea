/*
 * What waitpid() reports of tracees, and how each goes on. A tracee may be killed at any moment: whatever
 * fails then with ESRCH is left alone, its end is reported by itself.
 */
#include "capture/ptrace/tracer_state.h"

#include "capture/command.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERESTART_FIRST 512 /* -ERESTARTSYS ... -ERESTART_RESTARTBLOCK: inside of the kernel only */
#define ERESTART_LAST  516

static bool arch_is_compat(uint32_t arch)
{
	return arch == AUDIT_ARCH_I386 || arch == AUDIT_ARCH_ARM;
}

static bool call_info(const struct tracee *t, struct __ptrace_syscall_info *ret)
{
	return ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof *ret, ret) > 0;
}

/* Goes on, to the next stop that is of interest. */
static void go_on(struct tracer *tr, struct tracee *t, int signal)
{
	bool each_call = !tr->n_program && tr->phase == TRACER_RECORDS;

	if (t->leaving) {
		tracer_let_go(tr, t, signal);
		return;
	}
	/* With a program, those that are in a call which it has stopped are to stop at its end. */
	if (tr->n_program && t->in_call)
		each_call = true;
	ptrace(each_call ? PTRACE_SYSCALL : PTRACE_CONT, t->tid, 0, (long)signal);
}

/* ---- calls ---- */

static void take_call(struct tracer *tr, struct tracee *t)
{
	struct __ptrace_syscall_info info;

	if (!call_info(t, &info))
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		tracer_call_enters(tr, t, arch_is_compat(info.arch), info.entry.nr, (const uint64_t *)info.entry.args);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		tracer_call_returns(tr, t, info.exit.rval);
	go_on(tr, t, 0);
}

/* The program has stopped it at the beginning of a call. */
static void take_program(struct tracer *tr, struct tracee *t)
{
	struct __ptrace_syscall_info info;

	if (!call_info(t, &info))
		return;
	tracer_call_enters(tr, t, arch_is_compat(info.arch), info.seccomp.nr, (const uint64_t *)info.seccomp.args);
	if (tr->phase != TRACER_RECORDS)
		t->in_call = false;
	go_on(tr, t, 0);
}

/* ---- births ---- */

/* What a new thread was called with is in its registers; it is about to return from the fork. */
static bool child_registers(struct tracee *t)
{
#if defined(__x86_64__)
	struct __ptrace_syscall_info info;
	struct user_regs_struct r;
	struct iovec iov = {&r, sizeof r};

	if (!call_info(t, &info) || ptrace(PTRACE_GETREGSET, t->tid, NT_PRSTATUS, &iov) < 0)
		return false;
	t->compat = arch_is_compat(info.arch);
	if (iov.iov_len < sizeof r) {
		/* A 32-bit program: bx, cx, dx, si, di, bp, ax, ds, es, fs, gs, orig_ax, ... */
		const uint32_t *narrow = (const uint32_t *)(const void *)&r;

		for (unsigned i = 0; i < 6; i++)
			t->args[i] = narrow[i];
		t->sysno = tracer_recipe_index(t->compat, narrow[11]);
	} else if (t->compat) {
		const uint64_t args[] = {r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp};

		for (unsigned i = 0; i < 6; i++)
			t->args[i] = (uint32_t)args[i];
		t->sysno = tracer_recipe_index(true, r.orig_rax);
	} else {
		const uint64_t args[] = {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9};

		memcpy(t->args, args, sizeof t->args);
		t->sysno = tracer_recipe_index(false, r.orig_rax);
	}
	return true;
#else
	/* The first argument has given way to the result: only the parent knows it. */
	return t->parent != 0;
#endif
}

/* The first stop of a thread that one of ours has made. */
static void take_birth(struct tracer *tr, struct tracee *t)
{
	t->is_new = t->held = false;
	if (!t->leaving && child_registers(t))
		tracer_child_returns(tr, t);
}

static struct tracee *child_add(struct tracer *tr, pid_t tid)
{
	pid_t pid = proc_tgid(tid);
	struct tracee *t = tracee_add(&tr->tracees, tid, pid ? pid : tid);

	if (!t)
		return NULL;
	t->born = proc_born(tid);
	t->is_new = true;
	t->leaving = tr->phase == TRACER_LEAVES;
	return t;
}

static void take_fork(struct tracer *tr, struct tracee *t)
{
	unsigned long number = 0;
	struct tracee *child;

	if (ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &number) == 0 && number) {
		child = tracee_find(&tr->tracees, (pid_t)number);
		if (!child)
			child = child_add(tr, (pid_t)number);
		if (child) {
			child->parent = t->tid;
			child->clone_flags = t->clone_flags;
			child->compat = t->compat;
			child->sysno = t->sysno;
			memcpy(child->args, t->args, sizeof child->args);
			/* Of whom only a process is asked for, its children go their own way; its threads do not. */
			if (tr->options.no_follow && child->pid != t->pid)
				child->leaving = true;
		}
		if (child && child->held) {
			take_birth(tr, child);
			go_on(tr, child, 0);
		}
	}
	go_on(tr, t, 0);
}

void tracer_release_held(struct tracer *tr)
{
	FOR_EACH_TRACEE(&tr->tracees, t)
		if (t->held) {
			if (memory_u32(&(struct call){.task = t}, t->args[0], &t->clone_flags))
				t->parent = 0;
			take_birth(tr, t);
			go_on(tr, t, 0);
		}
}

/* ---- exec ---- */

/* The thread that called exec has become its process's first one; all others are gone. */
static void take_exec(struct tracer *tr, struct tracee *t)
{
	unsigned long former = 0;
	struct tracee *caller;

	ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &former);
	caller = former && (pid_t)former != t->tid ? tracee_find(&tr->tracees, (pid_t)former) : NULL;
	if (caller) {
		pid_t tid = t->tid;

		tracer_gone(tr, t, 0);
		tracee_remove(&tr->tracees, t);
		tracee_renumber(&tr->tracees, caller, tid);
		t = caller;
	}
	if (t->pidfd >= 0)
		close(t->pidfd);
	t->pidfd = -1;
	go_on(tr, t, 0);
}

/* ---- signals ---- */

/*
 * Ours stops with the command where the terminal stops both, so that the shell sees it: by the same signal, which is
 * ignored else. It is sent to this thread, so that it has taken effect before it is ignored again.
 */
static void stop_with_command(struct tracer *tr, const struct tracee *t, int number)
{
	bool is_command = tr->options.command && t->tid == tr->options.command->pid;
	sigset_t set, before;

	if (!is_command || number == SIGSTOP || getpgid(t->tid) != getpgrp())
		return;
	sigemptyset(&set);
	sigaddset(&set, number);
	signal(number, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &set, &before);
	pthread_kill(pthread_self(), number);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	signal(number, SIG_IGN);
}

static void take_group_stop(struct tracer *tr, struct tracee *t, int number)
{
	if (t->leaving) {
		tracer_let_go(tr, t, 0);
		return;
	}
	t->listening = true;
	ptrace(PTRACE_LISTEN, t->tid, 0, 0);
	stop_with_command(tr, t, number);
}

static pid_t sender_of(int number, const siginfo_t *info)
{
	int code = info->si_code;
	bool has_pid = code == SI_USER || code == SI_QUEUE || code == SI_TKILL || (number == SIGCHLD && code > 0);

	return has_pid ? info->si_pid : 0;
}

static void take_signal(struct tracer *tr, struct tracee *t, int number)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, t->tid, 0, &info) < 0) {
		if (errno == EINVAL)
			take_group_stop(tr, t, number);
		return;
	}
	t->fatal = number;
	tracer_signal(tr, t, number, sender_of(number, &info), &info);
	go_on(tr, t, number);
}

/* Whether the call it was in when we came will begin again; then it is remembered. */
static bool was_in_call(struct tracee *t)
{
#if defined(__x86_64__)
	struct user_regs_struct r;
	struct iovec iov = {&r, sizeof r};
	int64_t result;

	if (ptrace(PTRACE_GETREGSET, t->tid, NT_PRSTATUS, &iov) < 0 || iov.iov_len < sizeof r)
		return false;
	result = (int64_t)r.rax;
	return (int64_t)r.orig_rax >= 0 && result <= -ERESTART_FIRST && result >= -ERESTART_LAST && child_registers(t);
#else
	return false;
#endif
}

/* PTRACE_EVENT_STOP: the first stop of a new one, the stop that we asked for, group stops and their end. */
static void take_stop(struct tracer *tr, struct tracee *t, int number)
{
	if (t->interrupted && !t->leaving && !t->is_new)
		t->entry_unknown = was_in_call(t);
	t->interrupted = t->listening = false;
	if (t->is_new && !t->parent && tr->phase == TRACER_RECORDS) {
		child_registers(t);
		t->held = true;
		return;
	}
	if (t->is_new)
		take_birth(tr, t);
	if (number == SIGTRAP)
		go_on(tr, t, 0);
	else
		take_group_stop(tr, t, number);
}

/* ---- ends ---- */

static void take_exit(struct tracer *tr, struct tracee *t)
{
	unsigned long status = 0;

	if (ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &status) == 0)
		tracer_exits(tr, t, (uint32_t)status);
	go_on(tr, t, 0);
}

static void take_end(struct tracer *tr, struct tracee *t, int status)
{
	struct command *command = tr->options.command;
	pid_t tid = t->tid;

	tracer_gone(tr, t, (uint32_t)status);
	tracee_remove(&tr->tracees, t);
	if (command && tid == command->pid) {
		command_reaped(command, status);
		record_queue_wake(&tr->queue);
	}
	tracer_release_held(tr);
}

void tracer_take(struct tracer *tr, pid_t tid, int status)
{
	struct tracee *t = tracee_find(&tr->tracees, tid);
	int number = WSTOPSIG(status), event = status >> 16;

	if (!t && WIFSTOPPED(status))
		t = child_add(tr, tid); /* quicker than the word of who made it */
	if (!t)
		return;
	if (!WIFSTOPPED(status)) {
		take_end(tr, t, status);
		return;
	}
	switch (event) {
	case 0:
		if (number == (SIGTRAP | 0x80))
			take_call(tr, t);
		else
			take_signal(tr, t, number);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		take_fork(tr, t);
		break;
	case PTRACE_EVENT_EXEC:
		take_exec(tr, t);
		break;
	case PTRACE_EVENT_EXIT:
		take_exit(tr, t);
		break;
	case PTRACE_EVENT_SECCOMP:
		take_program(tr, t);
		break;
	case PTRACE_EVENT_STOP:
		take_stop(tr, t, number);
		break;
	default:
		go_on(tr, t, 0);
	}
}
