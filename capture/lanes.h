/*
 * The lanes of capture/bpf/lane.h as user space sees them: those for what changes state, of each CPU one
 * and one of the iterator; then those for the rest, of each CPU one.
 *
 * Making and mapping 70 MiB of pages takes as long as reading the programs: lanes_begin() starts on it in
 * a thread of its own, lanes_end() waits for it.
 */
#pragma once
#include "base/error.h"
#include "capture/bpf/shared.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* A map of lanes of one size. */
struct lane_map {
	const char *name;
	int fd;		  /* -1: none */
	unsigned n;
	uint32_t size;	  /* of one lane's data, a power of two */
	uint8_t *memory;
	size_t mapped;
};

struct lanes {
	struct lane_map state, bulk;
	pthread_t thread;
	bool running;
	struct error error;
	int result;
};

/* Sizes are powers of two. */
void lanes_begin(struct lanes *l, unsigned n_cpus, uint32_t state_size, uint32_t bulk_size);
int lanes_end(struct lanes *l, struct error *err); /* 0 or negative errno; for -EPERM the caller has better words */
void lanes_free(struct lanes *l);

/* As engine_drain(), of the i-th lane. */
size_t lane_drain(struct lanes *l, unsigned i, size_t max_bytes,
		  void (*take)(void *context, const struct record *r), void *context, bool *ret_empty);
