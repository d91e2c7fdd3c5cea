/*
 * Writes a capture of a machine that never was: shells that start programs, a server, a database
 * that logs, a compiler that looks for headers. The same arguments give the same events on every
 * host.
 *
 * usage: make_capture FILE [EVENTS [SEED [LOST]]]
 *
 * The mix follows real ones (a fifth of reads, a quarter of events that change state, some
 * failures); names are drawn from pools with a long tail.
 */
#include "format/event.h"
#include "format/native.h"
#include "tests/unit/capture_maker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define N_WORKERS 24
#define N_DATA    256

struct machine {
	struct maker m;
	struct native_writer *writer;
	uint64_t random, n_events, n_wanted, n_lost;
	int64_t next_tid;
	uint16_t next_port;
	uint8_t data[N_DATA];
	bool failed;
};

static uint64_t pick(struct machine *k, uint64_t below)
{
	k->random ^= k->random << 13;
	k->random ^= k->random >> 7;
	k->random ^= k->random << 17;
	return (k->random >> 11) % below;
}

/* Few are frequent, many are rare. */
static uint64_t pick_skewed(struct machine *k, uint64_t below)
{
	return pick(k, 1 + pick(k, 1 + pick(k, below)));
}

static void flush(struct machine *k)
{
	struct error err = {0};

	if (k->failed)
		return;
	k->m.bb.batch.first_number = k->n_events - k->m.bb.batch.n_events + 1;
	if (native_writer_events(k->writer, &k->m.bb.batch, NULL, 0, NULL, &err) < 0) {
		fprintf(stderr, "make_capture: %s\n", err.text);
		k->failed = true;
	}
	batch_builder_reset(&k->m.bb);
}

static void emit(struct machine *k, const char *name, struct maker_event e,
		 const struct maker_arg *args, size_t n)
{
	int r;

	if (k->failed || k->n_events >= k->n_wanted)
		return;
	k->m.step_ns = 200 + pick_skewed(k, 20000);
	e.duration_ns = 150 + pick_skewed(k, 5000);
	e.cpu = (uint16_t)(e.tid % 4);
	r = maker_add_args(&k->m, name, &e, args, n);
	if (r == -ENOBUFS) {
		flush(k);
		r = maker_add_args(&k->m, name, &e, args, n);
	}
	if (r < 0) {
		fprintf(stderr, "make_capture: %s: %s\n", name, strerror(-r));
		k->failed = true;
	}
	k->n_events++;
}
#define EMIT(k, name, event, ...)                                                                  \
	emit(k, name, (struct maker_event)event, (struct maker_arg[]){__VA_ARGS__},                \
	     sizeof((struct maker_arg[]){__VA_ARGS__}) / sizeof(struct maker_arg))
#define EV(...)                                                                                    \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define NO_ARGS                                                                                    \
	(struct maker_arg)                                                                         \
	{                                                                                          \
		0                                                                                  \
	}

static const char *const comms[] = {"bash", "sh", "cc1", "make", "git", "python3", "sed", "ls"};
static const char *const folders[] = {
    "/etc", "/usr/include", "/usr/lib/x86_64-linux-gnu", "/home/user/src", "/var/log",
    "/tmp", "/proc/self",   "/usr/share/locale"};

static void path(struct machine *k, char *out, size_t size)
{
	/* One after the other: compilers differ in the order of arguments. */
	const char *folder = folders[pick_skewed(k, 8)], *comm = comms[pick(k, 8)];
	unsigned long long number = pick_skewed(k, 400);

	snprintf(out, size, "%s/%s%llu.%s", folder, comm, number, pick(k, 2) ? "h" : "conf");
}

static void reads(struct machine *k, int64_t tid, int32_t fd, uint64_t times)
{
	for (; times; times--) {
		uint32_t len = (uint32_t)pick_skewed(k, 80);

		EMIT(k, "read", EV(.tid = tid, .fd = fd, .result = len),
		     BYTES("data", k->data + pick(k, N_DATA - 80), len), NUMBER("size", 4096));
	}
}

static void writes(struct machine *k, int64_t tid, int32_t fd, uint64_t times)
{
	for (; times; times--) {
		uint32_t len = 1 + (uint32_t)pick_skewed(k, 79);

		EMIT(k, "write", EV(.tid = tid, .fd = fd, .result = len),
		     BYTES("data", k->data + pick(k, N_DATA - 80), len), NUMBER("size", len));
	}
}

