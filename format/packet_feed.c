#include "format/packet_feed.h"
#include "format/wire.h"

#include <errno.h>
#include <fcntl.h>

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static bool is_of_interest(uint32_t type)
{
	return type == PCAPNG_SECTION || type == PCAPNG_INTERFACE || type == PCAPNG_PACKET;
}

int packet_feed_open(struct packet_feed *f, int fd, uint64_t start)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3), r;

	if (copy < 0)
		return -errno;
	r = input_init(&f->input, copy);
	if (r < 0) {
		input_done(&f->input);
		return r;
	}
	f->is_file = true;
	input_seek(&f->input, start);
	return 0;
}

void packet_feed_done(struct packet_feed *f)
{
	packet_parser_done(&f->parser);
	buffer_done(&f->held);
	if (f->is_file)
		input_done(&f->input);
}

int packet_feed_block(struct packet_feed *f, const uint8_t *block, uint32_t total)
{
	uint32_t type = u32_at(block);

	if (!is_of_interest(type))
		return 0;
	/* What was given out makes room. */
	if (f->at > f->held.len / 2 && f->at > PACKETS_HELD_MAX / 4) {
		memmove(f->held.data, f->held.data + f->at, f->held.len - f->at);
		f->held.len -= f->at;
		f->at = 0;
	}
	if (type == PCAPNG_SECTION)
		f->astray = false;
	if (f->astray || f->held.len - f->at + total > PACKETS_HELD_MAX) {
		f->astray |= type != PCAPNG_PACKET;
		f->n_lost += type == PCAPNG_PACKET;
		return 0;
	}
	buffer_append(&f->held, block, total);
	return buffer_failed(&f->held) ? -ENOMEM : 0;
}

static int next_held(struct packet_feed *f, uint64_t until_ns, struct packet *ret)
{
	int r = 0;

	while (r == 0 && f->at < f->held.len) {
		const uint8_t *block = f->held.data + f->at;

		r = packet_parser_block(&f->parser, block, u32_at(block + 4), ret);
		if (r > 0 && ret->time_ns > until_ns)
			return 0;
		f->at += u32_at(block + 4);
	}
	if (r == 0) {
		buffer_clear(&f->held);
		f->at = 0;
		ret->time_ns = UINT64_MAX;
	}
	return r;
}

/* The block that the input stands at. 1: a packet, 0: none in it, it is passed; -EAGAIN: a later one; -ENODATA: the end. */
static int next_block(struct packet_feed *f, uint64_t until_ns, struct packet *ret, struct error *err)
{
	const uint8_t *p;
	uint64_t missing;
	uint32_t total;
	size_t have;
	int r;

	if (f->passed && (r = input_skip(&f->input, f->passed, &missing, err)) < 0)
		return r;
	f->passed = 0;
	if ((r = input_peek(&f->input, 12, &p, &have, err)) < 0)
		return r;
	if (have < 12)
		return -ENODATA;
	total = u32_at(p + 4);
	if (total < 12 || total % 4 || total > WIRE_FOREIGN_MAX ||
	    (u32_at(p) == PCAPNG_SECTION && u32_at(p + 8) != PCAPNG_BYTE_ORDER)) {
		f->ended = true;
		return -ENODATA;
	}
	if (!is_of_interest(u32_at(p)) || total > PACKET_BLOCK_MAX) {
		f->passed = total;
		return 0;
	}
	if ((r = input_peek(&f->input, total, &p, &have, err)) < 0)
		return r;
	if (have < total)
		return -ENODATA;
	r = packet_parser_block(&f->parser, p, total, ret);
	/* One that is not due is looked at again. */
	if (r > 0 && ret->time_ns > until_ns)
		return -EAGAIN;
	f->passed = total;
	return r;
}

int packet_feed_next(struct packet_feed *f, uint64_t until_ns, struct packet *ret, struct error *err)
{
	int r = 0;

	if (!f->is_file)
		return next_held(f, until_ns, ret);
	while (r == 0 && !f->ended)
		r = next_block(f, until_ns, ret, err);
	if (r == 0 || r == -ENODATA)
		ret->time_ns = UINT64_MAX;
	return r == -ENODATA || r == -EAGAIN ? 0 : r;
}
