#include "filters/definitions.h"

#include "base/bytes.h"
#include "filters/ast.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#define YAML_DEPTH_MAX 64 /* of what is passed over; Falco's own files need 5 */

/* Both kinds lie in one table each, found by a hash of their names. */
struct name_table {
	uint32_t *slots; /* index + 1, 0: free */
	uint32_t n_slots, n, cap;
};

struct macro_entry {
	struct macro m; /* m.condition is a view of text */
	struct buffer text;
};

struct list_entry {
	struct named_list l;
	uint32_t cap;
};

struct definitions {
	struct arena arena; /* names and items */
	struct name_table macro_names, list_names;
	struct macro_entry *macros;
	struct list_entry *lists;
	char *filter;
	size_t used; /* bytes that were read */
};

struct definitions *definitions_new(void)
{
	return calloc(1, sizeof(struct definitions));
}

void definitions_free(struct definitions *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->macro_names.n; i++)
		buffer_done(&d->macros[i].text);
	for (uint32_t i = 0; i < d->list_names.n; i++)
		free(d->lists[i].l.items);
	free(d->macros);
	free(d->lists);
	free(d->macro_names.slots);
	free(d->list_names.slots);
	arena_done(&d->arena);
	free(d);
}

/* ---- the tables ---- */

static const char *name_at(const struct definitions *d, const struct name_table *t, uint32_t i)
{
	return t == &d->macro_names ? d->macros[i].m.name : d->lists[i].l.name;
}

/* The slot of the name, or the free one where it would be. */
static uint32_t slot_of(const struct definitions *d, const struct name_table *t, struct text name)
{
	uint32_t at = text_hash(name) & (t->n_slots - 1);

	for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
		const char *have = name_at(d, t, t->slots[at] - 1);

		if (strlen(have) == name.len && !memcmp(have, name.data, name.len))
			break;
	}
	return at;
}

static bool grow_slots(struct definitions *d, struct name_table *t)
{
	uint32_t n_slots = t->n_slots ? t->n_slots * 2 : 64;
	uint32_t *slots = calloc(n_slots, sizeof *slots);

	if (!slots)
		return false;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	for (uint32_t i = 0; i < t->n; i++)
		slots[slot_of(d, t, text_of(name_at(d, t, i)))] = i + 1;
	return true;
}

static const char *keep_name(struct definitions *d, const char *name)
{
	char *copy = arena_take(&d->arena, strlen(name) + 1);

	return copy ? strcpy(copy, name) : NULL;
}

/* Where the name's entry is; a new one when there is none. -1: out of memory. */
static int64_t entry_of(struct definitions *d, struct name_table *t, void **rows, size_t row_size,
			const char *name)
{
	uint32_t at;
	const char *copy;

	if (t->n * 2 >= t->n_slots && !grow_slots(d, t))
		return -1;
	at = slot_of(d, t, text_of(name));
	if (t->slots[at])
		return t->slots[at] - 1;
	if (t->n == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 64;
		void *more = realloc(*rows, cap * row_size);

		if (!more)
			return -1;
		*rows = more;
		t->cap = cap;
	}
	copy = keep_name(d, name);
	if (!copy)
		return -1;
	memset((char *)*rows + t->n * row_size, 0, row_size);
	/* The name is the first member of both kinds of row. */
	memcpy((char *)*rows + t->n * row_size, &copy, sizeof copy);
	t->slots[at] = ++t->n;
	return t->n - 1;
}

const struct macro *definitions_macro(const struct definitions *d, struct text name)
{
	uint32_t at;

	if (!d || !d->macro_names.n || !name.len)
		return NULL;
	at = slot_of(d, &d->macro_names, name);
	return d->macro_names.slots[at] ? &d->macros[d->macro_names.slots[at] - 1].m : NULL;
}

const struct named_list *definitions_list(const struct definitions *d, struct text name)
{
	uint32_t at;

	if (!d || !d->list_names.n || !name.len)
		return NULL;
	at = slot_of(d, &d->list_names, name);
	return d->list_names.slots[at] ? &d->lists[d->list_names.slots[at] - 1].l : NULL;
}

const char *definitions_macro_name(const struct definitions *d, size_t i)
{
	return d && i < d->macro_names.n ? d->macros[i].m.name : NULL;
}

const char *definitions_filter(const struct definitions *d)
{
	return d->filter ? d->filter : "";
}

/* ---- one entry of the file ---- */

