/* Snapshot entries into the tables, and back. */
#include "state/apply.h"

#include <errno.h>
#include <stdlib.h>

static void set(struct store *s, const char **at, struct text t)
{
	store_text(s, at, t.data, t.data ? strnlen(t.data, t.len) : 0);
}

/* What the kernel says of a file that was replaced while it ran is no part of its path. */
static void set_exepath(struct store *s, struct thread *t, struct text path)
{
	static const char deleted[] = " (deleted)";
	const size_t len = sizeof deleted - 1;

	if (path.data && path.len > len && memcmp(path.data + path.len - len, deleted, len) == 0)
		path.len -= (uint32_t)len;
	set(s, &t->exepath, path);
}

/* Two starts that are nearer were noted differently (ticks of /proc, the clone's return): numbers are not used again
   that soon. */
#define SAME_START_NS 1000000000u

static void set_list(struct store *s, const char **at, uint32_t *ret_len, struct text t)
{
	store_text(s, at, t.data, t.data ? t.len : 0);
	*ret_len = intern_len(*at);
}

/* Whether a thread that is there is the one that the entry is about, not an earlier owner of its number. */
static bool is_same_thread(const struct thread_node *n, const struct thread_entry *e)
{
	uint64_t a = n->t.clone_ns, b = e->clone_ns;

	return !n->placeholder && !n->t.exiting && n->t.pid == e->pid &&
	       (!a || !b || (a > b ? a - b : b - a) < SAME_START_NS);
}

/*
 * An ancestor's entry tells names and ids alone. What is known of it beyond them stays, when it still runs what it
 * ran.
 */
static void refresh_ancestor(struct store *s, struct thread_node *n, const struct thread_entry *e)
{
	bool other = e->exepath.len && (strlen(n->t.exepath) != e->exepath.len ||
					memcmp(n->t.exepath, e->exepath.data, e->exepath.len));

	node_set_comm(s, n, e->comm.data, e->comm.data ? strnlen(e->comm.data, e->comm.len) : 0);
	if (other) {
		set(s, &n->t.exe, e->exe);
		set_exepath(s, &n->t, e->exepath);
		set_list(s, &n->t.args, &n->t.args_len, e->args);
	}
	node_set_parent(s, n, e->ptid);
	node_changed(s, n);
}

static bool take_thread(struct store *s, const struct thread_entry *e)
{
	struct thread_node *n = e->filtered && e->tid > 0 ? node_find(s, e->tid) : NULL;
	struct thread *t;
	struct process *p;

	if (n && is_same_thread(n, e)) {
		refresh_ancestor(s, n, e);
		return true;
	}
	n = e->tid > 0 ? node_new(s, e->tid, e->pid) : NULL;
	if (!n)
		return false;
	t = &n->t;
	node_set_comm(s, n, e->comm.data, e->comm.data ? strnlen(e->comm.data, e->comm.len) : 0);
	set(s, &t->exe, e->exe);
	set_exepath(s, t, e->exepath);
	set(s, &t->root, e->root);
	set_list(s, &t->args, &t->args_len, e->args);
	set_list(s, &t->env, &t->env_len, e->env);
	store_cgroups(s, t, e->cgroups.data, e->cgroups.data ? e->cgroups.len : 0);
	t->sid = e->sid;
	t->pgid = e->pgid;
	t->vpgid = e->vpgid;
	t->vtid = e->vtid;
	t->vpid = e->vpid;
	t->uid = e->uid;
	t->gid = e->gid;
	t->loginuid = e->loginuid;
	t->flags = e->flags;
	t->tty = e->tty;
	t->vm_size_kb = e->vm_size_kb;
	t->vm_rss_kb = e->vm_rss_kb;
	t->vm_swap_kb = e->vm_swap_kb;
	t->pf_major = e->pf_major;
	t->pf_minor = e->pf_minor;
	t->fd_limit = e->fd_limit;
	t->clone_ns = e->clone_ns;
	t->pidns_init_start_ns = e->pidns_init_start_ns;
	t->cap_inheritable = e->cap_inheritable;
	t->cap_permitted = e->cap_permitted;
	t->cap_effective = e->cap_effective;
	t->exe_ino = e->exe_ino;
	t->exe_ino_ctime_ns = e->exe_ino_ctime_ns;
	t->exe_ino_mtime_ns = e->exe_ino_mtime_ns;
	t->exe_writable = e->exe_writable;
	t->exe_upper_layer = e->exe_upper_layer;
	t->exe_lower_layer = e->exe_lower_layer;
	t->exe_from_memfd = e->exe_from_memfd;
	if (e->cwd.len)
		node_set_cwd(s, n, "", e->cwd.data, strnlen(e->cwd.data, e->cwd.len));
	node_set_parent(s, n, e->ptid);
	/* Threads of one process are taken to share its fds: a snapshot does not say otherwise. */
	p = n->process;
	if (p && p->main && p->main->t.fds)
		node_share_fds(s, n, p->main->t.fds);
	else if (p && p->fds)
		node_share_fds(s, n, p->fds);
	return true;
}

