/*
 * Packets of conversations that only calls tell of.
 *
 * Often both ends of a conversation are in one capture, and each byte is told twice: by the call that sent it
 * and by the call that received it. There is one conversation nevertheless, and each byte is in it once:
 *
 * - of streams whose both ends were seen from their connect and accept on, by whoever tells of it first: then
 *   the positions of both agree. What a call sent without its bytes being recorded (sendfile, or what lies behind
 *   a large snaplen) waits for the receiver to tell them;
 * - of streams that were there before the capture, or from which events were lost, by the sender if it is in
 *   the capture, else by the receiver;
 * - a datagram by whoever tells of it first; the other's is known by its length and first bytes.
 */
#pragma once
#include "sinks/conversation.h"
#include "sinks/pcapng_file.h"

/* Packets without a byte of payload that stand for what one call did not record; the rest is a gap. */
#define REBUILD_UNSEEN_MAX 64u

/* The call that tells: what all its packets have in common. */
struct told {
	uint64_t time_ns, begin_ns;	/* it returned, and was entered */
	unsigned side;			/* whose call it is */
	struct text comment;
};

/* Bytes of a call. */
struct bytes_told {
	const uint8_t *data;	/* the first of them; NULL: none were recorded */
	uint32_t data_len;
	uint64_t len;		/* how many there were */
};

struct rebuild {
	struct pcapng_file *file;
	uint32_t interface;		/* of link type RAW */
	uint32_t generation;		/* grows with each loss: what went before is not to be relied on */
	struct conversations table;
};

/* result: of connect, 0 or negative errno. */
void rebuild_connect(struct rebuild *r, struct conversation *c, const struct told *told, int64_t result);
void rebuild_accept(struct rebuild *r, struct conversation *c, const struct told *told);
/* A call that sent or received; bytes->len 0 and not sent: the other end has closed. */
void rebuild_stream(struct rebuild *r, struct conversation *c, const struct told *told, bool sent,
		    const struct bytes_told *bytes);
/* The call failed with ECONNRESET. */
void rebuild_reset(struct rebuild *r, struct conversation *c, const struct told *told);
/* The end sends no more: closed or shut down. */
void rebuild_end(struct rebuild *r, struct conversation *c, const struct told *told);
void rebuild_datagram(struct rebuild *r, struct conversation *c, const struct told *told, bool sent,
		      const struct bytes_told *bytes);
