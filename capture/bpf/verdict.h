/*
 * Whom to record. The verdict about a task is computed once, kept in its struct call, and dropped
 * when something that it depends on changes: exec, comm, credentials, cgroup.
 */
#pragma once
#include "announce.h"
#include "places.h"

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
	u32 has = bpf_map_lookup_elem(&targets, &key) != 0;

	/* Or the compiler joins the pointers of two questions, which the verifier does not like. */
	barrier_var(has);
	return has;
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
static __always_inline bool target_has_tree(struct task_struct *task, u32 kind)
{
	for (int level = 0; level < TREE_DEPTH_MAX; level++) {
		u32 pid = task_pid(task);

		if (!pid)
			return false;
		if (target_has(kind, pid, 0))
			return true;
		task = BPF_CORE_READ(task, real_parent);
		if (!task)
			return false;
	}
	/* Deeper than we look: whoever cannot rule it out must take it. */
	return kind != TARGET_TREE;
}

/* ---- the filter's questions ---- */

static __always_inline bool clauses_hold(u32 yes, u32 no)
{
	for (u32 i = 0; i < CLAUSES_MAX && i < config.n_clauses; i++)
		if (!((yes & config.clauses[i].yes) | (no & config.clauses[i].no)))
			return false;
	return true;
}

/* Ids of two kinds, one of which user space goes by: only when both agree the answer is sure. */
static __always_inline void answer_either(struct call *call, u32 question, u32 one, u32 other)
{
	bool a = target_has(TARGET_QUESTION + question, one, 0);
	bool b = target_has(TARGET_QUESTION + question, other, 0);

	call->yes |= (u32)(a | b) << question;
	call->no |= (u32)!(a & b) << question;
}

static __always_inline void answer(struct call *call, u32 question, bool yes)
{
	call->yes |= (u32)yes << question;
	call->no |= (u32)!yes << question;
}

static __always_inline void answer_tree(struct task_struct *task, struct call *call, u32 question)
{
	if (!(call->in_trees >> question & 1) && target_has_tree(task, TARGET_QUESTION + question))
		call->in_trees |= 1u << question;
	/* Once in a tree, always: user space may see it otherwise when parents have died. */
	call->yes |= call->in_trees & 1u << question;
	call->no |= 1u << question;
}

static __always_inline void answer_parent(struct task_struct *task, struct call *call, u32 question)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	u32 pid = parent ? task_pid(parent) : 0;

	answer(call, question, target_has(TARGET_QUESTION + question, pid, 0));
	/* Its children are about to get another one; user space may be told of either first. */
	if (parent && (BPF_CORE_READ(parent, flags) & PF_EXITING)) {
		call->yes |= 1u << question;
		call->no |= 1u << question;
	}
}

static __always_inline void answer_comm(struct call *call, u32 question)
{
	u64 comm[2] = {};

	bpf_get_current_comm(comm, sizeof comm);
	answer(call, question, target_has(TARGET_QUESTION + question, comm[0], comm[1]));
}

/* Those about the task: their answers are kept until something changes. */
static __always_inline void answer_all(struct task_struct *task, struct call *call, u32 pid, u32 tid)
{
	call->yes = call->no = 0;
	for (u32 i = 0; i < QUESTIONS_MAX && i < config.n_questions; i++) {
		switch (config.questions[i].about) {
		case ASK_COMM:
			answer_comm(call, i);
			break;
		case ASK_PID:
			answer(call, i, target_has(TARGET_QUESTION + i, pid, 0));
			break;
		case ASK_TID:
			answer(call, i, target_has(TARGET_QUESTION + i, tid, 0));
			break;
		case ASK_PPID:
			answer_parent(task, call, i);
			break;
		case ASK_UID:
			answer_either(call, i, BPF_CORE_READ(task, cred, uid.val),
				      BPF_CORE_READ(task, cred, euid.val));
			break;
		case ASK_GID:
			answer_either(call, i, BPF_CORE_READ(task, cred, gid.val),
				      BPF_CORE_READ(task, cred, egid.val));
			break;
		case ASK_TREE:
			answer_tree(task, call, i);
			break;
		}
	}
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
		if (!target_has_tree(task, TARGET_TREE))
			return false;
		call->in_tree = 1;
	}
	if (config.by_cgroup && !target_has_cgroup(task))
		return false;
	if (!config.n_clauses)
		return true;
	answer_all(task, call, pid, tid);
	return clauses_hold(call->yes | config.call_questions, call->no | config.call_questions);
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
	call->task = (u64)task;
	/* Typed pointers are read directly, without a helper call each. */
	call->tid = config.pidns_inum ? task_tid(task) : (u32)task->pid;
	call->pid = config.pidns_inum ? task_pid(task) : (u32)task->tgid;
	call->born = task->start_boottime >> 20;
	was_excluded = call->was_excluded;
	wanted = verdict_wanted(task, call);
	if (config.on_cred)
		call->cred = task->cred;
	if (config.by_cgroup)
		call->cgroups = task->cgroups;
	call->verdict = wanted ? VERDICT_WANTED : VERDICT_EXCLUDED;
	call->was_excluded = !wanted;
	/*
	 * Tasks that were there before us are in the snapshot. One born since then has a wanted parent, whose
	 * fork tells of it, or begins as one that was excluded (on_fork).
	 */
	if (wanted && was_excluded)
		call->announce = 1;
	return call->verdict;
}

