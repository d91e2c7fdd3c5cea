/* Fields that are made of paths, lists of fds and control groups. */
#include "filters/field.h"
#include "tests/unit/state_feed.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

static struct feed feed;

/* The field of the last event as text, "(none)" when it has no value. */
static const char *shown(const char *name)
{
	static char out[512];
	struct field f;
	struct field_scratch scratch = {0};
	struct buffer b = {0};
	struct value v;
	size_t len;

	ck_assert_msg(field_parse(&f, name, &len, NULL) == 0 && len == strlen(name), "%s", name);
	if (field_extract(&f, &feed.ev, feed.st, 0, &scratch, &v))
		field_print(&f, &v, &b);
	else
		buffer_printf(&b, "(none)");
	ck_assert_uint_lt(b.len, sizeof out);
	if (b.len)
		memcpy(out, b.data, b.len);
	out[b.len] = 0;
	buffer_done(&b);
	buffer_done(&scratch.bytes);
	return out;
}

#define SHOWN(name, text) ck_assert_str_eq(shown(name), text)

START_TEST(one_path)
{
	feed_init(&feed);
	feed_process(&feed, 10, 1, "/home");
	FEED(&feed, "mkdir", CALL(10, 0), TEXT("path", "new/../dir"));
	SHOWN("fs.path.name", "/home/dir");
	SHOWN("fs.path.nameraw", "new/../dir");
	SHOWN("fs.path.source", "(none)");
	SHOWN("evt.abspath", "(none)");
	FEED(&feed, "mkdir", CALL(10, -17), TEXT("path", "dir"));
	SHOWN("fs.path.name", "(none)");
	FEED(&feed, "openat", CALL(10, -2), NUMBER("dirfd", -100), TEXT("name", "x"));
	SHOWN("fs.path.name", "/home/x");
	SHOWN("evt.abspath", "/home/x");
	feed_open(&feed, 10, 5, "/srv", FLAG_DIRECTORY);
	FEED(&feed, "unlinkat", ON(10, 5, 0), NUMBER("dirfd", 5), TEXT("name", "gone"));
	SHOWN("fs.path.name", "/srv/gone");
	FEED(&feed, "fchmod", ON(10, 5, 0), NUMBER("fd", 5));
	SHOWN("fs.path.name", "/srv");
	FEED(&feed, "access", CALL(10, 0), TEXT("name", "/etc/passwd"));
	SHOWN("fs.path.name", "(none)");
	/* One of our own types: its only path needs no row. */
	FEED(&feed, "truncate", CALL(10, 0), TEXT("path", "log"));
	SHOWN("fs.path.name", "/home/log");
	feed_done(&feed);
}
END_TEST

START_TEST(two_paths)
{
	feed_init(&feed);
	feed_process(&feed, 10, 1, "/home");
	FEED(&feed, "renameat", CALL(10, 0), NUMBER("olddirfd", -100), TEXT("oldpath", "a"),
	     NUMBER("newdirfd", -100), TEXT("newpath", "/b"));
	SHOWN("fs.path.name", "(none)");
	SHOWN("fs.path.source", "/home/a");
	SHOWN("fs.path.sourceraw", "a");
	SHOWN("fs.path.target", "/b");
	SHOWN("evt.abspath", "(none)");
	SHOWN("evt.abspath.src", "/home/a");
	SHOWN("evt.abspath.dst", "/b");
	FEED(&feed, "symlink", CALL(10, 0), TEXT("target", "there"), TEXT("linkpath", "here"));
	SHOWN("fs.path.source", "/home/here");
	SHOWN("fs.path.target", "/home/there");
	SHOWN("fs.path.targetraw", "there");
	feed_done(&feed);
}
END_TEST

START_TEST(poll_lists)
{
	uint8_t list[2 + 2 * 10] = {2, 0, 3, [10] = 1, [12] = 9}, tuple[13];

	feed_init(&feed);
	feed_process(&feed, 10, 1, "/");
	FEED(&feed, "socket", CALL(10, 3), NUMBER("domain", 2), NUMBER("type", 1));
	maker_tuple(tuple, 0x7f000001, 4000, 0x0a010203, 80);
	FEED(&feed, "connect", ON(10, 3, 0), BYTES("tuple", tuple, sizeof tuple));
	FEED(&feed, "poll", CALL(10, 1), BYTES("fds", list, sizeof list));
	SHOWN("fdlist.nums", "3,9");
	SHOWN("fdlist.names", "127.0.0.1:4000->10.1.2.3:80,<NA>");
	SHOWN("fdlist.cips", "127.0.0.1");
	SHOWN("fdlist.sips", "10.1.2.3");
	SHOWN("fdlist.cports", "4000");
	SHOWN("fdlist.sports", "80");
	/* Damaged: more are announced than there are. */
	list[0] = 200;
	FEED(&feed, "poll", CALL(10, 1), BYTES("fds", list, sizeof list - 1));
	SHOWN("fdlist.nums", "3");
	list[0] = 0;
	FEED(&feed, "poll", CALL(10, 0), BYTES("fds", list, 2));
	SHOWN("fdlist.nums", "(none)");
	FEED(&feed, "close", ON(10, 3, 0));
	SHOWN("fd.cproto", "4000");
	SHOWN("fd.sproto", "80");
	SHOWN("fd.lproto", "4000");
	SHOWN("fd.rproto", "80");
	SHOWN("fdlist.nums", "(none)");
	feed_done(&feed);
}
END_TEST

