/*
 * How numbers are spread: counts in buckets that are at most 1/32 wide, for percentiles of any number of
 * them in bounded memory. A zeroed one is empty.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define DISTRIBUTION_SUB_BITS 5 /* 32 buckets to a power of two */
#define DISTRIBUTION_OCTAVES  (64 - DISTRIBUTION_SUB_BITS)

struct distribution {
	uint64_t n;
	int64_t min, max;
	/* Made when a number falls into them; first those of negative numbers. */
	uint64_t *octaves[2][DISTRIBUTION_OCTAVES];
};

/* 0 or -ENOMEM. */
int distribution_add(struct distribution *d, int64_t v);
/* The smallest number that `percent` of all do not exceed, at most 1/32 off; 0 when there are none. */
int64_t distribution_percentile(const struct distribution *d, double percent);
void distribution_done(struct distribution *d);
