/* Threads and processes: fork and its kin, exec, exit, identities. */
#include "state/apply.h"

/* Parameters that clone, clone3, fork and vfork have in common. */
enum {
	C_EXE, C_ARGS, C_TID, C_PID, C_PTID, C_CWD, C_FDLIMIT, C_MAJ, C_MIN, C_SIZE, C_RSS, C_SWAP,
	C_COMM, C_CGROUPS, C_FLAGS, C_UID, C_GID, C_VTID, C_VPID, C_PIDNS,
};
#define CLONE_PARAMS                                                                               \
	"exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups " \
	"flags uid gid vtid vpid pidns_init_start_ts"

/* And those of execve and execveat. */
enum {
	E_EXE, E_ARGS, E_PID, E_PTID, E_CWD, E_FDLIMIT, E_MAJ, E_MIN, E_SIZE, E_RSS, E_SWAP, E_COMM,
	E_CGROUPS, E_ENV, E_TTY, E_VPGID, E_LOGINUID, E_FLAGS, E_CAP_I, E_CAP_P, E_CAP_E, E_INO,
	E_CTIME, E_MTIME, E_UID, E_EXEPATH, E_PGID, E_GID, E_FILENAME,
};
#define EXEC_PARAMS                                                                                \
	"exe args pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups env " \
	"tty vpgid loginuid flags cap_inheritable cap_permitted cap_effective exe_ino "            \
	"exe_ino_ctime exe_ino_mtime uid trusted_exepath pgid gid filename"

enum { EXEC_WRITABLE = 1, EXEC_UPPER = 2, EXEC_MEMFD = 4, EXEC_LOWER = 8 };
enum { RESOURCE_NOFILE = 7, OPTION_SET_NAME = 15 };

/* Absent and empty parameters leave what is known. */
static void set_text(const struct step *x, const char **at, unsigned place)
{
	const char *text = step_text(x, place);

	if (*text)
		store_text(x->s, at, text, strlen(text));
}

static void set_blob(const struct step *x, const char **at, uint32_t *len, unsigned place)
{
	const struct param *p = step_param(x, place);

	if (!p->data)
		return;
	store_text(x->s, at, p->data, p->len);
	*len = intern_len(*at);
}

static void set_cgroups(const struct step *x, struct thread *t, unsigned place)
{
	const struct param *p = step_param(x, place);

	if (p->data)
		store_cgroups(x->s, t, (const char *)p->data, p->len);
}

static void set_u64(const struct step *x, uint64_t *at, unsigned place)
{
	*at = (uint64_t)step_number(x, place, (int64_t)*at);
}

static void set_u32(const struct step *x, uint32_t *at, unsigned place)
{
	*at = (uint32_t)step_number(x, place, *at);
}

static void set_i64(const struct step *x, int64_t *at, unsigned place)
{
	*at = step_number(x, place, *at);
}

static const char *inherit_text(const struct step *x, const char **at, const char *from)
{
	intern_drop(&x->s->names, *at);
	return *at = intern_again(&x->s->names, from);
}

/* All that a child has from its parent. */
static void inherit(const struct step *x, struct thread_node *child, const struct thread_node *from)
{
	const struct thread *f = &from->t;
	struct thread *t = &child->t;

	inherit_text(x, &t->exe, f->exe);
	inherit_text(x, &t->exepath, f->exepath);
	inherit_text(x, &t->cwd, f->cwd);
	inherit_text(x, &t->root, f->root);
	inherit_text(x, &t->args, f->args);
	inherit_text(x, &t->env, f->env);
	inherit_text(x, &t->cgroups, f->cgroups);
	inherit_text(x, &t->comm, f->comm);
	t->name_id = f->name_id;
	t->args_len = f->args_len;
	t->env_len = f->env_len;
	t->cgroups_len = f->cgroups_len;
	t->sid = f->sid;
	t->pgid = f->pgid;
	t->vpgid = f->vpgid;
	t->uid = f->uid;
	t->gid = f->gid;
	t->loginuid = f->loginuid;
	t->tty = f->tty;
	t->fd_limit = f->fd_limit;
	t->pidns_init_start_ns = f->pidns_init_start_ns;
	t->cap_inheritable = f->cap_inheritable;
	t->cap_permitted = f->cap_permitted;
	t->cap_effective = f->cap_effective;
	t->exe_ino = f->exe_ino;
	t->exe_ino_ctime_ns = f->exe_ino_ctime_ns;
	t->exe_ino_mtime_ns = f->exe_ino_mtime_ns;
	t->exe_writable = f->exe_writable;
	t->exe_upper_layer = f->exe_upper_layer;
	t->exe_lower_layer = f->exe_lower_layer;
	t->exe_from_memfd = f->exe_from_memfd;
	t->exec_ns = f->exec_ns;
}