/* Whether the cached verdict still stands on what it was computed from. */
static __always_inline bool verdict_stale(const struct call *call)
{
	if (config.on_cred && call->cred != bpf_get_current_task_btf()->cred)
		return true;
	if (config.on_parent)
		return true;
	if (config.by_cgroup && call->cgroups != bpf_get_current_task_btf()->cgroups)
		return true;
	return call->verdict == VERDICT_UNKNOWN;
}

static __always_inline void verdict_drop(struct call *call)
{
	if (call->verdict == VERDICT_EXCLUDED)
		call->was_excluded = 1;
	call->verdict = VERDICT_UNKNOWN;
}

/* ---- what is asked of a call when it returns ---- */

static __always_inline bool in_ranges(const volatile struct engine_question *q, s64 v)
{
	for (u32 i = 0; i < ANSWERS_MAX && i < q->n; i++)
		if (v >= q->ranges[i].lo && v <= q->ranges[i].hi)
			return true;
	return false;
}

enum sure { SURE_NO, SURE_YES, UNSURE };

static __always_inline enum sure ask_number(const volatile struct engine_question *q, u64 v, u32 form)
{
	u32 bits = 64 - (form & 15) * 8;

	if (form & OPERAND_SIGNED)
		return in_ranges(q, (s64)(v << bits) >> bits);
	v = v << bits >> bits;
	return (s64)v < 0 ? UNSURE : in_ranges(q, v);
}

/* Whether user space would put another name in the place of this one. */
static __always_inline bool is_unresolved(const char *path, long size)
{
	u32 odd = path[0] != '/';

	if (size < 2 || size >= ASKED_BYTES)
		return true;
#pragma unroll
	for (int i = 0; i < ASKED_BYTES - 1; i++)
		odd |= path[i] == '/' && (path[i + 1] == '/' || path[i + 1] == '.' || !path[i + 1]);
	return odd;
}

static __always_inline enum sure ask_text(const volatile struct engine_question *q, u64 pointer, u32 form)
{
	u64 text[ASKED_BYTES / 8] = {};
	long size = bpf_probe_read_user_str(text, sizeof text, (void *)pointer);

	if (size <= 0)
		return UNSURE;
	if (form == TEXT_RESOLVED && is_unresolved((const char *)text, size))
		return UNSURE;
	if (q->text_whole && size != q->text_len + 1)
		return SURE_NO;
#pragma unroll
	for (int i = 0; i < ASKED_BYTES / 8; i++)
		if ((text[i] & q->text_mask[i]) != q->text[i])
			return SURE_NO;
	return SURE_YES;
}

/* Whether the call may pass the filter, now that everything about it is known. */
__noinline int call_passes(struct call *call, struct kernel_recipe *recipe, long result)
{
	u32 yes, no;

	if (!call || !recipe)
		return 1;
	yes = call->yes | recipe->yes;
	no = call->no | recipe->no;
	for (u32 i = 0; i < QUESTIONS_MAX && i < config.n_questions; i++) {
		const volatile struct engine_question *q = &config.questions[i];
		u32 form = recipe->operands[i].form, arg = recipe->operands[i].arg;
		enum sure is = UNSURE;
		u64 v;

		if (!(recipe->ask >> i & 1))
			continue;
		v = arg < 6 ? call->args[arg] : 0;
		if (q->about == ASK_RESULT) {
			if (result >= 0 || result >= q->unsure_below)
				is = in_ranges(q, result);
		} else if (q->about == ASK_TEXT) {
			is = ask_text(q, v, form);
		} else {
			is = ask_number(q, v, form);
		}
		yes |= (u32)(is != SURE_NO) << i;
		no |= (u32)(is != SURE_YES) << i;
	}
	return clauses_hold(yes, no);
}
