/* Kinds that read the caller's memory: texts, buffers, gathered buffers, structures. Lengths are cut to snaplen. */
#include "capture/ptrace/call.h"

#include "format/batch.h"
#include "format/recipe.h"

#include <string.h>
#include <sys/uio.h>

#define PAGE	 4096u /* what can be read may end at any multiple of it */
#define IOVS_MAX 1024u /* UIO_MAXIOV: calls with more fail without a look at them */

bool memory_read(const struct call *c, uint64_t addr, void *to, size_t len)
{
	struct iovec here = {to, len}, there = {(void *)(uintptr_t)addr, len};

	if (!len)
		return true;
	return process_vm_readv(c->task->tid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

long memory_text(const struct call *c, uint64_t addr, uint8_t *to, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t len = PAGE - (addr + at) % PAGE;
		const uint8_t *end;

		if (len > size - at)
			len = size - at;
		if (!memory_read(c, addr + at, to + at, len))
			return -1;
		end = memchr(to + at, 0, len);
		if (end)
			return end - to + 1;
		at += len;
	}
	to[size - 1] = 0;
	return (long)size;
}

bool memory_u32(const struct call *c, uint64_t addr, uint32_t *ret)
{
	*ret = 0;
	return addr && memory_read(c, addr, ret, 4);
}

bool memory_time(const struct call *c, uint64_t addr, uint64_t unit, bool wide, uint64_t *ret)
{
	int64_t t[2];

	if (c->compat && !wide) {
		int32_t narrow[2];

		if (!memory_read(c, addr, narrow, sizeof narrow))
			return false;
		t[0] = narrow[0];
		t[1] = narrow[1];
	} else if (!memory_read(c, addr, t, sizeof t)) {
		return false;
	}
	*ret = (uint64_t)t[0] * 1000000000ull + (uint64_t)t[1] * unit;
	return true;
}

void put_text(struct call *c, const struct kernel_step *step, uint64_t addr)
{
	uint8_t *p = call_place(c);
	long n = p && addr ? memory_text(c, addr, p + 2, PATH_BYTES + 1) : -1;

	if (n < 0) {
		call_absent(c, step);
		return;
	}
	if (n > PATH_BYTES) {
		c->head->flags |= EVENT_TRUNCATED;
		p[1 + PATH_BYTES] = 0;
		n = PATH_BYTES;
	}
	call_sized(c, p, (uint32_t)n);
}

void put_bytes(struct call *c, const struct kernel_step *step, uint64_t addr, uint64_t wanted)
{
	uint8_t *p = call_place(c);
	uint32_t len = (uint32_t)wanted;

	if (wanted > c->context->snaplen) {
		len = c->context->snaplen;
		c->head->flags |= EVENT_TRUNCATED;
	}
	if (!p || !memory_read(c, addr, p + 2, len))
		call_absent(c, step);
	else
		call_sized(c, p, len);
}

void put_at(struct call *c, const struct kernel_step *step, uint64_t addr, unsigned size, bool is_signed)
{
	uint64_t v = 0;

	if (size > 8 || !addr || !memory_read(c, addr, &v, size)) {
		call_absent(c, step);
		return;
	}
	if (is_signed && size == 4)
		v = (uint64_t)(int64_t)(int32_t)v;
	call_number(c, step, v);
}

void put_memory(struct call *c, const struct kernel_step *step)
{
	uint64_t a = call_arg(c, step->a), b = call_arg(c, step->b);
	bool is_signed = step->flags & KSTEP_SIGNED;

	switch (step->kind) {
	case KIND_STR:
	case KIND_PATH:
		put_text(c, step, a);
		break;
	case KIND_IN:
		/* No call takes a negative length. */
		if (c->compat ? (int32_t)b < 0 : (int64_t)b < 0)
			call_absent(c, step);
		else
			put_bytes(c, step, a, b);
		break;
	case KIND_OUT:
		put_bytes(c, step, a, c->result > 0 ? (uint64_t)c->result : 0);
		break;
	case KIND_AT:
		put_at(c, step, a ? a + step->c : 0, step->size & 15, is_signed);
		break;
	case KIND_AT16:
		put_at(c, step, a ? a + step->c : 0, 2, false);
		break;
	case KIND_ATUINT:
	case KIND_ATINT:
		put_at(c, step, a ? a + step->c : 0, 4, step->kind == KIND_ATINT);
		break;
	case KIND_SIGSET:
		put_at(c, step, a, 4, false);
		break;
	}
}

/* ---- iovecs ---- */

/* A part of the caller's array, as 64-bit pairs of base and length. */
struct iovecs {
	uint64_t pairs[64][2];
	uint64_t first, n; /* those that are here */
};

/* The i-th of an array, fetched with its neighbours. */
static bool iovec_get(const struct call *c, struct iovecs *v, uint64_t array, uint64_t n_all, uint64_t i)
{
	uint64_t n = n_all - i < 64 ? n_all - i : 64;

	if (i - v->first < v->n)
		return true;
	v->first = i;
	v->n = 0;
	if (c->compat) {
		uint32_t narrow[64][2];

		while (n && !memory_read(c, array + i * 8, narrow, n * 8))
			n /= 2;
		for (uint64_t k = 0; k < n; k++) {
			v->pairs[k][0] = narrow[k][0];
			v->pairs[k][1] = narrow[k][1];
		}
	} else {
		while (n && !memory_read(c, array + i * 16, v->pairs, n * 16))
			n /= 2;
	}
	v->n = n;
	return n > 0;
}

static void put_iov_size(struct call *c, const struct kernel_step *step, uint64_t array, uint64_t n)
{
	struct iovecs v = {.n = 0};
	uint64_t total = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (n > IOVS_MAX || !iovec_get(c, &v, array, n, i)) {
			call_absent(c, step);
			return;
		}
		total += v.pairs[i - v.first][1];
	}
	call_number(c, step, total);
}

