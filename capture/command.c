#include "capture/command.h"

#include "capture/stop_signal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool read_whole(int fd, void *to, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, (char *)to + at, len - at);

		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

/*
 * Whoever lets it go says how long the seccomp program is, and what it is. Without privileges it takes
 * no_new_privs, which changes nothing for whom is traced: setuid programs get no rights there either.
 */
static int program_install(int go, uint32_t n)
{
	static struct sock_filter program[BPF_MAXINSNS];
	struct sock_fprog p = {(unsigned short)n, program};

	if (n > BPF_MAXINSNS || !read_whole(go, program, n * sizeof *program))
		return EINVAL;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p) == 0)
		return 0;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p) < 0 ? errno : 0;
}

/* The rest of its groups are those that the user database says. */
static int become(const struct command_as *as)
{
	for (size_t i = 0; i < as->n_environment; i++) {
		const char *word = as->environment[i];

		if (strchr(word, '=') ? putenv((char *)word) : unsetenv(word))
			return errno;
	}
	if (as->user && (initgroups(as->user, as->gid) < 0 || setgid(as->gid) < 0 || setuid(as->uid) < 0))
		return errno;
	return 0;
}

/* The PATH that the command will have; NULL: none. */
static const char *search_path(const struct command_as *as)
{
	const char *path = getenv("PATH");

	for (size_t i = 0; i < as->n_environment; i++)
		if (!strncmp(as->environment[i], "PATH", 4) && (!as->environment[i][4] || as->environment[i][4] == '='))
			path = as->environment[i][4] ? as->environment[i] + 5 : NULL;
	return path;
}

/*
 * The file that a name without a folder means, as a shell looks for it: execvp() would try each folder of PATH,
 * and each try is a call of the command's in the capture. NULL: not found here; execvp() says why.
 */
