/*
 * What one system call costs: prints "NAME MEDIAN QUARTILE", in nanoseconds, for getppid, an openat that fails, and
 * a read of 200 bytes. The median of all rounds, and the lower quartile: where others share the machine, that
 * of the rounds which they left alone.
 *
 *	call_cost [CALLS-PER-ROUND]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 400 /* short ones: a neighbour that comes and goes spoils some of them and not all a little */

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

static void measure(const char *name, void (*call)(void), long n)
{
	static double rounds[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		struct timespec a, b;

		clock_gettime(CLOCK_MONOTONIC, &a);
		for (long k = 0; k < n; k++)
			call();
		clock_gettime(CLOCK_MONOTONIC, &b);
		rounds[i] = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)n;
	}
	qsort(rounds, ROUNDS, sizeof *rounds, by_value);
	printf("%s %.0f %.0f\n", name, rounds[ROUNDS / 2], rounds[ROUNDS / 4]);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000;

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
