/*
 * Command-line options as a table, one row per option; --help and the checks in
 * tests/cli come from the same rows.
 *
 *	static const struct option_row rows[] = {
 *		{'r', "read", "FILE", "read this capture, - for standard input", on_read},
 *		...
 *		{0}
 *	};
 *	n = options_parse(rows, argc, argv, &opts, &err);   // index of the first operand
 */
#pragma once
#include "base/error.h"
#include <stdio.h>

struct option_row {
	int letter;		/* short option, 0: none */
	const char *name;	/* long option, NULL: none */
	const char *value;	/* metavariable, NULL: takes no value; "[X]": the value is optional (--name=X) */
	const char *help;	/* one line */
	/* Takes the value (NULL where there is none). 0 or negative errno with words in err. */
	int (*take)(void *context, const char *value, struct error *err);
};

/*
 * Take functions of one line, about the options `o` and the `value`:
 *
 *	OPTION_SET(struct options, json, o->json = true)
 *	OPTION_PARSE(struct options, level, option_number(value, 1, 19, &o->level, err))	// what it returns counts
 */
#define OPTION_PARSE(type, name, expression)                                                       \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		type *o = context;                                                                 \
		return expression;                                                                 \
	}
#define OPTION_SET(type, name, statement) OPTION_PARSE(type, name, ((statement), 0))

/*
 * Options may stand before, between and after operands; "--" ends them. Operands are moved to
 * the end of argv, in order.
 * Returns the index of the first operand, or -EINVAL with words.
 * *ret_command (if not NULL): index of what follows "--", or 0 when there was none.
 */
int options_parse(const struct option_row *rows, int argc, char **argv, int *ret_command,
		  void *context, struct error *err);

/* The table as --help prints it. */
void options_print(const struct option_row *rows, FILE *out);

/* "10", "64k", "8M", "1G": bytes. */
int option_size(const char *text, uint64_t *ret, struct error *err);
int option_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err);
/* Which of n words it is. */
int option_word(const char *text, const char *const *words, unsigned n, unsigned *ret, struct error *err);

/*
 * The end of a tool: pushes out what it printed. Returns the status, or 1 after words on standard error where the
 * output could not be written. A reader that went away is no failure.
 */
int options_finish(int status);
