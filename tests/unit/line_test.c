/* Lines and JSON of events made up here, byte for byte. */
#include "sinks/line.h"
#include "sinks/pipeline.h"
#include "tests/unit/capture_maker.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <time.h>

static struct schema *schema;
static struct maker maker;
static bool delivered;

static int one_next(struct source *s, struct item *ret, struct error *err)
{
	if (delivered)
		return 0;
	delivered = true;
	ret->kind = ITEM_EVENTS;
	ret->batch = &maker.bb.batch;
	return 1;
}

static void one_close(struct source *s)
{
}

static const struct source_ops one_ops = {"one", one_next, one_close};

static void set_up(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	schema = schema_new();
	ck_assert_int_eq(maker_init(&maker, schema), 0);
	maker.bb.batch.first_number = 1;
	delivered = false;
}

static void tear_down(void)
{
	maker_done(&maker);
	schema_free(schema);
}

/* The bytes that a sink writes about the maker's events. */
static char *output_of(struct sink *(*make)(FILE *, const char *, struct error *),
		       const char *format)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct error err = {0};
	struct source source = {&one_ops, schema};
	struct pipeline p = {.source = &source, .show_internal = true};

	p.sink = make(out, format, &err);
	ck_assert_msg(p.sink != NULL, "%s", err.text);
	ck_assert_int_eq(pipeline_run(&p, &err), 0);
	p.sink->ops->free(p.sink);
	fclose(out);
	delivered = false;
	return text;
}

static char time_format;

static struct sink *make_text(FILE *out, const char *format, struct error *err)
{
	return sink_text_new(out, format, time_format, NULL, false, err);
}

static struct sink *make_terminal(FILE *out, const char *format, struct error *err)
{
	return sink_text_new(out, format, time_format, NULL, true, err);
}

static struct sink *make_json(FILE *out, const char *format, struct error *err)
{
	return sink_json_new(out, format, NULL, err);
}

static void check(struct sink *(*make)(FILE *, const char *, struct error *), const char *format,
		  const char *want)
{
	char *have = output_of(make, format);

	ck_assert_str_eq(have, want);
	free(have);
}

static void add_open_and_read(void)
{
	struct maker_event open = {.tid = 7, .result = 3, .cpu = 2, .duration_ns = 1500};
	struct maker_event read = {.tid = 7, .fd = 3, .result = 4};
	struct maker_event missing = {.tid = 7, .result = -ENOENT};

	maker.time_ns = 1700000000000000123u;
	ck_assert_int_eq(maker_add(&maker, "openat", open, NUMBER("dirfd", -100),
				   TEXT("name", "/etc/hosts"), NUMBER("flags", 4097)),
			 0);
	maker.time_ns = 1700000001500000000u;
	ck_assert_int_eq(
	    maker_add(&maker, "read", read, BYTES("data", "a\xff\n\"", 4), NUMBER("size", 4096)),
	    0);
	ck_assert_int_eq(
	    maker_add(&maker, "openat", missing, NUMBER("dirfd", -100), TEXT("name", "/no")), 0);
}

START_TEST(fields_and_literals)
{
	set_up();
	add_open_and_read();
	check(make_text, "%evt.num %evt.type 100%% (%thread.tid)%evt.dir|%evt.cpu",
	      "1 openat 100% (7)<|2\n2 read 100% (7)<|0\n3 openat 100% (7)<|0\n");
	check(make_text, "no field", "no field\nno field\nno field\n");
	check(make_text, "%8evt.type|%2evt.type|", "openat  |op|\nread    |re|\nopenat  |op|\n");
	tear_down();
}
END_TEST

START_TEST(missing_values_skip_the_line_or_print_na)
{
	set_up();
	add_open_and_read();
	check(make_text, "%evt.num %evt.arg.size", "2 4096\n");
	check(make_text, "*%evt.num %evt.arg.size", "1 <NA>\n2 4096\n3 <NA>\n");
	tear_down();
}
END_TEST

START_TEST(time_formats)
{
	set_up();
	add_open_and_read();
	time_format = 0;
	check(make_text, "%evt.outputtime",
	      "22:13:20.000000123\n22:13:21.500000000\n22:13:21.500001000\n");
	time_format = 'a';
	check(make_text, "%evt.outputtime",
	      "1700000000.000000123\n1700000001.500000000\n1700000001.500001000\n");
	time_format = 'r';
	check(make_text, "%evt.outputtime", "0.000000000\n1.499999877\n1.500000877\n");
	time_format = 'd';
	check(make_text, "%evt.outputtime", "0.000001500\n0.000000000\n0.000000000\n");
	time_format = 'D';
	check(make_text, "%evt.outputtime", "0.000000000\n1.499999877\n0.000001000\n");
	check(make_text, "%evt.time",
	      "22:13:20.000000123\n22:13:21.500000000\n22:13:21.500001000\n");
	time_format = 0;
	tear_down();
}
END_TEST

START_TEST(formats_are_checked)
{
	struct error err = {0};

	ck_assert_ptr_null(line_new("%evt.num %evt.nun", 0, NULL, &err));
	ck_assert_int_eq(err.code, -EINVAL);
	ck_assert_uint_eq(err.offset, 10);
	ck_assert_ptr_nonnull(strstr(err.text, "column 11"));
	error_clear(&err);
	ck_assert_ptr_null(line_new("%", 0, NULL, &err));
	ck_assert_int_eq(err.code, -EINVAL);
	error_clear(&err);
	ck_assert_ptr_null(line_new("%9999evt.num", 0, NULL, &err));
	ck_assert_int_eq(err.code, -EINVAL);
	error_clear(&err);
	ck_assert_ptr_null(line_new("%evt.num", 'x', NULL, &err));
	ck_assert_str_eq(err.text, "'x' is not a time format (a, h, r, d or D)");
}
END_TEST

