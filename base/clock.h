/* Clocks in nanoseconds. */
#pragma once
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec t = {0};

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What is to be added to one clock for the other, as both are now; modulo 2^64. */
uint64_t clock_offset(clockid_t from, clockid_t to);
