#include "capture/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void child_run(int go, int failed, char **argv)
{
	char byte;
	int code;

	signal(SIGPIPE, SIG_DFL);
	if (read(go, &byte, 1) != 1)
		_exit(127);
	execvp(argv[0], argv);
	code = errno;
	if (write(failed, &code, sizeof code) < 0)
		_exit(126);
	_exit(code == ENOENT ? 127 : 126);
}

int command_fork(struct command *c, char **argv, int out_fd, struct error *err)
{
	int go[2], failed[2];

	*c = (struct command){.go_fd = -1, .failed_fd = -1};
	if (pipe2(go, O_CLOEXEC) < 0)
		return error_set(err, -errno, "pipe: %s", strerror(errno));
	if (pipe2(failed, O_CLOEXEC) < 0) {
		int code = errno;

		close(go[0]);
		close(go[1]);
		return error_set(err, -code, "pipe: %s", strerror(code));
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(go[1]);
		close(failed[0]);
		if (out_fd >= 0)
			dup2(out_fd, 1);
		child_run(go[0], failed[1], argv);
	}
	close(go[0]);
	close(failed[1]);
	c->go_fd = go[1];
	c->failed_fd = failed[0];
	return c->pid < 0 ? error_set(err, -errno, "fork: %s", strerror(errno)) : 0;
}

int command_go(struct command *c, const char *name, struct error *err)
{
	int code = 0;
	ssize_t n;

	if (write(c->go_fd, "", 1) != 1)
		return error_set(err, -EIO, "%s went away before it began", name);
	close(c->go_fd);
	c->go_fd = -1;
	do
		n = read(c->failed_fd, &code, sizeof code);
	while (n < 0 && errno == EINTR);
	close(c->failed_fd);
	c->failed_fd = -1;
	return n == sizeof code ? error_set(err, -code, "%s: %s", name, strerror(code)) : 0;
}

bool command_ended(struct command *c)
{
	if (!c->ended && waitpid(c->pid, &c->wait_status, WNOHANG) == c->pid)
		c->ended = true;
	return c->ended;
}

int command_status(const struct command *c)
{
	if (WIFSIGNALED(c->wait_status))
		return 128 + WTERMSIG(c->wait_status);
	return WEXITSTATUS(c->wait_status);
}
