#include "base/suggest.h"

#include <string.h>

struct suggestion suggestion_for(const char *word, size_t len)
{
	/* A third of the letters may be wrong, at least one. */
	return (struct suggestion){.word = word, .len = len, .distance = 2 + (unsigned)len / 3};
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Letters to insert, drop, change or swap with their neighbour. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][SUGGEST_LEN_MAX + 2];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = smallest(above[j] + 1, row[j - 1] + 1,
					  above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

void suggestion_try(struct suggestion *s, const char *name)
{
	size_t len = strlen(name);
	unsigned d;

	if (s->len > SUGGEST_LEN_MAX || len > SUGGEST_LEN_MAX)
		return;
	d = distance(s->word, s->len, name, len);
	if (d < s->distance) {
		s->distance = d;
		s->best = name;
	}
}
