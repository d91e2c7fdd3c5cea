/* State entries: what is written is read, and what strangers write is refused. */
#include "format/entry.h"
#include "tests/unit/suite.h"

#include <errno.h>

static struct buffer encoded;

static int decode(struct state_entry *ret)
{
	struct cursor c = cursor_over(encoded.data, encoded.len);

	return state_entry_next(&c, ret, NULL);
}

static void encode(const struct state_entry *e)
{
	buffer_clear(&encoded);
	state_entry_encode(&encoded, e);
	ck_assert(!buffer_failed(&encoded));
}

static void same_text(struct text a, struct text b)
{
	ck_assert_uint_eq(a.len, b.len);
	if (a.len)
		ck_assert_mem_eq(a.data, b.data, a.len);
}

START_TEST(threads_round_trip)
{
	struct state_entry e = {
		.kind = ENTRY_THREAD,
		.thread = {.tid = 7, .pid = 6, .ptid = -1, .sid = 4, .pgid = 3, .vpgid = 2, .vtid = 1, .vpid = -1,
			   .comm = text_of("cat"), .exe = text_of("/bin/cat"), .exepath = text_of("/usr/bin/cat"),
			   .cwd = text_of("/"), .root = text_of("/srv"), .args = {"a\0b", 4}, .env = {"X=1", 4},
			   .cgroups = {"cpu=/x", 7}, .uid = 1000, .gid = 1001, .loginuid = UINT32_MAX,
			   .flags = 0x80000001, .vm_size_kb = 1, .vm_rss_kb = 2, .vm_swap_kb = 3, .tty = 4,
			   .pf_major = 5, .pf_minor = 6, .fd_limit = 1024, .clone_ns = 1ull << 60,
			   .pidns_init_start_ns = 9, .cap_inheritable = 10, .cap_permitted = 11,
			   .cap_effective = UINT64_MAX, .exe_ino = 13, .exe_ino_ctime_ns = 14,
			   .exe_ino_mtime_ns = 15, .exe_writable = true, .exe_lower_layer = true,
			   .filtered = true}};
	struct state_entry back;

	encode(&e);
	ck_assert_int_eq(decode(&back), 1);
	ck_assert_int_eq(back.thread.tid, 7);
	ck_assert_int_eq(back.thread.ptid, -1);
	ck_assert_int_eq(back.thread.vpid, -1);
	ck_assert_uint_eq(back.thread.loginuid, UINT32_MAX);
	ck_assert_uint_eq(back.thread.flags, 0x80000001);
	ck_assert_uint_eq(back.thread.cap_effective, UINT64_MAX);
	ck_assert_uint_eq(back.thread.exe_ino_mtime_ns, 15);
	ck_assert(back.thread.exe_writable && !back.thread.exe_upper_layer &&
		  back.thread.exe_lower_layer && !back.thread.exe_from_memfd && back.thread.filtered);
	same_text(back.thread.comm, e.thread.comm);
	same_text(back.thread.root, e.thread.root);
	same_text(back.thread.args, e.thread.args);
	same_text(back.thread.cgroups, e.thread.cgroups);
}
END_TEST

