#include "sinks/conversation.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS 16384u

static uint32_t hash_key(uint32_t seed, const struct conversation_key *key)
{
	uint32_t h = hash_bytes(HASH_START ^ seed, key->ends[0].address, 16);

	h = hash_bytes(h, &key->ends[0].port, sizeof key->ends[0].port);
	h = hash_bytes(h, key->ends[1].address, 16);
	h = hash_bytes(h, &key->ends[1].port, sizeof key->ends[1].port);
	h = hash_bytes(h, &key->protocol, 1);
	return h ^ h >> 15;
}

int conversations_init(struct conversations *t)
{
	*t = (struct conversations){.limit = CONVERSATIONS_MAX};
	t->buckets = calloc(BUCKETS, sizeof(struct conversation *));
	/* Who knows the seed can put all into one bucket; without random bytes it is slower at worst. */
	if (getrandom(&t->seed, sizeof t->seed, GRND_NONBLOCK) != sizeof t->seed)
		t->seed = 0;
	return t->buckets ? 0 : -ENOMEM;
}

void conversations_done(struct conversations *t)
{
	while (t->newest) {
		struct conversation *c = t->newest;

		t->newest = c->older;
		free(c);
	}
	free(t->buckets);
	*t = (struct conversations){0};
}

unsigned conversation_key(struct conversation_key *ret, const struct packet_end *local,
			  const struct packet_end *remote, bool is_v6, uint8_t protocol)
{
	int order = memcmp(local->address, remote->address, is_v6 ? 16 : 4);
	unsigned side = order > 0 || (order == 0 && local->port > remote->port);

	memset(ret, 0, sizeof *ret);
	ret->is_v6 = is_v6;
	ret->protocol = protocol;
	for (unsigned i = 0; i < 2; i++) {
		const struct packet_end *from = i == side ? local : remote;

		memcpy(ret->ends[i].address, from->address, is_v6 ? 16 : 4);
		ret->ends[i].port = from->port;
	}
	return side;
}

static bool keys_equal(const struct conversation_key *a, const struct conversation_key *b)
{
	return a->protocol == b->protocol && a->is_v6 == b->is_v6 && a->ends[0].port == b->ends[0].port &&
	       a->ends[1].port == b->ends[1].port && !memcmp(a->ends[0].address, b->ends[0].address, 16) &&
	       !memcmp(a->ends[1].address, b->ends[1].address, 16);
}

static void list_remove(struct conversations *t, struct conversation *c)
{
	*(c->newer ? &c->newer->older : &t->newest) = c->older;
	*(c->older ? &c->older->newer : &t->oldest) = c->newer;
}

static void list_add(struct conversations *t, struct conversation *c)
{
	c->newer = NULL;
	c->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = c;
	t->newest = c;
}

static struct conversation **bucket_of(struct conversations *t, const struct conversation_key *key)
{
	return &t->buckets[hash_key(t->seed, key) % BUCKETS];
}

static void evict_oldest(struct conversations *t)
{
	struct conversation *c = t->oldest, **at = bucket_of(t, &c->key);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	list_remove(t, c);
	free(c);
	t->n--;
	t->n_evicted++;
}

void conversation_restart(struct conversations *t, struct conversation *c, uint32_t generation)
{
	struct conversation fresh = {.key = c->key, .next = c->next, .newer = c->newer, .older = c->older,
				     .generation = generation};

	*c = fresh;
	t->n_made++;
	/* The same capture gives the same numbers: no seed here. */
	for (unsigned i = 0; i < 2 && c->key.protocol == PROTOCOL_TCP; i++)
		c->streams[i].seq = hash_key(t->n_made * 2 + i, &c->key);
}

struct conversation *conversation_find(struct conversations *t, const struct conversation_key *key,
				       uint32_t generation)
{
	struct conversation **bucket = bucket_of(t, key), *c;

	for (c = *bucket; c; c = c->next)
		if (keys_equal(&c->key, key)) {
			if (c != t->newest) {
				list_remove(t, c);
				list_add(t, c);
			}
			return c;
		}
	if (t->n >= t->limit)
		evict_oldest(t);
	c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->key = *key;
	c->next = *bucket;
	*bucket = c;
	list_add(t, c);
	t->n++;
	conversation_restart(t, c, generation);
	return c;
}
