/* Events as records of their own: what is put comes out, and what is damaged is noticed. */
#include "format/schema.h"
#include "sinks/record_fields.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

START_TEST(every_field_has_a_tag_of_its_own)
{
	const struct field_info *a, *b;
	size_t n = 0;

	for (size_t i = 0; (a = field_info_at(i)); i++, n++) {
		ck_assert_uint_ge(record_field_tag(a->name), RECORD_FIELD);
		for (size_t j = 0; j < i && (b = field_info_at(j)); j++)
			ck_assert_msg(record_field_tag(a->name) != record_field_tag(b->name),
				      "%s and %s", a->name, b->name);
	}
	ck_assert_uint_lt(n, RECORD_FIELDS_MAX);
}
END_TEST

START_TEST(head_comes_back)
{
	struct record_head h = {.kind = RECORD_EVENT,
				.flags = 7,
				.type = 307,
				.number = 42,
				.tid = -1,
				.result = -2,
				.fd = INT32_MIN,
				.result_param = 0,
				.fd_param = -1,
				.n_params = 7};
	struct record_head back;
	struct buffer out = {0};
	struct cursor c;

	record_head_put(&out, &h);
	ck_assert_uint_eq(out.len, RECORD_HEAD);
	c = cursor_over(out.data, out.len);
	ck_assert(record_head_take(&c, &back));
	ck_assert_int_eq(back.result, -2);
	ck_assert_int_eq(back.fd, INT32_MIN);
	ck_assert_uint_eq(back.number, 42);
	ck_assert_int_eq(back.fd_param, -1);
	c = cursor_over(out.data, out.len - 1);
	ck_assert(!record_head_take(&c, &back));
	/* An index that no parameter has is none. */
	out.data[80] = EVENT_PARAMS_MAX;
	c = cursor_over(out.data, out.len);
	ck_assert(record_head_take(&c, &back));
	ck_assert_int_eq(back.result_param, -1);
	out.data[0]++;
	c = cursor_over(out.data, out.len);
	ck_assert(!record_head_take(&c, &back));
	buffer_done(&out);
}
END_TEST

/* Lengths around where the short form ends, one item behind the other. */
START_TEST(long_items_come_back)
{
	static const size_t lengths[] = {0, 1, 0xFFFE, 0xFFFF, 0x10000, 100000};
	struct buffer out = {0};
	struct record_item item;
	struct cursor c;

	for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		size_t at = record_item_begin(&out, i + 1);
		uint8_t *p = buffer_reserve(&out, lengths[i]);

		ck_assert_ptr_nonnull(p);
		memset(p, (int)i + 'a', lengths[i]);
		out.len += lengths[i];
		record_item_end(&out, at);
	}
	c = cursor_over(out.data, out.len);
	for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		ck_assert_int_eq(record_item_next(&c, &item), 1);
		ck_assert_uint_eq(item.tag, i + 1);
		ck_assert_uint_eq(cursor_left(&item.value), lengths[i]);
		ck_assert(!lengths[i] ||
			  (item.value.at[0] == i + 'a' && item.value.end[-1] == i + 'a'));
	}
	ck_assert_int_eq(record_item_next(&c, &item), 0);
	c = cursor_over(out.data, out.len - 1);
	while (record_item_next(&c, &item) > 0)
		;
	ck_assert(cursor_failed(&c));
	buffer_done(&out);
}
END_TEST

START_TEST(parameters_come_back)
{
	struct record_param back, p = {.type = PT_FD,
				       .present = true,
				       .name = "fd",
				       .name_len = 2,
				       .text = "3(<f>/x)",
				       .text_len = 8,
				       .meaning = "<f>/x",
				       .meaning_len = 5,
				       .data = (const uint8_t *)"\3\0\0\0\0\0\0\0",
				       .data_len = 8};
	struct buffer out = {0};
	struct record_item item;
	struct cursor c;

	record_param_put(&out, &p);
	c = cursor_over(out.data, out.len);
	ck_assert_int_eq(record_item_next(&c, &item), 1);
	ck_assert_uint_eq(item.tag, RECORD_PARAM);
	ck_assert(record_param_take(&item.value, &back));
	ck_assert_mem_eq(back.name, "fd", 2);
	ck_assert_mem_eq(back.meaning, "<f>/x", 5);
	ck_assert_mem_eq(back.data, p.data, 8);
	/* Cut anywhere before the last text, which has no length: noticed. */
	for (size_t len = 6; len < out.len - 5; len++) {
		c = cursor_over(out.data + 6, len - 6);
		ck_assert(!record_param_take(&c, &back));
	}
	buffer_done(&out);
}
END_TEST

START_TEST(values_come_back)
{
	const struct value values[] = {
	    {.kind = VALUE_TEXT, .text = {"curl", 4}},
	    {.kind = VALUE_INT, .i = -5},
	    {.kind = VALUE_UINT, .u = UINT64_MAX},
	    {.kind = VALUE_BOOL, .b = true},
	    {.kind = VALUE_DOUBLE, .d = 0.5},
	    {.kind = VALUE_ADDRESS, .address_len = 4, .text = {"\177\0\0\1", 4}},
	    {.kind = VALUE_BYTES, .text = {"\0x", 2}},
	};

	for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
		struct buffer out = {0};
		struct record_item item;
		struct value back;
		struct cursor c;

		record_value_put(&out, RECORD_FIELD | i, &values[i]);
		c = cursor_over(out.data, out.len);
		ck_assert_int_eq(record_item_next(&c, &item), 1);
		ck_assert(record_value_take(&item.value, &back));
		ck_assert_int_eq(back.kind, values[i].kind);
		if (values[i].text.len)
			ck_assert_mem_eq(back.text.data, values[i].text.data, values[i].text.len);
		else
			ck_assert_mem_eq(&back.u, &values[i].u,
					 values[i].kind == VALUE_BOOL ? 1 : 8);
		buffer_done(&out);
	}
}
END_TEST

SUITE("event_record", every_field_has_a_tag_of_its_own, head_comes_back, long_items_come_back,
      parameters_come_back, values_come_back)
