/*
 * From the items of a source to records (event_record.h): follows the state, leaves out what is hidden, and writes
 * down of each event all that its fields say.
 *
 *	teller_take(t, &item, &err);			// as they come
 *	while ((r = teller_next(t, &record)) > 0)	// after each batch, before the next item
 *		... record.bytes, valid until the next call ...
 */
#pragma once
#include "format/source.h"
#include "sinks/event_record.h"

struct teller;

struct told_record {
	const uint8_t *bytes;
	size_t len;
	uint64_t time_ns;
};

/* The schema is not owned and outlives the teller. NULL: out of memory. */
struct teller *teller_new(const struct schema *schema);
void teller_free(struct teller *t);
/* A batch must stay as it is until teller_next() gave 0. 0 or negative errno; damage costs its item alone. */
int teller_take(struct teller *t, const struct item *item, struct error *err);
/* 1: a record, 0: no more in this batch, -ENOMEM. */
int teller_next(struct teller *t, struct told_record *ret);
/* When the next record happened, without making it; false: there is none in this batch. */
bool teller_peek(const struct teller *t, uint64_t *ret_time_ns);
/* At the end: what was lost behind the last event, if anything. As teller_next(). */
int teller_finish(struct teller *t, struct told_record *ret);
