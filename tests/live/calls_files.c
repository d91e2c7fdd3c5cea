/* Files and directories: names, modes, descriptors. */
#include "calls.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

static void opens(void)
{
	struct open_how how = {.flags = O_RDWR | O_CREAT | O_CLOEXEC,
			       .mode = 0600,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	struct open_how wrong = {.flags = O_RDONLY, .resolve = 1 << 20};
	long fd, dir;

	call(SYS_mkdir, "d", 0750);
	must("path=d mode=%d", 0750);
	fd = call(SYS_open, "d/a", O_RDWR | O_CREAT | O_TRUNC, 0640);
	must("name=d/a flags=O_RDWR|O_CREAT|O_TRUNC|O_F_CREATED mode=%d %s", 0640, dev_ino(fd));
	call(SYS_close, fd);
	must("fd=%ld", fd);
	call(SYS_close, fd);
	must("fd=%ld", fd);
	call(SYS_close, -1);
	must("fd=-1");
	fd = call(SYS_open, "d/a", O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_SYNC, 0640);
	must("name=d/a flags=O_WRONLY|O_CREAT|O_APPEND|O_NONBLOCK|O_SYNC|O_DSYNC mode=%d %s", 0640,
	     dev_ino(fd));
	close((int)fd);
	dir = call(SYS_openat, AT_FDCWD, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0777);
	must("dirfd=-100 name=d flags=O_RDONLY|O_DIRECTORY|O_CLOEXEC mode=0 %s", dev_ino(dir));
	fd = call(SYS_openat, dir, "../d/a", O_RDONLY | O_NOFOLLOW);
	must("dirfd=%ld name=../d/a flags=O_RDONLY mode=0 %s", dir, dev_ino(fd));
	close((int)fd);
	fd = call(SYS_openat, dir, "new", O_RDWR | O_CREAT | O_EXCL, 0600);
	must("dirfd=%ld name=new flags=O_RDWR|O_CREAT|O_EXCL|O_F_CREATED mode=%d %s", dir, 0600,
	     dev_ino(fd));
	close((int)fd);
	call(SYS_openat, dir, "new", O_RDWR | O_CREAT | O_EXCL, 0600);
	must("dirfd=%ld name=new flags=O_RDWR|O_CREAT|O_EXCL mode=%d dev=- ino=-", dir, 0600);
	fd = call(SYS_openat, dir, ".", O_RDWR | O_TMPFILE, 0640);
	must("dirfd=%ld name=. flags=O_RDWR|O_TMPFILE|O_DIRECTORY|O_F_CREATED? mode=%d %s", dir,
	     0640, dev_ino(fd));
	close((int)fd);
	fd = call(SYS_openat2, dir, "b", &how, sizeof how);
	must("dirfd=%ld name=b flags=O_RDWR|O_CREAT|O_CLOEXEC|O_F_CREATED mode=%d "
	     "resolve=RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS %s",
	     dir, 0600, dev_ino(fd));
	close((int)fd);
	call(SYS_openat2, dir, "b", &wrong, sizeof wrong);
	must("dirfd=%ld name=b flags=O_RDONLY mode=0 resolve=0 dev=- ino=-", dir);
	call(SYS_openat2, dir, "b", NOWHERE, sizeof how);
	must("dirfd=%ld name=b flags=- mode=- resolve=- dev=- ino=-", dir);
	fd = call(SYS_creat, "d/c", 0604);
	must("name=d/c mode=%d %s creat_flags=0", 0604, dev_ino(fd));
	close((int)fd);
	call(SYS_creat, "none/c", 0604);
	must("name=none/c mode=%d dev=- ino=- creat_flags=0", 0604);
	close((int)dir);
}

/* Names that are long, empty, or not there. */
static void names(void)
{
	static char longest[4096], longer[6000], cut[4096];
	char *end = edge(8);
	long fd;

	for (size_t i = 0; i + 1 < sizeof longest; i += 2)
		memcpy(longest + i, "./", 2);
	memcpy(longest + 4090, "//d/a", 6);
	fd = call(SYS_openat, AT_FDCWD, longest, O_RDONLY);
	must("dirfd=-100 name=%s flags=O_RDONLY mode=0 %s", longest, dev_ino(fd));
	close((int)fd);
	memset(longer, 'x', sizeof longer - 1);
	memset(cut, 'x', sizeof cut - 1);
	call(SYS_openat, AT_FDCWD, longer, O_RDONLY);
	cut_short();
	must("dirfd=-100 name=%s flags=O_RDONLY mode=0 dev=- ino=-", cut);
	call(SYS_openat, AT_FDCWD, "", O_RDONLY);
	must("dirfd=-100 name=empty flags=O_RDONLY mode=0 dev=- ino=-");
	call(SYS_openat, AT_FDCWD, NULL, O_RDONLY);
	must("dirfd=-100 name=- flags=O_RDONLY mode=0 dev=- ino=-");
	call(SYS_openat, AT_FDCWD, NOWHERE, O_RDONLY);
	must("dirfd=-100 name=- flags=O_RDONLY mode=0 dev=- ino=-");
	memcpy(end, "d/aaaaaa", 8);
	call(SYS_openat, AT_FDCWD, end, O_RDONLY);
	must("dirfd=-100 name=- flags=O_RDONLY mode=0 dev=- ino=-");
	memcpy(end, "d/aaaaa", 8);
	call(SYS_openat, AT_FDCWD, end, O_RDONLY);
	must("dirfd=-100 name=d/aaaaa flags=O_RDONLY mode=0 dev=- ino=-");
	memset(end, 'e', 8);
	call(SYS_openat, 12345, "a\tb\x01\xc3\xa9", O_RDONLY);
	must("dirfd=12345 name=%s flags=O_RDONLY mode=0 dev=- ino=-", text("a\tb\x01\xc3\xa9"));
}

static void statuses(void)
{
	static char buf[512];
	long fd = open("d/a", O_RDONLY);

#ifdef __i386__
	call(SYS_stat64, "d/a", buf);
	must("path=d/a");
	call(SYS_lstat64, "d/none", buf);
	must("path=d/none");
	call(SYS_fstat64, fd, buf);
	must(" ");
	call(SYS_fstatat64, AT_FDCWD, "d/a", buf, AT_SYMLINK_NOFOLLOW);
	must("dirfd=-100 path=d/a flags=AT_SYMLINK_NOFOLLOW");
	call(SYS_oldstat, "d/a", buf);
	must("path=d/a");
	call(SYS_statfs64, "d/a", 84, buf);
	must("path=d/a fs_type=%u", *(unsigned *)buf);
	call(SYS_fstatfs64, fd, 84, buf);
	must("fd=%ld fs_type=%u", fd, *(unsigned *)buf);
#else
	call(SYS_newfstatat, AT_FDCWD, "d/a", buf, AT_SYMLINK_NOFOLLOW);
	must("dirfd=-100 path=d/a flags=AT_SYMLINK_NOFOLLOW");
	call(SYS_newfstatat, fd, "", buf, AT_EMPTY_PATH);
	must("dirfd=%ld path=empty flags=AT_EMPTY_PATH", fd);
	call(SYS_statfs, "d/a", buf);
	must("path=d/a fs_type=%lu", *(unsigned long *)buf);
	call(SYS_fstatfs, fd, buf);
	must("fd=%ld fs_type=%lu", fd, *(unsigned long *)buf);
	call(SYS_stat, "d/a", buf);
	must("path=d/a");
	call(SYS_lstat, "d/none", buf);
	must("path=d/none");
	call(SYS_fstat, fd, buf);
	must("fd=%ld", fd);
#endif
	call(SYS_statfs, "d/none", buf);
	must("path=d/none fs_type=-");
	call(SYS_statx, AT_FDCWD, "d/a", AT_SYMLINK_NOFOLLOW, 0x7ff, buf);
	must("dirfd=-100 path=d/a flags=%d mask=%d buf=%#lx", AT_SYMLINK_NOFOLLOW, 0x7ff,
	     (unsigned long)buf);
	call(SYS_access, "d/a", R_OK | W_OK);
	must("name=d/a mode=R_OK|W_OK");
	call(SYS_faccessat, AT_FDCWD, "d/a", R_OK);
	must("dirfd=-100 path=d/a mode=%d", R_OK);
	call(SYS_faccessat2, AT_FDCWD, "d/a", X_OK, AT_EACCESS);
	must("dirfd=-100 path=d/a mode=%d flags=%d", X_OK, AT_EACCESS);
	call(SYS_ustat, dev_of((int)fd), buf);
	must("dev=%u buf=%#lx", dev_of((int)fd), (unsigned long)buf);
	close((int)fd);
}

static void links(void)
{
	static char target[64];
	long dir = open("d", O_RDONLY | O_DIRECTORY);

	call(SYS_symlink, "some/target", "d/s");
	must("target=some/target linkpath=d/s");
	call(SYS_symlinkat, "other", dir, "s2");
	must("target=other linkdirfd=%ld linkpath=s2", dir);
	call(SYS_readlink, "d/s", target, sizeof target);
	must("path=d/s target=%s size=%d", data("some/target", 11), (int)sizeof target);
	call(SYS_readlink, "d/a", target, sizeof target);
	must("path=d/a target=empty size=%d", (int)sizeof target);
	call(SYS_readlinkat, dir, "s2", target, sizeof target);
	must("dirfd=%ld path=s2 target=%s size=%d", dir, data("other", 5), (int)sizeof target);
	call(SYS_link, "d/a", "d/l");
	must("oldpath=d/a newpath=d/l");
	call(SYS_linkat, AT_FDCWD, "d/a", dir, "l2", AT_SYMLINK_FOLLOW);
	must("olddir=-100 oldpath=d/a newdir=%ld newpath=l2 flags=AT_SYMLINK_FOLLOW", dir);
	call(SYS_rename, "d/l", "d/r");
	must("oldpath=d/l newpath=d/r");
	call(SYS_renameat, dir, "l2", AT_FDCWD, "d/r2");
	must("olddirfd=%ld oldpath=l2 newdirfd=-100 newpath=d/r2", dir);
	call(SYS_renameat2, dir, "r", dir, "r2", 2);
	must("olddirfd=%ld oldpath=r newdirfd=%ld newpath=r2 flags=2", dir, dir);
	call(SYS_unlink, "d/r");
	must("path=d/r");
	call(SYS_unlinkat, dir, "r2", 0);
	must("dirfd=%ld name=r2 flags=0", dir);
	call(SYS_mkdirat, dir, "m", 0711);
	must("dirfd=%ld path=m mode=%d", dir, 0711);
	call(SYS_unlinkat, dir, "m", AT_REMOVEDIR);
	must("dirfd=%ld name=m flags=AT_REMOVEDIR", dir);
	call(SYS_rmdir, "d/m");
	must("path=d/m");
	call(SYS_mknod, "d/fifo", S_IFIFO | 0600, 0);
	must("path=d/fifo mode=%d dev=0", S_IFIFO | 0600);
	call(SYS_mknodat, dir, "null", S_IFCHR | 0600, makedev(1, 3));
	must("dirfd=%ld path=null mode=%d dev=%u", dir, S_IFCHR | 0600, (unsigned)makedev(1, 3));
	close((int)dir);
}

static void modes(void)
{
	long fd = open("d/a", O_RDWR), dir = open("d", O_RDONLY | O_DIRECTORY);

	call(SYS_chmod, "d/a", 04755);
	must("filename=d/a mode=%d", 04755);
	call(SYS_fchmod, fd, 0600);
	must("fd=%ld mode=%d", fd, 0600);
	call(SYS_fchmodat, dir, "a", 0640);
	must("dirfd=%ld filename=a mode=%d", dir, 0640);
	call(SYS_chown, "d/a", 5, 6);
	must("path=d/a uid=5 gid=6");
	call(SYS_lchown, "d/s", 7, -1);
	must("path=d/s uid=7 gid=%u", -1u);
	call(SYS_fchown, fd, 0, 0);
	must("fd=%ld uid=0 gid=0", fd);
	call(SYS_fchownat, dir, "a", 1, 2, AT_SYMLINK_NOFOLLOW);
	must("dirfd=%ld pathname=a uid=1 gid=2 flags=AT_SYMLINK_NOFOLLOW", dir);
	call(SYS_umask, 077);
	must("mask=%d", 077);
	call(SYS_umask, 022);
	must("mask=%d", 022);
	close((int)fd);
	close((int)dir);
}

static void times_of_files(void)
{
	struct {
		long atime, mtime;
	} old = {100, 200};
	struct timeval tv[2] = {{10, 500000}, {20, 1}};
	struct timespec ts[2] = {{30, 40}, {50, 60}};

	call(SYS_utime, "d/a", &old);
	must("path=d/a atime=100 mtime=200");
	call(SYS_utimes, "d/a", tv);
	must("path=d/a atime=10500000000 mtime=20000001000");
	call(SYS_utimes, "d/a", NULL);
	must("path=d/a atime=- mtime=-");
	call(SYS_futimesat, AT_FDCWD, "d/a", tv);
	must("dirfd=-100 path=d/a atime=10500000000 mtime=20000001000");
	call(SYS_utimensat, AT_FDCWD, "d/a", ts, 0);
	must("dirfd=-100 path=d/a atime=30000000040 mtime=50000000060 flags=0");
	call(SYS_utimensat, AT_FDCWD, "d/a", NOWHERE, 0);
	must("dirfd=-100 path=d/a atime=- mtime=- flags=0");
}

static void attributes(void)
{
	static char got[300];
	static char value[200];
	long fd = open("d/a", O_RDWR);

	memset(value, 'v', sizeof value);
	if (setxattr("d/a", "user.probe", "x", 1, 0) < 0) {
		cannot("extended attributes", strerror(errno));
		close((int)fd);
		return;
	}
	call(SYS_setxattr, "d/a", "user.one", value, sizeof value, XATTR_CREATE);
	must("path=d/a name=user.one value=%s size=200 flags=1", data(value, sizeof value));
	call(SYS_fsetxattr, fd, "user.two", "abc", 3, 0);
	must("fd=%ld name=user.two value=%s size=3 flags=0", fd, data("abc", 3));
	call(SYS_getxattr, "d/a", "user.two", got, sizeof got);
	must("path=d/a name=user.two value=%s size=300", data("abc", 3));
	call(SYS_getxattr, "d/a", "user.two", NULL, 0);
	must("path=d/a name=user.two value=%s size=0", unreadable(3));
	call(SYS_fgetxattr, fd, "user.none", got, sizeof got);
	must("fd=%ld name=user.none value=empty size=300", fd);
	call(SYS_lgetxattr, "d/a", "user.two", got, 1);
	must("path=d/a name=user.two value=empty size=1");
	call(SYS_listxattr, "d/a", got, sizeof got);
	must("path=d/a list=%s size=300", data(got, (size_t)made.result));
	call(SYS_removexattr, "d/a", "user.one");
	must("path=d/a name=user.one");
	call(SYS_fremovexattr, fd, "user.two");
	must("fd=%ld name=user.two", fd);
	close((int)fd);
}

static void descriptors(void)
{
	int pair[2] = {-1, -1};
	long fd = open("d/a", O_RDWR), other;

	other = call(SYS_dup, fd);
	must("oldfd=%ld", fd);
	call(SYS_dup2, fd, 150);
	must("oldfd=%ld newfd=150", fd);
	call(SYS_dup3, fd, 151, O_CLOEXEC);
	must("oldfd=%ld newfd=151 flags=O_CLOEXEC", fd);
	call(SYS_dup3, fd, fd, 0);
	must("oldfd=%ld newfd=%ld flags=0", fd, fd);
	call(SYS_close_range, 150, 151, 0);
	must("first=150 last=151 flags=0");
	close((int)other);
	call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 160);
	must("fd=%ld cmd=F_DUPFD_CLOEXEC arg=160", fd);
	close((int)made.result);
	call(SYS_fcntl, fd, F_GETFL, 0);
	must("fd=%ld cmd=F_GETFL arg=0", fd);
	call(SYS_fcntl, -1, 999, 0);
	must("fd=-1 cmd=0 arg=0");
	call(SYS_flock, fd, LOCK_EX | LOCK_NB);
	must("fd=%ld operation=LOCK_EX|LOCK_NB", fd);
	call(SYS_ioctl, fd, 0x5401, 0x1234);
	must("fd=%ld request=%d argument=%d", fd, 0x5401, 0x1234);
	call(SYS_pipe, pair);
	must("fd1=%d fd2=%d ino=%llu", pair[0], pair[1], ino_of(pair[0]));
	close(pair[0]);
	close(pair[1]);
	call(SYS_pipe2, pair, O_NONBLOCK | O_CLOEXEC);
	must("fd1=%d fd2=%d ino=%llu flags=O_NONBLOCK|O_CLOEXEC", pair[0], pair[1],
	     ino_of(pair[0]));
	close(pair[0]);
	close(pair[1]);
	call(SYS_pipe2, NOWHERE, 0);
	must("fd1=- fd2=- ino=- flags=0");
	call(SYS_pipe2, pair, -1);
	must("fd1=- fd2=- ino=- flags=O_DIRECT|O_NONBLOCK|O_CLOEXEC");
	close((int)fd);
}

