/*
 * The writing half of the native writer: numbers blocks, remembers what the index will say, and puts
 * bytes on the fd. Used by one thread at a time; native_writer.c feeds it jobs.
 */
#pragma once
#include "format/events_block.h"
#include "format/native.h"

#define JOB_LOSSES    512u
#define JOB_STATE_MAX 245760u /* records of one STATE block: fit a block even when stored as they are */

#define JOB_PACKETS_MAX (1u << 20) /* bytes of packets between EVENTS blocks: readers of pipes hold them */

/* What goes out together: packets, entries, then the events they hold for, then losses. */
struct job {
	struct batch_builder events;
	struct buffer state;
	uint32_t n_entries;
	struct loss_entry losses[JOB_LOSSES];
	uint32_t n_losses;
	struct buffer packets;	/* blocks as they go out, in front of the others */
};

struct emitter {
	int fd;
	const struct schema *schema;
	uint8_t id[WIRE_ID_LEN];
	uint64_t sequence;	/* of the next block */
	uint64_t offset;	/* bytes written */
	struct events_encoder events; /* its zstd serves all blocks */
	struct buffer block, raw, frame;	/* of the other kinds */
	struct buffer index;			/* entries since the last INDEX block */
	uint32_t n_index_entries;
	uint64_t index_offset, index_sequence;	/* of the last INDEX block */
	uint8_t schema_written[EVENT_TYPE_MAX / 8];
	uint64_t n_events, n_blocks;
};

int emitter_init(struct emitter *m, int fd, const struct schema *schema);
void emitter_done(struct emitter *m);
/* Section header, interface (and those of packets, as blocks), CAPTURE. */
int emitter_begin(struct emitter *m, const struct capture_info *info, const struct buffer *interfaces,
		  struct error *err);
int emitter_job(struct emitter *m, struct job *job, int level, struct error *err);
/* The last INDEX block. */
int emitter_end(struct emitter *m, struct error *err);
