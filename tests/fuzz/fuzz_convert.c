/*
 * The input is a genuine .scap file behind one byte of options; it is converted, and what was written must be
 * readable without damage, with as many events (or packets, of pcapng) as were said to be in it.
 */
#include "format/scap.h"
#include "replay/merge.h"
#include "sinks/pipeline.h"
#include "sinks/sink_file.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OPTION_LEGACY = 1, OPTION_NATIVE = 2, OPTION_FILTER = 4, OPTION_RANGE = 8, OPTION_TWICE = 16, OPTION_PACK = 32, OPTION_NET = 64, OPTION_EVENTS = 128 };

static int file_with(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static void pass_over(void *context, const struct error *err)
{
}

static struct source *input_open(const uint8_t *data, size_t size, bool twice)
{
	struct source_options options = {0};
	struct source *sources[2];
	size_t n = twice ? 2 : 1;

	for (size_t i = 0; i < n; i++)
		if (!(sources[i] = scap_reader_new(file_with(data, size), "fuzz", &options, NULL)))
			abort();
	return n == 1 ? sources[0] : merge_new(sources, n, NULL);
}

/* How many events the file shows; every one is there without a complaint. */
static uint64_t read_back(int fd, enum file_format format)
{
	struct source_options options = {.verify = true};
	struct error err = {0};
	struct source *s;
	struct item item;
	uint64_t n = 0;
	int r;

	if (lseek(fd, 0, SEEK_SET) != 0)
		abort();
	s = format == FILE_NATIVE ? native_reader_new(fd, "native", &options, &err)
				  : scap_reader_new(fd, "scap", &options, &err);
	/* Entry and exit events of a file that contradicts itself do: what does not fit is told. */
	while (s && (r = source_next(s, &item, &err)) != 0) {
		if (r < 0 && format != FILE_SCAP_LEGACY)
			abort();
		if (r < 0 || item.kind != ITEM_EVENTS)
			continue;
		if (batch_need(item.batch, COLUMNS_ALL, &err) < 0)
			abort();
		for (uint32_t i = 0; i < item.batch->n_events; i++)
			n += !(item.batch->flags[i] & EVENT_HIDDEN);
	}
	source_close(s);
	return n;
}

/* Blocks of pcapng, one behind the other to the end; as many packets as were said to be in it. */
static uint64_t walk_pcapng(int fd)
{
	struct { uint32_t type, len; } head;
	uint64_t n = 0;
	uint32_t len;
	off_t at = 0;

	while (pread(fd, &head, sizeof head, at) == sizeof head) {
		if (head.len < 12 || head.len % 4 || pread(fd, &len, 4, at + head.len - 4) != 4 || len != head.len)
			abort();
		n += head.type == 6;
		at += head.len;
	}
	if (lseek(fd, 0, SEEK_END) != at)
		abort();
	close(fd);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink_file_options o = {0};
	struct pipeline p = {.warn = pass_over, .show_internal = true};
	struct error err = {0};
	unsigned options;
	uint64_t n;
	int out, r;

	if (size < 1)
		return 0;
	options = data[0];
	o.format = options & OPTION_NATIVE ? FILE_NATIVE : options & OPTION_LEGACY ? FILE_SCAP_LEGACY : FILE_SCAP;
	if (options & OPTION_NET)
		o.format = FILE_PCAPNG;
	if (options & OPTION_EVENTS)
		o.format = FILE_PCAPNG_EVENTS;
	o.native.level = options & OPTION_PACK ? 1 : 0;
	o.native.state_in_place = options & OPTION_TWICE;
	o.selective = options & (OPTION_FILTER | OPTION_RANGE);
	if (options & OPTION_FILTER)
		p.filter = filter_new("evt.type in (read, openat, clone) or fd.name contains /etc", &err);
	if (options & OPTION_RANGE)
		range_parse_events(&p.range, "3:9", &err);
	p.source = input_open(data + 1, size - 1, options & OPTION_TWICE);
	out = memfd_create("fuzz-out", 0);
	if (!p.source || out < 0 || !(p.sink = sink_file_new(out, p.source->schema, &o, &err)))
		abort();
	r = pipeline_run(&p, &err);
	p.sink->ops->free(p.sink);
	source_close(p.source);
	filter_free(p.filter);
	if (o.format == FILE_PCAPNG_EVENTS) {
		/* one for each event, and one for what was lost behind the last */
		n = walk_pcapng(out);
		if (r == 0 && (n < p.n_passed || n > p.n_passed + 1))
			abort();
	} else if (o.format == FILE_PCAPNG) {
		if (walk_pcapng(out) != o.pcapng.n_packets)
			abort();
	} else if (r == 0 || p.n_damaged || p.n_bad_events) {
		n = read_back(out, o.format);
		if (o.format == FILE_SCAP && n != o.scap.n_events)
			abort();
		if (o.format == FILE_NATIVE && n != p.n_passed)
			abort();
	} else {
		close(out);
	}
	return 0;
}
