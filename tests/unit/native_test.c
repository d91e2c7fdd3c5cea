/* What the native writer puts into a file, the reader gives back; and what damage costs. */
#include "format/event.h"
#include "format/native.h"
#include "format/wire.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define T0 1700000000000000000u

static struct capture_info info_make(uint8_t id)
{
	struct capture_info info = {
		.start_ns = T0,
		.n_cpus = 4,
		.snaplen = 80,
		.page_size = 4096,
		.clock = CLOCK_BOOT_PLUS_OFFSET,
		.memory_bytes = 1u << 30,
		.boot_ns = T0 - 1000,
		.hostname = text_of("example"),
		.kernel = text_of("6.1.0"),
		.arch = text_of("x86_64"),
		.os = text_of("Linux"),
		.application = text_of("native_test"),
		.engine = text_of("test"),
		.filter = text_of("proc.name=curl"),
		.command = text_of("curl example.org"),
		.comment = text_of("made by a test"),
	};

	memset(info.id, id, sizeof info.id);
	return info;
}

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

/* Any bytes at all: what the payload means is not the format's business. */
static void batch_fill(struct batch_builder *bb, uint32_t n, uint64_t *time_ns, uint32_t payload_max)
{
	static uint8_t bytes[EVENT_PAYLOAD_MAX];
	static const uint16_t types[] = {1, 3, 5, 7, 307, 0x4000, 0x4001, 402};

	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = payload_max ? random_below(payload_max + 1) : 0;
		struct batch_row row = {
			.time_ns = *time_ns += random_below(20000),
			.duration_ns = random_below(5) ? random_below(1u << 30) : DURATION_NONE,
			.tid = random_below(10) ? 1000 + (int64_t)random_below(300) : -1,
			.result = random_below(3) ? (int64_t)random_below(5000) - 100 : (int64_t)0x7f0012345000,
			.fd = random_below(4) ? (int32_t)random_below(70000) - 200 : FD_NONE,
			.type = types[random_below(8)],
			.cpu = (uint16_t)random_below(4),
			.flags = (uint16_t)random_below(256),
			.sysno = random_below(3) ? (uint16_t)random_below(460) : SYSNO_NONE,
			.absent = random_below(3) ? 0 : 1u << random_below(32),
			.payload = bytes,
			.payload_len = len,
		};

		for (uint32_t k = 0; k < len; k++)
			bytes[k] = (uint8_t)random_below(256);
		ck_assert_int_eq(batch_builder_add(bb, &row), 0);
	}
}

static void same_event(struct batch *a, uint32_t i, struct batch *b, uint32_t k)
{
	ck_assert_uint_eq(a->time_ns[i], b->time_ns[k]);
	ck_assert_uint_eq(a->duration_ns[i], b->duration_ns[k]);
	ck_assert_int_eq(a->tids[a->tid_index[i]], b->tids[b->tid_index[k]]);
	ck_assert_uint_eq(a->type[i], b->type[k]);
	ck_assert_uint_eq(a->cpu[i], b->cpu[k]);
	ck_assert_uint_eq(a->flags[i], b->flags[k]);
	ck_assert_int_eq(a->result[i], b->result[k]);
	ck_assert_int_eq(a->fd[i], b->fd[k]);
	ck_assert_uint_eq(a->sysno[i], b->sysno[k]);
	ck_assert_uint_eq(a->absent[i], b->absent[k]);
	ck_assert_uint_eq(a->payload_len[i], b->payload_len[k]);
	if (a->payload_len[i])
		ck_assert_mem_eq(a->payload + a->payload_at[i], b->payload + b->payload_at[k],
				 a->payload_len[i]);
}

static int file_new(void)
{
	int fd = memfd_create("native_test", 0);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct source *file_open(int fd, struct source_options options)
{
	struct error err = {0};
	struct source *s;
	int copy = dup(fd);

	ck_assert_int_eq(lseek(copy, 0, SEEK_SET), 0);
	s = native_reader_new(copy, "test", &options, &err);
	ck_assert_ptr_nonnull(s);
	return s;
}

static void options_round_trip(struct native_writer_options options, uint32_t payload_max)
{
	struct schema *schema = schema_new();
	struct batch_builder bb;
	struct capture_info info = info_make(7);
	struct native_writer *w;
	struct error err = {0};
	struct source *s;
	struct item item;
	uint64_t t = T0;
	uint32_t seen = 0;
	int fd = file_new(), r;

	ck_assert_int_eq(batch_builder_init(&bb, schema), 0);
	batch_fill(&bb, payload_max > 10000 ? 20 : 16384, &t, payload_max);
	w = native_writer_new(fd, &info, schema, &options, &err);
	ck_assert_msg(w != NULL, "%s", err.text);
	ck_assert_msg(native_writer_events(w, &bb.batch, NULL, 0, NULL, &err) == 0, "%s", err.text);
	ck_assert_msg(native_writer_finish(w, &err) == 0, "%s", err.text);
	native_writer_free(w);

	s = file_open(fd, (struct source_options){0});
	while ((r = source_next(s, &item, &err)) > 0) {
		if (item.kind != ITEM_EVENTS)
			continue;
		ck_assert_msg(batch_need(item.batch, COLUMNS_ALL, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(item.batch->first_number, seen + 1);
		for (uint32_t i = 0; i < item.batch->n_events; i++)
			same_event(item.batch, i, &bb.batch, seen++);
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_uint_eq(seen, bb.batch.n_events);
	source_close(s);
	batch_builder_done(&bb);
	schema_free(schema);
	close(fd);
}

START_TEST(events_round_trip)
{
	options_round_trip((struct native_writer_options){0}, 60);
}
END_TEST

START_TEST(events_round_trip_through_a_thread)
{
	options_round_trip((struct native_writer_options){.threaded = true, .step_down = true}, 60);
}
END_TEST

START_TEST(events_that_do_not_compress_are_split)
{
	options_round_trip((struct native_writer_options){.level = 1}, 125);
	options_round_trip((struct native_writer_options){.level = 1}, 100000);
}
END_TEST

SUITE("native", events_round_trip, events_round_trip_through_a_thread,
      events_that_do_not_compress_are_split)
