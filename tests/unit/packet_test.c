/* Packets in native files: their blocks, and when the reader gives them. */
#include "format/native.h"
#include "format/packet_feed.h"
#include "tests/unit/capture_maker.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct packet packet_at(uint64_t time_ns, const char *interface, const char *data)
{
	return (struct packet){.time_ns = time_ns, .link_type = 1, .interface = text_of(interface),
			       .captured = (uint32_t)strlen(data), .original = (uint32_t)strlen(data) + 1,
			       .data = (const uint8_t *)data};
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

START_TEST(what_is_written_is_read)
{
	struct packet_writer w = {0};
	struct packet_parser parser = {0};
	struct packet in[] = {packet_at(1700000000123456789u, "lo", "abc"), packet_at(5, "eth0", ""),
			      packet_at(UINT64_MAX, "lo", "12345678")},
		      out;
	struct buffer b = {0};
	unsigned n = 0;

	/* number 0 is the section's own interface */
	parser.n = 1;
	parser.interfaces = calloc(1, sizeof *parser.interfaces);
	in[2].flags = 2;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(packet_writer_put(&w, &b, &in[i]), 0);
	for (size_t at = 0; at < b.len; at += u32_at(b.data + at + 4)) {
		if (packet_parser_block(&parser, b.data + at, u32_at(b.data + at + 4), &out) == 0)
			continue;
		ck_assert_uint_eq(out.time_ns, in[n].time_ns);
		ck_assert_uint_eq(out.captured, in[n].captured);
		ck_assert_uint_eq(out.original, in[n].original);
		ck_assert_uint_eq(out.flags, in[n].flags);
		ck_assert_uint_eq(out.interface.len, in[n].interface.len);
		ck_assert_mem_eq(out.interface.data, in[n].interface.data, out.interface.len);
		ck_assert_mem_eq(out.data, in[n].data, out.captured);
		n++;
	}
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(parser.n, 3);
	ck_assert_uint_eq(parser.n_bad, 0);
	in[0].captured = PACKET_LEN_MAX + 1;
	ck_assert_int_eq(packet_writer_put(&w, &b, &in[0]), -E2BIG);
	packet_writer_done(&w);
	packet_parser_done(&parser);
	buffer_done(&b);
}
END_TEST

START_TEST(interfaces_are_bounded)
{
	struct packet_writer w = {0};
	struct buffer b = {0};
	char name[8];
	int r = 0;

	for (unsigned i = 0; i < PACKET_INTERFACES_MAX && r == 0; i++) {
		struct packet p;

		snprintf(name, sizeof name, "if%u", i);
		p = packet_at(1, name, "x");
		r = packet_writer_put(&w, &b, &p);
		ck_assert_int_eq(r, i + 1 < PACKET_INTERFACES_MAX ? 0 : -E2BIG);
	}
	packet_writer_done(&w);
	buffer_done(&b);
}
END_TEST

/* Lengths that lie, interfaces that there are none of, units that are none. */
START_TEST(blocks_that_contradict_themselves_are_passed_over)
{
	struct packet_parser parser = {0};
	struct packet p;
	uint32_t interface[] = {1, 28, 1, 0, 9 | 1 << 16, 200, 28}, packet[] = {6, 36, 0, 0, 7, 4, 4, 0x64636261, 36};

	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)packet, 36, &p), 0);
	ck_assert_uint_eq(parser.n_bad, 1);
	/* 10^200 units in a second */
	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)interface, 28, &p), 0);
	ck_assert_uint_eq(parser.n, 1);
	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)packet, 36, &p), 0);
	ck_assert_uint_eq(parser.n_bad, 2);
	/* microseconds */
	interface[5] = 6;
	packet[2] = 1;
	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)interface, 28, &p), 0);
	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)packet, 36, &p), 1);
	ck_assert_uint_eq(p.time_ns, 7000);
	packet[5] = 5;
	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)packet, 36, &p), 0);
	packet[5] = UINT32_MAX;
	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)packet, 36, &p), 0);
	ck_assert_uint_eq(parser.n_bad, 4);
	for (uint32_t len = 12; len < 36; len += 4)
		ck_assert_int_eq(packet_parser_block(&parser, (uint8_t *)packet, len, &p), 0);
	/* another section has other interfaces */
	ck_assert_int_eq(packet_parser_block(&parser, (uint8_t[28]){0x0a, 0x0d, 0x0d, 0x0a}, 28, &p), 0);
	ck_assert_uint_eq(parser.n, 0);
	packet_parser_done(&parser);
}
END_TEST

