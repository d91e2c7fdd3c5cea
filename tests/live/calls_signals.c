/* Signals: sent, waited for, delivered, deadly. */
#include "calls.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static void handler(int sig)
{
	(void)sig;
}

/* sigaction as the kernel takes it. */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static void actions(void)
{
	struct kernel_action get = {0}, set;
	uint64_t mask = 1ull << (SIGUSR2 - 1), old = 0;
	struct timespec none = {0, 0};
	stack_t stack = {.ss_sp = (void *)0x10000, .ss_flags = SS_DISABLE, .ss_size = 0x4000};

	signal(SIGUSR1, handler); /* libc fills in the restorer */
	call(SYS_rt_sigaction, SIGUSR1, NULL, &get, 8);
	must("sig=SIGUSR1 handler=- flags=- mask=- old_handler=%#lx sigsetsize=8",
	     (unsigned long)handler);
	set = get;
	set.mask = 0xffffffff00000003;
	call(SYS_rt_sigaction, SIGUSR1, &set, NULL, 8);
	must("sig=SIGUSR1 handler=%#lx flags=%#lx mask=3 old_handler=- sigsetsize=8",
	     (unsigned long)handler, get.flags);
	call(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &old, 8);
	must("how=0 set=SIGUSR2 oldset=0 sigsetsize=8");
	call(SYS_rt_sigprocmask, SIG_UNBLOCK, NULL, &old, 8);
	must("how=1 set=- oldset=SIGUSR2 sigsetsize=8");
	call(SYS_kill, getpid(), SIGUSR2);
	must("pid=%d sig=SIGUSR2", getpid());
	call(SYS_rt_sigpending, &old, 8);
	must("set=SIGUSR2 sigsetsize=8");
	call(SYS_rt_sigtimedwait, &mask, NULL, &none, 8);
	must("set=SIGUSR2 info=0 timeout=0 sigsetsize=8");
	call(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
	must("how=1 set=SIGUSR2 oldset=- sigsetsize=8");
	call(SYS_sigaltstack, &stack, NULL);
	must("sp=%d flags=%d size=%d old_stack=0", 0x10000, SS_DISABLE, 0x4000);
}

static void sent(void)
{
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	long tid = syscall(SYS_gettid), pid = getpid();
	struct timespec later = {5, 0};
	timer_t timer;
	struct itimerspec at = {{0, 0}, {0, 100000000}}; /* not before the sleep, on an emulated machine either */
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};

	signal(SIGUSR1, handler);
	call(SYS_kill, pid, SIGUSR1);
	must("pid=%ld sig=SIGUSR1", pid);
	must_event(tid, "signaldeliver", "spid=%ld dpid=%ld sig=SIGUSR1", pid, pid);
	must_call(BITS == 32 ? 119 : 15, 0, " "); /* sigreturn, rt_sigreturn */
	call(SYS_tkill, tid, SIGUSR1);
	must("tid=%ld sig=SIGUSR1", tid);
	must_event(tid, "signaldeliver", "spid=%ld dpid=%ld sig=SIGUSR1", pid, pid);
	call(SYS_tgkill, pid, tid, SIGUSR1);
	must("pid=%ld tid=%ld sig=SIGUSR1", pid, tid);
	must_event(tid, "signaldeliver", "spid=%ld dpid=%ld sig=SIGUSR1", pid, pid);
	info.si_pid = getpid();
	call(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info);
	must("pid=%ld sig=SIGUSR1 info=%#lx", pid, (unsigned long)&info);
	must_event(tid, "signaldeliver", "spid=%ld dpid=%ld sig=SIGUSR1", pid, pid);
	call(SYS_kill, pid, 0);
	must("pid=%ld sig=0", pid);
	call(SYS_kill, 99999999, 9);
	must("pid=99999999 sig=SIGKILL");
	call(SYS_tgkill, -1, -1, 70);
	must("pid=-1 tid=-1 sig=70");
	/* A timer has no sender. */
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) {
		timer_settime(timer, 0, &at, NULL);
		call(SYS_nanosleep, &later, NULL);
		/* What the kernel says here is for its own ears: start again, or EINTR for a
		 * handler. */
		made.result = -516;
		must("interval=5000000000");
		must_event(tid, "signaldeliver", "spid=0 dpid=%ld sig=SIGUSR1", pid);
		timer_delete(timer);
	}
}

