#include "filters/filter_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Every part stands in parentheses once there are two. */
static void begin_part(struct filter_text *t)
{
	static const char open[] = "(", between[] = ") and (";

	if (t->n_parts == 1) {
		uint8_t *p = buffer_reserve(&t->words, 1);

		if (p) {
			memmove(t->words.data + 1, t->words.data, t->words.len);
			t->words.data[0] = (uint8_t)*open;
			t->words.len++;
		}
	} else if (t->n_parts) {
		t->words.len--; /* the ) of the last one */
	}
	if (t->n_parts)
		buffer_append(&t->words, between, strlen(between));
}

static void end_part(struct filter_text *t)
{
	if (t->n_parts++)
		buffer_u8(&t->words, ')');
}

void filter_text_add(struct filter_text *t, const char *expression)
{
	if (!expression[strspn(expression, " \t\r\n")])
		return;
	begin_part(t);
	buffer_append(&t->words, expression, strlen(expression));
	end_part(t);
}

void filter_text_words(struct filter_text *t, int n, char **words)
{
	struct buffer b = {0};

	for (int i = 0; i < n; i++)
		buffer_printf(&b, "%s%s", i ? " " : "", words[i]);
	buffer_u8(&b, 0);
	if (buffer_failed(&b))
		t->words.failed = true;
	else
		filter_text_add(t, (const char *)b.data);
	buffer_done(&b);
}

static int read_all(const char *path, struct buffer *out, struct error *err)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int r = 0;
	size_t n = 1;

	if (!f)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	while (n && r == 0) {
		uint8_t *p = buffer_reserve(out, 65536);

		n = p ? fread(p, 1, 65536, f) : 0;
		out->len += n;
		if (out->len > DEFINITIONS_TEXT_MAX)
			r = error_set(err, -E2BIG, "%s: longer than %u bytes", path, DEFINITIONS_TEXT_MAX);
	}
	if (r == 0 && ferror(f))
		r = error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (f != stdin)
		fclose(f);
	if (r == 0 && out->len && memchr(out->data, 0, out->len))
		r = error_set(err, -EINVAL, "%s: not text", path);
	buffer_u8(out, 0);
	return r == 0 && buffer_failed(out) ? error_set(err, -ENOMEM, "out of memory") : r;
}

/* Lines that begin with # become empty: columns stay what they are. */
static void drop_comments(char *text)
{
	bool begins = true;

	for (char *p = text; *p; p++) {
		if (begins && *p == '#') {
			size_t n = strcspn(p, "\n");

			memset(p, ' ', n);
			p += n - 1;
		} else {
			begins = *p == '\n' || (begins && (*p == ' ' || *p == '\t'));
		}
	}
}

static int read_definitions(struct filter_text *t, const char *path, const char *text, struct error *err)
{
	bool had_filter;
	int r;

	if (!t->names)
		t->names = definitions_new();
	if (!t->names)
		return error_set(err, -ENOMEM, "out of memory");
	had_filter = *definitions_filter(t->names);
	r = definitions_read(t->names, text, strlen(text), err);
	if (r < 0) {
		error_prefix(err, "%s", path);
		return r;
	}
	if (!had_filter)
		filter_text_add(t, definitions_filter(t->names));
	return 0;
}

int filter_text_file(struct filter_text *t, const char *path, struct error *err)
{
	struct buffer b = {0};
	int r = read_all(path, &b, err);
	char *text = (char *)b.data;

	if (r == 0 && definitions_are_yaml(text, b.len - 1)) {
		r = read_definitions(t, path, text, err);
	} else if (r == 0) {
		size_t len = b.len - 1;

		while (len && strchr(" \t\r\n", text[len - 1]))
			text[--len] = 0;
		drop_comments(text);
		filter_text_add(t, text);
	}
	buffer_done(&b);
	return r;
}

/* `evt.dir=<` without quotes reaches us as `evt.dir=`: the shell took the rest. */
static bool shell_ate_it(const char *filter)
{
	size_t len = strlen(filter);

	return len && strchr("=!", filter[len - 1]);
}

struct filter *filter_text_compile(struct filter_text *t, struct error *err)
{
	const char *text;
	struct filter *f;
	size_t len;

	buffer_u8(&t->words, 0);
	if (buffer_failed(&t->words)) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	text = (const char *)t->words.data;
	f = filter_new_with(text, t->words.len - 1, t->names, err);
	if (f)
		return f;
	len = strlen(err->text);
	if (shell_ate_it(text))
		snprintf(err->text + len, sizeof err->text - len,
			 "\n(did the shell take a < or >? Quote the filter, or use words: "
			 "evt.dir=exit, lt, gt)");
	error_prefix(err, "filter");
	return NULL;
}

void filter_text_done(struct filter_text *t)
{
	buffer_done(&t->words);
	definitions_free(t->names);
	t->names = NULL;
}
