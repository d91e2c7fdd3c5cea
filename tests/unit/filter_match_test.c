/* Filters on events: what matches, and that the column, type and kernel parts never lose a match. */
#include "tests/unit/filter_events.h"
#include "tests/unit/suite.h"

#include <stdio.h>

static struct filter_events events;

static const char *matches(const char *text)
{
	static char out[256];
	struct error err = {0};
	const char *words = filter_events_run(&events, text, strlen(text), out, sizeof out, &err);

	ck_assert_msg(!words && !err.code, "%s: %s", text, words ? words : err.text);
	return out;
}

#define MATCHES(filter, numbers) ck_assert_str_eq(matches(filter), numbers)

START_TEST(columns_decide)
{
	ck_assert(filter_events_init(&events));
	MATCHES("", "0 1 2 3 4 5 6 7 8 9 10 11 12 13");
	MATCHES("evt.type=openat", "0 2");
	MATCHES("not evt.type=openat", "1 3 4 5 6 7 8 9 10 11 12 13");
	MATCHES("evt.type in (read, write) and not evt.failed=true", "1 6 12");
	MATCHES("evt.type!=openat and evt.type!=read and thread.tid=20", "3 4 5 6 13");
	MATCHES("evt.type startswith re or evt.type glob '*pipe*'", "1 8 12");
	MATCHES("evt.num<=3", "0 1 2");
	MATCHES("evt.num in (1, 3, 5, 7, 9, 11, 200)", "0 2 4 6 8 10");
	MATCHES("evt.rawtime >= 1700000000000004000 and evt.rawtime.ns < 6000", "4 5");
	MATCHES("evt.latency exists", "1 3 5 6 9 12 13");
	MATCHES("evt.latency = 500ns", "1 3 5 6 9 12 13");
	MATCHES("evt.latency > 1us", "");
	MATCHES("evt.rawres<0", "2 9");
	MATCHES("evt.res=ENOENT", "2");
	MATCHES("evt.res!=SUCCESS", "2 9");
	MATCHES("evt.failed exists and not evt.res startswith E", "0 1 3 4 5 6 7 8 12 13");
	MATCHES("not evt.rawres exists", "10 11");
	MATCHES("evt.unfinished=true", "10");
	MATCHES("evt.dir=enter", "10 11");
	MATCHES("evt.dir=< and thread.tid=10", "7 8 9");
	MATCHES("evt.is_io_read=true", "1 12");
	MATCHES("evt.io_dir=write", "6 9");
	MATCHES("evt.is_wait=true", "10");
	MATCHES("not syscall.type exists", "11");
	MATCHES("evt.cpu=0 and evt.count=1 and evt.source=syscall and evt.num=2", "1");
	MATCHES("evt.cpu=1 or evt.count=2", "");
	MATCHES("evt.type.is.close=1", "3");
	MATCHES("evt.around[1700000000000004000]=0", "4");
	filter_events_done(&events);
}
END_TEST

