/* Sockets: names, roles and protocols as they become known. */
#include "tests/unit/state_feed.h"
#include "tests/unit/suite.h"

#define CLIENT 0x0a00020fu /* 10.0.2.15 */
#define SERVER 0x08080808u

static void interface_is(struct feed *f, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct state_entry e = {.kind = ENTRY_INTERFACE,
				.interface = {.type = 1, .addr = {a, b, c, d},
					      .netmask = {255, 255, 255, 0}, .name = text_of("eth0")}};

	ck_assert_int_eq(state_entries(f->st, &e, 1, NULL), 0);
}

static void open_socket(struct feed *f, int64_t fd, int domain, int type)
{
	FEED(f, "socket", CALL(10, fd), NUMBER("domain", domain), NUMBER("type", type));
}

START_TEST(test_connect)
{
	struct feed f;
	const struct fd_info *fd;
	uint8_t tuple[13];

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	interface_is(&f, 10, 0, 2, 15);
	open_socket(&f, 3, 2, 1 | 02000000);
	fd = f.st->now.fd;
	ck_assert_str_eq(fd_type_text(fd), "ipv4");
	ck_assert_str_eq(fd->name, "");
	ck_assert(!fd->name_changed);
	ck_assert_uint_eq(fd->l4proto, 1); /* n/a until it is connected */
	ck_assert_uint_eq(fd->open_flags, FLAG_CLOEXEC);
	maker_tuple(tuple, CLIENT, 44962, SERVER, 53);
	FEED(&f, "connect", ON(10, 3, -101), BYTES("tuple", tuple, sizeof tuple));
	ck_assert_str_eq(fd->name, "");
	FEED(&f, "connect", ON(10, 3, -115), BYTES("tuple", tuple, sizeof tuple));
	ck_assert_str_eq(fd->name, "10.0.2.15:44962->8.8.8.8:53");
	ck_assert(fd->name_changed && fd->connected && !fd->is_server);
	ck_assert_uint_eq(fd->l4proto, 2);
	ck_assert_uint_eq(fd->sport, 44962);
	ck_assert_uint_eq(fd->dport, 53);
	FEED(&f, "write", ON(10, 3, 1));
	ck_assert(!fd->name_changed);
	/* Back to nowhere. */
	maker_tuple(tuple, 0, 0, 0, 0);
	FEED(&f, "connect", ON(10, 3, 0), BYTES("tuple", tuple, sizeof tuple));
	ck_assert_str_eq(fd->name, "0.0.0.0:0->0.0.0.0:0");
	feed_done(&f);
}
END_TEST

START_TEST(test_server)
{
	static const uint8_t any6[] = {10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xd2, 0x04};
	struct feed f;
	uint8_t tuple[13];

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	open_socket(&f, 3, 10, 1);
	FEED(&f, "bind", ON(10, 3, 0), BYTES("addr", any6, sizeof any6));
	ck_assert_str_eq(f.st->now.fd->name, ":::1234");
	ck_assert_uint_eq(f.st->now.fd->type, FD_IPV6_SERVSOCK);
	ck_assert(f.st->now.fd->is_server);
	ck_assert_uint_eq(f.st->now.fd->l4proto, 2);
	maker_tuple(tuple, CLIENT, 5555, SERVER, 1234);
	FEED(&f, "accept4", ON(10, 3, 4), BYTES("tuple", tuple, sizeof tuple), NUMBER("flags", 02000000));
	ck_assert_int_eq(f.st->now.fd_num, 4);
	ck_assert_str_eq(f.st->now.fd->name, "10.0.2.15:5555->8.8.8.8:1234");
	ck_assert(f.st->now.fd->is_server && f.st->now.fd->connected);
	ck_assert_uint_eq(f.st->now.fd->open_flags, FLAG_CLOEXEC);
	feed_done(&f);
}
END_TEST

/* Both ends on one address: each end knows what it did (libsinsp calls both the server). */
START_TEST(test_loopback_roles)
{
	struct feed f;
	uint8_t tuple[13];

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	interface_is(&f, 127, 0, 0, 1);
	maker_tuple(tuple, 0x7f000001, 40000, 0x7f000001, 80);
	open_socket(&f, 3, 2, 1);
	FEED(&f, "connect", ON(10, 3, 0), BYTES("tuple", tuple, sizeof tuple));
	ck_assert(!f.st->now.fd->is_server);
	FEED(&f, "accept", ON(10, 5, 4), BYTES("tuple", tuple, sizeof tuple));
	ck_assert(f.st->now.fd->is_server);
	feed_done(&f);
}
END_TEST

