/*
 * A batch over events as genuine .scap files hold them: nothing is copied until somebody asks for a
 * column, and parameters only for the classes that are asked for.
 *
 *	scap_batch_begin(&sb);
 *	scap_batch_add(&sb, event, type, shape, cpu, flags, duration);
 *	scap_batch_end(&sb, first_number);
 *	... sb.batch, as long as the events stay where they are ...
 */
#pragma once
#include "format/scap_convert.h"

#define SCAP_BATCH_EVENTS 8192u	/* more do not fit the window: an event's block has 40 bytes at least */
#define SCAP_PLANS	  512u	/* types that are laid out by a plan made once: the family's */

/* How an event is stored: the number of its parameters, and: */
enum scap_shape { SHAPE_PARAMS = 0x3f, SHAPE_VERSION_1 = 0x40, SHAPE_WIDE = 0x80 };

/* What laying out must know of a type. */
struct scap_plan {
	uint8_t n_params;
	int8_t result, fd;
	bool known, state, fork, generic;
	bool easy;		/* nothing to convert, no large parameters: taken as it is */
	bool paired;		/* present captures, too, have entry events of it */
	uint32_t empty_is_absent; /* parameters of fixed size, and texts */
	uint8_t size[EVENT_PARAMS_MAX]; /* 0: variable */
};

struct scap_tids;

struct scap_batch {
	struct batch batch;
	const uint8_t **event;	/* where each is stored */
	uint8_t *shape;
	uint16_t *codes;	/* batch.generic_code */
	uint16_t any_flag;	/* all flags of the batch together */
	struct scap_tids *tids;
	struct scap_plan *plans; /* SCAP_PLANS */
	uint64_t n_misfits;	/* parameters whose length contradicts their type, so far */
};

/* 0 or -ENOMEM; done also after failure. */
int scap_batch_init(struct scap_batch *sb, const struct schema *schema);
void scap_batch_done(struct scap_batch *sb);
void scap_batch_begin(struct scap_batch *sb);
/* event: its header, at most SCAP_WINDOW_LEN and the converter's memory in all. The batch has room. */
static inline void scap_batch_add(struct scap_batch *sb, const uint8_t *event, uint16_t type, uint8_t shape,
				  uint16_t cpu, uint16_t flags, uint64_t duration_ns)
{
	struct batch *b = &sb->batch;
	uint32_t i = b->n_events++;

	sb->event[i] = event;
	sb->shape[i] = shape;
	b->type[i] = type;
	b->cpu[i] = cpu;
	b->flags[i] = flags;
	b->duration_ns[i] = duration_ns;
	sb->any_flag |= flags;
}
void scap_batch_end(struct scap_batch *sb, uint64_t first_number);
static inline uint64_t scap_batch_time(const struct scap_batch *sb, uint32_t i)
{
	uint64_t ns;

	memcpy(&ns, sb->event[i], sizeof ns);
	return ns;
}
