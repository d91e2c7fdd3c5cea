/* Files, pipes and the many kinds of fds that are no sockets. */
#include "state/apply.h"

enum { FCNTL_DUPFD = 1, FCNTL_SETFD = 3, FCNTL_DUPFD_CLOEXEC = 26 };
enum { RANGE_UNSHARE = 2, RANGE_CLOEXEC = 4 };
#define NATIVE_CLOEXEC	 02000000u /* O_CLOEXEC, SOCK_CLOEXEC, EFD_CLOEXEC... of Linux */
#define FIRST_FLAG	 1u

static void opened(const struct step *x, size_t path_len, uint32_t flags, unsigned dev, unsigned ino,
		   const char *raw)
{
	struct fd_node *n = step_new_fd(x, x->ev->result,
					flags & OPEN_DIRECTORY ? FD_DIRECTORY : FD_FILE_V2);

	if (!n)
		return;
	n->f.open_flags = flags;
	n->f.dev = (uint32_t)step_number(x, dev, 0);
	n->f.ino = (uint64_t)step_number(x, ino, 0);
	fd_set_name(x->s, n, x->s->path, path_len);
	fd_set_name_raw(x->s, n, raw, strlen(raw));
}

/* name flags dev ino dirfd */
static void apply_open(const struct step *x)
{
	if (!step_succeeded(x))
		return;
	opened(x, step_path(x, 0, x->op->params[4] != 0xFF, 4), (uint32_t)step_number(x, 1, 0), 2, 3,
	       step_text(x, 0));
}

/* A call that gives an fd. argument: enum fd_type. flags name ino */
static void apply_new(const struct step *x)
{
	struct fd_node *n;
	uint32_t flags = (uint32_t)step_number(x, 0, 0);
	const char *name;

	if (!step_succeeded(x) || !(n = step_new_fd(x, x->ev->result, x->op->argument)))
		return;
	if (flags & (OPEN_CLOEXEC | NATIVE_CLOEXEC))
		n->f.open_flags = OPEN_CLOEXEC;
	n->f.ino = (uint64_t)step_number(x, 2, 0);
	name = step_text(x, 1);
	fd_set_name(x->s, n, name, strlen(name));
}

/* The kernel makes these close-on-exec whatever is asked. */
static void apply_new_cloexec(const struct step *x)
{
	apply_new(x);
	if (step_succeeded(x) && x->s->pub.now.fd)
		x->s->pub.now.fd->open_flags |= OPEN_CLOEXEC;
}

/* cmd: only some commands give an fd (uapi/linux/bpf.h); they are close-on-exec. */
static void apply_bpf(const struct step *x)
{
	static const uint8_t with_fd[] = {0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 32, 33, 36};
	int64_t command = step_number(x, 0, -1);
	struct fd_node *n;

	if (!step_succeeded(x) || command < 0 || command > 255 ||
	    !memchr(with_fd, (int)command, sizeof with_fd))
		return;
	if ((n = step_new_fd(x, x->ev->result, FD_BPF)))
		n->f.open_flags = OPEN_CLOEXEC;
}

/* flags name: the first flag is close-on-exec (MFD_CLOEXEC, EPOLL_CLOEXEC, FSOPEN_CLOEXEC...). */
static void apply_first_flag(const struct step *x)
{
	apply_new(x);
	if (step_succeeded(x) && x->s->pub.now.fd && step_number(x, 0, 0) & FIRST_FLAG)
		x->s->pub.now.fd->open_flags |= OPEN_CLOEXEC;
}

/* pid */
static void apply_pidfd_open(const struct step *x)
{
	struct fd_node *n;

	if (!step_succeeded(x) || !(n = step_new_fd(x, x->ev->result, FD_PIDFD)))
		return;
	n->f.open_flags = OPEN_CLOEXEC;
	n->pidfd_pid = step_number(x, 0, -1);
}

static void dup_to(const struct step *x, struct fd_table *table, const struct fd_node *from,
		   int64_t fd, bool cloexec)
{
	struct fd_node *n = fd_table_dup(x->s, table, fd, from);

	x->s->pub.now.fd_num = fd;
	x->s->pub.now.fd = n ? &n->f : NULL;
	if (!n)
		return;
	n->f.open_flags &= ~(uint32_t)OPEN_CLOEXEC;
	if (cloexec)
		n->f.open_flags |= OPEN_CLOEXEC;
}

