/*
 * Packets that stand between blocks of events, held back until the events of their time are known.
 */
#pragma once
#include "plugins/wireshark/wiretap/wiretap_version.h"

/* Packets held back at most, and bytes: then the first goes out as it is. */
#define PACKET_QUEUE_MAX   4096u
#define PACKET_QUEUE_BYTES (8u << 20)

struct held_packet {
	wtap_rec rec;
	Buffer buf;
	gint64 offset;
	guint64 time_ns;
};

struct packet_queue {
	GQueue held;
	struct held_packet *spare; /* for the next packet to be read into */
	size_t bytes;
};

void packet_queue_init(struct packet_queue *q);
void packet_queue_done(struct packet_queue *q);
/* Where the next packet is to be read; stays the queue's. */
struct held_packet *packet_queue_spare(struct packet_queue *q);
/* Takes the spare into the queue, filled. */
void packet_queue_push(struct packet_queue *q);
static inline bool packet_queue_full(const struct packet_queue *q)
{
	return q->held.length >= PACKET_QUEUE_MAX || q->bytes >= PACKET_QUEUE_BYTES;
}
/* The first packet, NULL when there is none. */
static inline const struct held_packet *packet_queue_head(const struct packet_queue *q)
{
	return q->held.head ? q->held.head->data : NULL;
}
/* Moves the first packet, or the spare, into what a reader was given. */
void packet_queue_pop(struct packet_queue *q, wtap_rec *rec, Buffer *buf, gint64 *offset);
void packet_queue_give_spare(struct packet_queue *q, wtap_rec *rec, Buffer *buf, gint64 *offset);
