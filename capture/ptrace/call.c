#include "capture/ptrace/call.h"

#include "format/batch.h"
#include "format/memory.h"
#include "format/recipe.h"

#include <fcntl.h>
#include <string.h>

#define O_TMPFILE_BIT 020000000

uint8_t *call_place(struct call *c)
{
	if (c->off > RECORD_PAYLOAD_MAX) {
		c->head->flags |= EVENT_TRUNCATED;
		return NULL;
	}
	return c->data + c->off;
}

void call_absent(struct call *c, const struct kernel_step *step)
{
	c->head->absent |= 1u << (step->param & 31);
}

void call_number(struct call *c, const struct kernel_step *step, uint64_t v)
{
	uint8_t *p = call_place(c);

	if (!p) {
		call_absent(c, step);
		return;
	}
	memcpy(p, &v, sizeof v);
	c->off += step->size & 15;
}

void call_sized(struct call *c, uint8_t *place, uint32_t len)
{
	uint16_t size = (uint16_t)len;

	memcpy(place, &size, sizeof size);
	c->off += 2 + size;
}

void call_put_text(struct call *c, const struct kernel_step *step, const char *data, size_t len)
{
	uint8_t *p = call_place(c);

	if (!p || !data || len >= PATH_BYTES) {
		call_absent(c, step);
		return;
	}
	memcpy(p + 2, data, len);
	p[2 + len] = 0;
	call_sized(c, p, (uint32_t)len + 1);
}

/* Kinds up to KIND_LONG2: numbers made from the arguments alone. */
static void put_value(struct call *c, const struct kernel_step *step)
{
	uint64_t a = call_arg(c, step->a);

	switch (step->kind) {
	case KIND_INT:
		a = (uint64_t)(int64_t)(int32_t)a;
		break;
	case KIND_UINT:
		a = (uint32_t)a;
		break;
	case KIND_CONST:
		a = step->c;
		break;
	case KIND_LONG2:
		a = (uint32_t)a | call_arg(c, step->b) << 32;
		break;
	}
	call_number(c, step, a);
}

typedef void put_step(struct call *c, const struct kernel_step *step);

static void put_open_mode(struct call *c, const struct kernel_step *step)
{
	bool creates = call_arg(c, step->b) & (O_CREAT | O_TMPFILE_BIT);

	call_number(c, step, creates ? call_arg(c, step->a) : 0);
}

/* Who makes what; what is not here is one of put_option's. */
static put_step *const steps[N_KINDS] = {
	[KIND_STR] = put_memory,	 [KIND_PATH] = put_memory,	  [KIND_IN] = put_memory,
	[KIND_OUT] = put_memory,	 [KIND_AT] = put_memory,	  [KIND_AT16] = put_memory,
	[KIND_ATUINT] = put_memory,	 [KIND_ATINT] = put_memory,	  [KIND_SIGSET] = put_memory,
	[KIND_OPENFLAGS] = put_opened,	 [KIND_OPENFLAGSAT] = put_opened, [KIND_OPENLAYER] = put_opened,
	[KIND_DEV] = put_opened,	 [KIND_INO] = put_opened,	  [KIND_INOAT] = put_file,
	[KIND_FDPATH] = put_file,	 [KIND_SOCKAT] = put_file,	  [KIND_IOVIN] = put_gathered,
	[KIND_IOVOUT] = put_gathered,	 [KIND_IOVSIZE] = put_gathered,	  [KIND_MSGIN] = put_message,
	[KIND_MSGOUT] = put_message,	 [KIND_MMSGOUT] = put_message,	  [KIND_MSGSIZE] = put_message,
	[KIND_MSGCTL] = put_message,	 [KIND_TUPLETO] = put_socket,	  [KIND_TUPLEFROM] = put_socket,
	[KIND_TUPLEMSG] = put_socket,	 [KIND_TUPLERET] = put_socket,	  [KIND_SOCKADDR] = put_socket,
	[KIND_QUEUE] = put_queue,	 [KIND_FDLIST] = put_fdlist,	  [KIND_VM_SIZE] = put_vm,
	[KIND_VM_RSS] = put_vm,		 [KIND_VM_SWAP] = put_vm,	  [KIND_TASK] = put_task,
	[KIND_OPENMODE] = put_open_mode, [KIND_CLONEFLAGS] = put_clone_flags,
	[KIND_CLONE3FLAGS] = put_clone_flags, [KIND_FORKFLAGS] = put_clone_flags,
};

static void walk_begin(struct call *c, const struct kernel_recipe *recipe)
{
	c->off = 0;
	c->opened = (struct opened_file){0};
	c->recipe_flags = recipe->flags;
	c->argv_arg = recipe->argv_arg;
}

void call_walk(struct call *c, const struct kernel_recipe *recipe)
{
	walk_begin(c, recipe);
	for (unsigned i = 0; i < recipe->n_steps; i++) {
		const struct kernel_step *step = &recipe->steps[i];

		if ((step->flags & KSTEP_ON_SUCCESS) && c->result < 0) {
			if (step->kind < MEMORY_ARGS)
				call_absent(c, step);
		} else if (step->kind >= MEMORY_ARGS)
			put_piece(c, step);
		else if (step->kind <= KIND_LONG2)
			put_value(c, step);
		else
			(steps[step->kind] ? steps[step->kind] : put_option)(c, step);
	}
}

/* What a call was given in memory that it does not change, or where it wants to go. */
static bool is_given(const struct call *c, const struct kernel_step *step)
{
	if (step->flags & KSTEP_ON_SUCCESS)
		return false;
	switch (step->kind) {
	case KIND_STR: case KIND_PATH: case KIND_IN: case KIND_SIGSET: case KIND_FDLIST: case KIND_OPENMODE:
	case KIND_TIMESPEC: case KIND_TIMESPEC64: case KIND_TIMEVAL:
	case KIND_SOCKADDR:
	case MEMORY_ARGS: case MEMORY_WHEN: case MEMORY_BLOCK: case MEMORY_ITEMS:
		return true;
	case KIND_TUPLETO: case KIND_TUPLEFROM:
		return c->context->socket;
	}
	return false;
}

void call_walk_values(struct call *c, const struct kernel_recipe *recipe)
{
	walk_begin(c, recipe);
	for (unsigned i = 0; i < recipe->n_steps; i++) {
		const struct kernel_step *step = &recipe->steps[i];

		if (step->kind <= KIND_LONG2)
			put_value(c, step);
		else if (step->kind == KIND_OPENFLAGS) /* what came of it is not known yet */
			call_number(c, step, call_arg(c, step->a));
		else if (step->kind >= MEMORY_ARGS && (is_given(c, step) || c->skip_piece))
			put_piece(c, step);
		else if (is_given(c, step))
			(steps[step->kind] ? steps[step->kind] : put_option)(c, step);
		else if (step->kind < MEMORY_ARGS)
			call_absent(c, step);
	}
}
