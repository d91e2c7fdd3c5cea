/*
 * What the state costs per event, and what it costs to write an event's arguments.
 *
 *	state_bench [million events]
 *
 * A mix as programs make it: 4 processes of 3 threads each; of 16 events 9 are reads and writes, 2
 * open files, 2 close them, 1 is about a socket, 2 have no fd. Prints nanoseconds of CPU per event, medians
 * of five runs.
 */
#include "state/render.h"
#include "tests/unit/capture_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define N_RUNS	    5
#define N_PROCESSES 4
#define N_THREADS   3

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

#define ON(tid_, fd_, result_) ((struct maker_event){.tid = (tid_), .fd = (fd_), .result = (result_)})

static void add(struct maker *m, unsigned i)
{
	int64_t pid = 1000 + 10 * (int64_t)(i / 48 % N_PROCESSES), tid = pid + i / 16 % N_THREADS;
	int32_t file = (int32_t)(3 + i / 16 % 8);
	uint8_t tuple[13];
	char path[64];

	maker_tuple(tuple, 0x0a00020f, (uint16_t)(40000 + i % 100), 0x08080808, 53);
	switch (i % 16) {
	case 0:
	case 8:
		snprintf(path, sizeof path, i % 3 ? "/usr/lib/x86_64-linux-gnu/lib%u.so" : "etc/conf.d/%u",
			 i / 16 % 500);
		maker_add(m, "openat", ON(tid, FD_NONE, file), TEXT("name", path), NUMBER("dirfd", -100),
			  NUMBER("flags", 4097), NUMBER("dev", 0xfd00), NUMBER("ino", i));
		break;
	case 7:
	case 15:
		maker_add_args(m, "close", &ON(tid, file, 0), NULL, 0);
		break;
	case 3:
		maker_add(m, "sendto", ON(tid, 40, 32), BYTES("data", path, 32), NUMBER("size", 32),
			  BYTES("tuple", tuple, sizeof tuple));
		break;
	case 5:
		maker_add(m, "futex", ON(tid, FD_NONE, 0), NUMBER("op", 129), NUMBER("val", 1));
		break;
	case 11:
		maker_add_args(m, "getppid", &ON(tid, FD_NONE, 1), NULL, 0);
		break;
	default:
		maker_add(m, i % 2 ? "read" : "write", ON(tid, file, 80), BYTES("data", path, 60),
			  NUMBER("size", 4096));
	}
}

static void populate(struct state *st)
{
	for (unsigned p = 0; p < N_PROCESSES; p++) {
		for (unsigned t = 0; t < N_THREADS; t++) {
			struct state_entry e = {.kind = ENTRY_THREAD};

			e.thread.pid = 1000 + 10 * p;
			e.thread.tid = e.thread.pid + t;
			e.thread.comm = text_of("worker");
			e.thread.cwd = text_of("/home/someone");
			state_entries(st, &e, 1, NULL);
		}
		struct state_entry e = {.kind = ENTRY_FD};

		e.fd = (struct fd_entry){.tid = 1000 + 10 * p, .fd = 40, .type = FD_IPV4_SOCK, .l4proto = 3};
		state_entries(st, &e, 1, NULL);
	}
}

enum what { LOOK_ONLY, STATE, STATE_AND_ARGS };

/* ns per event over n passes of the batch. */
static double run(const struct schema *schema, struct batch *b, unsigned n, enum what what)
{
	struct state *st = state_new(schema);
	struct buffer out = {0};
	struct event ev;
	double start, ns;

	populate(st);
	start = now_ns();
	for (unsigned pass = 0; pass < n; pass++) {
		state_batch(st, b);
		for (uint32_t i = 0; i < b->n_events; i++) {
			bool changes;

			event_at(&ev, b, i);
			changes = what != LOOK_ONLY && event_info_is_state(ev.info);
			if (changes)
				state_apply(st, &ev);
			else
				state_look(st, &ev, true);
			if (what == STATE_AND_ARGS)
				render_args(&out, &ev, st, NULL);
			if (changes)
				state_settle(st);
		}
		buffer_clear(&out);
	}
	ns = (now_ns() - start) / ((double)n * b->n_events);
	state_free(st);
	buffer_done(&out);
	return ns;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"look only", "state", "state and arguments"};
	double millions = argc > 1 ? atof(argv[1]) : 1;
	struct schema *schema = schema_new();
	struct maker m;
	unsigned n_passes, n_state = 0;

	if (!schema || maker_init(&m, schema) < 0)
		return 1;
	for (unsigned i = 0; m.bb.batch.n_events < BATCH_EVENTS - 2; i++)
		add(&m, i);
	for (uint32_t i = 0; i < m.bb.batch.n_events; i++)
		n_state += event_info_is_state(schema_find(schema, m.bb.batch.type[i])) != 0;
	n_passes = (unsigned)(millions * 1e6 / m.bb.batch.n_events) + 1;
	printf("%u events, %.0f %% change state\n", m.bb.batch.n_events,
	       100.0 * n_state / m.bb.batch.n_events);
	for (enum what w = LOOK_ONLY; w <= STATE_AND_ARGS; w++) {
		double ns[N_RUNS];

		for (unsigned r = 0; r < N_RUNS; r++)
			ns[r] = run(schema, &m.bb.batch, n_passes, w);
		qsort(ns, N_RUNS, sizeof *ns, ascending);
		printf("%-20s %6.1f ns/event %7.1f M/s\n", names[w], ns[N_RUNS / 2], 1e3 / ns[N_RUNS / 2]);
	}
	maker_done(&m);
	schema_free(schema);
	return 0;
}
