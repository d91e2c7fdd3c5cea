/*
 * The nearest name for one that is unknown.
 *
 *	struct suggestion s = suggestion_for(word, len);
 *	for each name: suggestion_try(&s, name);
 *	if (s.best) ... "did you mean %s?"
 */
#pragma once
#include <stddef.h>

#define SUGGEST_LEN_MAX 63 /* longer words get no suggestion: the work is quadratic */

struct suggestion {
	const char *word;
	size_t len;
	const char *best; /* NULL: nothing is near */
	unsigned distance;
};

struct suggestion suggestion_for(const char *word, size_t len);
void suggestion_try(struct suggestion *s, const char *name);
