/* Who becomes the parent of a dying task's children: what the kernel is about to find out (find_new_reaper). */
#pragma once
#include "numbers.h"

#define THREADS_SEARCHED 4096
#define REAPER_DEPTH_MAX 64

struct thread_search {
	u64 node, head; /* struct list_head */
	u64 found;	/* struct task_struct, 0: none */
};

static long thread_next(u32 i, struct thread_search *t)
{
	struct list_head *node = (void *)t->node;
	struct task_struct *task = (void *)node - bpf_core_field_offset(struct task_struct, thread_node);

	if (!t->node || t->node == t->head)
		return 1;
	if (!(BPF_CORE_READ(task, flags) & PF_EXITING)) {
		t->found = (u64)task;
		return 1;
	}
	t->node = (u64)BPF_CORE_READ(node, next);
	return 0;
}

/* A thread of a process that is not about to end, 0: none. */
static __always_inline u64 thread_alive(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct thread_search t = {.head = (u64)&signal->thread_head,
				  .node = (u64)BPF_CORE_READ(signal, thread_head.next)};

	bpf_loop(THREADS_SEARCHED, thread_next, &t, 0);
	return t.found;
}

struct reaper_search {
	u64 task;  /* looked at next */
	u32 level; /* of the PID namespace that must not be left */
	u32 pad;
	u64 found;
};

static long reaper_up(u32 i, struct reaper_search *r)
{
	struct task_struct *task = (void *)r->task;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (!task || !BPF_CORE_READ(task, pid) || BPF_CORE_READ(task, thread_pid, level) != r->level)
		return 1;
	if (BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper)) {
		r->found = thread_alive(task);
		if (r->found)
			return 1;
	}
	r->task = (u64)BPF_CORE_READ(task, real_parent);
	return 0;
}

/* Of current, which is about to end: the number of the task that gets its children, 0: it has none. */
__noinline int reaper_find(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct pid_namespace *ns;
	struct reaper_search r = {.level = BPF_CORE_READ(pid, level), .task = (u64)BPF_CORE_READ(task, real_parent)};
	u64 found;

	if (BPF_CORE_READ(task, children.next) == &task->children)
		return 0;
	found = thread_alive(task);
	if (!found && BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper)) {
		bpf_loop(REAPER_DEPTH_MAX, reaper_up, &r, 0);
		found = r.found;
	}
	if (!found) {
		ns = pid_at(pid, r.level & 63).ns;
		found = (u64)BPF_CORE_READ(ns, child_reaper);
	}
	return found ? task_tid((void *)found) : 0;
}
