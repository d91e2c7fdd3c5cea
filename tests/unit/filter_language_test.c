/* What the language accepts and refuses: the examples of GRAMMAR.md, and limits. */
#include "filters/filter.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

static const char *source_root(void)
{
	const char *root = getenv("SOURCE_ROOT");

	return root ? root : ".";
}

/* The first line of the refusal, "" when the text is accepted. */
static const char *refusal(const char *text, struct error *err)
{
	struct filter *f;

	error_clear(err);
	f = filter_new(text, err);
	ck_assert_msg(!f == (err->code != 0), "%s: result and error disagree", text);
	filter_free(f);
	err->text[strcspn(err->text, "\n")] = 0;
	return err->code ? err->text : "";
}

static void check_example(const char *line, bool refused, unsigned number)
{
	char filter[1024];
	const char *words = strchr(line, '\t');
	size_t len = words ? (size_t)(words - line) : strlen(line);
	struct error err = {0};

	memcpy(filter, line, len);
	filter[len] = 0;
	refusal(filter, &err);
	if (!refused)
		ck_assert_msg(!err.code, "GRAMMAR.md:%u: %s: %s", number, filter, err.text);
	else
		ck_assert_msg(words && !strcmp(words + 1, err.text),
			      "GRAMMAR.md:%u: %s\n   says %s\n   have %s", number, filter,
			      words ? words + 1 : "nothing", err.text);
}

START_TEST(examples_are_as_the_grammar_says)
{
	char path[4096], line[1024];
	enum { OUTSIDE, ACCEPTED, REFUSED } block = OUTSIDE;
	unsigned number = 0, n_accepted = 0, n_refused = 0;
	FILE *in;

	snprintf(path, sizeof path, "%s/filters/GRAMMAR.md", source_root());
	in = fopen(path, "r");
	ck_assert_msg(in != NULL, "%s", path);
	while (fgets(line, sizeof line, in)) {
		number++;
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "```", 3)) {
			block = !strcmp(line, "```filter")    ? ACCEPTED
				: !strcmp(line, "```refused") ? REFUSED
							      : OUTSIDE;
			continue;
		}
		if (block == OUTSIDE)
			continue;
		n_accepted += block == ACCEPTED;
		n_refused += block == REFUSED;
		check_example(line, block == REFUSED, number);
	}
	fclose(in);
	ck_assert_uint_gt(n_accepted, 40);
	ck_assert_uint_gt(n_refused, 30);
}
END_TEST

START_TEST(error_points_at_the_place)
{
	struct error err = {0};

	ck_assert_ptr_null(filter_new("evt.type=openat and proc.nam=curl", &err));
	ck_assert_int_eq(err.code, -EINVAL);
	ck_assert_uint_eq(err.offset, 20);
	ck_assert_str_eq(err.text, "unknown field proc.nam: did you mean proc.name?\n"
				   "evt.type=openat and proc.nam=curl\n"
				   "                    ^");
	/* The caret counts characters, not bytes; tabs are shown as blanks. */
	error_clear(&err);
	ck_assert_ptr_null(filter_new("proc.name=\xc3\xa4\tand evt.num=x", &err));
	ck_assert_uint_eq(err.offset, 25);
	ck_assert_ptr_nonnull(strstr(err.text, "\nproc.name=\xc3\xa4 and evt.num=x\n"
					       "                        ^"));
}
END_TEST

START_TEST(long_filter_is_shown_around_the_place)
{
	char text[5000];
	struct error err = {0};
	const char *line, *caret;

	memset(text, ' ', sizeof text);
	memcpy(text, "evt.num>1 and", 13);
	memcpy(text + 4000, "fd.nam=x", 8);
	text[sizeof text - 1] = 0;
	ck_assert_ptr_null(filter_new(text, &err));
	ck_assert_uint_eq(err.offset, 4000);
	line = strchr(err.text, '\n') + 1;
	caret = strchr(line, '\n') + 1;
	ck_assert_int_eq(strncmp(line + strspn(caret, " "), "fd.nam=x", 8), 0);
}
END_TEST

static char *nested(unsigned depth)
{
	char *text = malloc(2 * depth + 32), *p = text;

	memset(p, '(', depth);
	p += depth;
	p += sprintf(p, "evt.num>1");
	memset(p, ')', depth);
	p[depth] = 0;
	return text;
}

