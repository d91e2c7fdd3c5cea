#include "sinks/groups.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_FIRST 64u

struct group {
	uint32_t hash, key_len;
	uint8_t *key;
	void *record;
};

struct groups {
	size_t record_size, key_bytes;
	uint32_t n, n_slots; /* a power of two, at most half full */
	struct group *rows;
	uint32_t *slots; /* index + 1, 0: free */
};

static uint32_t hash_of(const void *key, size_t len)
{
	uint64_t h = groups_hash(key, len);

	return (uint32_t)(h ^ h >> 32);
}

struct groups *groups_new(size_t record_size)
{
	struct groups *g = calloc(1, sizeof *g);

	if (g)
		g->record_size = record_size;
	return g;
}

void groups_free(struct groups *g)
{
	if (!g)
		return;
	for (uint32_t i = 0; i < g->n; i++) {
		free(g->rows[i].key);
		free(g->rows[i].record);
	}
	free(g->rows);
	free(g->slots);
	free(g);
}

/* Where the key is, or the free slot where it belongs. */
static uint32_t slot_of(const struct groups *g, uint32_t hash, const void *key, size_t len)
{
	uint32_t slot = hash & (g->n_slots - 1);

	for (; g->slots[slot]; slot = (slot + 1) & (g->n_slots - 1)) {
		const struct group *row = &g->rows[g->slots[slot] - 1];

		if (row->hash == hash && row->key_len == len && (!len || !memcmp(row->key, key, len)))
			break;
	}
	return slot;
}

static int grow(struct groups *g)
{
	uint32_t n_slots = g->n_slots ? 2 * g->n_slots : SLOTS_FIRST;
	struct group *rows = realloc(g->rows, n_slots / 2 * sizeof *rows);
	uint32_t *slots;

	if (!rows)
		return -ENOMEM;
	g->rows = rows;
	slots = calloc(n_slots, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	free(g->slots);
	g->slots = slots;
	g->n_slots = n_slots;
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t slot = rows[i].hash & (n_slots - 1);

		while (slots[slot])
			slot = (slot + 1) & (n_slots - 1);
		slots[slot] = i + 1;
	}
	return 0;
}

static struct group *add(struct groups *g, uint32_t hash, const void *key, size_t len)
{
	struct group row = {.hash = hash, .key_len = (uint32_t)len};

	row.key = malloc(len ? len : 1);
	row.record = calloc(1, g->record_size);
	if (!row.key || !row.record) {
		free(row.key);
		free(row.record);
		return NULL;
	}
	if (len)
		memcpy(row.key, key, len);
	g->key_bytes += len;
	g->slots[slot_of(g, hash, key, len)] = g->n + 1;
	g->rows[g->n] = row;
	return &g->rows[g->n++];
}

void *groups_find(const struct groups *g, const void *key, size_t len)
{
	uint32_t found = g->n_slots ? g->slots[slot_of(g, hash_of(key, len), key, len)] : 0;

	return found ? g->rows[found - 1].record : NULL;
}

void *groups_take(struct groups *g, const void *key, size_t len, struct error *err)
{
	uint32_t hash = hash_of(key, len);
	uint32_t found = g->n_slots ? g->slots[slot_of(g, hash, key, len)] : 0;
	struct group *row;

	if (found)
		return g->rows[found - 1].record;
	if (g->n == GROUPS_MAX || len > GROUPS_BYTES_MAX - g->key_bytes) {
		error_set(err, -E2BIG,
			  "the table has more than %u rows or %u MiB: filter more, or group by less",
			  GROUPS_MAX, GROUPS_BYTES_MAX >> 20);
		return NULL;
	}
	row = g->n < g->n_slots / 2 || grow(g) == 0 ? add(g, hash, key, len) : NULL;
	if (!row)
		error_set(err, -ENOMEM, "out of memory");
	return row ? row->record : NULL;
}

size_t groups_count(const struct groups *g)
{
	return g->n;
}

void *groups_at(const struct groups *g, size_t i, struct text *ret_key)
{
	if (ret_key)
		*ret_key = (struct text){(const char *)g->rows[i].key, g->rows[i].key_len};
	return g->rows[i].record;
}
