/* Conversations rebuilt from calls: which packets come of them. */
#include "sinks/conversation.h"
#include "sinks/sink.h"
#include "tests/unit/state_feed.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CLIENT = 10, SERVER = 20, PORT = 40000 };
#define LOOPBACK 0x7f000001u
#define PACKETS	 512

/* One packet of the file: headers are looked at here, payload is what lies behind them. */
struct seen {
	uint16_t from, to;
	uint8_t flags, protocol;
	uint32_t seq, ack, captured, original; /* of the payload */
	uint8_t payload[64];
	char comment[128];
};

static struct feed feed;
static struct sink *sink;
static struct pcapng_sink_report report;
static struct error err;
static int fd;
static struct seen seen[PACKETS];
static size_t n_seen;
static uint8_t file[1 << 20];

static void set_up(void)
{
	err = (struct error){0};
	feed_init(&feed);
	feed_process(&feed, CLIENT, 1, "/");
	feed_process(&feed, SERVER, 1, "/");
	fd = memfd_create("pcapng", 0);
	sink = sink_pcapng_new(fd, &report, &err);
	ck_assert_ptr_nonnull(sink);
}

static uint32_t u16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t u32(const uint8_t *p)
{
	return u16(p) << 16 | u16(p + 2);
}

static uint32_t little(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static uint16_t checksum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += u16(p + i);
	sum += len & 1 ? (uint32_t)p[len - 1] << 8 : 0;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* An IPv4 packet; whole ones have good checksums. */
static void look(struct seen *s, const uint8_t *p, uint32_t captured, uint32_t original)
{
	const uint8_t *inner = p + 20;
	uint32_t head;

	ck_assert_uint_ge(captured, 28);
	ck_assert_uint_eq(p[0], 0x45);
	ck_assert_uint_eq(u16(p + 2), original);
	ck_assert_uint_eq(checksum(0, p, 20), 0xffff);
	s->protocol = p[9];
	s->from = (uint16_t)u16(inner);
	s->to = (uint16_t)u16(inner + 2);
	head = 28;
	if (s->protocol == 6) {
		s->seq = u32(inner + 4);
		s->ack = u32(inner + 8);
		s->flags = inner[13];
		head = 20 + (uint32_t)(inner[12] >> 4) * 4;
	}
	s->captured = captured - head;
	s->original = original - head;
	memcpy(s->payload, p + head, s->captured < sizeof s->payload ? s->captured : sizeof s->payload);
	if (captured == original) {
		uint32_t sum = s->protocol + captured - 20;

		for (unsigned i = 12; i < 20; i += 2)
			sum += u16(p + i);
		ck_assert_uint_eq(checksum(sum, inner, captured - 20), 0xffff);
	}
}

/* Ends the file, and looks at what is in it. */
static void finish(void)
{
	ssize_t len;

	ck_assert_int_eq(sink->ops->finish(sink, &err), 0);
	sink->ops->free(sink);
	len = pread(fd, file, sizeof file, 0);
	n_seen = 0;
	for (ssize_t at = 0; at < len;) {
		const uint8_t *b = file + at;
		uint32_t block = little(b + 4), captured;

		ck_assert_uint_eq(little(b + block - 4), block);
		at += block;
		if (little(b) != 6)
			continue;
		captured = little(b + 20);
		ck_assert_uint_lt(n_seen, PACKETS);
		memset(&seen[n_seen], 0, sizeof *seen);
		look(&seen[n_seen], b + 28, captured, little(b + 24));
		b += 28 + ((captured + 3) & ~3u);
		ck_assert_uint_eq(b[0], 1); /* opt_comment */
		memcpy(seen[n_seen].comment, b + 4, b[2] < 127 ? b[2] : 127);
		n_seen++;
	}
	ck_assert_uint_eq(n_seen, report.n_packets);
	close(fd);
	feed_done(&feed);
}

#define TAKE(name, made, ...)                                                                      \
	do {                                                                                       \
		FEED(&feed, name, made, ##__VA_ARGS__);                                            \
		ck_assert_int_eq(sink->ops->event(sink, &feed.ev, feed.st, &err), 0);              \
	} while (0)

static const uint8_t *tuple_of(uint16_t sport, uint16_t dport)
{
	static uint8_t tuple[13];

	maker_tuple(tuple, LOOPBACK, sport, LOOPBACK, dport);
	return tuple;
}

static void client_connects(int64_t result)
{
	TAKE("socket", CALL(CLIENT, 3), NUMBER("domain", 2), NUMBER("type", 1));
	TAKE("connect", ON(CLIENT, 3, result), BYTES("tuple", tuple_of(PORT, 80), 13));
}

static void server_accepts(void)
{
	TAKE("accept4", CALL(SERVER, 4), BYTES("tuple", tuple_of(PORT, 80), 13));
}

static void io(const char *name, int64_t tid, int32_t number, int64_t result, const char *data)
{
	if (data)
		TAKE(name, ON(tid, number, result), BYTES("data", data, strlen(data)), NUMBER("size", 100000));
	else
		TAKE(name, ON(tid, number, result), NUMBER("size", 100000));
}

static void check(size_t i, uint16_t from, uint8_t flags, uint32_t captured, uint32_t original)
{
	ck_assert_uint_lt(i, n_seen);
	ck_assert_uint_eq(seen[i].from, from);
	ck_assert_uint_eq(seen[i].flags, flags);
	ck_assert_uint_eq(seen[i].captured, captured);
	ck_assert_uint_eq(seen[i].original, original);
}

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

START_TEST(both_ends_tell_one_conversation)
{
	set_up();
	client_connects(0);
	io("write", CLIENT, 3, 5, "hello");
	server_accepts();
	io("read", SERVER, 4, 5, "hello");
	/* the client's read returns before the server's write does */
	io("read", CLIENT, 3, 3, "yes");
	io("write", SERVER, 4, 3, "yes");
	TAKE("close", ON(SERVER, 4, 0));
	io("read", CLIENT, 3, 0, NULL);
	TAKE("close", ON(CLIENT, 3, 0));
	finish();
	ck_assert_uint_eq(n_seen, 8);
	check(0, PORT, SYN, 0, 0);
	check(1, 80, SYN | ACK, 0, 0);
	check(2, PORT, ACK, 0, 0);
	check(3, PORT, PSH | ACK, 5, 5);
	check(4, 80, PSH | ACK, 3, 3);
	check(5, 80, FIN | ACK, 0, 0);
	check(6, PORT, FIN | ACK, 0, 0);
	check(7, 80, ACK, 0, 0);
	ck_assert_uint_eq(seen[3].seq, seen[0].seq + 1);
	ck_assert_uint_eq(seen[3].ack, seen[1].seq + 1);
	ck_assert_uint_eq(seen[4].ack, seen[3].seq + 5);
	ck_assert_uint_eq(seen[6].ack, seen[5].seq + 1);
	ck_assert_uint_eq(seen[7].ack, seen[6].seq + 1);
	ck_assert_ptr_nonnull(strstr(seen[3].comment, "proc (pid 10) fd 3 write = 5, event "));
	ck_assert_ptr_nonnull(strstr(seen[4].comment, "proc (pid 10) fd 3 read = 3, event "));
}
END_TEST

/* Without the beginning the sender is believed, if it is there. */
START_TEST(a_conversation_that_was_there_before_is_told_once)
{
	struct loss_entry loss = {.class = LOSS_BULK, .count = 1};

	set_up();
	client_connects(0);
	server_accepts();
	io("write", CLIENT, 3, 3, "one");
	ck_assert_int_eq(sink->ops->loss(sink, &loss, &err), 0);
	io("read", SERVER, 4, 9, "onetwo333");
	io("write", CLIENT, 3, 4, "four");
	io("read", SERVER, 4, 4, "four");
	io("write", SERVER, 4, 2, "ok");
	io("read", CLIENT, 3, 2, "ok");
	finish();
	ck_assert_uint_eq(n_seen, 6);
	check(3, PORT, PSH | ACK, 3, 3);
	check(4, PORT, PSH | ACK, 4, 4);
	check(5, 80, PSH | ACK, 2, 2);
	ck_assert_int_eq(memcmp(seen[4].payload, "four", 4), 0);
}
END_TEST

START_TEST(what_sendfile_sent_is_told_by_the_receiver)
{
	set_up();
	client_connects(0);
	server_accepts();
	TAKE("sendfile", ON(SERVER, 4, 4), NUMBER("in_fd", 9));
	io("read", CLIENT, 3, 4, "file");
	/* of this nobody tells the bytes */
	TAKE("sendfile", ON(SERVER, 4, 100000), NUMBER("in_fd", 9));
	TAKE("close", ON(SERVER, 4, 0));
	TAKE("close", ON(CLIENT, 3, 0));
	finish();
	ck_assert_uint_eq(n_seen, 9);
	check(3, 80, PSH | ACK, 4, 4);
	check(4, 80, ACK, 0, 65495);
	check(5, 80, PSH | ACK, 0, 100000 - 65495);
	check(6, 80, FIN | ACK, 0, 0);
	ck_assert_uint_eq(seen[6].seq, seen[3].seq + 4 + 100000);
}
END_TEST

/* Calls longer than what is kept of them, while the receiver takes small parts. */
START_TEST(the_rest_of_a_long_call_is_told_by_the_receiver)
{
	static char kept[5000];

	memset(kept, 'k', sizeof kept);
	set_up();
	client_connects(0);
	server_accepts();
	TAKE("write", ON(SERVER, 4, 9000), BYTES("data", kept, sizeof kept));
	io("write", SERVER, 4, 3, "end");
	TAKE("close", ON(SERVER, 4, 0));
	TAKE("read", ON(CLIENT, 3, 4500), BYTES("data", kept, 4500), NUMBER("size", 9000));
	TAKE("read", ON(CLIENT, 3, 4500), BYTES("data", kept, 4500), NUMBER("size", 9000));
	io("read", CLIENT, 3, 3, "end");
	finish();
	ck_assert_uint_eq(n_seen, 7);
	check(3, 80, PSH | ACK, 5000, 5000);
	check(6, 80, FIN | ACK, 0, 0);
	check(4, 80, PSH | ACK, 4000, 4000);
	check(5, 80, PSH | ACK, 3, 3);
	ck_assert_int_eq(memcmp(seen[5].payload, "end", 3), 0);
}
END_TEST

START_TEST(ports_are_used_again)
{
	set_up();
	client_connects(-EINPROGRESS);
	server_accepts();
	client_connects(0); /* asked once more: the same connection */
	io("write", CLIENT, 3, 1, "a");
	TAKE("close", ON(CLIENT, 3, 0));
	client_connects(0);
	server_accepts();
	io("write", CLIENT, 3, 1, "b");
	io("read", SERVER, 4, 1, "b");
	finish();
	ck_assert_uint_eq(n_seen, 9);
	check(4, PORT, FIN | ACK, 0, 0);
	check(5, PORT, SYN, 0, 0);
	check(8, PORT, PSH | ACK, 1, 1);
	ck_assert_uint_ne(seen[5].seq, seen[0].seq);
}
END_TEST

START_TEST(refused_and_reset)
{
	set_up();
	client_connects(-ECONNREFUSED);
	client_connects(0);
	io("write", CLIENT, 3, 1, "a");
	io("read", CLIENT, 3, -ECONNRESET, NULL);
	TAKE("close", ON(CLIENT, 3, 0));
	finish();
	ck_assert_uint_eq(n_seen, 7);
	check(0, PORT, SYN, 0, 0);
	check(1, 80, RST | ACK, 0, 0);
	check(6, 80, RST | ACK, 0, 0);
}
END_TEST

/* A server that forks: the parent's close is not the end. */
START_TEST(a_socket_that_somebody_else_holds_is_not_closed)
{
	set_up();
	server_accepts();
	TAKE("clone", CALL(SERVER, 21), NUMBER("tid", SERVER), NUMBER("pid", SERVER), NUMBER("ptid", 1),
	     NUMBER("vtid", SERVER), NUMBER("vpid", SERVER), TEXT("comm", "proc"), TEXT("exe", "/bin/proc"));
	TAKE("close", ON(SERVER, 4, 0));
	io("write", 21, 4, 2, "hi");
	TAKE("procexit", CALL(21, 0));
	finish();
	ck_assert_uint_eq(n_seen, 5);
	check(3, 80, PSH | ACK, 2, 2);
	check(4, 80, FIN | ACK, 0, 0);
}
END_TEST

START_TEST(datagrams_are_told_once_and_each_of_them)
{
	const uint8_t *there = tuple_of(5000, 53);
	uint8_t out[13], back[13];

	memcpy(out, there, 13);
	memcpy(back, tuple_of(53, 5000), 13);
	set_up();
	TAKE("socket", CALL(CLIENT, 3), NUMBER("domain", 2), NUMBER("type", 2));
	TAKE("socket", CALL(SERVER, 4), NUMBER("domain", 2), NUMBER("type", 2));
	TAKE("sendto", ON(CLIENT, 3, 3), BYTES("data", "ask", 3), BYTES("tuple", out, 13));
	TAKE("recvfrom", ON(SERVER, 4, 3), BYTES("data", "ask", 3), BYTES("tuple", out, 13));
	TAKE("sendto", ON(CLIENT, 3, 3), BYTES("data", "ask", 3), BYTES("tuple", out, 13));
	TAKE("recvfrom", ON(SERVER, 4, 3), BYTES("data", "ask", 3), BYTES("tuple", out, 13));
	/* the receiver returns first */
	TAKE("recvfrom", ON(CLIENT, 3, 4), BYTES("data", "tell", 4), BYTES("tuple", back, 13));
	TAKE("sendto", ON(SERVER, 4, 4), BYTES("data", "tell", 4), BYTES("tuple", back, 13));
	TAKE("recvfrom", ON(CLIENT, 3, 0), BYTES("data", "", 0), BYTES("tuple", back, 13));
	finish();
	ck_assert_uint_eq(n_seen, 4);
	check(0, 5000, 0, 3, 3);
	check(1, 5000, 0, 3, 3);
	check(2, 53, 0, 4, 4);
	check(3, 53, 0, 0, 0);
	ck_assert_uint_eq(seen[2].protocol, 17);
}
END_TEST

/* Lengths that no call can have are not believed; large ones end in a gap, not in a million packets. */
START_TEST(results_that_are_too_large)
{
	set_up();
	client_connects(0);
	io("write", CLIENT, 3, INT64_MAX, "x");
	io("write", CLIENT, 3, 0x7ffff000, "x");
	io("write", CLIENT, 3, 1, "y");
	finish();
	check(3, PORT, ACK, 1, 65495);
	check(n_seen - 1, PORT, PSH | ACK, 1, 1);
	ck_assert_uint_eq(seen[n_seen - 1].seq, seen[3].seq + 0x7ffff000);
	ck_assert_uint_lt(n_seen, 80);
}
END_TEST

START_TEST(the_table_is_bounded)
{
	struct conversations t;
	struct packet_end local = {{127, 0, 0, 1}, 80}, remote = {{10, 0, 0, 1}, 0};
	struct conversation_key key;
	struct conversation *c;

	ck_assert_int_eq(conversations_init(&t), 0);
	t.limit = 3;
	for (uint16_t i = 1; i <= 5; i++) {
		remote.port = i;
		ck_assert_uint_eq(conversation_key(&key, &local, &remote, false, PROTOCOL_TCP), 1);
		ck_assert_ptr_nonnull(c = conversation_find(&t, &key, 0));
		c->syn = true;
		/* the first one speaks again and again */
		remote.port = 1;
		conversation_key(&key, &local, &remote, false, PROTOCOL_TCP);
		ck_assert(conversation_find(&t, &key, 0)->syn);
	}
	ck_assert_uint_eq(t.n, 3);
	ck_assert_uint_eq(t.n_evicted, 2);
	conversations_done(&t);
}
END_TEST

SUITE("pcapng", both_ends_tell_one_conversation, a_conversation_that_was_there_before_is_told_once,
      what_sendfile_sent_is_told_by_the_receiver,
      the_rest_of_a_long_call_is_told_by_the_receiver, ports_are_used_again, refused_and_reset,
      a_socket_that_somebody_else_holds_is_not_closed, datagrams_are_told_once_and_each_of_them,
      results_that_are_too_large, the_table_is_bounded)
