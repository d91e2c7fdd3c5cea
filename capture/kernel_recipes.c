#include "capture/kernel_recipes.h"

#include "format/recipe.h"

#include <string.h>

#if defined(__x86_64__)
#define ABI_NATIVE ABI_X86_64
#define ABI_32	   ABI_I386
#elif defined(__aarch64__)
#define ABI_NATIVE ABI_AARCH64
#define ABI_32	   N_ABIS /* 32-bit ARM calls have no table: recorded by number */
#endif

#define EVENT_GENERIC	    1	/* PPME_GENERIC_X: ID, nativeID */
#define EVENT_PROCEXIT	    186 /* PPME_PROCEXIT_1_E */
#define EVENT_SIGNALDELIVER 232 /* PPME_SIGNALDELIVER_E */

const int16_t kernel_task_words[] = {
	WORD_TASK_TID,	     WORD_TASK_PID,	 WORD_TASK_PTID,     WORD_TASK_SID,	   WORD_TASK_PGID,
	WORD_TASK_VPGID,     WORD_TASK_VTID,	 WORD_TASK_VPID,     WORD_TASK_UID,	   WORD_TASK_GID,
	WORD_TASK_LOGINUID,  WORD_TASK_FDLIMIT,	 WORD_TASK_PGFT_MAJ, WORD_TASK_PGFT_MIN,   WORD_TASK_TTY,
	WORD_TASK_START,     WORD_TASK_PIDNS_START, WORD_TASK_CAP_I, WORD_TASK_CAP_P,	   WORD_TASK_CAP_E,
	WORD_TASK_EXE_INO,   WORD_TASK_EXE_CTIME, WORD_TASK_EXE_MTIME, WORD_TASK_COMM,	   WORD_TASK_EXEPATH,
	WORD_TASK_EXE,	     WORD_TASK_ARGS,	 WORD_TASK_ENV,	     WORD_TASK_CWD,	   WORD_TASK_CGROUPS,
	-1};

/* Of ancestors only who they are: no arguments, no directories. */
const int16_t kernel_ancestor_words[] = {
	WORD_TASK_TID,	 WORD_TASK_PID,	    WORD_TASK_PTID,  WORD_TASK_SID,  WORD_TASK_PGID,
	WORD_TASK_VPGID, WORD_TASK_VTID,    WORD_TASK_VPID,  WORD_TASK_UID,  WORD_TASK_GID,
	WORD_TASK_LOGINUID, WORD_TASK_START, WORD_TASK_COMM, WORD_TASK_EXEPATH, -1};

unsigned kernel_word_size(int word)
{
	switch (word) {
	case WORD_TASK_COMM:
	case WORD_TASK_EXEPATH:
	case WORD_TASK_EXE:
	case WORD_TASK_ARGS:
	case WORD_TASK_ENV:
	case WORD_TASK_CWD:
	case WORD_TASK_CGROUPS:
		return 0;
	}
	return 8;
}

static void step_fill(struct kernel_step *k, const struct recipe_step *s, const struct event_info *info)
{
	*k = (struct kernel_step){.kind = s->kind, .param = s->param, .a = s->a, .b = s->b, .c = s->c, .size = s->size};
	if (s->flags & STEP_ON_SUCCESS)
		k->flags |= KSTEP_ON_SUCCESS;
	if (param_type_is_signed(info->params[s->param].type))
		k->flags |= KSTEP_SIGNED;
	if (info->traits & EF_READS_FROM_FD)
		k->flags |= KSTEP_INBOUND;
}

static bool type_is_wanted(const struct kernel_filter *filter, uint16_t type)
{
	return !filter || !filter->has_types || (filter->types[type / 64] >> type % 64 & 1);
}

