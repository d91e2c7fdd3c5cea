/* Transformers, values asked of the event, macros and lists: on the events of filter_events. */
#include "filters/definitions.h"
#include "tests/unit/filter_events.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

static struct filter_events events;

static const char *matches(const char *text)
{
	static char out[256];
	struct error err = {0};
	const char *words = filter_events_run(&events, text, strlen(text), out, sizeof out, &err);

	ck_assert_msg(!words && !err.code, "%s: %s", text, words ? words : err.text);
	return out;
}

#define MATCHES(filter, numbers) ck_assert_str_eq(matches(filter), numbers)

START_TEST(texts_are_changed)
{
	ck_assert(filter_events_init(&events));
	MATCHES("toupper(proc.name)=BASH", "7 8 9 10 11");
	MATCHES("toupper(proc.name)=bash", "");
	MATCHES("tolower(toupper(proc.name)) = bash", "7 8 9 10 11");
	MATCHES("tolower(evt.type)=openat", "0 2");
	MATCHES("toupper( evt.type ) in (OPENAT, READ)", "0 1 2 12");
	MATCHES("basename(fd.name)=hosts", "0 1 3");
	MATCHES("basename(fd.name)=''", "4 8 9 12 13");
	MATCHES("len(proc.name)=4 and evt.num<3", "0 1");
	MATCHES("len(fd.name)=10", "0 1 3");
	MATCHES("len(basename(fd.name)) > 3 and fd.type=file", "0 1 3");
	MATCHES("len(evt.buffer)=5", "1");
	MATCHES("len(proc.aname)=2", "0 1 2 3 4 5 6");
	MATCHES("len(fd.port)=2", "5 6");
	MATCHES("toupper(proc.aname)=BASH", "0 1 2 3 4 5 6");
	MATCHES("len(evt.buffer) exists and len(evt.buffer)!=0", "1 6");
	filter_events_done(&events);
}
END_TEST

START_TEST(texts_are_put_together)
{
	ck_assert(filter_events_init(&events));
	MATCHES("concat(proc.name, evt.type) startswith curlop", "0 2");
	MATCHES("concat(fd.rip, \":\", fd.rport)=10.1.2.3:80", "5 6");
	MATCHES("not concat(fd.rip, \":\", fd.rport) exists", "0 1 2 3 4 7 8 9 10 11 12 13");
	MATCHES("join(\"-\", (proc.name, evt.type)) contains -open", "0 2");
	MATCHES("join('/', proc.aname)=bash/systemd", "0 1 2 3 4 5 6");
	MATCHES("join('', (fd.lport, fd.rip)) = 400010.1.2.3", "5 6");
	MATCHES("concat('a', concat(\"b\", 'c'))=abc and evt.num=1", "0");
	MATCHES("getopt(proc.args, 's:')[s]=example.org and evt.num=1", "0");
	MATCHES("getopt(proc.args, 'sx') intersects (s, t) and evt.num=1", "0");
	MATCHES("getopt(proc.args, 'x') exists", "");
	filter_events_done(&events);
}
END_TEST

START_TEST(values_are_asked_of_the_event)
{
	ck_assert(filter_events_init(&events));
	MATCHES("proc.name=val(proc.exe)", "0 1 2 3 4 5 6 12 13");
	MATCHES("proc.name!=val(proc.exe)", "7 8 9 10 11");
	MATCHES("not proc.name=val(proc.exe)", "7 8 9 10 11");
	MATCHES("fd.name contains val(fd.filename) and fd.type=file", "0 1 3");
	MATCHES("fd.name = concat(fd.directory, '/', fd.filename)", "0 1 3");
	MATCHES("proc.exe endswith val(proc.name) and thread.tid=10", "7 8 9 10 11");
	MATCHES("proc.name in (x, val(proc.exe))", "0 1 2 3 4 5 6 12 13");
	MATCHES("thread.tid=val(proc.pid)", "0 1 2 3 4 5 6 7 8 9 10 11 13");
	MATCHES("proc.pid > val(proc.ppid)", "0 1 2 3 4 5 6 7 8 9 10 11 13");
	MATCHES("fd.sip=val(fd.rip)", "5 6");
	MATCHES("fd.ip=val(fd.sip)", "5 6");
	MATCHES("fd.sip=val(fd.cip)", "");
	MATCHES("fd.num=val(evt.rawres)", "0 4 12");
	MATCHES("toupper(proc.name)=toupper(proc.exe)", "0 1 2 3 4 5 6 12 13");
	MATCHES("evt.failed=val(evt.is_io)", "0 3 4 5 7 8 9 13");
	MATCHES("fd.name=val(fd.name)", "0 1 2 3 4 5 6 8 9 12 13");
	filter_events_done(&events);
}
END_TEST

/* ---- macros and lists ---- */

static const char yaml[] = "# what Falco would say\n"
			   "- required_engine_version: 0.31.0\n"
			   "- list: shells\n"
			   "  items: [bash, zsh, \"two words\"]\n"
			   "- list: programs\n"
			   "  items:\n"
			   "    - curl\n"
			   "    - shells\n"
			   "- list: empty\n"
			   "  items: []\n"
			   "- macro: opens\n"
			   "  condition: evt.type in (open, openat) and evt.dir=exit\n"
			   "- macro: by_shell\n"
			   "  condition: (proc.name in (shells))\n"
			   "- macro: interesting\n"
			   "  condition: >\n"
			   "    opens or\n"
			   "    by_shell\n"
			   "- macro: round\n"
			   "  condition: not round\n"
			   "- list: loop\n"
			   "  items: [loop]\n"
			   "- macro: wrong\n"
			   "  condition: proc.nam=x\n"
			   "- rule: shell in a container\n"
			   "  desc: {nested: [a, {b: c}]}\n"
			   "  condition: by_shell and container\n"
			   "  tags: [x, y]\n";

