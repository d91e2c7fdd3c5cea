/* What is recorded of a task itself: names, arguments, ids, memory, capabilities. */
#pragma once
#include "files.h"
#include "user_memory.h"
#include "numbers.h"
#include "paths.h"

#define ARGS_MAX 4096	/* as the family: longer command lines are cut */
#define ARGV_MAX 4096	/* words of a failed execve's argv: each takes a byte */

/*
 * Pages of one kind (MM_*), in KiB. A macro: CO-RE knows the stride of an array by constant index only.
 * mm: a typed pointer; before 6.2 the verifier does not see through the type of the counters.
 */
#define MM_FILEPAGES  0
#define MM_ANONPAGES  1
#define MM_SWAPENTS   2
#define MM_SHMEMPAGES 3
#define mm_pages_kb(mm, which)                                                                     \
	({                                                                                         \
		struct mm_struct___v62 *now_ = (void *)(mm);                                       \
		struct mm_struct___v51 *old_ = (void *)(mm);                                       \
		s64 pages_ = bpf_core_field_exists(old_->rss_stat.count)                           \
				     ? BPF_CORE_READ(old_, rss_stat.count[which].counter)          \
				     : now_->rss_stat[which].count;                                \
		pages_ > 0 ? (u32)pages_ << 2 : 0;                                                 \
	})

/* As the task itself sees it. */
static __always_inline u64 pid_in_namespace(struct pid *pid)
{
	return pid ? (u32)pid_at(pid, BPF_CORE_READ(pid, level) & 63).nr : 0;
}

/* As the task sees it, which may live in a namespace below: 0 where it has no number there. */
static __always_inline u64 pid_seen_by(struct pid *pid, struct task_struct *task)
{
	struct pid *own = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(own, level) & 63;
	struct upid seen;

	if (!pid || level > BPF_CORE_READ(pid, level))
		return 0;
	seen = pid_at(pid, level);
	return seen.ns == pid_at(own, level).ns ? (u32)seen.nr : 0;
}

static __always_inline u64 pidns_start(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	struct pid_namespace *ns = 0;

	if (level < 32)
		bpf_probe_read_kernel(&ns, sizeof ns,
				      (u8 *)pid + bpf_core_field_offset(struct pid, numbers) +
					      level * bpf_core_type_size(struct upid) +
					      bpf_core_field_offset(struct upid, ns));
	return ns ? BPF_CORE_READ(ns, child_reaper, start_boottime) : 0;
}

static __always_inline u64 task_tty(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	u32 major, minor, index;

	if (!tty)
		return 0;
	index = BPF_CORE_READ(tty, index);
	major = BPF_CORE_READ(tty, driver, major);
	minor = BPF_CORE_READ(tty, driver, minor_start) + index;
	return dev_encode(major << 20 | (minor & 0xFFFFF));
}

static __always_inline struct inode *exe_inode(struct task_struct *task)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);

	return exe ? BPF_CORE_READ(exe, f_inode) : 0;
}

static __always_inline u64 inode_mtime(struct inode *inode)
{
	struct inode___v66 *v66 = (void *)inode;
	struct inode___v51 *v51 = (void *)inode;

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return BPF_CORE_READ(inode, i_mtime_sec) * 1000000000ull + BPF_CORE_READ(inode, i_mtime_nsec);
	if (bpf_core_field_exists(v66->__i_mtime))
		return BPF_CORE_READ(v66, __i_mtime.tv_sec) * 1000000000ull + BPF_CORE_READ(v66, __i_mtime.tv_nsec);
	return BPF_CORE_READ(v51, i_mtime.tv_sec) * 1000000000ull + BPF_CORE_READ(v51, i_mtime.tv_nsec);
}

/* From 6.13 on a bit says that somebody has looked at the time. */
#define CTIME_QUERIED (1u << 31)

