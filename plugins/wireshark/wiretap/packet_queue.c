#include "plugins/wireshark/wiretap/packet_queue.h"

void packet_queue_init(struct packet_queue *q)
{
	g_queue_init(&q->held);
	q->spare = NULL;
	q->bytes = 0;
}

static void packet_free(gpointer data)
{
	struct held_packet *p = data;

	if (!p)
		return;
	RECORD_CLEANUP(&p->rec, &p->buf);
	g_free(p);
}

void packet_queue_done(struct packet_queue *q)
{
	g_queue_clear_full(&q->held, packet_free);
	packet_free(q->spare);
	q->spare = NULL;
}

struct held_packet *packet_queue_spare(struct packet_queue *q)
{
	if (!q->spare) {
		q->spare = g_new0(struct held_packet, 1);
		RECORD_INIT(&q->spare->rec, &q->spare->buf);
	} else {
		wtap_rec_reset(&q->spare->rec);
	}
	return q->spare;
}

/* Readers say in the record, not in the buffer, how long a packet is. */
static size_t packet_len(const struct held_packet *p)
{
	return p->rec.rec_type == REC_TYPE_PACKET ? p->rec.rec_header.packet_header.caplen : 0;
}

void packet_queue_push(struct packet_queue *q)
{
	q->bytes += sizeof *q->spare + packet_len(q->spare);
	g_queue_push_tail(&q->held, q->spare);
	q->spare = NULL;
}

void packet_queue_give_spare(struct packet_queue *q, wtap_rec *rec, Buffer *buf, gint64 *offset)
{
	wtap_rec swapped = *rec;

	*rec = q->spare->rec;
	q->spare->rec = swapped;
	SWAP_BUFFERS(buf, &q->spare->buf);
	*offset = q->spare->offset;
}

void packet_queue_pop(struct packet_queue *q, wtap_rec *rec, Buffer *buf, gint64 *offset)
{
	struct held_packet *p = g_queue_pop_head(&q->held);

	q->bytes -= sizeof *p + packet_len(p);
	packet_free(q->spare);
	q->spare = p;
	packet_queue_give_spare(q, rec, buf, offset);
}
