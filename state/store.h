/*
 * What lies behind struct state: the tables themselves. Only for the files of this folder.
 *
 * Every byte that the tables hold is counted in store.used and limited by STATE_BYTES_MAX. When
 * it is reached, the threads that were silent for longest go first.
 */
#pragma once
#include "state/intern.h"
#include "state/path.h"
#include "state/state.h"

#define STATE_BYTES_MAX	  (512u << 20) /* all tables together: far above any real capture */
#define THREADS_MAX	  4194304u     /* PID_MAX_LIMIT of Linux on 64 bits */
#define FDS_PER_TABLE_MAX 1048576u     /* fs.nr_open, the most that RLIMIT_NOFILE can be by default */
#define FD_NEAR_MAX	  256	       /* fds below are found by index, others by hash */
#define NAMED_MAX	  65536u       /* users, groups and interfaces kept, each */

/* Flags of the family (facts: flags.tsv), where the tables look at their meaning. */
enum {
	OPEN_DIRECTORY = 1 << 10,
	OPEN_CLOEXEC = 1 << 12,
	CLONE_HAS_FILES = 1 << 0,
	CLONE_HAS_FS = 1 << 1,
	CLONE_HAS_PARENT = 1 << 8,
	CLONE_HAS_THREAD = 1 << 13,
	CLONE_IN_CHILD_PIDNS = 1 << 29,
};

enum fd_role { ROLE_NONE, ROLE_CLIENT, ROLE_SERVER };
enum l4_proto { L4_UNKNOWN, L4_NONE, L4_TCP, L4_UDP, L4_ICMP, L4_RAW };

struct fd_node {
	struct fd_info f;
	uint8_t role;
	uint8_t l4;		/* known from socket(); shown in f.l4proto once there is a role */
	bool raw_in_name;	/* f.name_raw is the end of f.name: no text of its own */
	int64_t pidfd_pid;	/* whom a pidfd is about, -1: unknown */
	struct fd_node *next;	/* free list */
};

struct fd_table {
	uint32_t refs;		/* threads and the process */
	uint32_t n_fds;
	uint32_t n_near;	/* slots of near */
	uint32_t n_far, far_mask; /* far_mask + 1 slots, 0: none */
	struct fd_node **near;
	struct fd_node **far;
};

struct thread_node;

/* What the threads of one pid share. Lives as long as a thread or a child refers to it. */
struct process {
	int64_t pid;
	uint32_t n_nodes;	/* thread nodes that refer to it */
	uint32_t n_alive;	/* those that have not exited */
	struct thread_node *main; /* NULL: not seen, or gone */
	struct thread_node *nodes; /* all of them */
	struct fd_table *fds;	/* what a thread of unknown origin shares */
	const char *cwd;	/* of the threads that share it (CLONE_FS) */
	uint32_t cwd_seq;	/* grows when cwd changes */
	struct process *parent, *children, *sibling_next, *sibling_prev;
};

struct thread_node {
	struct thread t;	/* first: struct thread * and struct thread_node * are the same address */
	struct process *process;
	struct thread_node *next, *prev; /* in the process */
	uint64_t seen;		/* number of its last event: who was silent for longest */
	uint32_t cache_slot, cache_batch; /* where store.cache points here */
	uint32_t cwd_seq;
	bool shares_fs;
	bool fresh_from_parent;	/* made by the parent's clone; the child's own return is to come */
	bool fresh_from_child;	/* made by the child's return; the parent's event is to come */
	bool placeholder;	/* made at first sight: nothing but the tid is known */
};

struct pid_map {		/* pid or tid -> object, linear probing */
	void **slots;
	uint32_t mask, n;
};

struct op;
struct fd_from;

#define OPS_STRETCH 512 /* event types: a page of pointers to ops */
_Static_assert(EVENT_TYPE_MAX % OPS_STRETCH == 0, "all types are in a stretch");

struct store {
	struct state pub;	/* first */
	size_t used, limit;	/* limit: STATE_BYTES_MAX, less in tests */
	struct intern_pool names;
	struct pid_map threads, processes;
	struct fd_node *free_fds;
	uint32_t n_fds, n_free_fds;
	/* per batch */
	const struct batch *batch;
	uint32_t batch_seq, n_cached;
	struct thread_node **cache;	/* BATCH_EVENTS */
	/* what state_settle() has to do */
	struct fd_table *closing_table;
	int64_t closing_fd;		/* -1: none */
	struct thread_node *exiting;
	struct fd_info *changed;	/* name_changed is set */
	bool to_settle;
	/* */
	struct op **ops;		/* by event type, made on first use */
	bool ops_made[EVENT_TYPE_MAX / OPS_STRETCH]; /* in which stretches there are some */
	struct fd_from *fd_from;	/* by event type */
	uint64_t version;
	uint64_t n_refused;		/* threads, fds and entries beyond a limit */
	struct user_entry *users;
	struct group_entry *groups;
	struct interface_entry *interfaces;
	uint32_t n_users, n_groups, n_interfaces;
	struct container_entry *containers;
	uint32_t n_containers;
	char path[PATH_TEXT_MAX + 1];
	struct buffer scratch;
};