static uint8_t call_traits(const struct event_info *info, const char *name, const struct kernel_filter *filter,
			   bool keep_state)
{
	uint8_t traits = 0;

	if (event_info_is_state(info))
		traits |= CALL_STATE | CALL_ALWAYS;
	if (type_is_wanted(filter, info->type) || (keep_state && event_info_is_state(info)))
		traits |= CALL_WANTED;
	if (!strcmp(name, "exit") || !strcmp(name, "exit_group"))
		traits |= CALL_AT_ENTRY;
	if (!strcmp(name, "clone") || !strcmp(name, "fork") || !strcmp(name, "vfork") || !strcmp(name, "clone3"))
		traits |= CALL_CLONE;
	if (!strcmp(name, "execve") || !strcmp(name, "execveat"))
		traits |= CALL_EXEC;
	return traits;
}

static void call_fill(struct kernel_recipe *k, const struct syscall_info *call, const struct recipe *r,
		      const struct kernel_filter *filter, bool keep_state)
{
	const struct event_info *info = event_info_find(r->event);

	k->type = r->event;
	k->flags = call_traits(info, call->name, filter, keep_state);
	k->fd_arg = r->fd_arg;
	k->absent = r->absent;
	k->argv_arg = strcmp(call->name, "execveat") ? 1 : 2;
	k->n_steps = r->n_steps;
	for (unsigned i = 0; i < r->n_steps; i++)
		step_fill(&k->steps[i], &r->steps[i], info);
}

/* Numbers without a row: recorded with their number and nothing else. */
static void generic_fill(struct kernel_recipe *k, const struct kernel_filter *filter)
{
	k->type = EVENT_GENERIC;
	k->flags = type_is_wanted(filter, EVENT_GENERIC) ? CALL_WANTED : 0;
	k->fd_arg = 0xFF;
	k->absent = 1u << 1; /* nativeID: the sysno column has it */
	k->n_steps = 1;
	k->steps[0] = (struct kernel_step){.kind = KIND_CONST, .param = 0, .size = 2};
}

static void words_fill(struct kernel_recipe *k, const int16_t *words)
{
	k->flags = CALL_WANTED | CALL_STATE;
	for (; *words >= 0; words++) {
		k->steps[k->n_steps] = (struct kernel_step){.kind = KIND_TASK, .param = k->n_steps,
							    .c = (u16)*words, .size = (u8)kernel_word_size(*words)};
		k->n_steps++;
	}
}

static void pseudo_fill(struct kernel_recipe *k, uint16_t type, const struct kernel_filter *filter)
{
	const struct event_info *info = event_info_find(type);

	k->type = type;
	if (event_info_is_state(info))
		k->flags = CALL_STATE | CALL_WANTED;
	else if (type_is_wanted(filter, type))
		k->flags = CALL_WANTED;
}

void kernel_recipes_fill(struct kernel_recipe *recipes, const struct kernel_filter *filter, bool keep_state)
{
	static const enum syscall_abi abis[TABLES_MAX] = {ABI_NATIVE, ABI_32};

	memset(recipes, 0, sizeof *recipes * SYSCALLS_MAX * TABLES_MAX);
	for (unsigned table = 0; table < TABLES_MAX; table++)
		for (int n = 0; n < SYSCALLS_MAX; n++) {
			struct kernel_recipe *k = &recipes[table * SYSCALLS_MAX + (unsigned)n];
			bool has_table = abis[table] < N_ABIS && n < PSEUDO_TASK;
			const struct syscall_info *call = has_table ? syscall_find(abis[table], n) : NULL;
			const struct recipe *r = call ? recipe_find(abis[table], n) : NULL;

			if (r)
				call_fill(k, call, r, filter, keep_state);
			else
				generic_fill(k, filter);
		}
	for (int n = PSEUDO_TASK; n <= PSEUDO_SIGNAL; n++)
		memset(&recipes[n], 0, sizeof *recipes);
	words_fill(&recipes[PSEUDO_TASK], kernel_task_words);
	words_fill(&recipes[PSEUDO_ANCESTOR], kernel_ancestor_words);
	pseudo_fill(&recipes[PSEUDO_PROCEXIT], EVENT_PROCEXIT, filter);
	pseudo_fill(&recipes[PSEUDO_SIGNAL], EVENT_SIGNALDELIVER, filter);
}
