/*
 * The column part, between its two files: column.c prepares it, column_batch.c runs it.
 */
#pragma once
#include "filters/ast.h"

#define ERRNOS_MAX 4096 /* results from -4095 to -1 are errors, MAX_ERRNO of the kernel */

/* 64 events or types: holds for sure, may hold. t is part of m. */
struct bits3 {
	uint64_t t, m;
};

/* The types 64*word... when nothing but the type is known. */
struct bits3 node_types(const struct filter *f, const struct node *n, unsigned word);
