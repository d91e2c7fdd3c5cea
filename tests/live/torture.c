/*
 * torture SECONDS THREADS: threads that fork, exec, signal and kill without rest, and check that every
 * child ends as it must.
 *
 * Prints "rounds N", "wrong N", and how many tasks (threads and processes) were made: "tasks LOW HIGH", since
 * one that is killed may just have been making another. Exit status 7 when all went right, else 1.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 256

/* In memory that all descendants share. */
struct tally {
	atomic_ulong begun, made; /* tasks: counted before and after each fork */
	atomic_ulong rounds, wrong, handled;
};

static struct tally *tally;
static const char *self;
static pthread_t threads[THREADS_MAX];
static int n_threads;
static atomic_int n_ready;
static time_t deadline;

static void complain(const char *what, int status, int must)
{
	fprintf(stderr, "%s: status %#x, must be %#x\n", what, status, must);
	tally->wrong++;
}

static pid_t child_fork(void)
{
	pid_t pid;

	tally->begun++;
	pid = fork();
	if (pid > 0)
		tally->made++;
	else if (pid < 0)
		tally->begun--;
	return pid;
}

static int thread_make(pthread_t *ret, void *(*run)(void *), void *arg)
{
	int r;

	tally->begun++;
	r = pthread_create(ret, NULL, run, arg);
	if (!r)
		tally->made++;
	return r;
}

static int wait_status(pid_t pid, int options)
{
	int status = -1;

	while (waitpid(pid, &status, options) < 0 && errno == EINTR)
		;
	return status;
}

static void must_end(const char *what, pid_t pid, int must)
{
	int status = pid < 0 ? must : wait_status(pid, 0);

	if (status != must)
		complain(what, status, must);
}

static void exec_self(int code)
{
	char text[16];

	snprintf(text, sizeof text, "%d", code);
	execl(self, self, "exit", text, NULL);
	_exit(126);
}

static void *busy(void *arg)
{
	for (;;)
		syscall(SYS_getppid);
	return NULL;
}

static void *execs(void *arg)
{
	exec_self(*(int *)arg);
	return NULL;
}

static void *ends(void *arg)
{
	return arg;
}

/* ---- what is done, again and again ---- */

static void exits(int code)
{
	pid_t pid = child_fork();

	if (!pid)
		_exit(code);
	must_end("exit", pid, code << 8);
}

static void is_killed(int code)
{
	pid_t pid = child_fork();

	if (!pid)
		for (;;)
			pause();
	if (pid > 0)
		kill(pid, code & 1 ? SIGKILL : SIGTERM);
	must_end("kill", pid, code & 1 ? SIGKILL : SIGTERM);
}

static void forks_and_execs(int code)
{
	pid_t pid = child_fork();

	if (!pid)
		exec_self(code);
	must_end("exec", pid, code << 8);
}

static void vforks(int code)
{
	char text[16];
	pid_t pid;

	snprintf(text, sizeof text, "%d", code);
	tally->begun++;
	pid = vfork();
	if (!pid) {
		execl(self, self, "exit", text, NULL);
		_exit(126);
	}
	tally->made++;
	must_end("vfork", pid, code << 8);
}

/* The thread that calls exec takes its process's number; the others end. */
static void execs_in_thread(int code)
{
	pid_t pid = child_fork();
	pthread_t thread, other;

	if (!pid) {
		thread_make(&other, busy, NULL);
		thread_make(&thread, execs, &code);
		for (;;)
			pause();
	}
	must_end("exec in a thread", pid, code << 8);
}

static void exits_with_threads(int code)
{
	pid_t pid = child_fork();
	pthread_t thread;

	if (!pid) {
		for (int i = 0; i < 3; i++)
			thread_make(&thread, busy, NULL);
		if (code & 1)
			usleep(1000);
		exit(code);
	}
	must_end("exit_group", pid, code << 8);
}

static void is_killed_with_threads(int code)
{
	pid_t pid = child_fork();
	pthread_t thread;

	if (!pid) {
		for (int i = 0; i < 3; i++)
			thread_make(&thread, busy, NULL);
		busy(NULL);
	}
	usleep((unsigned)code * 20);
	if (pid > 0)
		kill(pid, SIGKILL);
	must_end("killed with threads", pid, SIGKILL);
}

static void stops(int code)
{
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		raise(SIGSTOP);
		_exit(code);
	}
	if (pid < 0)
		return;
	status = wait_status(pid, WUNTRACED);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
		complain("stop", status, SIGSTOP << 8 | 0x7f);
	kill(pid, SIGCONT);
	must_end("continue", pid, code << 8);
}

static void crashes(int code)
{
	pid_t pid = child_fork();

	if (!pid)
		raise(SIGSEGV);
	must_end("crash", pid, SIGSEGV);
}

static void signals(int code)
{
	pthread_kill(threads[code % n_threads], SIGUSR1);
	kill(getpid(), SIGUSR2);
}

static void has_threads(int code)
{
	pthread_t thread;

	if (!thread_make(&thread, ends, NULL))
		pthread_join(thread, NULL);
}

static void leaves_an_orphan(int code)
{
	pid_t pid = child_fork();

	if (!pid) {
		if (child_fork() == 0) {
			usleep(2000);
			_exit(code);
		}
		_exit(code);
	}
	must_end("orphan's parent", pid, code << 8);
}

static void (*const deeds[])(int code) = {
	exits,	execs_in_thread, is_killed, forks_and_execs, vforks,   exits_with_threads, is_killed_with_threads,
	stops, crashes,	  signals,   has_threads,     leaves_an_orphan,
};
#define N_DEEDS (sizeof deeds / sizeof *deeds)

static void *worker(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	n_ready++;
	while (n_ready < n_threads)
		usleep(1000);
	while (time(NULL) < deadline) {
		deeds[(unsigned)rand_r(&seed) % N_DEEDS](1 + rand_r(&seed) % 100);
		tally->rounds++;
	}
	return NULL;
}

static void handler(int number)
{
	int code = errno;

	tally->handled++;
	errno = code;
}

int main(int argc, char **argv)
{
	struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct rlimit no_core = {0, 0};

	self = argv[0];
	if (argc == 3 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	if (argc != 3)
		return 2;
	n_threads = atoi(argv[2]);
	if (n_threads < 1 || n_threads > THREADS_MAX)
		return 2;
	tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		return 1;
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGUSR2, &a, NULL);
	deadline = time(NULL) + atoi(argv[1]);
	tally->begun = tally->made = 1;
	for (int i = 0; i < n_threads; i++)
		if (thread_make(&threads[i], worker, (void *)(uintptr_t)(i + 1)))
			return 1;
	for (int i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	/* The orphans are ours by now. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	printf("rounds %lu\nwrong %lu\ntasks %lu %lu\nhandled %lu\n", tally->rounds, tally->wrong, tally->made,
	       tally->begun, tally->handled);
	return tally->wrong ? 1 : 7;
}
