#include "capture/ptrace/tracee_proc.h"

#include "capture/proc_status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MAX 8192

ssize_t proc_text_of(pid_t tid, const char *name, char *to, size_t size)
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, to, size - 1);
	close(fd);
	if (n >= 0)
		to[n] = 0;
	return n;
}

ssize_t proc_kept_text(struct kept_file *k, pid_t tid, const char *name, char *to, size_t size)
{
	bool kept = k->tid == tid;
	char path[96];
	ssize_t n;

	if (!kept) {
		kept_file_done(k);
		snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
		k->fd = open(path, O_RDONLY | O_CLOEXEC);
		k->tid = k->fd < 0 ? 0 : tid;
	}
	n = k->tid ? pread(k->fd, to, size - 1, 0) : -1;
	if (n > 0) {
		to[n] = 0;
		return n;
	}
	kept_file_done(k);
	/* That task is gone; the number may be another's by now. */
	return kept ? proc_kept_text(k, tid, name, to, size) : n;
}

void kept_file_done(struct kept_file *k)
{
	if (k->tid)
		close(k->fd);
	k->tid = 0;
}

bool proc_stat_of(pid_t tid, const char *name, struct stat *ret)
{
	char path[96];

	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	return stat(path, ret) == 0;
}

static ssize_t link_of(pid_t tid, const char *name, char *to, size_t size)
{
	char path[96];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	n = readlink(path, to, size - 1);
	if (n >= 0)
		to[n] = 0;
	return n == (ssize_t)size - 1 ? -ENAMETOOLONG : n;
}

/* Links lead from our root; the kernel side counts from the task's. */
ssize_t proc_path_of(pid_t tid, const char *name, char *to, size_t size)
{
	char root[PATH_BYTES];
	ssize_t n = link_of(tid, name, to, size), len;

	if (n <= 0 || to[0] != '/')
		return n;
	len = link_of(tid, "root", root, sizeof root);
	if (len <= 1 || len > n || memcmp(to, root, (size_t)len) || (to[len] && to[len] != '/'))
		return n;
	if (!to[len])
		return snprintf(to, size, "/");
	memmove(to, to + len, (size_t)(n - len) + 1);
	return n - len;
}

/* ---- stat ---- */

#define STAT_FIELDS 52 /* counted from 1, as proc(5) does */

/* "pid (comm) state ppid pgrp session tty ...": comm may hold spaces and parentheses itself. */
static bool stat_numbers(const char *text, uint64_t v[STAT_FIELDS])
{
	const char *p = strrchr(text, ')');

	memset(v, 0, sizeof *v * STAT_FIELDS);
	if (!p || strlen(p) < 4)
		return false;
	p += 3;
	for (unsigned i = 4; i < STAT_FIELDS; i++) {
		char *end;

		while (*p == ' ')
			p++;
		v[i] = *p == '-' ? (uint64_t)strtoll(p, &end, 10) : strtoull(p, &end, 10);
		if (end == p)
			return i > 22;
		p = end;
	}
	return true;
}

/* Of the thread, not summed up over its process. */
static bool stat_read(pid_t tid, struct stat_facts *ret)
{
	char text[1024], name[32], *open, *close;
	uint64_t v[STAT_FIELDS];

	snprintf(name, sizeof name, "task/%d/stat", tid);
	if (proc_text_of(tid, name, text, sizeof text) <= 0 || !stat_numbers(text, v))
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || close < open)
		return false;
	*ret = (struct stat_facts){.ppid = (int64_t)v[4], .pgrp = (int64_t)v[5], .session = (int64_t)v[6],
				   .tty = (int64_t)v[7], .min_flt = v[10], .maj_flt = v[12], .start_ticks = v[22],
				   .arg_start = v[48], .arg_end = v[49], .env_start = v[50], .env_end = v[51]};
	snprintf(ret->comm, sizeof ret->comm, "%.*s", (int)(close - open - 1), open + 1);
	return true;
}

pid_t proc_parent(pid_t tid)
{
	struct stat_facts stat;

	return stat_read(tid, &stat) ? (pid_t)stat.ppid : 0;
}

int proc_cpu(pid_t tid)
{
	char text[1024];
	uint64_t v[STAT_FIELDS];

	return proc_text_of(tid, "stat", text, sizeof text) > 0 && stat_numbers(text, v) ? (int)v[39] : -1;
}

uint32_t proc_born(pid_t tid)
{
	uint64_t tick_ns = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);
	struct stat_facts stat;

	return stat_read(tid, &stat) ? (uint32_t)(stat.start_ticks * tick_ns >> 20) : 0;
}

