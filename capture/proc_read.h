/* The parts of a snapshot, for the files that fill it from /proc. */
#pragma once
#include "capture/snapshot.h"

struct proc_chunk;

/* Texts of the snapshot: never moved, freed at once. */
struct proc_texts {
	struct proc_chunk *chunks;
	bool failed;
};

enum proc_said { SAID_NOTHING, SAID_NAME, SAID_ALL };

struct proc_task {
	struct thread_entry e;
	uint64_t start_ticks;	/* since boot: tells a number's owners apart */
	uint32_t first_fd, n_fds; /* main threads */
	uint8_t said;		/* enum proc_said: what has been handed out */
};

struct proc_named {		/* a user or group, and whether it has been handed out */
	union {
		struct user_entry user;
		struct group_entry group;
	};
	bool said;
};

/* One socket of a net namespace, by inode number. */
struct proc_socket {
	uint64_t ino;
	struct fd_entry e;	/* type, protocol, addresses, name */
};

struct proc_net {
	char name[64];		/* of the namespace: "net:[4026531833]" */
	struct proc_socket *sockets;
	size_t n, cap;
};

struct snapshot {
	int root;		/* proc_root, opened */
	unsigned what;
	uint64_t boot_ns;	/* when the machine was booted, since the epoch */
	uint64_t read_ns;	/* when reading began, by CLOCK_MONOTONIC */
	long ticks_per_second;
	struct proc_texts texts;
	struct buffer file;	/* what is being read */
	struct proc_task *tasks;
	size_t n_tasks, cap_tasks;
	uint32_t *by_tid;	/* index + 1, linear probing; mask + 1 slots */
	uint32_t tid_mask;
	struct fd_entry *fds;
	size_t n_fds, cap_fds;
	struct proc_net *nets;
	size_t n_nets;
	struct proc_named *users, *groups;
	size_t n_users, n_groups, cap_users, cap_groups;
	uint32_t no_user, no_group; /* the last ones that nobody knows */
	bool has_no_user, has_no_group;
	struct interface_entry *interfaces;
	size_t n_interfaces;
	int64_t last_tid;	/* whom first_seen was asked about last */
	uint64_t n_processes, n_left_out;
	char cgroup_file[1024];	/* the last process's, and what it was turned into */
	struct text cgroup_text;
};

/* A copy that stays. Cut at max bytes; empty when memory is out (texts->failed). */
struct text proc_keep(struct proc_texts *texts, const char *data, size_t len, size_t max);
/* Reads a file below dir into sn->file, at most max bytes, NUL-terminated behind len. false: none. */
bool proc_file(struct snapshot *sn, int dir, const char *path, size_t max);
/* The target of a link below dir, kept; empty when refused. */
struct text proc_link(struct snapshot *sn, int dir, const char *path);
/* One more of an array; NULL when memory is out. */
void *proc_more(void **array, size_t n, size_t *cap, size_t size);

void proc_texts_free(struct proc_texts *texts);

/* All threads of a process, if it is still there and is no kernel thread. 0 or -ENOMEM. */
int proc_process(struct snapshot *sn, int64_t pid);
/* When the task with these numbers was born; 0: it is gone. */
uint64_t proc_start_ticks(struct snapshot *sn, int64_t pid, int64_t tid);
struct text proc_cgroups(struct snapshot *sn, int dir);
/* fds of the process whose folder is `dir`, appended to sn->fds. */
int proc_fds(struct snapshot *sn, int dir, int64_t pid);
/* The socket with this inode number in the net namespace of the process at dir; NULL: not listed. */
const struct proc_socket *proc_socket(struct snapshot *sn, int dir, uint64_t ino);
void proc_nets_free(struct snapshot *sn);
int proc_users(struct snapshot *sn);
/* Those of the tasks that were read. */
int proc_users_running(struct snapshot *sn);
/* These two alone. */
int proc_user(struct snapshot *sn, uint32_t uid, uint32_t gid);
int proc_interfaces(struct snapshot *sn);
