/* What /proc says of a tracee. Everything is read at most once per call: facts are of one moment. */
#pragma once
#include "capture/ptrace/call.h"

#include <sys/stat.h>

/* A file of /proc/TID/; NUL-terminated, cut at size - 1. Negative: it cannot be read. */
ssize_t proc_text_of(pid_t tid, const char *name, char *to, size_t size);
/* The same of the task of which it was read last, from the file as it was opened then. */
struct kept_file {
	pid_t tid; /* 0: none is open */
	int fd;
};
ssize_t proc_kept_text(struct kept_file *k, pid_t tid, const char *name, char *to, size_t size);
void kept_file_done(struct kept_file *k);
/* Where a link of /proc/TID/ leads, as the tracee sees it below its root. Negative: it cannot be read. */
ssize_t proc_path_of(pid_t tid, const char *name, char *to, size_t size);
bool proc_stat_of(pid_t tid, const char *name, struct stat *ret);

/* Numbers as tasks have them, from where they are needed without a call. */
pid_t proc_tgid(pid_t tid);	  /* 0: it is gone */
/* Whether it is this user's in every respect: real, effective, saved and file system ids. */
bool proc_is_of(pid_t tid, uid_t uid);
pid_t proc_parent(pid_t tid);	  /* process of its parent; 0: unknown */
int proc_cpu(pid_t tid);		  /* where it ran last; negative: unknown */
uint32_t proc_born(pid_t tid);	  /* as record.born; 0: unknown */
/* The first child of a thread; 0: none; -1: unknown. */
pid_t proc_child(pid_t tid);
/* What a signal of this number does to it. */
enum signal_action { SIGNAL_DROPPED, SIGNAL_ENDS, SIGNAL_CORE, SIGNAL_STOPS, SIGNAL_CAUGHT };
enum signal_action proc_action(pid_t tid, int number);

struct stat_facts {
	int64_t ppid, pgrp, session, tty;
	uint64_t min_flt, maj_flt, start_ticks, arg_start, arg_end, env_start, env_end;
	char comm[64];
};

struct status_facts {
	uint32_t uid, euid, fsuid, gid, egid, fsgid;
	int64_t vtid, vpid, vpgid;
	uint64_t cap_i, cap_p, cap_e;
	uint32_t n_groups;
	uint32_t groups[256]; /* further ones are not looked at */
};

struct task_facts {
	pid_t tid; /* whose; 0: nobody's yet */
	bool has_stat, has_status, has_exe;
	bool stat_read, status_read, exe_read;
	struct stat_facts stat;
	struct status_facts status;
	struct stat exe;
};

/* Forgets what is known: another call, or another task. */
void facts_begin(struct task_facts *f, pid_t tid);
/* NULL: the task is gone or hides it. */
const struct stat_facts *facts_stat(struct task_facts *f);
const struct status_facts *facts_status(struct task_facts *f);
const struct stat *facts_exe(struct task_facts *f);
