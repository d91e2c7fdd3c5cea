/*
 * The pieces of JSON: strings, numbers, arrays of bytes as text.
 *
 * Bytes that are not UTF-8 become \udc80 to \udcff, one each (lone surrogates, which no valid text
 * contains): Python's "surrogateescape" gives the very bytes back, and every reader still takes the line.
 */
#pragma once
#include "base/bytes.h"

/* A quoted and escaped string of len bytes. */
void json_string(struct buffer *out, const void *data, size_t len);
/* "name": with the colon. */
void json_key(struct buffer *out, const char *name);
/* Quoted. */
void json_base64(struct buffer *out, const uint8_t *data, size_t len);
void json_hex(struct buffer *out, const uint8_t *data, size_t len);
void json_unsigned(struct buffer *out, uint64_t v);
void json_signed(struct buffer *out, int64_t v);
/* A finite number in the shortest form that reads back the same; null for NaN and infinities. */
void json_double(struct buffer *out, double v);
