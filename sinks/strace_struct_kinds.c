/* Arguments from memory: those of no group of their own. */
#include "sinks/strace_struct.h"

#include <errno.h>

bool strace_word(const struct strace_print *p, const struct strace_arg *arg, int64_t *ret)
{
	const bool is_long = arg->kind == STRACE_u || arg->kind == STRACE_x || arg->kind == STRACE_addr;

	if (!p->memory || arg->number >= p->memory->m.n_args)
		return false;
	*ret = is_long ? (int64_t)word_of(p, arg->number) : (int32_t)word_of(p, arg->number);
	return true;
}

/* What is kept of this argument; NULL: nothing, for this call with these arguments. */
static const struct memory_step *step_of(const struct strace_print *p, const struct strace_arg *arg)
{
	const struct memory_plan *plan = &p->memory->plan;

	for (unsigned i = 0; i < plan->n_steps; i++)
		if (memory_step_fails(&plan->steps[i], &p->memory->m))
			i++;
		else if (plan->steps[i].kind != MEMORY_WHEN && plan->steps[i].structure != STRUCT_NONE &&
			 plan->steps[i].a == arg->number)
			return &plan->steps[i];
	return NULL;
}

static void put_items(const struct strace_print *p, const struct memory_step *step, uint64_t addr)
{
	const struct struct_layout *layout = layout_of(p, step->structure);
	uint64_t n = step->kind == MEMORY_RESULT ? (uint64_t)p->ev->result : (uint32_t)word_of(p, step->b);

	buffer_u8(p->out, '[');
	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *from = struct_at(p, step->structure, addr + i * layout->size);

		if (!put_list_gap(p, i, from))
			break;
		if (layout->n_fields == 1)
			put_whole(p, step->structure, from);
		else
			put_struct(p, step->structure, from);
	}
	buffer_u8(p->out, ']');
}

STRUCT_PRINT(any)
{
	const struct memory_step *step = step_of(p, arg);
	uint64_t addr = word_of(p, arg->number);
	size_t len = 1;

	if (!addr || (arg->out && !succeeded(p)))
		put_address(p, (int64_t)addr);
	else if (!step)
		return false;
	else if (step->kind == MEMORY_BLOCK)
		put_struct_at(p, step->structure, addr);
	else if (step->structure == STRUCT_BYTES)
		return false;
	else if (!memory_some(&p->memory->m, addr, &len) && step->kind != MEMORY_RESULT)
		put_address(p, (int64_t)addr);
	else
		put_items(p, step, addr);
	return true;
}

/* What was left of a sleep is written only when a signal has ended it. */
STRUCT_PRINT(remain)
{
	if (p->ev->has_result && (p->ev->result == -EINTR || call_broken_off(p->ev)))
		return struct_any(p, arg);
	put_address(p, (int64_t)word_of(p, arg->number));
	return true;
}

STRUCT_PRINT(address)
{
	put_address(p, (int64_t)word_of(p, arg->number));
	return true;
}

/* What could not be read, and was not recorded for that, is an address. */
STRUCT_PRINT(unread)
{
	const struct param *data = param_of(p, arg, 0);

	if (data->data && !(arg->out && !succeeded(p)))
		return false;
	return struct_address(p, arg);
}

STRUCT_PRINT(open_flags)
{
	/* of pipe2, dup3 and memfd there is no way of access */
	if (p->ev->info->name[0] != 'o')
		return false;
	put_linux_open_flags(p, (uint32_t)word_of(p, arg->number));
	return true;
}

STRUCT_PRINT(pair)
{
	const uint8_t *from = struct_at(p, STRUCT_FD_PAIR, word_of(p, arg->number));

	if (succeeded(p) && from)
		return false; /* as its numbers, which are parameters, too */
	return struct_address(p, arg);
}

/* What a handler of signals returns to; of it the mask of signals is recorded. */
PRINT(sigframe)
{
	const uint8_t *mask = p->memory ? memory_at(&p->memory->m, FACT_MASK, sizeof(uint64_t)) : NULL;
	uint64_t set;

	if (!mask) {
		put(p, UNKNOWN_STRUCT);
		return;
	}
	memcpy(&set, mask, sizeof set);
	put(p, "{mask=");
	put_signals(p, set, SIGNALS_ALL);
	buffer_u8(p->out, '}');
}

