#include "base/clock.h"

#define LOOKS 10 /* whoever is interrupted between two clocks reads them far apart */

/* The two clocks are read around each other; the closest of a few readings counts. */
uint64_t clock_boot_to_wall(void)
{
	uint64_t best = UINT64_MAX, offset = 0;

	for (int i = 0; i < LOOKS; i++) {
		uint64_t before = clock_ns(CLOCK_BOOTTIME);
		uint64_t wall = clock_ns(CLOCK_REALTIME);
		uint64_t after = clock_ns(CLOCK_BOOTTIME);

		if (after - before < best) {
			best = after - before;
			offset = wall - before - (after - before) / 2;
		}
	}
	return offset;
}
