/* Calls that mostly fail here, numbers that are none, and 32-bit calls through int 0x80. */
#include "calls.h"

#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

static void fresh(void)
{
	struct io_uring_params ring = {.flags = IORING_SETUP_CLAMP, .sq_thread_idle = 50};
	struct {
		uint64_t set, clear, propagation, userns;
	} attr = {1, 2, 3, 4};
	struct {
		uint32_t type, size;
		uint64_t config, more[20];
	} perf = {77, 16, 0x1234567890, {0}};
	uint64_t access_fs = 5, range[2] = {1, 2}, counts[5] = {0};
	unsigned long aio = 0;
	uint64_t mask = 1;
	long fd;

	fd = call(SYS_io_uring_setup, 4, &ring);
	must("entries=4 sq_entries=%u cq_entries=%u flags=IORING_SETUP_CLAMP sq_thread_cpu=0 "
	     "sq_thread_idle=50 "
	     "features=%u",
	     ring.sq_entries, ring.cq_entries, ring.features);
	call(SYS_io_uring_enter, fd, 0, 0, 0, &mask, 8);
	must("fd=%ld to_submit=0 min_complete=0 flags=0 sig=SIGHUP", fd);
	call(SYS_io_uring_register, fd, 999, 5, 6);
	must("fd=%ld opcode=999 arg=5 nr_args=6", fd);
	if (fd >= 0)
		close((int)fd);
	call(SYS_mount_setattr, AT_FDCWD, "none", 0, &attr, sizeof attr);
	must(
	    "dirfd=-100 path=none flags=0 attr_set=1 attr_clr=2 propagation=3 userns_fd=4 size=32");
	call(SYS_perf_event_open, &perf, 0, -1, -1, 0);
	must("type=77 config=%llu pid=0 cpu=-1 group_fd=-1 flags=0", 0x1234567890ull);
	fd = call(SYS_landlock_create_ruleset, &access_fs, sizeof access_fs, 0);
	must("access_fs=5 size=8 flags=0");
	if (fd >= 0)
		close((int)fd);
	fd = open("pattern", O_RDONLY);
	call(451, fd, range, counts, 0);
	if (made.result == 0)
		must("fd=%ld offset=1 len=2 nr_cache=%llu nr_dirty=%llu flags=0", fd,
		     (unsigned long long)counts[0], (unsigned long long)counts[1]);
	else
		must("fd=%ld offset=1 len=2 nr_cache=- nr_dirty=- flags=0", fd);
	close((int)fd);
	call(SYS_io_setup, 1, &aio);
	must("nr_events=1 ctx=%#lx", (unsigned long)&aio);
	call(SYS_io_destroy, aio);
	must("ctx=%#lx", aio);
	call(452, AT_FDCWD, "pattern", 0640, 0);
	must("dirfd=-100 path=pattern mode=%d flags=0", 0640);
}

static void refused(void)
{
	call(SYS_reboot, 1, 2, 3, NOWHERE);
	must("magic1=1 magic2=2 cmd=3 arg=16");
	call(SYS_swapon, "/none", 1);
	must("path=/none flags=1");
	call(SYS_acct, "/none/none");
	must("path=/none/none");
	call(SYS_sethostname, "name", -1);
	must("name=- len=-1");
	call(SYS_init_module, "junk", 4, "parameter=1");
	must("img=%s length=4 uargs=parameter=1", data("junk", 4));
	call(SYS_finit_module, -1, "parameter", 0);
	must("fd=-1 uargs=parameter flags=0");
	call(SYS_delete_module, "no_such_module", O_NONBLOCK);
	must("name=no_such_module flags=O_NONBLOCK");
	call(SYS_syslog, 3, NOWHERE, 10);
	must("action=3 data=empty size=10");
	call(SYS_kcmp, getpid(), getpid(), 0, 0, 1);
	must("pid1=%d pid2=%d type=0 idx1=0 idx2=1", getpid(), getpid());
	call(SYS_seccomp, 77, 88, NULL);
	must("op=77 flags=88");
	call(SYS_bpf, 999, NULL, 0);
	must("cmd=999");
	call(443, -1, 0x80000700, 5, 6);
	must("fd=-1 cmd=Q_GETQUOTA type=USRQUOTA id=5 addr=6");
	call(SYS_getitimer, 5, NOWHERE);
	must("which=5 interval=- value=-");
}

static void no_calls(void)
{
	/* Numbers that are no calls. */
	call(999, 1, 2, 3);
	must("ID=* nativeID=-");
	call(505);
	must("ID=* nativeID=-");
	call(-1);
	must("ID=* nativeID=-");
	call(0x40000000L + 39);
	must("ID=* nativeID=-");
}

void calls_odd(void)
{
	fresh();
	refused();
	no_calls();
}

/* Memory that 32-bit calls can point to. */
static char *low;

static uint32_t low_copy(size_t at, const void *from, size_t len)
{
	memcpy(low + at, from, len);
	return (uint32_t)(uintptr_t)(low + at);
}

#define TEXT(at, s) low_copy(at, s, strlen(s) + 1)

