/* Finding the parameters of an event in bytes that may say anything. */
#include "format/event.h"
#include "tests/unit/suite.h"

#include <errno.h>

#define READ_X	 7   /* res ERRNO (result), data BYTEBUF, fd FD (fd), size UINT32 */
#define SETSOCKOPT_X 45 /* res ERRNO (result), fd FD (fd), level, optname, val DYN, optlen UINT32 */
#define OPENAT_X 307 /* fd FD (result), dirfd FD, name FSRELPATH, flags, mode, dev UINT32, ino UINT64 */

static struct schema *schema;
static struct batch_builder bb;
static struct buffer payload;
static struct event ev;

static void start(void)
{
	if (!schema) {
		schema = schema_new();
		ck_assert_int_eq(batch_builder_init(&bb, schema), 0);
	}
	batch_builder_reset(&bb);
	buffer_clear(&payload);
}

/* The event with the payload gathered, in a batch whose payload is just that long. */
static void parse(struct batch_row row)
{
	row.payload = payload.data;
	row.payload_len = (uint32_t)payload.len;
	ck_assert_int_eq(batch_builder_add(&bb, &row), 0);
	event_at(&ev, &bb.batch, bb.batch.n_events - 1);
	event_parse(&ev);
}

START_TEST(parameters_come_from_columns_and_payload)
{
	int64_t v;

	start();
	payload_append(&payload, PT_BYTEBUF, "hello", 5);
	payload_append(&payload, PT_UINT32, &(uint32_t){4096}, 4);
	parse((struct batch_row){.type = READ_X, .result = -2, .fd = 5, .tid = 9});
	ck_assert(!ev.damaged);
	ck_assert_uint_eq(ev.n_found, 4);
	ck_assert(param_number(event_param(&ev, 0), PT_ERRNO, &v) && v == -2);
	ck_assert_uint_eq(event_param(&ev, 1)->len, 5);
	ck_assert(param_number(event_param(&ev, 2), PT_FD, &v) && v == 5);
	ck_assert(param_number(event_param(&ev, 3), PT_UINT32, &v) && v == 4096);
	ck_assert_ptr_null(event_param(&ev, 4)->data);
	ck_assert_ptr_eq(event_param_named(&ev, "size", NULL), event_param(&ev, 3));
	ck_assert_ptr_null(event_param_named(&ev, "nothing", NULL));
}
END_TEST

START_TEST(absent_is_not_empty)
{
	int64_t v;

	start();
	payload_append(&payload, PT_BYTEBUF, "", 0);
	parse((struct batch_row){.type = READ_X, .fd = FD_NONE, .absent = 1 << 3, .flags = EVENT_UNFINISHED});
	ck_assert(!ev.damaged);
	ck_assert_ptr_null(event_param(&ev, 0)->data); /* no result yet */
	ck_assert_ptr_nonnull(event_param(&ev, 1)->data);
	ck_assert_uint_eq(event_param(&ev, 1)->len, 0);
	ck_assert_ptr_null(event_param(&ev, 2)->data);
	ck_assert(!param_number(event_param(&ev, 3), PT_UINT32, &v));
	ck_assert_str_eq(param_text(event_param(&ev, 1)), "");
}
END_TEST

START_TEST(inline_events_hold_everything)
{
	int64_t v;

	start();
	payload_append(&payload, PT_ERRNO, &(int64_t){77}, 8);
	payload_append(&payload, PT_BYTEBUF, "x", 1);
	payload_append(&payload, PT_FD, &(int64_t){1ll << 40}, 8);
	payload_append(&payload, PT_UINT32, &(uint32_t){1}, 4);
	parse((struct batch_row){.type = READ_X, .result = 1, .fd = 2, .flags = EVENT_INLINE});
	ck_assert(!ev.damaged);
	ck_assert(param_number(event_param(&ev, 0), PT_ERRNO, &v) && v == 77);
	ck_assert(param_number(event_param(&ev, 2), PT_FD, &v) && v == 1ll << 40);
}
END_TEST

START_TEST(long_buffers_have_long_lengths)
{
	static uint8_t bytes[70000];
	static const uint32_t sizes[] = {65534, 65535, 65536, 70000};

	for (unsigned i = 0; i < 4; i++) {
		start();
		payload_append(&payload, PT_BYTEBUF, bytes, sizes[i]);
		payload_append(&payload, PT_UINT32, &(uint32_t){1}, 4);
		parse((struct batch_row){.type = READ_X, .fd = 1});
		ck_assert(!ev.damaged);
		ck_assert_uint_eq(event_param(&ev, 1)->len, sizes[i]);
		ck_assert_uint_eq(event_param(&ev, 3)->len, 4);
	}
}
END_TEST

