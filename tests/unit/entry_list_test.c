/* State entries are copied with all that they point to. */
#include "capture/entry_list.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static char scribble[70000];

static struct text text_in(size_t at, const char *words)
{
	strcpy(scribble + at, words);
	return (struct text){scribble + at, (uint32_t)strlen(words)};
}

static void assert_text(struct text t, const char *words)
{
	ck_assert_uint_eq(t.len, strlen(words));
	ck_assert_mem_eq(t.data, words, t.len);
	ck_assert(t.data < scribble || t.data >= scribble + sizeof scribble);
}

START_TEST(test_every_kind)
{
	struct entry_list l = {0};
	struct state_entry thread = {.kind = ENTRY_THREAD, .thread = {
		.tid = 7, .comm = text_in(0, "comm"), .exe = text_in(100, "exe"), .exepath = text_in(200, "/exepath"),
		.cwd = text_in(300, "/cwd"), .root = text_in(400, "/root"), .args = text_in(500, "args"),
		.env = text_in(600, "A=b"), .cgroups = text_in(700, "cpu=/")}};
	struct state_entry fd = {.kind = ENTRY_FD, .fd = {.fd = 3, .name = text_in(800, "/etc/x")}};
	struct state_entry user = {.kind = ENTRY_USER, .user = {
		.uid = 5, .name = text_in(900, "joe"), .home = text_in(1000, "/home/joe"), .shell = text_in(1100, "/sh")}};
	struct state_entry group = {.kind = ENTRY_GROUP, .group = {.gid = 6, .name = text_in(1200, "staff")}};
	struct state_entry iface = {.kind = ENTRY_INTERFACE, .interface = {.name = text_in(1300, "lo")}};
	struct state_entry clock = {.kind = ENTRY_CLOCK, .clock = {.time_ns = 9, .offset_ns = -4}};
	const struct state_entry *all[] = {&thread, &fd, &user, &group, &iface, &clock};
	const struct state_entry *e;

	for (unsigned i = 0; i < 6; i++)
		ck_assert_int_eq(entry_list_add(&l, all[i]), 0);
	memset(scribble, '#', sizeof scribble);
	ck_assert_uint_eq(l.n, 6);
	e = l.entries;
	ck_assert_int_eq(e[0].thread.tid, 7);
	assert_text(e[0].thread.comm, "comm");
	assert_text(e[0].thread.exe, "exe");
	assert_text(e[0].thread.exepath, "/exepath");
	assert_text(e[0].thread.cwd, "/cwd");
	assert_text(e[0].thread.root, "/root");
	assert_text(e[0].thread.args, "args");
	assert_text(e[0].thread.env, "A=b");
	assert_text(e[0].thread.cgroups, "cpu=/");
	assert_text(e[1].fd.name, "/etc/x");
	assert_text(e[2].user.name, "joe");
	assert_text(e[2].user.home, "/home/joe");
	assert_text(e[2].user.shell, "/sh");
	assert_text(e[3].group.name, "staff");
	assert_text(e[4].interface.name, "lo");
	ck_assert_int_eq(e[5].clock.offset_ns, -4);
	entry_list_done(&l);
	ck_assert_uint_eq(l.n, 0);
}
END_TEST

/* Earlier copies stay where they are while the list grows; texts larger than a block of memory, too. */
START_TEST(test_many)
{
	struct entry_list l = {0};

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++) {
			struct state_entry e = {.kind = ENTRY_FD, .fd = {.fd = i}};

			if (i % 1000 == 999) {
				memset(scribble, 'a' + i / 1000, 69999);
				e.fd.name = (struct text){scribble, 69999};
			} else {
				snprintf(scribble, 100, "/file/%d", i);
				e.fd.name = text_of(scribble);
			}
			ck_assert_int_eq(entry_list_add(&l, &e), 0);
		}
		memset(scribble, '#', sizeof scribble);
		for (int i = 0; i < 5000; i++) {
			char want[100];

			snprintf(want, sizeof want, "/file/%d", i);
			if (i % 1000 != 999) {
				assert_text(l.entries[i].fd.name, want);
				continue;
			}
			ck_assert_uint_eq(l.entries[i].fd.name.len, 69999);
			ck_assert_int_eq(l.entries[i].fd.name.data[0], 'a' + i / 1000);
			ck_assert_int_eq(l.entries[i].fd.name.data[69998], 'a' + i / 1000);
		}
		entry_list_clear(&l);
		ck_assert_uint_eq(l.n, 0);
	}
	entry_list_done(&l);
}
END_TEST

/* An empty text keeps no pointer to what was lent. */
START_TEST(test_empty)
{
	struct entry_list l = {0};
	struct state_entry e = {.kind = ENTRY_USER, .user = {.name = {scribble, 0}}};

	ck_assert_int_eq(entry_list_add(&l, &e), 0);
	assert_text(l.entries[0].user.name, "");
	assert_text(l.entries[0].user.home, "");
	entry_list_done(&l);
	entry_list_done(&l);
}
END_TEST

SUITE("entry_list", test_every_kind, test_many, test_empty)
