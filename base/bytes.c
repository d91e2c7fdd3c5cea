#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

uint8_t *buffer_grow(struct buffer *b, size_t more)
{
	if (b->failed)
		return NULL;
	if (more > b->cap - b->len || !b->data) {
		size_t cap = b->cap ? b->cap : 256;
		uint8_t *data;

		while (cap - b->len < more && cap < SIZE_MAX / 2)
			cap *= 2;
		data = cap - b->len < more ? NULL : realloc(b->data, cap);
		if (!data) {
			b->failed = true;
			b->cap = b->len;
			return NULL;
		}
		b->data = data;
		b->cap = cap;
	}
	return b->data ? b->data + b->len : NULL;
}

void buffer_u16(struct buffer *b, uint16_t v)
{
	buffer_append(b, &v, sizeof v);
}

void buffer_u32(struct buffer *b, uint32_t v)
{
	buffer_append(b, &v, sizeof v);
}

void buffer_u64(struct buffer *b, uint64_t v)
{
	buffer_append(b, &v, sizeof v);
}

void buffer_set_u32(struct buffer *b, size_t at, uint32_t v)
{
	if (!b->failed && at + sizeof v <= b->len)
		memcpy(b->data + at, &v, sizeof v);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, ap);
	if (n >= 0 && buffer_reserve(b, (size_t)n + 1)) {
		vsnprintf((char *)b->data + b->len, (size_t)n + 1, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(ap);
}

void buffer_done(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}
