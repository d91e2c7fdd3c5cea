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
};

enum loss_class {
	LOSS_STATE = 1,		/* state ring full */
	LOSS_BULK = 2,		/* bulk ring full */
	LOSS_TASK = 3,		/* no task storage for a call's entry, or a program was running on the CPU */
	LOSS_OVERSIZE = 4,	/* an event larger than its limit */
	LOSS_DISK = 5,		/* the writer could not keep up or the disk was full */
	LOSS_DAMAGE = 6,	/* reading: a damaged block's events */
	LOSS_UNREADABLE = 7,	/* events delivered with an unreadable pointer (not lost, counted) */
};

struct loss_entry {
	uint64_t from_ns, to_ns;
	uint32_t cpu;		/* 0xFFFFFFFF: all or unknown */
	uint32_t class;		/* enum loss_class */
	uint64_t count;
};

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

struct source;
struct source_ops {
	const char *name;		/* "native", "scap", "bpf" */
	/* 1 an item, 0 the end, negative errno. After an error the next call goes on behind the
	   damage where that makes sense, else gives 0. */
	int (*next)(struct source *s, struct item *ret, struct error *err);
	void (*close)(struct source *s);
};
struct source {
	const struct source_ops *ops;
	const struct schema *schema;	/* the types of what it yields */
};

static inline int source_next(struct source *s, struct item *ret, struct error *err)
{
	return s->ops->next(s, ret, err);
}
static inline void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}
