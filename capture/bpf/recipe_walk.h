/*
 * The walk over a recipe: one step appends one parameter, or a piece of memory. Order matters little to
 * the kernel's verifier and something to speed: the frequent kinds come first.
 */
#pragma once
#include "pieces.h"
#include "steps.h"

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
