#include "capture/reorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AREA_MAX     (1ull << 32) /* far above what callers let pile up */
#define DEAD_ALLOWED (1u << 20) /* bytes of records handed out before the rest is moved */

/* Each has a place of its own, even an empty one. */
static inline size_t room_for(size_t len)
{
	return len ? (len + 7) & ~(size_t)7 : 8;
}

static int keys_grow(struct reorder *r)
{
	size_t cap = r->cap ? r->cap * 2 : 4096;
	struct reorder_key *keys = realloc(r->keys, cap * sizeof *keys);
	struct reorder_key *spare;

	if (!keys)
		return -ENOMEM;
	r->keys = keys;
	spare = realloc(r->spare, cap * sizeof *spare);
	if (!spare)
		return -ENOMEM;
	r->spare = spare;
	r->cap = cap;
	return 0;
}

int reorder_add(struct reorder *r, uint64_t time, const void *record, size_t len)
{
	size_t room = room_for(len);

	if (r->n == r->cap && keys_grow(r) < 0)
		return -ENOMEM;
	if (r->used > AREA_MAX)
		return -ENOMEM;
	if (room > r->size - r->used) {
		size_t size = r->size ? r->size * 2 : 1 << 20;
		uint8_t *area;

		while (size - r->used < room)
			size *= 2;
		area = realloc(r->area, size);
		if (!area)
			return -ENOMEM;
		r->area = area;
		r->size = size;
	}
	memcpy(r->area + r->used, record, len);
	r->keys[r->n++] = (struct reorder_key){time, (uint32_t)(r->used / 8), (uint32_t)len};
	r->used += room;
	r->live += room;
	return 0;
}

static inline bool key_before(const struct reorder_key *a, const struct reorder_key *b)
{
	return a->time < b->time || (a->time == b->time && a->at < b->at);
}

static void merge(const struct reorder_key *a, size_t n_a, const struct reorder_key *b, size_t n_b,
		  struct reorder_key *out)
{
	while (n_a && n_b)
		if (key_before(b, a)) {
			*out++ = *b++;
			n_b--;
		} else {
			*out++ = *a++;
			n_a--;
		}
	memcpy(out, n_a ? a : b, (n_a ? n_a : n_b) * sizeof *out);
}

/* Longest ascending run from `from`. */
static size_t run_end(const struct reorder *r, size_t from)
{
	size_t i = from + 1;

	while (i < r->n && !key_before(&r->keys[i], &r->keys[i - 1]))
		i++;
	return i;
}

/* Natural merge sort: a few long runs, one per ring, are merged in a pass or two. */
static void keys_sort(struct reorder *r)
{
	for (;;) {
		size_t from = 0, out = 0;

		if (!r->n || run_end(r, 0) == r->n)
			return;
		while (from < r->n) {
			size_t middle = run_end(r, from);
			size_t end = middle < r->n ? run_end(r, middle) : middle;

			merge(r->keys + from, middle - from, r->keys + middle, end - middle, r->spare + out);
			out += end - from;
			from = end;
		}
		struct reorder_key *t = r->keys;
		r->keys = r->spare;
		r->spare = t;
	}
}

/* Copies the records that are left to the other area. Without memory for it, they stay. */
static void area_compact(struct reorder *r)
{
	uint8_t *area;
	size_t used = 0;

	if (r->used - r->live < DEAD_ALLOWED || r->used - r->live < r->live)
		return;
	if (r->other_size < r->live) {
		area = realloc(r->other, r->size);
		if (!area)
			return;
		r->other = area;
		r->other_size = r->size;
	}
	for (size_t i = 0; i < r->n; i++) {
		memcpy(r->other + used, r->area + r->keys[i].at * (size_t)8, r->keys[i].len);
		r->keys[i].at = (uint32_t)(used / 8);
		used += room_for(r->keys[i].len);
	}
	area = r->area;
	r->area = r->other;
	r->other = area;
	used = r->size;
	r->size = r->other_size;
	r->other_size = used;
	r->used = r->live;
}

/* Forgets what has been handed out, and moves the rest to the front. */
static void compact(struct reorder *r)
{
	size_t left = r->n - r->next;

	if (!r->next)
		return;
	if (!left) {
		r->n = r->next = r->ready = 0;
		r->used = r->live = 0;
		return;
	}
	memmove(r->keys, r->keys + r->next, left * sizeof *r->keys);
	r->n = left;
	r->ready -= r->next;
	r->next = 0;
}

void reorder_sort(struct reorder *r, uint64_t watermark)
{
	size_t low = 0, high;

	compact(r);
	keys_sort(r);
	area_compact(r);
	high = r->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->keys[middle].time < watermark)
			low = middle + 1;
		else
			high = middle;
	}
	r->ready = low;
}

const void *reorder_next(struct reorder *r)
{
	const struct reorder_key *k;

	if (r->next >= r->ready)
		return NULL;
	k = &r->keys[r->next++];
	r->live -= room_for(k->len);
	return r->area + k->at * (size_t)8;
}

void reorder_done(struct reorder *r)
{
	free(r->keys);
	free(r->spare);
	free(r->area);
	free(r->other);
	*r = (struct reorder){0};
}
