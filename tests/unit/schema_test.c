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
	struct param_info params[] = {{"res", PT_ERRNO, PF_DEC, -1, 0, NULL, NULL},
				      {text, PT_FLAGS32, PF_HEX, -1, 0, &flags, NULL}};
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
	struct param_info params[33] = {{"fd", PT_FD, PF_DEC, -1, 0, NULL, NULL},
					{"name", PT_CHARBUF, PF_NA, -1, 0, NULL, NULL}};
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

START_TEST(recipes_say_how_parameters_are_made)
{
	const struct recipe *r = recipe_find(ABI_X86_64, 257);

	ck_assert_uint_eq(r->event, 307);
	ck_assert_int_eq(r->result_param, 0);
	ck_assert_uint_eq(r->fd_arg, RECIPE_NO_ARG);
	ck_assert_uint_eq(r->flags, RECIPE_STATE | RECIPE_MAPPED);
	ck_assert_uint_eq(r->n_steps, 6);
	ck_assert_uint_eq(r->steps[1].kind, KIND_PATH);
	ck_assert_uint_eq(r->steps[1].a, 1);
	ck_assert_uint_eq(r->steps[5].flags, STEP_ON_SUCCESS);
	ck_assert_ptr_eq(recipe_at(recipe_index(ABI_X86_64, 257)), r);
	r = recipe_find(ABI_AARCH64, 63);
	ck_assert_uint_eq(r->event, 7);
	ck_assert_uint_eq(r->fd_arg, 0);
	ck_assert_uint_eq(r->n_steps, 2);
	ck_assert_uint_eq(r->steps[0].param, 1);
	ck_assert_uint_eq(r->steps[1].param, 3);
	ck_assert_uint_eq(recipe_find(ABI_I386, 180)->steps[2].kind, KIND_LONG2);
	ck_assert_uint_eq(recipe_find(ABI_X86_64, 17)->steps[2].kind, KIND_LONG);
	ck_assert_ptr_null(recipe_find(ABI_X86_64, 400));
	ck_assert_ptr_null(recipe_find(ABI_X86_64, -1));
	ck_assert_ptr_null(recipe_find(ABI_X86_64, SYSCALL_NUMBERS));
	ck_assert_str_eq(recipe_kind_name(KIND_OPENMODE), "openmode");
	ck_assert_ptr_null(recipe_kind_name(N_KINDS));
}
END_TEST

START_TEST(every_call_has_a_recipe_of_its_event)
{
	const struct syscall_info *s;
	size_t n = 0;

	for (size_t i = 0; (s = syscall_at(i)); i++)
		for (int abi = 0; abi < N_ABIS; abi++) {
			const struct recipe *r = recipe_find(abi, s->number[abi]);
			const struct event_info *e = event_info_find(s->event);

			if (s->number[abi] < 0)
				continue;
			n++;
			ck_assert_ptr_eq(syscall_find(abi, s->number[abi]), s);
			ck_assert_uint_eq(r->event, s->event);
			ck_assert_uint_eq(r->n_params, e->n_params);
			ck_assert_int_eq(r->fd_param, e->fd_param);
			ck_assert_uint_eq(r->n_steps + (e->result_param >= 0) +
					      __builtin_popcount(r->absent) +
					      (r->fd_arg != RECIPE_NO_ARG),
					  e->n_params);
		}
	ck_assert_uint_gt(n, 1100);
}
END_TEST

