/*
 * Parameters of calls in progress, for the iterator over all tasks. It runs on behalf of who reads, so
 * the memory of the task that waits is read with a helper that may sleep (Linux 5.18; before, what
 * pointers point to stays absent). Results, and what the call fills in, are not there yet.
 */
#pragma once
#include "recipe_walk.h"

#define PAGE 4096u

struct progress {
	struct scratch *s;
	const struct kernel_recipe *recipe;
	struct task_struct *task;
};

/* len is at most 64 KiB. */
static __always_inline bool waiting_read(struct task_struct *task, void *to, u32 len, u64 addr)
{
	if (!addr || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_copy_from_user_task))
		return false;
	return bpf_copy_from_user_task(to, len, (void *)addr, task, 0) == 0;
}

/* A text ends anywhere, so pages are read one at a time: the second only if the first has no end of it. */
static __always_inline void put_waiting_text(struct scratch *s, const struct kernel_step *step,
					     struct task_struct *task, u64 addr)
{
	u32 first = PAGE - (addr & (PAGE - 1));
	u8 *p = walk_place(s);
	long n;

	_Static_assert(PATH_BYTES <= PAGE, "a text spans two pages at most");
	barrier_var(first);
	first &= 2 * PATH_BYTES - 1;
	if (first > PATH_BYTES || !p || !waiting_read(task, s->path, first, addr)) {
		walk_absent(s, step);
		return;
	}
	s->path[first] = 0;
	n = bpf_probe_read_kernel_str(p + 2, PATH_BYTES, s->path);
	if (n > first) {
		waiting_read(task, &s->path[first], PATH_BYTES, addr + first);
		n = bpf_probe_read_kernel_str(p + 2, PATH_BYTES, s->path);
	}
	if (n <= 0)
		walk_absent(s, step);
	else
		walk_sized(s, p, n);
}

static __always_inline void put_waiting_bytes(struct scratch *s, const struct kernel_step *step,
					      struct task_struct *task, u64 addr, u64 wanted)
{
	u8 *p = walk_place(s);
	u32 len = wanted > config.snaplen ? config.snaplen : wanted;

	barrier_var(len);
	len &= 0xFFFF;
	if (!p || (len && !waiting_read(task, p + 2, len, addr))) {
		walk_absent(s, step);
		return;
	}
	if (len < wanted)
		s->head.flags |= EVENT_TRUNCATED;
	walk_sized(s, p, len);
}

/* The path of a unix socket's address that lies in s->path, with a NUL, at p. */
static __always_inline u32 waiting_unix_path(struct scratch *s, u8 *p, u32 len)
{
	u32 room = len - 2 > UNIX_PATH_MAX ? UNIX_PATH_MAX : len - 2, skip = 2;
	long n;

	p[0] = 0;
	if ((s32)len <= 2)
		return 1;
	if (!s->path[2]) {
		skip = 3;
		room--;
	}
	barrier_var(room);
	room &= 0x7F;
	n = bpf_probe_read_kernel_str(p, room + 1, &s->path[skip]);
	return n > 0 ? (u32)n & 0x7F : 1;
}

/* Brings the address that the call names into s->path; 0: it is of no family that we know. */
static __always_inline u16 waiting_address(struct scratch *s, struct task_struct *task, u64 addr, u32 *len)
{
	u32 n = *len;

	if (n > 2 + UNIX_PATH_MAX)
		n = 2 + UNIX_PATH_MAX;
	*len = n;
	barrier_var(n);
	n &= 0x7F;
	__builtin_memset(s->path, 0, 32);
	if (n < 2 || !waiting_read(task, s->path, n, addr))
		return 0;
	return *(u16 *)s->path;
}

static __always_inline void put_waiting_sockaddr(struct scratch *s, const struct kernel_step *step,
						 struct task_struct *task)
{
	u32 len = walk_arg(s, step->b), n = 1;
	u16 family = waiting_address(s, task, walk_arg(s, step->a), &len);
	u16 port = __builtin_bswap16(*(u16 *)(s->path + 2));
	u8 *p = walk_place(s);

	if (!p || !family) {
		walk_absent(s, step);
		return;
	}
	p[2] = family;
	if (family == AF_INET) {
		__builtin_memcpy(p + 3, s->path + 4, 4);
		*(u16 *)(p + 7) = port;
		n = 7;
	} else if (family == AF_INET6) {
		__builtin_memcpy(p + 3, s->path + 8, 16);
		*(u16 *)(p + 19) = port;
		n = 19;
	} else if (family == AF_UNIX) {
		n = 1 + waiting_unix_path(s, p + 3, len);
	}
	walk_sized(s, p, n & 0xFF);
}

/* Where the call wants to go, or what it waits to hear from: as the socket knows it, or a unix socket's address says. */
static __always_inline void put_waiting_tuple(struct scratch *s, const struct kernel_step *step,
					      struct task_struct *task)
{
	struct sock *sk = file_sock(file_in((struct task_struct *)s->task, walk_arg(s, step->a)));
	bool outbound = step->kind == KIND_TUPLETO;
	u8 *p = walk_place(s);
	u32 n = sk && p ? tuple_put(p + 2, sk, outbound, 0, 0) : 0, len = walk_arg(s, step->c);

	if (!n) {
		walk_absent(s, step);
		return;
	}
	if (p[2] == AF_UNIX && outbound && n <= 18 &&
	    waiting_address(s, task, walk_arg(s, step->b), &len) == AF_UNIX)
		n = 17 + waiting_unix_path(s, p + 2 + 17, len);
	walk_sized(s, p, n & 0xFF);
}

