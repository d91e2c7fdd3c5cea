/*
 * What is told of a task that becomes wanted in the middle of its life (by exec, comm, setuid, ...):
 * who it is, what files it has open, who its ancestors are. Without this, state that an unwanted task
 * built up (a shell's redirections, say) would be missing in the file.
 */
#pragma once
#include "recipe_walk.h"

#define ANNOUNCED_FDS	    1024
#define ANNOUNCED_ANCESTORS 16

struct announce {
	struct scratch *s;
};

static __always_inline struct scratch *scratch_begin(struct task_struct *task, u32 cpu, u16 type)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	if (!s)
		return 0;
	s->head.type = type;
	s->head.flags = EVENT_NO_RESULT;
	s->head.enter_ns = 0;
	s->head.result = 0;
	s->head.tid = task_tid(task);
	s->head.pid = task_pid(task);
	s->head.fd = (s32)0x80000000; /* FD_NONE */
	s->head.absent = 0;
	s->head.sysno = 0xFFFF; /* SYSNO_NONE */
	s->head.born = BPF_CORE_READ(task, start_boottime) >> 20;
	s->loops.off = 0;
	s->task = (u64)task;
	s->compat = 0;
	s->result = 0;
	return s;
}

static __always_inline void announce_socket(struct scratch *s, struct record_fd *r, struct sock *sk,
					    u32 *name_len)
{
	struct endpoint local = {}, remote = {};

	endpoint_local(&local, sk);
	r->family = local.family;
	r->protocol = BPF_CORE_READ(sk, sk_protocol);
	r->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (local.family == AF_UNIX) {
		r->unix_source = (u64)sk;
		r->unix_peer = (u64)BPF_CORE_READ((struct unix_sock *)sk, peer);
		*name_len = unix_path(s->data + sizeof *r + 2, sk);
	} else if (local.family == AF_INET || local.family == AF_INET6) {
		endpoint_remote(&remote, sk);
		r->sport = local.port;
		r->dport = remote.port;
		__builtin_memcpy(r->saddr, local.addr, 16);
		__builtin_memcpy(r->daddr, remote.addr, 16);
	}
}

/* An empty name is better than half of one. */
static __always_inline u32 announce_path(struct scratch *s, u8 *place, struct file *file)
{
	int at = path_resolve(s, (u64)&file->f_path);

	return at < 0 ? 0 : path_copy(s, place, at);
}

static long announce_fd(u32 fd, struct announce *a)
{
	struct scratch *s = a->s;
	struct record_fd *r = (void *)s->data;
	struct file *file = 0;
	unsigned long bits = 0;
	struct sock *sk;
	u32 name_len = 0;

	bpf_probe_read_kernel(&file, sizeof file, (void *)(s->told.table + fd * 8ull));
	if (!file)
		return 0;
	bpf_probe_read_kernel(&bits, sizeof bits, (void *)(s->told.cloexec + fd / 64 * 8ull));
	__builtin_memset(r, 0, sizeof *r);
	r->ino = BPF_CORE_READ(file, f_inode, i_ino);
	r->dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	r->open_flags = BPF_CORE_READ(file, f_flags);
	r->mode = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	r->cloexec = bits >> (fd % 64) & 1;
	sk = file_sock(file);
	if (sk)
		announce_socket(s, r, sk, &name_len);
	else
		name_len = announce_path(s, s->data + sizeof *r, file);
	barrier_var(name_len);
	name_len &= 0x1FFF;
	*(u16 *)(s->data + sizeof *r) = name_len;
	s->head.fd = fd;
	record_send(s, sizeof *r + 2 + name_len, true, s->told.cpu);
	return 0;
}

static long announce_ancestor(u32 i, struct announce *a)
{
	struct scratch *s = a->s;
	struct task_struct *below = (void *)s->told.task;
	struct task_struct *up = BPF_CORE_READ(below, real_parent, group_leader);
	u32 key = PSEUDO_ANCESTOR;
	struct kernel_recipe *recipe;

	if (!up || up == below || !task_tid(up))
		return 1;
	s->told.task = (u64)up;
	recipe = bpf_map_lookup_elem(&recipes, &key);
	if (!recipe)
		return 1;
	s->task = (u64)up;
	s->head.tid = task_tid(up);
	s->head.pid = task_pid(up);
	s->head.absent = 0;
	walk_slowly(s, recipe);
	record_send(s, s->loops.off, true, s->told.cpu);
	return 0;
}

/* now_ns: of the record that is to come; what is told comes before it. */
__noinline int task_announce(struct call *call, u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 cpu = bpf_get_smp_processor_id(), key = PSEUDO_TASK;
	struct scratch *s = scratch_begin(task, cpu, RECORD_TASK);
	struct announce a = {.s = s};
	struct kernel_recipe *recipe = bpf_map_lookup_elem(&recipes, &key);
	struct fdtable *fdt;
	u32 n;

	if (!s || !call || !recipe)
		return 0;
	s->told.task = (u64)task;
	s->told.cpu = cpu;
	s->head.exit_ns = now_ns - 1;
	walk_slowly(s, recipe);
	record_send(s, s->loops.off, true, cpu);

	fdt = BPF_CORE_READ(task, files, fdt);
	n = fdt ? BPF_CORE_READ(fdt, max_fds) : 0;
	if (n) {
		s->head.type = RECORD_FD;
		s->head.flags = EVENT_NO_RESULT;
		s->head.absent = 0;
		s->told.table = (u64)BPF_CORE_READ(fdt, fd);
		s->told.cloexec = (u64)BPF_CORE_READ(fdt, close_on_exec);
		bpf_loop(n > ANNOUNCED_FDS ? ANNOUNCED_FDS : n, announce_fd, &a, 0);
	}
	s->head.type = RECORD_ANCESTOR;
	s->head.fd = (s32)0x80000000;
	bpf_loop(ANNOUNCED_ANCESTORS, announce_ancestor, &a, 0);
	return 0;
}
