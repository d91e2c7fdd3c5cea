#include "sinks/histogram.h"

#include <stdio.h>

#define BAR	 52 /* characters of the longest */
#define NEGATIVE 0
#define ZERO	 1

void histogram_add(struct histogram *h, int64_t v)
{
	unsigned bucket = v < 0 ? NEGATIVE
			  : v   ? ZERO + 64 - (unsigned)__builtin_clzll((uint64_t)v)
				: ZERO;

	h->counts[bucket]++;
}

/* 2^power, as people say it: 512, 1K, 64M */
static int power_text(char *out, size_t size, unsigned power)
{
	static const char units[] = "\0KMGTPE";

	if (power < 10)
		return snprintf(out, size, "%u", 1u << power);
	return snprintf(out, size, "%u%c", 1u << power % 10, units[power / 10]);
}

static void bucket_text(char *out, size_t size, unsigned bucket)
{
	int n = 1;

	if (bucket == NEGATIVE || bucket == ZERO) {
		snprintf(out, size, "%s", bucket == ZERO ? "[0]" : "(..., 0)");
		return;
	}
	out[0] = '[';
	n += power_text(out + n, size - (size_t)n, bucket - 2);
	n += snprintf(out + n, size - (size_t)n, ", ");
	n += power_text(out + n, size - (size_t)n, bucket - 1);
	snprintf(out + n, size - (size_t)n, ")");
}

static void bounds(const struct histogram *h, unsigned *first, unsigned *last, uint64_t *largest)
{
	*first = HISTOGRAM_BUCKETS;
	*last = 0;
	*largest = 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->counts[i])
			continue;
		if (*first == HISTOGRAM_BUCKETS)
			*first = i;
		*last = i;
		if (h->counts[i] > *largest)
			*largest = h->counts[i];
	}
}

void histogram_print(const struct histogram *h, struct buffer *out)
{
	static const char bar[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";
	unsigned first, last;
	uint64_t largest;

	bounds(h, &first, &last, &largest);
	for (unsigned i = first; i <= last; i++) {
		char text[32];
		int len = (int)((double)h->counts[i] * BAR / (double)largest);

		bucket_text(text, sizeof text, i);
		buffer_printf(out, "%-16s %12llu |%-*.*s|\n", text,
			      (unsigned long long)h->counts[i], BAR, len, bar);
	}
}

void histogram_print_json(const struct histogram *h, struct buffer *out)
{
	bool more = false;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t from = i > ZERO ? 1ull << (i - 2) : 0;

		if (!h->counts[i])
			continue;
		buffer_printf(out, more ? "," : "");
		if (i == NEGATIVE)
			buffer_printf(out, "{\"from\":null,\"to\":-1,");
		else
			buffer_printf(out, "{\"from\":%llu,\"to\":%llu,", (unsigned long long)from,
				      (unsigned long long)(i > ZERO ? 2 * from - 1 : 0));
		buffer_printf(out, "\"count\":%llu}", (unsigned long long)h->counts[i]);
		more = true;
	}
}