/* What poll waits for: the events asked for stand where those that came stand at its return. */
static __always_inline void put_waiting_fdlist(struct scratch *s, const struct kernel_step *step,
					       struct task_struct *task)
{
	u64 wanted = walk_arg(s, step->b);
	u32 n = wanted > FDLIST_MAX ? FDLIST_MAX : wanted;
	u8 *p = walk_place(s);

	barrier_var(n);
	n &= 2 * FDLIST_MAX - 1;
	if (!p || (n && !waiting_read(task, s->path, n * 8, walk_arg(s, step->a)))) {
		walk_absent(s, step);
		return;
	}
	for (u32 i = 0; i < FDLIST_MAX; i++) {
		*(s64 *)(p + 4 + i * FDLIST_ENTRY) = *(s32 *)(s->path + i * 8);
		*(u16 *)(p + 12 + i * FDLIST_ENTRY) = *(u16 *)(s->path + i * 8 + 4);
	}
	*(u16 *)(p + 2) = n;
	walk_sized(s, p, (2 + n * FDLIST_ENTRY) & 0xFF);
}

static __always_inline void put_waiting_time(struct scratch *s, const struct kernel_step *step,
					     struct task_struct *task)
{
	bool narrow = s->compat && step->kind != KIND_TIMESPEC64;
	u64 addr = walk_arg(s, step->a), unit = step->kind == KIND_TIMEVAL ? 1000 : 1;
	s64 t[2] = {};

	if (!addr || !waiting_read(task, t, narrow ? 8 : 16, addr + step->c * (narrow ? 8 : 16)))
		walk_absent(s, step);
	else if (narrow)
		walk_number(s, step, (s64)(s32)t[0] * 1000000000ull + (t[0] >> 32) * unit);
	else
		walk_number(s, step, (u64)t[0] * 1000000000ull + (u64)t[1] * unit);
}

static __always_inline void put_waiting_sigset(struct scratch *s, const struct kernel_step *step,
					       struct task_struct *task)
{
	u32 set = 0;

	if (waiting_read(task, &set, sizeof set, walk_arg(s, step->a)))
		walk_number(s, step, set);
	else
		walk_absent(s, step);
}

/* What a call was given; what it will change is as it was. */
static __always_inline void put_waiting_piece(struct scratch *s, const struct kernel_step *step, struct task_struct *task)
{
	u64 addr = walk_arg(s, step->a), n = step->kind == MEMORY_ITEMS ? (u32)walk_arg(s, step->b) : 1;
	u32 most = step->c ? MEMORY_PIECE_MAX / step->c : 0, len = (n < most ? n : most) * step->c;
	u8 *p = walk_place(s);

	if (s->pieces.skip || step->kind == MEMORY_WHEN) {
		s->pieces.skip = !s->pieces.skip && when_fails(s, step);
		return;
	}
	if (step->kind > MEMORY_ITEMS || step->flags & KSTEP_ON_SUCCESS || !s->pieces.begun || !len)
		return;
	barrier_var(len);
	len &= 0x7FF;
	if (p && waiting_read(task, p + MEMORY_PIECE_HEAD, len, addr))
		piece_end(s, p, addr, len);
}

static long walk_waiting(u32 i, struct progress *w)
{
	struct scratch *s = w->s;
	struct task_struct *task = w->task;
	const struct kernel_step *step;

	barrier_var(i);
	step = &w->recipe->steps[i & (STEPS_MAX - 1)];
	if (step->kind <= KIND_LONG2) {
		put_value(s, step);
		return 0;
	}
	if (step->kind == MEMORY_ARGS)
		put_arguments(s, step);
	else if (step->kind > MEMORY_ARGS)
		put_waiting_piece(s, step, task);
	if (step->kind >= MEMORY_ARGS)
		return 0;
	if (step->flags & KSTEP_ON_SUCCESS) {
		walk_absent(s, step);
		return 0;
	}
	switch (step->kind) {
	case KIND_STR: case KIND_PATH:
		put_waiting_text(s, step, task, walk_arg(s, step->a));
		break;
	case KIND_IN:
		put_waiting_bytes(s, step, task, walk_arg(s, step->a), walk_arg(s, step->b));
		break;
	case KIND_OPENFLAGS:
		walk_number(s, step, walk_arg(s, step->a));
		break;
	case KIND_OPENMODE:
		put_open_mode(s, step);
		break;
	case KIND_FDLIST:
		put_waiting_fdlist(s, step, task);
		break;
	case KIND_TIMESPEC: case KIND_TIMESPEC64: case KIND_TIMEVAL:
		put_waiting_time(s, step, task);
		break;
	case KIND_SIGSET:
		put_waiting_sigset(s, step, task);
		break;
	case KIND_SOCKADDR:
		put_waiting_sockaddr(s, step, task);
		break;
	case KIND_TUPLETO: case KIND_TUPLEFROM:
		put_waiting_tuple(s, step, task);
		break;
	default:
		walk_absent(s, step);
	}
	return 0;
}

/* The parameters of a call that has not returned. */
static __always_inline void walk_in_progress(struct scratch *s, const struct kernel_recipe *recipe,
					     struct task_struct *task)
{
	struct progress w = {.s = s, .recipe = recipe, .task = task};
	u32 n = walk_begin(s, recipe);

	if (n)
		bpf_loop(n, walk_waiting, &w, 0);
}