START_TEST(fds_are_found)
{
	ck_assert(filter_events_init(&events));
	MATCHES("fd.num=3", "0 1 3");
	MATCHES("fd.num<0", "2 13");
	MATCHES("fd.num=8", "8 9");
	MATCHES("fd.num!=3 and fd.num exists", "2 4 5 6 8 9 12 13");
	MATCHES("fd.name=/etc/hosts", "0 1 3");
	MATCHES("fd.name contains /etc", "0 1 3");
	MATCHES("fd.name=/home/me/none", "2");
	MATCHES("fd.name exists", "0 1 2 3 4 5 6 8 9 12 13");
	MATCHES("not fd.name exists", "7 10 11");
	MATCHES("fd.name != /etc/hosts and fd.name != ''", "2 5 6");
	MATCHES("not fd.name = /etc/hosts and thread.tid=20", "2 4 5 6 13");
	MATCHES("fd.name pmatch (/etc)", "0 1 3");
	MATCHES("fd.name pmatch (/et, /etc/hosts/x)", "");
	MATCHES("fd.name regex '/etc/h.*'", "0 1 3");
	MATCHES("fd.name regex '/etc/h'", "");
	MATCHES("fd.directory=/etc", "0 1 3");
	MATCHES("fd.filename=hosts", "0 1 3");
	MATCHES("fd.type=file", "0 1 3");
	MATCHES("fd.type in (ipv4, ipv6)", "4 5 6");
	MATCHES("fd.typechar=4", "4 5 6");
	MATCHES("fd.ino=77", "0 1 3");
	MATCHES("fd.sip=10.1.2.3", "5 6");
	MATCHES("fd.ip=127.0.0.1 and fd.port=80", "5 6");
	MATCHES("fd.cport=4000 and fd.sport=80 and fd.lport=4000 and fd.rport=80", "5 6");
	MATCHES("fd.port=4000", "5 6");
	MATCHES("fd.port!=4000", "");
	MATCHES("fd.port!=1", "5 6");
	MATCHES("fd.net=10.0.0.0/8", "5 6");
	MATCHES("fd.cnet=10.0.0.0/8", "");
	MATCHES("fd.snet=10.1.2.0/30", "5 6");
	MATCHES("fd.snet=10.1.2.0/31", "");
	MATCHES("evt.buflen>=4", "1 6");
	MATCHES("not evt.buflen exists and evt.is_io=true", "9 12");
	MATCHES("evt.buffer contains GET", "1");
	MATCHES("evt.buffer bcontains 4745", "1");
	MATCHES("evt.category=net", "4 5 6");
	MATCHES("proc.stdin.name=/dev/null and evt.num=1", "0");
	filter_events_done(&events);
}
END_TEST

START_TEST(processes_are_found)
{
	ck_assert(filter_events_init(&events));
	MATCHES("proc.name=bash", "7 8 9 10 11");
	MATCHES("proc.name in (bash, systemd)", "7 8 9 10 11");
	MATCHES("proc.name=bash or proc.name=curl and evt.type=openat", "0 2 7 8 9 10 11");
	MATCHES("proc.name=a_name_that_is_longer_than_a_comm", "");
	MATCHES("not proc.name=curl", "7 8 9 10 11 12");
	MATCHES("proc.pid=20 and evt.failed=true", "2");
	MATCHES("proc.pname=bash and evt.num=1", "0");
	MATCHES("proc.aname=systemd", "0 1 2 3 4 5 6 7 8 9 10 11 13");
	MATCHES("proc.aname=bash", "0 1 2 3 4 5 6");
	MATCHES("proc.aname[2]=systemd", "0 1 2 3 4 5 6");
	MATCHES("proc.aname[0]=bash", "7 8 9 10 11");
	MATCHES("proc.aname[3] exists", "");
	MATCHES("proc.apid=10 and evt.num<3", "0 1");
	MATCHES("proc.tree=10 and evt.num in (1, 8)", "0 7");
	MATCHES("proc.tree=20 and evt.num in (1, 8)", "0");
	MATCHES("proc.cmdline='curl -s example.org' and evt.num=1", "0");
	MATCHES("proc.args contains example and evt.num=1", "0");
	MATCHES("proc.args[1]=example.org and evt.num=1", "0");
	MATCHES("proc.env[HOME]=/root and proc.env['A B']='two words' and evt.num=1", "0");
	MATCHES("proc.cmdnargs=2 and evt.num=1", "0");
	MATCHES("proc.cwd=/home/me/ and evt.num=1", "0");
	MATCHES("proc.exepath endswith /curl and evt.num=1", "0");
	MATCHES("proc.loginshellid=10 and evt.num=1", "0");
	MATCHES("proc.sname=bash and evt.num=1", "0");
	MATCHES("proc.duration>=1s and evt.num=1", "0");
	MATCHES("thread.cgroup.cpu=/user.slice and evt.num=1", "0");
	MATCHES("user.name=me and group.name=users and evt.num=1", "0");
	MATCHES("user.uid=1000 and user.loginuid=-1 and evt.num<3", "0 1");
	MATCHES("user.uid in (0, 1000) and evt.failed=true", "2 9");
	MATCHES("proc.name startswith oneof (ba, x) and evt.type=write", "9");
	MATCHES("proc.cmdline contains allof (curl, example) and evt.num=1", "0");
	MATCHES("proc.name in (a, b, c, d, e, f, g, h, i, j, bash) and evt.num=8", "7");
	filter_events_done(&events);
}
END_TEST

