/*
 * The walk over a recipe: one step appends one parameter. Kinds are described in
 * format/kinds.tsv; each is a case here. Order matters little to the kernel's verifier and
 * something to speed: the frequent kinds come first.
 */
#pragma once
#include "options.h"
#include "pieces.h"
#include "rights.h"
#include "sockets.h"
#include "tasks.h"
#include "format/recipe.h"

#define O_CREAT	      0100
#define O_TMPFILE_BIT 020000000
#define CLONE_NEWPID  0x20000000

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

static __always_inline void put_tuple(struct scratch *s, const struct kernel_step *step, s32 fd, bool outbound,
				      u64 addr, u32 addr_len)
{
	struct sock *sk = file_sock(file_of(fd));
	u8 *p = walk_place(s);
	u32 n = sk && p ? tuple_put(p + 2, sk, outbound, addr, addr_len) : 0;

	if (n)
		walk_sized(s, p, n & 0xFF);
	else
		walk_absent(s, step);
}

static __always_inline void put_sockaddr(struct scratch *s, const struct kernel_step *step, u64 addr, u32 len)
{
	u8 *p = walk_place(s);
	u32 n = p && addr ? sockaddr_put(p + 2, addr, len) : 0;

	if (n)
		walk_sized(s, p, n & 0xFF);
	else
		walk_absent(s, step);
}

STEPS(put_socket)
{
	s32 fd = walk_arg(s, step->a);
	u64 addr = walk_arg(s, step->b);
	u32 len = SOCKADDR_IN6_SIZE;
	bool outbound = false;
	struct message m;

	switch (step->kind) {
	case KIND_SOCKADDR:
		put_sockaddr(s, step, walk_arg(s, step->a), addr);
		return;
	case KIND_TUPLETO:
		outbound = true;
		len = walk_arg(s, step->c);
		break;
	case KIND_TUPLEMSG:
		if (!message_read(s, addr, &m)) {
			walk_absent(s, step);
			return;
		}
		outbound = !(step->flags & KSTEP_INBOUND);
		addr = m.name;
		len = m.name_len;
		break;
	case KIND_TUPLERET:
		fd = s->result;
		addr = 0;
		break;
	case KIND_TUPLEFROM: /* how long the address is says its family */
		break;
	}
	put_tuple(s, step, fd, outbound, addr, len);
}

static __always_inline void put_queue(struct scratch *s, const struct kernel_step *step)
{
	struct sock *sk = file_sock(file_of(walk_arg(s, step->a)));
	u32 len = sk ? BPF_CORE_READ(sk, sk_ack_backlog) : 0;
	u32 max = sk ? BPF_CORE_READ(sk, sk_max_ack_backlog) : 0;

	walk_number(s, step, step->c == WORD_QUEUE_PCT   ? (max ? len * 100ull / max : 0)
			     : step->c == WORD_QUEUE_LEN ? len
						    : max);
}

#define FDLIST_MAX   16
#define FDLIST_ENTRY 10 /* 64-bit fd, 16-bit flags */

struct fdlist_walk {
	u8 *out;
	struct loops *loops;
};

static long fdlist_next(u32 i, struct fdlist_walk *f)
{
	struct {
		s32 fd;
		u16 events, revents;
	} pfd;
	u8 *p = f->out + (i & (FDLIST_MAX - 1)) * FDLIST_ENTRY;

	if (bpf_probe_read_user(&pfd, sizeof pfd, (void *)(f->loops->array + i * sizeof pfd)))
		return 1;
	*(s64 *)p = pfd.fd;
	*(u16 *)(p + 8) = pfd.revents;
	f->loops->gathered = i + 1;
	return 0;
}

STEPS(put_fdlist)
{
	u64 n = walk_arg(s, step->b);
	u8 *p = walk_place(s);
	struct fdlist_walk f = {.loops = &s->loops};
	u32 done;

	if (!p) {
		walk_absent(s, step);
		return;
	}
	f.out = p + 4;
	loops_begin(s, walk_arg(s, step->a), 0);
	if (n)
		bpf_loop(n > FDLIST_MAX ? FDLIST_MAX : n, fdlist_next, &f, 0);
	done = s->loops.gathered;
	if (n && !done) {
		walk_absent(s, step);
		return;
	}
	*(u16 *)(p + 2) = done;
	walk_sized(s, p, (2 + done * FDLIST_ENTRY) & 0xFF);
}

