/*
 * The order of the blocks of a file whose tools have moved them about (reordercap, mergecap): by
 * capture in order of appearance, then by sequence. Made by one walk over all headers.
 */
#pragma once
#include "format/walk.h"

struct plan_entry {
	uint64_t offset, sequence;
	uint32_t capture;	/* number of the capture in order of appearance */
};

struct plan {
	struct plan_entry *entries;
	size_t n, at;
	struct error damage;	/* the last that was met behind the place where the plan was made */
};

#define PLAN_ENTRIES_MAX  524288u /* 12 MiB; files with more blocks are read as they stand */
#define PLAN_CAPTURES_MAX 4096u

/*
 * Makes the plan and leaves out what comes before (id, sequence), which has been read. The walk's place
 * is not kept. 0, -E2BIG, -ENOMEM, read errors.
 */
int plan_make(struct plan *p, struct walk *w, const uint8_t id[WIRE_ID_LEN], uint64_t sequence,
	      struct error *err);
void plan_done(struct plan *p);
