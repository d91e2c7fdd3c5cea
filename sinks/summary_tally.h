/* What is counted of the calls of one name: between the sink that counts and the printer. */
#pragma once
#include "sinks/distribution.h"
#include "sinks/summary.h"

struct tally {
	const char *name;
	uint32_t process, abi;
	uint64_t order; /* of rows that are equal in all else: ABI and number of the call */
	uint64_t calls, errors, total_ns, min_ns, max_ns;
	uint64_t n_timed;		/* calls whose time is known */
	struct distribution *spread;	/* NULL: nobody asks for percentiles */
};

/* Whether a column or the order asks for percentiles. */
bool summary_needs_spread(const struct summary_options *o);
/* One table: sorts the rows, and prints them with their total; json_begin as in table_print_json(). */
int summary_print(const struct summary_options *o, struct tally **rows, size_t n, const char *json_begin,
		  struct buffer *out);
