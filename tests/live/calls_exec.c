/* execve and execveat. Those that succeed come back as "calls SNAPLEN after-exec HOW...", and say
 * from inside what was so. */
#include "calls.h"

#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define VM "vm_size=0..9999999 vm_rss=0..9999999 vm_swap=0..999"

/* A field of /proc/self/stat by its number in proc(5). */
static long stat_field(int number)
{
	const char *at = strrchr(proc_text("stat"), ')');

	for (int field = 2; at && field < number; field++)
		at = strchr(at + 1, ' ');
	return at ? atol(at) : 0;
}

/* What both sides of an exec have: from tty to gid. */
static const char *who(const char *flags)
{
	struct stat st = {0};
	const char *exe = proc_link("exe");
	/* Not known in a namespace below. */
	const char *pgid = outer_tid ? "*" : format("%d", getpgrp());

	stat("/proc/self/exe", &st);
	return format(
	    "tty=%ld vpgid=%d loginuid=%lu flags=%s cap_inheritable=%llu cap_permitted=%llu "
	    "cap_effective=%llu exe_ino=%llu exe_ino_ctime=%lld exe_ino_mtime=%lld uid=%d "
	    "trusted_exepath=%s pgid=%s gid=%d",
	    stat_field(7), getpgrp(), strtoul(proc_text("loginuid"), NULL, 10), flags,
	    status_number("CapInh", 16), status_number("CapPrm", 16), status_number("CapEff", 16),
	    (unsigned long long)st.st_ino, st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec,
	    st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec, geteuid(), text(exe), pgid,
	    getegid());
}

/* calls SNAPLEN after-exec NUMBER FILENAME FLAGS [REST...] */
int after_exec(int argc, char **argv)
{
	long nr = atol(argv[3]);
	const char *begin, *middle, *end;

	if (argc < 7 || sscanf(argv[6], "outside:%ld:%ld", &outer_tid, &outer_ptid) != 2)
		outer_tid = 0;
	begin = task_begin();
	middle = task_middle();
	end = who(argv[5]);
	if (!strcmp(argv[4], "none"))
		must_call(nr, 0, "%s %s env=empty %s", begin, middle, end);
	else
		must_call(nr, 0, "%s %s env=empty %s filename=%s", begin, middle, end,
			  text(argv[4]));
	return 0;
}

static char snaplen_text[16], number_text[16];
static char self[4200];

static char **command(long nr, const char *filename, const char *flags, const char *more)
{
	static char *argv[8];

	snprintf(number_text, sizeof number_text, "%ld", nr);
	argv[0] = "the-calls";
	argv[1] = snaplen_text;
	argv[2] = "after-exec";
	argv[3] = number_text;
	argv[4] = (char *)(uintptr_t)filename;
	argv[5] = (char *)(uintptr_t)flags;
	argv[6] = (char *)(uintptr_t)more;
	argv[7] = NULL;
	return argv;
}

/* Waits for a child whose exec says the rest. */
static void executed(pid_t pid, const char *what)
{
	int status = wait_for(pid);

	if (status)
		cannot(what, format("status %d", status));
	must_end(pid, status, "?");
}

static char *environment[] = {"SECRET=never", NULL};

void child_execs(const char *path, const char *flags, const char *more)
{
	pid_t pid = fork();

	if (pid == 0) {
		call(SYS_execve, path, command(SYS_execve, path, flags, more), environment);
		_exit(99);
	}
	executed(pid, path);
}

static void child_execs_at(int dir, const char *path, int flags, const char *bits)
{
	pid_t pid = fork();

	if (pid == 0) {
		call(SYS_execveat, dir, path, command(SYS_execveat, "none", bits, NULL),
		     environment, flags);
		_exit(99);
	}
	executed(pid, "execveat");
}

void exec_inside(long outer, long outer_parent)
{
	call(SYS_execve, self,
	     command(SYS_execve, self, "EXE_WRITABLE",
		     format("outside:%ld:%ld", outer, outer_parent)),
	     environment);
}

