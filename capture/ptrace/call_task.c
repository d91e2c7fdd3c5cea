/* What is recorded of a task itself: names, arguments, ids, memory, capabilities. */
#include "capture/ptrace/tracee_proc.h"

#include "capture/proc_read.h"
#include "format/batch.h"
#include "format/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ull

/* ---- the command line ---- */

/* argv[0] of the running program. */
static long put_exe(struct call *c, uint8_t *place)
{
	const struct stat_facts *stat = facts_stat(c->context->facts);

	return stat && stat->arg_start ? memory_text(c, stat->arg_start, place + 2, ARGS_MAX) : -1;
}

/* argv[1..] of the running program, NUL-separated as they lie in memory. */
static long put_args(struct call *c, uint8_t *place)
{
	const struct stat_facts *stat = facts_stat(c->context->facts);
	uint64_t start, len;
	long n;

	if (!stat || !stat->arg_start)
		return -1;
	start = stat->arg_start;
	n = memory_text(c, start, place + 2, ARGS_MAX);
	if (n < 0)
		return -1;
	start += (uint64_t)n;
	if (start >= stat->arg_end)
		return 0;
	len = stat->arg_end - start;
	if (len > ARGS_MAX) {
		c->head->flags |= EVENT_TRUNCATED;
		len = ARGS_MAX;
	}
	if (!memory_read(c, start, place + 2, len))
		return -1;
	place[1 + len] = 0; /* cut ones end in NUL all the same */
	return (long)len;
}

/* The command line of an execve that failed, as it was asked for: argv[0], or all that follows it. */
static long put_argv(struct call *c, uint8_t *place, unsigned first)
{
	uint64_t array = call_arg(c, c->argv_arg), word;
	unsigned width = c->compat ? 4 : 8;
	long at = 0;

	word = 0;
	if (!array || !memory_read(c, array, &word, width))
		return -1;
	if (!word)
		return 0;
	for (unsigned i = first; first || i < 1; i++) {
		long n;

		word = 0;
		n = memory_read(c, array + i * width, &word, width) ? 0 : -1;
		if (n == 0 && !word)
			break;
		if (n == 0 && at < ARGS_MAX)
			n = memory_text(c, word, place + 2 + at, ARGS_MAX + 1);
		if (n < 0 && !at)
			return -1;
		if (n <= 0 || at + n > ARGS_MAX)
			c->head->flags |= EVENT_TRUNCATED;
		if (n <= 0)
			break;
		at = at + n > ARGS_MAX ? ARGS_MAX : at + n;
	}
	if (at)
		place[1 + at] = 0;
	return at;
}

static void put_command(struct call *c, const struct kernel_step *step)
{
	bool args = step->c == WORD_TASK_ARGS, failed = (c->recipe_flags & CALL_EXEC) && c->result < 0;
	uint8_t *p = call_place(c);
	long n = -1;

	if (p && failed)
		n = put_argv(c, p, args);
	else if (p)
		n = args ? put_args(c, p) : put_exe(c, p);
	if (n < 0 || (!args && !n))
		call_absent(c, step);
	else
		call_sized(c, p, (uint32_t)n);
}

static void put_env(struct call *c, const struct kernel_step *step)
{
	const struct stat_facts *stat = facts_stat(c->context->facts);
	uint8_t *p = call_place(c);
	uint64_t len = 0;

	if (c->context->keep_env && stat && stat->env_end > stat->env_start)
		len = stat->env_end - stat->env_start;
	if (len > ARGS_MAX)
		len = ARGS_MAX;
	if (!p || (len && !memory_read(c, stat->env_start, p + 2, len)))
		call_absent(c, step);
	else
		call_sized(c, p, (uint32_t)len);
}

/* ---- other texts ---- */

/* The kernel side tells of five controllers; proc_cgroups() has those first. */
static uint32_t told_length(struct text groups)
{
	static const char *const told[] = {"cpuset=", "cpu=", "cpuacct=", "io=", "memory="};
	uint32_t at = 0;

	for (size_t i = 0; i < sizeof told / sizeof *told && at < groups.len; i++)
		if (groups.len - at > strlen(told[i]) && !memcmp(groups.data + at, told[i], strlen(told[i])))
			at += (uint32_t)strnlen(groups.data + at, groups.len - at) + 1;
	return at;
}

