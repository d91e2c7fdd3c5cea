#include "capture/proc_status.h"

#include <stdlib.h>
#include <string.h>

const char *proc_status_line(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text && *text) {
		if (strncmp(text, name, len) == 0 && text[len] == ':')
			return text + len + 1 + strspn(text + len + 1, " \t");
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

uint64_t proc_status_number(const char *text, const char *name, unsigned nth, int base)
{
	const char *p = proc_status_line(text, name);
	uint64_t v = 0;

	for (unsigned i = 0; p && i <= nth; i++) {
		char *end;

		v = strtoull(p, &end, base);
		if (end == p)
			return 0;
		p = end;
	}
	return v;
}

int64_t proc_status_last(const char *text, const char *name, int64_t missing)
{
	const char *p = proc_status_line(text, name);
	int64_t v = missing;

	while (p && *p && *p != '\n') {
		char *end;
		long long next = strtoll(p, &end, 10);

		if (end == p)
			break;
		v = next;
		p = end;
	}
	return v;
}
