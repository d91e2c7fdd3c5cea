/*
 * A stretch of a capture: by event numbers, or by time.
 *
 *	range_parse_events(&range, "100:200", &err);
 *	range_parse_time(&range, "+1.5..+2", &err);
 *	range_settle(&range, first_ns);		// of the capture's first event
 */
#pragma once
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum range_clock {
	RANGE_NONE,	/* no limit */
	RANGE_EPOCH,	/* ns since the epoch */
	RANGE_START,	/* ns since the first event */
	RANGE_DAY,	/* ns since the midnight before the first event, in the local zone */
};

struct range_time {
	enum range_clock clock;
	uint64_t ns;
};

struct range {
	bool given;
	uint64_t first_number, last_number;	/* both included; 0: no limit */
	struct range_time from, to;		/* both included */
	/* settled: */
	uint64_t from_ns, to_ns;
};

/* "A:B", "A:", ":B": both are in it. 0, -EINVAL with words. */
int range_parse_events(struct range *r, const char *text, struct error *err);
/*
 * "A..B", "A..", "..B", each a time of the clock (14:03:05.25), seconds since the first event (+1.5), or seconds
 * since the epoch (1700000000.5). A B of the clock that is earlier than A is one of the next day. 0, -EINVAL with words.
 */
int range_parse_time(struct range *r, const char *text, struct error *err);
/* Says what the times mean in a capture that begins then. */
void range_settle(struct range *r, uint64_t first_ns);

static inline bool range_is_before(const struct range *r, uint64_t number, uint64_t time_ns)
{
	return number < r->first_number || time_ns < r->from_ns;
}
static inline bool range_is_behind(const struct range *r, uint64_t number, uint64_t time_ns)
{
	return (r->last_number && number > r->last_number) || time_ns > r->to_ns;
}