static void put_cgroups(struct call *c, const struct kernel_step *step)
{
	struct snapshot *sn = c->context->groups;
	uint8_t *p = call_place(c);
	struct text groups;
	char folder[32];
	int dir;

	snprintf(folder, sizeof folder, "%d", c->task->tid);
	dir = openat(sn->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	groups = dir < 0 ? (struct text){0} : proc_cgroups(sn, dir);
	groups.len = told_length(groups);
	if (dir >= 0)
		close(dir);
	if (!p || !groups.len || groups.len > PATH_BYTES) {
		call_absent(c, step);
		return;
	}
	memcpy(p + 2, groups.data, groups.len);
	call_sized(c, p, groups.len);
}

static void put_link(struct call *c, const struct kernel_step *step, const char *name)
{
	char path[PATH_BYTES];
	ssize_t n = proc_path_of(c->task->tid, name, path, sizeof path);

	call_put_text(c, step, n > 0 ? path : NULL, n > 0 ? (size_t)n : 0);
}

static void put_filename(struct call *c, const struct kernel_step *step)
{
	const char *name = c->task->exec_name;

	if (c->result < 0)
		put_text(c, step, call_arg(c, 0));
	else
		call_put_text(c, step, name, name ? strlen(name) : 0);
}

/* ---- rights to the executable ---- */

enum exe_flag { EXE_WRITABLE = 1, EXE_FROM_MEMFD = 4 };
#define CAP_DAC_OVERRIDE 1
#define CAP_FOWNER	 3

static bool has_group(const struct status_facts *s, uint32_t gid)
{
	if (s->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < s->n_groups; i++)
		if (s->groups[i] == gid)
			return true;
	return false;
}

/* Whether an id of ours means something in the task's user namespace: "inside outside count" per line. */
static bool map_has(pid_t tid, const char *name, uint32_t id)
{
	char text[4096];
	unsigned inside, outside, count;
	int n;

	if (proc_text_of(tid, name, text, sizeof text) <= 0)
		return true;
	for (const char *p = text; sscanf(p, "%u %u %u%n", &inside, &outside, &count, &n) == 3; p += n)
		if (id - outside < count)
			return true;
	return false;
}

static bool overrides(pid_t tid, const struct status_facts *s, const struct stat *exe)
{
	if (!(s->cap_e & (1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER)) || !map_has(tid, "uid_map", exe->st_uid))
		return false;
	return (s->cap_e >> CAP_FOWNER & 1) || map_has(tid, "gid_map", exe->st_gid);
}

/* What can be changed by nobody: files marked so, and those of a file system without writing. */
static bool is_frozen(pid_t tid)
{
	struct statvfs fs;
	struct statx x;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/exe", tid);
	if (statx(AT_FDCWD, path, 0, 0, &x) == 0 && x.stx_attributes & STATX_ATTR_IMMUTABLE)
		return true;
	return statvfs(path, &fs) == 0 && fs.f_flag & ST_RDONLY;
}

/* Its owner may make it writable, so for him it is. */
static bool exe_is_writable(struct call *c, const struct stat *exe)
{
	const struct status_facts *s = facts_status(c->context->facts);

	if (!s || is_frozen(c->task->tid))
		return false;
	if (s->fsuid == exe->st_uid || (exe->st_mode & 0002))
		return true;
	if ((exe->st_mode & 0020) && has_group(s, exe->st_gid))
		return true;
	return overrides(c->task->tid, s, exe);
}

static void put_exec_flags(struct call *c, const struct kernel_step *step)
{
	const struct stat *exe = facts_exe(c->context->facts);
	char path[PATH_BYTES];
	uint64_t flags = 0;

	if (exe && exe_is_writable(c, exe))
		flags |= EXE_WRITABLE;
	if (proc_path_of(c->task->tid, "exe", path, sizeof path) > 0 && !strncmp(path, "/memfd:", 7))
		flags |= EXE_FROM_MEMFD;
	if (exe)
		call_number(c, step, flags);
	else
		call_absent(c, step);
}

/* ---- numbers ---- */

/* The thread that made it, as long as that is still one of its parent's; after that, the process. */
static int64_t parent_tid(struct call *c, const struct stat_facts *stat)
{
	const struct tracee *parent = tracee_find(c->context->tracees, c->task->parent);

	return parent && parent->pid == stat->ppid && !parent->exiting ? parent->tid : stat->ppid;
}

static uint64_t loginuid(pid_t tid)
{
	char text[32];

	return proc_text_of(tid, "loginuid", text, sizeof text) > 0 ? (uint32_t)strtoul(text, NULL, 10) : UINT32_MAX;
}

static bool fd_limit(pid_t tid, uint64_t *ret)
{
	struct rlimit limit;
	char text[2048];
	const char *p;

	if (prlimit(tid, RLIMIT_NOFILE, NULL, &limit) == 0) {
		*ret = limit.rlim_cur;
		return true;
	}
	if (proc_text_of(tid, "limits", text, sizeof text) <= 0 || !(p = strstr(text, "Max open files")))
		return false;
	p += strlen("Max open files");
	p += strspn(p, " ");
	*ret = *p == 'u' ? UINT64_MAX : strtoull(p, NULL, 10);
	return true;
}

static uint64_t time_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * NSEC_PER_SEC + (uint64_t)t->tv_nsec;
}