/* Packets in front of, between and behind two events; given up to a time, as a file and as a pipe. */
static void check_reading(bool pipe_it)
{
	struct schema *schema = schema_new();
	struct capture_info info = {.start_ns = 1};
	struct native_writer_options options = {0};
	struct error err = {0};
	struct maker m;
	struct native_writer *w;
	struct source *s;
	struct packet p;
	struct item item;
	int ends[2], r;

	ck_assert_int_eq(pipe_it ? pipe(ends) : (ends[0] = ends[1] = memfd_create("packets", 0)) < 0, 0);
	ck_assert_int_eq(maker_init(&m, schema), 0);
	m.bb.batch.first_number = 1;
	ck_assert_int_eq(maker_add_args(&m, "read", &(struct maker_event){.tid = 7}, NULL, 0), 0);
	w = native_writer_new(ends[1], &info, schema, &options, &err);
	ck_assert_ptr_nonnull(w);
	for (unsigned i = 1; i <= 3; i++) {
		p = packet_at(m.bb.batch.time_ns[0] + i - 2, "lo", "packet");
		ck_assert_int_eq(native_writer_packet(w, &p, &err), 0);
	}
	ck_assert_int_eq(native_writer_events(w, &m.bb.batch, NULL, 0, NULL, &err), 0);
	ck_assert_int_eq(native_writer_finish(w, &err), 0);
	native_writer_free(w);
	if (pipe_it)
		close(ends[1]);
	else
		lseek(ends[0], 0, SEEK_SET);
	s = native_reader_new(ends[0], "x", &(struct source_options){0}, &err);
	ck_assert_ptr_nonnull(s);
	while ((r = source_next(s, &item, &err)) > 0 && item.kind != ITEM_EVENTS)
		;
	ck_assert_int_eq(r, 1);
	ck_assert_int_eq(source_packet(s, m.bb.batch.time_ns[0] - 2, &p, &err), 0);
	ck_assert_uint_eq(p.time_ns, m.bb.batch.time_ns[0] - 1);
	for (unsigned i = 1; i <= 2; i++) {
		ck_assert_int_eq(source_packet(s, m.bb.batch.time_ns[0], &p, &err), 1);
		ck_assert_uint_eq(p.time_ns, m.bb.batch.time_ns[0] + i - 2);
		ck_assert_mem_eq(p.data, "packet", 6);
	}
	ck_assert_int_eq(source_packet(s, m.bb.batch.time_ns[0], &p, &err), 0);
	ck_assert_uint_eq(p.time_ns, m.bb.batch.time_ns[0] + 1);
	ck_assert_int_eq(source_next(s, &item, &err), 0);
	ck_assert_int_eq(source_packet(s, UINT64_MAX, &p, &err), 1);
	ck_assert_int_eq(source_packet(s, UINT64_MAX, &p, &err), 0);
	ck_assert_uint_eq(p.time_ns, UINT64_MAX);
	source_close(s);
	maker_done(&m);
	schema_free(schema);
}

START_TEST(packets_are_given_up_to_a_time)
{
	check_reading(false);
	check_reading(true);
}
END_TEST

