#include "capture/proc_read.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHILDREN_MAX  (16u << 20) /* bytes of a list of numbers */
#define ANCESTORS_MAX 64 /* deeper trees are cut: names of far ancestors help nobody */

/* ---- reading ---- */

/* Exact on this machine; in other trees what their /proc/stat says, in whole seconds. */
static void find_boot_time(struct snapshot *sn, bool is_this_machine)
{
	const char *p;

	sn->ticks_per_second = sysconf(_SC_CLK_TCK);
	if (sn->ticks_per_second <= 0)
		sn->ticks_per_second = 100;
	if (is_this_machine)
		sn->boot_ns = clock_offset(CLOCK_BOOTTIME, CLOCK_REALTIME);
	else if (proc_file(sn, sn->root, "stat", 16u << 20) &&
		 (p = strstr((const char *)sn->file.data, "btime ")))
		sn->boot_ns = strtoull(p + strlen("btime "), NULL, 10) * 1000000000u;
}

static uint32_t slot_of(int64_t tid, uint32_t mask)
{
	return (uint32_t)(((uint64_t)tid * 0x9E3779B97F4A7C15u) >> 38) & mask;
}

static struct proc_task *task_find(const struct snapshot *sn, int64_t tid)
{
	uint32_t i;

	if (!sn->by_tid)
		return NULL;
	for (i = slot_of(tid, sn->tid_mask); sn->by_tid[i]; i = (i + 1) & sn->tid_mask) {
		if (sn->tasks[sn->by_tid[i] - 1].e.tid == tid)
			return &sn->tasks[sn->by_tid[i] - 1];
	}
	return NULL;
}

static int index_tasks(struct snapshot *sn)
{
	uint32_t n_slots = 64;

	while (n_slots < sn->n_tasks * 2 + 2)
		n_slots *= 2;
	if (!(sn->by_tid = calloc(n_slots, sizeof *sn->by_tid)))
		return -ENOMEM;
	sn->tid_mask = n_slots - 1;
	for (size_t k = 0; k < sn->n_tasks; k++) {
		uint32_t i = slot_of(sn->tasks[k].e.tid, sn->tid_mask);

		while (sn->by_tid[i])
			i = (i + 1) & sn->tid_mask;
		sn->by_tid[i] = (uint32_t)k + 1;
	}
	return 0;
}

/* The init of a pid namespace is the process that is 1 inside: its birth is the namespace's. */
static void find_namespace_births(struct snapshot *sn)
{
	for (size_t k = 0; k < sn->n_tasks; k++) {
		struct thread_entry *e = &sn->tasks[k].e;
		const struct proc_task *up = &sn->tasks[k];

		for (unsigned depth = 0; up && depth < ANCESTORS_MAX; depth++) {
			if (up->e.vpid == 1) {
				e->pidns_init_start_ns = up->e.clone_ns;
				break;
			}
			up = task_find(sn, up->e.ptid);
		}
	}
}

static int read_processes(struct snapshot *sn)
{
	int fd = openat(sn->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!list) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (d = readdir(list))) {
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			r = proc_process(sn, strtoll(d->d_name, NULL, 10));
	}
	closedir(list);
	return r;
}

static const struct proc_task *task_read(const struct snapshot *sn, int64_t tid)
{
	for (size_t i = 0; i < sn->n_tasks; i++)
		if (sn->tasks[i].e.tid == tid)
			return &sn->tasks[i];
	return NULL;
}

/* The process and its descendants as /proc lists them. */
static int read_family(struct snapshot *sn, int64_t pid)
{
	size_t first = sn->n_tasks;
	int r = task_read(sn, pid) ? 0 : proc_process(sn, pid);

	for (size_t i = first; r == 0 && i < sn->n_tasks; i++) {
		char path[64], *p;

		snprintf(path, sizeof path, "%" PRId64 "/task/%" PRId64 "/children", sn->tasks[i].e.pid,
			 sn->tasks[i].e.tid);
		if (!proc_file(sn, sn->root, path, CHILDREN_MAX))
			continue;
		/* The file's memory is used for others while its numbers are read. */
		p = strdup((const char *)sn->file.data);
		for (char *rest = p, *word; rest && r == 0 && (word = strsep(&rest, " "));)
			if (*word && !task_read(sn, strtoll(word, NULL, 10)))
				r = proc_process(sn, strtoll(word, NULL, 10));
		free(p);
	}
	return r;
}