static void set_fd(struct store *s, const struct thread_node *owner, struct fd_node *n,
		   const struct fd_entry *e)
{
	n->f.type = e->type;
	n->f.open_flags = e->open_flags;
	n->f.dev = e->dev;
	n->f.ino = e->ino;
	n->f.sport = e->sport;
	n->f.dport = e->dport;
	n->f.unix_source = e->unix_source;
	n->f.unix_peer = e->unix_peer;
	memcpy(n->f.sip, e->sip, sizeof n->f.sip);
	memcpy(n->f.dip, e->dip, sizeof n->f.dip);
	n->l4 = e->l4proto;
	if (e->type == FD_IPV4_SERVSOCK || e->type == FD_IPV6_SERVSOCK) {
		n->role = ROLE_SERVER;
		socket_name(s, n);
	} else if (e->type == FD_IPV4_SOCK || e->type == FD_IPV6_SOCK) {
		n->f.connected = e->dport != 0;
		if (e->dport)
			socket_guess_role(&owner->t, n);
		if (e->dport || e->sport)
			socket_name(s, n);
	} else {
		fd_set_name(s, n, e->name.data, e->name.data ? strnlen(e->name.data, e->name.len) : 0);
	}
	socket_settle(s, n);
	n->f.name_changed = false;
}

static bool take_fd(struct store *s, const struct fd_entry *e)
{
	struct thread_node *owner = e->tid > 0 ? node_find(s, e->tid) : NULL;
	struct fd_node *n;

	if (!owner && e->tid > 0)
		owner = node_new(s, e->tid, -1);
	if (!owner)
		return false;
	if (!node_fds(s, owner) || !(n = fd_table_add(s, owner->t.fds, e->fd)))
		return false;
	set_fd(s, owner, n, e);
	return true;
}

static struct text keep(struct store *s, struct text old, struct text t)
{
	const char *text = intern_take(&s->names, t.data, t.data ? strnlen(t.data, t.len) : 0);

	if (old.data)
		intern_drop(&s->names, old.data);
	return (struct text){text, intern_len(text)};
}

/* Room for one more in an array of n that grows by doubling. */
static bool room(void **array, uint32_t n, size_t size)
{
	void *grown;

	if (n >= NAMED_MAX)
		return false;
	if (n & (n - 1) || (n && n < 16))
		return true;
	if (!(grown = realloc(*array, (n ? 2u * n : 16u) * size)))
		return false;
	*array = grown;
	return true;
}

static bool take_user(struct store *s, const struct user_entry *e)
{
	struct user_entry *u = (struct user_entry *)state_user(&s->pub, e->uid);

	if (!u) {
		if (!room((void **)&s->users, s->n_users, sizeof *u))
			return false;
		u = &s->users[s->n_users++];
		*u = (struct user_entry){.uid = e->uid};
	}
	u->gid = e->gid;
	u->name = keep(s, u->name, e->name);
	u->home = keep(s, u->home, e->home);
	u->shell = keep(s, u->shell, e->shell);
	return true;
}

static bool take_group(struct store *s, const struct group_entry *e)
{
	struct group_entry *g = (struct group_entry *)state_group(&s->pub, e->gid);

	if (!g) {
		if (!room((void **)&s->groups, s->n_groups, sizeof *g))
			return false;
		g = &s->groups[s->n_groups++];
		*g = (struct group_entry){.gid = e->gid};
	}
	g->name = keep(s, g->name, e->name);
	return true;
}

