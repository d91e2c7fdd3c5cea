/* Open files of a task: from number to struct file, its inode, device, socket. */
#pragma once
#include "format/recipe.h"
#include "record.h"

/*
 * An open file of current, as a number. Typed pointers are read directly, without a helper call each; but for
 * each pointer taken from a task the verifier searches all of the kernel's types by name, so this
 * is a global function, which it checks once.
 */
__noinline u64 file_number(int fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *fdt = task->files->fdt;
	u64 file = 0;

	if (fd < 0 || (u32)fd >= fdt->max_fds)
		return 0;
	bpf_probe_read_kernel(&file, sizeof file, fdt->fd + fd);
	return file;
}

/* The same of any task. */
static __always_inline struct file *file_in(struct task_struct *task, s32 fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd), *file = 0;

	if (fd < 0 || (u32)fd >= BPF_CORE_READ(fdt, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof file, files + fd);
	return file;
}

static __always_inline struct file *file_of(s32 fd)
{
	return (struct file *)file_number(fd);
}

/* The family's encoding of a device: (minor & 0xff) | major << 8 | (minor & ~0xff) << 12. */
static __always_inline u32 dev_encode(u32 dev)
{
	u32 major = dev >> 20, minor = dev & 0xFFFFF;

	return (minor & 0xFF) | (major << 8) | ((minor & ~0xFFu) << 12);
}

#define OVERLAYFS_MAGIC 0x794c7630
#define FMODE_CREATED	0x100000

/*
 * Of an overlay file system: OPEN_WIRE_UPPER_LAYER for what was made or changed in it, LOWER_LAYER for
 * what shines through. The dentry of the upper layer lies right behind the inode (struct ovl_inode, fs/overlayfs).
 */
static __always_inline u32 inode_layer(struct inode *inode, struct super_block *sb)
{
	struct dentry *upper = 0;

	if (BPF_CORE_READ(sb, s_magic) != OVERLAYFS_MAGIC)
		return 0;
	bpf_probe_read_kernel(&upper, sizeof upper, (u8 *)inode + bpf_core_type_size(struct inode));
	return upper && BPF_CORE_READ(upper, d_inode) ? OPEN_WIRE_UPPER_LAYER : OPEN_WIRE_LOWER_LAYER;
}

/* What there is to say of the file that the call returned, once per call. */
static __always_inline bool opened_find(struct scratch *s)
{
	struct opened *o = &s->opened;
	struct super_block *sb;
	struct inode *inode;
	struct file *file;

	if (o->found != OPENED_UNKNOWN)
		return o->found == OPENED_FOUND;
	o->found = OPENED_NONE;
	o->wire = 0;
	file = s->result < 0 ? 0 : file_of(s->result);
	if (!file)
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	sb = BPF_CORE_READ(inode, i_sb);
	o->ino = BPF_CORE_READ(inode, i_ino);
	o->dev = dev_encode(BPF_CORE_READ(sb, s_dev));
	o->wire = inode_layer(inode, sb);
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		o->wire |= OPEN_WIRE_CREATED;
	o->found = OPENED_FOUND;
	return true;
}

static __always_inline struct sock *file_sock(struct file *file)
{
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}
