/* calls SNAPLEN: makes the calls and prints what must be recorded of them; see calls.h. */
#include "calls.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#define NOTES_FD   200
#define NOTES_SIZE (64u << 20)
#define LINE_MAX   400000

struct notes {
	_Atomic size_t used;
	char text[];
};

__thread struct made made;
unsigned snaplen = 80;
long outer_tid, outer_ptid;
char **arguments;
static struct notes *notes;
static __thread bool cut;

/* Without a system call: by the vdso. */
static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* ---- calls ---- */

long call_made(long nr, const long args[6])
{
	long long before = now_ns();
	long r = syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	int code = errno;

	made = (struct made){made.tid, BITS, nr, r == -1 ? -code : r, NULL, before, now_ns()};
	return made.result;
}

long call_made_80(long nr, const long args[6])
{
	long long before = now_ns();
	int r;

#if defined(__x86_64__)
	__asm__ volatile("movq %%rbp, %%r8\n movl %6, %%ebp\n int $0x80\n movq %%r8, %%rbp"
			 : "=a"(r)
			 : "0"((int)nr), "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]),
			   "r"((int)args[5]), "D"(args[4])
			 : "memory", "r8", "r9", "r10", "r11");
#else
	r = (int)syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (r == -1)
		r = -errno;
#endif
	made = (struct made){made.tid, 32, nr, r, NULL, before, now_ns()};
	return r;
}

/* ---- notes ---- */

static void note(const char *head, const char *format, va_list list)
{
	static __thread char line[LINE_MAX];
	int n = snprintf(line, sizeof line, "%s ", head);
	size_t at;

	n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, list);
	if (n > LINE_MAX - 2)
		abort();
	line[n++] = '\n';
	at = atomic_fetch_add(&notes->used, (size_t)n);
	if (at + (size_t)n > NOTES_SIZE - sizeof *notes)
		abort();
	memcpy(notes->text + at, line, (size_t)n);
	cut = false;
}

static void note_call(const struct made *m, const char *format, va_list list)
{
	char head[200];

	if (!made.tid)
		made.tid = syscall(SYS_gettid);
	snprintf(head, sizeof head, "%ld %d %ld %s%s %ld %lld-%lld", m->tid ? m->tid : made.tid,
		 m->abi, m->nr, m->flags ? m->flags : "none", cut ? ",truncated" : "", m->result,
		 m->before_ns, m->after_ns);
	note(head, format, list);
}

void must(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	note_call(&made, format, list);
	va_end(list);
}

void must_of(const struct made *m, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	note_call(m, format, list);
	va_end(list);
}

void must_call(long nr, long result, const char *format, ...)
{
	struct made m = {0, BITS, nr, result, NULL, 0, 0};
	va_list list;

	va_start(list, format);
	note_call(&m, format, list);
	va_end(list);
}

void must_event(long tid, const char *event, const char *format, ...)
{
	char head[200];
	va_list list;

	snprintf(head, sizeof head, "%ld - %s none 0 0-0", tid, event);
	va_start(list, format);
	note(head, format, list);
	va_end(list);
}

static void note_words(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	note("#", format, list);
	va_end(list);
}

void cannot(const char *what, const char *why)
{
	note_words("cannot %s: %s", what, why);
}

/* "# cgroup N:NAMES:PATH" for each hierarchy: where all of this runs. */
static void note_cgroups(void)
{
	char *lines = strdup(proc_text("cgroup")), *rest = lines;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			note_words("cgroup %s", line);
	free(lines);
}

static int notes_open(bool again)
{
	int fd = NOTES_FD;

	if (!again) {
		fd = (int)syscall(SYS_memfd_create, "notes", 0);
		if (fd < 0 || ftruncate(fd, NOTES_SIZE) < 0 || dup2(fd, NOTES_FD) < 0)
			return -1;
		close(fd);
	}
	notes = mmap(NULL, NOTES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, NOTES_FD, 0);
	return notes == MAP_FAILED ? -1 : 0;
}

static int notes_print(void)
{
	size_t left = notes->used;

	for (const char *at = notes->text; left;) {
		ssize_t n = write(STDOUT_FILENO, at, left);

		if (n <= 0)
			return 1;
		at += n;
		left -= (size_t)n;
	}
	return 0;
}

/* ---- texts ---- */

static char *room(size_t len)
{
	static char memory[32][150000];
	static _Atomic unsigned next;

	if (len > sizeof memory[0])
		abort();
	return memory[next++ % 32];
}

const char *bytes(const void *from, size_t len)
{
	char *out = room(2 * len + 2);

	out[0] = '#';
	out[1] = 0;
	for (size_t i = 0; i < len; i++)
		snprintf(out + 1 + 2 * i, 3, "%02x", ((const unsigned char *)from)[i]);
	return out;
}

void cut_short(void)
{
	cut = true;
}

const char *unreadable(size_t len)
{
	if (len > snaplen)
		cut = true;
	return snaplen ? "-" : "empty";
}

const char *data(const void *from, size_t len)
{
	if (len > snaplen)
		cut = true;
	return bytes(from, len > snaplen ? snaplen : len);
}

const char *text(const char *s)
{
	char *out;
	size_t at = 0;

	if (!s)
		return "-";
	out = room(4 * strlen(s) + 1);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c > ' ' && c < 127 && c != '\\' && c != ',')
			out[at++] = (char)c;
		else
			at += (size_t)sprintf(out + at, "\\x%02x", c);
	}
	out[at] = 0;
	return out;
}

