/* What the native reader does with files that are cut, changed, grown, mixed up; and the writer with bad disks. */
#include "format/event.h"
#include "format/native.h"
#include "format/wire.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

/* A golden file, in memory. */
static struct buffer golden_read(const char *name)
{
	struct buffer file = {0};
	char path[4096];
	FILE *in;

	snprintf(path, sizeof path, "%s/tests/golden/good/%s.scap", getenv("SOURCE_ROOT"), name);
	in = fopen(path, "rb");
	ck_assert_msg(in != NULL, "%s", path);
	ck_assert_ptr_nonnull(buffer_reserve(&file, 1 << 20));
	file.len = fread(file.data, 1, 1 << 20, in);
	fclose(in);
	return file;
}

static int file_with(const void *data, size_t len)
{
	int fd = memfd_create("damage_test", 0);

	ck_assert_int_eq(write(fd, data, len), len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

struct summary {
	uint64_t n_events, n_entries, n_lost, n_damage_lost, n_errors, n_captures;
	uint64_t sum; /* of all that the events say */
	bool comes_back; /* the end was reached */
	struct source_stats stats;
};

static uint64_t mix(uint64_t sum, uint64_t v)
{
	return (sum ^ v) * 0x100000001b3u + (sum >> 40);
}

static void add_events(struct summary *s, struct batch *b)
{
	struct event ev;

	for (uint32_t i = 0; i < b->n_events; i++) {
		event_at(&ev, b, i);
		event_parse(&ev);
		s->sum = mix(s->sum, ev.time_ns);
		s->sum = mix(s->sum, ev.duration_ns);
		s->sum = mix(s->sum, (uint64_t)ev.tid);
		s->sum = mix(s->sum, (uint64_t)ev.result);
		s->sum = mix(s->sum, ev.type | (uint64_t)ev.cpu << 16 | (uint64_t)ev.flags << 32 |
					     (uint64_t)ev.sysno << 48);
		for (unsigned k = 0; k < ev.n_params; k++) {
			for (uint32_t at = 0; at < ev.params[k].len; at++)
				s->sum = mix(s->sum, ev.params[k].data[at]);
		}
	}
	s->n_events += b->n_events;
}

static struct summary source_sum(struct source *src)
{
	struct summary s = {0};
	struct error err = {0};
	struct item item;
	int r;

	for (unsigned steps = 0; (r = source_next(src, &item, &err)) != 0; steps++) {
		ck_assert_uint_lt(steps, 100000);
		if (r < 0) {
			ck_assert_msg(strncmp(err.text, "test: ", 6) == 0, "%s", err.text);
			s.n_errors++;
		} else if (item.kind == ITEM_CAPTURE) {
			s.n_captures++;
		} else if (item.kind == ITEM_STATE) {
			s.n_entries += item.state.n_entries;
		} else if (item.kind == ITEM_LOSS) {
			*(item.loss->class == LOSS_DAMAGE ? &s.n_damage_lost : &s.n_lost) += item.loss->count;
		} else if (batch_need(item.batch, COLUMNS_ALL, &err) < 0) {
			s.n_errors++;
		} else {
			add_events(&s, item.batch);
		}
		error_clear(&err);
	}
	source_stats(src, &s.stats);
	return s;
}

static struct summary fd_sum(int fd, struct source_options options)
{
	struct source *src = native_reader_new(fd, "test", &options, NULL);
	struct summary s;

	ck_assert_ptr_nonnull(src);
	s = source_sum(src);
	source_close(src);
	return s;
}

static struct summary file_sum(const struct buffer *file, bool verify)
{
	return fd_sum(file_with(file->data, file->len), (struct source_options){.verify = verify});
}

START_TEST(a_whole_file_has_no_complaint)
{
	struct buffer file = golden_read("three");
	struct summary s = file_sum(&file, false), v = file_sum(&file, true);

	ck_assert_uint_eq(s.n_events, 360);
	ck_assert_uint_eq(s.n_errors, 0);
	ck_assert(s.stats.has_index && s.stats.index_valid && !s.stats.truncated);
	ck_assert_uint_eq(s.stats.n_events, 360);
	ck_assert_uint_eq(s.stats.n_types[307], 120);
	ck_assert_uint_eq(s.sum, v.sum);
	buffer_done(&file);
}
END_TEST

/* Killed at any moment: what is whole is read, and only that. */
START_TEST(cut_anywhere)
{
	struct buffer file = golden_read("three");
	size_t whole = file.len;
	uint64_t before = 0;

	for (size_t len = 1; len < whole; len++) {
		struct summary s;

		file.len = len;
		s = file_sum(&file, false);
		ck_assert_uint_le(s.n_errors, 1);
		ck_assert_uint_ge(s.n_events, before);
		ck_assert_uint_eq(s.n_events % 120, 0);
		ck_assert(!s.stats.has_index);
		before = s.n_events;
	}
	ck_assert_uint_eq(before, 360);
	buffer_done(&file);
}
END_TEST

/* Any byte of our blocks changed: it is told, or nothing that was read differs. */
START_TEST(changed_anywhere)
{
	struct buffer file = golden_read("three");
	struct summary want = file_sum(&file, true);

	for (size_t at = 336; at < file.len; at++) {
		struct summary s;

		file.data[at] ^= 0xff;
		s = file_sum(&file, true);
		/* A last block that is no longer ours is an INDEX that is not there. */
		ck_assert_msg(s.n_errors > 0 || !s.stats.has_index, "byte %zu", at);
		ck_assert_uint_ge(s.n_events, 240);
		ck_assert_uint_eq(s.n_events + s.n_damage_lost, 360);
		s = file_sum(&file, false);
		ck_assert_msg(s.n_errors > 0 || s.sum == want.sum, "byte %zu, not verified", at);
		file.data[at] ^= 0xff;
	}
	buffer_done(&file);
}
END_TEST

/* Numbers that jump though no block is missing: the writer's mistake, and nothing was lost. */
START_TEST(misnumbered_events_are_not_lost)
{
	static const uint64_t first[] = {0, 10, UINT64_MAX};

	for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
		struct buffer file = golden_read("three");
		struct summary s;
		size_t at = 0;
		uint32_t total, header, crc;

		for (; file.data[at] != 0xad || file.data[at + WIRE_AT_KIND] != BLOCK_EVENTS; at += total)
			memcpy(&total, file.data + at + WIRE_AT_TOTAL, 4);
		memcpy(&total, file.data + at + WIRE_AT_TOTAL, 4);
		memcpy(&header, file.data + at + WIRE_AT_HEADER, 4);
		memcpy(file.data + at + WIRE_COMMON + 4, &first[i], 8);
		crc = (uint32_t)crc32_z(0, file.data + at, header - 4);
		memcpy(file.data + at + header - 4, &crc, 4);
		crc = (uint32_t)crc32_z(0, file.data + at, total - 8);
		memcpy(file.data + at + total - 8, &crc, 4);
		s = file_sum(&file, true);
		ck_assert_uint_eq(s.n_errors, 0);
		ck_assert_uint_eq(s.n_events, 360);
		ck_assert_uint_eq(s.n_damage_lost, 0);
		ck_assert_uint_eq(s.stats.events_missing, 0);
		ck_assert_uint_eq(s.stats.n_misnumbered, 2); /* that block and the one behind it */
		buffer_done(&file);
	}
}
END_TEST

/* Damage at the end of a file that grows: its next block is found, whatever came of it at first. */
START_TEST(a_search_goes_on_when_the_file_grows)
{
	struct buffer file = golden_read("three");
	int fd = memfd_create("grows", 0);
	struct source_options options = {.follow = true};
	struct source *src = native_reader_new(dup(fd), "test", &options, NULL);
	uint64_t n = 0;

	file.data[1300] ^= 1; /* in the header of the first EVENTS block */
	for (size_t at = 0; at < file.len; at += 4) {
		ck_assert_int_eq(pwrite(fd, file.data + at, 4, (off_t)at), 4);
		n += source_sum(src).n_events;
	}
	ck_assert_uint_eq(n, 240);
	source_close(src);
	close(fd);
	buffer_done(&file);
}
END_TEST

START_TEST(blocks_out_of_order_are_put_in_order)
{
	struct buffer file = golden_read("three"), moved = golden_read("reordered"),
		      merged = golden_read("merged"), two = golden_read("two");
	struct summary want = file_sum(&file, false), s = file_sum(&moved, false);

	ck_assert_uint_eq(s.n_errors, 0);
	ck_assert_uint_eq(s.sum, want.sum);
	s = file_sum(&merged, false);
	ck_assert_uint_eq(s.n_errors, 0);
	ck_assert_uint_eq(s.n_captures, 2);
	ck_assert_uint_eq(s.n_events, 363);
	s = file_sum(&two, false);
	ck_assert_uint_eq(s.n_errors, 0);
	ck_assert_uint_eq(s.n_captures, 2);
	ck_assert_uint_eq(s.n_events, 363);
	buffer_done(&file);
	buffer_done(&moved);
	buffer_done(&merged);
	buffer_done(&two);
}
END_TEST

START_TEST(pipes_work)
{
	struct buffer file = golden_read("foreign");
	struct summary s;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], file.data, file.len), file.len);
	close(ends[1]);
	s = fd_sum(ends[0], (struct source_options){0});
	ck_assert_uint_eq(s.n_errors, 0);
	ck_assert_uint_eq(s.n_events, 360);
	ck_assert_uint_eq(s.stats.n_skipped_foreign, 2);
	ck_assert_uint_eq(s.stats.n_packets, 1);
	buffer_done(&file);
}
END_TEST

