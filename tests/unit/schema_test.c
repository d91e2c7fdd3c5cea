#include "format/recipe.h"
#include "format/schema.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

START_TEST(public_events_have_their_numbers_and_parameters)
{
	const struct event_info *e = event_info_find(307);

	ck_assert_str_eq(e->name, "openat");
	ck_assert_int_eq(e->n_params, 7);
	ck_assert_int_eq(e->result_param, 0);
	ck_assert_int_eq(e->fd_param, -1);
	ck_assert_uint_eq(e->params[2].type, PT_FSRELPATH);
	ck_assert_int_eq(e->params[2].dirfd_param, 1);
	ck_assert_str_eq(e->params[3].flags->name, "file_flags");
	ck_assert(event_info_is_state(e));
	ck_assert(!event_info_is_enter(e));
	ck_assert_uint_eq(e->category, EC_FILE + EC_SYSCALL);
	ck_assert_ptr_null(event_info_find(17));
	ck_assert_ptr_null(event_info_find(454));
	ck_assert_ptr_null(event_info_find(EVENT_TYPE_MAX));
	ck_assert_ptr_null(event_info_find(0xFFFF));
	ck_assert_uint_eq(event_info_at(453)->type, 453);
}
END_TEST

START_TEST(names_find_the_present_day_type)
{
	static const struct {
		const char *name;
		uint16_t type;
	} rows[] = {{"openat", 307}, {"execve", 293}, {"accept", 247},
		    {"clone", 223},  {"select", 83},  {"procexit", 186},
		    {"read", 7},     {"switch", 152}, {"container", 324}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_uint_eq(event_info_by_name(rows[i].name)->type, rows[i].type);
	ck_assert_ptr_null(event_info_by_name("NA"));
	ck_assert_ptr_null(event_info_by_name("opennat"));
}
END_TEST

START_TEST(results_and_fds_are_what_the_call_returned_and_works_on)
{
	static const struct {
		uint16_t type;
		const char *result, *fd;
	} rows[] = {{7, "res", "fd"},      {161, "res", "fd"}, {167, "res", "fd_out"},
		    {333, "res", "fdin"},  {19, "fd", NULL},   {203, "uid", NULL},
		    {303, "res", "dirfd"}, {6, NULL, "fd"},    {1, NULL, NULL},
		    {186, NULL, NULL}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct event_info *e = event_info_find(rows[i].type);

		if (rows[i].result)
			ck_assert_str_eq(e->params[e->result_param].name, rows[i].result);
		else
			ck_assert_int_eq(e->result_param, -1);
		if (rows[i].fd)
			ck_assert_str_eq(e->params[e->fd_param].name, rows[i].fd);
		else
			ck_assert_int_eq(e->fd_param, -1);
	}
}
END_TEST

START_TEST(flag_sets_keep_their_order)
{
	const struct flag_table *t = flag_table_find("file_flags");

	ck_assert_str_eq(t->rows[0].name, "O_LARGEFILE");
	ck_assert_uint_eq(t->rows[0].value, 2048);
	ck_assert_ptr_null(flag_table_find("no_flags"));
	for (size_t i = 0; (t = flag_table_at(i)); i++)
		ck_assert_ptr_nonnull(t->rows[0].name);
}
END_TEST

START_TEST(dynamic_parameters_have_their_alternatives)
{
	const struct param_info *p = &event_info_find(45)->params[4];

	ck_assert_uint_eq(p->type, PT_DYN);
	ck_assert_int_eq(p->n_dynamic, 5);
	ck_assert_uint_eq(p->dynamic[4].type, PT_RELTIME);
}
END_TEST

START_TEST(types_have_sizes_and_natures)
{
	ck_assert_uint_eq(param_type_size(PT_FD), 8);
	ck_assert_uint_eq(param_type_size(PT_CHARBUF), 0);
	ck_assert_uint_eq(param_type_size(PT_MAX), 0);
	ck_assert_str_eq(param_type_name(PT_FSRELPATH), "PT_FSRELPATH");
	ck_assert(param_type_is_text(PT_FSPATH) && !param_type_is_text(PT_BYTEBUF));
	ck_assert(param_type_is_signed(PT_PID) && !param_type_is_signed(PT_UINT64));
	ck_assert(param_type_is_flags(PT_MODE) && !param_type_is_flags(PT_UINT32));
}
END_TEST

START_TEST(errno_and_signals_have_names)
{
	ck_assert_str_eq(errno_name(2), "ENOENT");
	ck_assert_str_eq(errno_name(35), "EDEADLK");
	ck_assert_str_eq(errno_name(40), "ELOOP");
	ck_assert_str_eq(errno_name(95), "EOPNOTSUPP");
	ck_assert_str_eq(errno_name(110), "ETIMEDOUT");
	ck_assert_str_eq(errno_name(133), "EHWPOISON");
	ck_assert_str_eq(errno_name(514), "ERESTARTNOHAND");
	ck_assert_str_eq(errno_name(531), "ENOGRACE");
	ck_assert_ptr_null(errno_name(41));
	ck_assert_ptr_null(errno_name(-1));
	ck_assert_ptr_null(errno_name(100000));
	ck_assert_int_eq(errno_parse("ECONNREFUSED"), ECONNREFUSED);
	ck_assert_int_eq(errno_parse("EFOO"), 0);
	for (int i = 1; i < 134; i++)
		if (errno_name(i))
			ck_assert_str_eq(errno_name(i), strerrorname_np(i));
	ck_assert_str_eq(signal_name(9), "SIGKILL");
	ck_assert_str_eq(signal_name(31), "SIGSYS");
	ck_assert_ptr_null(signal_name(32));
	ck_assert_int_eq(signal_parse("SIGTERM"), 15);
}
END_TEST

START_TEST(calls_are_found_by_number_and_name)
{
	const struct syscall_info *s = syscall_find(ABI_X86_64, 0);

	ck_assert_str_eq(s->name, "read");
	ck_assert_int_eq(s->number[ABI_I386], 3);
	ck_assert_int_eq(s->number[ABI_AARCH64], 63);
	ck_assert_uint_eq(s->event, 7);
	ck_assert_uint_eq(s->ppm_sc, 3);
	ck_assert_ptr_eq(syscall_by_name("read"), s);
	ck_assert_ptr_eq(syscall_by_ppm_sc(3), s);
	ck_assert_ptr_null(syscall_by_ppm_sc(0));
	ck_assert_ptr_null(syscall_find(ABI_X86_64, -1));
	ck_assert_ptr_null(syscall_find(ABI_X86_64, 100000));
	ck_assert_str_eq(ppm_sc_name(52), "uselib");
	ck_assert_ptr_null(ppm_sc_name(382));
	ck_assert_ptr_null(ppm_sc_name(454));
	ck_assert_uint_ge(syscall_by_name("exit")->event, EVENT_TYPE_OWN);
}
END_TEST

START_TEST(a_file_can_bring_types)
{
	static const struct flag_name names[] = {{1, "ONE"}, {0, NULL}};
	static const struct flag_table flags = {"own", names};
	char text[8] = "later";
	struct param_info params[] = {{"res", PT_ERRNO, PF_DEC, -1, NULL, NULL, 0},
				      {text, PT_FLAGS32, PF_HEX, -1, &flags, NULL, 0}};
	struct event_info row = {0x4FFF, EC_FILE + EC_SYSCALL, 0, "later_call", 2, 0, -1, params};
	struct schema *s = schema_new();
	const struct event_info *e;

	ck_assert(!schema_knows(s, 0x4FFF));
	ck_assert_str_eq(schema_find(s, 0x4FFF)->name, "unknown-20479");
	ck_assert_int_eq(schema_find(s, 0x4FFF)->result_param, -1);
	ck_assert_int_eq(schema_add(s, &row), 0);
	text[0] = 'L';
	e = schema_find(s, 0x4FFF);
	ck_assert(schema_knows(s, 0x4FFF));
	ck_assert_str_eq(e->name, "later_call");
	ck_assert_str_eq(e->params[1].name, "later");
	ck_assert_str_eq(e->params[1].flags->rows[0].name, "ONE");
	row.type = 307;
	ck_assert_int_eq(schema_add(s, &row), 0);
	ck_assert_str_eq(schema_find(s, 307)->name, "later_call");
	ck_assert_str_eq(event_info_find(307)->name, "openat");
	schema_free(s);
	schema_free(NULL);
}
END_TEST

START_TEST(bad_rows_are_refused)
{
	struct param_info params[33] = {{"fd", PT_FD, PF_DEC, -1, NULL, NULL, 0},
					{"name", PT_CHARBUF, PF_NA, -1, NULL, NULL, 0}};
	struct event_info good = {0x4FFF, 0, 0, "x", 2, -1, -1, params}, row;
	struct schema *s = schema_new();

#define REFUSED(code, field, value)                                                                \
	do {                                                                                       \
		row = good;                                                                        \
		row.field = value;                                                                 \
		ck_assert_int_eq(schema_add(s, &row), code);                                       \
	} while (0)
	REFUSED(-E2BIG, type, EVENT_TYPE_MAX);
	REFUSED(-E2BIG, n_params, 33);
	REFUSED(-EBADMSG, result_param, 2);
	REFUSED(-EBADMSG, result_param, 1);
	REFUSED(-EBADMSG, fd_param, 1);
	REFUSED(-EBADMSG, fd_param, -2);
	REFUSED(-EBADMSG, name, "");
	params[1].type = PT_MAX;
	ck_assert_int_eq(schema_add(s, &good), -EBADMSG);
	params[1].type = PT_DYN;
	ck_assert_int_eq(schema_add(s, &good), -EBADMSG);
	params[1] = params[0];
	params[1].dirfd_param = 1;
	ck_assert_int_eq(schema_add(s, &good), -EBADMSG);
	ck_assert(!schema_knows(s, 0x4FFF));
	ck_assert_str_eq(schema_find(s, 0x6000)->name, "unknown");
	schema_free(s);
}
END_TEST

START_TEST(memory_of_a_schema_is_bounded)
{
	char name[256];
	struct event_info row = {0x4FFF, 0, 0, name, 0, -1, -1, NULL};
	struct schema *s = schema_new();
	int r = 0, n = 0;

	memset(name, 'x', 255);
	name[255] = 0;
	while (!r && n++ < 1000000)
		r = schema_add(s, &row);
	ck_assert_int_eq(r, -E2BIG);
	ck_assert_int_lt(n, 70000);
	schema_free(s);
}
END_TEST

SUITE("schema", public_events_have_their_numbers_and_parameters, names_find_the_present_day_type,
      results_and_fds_are_what_the_call_returned_and_works_on, flag_sets_keep_their_order,
      dynamic_parameters_have_their_alternatives, types_have_sizes_and_natures,
      errno_and_signals_have_names, calls_are_found_by_number_and_name, a_file_can_bring_types,
      bad_rows_are_refused, memory_of_a_schema_is_bounded)