struct entry {
	char *macro, *list, *filter, *condition; /* in the arena; NULL: not there */
	struct list_item *items;
	uint32_t n_items, cap;
	bool has_items, append;
};

struct reader {
	struct definitions *d;
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	struct error *err;
};

static int bad(struct reader *r, const char *words)
{
	return error_set_at(r->err, -EINVAL, r->event.start_mark.index, "line %zu: %s",
			    r->event.start_mark.line + 1, words);
}

static int out_of_memory(struct reader *r)
{
	return error_set(r->err, -ENOMEM, "out of memory");
}

static int next_event(struct reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event);
	if (r->has_event)
		return r->event.type == YAML_ALIAS_EVENT ? bad(r, "aliases (*name) are not taken") : 0;
	return error_set_at(r->err, -EINVAL, r->parser.problem_mark.index, "line %zu: %s",
			    r->parser.problem_mark.line + 1,
			    r->parser.problem ? r->parser.problem : "not YAML");
}

/* The value that the last event began is of no interest. */
static int skip_value(struct reader *r)
{
	unsigned depth = 0;

	for (;;) {
		yaml_event_type_t type = r->event.type;
		int e;

		depth += type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT;
		depth -= type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT;
		if (depth == 0)
			return 0;
		if (depth > YAML_DEPTH_MAX)
			return bad(r, "nested too deep");
		e = next_event(r);
		if (e < 0)
			return e;
	}
}

static int keep_scalar(struct reader *r, char **ret)
{
	size_t len = r->event.data.scalar.length;
	const char *value = (const char *)r->event.data.scalar.value;

	if (r->event.type != YAML_SCALAR_EVENT)
		return bad(r, "a text was expected");
	if (memchr(value, 0, len))
		return bad(r, "a NUL character");
	*ret = arena_take(&r->d->arena, len + 1);
	if (!*ret)
		return out_of_memory(r);
	memcpy(*ret, value, len);
	return 0;
}

static bool grow_items(struct list_item **items, uint32_t n, uint32_t *cap)
{
	uint32_t more = *cap ? *cap * 2 : 8;
	struct list_item *at;

	if (n < *cap)
		return true;
	at = realloc(*items, more * sizeof *at);
	if (!at)
		return false;
	*items = at;
	*cap = more;
	return true;
}

static int read_items(struct reader *r, struct entry *e)
{
	if (r->event.type != YAML_SEQUENCE_START_EVENT)
		return bad(r, "items are a list: [a, b]");
	e->has_items = true;
	for (;;) {
		char *text;
		int x = next_event(r);

		if (x < 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
			return x;
		x = keep_scalar(r, &text);
		if (x < 0)
			return x;
		if (!grow_items(&e->items, e->n_items, &e->cap))
			return out_of_memory(r);
		e->items[e->n_items++] = (struct list_item){
		    .text = text_of(text),
		    .quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE,
		};
	}
}

static bool is_true(const char *text)
{
	return !strcasecmp(text, "true") || !strcasecmp(text, "yes") || !strcasecmp(text, "on");
}

/* override: {items: append} or {condition: append}; replacing is what happens anyway. */
static int read_override(struct reader *r, struct entry *e)
{
	char *word;

	if (r->event.type != YAML_MAPPING_START_EVENT)
		return bad(r, "override is {items: append} or {condition: append}");
	for (;;) {
		int x = next_event(r);

		if (x < 0 || r->event.type == YAML_MAPPING_END_EVENT)
			return x;
		x = next_event(r);
		if (x == 0)
			x = keep_scalar(r, &word);
		if (x < 0)
			return x;
		e->append |= !strcmp(word, "append");
	}
}

static int read_pair(struct reader *r, struct entry *e)
{
	static const struct {
		const char *key;
		size_t offset;
	} texts[] = {
		{"macro", offsetof(struct entry, macro)},
		{"list", offsetof(struct entry, list)},
		{"filter", offsetof(struct entry, filter)},
		{"condition", offsetof(struct entry, condition)},
	};
	char *key, *word;
	int x = keep_scalar(r, &key);

	if (x == 0)
		x = next_event(r);
	if (x < 0)
		return x;
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!strcmp(key, texts[i].key))
			return r->event.type == YAML_SCALAR_EVENT
				       ? keep_scalar(r, (char **)((char *)e + texts[i].offset))
				       : skip_value(r);
	if (!strcmp(key, "items"))
		return read_items(r, e);
	if (!strcmp(key, "override"))
		return read_override(r, e);
	if (strcmp(key, "append"))
		return skip_value(r);
	x = keep_scalar(r, &word);
	if (x == 0)
		e->append |= is_true(word);
	return x;
}

