/*
 * System calls that were in progress when the capture began, from /proc/PID/syscall and the memory of who waits.
 * Some never return: these are what hangs are made of. Read while there are privileges, handed out at the end.
 *
 *	struct calls_before *b = calls_before_new(sn, &filter, pids, n_pids, 80, false);
 *	...
 *	struct record *r = calls_before_record(b, tid);		// of a thread that has done nothing since
 */
#pragma once
#include "capture/bpf/shared.h"
#include "capture/snapshot.h"
#include "filters/filter.h"

struct calls_before;

/* Of those threads of the snapshot that the kernel part of the filter lets pass and that are, or descend from,
   one of the pids (n_pids 0: all). snaplen: bytes kept of buffers; structures: with
   their arguments as memory. NULL: out of memory. */
struct calls_before *calls_before_new(struct snapshot *sn, const struct kernel_filter *filter,
				      const uint32_t *pids, size_t n_pids, uint32_t snaplen, bool structures);
void calls_before_free(struct calls_before *b);

/* The thread's call as a record without result, exit_ns left to the caller; valid as long as b. NULL: it
   was in none, is not wanted, or has ended. */
struct record *calls_before_record(struct calls_before *b, uint32_t tid);
