/*
 * The kernel side of the capture: entry and exit of every system call, and the lifecycle of tasks.
 *
 * A call is recorded once, when it returns, with the time of its entry. What its pointers point to is
 * read at exit, when the kernel has paged it in; what the call itself destroys (an exec's file name) is
 * taken on the way. A task that is not wanted costs one look at its verdict per tracepoint.
 */
#include "progress.h"
#include "reaper.h"
#include "verdict.h"

/* si_code of signals that a process has sent */
#define SI_USER	 0
#define SI_QUEUE (-1)
#define SI_TKILL (-6)
#define SIGCHLD	 17

#define NR_CLONE3 435 /* of every ABI */

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#if defined(__TARGET_ARCH_x86)
#define NR_EXECVE	   59
#define NR_EXECVEAT	   322
#define NR_EXECVE_COMPAT   11
#define NR_EXECVEAT_COMPAT 358

static __always_inline u32 call_table(void)
{
	return bpf_get_current_task_btf()->thread_info.status & TS_COMPAT ? TABLE_COMPAT : 0;
}

static __always_inline s64 regs_number(struct pt_regs *regs)
{
	return regs->orig_ax;
}

static __always_inline void regs_args(struct pt_regs *regs, u32 table, u64 *args)
{
	if (table) {
		args[0] = (u32)regs->bx;
		args[1] = (u32)regs->cx;
		args[2] = (u32)regs->dx;
		args[3] = (u32)regs->si;
		args[4] = (u32)regs->di;
		args[5] = (u32)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}
#elif defined(__TARGET_ARCH_arm64)
#define NR_EXECVE	   221
#define NR_EXECVEAT	   281
#define NR_EXECVE_COMPAT   11
#define NR_EXECVEAT_COMPAT 387
#define TIF_32BIT	   22

static __always_inline u32 call_table(void)
{
	return bpf_get_current_task_btf()->thread_info.flags >> TIF_32BIT & 1 ? TABLE_COMPAT : 0;
}

static __always_inline s64 regs_number(struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline void regs_args(struct pt_regs *regs, u32 table, u64 *args)
{
	args[0] = regs->orig_x0;
	args[1] = regs->regs[1];
	args[2] = regs->regs[2];
	args[3] = regs->regs[3];
	args[4] = regs->regs[4];
	args[5] = regs->regs[5];
}
#endif

static __always_inline bool is_exec(s64 id)
{
	if (id == NR_EXECVE || id == NR_EXECVEAT)
		return true;
	return (id == NR_EXECVE_COMPAT || id == NR_EXECVEAT_COMPAT) && call_table();
}

/* Index into recipes; numbers beyond the tables share the last slot, which says "generic". */
static __always_inline u32 recipe_index(u32 table, s64 id)
{
	u32 n = id;

	if (n >= PSEUDO_TASK)
		n = SYSCALLS_MAX - 1;
	return table + n;
}

static __always_inline void head_fill(struct record *head, const struct call *call,
				      const struct kernel_recipe *recipe, u64 exit_ns, s64 result, u32 flags)
{
	u32 fd_arg = recipe->fd_arg;

	head->type = recipe->type;
	head->flags = flags | (call->sysno >= TABLE_COMPAT ? EVENT_COMPAT : 0);
	head->enter_ns = call->enter_ns;
	head->exit_ns = exit_ns;
	head->result = result;
	head->tid = call->tid;
	head->pid = call->pid;
	head->fd = fd_arg < 6 ? (s32)call->args[fd_arg & 7] : FD_NONE;
	head->absent = recipe->absent;
	head->sysno = call->sysno & (TABLE_COMPAT - 1);
	head->born = call->born;
}

/* A record without payload is written in place. */
static __always_inline void head_record(const struct call *call, const struct kernel_recipe *recipe, u64 exit_ns,
					s64 result, u32 flags)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct engine_counters *c = bpf_map_lookup_elem(&counters, &cpu);
	struct claim claim = lane_claim(&bulk_lanes, config.bulk_lane, cpu, sizeof(struct record));

	if (!c)
		return;
	if (!claim.record) {
		count_loss(&c->lost_bulk, c);
		return;
	}
	head_fill(claim.record, call, recipe, exit_ns, result, flags);
	claim.record->size = sizeof(struct record);
	claim.record->cpu = cpu;
	lane_publish(&claim);
	c->n_records++;
}

/* Begins a record in one of the buffers: all but the parameters. */
static __always_inline struct scratch *call_begin(u32 buffer, const struct call *call,
						  const struct kernel_recipe *recipe, u64 exit_ns, s64 result,
						  u32 flags)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &buffer);

	if (!s)
		return 0;
	s->task = call->task;
	__builtin_memcpy(s->args, call->args, sizeof call->args);
	s->result = result;
	s->compat = call->sysno >= TABLE_COMPAT;
	if (config.structures) {
		s->pieces.env_count = call->env_count;
		s->pieces.has_before = call->has_before;
		s->pieces.before[0] = call->before[0];
		s->pieces.before[1] = call->before[1];
	}
	head_fill(&s->head, call, recipe, exit_ns, result, flags);
	return s;
}