static void sizes(void)
{
	long fd = open("d/a", O_RDWR);

#ifdef __i386__
	call(SYS_truncate64, "d/a", WIDE(0x123456789));
	must("path=d/a length=%lld", 0x123456789ll);
	call(SYS_ftruncate64, fd, WIDE(5));
	must("fd=%ld length=5", fd);
	call(SYS_ftruncate, fd, -1);
	must("fd=%ld length=-1", fd);
	call(SYS__llseek, fd, 1, 2, NOWHERE, SEEK_SET);
	must("fd=%ld offset=%lld whence=SEEK_SET", fd, 0x100000002ll);
#endif
	call(SYS_truncate, "d/a", 100);
	must("path=d/a length=100");
	call(SYS_ftruncate, fd, 4096);
	must("fd=%ld length=4096", fd);
	call(SYS_lseek, fd, -10, SEEK_END);
	must("fd=%ld offset=-10 whence=SEEK_END", fd);
	call(SYS_fallocate, fd, 1, WIDE(0), WIDE(8192));
	must("fd=%ld mode=1 offset=0 len=8192", fd);
	call(SYS_fsync, fd);
	must("fd=%ld", fd);
	call(SYS_fdatasync, 12345);
	must("fd=12345");
	call(SYS_readahead, fd, WIDE(0x100000000), 10);
	must("fd=%ld offset=%lld count=10", fd, 0x100000000ll);
	call(SYS_fadvise64, fd, WIDE(1), 2, 3);
	must("fd=%ld offset=1 len=2 advice=3", fd);
	call(SYS_sync_file_range, fd, WIDE(0), WIDE(4096), 2);
	must("fd=%ld offset=0 nbytes=4096 flags=2", fd);
	call(SYS_syncfs, fd);
	must("fd=%ld", fd);
	close((int)fd);
}

