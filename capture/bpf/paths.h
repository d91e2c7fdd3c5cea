/*
 * Paths of files and directories as the task sees them, and cgroup paths: names are collected from
 * the leaf upwards into the scratch buffer's path area, right to left.
 */
#pragma once
#include "record.h"

#define PATH_DEPTH_MAX 4096 /* names and mounts in a path: more do not fit PATH_BYTES */
#define NAME_LEN_MAX   255

#define TMPFS_MAGIC	   0x01021994
#define HUGETLBFS_MAGIC	   0x958458f6
#define ANON_INODEFS_MAGIC 0x09041934
#define PIDFS_MAGIC	   0x50494446

struct path_walk {
	struct scratch *s;
};

/* Puts "/name" in front. Fails when the path becomes longer than PATH_BYTES. */
static __always_inline bool path_prepend(struct path_walk *p, const void *name, u32 len)
{
	u32 at;

	if (len > NAME_LEN_MAX)
		len = NAME_LEN_MAX;
	at = p->s->loops.path_at - (len + 1);
	if (at > PATH_BYTES) { /* wrapped */
		p->s->loops.failed = 1;
		return false;
	}
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
	struct climb *c = &p->s->climb;
	struct dentry *d = (void *)c->at, *parent;
	struct mount *m = (void *)c->mount;
	struct qstr name;

	if (c->at == c->root && c->mount == c->root_mount)
		return 1;
	if (d == BPF_CORE_READ(m, mnt.mnt_root)) {
		struct mount *up = BPF_CORE_READ(m, mnt_parent);

		if (up == m || !up)
			return 1;
		c->at = (u64)BPF_CORE_READ(m, mnt_mountpoint);
		c->mount = (u64)up;
		return 0;
	}
	parent = BPF_CORE_READ(d, d_parent);
	if (parent == d || !parent)
		return 1;
	bpf_core_read(&name, sizeof name, &d->d_name);
	if (!path_prepend(p, name.name, name.len))
		return 1;
	c->at = (u64)parent;
	return 0;
}

/* Puts a constant in front, as immediate values: volatile, or it becomes a section of strings and a memcpy. */
#define path_prepend_text(s, text)                                                                 \
	({                                                                                         \
		u32 at_ = (s)->loops.path_at - (sizeof(text) - 1);                                 \
		volatile u8 *to_;                                                                  \
		(s)->loops.path_at = at_;                                                          \
		barrier_var(at_);                                                                  \
		to_ = &(s)->path[at_ & (PATH_BYTES - 1)];                                          \
		_Pragma("unroll") for (u32 i_ = 0; i_ < sizeof(text) - 1; i_++) to_[i_] = text[i_]; \
	})

/*
 * The root of a mount that hangs nowhere: a file that has no path. Its dentry's name is what it is
 * called, the file system decides how: "/memfd:x (deleted)", "anon_inode:[eventfd]".
 */
__noinline int path_unmounted(struct scratch *s, u64 dentry)
{
	struct dentry *d = (void *)dentry;
	struct path_walk p = {.s = s};
	struct qstr name;
	u32 at, magic;

	if (!s)
		return 0;
	magic = BPF_CORE_READ(d, d_inode, i_sb, s_magic);
	bpf_core_read(&name, sizeof name, &d->d_name);
	if (magic == PIDFS_MAGIC) {
		path_prepend_text(s, "anon_inode:[pidfd]");
	} else if (magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) {
		u8 first = 0;

		/* The root of one that is mounted is called "/". */
		bpf_probe_read_kernel(&first, 1, name.name);
		if (first == '/')
			return 0;
		path_prepend_text(s, " (deleted)");
		path_prepend(&p, name.name, name.len);
	} else if (magic == ANON_INODEFS_MAGIC && path_prepend(&p, name.name, name.len)) {
		/* The slash that was put in front gives way. */
		at = s->loops.path_at;
		barrier_var(at);
		s->path[at & (PATH_BYTES - 1)] = ':';
		path_prepend_text(s, "anon_inode");
	}
	return 0;
}

/*
 * Path of `what` (a struct path) relative to the task's root, as /proc has it: " (deleted)" behind what is
 * unlinked. Returns where it begins in s->path (it ends at PATH_BYTES, without NUL), negative: it is too long.
 */
__noinline int path_resolve(struct scratch *s, u64 what)
{
	struct path_walk p = {.s = s};
	struct path *here = (void *)what;
	struct task_struct *task;
	struct dentry *dentry;
	struct mount *mount;

	if (!s)
		return -1;
	s->loops.path_at = PATH_BYTES; /* the text ends there */
	s->loops.failed = 0;
	task = (void *)s->task;
	dentry = BPF_CORE_READ(here, dentry);
	mount = (void *)BPF_CORE_READ(here, mnt) - bpf_core_field_offset(struct mount, mnt);
	s->climb.at = (u64)dentry;
	s->climb.mount = (u64)mount;
	s->climb.root = (u64)BPF_CORE_READ(task, fs, root.dentry);
	s->climb.root_mount =
		(u64)BPF_CORE_READ(task, fs, root.mnt) - bpf_core_field_offset(struct mount, mnt);
	if (!dentry)
		return -1;
	if (BPF_CORE_READ(dentry, d_parent) != dentry) {
		if (!BPF_CORE_READ(dentry, d_hash.pprev))
			path_prepend_text(s, " (deleted)");
		bpf_loop(PATH_DEPTH_MAX, dentry_up, &p, 0);
	} else if (BPF_CORE_READ(mount, mnt_parent) != mount) {
		bpf_loop(PATH_DEPTH_MAX, dentry_up, &p, 0);
	} else {
		path_unmounted(s, (u64)dentry);
	}
	if (s->loops.failed)
		return -1;
	if (s->loops.path_at == PATH_BYTES) {
		s->loops.path_at = PATH_BYTES - 1;
		s->path[PATH_BYTES - 1] = '/';
	}
	return s->loops.path_at;
}

static long kernfs_up(u32 i, struct path_walk *p)
{
	struct kernfs_node *node = (void *)p->s->climb.at, *parent;
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
	p->s->climb.at = (u64)parent;
	return 0;
}

__noinline int cgroup_path(struct scratch *s, u64 cgroup)
{
	struct path_walk p = {.s = s};

	if (!s)
		return PATH_BYTES;
	s->loops.path_at = PATH_BYTES; /* the text ends there */
	s->climb.at = (u64)BPF_CORE_READ((struct cgroup *)cgroup, kn);
	if (s->climb.at)
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
