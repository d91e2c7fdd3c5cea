/* The command of `scapcap -- command`. */
#include "capture/command.h"
#include "capture/stop_signal.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(void)
{
	struct timespec t = {.tv_nsec = 5000000};

	nanosleep(&t, NULL);
}

static int end_of(struct command *c)
{
	int status;

	while (!command_ended(c))
		nap();
	ck_assert(command_ended(c));
	status = command_status(c);
	command_done(c);
	ck_assert_int_eq(c->pid, 0);
	return status;
}

static int status_of(char **argv)
{
	struct command c;
	struct error err = {0};

	ck_assert_int_eq(command_fork(&c, argv, -1, &err), 0);
	ck_assert(!command_ended(&c));
	ck_assert_int_eq(command_go(&c, argv[0], &err), 0);
	return end_of(&c);
}

static int status_of_shell(char *script)
{
	char *argv[] = {"sh", "-c", script, NULL};

	return status_of(argv);
}

START_TEST(test_status)
{
	ck_assert_int_eq(status_of_shell("exit 0"), 0);
	ck_assert_int_eq(status_of_shell("exit 7"), 7);
	ck_assert_int_eq(status_of_shell("exit 255"), 255);
	ck_assert_int_eq(status_of_shell("kill -TERM $$"), 128 + SIGTERM);
	ck_assert_int_eq(status_of_shell("kill -9 $$"), 128 + SIGKILL);
	ck_assert_int_eq(status_of_shell("ulimit -c 0; kill -SEGV $$"), 128 + SIGSEGV);
}
END_TEST

static void assert_refused(char *path, int code, int status)
{
	char *argv[] = {path, NULL};
	struct command c;
	struct error err = {0};

	ck_assert_int_eq(command_fork(&c, argv, -1, &err), 0);
	ck_assert_int_eq(command_go(&c, path, &err), code);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_ptr_nonnull(strstr(err.text, strerror(-code)));
	ck_assert_int_eq(end_of(&c), status);
}

START_TEST(test_not_executable)
{
	assert_refused("nonesuch-at-all", -ENOENT, 127);
	assert_refused("/nonesuch/at/all", -ENOENT, 127);
	assert_refused("/", -EACCES, 126);
	assert_refused("/etc/passwd", -EACCES, 126);
}
END_TEST

