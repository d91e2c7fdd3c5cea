/* Fields of made-up events as they are printed. */
#include "tests/unit/filter_events.h"
#include "tests/unit/suite.h"

#include <time.h>

static struct filter_events events;
/* The columns that events are looked at with. */
static unsigned columns = COLUMNS_ALL;

/* The field of event number i (from 0) as text, "(none)" when it has no value. */
static const char *shown(uint32_t i, const char *name)
{
	static char out[512];
	struct field f;
	struct field_scratch scratch = {0};
	struct buffer b = {0};
	struct value v;
	struct event ev;
	size_t len;

	ck_assert_msg(field_parse(&f, name, &len, NULL) == 0, "%s", name);
	filter_events_rewind(&events);
	events.m.bb.batch.loaded = columns;
	for (uint32_t at = 0; at <= i; at++) {
		if (at)
			state_settle(events.st);
		event_at(&ev, &events.m.bb.batch, at);
		state_apply(events.st, &ev);
	}
	if (field_extract(&f, &ev, events.st, 0, &scratch, &v))
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

#define SHOWN(i, name, text) ck_assert_str_eq(shown(i, name), text)

static void start(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert(filter_events_init(&events));
}

START_TEST(times)
{
	start();
	SHOWN(5, "evt.time", "22:13:20.000005000");
	SHOWN(5, "evt.time.s", "22:13:20");
	SHOWN(5, "evt.datetime", "2023-11-14 22:13:20.000005000");
	SHOWN(5, "evt.time.iso8601", "2023-11-14T22:13:20.000005000+0000");
	SHOWN(5, "evt.rawtime", "1700000000000005000");
	SHOWN(5, "evt.rawtime.s", "1700000000");
	SHOWN(5, "evt.rawtime.ns", "000005000");
	SHOWN(5, "evt.reltime", "000005000");
	SHOWN(5, "evt.reltime.s", "0");
	SHOWN(5, "evt.deltatime", "1000");
	SHOWN(0, "evt.deltatime", "0");
	SHOWN(5, "evt.latency", "500");
	SHOWN(5, "evt.latency.human", "500ns");
	SHOWN(0, "evt.latency", "(none)");
	setenv("TZ", "UTC-2", 1);
	tzset();
	SHOWN(5, "evt.datetime.s", "2023-11-15 00:13:20");
	SHOWN(5, "evt.time.iso8601", "2023-11-14T22:13:20.000005000+0000");
	filter_events_done(&events);
}
END_TEST

START_TEST(latency_in_tenths_of_its_logarithm)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {{0, "(none)"}, {1, "0"}, {2, "3"}, {9, "9"}, {10, "10"}, {99, "19"}, {100, "20"}, {1258, "30"},
		    {1259, "31"}, {1584, "31"}, {1585, "32"}, {7943, "38"}, {7944, "39"}, {9999, "39"},
		    {1000000000, "90"}, {1000000000000000000, "180"}, {UINT64_C(9999999999999999999), "189"},
		    {UINT64_C(10000000000000000000), "190"}, {UINT64_MAX - 1, "192"}};

	start();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		events.m.bb.batch.duration_ns[5] = rows[i].ns;
		SHOWN(5, "evt.latency.quantized", rows[i].text);
	}
	filter_events_done(&events);
}
END_TEST

START_TEST(events_and_parameters)
{
	start();
	SHOWN(0, "evt.num", "1");
	SHOWN(0, "evt.type", "openat");
	SHOWN(0, "evt.dir", "<");
	SHOWN(10, "evt.dir", ">");
	SHOWN(10, "evt.res", "(none)");
	SHOWN(0, "evt.category", "file");
	SHOWN(6, "evt.category", "net");
	SHOWN(2, "evt.res", "ENOENT");
	SHOWN(2, "evt.rawres", "-2");
	SHOWN(2, "evt.failed", "true");
	SHOWN(2, "evt.count.error.file", "1");
	SHOWN(0, "evt.count.error.file", "0");
	SHOWN(0, "evt.count.error.net", "(none)");
	SHOWN(9, "evt.count.error.other", "1");
	SHOWN(0, "evt.arg.flags", "O_RDONLY|O_CLOEXEC");
	SHOWN(0, "evt.arg.name", "/etc/hosts");
	SHOWN(0, "evt.arg[0]", "<f>/etc/hosts");
	SHOWN(2, "evt.arg.name", "/home/me/none");
	SHOWN(0, "evt.rawarg.flags", "4097");
	SHOWN(1, "evt.buffer", "GET /");
	SHOWN(1, "evt.buflen", "5");
	SHOWN(9, "evt.buflen", "(none)");
	SHOWN(1, "evt.io_dir", "read");
	SHOWN(0, "evt.is_open_read", "true");
	SHOWN(11, "syscall.type", "(none)");
	filter_events_done(&events);
}
END_TEST

