/*
 * Bytes of a file or pipe, or of what is compressed in one, looked at through a window before they are
 * passed over:
 *
 *	r = input_peek(&in, 12, &p, &have, &err);	// have < 12: the input ends there
 *	input_skip(&in, block_len, &err);		// seeks where it can, reads where it must
 */
#pragma once
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scap_input;

#define INPUT_PEEK_MAX (512u << 10) /* the most that can be looked at: a block and what follows */

struct input {
	int fd;
	bool seekable;
	struct scap_input *packed; /* where the bytes come from when they are compressed, as from a pipe */
	const volatile bool *stop; /* true: a read that a signal broke off is not resumed; may be NULL */
	uint64_t at;		/* place in the file of the next byte */
	uint8_t *window;	/* window[start..end) are the bytes from `at` on */
	size_t start, end;
};

/* The fd is owned from here on, also on failure. A regular file is read from where it stands. */
int input_init(struct input *in, int fd);
/* The contents of *bytes go over, also on failure. */
int input_init_packed(struct input *in, struct scap_input *bytes);
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
/* What is wrong with the compression, which ends the input there; NULL: nothing. */
const struct error *input_damage(const struct input *in);
