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

/*
 * Eight digits with leading zeros: all halves at once, into fours, pairs and single digits, the first one
 * lowest; the products stay within their lanes. v below 100,000,000.
 */
static inline char *decimal_put_eight(char *p, uint32_t v)
{
	uint64_t fours = v / 10000 | (uint64_t)(v % 10000) << 32;
	uint64_t hundreds = (fours * 10486 >> 20) & 0x7f0000007fu; /* 10486 / 2^20: 1 / 100 below 10,000 */
	uint64_t pairs = hundreds | (fours - 100 * hundreds) << 16;
	uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000fu; /* 103 / 2^10: 1 / 10 below 100 */
	uint64_t text = (tens | (pairs - 10 * tens) << 8) + 0x3030303030303030u;

	memcpy(p, &text, 8);
	return p + 8;
}

/* Nine digits with leading zeros: nanoseconds behind a point. v below 1,000,000,000. */
static inline char *decimal_put_nine(char *p, uint32_t v)
{
	*p = (char)('0' + v / 100000000);
	return decimal_put_eight(p + 1, v % 100000000);
}
