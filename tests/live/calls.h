/*
 * Calls whose records are known beforehand: each is made through call(), and must() then says what
 * every parameter of its event has to be. What was said goes to a buffer in a memfd, which survives
 * fork, threads and exec, and is printed at the end; calls.py compares it with the capture.
 *
 *	call(SYS_dup, fd);
 *	must("oldfd=%ld", fd);
 *
 * One line per call: TID ABI NUMBER FLAGS RESULT TIMES NAME=VALUE..., separated by blanks. ABI is 64, 32, or "-" for
 * events that are no calls; their NUMBER is the event's name. TIMES is when the call was made, BEFORE-AFTER in
 * nanoseconds since the epoch, or "-". Values:
 *	7, 0x1f		the number (of flags, too)
 *	5..9		a number in the range
 *	A|B|C?		exactly these flags; C may be there
 *	text		texts, addresses (127.0.0.1:80), tuples (a:1->b:2), lists (a,b); \xNN for odd bytes
 *	#6162		bytes
 *	empty		an empty text or buffer
 *	-		absent
 *	*		there, whatever it is
 */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- one call ---- */

#define CAST_1(a)                        (long)(a)
#define CAST_2(a, ...)                   (long)(a), CAST_1(__VA_ARGS__)
#define CAST_3(a, ...)                   (long)(a), CAST_2(__VA_ARGS__)
#define CAST_4(a, ...)                   (long)(a), CAST_3(__VA_ARGS__)
#define CAST_5(a, ...)                   (long)(a), CAST_4(__VA_ARGS__)
#define CAST_6(a, ...)                   (long)(a), CAST_5(__VA_ARGS__)
#define COUNT_(a, b, c, d, e, f, n, ...) n
#define COUNT(...)                       COUNT_(__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define JOIN_(a, b)                      a##b
#define JOIN(a, b)                       JOIN_(a, b)
#define CASTS(...)                       JOIN(CAST_, COUNT(__VA_ARGS__))(__VA_ARGS__)
#define ARGUMENTS(...)                                                                             \
	(long[6])                                                                                  \
	{                                                                                          \
		__VA_OPT__(CASTS(__VA_ARGS__))                                                     \
	}
/* Makes the call; the result is negative errno on failure, as the kernel returns it. */
#define call(nr, ...) call_made(nr, ARGUMENTS(__VA_ARGS__))
/* The same through int 0x80 (from 64-bit code, too): numbers are those of i386. */
#define call80(nr, ...) call_made_80(nr, ARGUMENTS(__VA_ARGS__))

/* A 64-bit argument: two registers of a 32-bit program, low one first. */
#ifdef __i386__
#define WIDE(x) (long)((uint64_t)(x)&0xffffffff), (long)((uint64_t)(x) >> 32)
#define BITS    32
#else
#define WIDE(x) (long)(x)
#define BITS    64
#endif

struct made {
	long tid;
	int abi; /* 64 or 32 */
	long nr;
	long result;
	const char *flags;             /* "child_return", NULL: none */
	long long before_ns, after_ns; /* since the epoch; 0: not known */
};

extern __thread struct made made; /* this thread's last call */

long call_made(long nr, const long args[6]);
long call_made_80(long nr, const long args[6]);

/* ---- what must be recorded ---- */

void must(const char *format, ...) __attribute__((format(printf, 1, 2)));
void must_of(const struct made *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An event that is no call: procexit, signaldeliver. */
void must_event(long tid, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A record of this thread that comes from a call that did not go through call(). */
void must_call(long nr, long result, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Something that cannot be tried here, and why. */
void cannot(const char *what, const char *why);

extern unsigned snaplen; /* the capture's, from the command line */

/* "#HEX" of the bytes that are recorded of a buffer; notes that they were cut. Rotating static
 * memory. */
const char *data(const void *bytes, size_t len);
/* The next record is to be marked as truncated. */
void cut_short(void);
/* What is recorded of len bytes that cannot be read. */
const char *unreadable(size_t len);
/* "#HEX" of all of them. */
const char *bytes(const void *bytes, size_t len);
/* A text with the odd bytes escaped, "-" for NULL. */
const char *text(const char *s);
/* printf into rotating static memory. */
const char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A file's device as the family writes it, its inode number. */
unsigned dev_of(int fd);
unsigned long long ino_of(int fd);
/* " dev=... ino=..." of a returned fd, absent ones when it is none. */
const char *dev_ino(long fd);

/* What /proc/self/NAME links to, or says; static memory. */
const char *proc_link(const char *name);
const char *proc_text(const char *name);
/* A number after "NAME:" in /proc/self/status, in the given base. */
unsigned long long status_number(const char *name, int base);

/* The parameters that clone, fork, exec share, of the calling process: " exe=... vm_swap=...". */
const char *task_begin(void);
const char *task_middle(void); /* comm, cgroups */
const char *task_end(void);    /* uid to pidns_init_start_ts of clone */
extern char **arguments;
/* Of a task in a PID namespace: what it is called outside. 0: no such. */
extern long outer_tid, outer_ptid;

/* From calls_exec.c: a child that executes this program at path, which says what must be recorded.
 */
void child_execs(const char *path, const char *flags, const char *more);
int copy_of_self(const char *path, int fd);
/* The same in this process, which lives in a PID namespace and is called so outside. */
void exec_inside(long outer, long outer_parent);

/* Memory: n readable bytes in front of an unreadable page; an address where nothing is. */
char *edge(size_t n);
#define NOWHERE ((void *)16)

/* Waits for a child's end; what must be recorded of it comes afterwards. Returns its status. */
int wait_for(long pid);
/* The event of a task's end, after its other ones; reaper: who gets its children, "?" for whoever.
 */
void must_end(long pid, int status, const char *reaper);
/* The last call of a task that ended with exit_group. */
void must_exit_group(long pid, int status);

/* ---- groups of calls ---- */

void calls_files(void);
void calls_io(void);
void calls_sockets(void);
void calls_options(void);
void calls_waits(void);
void calls_memory(void);
void calls_ids(void);
void calls_ipc(void);
void calls_times(void);
void calls_signals(void);
void calls_tasks(void);
void calls_exec(void);
void calls_spaces(void);
void calls_odd(void);
void calls_int80(void);
int after_exec(int argc, char **argv);