static int read_ancestors(struct snapshot *sn, int64_t pid)
{
	const struct proc_task *task = task_read(sn, pid);
	unsigned what = sn->what;
	int r = 0;

	sn->what = (what & ~SNAPSHOT_FDS) | SNAPSHOT_NAMES;
	for (unsigned depth = 0; r == 0 && task && depth < ANCESTORS_MAX; depth++) {
		pid = task->e.ptid;
		if (pid <= 0 || task_read(sn, pid))
			break;
		r = proc_process(sn, pid);
		task = task_read(sn, pid);
	}
	sn->what = what;
	return r;
}

struct snapshot *snapshot_new(const char *proc_root, unsigned what, struct error *err)
{
	return snapshot_new_of(proc_root, what, NULL, 0, err);
}

struct snapshot *snapshot_new_of(const char *proc_root, unsigned what, const uint32_t *pids, size_t n_pids,
				 struct error *err)
{
	struct snapshot *sn = calloc(1, sizeof *sn);
	int r;

	if (!sn) {
		error_set(err, -ENOMEM, "no memory for the snapshot");
		return NULL;
	}
	sn->what = what;
	sn->read_ns = clock_ns(CLOCK_MONOTONIC);
	sn->last_tid = -1;
	sn->root = open(proc_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sn->root < 0) {
		error_set(err, -errno, "%s: %s", proc_root, strerror(errno));
		snapshot_free(sn);
		return NULL;
	}
	find_boot_time(sn, strcmp(proc_root, "/proc") == 0);
	r = n_pids ? 0 : read_processes(sn);
	for (size_t i = 0; r == 0 && i < n_pids; i++)
		r = read_family(sn, pids[i]);
	if (r < 0)
		error_set(err, r, "%s: %s", proc_root, strerror(-r));
	else if (!(what & SNAPSHOT_IN_PARTS))
		r = snapshot_rest(sn, pids, n_pids, err);
	if (r < 0) {
		snapshot_free(sn);
		return NULL;
	}
	return sn;
}

int snapshot_rest(struct snapshot *sn, const uint32_t *pids, size_t n_pids, struct error *err)
{
	int r = 0;

	/* Those that were read before wait for us: their numbers are theirs. */
	if (sn->what & SNAPSHOT_IN_PARTS)
		sn->read_ns = clock_ns(CLOCK_MONOTONIC);
	for (size_t i = 0; r == 0 && i < n_pids; i++)
		r = read_ancestors(sn, pids[i]);
	if (r == 0)
		r = index_tasks(sn);
	if (r == 0 && sn->what & SNAPSHOT_USERS)
		r = sn->what & SNAPSHOT_LATE ? proc_users_running(sn) : proc_users(sn);
	if (r == 0 && sn->what & SNAPSHOT_INTERFACES)
		r = proc_interfaces(sn);
	if (r == 0 && sn->texts.failed)
		r = -ENOMEM;
	if (r < 0)
		return error_set(err, r, "the machine's state: %s", strerror(-r));
	find_namespace_births(sn);
	proc_nets_free(sn);
	return 0;
}

void snapshot_free(struct snapshot *sn)
{
	if (!sn)
		return;
	if (sn->root >= 0)
		close(sn->root);
	proc_nets_free(sn);
	proc_texts_free(&sn->texts);
	buffer_done(&sn->file);
	free(sn->tasks);
	free(sn->by_tid);
	free(sn->fds);
	free(sn->users);
	free(sn->groups);
	free(sn->interfaces);
	free(sn);
}

/* ---- asking ---- */