/* A call that was to make a file descriptor and failed has changed nothing. */
static __always_inline bool is_without_effect(const struct kernel_recipe *recipe, s64 result)
{
	return result < 0 && (recipe->flags & CALL_MAKES);
}

static __always_inline void call_send(struct scratch *s, const struct kernel_recipe *recipe, u32 lane)
{
	record_send(s, s->loops.off, (recipe->flags & CALL_STATE) && !is_without_effect(recipe, s->result), lane);
}

/* Of the task whose registers these are, which is current. */
static __always_inline struct call *call_of(struct pt_regs *regs)
{
	struct call *call = call_in_table(regs);

	if (call)
		return call;
	call = call_make(bpf_get_current_task_btf());
	if (!call) {
		u32 cpu = bpf_get_smp_processor_id();
		struct engine_counters *c = bpf_map_lookup_elem(&counters, &cpu);

		if (c)
			count_loss(&c->lost_task, c);
	}
	return call;
}

/* Whether anything that is asked of the call when it returns could let it pass. */
static __always_inline bool may_pass(const struct call *call, const struct kernel_recipe *recipe)
{
	if (!config.n_clauses || (recipe->flags & CALL_ALWAYS))
		return true;
	return clauses_hold(call->yes | recipe->yes | recipe->ask, call->no | recipe->no | recipe->ask);
}

/* What the call will change, for --structures. */
static __always_inline void before_take(struct call *call, const struct kernel_recipe *recipe)
{
	u32 arg = recipe->before_arg, len = recipe->before_len;

	call->has_before = 0;
	if (!len || arg >= 6)
		return;
	barrier_var(len);
	if (len > sizeof call->before)
		return;
	call->has_before = bpf_probe_read_user(call->before, len, (void *)call->args[arg & 7]) == 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long id)
{
	struct kernel_recipe *recipe;
	struct call *call;
	u32 table, index;

	call = call_of(regs);
	if (!call)
		return 0;
	if (verdict_stale(call))
		verdict_update(call);
	if (call->verdict == VERDICT_EXCLUDED && !is_exec(id))
		return 0;
	table = call_table();
	index = recipe_index(table, id);
	recipe = bpf_map_lookup_elem(&recipes, &index);
	if (!recipe || !(recipe->flags & CALL_WANTED) || !may_pass(call, recipe)) {
		call->sysno = NO_CALL;
		call->enter_ns = 0;
		return 0;
	}
	call->sysno = index;
	regs_args(regs, table, call->args);
	if (config.structures)
		before_take(call, recipe);
	call->enter_ns = boottime_ns();
	if ((recipe->flags & CALL_AT_ENTRY) && call->verdict == VERDICT_WANTED) {
		u32 cpu = bpf_get_smp_processor_id();
		u64 now = call->enter_ns;
		struct scratch *s;

		call->enter_ns = 0;
		s = call_begin(cpu, call, recipe, now, 0, EVENT_NO_RESULT);
		if (!s)
			return 0;
		walk_values(s, recipe);
		call_send(s, recipe, cpu);
	}
	return 0;
}