START_TEST(nesting_is_limited)
{
	char *fits = nested(100), *deep = nested(101), *mad = nested(400000);
	struct error err = {0};

	ck_assert_str_eq(refusal(fits, &err), "");
	ck_assert_str_eq(refusal(deep, &err), "parentheses are nested deeper than 100 levels");
	ck_assert_str_eq(refusal(mad, &err), "parentheses are nested deeper than 100 levels");
	free(fits);
	free(deep);
	free(mad);
}
END_TEST

START_TEST(size_and_number_of_checks_are_limited)
{
	size_t len = (1 << 20) + 1;
	char *text = malloc(len + 1);
	struct error err = {0};
	size_t at = 0;

	memset(text, ' ', len);
	text[len] = 0;
	ck_assert_str_eq(refusal(text, &err), "the filter has 1048577 bytes, more than 1048576");
	text[len - 1] = 0;
	ck_assert_str_eq(refusal(text, &err), "");
	for (int i = 0; i < 8192; i++)
		at += (size_t)sprintf(text + at, "%sevt.cpu=1", i ? " or " : "");
	ck_assert_str_eq(refusal(text, &err), "");
	sprintf(text + at, " or evt.cpu=1");
	ck_assert_str_eq(refusal(text, &err),
			 "more than 8192 checks in one filter (use a list: in (a, b, ...))");
	free(text);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
	struct error err = {0};

	ck_assert_str_eq(refusal("proc.name=\xff", &err), "byte 10 of the filter (0xff) is not UTF-8");
	ck_assert_str_eq(refusal("proc.name=\xc0\x80", &err), "byte 10 of the filter (0xc0) is not UTF-8");
	ck_assert_str_eq(refusal("proc.name=\xed\xa0\x80", &err),
			 "byte 10 of the filter (0xed) is not UTF-8");
	ck_assert_str_eq(refusal("proc.name=a\x01", &err),
			 "byte 11 of the filter is the control character 0x01");
	error_clear(&err);
	ck_assert_ptr_null(filter_new_len("evt.num>1\0", 10, &err));
	ck_assert_str_eq(err.text, "byte 9 of the filter is the control character 0x00");
}
END_TEST

START_TEST(every_field_parses_and_has_help)
{
	const struct field_info *info;
	size_t i;

	for (i = 0; (info = field_info_at(i)); i++) {
		struct field f;
		struct error err = {0};
		size_t len;
		char text[300];

		ck_assert_uint_eq(info->id, i);
		ck_assert_uint_gt(strlen(info->help), 10);
		ck_assert_ptr_eq(field_info_find(info->name, strlen(info->name)), info);
		snprintf(text, sizeof text, "%s%s rest", info->name, info->argument == 2 ? "[0]" : "");
		ck_assert_msg(field_parse(&f, text, &len, &err) == 0, "%s: %s", text, err.text);
		ck_assert_uint_eq(len, strlen(text) - 5);
		ck_assert_ptr_eq(f.info, info);
	}
	ck_assert_uint_ge(i, 150);
}
END_TEST

START_TEST(field_in_a_format_ends_where_it_ends)
{
	struct field f;
	size_t len;
	struct error err = {0};

	ck_assert_int_eq(field_parse(&f, "proc.name[%proc.pid]", &len, &err), 0);
	ck_assert_uint_eq(len, 9);
	ck_assert_int_eq(field_parse(&f, "evt.num.", &len, &err), 0);
	ck_assert_uint_eq(len, 7);
	ck_assert_int_eq(field_parse(&f, "evt.arg.flags.", &len, &err), 0);
	ck_assert_uint_eq(len, 13);
	ck_assert_str_eq(f.argument, "flags");
	ck_assert_int_eq(field_parse(&f, "proc.env[\"A ]B\"]x", &len, &err), 0);
	ck_assert_uint_eq(len, 16);
	ck_assert_str_eq(f.argument, "A ]B");
	ck_assert_int_eq(field_parse(&f, "proc.aname[3]", &len, &err), 0);
	ck_assert_int_eq(f.index, 3);
	ck_assert_int_eq(field_parse(&f, "proc.env[HOME", &len, &err), -EINVAL);
}
END_TEST

SUITE("filter_language", examples_are_as_the_grammar_says, error_points_at_the_place,
      long_filter_is_shown_around_the_place, nesting_is_limited, size_and_number_of_checks_are_limited,
      bytes_that_are_no_text_are_refused, every_field_parses_and_has_help,
      field_in_a_format_ends_where_it_ends)
