/* The recipes that the kernel programs walk, against the tables that they are made from. */
#include "capture/kernel_recipes.h"
#include "format/memory.h"
#include "format/recipe.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#define ABI_HERE ABI_X86_64
#else
#define ABI_HERE ABI_AARCH64
#endif
#define N_RECIPES (SYSCALLS_MAX * TABLES_MAX)

static struct kernel_recipe recipes[N_RECIPES];

static const struct kernel_recipe *recipe_of(const char *name)
{
	const struct syscall_info *call = syscall_by_name(name);

	ck_assert_ptr_nonnull(call);
	ck_assert_int_ge(call->number[ABI_HERE], 0);
	return &recipes[call->number[ABI_HERE]];
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static void check_call(const struct syscall_info *call, const struct kernel_recipe *k, const struct recipe *r)
{
	static const char *const exits[] = {"exit", "exit_group", NULL};
	static const char *const clones[] = {"clone", "clone3", "fork", "vfork", NULL};
	static const char *const execs[] = {"execve", "execveat", NULL};
	const struct event_info *info = event_info_find(r->event);
	bool state = event_info_is_state(info);

	ck_assert_uint_eq(k->type, r->event);
	ck_assert_msg(k->flags & CALL_WANTED, "%s", call->name);
	ck_assert_msg(!(k->flags & CALL_STATE) == !state, "%s", call->name);
	ck_assert_msg(!(k->flags & CALL_ALWAYS) == !state, "%s", call->name);
	ck_assert_msg(!(k->flags & CALL_AT_ENTRY) == !is_one_of(call->name, exits), "%s", call->name);
	ck_assert_msg(!(k->flags & CALL_CLONE) == !is_one_of(call->name, clones), "%s", call->name);
	ck_assert_msg(!(k->flags & CALL_EXEC) == !is_one_of(call->name, execs), "%s", call->name);
	ck_assert_uint_eq(k->n_steps, r->n_steps);
	ck_assert_uint_le(k->n_steps, STEPS_MAX);
	ck_assert_uint_eq(k->absent, r->absent);
	ck_assert_uint_eq(k->fd_arg, r->fd_arg);
	for (unsigned i = 0; i < r->n_steps; i++) {
		const struct kernel_step *s = &k->steps[i];

		ck_assert_uint_eq(s->kind, r->steps[i].kind);
		ck_assert_uint_eq(s->param, r->steps[i].param);
		ck_assert_uint_eq(s->size, r->steps[i].size);
		ck_assert_uint_lt(s->param, info->n_params);
		ck_assert(!(s->flags & KSTEP_SIGNED) == !param_type_is_signed(info->params[s->param].type));
		ck_assert(!(s->flags & KSTEP_INBOUND) == !(info->traits & EF_READS_FROM_FD));
	}
}

static void check_table(const struct kernel_recipe *table, enum syscall_abi abi)
{
	unsigned known = 0;

	for (int n = 0; n < PSEUDO_TASK; n++) {
		const struct recipe *r = abi < N_ABIS ? recipe_find(abi, n) : NULL;

		if (r) {
			check_call(syscall_find(abi, n), &table[n], r);
			known++;
		} else {
			ck_assert_uint_eq(table[n].type, 1);
			ck_assert_uint_eq(table[n].flags, CALL_WANTED);
			ck_assert_uint_eq(table[n].n_steps, 1);
		}
	}
	ck_assert(abi == N_ABIS || known > 300);
}

START_TEST(test_every_call)
{
	kernel_recipes_fill(recipes, NULL, true, false);
	check_table(recipes, ABI_HERE);
#if defined(__x86_64__)
	check_table(recipes + SYSCALLS_MAX, ABI_I386);
#else
	check_table(recipes + SYSCALLS_MAX, N_ABIS);
#endif
	/* Where numbers beyond the tables end up. */
	ck_assert_uint_eq(recipes[SYSCALLS_MAX - 1].type, 1);
	ck_assert_uint_eq(recipes[N_RECIPES - 1].type, 1);
}
END_TEST

/* Steps behind the others, with sizes of the ABI; without structures nothing of them is there. */
START_TEST(test_structures)
{
	const struct recipe *r;
	const struct kernel_recipe *k;
	const int fstat_here = syscall_by_name("fstat")->number[ABI_HERE];
	const int getppid_here = syscall_by_name("getppid")->number[ABI_HERE];

	kernel_recipes_fill(recipes, NULL, true, true);
	r = recipe_find(ABI_HERE, fstat_here);
	k = &recipes[fstat_here];
	ck_assert_uint_eq(k->n_steps, r->n_steps + 2);
	ck_assert_uint_eq(k->steps[r->n_steps].kind, MEMORY_ARGS);
	ck_assert_uint_eq(k->steps[r->n_steps].param, r->n_params);
	ck_assert_uint_eq(k->steps[r->n_steps].a, 2);
	ck_assert_uint_eq(k->steps[r->n_steps + 1].kind, MEMORY_BLOCK);
	ck_assert_uint_eq(k->steps[r->n_steps + 1].c, struct_layout_of(STRUCT_STAT, ABI_HERE)->size);
	ck_assert_uint_eq(k->steps[r->n_steps + 1].flags, KSTEP_ON_SUCCESS);
	ck_assert_uint_eq(recipes[getppid_here].n_steps, 0);
	for (unsigned i = 0; i < PSEUDO_TASK; i++)
		ck_assert_uint_le(recipes[i].n_steps, STEPS_MAX);
#if defined(__x86_64__)
	k = &recipes[SYSCALLS_MAX + 108];
	ck_assert_uint_eq(k->steps[k->n_steps - 1].c, 64);
#endif
}
END_TEST

START_TEST(test_pseudo)
{
	unsigned n = 0;

	kernel_recipes_fill(recipes, NULL, true, false);
	for (; kernel_task_words[n] >= 0; n++) {
		const struct kernel_step *s = &recipes[PSEUDO_TASK].steps[n];

		ck_assert_uint_eq(s->kind, KIND_TASK);
		ck_assert_uint_eq(s->param, n);
		ck_assert_uint_eq(s->c, kernel_task_words[n]);
		ck_assert_uint_eq(s->size, kernel_word_size(kernel_task_words[n]));
	}
	ck_assert_uint_eq(recipes[PSEUDO_TASK].n_steps, n);
	ck_assert_uint_le(n, 32); /* bits of the absent mask */
	ck_assert_uint_eq(recipes[PSEUDO_TASK].flags, CALL_WANTED | CALL_STATE);
	ck_assert_uint_eq(recipes[PSEUDO_ANCESTOR].flags, CALL_WANTED | CALL_STATE);
	ck_assert_uint_eq(recipes[PSEUDO_PROCEXIT].flags, CALL_WANTED | CALL_STATE);
	ck_assert_uint_eq(recipes[PSEUDO_SIGNAL].flags, CALL_WANTED);
	/* Of ancestors neither arguments nor environment, folder or groups. */
	for (n = 0; kernel_ancestor_words[n] >= 0; n++)
		ck_assert(kernel_ancestor_words[n] != WORD_TASK_ARGS && kernel_ancestor_words[n] != WORD_TASK_ENV &&
			  kernel_ancestor_words[n] != WORD_TASK_CWD && kernel_ancestor_words[n] != WORD_TASK_CGROUPS);
}
END_TEST

static void fill_for(const char *text, bool keep_state)
{
	struct filter *f = filter_new(text, NULL);
	struct kernel_filter k;

	ck_assert_ptr_nonnull(f);
	filter_kernel(f, &k);
	filter_free(f);
	kernel_recipes_fill(recipes, &k, keep_state, false);
}

START_TEST(test_type_filter)
{
	fill_for("evt.type in (read, openat)", false);
	for (int n = 0; n < PSEUDO_TASK; n++) {
		const struct syscall_info *call = syscall_find(ABI_HERE, n);
		bool want = call && (!strcmp(call->name, "read") || !strcmp(call->name, "openat"));

		/* A number without a name may be what is asked for by number. */
		if (call)
			ck_assert_msg(!(recipes[n].flags & CALL_WANTED) == !want, "%s", call->name);
	}
	ck_assert_uint_eq(recipes[PSEUDO_SIGNAL].flags, 0);
	/* Calls that change state come all the same, when state is asked for. */
	fill_for("evt.type in (read, openat)", true);
	ck_assert(recipe_of("read")->flags & CALL_WANTED);
	ck_assert(!(recipe_of("write")->flags & CALL_WANTED));
	ck_assert(!(recipe_of("getppid")->flags & CALL_WANTED));
	ck_assert(recipe_of("close")->flags & CALL_WANTED);
	ck_assert(recipe_of("execve")->flags & CALL_WANTED);
	ck_assert(recipe_of("dup")->flags & CALL_WANTED);
	ck_assert(recipes[PSEUDO_PROCEXIT].flags & CALL_WANTED);
	ck_assert(recipes[PSEUDO_TASK].flags & CALL_WANTED);
	fill_for("evt.type=signaldeliver", true);
	ck_assert(recipes[PSEUDO_SIGNAL].flags & CALL_WANTED);
	ck_assert(!(recipe_of("read")->flags & CALL_WANTED));
	/* Other filters leave the calls alone. */
	fill_for("proc.name=x or evt.type=read", true);
	check_table(recipes, ABI_HERE);
}
END_TEST

static uint32_t bit_about(const struct kernel_filter *k, enum kernel_about about, unsigned *ret_number)
{
	for (unsigned i = 0; i < k->n_questions; i++)
		if (k->questions[i].about == about) {
			*ret_number = i;
			return 1u << i;
		}
	ck_abort_msg("not asked");
	return 0;
}

/* Which questions a call is asked when it returns, and what is known before. */
START_TEST(test_questions)
{
	static struct kernel_filter k;
	struct filter *f = filter_new("evt.failed=true or evt.rawarg.size>7 or evt.arg.path startswith /etc or fd.num=3 "
				      "or evt.type=read", NULL);
	unsigned n;
	uint32_t size, path, failed, fd, type;

	ck_assert_ptr_nonnull(f);
	filter_kernel(f, &k);
	kernel_recipes_fill(recipes, &k, true, false);
	size = bit_about(&k, ABOUT_PARAM, &n);
	ck_assert_uint_eq(recipe_of("read")->operands[n].arg, 2);
	ck_assert_uint_eq(recipe_of("read")->operands[n].form, 4);
	ck_assert_uint_eq(recipe_of("pread64")->operands[n].form, 4);
	path = bit_about(&k, ABOUT_TEXT, &n);
	ck_assert_uint_eq(recipe_of("mkdirat")->operands[n].arg, 1);
	ck_assert_uint_eq(recipe_of("mkdirat")->operands[n].form, TEXT_RESOLVED);
	failed = bit_about(&k, ABOUT_RESULT, &n);
	fd = bit_about(&k, ABOUT_FD, &n);
	ck_assert_uint_eq(recipe_of("read")->operands[n].form, 4 | OPERAND_SIGNED);
	type = bit_about(&k, ABOUT_TYPE, &n);
	ck_assert_uint_eq(recipe_of("read")->ask, size | failed | fd);
	ck_assert_uint_eq(recipe_of("read")->yes, type);
	ck_assert_uint_eq(recipe_of("read")->no, path);
	ck_assert_uint_eq(recipe_of("mkdirat")->ask, path | failed | fd);
	ck_assert_uint_eq(recipe_of("mkdir")->no & fd, fd);
	ck_assert_uint_eq(recipe_of("mkdirat")->no & (size | type), size | type);
	/* The size of a writev is a sum that only its vectors know. */
	ck_assert_uint_eq(recipe_of("writev")->ask, failed | fd);
	ck_assert_uint_eq(recipe_of("writev")->yes & recipe_of("writev")->no, size);
	filter_free(f);
}
END_TEST

SUITE("kernel_recipes", test_questions, test_every_call, test_structures, test_pseudo, test_type_filter)
