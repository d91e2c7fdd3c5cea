/* Records of several rings, put in order of time. */
#include "capture/reorder.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

/* Check notes every assertion in a file: too slow for millions of them. */
#define HOLDS(condition)                                                                           \
	do                                                                                         \
		if (!(condition))                                                                  \
			ck_abort_msg("%s", #condition);                                            \
	while (0)

/* A record says when and from which ring it is, and its body can be checked. */
struct item {
	uint64_t time;
	uint32_t ring, number, len;
};

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

static void add_item(struct reorder *r, const struct item *item)
{
	uint8_t record[sizeof *item + 512];
	size_t len = sizeof *item + item->len;

	memcpy(record, item, sizeof *item);
	memset(record + sizeof *item, (int)(item->number & 0xFF), item->len);
	HOLDS(reorder_add(r, item->time, record, len) == 0);
}

static struct item take_item(struct reorder *r)
{
	const uint8_t *record = reorder_peek(r);
	struct item item;

	HOLDS(record && reorder_next(r) == record);
	memcpy(&item, record, sizeof item);
	for (uint32_t i = 0; i < item.len; i++)
		HOLDS(record[sizeof item + i] == (item.number & 0xFF));
	return item;
}

/*
 * Rings that are drained in turns, each nearly sorted: what comes out is in order of time, complete, and
 * within one ring equal times keep their order.
 */
static void run_rings(unsigned seed, unsigned n_rings, unsigned rounds, unsigned jitter)
{
	struct reorder r = {0};
	uint64_t now = 1000, last_time = 0, added = 0, taken = 0;
	uint32_t numbers[8] = {0}, seen[8] = {0};

	random_state = seed;
	for (unsigned round = 0; round <= rounds; round++) {
		uint64_t base = now;

		for (unsigned ring = 0; ring < n_rings && round < rounds; ring++) {
			unsigned n = random_below(40);

			for (unsigned i = 0; i < n; i++) {
				struct item item = {.time = base + i / 3 * 10 + random_below(jitter + 1),
						    .ring = ring, .number = numbers[ring]++,
						    .len = random_below(200)};

				add_item(&r, &item);
				added++;
				if (item.time > now)
					now = item.time;
			}
		}
		/* The next round may begin `jitter` before, no earlier. */
		now += jitter + 1;
		reorder_sort(&r, round == rounds ? UINT64_MAX : now);
		while (reorder_peek(&r)) {
			struct item item = take_item(&r);

			HOLDS(item.time >= last_time);
			HOLDS(jitter || item.number == seen[item.ring]);
			seen[item.ring]++;
			last_time = item.time;
			taken++;
		}
		ck_assert_ptr_null(reorder_next(&r));
	}
	ck_assert_uint_eq(taken, added);
	for (unsigned ring = 0; ring < n_rings; ring++)
		ck_assert_uint_eq(seen[ring], numbers[ring]);
	ck_assert_uint_eq(reorder_bytes(&r), 0);
	reorder_done(&r);
}

START_TEST(test_interleavings)
{
	for (unsigned seed = 0; seed < 200; seed++)
		run_rings(seed, 1 + seed % 8, 30, seed % 3 * 15);
}
END_TEST

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Any order at all against qsort, handed out in random portions. */
START_TEST(test_against_sort)
{
	enum { N = 5000 };
	static struct item items[N];

	for (unsigned seed = 0; seed < 20; seed++) {
		struct reorder r = {0};
		unsigned out = 0;

		random_state = seed;
		for (uint32_t i = 0; i < N; i++) {
			items[i] = (struct item){.time = random_below(seed % 2 ? 100 : 1u << 30), .number = i};
			add_item(&r, &items[i]);
		}
		qsort(items, N, sizeof *items, by_time);
		for (uint64_t mark = 0; out < N; mark += random_below(seed % 2 ? 20 : 1u << 28)) {
			reorder_sort(&r, mark);
			for (; reorder_peek(&r); out++) {
				struct item item = take_item(&r);

				HOLDS(item.time < mark);
				HOLDS(item.time == items[out].time && item.number == items[out].number);
			}
			HOLDS(out == N || items[out].time >= mark);
		}
		reorder_done(&r);
	}
}
END_TEST

START_TEST(test_nothing)
{
	struct reorder r = {0};

	ck_assert_ptr_null(reorder_peek(&r));
	ck_assert_ptr_null(reorder_next(&r));
	reorder_sort(&r, UINT64_MAX);
	ck_assert_ptr_null(reorder_next(&r));
	ck_assert_int_eq(reorder_add(&r, 5, "", 0), 0);
	reorder_sort(&r, 5);
	ck_assert_ptr_null(reorder_next(&r));
	reorder_sort(&r, 6);
	ck_assert_ptr_nonnull(reorder_next(&r));
	ck_assert_ptr_null(reorder_next(&r));
	reorder_done(&r);
}
END_TEST

/*
 * A stream that is never empty (some record is always too young): what was handed out is given back
 * again and again, memory does not grow with what went through, and the young ones survive the moves.
 */
START_TEST(test_compaction)
{
	struct reorder r = {0};
	uint64_t next = 0;

	for (uint32_t i = 0; i < 400000; i++) {
		struct item item = {.time = i, .number = i, .len = i % 500};

		add_item(&r, &item);
		if (i % 1000 != 999)
			continue;
		reorder_sort(&r, i - 300);
		for (; reorder_peek(&r); next++) {
			item = take_item(&r);
			HOLDS(item.number == next);
		}
		ck_assert_uint_eq(next, i - 300);
		ck_assert_uint_lt(reorder_bytes(&r), 301 * 528);
		ck_assert_uint_le(r.size + r.other_size, 8u << 20);
		ck_assert_uint_le(r.cap, 4096);
	}
	reorder_done(&r);
}
END_TEST

SUITE("reorder", test_interleavings, test_against_sort, test_nothing, test_compaction)
