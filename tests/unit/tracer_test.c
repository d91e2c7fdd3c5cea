/* Parts of the ptrace engine that need nobody to trace: its tables, its queue, its seccomp program. */
#include "capture/ptrace/tracer_state.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

/* ---- the seccomp program ---- */

#if defined(__x86_64__)
#define ARCH_NATIVE AUDIT_ARCH_X86_64
#define ARCH_32	    AUDIT_ARCH_I386
#else
#define ARCH_NATIVE AUDIT_ARCH_AARCH64
#define ARCH_32	    AUDIT_ARCH_ARM
#endif

/* What the kernel makes of it; every argument of the call is the given one. */
static uint32_t program_run(const struct sock_filter *program, unsigned n, uint32_t arch, uint32_t number, uint32_t argument)
{
	uint32_t a = 0;

	for (unsigned at = 0; at < n; at++) {
		const struct sock_filter *f = &program[at];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k == offsetof(struct seccomp_data, arch))
				a = arch;
			else if (f->k == offsetof(struct seccomp_data, nr))
				a = number;
			else if (f->k >= offsetof(struct seccomp_data, args) && f->k % 8 == 0)
				a = argument;
			else
				ck_abort_msg("load of %#x", f->k);
			break;
		case BPF_JMP | BPF_JA:
			at += f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += a > f->k ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			ck_abort_msg("instruction %#x", f->code);
		}
	}
	ck_abort_msg("the program has no end");
}

/* Of calls that only some arguments make interesting, those. */
static const uint32_t telling[] = {F_DUPFD, F_SETFD, RLIMIT_NOFILE, PR_SET_NAME, F_DUPFD_CLOEXEC};

static bool program_stops(const struct sock_filter *program, unsigned n, uint32_t arch, uint32_t number)
{
	bool stops = false;

	for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
		stops = stops || program_run(program, n, arch, number, telling[i]) == SECCOMP_RET_TRACE;
	return stops;
}

static struct recorder *tracer_for(const char *text, struct kernel_filter *kernel)
{
	static struct command command = {.pid = 1};
	struct filter *filter = filter_new(text, NULL);
	struct tracer_options options = {.filter = kernel, .command = &command, .snaplen = 80};
	struct error err = {0};
	struct recorder *r;

	ck_assert_ptr_nonnull(filter);
	filter_kernel(filter, kernel);
	filter_free(filter);
	r = tracer_new(&options, &err);
	ck_assert_msg(r != NULL, "%s", err.text);
	return r;
}

static void check_program(const char *text)
{
	static const uint32_t arches[TABLES_MAX] = {ARCH_NATIVE, ARCH_32};
	struct kernel_filter kernel;
	struct recorder *r = tracer_for(text, &kernel);
	struct tracer *tr = (struct tracer *)r;
	const struct sock_filter *program;
	unsigned n, n_stops = 0;

	tracer_program(r, &program, &n);
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_lt(n, PROGRAM_MAX);
	for (unsigned table = 0; table < TABLES_MAX; table++)
		for (uint32_t number = 0; number < 2 * SYSCALLS_MAX; number++) {
			const struct kernel_recipe *recipe = tracer_recipe(tr, tracer_recipe_index(table, number));
			bool stops = program_stops(program, n, arches[table], number);

			if (stops != ((recipe->flags & CALL_WANTED) != 0))
				ck_abort_msg("%s: call %u of table %u: %d", text, number, table, stops);
			n_stops += stops;
		}
	ck_assert_uint_gt(n_stops, 0);
	ck_assert_uint_lt(n_stops, TABLES_MAX * 2 * SYSCALLS_MAX); /* numbers without a row may be asked for, too */
	recorder_free(r);
}

START_TEST(test_program)
{
	check_program("evt.type=openat");
	check_program("evt.type in (read, write, close) or evt.type=exit_group");
	check_program("evt.type=signaldeliver");
	check_program("evt.type=execve and proc.name=ls");
}
END_TEST

START_TEST(test_no_program)
{
	struct kernel_filter kernel;
	struct recorder *r = tracer_for("proc.name=ls", &kernel);
	const struct sock_filter *program;
	unsigned n;

	tracer_program(r, &program, &n);
	ck_assert_uint_eq(n, 0);
	recorder_free(r);
}
END_TEST

