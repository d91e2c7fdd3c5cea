#include "format/emitter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * One job is being filled while others are compressed and written by the thread; when all are in use
 * the caller waits, so memory is bounded and a slow disk is felt where events are read from the
 * kernel, which counts what it then drops.
 */
#define N_JOBS	    3u
#define CALM_BLOCKS 64u /* so many blocks without a full queue raise the level again */

struct native_writer {
	struct emitter emitter;
	struct native_writer_options options;
	struct job jobs[N_JOBS];
	uint32_t filling;	/* the caller's job */
	struct packet_writer packets;
	uint64_t packets_ns;	/* the time of the first packet in that job */

	bool has_thread, ended;
	bool has_handed_on;	/* a job, before there was a thread */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t n_queued;	/* jobs behind `filling` that wait or are at work; under lock */
	bool stop;		/* under lock */
	struct error error;	/* the first; under lock */
	atomic_bool failed;
	atomic_int level;
	uint32_t n_calm;
};

/* ---- the work, here or in the thread ---- */

static void writer_fail(struct native_writer *w, const struct error *err)
{
	pthread_mutex_lock(&w->lock);
	if (!w->error.code)
		w->error = *err;
	pthread_mutex_unlock(&w->lock);
	atomic_store(&w->failed, true);
}

static void job_run(struct native_writer *w, struct job *job)
{
	struct error err = {0};

	if (!atomic_load(&w->failed) && emitter_job(&w->emitter, job, atomic_load(&w->level), &err) < 0)
		writer_fail(w, &err);
	batch_builder_reset(&job->events);
	buffer_clear(&job->state);
	buffer_clear(&job->packets);
	job->n_entries = job->n_losses = 0;
}

static void *writer_main(void *context)
{
	struct native_writer *w = context;
	uint32_t at = 0;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->n_queued && !w->stop)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->stop)
			break;
		pthread_mutex_unlock(&w->lock);
		job_run(w, &w->jobs[at]);
		at = (at + 1) % N_JOBS;
		pthread_mutex_lock(&w->lock);
		w->n_queued--;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- the caller's side ---- */

static bool job_empty(const struct job *job)
{
	return !job->events.batch.n_events && !job->n_entries && !job->n_losses && !job->packets.len;
}

/* The queue is full: compress less from here on; after a while of calm, more again. */
static void level_adapt(struct native_writer *w, bool full)
{
	int level = atomic_load(&w->level);

	if (!w->options.step_down)
		return;
	if (full) {
		w->n_calm = 0;
		if (level > 1)
			atomic_store(&w->level, level - 1);
	} else if (++w->n_calm >= CALM_BLOCKS && level < w->options.level) {
		w->n_calm = 0;
		atomic_store(&w->level, level + 1);
	}
}