const struct thread_entry *snapshot_thread(const struct snapshot *sn, int64_t tid)
{
	const struct proc_task *task = task_find(sn, tid);

	return task ? &task->e : NULL;
}

void snapshot_each(const struct snapshot *sn,
		   void (*take)(void *context, const struct thread_entry *t, uint64_t start_ticks), void *context)
{
	for (size_t i = 0; i < sn->n_tasks; i++)
		take(context, &sn->tasks[i].e, sn->tasks[i].start_ticks);
}

const struct fd_entry *snapshot_fds(const struct snapshot *sn, int64_t pid, size_t *ret_n)
{
	const struct proc_task *task = task_find(sn, pid);

	*ret_n = task ? task->n_fds : 0;
	return *ret_n ? sn->fds + task->first_fd : NULL;
}

static struct proc_named *user_find(const struct snapshot *sn, uint32_t uid)
{
	for (size_t i = 0; i < sn->n_users; i++) {
		if (sn->users[i].user.uid == uid)
			return &sn->users[i];
	}
	return NULL;
}

static struct proc_named *group_find(const struct snapshot *sn, uint32_t gid)
{
	for (size_t i = 0; i < sn->n_groups; i++) {
		if (sn->groups[i].group.gid == gid)
			return &sn->groups[i];
	}
	return NULL;
}

const struct user_entry *snapshot_user(const struct snapshot *sn, uint32_t uid)
{
	const struct proc_named *n = user_find(sn, uid);

	return n ? &n->user : NULL;
}

const struct group_entry *snapshot_group(const struct snapshot *sn, uint32_t gid)
{
	const struct proc_named *n = group_find(sn, gid);

	return n ? &n->group : NULL;
}

void snapshot_stats(const struct snapshot *sn, struct snapshot_stats *ret)
{
	*ret = (struct snapshot_stats){sn->n_processes, sn->n_tasks, sn->n_fds, sn->n_left_out};
}

/* ---- handing out ---- */

int snapshot_begin(struct snapshot *sn, struct entry_list *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sn->n_interfaces; i++) {
		struct state_entry e = {.kind = ENTRY_INTERFACE, .interface = sn->interfaces[i]};

		r = entry_list_add(out, &e);
	}
	sn->n_interfaces = 0;
	return r;
}

int snapshot_users_of(struct snapshot *sn, uint32_t uid, uint32_t gid, struct entry_list *out)
{
	struct proc_named *user, *group;
	int r = 0;

	if (sn->what & SNAPSHOT_LATE && (r = proc_user(sn, uid, gid)) < 0)
		return r;
	user = user_find(sn, uid);
	group = group_find(sn, gid);
	if (user && !user->said) {
		struct state_entry e = {.kind = ENTRY_USER, .user = user->user};

		r = entry_list_add(out, &e);
		user->said = true;
	}
	if (r == 0 && group && !group->said) {
		struct state_entry e = {.kind = ENTRY_GROUP, .group = group->group};

		r = entry_list_add(out, &e);
		group->said = true;
	}
	return r;
}

#define FRESH_NS 20000000 /* no machine gives a number to another task that soon */

/* The number is still its owner's of the snapshot. */
static bool is_same(struct snapshot *sn, const struct proc_task *task, bool *ret_gone)
{
	uint64_t start;

	*ret_gone = false;
	if (clock_ns(CLOCK_MONOTONIC) - sn->read_ns < FRESH_NS)
		return true;
	start = proc_start_ticks(sn, task->e.pid, task->e.tid);
	*ret_gone = start == 0;
	return start == task->start_ticks;
}

bool snapshot_lives(struct snapshot *sn, int64_t tid)
{
	struct proc_task *task = task_find(sn, tid);
	bool gone;

	return task && is_same(sn, task, &gone);
}

/* Names, executables and numbers: what may be told of processes that nobody asked to capture. */
static int say_name(struct snapshot *sn, struct proc_task *task, struct entry_list *out)
{
	struct state_entry e = {.kind = ENTRY_THREAD, .thread = task->e};
	int r;

	if (task->said >= SAID_NAME)
		return 0;
	task->said = SAID_NAME;
	e.thread.args = e.thread.env = e.thread.cgroups = (struct text){0};
	e.thread.cwd = e.thread.root = (struct text){0};
	e.thread.filtered = true;
	r = snapshot_users_of(sn, e.thread.uid, e.thread.gid, out);
	return r < 0 ? r : entry_list_add(out, &e);
}