static __always_inline u64 inode_ctime(struct inode *inode)
{
	struct inode___v66 *v66 = (void *)inode;
	struct inode___v51 *v51 = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec))
		return BPF_CORE_READ(inode, i_ctime_sec) * 1000000000ull +
		       (BPF_CORE_READ(inode, i_ctime_nsec) & ~CTIME_QUERIED);
	if (bpf_core_field_exists(v66->__i_ctime))
		return BPF_CORE_READ(v66, __i_ctime.tv_sec) * 1000000000ull + BPF_CORE_READ(v66, __i_ctime.tv_nsec);
	return BPF_CORE_READ(v51, i_ctime.tv_sec) * 1000000000ull + BPF_CORE_READ(v51, i_ctime.tv_nsec);
}

/* 0xFFFFFFFF: nobody; so, too, in kernels without auditing. */
static __always_inline u32 task_loginuid(struct task_struct *task)
{
	return bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : ~0u;
}

static __always_inline u64 task_capability(struct task_struct *task, u32 which)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	u64 v = 0;

	if (which == 0)
		bpf_core_read(&v, 8, &cred->cap_inheritable);
	else if (which == 1)
		bpf_core_read(&v, 8, &cred->cap_permitted);
	else
		bpf_core_read(&v, 8, &cred->cap_effective);
	return v;
}

/* ---- the command line of a running program: one block of user memory ---- */

/* exe (argv[0]) at place + 2. Returns the length with its NUL, 0: unreadable. */
static __always_inline u32 task_exe(u8 *place, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	long n = start ? user_text(place + 2, ARGS_MAX, start) : 0;

	return n > 0 ? n & (2 * ARGS_MAX - 1) : 0;
}

/* argv[1..], NUL-separated as they lie in memory. */
static __always_inline long task_args(struct scratch *s, u8 *place)
{
	struct task_struct *task = (void *)s->task;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	unsigned long start, end;
	long n;
	u32 len;

	if (!mm)
		return -1;
	start = BPF_CORE_READ(mm, arg_start);
	end = BPF_CORE_READ(mm, arg_end);
	n = user_text(place + 2, ARGS_MAX, start);
	if (n < 0)
		return -1;
	start += n;
	if (start >= end)
		return 0;
	if (end - start > ARGS_MAX)
		s->head.flags |= EVENT_TRUNCATED;
	len = end - start > ARGS_MAX ? ARGS_MAX : end - start;
	barrier_var(len);
	if (len > ARGS_MAX)
		return -1;
	if (bpf_probe_read_user(place + 2, len, (void *)start))
		return -1;
	/* Cut ones end in NUL all the same. */
	barrier_var(len);
	len &= 2 * ARGS_MAX - 1;
	if (len)
		place[1 + len] = 0;
	return len;
}

static __always_inline long task_env(struct scratch *s, u8 *place)
{
	struct task_struct *task = (void *)s->task;
	unsigned long start = BPF_CORE_READ(task, mm, env_start);
	unsigned long end = BPF_CORE_READ(task, mm, env_end);
	u32 len = end - start > ARGS_MAX ? ARGS_MAX : end - start;

	if (!config.keep_env || start >= end)
		return 0;
	barrier_var(len);
	if (len > ARGS_MAX || bpf_probe_read_user(place + 2, len, (void *)start))
		return -1;
	return len;
}

/* ---- the command line of an execve that failed: argv as the caller passed it ---- */

struct argv_walk {
	u8 *out;
	struct loops *loops;
};

static __always_inline bool argv_read(const struct loops *l, u32 i, u64 *ret)
{
	*ret = 0;
	return !bpf_probe_read_user(ret, l->width == 4 ? 4 : 8, (void *)(l->array + (u64)i * l->width));
}

static long argv_word(u32 i, struct argv_walk *a)
{
	struct loops *l = a->loops;
	u32 at = l->gathered;
	u64 word;
	long n;

	if (!argv_read(l, i, &word))
		l->failed = 1;
	if (!word)
		return 1;
	barrier_var(at);
	if (at >= ARGS_MAX) {
		l->total = 1; /* more than is kept */
		return 1;
	}
	n = user_text(a->out + at, ARGS_MAX + 1, word);
	if (n < 0) {
		l->failed = 1;
		return 1;
	}
	if (at + n > ARGS_MAX) {
		l->total = 1;
		n = ARGS_MAX - at;
	}
	l->gathered = at + n;
	return 0;
}

