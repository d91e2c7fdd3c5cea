/* Interned texts: one object per text, whatever was taken and forgotten before. */
#include "state/intern.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static size_t used, limit;
static struct intern_pool pool;

static void start(size_t bytes)
{
	used = 0;
	limit = bytes;
	ck_assert_int_eq(intern_pool_init(&pool, &used, &limit), 0);
}

static const char *take(const char *text)
{
	return intern_take(&pool, text, strlen(text));
}

START_TEST(equal_texts_are_one)
{
	const char *a, *b;

	start(1 << 20);
	a = take("/etc/hosts");
	b = take("/etc/passwd");
	ck_assert_ptr_ne(a, b);
	ck_assert_uint_ne(intern_id(a), intern_id(b));
	/* In the order in which they came, which is expected, in another, and one that is new. */
	ck_assert_ptr_eq(take("/etc/hosts"), a);
	ck_assert_ptr_eq(take("/etc/passwd"), b);
	ck_assert_ptr_eq(take("/etc/passwd"), b);
	ck_assert_str_eq(take("/etc/passwd-"), "/etc/passwd-");
	ck_assert_ptr_eq(take("/etc/hosts"), a);
	ck_assert_ptr_eq(intern_take(&pool, "", 0), pool.empty);
	intern_pool_done(&pool);
}
END_TEST

/* More texts than INTERN_RECENT, twice, of which all but a few are forgotten in between. */
START_TEST(what_was_forgotten_is_not_expected)
{
	const uint32_t n = INTERN_RECENT + INTERN_RECENT / 2;
	uint32_t first_id = 0;

	start(64 << 20);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < n; i++) {
			char text[32];
			const char *taken;

			snprintf(text, sizeof text, "/usr/share/doc/%u", i);
			taken = take(text);
			ck_assert_str_eq(taken, text);
			if (i % 1000)
				intern_drop(&pool, taken);
			else if (i == 5000 && round == 0)
				first_id = intern_id(taken);
		}
		ck_assert_uint_eq(intern_id(take("/usr/share/doc/5000")), first_id);
		intern_pool_trim(&pool, 0);
		ck_assert_uint_eq(pool.n_texts, (n + 999) / 1000);
	}
	intern_pool_done(&pool);
}
END_TEST

START_TEST(beyond_the_limit_texts_are_empty)
{
	start(1000);
	for (unsigned i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof text, "text number %u", i);
		ck_assert(!*take(text) || pool.n_refused == 0);
		ck_assert_uint_le(used, limit);
	}
	ck_assert_uint_gt(pool.n_refused, 0);
	intern_pool_done(&pool);
}
END_TEST

SUITE("intern", equal_texts_are_one, what_was_forgotten_is_not_expected,
      beyond_the_limit_texts_are_empty)
