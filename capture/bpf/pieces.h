/*
 * The steps behind those of the parameters, for --structures: pieces of the caller's memory (format/memory.h).
 * MEMORY_ARGS begins the parameter, each piece makes it longer. What cannot be read leaves no piece.
 */
#pragma once
#include "user_memory.h"
#include "format/memory.h"

/* Little on the stack: also for calls in progress, from far down in it. */
STEPS(put_arguments)
{
	u8 *p = walk_place(s);
	u32 n = step->a;

	s->pieces.at = s->loops.off;
	s->pieces.skip = 0;
	s->pieces.begun = p != 0;
	if (!p || n > 6) {
		walk_absent(s, step);
		return;
	}
	p[2] = n;
	for (int i = 0; i < 6; i++) /* memcpy would take 300 bytes of the stack, for bytes that are not aligned */
		((u64 *)(p + 3))[i] = s->args[i];
	walk_sized(s, p, 1 + n * 8);
}

/* After len bytes were written behind the head at the place. */
static __always_inline void piece_end(struct scratch *s, u8 *place, u64 addr, u32 len)
{
	u32 at = s->pieces.at;

	*(u64 *)place = addr;
	*(u16 *)(place + 8) = len;
	s->loops.off += MEMORY_PIECE_HEAD + (len & 0xFFF);
	barrier_var(at);
	if (at <= RECORD_PAYLOAD_MAX)
		*(u16 *)&s->data[at] = s->loops.off - at - 2;
}

__noinline int piece_put(struct scratch *s, u64 addr, u32 wanted)
{
	u32 len = wanted;
	u8 *p;

	if (!s || !s->pieces.begun || !addr || !len || len > MEMORY_PIECE_MAX)
		return 0;
	p = walk_place(s);
	barrier_var(len);
	len &= 0x7FF;
	if (!p || bpf_probe_read_user(p + MEMORY_PIECE_HEAD, len, (void *)addr))
		return 0;
	piece_end(s, p, addr, len);
	return 0;
}

/* What did not lie in memory. */
static __always_inline void fact_put(struct scratch *s, u64 fact, u64 value, u32 len)
{
	u8 *p = walk_place(s);

	if (!p || !s->pieces.begun)
		return;
	*(u64 *)(p + MEMORY_PIECE_HEAD) = value;
	piece_end(s, p, fact, len);
}

static __always_inline void before_put(struct scratch *s, u32 len)
{
	u8 *p = walk_place(s);

	if (!p || !s->pieces.begun || !s->pieces.has_before)
		return;
	*(u64 *)(p + MEMORY_PIECE_HEAD) = s->pieces.before[0];
	*(u64 *)(p + MEMORY_PIECE_HEAD + 8) = s->pieces.before[1];
	piece_end(s, p, FACT_BEFORE, len);
}

/* As many whole ones as a piece takes. */
static __always_inline void items_put(struct scratch *s, u64 addr, u64 n, u32 size)
{
	u32 most = size ? MEMORY_PIECE_MAX / size : 0;

	piece_put(s, addr, (u32)(n < most ? n : most) * size);
}

struct counting {
	u64 at, end;
	u32 n, width;
};

static long count_text(u32 i, struct counting *c)
{
	u64 text = 0;

	if (c->width == 4 ? bpf_probe_read_user(&text, 4, (void *)(c->at + i * 4ull))
			  : bpf_probe_read_user(&text, 8, (void *)(c->at + i * 8ull)))
		return 1;
	if (!text)
		return 1;
	c->n++;
	return 0;
}

static long count_entry(u32 i, struct counting *c)
{
	u16 len = 0;

	if (c->at >= c->end || bpf_probe_read_user(&len, sizeof len, (void *)(c->at + c->width)) || !len)
		return 1;
	c->n++;
	c->at += len;
	return 0;
}

/* Of an exec that failed the array is still there, of others the kernel has told. */
static __always_inline void environment_put(struct scratch *s, u64 addr)
{
	struct counting c = {.at = addr, .width = s->compat ? 4 : 8};

	if (s->result >= 0)
		c.n = s->pieces.env_count;
	else
		bpf_loop(MEMORY_TEXTS_MAX, count_text, &c, 0);
	fact_put(s, FACT_ENVIRONMENT, c.n, 4);
}

static __always_inline void entries_put(struct scratch *s, u64 addr, bool old)
{
	/* struct linux_dirent has two numbers of the ABI's width in front */
	struct counting c = {.at = addr, .width = old && s->compat ? 8 : MEMORY_DIRENT_AT};

	if (s->result < 0)
		return;
	c.end = addr + s->result;
	if (s->result)
		bpf_loop(MEMORY_ENTRIES_MAX, count_entry, &c, 0);
	fact_put(s, FACT_ENTRIES, c.n, 4);
}

static __always_inline void message_put(struct scratch *s, u64 addr, u32 size)
{
	struct message m;
	u32 width = s->compat ? 8 : 16;

	if (!message_read(s, addr, &m))
		return;
	piece_put(s, addr, size);
	items_put(s, m.name, m.name_len, 1);
	items_put(s, m.iov, m.n_iov, width);
	items_put(s, m.control, m.control_len, 1);
}

/* Whether the next step is not for this call. */
static __always_inline bool when_fails(const struct scratch *s, const struct kernel_step *step)
{
	u32 v = walk_arg(s, step->a) & (step->size ? step->size : 0xFFFF);

	return v < step->c || v > (u32)step->c + step->b;
}

STEPS(put_piece)
{
	u64 a = walk_arg(s, step->a), b = walk_arg(s, step->b);
	struct task_struct *task = (void *)s->task;
	u32 n = 0;

	if (s->pieces.skip) {
		s->pieces.skip = 0;
		return;
	}
	switch (step->kind) {
	case MEMORY_WHEN:
		s->pieces.skip = when_fails(s, step);
		break;
	case MEMORY_BLOCK:
		piece_put(s, a, step->c);
		break;
	case MEMORY_ITEMS:
		items_put(s, a, (u32)b, step->c);
		break;
	case MEMORY_RESULT:
		items_put(s, a, s->result > 0 ? s->result : 0, step->c);
		break;
	case MEMORY_COUNTED:
		if (user_u32(b, &n))
			items_put(s, a, n, step->c);
		break;
	case MEMORY_BITS:
		/* whole words, as the kernel reads them */
		n = s->compat ? 32 : 64;
		if ((u32)b <= MEMORY_PIECE_MAX * 8)
			piece_put(s, a, ((u32)b + n - 1) / n * n / 8);
		break;
	case MEMORY_MESSAGE:
		message_put(s, a, step->c);
		break;
	case MEMORY_ENVIRONMENT:
		environment_put(s, a);
		break;
	case MEMORY_ENTRIES:
		entries_put(s, a, step->b);
		break;
	case MEMORY_BEFORE:
		before_put(s, step->c);
		break;
	case MEMORY_MASK:
		fact_put(s, FACT_MASK, BPF_CORE_READ(task, blocked.sig[0]), 8);
		break;
	}
}
