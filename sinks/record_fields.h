/*
 * The fields of filters/fields.tsv as items of a record. Those that need nothing but what stands in the record's fixed
 * part are not written down: who reads the record asks for them there.
 */
#pragma once
#include "filters/field.h"
#include "sinks/event_record.h"

enum field_group {
	FIELDS_FIRST,     /* what columns and statistics show */
	FIELDS_OF_THREAD, /* the same until threads change */
	FIELDS_OF_EVENT,
	FIELDS_IN_HEAD, /* not written */
	FIELDS_NEVER,   /* take an argument, or are only for scapread's filters */
	N_FIELD_GROUPS
};
enum field_group field_group_of(const struct field_info *info);

struct record_fields;
struct record_fields *record_fields_new(void); /* NULL: out of memory */
void record_fields_free(struct record_fields *f);
/* Appends an item for each value that the event has. field_context must be set. */
void record_fields_put(struct record_fields *f, enum field_group group, struct buffer *out,
		       struct event *ev, struct state *st);

/* An item: u8 enum value_kind, then 8 bytes, 1 for booleans, or text, address, bytes. */
void record_value_put(struct buffer *out, uint32_t tag, const struct value *v);
/* Text is a view. false: damaged. */
bool record_value_take(struct cursor *c, struct value *ret);
