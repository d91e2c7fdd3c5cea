/* Values as text. Many of the expected lines are what libsinsp prints of public captures. */
#include "tests/unit/state_feed.h"
#include "tests/unit/suite.h"
#include "state/render.h"

#include <stdio.h>
#include <time.h>

static char line[20000];

static const char *args_of(struct feed *f)
{
	struct buffer b = {0};

	render_args(&b, &f->ev, f->st, NULL);
	ck_assert_uint_lt(b.len, sizeof line);
	memcpy(line, b.data ? b.data : (const uint8_t *)"", b.len);
	line[b.len] = 0;
	buffer_done(&b);
	return line;
}

static void setup(struct feed *f)
{
	feed_init(f);
	feed_process(f, 10, 1, "/home/me");
}

START_TEST(test_files)
{
	struct feed f;

	setup(&f);
	FEED(&f, "openat", CALL(10, 3), TEXT("name", "/etc/ld.so.cache"), NUMBER("dirfd", -100),
	     NUMBER("flags", 4097), NUMBER("dev", 0xfd00), NUMBER("ino", 33685637));
	ck_assert_str_eq(args_of(&f), "fd=3(<f>/etc/ld.so.cache) dirfd=-100(AT_FDCWD) "
				      "name=/etc/ld.so.cache flags=4097(O_RDONLY|O_CLOEXEC) mode=0 "
				      "dev=FD00 ino=33685637");
	FEED(&f, "openat", CALL(10, -2), TEXT("name", "../x"), NUMBER("dirfd", -100),
	     NUMBER("mode", 0644));
	ck_assert_str_eq(args_of(&f), "fd=-2(ENOENT) dirfd=-100(AT_FDCWD) name=../x(/home/x) "
				      "flags=0(O_NONE) mode=0644 dev=0 ino=0");
	FEED(&f, "access", CALL(10, -2), TEXT("name", "/etc/ld.so.preload"), NUMBER("mode", 4));
	ck_assert_str_eq(args_of(&f), "res=-2(ENOENT) name=/etc/ld.so.preload mode=4(R_OK)");
	FEED(&f, "lseek", ON(10, 3, 62), NUMBER("offset", -62));
	ck_assert_str_eq(args_of(&f), "res=62 fd=3(<f>/etc/ld.so.cache) offset=-62 whence=0(SEEK_SET)");
	FEED(&f, "mmap", ON(10, -1, 140258166476800), NUMBER("vm_size", 652), NUMBER("vm_rss", 256),
	     NUMBER("length", 8192), NUMBER("prot", 3), NUMBER("flags", 10),
	     NUMBER("addr", 0x7F9066276000));
	ck_assert_str_eq(args_of(&f), "res=140258166476800 vm_size=652 vm_rss=256 vm_swap=0 "
				      "addr=7F9066276000 length=8192 prot=3(PROT_READ|PROT_WRITE) "
				      "flags=10(MAP_PRIVATE|MAP_ANONYMOUS) fd=-1(EPERM) offset=0");
	FEED(&f, "newfstatat", ON(10, 3, 0), NUMBER("flags", 4096));
	ck_assert_str_eq(args_of(&f),
			 "res=0 dirfd=3(<f>/etc/ld.so.cache) path= flags=4096(AT_EMPTY_PATH)");
	feed_done(&f);
}
END_TEST

START_TEST(test_buffers)
{
	static const char data[] = "GET / HTTP/1.1\r\n\x80";
	struct render_options options = {.buffer_max = 5};
	struct buffer b = {0};
	struct feed f;

	setup(&f);
	FEED(&f, "read", ON(10, 7, 17), BYTES("data", data, 17), NUMBER("size", 20));
	ck_assert_str_eq(args_of(&f), "res=17 data=GET / HTTP/1.1... fd=7 size=20");
	FEED(&f, "read", ON(10, 7, -11), NUMBER("size", 20));
	ck_assert_str_eq(args_of(&f), "res=-11(EAGAIN) data=NULL fd=7 size=20");
	FEED(&f, "read", ON(10, 7, 17), BYTES("data", data, 17));
	render_param(&b, &f.ev, 1, f.st, &options);
	ck_assert_mem_eq(b.data, "GET /...", 8);
	buffer_clear(&b);
	options.full = true;
	options.view = VIEW_BASE64;
	render_param(&b, &f.ev, 1, f.st, &options);
	ck_assert_mem_eq(b.data, "R0VUIC8gSFRUUC8xLjENCoA=", 24);
	ck_assert_uint_eq(b.len, 24);
	buffer_clear(&b);
	options.view = VIEW_HEX_ASCII;
	render_param(&b, &f.ev, 1, f.st, &options);
	buffer_u8(&b, 0);
	ck_assert_str_eq((char *)b.data,
			 "\n\t0x0000: 4745 5420 2f20 4854 5450 2f31 2e31 0d0a  GET / HTTP/1.1.."
			 "\n\t0x0010: 80                                       .\n");
	buffer_done(&b);
	feed_done(&f);
}
END_TEST

