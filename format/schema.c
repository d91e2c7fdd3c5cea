/* The built-in tables: event types, flag sets, system calls. */
#include "format/schema.h"
#include "format/recipe.h"

#include <string.h>

/* ---- flag sets and dynamic sets: one array each ---- */

#define FLAG_TABLE(set) static const struct flag_name flags_##set[] = {
#define FLAG(set, value, name) {value, name},
#define FLAG_TABLE_END(set) {0, NULL}};
#define DYNAMIC_TABLE(set, n_rows) enum { DYNAMIC_N_##set = n_rows }; static const struct param_info dynamic_##set[] = {
#define DYNAMIC(set, t, f) {.name = #set, .type = t, .format = f, .dirfd_param = -1},
#define DYNAMIC_TABLE_END(set) };
#include "format/flags.def"

#define FLAG_TABLE(set) static const struct flag_table table_##set[] = {{#set, flags_##set}};
#include "format/flags.def"

static const struct flag_table *const flag_tables[] = {
#define FLAG_TABLE(set) table_##set,
#include "format/flags.def"
};

/* ---- events ---- */

#define table_NONE	NULL
#define dynamic_NONE	NULL
#define DYNAMIC_N_NONE	0

static const struct param_info params[] = {
#define PARAM(n, t, f, dirfd, set, dyn)                                                            \
	{.name = n, .type = t, .format = f, .dirfd_param = dirfd, .flags = table_##set,            \
	 .dynamic = dynamic_##dyn, .n_dynamic = DYNAMIC_N_##dyn},
#include "format/events.def"
};

static const struct event_info events[] = {
#define EVENT(t, id, n, cat, tr, first, count, result, fd)                                         \
	{.type = t, .category = cat, .traits = tr, .name = n, .n_params = count,                   \
	 .result_param = result, .fd_param = fd, .params = params + first},
#include "format/events.def"
};

#define N_EVENTS (sizeof events / sizeof *events)

/* Public types are their own index; ours follow without a gap (the generator checks both). */
enum {
	N_PUBLIC_EVENTS = 0
#define EVENT(type, ...) +((type) < EVENT_TYPE_OWN)
#include "format/events.def"
};

const struct event_info *event_info_at(size_t i)
{
	return i < N_EVENTS ? &events[i] : NULL;
}

const struct event_info *event_info_find(uint16_t type)
{
	size_t i = type < EVENT_TYPE_OWN ? type : (size_t)type - EVENT_TYPE_OWN + N_PUBLIC_EVENTS;

	if (type < EVENT_TYPE_OWN && type >= N_PUBLIC_EVENTS)
		return NULL;
	return i < N_EVENTS && !(events[i].traits & EF_UNUSED) ? &events[i] : NULL;
}

const struct event_info *event_info_by_name(const char *name)
{
	for (size_t i = N_EVENTS; i-- > 0;)
		if (!(events[i].traits & (EF_UNUSED | EF_OLD_VERSION)) && !strcmp(events[i].name, name))
			return &events[i];
	return NULL;
}

const struct flag_table *flag_table_at(size_t i)
{
	return i < sizeof flag_tables / sizeof *flag_tables ? flag_tables[i] : NULL;
}

const struct flag_table *flag_table_find(const char *name)
{
	const struct flag_table *t;

	for (size_t i = 0; (t = flag_table_at(i)); i++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* ---- system calls ---- */

static const struct syscall_info syscalls[] = {
#define SYSCALL(n, x86_64, i386, aarch64, type, sc)                                                \
	{.name = n, .number = {x86_64, i386, aarch64}, .event = type, .ppm_sc = sc},
#include "format/syscalls.def"
};

#define N_SYSCALLS (sizeof syscalls / sizeof *syscalls)

/* Index in syscalls + 1, 0: none. */
static const uint16_t syscall_by_number[N_ABIS][SYSCALL_NUMBERS] = {
#define SYSCALL_NUMBER(abi, number, index) [abi][number] = index + 1,
#include "format/syscalls.def"
};

static const char *const ppm_sc_names[] = {
#define PPM_SC(code, name) [code] = name,
#include "format/ppm_sc.def"
};

const struct syscall_info *syscall_at(size_t i)
{
	return i < N_SYSCALLS ? &syscalls[i] : NULL;
}

const struct syscall_info *syscall_find(enum syscall_abi abi, int number)
{
	if ((unsigned)abi >= N_ABIS || number < 0 || number >= SYSCALL_NUMBERS)
		return NULL;
	return syscall_by_number[abi][number] ? &syscalls[syscall_by_number[abi][number] - 1] : NULL;
}

const struct syscall_info *syscall_by_name(const char *name)
{
	for (size_t i = 0; i < N_SYSCALLS; i++)
		if (!strcmp(syscalls[i].name, name))
			return &syscalls[i];
	return NULL;
}

const struct syscall_info *syscall_by_ppm_sc(unsigned code)
{
	for (size_t i = 0; code && i < N_SYSCALLS; i++)
		if (syscalls[i].ppm_sc == code)
			return &syscalls[i];
	return NULL;
}

const char *ppm_sc_name(unsigned code)
{
	return code < sizeof ppm_sc_names / sizeof *ppm_sc_names ? ppm_sc_names[code] : NULL;
}
