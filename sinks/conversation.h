/*
 * Network conversations as a host has them: two ends and what is known of the bytes between them.
 * The table is bounded: whoever was silent for longest goes when it is full, and is a new conversation,
 * begun in its middle, when it speaks again.
 *
 *	c = conversation_find(&t, &key);	// made when there is none
 */
#pragma once
#include "sinks/packet_build.h"

/* More than the ports of one address; at most 30 MiB. */
#define CONVERSATIONS_MAX 65536u
/* Datagrams that one end has told and the other has not yet, remembered in each direction. */
#define DATAGRAMS_WAITING 16u

struct conversation_key {
	struct packet_end ends[2];	/* the lesser one first; its index is the "side" below */
	bool is_v6;
	uint8_t protocol;
};

/* Fingerprints of datagrams, 0: none. */
struct datagrams {
	uint32_t prints[DATAGRAMS_WAITING];
	uint32_t next;
	bool overflown;			/* one was forgotten that nobody had asked for */
};

/* Of a stream, what an end sent: positions count from its first byte. */
struct stream {
	uint32_t seq;			/* initial sequence number */
	uint32_t unacked;		/* bytes since the other end's last packet */
	uint64_t sent, received;	/* by the calls of its sender, of its receiver */
	uint64_t told;			/* in packets */
	uint64_t read_ns;		/* when the receiver's last call was told, and of how many bytes */
	uint64_t read_len;
	bool fin;
};

struct conversation {
	struct conversation_key key;
	struct conversation *next;		/* same bucket */
	struct conversation *newer, *older;	/* by last use */
	uint32_t generation;			/* of the table when it began */
	uint16_t ip_id[2];
	bool has_sent[2];			/* the end is in the capture: it made a call that sends */
	bool known[2], from_start[2];		/* any call; and its first call was the one that connects it */
	bool syn, established, reset;		/* the handshake has begun, is over; RST */
	uint8_t initiator;			/* side that has sent the SYN */
	bool pending;				/* its connect goes on: it may be called again */
	bool ending[2];				/* closed, and the receiver has still to tell of bytes */
	bool real;				/* its packets were captured: nothing is rebuilt */
	union {
		struct stream streams[2];	/* by the side that sends */
		struct datagrams waiting[2][2];	/* by the side that sends, and the side that has told of it */
	};
};

struct conversations {
	struct conversation **buckets;
	struct conversation *newest, *oldest;
	uint32_t n, limit, seed;
	uint32_t n_made;
	uint64_t n_evicted;
};

/* 0 or -ENOMEM */
int conversations_init(struct conversations *t);
void conversations_done(struct conversations *t);
/* Returns the side (0 or 1) of the local end. */
unsigned conversation_key(struct conversation_key *ret, const struct packet_end *local,
			  const struct packet_end *remote, bool is_v6, uint8_t protocol);
/* NULL: out of memory. */
struct conversation *conversation_find(struct conversations *t, const struct conversation_key *key,
				       uint32_t generation);
/* The same two ends once more, with nothing left of what there was. */
void conversation_restart(struct conversations *t, struct conversation *c, uint32_t generation);
