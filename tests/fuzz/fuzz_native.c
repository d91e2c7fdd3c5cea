/*
 * The input is a capture file behind one byte of options. Checksums are made right first, else nothing
 * but checksums would be tested.
 */
#include "format/event.h"
#include "format/native.h"
#include "format/wire.h"
#include "sinks/packet_look.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { OPTION_VERIFY = 1, OPTION_PIPE = 2, OPTION_KEEP = 4, OPTION_WANT = 8 };

static volatile uint64_t looked; /* so that bytes are really read */

static uint32_t get(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static void put(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof v);
}

/* Every block of ours whose lengths make sense gets the checksums that its bytes have. */
static void seal(uint8_t *p, size_t len)
{
	for (size_t at = 0; at + WIRE_COMMON <= len;) {
		const uint32_t total = get(p + at + 4), header = get(p + at + WIRE_AT_HEADER);

		if (total < 12 || total % 4 || total > len - at)
			return;
		if (get(p + at) == PCAPNG_CUSTOM && total >= 64 && header >= 56 && header <= total - 8) {
			put(p + at + header - 4, (uint32_t)crc32_z(0, p + at, header - 4));
			put(p + at + total - 8, (uint32_t)crc32_z(0, p + at, total - 8));
			put(p + at + total - 4, total);
		}
		at += total;
	}
}

/* A pipe holds so much by itself; longer inputs are read as files. */
static int pipe_with(const uint8_t *data, size_t size)
{
	int ends[2];

	if (size > 65536 || pipe(ends) < 0)
		return -1;
	if (write(ends[1], data, size) != (ssize_t)size)
		abort();
	close(ends[1]);
	return ends[0];
}

static int file_with(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static uint64_t look(const struct item *item)
{
	uint64_t sum = 0;
	struct error err = {0};
	struct event ev;

	if (item->kind != ITEM_EVENTS || batch_need(item->batch, COLUMNS_ALL, &err) < 0)
		return 0;
	for (uint32_t i = 0; i < item->batch->n_events; i++) {
		event_at(&ev, item->batch, i);
		event_parse(&ev);
		for (unsigned k = 0; k < ev.n_params; k++) {
			const struct param *p = event_param(&ev, k);

			for (uint32_t b = 0; b < p->len; b++)
				sum += p->data[b];
		}
	}
	return sum;
}

static uint64_t look_at_packets(struct source *s, uint64_t until_ns, size_t size)
{
	struct packet packet;
	uint64_t sum = 0;

	for (size_t n = 0; source_packet(s, until_ns, &packet, NULL) > 0; n++) {
		struct packet_view view;

		packet_look(&packet, &view);
		sum += view.from.port + view.to.address[15];
		for (uint32_t i = 0; i < packet.captured; i++)
			sum += packet.data[i];
		for (uint32_t i = 0; i < packet.interface.len; i++)
			sum += (uint8_t)packet.interface.data[i];
		/* a packet has a block */
		if (n > size)
			abort();
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t wanted[EVENT_TYPE_MAX / 64] = {1 << 7};
	struct source_options options = {0};
	uint8_t *file;
	struct source *s;
	struct item item;
	int fd = -1, r;

	if (size < 1 || !(file = malloc(size)))
		return 0;
	memcpy(file, data + 1, size - 1);
	if (!(data[0] & OPTION_KEEP))
		seal(file, size - 1);
	options.verify = data[0] & OPTION_VERIFY;
	if (data[0] & OPTION_PIPE)
		fd = pipe_with(file, size - 1);
	if (fd < 0)
		fd = file_with(file, size - 1);
	s = native_reader_new(fd, "fuzz", &options, NULL);
	if (s && data[0] & OPTION_WANT)
		source_want_types(s, wanted);
	/* Every step passes over something: more steps than bytes is a hang. */
	for (size_t steps = 0; s && (r = source_next(s, &item, NULL)) != 0; steps++) {
		if (r > 0)
			looked += look(&item) + look_at_packets(s, data[0] & OPTION_WANT ? UINT64_MAX : steps << 56, size);
		if (steps > 4 * size + 100)
			abort();
	}
	source_close(s);
	free(file);
	return 0;
}
