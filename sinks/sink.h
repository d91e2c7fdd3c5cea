/*
 * A sink consumes the events that passed; it is the only thing that knows where they go.
 */
#pragma once
#include "filters/filter.h"
#include "format/source.h"
#include <stdio.h>

struct sink;
struct sink_ops {
	const char *name;
	/* Each may be NULL: not interested. 0 or negative errno; 1 from event, selection, packet and
	   batch_end: enough, stop. */
	int (*capture)(struct sink *s, const struct capture_info *info, struct error *err);
	int (*state)(struct sink *s, const struct state_entry *entries, size_t n, struct error *err);
	int (*event)(struct sink *s, struct event *ev, struct state *st, struct error *err);
	/* A call in progress, told while recording goes on: it will come as an event when it has returned. */
	int (*waits)(struct sink *s, struct event *ev, struct state *st, struct error *err);
	/* Somebody else is about to write to the same terminal. */
	int (*aside)(struct sink *s, struct error *err);
	/* An event that did not pass but changes state (kept hidden by the native sink). */
	int (*hidden)(struct sink *s, struct event *ev, struct state *st, struct error *err);
	int (*batch_end)(struct sink *s, struct batch *batch, struct error *err);
	/* Instead of event() per event, when the filter is exact and the sink needs no state. */
	int (*selection)(struct sink *s, struct batch *batch, const uint64_t *bits, uint64_t n_set,
			 struct error *err);
	int (*loss)(struct sink *s, const struct loss_entry *loss, struct error *err);
	/* A network packet, in order of time between the events. */
	int (*packet)(struct sink *s, const struct packet *p, struct error *err);
	int (*finish)(struct sink *s, struct error *err);
	void (*free)(struct sink *s);
};
struct sink {
	const struct sink_ops *ops;
	unsigned needs;			/* enum field_need bits */
};

/* One line per event. format NULL: the default line. out is not owned. */
struct sink *sink_text_new(FILE *out, const char *format, char time_format,
			   const struct render_options *render, bool to_terminal, struct error *err);
/* One typed JSON object per line. */
struct sink *sink_json_new(FILE *out, const char *format, const struct render_options *render,
			   struct error *err);
/* Another native file; see native.h. schema: the source's, not owned. filter (may be NULL or "") is noted
   in the file; options may be NULL. */
struct native_writer_options;
struct sink *sink_native_new(int fd, const struct schema *schema,
			     const struct native_writer_options *options, const char *filter,
			     struct error *err);
/*
 * A file for the sysdig/Falco family: in today's schema, an exit event for every call, or (legacy) in that of
 * sysdig 0.29.3, where a call is an entry and an exit event. Nothing is written before finish: what the events
 * need to be known of processes comes first in such files. Till then the events lie in a temporary file.
 */
struct scap_sink_report {
	uint64_t n_events;
	uint64_t n_unfinished;	/* calls that still ran: today's schema has no place for them */
	uint64_t n_notes;	/* events that are no calls, of types that the reader does not know */
	uint64_t n_cut;		/* longer than an event there can be: cut */
	uint64_t n_moved;	/* entries told later than they were, for too many calls lasted long */
};
struct scap_sink_options {
	bool legacy;
	bool selective;		/* only a part of the events comes: describe no processes but theirs */
	int level;		/* of gzip, 0: plain */
	const char *folder;	/* of temporary files; NULL or "": $TMPDIR, or /var/tmp */
	struct scap_sink_report *report; /* may be NULL */
};
struct sink *sink_scap_new(int fd, const struct scap_sink_options *options, struct error *err);
/*
 * Network packets (pcapng) as rebuilt from what programs sent and received: TCP and UDP conversations with
 * made-up headers, each packet with a comment on whose call it was. What goes through unix sockets is there as records
 * of link type 252, packets that were captured as they are.
 */
struct pcapng_sink_report {
	bool is_whole;		/* the file came to its end */
	uint64_t n_packets;
	uint64_t n_unknown;	/* calls with bytes for ends that are not known */
	uint64_t n_more;	/* messages of sendmmsg and recvmmsg behind the first: they are not recorded */
	uint64_t n_evicted;	/* conversations that were forgotten: there were too many at once */
};
/* report may be NULL; it is filled by finish. */
struct sink *sink_pcapng_new(int fd, struct pcapng_sink_report *report, struct error *err);
/* All events as records of link type 252 (event_record.h), captured packets beside them. */
struct sink *sink_pcapng_events_new(int fd, struct error *err);
/* The tree of processes, with what each did. NULL: out of memory. */
struct sink *sink_tree_new(FILE *out, bool json, struct error *err);
/* Counts only. NULL: out of memory. */
struct sink *sink_count_new(uint64_t *n);