STEPS(put_message)
{
	u64 addr = walk_arg(s, step->a);
	struct message m;
	u32 len = 0;

	if (!message_read(s, addr, &m)) {
		walk_absent(s, step);
		return;
	}
	switch (step->kind) {
	case KIND_MSGIN:
		put_iov(s, step, m.iov, m.n_iov, ~0ull);
		break;
	case KIND_MSGOUT:
		put_iov(s, step, m.iov, m.n_iov, s->result > 0 ? s->result : 0);
		break;
	case KIND_MMSGOUT:
		user_u32(addr + MMSGHDR_LEN(s), &len);
		put_iov(s, step, m.iov, m.n_iov, s->result > 0 ? len : 0);
		break;
	case KIND_MSGSIZE:
		put_iov_size(s, step, m.iov, m.n_iov);
		break;
	case KIND_MSGCTL:
		put_bytes(s, step, m.control, m.control ? m.control_len : 0);
		break;
	}
}

STEPS(put_gathered)
{
	u64 iov = walk_arg(s, step->a), n = walk_arg(s, step->b);

	if (step->kind == KIND_IOVSIZE)
		put_iov_size(s, step, iov, n);
	else
		put_iov(s, step, iov, n,
			step->kind == KIND_IOVIN ? ~0ull : s->result > 0 ? (u64)s->result : 0);
}

STEPS(put_special)
{
	switch (step->kind) {
	case KIND_SOCKOPT:
		put_sockopt(s, step, step->c);
		break;
	case KIND_SOCKOPTNAME:
		walk_number(s, step, walk_arg(s, step->b) == 1 ? walk_arg(s, step->a) : 0);
		break;
	case KIND_PTRACE:
		put_ptrace(s, step, step->c);
		break;
	case KIND_PRCTL:
		put_prctl(s, step, step->c);
		break;
	case KIND_KEYCTL:
		put_keyctl(s, step, step->a);
		break;
	case KIND_FSCONFIG:
		put_fsconfig(s, step, step->c);
		break;
	case KIND_QUOTA:
		put_quota(s, step, step->c, step->b);
		break;
	case KIND_TIMESPEC:
		put_time(s, step, walk_arg(s, step->a), 1, false);
		break;
	case KIND_TIMESPEC64:
		put_time(s, step, walk_arg(s, step->a), 1, true);
		break;
	case KIND_TIMEVAL:
		put_time(s, step, walk_arg(s, step->a), 1000, false);
		break;
	case KIND_SEMBUF:
		if ((u32)(step->c / 6) < walk_arg(s, step->b))
			put_at(s, step, walk_arg(s, step->a) + step->c, step->size, (step->flags & KSTEP_SIGNED));
		else
			walk_absent(s, step);
		break;
	case KIND_QUEUE:
		put_queue(s, step);
		break;
	}
}

/* Open flags, and what the kernel knows of the file that came of them. */
static __always_inline void put_open_flags(struct scratch *s, const struct kernel_step *step, u32 flags)
{
	opened_find(s);
	walk_number(s, step, flags | s->opened.wire);
}

/* Of the file that the call has opened. */
STEPS(put_opened)
{
	u32 flags = 0;

	switch (step->kind) {
	case KIND_OPENFLAGS:
		put_open_flags(s, step, walk_arg(s, step->a));
		break;
	case KIND_OPENFLAGSAT:
		if (user_u32(walk_arg(s, step->a) + step->c, &flags))
			put_open_flags(s, step, flags);
		else
			walk_absent(s, step);
		break;
	case KIND_OPENLAYER:
		put_open_flags(s, step, 0);
		break;
	case KIND_DEV:
	case KIND_INO:
		if (opened_find(s))
			walk_number(s, step, step->kind == KIND_DEV ? s->opened.dev : s->opened.ino);
		else
			walk_absent(s, step);
		break;
	}
}

