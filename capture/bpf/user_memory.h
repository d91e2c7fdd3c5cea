/*
 * Kinds that read the caller's memory: texts, buffers, gathered buffers, structures. Each appends its
 * parameter or leaves it absent. Lengths come from the caller and are cut to snaplen.
 */
#pragma once
#include "record.h"

#define IOVS_MAX 1024 /* UIO_MAXIOV: calls with more fail without a look at them */

/*
 * A text of the task with its NUL, at most size bytes. Returns its length with the NUL, negative: it
 * cannot be read. A macro, so that the verifier sees the size as a constant. Older kernels count an
 * empty text as nothing.
 */
#define user_text(to, size, addr)                                                                  \
	({                                                                                         \
		u8 *to_ = (to);                                                                    \
		long n_ = bpf_probe_read_user_str(to_, size, (void *)(addr));                      \
		if (n_ == 0) {                                                                     \
			to_[0] = 0;                                                                \
			n_ = 1;                                                                    \
		}                                                                                  \
		n_;                                                                                \
	})

static __always_inline void put_text(struct scratch *s, const struct kernel_step *step, u64 addr)
{
	u8 *p = walk_place(s);
	long n;

	/* One byte more than is kept tells the longest from those that are longer. */
	n = p && addr ? user_text(p + 2, PATH_BYTES + 1, addr) : -1;
	if (n < 0) {
		walk_absent(s, step);
		return;
	}
	if (n > PATH_BYTES) {
		s->head.flags |= EVENT_TRUNCATED;
		p[1 + PATH_BYTES] = 0;
		n = PATH_BYTES;
	}
	walk_sized(s, p, n);
}

/* How many of the bytes are kept: at most 64 KiB, for the verifier. */
static __always_inline u32 kept_bytes(struct scratch *s, u64 wanted)
{
	u32 len = wanted;

	if (wanted > config.snaplen) {
		len = config.snaplen;
		s->head.flags |= EVENT_TRUNCATED;
	}
	barrier_var(len);
	return len & 0xFFFF;
}

static __always_inline void put_bytes(struct scratch *s, const struct kernel_step *step, u64 addr, u64 wanted)
{
	u8 *p = walk_place(s);
	u32 len = kept_bytes(s, wanted);

	if (!p || (len && bpf_probe_read_user(p + 2, len, (void *)addr))) {
		walk_absent(s, step);
		return;
	}
	walk_sized(s, p, len);
}

/* What a call is given; no call takes a negative length. */
static __always_inline void put_bytes_in(struct scratch *s, const struct kernel_step *step, u64 addr, u64 len)
{
	if (s->compat ? (s32)len < 0 : (s64)len < 0)
		walk_absent(s, step);
	else
		put_bytes(s, step, addr, len);
}

/* As many bytes as the parameter is wide. */
static __always_inline void put_at(struct scratch *s, const struct kernel_step *step, u64 addr, u32 size,
				   bool is_signed)
{
	u64 v = 0;

	size &= 15;
	if (size > 8 || !addr || bpf_probe_read_user(&v, size, (void *)addr)) {
		walk_absent(s, step);
		return;
	}
	if (is_signed && size == 4)
		v = (s64)(s32)v;
	walk_number(s, step, v);
}

static __always_inline bool user_u32(u64 addr, u32 *ret)
{
	*ret = 0;
	return addr && !bpf_probe_read_user(ret, 4, (void *)addr);
}

/* timespec (unit 1) or timeval (unit 1000) as nanoseconds; wide: with 64-bit fields whatever the ABI. */
static __always_inline bool user_time(const struct scratch *s, u64 addr, u64 unit, bool wide, u64 *ret)
{
	s64 t[2] = {};

	if (s->compat && !wide) {
		s32 narrow[2] = {};

		if (bpf_probe_read_user(narrow, sizeof narrow, (void *)addr))
			return false;
		t[0] = narrow[0];
		t[1] = narrow[1];
	} else if (bpf_probe_read_user(t, sizeof t, (void *)addr)) {
		return false;
	}
	*ret = (u64)t[0] * 1000000000ull + (u64)t[1] * unit;
	return true;
}

/* The step->c-th of an array. */
static __always_inline void put_time(struct scratch *s, const struct kernel_step *step, u64 addr, u64 unit,
				     bool wide)
{
	u64 v = 0;

	if (addr && user_time(s, addr + step->c * (s->compat && !wide ? 8 : 16), unit, wide, &v))
		walk_number(s, step, v);
	else
		walk_absent(s, step);
}