/* pid_fd target_fd */
static void apply_pidfd_getfd(const struct step *x)
{
	struct fd_table *table = step_fds(x);
	struct fd_node *pidfd = table ? fd_table_find(table, step_number(x, 0, -1)) : NULL;
	struct thread_node *target = pidfd ? node_find(x->s, pidfd->pidfd_pid) : NULL;
	const struct fd_node *from;

	if (!step_succeeded(x) || !table)
		return;
	from = target && target->t.fds ? fd_table_find(target->t.fds, step_number(x, 1, -1)) : NULL;
	if (from)
		dup_to(x, table, from, x->ev->result, true);
	else
		step_new_fd(x, x->ev->result, FD_UNKNOWN);
}

/* fd mask flags: an fd of -1 asks for a new one. */
static void apply_signalfd(const struct step *x)
{
	int64_t old = step_number(x, 1, -1);

	if (step_succeeded(x) && old == x->ev->result && thread_fd_find(&x->node->t, old))
		return;
	apply_new(x);
}

/* oldfd flags */
static void apply_dup(const struct step *x)
{
	struct fd_table *table = step_fds(x);
	const struct fd_node *from;
	int64_t old = step_number(x, 0, -1);

	if (!step_succeeded(x) || !table)
		return;
	/* dup2 of an fd to itself changes nothing, its close-on-exec flag neither. */
	if (old == x->ev->result)
		return;
	if ((from = fd_table_find(table, old))) {
		dup_to(x, table, from, x->ev->result, step_number(x, 1, 0) & OPEN_CLOEXEC);
	} else {
		/* What it was is unknown, but what it replaces is gone. */
		fd_table_remove(x->s, table, x->ev->result);
		x->s->pub.now.fd = NULL;
		x->s->pub.now.fd_num = x->ev->result;
	}
}

/* fd cmd arg */
static void apply_fcntl(const struct step *x)
{
	struct fd_table *table = step_fds(x);
	struct fd_node *n = table ? fd_table_find(table, step_number(x, 0, -1)) : NULL;
	int64_t cmd = step_number(x, 1, 0);

	if (!step_succeeded(x) || !n)
		return;
	if (cmd == FCNTL_DUPFD || cmd == FCNTL_DUPFD_CLOEXEC) {
		dup_to(x, table, n, x->ev->result, cmd == FCNTL_DUPFD_CLOEXEC);
	} else if (cmd == FCNTL_SETFD) {
		n->f.open_flags &= ~(uint32_t)OPEN_CLOEXEC;
		if (step_number(x, 2, 0) & 1)
			n->f.open_flags |= OPEN_CLOEXEC;
	}
}

/* Takes effect in state_settle: the event itself still shows what is closed. */
static void apply_close(const struct step *x)
{
	/* EINTR and EIO close the fd all the same; only EBADF means that there was none. */
	if (!x->ev->has_result || x->ev->result == -9)
		return;
	x->s->closing_table = x->node->t.fds;
	x->s->closing_fd = x->s->pub.now.fd_num;
	x->s->to_settle = true;
}

/* first last flags */
static void apply_close_range(const struct step *x)
{
	int64_t first = step_number(x, 0, -1), last = step_number(x, 1, -1);
	int64_t flags = step_number(x, 2, 0);

	if (!step_succeeded(x) || first < 0 || !x->node->t.fds)
		return;
	if (flags & RANGE_UNSHARE && !node_own_fds(x->s, x->node))
		return;
	fd_table_range(x->s, x->node->t.fds, first, last, flags & RANGE_CLOEXEC);
}

