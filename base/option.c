#include "base/option.h"

#include "base/suggest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool row_is_last(const struct option_row *row)
{
	return !row->letter && !row->name;
}

static const struct option_row *row_by_letter(const struct option_row *rows, int letter)
{
	for (; !row_is_last(rows); rows++)
		if (rows->letter == letter)
			return rows;
	return NULL;
}

static const struct option_row *row_by_name(const struct option_row *rows, const char *name,
					    size_t len)
{
	for (; !row_is_last(rows); rows++)
		if (rows->name && strlen(rows->name) == len && !memcmp(rows->name, name, len))
			return rows;
	return NULL;
}

static int unknown_name(const struct option_row *rows, const char *name, size_t len, struct error *err)
{
	struct suggestion s = suggestion_for(name, len);

	for (; !row_is_last(rows); rows++)
		if (rows->name)
			suggestion_try(&s, rows->name);
	if (s.best)
		return error_set(err, -EINVAL, "unknown option --%.*s: did you mean --%s? (see --help)", (int)len, name, s.best);
	return error_set(err, -EINVAL, "unknown option --%.*s (see --help)", (int)len, name);
}

/* One argv word of short options: "-xvn10". Returns how many further words it used. */
static int take_letters(const struct option_row *rows, const char *word, const char *next,
			void *context, struct error *err)
{
	for (const char *p = word + 1; *p; p++) {
		const struct option_row *row = row_by_letter(rows, *p);
		const char *value = NULL;
		int r;

		if (!row)
			return error_set(err, -EINVAL, "unknown option -%c (see --help)", *p);
		if (row->value && row->value[0] != '[') {
			value = p[1] ? p + 1 : next;
			if (!value)
				return error_set(err, -EINVAL, "-%c needs %s", *p, row->value);
		}
		r = row->take(context, value, err);
		if (r < 0) {
			error_prefix(err, "-%c", *p);
			return r;
		}
		if (value)
			return p[1] ? 0 : 1;
	}
	return 0;
}

static int take_name(const struct option_row *rows, const char *word, const char *next,
		     void *context, struct error *err)
{
	const char *name = word + 2;
	const char *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct option_row *row = row_by_name(rows, name, len);
	const char *value = eq ? eq + 1 : NULL;
	int used = 0, r;

	if (!row)
		return unknown_name(rows, name, len, err);
	if (!row->value && value)
		return error_set(err, -EINVAL, "--%s takes no value", row->name);
	if (row->value && row->value[0] != '[' && !value) {
		value = next;
		used = 1;
		if (!value)
			return error_set(err, -EINVAL, "--%s needs %s", row->name, row->value);
	}
	r = row->take(context, value, err);
	if (r < 0) {
		error_prefix(err, "--%s", row->name);
		return r;
	}
	return used;
}

int options_parse(const struct option_row *rows, int argc, char **argv, int *ret_command,
		  void *context, struct error *err)
{
	int n_operands = 0, i;
	char **operands = calloc((size_t)argc + 1, sizeof *operands);
	int command = 0;

	if (!operands)
		return error_set(err, -ENOMEM, "out of memory");
	for (i = 1; i < argc; i++) {
		char *word = argv[i];
		char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used = 0;

		if (!strcmp(word, "--")) {
			command = i + 1;
			break;
		}
		if (word[0] != '-' || !word[1]) {
			operands[n_operands++] = word;
			continue;
		}
		used = word[1] == '-' ? take_name(rows, word, next, context, err)
				      : take_letters(rows, word, next, context, err);
		if (used < 0) {
			free(operands);
			return used;
		}
		i += used;
	}
	/* Operands end where the command begins; without a command, at argc. */
	if (!ret_command && command) {
		for (; command < argc; command++)
			operands[n_operands++] = argv[command];
		command = 0;
	}
	int first = (command ? command - 1 : argc) - n_operands;

	memcpy(argv + first, operands, (size_t)n_operands * sizeof *operands);
	free(operands);
	if (ret_command)
		*ret_command = command;
	return first;
}

void options_print(const struct option_row *rows, FILE *out)
{
	for (; !row_is_last(rows); rows++) {
		char left[64];
		int n = 0;

		if (rows->letter)
			n += snprintf(left, sizeof left, "-%c", rows->letter);
		if (rows->name)
			n += snprintf(left + n, sizeof left - (size_t)n, "%s--%s",
				      rows->letter ? ", " : "    ", rows->name);
		if (rows->value)
			snprintf(left + n, sizeof left - (size_t)n, "%s%s",
				 rows->value[0] == '[' ? "" : " ", rows->value);
		fprintf(out, "  %-26s %s%s\n", left, strlen(left) > 26 ? "\n                             " : "",
			rows->help);
	}
}

int option_size(const char *text, uint64_t *ret, struct error *err)
{
	static const char units[] = "kmg"; /* powers of 1024 */
	const char *unit;
	char *end;
	unsigned long long v;
	unsigned shift;

	errno = 0;
	v = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end | 0x20) : NULL;
	if (end == text || *text == '-' || errno || (*end && (!unit || end[1])))
		return error_set(err, -EINVAL, "'%s' is not a size (10, 64k, 8M, 1G)", text);
	shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	if (v > UINT64_MAX >> shift)
		return error_set(err, -EINVAL, "'%s' is too large", text);
	*ret = v << shift;
	return 0;
}

int option_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (end == text || *end || *text == '-' || errno || v < min || v > max)
		return error_set(err, -EINVAL, "'%s' is not a number from %llu to %llu", text,
				 (unsigned long long)min, (unsigned long long)max);
	*ret = v;
	return 0;
}

int option_word(const char *text, const char *const *words, unsigned n, unsigned *ret, struct error *err)
{
	char list[256];
	size_t len = 0;

	for (unsigned i = 0; i < n; i++)
		if (!strcmp(text, words[i])) {
			*ret = i;
			return 0;
		}
	for (unsigned i = 0; i < n && len < sizeof list; i++)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", words[i]);
	return error_set(err, -EINVAL, "'%s' is none of %s", text, list);
}

int options_finish(int status)
{
	int before = errno;

	if (fflush(stdout) == 0) {
		if (!ferror(stdout) || status)
			return status; /* where it failed earlier, words have been said */
		errno = before;
	}
	if (errno == EPIPE)
		return status;
	fprintf(stderr, "%s: cannot write the output: %s\n", program_invocation_short_name, strerror(errno));
	return status ? status : 1;
}