/* What the event says of caller and child alike. */
static void describe_child(const struct step *x, struct thread_node *child, uint32_t flags)
{
	struct thread *t = &child->t;
	const char *comm = step_text(x, C_COMM);

	if (*comm)
		node_set_comm(x->s, child, comm, strlen(comm));
	set_text(x, &t->exe, C_EXE);
	set_blob(x, &t->args, &t->args_len, C_ARGS);
	set_cgroups(x, t, C_CGROUPS);
	set_u64(x, &t->fd_limit, C_FDLIMIT);
	set_u64(x, &t->pf_major, C_MAJ);
	set_u64(x, &t->pf_minor, C_MIN);
	if (!(flags & CLONE_HAS_THREAD)) {
		set_u32(x, &t->vm_size_kb, C_SIZE);
		set_u32(x, &t->vm_rss_kb, C_RSS);
		set_u32(x, &t->vm_swap_kb, C_SWAP);
	}
	set_u32(x, &t->uid, C_UID);
	set_u32(x, &t->gid, C_GID);
	set_u64(x, &t->pidns_init_start_ns, C_PIDNS);
	t->flags = flags;
	t->clone_ns = x->ev->time_ns;
}

static void child_fds(const struct step *x, struct thread_node *child, struct thread_node *from,
		      uint32_t flags)
{
	struct fd_table *copy;

	if (flags & CLONE_HAS_FILES) {
		node_share_fds(x->s, child, node_fds(x->s, from));
		return;
	}
	if (!from->t.fds)
		return;
	if ((copy = fd_table_copy(x->s, from->t.fds))) {
		node_share_fds(x->s, child, copy);
		fd_table_drop(x->s, copy);
	}
}

static void child_cwd(struct thread_node *child, const struct thread_node *from, uint32_t flags)
{
	child->shares_fs = flags & CLONE_HAS_FS && flags & CLONE_HAS_THREAD;
	/* Processes that share a directory across pids are rare; each then has a copy of its own. */
	if (child->process && child->t.tid == child->t.pid)
		child->shares_fs = true;
	if (child->process)
		child->cwd_seq = child->process == from->process ? from->cwd_seq : child->process->cwd_seq;
}

/* The caller's event, which may come after the child's own. */
static void clone_in_caller(const struct step *x)
{
	struct thread_node *caller = x->node, *child;
	uint32_t flags = (uint32_t)step_number(x, C_FLAGS, 0);
	int64_t tid = x->ev->result, pid;

	if (caller->placeholder) {
		node_set_process(x->s, caller, step_number(x, C_PID, -1));
		node_set_parent(x->s, caller, step_number(x, C_PTID, -1));
		describe_child(x, caller, caller->t.flags);
		set_i64(x, &caller->t.vtid, C_VTID);
		set_i64(x, &caller->t.vpid, C_VPID);
		caller->t.clone_ns = 0;
		caller->placeholder = false;
		node_changed(x->s, caller);
	}
	/* In another pid namespace the result is not the tid that we know: the child's event has it. */
	if (flags & CLONE_IN_CHILD_PIDNS ||
	    step_number(x, C_VTID, caller->t.tid) != caller->t.tid)
		return;
	child = node_find(x->s, tid);
	if (child && child->fresh_from_child) {
		child->fresh_from_child = false;
		return;
	}
	pid = flags & CLONE_HAS_THREAD ? caller->t.pid : tid;
	if (tid == caller->t.tid || !(child = node_new(x->s, tid, pid)))
		return;
	inherit(x, child, caller);
	describe_child(x, child, flags);
	node_set_parent(x->s, child,
			flags & (CLONE_HAS_THREAD | CLONE_HAS_PARENT) ? caller->t.ptid : caller->t.pid);
	child->t.vtid = tid;
	child->t.vpid = flags & CLONE_HAS_THREAD ? caller->t.vpid : tid;
	child_cwd(child, caller, flags);
	child_fds(x, child, caller, flags);
	child->fresh_from_parent = true;
	child->seen = x->ev->number;
}

#define TOLD_NS 1000000000u /* numbers of threads are not used again that soon */

/*
 * Whether an entry has told of the child, whose parent is not recorded: it began just now, so no earlier owner of the
 * number is meant.
 */
