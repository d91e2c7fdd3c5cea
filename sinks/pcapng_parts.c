#include "sinks/pcapng_parts.h"

#include <errno.h>

/* ---- captured packets ---- */

static uint32_t interface_of(struct pcapng_real *r, struct pcapng_file *f, const struct packet *p)
{
	char name[PACKET_NAME_MAX + 1];
	uint32_t i, len = p->interface.len < PACKET_NAME_MAX ? p->interface.len : PACKET_NAME_MAX;
	struct packet_interface *row;

	for (i = 0; i < r->n; i++) {
		row = &r->interfaces[i];
		if (row->link_type == p->link_type && row->name_len == len &&
		    !memcmp(row->name, p->interface.data ? p->interface.data : "", len))
			return r->numbers[i];
	}
	/* More than one section can have: the last place is taken again. */
	i = r->n < PACKET_INTERFACES_MAX ? r->n++ : PACKET_INTERFACES_MAX - 1;
	row = &r->interfaces[i];
	*row = (struct packet_interface){.link_type = p->link_type, .name_len = len};
	memcpy(row->name, p->interface.data ? p->interface.data : "", len);
	memcpy(name, row->name, len);
	name[len] = 0;
	return r->numbers[i] = pcapng_interface(f, p->link_type, p->snaplen, name, NULL);
}

void pcapng_real_packet(struct pcapng_real *r, struct pcapng_file *f, const struct packet *p)
{
	struct pcapng_packet out = {
		.interface = interface_of(r, f, p),
		.time_ns = p->time_ns,
		.original = p->original,
		.data = p->data,
		.data_len = p->captured,
		.direction = (enum pcapng_direction)(p->flags & 3),
	};

	pcapng_packet(f, &out);
}

/* ---- records ---- */

int pcapng_records_init(struct pcapng_records *r, const char *name)
{
	*r = (struct pcapng_records){.name = name, .maker = record_maker_new()};
	return r->maker ? 0 : -ENOMEM;
}

void pcapng_records_done(struct pcapng_records *r)
{
	record_maker_free(r->maker);
	*r = (struct pcapng_records){0};
}

void pcapng_records_begin(struct pcapng_records *r, struct pcapng_file *f)
{
	if (!r->has_interface)
		r->interface = pcapng_interface(f, LINKTYPE_UPPER_PDU, 0, r->name, "system calls");
	r->has_interface = true;
}

static void put(struct pcapng_records *r, struct pcapng_file *f, uint64_t time_ns, const uint8_t *bytes, size_t len)
{
	struct pcapng_packet p = {
		.time_ns = time_ns,
		.head = RECORD_PDU_HEAD,
		.head_len = RECORD_PDU_HEAD_LEN,
		.data = bytes,
		.data_len = (uint32_t)len,
		.original = RECORD_PDU_HEAD_LEN + (uint32_t)len,
	};

	pcapng_records_begin(r, f);
	p.interface = r->interface;
	pcapng_packet(f, &p);
}

int pcapng_records_event(struct pcapng_records *r, struct pcapng_file *f, struct event *ev, struct state *st,
			 struct error *err)
{
	const uint8_t *bytes;
	size_t len;
	int code = record_maker_event(r->maker, ev, st, field_context.first_ns, r->before_ns, &bytes, &len);

	if (code < 0)
		return error_set(err, code, "out of memory");
	put(r, f, ev->time_ns, bytes, len);
	r->before_ns = ev->time_ns;
	return 0;
}

int pcapng_records_finish(struct pcapng_records *r, struct pcapng_file *f, struct error *err)
{
	const uint8_t *bytes;
	uint64_t time_ns;
	size_t len;
	int code = record_maker_finish(r->maker, field_context.first_ns, r->before_ns, &time_ns, &bytes, &len);

	if (code < 0)
		return error_set(err, code, "out of memory");
	if (code > 0)
		put(r, f, time_ns, bytes, len);
	return 0;
}
