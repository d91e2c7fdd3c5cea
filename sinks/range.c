#include "sinks/range.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000u
#define DAY_NS    (86400ull * SECOND_NS)

/* Digits up to what is not one. false: none, or too many. */
static bool take_number(const char **at, uint64_t *ret)
{
	const char *p = *at;
	uint64_t v = 0;

	for (; isdigit((unsigned char)*p); p++) {
		if (v > (UINT64_MAX - 9) / 10)
			return false;
		v = 10 * v + (uint64_t)(*p - '0');
	}
	*ret = v;
	if (p == *at)
		return false;
	*at = p;
	return true;
}

/* ".25" and the like, nothing being no fraction; finer than nanoseconds is cut. */
static uint64_t take_fraction(const char **at)
{
	uint64_t ns = 0, unit = SECOND_NS / 10;

	if (**at != '.' || !isdigit((unsigned char)(*at)[1]))
		return 0;
	for ((*at)++; isdigit((unsigned char)**at); (*at)++, unit /= 10)
		ns += unit * (uint64_t)(**at - '0');
	return ns;
}

static bool take_clock(const char **at, uint64_t hours, uint64_t *ret_ns)
{
	uint64_t minutes, seconds = 0;

	(*at)++;
	if (!take_number(at, &minutes) || hours > 23 || minutes > 59)
		return false;
	if (**at == ':' && ((*at)++, !take_number(at, &seconds) || seconds > 60))
		return false;
	*ret_ns = (hours * 3600 + minutes * 60 + seconds) * SECOND_NS + take_fraction(at);
	return true;
}

static bool parse_time(struct range_time *ret, const char *text, size_t len)
{
	char copy[64];
	const char *at = copy;
	uint64_t whole;

	if (len == 0)
		return true;
	if (len >= sizeof copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = 0;
	ret->clock = copy[0] == '+' ? RANGE_START : RANGE_EPOCH;
	at += copy[0] == '+';
	if (!take_number(&at, &whole))
		return false;
	if (*at == ':' && ret->clock == RANGE_EPOCH) {
		ret->clock = RANGE_DAY;
		return take_clock(&at, whole, &ret->ns) && !*at;
	}
	if (whole > UINT64_MAX / SECOND_NS - 1)
		return false;
	ret->ns = whole * SECOND_NS + take_fraction(&at);
	return !*at;
}

int range_parse_time(struct range *r, const char *text, struct error *err)
{
	const char *dots = strstr(text, "..");

	if (!dots || !strcmp(text, "..") || !parse_time(&r->from, text, (size_t)(dots - text)) ||
	    !parse_time(&r->to, dots + 2, strlen(dots + 2)))
		return error_set(err, -EINVAL,
				 "'%s' is no stretch of time: 14:03:05..14:04, +1.5..+2 (seconds since the start), "
				 "1700000000..",
				 text);
	if (r->from.clock == r->to.clock && r->from.ns > r->to.ns) {
		if (r->from.clock != RANGE_DAY)
			return error_set(err, -EINVAL, "'%s' ends before it begins", text);
		r->to.ns += DAY_NS; /* past midnight */
	}
	r->given = true;
	return 0;
}

int range_parse_events(struct range *r, const char *text, struct error *err)
{
	const char *at = text;
	bool good = *at == ':' || take_number(&at, &r->first_number);

	good = good && *at++ == ':' && (!*at || (take_number(&at, &r->last_number) && r->last_number && !*at));
	if (!good || !strcmp(text, ":") || (r->last_number && r->first_number > r->last_number))
		return error_set(err, -EINVAL, "'%s' is no stretch of event numbers: 100:200, 100:, :200", text);
	r->given = true;
	return 0;
}

static uint64_t midnight_before(uint64_t ns)
{
	time_t s = (time_t)(ns / SECOND_NS);
	struct tm day;

	if (!localtime_r(&s, &day))
		return 0;
	day.tm_hour = day.tm_min = day.tm_sec = 0;
	day.tm_isdst = -1;
	s = mktime(&day);
	return s < 0 ? 0 : (uint64_t)s * SECOND_NS;
}

static uint64_t settle(const struct range_time *t, uint64_t first_ns, uint64_t otherwise)
{
	uint64_t base = 0;

	if (t->clock == RANGE_NONE)
		return otherwise;
	if (t->clock == RANGE_START)
		base = first_ns;
	else if (t->clock == RANGE_DAY)
		base = midnight_before(first_ns);
	return t->ns > UINT64_MAX - base ? UINT64_MAX : base + t->ns;
}

void range_settle(struct range *r, uint64_t first_ns)
{
	r->from_ns = settle(&r->from, first_ns, 0);
	r->to_ns = settle(&r->to, first_ns, UINT64_MAX);
}
