/*
 * A call (or another event) of a stopped tracee, and how its parameters are appended to a record: the
 * same recipes and the same bytes as the BPF programs make (capture/bpf/steps.h), from what user space is told.
 * What it is not told leaves the parameter absent.
 */
#pragma once
#include "capture/ptrace/tracee.h"

#define ARGS_MAX 4096 /* as the kernel side: longer command lines are cut */

struct task_facts;
struct socket_facts;
struct kept_file;

/* The file that the call has opened: several parameters tell of it. */
struct opened_file {
	bool looked, found;
	uint32_t dev, wire; /* OPEN_WIRE_* */
	uint64_t ino;
};

/* Everything that lasts as long as the capture. */
struct call_context {
	struct tracees *tracees;
	uint32_t snaplen;
	bool keep_env;
	bool has_swap;		 /* else nothing is ever swapped out */
	struct snapshot *groups; /* only to put control groups into words */
	struct task_facts *facts;
	struct socket_facts *socket;
	struct kept_file *statm;
};

struct call {
	struct call_context *context;
	struct tracee *task;
	uint64_t args[6];
	int64_t result;
	bool compat;
	uint8_t recipe_flags, argv_arg;
	struct opened_file opened;
	bool pieces_begun, skip_piece; /* of the parameter that holds memory */
	uint32_t pieces_at;	       /* where it begins in data */
	bool vm_looked, vm_found;
	unsigned long long vm_pages[2]; /* all, resident */
	uint32_t off; /* next byte of data */
	struct record *head;
	uint8_t *data; /* SCRATCH_SIZE bytes */
};

/* Appends all parameters of a recipe to the (begun) record. */
void call_walk(struct call *c, const struct kernel_recipe *recipe);
/* The same for a call that has not returned: what its arguments say, what it was given in memory and
   (with facts of sockets) whom its socket speaks with. */
void call_walk_values(struct call *c, const struct kernel_recipe *recipe);

/* ---- appending ---- */

/* The place of the next parameter, with room for the longest one; NULL: the record is full, and marked so. */
uint8_t *call_place(struct call *c);
void call_absent(struct call *c, const struct kernel_step *step);
void call_number(struct call *c, const struct kernel_step *step, uint64_t v);
/* After len bytes were written behind the u16 at the place. */
void call_sized(struct call *c, uint8_t *place, uint32_t len);
/* A text without its NUL; data NULL: absent. */
void call_put_text(struct call *c, const struct kernel_step *step, const char *data, size_t len);

static inline uint64_t call_arg(const struct call *c, unsigned n)
{
	return n < 6 ? c->args[n] : 0;
}

/* ---- the tracee's memory ---- */

/* All of it or nothing. */
bool memory_read(const struct call *c, uint64_t addr, void *to, size_t len);
/* A text with its NUL, at most size bytes with it. Its length with the NUL; negative: it cannot be read. */
long memory_text(const struct call *c, uint64_t addr, uint8_t *to, size_t size);
bool memory_u32(const struct call *c, uint64_t addr, uint32_t *ret);
/* timespec (unit 1) or timeval (unit 1000) as nanoseconds; wide: with 64-bit fields whatever the ABI. */
bool memory_time(const struct call *c, uint64_t addr, uint64_t unit, bool wide, uint64_t *ret);

/* Texts that an array of pointers has. */
uint32_t memory_count_texts(const struct call *c, uint64_t array);

/* ---- memory as a parameter (format/memory.h) ---- */

void put_piece(struct call *c, const struct kernel_step *step);
/* That of a signal; info NULL: nothing is known of it. Returns its bytes. */
uint32_t put_siginfo(uint8_t *to, const void *info);

/* ---- groups of kinds; each takes those that its name says ---- */

void put_text(struct call *c, const struct kernel_step *step, uint64_t addr);
void put_bytes(struct call *c, const struct kernel_step *step, uint64_t addr, uint64_t wanted);
void put_at(struct call *c, const struct kernel_step *step, uint64_t addr, unsigned size, bool is_signed);
void put_memory(struct call *c, const struct kernel_step *step);
void put_gathered(struct call *c, const struct kernel_step *step);
void put_message(struct call *c, const struct kernel_step *step);
void put_fdlist(struct call *c, const struct kernel_step *step);
void put_option(struct call *c, const struct kernel_step *step);
void put_opened(struct call *c, const struct kernel_step *step);
void put_file(struct call *c, const struct kernel_step *step);
void put_socket(struct call *c, const struct kernel_step *step);
void put_queue(struct call *c, const struct kernel_step *step);
void put_task(struct call *c, const struct kernel_step *step);
void put_vm(struct call *c, const struct kernel_step *step);
void put_clone_flags(struct call *c, const struct kernel_step *step);

struct message {
	uint64_t name, iov, n_iov, control, control_len;
	uint32_t name_len;
};
bool message_read(const struct call *c, uint64_t addr, struct message *m);
