/* Comparing text: wildcards, paths, regular expressions. No input makes them slower than pattern times
   text, or than the limit on steps of a regular expression. */
#include "filters/ast.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>

#define REGEX_MATCH_LIMIT 100000 /* steps: a pattern that needs more on one value does not match it */
#define REGEX_HEAP_KB	  1024

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool text_contains_nocase(struct text s, struct text part)
{
	if (part.len == 0)
		return true;
	for (uint32_t i = 0; i + part.len <= s.len; i++) {
		uint32_t k = 0;

		while (k < part.len && lower(s.data[i + k]) == lower(part.data[k]))
			k++;
		if (k == part.len)
			return true;
	}
	return false;
}

/* A [set]: *len is its length in the pattern, 0 when it is never closed. */
static bool set_match(const char *p, const char *end, char c, bool ignore_case, uint32_t *len)
{
	const char *start = p++;
	bool negate = p < end && (*p == '!' || *p == '^'), found = false, first = true;

	for (p += negate; p < end && (*p != ']' || first); first = false) {
		char lo = *p++, hi = lo;

		if (p + 1 < end && *p == '-' && p[1] != ']') {
			hi = p[1];
			p += 2;
		}
		if ((c >= lo && c <= hi) ||
		    (ignore_case && lower(c) >= lower(lo) && lower(c) <= lower(hi)))
			found = true;
	}
	*len = p < end ? (uint32_t)(p + 1 - start) : 0;
	return found != negate;
}

/* Whether one pattern element matches c; *len: its length. */
static bool element_match(const char *p, const char *end, char c, bool ignore_case, uint32_t *len)
{
	char want = *p;

	*len = 1;
	if (want == '?')
		return true;
	if (want == '[')
		return set_match(p, end, c, ignore_case, len);
	if (want == '\\' && p + 1 < end) {
		want = p[1];
		*len = 2;
	}
	return want == c || (ignore_case && lower(want) == lower(c));
}

/* A pattern has a limit, and its sets are closed: then the sets of one pass over it are looked through
   in no more than its length. */
int glob_check(const struct lexer *l, const struct literal *v)
{
	const char *p = v->source.text.data, *end = p + v->source.text.len;
	uint32_t len;

	if (v->source.text.len > FILTER_GLOB_MAX)
		return lexer_error(l, v->source.at, "the pattern has %u characters, more than %d",
				   v->source.text.len, FILTER_GLOB_MAX);
	for (; p < end; p += len) {
		element_match(p, end, 0, false, &len);
		if (!len)
			return lexer_error(l, v->source.at,
					   "a [ of the pattern is never closed; a \\ before it makes it a plain one");
	}
	return 0;
}

/* Only the last * is ever tried again, so the time is at most pattern times text. */
bool glob_match(struct text pattern, struct text s, bool ignore_case)
{
	const char *p = pattern.data, *end = p + pattern.len, *star = NULL;
	uint32_t i = 0, star_at = 0, len;

	while (i < s.len || (p < end && *p == '*')) {
		if (p < end && *p == '*') {
			star = ++p;
			star_at = i;
		} else if (p < end && element_match(p, end, s.data[i], ignore_case, &len)) {
			p += len;
			i++;
		} else if (star) {
			p = star;
			i = ++star_at;
		} else {
			return false;
		}
	}
	return p == end;
}

/* The next component of a path, empty at the end. */
static struct text component(struct text *path)
{
	struct text c;

	while (path->len && *path->data == '/') {
		path->data++;
		path->len--;
	}
	c.data = path->data;
	for (c.len = 0; c.len < path->len && path->data[c.len] != '/'; c.len++)
		;
	path->data += c.len;
	path->len -= c.len;
	return c;
}

/* The path is the pattern or lies below it, component by component. */
bool path_match(struct text pattern, struct text path)
{
	for (;;) {
		struct text want = component(&pattern), have = component(&path);

		if (!want.len)
			return true;
		if (!have.len || !glob_match(want, have, false))
			return false;
	}
}

int regex_compile(const struct lexer *l, struct filter *f, struct literal *v)
{
	int code;
	PCRE2_SIZE at;
	PCRE2_UCHAR words[120];
	struct text t = v->source.text;
	pcre2_code *regex = pcre2_compile((PCRE2_SPTR)t.data, t.len, PCRE2_ANCHORED | PCRE2_ENDANCHORED |
					  PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);

	if (!regex) {
		pcre2_get_error_message(code, words, sizeof words);
		return lexer_error(l, v->source.at, "the regular expression is wrong at character %zu: %s",
				   (size_t)at, (const char *)words);
	}
	v->regex = regex;
	v->next_regex = f->regexes;
	f->regexes = v;
	/* Without JIT it is interpreted: slower, same answers. */
	pcre2_jit_compile(regex, PCRE2_JIT_COMPLETE);
	if (!f->match_data)
		f->match_data = pcre2_match_data_create(1, NULL);
	if (!f->match_context) {
		f->match_context = pcre2_match_context_create(NULL);
		if (f->match_context) {
			pcre2_set_match_limit(f->match_context, REGEX_MATCH_LIMIT);
			pcre2_set_heap_limit(f->match_context, REGEX_HEAP_KB);
		}
	}
	if (!f->match_data || !f->match_context)
		return error_set(l->err, -ENOMEM, "out of memory");
	return 0;
}

void regex_done(struct filter *f)
{
	for (struct literal *v = f->regexes; v; v = v->next_regex)
		pcre2_code_free(v->regex);
	pcre2_match_data_free(f->match_data);
	pcre2_match_context_free(f->match_context);
}

bool regex_match(struct filter *f, const struct literal *v, struct text s)
{
	return pcre2_match(v->regex, (PCRE2_SPTR)s.data, s.len, 0, 0, f->match_data, f->match_context) >= 0;
}