START_TEST(a_growing_file_is_followed)
{
	struct buffer file = golden_read("three");
	int fd = memfd_create("grows", 0);
	struct source_options options = {.follow = true};
	struct source *src = native_reader_new(dup(fd), "test", &options, NULL);
	uint64_t n = 0;

	for (size_t at = 0; at < file.len; at += 50) {
		size_t len = file.len - at < 50 ? file.len - at : 50;
		struct summary s;

		ck_assert_int_eq(pwrite(fd, file.data + at, len, (off_t)at), len);
		s = source_sum(src);
		ck_assert_uint_eq(s.n_errors, 0);
		n += s.n_events;
	}
	ck_assert_uint_eq(n, 360);
	source_close(src);
	close(fd);
	buffer_done(&file);
}
END_TEST

START_TEST(blocks_without_wanted_types_are_passed_over)
{
	struct buffer file = golden_read("three");
	uint64_t wanted[EVENT_TYPE_MAX / 64] = {0};
	struct source_options options = {0};
	struct source *src = native_reader_new(file_with(file.data, file.len), "test", &options, NULL);
	struct summary s;

	wanted[9 / 64] = 1u << 9;
	source_want_types(src, wanted);
	s = source_sum(src);
	ck_assert_uint_eq(s.n_events, 0);
	ck_assert_uint_eq(s.stats.n_events, 360);
	ck_assert_uint_eq(s.n_errors, 0);
	source_close(src);
	buffer_done(&file);
}
END_TEST

