/*
 * Which system call an event is: by the number that was recorded, in the table of its ABI; of events
 * without one (genuine .scap), by the type.
 */
#pragma once
#include "format/event.h"
#include "format/source.h"

/* The ABI of the calls in a capture, but for those with EVENT_COMPAT. */
enum syscall_abi call_abi(const struct capture_info *info);
static inline enum syscall_abi call_abi_of(const struct event *ev, enum syscall_abi native)
{
	return ev->flags & EVENT_COMPAT ? ABI_I386 : native;
}

/* The call's name as the kernel has it, static or of the event's schema: "pread64", not "pread". */
const char *call_name(struct event *ev, enum syscall_abi native);

/* Whether the event is a call that returned to who made it, as strace counts calls: neither the way in of
   old files, nor a child's return, nor a call that never returned (exit, exit_group, those under way). */
static inline bool call_returned(const struct event *ev)
{
	return event_info_is_syscall(ev->info) && !event_info_is_enter(ev->info) &&
	       !(ev->flags & (EVENT_NO_RESULT | EVENT_UNFINISHED | EVENT_CHILD_RETURN));
}

#define CALL_ERRNO_MAX 4095 /* MAX_ERRNO of the kernel: results from there to -1 are errors */
/* Types without a parameter for the result (getpeername) have it in the column all the same. */
static inline bool call_failed(const struct event *ev)
{
	bool absent = ev->info->result_param >= 0 && ev->absent >> ev->info->result_param & 1;

	return ev->has_result && !absent && ev->result < 0 && ev->result >= -CALL_ERRNO_MAX;
}
/* Whether the kernel broke it off for a signal (ERESTARTSYS and its like): when the thread was killed, nobody saw that. */
static inline bool call_broken_off(const struct event *ev)
{
	return ev->has_result && ev->result <= -512 && ev->result >= -516 && ev->result != -515;
}
