/*
 * Process and thread numbers as the capturing program sees them: those of its own PID namespace, like
 * everything it reads in /proc. In the host's namespace they are the kernel's own; in a container
 * only its tasks exist, and the chain of ancestors ends at its init.
 */
#pragma once
#include "record.h"

#define PIDNS_DEPTH_MAX 33 /* MAX_PID_NS_LEVEL + 1 */

/* How deep our namespace lies; known when the first of its tasks has been seen. */
u32 pidns_level;

static __always_inline struct upid pid_at(struct pid *pid, u32 level)
{
	struct upid u = {};

	/* numbers[] is longer than declared; its stride is a fact of the kernel, not of us. */
	bpf_probe_read_kernel(&u.nr, sizeof u.nr,
			      (u8 *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, nr));
	bpf_probe_read_kernel(&u.ns, sizeof u.ns,
			      (u8 *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, ns));
	return u;
}

/* 0: it has none for us. */
static __always_inline u32 pid_number(struct pid *pid)
{
	u32 level = config.pidns_inum ? pidns_level : 0;

	if (!pid || level > BPF_CORE_READ(pid, level))
		return 0;
	return pid_at(pid, level).nr;
}

static __always_inline u32 task_tid(struct task_struct *task)
{
	return config.pidns_inum ? pid_number(BPF_CORE_READ(task, thread_pid)) : BPF_CORE_READ(task, pid);
}

static __always_inline u32 task_pid(struct task_struct *task)
{
	return config.pidns_inum ? pid_number(BPF_CORE_READ(task, group_leader, thread_pid))
				 : BPF_CORE_READ(task, tgid);
}

/* Whether it lives in our namespace or in one below. */
static __always_inline bool task_is_visible(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 deepest = BPF_CORE_READ(pid, level);

	if (!config.pidns_inum)
		return true;
	for (u32 i = 1; i < PIDNS_DEPTH_MAX && i <= deepest; i++) {
		struct pid_namespace *ns = pid_at(pid, i).ns;

		if (BPF_CORE_READ(ns, ns.inum) == config.pidns_inum) {
			pidns_level = i;
			return true;
		}
	}
	return false;
}
