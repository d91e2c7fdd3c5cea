/* libscapkit through its public header alone. argv[0]'s neighbour make_capture writes the input. */
#include "replay/scapkit.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/scapkit-library-XXXXXX";
static struct scapkit_capture *capture;

static void set_up(void)
{
	char command[4200];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	snprintf(command, sizeof command, "'%s' %s 3000 0 3", getenv("MAKE_CAPTURE"), path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(scapkit_open(path, &capture), 0);
}

static void tear_down(void)
{
	scapkit_close(capture);
	unlink(path);
	memset(path + sizeof path - 7, 'X', 6);
}

START_TEST(events_come_in_order)
{
	const struct scapkit_event *e;
	uint64_t n = 0, last_ns = 0;
	int r;

	set_up();
	while ((r = scapkit_next(capture, &e)) > 0) {
		n++;
		ck_assert_uint_ge(e->time_ns, last_ns);
		last_ns = e->time_ns;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(n, 2999); /* all but procinfo */
	ck_assert_uint_eq(scapkit_lost(capture), 3);
	tear_down();
}
END_TEST

START_TEST(fields_and_parameters_of_an_event)
{
	const struct scapkit_event *e;
	const char *name, *line;
	const void *data;
	char text[64], tiny[4];
	int64_t number;
	size_t len;

	set_up();
	ck_assert_int_eq(scapkit_set_filter(capture, "evt.type=openat and evt.failed=false"), 0);
	ck_assert_int_eq(scapkit_next(capture, &e), 1);
	ck_assert_str_eq(e->type_name, "openat");
	ck_assert_int_ge(e->result, 0);
	ck_assert_int_gt(scapkit_field_text(capture, "fd.name", text, sizeof text), 1);
	ck_assert_int_eq(text[0], '/');
	ck_assert_int_eq(scapkit_field_text(capture, "fd.name", tiny, sizeof tiny),
			 (int64_t)strlen(text) + 1);
	ck_assert_int_eq(strncmp(tiny, text, 3), 0);
	ck_assert_int_eq(tiny[3], 0);
	ck_assert_int_eq(scapkit_field_number(capture, "thread.tid", &number), 1);
	ck_assert_int_eq(number, e->tid);
	ck_assert_int_eq(scapkit_field_number(capture, "fd.name", &number), -ERANGE);
	ck_assert_int_eq(scapkit_field_text(capture, "no.such", text, sizeof text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(scapkit_error(capture), "no.such"));
	ck_assert_int_eq(scapkit_param(capture, 2, &name, &data, &len), 1);
	ck_assert_str_eq(name, "name");
	ck_assert_uint_eq(len, strlen(data) + 1);
	ck_assert_int_eq(scapkit_param(capture, e->n_params, &name, &data, &len), -ENOENT);
	ck_assert_int_eq(scapkit_line(capture, "%evt.num:%evt.type", &line), 1);
	snprintf(text, sizeof text, "%llu:openat", (unsigned long long)e->number);
	ck_assert_str_eq(line, text);
	ck_assert_int_eq(scapkit_line(capture, "%evt.nun", &line), -EINVAL);
	ck_assert_int_eq(scapkit_set_filter(capture, "evt.type=read"), -EBUSY);
	tear_down();
}
END_TEST

START_TEST(mistakes_are_answered)
{
	char text[8];
	int64_t number;

	set_up();
	ck_assert_int_eq(scapkit_field_text(capture, "fd.name", text, sizeof text), -ENOENT);
	ck_assert_int_eq(scapkit_field_number(capture, "fd.num", &number), -ENOENT);
	ck_assert_int_eq(scapkit_set_filter(capture, "evt.type="), -EINVAL);
	ck_assert_str_ne(scapkit_error(capture), "");
	ck_assert_int_eq(scapkit_set_filter(capture, ""), 0);
	tear_down();
	ck_assert_int_eq(scapkit_open("/nowhere/at.all", &capture), -ENOENT);
	ck_assert_str_eq(scapkit_error(capture), "/nowhere/at.all: No such file or directory");
	scapkit_close(capture);
	scapkit_close(NULL);
	ck_assert_str_eq(scapkit_error(NULL), "out of memory");
}
END_TEST

START_TEST(two_captures_take_turns)
{
	struct scapkit_capture *other;
	const struct scapkit_event *a, *b;
	char text_a[64], text_b[64];

	set_up();
	ck_assert_int_eq(scapkit_open(path, &other), 0);
	ck_assert_int_eq(scapkit_next(capture, &a), 1);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert_int_eq(scapkit_next(capture, &a), 1);
		ck_assert_int_eq(scapkit_next(other, &b), 1);
		ck_assert_uint_eq(a->number, b->number + 1);
		if (i == 0)
			continue;
		ck_assert_int_gt(scapkit_field_text(capture, "evt.reltime", text_a, sizeof text_a),
				 1);
		ck_assert_int_gt(scapkit_field_text(other, "evt.reltime", text_b, sizeof text_b),
				 1);
		ck_assert_str_ne(text_a, text_b);
	}
	scapkit_close(other);
	tear_down();
}
END_TEST

SUITE("library", events_come_in_order, fields_and_parameters_of_an_event, mistakes_are_answered,
      two_captures_take_turns)
