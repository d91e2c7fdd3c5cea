/*
 * A source yields items in order: first the capture's description, then state entries, batches of
 * events and losses as they come. It is the only thing that knows where events come from.
 *
 *	while ((r = source_next(src, &item, &err)) > 0)
 *		switch (item.kind) ...
 *	if (r < 0) ...			// what came before the damage has been delivered
 *	source_close(src);
 */
#pragma once
#include "format/batch.h"
#include "format/entry.h"
#include "format/packet.h"

enum clock_source { CLOCK_UNKNOWN = 0, CLOCK_BOOT_PLUS_OFFSET = 1, CLOCK_WALL = 2 };

/* What is known of the capture as a whole: the CAPTURE block. Texts live as long as the source. */
struct capture_info {
	uint8_t id[16];			/* random, tells captures in one file apart */
	uint16_t version_major, version_minor;
	uint64_t compatible, incompatible; /* feature flags, SPEC.md */
	uint64_t start_ns;		/* since the epoch */
	uint32_t n_cpus;
	uint32_t snaplen;
	uint32_t page_size;
	uint32_t clock;			/* enum clock_source */
	uint64_t memory_bytes, boot_ns;
	struct text hostname, kernel, arch, os, application, engine, filter, command, comment;
	/* Of packets, as far as they are known in advance; valid until the source is asked again. */
	const struct packet_interface *interfaces;
	uint32_t n_interfaces;
};

enum loss_class {
	LOSS_STATE = 1,		/* state ring full */
	LOSS_BULK = 2,		/* bulk ring full */
	LOSS_TASK = 3,		/* no task storage for a call's entry, or a program was running on the CPU */
	LOSS_OVERSIZE = 4,	/* an event larger than its limit */
	LOSS_DISK = 5,		/* the writer could not keep up or the disk was full */
	LOSS_DAMAGE = 6,	/* reading: a damaged block's events */
	LOSS_UNREADABLE = 7,	/* events delivered with an unreadable pointer (not lost, counted) */
	LOSS_PACKETS = 8,	/* network packets that came too fast */
};

struct loss_entry {
	uint64_t from_ns, to_ns;
	uint32_t cpu;		/* 0xFFFFFFFF: all or unknown */
	uint32_t class;		/* enum loss_class */
	uint64_t count;
};
/* Whether it is events that are missing: those with an unreadable pointer are there, packets are none. */
static inline bool loss_is_of_events(const struct loss_entry *loss)
{
	return loss->class != LOSS_UNREADABLE && loss->class != LOSS_PACKETS;
}

enum item_kind { ITEM_CAPTURE = 1, ITEM_STATE, ITEM_EVENTS, ITEM_LOSS };

struct item {
	enum item_kind kind;
	union {
		const struct capture_info *capture;
		struct {
			const struct state_entry *entries;
			size_t n_entries;
		} state;
		struct batch *batch;		/* valid until the next source_next */
		const struct loss_entry *loss;
	};
};

/* How a file is read; a zeroed one is the usual way. */
struct source_options {
	bool verify;		/* check every checksum, those of skipped frames too */
	bool raw_events;	/* genuine .scap: events as they are stored, not pairs as single events */
	bool strict;		/* damage is the end (scapinfo --verify counts instead) */
	const volatile bool *stop; /* set by a signal handler: a read that it broke off is not resumed (-EINTR); may be NULL */
	bool follow;		/* the file still grows: at its end next gives 0, and goes on when called again */
};

/* What reading met so far; for scapinfo and for the summary at the end. Sources leave at zero what they lack. */
struct source_stats {
	uint64_t n_events, n_hidden, n_packets;
	uint64_t n_blocks[8];		/* by block kind, 7: unknown kinds */
	uint64_t bytes, bytes_raw, n_damaged;
	uint64_t n_skipped_foreign;	/* blocks of others, packets aside */
	uint64_t n_unreadable;		/* captures that need a newer reader */
	uint64_t events_missing;	/* in damaged blocks, by sequence and counts */
	uint64_t n_misnumbered;		/* blocks whose first event does not follow, though no block is missing */
	uint64_t n_captures, n_types[EVENT_TYPE_MAX];
	bool truncated;		/* the input ends within a block */
	bool has_index;		/* every capture in it was finished */
	bool index_valid;	/* and the counts of its last INDEX are those of what was read */
	uint64_t first_ns, last_ns;
};

struct source;
struct source_ops {
	const char *name;		/* "native", "scap", "bpf" */
	/* 1 an item, 0 the end, negative errno. After an error the next call goes on behind the
	   damage where that makes sense, else gives 0. */
	int (*next)(struct source *s, struct item *ret, struct error *err);
	void (*close)(struct source *s);
	/* Optional. What was met so far. */
	void (*stats)(struct source *s, struct source_stats *ret);
	/* Optional. Batches without any of these types need not be given (bitmap of EVENT_TYPE_MAX bits,
	   NULL: all are given). The pipeline sets it from the filter when state needs nothing. */
	void (*want_types)(struct source *s, const uint64_t *bitmap);
	/* Optional. Network packets beside the events, in their own order. 1: one, up to this time, a view until the
	   next call of any kind; 0: none, then ret->time_ns says when the next one is due, UINT64_MAX: none is known
	   (so far: those of a pipe or a live source come to be known as its items do); negative errno. */
	int (*packet)(struct source *s, uint64_t until_ns, struct packet *ret, struct error *err);
};
struct source {
	const struct source_ops *ops;
	const struct schema *schema;	/* the types of what it yields */
};

static inline int source_next(struct source *s, struct item *ret, struct error *err)
{
	return s->ops->next(s, ret, err);
}
static inline int source_packet(struct source *s, uint64_t until_ns, struct packet *ret, struct error *err)
{
	if (s->ops->packet)
		return s->ops->packet(s, until_ns, ret, err);
	ret->time_ns = UINT64_MAX;
	return 0;
}
static inline void source_stats(struct source *s, struct source_stats *ret)
{
	if (s->ops->stats)
		s->ops->stats(s, ret);
	else
		memset(ret, 0, sizeof *ret);
}
static inline void source_want_types(struct source *s, const uint64_t *bitmap)
{
	if (s->ops->want_types)
		s->ops->want_types(s, bitmap);
}
static inline void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}