START_TEST(test_sockets)
{
	uint8_t tuple[13];
	struct feed f;

	setup(&f);
	FEED(&f, "socket", CALL(10, 7), NUMBER("domain", 2), NUMBER("type", 526338));
	ck_assert_str_eq(args_of(&f), "fd=7(<4>) domain=2(AF_INET) type=526338 proto=0 flags=0(O_NONE)");
	maker_tuple(tuple, 0x0a00020f, 44962, 0x08080808, 53);
	FEED(&f, "connect", ON(10, 7, 0), BYTES("tuple", tuple, 13),
	     BYTES("addr", ((uint8_t[]){2, 8, 8, 8, 8, 53, 0}), 7));
	ck_assert_str_eq(args_of(&f), "res=0 tuple=10.0.2.15:44962->8.8.8.8:53 "
				      "fd=7(<4u>10.0.2.15:44962->8.8.8.8:53) addr=8.8.8.8:53");
	FEED(&f, "sendto", ON(10, 7, 0));
	ck_assert_str_eq(args_of(&f),
			 "res=0 data=NULL fd=7(<4u>10.0.2.15:44962->8.8.8.8:53) size=0 tuple=NULL");
	FEED(&f, "socketpair", CALL(10, 0), NUMBER("fd1", 3), NUMBER("fd2", 4),
	     NUMBER("source", 0xFFFF916B05A71E00), NUMBER("domain", 1), NUMBER("type", 1));
	ck_assert_str_eq(args_of(&f), "res=0 fd1=3(<u>) fd2=4(<u>) source=FFFF916B05A71E00 peer=0 "
				      "domain=1(AF_LOCAL|AF_UNIX) type=1 proto=0");
	FEED(&f, "poll", CALL(10, 1),
	     BYTES("fds", ((uint8_t[]){2, 0, 7, 0, 0, 0, 0, 0, 0, 0, 4, 2, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0}),
		   22), NUMBER("timeout", 5000));
	ck_assert_str_eq(args_of(&f), "res=1 fds=7:4204 9:?1 timeout=5000");
	feed_done(&f);
}
END_TEST

START_TEST(test_names_and_numbers)
{
	struct state_entry user = {.kind = ENTRY_USER, .user = {.uid = 1000, .name = text_of("aurel")}};
	struct feed f;

	setup(&f);
	state_entries(f.st, &user, 1, NULL);
	FEED(&f, "setuid", CALL(10, 0), NUMBER("uid", 1000));
	ck_assert_str_eq(args_of(&f), "res=0 uid=1000(aurel)");
	FEED(&f, "setresuid", CALL(10, 0), NUMBER("ruid", -1), NUMBER("euid", 77), NUMBER("suid", 1000));
	ck_assert_str_eq(args_of(&f), "res=0 ruid=-1(<NONE>) euid=77(<NA>) suid=1000(aurel)");
	FEED(&f, "kill", CALL(10, 0), NUMBER("pid", 10), NUMBER("sig", 9));
	ck_assert_str_eq(args_of(&f), "res=0 pid=10(proc) sig=9(SIGKILL)");
	FEED(&f, "kill", CALL(10, -3), NUMBER("pid", 4242), NUMBER("sig", 0));
	ck_assert_str_eq(args_of(&f), "res=-3(ESRCH) pid=4242 sig=0");
	FEED(&f, "nanosleep", CALL(10, 0), NUMBER("interval", 1000000));
	ck_assert_str_eq(args_of(&f), "res=0 interval=1000000(0.001s)");
	FEED(&f, "futex", CALL(10, 0), NUMBER("addr", 0x7F9065D162A4), NUMBER("op", 129),
	     NUMBER("val", 2147483647));
	ck_assert_str_eq(args_of(&f), "res=0 addr=7F9065D162A4 "
				      "op=129(FUTEX_PRIVATE_FLAG|FUTEX_WAKE) val=2147483647");
	feed_done(&f);
}
END_TEST

