/* What a process has open: /proc/PID/fd and fdinfo. */
#include "capture/proc_read.h"
#include "format/recipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FDINFO_MAX 4096u
#define LINK_MAX_SHOWN ENTRY_TEXT_MAX

#if defined(__aarch64__)
#define ABI_NATIVE ABI_AARCH64
#else
#define ABI_NATIVE ABI_X86_64
#endif

/* Links of fds that lie in no file system say what they are. */
static const struct {
	const char *link;
	uint8_t type;
} anonymous[] = {
	{"anon_inode:[eventfd]", FD_EVENT},
	{"anon_inode:[eventpoll]", FD_EVENTPOLL},
	{"anon_inode:inotify", FD_INOTIFY},
	{"anon_inode:[signalfd]", FD_SIGNALFD},
	{"anon_inode:[timerfd]", FD_TIMERFD},
	{"anon_inode:[userfaultfd]", FD_USERFAULTFD},
	{"anon_inode:[io_uring]", FD_IOURING},
	{"anon_inode:[pidfd]", FD_PIDFD},
	{"pidfd:", FD_PIDFD},
	{"anon_inode:bpf", FD_BPF},
	{"anon_inode:[bpf", FD_BPF},
	{"anon_inode:", FD_UNSUPPORTED},
	{"/memfd:", FD_MEMFD},
	{"pipe:", FD_FIFO},
	{"socket:", FD_UNSUPPORTED},
};

static uint8_t type_of(const char *link, const struct stat *st)
{
	for (size_t i = 0; i < sizeof anonymous / sizeof *anonymous; i++) {
		if (strncmp(link, anonymous[i].link, strlen(anonymous[i].link)) == 0)
			return anonymous[i].type;
	}
	if (S_ISDIR(st->st_mode))
		return FD_DIRECTORY;
	return S_ISFIFO(st->st_mode) ? FD_FIFO : FD_FILE_V2;
}

/* Devices as the kernel gives them to user space in 32 bits: what dev parameters hold. */
static uint32_t device(dev_t dev)
{
	uint32_t major = major(dev), minor = minor(dev);

	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static uint32_t open_flags(struct snapshot *sn, int fdinfo, const char *fd)
{
	const char *p;

	if (fdinfo < 0 || !proc_file(sn, fdinfo, fd, FDINFO_MAX) ||
	    !(p = strstr((const char *)sn->file.data, "flags:")))
		return 0;
	return (uint32_t)map_value(MAP_OPEN_FLAGS, ABI_NATIVE, strtoull(p + strlen("flags:"), NULL, 8));
}

static void take_socket(struct snapshot *sn, int dir, struct fd_entry *e)
{
	const struct proc_socket *s = proc_socket(sn, dir, e->ino);

	if (!s)
		return;
	e->type = s->e.type;
	e->l4proto = s->e.l4proto;
	e->sport = s->e.sport;
	e->dport = s->e.dport;
	e->unix_source = s->e.unix_source;
	e->name = s->e.name;
	memcpy(e->sip, s->e.sip, sizeof e->sip);
	memcpy(e->dip, s->e.dip, sizeof e->dip);
}

static int take_fd(struct snapshot *sn, int dir, int fds, int fdinfo, int64_t pid, const char *name)
{
	char link[LINK_MAX_SHOWN + 1];
	ssize_t len = readlinkat(fds, name, link, sizeof link - 1);
	struct stat st = {0};
	struct fd_entry *e;
	unsigned long long ino;

	if (len <= 0)
		return 0;
	link[len] = 0;
	if (sn->n_fds >= SNAPSHOT_FDS_MAX) {
		sn->n_left_out++;
		return 0;
	}
	if (!(e = proc_more((void **)&sn->fds, sn->n_fds, &sn->cap_fds, sizeof *e)))
		return -ENOMEM;
	e->tid = pid;
	e->fd = strtoll(name, NULL, 10);
	if (fstatat(fds, name, &st, 0) == 0) {
		e->ino = st.st_ino;
		e->dev = device(st.st_dev);
	}
	e->type = type_of(link, &st);
	e->open_flags = open_flags(sn, fdinfo, name);
	e->name = proc_keep(&sn->texts, link, (size_t)len, ENTRY_TEXT_MAX);
	if (sscanf(link, "socket:[%llu]", &ino) == 1 || sscanf(link, "pipe:[%llu]", &ino) == 1)
		e->ino = ino;
	if (strncmp(link, "socket:[", 8) == 0)
		take_socket(sn, dir, e);
	sn->n_fds++;
	return 0;
}

int proc_fds(struct snapshot *sn, int dir, int64_t pid)
{
	int fds = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fdinfo, r = 0;
	DIR *list = fds < 0 ? NULL : fdopendir(fds);
	struct dirent *d;

	if (!list) {
		if (fds >= 0)
			close(fds);
		return 0;
	}
	fdinfo = openat(dir, "fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (r == 0 && (d = readdir(list))) {
		if (d->d_name[0] >= '0' && d->d_name[0] <= '9')
			r = take_fd(sn, dir, fds, fdinfo, pid, d->d_name);
	}
	if (fdinfo >= 0)
		close(fdinfo);
	closedir(list);
	return r;
}