START_TEST(other_kinds_round_trip)
{
	struct state_entry back, fd = {.kind = ENTRY_FD,
				       .fd = {.tid = 7, .fd = 3, .ino = 5, .dev = 6, .open_flags = 7,
					      .type = FD_IPV6_SOCK, .l4proto = 2, .sip = {1, 2, 3},
					      .dip = {[15] = 9}, .sport = 443, .dport = 65535,
					      .unix_source = 1, .unix_peer = UINT64_MAX,
					      .name = text_of("x")}};
	struct state_entry user = {.kind = ENTRY_USER,
				   .user = {1, 2, text_of("u"), text_of("/home/u"), text_of("/bin/sh")}};
	struct state_entry group = {.kind = ENTRY_GROUP, .group = {3, text_of("g")}};
	struct state_entry interface = {.kind = ENTRY_INTERFACE,
					.interface = {.type = 2, .addr = {1}, .netmask = {2},
						      .broadcast = {3}, .link_speed = 10,
						      .name = text_of("lo")}};
	struct state_entry clock = {.kind = ENTRY_CLOCK, .clock = {5, -6}};

	encode(&fd);
	ck_assert_int_eq(decode(&back), 1);
	ck_assert_uint_eq(back.fd.dport, 65535);
	ck_assert_uint_eq(back.fd.unix_peer, UINT64_MAX);
	ck_assert_mem_eq(back.fd.dip, fd.fd.dip, 16);
	encode(&user);
	ck_assert_int_eq(decode(&back), 1);
	same_text(back.user.home, user.user.home);
	encode(&group);
	ck_assert_int_eq(decode(&back), 1);
	same_text(back.group.name, group.group.name);
	encode(&interface);
	ck_assert_int_eq(decode(&back), 1);
	ck_assert_uint_eq(back.interface.link_speed, 10);
	same_text(back.interface.name, interface.interface.name);
	encode(&clock);
	ck_assert_int_eq(decode(&back), 1);
	ck_assert_int_eq(back.clock.offset_ns, -6);
	encode(&(struct state_entry){.kind = ENTRY_RESET});
	ck_assert_int_eq(decode(&back), 1);
	ck_assert_int_eq(back.kind, ENTRY_RESET);
}
END_TEST

START_TEST(long_texts_are_cut_when_written)
{
	static char name[70000];
	struct state_entry back, e = {.kind = ENTRY_THREAD};

	memset(name, 'n', sizeof name);
	e.thread.comm = e.thread.args = (struct text){name, sizeof name};
	encode(&e);
	ck_assert_int_eq(decode(&back), 1);
	ck_assert_uint_eq(back.thread.comm.len, ENTRY_TEXT_MAX);
	ck_assert_uint_eq(back.thread.args.len, ENTRY_BLOB_MAX);
}
END_TEST

START_TEST(newer_records_are_passed_over)
{
	struct state_entry back, e = {.kind = ENTRY_GROUP, .group = {3, text_of("g")}};
	struct buffer file = {0};
	struct cursor c;

	/* An unknown kind, then a known one with a field behind those known. */
	buffer_u32(&file, 5);
	buffer_u16(&file, 999);
	buffer_append(&file, "new", 3);
	encode(&e);
	buffer_append(&file, encoded.data, encoded.len);
	buffer_append(&file, "more", 4);
	buffer_set_u32(&file, 9, (uint32_t)encoded.len);
	c = cursor_over(file.data, file.len);
	ck_assert_int_eq(state_entry_next(&c, &back, NULL), 1);
	ck_assert_uint_eq(back.group.gid, 3);
	ck_assert_int_eq(state_entry_next(&c, &back, NULL), 0);
	buffer_done(&file);
}
END_TEST

/* Cut anywhere, a record is refused, and nothing behind it is read (the sanitizers look). */
START_TEST(cut_records_are_refused)
{
	struct state_entry back, e = {.kind = ENTRY_THREAD,
				      .thread = {.comm = text_of("cat"), .args = {"ab", 3}}};

	encode(&e);
	for (size_t len = 1; len < encoded.len; len++) {
		uint8_t *exact = malloc(len);
		struct cursor c = cursor_over(exact, len);

		memcpy(exact, encoded.data, len);
		ck_assert_int_eq(state_entry_next(&c, &back, NULL), -EBADMSG);
		/* The record says that it ends here, in the middle of its fields. */
		if (len >= 6) {
			uint32_t said = (uint32_t)len - 4;

			memcpy(exact, &said, 4);
			c = cursor_over(exact, len);
			ck_assert_int_eq(state_entry_next(&c, &back, NULL), -EBADMSG);
		}
		free(exact);
	}
}
END_TEST

SUITE("entry", threads_round_trip, other_kinds_round_trip, long_texts_are_cut_when_written,
      newer_records_are_passed_over, cut_records_are_refused)