static void use_file(struct machine *k, int64_t tid, int32_t fd)
{
	char name[128];
	bool missing = pick(k, 6) == 0;

	path(k, name, sizeof name);
	EMIT(k, "openat", EV(.tid = tid, .result = missing ? -ENOENT : fd), NUMBER("dirfd", -100),
	     TEXT("name", name), NUMBER("flags", 4097), NUMBER("dev", missing ? 0 : 0x801),
	     NUMBER("ino", missing ? 0 : 1000 + pick(k, 5000)));
	if (missing)
		return;
	EMIT(k, "fstat", EV(.tid = tid, .fd = fd), NO_ARGS);
	reads(k, tid, fd, 1 + pick(k, 5));
	if (pick(k, 3) == 0)
		EMIT(k, "lseek", EV(.tid = tid, .fd = fd, .result = 0), NUMBER("offset", 0));
	EMIT(k, "close", EV(.tid = tid, .fd = fd), NO_ARGS);
}

static void map_library(struct machine *k, int64_t tid, const char *name)
{
	EMIT(k, "openat", EV(.tid = tid, .result = 3), NUMBER("dirfd", -100), TEXT("name", name),
	     NUMBER("flags", 4097), NUMBER("dev", 0x801), NUMBER("ino", 77));
	reads(k, tid, 3, 1);
	EMIT(k, "fstat", EV(.tid = tid, .fd = 3), NO_ARGS);
	for (uint64_t i = 0; i < 4; i++)
		EMIT(k, "mmap",
		     EV(.tid = tid, .fd = i ? -1 : 3,
			.result = 0x7f0000000000 + (int64_t)pick(k, 1 << 30)),
		     NUMBER("vm_size", 2000 + i), NUMBER("vm_rss", 500),
		     NUMBER("length", 8192 << i), NUMBER("prot", 1), NUMBER("flags", 2));
	EMIT(k, "mprotect", EV(.tid = tid), NUMBER("addr", 0x7f0000001000), NUMBER("length", 4096),
	     NUMBER("prot", 1));
	EMIT(k, "close", EV(.tid = tid, .fd = 3), NO_ARGS);
}

/* A shell starts a program, which loads its libraries, reads a few files and ends. */
static void run_program(struct machine *k, int64_t parent)
{
	const char *comm = comms[pick(k, 8)];
	int64_t tid = k->next_tid++;
	char exe[64], args[64];
	int args_len;

	snprintf(exe, sizeof exe, "/usr/bin/%s", comm);
	args_len = snprintf(args, sizeof args, "-v%cfile%llu", 0,
			    (unsigned long long)pick_skewed(k, 999)) +
		   1;
	EMIT(k, "clone", EV(.tid = parent, .result = tid), TEXT("exe", "bash"),
	     TEXT("comm", "bash"), TEXT("cwd", "/home/user"), NUMBER("tid", parent),
	     NUMBER("pid", parent), NUMBER("ptid", 1), NUMBER("flags", 0x1200000),
	     NUMBER("vtid", parent), NUMBER("vpid", parent));
	EMIT(k, "clone", EV(.tid = tid, .result = 0, .flags = EVENT_CHILD_RETURN),
	     TEXT("exe", "bash"), TEXT("comm", "bash"), TEXT("cwd", "/home/user"),
	     NUMBER("tid", tid), NUMBER("pid", tid), NUMBER("ptid", parent),
	     NUMBER("flags", 0x1200000), NUMBER("vtid", tid), NUMBER("vpid", tid));
	EMIT(k, "execve", EV(.tid = tid, .result = 0), TEXT("exe", comm),
	     BYTES("args", args, args_len), NUMBER("tid", tid), NUMBER("pid", tid),
	     NUMBER("ptid", parent), TEXT("cwd", "/home/user"), NUMBER("fdlimit", 1024),
	     TEXT("comm", comm), TEXT("trusted_exepath", exe), NUMBER("vpgid", tid),
	     NUMBER("pgid", tid), NUMBER("uid", 1000), NUMBER("loginuid", 1000),
	     NUMBER("exe_ino", 4711));
	EMIT(k, "brk", EV(.tid = tid, .result = 0x555500000000), NO_ARGS);
	map_library(k, tid, "/etc/ld.so.cache");
	map_library(k, tid, "/lib/x86_64-linux-gnu/libc.so.6");
	for (uint64_t i = 2 + pick(k, 12); i; i--)
		use_file(k, tid, 3 + (int32_t)pick(k, 3));
	writes(k, tid, 1, pick(k, 4));
	EMIT(k, "munmap", EV(.tid = tid), NUMBER("addr", 0x7f0000000000), NUMBER("length", 8192));
	EMIT(k, "exit_group", EV(.tid = tid), NO_ARGS);
	EMIT(k, "procexit", EV(.tid = tid), NUMBER("status", 0));
}

