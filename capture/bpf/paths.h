/*
 * Paths of files and directories as the task sees them, and cgroup paths: names are collected from
 * the leaf upwards into the scratch buffer's path area, right to left.
 */
#pragma once
#include "record.h"

#define PATH_DEPTH_MAX 64
#define NAME_LEN_MAX   255

struct path_walk {
	struct scratch *s;
	struct dentry *dentry, *root_dentry;
	struct mount *mount, *root_mount;
	struct kernfs_node *node;
};

/* Puts "/name" in front. */
static __always_inline bool path_prepend(struct path_walk *p, const void *name, u32 len)
{
	u32 at;

	if (len > NAME_LEN_MAX)
		len = NAME_LEN_MAX;
	at = p->s->loops.path_at - (len + 1);
	if (at > PATH_BYTES) /* wrapped: longer than PATH_MAX */
		return false;
	p->s->loops.path_at = at;
	barrier_var(at);
	at &= PATH_BYTES - 1;
	p->s->path[at] = '/';
	barrier_var(len);
	len &= 0xFF;
	bpf_probe_read_kernel(&p->s->path[at + 1], len, name);
	return true;
}

static long dentry_up(u32 i, struct path_walk *p)
{
	struct dentry *d = p->dentry, *parent;
	struct mount *m = p->mount;
	struct qstr name;

	if (d == p->root_dentry && m == p->root_mount)
		return 1;
	if (d == BPF_CORE_READ(m, mnt.mnt_root)) {
		struct mount *up = BPF_CORE_READ(m, mnt_parent);

		if (up == m || !up)
			return 1;
		p->dentry = BPF_CORE_READ(m, mnt_mountpoint);
		p->mount = up;
		return 0;
	}
	parent = BPF_CORE_READ(d, d_parent);
	if (parent == d || !parent)
		return 1;
	bpf_core_read(&name, sizeof name, &d->d_name);
	if (!path_prepend(p, name.name, name.len))
		return 1;
	p->dentry = parent;
	return 0;
}

/*
 * Path of `what` (a struct path) relative to the task's root. Returns where it begins in s->path (it ends at
 * PATH_BYTES, without NUL); at least "/".
 */
__noinline int path_resolve(struct scratch *s, u64 what)
{
	struct path_walk p = {.s = s};
	struct task_struct *task;
	struct path here, root;

	if (!s)
		return PATH_BYTES;
	s->loops.path_at = PATH_BYTES; /* the text ends there */
	task = (void *)s->task;
	bpf_core_read(&here, sizeof here, (struct path *)what);
	root.dentry = BPF_CORE_READ(task, fs, root.dentry);
	root.mnt = BPF_CORE_READ(task, fs, root.mnt);
	p.dentry = here.dentry;
	p.mount = (void *)here.mnt - bpf_core_field_offset(struct mount, mnt);
	p.root_dentry = root.dentry;
	p.root_mount = (void *)root.mnt - bpf_core_field_offset(struct mount, mnt);
	if (here.dentry)
		bpf_loop(PATH_DEPTH_MAX, dentry_up, &p, 0);
	if (s->loops.path_at == PATH_BYTES) {
		s->loops.path_at = PATH_BYTES - 1;
		s->path[PATH_BYTES - 1] = '/';
	}
	return s->loops.path_at;
}

static long kernfs_up(u32 i, struct path_walk *p)
{
	struct kernfs_node *node = p->node, *parent;
	const char *name = BPF_CORE_READ(node, name);
	long len;

	if (bpf_core_field_exists(node->__parent))
		parent = BPF_CORE_READ(node, __parent);
	else
		parent = BPF_CORE_READ((struct kernfs_node___v51 *)node, parent);
	if (!parent)
		return 1;
	/* The name's length is known only after reading it: read it behind the text first. */
	len = bpf_probe_read_kernel_str(&p->s->path[PATH_BYTES], NAME_LEN_MAX, name);
	if (len <= 1)
		return 1;
	if (!path_prepend(p, &p->s->path[PATH_BYTES], len - 1))
		return 1;
	p->node = parent;
	return 0;
}

__noinline int cgroup_path(struct scratch *s, u64 cgroup)
{
	struct path_walk p = {.s = s};

	if (!s)
		return PATH_BYTES;
	s->loops.path_at = PATH_BYTES; /* the text ends there */
	p.node = BPF_CORE_READ((struct cgroup *)cgroup, kn);
	if (p.node)
		bpf_loop(PATH_DEPTH_MAX, kernfs_up, &p, 0);
	if (s->loops.path_at == PATH_BYTES) {
		s->loops.path_at = PATH_BYTES - 1;
		s->path[PATH_BYTES - 1] = '/';
	}
	return s->loops.path_at;
}

/* Copies the text that begins at `at` to place + 2 with a NUL; returns its length with the NUL. */
static __always_inline u32 path_copy(struct scratch *s, u8 *place, u32 at)
{
	u32 len;

	barrier_var(at);
	at &= PATH_BYTES - 1;
	len = PATH_BYTES - at;
	place += 2;
	bpf_probe_read_kernel(place, len, &s->path[at]);
	barrier_var(len);
	len &= 2 * PATH_BYTES - 1;
	place[len] = 0;
	return len + 1;
}
