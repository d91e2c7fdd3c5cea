/*
 * Packets of network interfaces, by libpcap, beside a live source of events.
 *
 *	p = packet_capture_open(&options, &err);	// the only part that needs rights
 *	packet_capture_start(p, &err);			// a thread of its own takes them from here on
 *	source = source_packets_new(inner, p);		// events and packets in one source; owns neither
 *	...
 *	packet_capture_free(p);
 *
 * What comes faster than it is taken away is counted, by the kernel and here, and told as a loss.
 */
#pragma once
#include "format/source.h"

#define PACKET_HANDLES_MAX  16u
#define PACKET_QUEUE_BYTES  (16u << 20) /* packets that wait to be written */
#define PACKET_KERNEL_BYTES (16u << 20) /* that wait in the kernel, of each interface */

struct packet_capture_options {
	const char *const *interfaces;	/* none: "any" */
	size_t n_interfaces;		/* at most PACKET_HANDLES_MAX */
	const char *filter;		/* of tcpdump; NULL: all */
};

struct packet_capture;
/* NULL with words; err->code -EINVAL: the filter or the interface is no good. */
struct packet_capture *packet_capture_open(const struct packet_capture_options *options, struct error *err);
int packet_capture_start(struct packet_capture *p, struct error *err);
void packet_capture_free(struct packet_capture *p);

/* A source that is `inner`, with the packets. */
struct source *source_packets_new(struct source *inner, struct packet_capture *p);