/* fd1 fd2 ino flags */
static void apply_pipe(const struct step *x)
{
	int64_t ends[2] = {step_number(x, 0, -1), step_number(x, 1, -1)};
	struct fd_info *made[2] = {0};

	if (!step_succeeded(x))
		return;
	for (int i = 0; i < 2; i++) {
		struct fd_node *n = step_new_fd(x, ends[i], FD_FIFO);

		if (!n)
			continue;
		made[i] = &n->f;
		n->f.ino = (uint64_t)step_number(x, 2, 0);
		if (step_number(x, 3, 0) & OPEN_CLOEXEC)
			n->f.open_flags = OPEN_CLOEXEC;
	}
	/* The family shows the second end as the event's fd. */
	x->s->pub.now.fd2 = made[0];
}

/* path */
static void apply_chdir(const struct step *x)
{
	const char *path = step_text(x, 0);

	if (step_succeeded(x) && *path)
		node_set_cwd(x->s, x->node, x->node->t.cwd, path, strlen(path));
}

static void apply_fchdir(const struct step *x)
{
	const struct fd_info *fd = x->s->pub.now.fd;

	if (step_succeeded(x) && fd && fd->name[0])
		node_set_cwd(x->s, x->node, "", fd->name, intern_len(fd->name));
}

/* path */
static void apply_chroot(const struct step *x)
{
	size_t len;

	if (!step_succeeded(x) || !*step_text(x, 0))
		return;
	len = step_path(x, 0, false, 0);
	store_text(x->s, &x->node->t.root, x->s->path, len);
	node_changed(x->s, x->node);
}

/* The first row serves calls of no row of their own that make an fd. */
const struct op_row file_ops[] = {
	{"", apply_new, FD_UNSUPPORTED, "flags name"},
	{"open", apply_open, 0, "name flags dev ino"},
	{"creat", apply_open, 0, "name creat_flags dev ino"},
	{"openat", apply_open, 0, "name flags dev ino dirfd"},
	{"openat2", apply_open, 0, "name flags dev ino dirfd"},
	{"open_by_handle_at", apply_open, 0, "path flags dev ino"},
	{"close", apply_close, 0, ""},
	{"close_range", apply_close_range, 0, "first last flags"},
	{"dup", apply_dup, 0, "oldfd"},
	{"dup2", apply_dup, 0, "oldfd"},
	{"dup3", apply_dup, 0, "oldfd flags"},
	{"fcntl", apply_fcntl, 0, "fd cmd arg"},
	{"pipe", apply_pipe, 0, "fd1 fd2 ino"},
	{"pipe2", apply_pipe, 0, "fd1 fd2 ino flags"},
	{"eventfd", apply_new, FD_EVENT, "flags"},
	{"eventfd2", apply_new, FD_EVENT, "flags"},
	{"signalfd", apply_signalfd, FD_SIGNALFD, "flags fd"},
	{"signalfd4", apply_signalfd, FD_SIGNALFD, "flags fd"},
	{"timerfd_create", apply_new, FD_TIMERFD, "flags"},
	{"inotify_init", apply_new, FD_INOTIFY, "flags"},
	{"inotify_init1", apply_new, FD_INOTIFY, "flags"},
	{"epoll_create", apply_new, FD_EVENTPOLL, ""},
	{"epoll_create1", apply_first_flag, FD_EVENTPOLL, "flags"},
	{"memfd_create", apply_first_flag, FD_MEMFD, "flags name"},
	{"userfaultfd", apply_new, FD_USERFAULTFD, "flags"},
	{"io_uring_setup", apply_new_cloexec, FD_IOURING, ""},
	{"bpf", apply_bpf, FD_BPF, "cmd"},
	{"fanotify_init", apply_first_flag, FD_UNSUPPORTED, "flags"},
	{"fsopen", apply_first_flag, FD_UNSUPPORTED, "flags fs_name"},
	{"fsmount", apply_first_flag, FD_UNSUPPORTED, "flags"},
	{"fspick", apply_first_flag, FD_UNSUPPORTED, "flags path"},
	{"landlock_create_ruleset", apply_new_cloexec, FD_UNSUPPORTED, ""},
	{"pidfd_open", apply_pidfd_open, 0, "pid"},
	{"pidfd_getfd", apply_pidfd_getfd, 0, "pid_fd target_fd"},
	{"chdir", apply_chdir, 0, "path", true},
	{"fchdir", apply_fchdir, 0, "", true},
	{"chroot", apply_chroot, 0, "path", true},
	{0},
};
