/*
 * How the parameters of a system call's event are made: one recipe per row of syscalls.tsv, shared
 * by the BPF programs and by C (so: no includes, plain types).
 *
 * A recipe lists a step per parameter, in order, except for those that do not travel in the payload:
 * the result, the fd (a column; fd_arg says which argument it is) and those that are never there
 * (bits in `absent`). What a kind does with its operands is said in kinds.tsv.
 *
 *	r = recipe_find(ABI_X86_64, 257);
 *	for (i = 0; i < r->n_steps; i++)
 *		make(r->steps[i].kind, ...);
 *
 * Values that Linux and the family number differently are recorded as Linux has them, and translated
 * by user space (recipe_translate) when the event is read from the ring buffer.
 */
#pragma once

#define RECIPE_STEPS_MAX 32
#define RECIPE_NO_ARG	 0xFF
#define SYSCALL_NUMBERS	 512	/* system call numbers of every ABI are below */

enum recipe_kind {
#define KIND(id, name, operands, meaning) KIND_##id,
#include "format/kinds.def"
	N_KINDS
};

/* The words of kinds that take one: WORD_TASK_EXE; their value is the step's operand c. */
enum recipe_word {
#define WORD(kind, id, name, index) WORD_##kind##_##id = index,
#include "format/kinds.def"
};

enum value_map {
	MAP_NONE,
#define MAP(id, name, first_row, n_rows) MAP_##id,
#include "format/maps.def"
	N_MAPS
};

enum step_flag {
	STEP_ON_SUCCESS = 1, /* absent when the result is negative */
};

enum recipe_flag {
	RECIPE_STATE = 1,  /* the event changes state: it belongs in the state ring and payload */
	RECIPE_MAPPED = 2, /* some step has a map: recipe_translate has something to do */
};

/* The low byte of clone flags has Linux's exit signal, which the family does not record. In what
   KIND_CLONEFLAGS and KIND_CLONE3FLAGS record it has these bits instead (map clone_flags). */
enum clone_wire {
	CLONE_WIRE_CHILD_IN_PIDNS = 1,
};

/* Bits above those that open flags have, for what the kernel knows of the file (map open_flags). */
enum open_wire {
	OPEN_WIRE_CREATED = 0x40000000,	    /* this call has made the file */
	OPEN_WIRE_UPPER_LAYER = 0x20000000, /* of an overlay file system */
	OPEN_WIRE_LOWER_LAYER = 0x10000000,
};

struct recipe_step {
	unsigned char param; /* index of the parameter */
	unsigned char kind;  /* enum recipe_kind */
	unsigned char a, b;  /* arguments */
	unsigned short c;    /* number, offset, word or third argument */
	unsigned char size;  /* bytes to record: fixed-size parameters; 0: variable */
	unsigned char flags; /* enum step_flag */
	unsigned char map;   /* enum value_map, MAP_NONE: none */
	unsigned char width; /* bytes of the parameter's type: size, but for values with a map */
	unsigned char unused[2];
};

struct recipe {
	unsigned short event; /* event type */
	unsigned char n_steps;
	unsigned char n_params;
	signed char result_param; /* as in struct event_info */
	signed char fd_param;
	unsigned char fd_arg; /* the argument that is the fd column, RECIPE_NO_ARG: none */
	unsigned char flags;  /* enum recipe_flag */
	unsigned int absent;  /* bits of the parameters that are never there */
	struct recipe_step steps[RECIPE_STEPS_MAX];
};

#ifndef __bpf__
#include "format/schema.h"

/* Recipe of a call, NULL for an unknown number. Static. */
const struct recipe *recipe_find(enum syscall_abi abi, int number);
/* All recipes: for (i = 0; (r = recipe_at(i)); i++). */
const struct recipe *recipe_at(size_t i);
/* The index of a recipe for recipe_at, -1: the ABI has no such call. For tables keyed (abi, number). */
int recipe_index(enum syscall_abi abi, int number);

const char *recipe_kind_name(enum recipe_kind kind);

/* The family's number for a native one. Bits that have no row are dropped. */
uint32_t map_value(enum value_map map, enum syscall_abi abi, uint32_t native);

/*
 * Translates a payload that was recorded by recipe r in place: values with a map become the
 * family's, 4-byte ones of narrower parameters shrink. absent: the event's absent bits.
 * Returns the new length, or -EBADMSG when the payload is shorter than its parameters.
 */
int64_t recipe_translate(const struct recipe *r, enum syscall_abi abi, uint32_t absent, uint8_t *payload,
			 uint32_t len);
#endif
