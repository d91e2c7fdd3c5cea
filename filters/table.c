/* Longer lists of = and in: texts by hash, numbers sorted, addresses and networks sorted by the length of their prefix. */
#include "base/hash.h"
#include "filters/ast.h"

#include <errno.h>
#include <stdlib.h>

#define TABLE_FROM 8   /* shorter lists are compared one by one */
#define PREFIXES   162 /* 0 to 32 and 0 to 128 */

struct net {
	uint8_t len, prefix; /* bytes of the address; bits that count, the others are 0 */
	uint8_t bytes[16];
};

struct table {
	const struct check *c;
	uint32_t *slots, n_slots; /* index of a value + 1, 0: free; a power of two of them */
	int64_t *numbers;
	uint32_t n_numbers;
	bool beyond; /* some number is above INT64_MAX: those of that size are compared one by one */
	struct net *nets;
	uint32_t n_nets;
	struct net prefixes[PREFIXES]; /* len and prefix: each pair that occurs */
	uint32_t n_prefixes;
};

uint32_t text_hash(struct text t)
{
	uint32_t h = hash_bytes(HASH_START, t.data, t.len);

	return h ^ h >> 15;
}

static int make_slots(struct filter *f, struct table *t)
{
	const struct check *c = t->c;
	uint32_t size = 16;

	while (size < c->n_values * 2)
		size *= 2;
	t->slots = arena_take(&f->arena, size * sizeof *t->slots);
	if (!t->slots)
		return -ENOMEM;
	t->n_slots = size;
	for (uint32_t i = 0; i < c->n_values; i++) {
		uint32_t at = text_hash(c->values[i].source.text) & (size - 1);

		while (t->slots[at])
			at = (at + 1) & (size - 1);
		t->slots[at] = i + 1;
	}
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int make_numbers(struct filter *f, struct table *t)
{
	t->numbers = arena_take(&f->arena, t->c->n_values * sizeof *t->numbers);
	if (!t->numbers)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->c->n_values; i++) {
		if (t->c->values[i].number > INT64_MAX)
			t->beyond = true;
		else
			t->numbers[t->n_numbers++] = (int64_t)t->c->values[i].number;
	}
	qsort(t->numbers, t->n_numbers, sizeof *t->numbers, compare_numbers);
	return 0;
}

static int compare_nets(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct net));
}

static struct net net_of(const uint8_t *bytes, uint8_t len, uint8_t prefix)
{
	struct net n = {.len = len, .prefix = prefix};

	memcpy(n.bytes, bytes, prefix / 8);
	if (prefix % 8)
		n.bytes[prefix / 8] = (uint8_t)(bytes[prefix / 8] & 0xff00 >> prefix % 8);
	return n;
}

static int make_nets(struct filter *f, struct table *t)
{
	t->nets = arena_take(&f->arena, t->c->n_values * sizeof *t->nets);
	if (!t->nets)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->c->n_values; i++) {
		const struct literal *v = &t->c->values[i];

		t->nets[t->n_nets++] = net_of(v->address, v->address_len, v->prefix);
	}
	qsort(t->nets, t->n_nets, sizeof *t->nets, compare_nets);
	for (uint32_t i = 0; i < t->n_nets; i++)
		if (i == 0 || t->nets[i].len != t->nets[i - 1].len || t->nets[i].prefix != t->nets[i - 1].prefix)
			t->prefixes[t->n_prefixes++] = t->nets[i];
	return 0;
}

int table_make(struct filter *f, struct check *c)
{
	bool equality = c->op == OP_EQ || c->op == OP_IN || c->op == OP_INTERSECTS;
	struct table *t;

	if (!equality || c->asks_right || c->quantifier == QUANT_ALL || c->n_values < TABLE_FROM)
		return 0;
	if (c->class != CLASS_TEXT && c->class != CLASS_BYTES && c->class != CLASS_NUMBER &&
	    c->class != CLASS_ADDRESS)
		return 0;
	t = arena_take(&f->arena, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->c = c;
	c->table = t;
	return c->class == CLASS_NUMBER	   ? make_numbers(f, t)
	       : c->class == CLASS_ADDRESS ? make_nets(f, t)
					   : make_slots(f, t);
}

static bool find_text(const struct table *t, struct text s)
{
	uint32_t at = text_hash(s) & (t->n_slots - 1);

	for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1))
		if (text_equal(t->c->values[t->slots[at] - 1].source.text, s))
			return true;
	return false;
}

static bool find_number(const struct table *t, int64_t n)
{
	return t->n_numbers && bsearch(&n, t->numbers, t->n_numbers, sizeof n, compare_numbers);
}

static bool find_address(const struct table *t, const struct value *v)
{
	for (uint32_t i = 0; i < t->n_prefixes; i++) {
		struct net n;

		if (t->prefixes[i].len != v->address_len)
			continue;
		n = net_of((const uint8_t *)v->text.data, v->address_len, t->prefixes[i].prefix);
		if (bsearch(&n, t->nets, t->n_nets, sizeof n, compare_nets))
			return true;
	}
	return false;
}

int table_find(const struct table *t, const struct value *v)
{
	switch (v->kind) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		return t->slots ? find_text(t, v->text) : -1;
	case VALUE_INT:
		return t->numbers ? find_number(t, v->i) : -1;
	case VALUE_UINT:
		if (!t->numbers || (t->beyond && v->u > INT64_MAX))
			return -1;
		return v->u <= INT64_MAX && find_number(t, (int64_t)v->u);
	case VALUE_ADDRESS:
		return t->nets ? find_address(t, v) : -1;
	default:
		return -1;
	}
}