pid_t proc_child(pid_t tid)
{
	char text[64], name[48];

	snprintf(name, sizeof name, "task/%d/children", tid);
	return proc_text_of(tid, name, text, sizeof text) < 0 ? -1 : (pid_t)strtol(text, NULL, 10);
}

/* ---- status ---- */

/* Numbers of a line, at most max of them. */
static unsigned status_numbers(const char *text, const char *name, uint32_t *ret, unsigned max)
{
	const char *p = proc_status_line(text, name);
	unsigned n = 0;

	while (p && n < max) {
		char *end;

		while (*p == ' ' || *p == '\t')
			p++;
		if (*p < '0' || *p > '9')
			break;
		ret[n++] = (uint32_t)strtoul(p, &end, 10);
		p = end;
	}
	return n;
}

pid_t proc_tgid(pid_t tid)
{
	char text[STATUS_MAX];

	return proc_text_of(tid, "status", text, sizeof text) <= 0 ? 0 : (pid_t)proc_status_number(text, "Tgid", 0, 10);
}

bool proc_is_of(pid_t tid, uid_t uid)
{
	char text[STATUS_MAX];
	uint32_t ids[4];

	return proc_text_of(tid, "status", text, sizeof text) > 0 && status_numbers(text, "Uid", ids, 4) == 4 &&
	       ids[0] == uid && ids[1] == uid && ids[2] == uid && ids[3] == uid;
}

/* signal(7) */
static enum signal_action default_action(int number)
{
	switch (number) {
	case SIGCHLD: case SIGURG: case SIGWINCH: case SIGCONT:
		return SIGNAL_DROPPED;
	case SIGSTOP: case SIGTSTP: case SIGTTIN: case SIGTTOU:
		return SIGNAL_STOPS;
	case SIGQUIT: case SIGILL: case SIGTRAP: case SIGABRT: case SIGFPE: case SIGSEGV: case SIGBUS: case SIGSYS:
	case SIGXCPU: case SIGXFSZ:
		return SIGNAL_CORE;
	}
	return SIGNAL_ENDS;
}

enum signal_action proc_action(pid_t tid, int number)
{
	char text[STATUS_MAX];
	uint64_t bit = 1ull << (number - 1);

	if (proc_text_of(tid, "status", text, sizeof text) <= 0)
		return SIGNAL_CAUGHT;
	if (proc_status_number(text, "SigIgn", 0, 16) & bit)
		return SIGNAL_DROPPED;
	return proc_status_number(text, "SigCgt", 0, 16) & bit ? SIGNAL_CAUGHT : default_action(number);
}

static bool status_read(pid_t tid, struct status_facts *ret)
{
	char text[STATUS_MAX];

	if (proc_text_of(tid, "status", text, sizeof text) <= 0)
		return false;
	*ret = (struct status_facts){
		.uid = (uint32_t)proc_status_number(text, "Uid", 0, 10),
		.euid = (uint32_t)proc_status_number(text, "Uid", 1, 10),
		.fsuid = (uint32_t)proc_status_number(text, "Uid", 3, 10),
		.gid = (uint32_t)proc_status_number(text, "Gid", 0, 10),
		.egid = (uint32_t)proc_status_number(text, "Gid", 1, 10),
		.fsgid = (uint32_t)proc_status_number(text, "Gid", 3, 10),
		.vtid = proc_status_last(text, "NSpid", 0),
		.vpid = proc_status_last(text, "NStgid", 0),
		.vpgid = proc_status_last(text, "NSpgid", 0),
		.cap_i = proc_status_number(text, "CapInh", 0, 16),
		.cap_p = proc_status_number(text, "CapPrm", 0, 16),
		.cap_e = proc_status_number(text, "CapEff", 0, 16),
	};
	ret->n_groups = status_numbers(text, "Groups", ret->groups, sizeof ret->groups / sizeof *ret->groups);
	return true;
}

/* ---- facts of one moment ---- */

void facts_begin(struct task_facts *f, pid_t tid)
{
	f->tid = tid;
	f->stat_read = f->status_read = f->exe_read = false;
}

const struct stat_facts *facts_stat(struct task_facts *f)
{
	if (!f->stat_read) {
		f->has_stat = stat_read(f->tid, &f->stat);
		f->stat_read = true;
	}
	return f->has_stat ? &f->stat : NULL;
}

const struct status_facts *facts_status(struct task_facts *f)
{
	if (!f->status_read) {
		f->has_status = status_read(f->tid, &f->status);
		f->status_read = true;
	}
	return f->has_status ? &f->status : NULL;
}

const struct stat *facts_exe(struct task_facts *f)
{
	if (!f->exe_read) {
		f->has_exe = proc_stat_of(f->tid, "exe", &f->exe);
		f->exe_read = true;
	}
	return f->has_exe ? &f->exe : NULL;
}
