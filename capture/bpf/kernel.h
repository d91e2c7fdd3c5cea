/*
 * The parts of kernel structures that the programs read. Offsets are found at load time from the
 * running kernel's BTF (CO-RE), so only names and nesting matter here. A suffix ___name marks another
 * shape of the same structure in other kernel versions; which one exists is asked with
 * bpf_core_field_exists, never by version.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8, ax, cx, dx, si, di, bp, bx, orig_ax;
};
struct thread_info {
	unsigned long flags;
	u32 status;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};
struct thread_info {
	unsigned long flags;
};
#endif

struct qstr {
	union {
		struct {
			u32 hash;
			u32 len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};
struct super_block {
	u32 s_dev;
	unsigned long s_flags, s_magic;
};
typedef struct {
	u32 val;
} kuid_t;
typedef struct {
	u32 val;
} kgid_t;
struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	u32 i_flags;
	struct super_block *i_sb;
	unsigned long i_ino;
	u32 i_rdev;
	/* 6.11 and later */
	s64 i_mtime_sec, i_ctime_sec;
	u32 i_mtime_nsec, i_ctime_nsec;
};
struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};
struct inode___v66 { /* 6.6 to 6.10 */
	struct timespec64 __i_mtime, __i_ctime;
};
struct inode___v51 { /* before */
	struct timespec64 i_mtime, i_ctime;
};
struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	void *private_data;
	struct inode *f_inode;
	u32 f_flags, f_mode;
	struct path f_path;
	const void *f_op;
};
struct fdtable {
	u32 max_fds;
	struct file **fd;
	unsigned long *close_on_exec;
};
struct files_struct {
	struct fdtable *fdt;
};
struct fs_struct {
	struct path root, pwd;
};
struct mm_struct {
	unsigned long total_vm, arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};
struct percpu_counter {
	s64 count;
};
struct mm_struct___v62 { /* 6.2 and later */
	struct percpu_counter rss_stat[4];
};
typedef struct {
	s64 counter;
} atomic64_like;
struct mm_rss_stat {
	atomic64_like count[4];
};
struct mm_struct___v51 {
	struct mm_rss_stat rss_stat;
};
typedef struct {
	u64 val; /* two u32 before 6.3: eight bytes either way */
} kernel_cap_t;
struct group_info {
	int ngroups;
	kgid_t gid[1];
};
struct uid_gid_extent {
	u32 first, lower_first, count;
};
struct uid_gid_map {
	struct uid_gid_extent extent[5];
	u32 nr_extents;
};
struct user_namespace {
	struct uid_gid_map uid_map, gid_map;
	int level;
};
struct cred {
	kuid_t uid, euid, fsuid;
	kgid_t gid, egid, fsgid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};
struct rlimit {
	unsigned long rlim_cur, rlim_max;
};
struct tty_driver {
	int major, minor_start;
};
struct tty_struct {
	struct tty_driver *driver;
	int index;
};
struct pid_namespace;
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	u32 level;
	struct upid numbers[1];
};
struct task_struct;
struct ns_common {
	u32 inum;
};
struct pid_namespace {
	struct task_struct *child_reaper;
	u32 level;
	struct ns_common ns;
};
struct list_head {
	struct list_head *next, *prev;
};
struct nsproxy {
	struct pid_namespace *pid_ns_for_children;
};
struct signal_struct {
	struct list_head thread_head;
	unsigned int is_child_subreaper : 1;
	unsigned int has_child_subreaper : 1;
	struct pid *pids[4];
	struct tty_struct *tty;
	struct rlimit rlim[16];
	int group_exit_code;
};
struct kernfs_node { /* 6.15 and later */
	struct kernfs_node *__parent;
	const char *name;
	u64 id;
};
struct kernfs_node___v51 {
	struct kernfs_node *parent;
};
struct cgroup {
	struct kernfs_node *kn;
	int level;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};
struct css_set {
	struct cgroup_subsys_state *subsys[14];
	struct cgroup *dfl_cgrp;
};
#define PF_EXITING 0x4 /* of flags */
typedef struct {
	unsigned long sig[1];
} sigset_t;
struct task_struct {
	struct thread_info thread_info;
	u32 flags;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct list_head children, thread_node;
	struct nsproxy *nsproxy;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	const struct cred *cred;
	struct pid *thread_pid;
	struct css_set *cgroups;
	kuid_t loginuid;
	sigset_t blocked;
	u64 start_boottime;
	unsigned long min_flt, maj_flt;
	char comm[16];
};
struct linux_binprm {
	int envc;
	const char *filename;
};
struct in6_addr {
	union {
		u8 u6_addr8[16];
	} in6_u;
};
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	u16 skc_family;
	u8 skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	u32 sk_ack_backlog, sk_max_ack_backlog;
	u16 sk_type, sk_protocol;
};
struct socket {
	s16 type;
	struct sock *sk;
};
struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
};
struct unix_address {
	int len;
	struct sockaddr_un name[1];
};
struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};
struct kernel_siginfo {
	int si_signo, si_errno, si_code;
};
struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id, seq_num;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

enum cgroup_subsys_id {
	cpuset_cgrp_id,
	cpu_cgrp_id,
	cpuacct_cgrp_id,
	io_cgrp_id,
	memory_cgrp_id,
};

#pragma clang attribute pop

#define S_IFMT	   0170000
#define S_IFSOCK   0140000
#define AF_UNIX	   1
#define AF_INET	   2
#define AF_INET6   10
#define PF_KTHREAD 0x00200000
#define TS_COMPAT  2