struct call_stops {
	const char *name;
	bool stops;
	uint32_t argument;
};

static void check_stops(const char *text, const struct call_stops *calls, size_t n_calls)
{
	struct kernel_filter kernel;
	struct recorder *r = tracer_for(text, &kernel);
	const struct sock_filter *program;
	unsigned n;

	tracer_program(r, &program, &n);
	for (size_t i = 0; i < n_calls; i++) {
		const struct syscall_info *call = syscall_by_name(calls[i].name);
#if defined(__x86_64__)
		int number = call->number[ABI_X86_64];
#else
		int number = call->number[ABI_AARCH64];
#endif
		if (number < 0)
			continue;
		if ((program_run(program, n, ARCH_NATIVE, (uint32_t)number, calls[i].argument) == SECCOMP_RET_TRACE) !=
		    calls[i].stops)
			ck_abort_msg("%s: %s with %u", text, calls[i].name, calls[i].argument);
	}
	recorder_free(r);
}

/* What is only closed or written to need not stop; what makes fds and processes must. */
START_TEST(test_tables_are_kept)
{
	static const struct call_stops always[] = {
		{"mkdir", true},  {"openat", true}, {"execve", true}, {"clone", true},	{"chdir", true},
		{"open", true},   {"dup2", true},   {"pidfd_getfd", true},
		{"close", false}, {"write", false}, {"stat", false},  {"sendto", false}, {"getsockopt", false}};
	static const struct call_stops sockets[] = {{"connect", true}, {"bind", true}, {"socket", true}, {"pipe2", true}};
	static const struct call_stops with[] = {
		{"fcntl", true, F_DUPFD}, {"fcntl", true, F_DUPFD_CLOEXEC}, {"fcntl", true, F_SETFD}, {"fcntl", false, F_GETFL},
		{"fcntl", false, F_SETLKW}, {"prctl", true, PR_SET_NAME}, {"prctl", false, PR_CAPBSET_READ},
		{"prlimit64", true, RLIMIT_NOFILE}, {"prlimit64", false, RLIMIT_STACK}, {"setrlimit", false, RLIMIT_CPU}};
	static const struct call_stops asked[] = {{"fcntl", true, F_GETFL}, {"prctl", true, PR_CAPBSET_READ}};
	static const struct call_stops files[] = {{"connect", false}, {"bind", false}, {"socket", false}, {"pipe2", false}};

	check_stops("evt.type=mkdir", always, sizeof always / sizeof *always);
	check_stops("evt.type=mkdir", with, sizeof with / sizeof *with);
	check_stops("evt.type in (fcntl, prctl)", asked, 2);
	check_stops("evt.type in (mkdir, poll)", sockets, 4);
	check_stops("evt.type in (mkdir, fstat)", sockets, 4);
	check_stops("evt.type in (mkdir, openat)", files, 4);
}
END_TEST

/* ---- the queue ---- */

#define N_RECORDS 20000u

static void *put_records(void *context)
{
	struct {
		struct record head;
		uint8_t data[300];
	} r;

	memset(&r, 0, sizeof r);
	for (uint32_t i = 0; i < N_RECORDS; i++) {
		r.head.size = (uint32_t)sizeof r.head + i % 300;
		r.head.tid = i;
		memset(r.data, (int)(i & 0xFF), sizeof r.data);
		record_queue_put(context, &r.head);
	}
	record_queue_wake(context);
	return NULL;
}

static void take_record(void *context, const struct record *r)
{
	uint32_t *next = context;
	const uint8_t *data = (const uint8_t *)(r + 1);

	if (r->tid != *next || r->size != sizeof *r + *next % 300)
		ck_abort_msg("record %u: tid %u, size %u", *next, r->tid, r->size);
	for (uint32_t i = 0; i < r->size - sizeof *r; i++)
		if (data[i] != (*next & 0xFF))
			ck_abort_msg("record %u: byte %u", *next, i);
	++*next;
}

