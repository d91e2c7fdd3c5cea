/* Who runs: /proc/PID and /proc/PID/task. */
#include "capture/proc_read.h"
#include "capture/proc_status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_SIZE	65536u
#define STATUS_MAX	16384u
#define KERNEL_THREAD	0x00200000u /* PF_KTHREAD */
/* Clone flags of the family that a thread besides the main one has. */
#define FLAGS_OF_THREAD (1u << 13 | 1u << 0 | 1u << 1)

struct proc_chunk {
	struct proc_chunk *next;
	size_t used, size;
	char data[];
};

struct text proc_keep(struct proc_texts *texts, const char *data, size_t len, size_t max)
{
	struct proc_chunk *c = texts->chunks;
	size_t size;

	len = len < max ? len : max;
	if (!len)
		return (struct text){0};
	if (!c || c->size - c->used < len) {
		size = len > CHUNK_SIZE ? len : CHUNK_SIZE;
		if (!(c = malloc(sizeof *c + size))) {
			texts->failed = true;
			return (struct text){0};
		}
		*c = (struct proc_chunk){.next = texts->chunks, .size = size};
		texts->chunks = c;
	}
	memcpy(c->data + c->used, data, len);
	c->used += len;
	return (struct text){c->data + c->used - len, (uint32_t)len};
}

void proc_texts_free(struct proc_texts *texts)
{
	while (texts->chunks) {
		struct proc_chunk *next = texts->chunks->next;

		free(texts->chunks);
		texts->chunks = next;
	}
}

bool proc_file(struct snapshot *sn, int dir, const char *path, size_t max)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	buffer_clear(&sn->file);
	if (fd < 0)
		return false;
	while (sn->file.len < max) {
		size_t want = max - sn->file.len < 65536 ? max - sn->file.len : 65536;
		uint8_t *room = buffer_reserve(&sn->file, want + 1);

		if (!room || (n = read(fd, room, want)) <= 0)
			break;
		sn->file.len += (size_t)n;
	}
	close(fd);
	if (sn->file.failed || (n < 0 && sn->file.len == 0))
		return false;
	if (!buffer_reserve(&sn->file, 1))
		return false;
	sn->file.data[sn->file.len] = 0;
	return true;
}

struct text proc_link(struct snapshot *sn, int dir, const char *path)
{
	char target[ENTRY_TEXT_MAX];
	ssize_t n = readlinkat(dir, path, target, sizeof target);

	return n > 0 ? proc_keep(&sn->texts, target, (size_t)n, ENTRY_TEXT_MAX) : (struct text){0};
}

void *proc_more(void **array, size_t n, size_t *cap, size_t size)
{
	if (n == *cap) {
		size_t grown_cap = *cap ? *cap * 2 : 64;
		void *grown = realloc(*array, grown_cap * size);

		if (!grown)
			return NULL;
		*array = grown;
		*cap = grown_cap;
	}
	memset((char *)*array + n * size, 0, size);
	return (char *)*array + n * size;
}

/* ---- stat and status ---- */

struct stat_line {
	uint64_t ptid, pgid, sid, tty, flags, minor_faults, major_faults, start_ticks;
};

/* "pid (comm) state ppid pgrp session tty ...": comm may hold spaces and parentheses itself. */
static bool parse_stat(const char *text, struct stat_line *ret)
{
	const char *p = strrchr(text, ')');
	uint64_t v[20] = {0};
	unsigned n = 0;

	if (!p || strlen(p) < 4)
		return false;
	for (p += 4; n < 19 && *p; n++) {
		char *end;

		v[n] = strtoull(p, &end, 10);
		if (end == p)
			return false;
		p = end + (*end == ' ');
	}
	*ret = (struct stat_line){.ptid = v[0], .pgid = v[1], .sid = v[2], .tty = v[3], .flags = v[5],
				  .minor_faults = v[6], .major_faults = v[8], .start_ticks = v[18]};
	return n == 19;
}

uint64_t proc_start_ticks(struct snapshot *sn, int64_t pid, int64_t tid)
{
	struct stat_line line;
	char path[80];

	if (pid == tid)
		snprintf(path, sizeof path, "%" PRId64 "/stat", pid);
	else
		snprintf(path, sizeof path, "%" PRId64 "/task/%" PRId64 "/stat", pid, tid);
	if (!proc_file(sn, sn->root, path, STATUS_MAX) ||
	    !parse_stat((const char *)sn->file.data, &line))
		return 0;
	return line.start_ticks;
}

