/*
 * The walk over a recipe: one step appends one parameter, or a piece of memory. What costs is not the work but
 * the calls: each return is 7 ns where the processor must not predict it (Zen, since 2023).
 */
#pragma once
#include "pieces.h"
#include "steps.h"

/*
 * So many steps are walked in a loop of our own: a callback of bpf_loop costs a return for each, and the
 * verifier is through with it at once, where it goes around the loop as often as that may run.
 */
#define INLINE_STEPS 6

struct walk {
	struct scratch *s;
	const struct kernel_recipe *recipe;
	u32 from;
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

static __always_inline void walk_step(struct scratch *s, const struct kernel_step *step)
{
	if ((step->flags & KSTEP_ON_SUCCESS) && s->result < 0) {
		if (step->kind < MEMORY_ARGS)
			walk_absent(s, step);
		return;
	}
	if (step->kind <= KIND_LONG2) {
		put_value(s, step);
		return;
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
}

STEPS(walk_any)
{
	walk_step(s, step);
}

/*
 * The kinds that most calls are made of, in few instructions and without calls: false where there is anything
 * out of the ordinary, and walk_any() has to see to it. A branch less here is a thousand instructions less for the
 * verifier.
 */
static __always_inline bool walk_common(struct scratch *s, const struct kernel_step *step)
{
	u32 kind = step->kind, shift = (step->flags & KSTEP_NARROW) * (32 / KSTEP_NARROW);
	u64 a = s->args[step->a & 7];
	u8 *p = walk_place(s);
	long n;

	if (!p)
		return false;
	if (kind == KIND_OPENMODE)
		a = open_mode(a, s->args[step->b & 7]);
	if (kind <= KIND_LONG || kind == KIND_OPENMODE || (kind == KIND_OPENFLAGS && s->result < 0)) {
		a <<= shift;
		*(u64 *)p = kind == KIND_INT ? (u64)((s64)a >> shift) : a >> shift;
		s->loops.off += step->size & 15;
		return true;
	}
	if (kind == KIND_PATH) {
		n = bpf_probe_read_user_str(p + 2, PATH_BYTES + 1, (void *)a);
		if ((u64)n - 1 >= PATH_BYTES)
			return false;
		walk_sized(s, p, n);
		return true;
	}
	if (kind == KIND_OUT) {
		u32 len;

		if (s->result < 0)
			return false;
		len = kept_bytes(s, s->result);
		if (bpf_probe_read_user(p + 2, len, (void *)a))
			return false;
		walk_sized(s, p, len);
		return true;
	}
	return false;
}

static __always_inline u32 walk_begin(struct scratch *s, const struct kernel_recipe *recipe)
{
	u32 n = recipe->n_steps;

	if (s->result < 0) {
		n = recipe->n_steps_failed;
		s->head.absent |= recipe->absent_failed;
	}
	s->loops.off = 0;
	s->opened.found = OPENED_UNKNOWN;
	s->recipe_flags = recipe->flags;
	s->argv_arg = recipe->argv_arg;
	return n > STEPS_MAX ? STEPS_MAX : n;
}

static long walk_later(u32 i, struct walk *w)
{
	walk_step(w->s, walk_at(w, w->from + i));
	return 0;
}

/* The steps from that number on. */
static __always_inline void walk_from(struct scratch *s, const struct kernel_recipe *recipe, u32 from, u32 n)
{
	struct walk w = {.s = s, .recipe = recipe, .from = from};

	if (n > from)
		bpf_loop(n - from, walk_later, &w, 0);
}

/* Appends all parameters of a recipe to the (begun) record in s; s->task and what follows are set. */
static __always_inline void walk_recipe(struct scratch *s, const struct kernel_recipe *recipe)
{
	u32 n = walk_begin(s, recipe);

#pragma clang loop unroll(disable)
	for (u32 i = 0; i < INLINE_STEPS; i++) {
		const struct kernel_step *step = &recipe->steps[i];

		if (i >= n)
			break;
		if (!(step->flags & KSTEP_COMMON) || !walk_common(s, step))
			walk_any(s, step);
	}
	walk_from(s, recipe, INLINE_STEPS, n);
}

/* The same of many steps, none of them common, from far down in the stack. */
static __always_inline void walk_slowly(struct scratch *s, const struct kernel_recipe *recipe)
{
	walk_from(s, recipe, 0, walk_begin(s, recipe));
}

/* The same for a call that has only begun: what needs its end or its memory is absent. */
static __always_inline void walk_values(struct scratch *s, const struct kernel_recipe *recipe)
{
	struct walk w = {.s = s, .recipe = recipe};
	u32 n = walk_begin(s, recipe);

	if (n)
		bpf_loop(n, walk_value, &w, 0);
}