/* A call that began before us, or a child's first return: what the registers say of it. False: no call. */
static __always_inline bool call_guess(struct call *call, struct pt_regs *regs)
{
	u32 table = call_table();
	s64 id = regs_number(regs);

	if (id < 0)
		return false;
	call->sysno = recipe_index(table, id);
	regs_args(regs, table, call->args);
	call->has_before = 0;
	return true;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	struct kernel_recipe *recipe;
	u32 cpu, index, flags = 0;
	struct scratch *s;
	struct call *call;
	u64 now;

	call = call_of(regs);
	if (!call)
		return 0;
	if (verdict_stale(call)) {
		u32 yes = call->yes, no = call->no;

		verdict_update(call);
		/* What was passed over at entry may be wanted now: its name, user or parent has changed. */
		if (call->sysno == NO_CALL && (yes != call->yes || no != call->no))
			call->sysno = 0;
	}
	if (call->verdict == VERDICT_EXCLUDED || call->sysno == NO_CALL)
		goto done;
	now = boottime_ns();
	if (!call->enter_ns) {
		if (!call_guess(call, regs))
			return 0;
		flags = EVENT_ENTRY_UNKNOWN;
	}
	index = call->sysno;
	recipe = bpf_map_lookup_elem(&recipes, &index);
	if (!recipe || !(recipe->flags & CALL_WANTED))
		goto done;
	if (flags && (recipe->flags & CALL_CLONE) && ret == 0) {
		flags = EVENT_CHILD_RETURN;
		call->args[CLONE_FLAGS_ARG] = call->clone_flags;
	}
	if (config.n_clauses && (!(recipe->flags & CALL_ALWAYS) || is_without_effect(recipe, ret)) &&
	    !call_passes(call, recipe, ret))
		goto done;
	if (call->announce) {
		call->announce = 0;
		task_announce(call, now);
	}
	if (!recipe->n_steps && !(recipe->flags & CALL_STATE)) {
		head_record(call, recipe, now, ret, flags);
		goto done;
	}
	cpu = bpf_get_smp_processor_id();
	s = call_begin(cpu, call, recipe, now, ret, flags);
	/* The call has been looked at for the last time: wherever it was kept, the verifier walks the recipe once. */
	call->enter_ns = 0;
	if (!s)
		return 0;
	walk_recipe(s, recipe);
	call_send(s, recipe, cpu);
	return 0;
done:
	call->enter_ns = 0;
	return 0;
}

/*
 * Descendants of a wanted tree are in the tree from their first instruction on. Children of tasks that are not wanted
 * may be all the same (not proc.pid=7, proc.ppid=7): nobody records the fork that tells of them.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct call *up = call_find(parent), *call;
	bool in_tree = up && ((config.by_tree && up->in_tree) || (config.on_tree && up->in_trees));
	bool by_clone3 = up && up->enter_ns && (up->sysno & (TABLE_COMPAT - 1)) == NR_CLONE3;
	bool untold = config.n_clauses && !(up && up->verdict == VERDICT_WANTED);
	u32 flags = 0;

	if (!in_tree && !by_clone3 && !untold)
		return 0;
	call = call_make(child);
	if (!call)
		return 0;
	call->was_excluded = untold;
	if (!up)
		return 0;
	call->in_tree = up->in_tree;
	call->in_trees = up->in_trees;
	if (by_clone3) {
		bpf_probe_read_user(&flags, sizeof flags, (void *)up->args[0]);
		call->clone_flags = flags;
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct call *call = call_find(task);
	u32 cpu = bpf_get_smp_processor_id(), tid = task->pid;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	if (!call || !s)
		return 0;
	if (config.by_tree && !call->in_tree)
		return 0;
	verdict_drop(call);
	call->env_count = bprm->envc;
	if (bpf_probe_read_kernel_str(s->path, PATH_BYTES, bprm->filename) > 0)
		bpf_map_update_elem(&exec_names, &tid, s->path, BPF_ANY);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *comm)
{
	struct call *call = call_find(task);

	if (config.on_comm && call)
		verdict_drop(call);
	return 0;
}

/* A record without a call around it: payload of numbers only. */
static __always_inline struct scratch *event_begin(struct task_struct *task, u32 pseudo, u32 cpu, u32 *flags)
{
	struct kernel_recipe *recipe = bpf_map_lookup_elem(&recipes, &pseudo);
	struct scratch *s;

	if (!recipe || !(recipe->flags & CALL_WANTED))
		return 0;
	*flags = recipe->flags;
	s = scratch_begin(task, cpu, recipe->type);
	if (s)
		s->head.exit_ns = boottime_ns();
	return s;
}