static void file_make(const char *folder, const char *name, mode_t mode, const char *text)
{
	char path[400];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int status_with_path(char *name, const char *path)
{
	char *argv[] = {name, NULL}, word[400];
	const char *environment[] = {word};
	struct command_as as = {.environment = environment, .n_environment = 1};
	struct command c;
	struct error err = {0};

	snprintf(word, sizeof word, "PATH=%s", path);
	ck_assert_int_eq(command_fork_as(&c, argv, -1, &as, &err), 0);
	command_go(&c, name, &err);
	return end_of(&c);
}

/* The first file that can be executed, as a shell finds it; not folders, not what is only to be read. */
START_TEST(test_search)
{
	char root[] = "/tmp/command-search-XXXXXX", folder[4][60], path[400], script[100];

	ck_assert_ptr_nonnull(mkdtemp(root));
	for (int i = 0; i < 4; i++) {
		snprintf(folder[i], sizeof folder[i], "%s/%d", root, i);
		ck_assert_int_eq(mkdir(folder[i], 0755), 0);
		snprintf(path, sizeof path, "%s/prog", folder[i]);
		snprintf(script, sizeof script, "%sexit %d\n", i == 3 ? "" : "#!/bin/sh\n", 40 + i);
		if (i == 0)
			ck_assert_int_eq(mkdir(path, 0755), 0);
		else
			file_make(folder[i], "prog", i == 1 ? 0644 : 0755, script);
	}
	snprintf(path, sizeof path, "%s/none:%s:%s:%s:%s", root, folder[0], folder[1], folder[2], folder[3]);
	ck_assert_int_eq(status_with_path("prog", path), 42);
	/* without a first line of its own: the shell's */
	snprintf(path, sizeof path, "%s:%s", folder[0], folder[3]);
	ck_assert_int_eq(status_with_path("prog", path), 43);
	/* an empty word is the current folder */
	ck_assert_int_eq(chdir(folder[2]), 0);
	ck_assert_int_eq(status_with_path("prog", ":/nonesuch"), 42);
	ck_assert_int_eq(status_with_path("prog", "/nonesuch:"), 42);
	ck_assert_int_eq(status_with_path("prog", "/nonesuch"), 127);
	ck_assert_int_eq(status_with_path("prog", folder[1]), 126);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(script, sizeof script, "rm -r %s", root);
	ck_assert_int_eq(system(script), 0);
}
END_TEST

/* Nothing of it happens before it is let go; when it never is, it ends. */
START_TEST(test_never_let_go)
{
	char path[] = "/tmp/command-test-XXXXXX", *argv[] = {"rm", path, NULL};
	int fd = mkstemp(path);
	struct command c;
	pid_t pid;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(command_fork(&c, argv, -1, NULL), 0);
	pid = c.pid;
	nap();
	ck_assert(!command_ended(&c));
	command_done(&c);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(access(path, F_OK), 0);
	unlink(path);
	close(fd);
}
END_TEST

START_TEST(test_dies_before)
{
	char *argv[] = {"true", NULL};
	struct command c;
	struct error err = {0};

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(command_fork(&c, argv, -1, NULL), 0);
	kill(c.pid, SIGKILL);
	while (!command_ended(&c))
		nap();
	ck_assert_int_eq(command_go(&c, "true", &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "true went away"));
	command_done(&c);
}
END_TEST

START_TEST(test_output)
{
	char *argv[] = {"echo", "hello", NULL}, got[100];
	struct command c;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(command_fork(&c, argv, fds[1], NULL), 0);
	ck_assert_int_eq(command_go(&c, "echo", NULL), 0);
	ck_assert_int_eq(end_of(&c), 0);
	ck_assert_int_eq(read(fds[0], got, sizeof got), 6);
	ck_assert_mem_eq(got, "hello\n", 6);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* Signals that it may not be sent any more (it is root's, we are not) reach it all the same. */
START_TEST(test_signal)
{
	static const int numbers[] = {SIGTERM, SIGHUP, SIGINT, SIGTERM};
	char *argv[] = {"sh", "-c", "echo; while :; do sleep 0.01; done", NULL}, byte;
	struct command c[4];
	int fds[2];

	/* whoever started us with nohup or in the background had them ignored */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	ck_assert_int_eq(pipe(fds), 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(command_fork(&c[i], argv, fds[1], NULL), 0);
		ck_assert_int_eq(command_go(&c[i], "sh", NULL), 0);
		ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	}
	command_signal(&c[0], numbers[0]);
	if (getuid() == 0)
		ck_assert_int_eq(setuid(65534), 0);
	for (int i = 1; i < 4; i++) {
		if (getuid() == 65534)
			ck_assert_int_eq(kill(c[i].pid, numbers[i]), -1);
		command_signal(&c[i], numbers[i]);
	}
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(end_of(&c[i]), 128 + numbers[i]);
}
END_TEST

/* The command has the signals that we were started with, not ours. */
START_TEST(test_signals_restored)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signals_catch();
	ck_assert_int_eq(status_of_shell("kill -HUP $$; exit 3"), 3);
	ck_assert_int_eq(status_of_shell("kill -PIPE $$; exit 3"), 128 + SIGPIPE);
	ck_assert_int_eq(status_of_shell("kill -INT $$; exit 3"), 128 + SIGINT);
	/* nohup stays nohup for us, too */
	raise(SIGHUP);
	ck_assert(!signals_stop);
	raise(SIGPIPE);
	raise(SIGINT);
	ck_assert(signals_stop);
	ck_assert_int_eq(signals_last(), SIGINT);
}
END_TEST

/* With a command, the first one is the command's; the second ends the capture. */
START_TEST(test_pass_to)
{
	char *argv[] = {"sh", "-c", "trap 'exit 9' TERM; echo; while :; do sleep 0.01; done", NULL}, byte;
	struct command c;
	int fds[2];

	signals_catch();
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(command_fork(&c, argv, fds[1], NULL), 0);
	signals_pass_to(&c);
	ck_assert_int_eq(command_go(&c, "sh", NULL), 0);
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	raise(SIGTERM);
	ck_assert(!signals_stop);
	while (!command_ended(&c))
		nap();
	ck_assert_int_eq(command_status(&c), 9);
	raise(SIGTERM);
	ck_assert(signals_stop);
	signals_pass_to(NULL);
	command_done(&c);
}
END_TEST

SUITE("command", test_status, test_not_executable, test_search, test_never_let_go, test_dies_before, test_output,
      test_signal, test_signals_restored, test_pass_to)