static void files_80(void)
{
	uint32_t vectors[4], name = TEXT(0, "pattern");
	char pattern[100];
	int fd = open("pattern", O_RDONLY);

	if (read(fd, pattern, sizeof pattern) < 0)
		return;
	close(fd);
	fd = (int)call80(295, AT_FDCWD, name, O_RDONLY, 0); /* openat */
	must("dirfd=-100 name=pattern flags=O_RDONLY mode=0 %s", dev_ino(fd));
	call80(3, fd, low + 100, 30); /* read */
	must("fd=%d size=30 data=%s", fd, data(pattern, 30));
	call80(19, fd, -20, SEEK_END); /* lseek */
	must("fd=%d offset=-20 whence=SEEK_END", fd);
	call80(140, fd, 0, 5, low + 300, SEEK_SET); /* _llseek */
	must("fd=%d offset=5 whence=SEEK_SET", fd);
	vectors[0] = (uint32_t)(uintptr_t)(low + 400);
	vectors[1] = 3;
	vectors[2] = (uint32_t)(uintptr_t)(low + 500);
	vectors[3] = 20;
	call80(145, fd, low_copy(200, vectors, sizeof vectors), 2); /* readv */
	must("fd=%d size=23 data=%s", fd, data(pattern + 5, 23));
	call80(333, fd, low + 200, 2, 7, 0); /* preadv */
	must("fd=%d size=23 data=%s pos=7", fd, data(pattern + 7, 23));
	call80(180, fd, low + 400, 9, 0, 1); /* pread64 */
	must("fd=%d size=9 data=empty pos=%lld", fd, 0x100000000ll);
	call80(195, name, low + 600); /* stat64 */
	must("path=pattern");
	call80(6, fd); /* close */
	must("fd=%d", fd);
	call80(5, 16, O_RDONLY, 0); /* open */
	must("name=- flags=O_RDONLY mode=0 dev=- ino=-");
	call80(76, 7, low_copy(700, (uint32_t[2]){0, 0}, 8)); /* getrlimit */
	must("resource=RLIMIT_NOFILE cur=%d max=%d", *(int *)(low + 700), *(int *)(low + 704));
	call80(20); /* getpid */
	must(" ");
	call80(199); /* getuid32 */
	must(" ");
	call80(999);
	must("ID=* nativeID=-");
}

static void others_80(void)
{
	int32_t soon[2] = {0, 5000}, tv[2] = {3, 250000};
	uint32_t old_mmap[6] = {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1u, 0},
		 message[7] = {0}, vector[2];
	uint32_t argv[3] = {TEXT(900, "thirty"), TEXT(910, "two"), 0};
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0x7f000001)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bound;

	call80(162, low_copy(0, soon, sizeof soon), 0); /* nanosleep */
	must("interval=5000");
	call80(90, low_copy(20, old_mmap, sizeof old_mmap)); /* mmap */
	must("vm_size=* vm_rss=* vm_swap=* addr=0 length=4096 prot=PROT_READ "
	     "flags=MAP_PRIVATE|MAP_ANONYMOUS fd=- offset=0");
	call80(366, fd, SOL_SOCKET, SO_RCVTIMEO, low_copy(50, tv, sizeof tv), 8); /* setsockopt */
	must("fd=%d level=SOL_SOCKET optname=SO_RCVTIMEO val=3250000000 optlen=8", fd);
	bound = connect(fd, (void *)&to, sizeof to);
	vector[0] = TEXT(100, "compat message");
	vector[1] = 14;
	message[2] = low_copy(120, vector, sizeof vector);
	message[3] = 1;
	call80(370, fd, low_copy(140, message, sizeof message), 0); /* sendmsg */
	must("fd=%d size=14 data=%s tuple=*", fd, data("compat message", 14));
	message[0] = low_copy(200, &to, sizeof to);
	message[1] = sizeof to;
	call80(345, fd, low_copy(250, message, sizeof message), 1, 0); /* sendmmsg */
	must("fd=%d size=14 data=%s tuple=*", fd, data("compat message", 14));
	call80(102, 1, low); /* socketcall */
	must("call=1 args=%#lx", (unsigned long)(uintptr_t)low);
	close(fd);
	(void)bound;
	call80(11, TEXT(800, "/no/such/program"), low_copy(1000, argv, sizeof argv),
	       0); /* execve */
	must("exe=thirty args=two tid=* pid=* ptid=* cwd=* fdlimit=* pgft_maj=* pgft_min=* "
	     "vm_size=* vm_rss=* vm_swap=* "
	     "comm=calls cgroups=@cgroups env=empty tty=* vpgid=* loginuid=* flags=* "
	     "cap_inheritable=* cap_permitted=* "
	     "cap_effective=* exe_ino=* exe_ino_ctime=* exe_ino_mtime=* uid=0 trusted_exepath=* "
	     "pgid=* gid=0 "
	     "filename=/no/such/program");
}

void calls_int80(void)
{
	low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1,
		   0);
	if (low == MAP_FAILED) {
		cannot("int 0x80", "no memory below 2 GiB");
		return;
	}
	files_80();
	others_80();
}
