#include "format/packet.h"
#include "format/wire.h"

#include <errno.h>
#include <stdlib.h>

#define SECOND_NS   1000000000u
#define TAIL	    4u

/* ---- writing ---- */

void packet_writer_done(struct packet_writer *w)
{
	free(w->interfaces);
	*w = (struct packet_writer){0};
}

static void interface_put(struct buffer *out, const struct packet_interface *f)
{
	const uint8_t resolution = PCAPNG_NANOSECONDS;
	size_t at = pcapng_begin(out, PCAPNG_INTERFACE);

	buffer_u16(out, f->link_type);
	buffer_u16(out, 0);
	buffer_u32(out, f->snaplen);
	pcapng_option(out, PCAPNG_IF_NAME, f->name, f->name_len);
	pcapng_option(out, PCAPNG_IF_TSRESOL, &resolution, 1);
	pcapng_end_options(out, at);
}

static bool is_interface(const struct packet_interface *f, const struct packet_interface *other)
{
	return f->link_type == other->link_type && f->snaplen == other->snaplen && f->name_len == other->name_len &&
	       !memcmp(f->name, other->name, f->name_len);
}

/* One more place at the end of a list of interfaces. NULL: out of memory. */
static struct packet_interface *interface_add(struct packet_interface **list, uint32_t n)
{
	struct packet_interface *grown = *list;

	/* powers of two */
	if (!(n & (n - 1)) && !(grown = realloc(*list, sizeof *grown * (n ? 2 * (size_t)n : 1))))
		return NULL;
	*list = grown;
	memset(&grown[n], 0, sizeof *grown);
	return &grown[n];
}

/* Its number in the section; a new one is written first. */
static int interface_number(struct packet_writer *w, struct buffer *out, const struct packet_interface *f)
{
	struct packet_interface *added;
	uint32_t i;

	for (i = 0; i < w->n && !is_interface(f, &w->interfaces[i]); i++)
		;
	if (i + 1 >= PACKET_INTERFACES_MAX)
		return -E2BIG;
	if (i == w->n) {
		if (!(added = interface_add(&w->interfaces, w->n)))
			return -ENOMEM;
		*added = *f;
		w->n++;
		interface_put(out, f);
	}
	return (int)i + 1;
}

int packet_writer_interface(struct packet_writer *w, struct buffer *out, const struct packet_interface *f)
{
	int r = interface_number(w, out, f);

	return r < 0 ? r : buffer_failed(out) ? -ENOMEM : 0;
}

int packet_writer_put(struct packet_writer *w, struct buffer *out, const struct packet *p)
{
	struct packet_interface f = {.link_type = p->link_type, .snaplen = p->snaplen};
	size_t at;
	int i;

	f.name_len = p->interface.len < PACKET_NAME_MAX ? p->interface.len : PACKET_NAME_MAX;
	memcpy(f.name, p->interface.data ? p->interface.data : "", f.name_len);
	if (p->captured > PACKET_LEN_MAX)
		return -E2BIG;
	if ((i = interface_number(w, out, &f)) < 0)
		return i;
	at = pcapng_begin(out, PCAPNG_PACKET);
	buffer_u32(out, (uint32_t)i);
	buffer_u32(out, (uint32_t)(p->time_ns >> 32));
	buffer_u32(out, (uint32_t)p->time_ns);
	buffer_u32(out, p->captured);
	buffer_u32(out, p->original);
	buffer_append(out, p->data, p->captured);
	pcapng_pad(out, p->captured);
	if (p->flags) {
		pcapng_option(out, PCAPNG_FLAGS, &p->flags, sizeof p->flags);
		pcapng_end_options(out, at);
	} else {
		pcapng_end(out, at);
	}
	return buffer_failed(out) ? -ENOMEM : 0;
}

/* ---- reading ---- */

void packet_parser_done(struct packet_parser *p)
{
	free(p->interfaces);
	*p = (struct packet_parser){0};
}