START_TEST(payload_that_ends_early_leaves_the_rest_absent)
{
	struct buffer whole = {0};

	start();
	payload_append(&whole, PT_FD, &(int64_t){-100}, 8);
	payload_append(&whole, PT_FSRELPATH, "/etc/hosts", 11);
	payload_append(&whole, PT_FLAGS32, &(uint32_t){1}, 4);
	payload_append(&whole, PT_UINT32, &(uint32_t){0}, 4);
	payload_append(&whole, PT_UINT32, &(uint32_t){2}, 4);
	payload_append(&whole, PT_UINT64, &(uint64_t){3}, 8);
	for (size_t len = 0; len <= whole.len; len++) {
		start();
		buffer_append(&payload, whole.data, len);
		parse((struct batch_row){.type = OPENAT_X, .result = 3, .fd = FD_NONE});
		ck_assert_int_eq(ev.damaged, len < whole.len);
		ck_assert_uint_eq(ev.n_found == 7, len == whole.len);
		for (unsigned i = ev.n_found; i < 7; i++)
			ck_assert_ptr_null(event_param(&ev, i)->data);
		ck_assert_str_eq(param_text(event_param(&ev, 2)), len >= 21 ? "/etc/hosts" : "");
	}
	buffer_done(&whole);
}
END_TEST