/* Of other files: fds that the call returned in memory, paths. */
STEPS(put_file)
{
	struct file *file;
	struct sock *sk;
	u32 fd = s->result;
	u64 at = walk_arg(s, step->a) + (step->kind == KIND_SOCKAT ? step->b : step->c);

	if (s->result < 0 || (step->kind != KIND_FDPATH && !user_u32(at, &fd))) {
		walk_absent(s, step);
		return;
	}
	file = file_of(fd);
	if (!file) {
		walk_absent(s, step);
		return;
	}
	switch (step->kind) {
	case KIND_INOAT:
		walk_number(s, step, BPF_CORE_READ(file, f_inode, i_ino));
		break;
	case KIND_FDPATH:
		put_path_of(s, step, &file->f_path);
		break;
	case KIND_SOCKAT:
		sk = file_sock(file);
		if (step->c == WORD_SOCKAT_PEER)
			sk = sk ? BPF_CORE_READ((struct unix_sock *)sk, peer) : 0;
		walk_number(s, step, (u64)sk);
		break;
	}
}

STEPS(put_memory)
{
	u64 a = walk_arg(s, step->a);

	switch (step->kind) {
	case KIND_STR:
	case KIND_PATH:
		put_text(s, step, a);
		break;
	case KIND_IN:
		put_bytes_in(s, step, a, walk_arg(s, step->b));
		break;
	case KIND_OUT:
		put_bytes(s, step, a, s->result > 0 ? s->result : 0);
		break;
	case KIND_AT:
		put_at(s, step, a ? a + step->c : 0, step->size, (step->flags & KSTEP_SIGNED));
		break;
	case KIND_AT16:
		put_at(s, step, a ? a + step->c : 0, 2, false);
		break;
	case KIND_ATUINT:
		put_at(s, step, a ? a + step->c : 0, 4, false);
		break;
	case KIND_ATINT:
		put_at(s, step, a ? a + step->c : 0, 4, true);
		break;
	case KIND_SIGSET:
		put_at(s, step, a, 4, false);
		break;
	}
}

/* Of current; total_vm and rss count pages of 4 KiB. Typed pointers need no helper calls. */
STEPS(put_mm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;

	if (!mm)
		walk_number(s, step, 0);
	else if (step->kind == KIND_VM_SIZE)
		walk_number(s, step, mm->total_vm << 2);
	else if (step->kind == KIND_VM_RSS)
		walk_number(s, step, mm_pages_kb(mm, MM_FILEPAGES) + mm_pages_kb(mm, MM_ANONPAGES) +
					     mm_pages_kb(mm, MM_SHMEMPAGES));
	else
		walk_number(s, step, mm_pages_kb(mm, MM_SWAPENTS));
}

/*
 * The exit signal gives way to what the family wants to know instead: whether the child lives in a PID
 * namespace below the first. The child's return tells of itself, the parent's of where its children go.
 */
STEPS(put_clone_flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 flags = 0, level;

	if (step->kind == KIND_CLONEFLAGS)
		flags = walk_arg(s, step->a);
	if (step->kind == KIND_CLONE3FLAGS) {
		if (s->result == 0) {
			flags = walk_arg(s, CLONE_FLAGS_ARG);
		} else if (!user_u32(walk_arg(s, step->a), &flags)) {
			walk_absent(s, step);
			return;
		}
	}
	level = s->result == 0 ? BPF_CORE_READ(task, thread_pid, level)
			       : BPF_CORE_READ(task, nsproxy, pid_ns_for_children, level);
	if (level || (flags & CLONE_NEWPID))
		walk_number(s, step, (flags & ~0xFFu) | CLONE_WIRE_CHILD_IN_PIDNS);
	else
		walk_number(s, step, flags & ~0xFFu);
}

/* The mode counts only where a file may be made. */
static __always_inline void put_open_mode(struct scratch *s, const struct kernel_step *step)
{
	bool counts = walk_arg(s, step->b) & (O_CREAT | O_TMPFILE_BIT);

	walk_number(s, step, counts ? walk_arg(s, step->a) : 0);
}

struct walk {
	struct scratch *s;
	const struct kernel_recipe *recipe;
};

static __always_inline const struct kernel_step *walk_at(const struct walk *w, u32 i)
{
	barrier_var(i);
	return &w->recipe->steps[i & (STEPS_MAX - 1)];
}