static bool number_of_stat(struct call *c, unsigned word, uint64_t *ret)
{
	const struct stat_facts *stat = facts_stat(c->context->facts);

	if (!stat)
		return false;
	switch (word) {
	case WORD_TASK_PTID: *ret = (uint64_t)parent_tid(c, stat); return true;
	case WORD_TASK_PGFT_MAJ: *ret = stat->maj_flt; return true;
	case WORD_TASK_PGFT_MIN: *ret = stat->min_flt; return true;
	case WORD_TASK_TTY: *ret = (uint32_t)stat->tty; return true;
	case WORD_TASK_PGID: *ret = (uint64_t)stat->pgrp; return true;
	}
	return false;
}

static bool number_of_status(struct call *c, unsigned word, uint64_t *ret)
{
	const struct status_facts *status = facts_status(c->context->facts);

	if (!status)
		return false;
	switch (word) {
	case WORD_TASK_VPGID: *ret = (uint64_t)status->vpgid; return true;
	case WORD_TASK_CAP_I: *ret = status->cap_i; return true;
	case WORD_TASK_CAP_P: *ret = status->cap_p; return true;
	case WORD_TASK_CAP_E: *ret = status->cap_e; return true;
	case WORD_TASK_EUID: *ret = status->euid; return true;
	case WORD_TASK_EGID: *ret = status->egid; return true;
	case WORD_TASK_VTID: *ret = (uint64_t)status->vtid; return true;
	case WORD_TASK_VPID: *ret = (uint64_t)status->vpid; return true;
	}
	return false;
}

static bool number_of_exe(struct call *c, unsigned word, uint64_t *ret)
{
	const struct stat *exe = facts_exe(c->context->facts);

	if (!exe)
		return false;
	*ret = word == WORD_TASK_EXE_INO     ? exe->st_ino
	       : word == WORD_TASK_EXE_CTIME ? time_ns(&exe->st_ctim)
					     : time_ns(&exe->st_mtim);
	return true;
}

static bool task_number(struct call *c, unsigned word, uint64_t *ret)
{
	switch (word) {
	case WORD_TASK_TID: *ret = (uint64_t)c->task->tid; return true;
	case WORD_TASK_PID: *ret = (uint64_t)c->task->pid; return true;
	case WORD_TASK_FDLIMIT: return fd_limit(c->task->tid, ret);
	case WORD_TASK_LOGINUID: *ret = loginuid(c->task->tid); return true;
	case WORD_TASK_EXE_INO: case WORD_TASK_EXE_CTIME: case WORD_TASK_EXE_MTIME:
		return number_of_exe(c, word, ret);
	case WORD_TASK_PTID: case WORD_TASK_PGFT_MAJ: case WORD_TASK_PGFT_MIN: case WORD_TASK_TTY: case WORD_TASK_PGID:
		return number_of_stat(c, word, ret);
	}
	/* The start of the PID namespace is told in hundredths of a second: not what is asked for. */
	return number_of_status(c, word, ret);
}