static bool was_told(const struct thread_node *child, const struct event *ev, int64_t pid)
{
	uint64_t began = child->t.clone_ns;

	return !child->placeholder && !child->t.exiting && child->t.pid == pid && began <= ev->time_ns &&
	       ev->time_ns - began < TOLD_NS;
}

/* The child's own return from the call: it knows its ids in every namespace. */
static void clone_in_child(const struct step *x)
{
	struct thread_node *child = x->node, *from;
	uint32_t flags = (uint32_t)step_number(x, C_FLAGS, 0);
	int64_t pid = step_number(x, C_PID, -1), ptid = step_number(x, C_PTID, -1);
	bool told = was_told(child, x->ev, pid), known = child->fresh_from_parent || told;

	if (!known) {
		/* Whatever was known under this tid was another thread. */
		if (!(child = node_new(x->s, x->ev->tid, pid)))
			return;
		x->s->pub.now.thread = &child->t;
		from = node_find(x->s, flags & CLONE_HAS_THREAD ? pid : ptid);
		if (from && from != child) {
			inherit(x, child, from);
			child_cwd(child, from, flags);
			child_fds(x, child, from, flags);
		}
		describe_child(x, child, flags);
		child->fresh_from_child = true;
		child->seen = x->ev->number;
	} else {
		if (pid > 0)
			node_set_process(x->s, child, pid);
		child->fresh_from_parent = false;
	}
	/* A parent whose end came in between was still the child's when the kernel noted this down. */
	if (ptid > 0 && (!known || node_find(x->s, ptid)))
		node_set_parent(x->s, child, ptid);
	set_i64(x, &child->t.vtid, C_VTID);
	set_i64(x, &child->t.vpid, C_VPID);
	node_changed(x->s, child);
}

static void apply_clone(const struct step *x)
{
	if (!step_succeeded(x))
		return;
	if (x->ev->result == 0 || x->ev->flags & EVENT_CHILD_RETURN)
		clone_in_child(x);
	else
		clone_in_caller(x);
}

static void exec_image(const struct step *x)
{
	struct thread *t = &x->node->t;
	const char *comm = step_text(x, E_COMM);
	uint32_t flags = (uint32_t)step_number(x, E_FLAGS, 0);

	set_text(x, &t->exe, E_EXE);
	set_blob(x, &t->args, &t->args_len, E_ARGS);
	set_blob(x, &t->env, &t->env_len, E_ENV);
	set_cgroups(x, t, E_CGROUPS);
	if (*comm)
		node_set_comm(x->s, x->node, comm, strlen(comm));
	if (*step_text(x, E_EXEPATH))
		set_text(x, &t->exepath, E_EXEPATH);
	else if (*step_text(x, E_FILENAME))
		store_text(x->s, &t->exepath, x->s->path, step_path(x, E_FILENAME, false, 0));
	t->exe_writable = flags & EXEC_WRITABLE;
	t->exe_upper_layer = flags & EXEC_UPPER;
	t->exe_lower_layer = flags & EXEC_LOWER;
	t->exe_from_memfd = flags & EXEC_MEMFD;
	set_u64(x, &t->exe_ino, E_INO);
	set_u64(x, &t->exe_ino_ctime_ns, E_CTIME);
	set_u64(x, &t->exe_ino_mtime_ns, E_MTIME);
}

static void exec_numbers(const struct step *x)
{
	struct thread *t = &x->node->t;

	set_u64(x, &t->fd_limit, E_FDLIMIT);
	set_u64(x, &t->pf_major, E_MAJ);
	set_u64(x, &t->pf_minor, E_MIN);
	set_u32(x, &t->vm_size_kb, E_SIZE);
	set_u32(x, &t->vm_rss_kb, E_RSS);
	set_u32(x, &t->vm_swap_kb, E_SWAP);
	set_u32(x, &t->tty, E_TTY);
	set_i64(x, &t->vpgid, E_VPGID);
	set_i64(x, &t->pgid, E_PGID);
	set_u32(x, &t->loginuid, E_LOGINUID);
	set_u64(x, &t->cap_inheritable, E_CAP_I);
	set_u64(x, &t->cap_permitted, E_CAP_P);
	set_u64(x, &t->cap_effective, E_CAP_E);
	set_u32(x, &t->uid, E_UID);
	set_u32(x, &t->gid, E_GID);
}

