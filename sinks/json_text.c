#include "sinks/json_text.h"

#include "base/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char hex_digits[] = "0123456789abcdef";

/* Bytes that stand for themselves: ASCII without control characters, quote and backslash. */
static const bool plain[256] = {
    [0x20 ... 0x21] = true,
    [0x23 ... 0x5b] = true,
    [0x5d ... 0x7e] = true,
};

/* Length of the UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates), 0: none. */
static unsigned utf8_length(const uint8_t *p, size_t left)
{
	unsigned n = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
		     : p[0] >= 0xe0 && p[0] <= 0xef ? 3
		     : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						    : 0;

	if (n == 0 || n > left)
		return 0;
	for (unsigned i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static uint8_t *put_escape(uint8_t *to, uint8_t byte)
{
	static const char short_forms[] = "\"\"\\\\\nn\tt\rr\bb\ff";

	for (const char *s = short_forms; *s; s += 2)
		if ((uint8_t)s[0] == byte) {
			*to++ = '\\';
			*to++ = (uint8_t)s[1];
			return to;
		}
	/* control characters by their number, stray bytes behind 0xdc00 */
	memcpy(to, byte < 0x80 ? "\\u00" : "\\udc", 4);
	to[4] = (uint8_t)hex_digits[byte >> 4];
	to[5] = (uint8_t)hex_digits[byte & 15];
	return to + 6;
}

#define EACH_BYTE(b) (0x0101010101010101u * (b))

/* Whether all eight bytes stand for themselves. May say no for some that do: they take the slow
 * way. */
static inline bool all_plain(uint64_t v)
{
	uint64_t quote = v ^ EACH_BYTE(0x22), backslash = v ^ EACH_BYTE(0x5c),
		 del = v ^ EACH_BYTE(0x7f);
	uint64_t hit = v | (v - EACH_BYTE(0x20)) | ((quote - EACH_BYTE(1)) & ~quote) |
		       ((backslash - EACH_BYTE(1)) & ~backslash) | ((del - EACH_BYTE(1)) & ~del);

	return !(hit & EACH_BYTE(0x80));
}

/* Up to eight bytes; what is missing counts as plain. */
static uint64_t load_some(const uint8_t *p, size_t len)
{
	uint64_t v = EACH_BYTE('.');

	if (len >= 4) {
		uint32_t front, back;

		memcpy(&front, p, 4);
		memcpy(&back, p + len - 4, 4);
		return (uint64_t)front << 32 | back;
	}
	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static inline bool is_plain(const uint8_t *p, size_t len)
{
	uint64_t v;

	if (len < 8)
		return all_plain(load_some(p, len));
	for (size_t at = 0; at + 8 < len; at += 8) {
		memcpy(&v, p + at, 8);
		if (!all_plain(v))
			return false;
	}
	memcpy(&v, p + len - 8, 8);
	return all_plain(v);
}

/* Byte by byte; returns the end. */
static uint8_t *put_escaped(uint8_t *to, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		unsigned n;

		if (plain[*p]) {
			*to++ = *p++;
			continue;
		}
		n = utf8_length(p, (size_t)(end - p));
		if (n == 0) {
			to = put_escape(to, *p++);
			continue;
		}
		memcpy(to, p, n);
		to += n;
		p += n;
	}
	return to;
}

void json_string(struct buffer *out, const void *data, size_t len)
{
	uint8_t *start, *to;

	if (len > (SIZE_MAX - 2) / 6) {
		out->failed = true;
		return;
	}
	start = to = buffer_reserve(out, 6 * len + 2);
	if (!start)
		return;
	*to++ = '"';
	if (len && is_plain(data, len)) {
		memcpy(to, data, len);
		to += len;
	} else if (len) {
		to = put_escaped(to, data, (const uint8_t *)data + len);
	}
	*to++ = '"';
	out->len += (size_t)(to - start);
}

void json_key(struct buffer *out, const char *name)
{
	json_string(out, name, strlen(name));
	buffer_u8(out, ':');
}

void json_base64(struct buffer *out, const uint8_t *data, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	buffer_u8(out, '"');
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)data[i] << 16;
		uint8_t text[4];

		v |= n > 1 ? (uint32_t)data[i + 1] << 8 : 0;
		v |= n > 2 ? data[i + 2] : 0;
		for (unsigned k = 0; k < 4; k++)
			text[k] = k <= n ? (uint8_t)digits[v >> (18 - 6 * k) & 63] : '=';
		buffer_append(out, text, sizeof text);
	}
	buffer_u8(out, '"');
}

void json_hex(struct buffer *out, const uint8_t *data, size_t len)
{
	buffer_u8(out, '"');
	for (size_t i = 0; i < len; i++) {
		uint8_t text[2] = {(uint8_t)hex_digits[data[i] >> 4],
				   (uint8_t)hex_digits[data[i] & 15]};

		buffer_append(out, text, sizeof text);
	}
	buffer_u8(out, '"');
}

void json_unsigned(struct buffer *out, uint64_t v)
{
	char *p = (char *)buffer_reserve(out, DECIMAL_MAX);

	if (p)
		out->len += (size_t)(decimal_put(p, v) - p);
}

void json_signed(struct buffer *out, int64_t v)
{
	char *p = (char *)buffer_reserve(out, DECIMAL_MAX + 1);

	if (p)
		out->len += (size_t)(decimal_put_signed(p, v) - p);
}

void json_double(struct buffer *out, double v)
{
	char text[40];
	int n;

	if (!isfinite(v)) {
		buffer_append(out, "null", 4);
		return;
	}
	for (int precision = 6; precision <= 17; precision++) {
		n = snprintf(text, sizeof text, "%.*g", precision, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buffer_append(out, text, (size_t)n);
}
