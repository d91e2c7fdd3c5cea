#include "filters/lexer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN_MAX 100 /* columns of the filter that an error shows */

/* Length of the UTF-8 character at p, 0: not one (overlong, surrogate, beyond U+10FFFF). */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int lexer_init(struct lexer *l, const char *text, size_t len, struct arena *arena, struct error *err)
{
	char *copy;

	*l = (struct lexer){.arena = arena, .err = err};
	if (len > FILTER_TEXT_MAX)
		return error_set(err, -E2BIG, "the filter has %zu bytes, more than %u", len,
				 FILTER_TEXT_MAX);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len((const unsigned char *)text + i, len - i);

		if (!n)
			return error_set_at(err, -EINVAL, i, "byte %zu of the filter (0x%02x) is not UTF-8",
					    i, (unsigned char)text[i]);
		if (n == 1 && !is_blank(text[i]) && ((unsigned char)text[i] < ' ' || text[i] == 0x7f))
			return error_set_at(err, -EINVAL, i,
					    "byte %zu of the filter is the control character 0x%02x", i,
					    (unsigned char)text[i]);
		i += n;
	}
	copy = arena_take(arena, len + 1);
	if (!copy)
		return error_set(err, -ENOMEM, "out of memory");
	memcpy(copy, text, len);
	l->text = copy;
	l->len = len;
	return 0;
}

/* Columns of text[from..to): characters, not bytes. */
static int columns(const char *text, size_t from, size_t to)
{
	int n = 0;

	for (size_t i = from; i < to; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

int lexer_error(const struct lexer *l, size_t at, const char *format, ...)
{
	char words[256], line[SHOWN_MAX + 1];
	size_t from = 0, to = l->len;
	va_list ap;

	va_start(ap, format);
	vsnprintf(words, sizeof words, format, ap);
	va_end(ap);
	/* A long filter is shown around the place, whole characters only. */
	if (l->len > SHOWN_MAX) {
		from = at > SHOWN_MAX / 2 ? at - SHOWN_MAX / 2 : 0;
		if (from > l->len - SHOWN_MAX)
			from = l->len - SHOWN_MAX;
		to = from + SHOWN_MAX;
		while (from < at && ((unsigned char)l->text[from] & 0xc0) == 0x80)
			from++;
		while (to > at && ((unsigned char)l->text[to] & 0xc0) == 0x80)
			to--;
	}
	for (size_t i = from; i < to; i++)
		line[i - from] = is_blank(l->text[i]) ? ' ' : l->text[i];
	line[to - from] = 0;
	return error_set_at(l->err, -EINVAL, at, "%s%s%s%s\n%s\n%*s^", l->macro ? "macro " : "",
			    l->macro ? l->macro : "", l->macro ? ": " : "", words, line,
			    columns(l->text, from, at), "");
}

void lexer_skip_blanks(struct lexer *l)
{
	while (is_blank(l->text[l->at]))
		l->at++;
}

bool lexer_at_end(struct lexer *l)
{
	lexer_skip_blanks(l);
	return l->at == l->len;
}

bool lexer_take(struct lexer *l, char c)
{
	lexer_skip_blanks(l);
	if (l->at == l->len || l->text[l->at] != c)
		return false;
	l->at++;
	return true;
}

bool lexer_take_word(struct lexer *l, const char *word)
{
	size_t n = strlen(word);
	char after;

	lexer_skip_blanks(l);
	if (strncmp(l->text + l->at, word, n))
		return false;
	after = l->text[l->at + n];
	if (after && !is_blank(after) && after != '(' && after != ')')
		return false;
	l->at += n;
	return true;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.';
}

size_t lexer_name_len(const struct lexer *l)
{
	size_t n = 0;

	while (is_name_char(l->text[l->at + n]))
		n++;
	return n;
}

struct text lexer_operator(const struct lexer *l)
{
	const char *p = l->text + l->at;
	uint32_t n = 0;

	if (*p && strchr("=!<>~", *p)) {
		/* The longest sign there is: evt.dir=< is = and the value <. */
		n = p[1] == '=' && *p != '~' ? 2 : 1;
	} else {
		while ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z') || p[n] == '_')
			n++;
	}
	return (struct text){p, n};
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
					    : c >= 'A' && c <= 'F'   ? c - 'A' + 10
								      : -1;
}

/* One escape, at behind the backslash. Returns the character, or negative with words. */
static int take_escape(struct lexer *l)
{
	static const char letters[] = "\\\\\"\"''b\bf\fn\nr\rt\t";
	char c = l->text[l->at];

	for (const char *p = letters; *p; p += 2)
		if (c == *p) {
			l->at++;
			return (unsigned char)p[1];
		}
	if (c == 'x') {
		int high = hex_digit(l->text[l->at + 1]);
		int low = high < 0 ? -1 : hex_digit(l->text[l->at + 2]);

		if (low < 0 || high + low == 0)
			return lexer_error(l, l->at - 1, "\\x needs two hexadecimal digits, not 00");
		l->at += 3;
		return high << 4 | low;
	}
	if (l->at == l->len)
		return lexer_error(l, l->at - 1, "the filter ends inside a quoted value");
	return lexer_error(l, l->at - 1, "unknown escape \\%c in a quoted value; a backslash is written \\\\",
			   (unsigned char)c < 0x80 ? c : '?');
}

static int take_quoted(struct lexer *l, struct literal_text *ret)
{
	char quote = l->text[l->at++];
	size_t end = l->at;
	char *out;
	uint32_t n = 0;

	while (end < l->len && l->text[end] != quote)
		end += l->text[end] == '\\' && end + 1 < l->len ? 2 : 1;
	out = arena_take(l->arena, end - l->at + 1);
	if (!out)
		return error_set(l->err, -ENOMEM, "out of memory");
	while (l->at < l->len && l->text[l->at] != quote) {
		int c = (unsigned char)l->text[l->at++];

		if (c == '\\')
			c = take_escape(l);
		if (c < 0)
			return c;
		out[n++] = (char)c;
	}
	if (l->at == l->len)
		return lexer_error(l, ret->at, "the quote %c is never closed", quote);
	l->at++;
	ret->quoted = true;
	ret->text = (struct text){out, n};
	return 0;
}

int lexer_value(struct lexer *l, struct literal_text *ret)
{
	char *out;
	size_t n = 0;

	lexer_skip_blanks(l);
	*ret = (struct literal_text){.at = l->at};
	if (l->text[l->at] == '"' || l->text[l->at] == '\'')
		return take_quoted(l, ret);
	while (l->text[l->at + n] && !is_blank(l->text[l->at + n]) && !strchr("()\"',=", l->text[l->at + n]))
		n++;
	out = arena_take(l->arena, n + 1);
	if (!out)
		return error_set(l->err, -ENOMEM, "out of memory");
	memcpy(out, l->text + l->at, n);
	l->at += n;
	ret->text = (struct text){out, (uint32_t)n};
	return 0;
}