static void apply_exec(const struct step *x)
{
	struct thread_node *n = x->node;
	int64_t pid = step_number(x, E_PID, -1), ptid = step_number(x, E_PTID, -1);
	const char *cwd = step_text(x, E_CWD);

	if (!step_succeeded(x))
		return;
	if (pid > 0 && (n->placeholder || n->t.pid != pid))
		node_set_process(x->s, n, pid);
	node_exec(x->s, n);
	if (n->placeholder)
		store_text(x->s, &n->t.cwd, "", 0);
	/* After a vfork, the caller's event comes when the child has its new program: still to come. */
	n->placeholder = n->fresh_from_parent = false;
	if (ptid > 0)
		node_set_parent(x->s, n, ptid);
	/* Captures whose exec lacks a gid are old ones, and libsinsp does not take their cwd. */
	if (*cwd && step_param(x, E_GID)->data)
		node_set_cwd(x->s, n, "", cwd, strlen(cwd));
	exec_image(x);
	exec_numbers(x);
	if (n->t.fds && node_own_fds(x->s, n))
		fd_table_exec(x->s, n->t.fds);
	n->t.exec_ns = x->ev->time_ns;
	if (n->t.vtid < 0 && n->t.tid == n->t.pid) {
		n->t.vtid = n->t.tid;
		n->t.vpid = n->t.pid;
	}
	node_changed(x->s, n);
}

/* reaper_tid. The thread itself is there until its event has been looked at. */
static void apply_exit(const struct step *x)
{
	node_exit(x->s, x->node, step_number(x, 0, 0));
	node_changed(x->s, x->node);
	x->s->exiting = x->node;
	x->s->to_settle = true;
}

/* The effective id counts; -1 leaves it. */
static void apply_uid(const struct step *x)
{
	uint32_t uid = (uint32_t)step_number(x, 0, UINT32_MAX);

	if (!step_succeeded(x) || uid == UINT32_MAX)
		return;
	x->node->t.uid = uid;
	node_changed(x->s, x->node);
}

static void apply_gid(const struct step *x)
{
	uint32_t gid = (uint32_t)step_number(x, 0, UINT32_MAX);

	if (!step_succeeded(x) || gid == UINT32_MAX)
		return;
	x->node->t.gid = gid;
	node_changed(x->s, x->node);
}

static void apply_setsid(const struct step *x)
{
	struct thread *t = &x->node->t;

	if (!step_succeeded(x))
		return;
	t->sid = t->pgid = t->vpgid = x->ev->result;
	t->tty = 0;
	node_changed(x->s, x->node);
}

/* pid pgid: 0 is the caller's own. */
static void apply_setpgid(const struct step *x)
{
	int64_t pid = step_number(x, 0, 0), pgid = step_number(x, 1, 0);
	struct thread_node *n = pid ? node_find(x->s, pid) : x->node;

	if (!step_succeeded(x) || !n)
		return;
	n->t.pgid = n->t.vpgid = pgid ? pgid : n->t.pid;
	node_changed(x->s, n);
}

/* option arg2_str */
static void apply_prctl(const struct step *x)
{
	const char *name = step_text(x, 1);

	if (!step_succeeded(x) || step_number(x, 0, 0) != OPTION_SET_NAME || !*name)
		return;
	node_set_comm(x->s, x->node, name, strnlen(name, 15));
	node_changed(x->s, x->node);
}

static void set_limit(const struct step *x, struct thread_node *n, int64_t limit)
{
	n->t.fd_limit = (uint64_t)limit;
	node_changed(x->s, n);
	if (n->process && n->process->main && n->process->main != n) {
		n->process->main->t.fd_limit = (uint64_t)limit;
		node_changed(x->s, n->process->main);
	}
}

/* cur resource */
static void apply_setrlimit(const struct step *x)
{
	if (step_succeeded(x) && step_number(x, 1, -1) == RESOURCE_NOFILE)
		set_limit(x, x->node, step_number(x, 0, 0));
}

/* newcur pid resource newmax; 0 for both limits is what old captures hold when none was set. */
static void apply_prlimit(const struct step *x)
{
	int64_t pid = step_number(x, 1, 0), limit = step_number(x, 0, -1);
	struct thread_node *n = pid ? node_find(x->s, pid) : x->node;

	if (step_succeeded(x) && n && step_number(x, 2, -1) == RESOURCE_NOFILE && limit != -1 &&
	    (limit || step_number(x, 3, 0)))
		set_limit(x, n, limit);
}