static void deaths(void)
{
	volatile uintptr_t wild = 16; /* volatile: a compiler that knew would object */
	struct rlimit none = {0, 0}, some = {1 << 24, 1 << 24};
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		made.tid = syscall(SYS_gettid);
		call(SYS_kill, getpid(), SIGKILL);
		_exit(1);
	}
	status = wait_for(pid);
	must_of(&(struct made){pid, BITS, SYS_kill, 0, NULL, 0, 0}, "pid=%d sig=SIGKILL", pid);
	must_end(pid, status, "?");
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		*(volatile int *)wild = 1;
		_exit(1);
	}
	status = wait_for(pid);
	must_event(pid, "signaldeliver", "spid=0 dpid=%d sig=SIGSEGV", pid);
	must_end(pid, status, "?");
	/* With a core file, where there may be one: the status says. */
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &some);
		syscall(SYS_tgkill, getpid(), getpid(), SIGABRT);
		_exit(1);
	}
	status = wait_for(pid);
	must_event(pid, "signaldeliver", "spid=%d dpid=%d sig=SIGABRT", pid, pid);
	must_end(pid, status, "?");
	unlink("core");
	pid = fork();
	if (pid == 0)
		_exit(77);
	status = wait_for(pid);
	must_exit_group(pid, 77);
	must_end(pid, status, "?");
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	usleep(1000);
	call(SYS_kill, pid, SIGTERM);
	must("pid=%d sig=SIGTERM", pid);
	status = wait_for(pid);
	/* A deadly signal ends the whole process: that is what the kernel then delivers, from
	 * nobody. */
	must_event(pid, "signaldeliver", "spid=0 dpid=%d sig=SIGKILL", pid);
	must_end(pid, status, "?");
}

static void traced(void)
{
	static volatile long word = 0x5ca9;
	long got = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		made.tid = syscall(SYS_gettid);
		call(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		must("addr=0 data=0 request=PTRACE_TRACEME pid=0");
		if (made.result == 0)
			raise(SIGSTOP);
		_exit(0);
	}
	call(SYS_wait4, pid, &status, __WALL, NULL);
	must("pid=%d status=%d options=%d usage=0", pid, status, __WALL);
	if (!WIFSTOPPED(status)) {
		cannot("ptrace", "somebody else traces us");
		must_end(pid, status, "?");
		return;
	}
	call(SYS_ptrace, PTRACE_PEEKDATA, pid, &word, &got);
	must("addr=%#lx data=%ld request=PTRACE_PEEKDATA pid=%d", (unsigned long)&word, got, pid);
	call(SYS_ptrace, PTRACE_PEEKDATA, pid, NOWHERE, &got);
	must("addr=16 data=- request=PTRACE_PEEKDATA pid=%d", pid);
	call(SYS_ptrace, PTRACE_POKEDATA, pid, &word, 99);
	must("addr=%#lx data=99 request=PTRACE_POKEDATA pid=%d", (unsigned long)&word, pid);
	call(SYS_ptrace, PTRACE_CONT, pid, 0, SIGUSR1);
	must("addr=0 data=SIGUSR1 request=PTRACE_CONT pid=%d", pid);
	must_end(pid, wait_for(pid), "?");
	call(SYS_ptrace, PTRACE_ATTACH, 99999999, 0, 0);
	must("addr=0 data=0 request=PTRACE_ATTACH pid=99999999");
}

static void waits(void)
{
	siginfo_t info;
	int status = 0;
	pid_t pid;

	signal(SIGCHLD, handler);
	pid = fork();
	if (pid == 0)
		_exit(9);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		;
	signal(SIGCHLD, SIG_DFL);
	must_event(syscall(SYS_gettid), "signaldeliver", "spid=%d dpid=%d sig=SIGCHLD", pid,
		   getpid());
	call(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL);
	must("which=1 pid=%d sig=%d code=%d who=%d status=9 options=%d usage=0", pid, SIGCHLD,
	     CLD_EXITED, pid, WEXITED | WNOWAIT);
	call(SYS_wait4, pid, &status, 0, NULL);
	must("pid=%d status=%d options=0 usage=0", pid, 9 << 8);
	call(SYS_wait4, -1, &status, WNOHANG, NULL);
	must("pid=-1 status=- options=%d usage=0", WNOHANG);
#ifdef __i386__
	call(SYS_waitpid, -1, &status, WNOHANG);
	must("pid=-1 status=- options=%d usage=-", WNOHANG);
#endif
}

void calls_signals(void)
{
	actions();
	sent();
	deaths();
	traced();
	waits();
}
