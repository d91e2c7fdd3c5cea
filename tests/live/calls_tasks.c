/* New tasks: fork, vfork, clone, clone3, threads; both sides of each. */
#include "calls.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static void note_clone(const struct made *m, const char *flags)
{
	const char *begin = task_begin();
	const char *middle = task_middle();
	const char *end = task_end();

	must_of(m, "%s %s flags=%s %s", begin, middle, flags, end);
}

/* In the child: its own second return of the same call. */
static void child_side(long nr, const char *flags)
{
	struct made m = {syscall(SYS_gettid), BITS, nr, 0, "child_return", 0, 0};

	made.tid = m.tid;
	note_clone(&m, flags);
}

static void ended(long pid, int status)
{
	int code = wait_for(pid);

	must_exit_group(pid, status);
	must_end(pid, code, "0");
}

static void forks(void)
{
	long pid;

	pid = call(SYS_fork);
	if (pid == 0) {
		child_side(SYS_fork, "0");
		_exit(0);
	}
	note_clone(&made, "0");
	ended(pid, 0);
	pid = vfork();
	if (pid == 0)
		_exit(5);
	made = (struct made){made.tid, BITS, SYS_vfork, pid, NULL, 0, 0};
	note_clone(&made, "0");
	ended(pid, 5);
#ifdef __i386__
	pid = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#else
	pid = call(SYS_clone, SIGCHLD | CLONE_FS, 0, 0, 0, 0);
#endif
	if (pid == 0) {
		child_side(SYS_clone, BITS == 32 ? "0" : "CLONE_FS");
		_exit(6);
	}
	note_clone(&made, BITS == 32 ? "0" : "CLONE_FS");
	ended(pid, 6);
	/* Flags that contradict each other. */
	call(SYS_clone, SIGCHLD | CLONE_THREAD, 0, 0, 0, 0);
	note_clone(&made, "CLONE_THREAD");
	call(SYS_clone, SIGCHLD | CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0);
	note_clone(&made, "CLONE_NEWNS|CLONE_FS");
}

static void threes(void)
{
	struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	long pid = call(SYS_clone3, &args, sizeof args);

	if (pid == 0) {
		child_side(SYS_clone3, "CLONE_FILES");
		_exit(7);
	}
	note_clone(&made, "CLONE_FILES");
	if (pid > 0)
		ended(pid, 7);
	call(SYS_clone3, NOWHERE, sizeof args);
	note_clone(&made, "-");
	call(SYS_clone3, &args, 3);
	note_clone(&made, "CLONE_FILES");
}

#define THREAD_FLAGS                                                                               \
	"CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|"     \
	"CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID"

static void *thread(void *unused)
{
	child_side(SYS_clone3, THREAD_FLAGS);
	call(SYS_gettid);
	must(" ");
	call(SYS_getpid);
	must(" ");
	call(SYS_prctl, 15, "thread");
	must("option=PR_SET_NAME arg2_str=thread arg2_int=0");
	return unused;
}

/* Where the callees of our caller had their variables. */
static void scribble(void)
{
	volatile char junk[8192];

	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = 0x55;
}

static void threads(void)
{
	cpu_set_t all, one;
	pthread_t t;

	/* On one CPU the parent goes on first, and what the child was made with is no more. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_getaffinity(0, sizeof all, &all);
	sched_setaffinity(0, sizeof one, &one);
	for (int i = 0; i < 5; i++) {
		if (pthread_create(&t, NULL, thread, NULL))
			continue;
		scribble();
		pthread_join(t, NULL);
	}
	sched_setaffinity(0, sizeof all, &all);
}

static void one_thread(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		made.tid = syscall(SYS_gettid);
		call(SYS_unshare, CLONE_FILES | CLONE_FS);
		must("flags=CLONE_FILES|CLONE_FS");
		call(SYS_exit, 300);
	}
	status = wait_for(pid);
	must_of(&(struct made){pid, BITS, SYS_exit, 0, NULL, 0, 0}, "status=300");
	must_end(pid, status, "0");
}

/* Who gets the children of the dead: nobody, the first process, a sub-reaper, another thread. */
static void orphans(void)
{
	int hold[2], told[2];
	long pid, grandchild = 0;

	if (pipe(hold) < 0 || pipe(told) < 0)
		return;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid == 0) {
		char c;

		grandchild = fork();
		if (grandchild == 0) {
			close(hold[1]);
			while (read(hold[0], &c, 1) > 0)
				;
			_exit(0);
		}
		while (write(told[1], &grandchild, sizeof grandchild) < 0)
			;
		_exit(8);
	}
	if (read(told[0], &grandchild, sizeof grandchild) > 0) {
		int status = wait_for(pid);

		must_exit_group(pid, 8);
		must_end(pid, status, format("%d", getpid()));
	}
	close(hold[0]);
	close(hold[1]);
	must_end(grandchild, wait_for(grandchild), "0");
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(told[0]);
	close(told[1]);
}

void calls_tasks(void)
{
	forks();
	threes();
	threads();
	one_thread();
	orphans();
}