static void take_status(struct thread_entry *e, const char *text)
{
	e->uid = (uint32_t)proc_status_number(text, "Uid", 1, 10);
	e->gid = (uint32_t)proc_status_number(text, "Gid", 1, 10);
	e->vm_size_kb = (uint32_t)proc_status_number(text, "VmSize", 0, 10);
	e->vm_rss_kb = (uint32_t)proc_status_number(text, "VmRSS", 0, 10);
	e->vm_swap_kb = (uint32_t)proc_status_number(text, "VmSwap", 0, 10);
	e->cap_inheritable = proc_status_number(text, "CapInh", 0, 16);
	e->cap_permitted = proc_status_number(text, "CapPrm", 0, 16);
	e->cap_effective = proc_status_number(text, "CapEff", 0, 16);
	e->vtid = proc_status_last(text, "NSpid", e->tid);
	e->vpid = proc_status_last(text, "NStgid", e->pid);
	e->vpgid = proc_status_last(text, "NSpgid", e->pgid);
}

static void take_comm(struct snapshot *sn, struct thread_entry *e, const char *stat_text)
{
	const char *open = strchr(stat_text, '('), *close = strrchr(stat_text, ')');

	if (open && close && close > open)
		e->comm = proc_keep(&sn->texts, open + 1, (size_t)(close - open - 1), ENTRY_TEXT_MAX);
}

/* ---- what a process's threads have in common ---- */

static void take_cmdline(struct snapshot *sn, int dir, struct thread_entry *e)
{
	const char *data;
	size_t exe_len, len;

	if (!proc_file(sn, dir, "cmdline", ENTRY_TEXT_MAX + ENTRY_BLOB_MAX) || !sn->file.len)
		return;
	data = (const char *)sn->file.data;
	len = sn->file.len;
	exe_len = strnlen(data, len);
	e->exe = proc_keep(&sn->texts, data, exe_len, ENTRY_TEXT_MAX);
	if (len > exe_len + 1)
		e->args = proc_keep(&sn->texts, data + exe_len + 1, len - exe_len - 1, ENTRY_BLOB_MAX);
}

/* Writing to one's own program is a sign of trouble; root may write anything. */
static bool is_writable(const struct stat *st, const struct thread_entry *e)
{
	return e->uid == 0 || (st->st_uid == e->uid && st->st_mode & S_IWUSR) ||
	       (st->st_uid != e->uid && st->st_gid == e->gid && st->st_mode & S_IWGRP) ||
	       st->st_mode & S_IWOTH;
}

static uint64_t time_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static void take_exe(struct snapshot *sn, int dir, struct thread_entry *e)
{
	static const char gone[] = " (deleted)", memfd[] = "/memfd:";
	struct stat st;
	size_t len = sizeof gone - 1;

	e->exepath = proc_link(sn, dir, "exe");
	e->exe_from_memfd = e->exepath.len >= sizeof memfd - 1 &&
			    memcmp(e->exepath.data, memfd, sizeof memfd - 1) == 0;
	if (e->exepath.len > len && memcmp(e->exepath.data + e->exepath.len - len, gone, len) == 0)
		e->exepath.len -= (uint32_t)len;
	if (e->exepath.len && fstatat(dir, "exe", &st, 0) == 0) {
		e->exe_ino = st.st_ino;
		e->exe_ino_ctime_ns = time_of(&st.st_ctim);
		e->exe_ino_mtime_ns = time_of(&st.st_mtim);
		e->exe_writable = is_writable(&st, e);
	}
}

static void take_limits(struct snapshot *sn, int dir, struct thread_entry *e)
{
	const char *p;

	if (!proc_file(sn, dir, "limits", STATUS_MAX) ||
	    !(p = strstr((const char *)sn->file.data, "Max open files")))
		return;
	p += strlen("Max open files");
	p += strspn(p, " ");
	e->fd_limit = *p == 'u' ? UINT64_MAX : strtoull(p, NULL, 10);
}

static void take_process(struct snapshot *sn, int dir, struct thread_entry *e)
{
	e->loginuid = UINT32_MAX;
	if (proc_file(sn, dir, "loginuid", 32) && sn->file.len)
		e->loginuid = (uint32_t)strtoull((const char *)sn->file.data, NULL, 10);
	take_cmdline(sn, dir, e);
	take_exe(sn, dir, e);
	if (sn->what & SNAPSHOT_NAMES)
		return;
	take_limits(sn, dir, e);
	e->cwd = proc_link(sn, dir, "cwd");
	e->root = proc_link(sn, dir, "root");
	e->cgroups = proc_cgroups(sn, dir);
	if (sn->what & SNAPSHOT_ENV && proc_file(sn, dir, "environ", ENTRY_BLOB_MAX))
		e->env = proc_keep(&sn->texts, (const char *)sn->file.data, sn->file.len, ENTRY_BLOB_MAX);
}

