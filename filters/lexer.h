/*
 * The characters of a filter: words, operators, values, and errors that point at a column.
 * What a word is depends on where it stands, so the parser asks for the kind it wants.
 */
#pragma once
#include "base/error.h"
#include "format/entry.h"
#include "filters/arena.h"

#define FILTER_TEXT_MAX (1u << 20) /* bytes: as long as a large Falco rule set's condition, and bounded */

struct lexer {
	const char *text; /* NUL-terminated copy */
	size_t len, at;
	struct error *err;
	struct arena *arena;
	const char *macro; /* whose text it is, NULL: the filter's own */
};

/* Checks length, encoding and control characters. 0, -E2BIG, -EINVAL. */
int lexer_init(struct lexer *l, const char *text, size_t len, struct arena *arena, struct error *err);
/* Always -EINVAL: words, the line with the place, and a caret below it. */
int lexer_error(const struct lexer *l, size_t at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void lexer_skip_blanks(struct lexer *l);
/* Behind blanks: whether the text is used up; whether the next character is c (which is then taken). */
bool lexer_at_end(struct lexer *l);
bool lexer_take(struct lexer *l, char c);
/* Takes the word if it stands next and a blank, a parenthesis or the end follows. */
bool lexer_take_word(struct lexer *l, const char *word);
/* Length of the name [A-Za-z0-9_.]* that stands next; nothing is taken. */
size_t lexer_name_len(const struct lexer *l);
/* The operator that stands next: signs or letters. Nothing is taken; len 0: none. */
struct text lexer_operator(const struct lexer *l);

struct literal_text {
	struct text text; /* NUL-terminated, escapes resolved */
	size_t at;	  /* column */
	bool quoted;
};
/* A bare or quoted value. 0 or -EINVAL, -ENOMEM. */
int lexer_value(struct lexer *l, struct literal_text *ret);
