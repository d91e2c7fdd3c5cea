/*
 * Records by key, for tables: the first event of a key makes its record.
 *
 *	struct thing *t = groups_take(g, key, len, &err);	// zeroed when new; NULL with words
 *	for (size_t i = 0; i < groups_count(g); i++)		// in the order of their first events
 *		t = groups_at(g, i, &key);
 */
#pragma once
#include "base/error.h"
#include "format/entry.h"

#include <stddef.h>

/* A table that long is for no reader; bounds what a hostile capture can make us keep. */
#define GROUPS_MAX	 262144u
#define GROUPS_BYTES_MAX (512u << 20) /* of all keys */

/* For keys whose text nobody will ask for. */
static inline uint64_t groups_hash(const void *key, size_t len)
{
	const uint8_t *p = key;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

struct groups;
struct groups *groups_new(size_t record_size); /* NULL: out of memory */
void groups_free(struct groups *g);	       /* what is in the records is the caller's */
void *groups_take(struct groups *g, const void *key, size_t len, struct error *err);
void *groups_find(const struct groups *g, const void *key, size_t len);
size_t groups_count(const struct groups *g);
/* ret_key (may be NULL): a view into the table. */
void *groups_at(const struct groups *g, size_t i, struct text *ret_key);
