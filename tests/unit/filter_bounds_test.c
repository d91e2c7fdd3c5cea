/* Long lists, long texts, patterns that explode: bounded, and right. Each test has the few seconds that Check gives. */
#include "tests/unit/filter_events.h"
#include "tests/unit/suite.h"

#include <stdio.h>

#define ROOM (2u << 20)

static struct filter_events events;
static char *text;
static size_t n;

static void start(void)
{
	ck_assert(filter_events_init(&events));
	text = malloc(ROOM);
	ck_assert_ptr_nonnull(text);
}

static void done(void)
{
	free(text);
	filter_events_done(&events);
}

/* "front" count times the format with a number, "back": in text. */
static void repeat(const char *front, unsigned count, const char *format, const char *back)
{
	n = (size_t)snprintf(text, ROOM, "%s", front);
	for (unsigned i = 0; i < count; i++) {
		/* Numbers in four forms, for addresses. */
		n += (size_t)snprintf(text + n, ROOM - n, format, i, i / 250, i % 250);
		ck_assert_uint_lt(n, ROOM - 100);
	}
	n += (size_t)snprintf(text + n, ROOM - n, "%s", back);
}

static void matches(const char *numbers)
{
	static char out[256];
	struct error err = {0};
	const char *words = filter_events_run(&events, text, n, out, sizeof out, &err);

	ck_assert_msg(!words && !err.code, "%.60s: %s", text, words ? words : err.text);
	ck_assert_msg(!strcmp(out, numbers), "%.60s: %s", text, out);
}

static void refused(const char *why)
{
	struct error err = {0};

	ck_assert_ptr_null(filter_new_len(text, n, &err));
	ck_assert_msg(strstr(err.text, why), "%.60s: %s", text, err.text);
}

START_TEST(long_lists)
{
	start();
	repeat("proc.name in (", 10000, "name%u,", "bash)");
	matches("7 8 9 10 11");
	repeat("not proc.name in (", 10000, "name%u,", "bash)");
	matches("0 1 2 3 4 5 6 12 13");
	repeat("fd.name in (", 10000, "/some/where/%u,", "/etc/hosts)");
	matches("0 1 3");
	repeat("proc.pid in (", 10000, "%1$u1000,", "10)");
	matches("7 8 9 10 11");
	repeat("evt.rawarg.ino in (", 9, "1844674407370955161%u,", "77)");
	matches("0");
	repeat("evt.rawres in (", 10000, "%1$u7777,", "-2)");
	matches("2");
	repeat("fd.sip in (", 10000, "11.%2$u.%3$u.7,", "::1, 10.1.2.3)");
	matches("5 6");
	repeat("fd.snet in (", 10000, "11.%2$u.%3$u.0/24,", "::/3, 10.1.2.0/30)");
	matches("5 6");
	repeat("fd.snet in (", 10000, "11.%2$u.%3$u.0/24,", "10.1.2.0/31)");
	matches("");
	repeat("fd.net in (", 20, "11.%2$u.%3$u.0/24,", "0.0.0.0/0)");
	matches("5 6");
	repeat("fd.name pmatch (", 10000, "/a/%u/*,", "/etc)");
	matches("0 1 3");
	repeat("fd.types intersects (", 10000, "kind%u,", "file) and evt.num=2");
	matches("1");
	done();
}
END_TEST

START_TEST(long_texts)
{
	start();
	repeat("proc.name=\"", 150000, "%1$u", "\" or evt.num=1");
	matches("0");
	repeat("fd.name contains \"", 150000, "%1$u", "\" or evt.num=1");
	matches("0");
	repeat("", 250000, "not ", "evt.num>1");
	matches("1 2 3 4 5 6 7 8 9 10 11 12 13");
	repeat("fd.name glob '", 1500, "*a", "' or evt.num=1");
	matches("0");
	repeat("fd.name glob '", 2100, "*a", "'");
	refused("more than 4096");
	done();
}
END_TEST

START_TEST(patterns_that_explode)
{
	start();
	repeat("", 1, "fd.name regex '(a*)*b' or evt.args regex '(.*)*(.*)*(.*)*q'", " or evt.num=1");
	matches("0");
	repeat("evt.num=1", 300, " or evt.args regex '((.+)+)+(.*)*x%u'", "");
	matches("0");
	repeat("fd.name regex '", 1, "((a{1,200}){1,200}){1,200}", "'");
	refused("regular expression is too large");
	done();
}
END_TEST

START_TEST(calls_that_explode)
{
	start();
	repeat("concat(", 60, "concat(proc.cmdline, '-', proc.args, evt.args), ", "'end') contains end and evt.num=1");
	matches("0");
	repeat("", 17, "tolower(", "proc.name)=x");
	refused("nested deeper than 16 levels");
	repeat("concat(", 70, "proc.name,", "proc.name)=x");
	refused("at most 64 arguments");
	repeat("proc.name in (", 8192, "val(proc.exe),", "x)");
	refused("more than 8192 checks");
	done();
}
END_TEST

SUITE("filter_bounds", long_lists, long_texts, patterns_that_explode, calls_that_explode)