START_TEST(parameters_are_found)
{
	ck_assert(filter_events_init(&events));
	MATCHES("evt.arg.name=/etc/hosts", "0");
	MATCHES("evt.arg.flags contains O_CLOEXEC", "0");
	MATCHES("evt.rawarg.flags=0x1001", "0");
	MATCHES("evt.rawarg.res<0", "9");
	MATCHES("evt.rawarg.fd>4", "4 5 6 9");
	MATCHES("evt.rawarg.name=none", "2");
	MATCHES("evt.arg[0]=3", "");
	MATCHES("evt.args contains O_CLOEXEC", "0");
	MATCHES("evt.info contains ENOENT", "2");
	MATCHES("evt.is_open_read=true", "0 2");
	MATCHES("evt.is_open_read=false and evt.type=openat", "");
	filter_events_done(&events);
}
END_TEST

START_TEST(constants_fold)
{
	ck_assert(filter_events_init(&events));
	MATCHES("proc.name in ()", "");
	MATCHES("not proc.name in ()", "0 1 2 3 4 5 6 7 8 9 10 11 12 13");
	MATCHES("proc.name in () or evt.num=1", "0");
	MATCHES("evt.num=2 and not proc.name in ()", "1");
	MATCHES("proc.name=bash and proc.name=curl", "");
	MATCHES("not (not evt.num=2)", "1");
	MATCHES("evt.num=1 and (evt.num=1 and (evt.num=1 or evt.num=2))", "0");
	filter_events_done(&events);
}
END_TEST

static void kernel_of(const char *text, struct kernel_filter *k)
{
	struct filter *f = filter_new(text, NULL);

	ck_assert_ptr_nonnull(f);
	filter_kernel(f, k);
	filter_free(f);
}

static bool has_type(const struct kernel_filter *k, const char *name)
{
	uint16_t type = event_info_by_name(name)->type;

	return k->types[type / 64] >> (type % 64) & 1;
}

static const struct kernel_question *asked(const struct kernel_filter *k, enum kernel_about about)
{
	for (unsigned i = 0; i < k->n_questions; i++)
		if (k->questions[i].about == about)
			return &k->questions[i];
	return NULL;
}

static const struct kernel_question *asked_alone(const struct kernel_filter *k, enum kernel_about about)
{
	const struct kernel_question *q = asked(k, about);

	ck_assert_ptr_nonnull(q);
	for (unsigned i = 0; i < k->n_clauses; i++)
		if (k->clauses[i].yes == 1u << (q - k->questions) && !k->clauses[i].no)
			return q;
	ck_abort_msg("no clause has this question alone");
	return NULL;
}

