/* JSON of parameter types that captures of ours have seldom or never, by rows that a file could bring. */
#include "sinks/sink.h"
#include "tests/unit/suite.h"

#include <stdio.h>

#define TYPE 0x4f00

static const struct flag_name weekday_rows[] = {{1, "MONDAY"}, {9, "SUNDAY"}, {0, NULL}};
static const struct flag_table weekdays = {"weekdays", weekday_rows};

/* The number of the call, of x86_64. */
static uint16_t sysno;

/* What args says of an event of TYPE with one parameter and this payload. known: whether there is a row. */
static void check(enum param_type type, const struct flag_table *flags, bool known, const void *payload,
		  uint32_t len, const char *want)
{
	struct param_info param = {.name = "x", .type = (uint8_t)type, .format = PF_DEC,
				   .dirfd_param = -1, .flags = flags};
	struct event_info info = {.type = TYPE, .name = "made_up", .n_params = 1, .result_param = -1,
				  .fd_param = -1, .params = &param};
	struct batch_row row = {.type = TYPE, .tid = 7, .fd = FD_NONE, .sysno = sysno, .payload = payload, .payload_len = len};
	struct schema *schema = schema_new();
	struct state *st;
	struct batch_builder bb;
	struct error err = {0};
	struct event ev;
	struct sink *sink;
	char *text = NULL;
	size_t text_len;
	FILE *out = open_memstream(&text, &text_len);

	if (known)
		ck_assert_int_eq(schema_add(schema, &info), 0);
	ck_assert_int_eq(batch_builder_init(&bb, schema), 0);
	ck_assert_int_eq(batch_builder_add(&bb, &row), 0);
	st = state_new(schema);
	sink = sink_json_new(out, NULL, NULL, &err);
	event_at(&ev, &bb.batch, 0);
	ck_assert_int_eq(sink->ops->event(sink, &ev, st, &err), 0);
	ck_assert_int_eq(sink->ops->finish(sink, &err), 0);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\"args\":{"));
	ck_assert_str_eq(strstr(text, "\"args\":{") + 8, want);
	free(text);
	sink->ops->free(sink);
	state_free(st);
	batch_builder_done(&bb);
	schema_free(schema);
}

START_TEST(signed_numbers_with_names_stay_signed)
{
	check(PT_INT32, &weekdays, true, "\xff\xff\xff\xff", 4, "\"x\":{\"value\":-1,\"names\":[\"MONDAY\"]}}}\n");
	check(PT_INT8, &weekdays, true, "\x01", 1, "\"x\":{\"value\":1,\"names\":[\"MONDAY\"]}}}\n");
	check(PT_ENUMFLAGS32, &weekdays, true, "\xff\xff\xff\xff", 4, "\"x\":{\"value\":4294967295,\"names\":[]}}}\n");
}
END_TEST

START_TEST(types_without_a_row_show_their_payload)
{
	check(PT_NONE, NULL, false, "hi\xff", 3, "\"payload\":\"6869ff\"}}\n");
	check(PT_NONE, NULL, false, NULL, 0, "\"payload\":\"\"}}\n");
}
END_TEST

START_TEST(text_of_no_length_is_not_available)
{
	check(PT_CHARBUF, NULL, true, "\0\0", 2, "\"x\":null}}\n");
	check(PT_FSPATH, NULL, true, "\0\0", 2, "\"x\":null}}\n");
	check(PT_CHARBUF, NULL, true, "\1\0\0", 3, "\"x\":\"\"}}\n");
	check(PT_BYTEBUF, NULL, true, "\0\0", 2, "\"x\":\"\"}}\n");
}
END_TEST

START_TEST(addresses_are_text)
{
	check(PT_IPV4NET, NULL, true, "\x0a\0\0\0\xff\0\0\0", 8, "\"x\":\"10.0.0.0/255.0.0.0\"}}\n");
	check(PT_IPADDR, NULL, true, "\4\0\x0a\1\2\3", 6, "\"x\":\"10.1.2.3\"}}\n");
	check(PT_IPADDR, NULL, true, "\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 18, "\"x\":\"::1\"}}\n");
	check(PT_IPADDR, NULL, true, "\2\0\x0a\1", 4, "\"x\":null}}\n");
}
END_TEST

START_TEST(names_of_the_file_win)
{
	check(PT_SIGTYPE, NULL, true, "\x09", 1, "\"x\":{\"value\":9,\"names\":[\"SIGKILL\"]}}}\n");
	check(PT_SIGTYPE, &weekdays, true, "\x09", 1, "\"x\":{\"value\":9,\"names\":[\"SUNDAY\"]}}}\n");
}
END_TEST

/* Kinds of file are numbers in common bits, not bits: the longer ones come first. */
START_TEST(kinds_of_file_have_one_name)
{
	const struct flag_table *modes = flag_table_find("mknod_mode");

	check(PT_MODE, modes, true, "\0\x60\0\0", 4, "\"x\":{\"value\":24576,\"names\":[\"S_IFBLK\"]}}}\n");
	check(PT_MODE, modes, true, "\0\xc0\0\0", 4, "\"x\":{\"value\":49152,\"names\":[\"S_IFSOCK\"]}}}\n");
	check(PT_MODE, modes, true, "\0\x20\0\0", 4, "\"x\":{\"value\":8192,\"names\":[\"S_IFCHR\"]}}}\n");
	check(PT_MODE, modes, true, "\0\x80\0\0", 4, "\"x\":{\"value\":32768,\"names\":[\"S_IFREG\"]}}}\n");
}
END_TEST

/* The argument words, and what they point to by the names that the call's row has. */
START_TEST(memory_is_structures)
{
	sysno = 35; /* nanosleep */
	check(PT_MEMORY, NULL, true,
	      "\x2b\0\2\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\x10\0\0\0\0\0\0\x10\0\1\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
	      45, "\"x\":{\"args\":[4096,0],\"req\":{\"tv_sec\":1,\"tv_nsec\":-1}}}}\n");
	/* the structure is cut: not shown */
	check(PT_MEMORY, NULL, true,
	      "\x23\0\2\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	      "\0\x10\0\0\0\0\0\0\x8\0\1\0\0\0\0\0\0\0",
	      37, "\"x\":{\"args\":[4096,0]}}}\n");
	/* more arguments than there are */
	check(PT_MEMORY, NULL, true, "\2\0\7\1", 4, "\"x\":\"0701\"}}\n");
	sysno = 53; /* socketpair: one of one field would be a number alone */
	check(PT_MEMORY, NULL, true, "\1\0\0", 3, "\"x\":{\"args\":[]}}}\n");
}
END_TEST

SUITE("json_types", signed_numbers_with_names_stay_signed, types_without_a_row_show_their_payload,
      text_of_no_length_is_not_available, addresses_are_text, names_of_the_file_win,
      kinds_of_file_have_one_name, memory_is_structures)
