/*
 * Events to records (event_record.h), one by one, for who follows the state:
 *
 *	record_maker_changed(m);			// behind whatever may change threads
 *	record_maker_loss(m, &loss);			// goes into the next record
 *	record_maker_event(m, &ev, st, first_ns, before_ns, &bytes, &len);
 *	...
 *	record_maker_finish(m, ..., &bytes, &len);	// what was lost behind the last event
 */
#pragma once
#include "filters/field.h"
#include "format/source.h"
#include "sinks/event_record.h"

/* What the fields in a record need (enum field_need). */
#define RECORD_NEEDS (NEED_COLUMNS | NEED_PARAMS | NEED_THREADS | NEED_FDS | NEED_USERS | NEED_MEMORY)

struct record_maker;
struct record_maker *record_maker_new(void); /* NULL: out of memory */
void record_maker_free(struct record_maker *m);
void record_maker_changed(struct record_maker *m);
void record_maker_loss(struct record_maker *m, const struct loss_entry *loss);
/*
 * first_ns, before_ns: when the capture's first event was, and the one before. Sets field_context but for the host's
 * name, which must be there. *ret: valid until the next call. 0 or -ENOMEM.
 */
int record_maker_event(struct record_maker *m, struct event *ev, struct state *st, uint64_t first_ns,
		       uint64_t before_ns, const uint8_t **ret, size_t *ret_len);
/* 1: a record, 0: nothing was lost, -ENOMEM. */
int record_maker_finish(struct record_maker *m, uint64_t first_ns, uint64_t before_ns, uint64_t *ret_time_ns,
			const uint8_t **ret, size_t *ret_len);