START_TEST(kernel_part_says_what_it_can)
{
	static struct kernel_filter k;

	kernel_of("evt.type=openat and proc.name=curl", &k);
	ck_assert(k.exact && !k.tasks_only && k.has_types && has_type(&k, "openat") && !has_type(&k, "read"));
	ck_assert_str_eq(asked_alone(&k, ABOUT_COMM)->comms[0], "curl");
	kernel_of("proc.name in (curl, wget)", &k);
	ck_assert(k.exact && k.tasks_only && k.n_clauses == 1 && asked_alone(&k, ABOUT_COMM)->n == 2);
	/* (curl or wget) and (curl or openat) */
	kernel_of("proc.name=curl or proc.name=wget and evt.type=openat", &k);
	ck_assert(k.exact && !k.tasks_only && !k.has_types);
	ck_assert(k.n_questions == 3 && k.n_clauses == 2);
	ck_assert(__builtin_popcount(k.clauses[0].yes) == 2 && __builtin_popcount(k.clauses[1].yes) == 2);
	kernel_of("proc.name=curl or proc.pid=3", &k);
	ck_assert(k.exact && k.n_clauses == 1 && k.clauses[0].yes == 3);
	kernel_of("proc.pid in (3, 4) and proc.pid in (4, 5) and fd.name contains x", &k);
	ck_assert(!k.exact && k.has_types && !has_type(&k, "getuid") && has_type(&k, "read"));
	ck_assert(asked_alone(&k, ABOUT_PID)->n == 2);
	/* Of what the kernel cannot decide, the types remain; negated, nothing. */
	kernel_of("proc.name=curl or fd.name contains x", &k);
	ck_assert(k.n_clauses == 1 && k.clauses[0].yes == 3 && asked(&k, ABOUT_TYPE));
	kernel_of("proc.name=curl or not fd.name contains x", &k);
	ck_assert(!k.exact && k.n_questions == 2 && k.n_clauses == 1 && __builtin_popcount(k.clauses[0].no) == 1);
	kernel_of("proc.name=curl or not proc.cmdline contains x", &k);
	ck_assert(!k.exact && k.n_clauses == 0);
	kernel_of("not (evt.type=openat or proc.name=curl)", &k);
	ck_assert(k.exact && k.has_types && !has_type(&k, "openat") && has_type(&k, "read"));
	ck_assert(k.n_clauses == 2 && !k.clauses[0].yes && !k.clauses[1].yes);
	kernel_of("evt.failed=true and user.uid=0 and thread.tid=7 and group.gid in (5, 6)", &k);
	ck_assert(!k.exact && k.n_clauses == 4);
	ck_assert(asked_alone(&k, ABOUT_RESULT)->ranges[0].hi == -1 && asked_alone(&k, ABOUT_GID)->n == 2);
	kernel_of("evt.res in (ENOENT, EPERM)", &k);
	ck_assert(asked_alone(&k, ABOUT_RESULT)->n == 1);
	ck_assert_int_eq(asked_alone(&k, ABOUT_RESULT)->ranges[0].lo, -2);
	kernel_of("evt.rawres>=4096 and fd.num=3 and evt.rawarg.size<10", &k);
	ck_assert_int_eq(asked_alone(&k, ABOUT_RESULT)->ranges[0].lo, 4096);
	ck_assert_int_eq(asked_alone(&k, ABOUT_FD)->ranges[0].hi, 3);
	ck_assert_str_eq(asked_alone(&k, ABOUT_PARAM)->param, "size");
	kernel_of("evt.arg.path startswith /etc/ and evt.rawarg.name=x", &k);
	ck_assert_str_eq(asked_alone(&k, ABOUT_TEXT)->text.bytes, "/etc/");
	ck_assert_uint_eq(k.n_clauses, 2);
	kernel_of("proc.tree=1 and proc.ppid=2", &k);
	ck_assert(asked_alone(&k, ABOUT_TREE)->ids[0] == 1 && asked_alone(&k, ABOUT_PPID)->ids[0] == 2);
	kernel_of("", &k);
	ck_assert(k.exact && !k.has_types && !k.n_clauses);
}
END_TEST

/* More than there is room for: what does not fit is left out. */
START_TEST(kernel_part_has_limits)
{
	static struct kernel_filter k;
	char text[8192] = "proc.pid in (0";

	for (int i = 1; i <= KERNEL_VALUES; i++)
		sprintf(text + strlen(text), ", %d", i);
	strcat(text, ")");
	kernel_of(text, &k);
	ck_assert(!k.exact && !k.n_clauses);
	strcpy(text, "(proc.pid=1 and thread.tid=1)");
	for (int i = 2; i < 9; i++)
		sprintf(text + strlen(text), " or (proc.pid=%d and thread.tid=%d)", i, i);
	kernel_of(text, &k);
	ck_assert(!k.exact && k.n_questions == KERNEL_QUESTIONS && k.n_clauses == KERNEL_CLAUSES);
	strcpy(text, "evt.cpu=0");
	for (int i = 0; i < KERNEL_QUESTIONS + 1; i++)
		sprintf(text + strlen(text), " or proc.pid=%d", i);
	kernel_of(text, &k);
	ck_assert_uint_eq(k.n_clauses, 0);
}
END_TEST

