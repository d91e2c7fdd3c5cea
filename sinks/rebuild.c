#include "sinks/rebuild.h"

#include "base/hash.h"

#include <errno.h>
#include <string.h>

#define ACK_BYTES (1u << 20) /* unacknowledged so far: an eighth of the window */
#define WAIT_MIN  4096	     /* of a longer call that was cut here, the rest waits for the receiver to tell it */
#define WAIT_MAX  (16u << 20) /* but not more than this: the kernel's buffers hold less */
#define PRINT_LEN 32	     /* bytes that a datagram is known by */

/* ---- segments ---- */

static bool is_ended(const struct conversation *c)
{
	return c->reset || c->streams[0].fin || c->streams[1].fin;
}

static void packet(struct rebuild *r, struct conversation *c, unsigned from, struct packet_spec *s,
		   const struct told *told)
{
	uint8_t head[PACKET_HEAD_MAX];
	struct pcapng_packet p = {
		.interface = r->interface,
		.time_ns = told->time_ns,
		.head = head,
		.data = s->data,
		.data_len = s->data_len,
		.comment = told->comment,
		.direction = from == told->side ? PCAPNG_OUTBOUND : PCAPNG_INBOUND,
	};

	s->is_v6 = c->key.is_v6;
	s->protocol = c->key.protocol;
	s->from = &c->key.ends[from];
	s->to = &c->key.ends[!from];
	s->ip_id = ++c->ip_id[from];
	p.head_len = (uint32_t)packet_head(head, s);
	p.original = p.head_len + s->payload_len;
	pcapng_packet(r->file, &p);
}

static void segment(struct rebuild *r, struct conversation *c, unsigned from, uint8_t flags,
		    const struct bytes_told *bytes, const struct told *told)
{
	struct stream *own = &c->streams[from], *other = &c->streams[!from];
	struct packet_spec s = {.tcp_flags = flags};

	s.seq = own->seq + (flags & TCP_SYN ? 0 : 1 + (uint32_t)own->told + own->fin);
	if (flags & TCP_ACK) {
		s.ack = other->seq + 1 + (uint32_t)other->told + other->fin;
		other->unacked = 0;
	}
	if (bytes) {
		s.data = bytes->data;
		s.data_len = bytes->data_len;
		s.payload_len = (uint32_t)bytes->len;
	}
	packet(r, c, from, &s, told);
}

static void handshake_begin(struct rebuild *r, struct conversation *c, unsigned initiator, const struct told *told)
{
	if (c->syn)
		return;
	c->syn = true;
	c->initiator = (uint8_t)initiator;
	segment(r, c, initiator, TCP_SYN, NULL, told);
}

static void handshake_end(struct rebuild *r, struct conversation *c, const struct told *told)
{
	if (!c->syn || c->established)
		return;
	c->established = true;
	segment(r, c, !c->initiator, TCP_SYN | TCP_ACK, NULL, told);
	segment(r, c, c->initiator, TCP_ACK, NULL, told);
}

/* ---- bytes ---- */

/* The next bytes of a stream, in packets as large as there can be. */
static void tell(struct rebuild *r, struct conversation *c, unsigned from, const struct bytes_told *bytes,
		 const struct told *told)
{
	struct stream *own = &c->streams[from];
	const uint32_t max = packet_payload_max(c->key.is_v6, PROTOCOL_TCP);
	uint64_t left = bytes->len;
	uint32_t known = bytes->data ? bytes->data_len : 0, n_unseen = 0, at = 0;

	while (left) {
		struct bytes_told part = {.len = left < max ? left : max};

		part.data_len = known - at < part.len ? known - at : (uint32_t)part.len;
		part.data = part.data_len ? bytes->data + at : NULL;
		if (!part.data_len && n_unseen++ == REBUILD_UNSEEN_MAX) {
			own->told += left;
			return;
		}
		at += part.data_len;
		left -= part.len;
		segment(r, c, from, left ? TCP_ACK : TCP_ACK | TCP_PSH, &part, told);
		own->told += part.len;
		own->unacked += (uint32_t)part.len;
		if (own->unacked >= ACK_BYTES)
			segment(r, c, !from, TCP_ACK, NULL, told);
	}
}

