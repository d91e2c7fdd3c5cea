/*
 * Puts the records of several ring buffers in order of time.
 *
 * Each ring yields its records almost in order (a record gets its time a little before its place in
 * the ring), and the rings are emptied one after the other. Records are copied into one area and
 * handed out by time as soon as nothing earlier can still come: up to the watermark.
 *
 *	reorder_add(&r, time, record, len);		// for everything drained
 *	reorder_sort(&r, watermark);
 *	while ((record = reorder_next(&r))) ...
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reorder_key {
	uint64_t time;
	uint32_t at; /* place in the area, in units of 8 bytes; also breaks ties: equal times keep their order */
	uint32_t len;
};

struct reorder {
	struct reorder_key *keys, *spare;
	size_t n, cap;
	size_t ready, next; /* keys[next..ready) are sorted and due */
	uint8_t *area, *other; /* records; what is left moves to the other area when much is dead */
	size_t used, size, other_size, live;
};

/* -ENOMEM when memory is out; the record is not taken then. */
int reorder_add(struct reorder *r, uint64_t time, const void *record, size_t len);
/* Sorts all, makes those before the watermark due. Call only when reorder_next() has given NULL. */
void reorder_sort(struct reorder *r, uint64_t watermark);
/* The next due record, NULL: none. Valid until the next reorder_add or reorder_sort. */
const void *reorder_next(struct reorder *r);
static inline const void *reorder_peek(const struct reorder *r)
{
	return r->next < r->ready ? r->area + r->keys[r->next].at * (size_t)8 : NULL;
}
static inline size_t reorder_bytes(const struct reorder *r)
{
	return r->live;
}
void reorder_done(struct reorder *r);