/* A time of a file, with its date; two numbers stand for something else. */
static void put_file_time(const struct strace_print *p, int64_t seconds, int64_t part, bool is_ns)
{
	const int64_t now = 0x3fffffff, omit = 0x3ffffffe;

	if (is_ns && (part == now || part == omit)) {
		put(p, part == now ? "UTIME_NOW" : "UTIME_OMIT");
		return;
	}
	buffer_printf(p->out, "{tv_sec=%lld, tv_%s=%lld}", (long long)seconds, is_ns ? "nsec" : "usec", (long long)part);
	put_date(p, seconds, part, is_ns ? 9 : 6);
}

/* Of access and of change. */
STRUCT_PRINT(times)
{
	const struct memory_step *step = step_of(p, arg);
	uint64_t addr = word_of(p, arg->number);
	const uint8_t *from = step ? struct_at(p, step->structure, addr) : NULL;
	const struct struct_layout *l = step ? layout_of(p, step->structure) : NULL;
	bool is_ns = step && step->structure != STRUCT_ITIMERVAL;

	if (!from || l->n_fields != 4)
		return struct_address(p, arg);
	for (unsigned i = 0; i < 4; i += 2) {
		put(p, i ? ", " : "[");
		put_file_time(p, struct_field_number(&l->fields[i], from, 0), struct_field_number(&l->fields[i + 1], from, 0),
			      is_ns);
	}
	buffer_u8(p->out, ']');
	return true;
}

/* Flags that events have as the family numbers them, and without those that it does not know. */
STRUCT_PRINT(flags)
{
	static const struct {
		const char *family, *own;
	} rows[] = {{"mmap_flags", "strace_mmap"}};

	for (size_t i = 0; arg->set && i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(arg->set, rows[i].family)) {
			strace_flag_names(p->out, (uint32_t)word_of(p, arg->number), strace_flags(rows[i].own));
			return true;
		}
	return false;
}

/* What the call changes, as it was before. */
STRUCT_PRINT(before)
{
	const struct memory_step *step = step_of(p, arg);
	const struct struct_layout *l = step ? layout_of(p, step->structure) : NULL;
	const uint8_t *from = l && l->size ? memory_at(&p->memory->m, FACT_BEFORE, l->size) : NULL;

	if (!from || !word_of(p, arg->number))
		return struct_any(p, arg);
	put_struct(p, step->structure, from);
	return true;
}

/* An offset that the call has moved on by its result: [before], or where it is told [before] => [after]. */
STRUCT_PRINT(offset)
{
	uint64_t addr = word_of(p, arg->number);
	const struct memory_step *step = step_of(p, arg);
	const uint8_t *from = step ? struct_at(p, step->structure, addr) : NULL;
	int64_t after, before;

	if (!from) {
		put_address(p, (int64_t)addr);
		return true;
	}
	after = struct_number(layout_of(p, step->structure), "value", from);
	before = succeeded(p) ? after - p->ev->result : after;
	buffer_printf(p->out, "[%lld]", (long long)before);
	if (arg->out && before != after)
		buffer_printf(p->out, " => [%lld]", (long long)after);
	return true;
}

/* CPUs by their bits. */
STRUCT_PRINT(cpus)
{
	uint64_t addr = word_of(p, arg->number);
	size_t len = arg->out ? (succeeded(p) ? (size_t)p->ev->result : 0) : (size_t)(uint32_t)word_of(p, 1);
	const uint8_t *at = memory_some(&p->memory->m, addr, &len);
	bool more = false;

	if (!at) {
		put_address(p, (int64_t)addr);
		return true;
	}
	buffer_u8(p->out, '[');
	for (size_t i = 0; i < len * 8; i++)
		if (at[i / 8] >> i % 8 & 1) {
			buffer_printf(p->out, more ? " %zu" : "%zu", i);
			more = true;
		}
	buffer_u8(p->out, ']');
	return true;
}

/* Kind and permissions of a file to be made, and for devices which one. */
STRUCT_PRINT(file_mode)
{
	put_file_mode(p, (uint32_t)word_of(p, arg->number));
	return true;
}

STRUCT_PRINT(device)
{
	uint32_t kind = arg->number ? (uint32_t)word_of(p, arg->number - 1u) >> 12 & 0xf : 0;

	if (kind == 2 || kind == 6)
		put_device(p, (uint32_t)word_of(p, arg->number));
	return true;
}