const char *format(const char *format, ...)
{
	char *out = room(0);
	va_list list;

	va_start(list, format);
	if (vsnprintf(out, 150000, format, list) >= 150000)
		abort();
	va_end(list);
	return out;
}

/* ---- facts ---- */

unsigned dev_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	return (minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 |
	       (minor(st.st_dev) & ~0xffu) << 12;
}

unsigned long long ino_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

const char *dev_ino(long fd)
{
	if (fd < 0)
		return "dev=- ino=-";
	return format("dev=%u ino=%llu", dev_of((int)fd), ino_of((int)fd));
}

const char *proc_link(const char *name)
{
	static __thread char link[4200];
	ssize_t n = readlink(format("/proc/self/%s", name), link, sizeof link - 1);

	link[n > 0 ? n : 0] = 0;
	return link;
}

const char *proc_text(const char *name)
{
	static __thread char content[8192];
	int fd = open(*name == '/' ? name : format("/proc/self/%s", name), O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, content, sizeof content - 1);

	if (fd >= 0)
		close(fd);
	content[n > 0 ? n : 0] = 0;
	return content;
}

unsigned long long status_number(const char *name, int base)
{
	const char *line = strstr(proc_text("status"), format("\n%s:", name));

	return line ? strtoull(line + strlen(name) + 2, NULL, base) : 0;
}

/* Our arguments as a list, cut as their record is. */
static const char *argument_list(void)
{
	char *raw = room(0), *list = room(0);
	size_t len = 0, at = 0;

	for (char **a = arguments + 1; *a; a++)
		len += (size_t)sprintf(raw + len, "%s", *a) + 1;
	if (len > 4096) {
		cut = true;
		len = 4096;
		raw[4095] = 0;
	}
	list[0] = 0;
	for (size_t i = 0; i < len; i += strlen(raw + i) + 1)
		at += (size_t)sprintf(list + at, "%s%s", i ? "," : "", text(raw + i));
	return list;
}

static const char *descriptor_limit(void)
{
	struct {
		uint64_t cur, max;
	} limit;

	if (syscall(SYS_prlimit64, 0, 7, NULL, &limit))
		return "*";
	return format("%llu", (unsigned long long)limit.cur);
}

const char *task_begin(void)
{
	const char *exe = text(arguments[0]), *args = argument_list(),
		   *cwd = text(proc_link("cwd"));
	long tid = outer_tid ? outer_tid : syscall(SYS_gettid);

	made.tid = tid;
	return format(
	    "exe=%s args=%s tid=%ld pid=%ld ptid=%ld cwd=%s fdlimit=%s pgft_maj=0..999999 "
	    "pgft_min=0..9999999 vm_size=200..9999999 vm_rss=0..9999999 vm_swap=0..999",
	    exe, args, tid, outer_tid ? outer_tid : getpid(), outer_tid ? outer_ptid : getppid(),
	    cwd, descriptor_limit());
}

const char *task_middle(void)
{
	char comm[64];

	snprintf(comm, sizeof comm, "%s", proc_text("comm"));
	comm[strcspn(comm, "\n")] = 0;
	return format("comm=%s cgroups=@cgroups", text(comm));
}

/* Start of the first process of our PID namespace, to the hundredth of a second that /proc knows.
 */
static const char *namespace_start(void)
{
	const char *line = proc_text(format("/proc/%ld/stat", outer_tid ? outer_tid : 1)),
		   *at = strrchr(line, ')');
	unsigned long long ticks = 0;

	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return "*";
	ticks = strtoull(at, NULL, 10);
	return format("%llu..%llu", ticks * 10000000, ticks * 10000000 + 10000000);
}

const char *task_end(void)
{
	return format("uid=%d gid=%d vtid=%ld vpid=%d pidns_init_start_ts=%s", geteuid(), getegid(),
		      syscall(SYS_gettid), getpid(), namespace_start());
}

char *edge(size_t n)
{
	static char *page;

	if (!page) {
		page = mmap(NULL, 3 * 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		if (page == MAP_FAILED)
			abort();
		memset(page, 'e', 2 * 65536);
		mprotect(page + 2 * 65536, 65536, PROT_NONE);
	}
	return page + 2 * 65536 - n;
}

int wait_for(long pid)
{
	int status = 0;

	while (waitpid((pid_t)pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return status;
}

void must_end(long pid, int status, const char *reaper)
{
	must_event(pid, "procexit", "status=%d ret=%d sig=%d core=%d reaper_tid=%s", status,
		   WEXITSTATUS(status), WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		   WIFSIGNALED(status) && WCOREDUMP(status), reaper);
}

void must_exit_group(long pid, int status)
{
	must_of(&(struct made){pid, BITS, SYS_exit_group, 0, NULL, 0, 0}, "status=%d", status);
}

int main(int argc, char **argv)
{
	arguments = argv;
	if (argc > 2 && !strcmp(argv[2], "after-exec")) {
		snaplen = (unsigned)atoi(argv[1]);
		return notes_open(true) < 0 ? 1 : after_exec(argc, argv);
	}
	if (argc != 2 || notes_open(false) < 0) {
		fprintf(stderr, "usage: calls SNAPLEN\n");
		return 2;
	}
	snaplen = (unsigned)atoi(argv[1]);
	made.tid = syscall(SYS_gettid);
	umask(022);
	note_cgroups();
	calls_files();
	calls_io();
	calls_sockets();
	calls_options();
	calls_waits();
	calls_memory();
	calls_ids();
	calls_ipc();
	calls_times();
	calls_signals();
	calls_tasks();
	calls_exec();
	calls_spaces();
	calls_odd();
	calls_int80();
	return notes_print();
}
