/* Which calls stop: what is looked at before them, and the seccomp program for captures of few types. */
#include "capture/ptrace/tracer_state.h"

#include "capture/kernel_recipes.h"
#include "format/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH_NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH_NATIVE AUDIT_ARCH_AARCH64
#endif

#define NR_CLONE3 435 /* of every ABI */
#define RUNS_MAX  256 /* of calls in a seccomp program */

static struct call_plan plan_of(const struct kernel_recipe *r, uint32_t index)
{
	struct call_plan plan = {.is_clone3 = index % SYSCALLS_MAX == NR_CLONE3 && (r->flags & CALL_CLONE)};
	bool has_path = false;

	for (unsigned k = 0; k < r->n_steps; k++) {
		const struct kernel_step *step = &r->steps[k];

		if (step->kind == KIND_PATH && !has_path) {
			plan.path_arg = step->a;
			has_path = true;
		}
		if (step->kind == KIND_OPENFLAGS || step->kind == KIND_OPENFLAGSAT || step->kind == KIND_OPENLAYER) {
			plan.flags_kind = step->kind;
			plan.flags_arg = step->kind == KIND_OPENLAYER ? 0 : step->a;
			plan.flags_at = step->c;
			plan.makes_file = true;
		}
	}
	plan.makes_file = plan.makes_file && has_path;
	return plan;
}

/* Whether anything that is asked for works on fds: only that can tell a socket or a pipe from no fd at all. */
static bool all_fds_matter(const struct kernel_filter *filter)
{
	const struct event_info *info;

	for (size_t i = 0; (info = event_info_at(i)); i++) {
		bool works = info->fd_param >= 0;

		for (unsigned p = 0; p < info->n_params; p++)
			works = works || info->params[p].type == PT_FDLIST;
		if (works && !(info->traits & EF_OLD_VERSION) && kernel_type_wanted(filter, info->type))
			return true;
	}
	return false;
}

/*
 * Of the calls that nobody asked for, those that make fds, processes and users what they are stop, too, as far as
 * what is asked for shows it. Those that only use or close an fd do not: what takes its number next says so, and
 * each stop costs.
 */
static bool keeps_tables(const struct tracer *tr, const struct event_info *info)
{
	unsigned category = info->category % EC_WAIT;

	/* Folders are opened, duplicated, or had from others (pidfd_getfd): paths begin there. */
	if (info->traits & EF_CREATES_FD)
		return tr->all_fds || category == EC_FILE || category == EC_IO_OTHER || category == EC_PROCESS;
	return !(info->traits & EF_DESTROYS_FD) && category != EC_IO_READ && category != EC_IO_WRITE &&
	       (category != EC_NET || tr->all_fds) && strcmp(info->name, "getsockopt") &&
	       strcmp(info->name, "shutdown");
}

/* The flags of a recipe where a seccomp program stops only what is needed. */
static uint8_t flags_of(const struct tracer *tr, uint32_t index, const struct kernel_recipe *r)
{
	const struct event_info *info = event_info_find(r->type);
	uint8_t flags = r->flags;
	struct kernel_recipe signal;

	if (index % SYSCALLS_MAX < PSEUDO_TASK && info && !kernel_type_wanted(tr->options.filter, r->type) &&
	    !keeps_tables(tr, info))
		flags &= (uint8_t)~CALL_WANTED;
	if (!(flags & CALL_AT_ENTRY))
		return flags;
	/* Deaths tell why: who ended by a call of its own was not killed. */
	kernel_recipe_begin(&signal, PSEUDO_SIGNAL, tr->options.filter, true);
	return flags | (signal.flags & CALL_WANTED);
}

const struct kernel_recipe *tracer_recipe(struct tracer *tr, uint32_t index)
{
	struct kernel_recipe *r = &tr->recipes[index];

	if (!tr->known[index]) {
		kernel_recipe_fill(r, index, tr->options.filter, true, tr->options.structures);
		if (tr->is_narrow)
			r->flags = flags_of(tr, index, r);
		tr->plans[index] = plan_of(r, index);
		tr->known[index] = true;
	}
	return r;
}

static void emit(struct tracer *tr, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (tr->n_program < PROGRAM_MAX)
		tr->program[tr->n_program++] = (struct sock_filter){code, yes, no, k};
}

