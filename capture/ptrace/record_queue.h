/*
 * Records on their way from the thread that makes them to the one that takes them. Two areas: one is
 * filled while the other is emptied.
 */
#pragma once
#include "capture/recorder.h"

#include <pthread.h>

struct record_area {
	uint8_t *data;
	size_t len, cap;
};

struct record_queue {
	pthread_mutex_t lock;
	pthread_cond_t has_room, has_news;
	struct record_area filled; /* behind the lock */
	bool news;		   /* wait for no longer */
	bool unbounded;		   /* nobody empties it at the moment: never wait */
	bool out_of_memory;
	struct record_area taken; /* of the taker alone */
	size_t taken_at;
};

void record_queue_init(struct record_queue *q);
void record_queue_done(struct record_queue *q);
/* Copies it; waits while much is in the queue. */
void record_queue_put(struct record_queue *q, const struct record *r);
/* false: from now on put never waits. */
void record_queue_bind(struct record_queue *q, bool bounded);
/* For the taker: until there is much to take, somebody wakes it, or time is up. */
void record_queue_wait(struct record_queue *q, uint64_t max_ns);
void record_queue_wake(struct record_queue *q);
/* What one thread tells the other besides: a flag that only these two touch. heard: waits for it at most that long. */
void record_queue_say(struct record_queue *q, bool *flag);
bool record_queue_heard(struct record_queue *q, const bool *flag, uint64_t max_ns);
/* As recorder_drain(). */
size_t record_queue_take(struct record_queue *q, size_t max_bytes, recorder_take *take, void *context,
			 bool *ret_empty);