START_TEST(test_queue)
{
	struct record_queue q;
	pthread_t thread;
	uint32_t next = 0;
	bool empty;

	record_queue_init(&q);
	ck_assert_int_eq(pthread_create(&thread, NULL, put_records, &q), 0);
	while (next < N_RECORDS) {
		if (!record_queue_take(&q, 5000, take_record, &next, &empty))
			record_queue_wait(&q, 1000000);
	}
	pthread_join(thread, NULL);
	ck_assert_uint_eq(record_queue_take(&q, 5000, take_record, &next, &empty), 0);
	ck_assert(empty);
	ck_assert(!q.out_of_memory);
	record_queue_done(&q);
}
END_TEST

/* Who fills a full queue waits until somebody takes, or until nobody will any more. */
static void *put_much(void *context)
{
	static struct {
		struct record head;
		uint8_t data[60000];
	} r = {.head = {.size = sizeof r}};

	for (unsigned i = 0; i < 1000; i++)
		record_queue_put(context, &r.head);
	return NULL;
}

static void count_record(void *context, const struct record *r)
{
	++*(uint32_t *)context;
}

START_TEST(test_queue_is_bounded)
{
	struct record_queue q;
	pthread_t thread;
	uint32_t n = 0;
	bool empty;

	record_queue_init(&q);
	ck_assert_int_eq(pthread_create(&thread, NULL, put_much, &q), 0);
	record_queue_wait(&q, 10000000000ull);
	for (unsigned i = 0; i < 100; i++) {
		record_queue_take(&q, 1u << 20, count_record, &n, &empty);
		ck_assert_uint_lt(q.taken.cap, 64u << 20);
	}
	record_queue_bind(&q, false);
	pthread_join(thread, NULL);
	do
		record_queue_take(&q, SIZE_MAX, count_record, &n, &empty);
	while (!empty || n < 1000);
	ck_assert_uint_eq(n, 1000);
	record_queue_done(&q);
}
END_TEST

/* A word is waited for as long as was said, or until it comes. */
struct word {
	struct record_queue queue;
	bool said;
};

static void *say_later(void *context)
{
	struct timespec t = {.tv_nsec = 20000000};
	struct word *w = context;

	nanosleep(&t, NULL);
	record_queue_say(&w->queue, &w->said);
	return NULL;
}

START_TEST(test_word)
{
	struct word w = {0};
	pthread_t thread;

	record_queue_init(&w.queue);
	ck_assert(!record_queue_heard(&w.queue, &w.said, 0));
	ck_assert(!record_queue_heard(&w.queue, &w.said, 1000000));
	ck_assert_int_eq(pthread_create(&thread, NULL, say_later, &w), 0);
	ck_assert(record_queue_heard(&w.queue, &w.said, 20000000000ull));
	ck_assert(record_queue_heard(&w.queue, &w.said, 0));
	pthread_join(thread, NULL);
	record_queue_done(&w.queue);
}
END_TEST

/* ---- tracees ---- */

START_TEST(test_tracees)
{
	static struct tracees all;
	struct tracee *t;
	size_t n = 0;

	for (pid_t tid = 1; tid <= 5000; tid++)
		ck_assert_ptr_nonnull(tracee_add(&all, tid, tid));
	for (pid_t tid = 1; tid <= 5000; tid += 2)
		tracee_remove(&all, tracee_find(&all, tid));
	ck_assert_uint_eq(all.n, 2500);
	ck_assert_ptr_null(tracee_find(&all, 1025));
	t = tracee_find(&all, 1026);
	tracee_renumber(&all, t, 1025);
	ck_assert_ptr_eq(tracee_find(&all, 1025), t);
	ck_assert_ptr_null(tracee_find(&all, 1026));
	FOR_EACH_TRACEE(&all, each)
	{
		n++;
		if (each->tid % 3 == 0)
			tracee_remove(&all, each);
	}
	ck_assert_uint_eq(n, 2500);
	tracees_done(&all);
	ck_assert_uint_eq(all.n, 0);
}
END_TEST

SUITE("tracer", test_program, test_no_program, test_tables_are_kept, test_queue, test_queue_is_bounded, test_word, test_tracees)
