/*
 * Bytes in and bytes out, little-endian.
 *
 * A cursor reads from a range that it does not own and cannot over-read: the first
 * read beyond the end makes it fail, every later read gives zeros, and the caller
 * asks once at the end:
 *
 *	struct cursor c = cursor_over(data, len);
 *	x.tid = cursor_u64(&c);
 *	x.name = cursor_bytes(&c, cursor_u16(&c));
 *	if (cursor_failed(&c))
 *		return error_set(err, -EBADMSG, "thread entry ends early");
 *
 * A buffer is a growable array of bytes; a failed allocation is remembered in the
 * same way (buffer_failed), so that encoders need one check at the end.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct cursor cursor_over(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct cursor){.at = p, .end = len ? p + len : p}; /* NULL and 0 is an empty range */
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline bool cursor_failed(const struct cursor *c)
{
	return c->failed;
}

/* len bytes in place, or NULL (and failed) when fewer are left; len 0 gives a non-NULL pointer. */
static inline const uint8_t *cursor_bytes(struct cursor *c, size_t len)
{
	const uint8_t *p = c->at;

	if (len > cursor_left(c) || c->failed) {
		c->failed = true;
		c->at = c->end;
		return NULL;
	}
	if (len)
		c->at += len;
	return p;
}

#define CURSOR_READ(name, type)                                                                    \
	static inline type cursor_##name(struct cursor *c)                                         \
	{                                                                                          \
		type v = 0;                                                                        \
		const uint8_t *p = cursor_bytes(c, sizeof v);                                      \
		if (p)                                                                             \
			memcpy(&v, p, sizeof v);                                                   \
		return v;                                                                          \
	}
CURSOR_READ(u8, uint8_t)
CURSOR_READ(u16, uint16_t)
CURSOR_READ(u32, uint32_t)
CURSOR_READ(u64, uint64_t)
CURSOR_READ(i16, int16_t)
CURSOR_READ(i32, int32_t)
CURSOR_READ(i64, int64_t)
#undef CURSOR_READ

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian and read in place");

static inline uint64_t zigzag_encode(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t zigzag_decode(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

struct buffer {
	uint8_t *data;
	size_t len, cap;
	bool failed;
};

/* The slow way of buffer_reserve(): more memory, or a failure (then cap is len, so that all end here). */
uint8_t *buffer_grow(struct buffer *b, size_t more);

/* Makes room for `more` bytes behind len and returns the place, NULL when memory is out. */
static inline uint8_t *buffer_reserve(struct buffer *b, size_t more)
{
	return __builtin_expect(more < b->cap - b->len, 1) ? b->data + b->len : buffer_grow(b, more);
}

/* Appends len bytes (zeros when data is NULL). */
static inline void buffer_append(struct buffer *b, const void *data, size_t len)
{
	uint8_t *p = buffer_reserve(b, len);

	if (!p || len == 0)
		return;
	if (data)
		memcpy(p, data, len);
	else
		memset(p, 0, len);
	b->len += len;
}

static inline void buffer_u8(struct buffer *b, uint8_t v)
{
	uint8_t *p = buffer_reserve(b, 1);

	if (p) {
		*p = v;
		b->len++;
	}
}

void buffer_u16(struct buffer *b, uint16_t v);
void buffer_u32(struct buffer *b, uint32_t v);
void buffer_u64(struct buffer *b, uint64_t v);
/* Overwrites at a place already written (lengths that are known late). */
void buffer_set_u32(struct buffer *b, size_t at, uint32_t v);
/* Text, printf-like, without the terminating NUL. */
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Keeps the memory, forgets the contents and the failure. */
static inline void buffer_clear(struct buffer *b)
{
	b->len = 0;
	b->failed = false;
}
static inline bool buffer_failed(const struct buffer *b)
{
	return b->failed;
}
void buffer_done(struct buffer *b);
