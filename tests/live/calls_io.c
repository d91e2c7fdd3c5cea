/* Data that goes in and out: buffers, vectors, and what is kept of them. */
#include "calls.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

#define LENGTH 70000

static char pattern[LENGTH], got[LENGTH];

static long pattern_file(void)
{
	for (size_t i = 0; i < LENGTH; i++)
		pattern[i] = (char)(i * 7 + i / 256);
	return open("pattern", O_RDWR | O_CREAT | O_TRUNC, 0600);
}

static void buffers(long fd)
{
	call(SYS_write, fd, pattern, LENGTH);
	must("fd=%ld size=%d data=%s", fd, LENGTH, data(pattern, LENGTH));
	call(SYS_write, fd, "", 0);
	must("fd=%ld size=0 data=empty", fd);
	call(SYS_write, fd, NOWHERE, 10);
	must("fd=%ld size=10 data=%s", fd, unreadable(10));
	call(SYS_write, -1, "lost", 4);
	must("fd=-1 size=4 data=%s", data("lost", 4));
	call(SYS_write, fd, NULL, 0);
	must("fd=%ld size=0 data=empty", fd);
	lseek((int)fd, 0, SEEK_SET);
	call(SYS_read, fd, got, 80);
	must("fd=%ld size=80 data=%s", fd, data(pattern, 80));
	call(SYS_read, fd, got, 81);
	must("fd=%ld size=81 data=%s", fd, data(pattern + 80, 81));
	call(SYS_read, fd, got, LENGTH);
	must("fd=%ld size=%d data=%s", fd, LENGTH, data(pattern + 161, LENGTH - 161));
	call(SYS_read, fd, got, 5);
	must("fd=%ld size=5 data=empty", fd);
	call(SYS_read, fd, NOWHERE, 5);
	must("fd=%ld size=5 data=empty", fd);
	call(SYS_read, 12345, got, 5);
	must("fd=12345 size=5 data=empty");
	call(SYS_pread64, fd, got, 30, WIDE(1000));
	must("fd=%ld size=30 data=%s pos=1000", fd, data(pattern + 1000, 30));
	call(SYS_pread64, fd, got, 30, WIDE(0x123456789));
	must("fd=%ld size=30 data=empty pos=%lld", fd, 0x123456789ll);
	call(SYS_pwrite64, fd, pattern, 30, WIDE(0));
	must("fd=%ld size=30 data=%s pos=0", fd, data(pattern, 30));
	call(SYS_write, fd, edge(40), 40);
	must("fd=%ld size=40 data=%s", fd, data("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", 40));
	call(SYS_getrandom, got, 16, 1);
	must("data=%s size=16 flags=1", data(got, 16));
}

