/* evt.*time*, evt.latency*: what the times of an event tell. */
#include "filters/field_extract.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)

/* Whole tenths of the decimal logarithm. For this alone libm would cost each tool a twentieth of its start. */
static uint64_t tenths_of_log10(uint64_t v)
{
	/* 10^(18 + k/10), rounded up */
	static const uint64_t from[10] = {
		UINT64_C(1000000000000000000), UINT64_C(1258925411794167211), UINT64_C(1584893192461113486),
		UINT64_C(1995262314968879602), UINT64_C(2511886431509580112), UINT64_C(3162277660168379332),
		UINT64_C(3981071705534972508), UINT64_C(5011872336272722851), UINT64_C(6309573444801932495),
		UINT64_C(7943282347242815021)};
	unsigned decade = 18, k = 9;

	for (; v >= 10 * from[0]; v /= 10)
		decade++;
	for (; v < from[0]; v *= 10)
		decade--;
	while (v < from[k])
		k--;
	return decade * 10 + k;
}

/* "2026-07-01 12:00:00", in the local zone or UTC. */
static void append_date(struct buffer *b, uint64_t ns, bool utc, char between)
{
	time_t s = (time_t)(ns / SECOND);
	struct tm tm;

	if (!(utc ? gmtime_r(&s, &tm) : localtime_r(&s, &tm)))
		memset(&tm, 0, sizeof tm);
	buffer_printf(b, "%04d-%02d-%02d%c%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		      between, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool extract_clock(uint16_t id, uint64_t ns, struct field_scratch *scratch, struct value *ret)
{
	struct buffer *b = &scratch->bytes;
	char clock[64];

	switch (id) {
	case FIELD_EVT_TIME_ISO8601:
		append_date(b, ns, true, 'T');
		buffer_printf(b, ".%09" PRIu64 "+0000", ns % SECOND);
		break;
	case FIELD_EVT_DATETIME:
		append_date(b, ns, false, ' ');
		buffer_printf(b, ".%09" PRIu64, ns % SECOND);
		break;
	case FIELD_EVT_DATETIME_S:
		append_date(b, ns, false, ' ');
		break;
	default:
		render_clock(clock, ns);
		buffer_append(b, clock, id == FIELD_EVT_TIME_S ? strcspn(clock, ".") : strlen(clock));
	}
	return value_scratch(ret, scratch);
}

static bool extract_human(uint64_t ns, struct field_scratch *scratch, struct value *ret)
{
	static const struct {
		uint64_t ns;
		const char *unit;
	} units[] = {{SECOND, "s"}, {1000000, "ms"}, {1000, "us"}};

	for (unsigned i = 0; i < sizeof units / sizeof *units; i++)
		if (ns >= units[i].ns) {
			buffer_printf(&scratch->bytes, "%.2f%s", (double)ns / (double)units[i].ns,
				      units[i].unit);
			return value_scratch(ret, scratch);
		}
	buffer_printf(&scratch->bytes, "%" PRIu64 "ns", ns);
	return value_scratch(ret, scratch);
}

static bool extract_latency(uint16_t id, const struct event *ev, struct field_scratch *scratch,
			    struct value *ret)
{
	uint64_t ns = ev->duration_ns;

	if (id == FIELD_EVT_WAIT_LATENCY) {
		if (ns == DURATION_NONE || !(ev->info->traits & EF_WAITS))
			ns = 0;
		return value_uint(ret, ns);
	}
	if (ns == DURATION_NONE)
		return false;
	switch (id) {
	case FIELD_EVT_LATENCY_S:
		return value_uint(ret, ns / SECOND);
	case FIELD_EVT_LATENCY_NS:
		return value_uint(ret, ns % SECOND);
	case FIELD_EVT_LATENCY_HUMAN:
		return extract_human(ns, scratch, ret);
	case FIELD_EVT_LATENCY_QUANTIZED:
		return ns > 0 && value_uint(ret, tenths_of_log10(ns));
	default:
		return value_uint(ret, ns);
	}
}

/* Time without an origin is the time itself: events before the first one that counts. */
static uint64_t since(uint64_t ns, uint64_t origin)
{
	return ns >= origin ? ns - origin : ns;
}

/* Since the event before in the capture, whether it passed a filter or not: hidden ones are none. */
static uint64_t since_before(const struct event *ev)
{
	const struct batch *b = ev->batch;
	uint64_t before = field_context.before_ns;

	for (uint32_t i = ev->index; b && i-- > 0;)
		if (!(b->flags[i] & EVENT_HIDDEN)) {
			before = b->time_ns[i];
			break;
		}
	return before && ev->time_ns > before ? ev->time_ns - before : 0;
}

/* evt.around[T]=D: milliseconds between T and the event, rounded up, so that D compares as >=. */
static bool extract_around(const struct field *f, const struct event *ev, struct value *ret)
{
	uint64_t t = (uint64_t)f->index, d = ev->time_ns > t ? ev->time_ns - t : t - ev->time_ns;

	return f->index >= 0 && value_uint(ret, (d + 999999) / 1000000);
}

bool extract_time(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		  struct field_scratch *scratch, struct value *ret)
{
	const struct field_context *context = &field_context;
	uint64_t ns = ev->time_ns;

	switch (f->info->id) {
	case FIELD_EVT_RAWTIME:
		return value_uint(ret, ns);
	case FIELD_EVT_RAWTIME_S:
		return value_uint(ret, ns / SECOND);
	case FIELD_EVT_RAWTIME_NS:
		return value_uint(ret, ns % SECOND);
	case FIELD_EVT_RELTIME:
		return value_uint(ret, since(ns, context->first_ns));
	case FIELD_EVT_RELTIME_S:
		return value_uint(ret, since(ns, context->first_ns) / SECOND);
	case FIELD_EVT_RELTIME_NS:
		return value_uint(ret, since(ns, context->first_ns) % SECOND);
	case FIELD_EVT_DELTATIME:
		return value_uint(ret, since_before(ev));
	case FIELD_EVT_DELTATIME_S:
		return value_uint(ret, since_before(ev) / SECOND);
	case FIELD_EVT_DELTATIME_NS:
		return value_uint(ret, since_before(ev) % SECOND);
	case FIELD_EVT_AROUND:
		return extract_around(f, ev, ret);
	case FIELD_EVT_LATENCY:
	case FIELD_EVT_LATENCY_S:
	case FIELD_EVT_LATENCY_NS:
	case FIELD_EVT_LATENCY_HUMAN:
	case FIELD_EVT_LATENCY_QUANTIZED:
	case FIELD_EVT_WAIT_LATENCY:
		return extract_latency(f->info->id, ev, scratch, ret);
	default:
		return extract_clock(f->info->id, ns, scratch, ret);
	}
}
