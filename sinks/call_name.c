#include "sinks/call_name.h"

#include "filters/field.h"

#include <stdatomic.h>

enum syscall_abi call_abi(const struct capture_info *info)
{
	static const struct {
		const char *arch;
		enum syscall_abi abi;
	} rows[] = {{"aarch64", ABI_AARCH64}, {"i386", ABI_I386}, {"i686", ABI_I386}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (info->arch.len == strlen(rows[i].arch) &&
		    !memcmp(info->arch.data, rows[i].arch, info->arch.len))
			return rows[i].abi;
	return ABI_X86_64;
}

/* Several calls share a type (pread64 and pread, getuid and getuid32): the one of that name, else the
   first that the ABI has. */
static const struct syscall_info *find_by_type(const struct event_info *info, enum syscall_abi abi)
{
	const struct syscall_info *row, *best = NULL;

	for (size_t i = 0; (row = syscall_at(i)); i++) {
		if (row->event != info->type)
			continue;
		if (!strcmp(row->name, info->name))
			return row;
		if (!best && row->number[abi] >= 0)
			best = row;
	}
	return best;
}

/* The call's row; NULL: it has none, or it is no call. */
static const struct syscall_info *call_find(struct event *ev, enum syscall_abi native)
{
	/*
	 * A walk through the table for each event would cost more than all the rest. Threads may find the same at once;
	 * a table for each thread would be cleared at the start of each.
	 */
	static _Atomic(const struct syscall_info *) found[EVENT_TYPE_MAX];
	enum syscall_abi abi = call_abi_of(ev, native);
	const struct syscall_info *known;

	if (ev->sysno != SYSNO_NONE)
		return syscall_find(abi, ev->sysno);
	if (ev->type <= 1)
		return syscall_by_name(event_name(ev));
	if (ev->type >= EVENT_TYPE_MAX)
		return NULL;
	known = atomic_load_explicit(&found[ev->type], memory_order_relaxed);
	if (!known || known->event != ev->type) {
		known = find_by_type(ev->info, abi);
		atomic_store_explicit(&found[ev->type], known, memory_order_relaxed);
	}
	return known;
}

const char *call_name(struct event *ev, enum syscall_abi native)
{
	const struct syscall_info *call = call_find(ev, native);

	return call ? call->name : event_name(ev);
}
