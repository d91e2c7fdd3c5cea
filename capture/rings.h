/*
 * BPF ring buffers as user space sees them: number 0 for what changes state, the others for the rest.
 *
 * The kernel fills and maps 72 MiB of pages for them, which takes as long as reading the programs and
 * verifying them: rings_begin() starts on the bulk rings in a thread of its own, rings_end() waits for it.
 */
#pragma once
#include "base/error.h"
#include "capture/bpf/shared.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct ring_view {
	int fd; /* -1: none */
	size_t size;		      /* of the data, a power of two */
	const uint64_t *producer;
	uint64_t *consumer;
	const uint8_t *data;	      /* mapped twice, so that no record breaks off at the end */
	void *consumer_page, *producer_pages;
};

struct rings {
	unsigned n_bulk;
	int outer_fd;		      /* the map of the bulk rings, for the programs */
	struct ring_view views[1 + RINGS_MAX];
	pthread_t thread;
	bool running;
	struct error error;
	int result;
};

/* Of the bulk rings, n of them, each size bytes: both powers of two. */
int rings_begin(struct rings *r, unsigned n, size_t size); /* 0 or negative errno */
/* Maps the state ring, whose map the BPF object brings along, and waits for the others. */
int rings_end(struct rings *r, int state_fd, size_t state_size, struct error *err);
void rings_free(struct rings *r);

/* As engine_drain(). */
size_t ring_drain(struct ring_view *ring, size_t max_bytes,
		  void (*take)(void *context, const struct record *r), void *context, bool *ret_empty);