#define ID "25c8ce27e4e3e74be54dfc3918484f84f27f21f18aa4a5cb8654cd848713db1a"

static void check_container(const char *path, const char *id, const char *type)
{
	char list[400];
	int len = snprintf(list, sizeof list, "cpuset=/%cmemory=%s", 0, path) + 1;
	struct state_entry e = {.kind = ENTRY_THREAD,
				.thread = {.tid = 10, .pid = 10, .comm = text_of("x"),
					   .cgroups = {list, (uint32_t)len}}};

	ck_assert_int_eq(state_entries(feed.st, &e, 1, NULL), 0);
	FEED(&feed, "getuid", CALL(10, 0));
	ck_assert_msg(!strncmp(shown("container.id"), id, 12), "%s: %s", path, shown("container.id"));
	SHOWN("container.full_id", id);
	ck_assert_msg(!strcmp(shown("container.type"), type), "%s: %s", path, shown("container.type"));
}

START_TEST(containers)
{
	feed_init(&feed);
	check_container("/", "host", "host");
	check_container("/user.slice/user-1000.slice/session-3.scope", "host", "host");
	check_container("/docker/" ID, ID, "docker");
	check_container("/system.slice/docker-" ID ".scope", ID, "docker");
	check_container("/machine.slice/libpod-" ID ".scope/container", ID, "podman");
	check_container("/machine.slice/libpod-conmon-" ID ".scope", "host", "host");
	check_container("/kubepods/besteffort/pod1/" ID, ID, "containerd");
	check_container("/kubepods.slice/cri-containerd-" ID ".scope", ID, "containerd");
	check_container("/kubepods.slice/crio-" ID ".scope", ID, "cri-o");
	check_container("/system.slice/x:cri-containerd:" ID, ID, "containerd");
	check_container("/anything/" ID, ID, "oci");
	check_container("/lxc/web/init.scope", "web", "lxc");
	check_container("/lxc.payload.web", "web", "lxc");
	check_container("/docker/" ID "0", "host", "host");
	check_container("/docker/", "host", "host");
	check_container("", "host", "host");
	SHOWN("container.name", "host");
	SHOWN("container.image", "(none)");
	check_container("/docker/" ID, ID, "docker");
	SHOWN("container.name", "(none)");
	FEED(&feed, "container", CALL(10, 0),
	     TEXT("json", "{\"container\":{\"Mounts\":[{\"name\":\"wrong\"}],\"id\":\"25c8ce27e4e3\",\"labels\":{\"image\":"
			  "\"wrong\"},\"image\":\"nginx:1.25\",\"name\":\"a\\\"b\\u00e4\\n\",\"type\":0}}"));
	check_container("/docker/" ID, ID, "docker");
	SHOWN("container.name", "a\"b\xc3\xa4\n");
	SHOWN("container.image", "nginx:1.25");
	FEED(&feed, "container", CALL(10, 0), TEXT("json", "{\"id\":\"" ID "\", \"type\":1, \"name\" : \"web\"}"));
	check_container("/docker/" ID, ID, "docker");
	SHOWN("container.name", "web");
	SHOWN("container.image", "(none)");
	/* Damaged ones are passed over. */
	FEED(&feed, "container", CALL(10, 0), TEXT("json", "{\"id\":\"25c8ce27e4e3\\u12"));
	FEED(&feed, "container", CALL(10, 0), TEXT("json", "]]]}{\"container\":[\"id\",\"x\""));
	FEED(&feed, "container", CALL(10, 0), TEXT("json", ""));
	check_container("/docker/" ID, ID, "docker");
	SHOWN("container.name", "web");
	feed_process(&feed, 11, 10, "/");
	FEED(&feed, "getuid", CALL(11, 0));
	SHOWN("container.id", "(none)");
	check_container("/docker/" ID, ID, "docker");
	feed_open(&feed, 10, 3, "/etc/hosts", 0);
	SHOWN("fd.containername", "25c8ce27e4e3:/etc/hosts");
	SHOWN("fd.containerdirectory", "25c8ce27e4e3:/etc");
	feed_done(&feed);
}
END_TEST

START_TEST(absent_fields_say_why)
{
	struct field f;
	struct error err = {0};
	size_t len;

	ck_assert_int_eq(field_parse(&f, "fd.cip.name=x", &len, &err), -EINVAL);
	ck_assert_str_eq(err.text, "fd.cip.name is not offered: names of addresses come from DNS, which a "
				   "reader of captures does not ask (fd.cip has the address)");
	ck_assert_int_eq(field_parse(&f, "fd.cip", &len, NULL), 0);
}
END_TEST

SUITE("field_path", one_path, two_paths, poll_lists, containers, absent_fields_say_why)
