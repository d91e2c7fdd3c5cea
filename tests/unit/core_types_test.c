/* The kernel's types, cut down: what is kept lies where it lay. */
#include "capture/core_types.h"
#include "tests/unit/suite.h"

#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const uint8_t engine_object[], engine_object_end[];

static struct btf *kernel, *small;
static struct bpf_object *object;

static void cut(void)
{
	char path[64];
	int fd;

	object = bpf_object__open_mem(engine_object, (size_t)(engine_object_end - engine_object), NULL);
	kernel = core_types_kernel();
	ck_assert_ptr_nonnull(object);
	ck_assert_ptr_nonnull(kernel);
	fd = core_types_file(kernel, bpf_object__btf(object));
	ck_assert_int_ge(fd, 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	small = btf__parse(path, NULL);
	ck_assert_ptr_nonnull(small);
	close(fd);
}

static void end(void)
{
	btf__free(small);
	btf__free(kernel);
	bpf_object__close(object);
}

static const struct btf_type *skip_modifiers(const struct btf *types, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(types, id);

	while (btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(types, t->type);
	return t;
}

static void compare(const struct btf_type *a, const struct btf_type *b)
{
	ck_assert_uint_eq(a->info, b->info);
	if (!btf_is_ptr(a))
		ck_assert_uint_eq(a->size, b->size);
	if (!btf_is_composite(a))
		return;
	for (unsigned i = 0; i < btf_vlen(a); i++) {
		const struct btf_member *m = &btf_members(a)[i], *n = &btf_members(b)[i];

		ck_assert_str_eq(btf__name_by_offset(kernel, m->name_off), btf__name_by_offset(small, n->name_off));
		ck_assert_uint_eq(m->offset, n->offset);
		ck_assert_int_eq(btf__resolve_size(kernel, m->type), btf__resolve_size(small, n->type));
		compare(skip_modifiers(kernel, m->type), skip_modifiers(small, n->type));
	}
}

START_TEST(test_kept_types_are_the_same)
{
	static const char *const names[] = {"task_struct", "file", "inode", "sock", "linux_binprm", "cred"};

	cut();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int a = btf__find_by_name_kind(kernel, names[i], BTF_KIND_STRUCT);
		int b = btf__find_by_name_kind(small, names[i], BTF_KIND_STRUCT);

		ck_assert_msg(a > 0 && b > 0, "%s", names[i]);
		compare(btf__type_by_id(kernel, (uint32_t)a), btf__type_by_id(small, (uint32_t)b));
	}
	ck_assert_int_gt(btf__find_by_name_kind(small, "cgroup_subsys_id", BTF_KIND_ENUM), 0);
	end();
}
END_TEST

START_TEST(test_only_what_is_needed)
{
	cut();
	ck_assert_uint_gt(btf__type_cnt(small), 100);
	ck_assert_uint_lt(btf__type_cnt(small), btf__type_cnt(kernel) / 20);
	ck_assert_int_lt(btf__find_by_name_kind(small, "page", BTF_KIND_STRUCT), 0);
	end();
}
END_TEST

SUITE("core_types", test_kept_types_are_the_same, test_only_what_is_needed)
