/*
 * Whom to record. The verdict about a task is computed once, cached in its task storage, and dropped
 * when something that it depends on changes: exec, comm, credentials, cgroup.
 */
#pragma once
#include "announce.h"

#define TREE_DEPTH_MAX 32

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct target_key);
	__type(value, u8);
} targets SEC(".maps");

static __always_inline bool target_has(u32 kind, u64 a, u64 b)
{
	struct target_key key = {.a = a, .b = b, .kind = kind};

	return bpf_map_lookup_elem(&targets, &key) != 0;
}

static __always_inline bool target_has_cgroup(struct task_struct *task)
{
	for (int level = 0; level < 16; level++) {
		u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (!id)
			break;
		if (target_has(TARGET_CGROUP, id, 0))
			return true;
	}
	return false;
}

/*
 * Whether the task is one of the given ones or descends from one: of those that were there before us
 * nobody saw the fork.
 */
static __always_inline bool target_has_tree(struct task_struct *task)
{
	for (int level = 0; level < TREE_DEPTH_MAX; level++) {
		u32 pid = task_pid(task);

		if (!pid)
			return false;
		if (target_has(TARGET_TREE, pid, 0))
			return true;
		task = BPF_CORE_READ(task, real_parent);
		if (!task)
			return false;
	}
	return false;
}

static __always_inline bool verdict_wanted(struct task_struct *task, struct call *call)
{
	u32 pid, tid;

	if (!task_is_visible(task))
		return false;
	pid = task_pid(task);
	tid = task_tid(task);
	if (pid == config.own_pid)
		return false;
	if (config.by_tree && !call->in_tree) {
		if (!target_has_tree(task))
			return false;
		call->in_tree = 1;
	}
	if (config.by_comm) {
		u64 comm[2] = {};

		bpf_get_current_comm(comm, sizeof comm);
		if (!target_has(TARGET_COMM, comm[0], comm[1]))
			return false;
	}
	if (config.by_pid && !target_has(TARGET_PID, pid, 0))
		return false;
	if (config.by_tid && !target_has(TARGET_TID, tid, 0))
		return false;
	if (config.by_uid && !target_has(TARGET_UID, (u32)bpf_get_current_uid_gid(), 0))
		return false;
	if (config.by_cgroup && !target_has_cgroup(task))
		return false;
	return true;
}

/*
 * Computes the verdict about current. A task that becomes wanted later than at its birth is to be
 * announced before its next record: who it is, its open files, its ancestors.
 */
__noinline int verdict_update(struct call *call)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool wanted, was_excluded;

	if (!call)
		return VERDICT_EXCLUDED;
	was_excluded = call->was_excluded;
	wanted = verdict_wanted(task, call);
	if (config.by_uid)
		call->cred = task->cred;
	if (config.by_cgroup)
		call->cgroups = task->cgroups;
	call->verdict = wanted ? VERDICT_WANTED : VERDICT_EXCLUDED;
	call->was_excluded = !wanted;
	/*
	 * Tasks that were there before us are in the snapshot. One born since then and wanted from its
	 * birth has a wanted parent, whose fork tells of it.
	 */
	if (wanted && was_excluded)
		call->announce = 1;
	return call->verdict;
}

/* Whether the cached verdict still stands on what it was computed from. */
static __always_inline bool verdict_stale(const struct task_struct *task, const struct call *call)
{
	if (config.by_uid && call->cred != task->cred)
		return true;
	if (config.by_cgroup && call->cgroups != task->cgroups)
		return true;
	return call->verdict == VERDICT_UNKNOWN;
}

/* Counts the changes that may have made some verdict wrong. */
u64 verdict_generation;

static __always_inline void verdicts_begin_anew(void)
{
	__sync_fetch_and_add(&verdict_generation, 1);
}

static __always_inline void verdict_drop(struct call *call)
{
	verdicts_begin_anew();
	if (call->verdict == VERDICT_EXCLUDED)
		call->was_excluded = 1;
	call->verdict = VERDICT_UNKNOWN;
}
