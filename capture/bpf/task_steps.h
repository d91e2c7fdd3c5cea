/* Kinds that tell of the task itself: its names, arguments, numbers, and the file of an exec. */
#pragma once
#include "rights.h"
#include "tasks.h"
#include "format/recipe.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* file names of execs under way, by tid */
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, char[PATH_BYTES]);
} exec_names SEC(".maps");

static __always_inline void put_text_kernel(struct scratch *s, const struct kernel_step *step,
					    const void *text)
{
	u8 *p = walk_place(s);
	long n = p && text ? bpf_probe_read_kernel_str(p + 2, PATH_BYTES, text) : -1;

	if (n < 0)
		walk_absent(s, step);
	else
		walk_sized(s, p, n);
}

static __always_inline void put_path_of(struct scratch *s, const struct kernel_step *step,
					const struct path *path)
{
	u8 *p = walk_place(s);
	int at = p && path ? path_resolve(s, (u64)path) : -1;

	if (!p || at < 0)
		walk_absent(s, step);
	else
		walk_sized(s, p, path_copy(s, p, at));
}

static __always_inline void put_filename(struct scratch *s, const struct kernel_step *step)
{
	u32 tid = bpf_get_current_pid_tgid();
	char *name = 0;

	if (s->result < 0) {
		put_text(s, step, walk_arg(s, 0));
		return;
	}
	name = bpf_map_lookup_elem(&exec_names, &tid);
	put_text_kernel(s, step, name);
	if (name)
		bpf_map_delete_elem(&exec_names, &tid);
}

/* exe and args: of the running program, or, of an exec that failed, as they were asked for. */
STEPS(put_command)
{
	bool args = step->c == WORD_TASK_ARGS;
	bool failed_exec = (s->recipe_flags & CALL_EXEC) && s->result < 0;
	u8 *p = walk_place(s);
	long n;

	if (!p) {
		walk_absent(s, step);
		return;
	}
	if (failed_exec) {
		u32 argv = s->argv_arg;

		n = args ? argv_put(s, p, argv, 1) : argv_put(s, p, argv, 0);
	} else {
		n = args ? task_args(s, p) : (long)task_exe(p, (void *)s->task);
	}
	if (n < 0 || (!args && !n))
		walk_absent(s, step);
	else
		walk_sized(s, p, n & 0x1FFF);
}

STEPS(put_cgroups)
{
	u8 *p = walk_place(s);

	if (!p) {
		walk_absent(s, step);
		return;
	}
	walk_sized(s, p, cgroups_put(s, p, (void *)s->task) & 0x1FFF);
}

STEPS(put_task_text)
{
	struct task_struct *task = (void *)s->task;
	u64 v;
	u8 *p;

	switch (step->c) {
	case WORD_TASK_ENV: {
		long n;

		p = walk_place(s);
		n = p ? task_env(s, p) : -1;
		if (n < 0)
			walk_absent(s, step);
		else
			walk_sized(s, p, n & 0x1FFF);
		return;
	}
	case WORD_TASK_COMM:
		p = walk_place(s);
		if (!p) {
			walk_absent(s, step);
			return;
		}
		v = bpf_core_read_str(p + 2, 16, &task->comm);
		walk_sized(s, p, v & 31);
		return;
	case WORD_TASK_CWD: {
		struct fs_struct *fs = BPF_CORE_READ(task, fs);

		put_path_of(s, step, fs ? &fs->pwd : 0);
		return;
	}
	case WORD_TASK_EXEPATH: {
		struct file *exe = BPF_CORE_READ(task, mm, exe_file);

		put_path_of(s, step, exe ? &exe->f_path : 0);
		return;
	}
	case WORD_TASK_FILENAME:
		put_filename(s, step);
		return;
	}
}

STEPS(put_task_number)
{
	struct task_struct *task = (void *)s->task;
	u64 v = 0;

	switch (step->c) {
	case WORD_TASK_TID: v = task_tid(task); break;
	case WORD_TASK_PID: v = task_pid(task); break;
	case WORD_TASK_PTID: v = task_tid(BPF_CORE_READ(task, real_parent)); break;
	case WORD_TASK_FDLIMIT: v = BPF_CORE_READ(task, signal, rlim[7].rlim_cur); break;
	case WORD_TASK_PGFT_MAJ: v = BPF_CORE_READ(task, maj_flt); break;
	case WORD_TASK_PGFT_MIN: v = BPF_CORE_READ(task, min_flt); break;
	case WORD_TASK_TTY: v = task_tty(task); break;
	case WORD_TASK_VPGID: v = pid_seen_by(BPF_CORE_READ(task, signal, pids[2]), task); break;
	case WORD_TASK_PGID: v = pid_number(BPF_CORE_READ(task, signal, pids[2])); break;
	case WORD_TASK_LOGINUID: v = task_loginuid(task); break;
	case WORD_TASK_CAP_I: v = task_capability(task, 0); break;
	case WORD_TASK_CAP_P: v = task_capability(task, 1); break;
	case WORD_TASK_CAP_E: v = task_capability(task, 2); break;
	case WORD_TASK_EXE_INO: {
		struct inode *inode = exe_inode(task);

		v = inode ? BPF_CORE_READ(inode, i_ino) : 0;
		break;
	}
	case WORD_TASK_EXE_CTIME: v = inode_ctime(exe_inode(task)); break;
	case WORD_TASK_EXE_MTIME: v = inode_mtime(exe_inode(task)); break;
	case WORD_TASK_UID: v = BPF_CORE_READ(task, cred, uid.val); break;
	case WORD_TASK_GID: v = BPF_CORE_READ(task, cred, gid.val); break;
	case WORD_TASK_EUID: v = BPF_CORE_READ(task, cred, euid.val); break;
	case WORD_TASK_EGID: v = BPF_CORE_READ(task, cred, egid.val); break;
	case WORD_TASK_VTID: v = pid_in_namespace(BPF_CORE_READ(task, thread_pid)); break;
	case WORD_TASK_VPID: v = pid_in_namespace(BPF_CORE_READ(task, group_leader, thread_pid)); break;
	case WORD_TASK_PIDNS_START: v = pidns_start(task); break;
	case WORD_TASK_SID: v = pid_number(BPF_CORE_READ(task, signal, pids[3])); break;
	case WORD_TASK_START: v = BPF_CORE_READ(task, start_boottime); break;
	default:
		walk_absent(s, step);
		return;
	}
	walk_number(s, step, v);
}

/* Several functions, each with little on the stack: ancestors are told of from far down in it. */
static __always_inline void put_task(struct scratch *s, const struct kernel_step *step)
{
	switch (step->c) {
	case WORD_TASK_EXE: case WORD_TASK_ARGS:
		put_command(s, step);
		break;
	case WORD_TASK_CGROUPS:
		put_cgroups(s, step);
		break;
	case WORD_TASK_ENV: case WORD_TASK_COMM: case WORD_TASK_CWD: case WORD_TASK_EXEPATH: case WORD_TASK_FILENAME:
		put_task_text(s, step);
		break;
	case WORD_TASK_EXEC_FLAGS:
		walk_number(s, step, exec_flags());
		break;
	default:
		put_task_number(s, step);
	}
}