static void directories(void)
{
	static char buf[4096];
	static char here[4096];
	long fd = open("d", O_RDONLY | O_DIRECTORY), up = open(".", O_RDONLY | O_DIRECTORY);

	if (!getcwd(here, sizeof here))
		return;
	call(SYS_getdents64, fd, buf, sizeof buf);
	must("fd=%ld", fd);
	call(SYS_getdents, fd, buf, sizeof buf);
	must("fd=%ld", fd);
	call(SYS_chdir, "d");
	must("path=d");
	call(SYS_getcwd, buf, sizeof buf);
	must("path=%s/d", here);
	call(SYS_getcwd, buf, 2);
	must("path=-");
	call(SYS_fchdir, up);
	must("fd=%ld", up);
	call(SYS_chdir, "/nowhere");
	must("path=/nowhere");
	close((int)fd);
	close((int)up);
}

static void watches(void)
{
	long in, wd, fan;

	in = call(SYS_inotify_init1, IN_CLOEXEC | IN_NONBLOCK);
	must("flags=O_CLOEXEC|O_NONBLOCK");
	wd = call(SYS_inotify_add_watch, in, "d", IN_CREATE | IN_DELETE);
	must("fd=%ld path=d mask=%d", in, IN_CREATE | IN_DELETE);
	call(SYS_inotify_rm_watch, in, wd);
	must("fd=%ld wd=%ld", in, wd);
	close((int)in);
	in = call(SYS_inotify_init);
	must("flags=0");
	close((int)in);
	fan = call(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	must("flags=1 event_f_flags=O_RDONLY|O_CLOEXEC");
	call(SYS_fanotify_mark, fan, FAN_MARK_ADD, WIDE(FAN_OPEN), AT_FDCWD, "d");
	must("fd=%ld flags=1 mask=%d dirfd=-100 path=d", fan, FAN_OPEN);
	if (fan >= 0)
		close((int)fan);
}

static void handles(void)
{
	struct {
		struct file_handle head;
		char room[128];
	} handle = {.head.handle_bytes = 128};
	int mount_id = -1;
	long mount, fd;

	call(SYS_name_to_handle_at, AT_FDCWD, "d/a", &handle, &mount_id, 0);
	must("dirfd=-100 path=d/a handle=%#lx mount_id=%s flags=0", (unsigned long)&handle,
	     made.result < 0 ? "-" : format("%d", mount_id));
	if (made.result < 0)
		return;
	mount = open(".", O_RDONLY | O_DIRECTORY);
	fd = call(SYS_open_by_handle_at, mount, &handle, O_RDONLY);
	if (fd >= 0)
		must("mountfd=%ld flags=O_RDONLY path=%s/d/a %s", mount, text(proc_link("cwd")),
		     dev_ino(fd));
	else
		must("mountfd=%ld flags=O_RDONLY path=- dev=- ino=-", mount);
	call(SYS_open_by_handle_at, mount, NOWHERE, O_RDONLY);
	must("mountfd=%ld flags=O_RDONLY path=- dev=- ino=-", mount);
	close((int)mount);
	if (fd >= 0)
		close((int)fd);
}

void calls_files(void)
{
	opens();
	names();
	statuses();
	links();
	modes();
	times_of_files();
	attributes();
	descriptors();
	sizes();
	directories();
	watches();
	handles();
}
