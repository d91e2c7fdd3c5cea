/*
 * Memory that is freed all at once: the tree of one filter.
 */
#pragma once
#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *chunks;
};

/* Zeroed and aligned for anything; NULL when memory is out. */
void *arena_take(struct arena *a, size_t size);
void arena_done(struct arena *a);