START_TEST(processes_and_users)
{
	start();
	SHOWN(0, "proc.name", "curl");
	SHOWN(0, "proc.cmdline", "curl -s example.org");
	SHOWN(0, "proc.exeline", "curl -s example.org");
	SHOWN(7, "proc.exeline", "-bash ");
	SHOWN(0, "proc.args[0]", "-s");
	SHOWN(0, "proc.args[2]", "(none)");
	SHOWN(0, "proc.env[A B]", "two words");
	SHOWN(0, "proc.env[A]", "(none)");
	SHOWN(0, "proc.env", "HOME=/root A B=two words");
	SHOWN(0, "proc.cmdlenargs", "13");
	SHOWN(0, "proc.aname[2]", "systemd");
	SHOWN(0, "proc.apid[1]", "10");
	SHOWN(0, "proc.aname", "bash");
	SHOWN(0, "proc.pcmdline", "bash");
	SHOWN(0, "proc.ppid", "10");
	SHOWN(0, "proc.sname", "bash");
	SHOWN(0, "proc.vpgid.name", "curl");
	SHOWN(0, "proc.loginshellid", "10");
	SHOWN(0, "proc.duration", "1000000000");
	SHOWN(0, "proc.fdusage", "2.0");
	SHOWN(0, "thread.cgroups", "cpu=/user.slice memory=/");
	SHOWN(0, "thread.cgroup.memory", "/");
	SHOWN(0, "user.name", "me");
	SHOWN(0, "user.loginuid", "-1");
	SHOWN(0, "user.loginname", "<NA>");
	SHOWN(7, "user.loginname", "me");
	SHOWN(0, "group.name", "users");
	filter_events_done(&events);
}
END_TEST

START_TEST(fds)
{
	start();
	SHOWN(0, "fd.num", "3");
	SHOWN(0, "fd.name", "/etc/hosts");
	SHOWN(0, "fd.directory", "/etc");
	SHOWN(0, "fd.filename", "hosts");
	SHOWN(0, "fd.uid", "203");
	SHOWN(2, "fd.num", "-1");
	SHOWN(2, "fd.name", "/home/me/none");
	SHOWN(2, "fd.directory", "/home/me");
	SHOWN(2, "fd.type", "(none)");
	SHOWN(13, "fd.name", "");
	SHOWN(13, "fd.typechar", "o");
	SHOWN(5, "fd.name", "127.0.0.1:4000->10.1.2.3:80");
	SHOWN(5, "fd.sip", "10.1.2.3");
	SHOWN(5, "fd.cport", "4000");
	SHOWN(5, "fd.sockfamily", "ip");
	SHOWN(5, "fd.l4proto", "tcp");
	SHOWN(7, "fd.num", "(none)");
	SHOWN(8, "fd.type", "pipe");
	SHOWN(0, "fd.types[0]", "file");
	SHOWN(0, "proc.stdin.name", "/dev/null");
	filter_events_done(&events);
}
END_TEST

/* Filters load no other columns than these for a field. */
START_TEST(fields_name_the_columns_that_they_read)
{
	const struct field_info *info;

	start();
	field_context.hostname = "here";
	for (size_t k = 0; (info = field_info_at(k)); k++) {
		for (uint32_t i = 0; i < events.m.bb.batch.n_events && info->argument < 2; i++) {
			char with_all[512];

			columns = COLUMNS_ALL;
			strcpy(with_all, shown(i, info->name));
			columns &= ~(unsigned)EVENT_COLUMNS_MORE | info->columns;
			ck_assert_msg(strcmp(shown(i, info->name), with_all) == 0,
				      "%s of event %u: %s, not %s", info->name, i,
				      shown(i, info->name), with_all);
		}
	}
	columns = COLUMNS_ALL;
	filter_events_done(&events);
}
END_TEST

SUITE("field", times, latency_in_tenths_of_its_logarithm, events_and_parameters, processes_and_users, fds,
      fields_name_the_columns_that_they_read)
