/*
 * Who was this thread, what was fd 7: the process and fd tables, fed by snapshot entries and events.
 * State never prints and never does I/O.
 *
 *	struct state *st = state_new(schema);
 *	state_entries(st, entries, n);		// from ITEM_STATE
 *	for each event, in order:
 *		state_apply(st, &ev);		// before anybody looks at it
 *		... st->now.thread, st->now.fd, state_thread_find() ...
 *		state_settle(st);		// close and exit take effect here
 *
 * Semantics are those of the sysdig family: an open's fd is there when its event is looked at, a
 * closed fd until it has been looked at, execve's new name at the execve event itself.
 *
 * Pointers to threads and fds are valid until state_settle() of the same event.
 */
#pragma once
#include "format/entry.h"
#include "format/event.h"
#include "state/path.h"

struct fd_info {
	int64_t fd;
	uint8_t type;			/* enum fd_type */
	uint8_t l4proto;
	bool is_server;			/* we are the server side (accept, bind+listen) */
	bool connected;
	bool name_changed;		/* by the current event */
	uint32_t open_flags, dev;
	uint64_t ino;
	uint8_t sip[16], dip[16];	/* client (source) and server (destination) as in fd.cip, fd.sip */
	uint16_t sport, dport;
	uint64_t unix_source, unix_peer;
	const char *name;		/* "/etc/hosts", "127.0.0.1:1->127.0.0.1:80"; "" when unknown; interned */
	uint32_t name_id;		/* equal names have equal ids: results about a name can be cached by id */
	const char *name_raw;		/* path as given to the call; may point into name */
};

struct fd_table;			/* shared as the kernel shares it */

struct thread {
	int64_t tid, pid, ptid, sid, pgid, vpgid, vtid, vpid;
	/* Never NULL, NUL-terminated. */
	const char *comm, *exe, *exepath, *cwd, *root;	/* cwd ends in '/' like the family's */
	const char *args, *env, *cgroups;		/* NUL-separated lists */
	uint32_t args_len, env_len, cgroups_len;	/* bytes, the last NUL included */
	uint32_t uid, gid, loginuid, flags, tty;
	uint32_t vm_size_kb, vm_rss_kb, vm_swap_kb;
	uint64_t pf_major, pf_minor, fd_limit;
	uint64_t clone_ns, pidns_init_start_ns, exec_ns;
	uint64_t cap_inheritable, cap_permitted, cap_effective;
	uint64_t exe_ino, exe_ino_ctime_ns, exe_ino_mtime_ns;
	bool exe_writable, exe_upper_layer, exe_lower_layer, exe_from_memfd;
	bool exiting;
	uint64_t version;	/* changes with every change of this thread's own fields: cache key */
	uint32_t name_id;	/* of comm, as fd_info.name_id */
	/* Of the process, kept at its main thread: those alive, and those but one (the family's proc.nchilds). */
	uint32_t n_threads, n_children;
	struct fd_table *fds;
};

struct state {
	const struct schema *schema;
	uint64_t serial;	/* no other state of this process ever has it: for caches by name_id */
	struct {
		/* Who made the event. NULL: tid <= 0, an unknown thread named by an internal event
		   (procinfo), or beyond the limits. */
		struct thread *thread;
		struct fd_info *fd;	/* the fd it is about (used, or just created); NULL: none or unknown */
		int64_t fd_num;		/* its number, -1: the event is about no fd */
		struct fd_info *fd2;	/* second fd of pipe, socketpair, rename..., NULL */
	} now;
};

struct state *state_new(const struct schema *schema);
void state_free(struct state *st);
void state_reset(struct state *st);
/* 0, -ENOMEM, -E2BIG (a stated limit on threads or fds; the entry is dropped and counted). */
int state_entries(struct state *st, const struct state_entry *entries, size_t n, struct error *err);