static void apply_unshare(const struct step *x)
{
	uint32_t flags = (uint32_t)step_number(x, 0, 0);

	if (!step_succeeded(x))
		return;
	if (flags & CLONE_HAS_FILES)
		node_own_fds(x->s, x->node);
	if (flags & CLONE_HAS_FS)
		x->node->shares_fs = false;
}

static void apply_capset(const struct step *x)
{
	struct thread *t = &x->node->t;

	if (!step_succeeded(x))
		return;
	set_u64(x, &t->cap_inheritable, 0);
	set_u64(x, &t->cap_permitted, 1);
	set_u64(x, &t->cap_effective, 2);
	node_changed(x->s, x->node);
}

/* vm_size vm_rss vm_swap pgft_maj pgft_min: of the process, told by calls about memory. */
void apply_memory(const struct step *x)
{
	struct thread_node *n = x->node;

	if (n->process && n->process->main)
		n = n->process->main;
	set_u32(x, &n->t.vm_size_kb, 0);
	set_u32(x, &n->t.vm_rss_kb, 1);
	set_u32(x, &n->t.vm_swap_kb, 2);
	set_u64(x, &x->node->t.pf_major, 3);
	set_u64(x, &x->node->t.pf_minor, 4);
}

/* uid gid name home shell */
static void apply_user_added(const struct step *x)
{
	struct state_entry e = {.kind = ENTRY_USER};

	e.user.uid = (uint32_t)step_number(x, 0, UINT32_MAX);
	e.user.gid = (uint32_t)step_number(x, 1, UINT32_MAX);
	e.user.name = text_of(step_text(x, 2));
	e.user.home = text_of(step_text(x, 3));
	e.user.shell = text_of(step_text(x, 4));
	state_entries(&x->s->pub, &e, 1, NULL);
}

static void apply_group_added(const struct step *x)
{
	struct state_entry e = {.kind = ENTRY_GROUP};

	e.group.gid = (uint32_t)step_number(x, 0, UINT32_MAX);
	e.group.name = text_of(step_text(x, 1));
	state_entries(&x->s->pub, &e, 1, NULL);
}

static void apply_user_deleted(const struct step *x)
{
	user_remove(x->s, (uint32_t)step_number(x, 0, UINT32_MAX));
}

static void apply_group_deleted(const struct step *x)
{
	group_remove(x->s, (uint32_t)step_number(x, 0, UINT32_MAX));
}

const struct op_row process_ops[] = {
	{"clone", apply_clone, 0, CLONE_PARAMS},
	{"clone3", apply_clone, 0, CLONE_PARAMS},
	{"fork", apply_clone, 0, CLONE_PARAMS},
	{"vfork", apply_clone, 0, CLONE_PARAMS},
	{"execve", apply_exec, 0, EXEC_PARAMS},
	{"execveat", apply_exec, 0, EXEC_PARAMS},
	{"procexit", apply_exit, 0, "reaper_tid"},
	{"setuid", apply_uid, 0, "uid"},
	{"setreuid", apply_uid, 0, "euid"},
	{"setresuid", apply_uid, 0, "euid"},
	{"setgid", apply_gid, 0, "gid"},
	{"setregid", apply_gid, 0, "egid"},
	{"setresgid", apply_gid, 0, "egid"},
	{"setsid", apply_setsid, 0, ""},
	{"setpgid", apply_setpgid, 0, "pid pgid"},
	{"prctl", apply_prctl, 0, "option arg2_str"},
	{"setrlimit", apply_setrlimit, 0, "cur resource"},
	{"prlimit", apply_prlimit, 0, "newcur pid resource newmax"},
	{"unshare", apply_unshare, 0, "flags"},
	{"capset", apply_capset, 0, "cap_inheritable cap_permitted cap_effective"},
	{"brk", apply_memory, 0, "vm_size vm_rss vm_swap"},
	{"mmap", apply_memory, 0, "vm_size vm_rss vm_swap"},
	{"mmap2", apply_memory, 0, "vm_size vm_rss vm_swap"},
	{"munmap", apply_memory, 0, "vm_size vm_rss vm_swap"},
	{"switch", apply_memory, 0, "vm_size vm_rss vm_swap pgft_maj pgft_min"},
	{"useradded", apply_user_added, OP_ALONE, "uid gid name home shell"},
	{"userdeleted", apply_user_deleted, OP_ALONE, "uid"},
	{"groupadded", apply_group_added, OP_ALONE, "gid name"},
	{"groupdeleted", apply_group_deleted, OP_ALONE, "gid"},
	{"container", apply_container, OP_ALONE, "json"},
	{0},
};
