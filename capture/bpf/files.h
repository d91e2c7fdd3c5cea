/* Open files of a task: from number to struct file, its inode, device, socket. */
#pragma once
#include "record.h"

static __always_inline struct file *file_of(struct task_struct *task, s32 fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **table, *file = 0;

	if (!fdt || fd < 0 || (u32)fd >= BPF_CORE_READ(fdt, max_fds))
		return 0;
	table = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof file, table + fd);
	return file;
}

/* The family's encoding of a device: (minor & 0xff) | major << 8 | (minor & ~0xff) << 12. */
static __always_inline u32 dev_encode(u32 dev)
{
	u32 major = dev >> 20, minor = dev & 0xFFFFF;

	return (minor & 0xFF) | (major << 8) | ((minor & ~0xFFu) << 12);
}

static __always_inline u32 file_dev(struct file *file)
{
	return dev_encode(BPF_CORE_READ(file, f_inode, i_sb, s_dev));
}

static __always_inline struct sock *file_sock(struct file *file)
{
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}
