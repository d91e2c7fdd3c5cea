/* Records of all sizes come out of a lane whole and in their order, however often it went around. */
#include "capture/lanes.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

#define SIZE 0x40000u

static uint32_t sent, seen, seed = 1;

static uint32_t length_of(uint32_t number)
{
	uint32_t random = number * 2654435761u;

	return (uint32_t)sizeof(struct record) + random % (number % 50 ? 200 : RECORD_MAX - sizeof(struct record));
}

/* As lane_claim() and lane_publish() do it; false: it is full. */
static bool send_record(struct lane *lane)
{
	uint32_t len = length_of(sent), at = lane->head & (SIZE - 1), end = at + LANE_ROUND(len);
	uint64_t next = lane->head - at + (end < SIZE ? end : SIZE);
	struct record *r = (void *)(lane->data + at);

	if (next - lane->tail > SIZE)
		return false;
	memset(r, (int)sent, len);
	r->size = len;
	r->sysno = (uint16_t)sent++;
	lane->head = next;
	return true;
}

static void take(void *context, const struct record *r)
{
	const uint8_t *bytes = (const uint8_t *)r;

	ck_assert_uint_eq(r->sysno, (uint16_t)seen);
	ck_assert_uint_eq(r->size, length_of(seen));
	ck_assert_uint_eq(bytes[r->size - 1], (uint8_t)seen);
	*(size_t *)context += r->size;
	seen++;
}

START_TEST(test_around)
{
	struct lanes l = {.state = {.n = 1, .size = SIZE}, .bulk = {.n = 1, .size = SIZE}};
	struct lane *lane;
	bool empty;

	l.bulk.memory = calloc(1, LANE_BYTES(SIZE));
	lane = (void *)l.bulk.memory;
	for (int round = 0; round < 2000; round++) {
		size_t most = (seed = seed * 1103515245u + 12345u) % (SIZE / 2), taken = 0;
		bool full = false;

		for (uint32_t i = seed >> 8 & 0xFF; i && !full; i--)
			full = !send_record(lane);
		ck_assert_uint_eq(lane_drain(&l, 1, most, take, &taken, &empty), taken);
		ck_assert(empty == (seen == sent));
		ck_assert(empty || taken >= most);
	}
	ck_assert_uint_gt(lane->head, 100 * SIZE);
	free(l.bulk.memory);
}
END_TEST

SUITE("lanes", test_around)
