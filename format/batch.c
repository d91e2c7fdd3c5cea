#include "format/batch.h"

#include <errno.h>
#include <stdlib.h>

/* Twice BATCH_EVENTS slots, a power of two: never more than half full, so probing ends. */
#define N_SLOTS (2 * BATCH_EVENTS)

struct tid_slots {
	uint16_t index_plus_1[N_SLOTS]; /* 0: free */
	uint16_t used[BATCH_EVENTS];	/* where each tid of the batch is */
};

static uint32_t slot_of(int64_t tid)
{
	return (uint32_t)(((uint64_t)tid * 0x9E3779B97F4A7C15u) >> 49) % N_SLOTS;
}

int batch_alloc(struct batch *b)
{
	const size_t n = BATCH_EVENTS;

	if (!(b->time_ns = malloc(n * sizeof *b->time_ns)) ||
	    !(b->duration_ns = malloc(n * sizeof *b->duration_ns)) ||
	    !(b->tid_index = malloc(n * sizeof *b->tid_index)) ||
	    !(b->tids = malloc(n * sizeof *b->tids)) || !(b->type = malloc(n * sizeof *b->type)) ||
	    !(b->cpu = malloc(n * sizeof *b->cpu)) || !(b->flags = malloc(n * sizeof *b->flags)) ||
	    !(b->result = malloc(n * sizeof *b->result)) || !(b->fd = malloc(n * sizeof *b->fd)) ||
	    !(b->sysno = malloc(n * sizeof *b->sysno)) ||
	    !(b->absent = malloc(n * sizeof *b->absent)) ||
	    !(b->payload_len = malloc(n * sizeof *b->payload_len)) ||
	    !(b->payload_at = malloc(n * sizeof *b->payload_at)))
		return -ENOMEM;
	return 0;
}

void batch_release(struct batch *b)
{
	free(b->time_ns);
	free(b->duration_ns);
	free(b->tid_index);
	free(b->tids);
	free(b->type);
	free(b->cpu);
	free(b->flags);
	free(b->result);
	free(b->fd);
	free(b->sysno);
	free(b->absent);
	free(b->payload_len);
	free(b->payload_at);
	free(b->payload);
	*b = (struct batch){0};
}

int batch_builder_init(struct batch_builder *bb, const struct schema *schema)
{
	*bb = (struct batch_builder){0};
	bb->tid_slots = calloc(1, sizeof(struct tid_slots));
	if (!bb->tid_slots || batch_alloc(&bb->batch) < 0) {
		batch_builder_done(bb);
		return -ENOMEM;
	}
	bb->batch.schema = schema;
	bb->batch.loaded = COLUMNS_ALL;
	return 0;
}

void batch_builder_reset(struct batch_builder *bb)
{
	struct tid_slots *slots = bb->tid_slots;
	struct batch *b = &bb->batch;

	for (uint32_t i = 0; i < b->n_tids; i++)
		slots->index_plus_1[slots->used[i]] = 0;
	b->n_events = b->n_tids = 0;
	b->payload_size = 0;
}

static uint16_t tid_index_of(struct batch_builder *bb, int64_t tid)
{
	struct batch *b = &bb->batch;
	struct tid_slots *slots = bb->tid_slots;
	uint32_t s = slot_of(tid);

	/* Runs of one thread are the common case. */
	if (b->n_events && b->tids[b->tid_index[b->n_events - 1]] == tid)
		return b->tid_index[b->n_events - 1];
	while (slots->index_plus_1[s]) {
		if (b->tids[slots->index_plus_1[s] - 1] == tid)
			return slots->index_plus_1[s] - 1;
		s = (s + 1) % N_SLOTS;
	}
	b->tids[b->n_tids] = tid;
	slots->used[b->n_tids] = (uint16_t)s;
	slots->index_plus_1[s] = (uint16_t)++b->n_tids;
	return (uint16_t)(b->n_tids - 1);
}

static int payload_room(struct batch_builder *bb, uint32_t more)
{
	size_t need = bb->batch.payload_size + more, cap = bb->payload_cap ? bb->payload_cap : 65536;
	uint8_t *grown;

	if (need <= bb->payload_cap)
		return 0;
	while (cap < need)
		cap *= 2;
	if (!(grown = realloc(bb->batch.payload, cap)))
		return -ENOMEM;
	bb->batch.payload = grown;
	bb->payload_cap = cap;
	return 0;
}

int batch_builder_add(struct batch_builder *bb, const struct batch_row *row)
{
	struct batch *b = &bb->batch;
	uint32_t i = b->n_events;
	int r;

	if (row->payload_len > EVENT_PAYLOAD_MAX || row->type >= EVENT_TYPE_MAX)
		return -E2BIG;
	if (i == BATCH_EVENTS || b->payload_size + row->payload_len > BATCH_PAYLOAD_MAX)
		return -ENOBUFS;
	if ((r = payload_room(bb, row->payload_len)) < 0)
		return r;
	b->tid_index[i] = tid_index_of(bb, row->tid);
	b->time_ns[i] = row->time_ns;
	b->duration_ns[i] = row->duration_ns;
	b->type[i] = row->type;
	b->cpu[i] = row->cpu;
	b->flags[i] = row->flags;
	b->result[i] = row->result;
	b->fd[i] = row->fd;
	b->sysno[i] = row->sysno;
	b->absent[i] = row->absent;
	b->payload_len[i] = row->payload_len;
	b->payload_at[i] = (uint32_t)b->payload_size;
	if (row->payload_len)
		memcpy(b->payload + b->payload_size, row->payload, row->payload_len);
	b->payload_size += row->payload_len;
	b->n_events++;
	return 0;
}

void batch_builder_done(struct batch_builder *bb)
{
	batch_release(&bb->batch);
	free(bb->tid_slots);
	*bb = (struct batch_builder){0};
}
