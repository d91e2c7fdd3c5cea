/*
 * Bytes of a file or pipe, looked at through a window before they are passed over:
 *
 *	r = input_peek(&in, 12, &p, &have, &err);	// have < 12: the input ends there
 *	input_skip(&in, block_len, &err);		// seeks where it can, reads where it must
 */
#pragma once
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_PEEK_MAX (512u << 10) /* the most that can be looked at: a block and what follows */

struct input {
	int fd;
	bool seekable;
	const volatile bool *stop; /* true: a read that a signal broke off is not resumed; may be NULL */
	uint64_t at;		/* place in the file of the next byte */
	uint8_t *window;	/* window[start..end) are the bytes from `at` on */
	size_t start, end;
};

/* The fd is owned from here on, also on failure. A regular file is read from where it stands. */
int input_init(struct input *in, int fd);
void input_done(struct input *in);
/*
 * Makes n bytes (at most INPUT_PEEK_MAX) visible; *ret_have says how many there are, less than n only
 * at the end of the input as it is now (a file that grows may have more on the next call).
 * 0 or negative errno.
 */
int input_peek(struct input *in, size_t n, const uint8_t **ret, size_t *ret_have, struct error *err);
/* Passes over n bytes. *ret_missing: how many of them the input did not have. */
int input_skip(struct input *in, uint64_t n, uint64_t *ret_missing, struct error *err);
/* Goes to a place in the file; seekable inputs only. */
void input_seek(struct input *in, uint64_t at);