/* Bytes up to there of which nothing is known, and nobody will tell any more. */
static void tell_gap(struct rebuild *r, struct conversation *c, unsigned from, uint64_t end, const struct told *told)
{
	struct stream *own = &c->streams[from];
	struct bytes_told gap = {.len = end - own->told};

	if (end > own->told)
		tell(r, c, from, &gap, told);
}

/* Both ends count alike: they were seen from the start, and nothing was lost since. */
static bool is_aligned(const struct rebuild *r, const struct conversation *c)
{
	return c->from_start[0] && c->from_start[1] && c->generation == r->generation;
}

/* The call's bytes but the first `skip`. */
static struct bytes_told rest_of(const struct bytes_told *bytes, uint64_t skip)
{
	struct bytes_told rest = {.len = bytes->len - skip};

	if (bytes->data && skip < bytes->data_len) {
		rest.data = bytes->data + skip;
		rest.data_len = bytes->data_len - (uint32_t)skip;
	}
	return rest;
}

static void tell_aligned(struct rebuild *r, struct conversation *c, unsigned from, bool sent,
			 const struct bytes_told *bytes, const struct told *told)
{
	struct stream *own = &c->streams[from];
	uint64_t *count = sent ? &own->sent : &own->received;
	uint64_t begin = *count, end = begin + bytes->len;
	struct bytes_told rest;

	*count = end;
	/* None recorded: the other end may have them. */
	if (!bytes->data || end <= own->told)
		return;
	/* Behind bytes that the receiver has still to tell: it will tell these, too. */
	if (sent && begin > own->told && end - own->told <= WAIT_MAX)
		return;
	tell_gap(r, c, from, begin, told);
	rest = rest_of(bytes, own->told - begin);
	/* The receiver gets such a lot in smaller parts, of which more is kept. */
	if (sent && bytes->data_len >= WAIT_MIN)
		rest.len = rest.data_len;
	tell(r, c, from, &rest, told);
}

static void tell_alone(struct rebuild *r, struct conversation *c, unsigned from, bool sent,
		       const struct bytes_told *bytes, const struct told *told)
{
	struct stream *own = &c->streams[from];
	struct bytes_told rest = *bytes;

	if (!sent && c->has_sent[from])
		return;
	/* The sender's first call: has the receiver told of its bytes, before it returned? */
	if (sent && !c->has_sent[from] && own->read_len && own->read_ns >= told->begin_ns)
		rest = rest_of(bytes, own->read_len < bytes->len ? own->read_len : bytes->len);
	if (!sent) {
		own->read_ns = told->time_ns;
		own->read_len = bytes->len;
	}
	/* Should the other end's accept come still, both must count from the start. */
	*(sent ? &own->sent : &own->received) += bytes->len;
	tell(r, c, from, &rest, told);
}

/* The side's FIN. */
static void end_side(struct rebuild *r, struct conversation *c, unsigned side, const struct told *told)
{
	struct stream *own = &c->streams[side];

	c->ending[side] = false;
	if (c->reset || own->fin || (c->syn && !c->established))
		return;
	tell_gap(r, c, side, own->sent, told);
	segment(r, c, side, TCP_FIN | TCP_ACK, NULL, told);
	own->fin = true;
	if (c->streams[!side].fin)
		segment(r, c, !side, TCP_ACK, NULL, told);
}

void rebuild_stream(struct rebuild *r, struct conversation *c, const struct told *told, bool sent,
		    const struct bytes_told *bytes)
{
	unsigned from = sent ? told->side : !told->side;

	if (c->real)
		return;
	handshake_end(r, c, told);
	c->known[told->side] = true;
	if (!sent && !bytes->len) {
		end_side(r, c, from, told);
		return;
	}
	if (is_aligned(r, c))
		tell_aligned(r, c, from, sent, bytes, told);
	else
		tell_alone(r, c, from, sent, bytes, told);
	if (sent)
		c->has_sent[from] = true;
	c->pending = false;
	if (c->ending[from] && c->streams[from].told >= c->streams[from].sent)
		end_side(r, c, from, told);
}

/* ---- beginning and end ---- */

