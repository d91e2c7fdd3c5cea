/* What tables compute: percentiles, histograms, groups. */
#include "tests/unit/suite.h"

#include "sinks/distribution.h"
#include "sinks/groups.h"
#include "sinks/histogram.h"

#include <errno.h>

/* At most 1/32 off, and never beyond what was there. */
static void check_near(const struct distribution *d, double percent, double want)
{
	double have = (double)distribution_percentile(d, percent);
	double off = want < 0 ? -want / 32 : want / 32;

	ck_assert_msg(have >= want - off - 1 && have <= want + off + 1, "p%g: %g, not %g", percent,
		      have, want);
	ck_assert(have >= (double)d->min && have <= (double)d->max);
}

START_TEST(percentiles_are_near)
{
	struct distribution d = {0};

	ck_assert_int_eq(distribution_percentile(&d, 50), 0);
	for (int64_t i = 1; i <= 100000; i++)
		ck_assert_int_eq(distribution_add(&d, i), 0);
	check_near(&d, 0, 1);
	check_near(&d, 50, 50000);
	check_near(&d, 99, 99000);
	check_near(&d, 99.9, 99900);
	ck_assert_int_eq(distribution_percentile(&d, 100), 100000);
	distribution_done(&d);
}
END_TEST

START_TEST(percentiles_of_anything)
{
	static const int64_t odd[] = {INT64_MIN, -5, -1, 0, 1, INT64_MAX};
	struct distribution d = {0};

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		ck_assert_int_eq(distribution_add(&d, odd[i]), 0);
	check_near(&d, 1, (double)INT64_MIN);
	ck_assert_int_eq(distribution_percentile(&d, 100.0 * 2 / 6), -5);
	ck_assert_int_eq(distribution_percentile(&d, 100.0 * 3 / 6), -1);
	ck_assert_int_eq(distribution_percentile(&d, 100.0 * 4 / 6), 0);
	ck_assert_int_eq(distribution_percentile(&d, 100.0 * 5 / 6), 1);
	check_near(&d, 90, (double)INT64_MAX);
	ck_assert_int_eq(distribution_percentile(&d, 0), INT64_MIN);
	ck_assert_int_eq(distribution_percentile(&d, 100), INT64_MAX);
	distribution_done(&d);
}
END_TEST

static void check_bars(int64_t v, const char *want)
{
	struct histogram h = {0};
	struct buffer b = {0};

	histogram_add(&h, v);
	histogram_print(&h, &b);
	buffer_u8(&b, 0);
	ck_assert_msg(!strncmp((char *)b.data, want, strlen(want)), "%lld: %s, not %s", (long long)v,
		      (char *)b.data, want);
	buffer_done(&b);
}

START_TEST(bars_have_bounds)
{
	check_bars(-7, "(..., 0) ");
	check_bars(0, "[0] ");
	check_bars(1, "[1, 2) ");
	check_bars(1023, "[512, 1K) ");
	check_bars(1024, "[1K, 2K) ");
	check_bars(INT64_MAX, "[4E, 8E) ");
}
END_TEST

START_TEST(groups_keep_their_order_and_say_when_there_are_too_many)
{
	struct groups *g = groups_new(sizeof(uint32_t));
	struct error err = {0};
	struct text key;

	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < GROUPS_MAX; i++) {
			uint32_t *n = groups_take(g, &i, sizeof i, &err);

			ck_assert_ptr_nonnull(n);
			ck_assert_uint_eq(*n, round);
			++*n;
		}
	ck_assert_uint_eq(groups_count(g), GROUPS_MAX);
	ck_assert_uint_eq(*(uint32_t *)groups_at(g, 77, &key), 2);
	ck_assert_mem_eq(key.data, &(uint32_t){77}, 4);
	ck_assert_ptr_null(groups_take(g, "", 0, &err));
	ck_assert_int_eq(err.code, -E2BIG);
	ck_assert_ptr_null(groups_find(g, "", 0));
	groups_free(g);
}
END_TEST

SUITE("tables_math", percentiles_are_near, percentiles_of_anything, bars_have_bounds,
      groups_keep_their_order_and_say_when_there_are_too_many)