static const char *defined(const struct definitions *d, const char *text, struct error *err)
{
	static char out[256];
	struct filter *f;
	size_t n = 0;

	error_clear(err);
	f = filter_new_with(text, strlen(text), d, err);
	if (!f)
		return err->text;
	ck_assert(filter_events_rewind(&events));
	out[0] = 0;
	for (uint32_t i = 0; i < events.m.bb.batch.n_events; i++) {
		struct event ev;

		event_at(&ev, &events.m.bb.batch, i);
		state_apply(events.st, &ev);
		if (filter_match(f, &ev, events.st))
			n += (size_t)snprintf(out + n, sizeof out - n, "%s%u", n ? " " : "", i);
		state_settle(events.st);
	}
	filter_free(f);
	return out;
}

START_TEST(macros_and_lists)
{
	struct definitions *d = definitions_new();
	struct error err = {0};

	ck_assert(filter_events_init(&events));
	ck_assert(definitions_are_yaml(yaml, strlen(yaml)));
	ck_assert(!definitions_are_yaml("# x\n evt.num=-1", 15));
	ck_assert_msg(definitions_read(d, yaml, strlen(yaml), &err) == 0, "%s", err.text);
	ck_assert_str_eq(defined(d, "opens", &err), "0 2");
	ck_assert_str_eq(defined(d, "not opens and evt.num<4", &err), "1");
	ck_assert_str_eq(defined(d, "interesting", &err), "0 2 7 8 9 10 11");
	ck_assert_str_eq(defined(d, "(interesting) and not by_shell", &err), "0 2");
	ck_assert_str_eq(defined(d, "proc.name in (programs) and evt.num in (1, 8)", &err), "0 7");
	ck_assert_str_eq(defined(d, "proc.name in shells", &err), "7 8 9 10 11");
	ck_assert_str_eq(defined(d, "proc.name in (empty)", &err), "");
	ck_assert_str_eq(defined(d, "proc.name in (\"shells\")", &err), "");
	ck_assert_str_eq(defined(d, "proc.name = shells", &err), "");
	ck_assert_str_eq(defined(d, "opns", &err), "unknown macro opns: did you mean opens?\nopns\n^");
	ck_assert_str_eq(defined(d, "evt.num=1 and wrong", &err),
			 "macro wrong: unknown field proc.nam: did you mean proc.name?\nproc.nam=x\n^");
	ck_assert_str_eq(defined(d, "round", &err), "macro round: macro round leads back to itself\nnot round\n    ^");
	ck_assert_ptr_nonnull(strstr(defined(d, "proc.name in (loop)", &err), "list loop leads back to itself"));
	/* More of the same, and something else in its place. */
	ck_assert_int_eq(definitions_read(d, "- list: shells\n  append: true\n  items: [curl]\n", 46, &err), 0);
	ck_assert_str_eq(defined(d, "proc.name in (shells) and evt.num in (1, 8)", &err), "0 7");
	ck_assert_int_eq(definitions_read(d, "- list: shells\n  items: [sh]\n", 29, &err), 0);
	ck_assert_str_eq(defined(d, "proc.name in (shells)", &err), "");
	ck_assert_int_eq(definitions_read(d, "- macro: opens\n  override: {condition: append}\n"
					     "  condition: or evt.num=2\n- filter: opens\n", 88, &err), 0);
	ck_assert_str_eq(definitions_filter(d), "opens");
	ck_assert_str_eq(defined(d, "opens", &err), "0 1 2");
	definitions_free(d);
	filter_events_done(&events);
}
END_TEST

static void refuses(const char *text, const char *words)
{
	struct definitions *d = definitions_new();
	struct error err = {0};

	ck_assert_int_eq(definitions_read(d, text, strlen(text), &err), -EINVAL);
	ck_assert_msg(strstr(err.text, words), "%s: %s", text, err.text);
	definitions_free(d);
}

START_TEST(wrong_definitions)
{
	refuses("- macro: a b\n  condition: x\n", "letters, digits and _");
	refuses("- macro: a\n", "a macro needs a condition");
	refuses("- list: a\n", "a list needs items");
	refuses("- list: a\n  items: b\n", "items are a list");
	refuses("- list: a\n  items: [[b]]\n", "a text was expected");
	refuses("- list: &x a\n  items: [*x]\n", "aliases");
	refuses("a: b\n", "a list of macros and lists was expected");
	refuses("- {a\n", "line 2");
	refuses("- just text\n", "an entry such as");
	refuses("- filter: a\n- filter: b\n", "there is a filter already");
}
END_TEST

/* Definitions that double at each step: refused, quickly. */
START_TEST(doubling_definitions)
{
	struct definitions *d = definitions_new();
	struct error err = {0};
	char text[8192];
	size_t n = 0;

	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
				      "- macro: m%d\n  condition: m%d or m%d\n- list: l%d\n  items: [l%d, l%d]\n", i,
				      i + 1, i + 1, i, i + 1, i + 1);
	n += (size_t)snprintf(text + n, sizeof text - n,
			      "- macro: m60\n  condition: evt.num=1\n- list: l60\n  items: []\n");
	ck_assert_int_eq(definitions_read(d, text, n, &err), 0);
	ck_assert_ptr_null(filter_new_with("m0", 2, d, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "more than 8192 checks in one filter"));
	error_clear(&err);
	ck_assert_ptr_null(filter_new_with("proc.name in (l0)", 17, d, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "lists have more than 1048576 values"));
	definitions_free(d);
}
END_TEST

SUITE("filter_calls", texts_are_changed, texts_are_put_together, values_are_asked_of_the_event,
      macros_and_lists, wrong_definitions, doubling_definitions)
