/*
 * The expression of a filter as tools get it: words of the command line, files with filters, files with macros and
 * lists. All parts must hold.
 *
 *	struct filter_text t = {0};
 *	filter_text_file(&t, "shells.yaml", &err);
 *	filter_text_add(&t, "proc.name in (shells)");
 *	f = filter_text_compile(&t, &err);	// t.words is the whole expression
 *	filter_text_done(&t);
 */
#pragma once
#include "filters/definitions.h"
#include "filters/filter.h"

struct filter_text {
	struct buffer words;	   /* NUL-terminated by filter_text_compile() */
	struct definitions *names; /* NULL: none were given */
	unsigned n_parts;
};

/* One more part, as it is typed; "" is none. */
void filter_text_add(struct filter_text *t, const char *expression);
/* The words of a command line, which are one part. */
void filter_text_words(struct filter_text *t, int n, char **words);
/* Reads a file ("-": standard input): a filter, whose lines that begin with # are comments, or YAML
   (definitions.h). 0 or negative errno with words. */
int filter_text_file(struct filter_text *t, const char *path, struct error *err);
/* NULL with words, also about a < or > that the shell took. */
struct filter *filter_text_compile(struct filter_text *t, struct error *err);
/* Whether there is no part: everything passes. */
static inline bool filter_text_empty(const struct filter_text *t)
{
	return t->n_parts == 0;
}
void filter_text_done(struct filter_text *t);