/* Nobody having asked for these, they stop only with what changes the tables: an argument of some values. */
struct only_with {
	const char *name;
	uint8_t arg, n;
	uint32_t values[3];
};

static const struct only_with *only_with_of(const struct tracer *tr, uint16_t type)
{
	static const struct only_with table[] = {
		{"fcntl", 1, 3, {F_DUPFD, F_SETFD, F_DUPFD_CLOEXEC}},
		{"prctl", 0, 1, {PR_SET_NAME}},
		{"prlimit", 1, 1, {RLIMIT_NOFILE}},
		{"setrlimit", 0, 1, {RLIMIT_NOFILE}},
	};
	const struct event_info *info = event_info_find(type);

	if (!info || kernel_type_wanted(tr->options.filter, type))
		return NULL;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(info->name, table[i].name))
			return &table[i];
	return NULL;
}

/* Calls from this number on stop, or pass, up to the next run. */
struct run {
	uint32_t first;
	bool stops;
	const struct only_with *with; /* NULL: whatever its arguments */
};

static struct run run_of(const struct tracer *tr, uint32_t table, uint32_t number)
{
	uint32_t index = table + (number < PSEUDO_TASK ? number : SYSCALLS_MAX - 1);
	struct run run = {.first = number};
	struct kernel_recipe r;

	kernel_recipe_begin(&r, index, tr->options.filter, true);
	run.stops = flags_of(tr, index, &r) & CALL_WANTED;
	run.with = run.stops ? only_with_of(tr, r.type) : NULL;
	return run;
}

static unsigned run_size(const struct run *run)
{
	return run->with ? run->with->n + 3u : 1;
}

static unsigned runs_size(const struct run *runs, unsigned n)
{
	unsigned size = n - 1;

	for (unsigned i = 0; i < n; i++)
		size += run_size(&runs[i]);
	return size;
}

static void emit_run(struct tracer *tr, const struct run *run)
{
	const struct only_with *with = run->with;

	if (with) {
		emit(tr, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[with->arg]), 0, 0);
		for (unsigned i = 0; i < with->n; i++)
			emit(tr, BPF_JMP | BPF_JEQ | BPF_K, with->values[i], (uint8_t)(with->n - i), 0);
		emit(tr, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	}
	emit(tr, BPF_RET | BPF_K, run->stops ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW, 0, 0);
}

/*
 * A search by halves: the kernel walks through the program once for each call there is when it takes it, and a
 * list of comparisons would cost each command a third of a millisecond.
 */
static void emit_runs(struct tracer *tr, const struct run *runs, unsigned n)
{
	unsigned half = n / 2, left;

	if (n == 1) {
		emit_run(tr, runs);
		return;
	}
	left = runs_size(runs, half);
	if (left > UINT8_MAX)
		tr->n_program = PROGRAM_MAX;
	emit(tr, BPF_JMP | BPF_JGE | BPF_K, runs[half].first, (uint8_t)left, 0);
	emit_runs(tr, runs, half);
	emit_runs(tr, runs + half, n - half);
}

/* The calls of one table; what is beyond it is generic. */
static void emit_table(struct tracer *tr, uint32_t table)
{
	struct run runs[RUNS_MAX];
	unsigned n = 0;

	for (uint32_t number = 0; number <= PSEUDO_TASK; number++) {
		struct run run = run_of(tr, table, number);

		if (n && runs[n - 1].stops == run.stops && runs[n - 1].with == run.with)
			continue;
		if (n == RUNS_MAX) {
			tr->n_program = PROGRAM_MAX;
			return;
		}
		runs[n++] = run;
	}
	emit(tr, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_runs(tr, runs, n);
}

void tracer_make_program(struct tracer *tr)
{
	uint32_t action = SECCOMP_RET_TRACE;
	struct sock_filter *to_second;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		return;
	tr->is_narrow = true;
	tr->all_fds = all_fds_matter(tr->options.filter);
	emit(tr, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(tr, BPF_JMP | BPF_JEQ | BPF_K, ARCH_NATIVE, 1, 0);
	to_second = &tr->program[tr->n_program];
	emit(tr, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_table(tr, 0);
	to_second->k = (uint32_t)(&tr->program[tr->n_program] - to_second - 1);
	emit_table(tr, TABLE_COMPAT);
	if (tr->n_program == PROGRAM_MAX)
		tr->n_program = 0; /* does not fit: every call stops */
}
