#include "state/store.h"

#include <stdlib.h>

#define SLOTS_FIRST 256u

/* Threads and processes both begin with what identifies them. */
static int64_t key_of(const struct store *s, const struct pid_map *m, const void *p)
{
	return m == &s->threads ? ((const struct thread_node *)p)->t.tid
				: ((const struct process *)p)->pid;
}

static uint32_t home_of(int64_t key, uint32_t mask)
{
	return (uint32_t)(((uint64_t)key * 0x9E3779B97F4A7C15u) >> 38) & mask;
}

static void **map_find(const struct store *s, const struct pid_map *m, int64_t key)
{
	uint32_t i = home_of(key, m->mask);

	while (m->slots[i] && key_of(s, m, m->slots[i]) != key)
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

/* At most half full. */
static bool map_room(struct store *s, struct pid_map *m)
{
	struct pid_map old = *m;
	uint32_t n = old.slots ? (old.mask + 1) * 2 : SLOTS_FIRST;

	if (old.slots && (old.n + 1) * 2 <= old.mask + 1)
		return true;
	if (!(m->slots = store_alloc(s, n * sizeof(void *)))) {
		m->slots = old.slots;
		return false;
	}
	m->mask = n - 1;
	for (uint32_t i = 0; old.slots && i <= old.mask; i++) {
		if (old.slots[i])
			*map_find(s, m, key_of(s, m, old.slots[i])) = old.slots[i];
	}
	store_release(s, old.slots, old.slots ? (old.mask + 1) * sizeof(void *) : 0);
	return true;
}

static void map_remove(struct store *s, struct pid_map *m, void *p)
{
	uint32_t gap = (uint32_t)(map_find(s, m, key_of(s, m, p)) - m->slots), i = gap;

	m->slots[gap] = NULL;
	m->n--;
	for (;;) {
		i = (i + 1) & m->mask;
		if (!m->slots[i])
			return;
		if (((i - home_of(key_of(s, m, m->slots[i]), m->mask)) & m->mask) <
		    ((i - gap) & m->mask))
			continue;
		m->slots[gap] = m->slots[i];
		m->slots[i] = NULL;
		gap = i;
	}
}

/* ---- processes ---- */

static void process_orphan(struct process *p)
{
	if (!p->parent)
		return;
	if (p->sibling_prev)
		p->sibling_prev->sibling_next = p->sibling_next;
	else
		p->parent->children = p->sibling_next;
	if (p->sibling_next)
		p->sibling_next->sibling_prev = p->sibling_prev;
	p->parent = p->sibling_prev = p->sibling_next = NULL;
}

static void process_adopt(struct process *parent, struct process *p)
{
	process_orphan(p);
	if (!parent || parent == p)
		return;
	p->parent = parent;
	p->sibling_next = parent->children;
	if (parent->children)
		parent->children->sibling_prev = p;
	parent->children = p;
}

static struct process *process_find(const struct store *s, int64_t pid)
{
	return s->processes.slots ? *map_find(s, &s->processes, pid) : NULL;
}

static struct process *process_get(struct store *s, int64_t pid)
{
	struct process *p = process_find(s, pid);

	if (p)
		return p;
	if (!map_room(s, &s->processes) || !(p = store_alloc(s, sizeof *p)))
		return NULL;
	p->pid = pid;
	p->cwd = s->names.empty;
	*map_find(s, &s->processes, pid) = p;
	s->processes.n++;
	return p;
}

static void process_drop(struct store *s, struct process *p)
{
	if (p->n_nodes)
		return;
	while (p->children)
		process_orphan(p->children);
	process_orphan(p);
	fd_table_drop(s, p->fds);
	intern_drop(&s->names, p->cwd);
	map_remove(s, &s->processes, p);
	store_release(s, p, sizeof *p);
}

/* The counts that others see stand at the main thread. */
static void process_count(struct process *p)
{
	if (!p->main)
		return;
	p->main->t.n_threads = p->n_alive;
	p->main->t.n_children = p->n_alive ? p->n_alive - 1 : 0;
}

static void process_leave(struct store *s, struct thread_node *n)
{
	struct process *p = n->process;

	if (!p)
		return;
	n->process = NULL;
	*(n->prev ? &n->prev->next : &p->nodes) = n->next;
	if (n->next)
		n->next->prev = n->prev;
	n->next = n->prev = NULL;
	p->n_nodes--;
	if (!n->t.exiting)
		p->n_alive--;
	if (p->main == n)
		p->main = NULL;
	process_count(p);
	process_drop(s, p);
}

bool node_set_process(struct store *s, struct thread_node *n, int64_t pid)
{
	struct process *p;

	n->t.pid = pid;
	if (n->process && n->process->pid == pid)
		return true;
	process_leave(s, n);
	if (pid <= 0)
		return true;
	if (!(p = process_get(s, pid)))
		return false;
	n->process = p;
	n->next = p->nodes;
	if (p->nodes)
		p->nodes->prev = n;
	p->nodes = n;
	p->n_nodes++;
	if (!n->t.exiting)
		p->n_alive++;
	if (n->t.tid == pid)
		p->main = n;
	process_count(p);
	return true;
}

void node_set_parent(struct store *s, struct thread_node *n, int64_t ptid)
{
	n->t.ptid = ptid;
	if (n->process && n->process->pid == n->t.tid)
		process_adopt(process_find(s, ptid), n->process);
}

/* ---- threads ---- */

struct thread_node *node_find(const struct store *s, int64_t tid)
{
	return s->threads.slots ? *map_find(s, &s->threads, tid) : NULL;
}

static const char **text_field(struct thread *t, unsigned i)
{
	const char **const fields[] = {&t->comm, &t->exe, &t->exepath, &t->cwd, &t->root,
				       &t->args, &t->env, &t->cgroups};

	return i < sizeof fields / sizeof *fields ? fields[i] : NULL;
}

static void uncache(struct store *s, struct thread_node *n)
{
	if (n->cache_batch == s->batch_seq && n->cache_slot < s->n_cached &&
	    s->cache[n->cache_slot] == n)
		s->cache[n->cache_slot] = NULL;
}

static void node_remove(struct store *s, struct thread_node *n)
{
	const char **field;

	uncache(s, n);
	if (s->pub.now.thread == &n->t)
		s->pub.now.thread = NULL;
	if (s->exiting == n)
		s->exiting = NULL;
	map_remove(s, &s->threads, n);
	fd_table_drop(s, n->t.fds);
	process_leave(s, n);
	for (unsigned i = 0; (field = text_field(&n->t, i)); i++)
		intern_drop(&s->names, *field);
	store_release(s, n, sizeof *n);
}

static int older_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Room is out: half of the threads go, those that were silent for longest. Half, so that sorting
 * is paid once for many. The thread of this event stays.
 */
static void evict(struct store *s)
{
	uint64_t *seen = malloc(s->threads.n * sizeof *seen + 1), limit;
	uint32_t n = 0;

	if (!seen || s->threads.n < 2)
		goto out;
	for (uint32_t i = 0; i <= s->threads.mask; i++) {
		const struct thread_node *node = s->threads.slots[i];

		if (node)
			seen[n++] = node->seen;
	}
	qsort(seen, n, sizeof *seen, older_first);
	limit = seen[n / 2];
	for (uint32_t i = 0, n_gone = 0; i <= s->threads.mask && n_gone < n / 2; i++) {
		struct thread_node *node;

		/* Removal may move another one into this slot. */
		while ((node = s->threads.slots[i]) && node->seen <= limit && n_gone < n / 2 &&
		       &node->t != s->pub.now.thread && node != s->exiting) {
			node_remove(s, node);
			n_gone++;
			s->n_refused++;
		}
	}
out:
	free(seen);
	intern_pool_trim(&s->names, 0);
}

struct thread_node *node_new(struct store *s, int64_t tid, int64_t pid)
{
	struct thread_node *n = node_find(s, tid);
	const char **field;

	if (n)
		node_remove(s, n);
	if (s->threads.n >= THREADS_MAX || s->used > s->limit - s->limit / 8)
		evict(s);
	if (!map_room(s, &s->threads) || !(n = store_alloc(s, sizeof *n))) {
		s->n_refused++;
		return NULL;
	}
	n->t = (struct thread){
	    .tid = tid, .pid = -1, .ptid = -1, .sid = -1, .pgid = -1, .vpgid = -1, .vtid = -1,
	    .vpid = -1, .uid = UINT32_MAX, .gid = UINT32_MAX, .loginuid = UINT32_MAX};
	for (unsigned i = 0; (field = text_field(&n->t, i)); i++)
		*field = s->names.empty;
	n->shares_fs = true;
	n->cwd_seq = 0;
	*map_find(s, &s->threads, tid) = n;
	s->threads.n++;
	if (!node_set_process(s, n, pid)) {
		node_remove(s, n);
		s->n_refused++;
		return NULL;
	}
	node_changed(s, n);
	return n;
}

void node_changed(struct store *s, struct thread_node *n)
{
	n->t.version = ++s->version;
}

void node_set_comm(struct store *s, struct thread_node *n, const char *comm, size_t len)
{
	store_text(s, &n->t.comm, comm, len);
	n->t.name_id = intern_id(n->t.comm);
}

/* cwd ends in '/', as the family's does; threads that share it (CLONE_FS) follow when looked at. */
void node_set_cwd(struct store *s, struct thread_node *n, const char *base, const char *path,
		  size_t path_len)
{
	size_t len = path_resolve(s->path, base, strlen(base), path, path_len);

	if (len == 0 || (s->path[len - 1] != '/' && len < PATH_TEXT_MAX))
		s->path[len++] = '/';
	store_text(s, &n->t.cwd, s->path, len);
	node_changed(s, n);
	if (n->process && n->shares_fs) {
		struct process *p = n->process;

		store_text(s, &p->cwd, s->path, len);
		n->cwd_seq = ++p->cwd_seq;
		if (p->main && p->main != n && p->main->shares_fs) {
			store_text(s, &p->main->t.cwd, s->path, len);
			p->main->cwd_seq = p->cwd_seq;
			node_changed(s, p->main);
		}
	}
}

void node_exit(struct store *s, struct thread_node *n, int64_t reaper)
{
	struct process *p = n->process;

	if (n->t.exiting)
		return;
	n->t.exiting = true;
	if (!p)
		return;
	p->n_alive--;
	process_count(p);
	if (p->n_alive == 0 && p->children) {
		struct process *heir = reaper > 0 ? process_find(s, reaper) : NULL;

		/* Each child is moved once per death of a parent, as the kernel does it. */
		while (p->children) {
			struct process *child = p->children;

			if (child->main) {
				child->main->t.ptid = reaper > 0 ? reaper : 1;
				node_changed(s, child->main);
			}
			if (heir && heir != p)
				process_adopt(heir, child);
			else
				process_orphan(child);
		}
	}
}

void node_bury(struct store *s, struct thread_node *n)
{
	struct process *p = n->process;
	struct thread_node *main = p ? p->main : NULL;

	if (p && p->n_alive == 0 && main && main != n && main->t.exiting)
		node_remove(s, main);
	/* The main thread stays as long as its process: others ask it for names and counts. */
	if (!p || main != n || p->n_alive == 0)
		node_remove(s, n);
}

/*
 * Exec ends all other threads of the process. When another than the main thread calls it, that one takes
 * over the main thread's number, after the main thread's exit has been recorded.
 */
void node_exec(struct store *s, struct thread_node *n)
{
	struct process *p = n->process;

	for (struct thread_node *other = p ? p->nodes : NULL, *next; other; other = next) {
		next = other->next;
		if (other != n)
			node_remove(s, other);
	}
	if (n->t.exiting) {
		n->t.exiting = false;
		if (p)
			p->n_alive++;
	}
	if (p)
		process_count(p);
}

void node_share_fds(struct store *s, struct thread_node *n, struct fd_table *table)
{
	if (table)
		table->refs++;
	fd_table_drop(s, n->t.fds);
	n->t.fds = table;
	if (n->process && n->process->main == n && !n->process->fds && table) {
		table->refs++;
		n->process->fds = table;
	}
}

struct fd_table *node_fds(struct store *s, struct thread_node *n)
{
	struct fd_table *made;

	if (n->t.fds)
		return n->t.fds;
	if (n->process && n->process->fds) {
		node_share_fds(s, n, n->process->fds);
		return n->t.fds;
	}
	made = fd_table_new(s);
	node_share_fds(s, n, made);
	fd_table_drop(s, made);
	return n->t.fds;
}

bool node_own_fds(struct store *s, struct thread_node *n)
{
	struct process *p = n->process;
	struct fd_table *t;

	if (!n->t.fds)
		return true;
	/* The process's own reference is no sharing. */
	if (n->t.fds->refs == (p && p->fds == n->t.fds && p->main == n ? 2u : 1u))
		return true;
	if (!(t = fd_table_copy(s, n->t.fds)))
		return false;
	if (p && p->main == n && p->fds) {
		fd_table_drop(s, p->fds);
		p->fds = NULL;
	}
	node_share_fds(s, n, t);
	fd_table_drop(s, t);
	return true;
}

void thread_tables_clear(struct store *s)
{
	for (uint32_t i = 0; s->threads.slots && i <= s->threads.mask; i++) {
		while (s->threads.slots[i])
			node_remove(s, s->threads.slots[i]);
	}
	for (uint32_t i = 0; s->processes.slots && i <= s->processes.mask; i++) {
		while (s->processes.slots[i])
			process_drop(s, s->processes.slots[i]);
	}
	store_release(s, s->threads.slots, s->threads.slots ? (s->threads.mask + 1) * sizeof(void *) : 0);
	store_release(s, s->processes.slots,
		      s->processes.slots ? (s->processes.mask + 1) * sizeof(void *) : 0);
	s->threads = s->processes = (struct pid_map){0};
}