void user_remove(struct store *s, uint32_t uid)
{
	struct user_entry *u = (struct user_entry *)state_user(&s->pub, uid);

	if (!u)
		return;
	intern_drop(&s->names, u->name.data);
	intern_drop(&s->names, u->home.data);
	intern_drop(&s->names, u->shell.data);
	*u = s->users[--s->n_users];
}

void group_remove(struct store *s, uint32_t gid)
{
	struct group_entry *g = (struct group_entry *)state_group(&s->pub, gid);

	if (!g)
		return;
	intern_drop(&s->names, g->name.data);
	*g = s->groups[--s->n_groups];
}

static bool take_interface(struct store *s, const struct interface_entry *e)
{
	struct interface_entry *i;

	if (!room((void **)&s->interfaces, s->n_interfaces, sizeof *i))
		return false;
	i = &s->interfaces[s->n_interfaces++];
	*i = *e;
	i->name = keep(s, (struct text){0}, e->name);
	return true;
}

void entries_clear(struct store *s)
{
	for (uint32_t i = 0; i < s->n_users; i++) {
		intern_drop(&s->names, s->users[i].name.data);
		intern_drop(&s->names, s->users[i].home.data);
		intern_drop(&s->names, s->users[i].shell.data);
	}
	for (uint32_t i = 0; i < s->n_groups; i++)
		intern_drop(&s->names, s->groups[i].name.data);
	for (uint32_t i = 0; i < s->n_interfaces; i++)
		intern_drop(&s->names, s->interfaces[i].name.data);
	s->n_users = s->n_groups = s->n_interfaces = 0;
	containers_clear(s);
}

int state_entries(struct state *st, const struct state_entry *entries, size_t n, struct error *err)
{
	struct store *s = store_of(st);
	size_t n_dropped = 0;

	for (size_t i = 0; i < n; i++) {
		const struct state_entry *e = &entries[i];
		bool taken = true;

		switch (e->kind) {
		case ENTRY_THREAD:
			taken = take_thread(s, &e->thread);
			break;
		case ENTRY_FD:
			taken = take_fd(s, &e->fd);
			break;
		case ENTRY_USER:
			taken = take_user(s, &e->user);
			break;
		case ENTRY_GROUP:
			taken = take_group(s, &e->group);
			break;
		case ENTRY_INTERFACE:
			taken = take_interface(s, &e->interface);
			break;
		case ENTRY_RESET:
			state_reset(st);
			break;
		case ENTRY_CLOCK:
			break;
		}
		n_dropped += !taken;
	}
	if (!n_dropped)
		return 0;
	s->n_refused += n_dropped;
	return error_set(err, -E2BIG, "%zu of %zu state entries are beyond the limits or damaged",
			 n_dropped, n);
}

/* A list of a few dozen, asked for rarely: names are cached by id elsewhere. */
const struct user_entry *state_user(const struct state *st, uint32_t uid)
{
	const struct store *s = (const struct store *)st;

	for (uint32_t i = 0; i < s->n_users; i++) {
		if (s->users[i].uid == uid)
			return &s->users[i];
	}
	return NULL;
}

const struct group_entry *state_group(const struct state *st, uint32_t gid)
{
	const struct store *s = (const struct store *)st;

	for (uint32_t i = 0; i < s->n_groups; i++) {
		if (s->groups[i].gid == gid)
			return &s->groups[i];
	}
	return NULL;
}

static struct text view(const char *interned)
{
	return (struct text){interned, intern_len(interned)};
}

