/* Taking hold of processes, and letting them go. */
#include "capture/ptrace/tracer_state.h"

#include "capture/command.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

static unsigned long ptrace_options(const struct tracer *tr)
{
	unsigned long o = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;

	if (!tr->options.no_follow)
		o |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	/* Without us every call that the program stops would fail: better to end with us than to live on so. */
	if (tr->n_program)
		o |= PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;
	return o;
}

/* 0 also when it is gone; -EPERM: it is not ours to trace. */
static int seize(struct tracer *tr, pid_t tid, pid_t pid)
{
	struct tracee *t = tracee_add(&tr->tracees, tid, pid);

	if (!t)
		return -ENOMEM;
	if (ptrace(PTRACE_SEIZE, tid, 0, (void *)ptrace_options(tr)) < 0) {
		int code = errno;

		tracee_remove(&tr->tracees, t);
		return code == ESRCH ? 0 : -code;
	}
	t->born = proc_born(tid);
	t->interrupted = true;
	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	return 0;
}

/* All threads; those that are made meanwhile by one that is not seized yet are found in the next round. */
static int seize_process(struct tracer *tr, pid_t pid)
{
	char path[64];
	bool again = true;
	int r = 0;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	while (again && r == 0) {
		DIR *list = opendir(path);
		struct dirent *d;

		again = false;
		while (list && r == 0 && (d = readdir(list))) {
			pid_t tid = atoi(d->d_name);

			if (tid <= 0 || tracee_find(&tr->tracees, tid))
				continue;
			r = seize(tr, tid, pid);
			again = true;
		}
		if (list)
			closedir(list);
	}
	return r;
}

/* Those that descend from what is traced already; rounds until nobody new is found. */
static void seize_descendants(struct tracer *tr)
{
	bool again = true;

	while (again) {
		DIR *list = opendir("/proc");
		struct dirent *d;

		again = false;
		while (list && (d = readdir(list))) {
			pid_t pid = atoi(d->d_name);
			const struct tracee *parent;

			if (pid <= 0 || tracee_find(&tr->tracees, pid))
				continue;
			parent = tracee_find(&tr->tracees, proc_parent(pid));
			/* Of a process that is not to be traced (setuid) we know nothing, and go on. */
			again |= parent && seize_process(tr, pid) == 0 && tracee_find(&tr->tracees, pid);
		}
		if (list)
			closedir(list);
	}
}

static int attach_failed(pid_t pid, int code, struct error *err)
{
	if (code == -EPERM)
		return error_set(err, code, "process %d may not be traced: it is another user's, has more rights, is "
					    "traced already, or ptrace is restricted "
					    "(/proc/sys/kernel/yama/ptrace_scope)",
				 pid);
	return error_set(err, code, "tracing process %d: %s", pid, strerror(-code));
}

int tracer_attach(struct tracer *tr, struct error *err)
{
	int r = 0;

	if (tr->options.command) {
		pid_t pid = tr->options.command->pid;

		r = seize(tr, pid, pid);
		if (r < 0)
			return attach_failed(pid, r, err);
		if (!tracee_find(&tr->tracees, pid))
			return error_set(err, -ESRCH, "the command went away before it began");
	}
	for (size_t i = 0; i < tr->options.n_pids; i++) {
		pid_t pid = (pid_t)tr->options.pids[i];

		r = seize_process(tr, pid);
		if (r < 0)
			return attach_failed(pid, r, err);
		if (!tracee_find(&tr->tracees, pid))
			return error_set(err, -ESRCH, "process %d: %s", pid, strerror(ESRCH));
	}
	if (tr->options.n_pids && !tr->options.no_follow)
		seize_descendants(tr);
	return 0;
}

void tracer_let_go(struct tracer *tr, struct tracee *t, int signal)
{
	ptrace(PTRACE_DETACH, t->tid, 0, (long)signal);
	tracee_remove(&tr->tracees, t);
}

void tracer_begin_leaving(struct tracer *tr)
{
	FOR_EACH_TRACEE(&tr->tracees, t) {
		t->leaving = true;
		if (t->held)
			tracer_let_go(tr, t, 0);
		else
			ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
	}
}
