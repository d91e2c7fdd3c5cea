/*
 * Interned texts: equal texts are one object with one id, so that names compare and cache by number.
 *
 *	const char *name = intern_take(in, data, len);	// one reference, or in->empty
 *	... intern_id(name), intern_len(name) ...
 *	intern_drop(in, name);
 *
 * A text without references stays, with its id, until INTERN_IDLE_MAX bytes of such are reached:
 * the same files are opened again and again, and results cached by id must stay useful.
 * Ids are never used twice.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERN_IDLE_MAX (4u << 20) /* bytes of texts that nobody refers to */
#define INTERN_RECENT	32768u	   /* texts that are found by id, a power of two */

struct interned {
	struct interned *next;		/* same bucket */
	struct interned *newer;		/* in the queue of idle ones */
	uint32_t refs, len, hash, id;
	uint32_t after;			/* id of the text that was taken after this one */
	bool queued;			/* was idle once; the queue is looked through when it is full */
	bool again;			/* used again since: is spared once */
	bool plain;			/* no control character: is printed as it is */
	char text[];				/* NUL-terminated; len without that NUL */
};

struct intern_pool {
	struct interned **buckets;
	uint32_t n_buckets, n_texts, next_id;
	/*
	 * Programs open the same files in the same order, so the text that followed the last one before is
	 * tried first, which spares hashing and, as it was fetched ahead, waiting for memory.
	 */
	struct interned **recent;		/* by id modulo INTERN_RECENT; those that are gone are not there */
	struct interned *last;			/* taken last, NULL: gone */
	struct interned *oldest, *newest;	/* the queue */
	size_t idle_bytes;			/* of all in the queue */
	size_t *used;				/* the owner's account, counts every byte */
	const size_t *limit;			/* of that account */
	uint64_t n_refused;
	const char *empty;
};

/* 0, -ENOMEM. `used` and `limit` outlive the pool. */
int intern_pool_init(struct intern_pool *in, size_t *used, const size_t *limit);
void intern_pool_done(struct intern_pool *in);
/* Forgets idle texts, the oldest first, until no more than max bytes of them are left. */
void intern_pool_trim(struct intern_pool *in, size_t max);

/* A reference to the text; the empty text when memory or the limit is out (counted). */
const char *intern_take(struct intern_pool *in, const void *data, size_t len);
/* One more reference to a text of the pool. */
const char *intern_again(struct intern_pool *in, const char *text);
void intern_drop(struct intern_pool *in, const char *text);

static inline const struct interned *intern_of(const char *text)
{
	return (const struct interned *)(text - offsetof(struct interned, text));
}
static inline uint32_t intern_id(const char *text)
{
	return intern_of(text)->id;
}
static inline uint32_t intern_len(const char *text)
{
	return intern_of(text)->len;
}
