/*
 * What one system call costs: prints "NAME MEDIAN UNDISTURBED SHARE", nanoseconds for getppid, an openat that fails, and
 * a read of 200 bytes: the median of all rounds, and of those (that share of them, in percent) before and after
 * which a loop without calls ran as fast as it ever did. Where two processors are one core, and the other
 * one may be another machine's, all work takes half as long again while both are busy.
 *
 *	call_cost [CALLS-PER-ROUND]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	  2000
#define LOOPS	  10000
#define TOLERANCE 1.1

static int zero;
static char bytes[200];

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void call_openat(void)
{
	syscall(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY);
}

static void call_read(void)
{
	if (read(zero, bytes, sizeof bytes) != sizeof bytes)
		abort();
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* As many independent additions at a time as the core can take: who shares it takes some of them. */
static double loop_ns(void)
{
	unsigned long a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
	double begin = now_ns();

	for (unsigned long i = 0; i < LOOPS; i++) {
		a += i, b += i, c += i, d += i, e += i, f += i;
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	}
	return now_ns() - begin;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned n)
{
	qsort(values, n, sizeof *values, by_value);
	return values[n / 2];
}

/* The slower of the loops before and after a round says whether it was disturbed. */
static void measure(const char *name, void (*call)(void), long n)
{
	static double per_call[ROUNDS], loops[ROUNDS], sorted[ROUNDS], undisturbed[ROUNDS];
	double limit, before = loop_ns(), all;
	unsigned n_undisturbed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		double begin = now_ns(), after;

		for (long k = 0; k < n; k++)
			call();
		per_call[i] = (now_ns() - begin) / (double)n;
		after = loop_ns();
		sorted[i] = loops[i] = after > before ? after : before;
		before = after;
	}
	qsort(sorted, ROUNDS, sizeof *sorted, by_value);
	limit = sorted[ROUNDS / 50] * TOLERANCE; /* the very fastest may have been a clock's mistake */
	for (int i = 0; i < ROUNDS; i++)
		if (loops[i] <= limit)
			undisturbed[n_undisturbed++] = per_call[i];
	all = median(per_call, ROUNDS);
	printf("%s %.0f %.0f %u\n", name, all, median(undisturbed, n_undisturbed), n_undisturbed * 100 / ROUNDS);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 200;

	zero = open("/dev/zero", O_RDONLY);
	if (zero < 0 || n < 1) {
		fprintf(stderr, "usage: call_cost [CALLS-PER-ROUND]\n");
		return 2;
	}
	measure("getppid", call_getppid, n);
	measure("openat", call_openat, n);
	measure("read", call_read, n);
	return 0;
}
