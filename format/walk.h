/*
 * From block to block through a pcapng file: finds those of ours, passes over those of others, and
 * behind damage finds the next one that is whole.
 *
 *	while ((r = walk_next(&w, &err)) != 0) {
 *		if (r < 0) { ... damage or a short tail; the next call goes on behind it ... continue; }
 *		... w.head, w.fields; walk_peek() for more of it ...
 *		walk_pass(&w, &err);
 *	}
 */
#pragma once
#include "format/block.h"
#include "format/input.h"

struct walk {
	struct input input;
	uint64_t start;		/* where in the file the walk began */
	struct block_head head;	/* of the block the input stands at */
	struct cursor fields;	/* valid until the input moves or more of it is looked at */
	bool new_section;	/* a section header was passed since this was cleared */
	bool searching;		/* behind damage: lengths cannot be trusted */
	bool paused;		/* the search met the end: a file that grew is searched from there */
	bool follow;		/* an incomplete tail is no error: it may still be written */
	uint64_t n_foreign;	/* blocks of others passed over, packets aside */
	uint64_t n_packets;
	/* Gets blocks of others, up to take_max bytes, which a pipe would not show again; may be NULL. Returns 0 or
	   negative errno. */
	int (*take)(void *context, const uint8_t *block, uint32_t total);
	void *context;
	uint32_t take_max;
};

/*
 * 1: the input stands at a block of ours whose header is whole
 * 0: the end
 * -EBADMSG, -ENODATA (a block passes the end; blocks within it are looked for by the next call), or what
 * reading failed with (sticky for the caller)
 */
int walk_next(struct walk *w, struct error *err);
/* The first n bytes of the block that walk_next() found; `fields` moves along. 0, -ENODATA, read errors. */
int walk_peek(struct walk *w, size_t n, const uint8_t **ret, struct error *err);
/* Goes behind the block that walk_next() found. 0, -EBADMSG (its end is wrong), read errors. */
int walk_pass(struct walk *w, struct error *err);