int snapshot_ancestors(struct snapshot *sn, int64_t ptid, struct entry_list *out)
{
	struct proc_task *chain[ANCESTORS_MAX];
	unsigned n = 0;
	int r = 0;

	for (struct proc_task *t = task_find(sn, ptid); t && n < ANCESTORS_MAX; t = task_find(sn, t->e.ptid)) {
		bool gone;

		if (t->said != SAID_NOTHING || (!is_same(sn, t, &gone) && !gone))
			break;
		chain[n++] = t;
		/* Who started a pid namespace is no business of what runs inside. */
		if (t->e.ptid == t->e.tid || t->e.vpid == 1)
			break;
	}
	/* Parents come before their children. */
	while (r == 0 && n > 0)
		r = say_name(sn, chain[--n], out);
	return r;
}

static int say_thread(struct snapshot *sn, struct proc_task *task, struct entry_list *out)
{
	struct state_entry e = {.kind = ENTRY_THREAD, .thread = task->e};
	int r = snapshot_users_of(sn, task->e.uid, task->e.gid, out);

	if (r == 0 && task->e.loginuid != task->e.uid)
		r = snapshot_users_of(sn, task->e.loginuid, task->e.gid, out);
	task->said = SAID_ALL;
	return r < 0 ? r : entry_list_add(out, &e);
}

/* The main thread with ancestors before and fds behind it. */
static int say_process(struct snapshot *sn, struct proc_task *main, struct entry_list *out)
{
	int r = main->e.vpid == 1 ? 0 : snapshot_ancestors(sn, main->e.ptid, out);

	if (r == 0)
		r = say_thread(sn, main, out);
	for (uint32_t i = 0; r == 0 && i < main->n_fds; i++) {
		struct state_entry e = {.kind = ENTRY_FD, .fd = sn->fds[main->first_fd + i]};

		r = entry_list_add(out, &e);
	}
	return r;
}

/* /proc tells the start in clock ticks: whether `born` can be the same moment. */
static bool is_born_then(const struct proc_task *task, uint32_t born)
{
	uint64_t tick_ns = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);
	uint32_t from = (uint32_t)(task->start_ticks * tick_ns >> 20);
	uint32_t to = (uint32_t)((task->start_ticks + 1) * tick_ns >> 20);

	return born - from <= to - from;
}

static int say_first(struct snapshot *sn, struct proc_task *task, struct entry_list *out)
{
	struct proc_task *main = task_find(sn, task->e.pid);
	int r = 0;

	if (main && main != task && main->said != SAID_ALL)
		r = say_process(sn, main, out);
	if (r == 0)
		r = main == task ? say_process(sn, task, out) : say_thread(sn, task, out);
	return r;
}

int snapshot_first_seen(struct snapshot *sn, int64_t tid, int64_t pid, uint32_t born,
			struct entry_list *out)
{
	struct proc_task *task;

	if (tid == sn->last_tid)
		return 0;
	sn->last_tid = tid;
	task = task_find(sn, tid);
	if (!task || task->said == SAID_ALL || task->e.pid != pid)
		return 0;
	if (!is_born_then(task, born)) {
		task->said = SAID_ALL;
		return 0;
	}
	return say_first(sn, task, out);
}

int snapshot_all(struct snapshot *sn, struct entry_list *out)
{
	int r = snapshot_begin(sn, out);

	for (size_t i = 0; r == 0 && i < sn->n_tasks; i++) {
		struct proc_task *task = &sn->tasks[i], *main = task_find(sn, task->e.pid);

		if (task->said == SAID_ALL)
			continue;
		r = main == task ? say_process(sn, task, out) : say_thread(sn, task, out);
	}
	return r;
}
