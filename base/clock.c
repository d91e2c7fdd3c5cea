#include "base/clock.h"

#define LOOKS 10 /* whoever is interrupted between two clocks reads them far apart */

/* The two clocks are read around each other; the closest of a few readings counts. */
uint64_t clock_offset(clockid_t from, clockid_t to)
{
	uint64_t best = UINT64_MAX, offset = 0;

	for (int i = 0; i < LOOKS; i++) {
		uint64_t before = clock_ns(from);
		uint64_t there = clock_ns(to);
		uint64_t after = clock_ns(from);

		if (after - before < best) {
			best = after - before;
			offset = there - before - (after - before) / 2;
		}
	}
	return offset;
}