static unsigned event_columns(const char *text)
{
	struct filter *f = filter_new(text, NULL);
	unsigned columns;

	ck_assert_ptr_nonnull(f);
	columns = filter_event_columns(f);
	filter_free(f);
	return columns;
}

START_TEST(events_are_looked_at_with_the_columns_of_the_fields)
{
	ck_assert_uint_eq(event_columns("fd.name contains /etc"), 0);
	ck_assert_uint_eq(event_columns("evt.cpu=1 and evt.latency > 5"), 0); /* exact: columns alone */
	ck_assert_uint_eq(event_columns("fd.name contains /etc or evt.latency > 5"), COLUMN_DURATION);
	ck_assert_uint_eq(event_columns("not (proc.duration > 5 and evt.cpu=1)"), COLUMN_TIME | COLUMN_CPU);
	ck_assert_uint_eq(event_columns("proc.name = val(evt.time)"), COLUMN_TIME);
	ck_assert_uint_eq(event_columns("tolower(evt.time) = proc.name"), COLUMN_TIME);
}
END_TEST

START_TEST(needs_say_what_must_be_fed)
{
	struct filter *f = filter_new("evt.type=openat and evt.cpu=1", NULL);

	ck_assert_uint_eq(filter_needs(f), NEED_COLUMNS);
	ck_assert_uint_eq(filter_column_set(f), COLUMN_TYPE | COLUMN_CPU);
	ck_assert(filter_is_exact(f));
	filter_free(f);
	f = filter_new("evt.type=openat and fd.name contains /etc", NULL);
	ck_assert_uint_eq(filter_needs(f), NEED_COLUMNS | NEED_THREADS | NEED_FDS);
	ck_assert(!filter_is_exact(f));
	filter_free(f);
}
END_TEST

/* Remembered answers belong to one state: another one has other names under the same numbers. */
START_TEST(answers_do_not_leak_between_states)
{
	struct filter *f = filter_new("proc.name=curl", NULL);
	struct event ev;

	ck_assert(filter_events_init(&events));
	event_at(&ev, &events.m.bb.batch, 0);
	for (int round = 0; round < 4; round++) {
		struct state *st = state_new(events.schema);
		struct state_entry e = {
			.kind = ENTRY_THREAD,
			.thread = {.tid = 20, .pid = 20, .comm = text_of(round & 1 ? "curl" : "wget")}};

		state_entries(st, &e, 1, NULL);
		state_apply(st, &ev);
		ck_assert_int_eq(filter_match(f, &ev, st), round & 1);
		state_free(st);
	}
	filter_free(f);
	filter_events_done(&events);
}
END_TEST

START_TEST(explain_says_which_part_decides)
{
	struct filter *f = filter_new("evt.type=openat and proc.name=curl and fd.name contains /etc", NULL);
	struct buffer b = {0};

	filter_explain(f, &b);
	buffer_u8(&b, 0);
	ck_assert_ptr_nonnull(strstr((char *)b.data, "  process name: curl\n"));
	ck_assert_ptr_nonnull(strstr((char *)b.data, "  event types: openat\n"));
	ck_assert_ptr_nonnull(strstr((char *)b.data, "from processes fds:\n"));
	ck_assert_ptr_nonnull(strstr((char *)b.data, "  fd.name contains /etc\n"));
	buffer_done(&b);
	filter_free(f);
}
END_TEST

SUITE("filter_match", columns_decide, fds_are_found, processes_are_found, parameters_are_found,
      constants_fold, kernel_part_says_what_it_can, kernel_part_has_limits, needs_say_what_must_be_fed,
      events_are_looked_at_with_the_columns_of_the_fields,
      answers_do_not_leak_between_states, explain_says_which_part_decides)