START_TEST(a_terminal_gets_no_control_characters)
{
	struct maker_event open = {.tid = 7, .result = 3};
	char *have;

	set_up();
	ck_assert_int_eq(
	    maker_add(&maker, "openat", open, NUMBER("dirfd", -100), TEXT("name", "/tmp/\033[2Jx")),
	    0);
	have = output_of(make_terminal, "%fd.name");
	ck_assert_ptr_null(strchr(have, 033));
	free(have);
	tear_down();
}
END_TEST

START_TEST(json_is_typed)
{
	set_up();
	add_open_and_read();
	check(
	    make_json, NULL,
	    "{\"evt.num\":1,\"evt.time\":1700000000000000123,\"evt.latency\":1500,\"evt.cpu\":2,"
	    "\"evt.type\":\"openat\",\"evt.dir\":\"<\",\"evt.res\":3,\"thread.tid\":7,"
	    "\"fd.num\":3,\"fd.type\":\"file\",\"fd.name\":\"/etc/hosts\",\"args\":{\"fd\":3,"
	    "\"dirfd\":-100,\"name\":\"/etc/hosts\",\"flags\":{\"value\":4097,\"names\":"
	    "[\"O_RDONLY\",\"O_CLOEXEC\"]},\"mode\":0,\"dev\":0,\"ino\":0}}\n"
	    "{\"evt.num\":2,\"evt.time\":1700000001500000000,\"evt.cpu\":0,\"evt.type\":\"read\","
	    "\"evt.dir\":\"<\",\"evt.res\":4,\"thread.tid\":7,\"fd.num\":3,\"fd.type\":\"file\","
	    "\"fd.name\":\"/etc/hosts\",\"args\":{\"res\":4,\"data\":\"a\\udcff\\n\\\"\",\"fd\":3,"
	    "\"size\":4096}}\n"
	    "{\"evt.num\":3,\"evt.time\":1700000001500001000,\"evt.cpu\":0,\"evt.type\":\"openat\","
	    "\"evt.dir\":\"<\",\"evt.res\":-2,\"evt.error\":\"ENOENT\",\"thread.tid\":7,\"args\":{"
	    "\"fd\":-2,\"dirfd\":-100,\"name\":\"/"
	    "no\",\"flags\":{\"value\":0,\"names\":[\"O_NONE\"]},"
	    "\"mode\":0,\"dev\":0,\"ino\":0}}\n");
	tear_down();
}
END_TEST

START_TEST(json_of_a_format)
{
	set_up();
	add_open_and_read();
	check(make_json, "%evt.num %evt.arg.size %fd.name",
	      "{\"evt.num\":2,\"evt.arg.size\":\"4096\",\"fd.name\":\"/etc/hosts\"}\n");
	check(make_json, "*%evt.arg.size",
	      "{\"evt.arg.size\":null}\n{\"evt.arg.size\":\"4096\"}\n{\"evt.arg.size\":null}\n");
	tear_down();
}
END_TEST

START_TEST(json_of_addresses_and_lists)
{
	struct maker_event e = {.tid = 7, .result = 0, .fd = 3};
	uint8_t tuple[13];
	char *have;

	set_up();
	maker_tuple(tuple, 0x0a000002, 40000, 0x7f000001, 80);
	ck_assert_int_eq(maker_add(&maker, "connect", e, BYTES("tuple", tuple, sizeof tuple),
				   BYTES("addr", "\2\x7f\0\0\1\x50\0", 7)),
			 0);
	ck_assert_int_eq(maker_add(&maker, "poll", e, BYTES("fds", "\1\0\4\0\0\0\0\0\0\0\5\0", 12)),
			 0);
	ck_assert_int_eq(maker_add(&maker, "kill", e, NUMBER("pid", 9), NUMBER("sig", 9)), 0);
	e.absent = 1 << 1;
	ck_assert_int_eq(maker_add(&maker, "execve", e, BYTES("args", "-v\0x\0", 5)), 0);
	have = output_of(make_json, NULL);
	ck_assert_ptr_nonnull(strstr(have, "\"tuple\":{\"family\":\"AF_INET\",\"sip\":\"10.0.0.2\","
					   "\"sport\":40000,\"dip\":\"127.0.0.1\",\"dport\":80}"));
	ck_assert_ptr_nonnull(
	    strstr(have, "\"addr\":{\"family\":\"AF_INET\",\"ip\":\"127.0.0.1\",\"port\":80}"));
	ck_assert_ptr_nonnull(strstr(have, "\"fds\":[{\"fd\":4,\"events\":{\"value\":5,\"names\":"
					   "[\"POLLIN\",\"POLLOUT\"]}}]"));
	ck_assert_ptr_nonnull(strstr(have, "\"sig\":{\"value\":9,\"names\":[\"SIGKILL\"]}"));
	ck_assert_ptr_nonnull(strstr(have, "\"exe\":null,\"args\":[\"-v\",\"x\"]"));
	free(have);
	tear_down();
}
END_TEST

SUITE("line", fields_and_literals, missing_values_skip_the_line_or_print_na, time_formats,
      formats_are_checked, a_terminal_gets_no_control_characters, json_is_typed, json_of_a_format,
      json_of_addresses_and_lists)
