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

START_TEST(sizes_have_units)
{
	uint64_t v;
	struct error err = {0};

	ck_assert_int_eq(option_size("64k", &v, NULL), 0);
	ck_assert_uint_eq(v, 65536);
	ck_assert_int_eq(option_size("8G", &v, NULL), 0);
	ck_assert_uint_eq(v, 8ull << 30);
	ck_assert_int_eq(option_size("17", &v, NULL), 0);
	ck_assert_uint_eq(v, 17);
	ck_assert_int_eq(option_size("17179869183G", &v, NULL), 0);
	ck_assert_uint_eq(v, 17179869183ull << 30);
	ck_assert_int_eq(option_size("17179869184G", &v, &err), -EINVAL);
	ck_assert_str_eq(err.text, "'17179869184G' is too large");
	error_clear(&err);
	ck_assert_int_eq(option_size("64kb", &v, NULL), -EINVAL);
	ck_assert_int_eq(option_size("-1", &v, NULL), -EINVAL);
	ck_assert_int_eq(option_size("k", &v, NULL), -EINVAL);
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

SUITE("bytes", decimals_of_every_length, cursor_fails_once_and_stays_failed, sizes_have_units)
