#include "state/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 1024u

/* Eight bytes at a time, multiply and fold: names are short, hashing must not be what costs. */
static uint32_t text_hash(const uint8_t *p, size_t len)
{
	uint64_t h = len * 0x9E3779B97F4A7C15u, v;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		h = (h ^ v) * 0xFF51AFD7ED558CCDu;
		h ^= h >> 32;
	}
	v = 0;
	memcpy(&v, p, len);
	h = (h ^ v) * 0xC4CEB9FE1A85EC53u;
	return (uint32_t)(h >> 32);
}

static size_t interned_size(uint32_t len)
{
	return sizeof(struct interned) + len + 1;
}

int intern_pool_init(struct intern_pool *in, size_t *used, const size_t *limit)
{
	struct interned *e = calloc(1, interned_size(0));

	*in = (struct intern_pool){.used = used, .limit = limit, .next_id = 1};
	in->buckets = calloc(BUCKETS_FIRST, sizeof *in->buckets);
	in->recent = calloc(INTERN_RECENT, sizeof(struct interned *));
	if (!e || !in->buckets || !in->recent) {
		free(e);
		free(in->buckets);
		free(in->recent);
		in->buckets = in->recent = NULL;
		return -ENOMEM;
	}
	in->n_buckets = BUCKETS_FIRST;
	in->empty = e->text;
	return 0;
}

void intern_pool_done(struct intern_pool *in)
{
	for (uint32_t i = 0; in->buckets && i < in->n_buckets; i++) {
		for (struct interned *e = in->buckets[i], *next; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	if (in->empty)
		free((void *)intern_of(in->empty));
	free(in->buckets);
	free(in->recent);
	*in = (struct intern_pool){0};
}

static struct interned *queue_take(struct intern_pool *in)
{
	struct interned *e = in->oldest;

	in->oldest = e->newer;
	if (!in->oldest)
		in->newest = NULL;
	e->newer = NULL;
	e->queued = false;
	in->idle_bytes -= interned_size(e->len);
	return e;
}

static void queue_add(struct intern_pool *in, struct interned *e)
{
	*(in->newest ? &in->newest->newer : &in->oldest) = e;
	in->newest = e;
	e->queued = true;
	in->idle_bytes += interned_size(e->len);
}

static struct interned **recent_at(const struct intern_pool *in, uint32_t id)
{
	return &in->recent[id & (INTERN_RECENT - 1)];
}

static void forget(struct intern_pool *in, struct interned *e)
{
	struct interned **at = &in->buckets[e->hash & (in->n_buckets - 1)];

	if (*recent_at(in, e->id) == e)
		*recent_at(in, e->id) = NULL;
	if (in->last == e)
		in->last = NULL;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	*in->used -= interned_size(e->len);
	in->n_texts--;
	free(e);
}

/* Texts that are in use again are still in the queue: taking them out then would touch its neighbours. */
void intern_pool_trim(struct intern_pool *in, size_t max)
{
	while (in->oldest && in->idle_bytes > max) {
		struct interned *e = queue_take(in);

		if (e->refs)
			continue;
		if (e->again && max) {
			e->again = false;
			queue_add(in, e);
		} else {
			forget(in, e);
		}
	}
}

/* Failing to grow only makes chains longer. */
static void grow(struct intern_pool *in)
{
	uint32_t n = in->n_buckets * 2;
	struct interned **buckets = calloc(n, sizeof *buckets);

	if (!buckets)
		return;
	for (uint32_t i = 0; i < in->n_buckets; i++) {
		for (struct interned *e = in->buckets[i], *next; e; e = next) {
			next = e->next;
			e->next = buckets[e->hash & (n - 1)];
			buckets[e->hash & (n - 1)] = e;
		}
	}
	free(in->buckets);
	in->buckets = buckets;
	in->n_buckets = n;
}

/* The text is the last one taken: what came after it the last time will be asked for soon. */
static void take_note(struct intern_pool *in, struct interned *e)
{
	const struct interned *next = *recent_at(in, e->after);

	if (next) {
		__builtin_prefetch(next);
		__builtin_prefetch((const char *)next + 64);
	}
	if (in->last)
		in->last->after = e->id;
	*recent_at(in, e->id) = e;
	in->last = e;
}

static bool is_plain(const uint8_t *p, size_t len)
{
	bool plain = true;

	for (size_t i = 0; i < len; i++)
		plain &= p[i] >= 0x20 && p[i] != 0x7f;
	return plain;
}

static const char *intern_new(struct intern_pool *in, const void *data, size_t len, uint32_t hash)
{
	size_t size = interned_size((uint32_t)len);
	struct interned *e = NULL;

	if (*in->used + size > *in->limit)
		intern_pool_trim(in, 0);
	if (*in->used + size <= *in->limit)
		e = malloc(size);
	if (!e) {
		in->n_refused++;
		return in->empty;
	}
	if (in->n_texts >= in->n_buckets / 2 && in->n_buckets < 1u << 24)
		grow(in);
	*e = (struct interned){.refs = 1, .len = (uint32_t)len, .hash = hash, .id = in->next_id++,
				.plain = is_plain(data, len)};
	memcpy(e->text, data, len);
	e->text[len] = 0;
	e->next = in->buckets[hash & (in->n_buckets - 1)];
	in->buckets[hash & (in->n_buckets - 1)] = e;
	in->n_texts++;
	*in->used += size;
	take_note(in, e);
	return e->text;
}

static bool is_text(const struct interned *e, const void *data, size_t len)
{
	return e->len == len && memcmp(e->text, data, len) == 0;
}

static const char *take_known(struct intern_pool *in, struct interned *e)
{
	if (e->refs++ == 0)
		e->again = true;
	take_note(in, e);
	return e->text;
}

const char *intern_take(struct intern_pool *in, const void *data, size_t len)
{
	struct interned *expected = in->last ? *recent_at(in, in->last->after) : NULL;
	uint32_t hash;

	if (len == 0)
		return in->empty;
	if (expected && is_text(expected, data, len))
		return take_known(in, expected);
	hash = text_hash(data, len);
	for (struct interned *e = in->buckets[hash & (in->n_buckets - 1)]; e; e = e->next) {
		if (e->hash == hash && is_text(e, data, len))
			return take_known(in, e);
	}
	return intern_new(in, data, len, hash);
}

const char *intern_again(struct intern_pool *in, const char *text)
{
	struct interned *e = (struct interned *)intern_of(text);

	if (text != in->empty)
		e->refs++;
	return text;
}

void intern_drop(struct intern_pool *in, const char *text)
{
	struct interned *e;

	if (!text || text == in->empty)
		return;
	e = (struct interned *)intern_of(text);
	if (--e->refs)
		return;
	if (!e->queued)
		queue_add(in, e);
	if (in->idle_bytes > INTERN_IDLE_MAX)
		intern_pool_trim(in, INTERN_IDLE_MAX);
}
