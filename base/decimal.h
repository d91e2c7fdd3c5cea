/*
 * Whole numbers as decimal digits, for who prints millions of them.
 *
 *	char text[DECIMAL_MAX], *end = decimal_put(text, v);
 */
#pragma once
#include <stdint.h>
#include <string.h>

#define DECIMAL_MAX 20 /* digits of the largest 64-bit number */

extern const char decimal_pairs[200]; /* "00" to "99" */

extern const uint64_t decimal_powers[DECIMAL_MAX]; /* 0, 10, 100, ... */

/* The number of bits tells the number of digits but for one; the power decides. */
static inline unsigned decimal_length(uint64_t v)
{
	unsigned n = (64 - (unsigned)__builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= decimal_powers[n]);
}

/* Writes v at p, returns the end. */
static inline char *decimal_put(char *p, uint64_t v)
{
	char *end = p + decimal_length(v), *at = end;

	for (; v >= 100; v /= 100)
		memcpy(at -= 2, decimal_pairs + 2 * (v % 100), 2);
	if (v >= 10)
		memcpy(at - 2, decimal_pairs + 2 * v, 2);
	else
		at[-1] = (char)('0' + v);
	return end;
}

static inline char *decimal_put_signed(char *p, int64_t v)
{
	if (v < 0)
		*p++ = '-';
	return decimal_put(p, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* Nine digits with leading zeros: nanoseconds behind a point. v below 1,000,000,000. */
static inline char *decimal_put_nine(char *p, uint32_t v)
{
	for (unsigned at = 7; at <= 7; at -= 2, v /= 100)
		memcpy(p + at, decimal_pairs + 2 * (v % 100), 2);
	*p = (char)('0' + v);
	return p + 9;
}