START_TEST(native_values_become_the_familys)
{
	static const struct {
		enum value_map map;
		enum syscall_abi abi;
		uint32_t native, family;
	} rows[] = {
	    {MAP_OPEN_FLAGS, ABI_X86_64, 0x80000, 4097},          /* O_RDONLY|O_CLOEXEC */
	    {MAP_OPEN_FLAGS, ABI_X86_64, 0x10000 | 2, 1024 | 3},  /* O_DIRECTORY|O_RDWR */
	    {MAP_OPEN_FLAGS, ABI_AARCH64, 0x10000 | 2, 512 | 3},  /* O_DIRECT|O_RDWR */
	    {MAP_OPEN_FLAGS, ABI_X86_64, 0x101000, 16 | 128 | 1}, /* O_SYNC holds O_DSYNC */
	    {MAP_OPEN_FLAGS, ABI_X86_64, 0x1000, 16 | 1},
	    {MAP_FD_FLAGS, ABI_X86_64, 0, 0},
	    {MAP_CLONE_FLAGS, ABI_X86_64, 0x3d0f00, 0x280ba03},
	    {MAP_CLONE_FLAGS, ABI_X86_64, CLONE_WIRE_CHILD_IN_PIDNS, 536870912},
	    {MAP_MMAP_FLAGS, ABI_X86_64, 0x62, 2 | 8 | 16},
	    {MAP_MMAP_FLAGS, ABI_AARCH64, 0x62, 2 | 8}, /* no MAP_32BIT there */
	    {MAP_FCNTL_COMMANDS, ABI_X86_64, 1030, 26},
	    {MAP_FCNTL_COMMANDS, ABI_X86_64, 9999, 0},
	    {MAP_SOCKOPT_LEVELS, ABI_X86_64, 6, 2},
	    {MAP_PTRACE_REQUESTS, ABI_X86_64, 0x4206, 20},
	    {MAP_SEMCTL_COMMANDS, ABI_X86_64, 0x100 | 16, 4096}, /* IPC_64|SETVAL */
	    {MAP_SEMGET_FLAGS, ABI_X86_64, 0x200 | 0600, 8192 | 0600},
	    {MAP_QUOTACTL_CMDS, ABI_X86_64, 0x80000701, 32},
	    {MAP_QUOTACTL_TYPES, ABI_X86_64, 0x80000701, 2},
	    {MAP_QUOTACTL_QUOTA_FMTS, ABI_X86_64, 9, 1},
	    {MAP_POLL_FLAGS, ABI_X86_64, 0x2010, 8 | 32},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(map_value(rows[i].map, rows[i].abi, rows[i].native) == rows[i].family,
			      "row %zu: 0x%x", i,
			      map_value(rows[i].map, rows[i].abi, rows[i].native));
}
END_TEST

START_TEST(payloads_are_translated_in_place)
{
	/* eventfd2: flags (u16 of the family, recorded in 4 bytes), initval. */
	uint8_t eventfd2[] = {0x00, 0x08, 0x08, 0x00, 7, 0, 0, 0, 0, 0, 0, 0};
	const uint8_t eventfd2_after[] = {0x40, 0x10, 7, 0, 0, 0, 0, 0, 0, 0};
	/* poll: one fd with POLLIN|POLLHUP, timeout. */
	uint8_t poll[] = {12, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 9, 0, 0, 0, 0, 0, 0, 0};
	/* openat, path absent: dirfd, flags, mode */
	uint8_t openat[] = {0x9c, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 8, 0, 0, 0, 0, 0};
	const struct recipe *r = recipe_find(ABI_X86_64, 290);

	ck_assert_int_eq(recipe_translate(r, ABI_X86_64, 0, eventfd2, sizeof eventfd2), 10);
	ck_assert_mem_eq(eventfd2, eventfd2_after, 10);
	ck_assert_int_eq(recipe_translate(r, ABI_X86_64, 0, eventfd2, 3), -EBADMSG);
	r = recipe_find(ABI_X86_64, 7);
	ck_assert_int_eq(recipe_translate(r, ABI_X86_64, 0, poll, sizeof poll), sizeof poll);
	ck_assert_uint_eq(poll[12], 1 | 32);
	ck_assert_int_eq(recipe_translate(r, ABI_X86_64, 0, poll, 10), -EBADMSG);
	r = recipe_find(ABI_X86_64, 257);
	ck_assert_int_eq(
	    recipe_translate(r, ABI_X86_64, 1 << 2 | 1 << 5 | 1 << 6, openat, sizeof openat),
	    sizeof openat);
	ck_assert_uint_eq(openat[8], 1);
	ck_assert_uint_eq(openat[9], 0x10);
	r = recipe_find(ABI_X86_64, 0);
	ck_assert_int_eq(recipe_translate(r, ABI_X86_64, 0, openat, 5), 5);
}
END_TEST

SUITE("schema", public_events_have_their_numbers_and_parameters, names_find_the_present_day_type,
      results_and_fds_are_what_the_call_returned_and_works_on, flag_sets_keep_their_order,
      dynamic_parameters_have_their_alternatives, types_have_sizes_and_natures,
      errno_and_signals_have_names, calls_are_found_by_number_and_name, a_file_can_bring_types,
      bad_rows_are_refused, memory_of_a_schema_is_bounded, recipes_say_how_parameters_are_made,
      every_call_has_a_recipe_of_its_event, native_values_become_the_familys,
      payloads_are_translated_in_place)
