/* Pieces of the caller's memory, for --structures: as capture/bpf/pieces.h makes them. */
#include "capture/ptrace/call.h"

#include "format/batch.h"
#include "format/memory.h"

#include <string.h>
#include <sys/ptrace.h>

static void memory_begin(struct call *c, const struct kernel_step *step)
{
	uint8_t *p = call_place(c);

	c->pieces_begun = p && step->a <= MEMORY_ARGS_MAX;
	c->skip_piece = false;
	c->pieces_at = c->off;
	if (!c->pieces_begun) {
		call_absent(c, step);
		return;
	}
	p[2] = step->a;
	memcpy(p + 3, c->args, step->a * sizeof *c->args);
	call_sized(c, p, 1 + step->a * (uint32_t)sizeof *c->args);
}

/* After len bytes were written behind the head at the place. */
static void piece_end(struct call *c, uint8_t *place, uint64_t addr, uint32_t len)
{
	uint16_t piece_len = (uint16_t)len, whole;

	memcpy(place, &addr, sizeof addr);
	memcpy(place + sizeof addr, &piece_len, sizeof piece_len);
	c->off += MEMORY_PIECE_HEAD + len;
	whole = (uint16_t)(c->off - c->pieces_at - sizeof whole);
	memcpy(c->data + c->pieces_at, &whole, sizeof whole);
}

static void piece_put(struct call *c, uint64_t addr, uint32_t len)
{
	uint8_t *p = c->pieces_begun && addr && len && len <= MEMORY_PIECE_MAX ? call_place(c) : NULL;

	if (p && memory_read(c, addr, p + MEMORY_PIECE_HEAD, len))
		piece_end(c, p, addr, len);
}

static void fact_put(struct call *c, uint64_t fact, uint64_t value, uint32_t len)
{
	uint8_t *p = c->pieces_begun ? call_place(c) : NULL;

	if (!p)
		return;
	memcpy(p + MEMORY_PIECE_HEAD, &value, sizeof value);
	piece_end(c, p, fact, len);
}

static void before_put(struct call *c, uint32_t len)
{
	uint8_t *p = c->pieces_begun && c->task->has_before ? call_place(c) : NULL;

	if (!p)
		return;
	memcpy(p + MEMORY_PIECE_HEAD, c->task->before, sizeof c->task->before);
	piece_end(c, p, FACT_BEFORE, len);
}

/* As many whole ones as a piece takes. */
static void items_put(struct call *c, uint64_t addr, uint64_t n, uint32_t size)
{
	uint32_t most = size ? MEMORY_PIECE_MAX / size : 0;

	piece_put(c, addr, (uint32_t)(n < most ? n : most) * size);
}

uint32_t memory_count_texts(const struct call *c, uint64_t array)
{
	const size_t width = c->compat ? 4 : 8;
	uint64_t text = 1;
	uint32_t n = 0;

	while (array && n < MEMORY_TEXTS_MAX) {
		text = 0;
		if (!memory_read(c, array + n * width, &text, width) || !text)
			break;
		n++;
	}
	return n;
}

static void entries_put(struct call *c, uint64_t addr, bool old)
{
	const uint64_t len_at = old && c->compat ? 8 : MEMORY_DIRENT_AT, end = addr + (uint64_t)c->result;
	uint32_t n = 0;
	uint16_t len;

	if (c->result < 0)
		return;
	for (; addr < end && n < MEMORY_ENTRIES_MAX; n++, addr += len)
		if (!memory_read(c, addr + len_at, &len, sizeof len) || !len)
			break;
	fact_put(c, FACT_ENTRIES, n, 4);
}

static void message_put(struct call *c, uint64_t addr, uint32_t size)
{
	struct message m;

	if (!message_read(c, addr, &m))
		return;
	piece_put(c, addr, size);
	items_put(c, m.name, m.name_len, 1);
	items_put(c, m.iov, m.n_iov, c->compat ? 8 : 16);
	items_put(c, m.control, m.control_len, 1);
}

static void mask_put(struct call *c)
{
	uint64_t mask;

	if (ptrace(PTRACE_GETSIGMASK, c->task->tid, sizeof mask, &mask) == 0)
		fact_put(c, FACT_MASK, mask, sizeof mask);
}

/* Whether the next step is not for this call. */
static bool when_fails(const struct call *c, const struct kernel_step *step)
{
	uint32_t v = (uint32_t)call_arg(c, step->a) & (step->size ? step->size : 0xFFFF);

	return v < step->c || v > (uint32_t)step->c + step->b;
}

/* Whole words, as the kernel reads them. */
static void bits_put(struct call *c, uint64_t addr, uint32_t n)
{
	const uint32_t word = c->compat ? 32 : 64;

	if (n <= MEMORY_PIECE_MAX * 8)
		piece_put(c, addr, (n + word - 1) / word * word / 8);
}

void put_piece(struct call *c, const struct kernel_step *step)
{
	uint64_t a = call_arg(c, step->a), b = call_arg(c, step->b);
	uint32_t n;

	if (step->kind == MEMORY_ARGS) {
		memory_begin(c, step);
		return;
	}
	if (c->skip_piece) {
		c->skip_piece = false;
		return;
	}
	switch (step->kind) {
	case MEMORY_WHEN:
		c->skip_piece = when_fails(c, step);
		break;
	case MEMORY_BLOCK:
		piece_put(c, a, step->c);
		break;
	case MEMORY_ITEMS:
		items_put(c, a, (uint32_t)b, step->c);
		break;
	case MEMORY_RESULT:
		items_put(c, a, c->result > 0 ? (uint64_t)c->result : 0, step->c);
		break;
	case MEMORY_COUNTED:
		if (memory_u32(c, b, &n))
			items_put(c, a, n, step->c);
		break;
	case MEMORY_BITS:
		bits_put(c, a, (uint32_t)b);
		break;
	case MEMORY_MESSAGE:
		message_put(c, a, step->c);
		break;
	case MEMORY_ENVIRONMENT:
		fact_put(c, FACT_ENVIRONMENT, c->task->env_count, 4);
		break;
	case MEMORY_ENTRIES:
		entries_put(c, a, step->b);
		break;
	case MEMORY_BEFORE:
		before_put(c, step->c);
		break;
	case MEMORY_MASK:
		mask_put(c);
		break;
	}
}

uint32_t put_siginfo(uint8_t *to, const void *info)
{
	uint64_t fact = FACT_SIGINFO;
	uint16_t len = MEMORY_SIGINFO_LEN, whole = info ? 1 + MEMORY_PIECE_HEAD + MEMORY_SIGINFO_LEN : 1;

	memcpy(to, &whole, sizeof whole);
	to[2] = 0; /* no arguments */
	if (info) {
		memcpy(to + 3, &fact, sizeof fact);
		memcpy(to + 11, &len, sizeof len);
		memcpy(to + 3 + MEMORY_PIECE_HEAD, info, MEMORY_SIGINFO_LEN);
	}
	return (uint32_t)sizeof whole + whole;
}
