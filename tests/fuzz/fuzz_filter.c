/* The input is a filter. Refused or not, it must end; what it lets pass, every part must let pass. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/filter_events.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct filter_events events;
	char out[256];
	struct error err = {0};
	struct buffer explained = {0};
	struct filter *f;
	const char *words;

	if (!events.st && !filter_events_init(&events))
		abort();
	words = filter_events_run(&events, (const char *)data, size, out, sizeof out, &err);
	if (words) {
		fprintf(stderr, "%.*s: %s\n", (int)size, (const char *)data, words);
		abort();
	}
	f = filter_new_len((const char *)data, size, NULL);
	if (!f != (err.code != 0))
		abort();
	if (f)
		filter_explain(f, &explained);
	buffer_done(&explained);
	filter_free(f);
	return 0;
}