START_TEST(lengths_beyond_the_payload_are_not_believed)
{
	static const uint8_t claims[][8] = {{0xfe, 0xff, 1, 2}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	for (unsigned i = 0; i < 2; i++) {
		start();
		buffer_append(&payload, claims[i], sizeof claims[i]);
		parse((struct batch_row){.type = READ_X, .fd = 1});
		ck_assert(ev.damaged);
		ck_assert_ptr_null(event_param(&ev, 1)->data);
	}
}
END_TEST

START_TEST(text_without_nul_counts_as_absent)
{
	start();
	payload_append(&payload, PT_FD, &(int64_t){-100}, 8);
	payload_append(&payload, PT_FSRELPATH, "hosts", 5);
	for (unsigned i = 0; i < 3; i++)
		payload_append(&payload, PT_UINT32, &(uint32_t){1}, 4);
	payload_append(&payload, PT_UINT64, &(uint64_t){3}, 8);
	parse((struct batch_row){.type = OPENAT_X, .result = 3, .fd = FD_NONE});
	ck_assert(ev.damaged);
	ck_assert_ptr_null(event_param(&ev, 2)->data);
	ck_assert_uint_eq(event_param(&ev, 6)->len, 8);
}
END_TEST

START_TEST(bytes_behind_the_parameters_are_damage)
{
	start();
	payload_append(&payload, PT_BYTEBUF, "x", 1);
	payload_append(&payload, PT_UINT32, &(uint32_t){1}, 4);
	buffer_u8(&payload, 0);
	parse((struct batch_row){.type = READ_X, .fd = 1});
	ck_assert(ev.damaged);
	ck_assert_uint_eq(ev.n_found, 4);
	/* A type without a row has no parameters, whatever its payload. */
	start();
	buffer_append(&payload, "?", 1);
	parse((struct batch_row){.type = 0x4fff, .fd = 1});
	ck_assert_uint_eq(ev.n_params, 0);
}
END_TEST

START_TEST(numbers_extend_by_the_sign_of_their_type)
{
	uint8_t bytes[8] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	int64_t v;

	ck_assert(param_number(&(struct param){bytes, 1}, PT_INT8, &v) && v == -2);
	ck_assert(param_number(&(struct param){bytes, 1}, PT_UINT8, &v) && v == 254);
	ck_assert(param_number(&(struct param){bytes, 4}, PT_FD32, &v) && v == -2);
	ck_assert(param_number(&(struct param){bytes, 4}, PT_UID, &v) && v == 0xfffffffe);
	ck_assert(param_number(&(struct param){bytes, 8}, PT_ERRNO, &v) && v == -2);
	ck_assert(!param_number(&(struct param){bytes, 3}, PT_UINT32, &v));
	ck_assert(!param_number(&(struct param){bytes, 0}, PT_UINT32, &v));
}
END_TEST

START_TEST(builders_have_limits)
{
	struct batch_row row = {.type = READ_X, .payload_len = EVENT_PAYLOAD_MAX + 1};

	start();
	ck_assert_int_eq(batch_builder_add(&bb, &row), -E2BIG);
	row = (struct batch_row){.type = EVENT_TYPE_MAX};
	ck_assert_int_eq(batch_builder_add(&bb, &row), -E2BIG);
	row.type = READ_X;
	for (uint32_t i = 0; i < BATCH_EVENTS; i++) {
		row.tid = i;
		ck_assert_int_eq(batch_builder_add(&bb, &row), 0);
	}
	ck_assert_int_eq(batch_builder_add(&bb, &row), -ENOBUFS);
	ck_assert_uint_eq(bb.batch.n_tids, BATCH_EVENTS);
	for (uint32_t i = 0; i < BATCH_EVENTS; i++)
		ck_assert_int_eq(bb.batch.tids[bb.batch.tid_index[i]], i);
}
END_TEST

/* Found parameters stay as they are, whatever length form they had; the event then agrees with its row. */
START_TEST(mending_keeps_what_was_found)
{
	static const uint8_t data_long_form[] = {0xff, 0xff, 5, 0, 0, 0, 'h', 'e', 'l', 'l', 'o', 1, 2, 3};

	start();
	buffer_append(&payload, data_long_form, sizeof data_long_form);
	parse((struct batch_row){.type = READ_X, .result = -2, .fd = 5});
	ck_assert(ev.damaged);
	event_mend(&ev);
	event_at(&ev, &bb.batch, 0);
	event_parse(&ev);
	ck_assert(!ev.damaged);
	ck_assert_uint_eq(bb.batch.payload_len[0], 7);
	ck_assert_uint_eq(event_param(&ev, 1)->len, 5);
	ck_assert_mem_eq(event_param(&ev, 1)->data, "hello", 5);
	ck_assert_ptr_null(event_param(&ev, 3)->data);

	start();
	payload_append(&payload, PT_FD, &(int64_t){-100}, 8);
	payload_append(&payload, PT_FSRELPATH, "abc", 3); /* no NUL */
	payload_append(&payload, PT_FLAGS32, &(uint32_t){1}, 4);
	payload_append(&payload, PT_UINT32, &(uint32_t){0}, 4);
	payload_append(&payload, PT_UINT32, &(uint32_t){2}, 4);
	payload_append(&payload, PT_UINT64, &(uint64_t){3}, 8);
	parse((struct batch_row){.type = OPENAT_X, .result = 3, .fd = FD_NONE});
	event_mend(&ev);
	event_at(&ev, &bb.batch, 0);
	event_parse(&ev);
	ck_assert(!ev.damaged);
	ck_assert_uint_eq(ev.absent, 1u << 2);
	ck_assert_mem_eq(event_param(&ev, 6)->data, "\3\0\0\0\0\0\0", 8);
}
END_TEST

START_TEST(an_alternative_has_the_size_of_its_type)
{
	/* val of setsockopt: an alternative's number, then BYTEBUF (0), ERRNO (1), UINT32 (2) ... */
	static const struct {
		uint8_t bytes[9];
		uint32_t len;
		bool damaged;
	} cases[] = {{{2, 1, 0, 0, 0}, 5, false}, {{2, 1, 0, 0}, 4, true}, {{2, 1, 0, 0, 0, 0}, 6, true},
		     {{0, 1, 2}, 3, false},	  {{0}, 1, false},	   {{99, 1}, 2, false},
		     {{0}, 0, false},		  {{1}, 1, true}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		start();
		payload_append(&payload, PT_ENUMFLAGS8, &(uint8_t){1}, 1);
		payload_append(&payload, PT_ENUMFLAGS8, &(uint8_t){1}, 1);
		payload_append(&payload, PT_DYN, cases[i].bytes, cases[i].len);
		payload_append(&payload, PT_UINT32, &(uint32_t){7}, 4);
		parse((struct batch_row){.type = SETSOCKOPT_X, .result = 0, .fd = 3});
		ck_assert_msg(ev.damaged == cases[i].damaged, "case %zu", i);
		ck_assert_msg(!event_param(&ev, 4)->data == cases[i].damaged, "case %zu", i);
		ck_assert_ptr_nonnull(event_param(&ev, 5)->data);
	}
}
END_TEST

START_TEST(a_type_without_a_row_is_no_damage)
{
	start();
	payload_append(&payload, PT_BYTEBUF, "hello", 5);
	parse((struct batch_row){.type = 0x4f00, .fd = FD_NONE});
	ck_assert(!ev.damaged);
}
END_TEST

SUITE("event", mending_keeps_what_was_found, an_alternative_has_the_size_of_its_type,
      a_type_without_a_row_is_no_damage, parameters_come_from_columns_and_payload, absent_is_not_empty,
      inline_events_hold_everything, long_buffers_have_long_lengths,
      payload_that_ends_early_leaves_the_rest_absent, lengths_beyond_the_payload_are_not_believed,
      text_without_nul_counts_as_absent, bytes_behind_the_parameters_are_damage,
      numbers_extend_by_the_sign_of_their_type, builders_have_limits)