/* ---- the writer and its disk ---- */

static struct native_writer *writer_on(int fd, bool threaded, struct schema *schema, struct error *err)
{
	struct capture_info info = {.hostname = text_of("h")};
	struct native_writer_options options = {.threaded = threaded};

	return native_writer_new(fd, &info, schema, &options, err);
}

static void write_until_refused(int fd, bool threaded, int code)
{
	struct schema *schema = schema_new();
	struct batch_builder bb;
	struct error err = {0};
	struct native_writer *w = writer_on(fd, threaded, schema, &err);
	struct batch_row row = {.time_ns = 1, .type = 5};
	int r = 0;

	ck_assert_int_eq(batch_builder_init(&bb, schema), 0);
	ck_assert_int_eq(batch_builder_add(&bb, &row), 0);
	for (unsigned i = 0; w && i < 100000 && r == 0; i++) {
		r = native_writer_events(w, &bb.batch, NULL, 0, NULL, &err);
		if (r == 0)
			r = native_writer_flush(w, &err);
	}
	if (!w)
		r = err.code;
	ck_assert_int_eq(r, code);
	ck_assert_ptr_nonnull(strstr(err.text, strerror(-code)));
	/* Every further call says the same. */
	if (w) {
		error_clear(&err);
		ck_assert_int_eq(native_writer_events(w, &bb.batch, NULL, 0, NULL, &err), code);
		ck_assert_int_eq(native_writer_finish(w, &err), code);
	}
	native_writer_free(w);
	batch_builder_done(&bb);
	schema_free(schema);
}

START_TEST(a_full_disk_is_told)
{
	int fd = open("/dev/full", O_WRONLY);

	write_until_refused(fd, false, -ENOSPC);
	write_until_refused(fd, true, -ENOSPC);
	close(fd);
}
END_TEST

START_TEST(a_closed_pipe_is_told)
{
	for (int threaded = 0; threaded < 2; threaded++) {
		struct schema *schema = schema_new();
		struct batch_builder bb;
		struct error err = {0};
		struct native_writer *w;
		struct batch_row row = {.time_ns = 1, .type = 5};
		int ends[2];

		signal(SIGPIPE, SIG_IGN);
		ck_assert_int_eq(pipe(ends), 0);
		w = writer_on(ends[1], threaded, schema, &err);
		ck_assert_ptr_nonnull(w);
		close(ends[0]);
		ck_assert_int_eq(batch_builder_init(&bb, schema), 0);
		ck_assert_int_eq(batch_builder_add(&bb, &row), 0);
		ck_assert_int_eq(native_writer_events(w, &bb.batch, NULL, 0, NULL, &err), 0);
		ck_assert_int_eq(native_writer_finish(w, &err), -EPIPE);
		native_writer_free(w);
		batch_builder_done(&bb);
		schema_free(schema);
		close(ends[1]);
	}
}
END_TEST

START_TEST(probe_tells_genuine_scap_apart)
{
	struct buffer file = golden_read("small");
	static const uint8_t genuine[32] = {0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 2,
					    0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0,
					    1, 2, 0, 0};
	uint8_t old[32];

	ck_assert(native_reader_probe(file.data, 28));
	ck_assert(native_reader_probe(file.data, file.len));
	ck_assert(!native_reader_probe(file.data, 10));
	ck_assert(!native_reader_probe(genuine, sizeof genuine));
	memcpy(old, genuine, sizeof old);
	old[14] = 0; /* version 1.0, as the oldest ones have */
	ck_assert(!native_reader_probe(old, sizeof old));
	buffer_done(&file);
}
END_TEST

SUITE("damage", a_whole_file_has_no_complaint, cut_anywhere, changed_anywhere,
      misnumbered_events_are_not_lost, a_search_goes_on_when_the_file_grows,
      blocks_out_of_order_are_put_in_order, pipes_work, a_growing_file_is_followed,
      blocks_without_wanted_types_are_passed_over, a_full_disk_is_told, a_closed_pipe_is_told,
      probe_tells_genuine_scap_apart)