/* A server accepts, reads, looks at a file and answers. */
static void serve(struct machine *k, int64_t tid)
{
	int32_t fd = 8 + (int32_t)pick(k, 40);
	uint8_t tuple[13];

	maker_tuple(tuple, 0x0a000002 + (uint32_t)pick(k, 60), k->next_port++ | 0x8000, 0x0a000001,
		    8080);
	EMIT(k, "epoll_wait", EV(.tid = tid, .result = 1), NUMBER("maxevents", 512));
	EMIT(k, "accept4", EV(.tid = tid, .result = fd), BYTES("tuple", tuple, sizeof tuple));
	for (uint64_t i = 1 + pick(k, 4); i; i--) {
		EMIT(k, "recvfrom", EV(.tid = tid, .fd = fd, .result = 70),
		     BYTES("data", k->data, 70), NUMBER("size", 8192));
		use_file(k, tid, fd + 1);
		EMIT(k, "sendto", EV(.tid = tid, .fd = fd, .result = 80),
		     BYTES("data", k->data + 9, 80), NUMBER("size", 80));
		EMIT(k, "epoll_wait", EV(.tid = tid, .result = pick(k, 2)),
		     NUMBER("maxevents", 512));
	}
	EMIT(k, "close", EV(.tid = tid, .fd = fd), NO_ARGS);
}

/* A database: threads that wait for each other and append to a log. */
static void store(struct machine *k, int64_t tid)
{
	for (uint64_t i = 1 + pick(k, 8); i; i--) {
		uint64_t addr = 0x7fff00000000 + pick(k, 64) * 64;

		EMIT(k, "futex", EV(.tid = tid, .result = pick(k, 4) ? 0 : -EAGAIN),
		     NUMBER("addr", addr), NUMBER("op", 129), NUMBER("val", 1));
		reads(k, tid, 5, pick(k, 3));
		writes(k, tid, 4, 1 + pick(k, 2));
	}
	EMIT(k, "poll", EV(.tid = tid, .result = 0), BYTES("fds", "\1\0\4\0\0\0\0\0\0\0\1\0", 12),
	     NUMBER("timeout", 1000));
}

/* A compiler: looks for headers in one folder after the other. */
static void compile(struct machine *k, int64_t tid)
{
	char name[128];

	for (uint64_t i = 2 + pick(k, 10); i; i--) {
		path(k, name, sizeof name);
		EMIT(k, "newfstatat",
		     EV(.tid = tid, .fd = -100, .result = pick(k, 3) ? -ENOENT : 0),
		     TEXT("path", name));
	}
	use_file(k, tid, 4);
	EMIT(k, "brk", EV(.tid = tid, .result = 0x555500000000 + (int64_t)pick(k, 1 << 24)),
	     NO_ARGS);
}

static int64_t worker_tid(unsigned i)
{
	return 100 + 10 * (int64_t)i;
}

static const char *worker_comm(unsigned i)
{
	static const char *const names[] = {"bash", "httpd", "dbstore", "cc1"};

	return names[i % 4];
}

static struct thread_entry thread_of(unsigned i)
{
	return (struct thread_entry){
	    .tid = worker_tid(i),
	    .pid = worker_tid(i),
	    .ptid = 1,
	    .sid = worker_tid(i),
	    .pgid = worker_tid(i),
	    .vpgid = worker_tid(i),
	    .vtid = worker_tid(i),
	    .vpid = worker_tid(i),
	    .comm = text_of(worker_comm(i)),
	    .exe = text_of(worker_comm(i)),
	    .exepath = text_of("/usr/sbin/daemon"),
	    .cwd = text_of("/"),
	    .root = text_of("/"),
	    .uid = i % 4 ? 33 : 1000,
	    .gid = 33,
	    .loginuid = UINT32_MAX,
	};
}

