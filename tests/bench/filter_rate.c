/*
 * How many events per second a filter's parts decide, on a batch in memory. usage: filter_rate [rounds]
 */
#include "filters/filter.h"
#include "tests/unit/capture_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* About the mix of a shell session: reads, opens, mmaps, closes, some failures. */
static void fill(struct maker *m)
{
	static const char *const names[] = {"read", "openat", "mmap", "close", "fstat", "write", "getuid", "read"};
	static const char *const paths[] = {"/etc/hosts", "/usr/lib/libc.so.6", "/proc/1/stat", "/etc/passwd"};
	uint32_t seed = 1;

	for (uint32_t i = 0; i < BATCH_EVENTS; i++) {
		struct maker_event e = {.fd = 3};
		const char *name;

		seed = seed * 1103515245 + 12345;
		name = names[seed >> 16 & 7];
		e.tid = 100 + (seed >> 20 & 7);
		e.result = (seed >> 24) % 10 ? 3 : -2;
		e.cpu = seed >> 28 & 3;
		e.duration_ns = seed % 100000;
		maker_add_args(m, name, &e, &TEXT("name", paths[seed >> 8 & 3]), !strcmp(name, "openat"));
	}
}

static void columns(struct maker *m, const char *text, int rounds)
{
	static uint64_t bits[BATCH_EVENTS / 64];
	struct filter *f = filter_new(text, NULL);
	int64_t n = 0;
	double best = 1e9;

	for (int k = 0; k < 5; k++) {
		double start = now(), took;

		for (int i = 0; i < rounds; i++)
			n = filter_columns(f, &m->bb.batch, bits, NULL);
		took = now() - start;
		best = took < best ? took : best;
	}
	printf("%8.0f M/s columns  %5.1f %% pass  %s\n", rounds * (double)BATCH_EVENTS / best / 1e6,
	       100.0 * (double)n / BATCH_EVENTS, text);
	filter_free(f);
}

static void one_by_one(struct maker *m, struct state *st, const char *text, int rounds)
{
	struct filter *f = filter_new(text, NULL);
	uint64_t n = 0;
	double best = 1e9;

	for (int k = 0; k < 5; k++) {
		double start = now(), took;

		n = 0;
		for (int i = 0; i < rounds; i++) {
			state_batch(st, &m->bb.batch);
			for (uint32_t at = 0; at < m->bb.batch.n_events; at++) {
				struct event ev;

				event_at(&ev, &m->bb.batch, at);
				if (event_info_is_state(ev.info))
					state_apply(st, &ev);
				else
					state_look(st, &ev, true);
				n += filter_match(f, &ev, st);
				state_settle(st);
			}
		}
		took = now() - start;
		best = took < best ? took : best;
	}
	printf("%8.1f M/s each     %5.1f %% pass  %s\n", rounds * (double)BATCH_EVENTS / best / 1e6,
	       100.0 * (double)n / rounds / BATCH_EVENTS, text);
	filter_free(f);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 200;
	struct schema *schema = schema_new();
	struct state *st = state_new(schema);
	struct maker m;

	if (!schema || !st || maker_init(&m, schema) < 0)
		return 1;
	fill(&m);
	columns(&m, "evt.type=openat", rounds);
	columns(&m, "evt.type in (read, write)", rounds);
	columns(&m, "evt.latency > 50us", rounds);
	columns(&m, "thread.tid=103", rounds);
	columns(&m, "evt.failed=true", rounds);
	columns(&m, "evt.res=ENOENT and evt.type=openat", rounds);
	columns(&m, "fd.name contains /etc", rounds);
	one_by_one(&m, st, "", rounds / 20 + 1);
	one_by_one(&m, st, "fd.name contains /etc", rounds / 20 + 1);
	one_by_one(&m, st, "proc.name=curl", rounds / 20 + 1);
	one_by_one(&m, st, "evt.args contains etc", rounds / 100 + 1);
	maker_done(&m);
	state_free(st);
	schema_free(schema);
	return 0;
}
