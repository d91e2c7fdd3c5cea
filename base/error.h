/*
 * Errors: a negative errno travels as the return value, the words travel here.
 *
 * The deepest function that knows what is wrong sets the text once; callers put
 * their own place in front ("curl.scap: block 3: event 17: length 9000 exceeds
 * the block"). Only main() prints. Every function that takes a `struct error *`
 * accepts NULL: then the words are dropped and only the code remains.
 *
 * What the codes mean in this project:
 *   EBADMSG  the input is damaged (checksum, impossible length, contradiction)
 *   ENOTSUP  the input is whole, but newer or other than what we can read
 *   E2BIG    a stated limit of ours is exceeded
 *   ENODATA  the input ends in the middle of something (truncated)
 *   EINVAL   the user asked for something that makes no sense (option, filter)
 *   ENOMEM, EIO, ENOENT, EACCES, EPERM, ENOSPC, EPIPE ...: as the kernel means them
 */
#pragma once
#include <stdarg.h>
#include <stdint.h>

#define ERROR_TEXT_MAX 512

struct error {
	int code;	  /* negative errno, 0: nothing happened */
	uint64_t offset;  /* where in the input (file offset or column), if it has one */
	char text[ERROR_TEXT_MAX];
};

/* Sets code and words unless an error is already set; returns code (negative errno). */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with the offset in the input that it is about. */
int error_set_at(struct error *err, int code, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "words: " in front of the text that is there; returns err->code. */
int error_prefix(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Forgets what is set, for callers that go on after an error. */
void error_clear(struct error *err);
