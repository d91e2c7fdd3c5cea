/*
 * The input is a genuine .scap file, plain or compressed, behind one byte of options.
 */
#include "format/event.h"
#include "format/scap.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { OPTION_RAW = 1, OPTION_PIPE = 2, OPTION_PACK = 4, OPTION_LAZY = 8, OPTION_FOLLOW = 16 };

static volatile uint64_t looked; /* so that bytes are really read */

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

/* The input as a gzip member; what is mutated is what comes out of it. */
static uint8_t *pack(const uint8_t *data, size_t size, size_t *ret_len)
{
	z_stream z = {0};
	size_t room = size + size / 100 + 256;
	uint8_t *out = malloc(room);

	if (!out || deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (uint8_t *)data;
	z.avail_in = (uInt)size;
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	*ret_len = room - z.avail_out;
	deflateEnd(&z);
	return out;
}

static uint64_t sum_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += p[i];
	return sum;
}

static uint64_t look_event(struct batch *b, uint32_t i)
{
	struct event ev;
	uint64_t sum = 0;

	event_at(&ev, b, i);
	event_parse(&ev);
	for (unsigned k = 0; k < ev.n_params; k++) {
		const struct param *p = event_param(&ev, k);

		sum += sum_bytes(p->data, p->len);
	}
	if (b->payload_size > BATCH_PAYLOAD_MAX || b->payload_len[i] > EVENT_PAYLOAD_MAX)
		abort();
	return sum;
}

static uint64_t look_thread(const struct thread_entry *t)
{
	const struct text texts[] = {t->comm, t->exe, t->exepath, t->cwd, t->root, t->args, t->env, t->cgroups};
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		sum += sum_bytes(texts[i].data, texts[i].len);
	return sum;
}

static uint64_t look_entry(const struct state_entry *e)
{
	switch (e->kind) {
	case ENTRY_THREAD: return look_thread(&e->thread);
	case ENTRY_FD: return sum_bytes(e->fd.name.data, e->fd.name.len);
	case ENTRY_USER: return sum_bytes(e->user.name.data, e->user.name.len) +
				sum_bytes(e->user.shell.data, e->user.shell.len);
	case ENTRY_GROUP: return sum_bytes(e->group.name.data, e->group.name.len);
	case ENTRY_INTERFACE: return sum_bytes(e->interface.name.data, e->interface.name.len);
	default: return 0;
	}
}

static uint64_t look(const struct item *item, bool lazy)
{
	struct batch *b = item->batch;
	uint64_t sum = 0;

	if (item->kind == ITEM_STATE)
		for (size_t i = 0; i < item->state.n_entries; i++)
			sum += look_entry(&item->state.entries[i]);
	if (item->kind != ITEM_EVENTS)
		return sum;
	if (lazy && (batch_need(b, COLUMN_TYPE, NULL) < 0 || batch_need(b, COLUMN_PAYLOAD_BULK, NULL) < 0 ||
		     batch_need(b, COLUMN_TID, NULL) < 0))
		abort();
	if (batch_need(b, COLUMNS_ALL, NULL) < 0)
		abort();
	for (uint32_t i = 0; i < b->n_events; i++)
		sum += look_event(b, i);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_options options = {0};
	uint8_t *packed = NULL;
	size_t len = size - 1;
	struct source *s;
	struct item item;
	int fd = -1, r;

	if (size < 1)
		return 0;
	options.raw_events = data[0] & OPTION_RAW;
	options.follow = data[0] & OPTION_FOLLOW;
	if (data[0] & OPTION_PACK)
		packed = pack(data + 1, size - 1, &len);
	if (data[0] & OPTION_PIPE)
		fd = pipe_with(packed ? packed : data + 1, len);
	if (fd < 0)
		fd = file_with(packed ? packed : data + 1, len);
	s = scap_reader_new(fd, "fuzz", &options, NULL);
	/* Every step passes over something: more steps than bytes is a hang. Packed ones may hold more. */
	for (size_t steps = 0; s && (r = source_next(s, &item, NULL)) != 0; steps++) {
		if (r > 0)
			looked += look(&item, data[0] & OPTION_LAZY);
		if (steps > 4 * size + 100 && (size < 3 || data[1] != 0x1f))
			abort();
	}
	source_close(s);
	free(packed);
	return 0;
}
