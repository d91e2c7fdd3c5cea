/*
 * Two CPUs that flood: what the source hands out is in order of time, complete, and needs bounded memory.
 * The order of the two threads' calls among each other is known: they take turns on a counter.
 */
#include "capture/engine.h"
#include "capture/source_bpf.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAGED_BOUND (160u << 20) /* the rings' 64 MiB, twice, and what one round adds */

static unsigned n_calls;
static atomic_uint turn;

/*
 * A call with its number as argument. Now and then the threads wait for each other: the calls before
 * that have then returned on one CPU before those after it begin on the other.
 */
static void *flood(void *which)
{
	unsigned me = (unsigned)(uintptr_t)which;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(me % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof set, &set);
	for (unsigned i = 0; i < n_calls; i++) {
		if (i % 1000 == 0) {
			while (atomic_load(&turn) != i / 1000 * 2 + me)
				sched_yield();
			syscall(SYS_getpriority, 4 + me, i); /* refused, and that is all right */
			atomic_fetch_add(&turn, 1);
		} else {
			syscall(SYS_getppid);
		}
	}
	return NULL;
}

static void child_run(int go)
{
	pthread_t threads[2];
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(1);
	for (uintptr_t i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, flood, (void *)i))
			_exit(1);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

struct seen {
	uint64_t n_calls, n_turns, n_back, n_wrong_turns, last_ns, n_lost;
};

static void look_at(const struct batch *b, struct seen *s, uint16_t type_turn, uint16_t type_call)
{
	for (uint32_t i = 0; i < b->n_events; i++) {
		s->n_back += b->time_ns[i] < s->last_ns;
		s->last_ns = b->time_ns[i];
		s->n_calls += b->type[i] == type_call;
		if (b->type[i] == type_turn) {
			static int64_t previous;
			int64_t tid = b->tids[b->tid_index[i]];

			/* They alternate. */
			s->n_wrong_turns += s->n_turns && tid == previous;
			previous = tid;
			s->n_turns++;
		}
	}
}

static bool child_ended(void *context)
{
	siginfo_t info = {0};

	return waitid(P_PID, *(id_t *)context, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

static int report(const struct seen *s, const struct source_bpf_stats *stats)
{
	uint64_t turns = n_calls / 1000 * 2, calls = turns * 999;
	/* What is lost may be anybody's: then nothing is known of who is missing, or whose turn it was. */
	bool complete = s->n_lost || (s->n_turns == turns && s->n_calls == calls && !s->n_wrong_turns);
	bool fine = complete && !s->n_back && stats->n_late <= stats->n_records / 1000 &&
		    stats->staged_max <= STAGED_BOUND && s->n_turns + s->n_calls + s->n_lost >= turns + calls;

	printf("measured - two CPUs: %llu records, %llu late, %llu lost, %llu turns, at most %.1f MiB waiting\n",
	       (unsigned long long)stats->n_records, (unsigned long long)stats->n_late,
	       (unsigned long long)s->n_lost, (unsigned long long)s->n_turns,
	       (double)stats->staged_max / (1 << 20));
	if (!fine)
		printf("WRONG: %llu back in time, %llu turns out of order, %llu calls\n",
		       (unsigned long long)s->n_back, (unsigned long long)s->n_wrong_turns,
		       (unsigned long long)s->n_calls);
	return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
	static volatile bool stop;
	struct error err = {0};
	struct source_bpf_stats stats;
	struct seen seen = {0};
	struct source *source;
	struct item item;
	uint32_t pid;
	int go[2], r;

	n_calls = argc > 1 ? (unsigned)atoi(argv[1]) / 1000 * 1000 : 200000;
	if (pipe(go) < 0)
		return 1;
	pid = (uint32_t)fork();
	if (pid == 0)
		child_run(go[0]);
	struct engine_options options = {.tree_pids = &pid, .n_tree_pids = 1, .snaplen = 80};
	struct recorder *engine = recorder_bpf_new(&options, &err);
	struct source_bpf_options s = {.recorder = engine, .batch_ns = 400000000, .stop = &stop,
				       .ended = child_ended, .context = &pid};

	source = engine ? source_bpf_new(&s, &err) : NULL;
	if (!source || recorder_start(engine, &err) < 0 || write(go[1], "", 1) != 1) {
		printf("%s\n", err.text);
		return 77;
	}
	while ((r = source->ops->next(source, &item, &err)) > 0) {
		if (item.kind == ITEM_EVENTS)
			look_at(item.batch, &seen, syscall_by_name("getpriority")->event,
				syscall_by_name("getppid")->event);
		else if (item.kind == ITEM_LOSS)
			seen.n_lost += item.loss->count;
	}
	source_bpf_stats(source, &stats);
	source_close(source);
	recorder_free(engine);
	waitpid((pid_t)pid, NULL, 0);
	if (r < 0)
		printf("%s\n", err.text);
	return r < 0 ? 1 : report(&seen, &stats);
}
