#include "sinks/scap_pairs.h"

#include "format/scap_wire.h"

#include <errno.h>
#include <stdlib.h>

#define AT_FLAGGED_TIME 14u /* in a block with flags: type, length, cpu, flags */
#define AT_TIME		10u
#define LATE_FIRST	1024u

struct pair_slot {
	uint64_t exit_ns;
	uint32_t at, enter_len, exit_len, room; /* room: ring bytes given free with it */
};

struct pair_key {
	uint64_t time_ns, seq;
};

struct scap_pairs *scap_pairs_new(const char *folder)
{
	struct scap_pairs *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	spool_init(&p->spool, folder);
	spool_init(&p->late_bytes, folder);
	p->late_max = LATE_MAX;
	p->slots = malloc(PAIRS_MAX * sizeof *p->slots);
	p->heap = malloc(PAIRS_MAX * sizeof *p->heap);
	p->ring = malloc(PAIRS_BYTES);
	if (p->slots && p->heap && p->ring)
		return p;
	scap_pairs_free(p);
	return NULL;
}

void scap_pairs_free(struct scap_pairs *p)
{
	if (!p)
		return;
	spool_done(&p->spool);
	spool_done(&p->late_bytes);
	free(p->late);
	free(p->slots);
	free(p->heap);
	free(p->ring);
	free(p);
}

/* ---- the heap of entries: the earliest on top ---- */

static bool is_before(const struct pair_key *a, const struct pair_key *b)
{
	return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->seq < b->seq;
}

static void heap_push(struct scap_pairs *p, struct pair_key key)
{
	uint32_t i = p->n_heap++;

	for (; i && is_before(&key, &p->heap[(i - 1) / 2]); i = (i - 1) / 2)
		p->heap[i] = p->heap[(i - 1) / 2];
	p->heap[i] = key;
}

static void heap_pop(struct scap_pairs *p)
{
	struct pair_key key = p->heap[--p->n_heap];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < p->n_heap) {
		if (child + 1 < p->n_heap && is_before(&p->heap[child + 1], &p->heap[child]))
			child++;
		if (!is_before(&p->heap[child], &key))
			break;
		p->heap[i] = p->heap[child];
		i = child;
	}
	p->heap[i] = key;
}

/* ---- the window ---- */

static struct pair_slot *slot_of(struct scap_pairs *p, uint64_t seq)
{
	return &p->slots[seq % PAIRS_MAX];
}

/* The earliest of what the window holds leaves it. */
static int emit(struct scap_pairs *p, struct error *err)
{
	struct pair_slot *oldest = slot_of(p, p->first_seq);
	struct pair_key exit = {oldest->exit_ns, p->first_seq};
	int r = 0;

	/* An entry comes before the exit of its own call, and behind exits of the same time before it. */
	if (p->n_heap && !is_before(&exit, &p->heap[0])) {
		struct pair_slot *slot = slot_of(p, p->heap[0].seq);

		r = spool_append(&p->spool, p->ring + slot->at, slot->enter_len, err);
		p->last_ns = p->heap[0].time_ns;
		heap_pop(p);
		return r;
	}
	if (oldest->exit_len) {
		r = spool_append(&p->spool, p->ring + oldest->at + oldest->enter_len, oldest->exit_len, err);
		p->last_ns = exit.time_ns;
	}
	p->ring_used -= oldest->room;
	p->first_seq++;
	return r;
}

/* A place of len bytes in one piece; the rest of the ring is skipped when it is too short. */
static int make_room(struct scap_pairs *p, uint32_t len, uint32_t *ret_at, uint32_t *ret_room, struct error *err)
{
	uint32_t skip = len > PAIRS_BYTES - p->ring_head ? PAIRS_BYTES - p->ring_head : 0;
	int r;

	if (len > PAIRS_BYTES / 2)
		return error_set(err, -E2BIG, "an event of %u bytes", len);
	while (p->next_seq - p->first_seq == PAIRS_MAX || len + skip > PAIRS_BYTES - p->ring_used)
		if ((r = emit(p, err)) < 0)
			return r;
	*ret_at = skip ? 0 : p->ring_head;
	*ret_room = len + skip;
	p->ring_head = (*ret_at + len) % PAIRS_BYTES;
	p->ring_used += len + skip;
	return 0;
}

/* 1: put aside; 0: there are too many of them. */
static int put_aside(struct scap_pairs *p, const struct pair *pair, uint64_t seq, struct error *err)
{
	uint32_t cap = p->late_cap ? 2 * p->late_cap : LATE_FIRST;
	struct late_enter *late = p->late;
	int r;

	if (p->n_late == p->late_max)
		return 0;
	if (p->n_late == p->late_cap) {
		late = reallocarray(p->late, cap, sizeof *late);
		if (!late)
			return error_set(err, -ENOMEM, "out of memory");
		p->late = late;
		p->late_cap = cap;
	}
	late[p->n_late] = (struct late_enter){pair->enter_ns, seq, spool_len(&p->late_bytes), pair->enter_len};
	r = spool_append(&p->late_bytes, pair->bytes, pair->enter_len, err);
	if (r < 0)
		return r;
	p->n_late++;
	return 1;
}

static void set_time(uint8_t *block, uint64_t time_ns)
{
	uint32_t code;

	memcpy(&code, block, sizeof code);
	memcpy(block + (code == SCAP_EVENT_FLAGS_2 || code == SCAP_EVENT_FLAGS_LARGE ? AT_FLAGGED_TIME : AT_TIME), &time_ns, sizeof time_ns);
}

int scap_pairs_add(struct scap_pairs *p, const struct pair *pair, struct error *err)
{
	uint32_t len = pair->enter_len + pair->exit_len, at = 0, room = 0;
	struct pair_slot *slot;
	int r = make_room(p, len, &at, &room, err);

	if (r < 0)
		return r;
	slot = slot_of(p, p->next_seq);
	*slot = (struct pair_slot){pair->exit_ns, at, pair->enter_len, pair->exit_len, room};
	memcpy(p->ring + at, pair->bytes, len);
	if (pair->enter_len) {
		struct pair_key key = {pair->enter_ns, p->next_seq};

		r = key.time_ns < p->last_ns ? put_aside(p, pair, key.seq, err) : 0;
		if (r < 0)
			return r;
		if (r == 0) {
			if (key.time_ns < p->last_ns) {
				/* never behind its own exit, even where times go back */
				key.time_ns = p->last_ns < pair->exit_ns ? p->last_ns : pair->exit_ns;
				set_time(p->ring + at, key.time_ns);
				p->n_moved++;
			}
			heap_push(p, key);
		}
	}
	p->next_seq++;
	return 0;
}

static int compare_late(const void *a, const void *b)
{
	const struct late_enter *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int scap_pairs_end(struct scap_pairs *p, struct error *err)
{
	int r = 0;

	while (r == 0 && p->first_seq < p->next_seq)
		r = emit(p, err);
	if (p->n_late)
		qsort(p->late, p->n_late, sizeof *p->late, compare_late);
	return r;
}