START_TEST(a_pipe_holds_no_more_than_its_limit)
{
	static uint32_t block[PACKET_BLOCK_MAX / 4];
	struct packet_feed f = {0};
	unsigned n = PACKETS_HELD_MAX / PACKET_BLOCK_MAX;

	block[0] = 6;
	block[1] = PACKET_BLOCK_MAX;
	for (unsigned i = 0; i < n + 5; i++)
		ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)block, PACKET_BLOCK_MAX), 0);
	ck_assert_uint_eq(f.n_lost, 5);
	packet_feed_done(&f);
}
END_TEST

/* Packets behind an interface that had no room are lost, not those of another; the next section is as good as ever. */
START_TEST(a_pipe_gives_no_packet_to_another_interface)
{
	static uint32_t large[PACKET_BLOCK_MAX / 4];
	uint32_t section[] = {0x0A0D0D0A, 28, 0x1A2B3C4D, 1, UINT32_MAX, UINT32_MAX, 28}, one[] = {1, 20, 1, 0, 20},
		 other[] = {1, 20, 113, 0, 20}, packet[] = {6, 36, 0, 0, 7, 4, 4, 0x64636261, 36};
	struct packet_feed f = {0};
	struct packet p;

	large[0] = 6;
	large[1] = PACKET_BLOCK_MAX;
	ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)section, 28), 0);
	while (!f.n_lost)
		ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)large, PACKET_BLOCK_MAX), 0);
	while (f.held.len + 20 <= PACKETS_HELD_MAX)
		ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)other, 20), 0);
	ck_assert(!f.astray);
	ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)one, 20), 0);
	ck_assert_int_eq(packet_feed_next(&f, UINT64_MAX, &p, NULL), 0);
	ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)other, 20), 0);
	ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)packet, 36), 0);
	ck_assert_int_eq(packet_feed_next(&f, UINT64_MAX, &p, NULL), 0);
	ck_assert_uint_eq(f.n_lost, 2);
	ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)section, 28), 0);
	ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)one, 20), 0);
	ck_assert_int_eq(packet_feed_block(&f, (uint8_t *)packet, 36), 0);
	ck_assert_int_eq(packet_feed_next(&f, UINT64_MAX, &p, NULL), 1);
	ck_assert_uint_eq(p.link_type, 1);
	ck_assert_uint_eq(f.n_lost, 2);
	packet_feed_done(&f);
}
END_TEST

/* As readers of pipes rely on: packets without end, at one time, are followed by what waits after each MiB. */
START_TEST(packets_between_blocks_are_bounded)
{
	static uint8_t data[PACKET_LEN_MAX];
	struct schema *schema = schema_new();
	struct native_writer_options options = {0};
	struct capture_info info = {.start_ns = 1};
	struct error err = {0};
	int fd = memfd_create("packets", 0);
	struct native_writer *w = native_writer_new(fd, &info, schema, &options, &err);
	struct packet p = {.time_ns = 5, .link_type = 1, .interface = text_of("lo"), .data = data};
	off_t before = lseek(fd, 0, SEEK_CUR), after = before;

	ck_assert_ptr_nonnull(w);
	for (unsigned i = 0; i < 200; i++) {
		p.captured = p.original = i % 7 * 40000 + i;
		ck_assert_int_eq(native_writer_packet(w, &p, &err), 0);
		before = after;
		after = lseek(fd, 0, SEEK_CUR);
		ck_assert_int_le(after - before, 1 << 20);
	}
	ck_assert_int_gt(after, 1 << 20);
	p.captured = PACKET_LEN_MAX + 1;
	ck_assert_int_eq(native_writer_packet(w, &p, &err), -E2BIG);
	native_writer_free(w);
	schema_free(schema);
	close(fd);
}
END_TEST

SUITE("packet", what_is_written_is_read, interfaces_are_bounded, blocks_that_contradict_themselves_are_passed_over,
      packets_are_given_up_to_a_time, a_pipe_holds_no_more_than_its_limit, a_pipe_gives_no_packet_to_another_interface,
      packets_between_blocks_are_bounded)
