/*
 * What one system call costs: prints "NAME NANOSECONDS", the median of ROUNDS rounds, for getppid,
 * an openat that fails, and a read of 200 bytes.
 *
 *	call_cost [CALLS-PER-ROUND]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 15

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

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_ns(void (*call)(void), long n)
{
	double rounds[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		struct timespec a, b;

		clock_gettime(CLOCK_MONOTONIC, &a);
		for (long k = 0; k < n; k++)
			call();
		clock_gettime(CLOCK_MONOTONIC, &b);
		rounds[i] = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)n;
	}
	qsort(rounds, ROUNDS, sizeof *rounds, by_value);
	return rounds[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100000;

	zero = open("/dev/zero", O_RDONLY);
	if (zero < 0 || n < 1) {
		fprintf(stderr, "usage: call_cost [CALLS-PER-ROUND]\n");
		return 2;
	}
	printf("getppid %.0f\n", median_ns(call_getppid, n));
	printf("openat %.0f\n", median_ns(call_openat, n));
	printf("read %.0f\n", median_ns(call_read, n));
	return 0;
}
