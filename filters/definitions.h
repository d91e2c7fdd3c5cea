/*
 * Macros and lists that filters may use by name, as Falco has them, from files:
 *
 *	- list: shells
 *	  items: [bash, zsh]
 *	- macro: started
 *	  condition: evt.type in (execve, execveat) and evt.dir=exit
 *
 *	struct definitions *d = definitions_new();
 *	definitions_read(d, text, len, &err);	// as many times as there are files
 *	f = filter_new_with("started and proc.name in (shells)", len, d, &err);
 *	definitions_free(d);			// not before the filter is made
 *
 * Names are letters, digits and _; a list may name lists, a macro macros and lists. Later definitions replace earlier
 * ones; with `append: true` (or `override: {items: append}`, `{condition: append}`) they are added to.
 */
#pragma once
#include "base/error.h"
#include "format/entry.h"

#define DEFINITIONS_TEXT_MAX (8u << 20) /* bytes of all definitions: several times Falco's own rules */
#define DEFINITIONS_MAX	     65536u	/* macros and lists */

struct macro {
	const char *name;
	struct text condition;
};

struct list_item {
	struct text text; /* NUL-terminated */
	bool quoted;	  /* never the name of a list */
};

struct named_list {
	const char *name;
	struct list_item *items;
	uint32_t n_items;
};

struct definitions;
struct definitions *definitions_new(void); /* NULL: out of memory */
void definitions_free(struct definitions *d);
/*
 * Takes macros and lists from text, YAML as Falco has it, and `- filter: expression`; rules and other entries
 * are passed over. 0, -EINVAL (YAML that is wrong, entries that make no sense), -E2BIG, -ENOMEM.
 */
int definitions_read(struct definitions *d, const char *text, size_t len, struct error *err);
/* Whether text, NUL-terminated, is such YAML and no filter: it begins with an entry of a list, or ---. */
bool definitions_are_yaml(const char *text, size_t len);

/* d may be NULL. NULL: there is none of that name. */
const struct macro *definitions_macro(const struct definitions *d, struct text name);
const struct named_list *definitions_list(const struct definitions *d, struct text name);
/* The `filter: ...` of the files, "" when they have none. */
const char *definitions_filter(const struct definitions *d);
/* For suggestions: names one by one, NULL at the end. */
const char *definitions_macro_name(const struct definitions *d, size_t i);