/* The next option; false at the end. A damaged list ends there. */
static bool option_next(struct cursor *c, uint16_t *ret_code, struct cursor *ret)
{
	const uint8_t *p;
	size_t padding;
	uint16_t len;

	*ret_code = cursor_u16(c);
	len = cursor_u16(c);
	p = cursor_bytes(c, len);
	padding = -(size_t)len & 3;
	cursor_bytes(c, padding < cursor_left(c) ? padding : cursor_left(c));
	*ret = cursor_over(p, p ? len : 0);
	return !cursor_failed(c) && *ret_code != PCAPNG_OPTION_END;
}

/* if_tsresol: a power of ten, or with the highest bit set, of two. 0: of no use. */
static uint64_t units_per_second(uint8_t resolution)
{
	uint64_t units = 1;

	if (resolution & 0x80)
		return (resolution & 0x7f) < 63 ? 1ull << (resolution & 0x7f) : 0;
	for (uint8_t i = 0; i < resolution; i++)
		units = i < 18 ? units * 10 : 0;
	return units;
}

static int take_interface(struct packet_parser *p, struct cursor *c)
{
	struct packet_interface *f;
	struct cursor value;
	uint16_t code;

	if (p->n == PACKET_INTERFACES_MAX) {
		p->n_bad++;
		return 0;
	}
	if (!(f = interface_add(&p->interfaces, p->n)))
		return -ENOMEM;
	p->n++;
	f->link_type = cursor_u16(c);
	cursor_u16(c);
	f->snaplen = cursor_u32(c);
	f->per_second = 1000000;
	while (cursor_left(c) >= 4 && option_next(c, &code, &value)) {
		if (code == PCAPNG_IF_TSRESOL && cursor_left(&value) == 1)
			f->per_second = units_per_second(cursor_u8(&value));
		else if (code == PCAPNG_IF_TSOFFSET && cursor_left(&value) == 8)
			f->offset_s = cursor_i64(&value);
		else if (code == PCAPNG_IF_NAME) {
			f->name_len = (uint32_t)strnlen((const char *)value.at, cursor_left(&value));
			if (f->name_len > PACKET_NAME_MAX)
				f->name_len = PACKET_NAME_MAX;
			memcpy(f->name, value.at, f->name_len);
		}
	}
	return 0;
}

/* Times outside of what 64 bits of nanoseconds hold come out as 0. */
static uint64_t to_ns(const struct packet_interface *f, uint64_t units)
{
	__int128 ns = (__int128)(units / f->per_second) * SECOND_NS +
		      (__int128)(units % f->per_second) * SECOND_NS / f->per_second + (__int128)f->offset_s * SECOND_NS;

	return ns < 0 || ns > UINT64_MAX ? 0 : (uint64_t)ns;
}

static int take_packet(struct packet_parser *p, struct cursor *c, struct packet *ret)
{
	uint32_t number = cursor_u32(c);
	uint64_t high = cursor_u32(c), units = high << 32 | cursor_u32(c);
	const struct packet_interface *f = number < p->n ? &p->interfaces[number] : NULL;
	struct cursor value;
	uint16_t code;

	*ret = (struct packet){.captured = cursor_u32(c)};
	ret->original = cursor_u32(c);
	ret->data = cursor_bytes(c, ret->captured);
	if (!ret->data || cursor_failed(c) || !f || !f->per_second || ret->captured > PACKET_LEN_MAX) {
		p->n_bad++;
		return 0;
	}
	cursor_bytes(c, -ret->captured & 3);
	ret->link_type = f->link_type;
	ret->snaplen = f->snaplen;
	ret->interface = (struct text){f->name, f->name_len};
	ret->time_ns = to_ns(f, units);
	while (cursor_left(c) >= 4 && option_next(c, &code, &value))
		if (code == PCAPNG_FLAGS && cursor_left(&value) == 4)
			ret->flags = cursor_u32(&value);
	return 1;
}

int packet_parser_block(struct packet_parser *p, const uint8_t *block, uint32_t total, struct packet *ret)
{
	struct cursor c = cursor_over(block, total - TAIL);
	uint32_t type = cursor_u32(&c);

	cursor_u32(&c);
	switch (type) {
	case PCAPNG_SECTION:
		p->n = 0;
		return 0;
	case PCAPNG_INTERFACE:
		return take_interface(p, &c);
	case PCAPNG_PACKET:
		return take_packet(p, &c, ret);
	default:
		return 0;
	}
}