static void vectors(long fd)
{
	struct iovec out[3] = {{pattern, 10}, {pattern + 100, 0}, {pattern + 200, 60000}};
	struct iovec in[2] = {{got, 40}, {got + 40, 100}};
	struct iovec bad[2] = {{pattern, 5}, {NOWHERE, 5}};
	static struct iovec many[1024];
	static char joined[LENGTH];

	memcpy(joined, pattern, 10);
	memcpy(joined + 10, pattern + 200, 60000);
	lseek((int)fd, 0, SEEK_SET);
	call(SYS_writev, fd, out, 3);
	must("fd=%ld size=60010 data=%s", fd, data(joined, 60010));
	call(SYS_writev, fd, bad, 2);
	cut_short();
	must("fd=%ld size=10 data=%s", fd, snaplen ? bytes(pattern, 5) : "empty");
	call(SYS_writev, fd, NOWHERE, 2);
	must("fd=%ld size=- data=-", fd);
	call(SYS_writev, fd, NULL, 0);
	must("fd=%ld size=0 data=empty", fd);
	for (int i = 0; i < 1024; i++)
		many[i] = (struct iovec){pattern + i, 1};
	call(SYS_writev, fd, many, 1024);
	must("fd=%ld size=1024 data=%s", fd, data(pattern, 1024));
	call(SYS_writev, fd, many, 5000);
	must("fd=%ld size=- data=-", fd);
	lseek((int)fd, 0, SEEK_SET);
	call(SYS_readv, fd, in, 2);
	must("fd=%ld size=140 data=%s", fd, data(joined, 140));
	call(SYS_preadv, fd, in, 2, WIDE(100), 0);
	must("fd=%ld size=140 data=%s pos=100", fd, data(joined + 100, 140));
	call(SYS_preadv, fd, in, 2, WIDE(0x200000000), BITS == 32 ? 2 : 0);
	must("fd=%ld size=140 data=empty pos=%lld", fd, 0x200000000ll);
	call(SYS_pwritev, fd, out, 1, WIDE(7), 0);
	must("fd=%ld size=10 data=%s pos=7", fd, data(pattern, 10));
#ifdef __i386__
	call(SYS_preadv2, fd, in, 1, 3, 0, 8);
	must("fd=%ld size=40 data=%s pos=3 pos_high=- flags=8", fd,
	     made.result > 0 ? data(got, 40) : "empty");
	call(SYS_pwritev2, fd, out, 1, 3, 0, 2);
	must("fd=%ld size=10 data=%s pos=3 pos_high=- flags=2", fd, data(pattern, 10));
#else
	call(SYS_preadv2, fd, in, 1, 3, 0, 8);
	must("fd=%ld size=40 data=%s pos=3 pos_high=0 flags=8", fd,
	     made.result > 0 ? data(got, 40) : "empty");
	call(SYS_pwritev2, fd, out, 1, 3, 0, 2);
	must("fd=%ld size=10 data=%s pos=3 pos_high=0 flags=2", fd, data(pattern, 10));
#endif
	call(SYS_process_vm_readv, getpid(), in, 1, out, 1, 0);
	must("pid=%d data=%s", getpid(), data(pattern, 10));
	call(SYS_process_vm_writev, getpid(), out, 1, in, 1, 0);
	must("pid=%d data=%s", getpid(), data(pattern, 10));
}

static void between(long fd)
{
	int pipes[2], second[2];
	struct iovec v = {pattern, 50};
	off_t offset = 5;
	int64_t from = 10, to = 20;
	long other = open("copy", O_RDWR | O_CREAT, 0600);

	if (pipe(pipes) < 0 || pipe(second) < 0)
		return;
	lseek((int)fd, 0, SEEK_SET);
	call(SYS_sendfile, other, fd, &offset, 10);
	must("out_fd=%ld in_fd=%ld offset=15 size=10", other, fd);
	call(SYS_sendfile, other, fd, NULL, 10);
	must("out_fd=%ld in_fd=%ld offset=- size=10", other, fd);
	call(SYS_copy_file_range, fd, &from, other, &to, 100, 0);
	must("fdout=%ld offout=%d fdin=%ld offin=%d len=100", other, made.result > 0 ? 120 : 20, fd,
	     made.result > 0 ? 110 : 10);
	call(SYS_splice, fd, NULL, pipes[1], NULL, 30, 1);
	must("fd_in=%ld fd_out=%d size=30 flags=SPLICE_F_MOVE", fd, pipes[1]);
	call(SYS_tee, pipes[0], second[1], 30, 2);
	must("fd_in=%d fd_out=%d size=30 flags=2", pipes[0], second[1]);
	call(SYS_vmsplice, second[1], &v, 1, 0);
	must("fd=%d data=%s size=50 flags=0", second[1], data(pattern, 50));
	close(pipes[0]);
	close(pipes[1]);
	close(second[0]);
	close(second[1]);
	close((int)other);
}

void calls_io(void)
{
	long fd = pattern_file();

	buffers(fd);
	vectors(fd);
	between(fd);
	close((int)fd);
}
