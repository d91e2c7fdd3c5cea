/*
 * Records put aside for random access. What an event's record says depends on all events before it, so the records are
 * kept as they came out: in compressed frames, on disk when they become many.
 *
 *	place = record_spool_add(&s, bytes, len, time_ns, &err);
 *	record_spool_get(&s, place, &bytes, &len, &time_ns, &err);
 *
 * Memory: RECORD_SPOOL_CACHED frames, 8 MiB of compressed ones, 16 bytes for each frame.
 */
#pragma once
#include "format/spool.h"
#include "sinks/event_record.h"

#define RECORD_SPOOL_FRAME  (1u << 20) /* bytes in a frame, about */
#define RECORD_SPOOL_CACHED 4u
#define RECORD_PLACE_BIT    (INT64_C(1) << 62) /* set in places, so that they are no offsets in a file */

struct record_spool;
struct record_spool *record_spool_new(void); /* NULL: out of memory */
void record_spool_free(struct record_spool *s);
/* The place (with RECORD_PLACE_BIT), or negative errno. */
int64_t record_spool_add(struct record_spool *s, const uint8_t *bytes, size_t len, uint64_t time_ns,
			 struct error *err);
/* Views valid until the next call. 0, -EINVAL (no such place), or what reading failed with. */
int record_spool_get(struct record_spool *s, int64_t place, const uint8_t **ret_bytes,
		     size_t *ret_len, uint64_t *ret_time_ns, struct error *err);
