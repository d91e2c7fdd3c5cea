/* The input is YAML with macros and lists, a NUL, and a filter that may use them. Refused or not, it must end. */
#include "filters/definitions.h"
#include "filters/filter.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	struct definitions *d = definitions_new();
	struct error err = {0};
	struct filter *f;
	char *text = malloc(len + 1);

	if (!d || !text)
		abort();
	if (len)
		memcpy(text, data, len);
	text[len] = 0;
	definitions_are_yaml(text, len);
	if ((definitions_read(d, text, len, &err) < 0) != (err.code != 0))
		abort();
	free(text);
	for (size_t i = 0; definitions_macro_name(d, i); i++)
		if (!definitions_macro(d, text_of(definitions_macro_name(d, i))))
			abort();
	error_clear(&err);
	f = end ? filter_new_with((const char *)end + 1, size - len - 1, d, &err)
		: filter_new_with(definitions_filter(d), strlen(definitions_filter(d)), d, &err);
	if (!f != (err.code != 0))
		abort();
	filter_free(f);
	definitions_free(d);
	return 0;
}
