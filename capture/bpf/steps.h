/* What each kind of format/kinds.tsv appends; those about tasks are in task_steps.h, words of options in options.h. */
#pragma once
#include "options.h"
#include "sockets.h"
#include "task_steps.h"

#define O_CREAT	      0100
#define O_TMPFILE_BIT 020000000
#define CLONE_NEWPID  0x20000000

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
static __always_inline u64 open_mode(u64 mode, u64 flags)
{
	return flags & (O_CREAT | O_TMPFILE_BIT) ? mode : 0;
}

static __always_inline void put_open_mode(struct scratch *s, const struct kernel_step *step)
{
	walk_number(s, step, open_mode(walk_arg(s, step->a), walk_arg(s, step->b)));
}