static const char *program_find(const char *name, const struct command_as *as, char file[PATH_MAX])
{
	/* What another user finds is another matter. */
	const char *folder = as->user && as->uid != geteuid() ? NULL : search_path(as);
	struct stat st;

	for (size_t len; folder && *name && !strchr(name, '/'); folder = folder[len] ? folder + len + 1 : NULL) {
		len = strcspn(folder, ":");
		if (snprintf(file, PATH_MAX, "%.*s%s%s", (int)len, folder, len ? "/" : "", name) < PATH_MAX &&
		    stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

static void child_run(int go, int failed, const char *file, char **argv, const struct command_as *as)
{
	uint32_t n_program;
	int code = 0;

	signals_restore();
	if (!read_whole(go, &n_program, sizeof n_program))
		_exit(127);
	if (n_program)
		code = program_install(go, n_program);
	if (!code)
		code = become(as);
	if (!code) {
		if (file)
			execv(file, argv);
		execvp(argv[0], argv); /* also what has no interpreter, and what only others may start */
		code = errno;
	}
	if (write(failed, &code, sizeof code) < 0)
		_exit(126);
	_exit(code == ENOENT ? 127 : 126);
}

/*
 * After privileges are dropped (a command under sudo is root's, we are the user's), kill() would be
 * refused. A pipe's reader can have an owner that the kernel signals when bytes arrive, with the rights
 * of who set it: set here, used in command_signal(). Failure only means that kill() must do.
 */
static void signal_pipe_open(struct command *c)
{
	if (pipe2(c->signal_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		c->signal_fds[0] = c->signal_fds[1] = -1;
		return;
	}
	if (fcntl(c->signal_fds[0], F_SETOWN, c->pid) == 0)
		fcntl(c->signal_fds[0], F_SETFL, O_ASYNC | O_NONBLOCK);
}

static void pair_close(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int command_fork_as(struct command *c, char **argv, int out_fd, const struct command_as *as, struct error *err)
{
	int go[2] = {-1, -1}, failed[2] = {-1, -1}, code;
	char path[PATH_MAX];
	const char *file = program_find(argv[0], as, path);

	*c = (struct command){.go_fd = -1, .failed_fd = -1, .signal_fds = {-1, -1}};
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0)
		goto fail;
	c->pid = fork();
	if (c->pid < 0)
		goto fail;
	if (c->pid == 0) {
		close(go[1]);
		close(failed[0]);
		if (out_fd >= 0)
			dup2(out_fd, 1);
		child_run(go[0], failed[1], file, argv, as);
	}
	close(go[0]);
	close(failed[1]);
	c->go_fd = go[1];
	c->failed_fd = failed[0];
	signal_pipe_open(c);
	return 0;

fail:
	code = -errno;
	c->pid = 0;
	pair_close(go);
	pair_close(failed);
	return error_set(err, code, "starting %s: %s", argv[0], strerror(-code));
}

/* Why a program that was named with its folder does not start, where that can be told. */
static const char *remedy(const char *name, int code)
{
	struct stat st;

	if (!strchr(name, '/') || stat(name, &st) < 0)
		return "";
	if (S_ISDIR(st.st_mode))
		return " (it is a directory)";
	if (code == EACCES && !(st.st_mode & 0111))
		return " (it is not executable; chmod +x makes it so)";
	return code == ENOENT ? " (it is there, but not the interpreter that it names)" : "";
}

int command_release(struct command *c, const char *name, struct error *err)
{
	uint32_t n_program = c->program ? c->n_program : 0;
	size_t size = n_program * sizeof *c->program;

	if (write(c->go_fd, &n_program, sizeof n_program) != sizeof n_program ||
	    (size && write(c->go_fd, c->program, size) != (ssize_t)size))
		return error_set(err, -EIO, "%s went away before it began", name);
	close(c->go_fd);
	c->go_fd = -1;
	return 0;
}

int command_started(struct command *c, const char *name, struct error *err)
{
	int code = 0;
	ssize_t n;

	do
		n = read(c->failed_fd, &code, sizeof code);
	while (n < 0 && errno == EINTR);
	close(c->failed_fd);
	c->failed_fd = -1;
	return n == sizeof code ? error_set(err, -code, "%s: %s%s", name, strerror(code), remedy(name, code)) : 0;
}

bool command_ended(struct command *c)
{
	siginfo_t info = {0};

	if (!c->ended && c->reaped)
		c->ended = true;
	if (c->ended || c->traced || waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
		return c->ended;
	c->ended = true;
	c->wait_status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : info.si_status;
	return true;
}

void command_reaped(struct command *c, int wait_status)
{
	if (wait_status >= 0) {
		c->wait_status = wait_status;
		c->reaped = true;
	}
	c->traced = false;
}

int command_signalled(const struct command *c)
{
	return WIFSIGNALED(c->wait_status) ? WTERMSIG(c->wait_status) : 0;
}

int command_status(const struct command *c)
{
	if (WIFSIGNALED(c->wait_status))
		return 128 + WTERMSIG(c->wait_status);
	return WEXITSTATUS(c->wait_status);
}

void command_signal(const struct command *c, int number)
{
	int code = errno;
	char byte;

	if (kill(c->pid, number) < 0 && errno == EPERM && c->signal_fds[1] >= 0) {
		fcntl(c->signal_fds[0], F_SETSIG, number);
		/* Only bytes that come into an empty pipe are news. */
		if (write(c->signal_fds[1], "", 1) == 1)
			while (read(c->signal_fds[0], &byte, 1) == 1)
				;
	}
	errno = code;
}

void command_give_up(struct command *c)
{
	if (!c->pid || c->go_fd < 0)
		return;
	close(c->go_fd); /* it reads the end of file, and ends */
	c->go_fd = -1;
	c->given_up = true;
}

void command_done(struct command *c)
{
	if (!c->pid)
		return;
	command_give_up(c);
	if (c->failed_fd >= 0)
		close(c->failed_fd);
	pair_close(c->signal_fds);
	if (c->given_up || c->ended)
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	c->pid = 0;
}
