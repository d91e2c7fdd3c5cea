#include "base/bytes.h"
#include "base/decimal.h"
#include "base/option.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

START_TEST(cursor_fails_once_and_stays_failed)
{
	uint8_t data[6] = {1, 2, 3, 4, 5, 6};
	struct cursor c = cursor_over(data, sizeof data);

	ck_assert_uint_eq(cursor_u32(&c), 0x04030201);
	ck_assert_uint_eq(cursor_u32(&c), 0);
	ck_assert(cursor_failed(&c));
	ck_assert_uint_eq(cursor_u8(&c), 0);
	ck_assert_uint_eq(cursor_left(&c), 0);
}
END_TEST

START_TEST(varint_round_trip)
{
	uint64_t values[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
	struct buffer b = {0};
	struct cursor c;

	for (size_t i = 0; i < 8; i++)
		buffer_varint(&b, values[i]);
	c = cursor_over(b.data, b.len);
	for (size_t i = 0; i < 8; i++)
		ck_assert_uint_eq(cursor_varint(&c), values[i]);
	ck_assert(!cursor_failed(&c));
	ck_assert_uint_eq(cursor_left(&c), 0);
	buffer_done(&b);
}
END_TEST

START_TEST(varint_refuses_more_than_64_bits)
{
	uint8_t data[11];
	struct cursor c;

	memset(data, 0xff, sizeof data);
	c = cursor_over(data, sizeof data);
	cursor_varint(&c);
	ck_assert(cursor_failed(&c));
}
END_TEST

START_TEST(sizes_and_times_have_units)
{
	uint64_t v;
	struct error err = {0};

	ck_assert_int_eq(option_size("64k", &v, NULL), 0);
	ck_assert_uint_eq(v, 65536);
	ck_assert_int_eq(option_duration("10ms", &v, NULL), 0);
	ck_assert_uint_eq(v, 10000000);
	ck_assert_int_eq(option_size("64q", &v, &err), -EINVAL);
	ck_assert_str_eq(err.text, "'64q' is not a size (10, 64k, 8M, 1G)");
}
END_TEST

START_TEST(decimals_of_every_length)
{
	char want[32], have[32], *end;
	uint64_t power = 1;

	for (unsigned i = 0; i <= 20; i++, power *= 10) {
		for (uint64_t v = power - 2; v != power + 3; v++) {
			snprintf(want, sizeof want, "%llu", (unsigned long long)v);
			end = decimal_put(have, v);
			*end = 0;
			ck_assert_str_eq(have, want);
			snprintf(want, sizeof want, "%lld", (long long)v);
			end = decimal_put_signed(have, (int64_t)v);
			*end = 0;
			ck_assert_str_eq(have, want);
		}
	}
	for (uint32_t v = 0; v < 1000000000; v += 99991) {
		snprintf(want, sizeof want, "%09u", v);
		*decimal_put_nine(have, v) = 0;
		ck_assert_str_eq(have, want);
	}
	*decimal_put_nine(have, 1234567) = 0;
	ck_assert_str_eq(have, "001234567");
	*decimal_put_nine(have, 999999999) = 0;
	ck_assert_str_eq(have, "999999999");
}
END_TEST

SUITE("bytes", decimals_of_every_length, cursor_fails_once_and_stays_failed, varint_round_trip,
      varint_refuses_more_than_64_bits, sizes_and_times_have_units)
