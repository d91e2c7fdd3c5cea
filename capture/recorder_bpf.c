#include "capture/engine.h"
#include "capture/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct recorder_bpf {
	struct recorder recorder;
	struct engine *engine;
};

static struct engine *engine_of(struct recorder *r)
{
	return ((struct recorder_bpf *)r)->engine;
}

static int start(struct recorder *r, struct error *err)
{
	return engine_start(engine_of(r), err);
}

static void stop(struct recorder *r)
{
	struct timespec settle = {.tv_nsec = 5000000};

	engine_stop(engine_of(r));
	/* Programs that were running when they were detached finish on their own time. */
	nanosleep(&settle, NULL);
}

static int unfinished(struct recorder *r, recorder_tid *untouched, void *context, struct error *err)
{
	return engine_unfinished(engine_of(r), untouched, context, err);
}

static size_t drain(struct recorder *r, unsigned ring, size_t max_bytes, recorder_take *take, void *context,
		    bool *ret_empty)
{
	return engine_drain(engine_of(r), ring, max_bytes, take, context, ret_empty);
}

static void counters(struct recorder *r, int cpu, struct engine_counters *ret)
{
	engine_counters(engine_of(r), cpu, ret);
}

static uint64_t missed(struct recorder *r)
{
	return engine_missed(engine_of(r));
}

static void wait_for(struct recorder *r, uint64_t max_ns)
{
	struct timespec t = {.tv_nsec = (long)max_ns};

	nanosleep(&t, NULL);
}

static void recorder_bpf_free(struct recorder *r)
{
	engine_free(engine_of(r));
	free(r);
}

struct recorder *recorder_bpf_new(const struct engine_options *options, struct error *err)
{
	static const struct recorder_ops ops = {"bpf",	  start,  stop,     unfinished,	      drain,
						counters, missed, wait_for, recorder_bpf_free};
	struct recorder_bpf *r = calloc(1, sizeof *r);

	if (!r) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	r->engine = engine_new(options, err);
	if (!r->engine) {
		free(r);
		return NULL;
	}
	r->recorder = (struct recorder){
		.ops = &ops,
		.n_rings = engine_n_rings(r->engine),
		.n_state = engine_n_state_rings(r->engine),
		.n_cpus = engine_n_cpus(r->engine),
	};
	return &r->recorder;
}