/* ---- threads ---- */

static uint64_t birth_ns(const struct snapshot *sn, uint64_t ticks)
{
	uint64_t hz = (uint64_t)sn->ticks_per_second;

	return sn->boot_ns + ticks / hz * 1000000000u + ticks % hz * 1000000000u / hz;
}

/* 1: taken; 0: gone or none of ours; -ENOMEM */
static int take_task(struct snapshot *sn, int dir, int64_t pid, int64_t tid, const char *folder,
		     const struct thread_entry *main, struct proc_task *task)
{
	struct thread_entry *e = &task->e;
	struct stat_line line;
	char path[64];

	if (main)
		*e = *main;
	e->tid = tid;
	e->pid = pid;
	e->flags = main ? FLAGS_OF_THREAD : 0;
	snprintf(path, sizeof path, "%sstat", folder);
	if (!proc_file(sn, dir, path, STATUS_MAX) ||
	    !parse_stat((const char *)sn->file.data, &line) || line.flags & KERNEL_THREAD)
		return 0;
	take_comm(sn, e, (const char *)sn->file.data);
	e->ptid = (int64_t)line.ptid;
	e->pgid = (int64_t)line.pgid;
	e->sid = (int64_t)line.sid;
	e->tty = (uint32_t)line.tty;
	e->pf_minor = line.minor_faults;
	e->pf_major = line.major_faults;
	task->start_ticks = line.start_ticks;
	e->clone_ns = birth_ns(sn, line.start_ticks);
	snprintf(path, sizeof path, "%sstatus", folder);
	if (proc_file(sn, dir, path, STATUS_MAX))
		take_status(e, (const char *)sn->file.data);
	return 1;
}

/* The threads besides the main one: they share everything but their own numbers and name. */
static int take_threads(struct snapshot *sn, int dir, int64_t pid, size_t main)
{
	int tasks = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = tasks < 0 ? NULL : fdopendir(tasks);
	struct dirent *d;
	int r = 0;

	if (!list) {
		if (tasks >= 0)
			close(tasks);
		return 0;
	}
	while (r == 0 && (d = readdir(list))) {
		int64_t tid = strtoll(d->d_name, NULL, 10);
		struct thread_entry of_main;
		struct proc_task *task;
		char folder[32];

		if (tid <= 0 || tid == pid)
			continue;
		if (sn->n_tasks >= SNAPSHOT_TASKS_MAX) {
			sn->n_left_out++;
			break;
		}
		task = proc_more((void **)&sn->tasks, sn->n_tasks, &sn->cap_tasks, sizeof *task);
		if (!task) {
			r = -ENOMEM;
			break;
		}
		of_main = sn->tasks[main].e;
		snprintf(folder, sizeof folder, "%" PRId64 "/", tid);
		if (take_task(sn, dirfd(list), pid, tid, folder, &of_main, task))
			sn->n_tasks++;
	}
	closedir(list);
	return r;
}

int proc_process(struct snapshot *sn, int64_t pid)
{
	struct proc_task *task;
	size_t main = sn->n_tasks;
	char folder[32];
	int dir, r = 0;

	if (sn->n_tasks >= SNAPSHOT_TASKS_MAX) {
		sn->n_left_out++;
		return 0;
	}
	if (!(task = proc_more((void **)&sn->tasks, main, &sn->cap_tasks, sizeof *task)))
		return -ENOMEM;
	snprintf(folder, sizeof folder, "%" PRId64, pid);
	dir = openat(sn->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	if (take_task(sn, dir, pid, pid, "", NULL, task)) {
		take_process(sn, dir, &task->e);
		sn->n_tasks++;
		sn->n_processes++;
		task->first_fd = (uint32_t)sn->n_fds;
		if (sn->what & SNAPSHOT_FDS)
			r = proc_fds(sn, dir, pid);
		sn->tasks[main].n_fds = (uint32_t)(sn->n_fds - sn->tasks[main].first_fd);
		if (r == 0 && !(sn->what & SNAPSHOT_NAMES))
			r = take_threads(sn, dir, pid, main);
	}
	close(dir);
	return sn->texts.failed ? -ENOMEM : r;
}
