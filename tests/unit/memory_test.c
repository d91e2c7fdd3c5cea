#include "format/memory.h"
#include "format/recipe.h"
#include "tests/unit/suite.h"

#include <linux/stat.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

#if defined(__aarch64__)
#define ABI_HERE ABI_AARCH64
#elif defined(__i386__)
#define ABI_HERE ABI_I386
#else
#define ABI_HERE ABI_X86_64
#endif

static const struct struct_layout *layout_of(const char *name)
{
	return struct_layout_of(struct_find(name), ABI_HERE);
}

static void check_field(const char *name, const char *field, size_t offset, size_t size)
{
	const struct struct_field *f = struct_field_find(layout_of(name), field);

	ck_assert_msg(f != NULL, "%s has no %s", name, field);
	ck_assert_msg(f->offset == offset && (size_t)f->size * f->count == size, "%s.%s lies at %u, %u bytes", name,
		      field, f->offset, f->size * f->count);
}

#define CHECK_SIZE(name, type) ck_assert_uint_eq(layout_of(name)->size, sizeof(type))
#define CHECK_FIELD(name, type, field)                                                             \
	check_field(name, #field, offsetof(type, field), sizeof((type){0}.field))

/* Those that the C library has as the kernel has them. */
START_TEST(layouts_are_those_of_the_headers)
{
	CHECK_SIZE("stat", struct stat);
	CHECK_FIELD("stat", struct stat, st_mode);
	CHECK_FIELD("stat", struct stat, st_rdev);
	CHECK_FIELD("stat", struct stat, st_size);
	CHECK_FIELD("stat", struct stat, st_blocks);
	check_field("stat", "st_ctime_nsec", offsetof(struct stat, st_ctim) + sizeof(long), sizeof(long));
	CHECK_SIZE("statx", struct statx);
	CHECK_FIELD("statx", struct statx, stx_attributes_mask);
	CHECK_FIELD("statx", struct statx, stx_rdev_major);
	CHECK_FIELD("statx", struct statx, stx_mnt_id);
	CHECK_SIZE("statfs", struct statfs);
	CHECK_FIELD("statfs", struct statfs, f_flags);
	CHECK_SIZE("rusage", struct rusage);
	CHECK_FIELD("rusage", struct rusage, ru_nivcsw);
	CHECK_SIZE("sysinfo", struct sysinfo);
	CHECK_FIELD("sysinfo", struct sysinfo, mem_unit);
	CHECK_SIZE("utsname", struct utsname);
	CHECK_FIELD("utsname", struct utsname, machine);
	CHECK_SIZE("pollfd", struct pollfd);
	CHECK_FIELD("pollfd", struct pollfd, revents);
	CHECK_SIZE("epoll_event", struct epoll_event);
	CHECK_FIELD("epoll_event", struct epoll_event, data);
	CHECK_SIZE("msghdr", struct msghdr);
	CHECK_FIELD("msghdr", struct msghdr, msg_iovlen);
	CHECK_FIELD("msghdr", struct msghdr, msg_flags);
	CHECK_SIZE("mmsghdr", struct mmsghdr);
	CHECK_FIELD("mmsghdr", struct mmsghdr, msg_len);
	CHECK_SIZE("tms", struct tms);
	CHECK_SIZE("rlimit64", struct rlimit64);
	ck_assert_uint_eq(layout_of("siginfo")->size, 128);
}
END_TEST

/* As "gcc -m32" lays them out (asm/stat.h and others). */
START_TEST(layouts_of_32_bit_calls)
{
	static const struct {
		const char *name, *field;
		unsigned size, offset;
	} rows[] = {{"stat", "st_mtime", 64, 40},	 {"stat64", "st_ino", 96, 88},	  {"stat64", "st_size", 96, 44},
		    {"statfs64", "f_flags", 84, 64},	 {"sigaction", "sa_mask", 20, 12}, {"rusage", "ru_nivcsw", 72, 68},
		    {"sysinfo", "mem_unit", 64, 52},	 {"msghdr", "msg_flags", 28, 24},  {"iovec", "iov_len", 8, 4},
		    {"epoll_event", "data", 12, 4},	 {"flock", "l_pid", 16, 12},	   {"flock64", "l_pid", 24, 20},
		    {"timespec", "tv_nsec", 8, 4},	 {"timespec64", "tv_nsec", 16, 8}, {"statx", "stx_mnt_id", 256, 144},
		    {"rlimit", "rlim_max", 8, 4},	 {"rlimit64", "rlim_max", 16, 8},  {"siginfo", "si_code", 128, 8}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct struct_layout *l = struct_layout_of(struct_find(rows[i].name), ABI_I386);
		const struct struct_field *f = struct_field_find(l, rows[i].field);

		ck_assert_ptr_nonnull(f);
		ck_assert_msg(l->size == rows[i].size && f->offset == rows[i].offset, "%s: %u bytes, %s at %u",
			      rows[i].name, l->size, rows[i].field, f->offset);
	}
	ck_assert_uint_eq(struct_layout_of(struct_find("stat64"), ABI_X86_64)->size, 0);
	ck_assert_int_eq(struct_find("no_such"), STRUCT_NONE);
	ck_assert_uint_eq(struct_layout_of(STRUCT_NONE, ABI_X86_64)->size, 0);
}
END_TEST

START_TEST(plans_say_what_a_call_keeps)
{
	struct memory_plan plan = memory_plan_of(ABI_X86_64, 13);

	ck_assert_uint_eq(plan.n_args, 4); /* rt_sigaction */
	ck_assert_uint_eq(plan.n_steps, 2);
	ck_assert_str_eq(plan.steps[1].name, "oldact");
	ck_assert_uint_eq(plan.steps[1].structure, STRUCT_SIGACTION);
	ck_assert_uint_eq(plan.steps[1].flags, STEP_ON_SUCCESS);
	ck_assert_uint_eq(memory_plan_of(ABI_X86_64, 110).n_args, 0); /* getppid */
	ck_assert_uint_eq(memory_plan_of(ABI_X86_64, -1).n_args, 0);
	ck_assert_uint_eq(memory_plan_of(ABI_X86_64, 100000).n_args, 0);
	ck_assert_uint_eq(memory_plan_of(N_ABIS, 0).n_args, 0);
}
END_TEST

START_TEST(conditions_are_about_arguments)
{
	struct memory_plan futex = memory_plan_of(ABI_X86_64, 202);
	struct memory m = {.n_args = 6, .args = {0, 0x80}};

	ck_assert_uint_eq(futex.n_steps, 4);
	ck_assert(!memory_step_fails(&futex.steps[0], &m)); /* wait, private */
	ck_assert(memory_step_fails(&futex.steps[2], &m));
	m.args[1] = 0x189; /* wait bitset, private, realtime */
	ck_assert(memory_step_fails(&futex.steps[0], &m));
	ck_assert(!memory_step_fails(&futex.steps[2], &m));
	m.args[1] = 1; /* wake */
	ck_assert(memory_step_fails(&futex.steps[0], &m) && memory_step_fails(&futex.steps[2], &m));
	ck_assert(!memory_step_fails(&futex.steps[1], &m)); /* no condition */
}
END_TEST

static void put_piece(struct buffer *b, uint64_t addr, const void *data, uint16_t len)
{
	buffer_u64(b, addr);
	buffer_u16(b, len);
	buffer_append(b, data, len);
}

START_TEST(values_are_read_by_address)
{
	struct buffer b = {0};
	struct memory m;
	size_t len = 100;

	buffer_u8(&b, 2);
	buffer_u64(&b, 3);
	buffer_u64(&b, 0x1000);
	put_piece(&b, 0x1000, "abcdef", 6);
	put_piece(&b, 0x1004, "efghij", 6);
	ck_assert(memory_open(&m, &(struct param){b.data, (uint32_t)b.len}));
	ck_assert_uint_eq(m.n_args, 2);
	ck_assert_uint_eq(m.args[1], 0x1000);
	ck_assert_mem_eq(memory_at(&m, 0x1002, 4), "cdef", 4);
	ck_assert_mem_eq(memory_at(&m, 0x1004, 6), "efghij", 6); /* the first has not all of it */
	ck_assert_ptr_null(memory_at(&m, 0x1002, 5));
	ck_assert_ptr_null(memory_at(&m, 0xfff, 1));
	ck_assert_ptr_null(memory_at(&m, 0x100a, 1));
	ck_assert_ptr_null(memory_at(&m, 0x1005, SIZE_MAX));
	ck_assert_mem_eq(memory_some(&m, 0x1001, &len), "bcdef", 5);
	ck_assert_uint_eq(len, 5);
	len = 2;
	ck_assert_ptr_nonnull(memory_some(&m, 0x1001, &len));
	ck_assert_uint_eq(len, 2);
	ck_assert_ptr_null(memory_some(&m, 0x2000, &len));
	ck_assert_uint_eq(len, 0);
	buffer_done(&b);
}
END_TEST

/* Cut anywhere, in memory of just that size: nothing is read behind it. */
START_TEST(values_of_strangers_end_anywhere)
{
	struct buffer b = {0};

	buffer_u8(&b, 1);
	buffer_u64(&b, 0x1000);
	put_piece(&b, 0x1000, "abcdef", 6);
	put_piece(&b, UINT64_MAX - 2, "xyz", 3);
	for (size_t n = 0; n <= b.len; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct memory m;
		size_t len = SIZE_MAX;
		bool opens;

		memcpy(copy, b.data, n);
		opens = memory_open(&m, &(struct param){copy, (uint32_t)n});
		ck_assert_int_eq(opens, n >= 9);
		if (opens) {
			ck_assert_int_eq(memory_at(&m, 0x1000, 6) != NULL, n >= 25);
			memory_some(&m, UINT64_MAX, &len);
			ck_assert_uint_eq(len, n == b.len);
		}
		free(copy);
	}
	ck_assert(!memory_open(&(struct memory){0}, &param_absent));
	b.data[0] = 7; /* arguments */
	ck_assert(!memory_open(&(struct memory){0}, &(struct param){b.data, (uint32_t)b.len}));
	buffer_done(&b);
}
END_TEST

START_TEST(numbers_of_fields)
{
	static const uint8_t bytes[8] = {0xfe, 0xff, 0xff, 0xff, 0x12, 0x34, 0, 0x80};
	const struct struct_field s = {.size = 4, .nature = FIELD_SIGNED}, u = {.size = 4}, wide = {.size = 8},
				  net = {.offset = 4, .size = 2, .nature = FIELD_NETWORK}, item = {.size = 2};

	ck_assert_int_eq(struct_field_number(&s, bytes, 0), -2);
	ck_assert_int_eq(struct_field_number(&u, bytes, 0), 0xfffffffe);
	ck_assert_int_eq(struct_field_number(&net, bytes, 0), 0x1234);
	ck_assert_int_eq(struct_field_number(&item, bytes, 2), 0x3412);
	ck_assert_uint_eq((uint64_t)struct_field_number(&wide, bytes, 0), 0x80003412fffffffe);
}
END_TEST

START_TEST(rows_get_one_parameter_more)
{
	struct schema *s = schema_new();
	const struct event_info *built_in = event_info_find(7), *longer;

	ck_assert_int_eq(schema_add_memory(s), 0);
	longer = schema_find(s, 7); /* read: also pread64's, but once */
	ck_assert_uint_eq(longer->n_params, built_in->n_params + 1);
	ck_assert_uint_eq(longer->params[built_in->n_params].type, PT_MEMORY);
	ck_assert_ptr_eq(longer->params[1].name, built_in->params[1].name);
	ck_assert_int_eq(longer->fd_param, built_in->fd_param);
	longer = schema_find(s, 293); /* execve has the most */
	ck_assert_uint_eq(longer->params[longer->n_params - 1].type, PT_MEMORY);
	longer = schema_find(s, 232); /* signaldeliver */
	ck_assert_uint_eq(longer->params[longer->n_params - 1].type, PT_MEMORY);
	ck_assert_ptr_eq(schema_find(s, 186), event_info_find(186)); /* procexit */
	ck_assert_ptr_eq(schema_find(s, 6), event_info_find(6));     /* the way in of old files */
	schema_free(s);
}
END_TEST

SUITE("memory", layouts_are_those_of_the_headers, layouts_of_32_bit_calls, plans_say_what_a_call_keeps,
      conditions_are_about_arguments, values_are_read_by_address, values_of_strangers_end_anywhere, numbers_of_fields,
      rows_get_one_parameter_more)