/* 0, or why there is none. */
static int thread_start(struct native_writer *w)
{
	sigset_t all, before;
	int r = 0;

	for (unsigned i = 1; i < N_JOBS && r == 0; i++)
		r = batch_builder_init(&w->jobs[i].events, w->emitter.schema);
	if (r < 0)
		return r;
	/* Signals belong to the caller's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->has_thread = r == 0;
	return -r;
}

/*
 * Hands the filled job on and waits for a free one. The first is done here: a short command's capture has
 * no other, and a thread costs more than that.
 */
static void job_submit(struct native_writer *w)
{
	bool wants_thread = w->options.threaded && w->has_handed_on && !w->has_thread;
	struct error err = {0};
	int r;

	if (job_empty(&w->jobs[w->filling]))
		return;
	/* Once: who has failed writes no more. */
	if (wants_thread && !atomic_load(&w->failed) && (r = thread_start(w)) < 0) {
		error_set(&err, r, "cannot start a thread for writing: %s", strerror(-r));
		writer_fail(w, &err);
	}
	w->has_handed_on = true;
	if (!w->has_thread) {
		job_run(w, &w->jobs[w->filling]);
		return;
	}
	pthread_mutex_lock(&w->lock);
	w->n_queued++;
	pthread_cond_broadcast(&w->changed);
	level_adapt(w, w->n_queued == N_JOBS);
	while (w->n_queued == N_JOBS)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
	w->filling = (w->filling + 1) % N_JOBS;
}

static int writer_check(struct native_writer *w, struct error *err)
{
	int r;

	if (!atomic_load(&w->failed))
		return w->ended ? error_set(err, -EINVAL, "the capture is finished") : 0;
	pthread_mutex_lock(&w->lock);
	r = error_set(err, w->error.code, "%s", w->error.text);
	pthread_mutex_unlock(&w->lock);
	return r;
}

static void thread_stop(struct native_writer *w)
{
	if (!w->has_thread)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	w->has_thread = false;
}

/* Packet tools want to know of interfaces early: those that are known stand first. */
static int writer_begin(struct native_writer *w, const struct capture_info *info, struct error *err)
{
	struct buffer interfaces = {0};
	int r = 0;

	for (uint32_t i = 0; i < info->n_interfaces && r == 0; i++)
		r = packet_writer_interface(&w->packets, &interfaces, &info->interfaces[i]);
	if (r < 0)
		error_set(err, r, r == -E2BIG ? "too many interfaces" : "out of memory");
	else
		r = emitter_begin(&w->emitter, info, &interfaces, err);
	buffer_done(&interfaces);
	return r;
}

struct native_writer *native_writer_new(int fd, const struct capture_info *info,
					const struct schema *schema,
					const struct native_writer_options *options, struct error *err)
{
	struct native_writer *w = calloc(1, sizeof *w);
	int r;

	if (!w) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->options = *options;
	if (w->options.level <= 0)
		w->options.level = NATIVE_LEVEL;
	if (w->options.level > ZSTD_maxCLevel())
		w->options.level = ZSTD_maxCLevel();
	atomic_init(&w->level, w->options.level);
	r = emitter_init(&w->emitter, fd, schema);
	if (r == 0)
		r = batch_builder_init(&w->jobs[0].events, schema);
	if (r < 0)
		error_set(err, r, "out of memory");
	if (r == 0)
		r = writer_begin(w, info, err);
	if (r < 0) {
		native_writer_free(w);
		return NULL;
	}
	return w;
}

static int event_add(struct native_writer *w, const struct batch *b, uint32_t i, uint16_t flags_or,
		     struct error *err)
{
	struct batch_row row = batch_row_of(b, i);
	struct batch *open = &w->jobs[w->filling].events.batch;
	int r;

	row.flags |= flags_or;
	if (open->n_events && row.time_ns > open->time_ns[0] &&
	    row.time_ns - open->time_ns[0] >= WIRE_SPAN_NS)
		job_submit(w);
	r = batch_builder_add(&w->jobs[w->filling].events, &row);
	if (r == -ENOBUFS) {
		job_submit(w);
		r = batch_builder_add(&w->jobs[w->filling].events, &row);
	}
	return r < 0 ? error_set(err, r, "event of type %u with %u bytes cannot be written", row.type,
				 row.payload_len)
		     : 0;
}

int native_writer_events(struct native_writer *w, struct batch *batch, const uint32_t *selected,
			 uint32_t n_selected, const uint16_t *flags_or, struct error *err)
{
	uint32_t n = selected ? n_selected : batch->n_events;
	int r = writer_check(w, err);

	if (r < 0 || n == 0 || (r = batch_need(batch, COLUMNS_ALL, err)) < 0)
		return r;
	for (uint32_t k = 0; k < n && r == 0; k++) {
		uint32_t i = selected ? selected[k] : k;

		r = event_add(w, batch, i, flags_or ? flags_or[i] : 0, err);
	}
	if (w->jobs[w->filling].events.batch.n_events == BATCH_EVENTS || w->options.prompt)
		job_submit(w);
	return r < 0 ? r : writer_check(w, err);
}

int native_writer_state(struct native_writer *w, const struct state_entry *entries, size_t n,
			struct error *err)
{
	int r = writer_check(w, err);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct job *job = &w->jobs[w->filling];
		size_t before = job->state.len;

		if ((entries[i].kind == ENTRY_RESET || w->options.state_in_place) &&
		    job->events.batch.n_events) {
			job_submit(w);
			job = &w->jobs[w->filling];
			before = 0;
		}
		state_entry_encode(&job->state, &entries[i]);
		if (buffer_failed(&job->state))
			return error_set(err, -ENOMEM, "out of memory");
		if (job->state.len > JOB_STATE_MAX && before) {
			job->state.len = before;
			job_submit(w);
			job = &w->jobs[w->filling];
			state_entry_encode(&job->state, &entries[i]);
		}
		job->n_entries++;
		r = writer_check(w, err);
	}
	return r;
}

int native_writer_loss(struct native_writer *w, const struct loss_entry *loss, struct error *err)
{
	struct job *job = &w->jobs[w->filling];
	int r = writer_check(w, err);

	if (r < 0)
		return r;
	job->losses[job->n_losses++] = *loss;
	if (job->n_losses == JOB_LOSSES)
		job_submit(w);
	return writer_check(w, err);
}

int native_writer_packet(struct native_writer *w, const struct packet *p, struct error *err)
{
	struct job *job = &w->jobs[w->filling];
	int r = writer_check(w, err);

	if (r < 0)
		return r;
	/* No longer than events wait, also when there are none. */
	if (job->packets.len && (job->packets.len + p->captured > JOB_PACKETS_MAX - PACKET_HEADS_MAX ||
				 (p->time_ns > w->packets_ns && p->time_ns - w->packets_ns >= WIRE_SPAN_NS))) {
		job_submit(w);
		job = &w->jobs[w->filling];
	}
	if (!job->packets.len)
		w->packets_ns = p->time_ns;
	r = packet_writer_put(&w->packets, &job->packets, p);
	if (r == -E2BIG)
		return error_set(err, r, "a packet is longer than %u bytes, or of too many interfaces", PACKET_LEN_MAX);
	return r < 0 ? error_set(err, r, "out of memory") : writer_check(w, err);
}

int native_writer_flush(struct native_writer *w, struct error *err)
{
	if (w->has_thread) {
		job_submit(w);
		pthread_mutex_lock(&w->lock);
		while (w->n_queued)
			pthread_cond_wait(&w->changed, &w->lock);
		pthread_mutex_unlock(&w->lock);
	} else if (!job_empty(&w->jobs[w->filling])) {
		/* The caller waits for it: no reason for a thread. */
		job_run(w, &w->jobs[w->filling]);
	}
	return writer_check(w, err);
}

int native_writer_finish(struct native_writer *w, struct error *err)
{
	struct error words = {0};
	int r = native_writer_flush(w, err);

	thread_stop(w);
	if (r == 0 && emitter_end(&w->emitter, &words) < 0) {
		writer_fail(w, &words);
		r = writer_check(w, err);
	}
	w->ended = true;
	return r;
}

void native_writer_free(struct native_writer *w)
{
	if (!w)
		return;
	thread_stop(w);
	for (unsigned i = 0; i < N_JOBS; i++) {
		batch_builder_done(&w->jobs[i].events);
		buffer_done(&w->jobs[i].state);
		buffer_done(&w->jobs[i].packets);
	}
	packet_writer_done(&w->packets);
	emitter_done(&w->emitter);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	free(w);
}
