/*
 * Memory of a call: parameters of type PT_MEMORY (SPEC 6), and what belongs into them (memory.tsv, structs.tsv).
 *
 *	if (memory_open(&m, p->data, p->len))
 *		bytes = memory_at(&m, m.args[1], layout->size);	// NULL: not all of it was kept
 *
 * A value begins with the call's argument words as the registers had them; pieces of the caller's memory follow,
 * each with its address. The bytes come from whoever wrote the file: nothing is read that is not there.
 */
#pragma once
#ifndef __bpf__
#include "format/event.h"
#endif

#define MEMORY_ARGS_MAX	   6
#define MEMORY_PIECE_HEAD  10	/* bytes in front of a piece's: u64 address, u16 length */
#define MEMORY_PIECE_MAX   1024 /* bytes of a piece, as they are recorded; in a file any u16 */
#define MEMORY_BEFORE_MAX  16
#define MEMORY_SIGINFO_LEN 48	/* bytes of a siginfo: all that any signal has */
#define MEMORY_TEXTS_MAX   4096 /* texts of an environment that are counted */
#define MEMORY_ENTRIES_MAX 8192 /* entries of a directory, likewise */
#define MEMORY_DIRENT_AT   16	/* d_reclen in struct linux_dirent64, and with 64-bit numbers in linux_dirent */
#define MEMORY_NAME	   "memory"

/* The kinds of recipe steps that make pieces; they stand behind those that make parameters. */
enum memory_kind {
	MEMORY_ARGS = 0x80, /* begins the parameter: a words */
	MEMORY_WHEN,	    /* passes over the next step unless argument a is c to c + b, under a mask */
	MEMORY_BLOCK,	    /* c bytes at argument a */
	MEMORY_ITEMS,	    /* as many items of c bytes as argument b says */
	MEMORY_RESULT,	    /* as many as the result says */
	MEMORY_COUNTED,	    /* as many as the 32-bit number at argument b says */
	MEMORY_BITS,	    /* argument b bits, in words of the ABI */
	MEMORY_MESSAGE,	    /* a struct msghdr and what it points to, but for the data */
	MEMORY_ENVIRONMENT,
	MEMORY_ENTRIES,	    /* b: of getdents, not getdents64 */
	MEMORY_MASK,
	MEMORY_BEFORE,	    /* c bytes that argument a pointed to when the call began */
};

/* Addresses of what did not lie in the caller's memory: in the first page, where nothing is mapped. */
enum memory_fact {
	FACT_ENVIRONMENT = 0x100, /* u32: texts in the environment of an exec */
	FACT_ENTRIES = 0x200,	  /* u32: entries of a directory that a call has read */
	FACT_MASK = 0x300,	  /* u64: signals that the caller blocks when the call has returned */
	FACT_SIGINFO = 0x400,	  /* struct siginfo of the kernel's own ABI, its beginning */
	FACT_BEFORE = 0x500,	  /* what an argument that the call changes pointed to before it */
};

#ifndef __bpf__
enum memory_struct {
#define STRUCT(id, name, number) STRUCT_##id,
#include "format/memory.def"
	N_STRUCTS,
	STRUCT_NONE = N_STRUCTS
};

enum field_nature { FIELD_UNSIGNED, FIELD_SIGNED, FIELD_NETWORK, FIELD_POINTER, FIELD_TEXT };

struct struct_field {
	const char *name;  /* "st_mode", "it_value.tv_sec" */
	uint16_t offset;
	uint8_t size;	   /* of one: 1, 2, 4 or 8 */
	uint16_t count;	   /* of an array, else 1 */
	uint8_t nature;	   /* enum field_nature */
};

struct struct_layout {
	uint16_t size; /* 0: the ABI has no such structure */
	uint16_t n_fields;
	const struct struct_field *fields;
};

const struct struct_layout *struct_layout_of(enum memory_struct id, enum syscall_abi abi);
/* STRUCT_NONE: there is none of that name. */
enum memory_struct struct_find(const char *name);
/* By name; NULL: it has none. */
const struct struct_field *struct_field_find(const struct struct_layout *layout, const char *name);
/* The i-th number of a field, of the structure at `from`, all of whose bytes are there. */
int64_t struct_field_number(const struct struct_field *field, const uint8_t *from, unsigned i);

struct memory_step {
	const char *name; /* of the piece; "" of MEMORY_WHEN */
	uint8_t kind;	  /* enum memory_kind */
	uint8_t a, b;
	uint16_t c;	  /* MEMORY_WHEN: the lowest number */
	uint8_t mask;	  /* MEMORY_WHEN: of the low 8 bits; 0: the low 16 bits count */
	uint8_t structure; /* enum memory_struct */
	uint8_t flags;	  /* enum step_flag of recipe.h */
};

struct memory_plan {
	uint8_t n_args, n_steps;
	const struct memory_step *steps;
};

/* What is kept of a call. n_args 0 and n_steps 0: nothing, or there is no such call. */
struct memory_plan memory_plan_of(enum syscall_abi abi, int number);

struct memory {
	unsigned n_args;
	uint64_t args[MEMORY_ARGS_MAX];
	const uint8_t *pieces;
	size_t len;
};

/* false: it holds no such value. */
bool memory_open(struct memory *m, const struct param *p);
/* len bytes from addr on, NULL: they were not kept. */
const uint8_t *memory_at(const struct memory *m, uint64_t addr, size_t len);
/* As many as are there, at most *len; *len becomes how many. NULL: none. */
const uint8_t *memory_some(const struct memory *m, uint64_t addr, size_t *len);

/* Whether a step is of kind MEMORY_WHEN and passes over the next one, with these arguments. */
bool memory_step_fails(const struct memory_step *step, const struct memory *m);

/* The event's parameter of type PT_MEMORY, else param_absent. */
const struct param *event_memory(struct event *ev);
/* Appends to a schema's rows of calls, and of signals delivered, a parameter of this type. 0, -ENOMEM. */
int schema_add_memory(struct schema *s);
#endif