/* ---- iovecs ---- */

static __always_inline void loops_begin(struct scratch *s, u64 array, u64 limit)
{
	struct loops *l = &s->loops;

	l->gathered = 0;
	l->failed = 0;
	l->total = 0;
	l->array = array;
	l->limit = limit;
	l->width = s->compat ? 4 : 8;
}

struct iov_walk {
	u8 *out;
	struct loops *loops;
};

static __always_inline bool iov_read(const struct loops *l, u32 i, u64 *base, u64 *len)
{
	if (l->width == 4) {
		u32 pair[2] = {};

		if (bpf_probe_read_user(pair, sizeof pair, (void *)(l->array + i * 8ull)))
			return false;
		*base = pair[0];
		*len = pair[1];
	} else {
		u64 pair[2] = {};

		if (bpf_probe_read_user(pair, sizeof pair, (void *)(l->array + i * 16ull)))
			return false;
		*base = pair[0];
		*len = pair[1];
	}
	return true;
}

static long iov_sum(u32 i, struct iov_walk *v)
{
	u64 base, len;

	if (!iov_read(v->loops, i, &base, &len)) {
		v->loops->failed = 1;
		return 1;
	}
	v->loops->total += len;
	return 0;
}

static long iov_gather(u32 i, struct iov_walk *v)
{
	struct loops *l = v->loops;
	u64 base, len;
	u32 at = l->gathered, n;

	if (l->total >= l->limit)
		return 1;
	if (!iov_read(l, i, &base, &len)) {
		l->failed = 1;
		return 1;
	}
	if (len > l->limit - l->total)
		len = l->limit - l->total;
	if (!len)
		return 0;
	l->total += len;
	n = len > 0xFFFF ? 0xFFFF : len;
	if (at >= config.snaplen)
		return 1; /* full, and there is more */
	if (n > config.snaplen - at)
		n = config.snaplen - at;
	barrier_var(at);
	barrier_var(n);
	if (at > 0xFFFF)
		return 1;
	n &= 0xFFFF;
	if (bpf_probe_read_user(v->out + at, n, (void *)base)) {
		l->failed = 1;
		return 1;
	}
	l->gathered = at + n;
	return 0;
}

static __always_inline void put_iov_size(struct scratch *s, const struct kernel_step *step, u64 iov, u64 n)
{
	struct iov_walk v = {.loops = &s->loops};

	loops_begin(s, iov, 0);
	if (n && n <= IOVS_MAX)
		bpf_loop(n, iov_sum, &v, 0);
	if (s->loops.failed || n > IOVS_MAX)
		walk_absent(s, step);
	else
		walk_number(s, step, s->loops.total);
}

static __always_inline void put_iov(struct scratch *s, const struct kernel_step *step, u64 iov, u64 n,
				    u64 limit)
{
	u8 *p = walk_place(s);
	struct iov_walk v = {.loops = &s->loops};
	u32 len;

	if (!p || n > IOVS_MAX) {
		walk_absent(s, step);
		return;
	}
	v.out = p + 2;
	loops_begin(s, iov, limit);
	if (n && limit)
		bpf_loop(n, iov_gather, &v, 0);
	if (s->loops.failed && !s->loops.gathered) {
		walk_absent(s, step);
		return;
	}
	len = s->loops.gathered;
	if (s->loops.total > len)
		s->head.flags |= EVENT_TRUNCATED;
	barrier_var(len);
	walk_sized(s, p, len & 0xFFFF);
}

/* ---- struct msghdr ---- */

struct message {
	u64 name, iov, n_iov, control, control_len;
	u32 name_len;
};

static __always_inline bool message_read(const struct scratch *s, u64 addr, struct message *m)
{
	if (s->compat) {
		u32 raw[6] = {};

		if (!addr || bpf_probe_read_user(raw, sizeof raw, (void *)addr))
			return false;
		*m = (struct message){raw[0], raw[2], raw[3], raw[4], raw[5], raw[1]};
	} else {
		u64 raw[6] = {};

		if (!addr || bpf_probe_read_user(raw, sizeof raw, (void *)addr))
			return false;
		*m = (struct message){raw[0], raw[2], raw[3], raw[4], raw[5], (u32)raw[1]};
	}
	return true;
}

#define MMSGHDR_LEN(s) ((s)->compat ? 28 : 56) /* offset of msg_len in struct mmsghdr */
