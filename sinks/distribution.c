#include "sinks/distribution.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define SUB_BUCKETS (1u << DISTRIBUTION_SUB_BITS)

/* Octave 0 holds 0 to 31, one each; octave n the numbers from 2^(n+4) to 2^(n+5) - 1. */
static unsigned octave_of(uint64_t v)
{
	unsigned bits = v ? 64 - (unsigned)__builtin_clzll(v) : 0;

	return bits <= DISTRIBUTION_SUB_BITS ? 0 : bits - DISTRIBUTION_SUB_BITS;
}

static unsigned bucket_of(uint64_t v, unsigned octave)
{
	return octave ? (unsigned)(v >> (octave - 1)) & (SUB_BUCKETS - 1) : (unsigned)v;
}

/* The middle of a bucket. */
static uint64_t bucket_value(unsigned octave, unsigned bucket)
{
	if (!octave)
		return bucket;
	return ((uint64_t)(SUB_BUCKETS | bucket) << (octave - 1)) + (1ull << (octave - 1)) / 2;
}

int distribution_add(struct distribution *d, int64_t v)
{
	/* -1 goes to 0, so that INT64_MIN has a place, too */
	uint64_t size = v < 0 ? (uint64_t)-(v + 1) : (uint64_t)v;
	unsigned octave = octave_of(size);
	uint64_t **buckets = &d->octaves[v >= 0][octave];

	if (!*buckets)
		*buckets = calloc(SUB_BUCKETS, sizeof **buckets);
	if (!*buckets)
		return -ENOMEM;
	(*buckets)[bucket_of(size, octave)]++;
	if (!d->n || v < d->min)
		d->min = v;
	if (!d->n || v > d->max)
		d->max = v;
	d->n++;
	return 0;
}

static int64_t within(const struct distribution *d, int64_t v)
{
	return v < d->min ? d->min : v > d->max ? d->max : v;
}

int64_t distribution_percentile(const struct distribution *d, double percent)
{
	double wanted = percent / 100 * (double)d->n;
	double below = 0;

	if (percent <= 0 || percent >= 100)
		return percent <= 0 ? d->min : d->max;
	for (unsigned step = 0; step < 2 * DISTRIBUTION_OCTAVES; step++) {
		bool positive = step >= DISTRIBUTION_OCTAVES;
		unsigned octave =
		    positive ? step - DISTRIBUTION_OCTAVES : DISTRIBUTION_OCTAVES - 1 - step;
		const uint64_t *buckets = d->octaves[positive][octave];

		for (unsigned i = 0; buckets && i < SUB_BUCKETS; i++) {
			unsigned bucket = positive ? i : SUB_BUCKETS - 1 - i;
			int64_t v = (int64_t)bucket_value(octave, bucket);

			below += (double)buckets[bucket];
			if (buckets[bucket] && below >= wanted)
				return within(d, positive ? v : -v - 1);
		}
	}
	return d->max;
}

void distribution_done(struct distribution *d)
{
	for (unsigned i = 0; i < DISTRIBUTION_OCTAVES; i++) {
		free(d->octaves[0][i]);
		free(d->octaves[1][i]);
	}
}