static inline struct store *store_of(const struct state *st)
{
	return (struct store *)st;
}
static inline struct thread_node *node_of(const struct thread *t)
{
	return (struct thread_node *)t;
}
/* calloc on the account; NULL when memory or the limit is out. */
void *store_alloc(struct store *s, size_t size);
void store_release(struct store *s, void *p, size_t size);

/* Replaces an interned text (counts a reference each). true: it differs from before. */
bool store_text(struct store *s, const char **at, const void *data, size_t len);

/* The list of a thread's control groups, with the controllers' names as the family has them. */
void store_cgroups(struct store *s, struct thread *t, const char *list, size_t len);

/* ---- thread_table.c ---- */

struct thread_node *node_find(const struct store *s, int64_t tid);
/* A new thread; one that is there under this tid is forgotten first. NULL: refused. */
struct thread_node *node_new(struct store *s, int64_t tid, int64_t pid);
/* Moves the thread to another process (or the first time to one). false: refused. */
bool node_set_process(struct store *s, struct thread_node *n, int64_t pid);
/* ptid, and the process tree that follows from it. */
void node_set_parent(struct store *s, struct thread_node *n, int64_t ptid);
void node_set_comm(struct store *s, struct thread_node *n, const char *comm, size_t len);
void node_set_cwd(struct store *s, struct thread_node *n, const char *base, const char *path,
		  size_t path_len);
/* Counts a thread as gone (it stays to be looked at); its children go to reaper if > 0. */
void node_exit(struct store *s, struct thread_node *n, int64_t reaper);
/* After node_exit: removes it, and a main thread that has waited for its last thread. */
void node_bury(struct store *s, struct thread_node *n);
/* The thread is its process's only one from here on, whoever called exec. */
void node_exec(struct store *s, struct thread_node *n);
void node_changed(struct store *s, struct thread_node *n);
/* The fd table becomes this one (a reference is taken). */
void node_share_fds(struct store *s, struct thread_node *n, struct fd_table *table);
/* The thread's table, made when there is none. NULL: refused. */
struct fd_table *node_fds(struct store *s, struct thread_node *n);
/* A table of its own, with the same fds. false: refused, still shared. */
bool node_own_fds(struct store *s, struct thread_node *n);
void thread_tables_clear(struct store *s);

/* ---- fd_table.c ---- */

struct fd_table *fd_table_new(struct store *s);
struct fd_table *fd_table_copy(struct store *s, const struct fd_table *from);
void fd_table_drop(struct store *s, struct fd_table *table);	/* a reference */
struct fd_node *fd_table_find(const struct fd_table *table, int64_t fd);
/* An empty fd of that number; one that is there is closed first. NULL: refused. */
struct fd_node *fd_table_add(struct store *s, struct fd_table *table, int64_t fd);
/* The same fd under another number. */
struct fd_node *fd_table_dup(struct store *s, struct fd_table *table, int64_t fd,
			     const struct fd_node *from);
void fd_table_remove(struct store *s, struct fd_table *table, int64_t fd);
/* Those with first <= fd <= last; with cloexec only, flagged instead of removed. */
void fd_table_range(struct store *s, struct fd_table *table, int64_t first, int64_t last,
		    bool cloexec_only);
void fd_table_exec(struct store *s, struct fd_table *table);	/* closes what is close-on-exec */
void fd_set_name(struct store *s, struct fd_node *n, const char *name, size_t len);
/* What the name was made of. */
void fd_set_name_raw(struct store *s, struct fd_node *n, const char *raw, size_t len);

/* ---- container.c ---- */

void containers_clear(struct store *s);

/* ---- entries.c ---- */

void entries_clear(struct store *s);	/* users, groups, interfaces */
void user_remove(struct store *s, uint32_t uid);
void group_remove(struct store *s, uint32_t gid);

/* ---- apply_socket.c ---- */

/* is_server and l4proto, after type, addresses or role have changed. */
void socket_settle(struct store *s, struct fd_node *n);
/* The name that follows from the addresses. */
void socket_name(struct store *s, struct fd_node *n);
void socket_guess_role(const struct thread *t, struct fd_node *n);