START_TEST(test_datagrams)
{
	struct feed f;
	uint8_t in[13], out[13];

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	/* A client that never connects. */
	open_socket(&f, 3, 2, 2);
	maker_tuple(out, CLIENT, 1000, SERVER, 53);
	maker_tuple(in, SERVER, 53, CLIENT, 1000);
	FEED(&f, "sendto", ON(10, 3, 4), BYTES("tuple", out, sizeof out));
	ck_assert_str_eq(f.st->now.fd->name, "10.0.2.15:1000->8.8.8.8:53");
	ck_assert_uint_eq(f.st->now.fd->l4proto, 3);
	FEED(&f, "recvfrom", ON(10, 3, 4), BYTES("tuple", in, sizeof in));
	ck_assert_str_eq(f.st->now.fd->name, "10.0.2.15:1000->8.8.8.8:53");
	ck_assert(!f.st->now.fd->name_changed && !f.st->now.fd->is_server);
	/* A server: bound, then talked to by two clients. */
	open_socket(&f, 4, 2, 2);
	FEED(&f, "bind", ON(10, 4, 0), BYTES("addr", ((uint8_t[]){2, 8, 8, 8, 8, 53, 0}), 7));
	ck_assert_str_eq(f.st->now.fd->name, "8.8.8.8:53");
	maker_tuple(in, CLIENT, 1000, SERVER, 53);
	FEED(&f, "recvfrom", ON(10, 4, 4), BYTES("tuple", in, sizeof in));
	ck_assert_str_eq(f.st->now.fd->name, "10.0.2.15:1000->8.8.8.8:53");
	ck_assert(f.st->now.fd->is_server);
	maker_tuple(in, CLIENT + 1, 2000, SERVER, 53);
	FEED(&f, "recvmsg", ON(10, 4, 4), BYTES("tuple", in, sizeof in));
	ck_assert_str_eq(f.st->now.fd->name, "10.0.2.16:2000->8.8.8.8:53");
	ck_assert(f.st->now.fd->name_changed);
	/* Neither bound nor connected: the source is what our interface to that network has. */
	interface_is(&f, 10, 0, 2, 15);
	maker_tuple(out, 0, 0, CLIENT + 5, 99);
	open_socket(&f, 5, 2, 2);
	FEED(&f, "sendto", ON(10, 5, 4), BYTES("tuple", out, sizeof out));
	ck_assert_str_eq(f.st->now.fd->name, "10.0.2.15:0->10.0.2.20:99");
	maker_tuple(out, SERVER, 53, CLIENT, 1000);
	FEED(&f, "sendto", ON(10, 4, 4), BYTES("tuple", out, sizeof out));
	ck_assert_str_eq(f.st->now.fd->name, "10.0.2.15:1000->8.8.8.8:53");
	feed_done(&f);
}
END_TEST

START_TEST(test_unix)
{
	uint8_t tuple[1 + 16 + 9] = {1};
	uint64_t ends[2] = {0, 0xffff916b08339900};
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	memcpy(tuple + 1, ends, 16);
	memcpy(tuple + 17, "/run/bus", 9);
	open_socket(&f, 3, 1, 1);
	FEED(&f, "connect", ON(10, 3, 0), BYTES("tuple", tuple, sizeof tuple));
	ck_assert_str_eq(f.st->now.fd->name, "0->ffff916b08339900 /run/bus");
	ck_assert_uint_eq(f.st->now.fd->unix_peer, ends[1]);
	FEED(&f, "socketpair", CALL(10, 0), NUMBER("fd1", 4), NUMBER("fd2", 5), NUMBER("source", 1),
	     NUMBER("peer", 2));
	ck_assert_int_eq(f.st->now.fd_num, 5);
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "unix");
	ck_assert_str_eq(f.st->now.fd->name, "");
	open_socket(&f, 6, 16, 3);
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "netlink");
	feed_done(&f);
}
END_TEST

START_TEST(test_mapped_and_damaged)
{
	uint8_t tuple[37] = {10, [11] = 0xff, 0xff, 1, 2, 3, 4, 80, 0,
			     [29] = 0xff, 0xff, 5, 6, 7, 8, 90, 0};
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	open_socket(&f, 3, 10, 1);
	for (uint32_t len = 0; len < sizeof tuple; len++) {
		FEED(&f, "connect", ON(10, 3, 0), BYTES("tuple", tuple, len));
		ck_assert_str_eq(f.st->now.fd->name, "");
	}
	FEED(&f, "connect", ON(10, 3, 0), BYTES("tuple", tuple, sizeof tuple));
	ck_assert_str_eq(f.st->now.fd->name, "1.2.3.4:80->5.6.7.8:90");
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "ipv4");
	/* libsinsp forgets the protocol of an IPv6 socket that turns out to talk IPv4, and then names it
	   "<unknown>": plainly wrong. */
	ck_assert_uint_eq(f.st->now.fd->l4proto, 2);
	tuple[0] = 77;
	FEED(&f, "sendto", ON(10, 3, 1), BYTES("tuple", tuple, sizeof tuple));
	ck_assert_str_eq(f.st->now.fd->name, "1.2.3.4:80->5.6.7.8:90");
	feed_done(&f);
}
END_TEST

SUITE("state_socket", test_connect, test_server, test_loopback_roles, test_datagrams, test_unix,
      test_mapped_and_damaged)
