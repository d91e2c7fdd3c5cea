/*
 * What the machine runs at this moment, read from /proc into memory; and out of it, thread by
 * thread, what a capture file may say.
 *
 *	struct snapshot *sn = snapshot_new("/proc", SNAPSHOT_FDS, &err);	// still privileged
 *	... privileges go ...
 *	snapshot_begin(sn, &list);			// interfaces
 *	for each event: snapshot_first_seen(sn, tid, pid, born, &list);
 *
 * What is private stays out: only threads that appear in events, their process, its fds and users
 * are handed out; of their ancestors no more than names, executables and ids. Environments are not even
 * read unless SNAPSHOT_ENV asks for it.
 *
 * Processes vanish while they are read, and some (PID 1 of a container) refuse: both are no errors,
 * what could be read is kept.
 */
#pragma once
#include "capture/entry_list.h"

enum snapshot_what {
	SNAPSHOT_FDS = 1,
	SNAPSHOT_ENV = 2,
	SNAPSHOT_USERS = 4,	 /* from the user database of the machine that runs this */
	SNAPSHOT_INTERFACES = 8, /* its network interfaces */
	SNAPSHOT_LATE = 16,	 /* users of later tasks are looked up when they are asked for: who keeps privileges may wait */
	SNAPSHOT_NAMES = 32,	 /* of processes no more than is told of ancestors */
	SNAPSHOT_IN_PARTS = 64,	 /* snapshot_rest() will read what can be read later */
	SNAPSHOT_DEFAULT = SNAPSHOT_FDS | SNAPSHOT_USERS | SNAPSHOT_INTERFACES,
};

#define SNAPSHOT_TASKS_MAX 4194304u /* PID_MAX_LIMIT */
#define SNAPSHOT_FDS_MAX   4194304u /* of all processes; further ones are left out and counted */

struct snapshot;

/* proc_root: "/proc", or a tree that looks like it. NULL: it cannot be read at all, or no memory. */
struct snapshot *snapshot_new(const char *proc_root, unsigned what, struct error *err);
/*
 * Only these processes, those that descend from them at this moment, and the ancestors of all: of a machine
 * with many processes a small part.
 */
struct snapshot *snapshot_new_of(const char *proc_root, unsigned what, const uint32_t *pids, size_t n_pids,
				 struct error *err);
/*
 * What hardly changes when these processes run on: their ancestors, users, interfaces. Once, after
 * SNAPSHOT_IN_PARTS and before anything is asked; the same pids, which are to be of children that nobody has waited for.
 */
int snapshot_rest(struct snapshot *sn, const uint32_t *pids, size_t n_pids, struct error *err);
void snapshot_free(struct snapshot *sn);

/* NULL: unknown. Views, valid as long as the snapshot. */
const struct thread_entry *snapshot_thread(const struct snapshot *sn, int64_t tid);
/* Every thread, with the time when it was started in clock ticks after boot. */
void snapshot_each(const struct snapshot *sn,
		   void (*take)(void *context, const struct thread_entry *t, uint64_t start_ticks), void *context);
/* Whether that thread still exists: not another one with its number. */
bool snapshot_lives(struct snapshot *sn, int64_t tid);
/* The process's fds, *ret_n of them. */
const struct fd_entry *snapshot_fds(const struct snapshot *sn, int64_t pid, size_t *ret_n);
const struct user_entry *snapshot_user(const struct snapshot *sn, uint32_t uid);
const struct group_entry *snapshot_group(const struct snapshot *sn, uint32_t gid);

/*
 * Each adds to `out` what has not been handed out before, in an order that state_entries can take.
 * 0, also when there is nothing to say; -ENOMEM.
 *
 * first_seen: the thread, its process with fds, their users, and their ancestors by name. A thread
 * that was born after the snapshot is none of its business, even when it has an old number: that is
 * noticed by its time of birth: born is its start by CLOCK_BOOTTIME in units of 2^20 ns, modulo 2^32.
 */
int snapshot_begin(struct snapshot *sn, struct entry_list *out);
int snapshot_first_seen(struct snapshot *sn, int64_t tid, int64_t pid, uint32_t born,
			struct entry_list *out);
/* Users and groups that appear later: by setuid, or in tasks that the kernel tells about. */
int snapshot_users_of(struct snapshot *sn, uint32_t uid, uint32_t gid, struct entry_list *out);
/* Ancestors of a process that is not in the snapshot, from this pid upwards. */
int snapshot_ancestors(struct snapshot *sn, int64_t ptid, struct entry_list *out);
/* Everything (--snapshot=all). */
int snapshot_all(struct snapshot *sn, struct entry_list *out);

struct snapshot_stats {
	uint64_t n_processes, n_threads, n_fds, n_left_out; /* left_out: beyond the limits */
};
void snapshot_stats(const struct snapshot *sn, struct snapshot_stats *ret);