static int check_name(struct reader *r, const char *name)
{
	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
			      strlen(name))
		return bad(r, "a name of letters, digits and _ was expected");
	if (r->d->macro_names.n + r->d->list_names.n >= DEFINITIONS_MAX)
		return error_set(r->err, -E2BIG, "more than %u macros and lists", DEFINITIONS_MAX);
	return 0;
}

static int store_macro(struct reader *r, const struct entry *e)
{
	struct macro_entry *m;
	int64_t at;
	int x = check_name(r, e->macro);

	if (x < 0)
		return x;
	if (!e->condition)
		return bad(r, "a macro needs a condition");
	at = entry_of(r->d, &r->d->macro_names, (void **)&r->d->macros, sizeof *r->d->macros, e->macro);
	if (at < 0)
		return out_of_memory(r);
	m = &r->d->macros[at];
	if (e->append)
		buffer_u8(&m->text, ' ');
	else
		buffer_clear(&m->text);
	buffer_append(&m->text, e->condition, strlen(e->condition));
	if (buffer_failed(&m->text))
		return out_of_memory(r);
	m->m.condition = (struct text){(const char *)m->text.data, (uint32_t)m->text.len};
	return 0;
}

static int store_list(struct reader *r, const struct entry *e)
{
	struct list_entry *l;
	int64_t at;
	int x = check_name(r, e->list);

	if (x < 0)
		return x;
	if (!e->has_items)
		return bad(r, "a list needs items");
	at = entry_of(r->d, &r->d->list_names, (void **)&r->d->lists, sizeof *r->d->lists, e->list);
	if (at < 0)
		return out_of_memory(r);
	l = &r->d->lists[at];
	if (!e->append)
		l->l.n_items = 0;
	for (uint32_t i = 0; i < e->n_items; i++) {
		if (!grow_items(&l->l.items, l->l.n_items, &l->cap))
			return out_of_memory(r);
		l->l.items[l->l.n_items++] = e->items[i];
	}
	return 0;
}

static int store_filter(struct reader *r, const struct entry *e)
{
	if (r->d->filter)
		return bad(r, "there is a filter already");
	r->d->filter = e->filter;
	return 0;
}

/* Rules, versions of engines, exceptions: passed over. */
static int read_entry(struct reader *r)
{
	struct entry e = {0};
	int x = 0;

	if (r->event.type != YAML_MAPPING_START_EVENT)
		return bad(r, "an entry such as `- macro: name` was expected");
	while ((x = next_event(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT)
		if ((x = read_pair(r, &e)) < 0)
			break;
	if (x == 0 && e.macro)
		x = store_macro(r, &e);
	else if (x == 0 && e.list)
		x = store_list(r, &e);
	else if (x == 0 && e.filter)
		x = store_filter(r, &e);
	free(e.items);
	return x;
}

static int read_stream(struct reader *r)
{
	int x;

	while ((x = next_event(r)) == 0 && r->event.type != YAML_STREAM_END_EVENT) {
		if (r->event.type == YAML_STREAM_START_EVENT || r->event.type == YAML_DOCUMENT_START_EVENT ||
		    r->event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		if (r->event.type != YAML_SEQUENCE_START_EVENT)
			return bad(r, "a list of macros and lists was expected: - macro: name");
		while ((x = next_event(r)) == 0 && r->event.type != YAML_SEQUENCE_END_EVENT)
			if ((x = read_entry(r)) < 0)
				break;
		if (x < 0)
			break;
	}
	return x;
}

int definitions_read(struct definitions *d, const char *text, size_t len, struct error *err)
{
	struct error none = {0};
	struct reader r = {.d = d, .err = err ? err : &none};
	int x;

	if (len > DEFINITIONS_TEXT_MAX - d->used)
		return error_set(err, -E2BIG, "macros and lists of more than %u bytes", DEFINITIONS_TEXT_MAX);
	d->used += len;
	if (!yaml_parser_initialize(&r.parser))
		return out_of_memory(&r);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	x = read_stream(&r);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return x;
}

bool definitions_are_yaml(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t n = strspn(text + at, " \t\r\n");

		at += n;
		if (at < len && text[at] == '#')
			at += strcspn(text + at, "\n");
		else if (n == 0)
			break;
	}
	return at + 1 < len && text[at] == '-' && strchr(" \t\r\n-", text[at + 1]);
}
