/*
 * What the family says of the file that a program came from (PPM_EXE_*): whether its user could have
 * written it, and what kind of storage it lies in.
 */
#pragma once
#include "files.h"
#include "paths.h"

enum exe_flag { EXE_WRITABLE = 1, EXE_UPPER_LAYER = 2, EXE_FROM_MEMFD = 4, EXE_LOWER_LAYER = 8 };

#define SB_RDONLY	 1
#define S_IMMUTABLE	 8
#define CAP_DAC_OVERRIDE 1
#define CAP_FOWNER	 3
#define GROUPS_SEARCHED	 17 /* halvings of NGROUPS_MAX, 65536 */

struct group_search {
	struct group_info *info;
	u32 gid;
	u32 low, high; /* gid lies in [low, high), if it is there */
	bool found;
};

static long group_halve(u32 i, struct group_search *g)
{
	u32 middle = g->low + (g->high - g->low) / 2, gid = 0;

	if (g->low >= g->high)
		return 1;
	bpf_probe_read_kernel(&gid, sizeof gid,
			      (u8 *)g->info + bpf_core_field_offset(struct group_info, gid) + middle * 4ull);
	if (gid == g->gid) {
		g->found = true;
		return 1;
	}
	if (gid < g->gid)
		g->low = middle + 1;
	else
		g->high = middle;
	return 0;
}

/* Supplementary groups are sorted. */
static __always_inline bool cred_has_group(const struct cred *cred, u32 gid)
{
	struct group_info *info = BPF_CORE_READ(cred, group_info);
	struct group_search g = {.info = info, .gid = gid};

	if (BPF_CORE_READ(cred, fsgid.val) == gid)
		return true;
	if (!info)
		return false;
	g.high = BPF_CORE_READ(info, ngroups);
	bpf_loop(GROUPS_SEARCHED, group_halve, &g, 0);
	return g.found;
}

/* Whether an id of the file means something in the user namespace; large maps are taken to have all. */
static __always_inline bool map_has(const struct uid_gid_map *map, u32 id)
{
	u32 n = BPF_CORE_READ(map, nr_extents);

	if (n > 5)
		return true;
	for (u32 i = 0; i < n && i < 5; i++) {
		const struct uid_gid_extent *extent = (const void *)&map->extent + i * sizeof *extent;

		if (id - BPF_CORE_READ(extent, lower_first) < BPF_CORE_READ(extent, count))
			return true;
	}
	return false;
}

/* Capabilities count where the namespace knows the file's owner. */
static __always_inline bool cred_overrides(const struct cred *cred, u32 uid, u32 gid)
{
	struct user_namespace *ns = BPF_CORE_READ(cred, user_ns);
	u64 caps = 0;

	bpf_core_read(&caps, sizeof caps, &cred->cap_effective);
	if (!(caps & (1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER)))
		return false;
	if (!BPF_CORE_READ(ns, level))
		return true;
	if (!map_has(&ns->uid_map, uid))
		return false;
	return (caps >> CAP_FOWNER & 1) || map_has(&ns->gid_map, gid);
}

/* Its owner may make it writable, so for him it is. */
static __always_inline bool inode_writable(struct inode *inode, struct super_block *sb, const struct cred *cred)
{
	u32 uid = BPF_CORE_READ(inode, i_uid.val), gid = BPF_CORE_READ(inode, i_gid.val);
	u16 mode = BPF_CORE_READ(inode, i_mode);

	if ((BPF_CORE_READ(sb, s_flags) & SB_RDONLY) || (BPF_CORE_READ(inode, i_flags) & S_IMMUTABLE))
		return false;
	if (BPF_CORE_READ(cred, fsuid.val) == uid || (mode & 0002))
		return true;
	if ((mode & 0020) && cred_has_group(cred, gid))
		return true;
	return cred_overrides(cred, uid, gid);
}

/* memfd_create names the root of a file system that is mounted nowhere. */
static __always_inline bool file_is_memfd(struct file *file, struct super_block *sb)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	u32 magic = BPF_CORE_READ(sb, s_magic);
	u64 name = 0;

	if ((magic != TMPFS_MAGIC && magic != HUGETLBFS_MAGIC) || BPF_CORE_READ(dentry, d_parent) != dentry)
		return false;
	bpf_probe_read_kernel(&name, 6, BPF_CORE_READ(dentry, d_name.name));
	return name == 0x3a64666d656d; /* "memfd:" */
}

/* EXE_* of current. A global function: verified once. */
__noinline int exec_flags(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct super_block *sb;
	struct inode *inode;
	int flags = 0;
	u32 layer;

	if (!exe)
		return 0;
	inode = BPF_CORE_READ(exe, f_inode);
	sb = BPF_CORE_READ(inode, i_sb);
	if (inode_writable(inode, sb, BPF_CORE_READ(task, cred)))
		flags |= EXE_WRITABLE;
	if (file_is_memfd(exe, sb))
		flags |= EXE_FROM_MEMFD;
	layer = inode_layer(inode, sb);
	if (layer & OPEN_WIRE_UPPER_LAYER)
		flags |= EXE_UPPER_LAYER;
	if (layer & OPEN_WIRE_LOWER_LAYER)
		flags |= EXE_LOWER_LAYER;
	return flags;
}
