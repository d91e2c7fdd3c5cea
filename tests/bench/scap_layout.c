/*
 * A yardstick for file sizes: writes the events of native captures as blocks of a genuine .scap file
 * (header, lengths, parameters, every one of them) to standard output, for gzip to press on. Not an
 * exporter: there is no state in it, and our own event types keep their numbers.
 *
 *	scap_layout FILE... | gzip -6 | wc -c
 */
#include "format/event.h"
#include "format/native.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_EVENT 0x216 /* EV V2 */
#define HEADER_LEN  26	  /* time, thread, length, type, number of parameters */

static void put_event(struct buffer *b, struct event *ev)
{
	size_t start = b->len, event_at_, lengths_at;
	uint32_t total;

	event_parse(ev);
	buffer_u32(b, BLOCK_EVENT);
	buffer_u32(b, 0);
	buffer_u16(b, ev->cpu);
	event_at_ = b->len;
	buffer_u64(b, ev->time_ns);
	buffer_u64(b, (uint64_t)ev->tid);
	buffer_u32(b, 0);
	buffer_u16(b, ev->type);
	buffer_u32(b, ev->n_params);
	lengths_at = b->len;
	buffer_append(b, NULL, 2u * ev->n_params);
	for (unsigned i = 0; i < ev->n_params; i++) {
		const struct param *p = event_param(ev, i);
		uint16_t len = p->data ? (uint16_t)p->len : 0;

		memcpy(b->data + lengths_at + 2 * i, &len, sizeof len);
		if (len)
			buffer_append(b, p->data, len);
	}
	buffer_set_u32(b, event_at_ + 16, (uint32_t)(b->len - event_at_));
	buffer_append(b, NULL, -(b->len - start) & 3);
	total = (uint32_t)(b->len - start) + 4;
	buffer_u32(b, total);
	buffer_set_u32(b, start + 4, total);
}

static int write_file(const char *path, struct error *err)
{
	struct source_options options = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	struct source *s = native_reader_new(fd, path, &options, err);
	struct buffer b = {0};
	struct event ev;
	struct item item;

	if (!s)
		return -1;
	while ((r = source_next(s, &item, err)) > 0) {
		if (item.kind != ITEM_EVENTS)
			continue;
		if (batch_need(item.batch, COLUMNS_ALL, err) < 0)
			break;
		for (uint32_t i = 0; i < item.batch->n_events; i++) {
			event_at(&ev, item.batch, i);
			put_event(&b, &ev);
		}
		if (fwrite(b.data, 1, b.len, stdout) != b.len)
			break;
		buffer_clear(&b);
	}
	source_close(s);
	buffer_done(&b);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = {0};

	for (int i = 1; i < argc; i++)
		if (write_file(argv[i], &err) != 0) {
			fprintf(stderr, "scap_layout: %s: %s\n", argv[i], err.text);
			return 1;
		}
	return fflush(stdout) == 0 ? 0 : 1;
}