void put_task(struct call *c, const struct kernel_step *step)
{
	const struct stat_facts *stat;
	uint64_t v = 0;

	switch (step->c) {
	case WORD_TASK_EXE: case WORD_TASK_ARGS:
		put_command(c, step);
		return;
	case WORD_TASK_CGROUPS:
		put_cgroups(c, step);
		return;
	case WORD_TASK_ENV:
		put_env(c, step);
		return;
	case WORD_TASK_COMM:
		stat = facts_stat(c->context->facts);
		call_put_text(c, step, stat ? stat->comm : NULL, stat ? strlen(stat->comm) : 0);
		return;
	case WORD_TASK_CWD:
		put_link(c, step, "cwd");
		return;
	case WORD_TASK_EXEPATH:
		put_link(c, step, "exe");
		return;
	case WORD_TASK_FILENAME:
		put_filename(c, step);
		return;
	case WORD_TASK_EXEC_FLAGS:
		put_exec_flags(c, step);
		return;
	}
	if (task_number(c, step->c, &v))
		call_number(c, step, v);
	else
		call_absent(c, step);
}

/* Sizes as the kernel side has them, of pages of 4 KiB. */
void put_vm(struct call *c, const struct kernel_step *step)
{
	char text[128];

	if (!c->vm_looked && step->kind != KIND_VM_SWAP) {
		c->vm_looked = true;
		c->vm_found = proc_kept_text(c->context->statm, c->task->tid, "statm", text, sizeof text) > 0 &&
			      sscanf(text, "%llu %llu", &c->vm_pages[0], &c->vm_pages[1]) == 2;
	}
	if (step->kind == KIND_VM_SWAP && !c->context->has_swap) {
		call_number(c, step, 0);
	} else if (step->kind == KIND_VM_SWAP) {
		char status[8192];
		const char *p = proc_text_of(c->task->tid, "status", status, sizeof status) > 0
					? strstr(status, "\nVmSwap:")
					: NULL;

		if (p)
			call_number(c, step, strtoull(p + 8, NULL, 10));
		else
			call_absent(c, step);
	} else if (c->vm_found) {
		call_number(c, step, c->vm_pages[step->kind == KIND_VM_RSS] << 2);
	} else {
		call_absent(c, step);
	}
}

/* ---- clone flags ---- */

#define NAMESPACE_OF_HOST 0xEFFFFFFC /* PROC_PID_INIT_INO: the same in every kernel */
#define CLONE_NEWPID_BIT  0x20000000u

/*
 * The exit signal gives way to what the family wants to know instead: whether the child lives in a PID
 * namespace below the first. The child's return tells of itself, the parent's of where its children go.
 */
void put_clone_flags(struct call *c, const struct kernel_step *step)
{
	uint32_t flags = 0;
	struct stat ns;
	bool below;

	if (step->kind == KIND_CLONEFLAGS)
		flags = (uint32_t)call_arg(c, step->a);
	if (step->kind == KIND_CLONE3FLAGS) {
		if (c->result == 0) {
			flags = c->task->clone_flags;
		} else if (!memory_u32(c, call_arg(c, step->a), &flags)) {
			call_absent(c, step);
			return;
		}
	}
	/* The link of a namespace that has no process yet leads nowhere. */
	below = !proc_stat_of(c->task->tid, c->result == 0 ? "ns/pid" : "ns/pid_for_children", &ns) ||
		ns.st_ino != NAMESPACE_OF_HOST;
	if (below || (flags & CLONE_NEWPID_BIT))
		call_number(c, step, (flags & ~0xFFu) | CLONE_WIRE_CHILD_IN_PIDNS);
	else
		call_number(c, step, flags & ~0xFFu);
}
