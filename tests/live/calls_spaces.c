/* Other roots, mounts and namespaces: what paths, ids and layers are recorded there. */
#include "calls.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char here[4200];

/* What is done lives in a child with mounts of its own. */
static void in_mounts(void (*what)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		made.tid = syscall(SYS_gettid);
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
			cannot("mounts", strerror(errno));
			_exit(0);
		}
		what();
		_exit(0);
	}
	wait_for(pid);
}

static void bind_mount(void)
{
	mkdir("bound", 0755);
	mkdir("place", 0755);
	call(SYS_mount, "bound", "place", NULL, MS_BIND, NULL);
	must("dev=bound dir=place type=- flags=BIND");
	close(copy_of_self("bound/program", -1));
	call(SYS_chdir, "place");
	must("path=place");
	child_execs("./program", "EXE_WRITABLE", NULL);
	mkdir("deeper", 0755);
	call(SYS_mount, "a tmpfs", "deeper", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m");
	must("dev=%s dir=deeper type=tmpfs flags=NOSUID|NODEV", text("a tmpfs"));
	if (chdir("deeper") < 0)
		return;
	close(copy_of_self("program", -1));
	child_execs("./program", "EXE_WRITABLE", NULL);
	call(SYS_mount, NULL, ".", NULL, MS_REMOUNT | MS_RDONLY | MS_BIND, NULL);
	must("dev=- dir=. type=- flags=REMOUNT|RDONLY|BIND");
	call(SYS_umount2, ".", MNT_DETACH);
	must("name=. flags=DETACH");
#ifdef __i386__
	call(SYS_umount, "/nothing");
	must("name=/nothing");
#endif
	call(SYS_mount, NOWHERE, NULL, "none", 0, NULL);
	must("dev=- dir=- type=none flags=0");
}

static void deep(void)
{
	char name[64];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "level%d", i);
		mkdir(name, 0755);
		if (chdir(name) < 0)
			return;
	}
	child_execs(proc_link("exe"), "EXE_WRITABLE", NULL);
	/* A directory that is gone. */
	if (rmdir(format("../level%d", 299)) == 0)
		child_execs(proc_link("exe"), "EXE_WRITABLE", NULL);
}

/* Deeper than what a path may be long: there is no name to record. */
static void too_deep(void)
{
	char name[201];

	memset(name, 'n', 200);
	name[200] = 0;
	for (int i = 0; i < 30; i++) {
		mkdir(name, 0755);
		if (chdir(name) < 0)
			return;
	}
	call(SYS_fork);
	if (made.result == 0)
		_exit(0);
	{
		const char *task = task_begin();
		const char *cwd = strstr(task, " cwd="), *rest = strstr(task, " fdlimit=");

		must("%.*s cwd=- %s %s flags=0 %s", (int)(cwd - task), task, rest, task_middle(),
		     task_end());
	}
	waitpid((pid_t)made.result, NULL, 0);
}

static void other_root(void)
{
	mkdir("root", 0755);
	if (mount("/", "root", NULL, MS_BIND | MS_REC, NULL) < 0) {
		cannot("chroot", strerror(errno));
		return;
	}
	call(SYS_chroot, "root");
	must("path=root");
	/* Still outside. */
	child_execs(format("%s/copy-of-self", here), "EXE_WRITABLE", NULL);
	if (chdir(here) < 0)
		return;
	child_execs("./copy-of-self", "EXE_WRITABLE", NULL);
	call(SYS_chdir, "/");
	must("path=/");
	child_execs(format("%s/copy-of-self", here), "EXE_WRITABLE", NULL);
}

static void pivoted_root(void)
{
	if (mount("/", "root", NULL, MS_BIND | MS_REC, NULL) < 0 || chdir("root") < 0)
		return;
	call(SYS_pivot_root, ".", ".");
	must("new_root=. put_old=.");
	if (made.result < 0)
		cannot("pivot_root", strerror((int)-made.result));
	umount2(".", MNT_DETACH);
	if (chdir(here) < 0)
		return;
	child_execs("./copy-of-self", "EXE_WRITABLE", NULL);
}