/* Whether events of this type change threads (processes, cwd, users...); others change nothing but fds. */
bool state_changes_threads(const struct event_info *info);
/*
 * Whether the type tells of memory and page faults. These are no state events (event_info_is_state()):
 * they are applied for those who ask for memory, and may be left out for others.
 */
bool state_changes_memory(const struct event_info *info);
void state_apply(struct state *st, struct event *ev);
void state_settle(struct state *st);
/*
 * For events that change nothing: sets st->now only. The caller may use it instead of state_apply
 * when event_info_is_state() is false. With want_fd false the fd is not looked up.
 */
void state_look(struct state *st, struct event *ev, bool want_fd);
/*
 * The same for event i of a batch of which no view has been made: for who may find in st->now.thread (but for
 * its cwd) and st->now.fd that the event is of no interest. false: that cannot be told, look at it.
 */
bool state_peek(struct state *st, const struct batch *batch, uint32_t i);
/* A new batch: tid_index has a new meaning (the state keeps a tid_index -> thread cache). */
void state_batch(struct state *st, const struct batch *batch);

struct thread *state_thread_find(struct state *st, int64_t tid);	/* NULL: unknown */
struct thread *state_thread_parent(struct state *st, const struct thread *t);
struct thread *state_thread_main(struct state *st, const struct thread *t); /* its process's main thread */
struct fd_info *thread_fd_find(const struct thread *t, int64_t fd);
/* Of a connection's ends, whether ours is the server's (dip, dport): by how it came about, where that is known. */
bool fd_is_server_end(const struct fd_info *fd);
uint64_t thread_fd_count(const struct thread *t);
/* for (i = 0; (f = thread_fd_at(t, &i)); ) in no order */
struct fd_info *thread_fd_at(const struct thread *t, size_t *i);
/* for (i = 0; (t = state_thread_at(st, &i)); ) */
struct thread *state_thread_at(const struct state *st, size_t *i);

/* A container that notes of the capture name; by its id, whole or its first 12 characters. NULL: unknown. */
struct container_entry {
	struct text id, name, image;	/* NUL-terminated; len 0: not told */
};
const struct container_entry *state_container(const struct state *st, struct text id);

const struct user_entry *state_user(const struct state *st, uint32_t uid);	/* NULL: unknown */
const struct group_entry *state_group(const struct state *st, uint32_t gid);

/*
 * Paths in events: a path parameter made absolute by the thread's cwd or its dirfd parameter, without
 * "." and "..", NUL-terminated in out (PATH_TEXT_MAX + 1 bytes). Returns its length, 0: absent or empty.
 */
#define STATE_AT_FDCWD (-100)
size_t state_path(const struct state *st, struct event *ev, unsigned param, char *out);
/* What such a path is relative to: a view; "<UNKNOWN>" for a directory fd that nobody has seen opened. */
const char *state_path_base(const struct state *st, const struct thread *t, int64_t dirfd, size_t *ret_len);

/* Whether the thread is cached as seen in the file already etc. is the writer's business, not state's:
   these turn a thread and its fds back into entries (views into the state). */
void thread_to_entry(const struct thread *t, struct thread_entry *ret);
void fd_to_entry(const struct thread *t, const struct fd_info *fd, struct fd_entry *ret);

/*
 * All that is known, as a snapshot would tell it: processes, their descriptors, users, groups and interfaces.
 * Views, valid until the function returns. Each call of take gets some of them; what it returns that is not 0
 * ends it and is returned.
 */
int state_each_entry(const struct state *st,
		     int (*take)(void *context, const struct state_entry *entries, size_t n, struct error *err),
		     void *context, struct error *err);

/* "IPv4 file" letters: 'f' file, 'd' directory, '4' '6' sockets, 'u' unix, 'p' fifo, 'e' event... */
char fd_type_char(const struct fd_info *fd);
const char *fd_type_text(const struct fd_info *fd);	/* "file", "ipv4", "unix"... */
