/*
 * Events made up for tests: by name of the event and of its parameters, laid out by the schema.
 *
 *	struct maker m;
 *	maker_init(&m, schema);
 *	maker_add(&m, "openat", (struct maker_event){.tid = 7, .result = 3},
 *		  TEXT("name", "/etc/hosts"), NUMBER("flags", 1));
 *	... m.bb.batch ...
 *
 * Parameters that are not given are zero, or empty. Each event ends step_ns after the one before.
 */
#pragma once
#include "format/batch.h"

struct maker_arg {
	const char *name;
	int64_t number;
	const void *data;
	uint32_t len;
};
#define NUMBER(name, value)	 ((struct maker_arg){name, (int64_t)(value), NULL, 0})
#define TEXT(name, text)	 ((struct maker_arg){name, 0, text, (uint32_t)strlen(text) + 1})
#define BYTES(name, bytes, size) ((struct maker_arg){name, 0, bytes, (uint32_t)(size)})

struct maker_event {
	int64_t tid, result;
	int32_t fd;
	uint32_t absent;
	uint64_t duration_ns;
	uint16_t cpu, flags;
};

struct maker {
	struct batch_builder bb;
	const struct schema *schema;
	struct buffer payload;
	uint64_t time_ns, step_ns;
};

int maker_init(struct maker *m, const struct schema *schema);
void maker_done(struct maker *m);
/* 0, -ENOBUFS: the batch is full, -ENOENT: no such event or parameter. */
int maker_add_args(struct maker *m, const char *name, const struct maker_event *event,
		   const struct maker_arg *args, size_t n);
#define maker_add(m, name, event, ...)                                                             \
	maker_add_args(m, name, &(event), (struct maker_arg[]){__VA_ARGS__},                       \
		       sizeof((struct maker_arg[]){__VA_ARGS__}) / sizeof(struct maker_arg))

/* "ip:port->ip:port" of IPv4 as tuple parameters hold it; 13 bytes. */
void maker_tuple(uint8_t out[13], uint32_t sip, uint16_t sport, uint32_t dip, uint16_t dport);
