/* Waiting for descriptors, time and memory words; and memory itself. */
#include "calls.h"

#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static void polls(void)
{
	struct pollfd fds[20], *two = fds;
	struct timespec soon = {0, 1000000};
	uint64_t mask = 1ull << (SIGUSR1 - 1);
	int pair[2];

	if (pipe(pair) < 0)
		return;
	for (int i = 0; i < 20; i++)
		fds[i] = (struct pollfd){pair[1], POLLOUT, 0};
	two[0] = (struct pollfd){pair[0], POLLIN | POLLRDHUP, 0};
	call(SYS_poll, two, 2, 5);
	must("fds=%d:0,%d:POLLOUT timeout=5", pair[0], pair[1]);
	call(SYS_ppoll, two, 2, &soon, &mask, 8);
	must("fds=%d:0,%d:POLLOUT timeout=* sigmask=SIGUSR1", pair[0], pair[1]);
	close(pair[1]);
	two[1].fd = 12345;
	call(SYS_poll, two, 2, -1);
	must("fds=%d:POLLHUP,12345:POLLNVAL timeout=-1", pair[0]);
	close(pair[0]);
	for (int i = 0; i < 20; i++)
		fds[i] = (struct pollfd){-1 - i, POLLIN, 0};
	call(SYS_poll, fds, 20, 0);
	must("fds=-1:0,-2:0,-3:0,-4:0,-5:0,-6:0,-7:0,-8:0,-9:0,-10:0,-11:0,-12:0,-13:0,-14:0,-15:0,"
	     "-16:0 timeout=0");
	call(SYS_poll, NULL, 0, 0);
	must("fds=empty timeout=0");
	call(SYS_poll, NOWHERE, 2, 0);
	must("fds=- timeout=0");
	call(SYS_ppoll, NULL, 0, &soon, NULL, 8);
	must("fds=empty timeout=0 sigmask=-");
	{
		struct timeval tv = {0, 1000};
		fd_set set;

		FD_ZERO(&set);
#ifdef __i386__
		call(SYS__newselect, 0, NULL, NULL, NULL, &tv);
#else
		call(SYS_select, 0, NULL, NULL, NULL, &tv);
#endif
		must(" ");
		soon = (struct timespec){0, 1000};
		call(SYS_pselect6, 0, &set, NULL, NULL, &soon, NULL);
		must("nfds=0 readfds=%#lx writefds=0 exceptfds=0 timeout=0 sigmask=0",
		     (unsigned long)&set);
	}
}

static void epolls(void)
{
	struct epoll_event e = {EPOLLIN | EPOLLET, {.u64 = 0x1122334455667788}}, got;
	struct timespec wide = {0, 1000000};
	uint64_t mask = 1ull << (SIGUSR2 - 1);
	long ep, event;

	ep = call(SYS_epoll_create, 9);
	must("size=9");
	close((int)ep);
	ep = call(SYS_epoll_create1, EPOLL_CLOEXEC);
	must("flags=EPOLL_CLOEXEC");
	event = call(SYS_eventfd2, 3, EFD_NONBLOCK);
	must("initval=3 flags=O_NONBLOCK");
	call(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, event, &e);
	must("epfd=%ld op=1 target=%ld events=%u data=%llu", ep, event, EPOLLIN | EPOLLET,
	     0x1122334455667788ull);
	call(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, event, NULL);
	must("epfd=%ld op=2 target=%ld events=- data=-", ep, event);
	call(SYS_epoll_wait, ep, &got, 1, 0);
	must("maxevents=1");
	call(SYS_epoll_pwait, ep, &got, 1, 0, &mask, 8);
	must("epfd=%ld events=%#lx maxevents=1 timeout=0 sigmask=SIGUSR2 sigsetsize=8", ep,
	     (unsigned long)&got);
	if (BITS == 64) {
		call(SYS_epoll_pwait2, ep, &got, 1, &wide, NULL, 8);
		must("epfd=%ld events=%#lx maxevents=1 timeout=1000000 sigmask=- sigsetsize=8", ep,
		     (unsigned long)&got);
	}
	close((int)ep);
	close((int)event);
	event = call(SYS_eventfd, 7);
	must("initval=7 flags=0");
	close((int)event);
}