/* argv[0], or all that follows it, at place + 2. Returns the length, negative: there is none to be read. */
static __always_inline long argv_put(struct scratch *s, u8 *place, u32 argv_arg, u32 first)
{
	struct argv_walk a = {.out = place + 2, .loops = &s->loops};
	u64 argv = walk_arg(s, argv_arg), word;
	u32 len;

	loops_begin(s, argv, 0);
	if (!argv || !argv_read(&s->loops, 0, &word))
		return -1;
	if (!word)
		return 0;
	s->loops.array += first * s->loops.width;
	bpf_loop(first ? ARGV_MAX : 1, argv_word, &a, 0);
	len = s->loops.gathered;
	if (s->loops.failed && !len)
		return -1;
	if (s->loops.failed || s->loops.total)
		s->head.flags |= EVENT_TRUNCATED;
	barrier_var(len);
	len &= 2 * ARGS_MAX - 1;
	if (len)
		place[1 + len] = 0; /* cut ones end in NUL all the same */
	return len;
}

/* ---- cgroups: "cpuset=/a" NUL "cpu=/b" NUL ... ---- */

#define CGROUP_ROOM 600 /* of one entry: name, '=', path */
#define CGROUP_NAME 8	/* longest name with its '=' */

struct cgroup_walk {
	struct scratch *s;
	u8 *out;
	u64 set; /* struct css_set */
};

/* Name and number of the n-th controller that is told of; false: this kernel lacks it. */
#define CGROUP_CASE(n, id, text)                                                                   \
	case n:                                                                                    \
		if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, id##_cgrp_id))              \
			return false;                                                              \
		*ret_id = bpf_core_enum_value(enum cgroup_subsys_id, id##_cgrp_id);                \
		*ret_len = sizeof(text);                                                           \
		__builtin_memcpy(out, text "=\0\0\0\0\0\0\0", CGROUP_NAME);                        \
		return true

#define CGROUPS_TOLD 5
static __always_inline bool cgroup_name(u32 n, u8 *out, u32 *ret_id, u32 *ret_len)
{
	switch (n) {
	CGROUP_CASE(0, cpuset, "cpuset");
	CGROUP_CASE(1, cpu, "cpu");
	CGROUP_CASE(2, cpuacct, "cpuacct");
	CGROUP_CASE(3, io, "io");
	CGROUP_CASE(4, memory, "memory");
	}
	return false;
}

static long cgroup_next(u32 n, struct cgroup_walk *w)
{
	struct scratch *s = w->s;
	struct cgroup_subsys_state *css = 0;
	u32 at = s->loops.gathered, id = 0, name_len = 0, len;
	int begin;
	u8 *p;

	barrier_var(at);
	if (at > CGROUPS_TOLD * CGROUP_ROOM)
		return 1;
	p = w->out + at;
	if (!cgroup_name(n, p, &id, &name_len))
		return 0;
	bpf_probe_read_kernel(&css, sizeof css, (u8 *)w->set + bpf_core_field_offset(struct css_set, subsys) + id * 8);
	if (!css)
		return 0;
	begin = cgroup_path(s, (u64)BPF_CORE_READ(css, cgroup));
	len = PATH_BYTES - begin;
	if (begin < 0 || len > CGROUP_ROOM - CGROUP_NAME - 1) {
		s->head.flags |= EVENT_TRUNCATED;
		len = 0;
	}
	barrier_var(len);
	len &= 1023;
	bpf_probe_read_kernel(p + name_len, len, &s->path[begin & (PATH_BYTES - 1)]);
	p[name_len + len] = 0;
	s->loops.gathered = at + name_len + len + 1;
	return 0;
}

static __always_inline u32 cgroups_put(struct scratch *s, u8 *place, struct task_struct *task)
{
	struct cgroup_walk w = {.s = s, .out = place + 2, .set = (u64)BPF_CORE_READ(task, cgroups)};

	s->loops.gathered = 0;
	if (w.set)
		bpf_loop(CGROUPS_TOLD, cgroup_next, &w, 0);
	return s->loops.gathered;
}
