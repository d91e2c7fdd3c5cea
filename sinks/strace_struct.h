/*
 * Arguments from the memory of a call (format/memory.h), where a capture has it: what the functions of
 * strace_simple.c and others would print is then known better. Only for strace_*.c.
 */
#pragma once
#include "format/memory.h"
#include "sinks/strace_pieces.h"

/* What strace_print.memory points to. */
struct strace_memory {
	struct memory m;
	struct memory_plan plan;
	enum syscall_abi abi;
};

/* Finds it; p->memory stays NULL where the event has none. */
void strace_memory_find(struct strace_print *p, struct strace_memory *m, enum syscall_abi native);
/* The siginfo of a signal delivered, behind "--- SIGNAL "; false: it was not recorded. */
bool strace_siginfo(const struct strace_print *p);

/* ---- for strace_struct*.c ---- */

/* An argument word; of a 32-bit call zero-extended. 0 where the call has none. */
static inline uint64_t word_of(const struct strace_print *p, unsigned i)
{
	return i < p->memory->m.n_args ? p->memory->m.args[i] : 0;
}

/* The number of a field; 0: the structure has none of that name. */
int64_t struct_number(const struct struct_layout *layout, const char *field, const uint8_t *from);
/* A whole structure at this address; NULL: it was not kept. */
const uint8_t *struct_at(const struct strace_print *p, enum memory_struct id, uint64_t addr);
const struct struct_layout *layout_of(const struct strace_print *p, enum memory_struct id);
void put_struct(const struct strace_print *p, enum memory_struct id, const uint8_t *from);
/* Its fields in the order of memory; one alone without braces. */
void put_whole(const struct strace_print *p, enum memory_struct id, const uint8_t *from);
/* A structure at addr, or where it was not kept, the address. */
void put_struct_at(const struct strace_print *p, enum memory_struct id, uint64_t addr);
/* S_IFREG|0644 */
void put_file_mode(const struct strace_print *p, uint64_t mode);
/* makedev(0x8, 0x1) */
void put_device(const struct strace_print *p, uint64_t dev);
/* A siginfo_t of a 64-bit ABI, at least 48 bytes of it. */
void put_signal_info(const struct strace_print *p, const uint8_t *from);

/* One kind of argument each, where the call has recorded it; false: not printed. */
#define STRUCT_PRINT(name) bool struct_##name(const struct strace_print *p, const struct strace_arg *arg)
#define STRACE_MEMORY(name) STRUCT_PRINT(name);
#include "sinks/strace.def"