START_TEST(test_absent)
{
	struct maker_event call = {.tid = 10, .result = -14, .fd = FD_NONE};
	struct feed f;

	setup(&f);
	call.absent = ~1u;
	FEED(&f, "openat", call);
	ck_assert_str_eq(args_of(&f), "fd=-14(EFAULT) dirfd=<NA> name=<NA> flags=<NA> mode=<NA> dev=<NA> "
				      "ino=<NA>");
	FEED(&f, "connect", call);
	ck_assert_str_eq(args_of(&f), "res=-14(EFAULT) tuple=NULL fd=<NA> addr=<NA>");
	feed_done(&f);
}
END_TEST

START_TEST(test_dynamic)
{
	struct feed f;
	static const uint8_t number[] = {2, 1, 0, 0, 0}, bytes[] = {0, 'a', 1}, wrong[] = {99, 1};

	setup(&f);
	FEED(&f, "setsockopt", ON(10, 5, 0), NUMBER("level", 1), NUMBER("optname", 9),
	     BYTES("val", number, sizeof number), NUMBER("optlen", 4));
	ck_assert_str_eq(args_of(&f),
			 "res=0 fd=5 level=1(SOL_SOCKET) optname=9(SO_KEEPALIVE) val=1 optlen=4");
	FEED(&f, "setsockopt", ON(10, 5, 0), BYTES("val", bytes, sizeof bytes));
	ck_assert_ptr_nonnull(strstr(args_of(&f), "val=a. "));
	FEED(&f, "setsockopt", ON(10, 5, 0), BYTES("val", wrong, sizeof wrong));
	ck_assert_ptr_nonnull(strstr(args_of(&f), "val=<NA> "));
	feed_done(&f);
}
END_TEST

START_TEST(test_control_characters)
{
	struct feed f;

	setup(&f);
	feed_open(&f, 10, 3, "/a\n\x1b[31m", 0);
	ck_assert_ptr_null(strpbrk(args_of(&f), "\n\x1b"));
	feed_done(&f);
}
END_TEST

START_TEST(test_decimal_and_clock)
{
	static const int64_t numbers[] = {0, 7, 10, 99, 100, 12345, -1, INT64_MAX, INT64_MIN};
	struct buffer b = {0};
	char want[32];

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		buffer_clear(&b);
		buffer_decimal(&b, numbers[i]);
		buffer_u8(&b, 0);
		snprintf(want, sizeof want, "%lld", (long long)numbers[i]);
		ck_assert_str_eq((char *)b.data, want);
	}
	for (uint64_t v = 1; v <= UINT64_C(1000000000000000000); v *= 10) {
		for (int64_t d = -1; d <= 1; d++) {
			buffer_clear(&b);
			buffer_decimal(&b, (int64_t)v + d);
			buffer_u8(&b, 0);
			snprintf(want, sizeof want, "%lld", (long long)v + d);
			ck_assert_str_eq((char *)b.data, want);
		}
	}
	buffer_done(&b);
	setenv("TZ", "UTC", 1);
	tzset();
	render_clock(want, 1741872239029104276);
	ck_assert_str_eq(want, "13:23:59.029104276");
	setenv("TZ", "Asia/Kolkata", 1);
	tzset();
	render_clock(want, 1741875839029104276);
	ck_assert_str_eq(want, "19:53:59.029104276");
	ck_assert_str_eq(render_result(-2), "ENOENT");
	ck_assert_str_eq(render_result(5), "SUCCESS");
}
END_TEST

SUITE("render", test_files, test_buffers, test_sockets, test_names_and_numbers, test_absent,
      test_dynamic, test_control_characters, test_decimal_and_clock)