int copy_of_self(const char *path, int fd)
{
	char buf[65536];
	int from = open("/proc/self/exe", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (from < 0 || fd < 0)
		return -1;
	while ((n = read(from, buf, sizeof buf)) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return -1;
	close(from);
	return fd;
}

static void failing(void)
{
	static char big[3000], *argv[] = {"first", "second argument", "", "fourth", NULL},
			       *many[100];
	char *bad[] = {"ok", NOWHERE, NULL};
	static char cut[4200];
	const char *task, *middle, *end;
	size_t at = 0;
	int fd = open("not-executable", O_WRONLY | O_CREAT, 0644);

	close(fd);
	task = strdup(strstr(task_begin(), " tid="));
	middle = strdup(task_middle());
	end = strdup(who("EXE_WRITABLE"));
#define FAILED(exe, args, name)                                                                    \
	must("exe=%s args=%s %s %s env=empty %s filename=%s", exe, args, task, middle, end, name)
	call(SYS_execve, "/no/such/program", argv, environment);
	FAILED("first", "second\\x20argument,,fourth", "/no/such/program");
	call(SYS_execve, "./not-executable", argv, NULL);
	FAILED("first", "second\\x20argument,,fourth", "./not-executable");
	call(SYS_execve, "/no/such/program", NULL, NULL);
	FAILED("-", "-", "/no/such/program");
	call(SYS_execve, NOWHERE, argv, NULL);
	FAILED("first", "second\\x20argument,,fourth", "-");
	call(SYS_execve, "/no/such/program", NOWHERE, NULL);
	FAILED("-", "-", "/no/such/program");
	call(SYS_execve, "/no/such/program", bad, NULL);
	FAILED("ok", "-", "/no/such/program");
	call(SYS_execve, "/no/such/program", argv + 4, NULL);
	FAILED("-", "empty", "/no/such/program");
	/* Longer than what is kept: cut, the last one ending in NUL as the others. */
	memset(big, 'b', sizeof big - 1);
	many[0] = "long";
	many[1] = many[2] = big;
	memset(cut, 'b', 4096);
	cut[2999] = ',';
	cut[4095] = 0;
	call(SYS_execve, "/no/such/program", many, NULL);
	cut_short();
	FAILED("long", cut, "/no/such/program");
	for (int i = 1; i < 99; i++) {
		many[i] = "w";
		at += (size_t)sprintf(cut + at, "%sw", i > 1 ? "," : "");
	}
	call(SYS_execve, "/no/such/program", many, NULL);
	FAILED("long", cut, "/no/such/program");
	call(SYS_execveat, AT_FDCWD, "none", argv, NULL, 0);
	must("exe=first args=second\\x20argument,,fourth %s %s env=empty %s", task, middle, end);
}

static void *exec_from_thread(void *unused)
{
	usleep(2000);
	call(SYS_execve, self, command(SYS_execve, self, "EXE_WRITABLE", "from-thread"),
	     environment);
	_exit(98);
	return unused;
}

/* Everything else of the process dies, and the thread becomes its leader. */
static void from_thread(void)
{
	pid_t pid = fork();
	pthread_t t;

	if (pid == 0) {
		pthread_create(&t, NULL, exec_from_thread, NULL);
		for (;;)
			pause();
	}
	executed(pid, "exec from a thread");
}

static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	pid_t pid;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
		cannot("a terminal", "no pty here");
		return;
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	pid = fork();
	if (pid == 0) {
		setsid();
		if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
			_exit(97);
		call(SYS_execve, self, command(SYS_execve, self, "EXE_WRITABLE", NULL),
		     environment);
		_exit(99);
	}
	executed(pid, "a terminal");
	close(slave);
	close(master);
}

/* An ordinary user: other capabilities, and other programs to be written. */
static void as_user(const char *path, uid_t uid, gid_t group, const char *flags)
{
	pid_t pid = fork();

	if (pid == 0) {
		gid_t groups[3] = {7, 8, group};

		if (setgroups(3, groups) < 0 || setresgid(65534, 65534, 65534) < 0 ||
		    setresuid(uid, uid, uid) < 0)
			_exit(97);
		prctl(PR_SET_DUMPABLE, 1);
		call(SYS_execve, path, command(SYS_execve, path, flags, NULL), environment);
		_exit(99);
	}
	executed(pid, "exec as a user");
}

static void writable(void)
{
	chmod(".", 0755);
	close(copy_of_self("theirs", -1));
	if (chown("theirs", 65534, 0) < 0)
		return;
	as_user("./theirs", 65534, 9, "EXE_WRITABLE");
	as_user("./theirs", 65533, 9, "0");
	close(copy_of_self("groups", -1));
	if (chown("groups", 0, 1234) < 0 || chmod("groups", 0775) < 0)
		return;
	as_user("./groups", 65534, 1234, "EXE_WRITABLE");
	as_user("./groups", 65534, 1235, "0");
	close(copy_of_self("everyones", -1));
	chmod("everyones", 0777);
	as_user("./everyones", 65534, 9, "EXE_WRITABLE");
	child_execs("./theirs", "EXE_WRITABLE", NULL);
}

static void from_memory(void)
{
	int fd = (int)syscall(SYS_memfd_create, "program", 0);

	if (copy_of_self(NULL, fd) < 0) {
		cannot("exec from memory", strerror(errno));
		return;
	}
	fchmod(fd, 0755);
	child_execs_at(fd, "", AT_EMPTY_PATH, "EXE_WRITABLE|EXE_FROM_MEMFD");
	close(fd);
}

static void unlinked(void)
{
	int fd;

	close(copy_of_self("soon-gone", -1));
	fd = open("soon-gone", O_RDONLY);
	unlink("soon-gone");
	child_execs_at(fd, "", AT_EMPTY_PATH, "EXE_WRITABLE");
	close(fd);
}

void calls_exec(void)
{
	static char longest[5000];
	int dir = open(".", O_RDONLY | O_DIRECTORY);

	snprintf(self, sizeof self, "%s", proc_link("exe"));
	snprintf(snaplen_text, sizeof snaplen_text, "%u", snaplen);
	failing();
	child_execs(self, "EXE_WRITABLE", "an argument");
	child_execs(self, "EXE_WRITABLE", "");
	symlink(self, "link-to-self");
	child_execs("./link-to-self", "EXE_WRITABLE", NULL);
	child_execs_at(AT_FDCWD, self, 0, "EXE_WRITABLE");
	close(copy_of_self("copy-of-self", -1));
	child_execs_at(dir, "copy-of-self", 0, "EXE_WRITABLE");
	memset(longest, 'l', sizeof longest - 1);
	child_execs(self, "EXE_WRITABLE", longest);
	from_thread();
	terminal();
	writable();
	from_memory();
	unlinked();
	close(dir);
}