/* An end takes part from its beginning: what is counted of it starts at nothing. */
static void begin(struct conversation *c, unsigned side)
{
	c->from_start[side] = true;
	c->known[side] = true;
}

void rebuild_connect(struct rebuild *r, struct conversation *c, const struct told *told, int64_t result)
{
	unsigned side = told->side;

	if (c->real)
		return;
	/* Its second beginning, or what went before is over: the ports are used again. */
	if (!c->pending && (is_ended(c) || (c->known[side] && result != -EISCONN)))
		conversation_restart(&r->table, c, r->generation);
	begin(c, side);
	c->pending = result == -EINPROGRESS || result == -EALREADY;
	switch (result) {
	case 0:
	case -EISCONN:
		handshake_begin(r, c, side, told);
		handshake_end(r, c, told);
		break;
	case -EINPROGRESS:
	case -EALREADY:
	case -ETIMEDOUT:
		handshake_begin(r, c, side, told);
		break;
	case -ECONNREFUSED:
		handshake_begin(r, c, side, told);
		segment(r, c, !side, TCP_RST | TCP_ACK, NULL, told);
		c->reset = true;
		break;
	default:
		break;
	}
}

void rebuild_accept(struct rebuild *r, struct conversation *c, const struct told *told)
{
	if (c->real)
		return;
	/* The client may have come and gone meanwhile: that it has ended says nothing. */
	if (c->known[told->side] || c->reset)
		conversation_restart(&r->table, c, r->generation);
	begin(c, told->side);
	handshake_begin(r, c, !told->side, told);
	handshake_end(r, c, told);
}

void rebuild_reset(struct rebuild *r, struct conversation *c, const struct told *told)
{
	if (c->real || c->reset)
		return;
	handshake_end(r, c, told);
	segment(r, c, !told->side, TCP_RST | TCP_ACK, NULL, told);
	c->reset = true;
}

void rebuild_end(struct rebuild *r, struct conversation *c, const struct told *told)
{
	const struct stream *own = &c->streams[told->side];

	if (c->real)
		return;
	/* Whoever closes gets no more. */
	if (c->ending[!told->side])
		end_side(r, c, !told->side, told);
	if (own->sent > own->told && is_aligned(r, c) && !c->streams[!told->side].fin)
		c->ending[told->side] = true;
	else
		end_side(r, c, told->side, told);
}

/* ---- datagrams ---- */

static uint32_t fingerprint(const struct bytes_told *bytes)
{
	const uint32_t len = bytes->data_len < PRINT_LEN ? bytes->data_len : PRINT_LEN;
	uint32_t h = hash_bytes(HASH_START ^ (uint32_t)bytes->len, bytes->data, len);

	return h ? h : 1;
}

static bool datagram_take(struct datagrams *d, uint32_t print)
{
	/* the one that waits for longest first */
	for (uint32_t i = 0; i < DATAGRAMS_WAITING; i++) {
		uint32_t *at = &d->prints[(d->next + i) % DATAGRAMS_WAITING];

		if (*at == print) {
			*at = 0;
			return true;
		}
	}
	return false;
}

static void datagram_put(struct datagrams *d, uint32_t print)
{
	uint32_t *at = &d->prints[d->next++ % DATAGRAMS_WAITING];

	d->overflown |= *at != 0;
	*at = print;
}

void rebuild_datagram(struct rebuild *r, struct conversation *c, const struct told *told, bool sent,
		      const struct bytes_told *bytes)
{
	const uint32_t max = packet_payload_max(c->key.is_v6, PROTOCOL_UDP);
	unsigned from = sent ? told->side : !told->side;
	uint32_t print = fingerprint(bytes);
	struct packet_spec s = {
		.data = bytes->data,
		.data_len = bytes->data_len < max ? bytes->data_len : max,
		.payload_len = bytes->len < max ? (uint32_t)bytes->len : max,
	};

	if (c->real)
		return;
	if (sent)
		c->has_sent[from] = true;
	if (datagram_take(&c->waiting[from][!told->side], print))
		return;
	/* The sender told of more than are remembered: this one is among them. */
	if (!sent && c->has_sent[from] && c->waiting[from][from].overflown)
		return;
	datagram_put(&c->waiting[from][told->side], print);
	packet(r, c, from, &s, told);
}
