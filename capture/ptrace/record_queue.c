#include "capture/ptrace/record_queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_MAX (16u << 20) /* bytes; whoever fills it waits then */
#define MUCH	  (1u << 20)  /* bytes worth waking somebody for */

void record_queue_init(struct record_queue *q)
{
	pthread_condattr_t monotonic;

	memset(q, 0, sizeof *q);
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&q->has_room, &monotonic);
	pthread_cond_init(&q->has_news, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void record_queue_done(struct record_queue *q)
{
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->has_room);
	pthread_cond_destroy(&q->has_news);
	free(q->filled.data);
	free(q->taken.data);
}

static uint8_t *area_room(struct record_area *a, size_t len)
{
	if (len > a->cap - a->len) {
		size_t cap = a->cap ? a->cap * 2 : 1u << 20;
		uint8_t *data;

		while (len > cap - a->len)
			cap *= 2;
		data = realloc(a->data, cap);
		if (!data)
			return NULL;
		a->data = data;
		a->cap = cap;
	}
	a->len += len;
	return a->data + a->len - len;
}

static size_t room_of(const struct record *r)
{
	return (r->size + 7) / 8 * (size_t)8;
}

void record_queue_put(struct record_queue *q, const struct record *r)
{
	uint8_t *room;

	pthread_mutex_lock(&q->lock);
	while (!q->unbounded && q->filled.len > QUEUE_MAX)
		pthread_cond_wait(&q->has_room, &q->lock);
	room = area_room(&q->filled, room_of(r));
	if (room)
		memcpy(room, r, r->size);
	else
		q->out_of_memory = true;
	if (q->filled.len > MUCH && !q->news) {
		q->news = true;
		pthread_cond_signal(&q->has_news);
	}
	pthread_mutex_unlock(&q->lock);
}

void record_queue_bind(struct record_queue *q, bool bounded)
{
	pthread_mutex_lock(&q->lock);
	q->unbounded = !bounded;
	pthread_cond_broadcast(&q->has_room);
	pthread_mutex_unlock(&q->lock);
}

void record_queue_wake(struct record_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->news = true;
	pthread_cond_signal(&q->has_news);
	pthread_mutex_unlock(&q->lock);
}

static struct timespec in_ns(uint64_t ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns += (uint64_t)t.tv_nsec;
	t.tv_sec += (time_t)(ns / 1000000000u);
	t.tv_nsec = (long)(ns % 1000000000u);
	return t;
}

void record_queue_wait(struct record_queue *q, uint64_t max_ns)
{
	struct timespec until = in_ns(max_ns);

	pthread_mutex_lock(&q->lock);
	while (!q->news && pthread_cond_timedwait(&q->has_news, &q->lock, &until) == 0)
		;
	q->news = false;
	pthread_mutex_unlock(&q->lock);
}

void record_queue_say(struct record_queue *q, bool *flag)
{
	pthread_mutex_lock(&q->lock);
	*flag = true;
	pthread_cond_broadcast(&q->has_room);
	pthread_mutex_unlock(&q->lock);
}

bool record_queue_heard(struct record_queue *q, const bool *flag, uint64_t max_ns)
{
	struct timespec until = in_ns(max_ns);
	bool heard;

	pthread_mutex_lock(&q->lock);
	while (!*flag && max_ns && pthread_cond_timedwait(&q->has_room, &q->lock, &until) == 0)
		;
	heard = *flag;
	pthread_mutex_unlock(&q->lock);
	return heard;
}

static void areas_swap(struct record_queue *q)
{
	struct record_area empty = q->taken;

	empty.len = 0;
	pthread_mutex_lock(&q->lock);
	q->taken = q->filled;
	q->filled = empty;
	pthread_cond_broadcast(&q->has_room);
	pthread_mutex_unlock(&q->lock);
	q->taken_at = 0;
}

size_t record_queue_take(struct record_queue *q, size_t max_bytes, recorder_take *take, void *context,
			 bool *ret_empty)
{
	size_t taken = 0;

	if (q->taken_at == q->taken.len)
		areas_swap(q);
	while (q->taken_at < q->taken.len && taken < max_bytes) {
		const struct record *r = (const void *)(q->taken.data + q->taken_at);

		take(context, r);
		q->taken_at += room_of(r);
		taken += r->size;
	}
	*ret_empty = q->taken_at == q->taken.len;
	return taken;
}
