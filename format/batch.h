/*
 * A batch: up to BATCH_EVENTS events as columns. Sources make batches, state and filters look
 * at them, sinks consume them. One event is looked at through `struct event` (event.h).
 *
 * Order: by time_ns, ascending; equal times keep their order.
 *
 * Columns may be loaded lazily: a source that reads a file leaves them out until somebody calls
 * batch_need(). Reading a column that was not asked for is a bug, not an error.
 *
 *	if (batch_need(b, COLUMN_TYPE | COLUMN_TIME, &err) < 0) ...
 *	for (uint32_t i = 0; i < b->n_events; i++)
 *		n += b->type[i] == wanted;
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include "format/schema.h"

#define BATCH_EVENTS	16384u
#define DURATION_NONE	UINT64_MAX	/* duration_ns: the event has no entry */
#define EVENT_PAYLOAD_MAX 131072u	/* payload of one event: a block holds it even when it does not compress */
#define BATCH_PAYLOAD_MAX (2u << 20)	/* payload of a batch: bounds reader and writer alike */
#define SYSNO_NONE	0xFFFFu
#define FD_NONE		INT32_MIN	/* fd: the event has none */
#define CPU_UNKNOWN	0xFFFFu		/* cpu: whoever recorded it was not told */

enum column {
	COLUMN_TIME = 1 << 0,
	COLUMN_DURATION = 1 << 1,
	COLUMN_TID = 1 << 2,
	COLUMN_TYPE = 1 << 3,
	COLUMN_CPU = 1 << 4,
	COLUMN_FLAGS = 1 << 5,
	COLUMN_RESULT = 1 << 6,
	COLUMN_FD = 1 << 7,
	COLUMN_SYSNO = 1 << 8,
	COLUMN_ABSENT = 1 << 9,
	COLUMN_PAYLOAD_LEN = 1 << 10,	/* lengths count for the classes whose payload is loaded */
	COLUMN_PAYLOAD_STATE = 1 << 11, /* payload of events whose type modifies state */
	COLUMN_PAYLOAD_BULK = 1 << 12,	/* payload of all others */
	COLUMNS_ALL = (1 << 13) - 1,
};

enum event_flag {
	EVENT_UNFINISHED = 1 << 0,   /* still in the call when the capture ended: no result; time_ns is the end */
	EVENT_CHILD_RETURN = 1 << 1, /* fork, vfork, clone returning in the child: not a call */
	EVENT_HIDDEN = 1 << 2,	     /* did not pass the capture's filter; kept because it changes state */
	EVENT_NO_RESULT = 1 << 3,    /* result column means nothing: exit, tracepoints, calls whose thread was killed in them */
	EVENT_INLINE = 1 << 4,	     /* payload holds every parameter, result and fd included (see below) */
	EVENT_COMPAT = 1 << 5,	     /* made through the 32-bit system call table; sysno is of that table */
	EVENT_TRUNCATED = 1 << 6,    /* a buffer was longer than snaplen and cut, or a text than its limit */
	EVENT_ENTRY_UNKNOWN = 1 << 7,/* the call began before the capture: no duration */
};

/*
 * Payload of one event: its parameters in order, without the result parameter and the fd parameter
 * (event_info.result_param, fd_param; they live in the columns `result` and `fd`) unless
 * EVENT_INLINE is set. A parameter whose bit is set in `absent` (bit i = parameter i) has no bytes
 * at all: it was unreadable or does not apply, which is not the same as empty. Fixed-size types
 * are their bytes, little-endian. Variable ones are a u16 length and the bytes; length 0xFFFF
 * means that a u32 with the real length follows.
 * The absent bits of result_param and fd_param count too (then result / fd mean nothing).
 */
struct batch {
	uint32_t n_events;
	uint64_t first_number;		/* number of event 0 in the capture, counted from 1 */
	const struct schema *schema;	/* not owned */
	unsigned loaded;		/* enum column bits */
	bool none_hidden;		/* known without a look at flags: no event is EVENT_HIDDEN */

	uint64_t *time_ns;		/* when it ended, since the epoch */
	uint64_t *duration_ns;		/* from entry to exit, or DURATION_NONE */
	uint16_t *tid_index;		/* into tids: distinct threads of the batch, at most n_events */
	int64_t *tids;
	uint32_t n_tids;
	uint16_t *type;
	uint16_t *cpu;
	uint16_t *flags;		/* enum event_flag */
	int64_t *result;		/* what the call returned, -errno when it failed */
	int32_t *fd;			/* the fd it works on, or FD_NONE */
	uint16_t *sysno;		/* native number, or SYSNO_NONE */
	uint32_t *absent;
	uint32_t *payload_len;
	uint32_t *payload_at;		/* offset in payload */
	uint8_t *payload;
	size_t payload_size;		/* bytes of payload (both classes), for checks */
	/* Of the public "generic" events (types 0 and 1): which call, as parameter 0 says, without its being
	   loaded; 0xFFFF: it does not say. NULL: only the parameter knows. */
	uint16_t *generic_code;

	/* Loads what is missing of `columns`; NULL for batches that are whole from the start. */
	int (*load)(struct batch *b, unsigned columns, struct error *err);
	void *owner;			/* for load */
};

static inline int batch_need(struct batch *b, unsigned columns, struct error *err)
{
	return (b->loaded & columns) == columns ? 0 : b->load(b, columns & ~b->loaded, err);
}

/* Memory for the columns of a full batch, without payload. 0 or -ENOMEM; release also after failure. */
int batch_alloc(struct batch *b);
void batch_release(struct batch *b);

/*
 * Columns with memory of their own, to be filled event by event. The batch lies inside;
 * batch_builder_reset() forgets the events and keeps the memory (at most payload_max bytes).
 */
struct batch_builder {
	struct batch batch;
	size_t payload_cap;
	void *tid_slots;		/* tid -> tid_index */
};

/* One event to append; params as in struct batch, already laid out as payload bytes. */
struct batch_row {
	uint64_t time_ns, duration_ns;
	int64_t tid, result;
	int32_t fd;
	uint16_t type, cpu, flags, sysno;
	uint32_t absent;
	const uint8_t *payload;
	uint32_t payload_len;
};

/* Event i, to be added elsewhere; the payload lies where it did. */
static inline struct batch_row batch_row_of(const struct batch *b, uint32_t i)
{
	return (struct batch_row){
		.time_ns = b->time_ns[i],
		.duration_ns = b->duration_ns[i],
		.tid = b->tids[b->tid_index[i]],
		.result = b->result[i],
		.fd = b->fd[i],
		.type = b->type[i],
		.cpu = b->cpu[i],
		.flags = b->flags[i],
		.sysno = b->sysno[i],
		.absent = b->absent[i],
		.payload = b->payload_len[i] ? b->payload + b->payload_at[i] : NULL,
		.payload_len = b->payload_len[i],
	};
}

int batch_builder_init(struct batch_builder *bb, const struct schema *schema);
void batch_builder_reset(struct batch_builder *bb);
/*
 * 0
 * -ENOBUFS: the batch is full (BATCH_EVENTS events or BATCH_PAYLOAD_MAX bytes); hand it on, reset, add again
 * -E2BIG: the event can never be added (payload over EVENT_PAYLOAD_MAX, type from EVENT_TYPE_MAX up)
 * -ENOMEM
 */
int batch_builder_add(struct batch_builder *bb, const struct batch_row *row);
void batch_builder_done(struct batch_builder *bb);
