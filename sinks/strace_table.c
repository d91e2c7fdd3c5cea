#include "sinks/strace_table.h"

#include <stdlib.h>
#include <string.h>

#define STRACE_SET(set)		static const struct flag_name names_##set[] = {
#define STRACE_FLAG(value, name) {value, name},
#define STRACE_SET_END(set)                                                                        \
	{                                                                                          \
		0, NULL                                                                            \
	}                                                                                          \
	}                                                                                          \
	;
#include "sinks/strace.def"

static const struct flag_table sets[] = {
#define STRACE_SET_END(set) {#set, names_##set},
#include "sinks/strace.def"
};

static const struct strace_arg args[] = {
#define STRACE_ARG(kind, out, number, a, b, c, d, e, f, g, h, set)                                         \
	{STRACE_##kind, out, number, {a, b, c, d, e, f, g, h}, set},
#include "sinks/strace.def"
};

/* By name. */
static const struct strace_call calls[] = {
#define STRACE_CALL(name, result, classes, event, first, n) {name, result, classes, event, first, n},
#include "sinks/strace.def"
};

static const struct {
	const char *name;
	bool bare; /* it is one without %, too */
	uint32_t bit;
} classes[] = {
#define STRACE_CLASS(name, bare, bit) {name, bare, 1u << bit},
#include "sinks/strace.def"
};

static int compare(const void *name, const void *call)
{
	return strcmp(name, ((const struct strace_call *)call)->name);
}

const struct strace_call *strace_call_find(const char *name)
{
	return bsearch(name, calls, sizeof calls / sizeof *calls, sizeof *calls, compare);
}

size_t strace_n_calls(void)
{
	return sizeof calls / sizeof *calls;
}

const struct strace_call *strace_call_at(size_t i)
{
	return &calls[i];
}

size_t strace_call_index(const struct strace_call *call)
{
	return (size_t)(call - calls);
}

const struct strace_arg *strace_call_arg(const struct strace_call *call, unsigned i)
{
	return &args[call->first_arg + i];
}

uint32_t strace_class_bit(const char *word, size_t len)
{
	const size_t mark = len && *word == '%';

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if ((mark || classes[i].bare) && strlen(classes[i].name) == len - mark &&
		    !memcmp(classes[i].name, word + mark, len - mark))
			return classes[i].bit;
	return 0;
}

const struct flag_table *strace_flags(const char *set)
{
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (!strcmp(sets[i].name, set))
			return &sets[i];
	return flag_table_find(set);
}