/* PPME_PROCEXIT_1_E: status, ret, sig, core, reaper_tid. */
static __always_inline void exit_record(struct task_struct *task)
{
	u32 cpu = bpf_get_smp_processor_id(), flags;
	struct scratch *s = event_begin(task, PSEUDO_PROCEXIT, cpu, &flags);
	s64 status;

	if (!s)
		return;
	status = (u32)task->exit_code;
	*(s64 *)(s->data + 0) = status;
	*(s64 *)(s->data + 8) = status >> 8 & 0xFF;
	s->data[16] = status & 0x7F;
	s->data[17] = status >> 7 & 1;
	*(s64 *)(s->data + 18) = reaper_find();
	record_send(s, 26, flags & CALL_STATE, cpu);
}

/* Attached before all others: who leaves unseen would leave its place to the next task at its address. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_process_exit, struct task_struct *task)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct call *call = call_find(current);

	if (call && call->verdict == VERDICT_WANTED)
		exit_record(current);
	if (call)
		call->enter_ns = 0;
	call_forget(current);
	return 0;
}

/* The memory of a signal (format/memory.h): no arguments, and what came with it, if anything did. Returns its bytes. */
#define SIGNAL_BYTES 17
static __always_inline u32 siginfo_put(u8 *p, const struct kernel_siginfo *info)
{
	p[2] = 0;
	*(u16 *)p = 1;
	if (bpf_probe_read_kernel(p + 3 + MEMORY_PIECE_HEAD, MEMORY_SIGINFO_LEN, info))
		return 3;
	*(u16 *)p = 1 + MEMORY_PIECE_HEAD + MEMORY_SIGINFO_LEN;
	*(u64 *)(p + 3) = FACT_SIGINFO;
	*(u16 *)(p + 3 + 8) = MEMORY_SIGINFO_LEN;
	return 3 + MEMORY_PIECE_HEAD + MEMORY_SIGINFO_LEN;
}

/* PPME_SIGNALDELIVER_E: spid, dpid, sig. */
SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call *call = call_find(task);
	u32 cpu = bpf_get_smp_processor_id(), flags;
	struct scratch *s;
	s32 sender = 0, code;

	if (!call || call->verdict != VERDICT_WANTED)
		return 0;
	s = event_begin(task, PSEUDO_SIGNAL, cpu, &flags);
	if (!s)
		return 0;
	/* si_pid lies first in the union for signals that processes send; timers and others have something else there. */
	code = BPF_CORE_READ(info, si_code);
	if (code == SI_USER || code == SI_QUEUE || code == SI_TKILL || (sig == SIGCHLD && code > 0))
		bpf_probe_read_kernel(&sender, sizeof sender, (u8 *)info + 16);
	*(s64 *)(s->data + 0) = sender;
	*(s64 *)(s->data + 8) = task_pid(task);
	s->data[16] = sig;
	record_send(s, SIGNAL_BYTES + (config.structures ? siginfo_put(s->data + SIGNAL_BYTES, info) : 0),
		    flags & CALL_STATE, cpu);
	return 0;
}

/*
 * Calls in progress, read through the iterator; user space lets it sleep where the kernel allows that.
 * Of tasks that have not begun or ended a call since we came only the number goes to who reads: what
 * they are in, if anything, began before.
 */
SEC("iter/task")
int on_unfinished(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct kernel_recipe *recipe;
	struct scratch *s;
	struct call *call;
	u32 index;

	if (!task || (BPF_CORE_READ(task, flags) & PF_EXITING))
		return 0;
	call = call_find(task);
	if (!call) {
		u32 tid = task_is_visible(task) ? task_tid(task) : 0;

		if (tid)
			bpf_seq_write(ctx->meta->seq, &tid, sizeof tid);
		return 0;
	}
	if (!call->enter_ns || call->verdict != VERDICT_WANTED || call->sysno == NO_CALL)
		return 0;
	index = call->sysno;
	recipe = bpf_map_lookup_elem(&recipes, &index);
	if (!recipe || !(recipe->flags & CALL_WANTED))
		return 0;
	/* Other programs may run meanwhile: the iterator has a buffer of its own. */
	s = call_begin(config.n_cpus, call, recipe, boottime_ns(), 0,
		       EVENT_UNFINISHED | EVENT_NO_RESULT);
	if (!s)
		return 0;
	walk_in_progress(s, recipe, task);
	record_send(s, s->loops.off, true, config.n_cpus);
	return 0;
}