static void descriptors_of_things(void)
{
	struct itimerspec at = {{1, 500}, {2, 600}};
	uint64_t mask = 1ull << (SIGUSR1 - 1) | 1ull << (SIGTERM - 1);
	long fd;

	fd = call(SYS_signalfd4, -1, &mask, 8, SFD_CLOEXEC);
	must("flags=O_CLOEXEC fd=-1 mask=16896");
	close((int)fd);
	fd = call(SYS_signalfd, -1, &mask, 8);
	must("fd=-1 mask=16896 flags=0");
	close((int)fd);
	call(SYS_signalfd4, -1, NOWHERE, 8, 0);
	must("flags=0 fd=-1 mask=-");
	fd = call(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC);
	must("clockid=%d flags=*", CLOCK_MONOTONIC);
	call(SYS_timerfd_settime, fd, 0, &at, NULL);
	must("fd=%ld flags=0 interval=1000000500 value=2000000600 old_value=0", fd);
	call(SYS_timerfd_gettime, fd, &at);
	must("fd=%ld interval=1000000500 value=%lld", fd,
	     at.it_value.tv_sec * 1000000000ll + at.it_value.tv_nsec);
	close((int)fd);
	fd = call(SYS_memfd_create, "name of memfd", MFD_CLOEXEC);
	must("name=%s flags=MFD_CLOEXEC", text("name of memfd"));
	close((int)fd);
	fd = call(SYS_pidfd_open, getpid(), 0);
	must("pid=%d flags=0", getpid());
	call(SYS_pidfd_getfd, fd, 1, 0);
	must("pid_fd=%ld target_fd=1 flags=0", fd);
	if (made.result >= 0)
		close((int)made.result);
	call(SYS_pidfd_send_signal, fd, 0, NULL, 0);
	must("pidfd=%ld sig=0 info=0 flags=0", fd);
	close((int)fd);
	fd = call(SYS_userfaultfd, O_CLOEXEC);
	must("flags=O_CLOEXEC");
	if (fd >= 0)
		close((int)fd);
}

static void words(void)
{
	static uint32_t word = 5;
	struct timespec soon = {0, 1000000};

	call(SYS_futex, &word, FUTEX_WAIT, 6, NULL);
	must("addr=%#lx op=FUTEX_WAIT val=6", (unsigned long)&word);
	call(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 5, &soon);
	must("addr=%#lx op=FUTEX_PRIVATE_FLAG val=5", (unsigned long)&word);
	call(SYS_futex, &word, FUTEX_WAKE, -1);
	must("addr=%#lx op=FUTEX_WAKE val=%lu", (unsigned long)&word, 0xfffffffful);
	call(SYS_set_robust_list, NULL, 1);
	must("head=0 len=1");
	call(SYS_membarrier, 0, 0, 0);
	must("cmd=0 flags=0 cpu_id=0");
}

void calls_waits(void)
{
	polls();
	epolls();
	descriptors_of_things();
	words();
}

#define VM "vm_size=500..9999999 vm_rss=0..9999999 vm_swap=0..999 "

void calls_memory(void)
{
	unsigned long page, brk;

#ifdef __i386__
	struct {
		uint32_t addr, len, prot, flags, fd, offset;
	} old = {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1u, 0};

	page = (unsigned long)call(SYS_mmap2, NULL, 16384, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 3);
	must(VM "addr=0 length=16384 prot=PROT_READ|PROT_WRITE flags=MAP_PRIVATE|MAP_ANONYMOUS "
		"fd=-1 pgoffset=3");
	call(SYS_mmap, &old);
	must(VM "addr=0 length=4096 prot=PROT_READ flags=MAP_PRIVATE|MAP_ANONYMOUS fd=- offset=0");
	call(SYS_mmap, NOWHERE);
	must(VM "addr=- length=- prot=- flags=- fd=- offset=-");
#else
	page = (unsigned long)call(SYS_mmap, NULL, 16384, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(VM "addr=0 length=16384 prot=PROT_READ|PROT_WRITE flags=MAP_PRIVATE|MAP_ANONYMOUS "
		"fd=-1 offset=0");
	call(SYS_mmap, NOWHERE, 0, PROT_NONE, MAP_SHARED | MAP_FIXED, 12345, 4096);
	must(VM "addr=16 length=0 prot=0 flags=MAP_SHARED|MAP_FIXED fd=12345 offset=4096");
#endif
	call(SYS_mprotect, page, 4096, PROT_READ);
	must("addr=%#lx length=4096 prot=PROT_READ", page);
	call(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_WRITE, -1);
	must("addr=%#lx length=4096 prot=PROT_READ|PROT_WRITE pkey=-1", page);
	call(SYS_madvise, page, 4096, MADV_WILLNEED);
	must("addr=%#lx length=4096 advice=%d", page, MADV_WILLNEED);
	call(SYS_msync, page, 4096, MS_ASYNC);
	must("addr=%#lx length=4096 flags=%d", page, MS_ASYNC);
	call(SYS_mincore, page, 4096, NOWHERE);
	must("addr=%#lx length=4096 vec=16", page);
	call(SYS_mlock, page, 4096);
	must("addr=%#lx len=4096", page);
	call(SYS_mlock2, page, 4096, 1);
	must("addr=%#lx len=4096 flags=MLOCK_ONFAULT", page);
	call(SYS_munlock, page, 4096);
	must("addr=%#lx len=4096", page);
	call(SYS_mlockall, 99);
	must("flags=MCL_CURRENT|MCL_FUTURE");
	call(SYS_munlockall);
	must(" ");
	page = (unsigned long)call(SYS_mremap, page, 16384, 8192, 0, 0);
	must("old_addr=%#lx old_size=16384 new_size=8192 flags=0 new_addr=0",
	     (unsigned long)made.result);
	call(SYS_munmap, page, 8192);
	must(VM "addr=%#lx length=8192", page);
	call(SYS_munmap, 1, -1);
	must(VM "addr=1 length=%lu", -1ul);
	brk = (unsigned long)call(SYS_brk, 0);
	must(VM "addr=0");
	call(SYS_brk, brk + 8192);
	must(VM "addr=%#lx", brk + 8192);
}