/* Kinds up to KIND_LONG2: numbers made from the arguments alone. */
static __always_inline void put_value(struct scratch *s, const struct kernel_step *step)
{
	u64 a = walk_arg(s, step->a);

	switch (step->kind) {
	case KIND_VAL: case KIND_LONG: /* how many bytes count is the step's size */
		break;
	case KIND_INT:
		a = (s64)(s32)a;
		break;
	case KIND_UINT:
		a = (u32)a;
		break;
	case KIND_CONST:
		a = step->c;
		break;
	case KIND_LONG2:
		a = (u32)a | walk_arg(s, step->b) << 32;
		break;
	}
	walk_number(s, step, a);
}

static long walk_value(u32 i, struct walk *w)
{
	const struct kernel_step *step = walk_at(w, i);

	if (step->kind <= KIND_LONG2)
		put_value(w->s, step);
	else if (step->kind == MEMORY_ARGS)
		put_arguments(w->s, step);
	else if (step->kind < MEMORY_ARGS)
		walk_absent(w->s, step);
	return 0;
}

static long walk_step(u32 i, struct walk *w)
{
	struct scratch *s = w->s;
	const struct kernel_step *step = walk_at(w, i);

	if ((step->flags & KSTEP_ON_SUCCESS) && s->result < 0) {
		if (step->kind < MEMORY_ARGS)
			walk_absent(s, step);
		return 0;
	}
	if (step->kind <= KIND_LONG2) {
		put_value(s, step);
		return 0;
	}
	switch (step->kind) {
	case KIND_STR: case KIND_PATH: case KIND_IN: case KIND_OUT:
	case KIND_AT: case KIND_AT16: case KIND_ATUINT: case KIND_ATINT: case KIND_SIGSET:
		put_memory(s, step);
		break;
	case KIND_OPENFLAGS: case KIND_OPENFLAGSAT: case KIND_OPENLAYER: case KIND_DEV: case KIND_INO:
		put_opened(s, step);
		break;
	case KIND_INOAT: case KIND_FDPATH: case KIND_SOCKAT:
		put_file(s, step);
		break;
	case KIND_IOVIN: case KIND_IOVOUT: case KIND_IOVSIZE:
		put_gathered(s, step);
		break;
	case KIND_MSGIN: case KIND_MSGOUT: case KIND_MMSGOUT: case KIND_MSGSIZE: case KIND_MSGCTL:
		put_message(s, step);
		break;
	case KIND_TUPLETO: case KIND_TUPLEFROM: case KIND_TUPLEMSG: case KIND_TUPLERET:
	case KIND_SOCKADDR:
		put_socket(s, step);
		break;
	case KIND_FDLIST:
		put_fdlist(s, step);
		break;
	case KIND_VM_SIZE: case KIND_VM_RSS: case KIND_VM_SWAP:
		put_mm(s, step);
		break;
	case KIND_TASK:
		put_task(s, step);
		break;
	case KIND_OPENMODE:
		put_open_mode(s, step);
		break;
	case KIND_CLONEFLAGS: case KIND_CLONE3FLAGS: case KIND_FORKFLAGS:
		put_clone_flags(s, step);
		break;
	default:
		if (step->kind == MEMORY_ARGS)
			put_arguments(s, step);
		else if (step->kind > MEMORY_ARGS)
			put_piece(s, step);
		else
			put_special(s, step);
	}
	return 0;
}

static __always_inline u32 walk_begin(struct scratch *s, const struct kernel_recipe *recipe)
{
	u32 n = recipe->n_steps;

	s->loops.off = 0;
	s->opened.found = OPENED_UNKNOWN;
	s->recipe_flags = recipe->flags;
	s->argv_arg = recipe->argv_arg;
	return n > STEPS_MAX ? STEPS_MAX : n;
}

/* Appends all parameters of a recipe to the (begun) record in s; s->task and what follows are set. */
static __always_inline void walk_recipe(struct scratch *s, const struct kernel_recipe *recipe)
{
	struct walk w = {.s = s, .recipe = recipe};
	u32 n = walk_begin(s, recipe);

	if (n)
		bpf_loop(n, walk_step, &w, 0);
}

/* The same for a call that has only begun: what needs its end or its memory is absent. */
static __always_inline void walk_values(struct scratch *s, const struct kernel_recipe *recipe)
{
	struct walk w = {.s = s, .recipe = recipe};
	u32 n = walk_begin(s, recipe);

	if (n)
		bpf_loop(n, walk_value, &w, 0);
}
