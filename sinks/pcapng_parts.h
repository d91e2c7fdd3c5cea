/*
 * What several kinds of pcapng files hold: packets as they were captured, and events as records of link type 252.
 */
#pragma once
#include "sinks/pcapng_file.h"
#include "sinks/record_maker.h"

/* Captured packets on interfaces of their own. Zeroed: none yet, as at the beginning of each section. */
struct pcapng_real {
	struct packet_interface interfaces[PACKET_INTERFACES_MAX];
	uint32_t numbers[PACKET_INTERFACES_MAX];
	uint32_t n;
};
void pcapng_real_packet(struct pcapng_real *r, struct pcapng_file *f, const struct packet *p);

struct pcapng_records {
	struct record_maker *maker;	/* owned */
	const char *name;		/* of the interface, which comes with the first record */
	bool has_interface;
	uint32_t interface;
	uint64_t before_ns;
};
/* 0 or -ENOMEM. name is not owned. */
int pcapng_records_init(struct pcapng_records *r, const char *name);
void pcapng_records_done(struct pcapng_records *r);
/* The interface, where it is to be there though nothing may come. */
void pcapng_records_begin(struct pcapng_records *r, struct pcapng_file *f);
/* An event, as it stands in the state. 0 or -ENOMEM with words. */
int pcapng_records_event(struct pcapng_records *r, struct pcapng_file *f, struct event *ev, struct state *st,
			 struct error *err);
/* What was lost behind the last event. */
int pcapng_records_finish(struct pcapng_records *r, struct pcapng_file *f, struct error *err);