static int snapshot(struct machine *k, struct error *err)
{
	static const char *const names[] = {"/dev/null", "/dev/pts/0",         "/dev/pts/0",
					    "/run/lock", "/var/log/store.log", "/var/lib/store.db"};
	struct state_entry e[N_WORKERS * 7 + 3] = {0};
	size_t n = 0;

	e[n].kind = ENTRY_THREAD;
	e[n].thread = thread_of(0);
	e[n].thread.tid = e[n].thread.pid = e[n].thread.vtid = e[n].thread.vpid = 1;
	e[n].thread.ptid = 0;
	e[n].thread.comm = e[n].thread.exe = text_of("init");
	e[n++].thread.uid = 0;
	for (unsigned i = 0; i < N_WORKERS; i++) {
		e[n].kind = ENTRY_THREAD;
		e[n++].thread = thread_of(i);
		for (unsigned fd = 0; fd < 6; fd++) {
			e[n].kind = ENTRY_FD;
			e[n++].fd = (struct fd_entry){.tid = worker_tid(i),
						      .fd = fd,
						      .type = FD_FILE,
						      .ino = 50 + fd,
						      .name = text_of(names[fd])};
		}
	}
	e[n].kind = ENTRY_USER;
	e[n++].user = (struct user_entry){.uid = 1000, .gid = 1000, .name = text_of("user")};
	e[n].kind = ENTRY_GROUP;
	e[n++].group = (struct group_entry){.gid = 1000, .name = text_of("user")};
	return native_writer_state(k->writer, e, n, err);
}

static void live(struct machine *k)
{
	for (unsigned i = 0; i < N_DATA; i++)
		k->data[i] = (uint8_t)(pick(k, 8) ? ' ' + pick(k, 94) : pick(k, 256));
	EMIT(k, "procinfo", EV(.tid = 1), NUMBER("cpu_usr", 1), NUMBER("cpu_sys", 2));
	while (!k->failed && k->n_events < k->n_wanted) {
		unsigned worker = (unsigned)pick(k, N_WORKERS);
		int64_t tid = worker_tid(worker);

		if (worker % 4 == 0 && pick(k, 4) == 0)
			run_program(k, tid);
		else if (worker % 4 == 1)
			serve(k, tid);
		else if (worker % 4 == 2)
			store(k, tid);
		else
			compile(k, worker_tid(worker | 3));
	}
	flush(k);
}

static int make(struct machine *k, int fd, const struct schema *schema, struct error *err)
{
	struct capture_info info = {
	    .id = "make_capture id",
	    .version_major = 1,
	    .start_ns = 1700000000000000000u,
	    .n_cpus = 4,
	    .snaplen = 80,
	    .page_size = 4096,
	    .clock = CLOCK_BOOT_PLUS_OFFSET,
	    .memory_bytes = 1u << 30,
	    .boot_ns = 1699990000000000000u,
	    .hostname = text_of("example"),
	    .kernel = text_of("6.1.0"),
	    .arch = text_of("x86_64"),
	    .os = text_of("Debian GNU/Linux 12"),
	    .application = text_of("make_capture"),
	    .engine = text_of("none"),
	    .filter = text_of(""),
	    .command = text_of(""),
	    .comment = text_of("made up for tests"),
	};
	struct loss_entry loss = {.from_ns = info.start_ns,
				  .to_ns = info.start_ns + 5,
				  .cpu = 1,
				  .class = LOSS_BULK,
				  .count = k->n_lost};
	struct native_writer_options options = {0};
	int r;

	k->writer = native_writer_new(fd, &info, schema, &options, err);
	if (!k->writer)
		return err->code;
	r = snapshot(k, err);
	if (r < 0)
		return r;
	live(k);
	r = k->n_lost ? native_writer_loss(k->writer, &loss, err) : 0;
	return r < 0 ? r : native_writer_finish(k->writer, err);
}

int main(int argc, char **argv)
{
	struct machine k = {.random = 88172645463325252u, .n_wanted = 5000, .next_tid = 2000};
	struct schema *schema = schema_new();
	struct error err = {0};
	int fd;

	if (argc < 2 || argc > 5) {
		fprintf(stderr, "usage: make_capture FILE [EVENTS [SEED [LOST]]]\n");
		return 2;
	}
	if (argc > 2)
		k.n_wanted = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		k.random += strtoull(argv[3], NULL, 10);
	if (argc > 4)
		k.n_lost = strtoull(argv[4], NULL, 10);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || !schema || maker_init(&k.m, schema) < 0) {
		perror(argv[1]);
		return 1;
	}
	if (make(&k, fd, schema, &err) < 0) {
		fprintf(stderr, "make_capture: %s\n", err.text);
		k.failed = true;
	}
	native_writer_free(k.writer);
	maker_done(&k.m);
	schema_free(schema);
	close(fd);
	return k.failed;
}