void thread_to_entry(const struct thread *t, struct thread_entry *ret)
{
	*ret = (struct thread_entry){
	    .tid = t->tid,
	    .pid = t->pid,
	    .ptid = t->ptid,
	    .sid = t->sid,
	    .pgid = t->pgid,
	    .vpgid = t->vpgid,
	    .vtid = t->vtid,
	    .vpid = t->vpid,
	    .comm = view(t->comm),
	    .exe = view(t->exe),
	    .exepath = view(t->exepath),
	    .cwd = view(t->cwd),
	    .root = view(t->root),
	    .args = view(t->args),
	    .env = view(t->env),
	    .cgroups = view(t->cgroups),
	    .uid = t->uid,
	    .gid = t->gid,
	    .loginuid = t->loginuid,
	    .flags = t->flags,
	    .vm_size_kb = t->vm_size_kb,
	    .vm_rss_kb = t->vm_rss_kb,
	    .vm_swap_kb = t->vm_swap_kb,
	    .tty = t->tty,
	    .pf_major = t->pf_major,
	    .pf_minor = t->pf_minor,
	    .fd_limit = t->fd_limit,
	    .clone_ns = t->clone_ns,
	    .pidns_init_start_ns = t->pidns_init_start_ns,
	    .cap_inheritable = t->cap_inheritable,
	    .cap_permitted = t->cap_permitted,
	    .cap_effective = t->cap_effective,
	    .exe_ino = t->exe_ino,
	    .exe_ino_ctime_ns = t->exe_ino_ctime_ns,
	    .exe_ino_mtime_ns = t->exe_ino_mtime_ns,
	    .exe_writable = t->exe_writable,
	    .exe_upper_layer = t->exe_upper_layer,
	    .exe_lower_layer = t->exe_lower_layer,
	    .exe_from_memfd = t->exe_from_memfd,
	};
}

void fd_to_entry(const struct thread *t, const struct fd_info *fd, struct fd_entry *ret)
{
	*ret = (struct fd_entry){
	    .tid = t->tid,
	    .fd = fd->fd,
	    .ino = fd->ino,
	    .dev = fd->dev,
	    .open_flags = fd->open_flags,
	    .type = fd->type,
	    .l4proto = ((const struct fd_node *)fd)->l4,
	    .sport = fd->sport,
	    .dport = fd->dport,
	    .unix_source = fd->unix_source,
	    .unix_peer = fd->unix_peer,
	    .name = view(fd->name),
	};
	memcpy(ret->sip, fd->sip, sizeof ret->sip);
	memcpy(ret->dip, fd->dip, sizeof ret->dip);
}

/* ---- all of it ---- */

#define CHUNK 64

struct telling {
	int (*take)(void *context, const struct state_entry *entries, size_t n, struct error *err);
	void *context;
	struct error *err;
	struct state_entry chunk[CHUNK];
	size_t n;
	int result;
};

static void tell_rest(struct telling *t)
{
	if (t->n && !t->result)
		t->result = t->take(t->context, t->chunk, t->n, t->err);
	t->n = 0;
}

static struct state_entry *tell(struct telling *t, enum entry_kind kind)
{
	if (t->n == CHUNK)
		tell_rest(t);
	t->chunk[t->n] = (struct state_entry){.kind = kind};
	return &t->chunk[t->n++];
}

/* A process's table is told with its main thread, or with a thread that outlived that. */
static bool tells_fds(const struct state *st, const struct thread *t)
{
	return t->tid == t->pid || !state_thread_find((struct state *)st, t->pid);
}

static void tell_threads(struct telling *t, const struct state *st, bool main_threads)
{
	const struct thread *thread;

	for (size_t i = 0; (thread = state_thread_at(st, &i));)
		if ((thread->tid == thread->pid) == main_threads && !node_of(thread)->placeholder)
			thread_to_entry(thread, &tell(t, ENTRY_THREAD)->thread);
}

static void tell_fds(struct telling *t, const struct state *st)
{
	const struct thread *thread;
	const struct fd_info *fd;

	for (size_t i = 0; (thread = state_thread_at(st, &i));)
		for (size_t k = 0; tells_fds(st, thread) && (fd = thread_fd_at(thread, &k));)
			fd_to_entry(thread, fd, &tell(t, ENTRY_FD)->fd);
}

int state_each_entry(const struct state *st,
		     int (*take)(void *context, const struct state_entry *entries, size_t n, struct error *err),
		     void *context, struct error *err)
{
	const struct store *s = store_of(st);
	struct telling t = {.take = take, .context = context, .err = err};

	tell_threads(&t, st, true);
	tell_threads(&t, st, false);
	tell_fds(&t, st);
	for (uint32_t i = 0; i < s->n_users; i++)
		tell(&t, ENTRY_USER)->user = s->users[i];
	for (uint32_t i = 0; i < s->n_groups; i++)
		tell(&t, ENTRY_GROUP)->group = s->groups[i];
	for (uint32_t i = 0; i < s->n_interfaces; i++)
		tell(&t, ENTRY_INTERFACE)->interface = s->interfaces[i];
	tell_rest(&t);
	return t.result;
}
