/* Histograms of whole numbers by powers of two, drawn as bars. A zeroed one is empty. */
#pragma once
#include "base/bytes.h"

#define HISTOGRAM_BUCKETS 66 /* negative, 0, and 64 powers of two */

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, int64_t v);
/* From the first bucket that has something to the last: "[1K, 2K)   12 |@@@@    |". */
void histogram_print(const struct histogram *h, struct buffer *out);
/* {"from":1024,"to":2047,"count":12} each, with commas between. */
void histogram_print_json(const struct histogram *h, struct buffer *out);