static void layers(void)
{
	long fd;

	mkdir("lower", 0755);
	mkdir("upper", 0755);
	mkdir("work", 0755);
	mkdir("merged", 0755);
	close(copy_of_self("lower/low", -1));
	close(copy_of_self("upper/high", -1));
	if (mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") <
	    0) {
		cannot("an overlay", strerror(errno));
		return;
	}
	child_execs("merged/low", "EXE_WRITABLE|EXE_LOWER_LAYER", NULL);
	child_execs("merged/high", "EXE_WRITABLE|EXE_UPPER_LAYER", NULL);
	fd = call(SYS_openat, AT_FDCWD, "merged/low", O_RDONLY);
	must("dirfd=-100 name=merged/low flags=O_RDONLY|FD_LOWER_LAYER mode=0 %s", dev_ino(fd));
	close((int)fd);
	fd = call(SYS_open, "merged/high", O_RDONLY, 0);
	must("name=merged/high flags=O_RDONLY|FD_UPPER_LAYER mode=0 %s", dev_ino(fd));
	close((int)fd);
	/* Writing brings it up. */
	fd = call(SYS_openat, AT_FDCWD, "merged/low", O_WRONLY | O_APPEND);
	must("dirfd=-100 name=merged/low flags=O_WRONLY|O_APPEND|FD_UPPER_LAYER mode=0 %s",
	     dev_ino(fd));
	close((int)fd);
	fd = call(SYS_creat, "merged/new", 0600);
	must("name=merged/new mode=%d %s creat_flags=FD_UPPER_LAYER_CREAT", 0600, dev_ino(fd));
	close((int)fd);
}

/* The first process of a PID namespace, which knows itself as 1. */
static void numbered_anew(void)
{
	int tell[2];
	long pid, parent = getpid();

	if (pipe(tell) < 0)
		return;
	pid = call(SYS_clone, SIGCHLD | CLONE_NEWPID, 0, 0, 0, 0);
	if (pid < 0) {
		cannot("a PID namespace", strerror((int)-pid));
		return;
	}
	if (pid == 0) {
		struct made m = {0, BITS, SYS_clone, 0, "child_return", 0, 0};
		pid_t second;

		if (read(tell[0], &outer_tid, sizeof outer_tid) < 0)
			_exit(1);
		outer_ptid = parent;
		m.tid = made.tid = outer_tid;
		{
			const char *begin = task_begin(), *middle = task_middle(),
				   *end = task_end();

			must_of(&m, "%s %s flags=CLONE_NEWPID|CLONE_CHILD_IN_PIDNS %s", begin,
				middle, end);
		}
		second = (pid_t)call(SYS_fork);
		if (second == 0)
			_exit(0);
		made.result = -1; /* its number in the outer namespace is not known here */
		waitpid(second, NULL, 0);
		call(SYS_getpid);
		must(" ");
		exec_inside(outer_tid, parent);
		_exit(99);
	}
	{
		struct made m = made;
		const char *begin = task_begin(), *middle = task_middle(), *end = task_end();

		must_of(&m, "%s %s flags=CLONE_NEWPID|CLONE_CHILD_IN_PIDNS %s", begin, middle, end);
	}
	if (write(tell[1], &pid, sizeof pid) < 0)
		return;
	must_end(pid, wait_for(pid), "?");
	close(tell[0]);
	close(tell[1]);
	call(SYS_setns, 1, CLONE_NEWUTS);
	must("fd=1 nstype=CLONE_NEWUTS");
	call(SYS_unshare, 0);
	must("flags=0");
}

void calls_spaces(void)
{
	snprintf(here, sizeof here, "%s", proc_link("cwd"));
	in_mounts(bind_mount);
	in_mounts(deep);
	in_mounts(too_deep);
	in_mounts(other_root);
	in_mounts(pivoted_root);
	in_mounts(layers);
	numbered_anew();
}
