/*
 * A pcapng file of network packets (draft-ietf-opsawg-pcapng), little-endian, times in nanoseconds:
 *
 *	pcapng_file_init(&f, fd);
 *	pcapng_section(&f, info);
 *	id = pcapng_interface(&f, LINKTYPE_RAW, 0, "sockets", "...");
 *	pcapng_packet(&f, &packet);		// as often as there are packets
 *	pcapng_flush(&f, &err);
 *	pcapng_file_done(&f);
 *
 * What does not fit into memory or onto the disk is told by the next flush.
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include "format/source.h"

enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, LINKTYPE_UPPER_PDU = 252 };

#define PCAPNG_COMMENT_MAX 1024 /* bytes: for a line that people read */

struct pcapng_file {
	int fd;			/* not owned */
	struct buffer bytes;	/* not written yet */
	uint32_t n_interfaces;	/* of this section */
	uint64_t n_packets;
	int failed;
};

enum pcapng_direction { PCAPNG_NO_DIRECTION, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

struct pcapng_packet {
	uint32_t interface;
	uint64_t time_ns;	/* since the epoch */
	uint32_t original;	/* bytes that there were: at least head_len + data_len */
	const void *head, *data; /* the bytes that are known, in two pieces */
	uint32_t head_len, data_len;
	struct text comment;	/* len 0: none */
	enum pcapng_direction direction;
};

void pcapng_file_init(struct pcapng_file *f, int fd);
void pcapng_file_done(struct pcapng_file *f);
/* Begins a section: interfaces count from 0 again. info may be NULL. */
void pcapng_section(struct pcapng_file *f, const struct capture_info *info);
/* snaplen 0: no limit. Returns its number. */
uint32_t pcapng_interface(struct pcapng_file *f, uint16_t link_type, uint32_t snaplen, const char *name,
			  const char *description);
void pcapng_packet(struct pcapng_file *f, const struct pcapng_packet *p);
/* Everything gathered goes to the fd. 0 or negative errno, the same from then on. */
int pcapng_flush(struct pcapng_file *f, struct error *err);
/* The same once enough has been gathered: to be called after each event. */
int pcapng_flush_some(struct pcapng_file *f, struct error *err);