static void put_iov(struct call *c, const struct kernel_step *step, uint64_t array, uint64_t n, uint64_t limit)
{
	struct iovecs v = {.n = 0};
	uint64_t total = 0;
	uint32_t gathered = 0, snaplen = c->context->snaplen;
	uint8_t *p = call_place(c);
	bool failed = false;

	if (!p || n > IOVS_MAX) {
		call_absent(c, step);
		return;
	}
	for (uint64_t i = 0; i < n && total < limit && !failed; i++) {
		uint64_t base, len;

		if (!iovec_get(c, &v, array, n, i)) {
			failed = true;
			break;
		}
		base = v.pairs[i - v.first][0];
		len = v.pairs[i - v.first][1];
		if (len > limit - total)
			len = limit - total;
		if (!len)
			continue;
		total += len;
		if (gathered >= snaplen)
			break; /* full, and there is more */
		if (len > snaplen - gathered)
			len = snaplen - gathered;
		if (memory_read(c, base, p + 2 + gathered, len))
			gathered += (uint32_t)len;
		else
			failed = true;
	}
	if (failed && !gathered) {
		call_absent(c, step);
		return;
	}
	if (total > gathered)
		c->head->flags |= EVENT_TRUNCATED;
	call_sized(c, p, gathered);
}

void put_gathered(struct call *c, const struct kernel_step *step)
{
	uint64_t array = call_arg(c, step->a), n = call_arg(c, step->b);

	if (step->kind == KIND_IOVSIZE)
		put_iov_size(c, step, array, n);
	else
		put_iov(c, step, array, n,
			step->kind == KIND_IOVIN ? UINT64_MAX : c->result > 0 ? (uint64_t)c->result : 0);
}

/* ---- struct msghdr ---- */

#define MMSGHDR_LEN(c) ((c)->compat ? 28 : 56) /* offset of msg_len in struct mmsghdr */

bool message_read(const struct call *c, uint64_t addr, struct message *m)
{
	uint64_t raw[6];

	if (c->compat) {
		uint32_t narrow[6];

		if (!addr || !memory_read(c, addr, narrow, sizeof narrow))
			return false;
		for (unsigned i = 0; i < 6; i++)
			raw[i] = narrow[i];
	} else if (!addr || !memory_read(c, addr, raw, sizeof raw)) {
		return false;
	}
	*m = (struct message){raw[0], raw[2], raw[3], raw[4], raw[5], (uint32_t)raw[1]};
	return true;
}

void put_message(struct call *c, const struct kernel_step *step)
{
	uint64_t addr = call_arg(c, step->a);
	bool got = c->result > 0;
	struct message m;
	uint32_t len = 0;

	if (!message_read(c, addr, &m)) {
		call_absent(c, step);
		return;
	}
	switch (step->kind) {
	case KIND_MSGIN:
		put_iov(c, step, m.iov, m.n_iov, UINT64_MAX);
		break;
	case KIND_MSGOUT:
		put_iov(c, step, m.iov, m.n_iov, got ? (uint64_t)c->result : 0);
		break;
	case KIND_MMSGOUT:
		memory_u32(c, addr + MMSGHDR_LEN(c), &len);
		put_iov(c, step, m.iov, m.n_iov, got ? len : 0);
		break;
	case KIND_MSGSIZE:
		put_iov_size(c, step, m.iov, m.n_iov);
		break;
	case KIND_MSGCTL:
		put_bytes(c, step, m.control, m.control ? m.control_len : 0);
		break;
	}
}

/* ---- struct pollfd ---- */

#define FDLIST_MAX   16u
#define FDLIST_ENTRY 10 /* 64-bit fd, 16-bit flags */

void put_fdlist(struct call *c, const struct kernel_step *step)
{
	struct {
		int32_t fd;
		uint16_t events, revents;
	} fds[FDLIST_MAX];
	uint64_t n = call_arg(c, step->b), array = call_arg(c, step->a);
	uint16_t done = n > FDLIST_MAX ? FDLIST_MAX : (uint16_t)n;
	uint8_t *p = call_place(c);
	bool waits = c->head->flags & EVENT_UNFINISHED; /* then no events have come yet: those asked for */

	while (done && !memory_read(c, array, fds, done * sizeof *fds))
		done--;
	if (!p || (n && !done)) {
		call_absent(c, step);
		return;
	}
	memcpy(p + 2, &done, 2);
	for (unsigned i = 0; i < done; i++) {
		int64_t fd = fds[i].fd;

		memcpy(p + 4 + i * FDLIST_ENTRY, &fd, 8);
		memcpy(p + 4 + i * FDLIST_ENTRY + 8, waits ? &fds[i].events : &fds[i].revents, 2);
	}
	call_sized(c, p, 2 + done * FDLIST_ENTRY);
}
