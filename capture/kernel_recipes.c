#include "capture/kernel_recipes.h"

#include "filters/field_extract.h"
#include "format/memory.h"
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

/* The kinds of walk_common() (capture/bpf/recipe_walk.h). */
static uint8_t common_flags(const struct kernel_step *k)
{
	if (k->flags & KSTEP_ON_SUCCESS)
		return 0;
	switch (k->kind) {
	case KIND_INT:
	case KIND_UINT:
		return KSTEP_COMMON | KSTEP_NARROW;
	case KIND_VAL:
	case KIND_LONG:
	case KIND_PATH:
	case KIND_OUT:
	case KIND_OPENFLAGS:
	case KIND_OPENMODE:
		return KSTEP_COMMON;
	}
	return 0;
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
	k->flags |= common_flags(k);
}

bool kernel_type_wanted(const struct kernel_filter *filter, uint16_t type)
{
	return !filter || !filter->has_types || (filter->types[type / 64] >> type % 64 & 1);
}

/* Calls that are more than their steps. */
static uint8_t call_kind(const char *name)
{
	static const struct {
		const char *name;
		uint8_t flags;
	} kinds[] = {
		{"clone", CALL_CLONE}, {"clone3", CALL_CLONE}, {"execve", CALL_EXEC},  {"execveat", CALL_EXEC},
		{"exit", CALL_AT_ENTRY}, {"exit_group", CALL_AT_ENTRY}, {"fork", CALL_CLONE}, {"vfork", CALL_CLONE},
	};

	for (size_t i = 0; strchr("cefv", name[0]) && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(name, kinds[i].name))
			return kinds[i].flags;
	return 0;
}

static uint8_t call_traits(const struct event_info *info, const char *name, const struct kernel_filter *filter,
			   bool keep_state)
{
	uint8_t traits = call_kind(name);

	if (event_info_is_state(info))
		traits |= CALL_STATE | CALL_ALWAYS | (info->traits & EF_CREATES_FD ? CALL_MAKES : 0);
	if (kernel_type_wanted(filter, info->type) || (keep_state && event_info_is_state(info)))
		traits |= CALL_WANTED;
	return traits;
}

/* ---- the filter's questions ---- */

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN, ANSWER_ASK };

static bool type_bit(const uint64_t *types, uint16_t type)
{
	return types[type / 64] >> type % 64 & 1;
}

/* How wide the number is that the step takes from an argument as it is; 0: it takes something else. */
static u8 number_form(const struct recipe_step *s, enum param_type type)
{
	u8 sign = param_type_is_signed(type) ? OPERAND_SIGNED : 0;

	if (s->map != MAP_NONE || (s->flags & STEP_ON_SUCCESS) || !param_type_size(type))
		return 0;
	switch (s->kind) {
	case KIND_INT:
		return sign ? 4 | sign : 0;
	case KIND_UINT:
		return sign ? 0 : 4;
	case KIND_VAL:
		return s->size == 1 || s->size == 2 || s->size == 4 || s->size == 8 ? s->size | sign : 0;
	case KIND_LONG:
		return s->size == 8 ? 8 | sign : 0;
	default:
		return 0;
	}
}

static enum answer ask_step(const struct kernel_question *q, const struct recipe_step *s,
			    enum param_type type, struct kernel_operand *ret)
{
	bool path = type == PT_FSPATH || type == PT_FSRELPATH;

	ret->arg = s->a;
	if (q->about == ABOUT_PARAM) {
		ret->form = number_form(s, type);
		return ret->form ? ANSWER_ASK : ANSWER_UNKNOWN;
	}
	ret->form = path && q->text.resolved ? TEXT_RESOLVED : TEXT_AS_IS;
	return (s->kind == KIND_PATH || s->kind == KIND_STR) && param_type_is_text(type) &&
			       !(s->flags & STEP_ON_SUCCESS)
		       ? ANSWER_ASK
		       : ANSWER_UNKNOWN;
}

static enum answer ask_param(const struct kernel_question *q, const struct recipe *r,
			     const struct event_info *info, struct kernel_operand *ret)
{
	int n = q->param[0] ? -1 : q->param_index;

	for (unsigned i = 0; q->param[0] && n < 0 && i < info->n_params; i++)
		if (!strcmp(info->params[i].name, q->param))
			n = (int)i;
	if (n < 0 || n >= info->n_params)
		return ANSWER_NO;
	if (!r)
		return ANSWER_UNKNOWN;
	if (r->absent >> n & 1)
		return ANSWER_NO;
	for (unsigned i = 0; i < r->n_steps; i++)
		if (r->steps[i].param == n)
			return ask_step(q, &r->steps[i], info->params[n].type, ret);
	return ANSWER_UNKNOWN;
}

static enum answer answer_of(const struct kernel_question *q, const struct recipe *r,
			     const struct event_info *info, struct kernel_operand *ret)
{
	switch (q->about) {
	case ABOUT_TYPE:
		if (!type_bit(q->types.maybe, info->type))
			return ANSWER_NO;
		return type_bit(q->types.yes, info->type) ? ANSWER_YES : ANSWER_UNKNOWN;
	case ABOUT_RESULT:
		if (info->result_param < 0 || (r && r->absent >> info->result_param & 1))
			return ANSWER_NO;
		return ANSWER_ASK;
	case ABOUT_FD:
		if (!event_type_has_fd(info))
			return ANSWER_NO;
		if (!r || r->fd_arg == RECIPE_NO_ARG || info->fd_param < 0 || (info->traits & EF_CREATES_FD))
			return ANSWER_UNKNOWN;
		*ret = (struct kernel_operand){r->fd_arg, 4 | OPERAND_SIGNED};
		return ANSWER_ASK;
	default:
		return ask_param(q, r, info, ret);
	}
}

/* What is known of the answers for this call beforehand, and which will have to be asked for. */
static void answers_fill(struct kernel_recipe *k, const struct recipe *r, const struct event_info *info,
			 const struct kernel_filter *f)
{
	for (unsigned i = 0; f && i < f->n_questions; i++) {
		const struct kernel_question *q = &f->questions[i];
		enum answer a;

		if (q->about <= ABOUT_LAST_OF_TASK)
			continue;
		a = answer_of(q, r, info, &k->operands[i]);
		k->ask |= (u32)(a == ANSWER_ASK) << i;
		k->yes |= (u32)(a == ANSWER_YES || a == ANSWER_UNKNOWN) << i;
		k->no |= (u32)(a == ANSWER_NO || a == ANSWER_UNKNOWN) << i;
	}
}

/* The steps that keep memory: one parameter behind all others, which is absent where the record is full. */
static void memory_fill(struct kernel_recipe *k, enum syscall_abi abi, int number, uint8_t param)
{
	struct memory_plan plan = memory_plan_of(abi, number);

	if (!plan.n_args && !plan.n_steps) {
		k->absent |= 1u << param;
		return;
	}
	k->steps[k->n_steps++] = (struct kernel_step){.kind = MEMORY_ARGS, .param = param, .a = plan.n_args};
	for (unsigned i = 0; i < plan.n_steps; i++) {
		const struct memory_step *s = &plan.steps[i];
		u16 size = struct_layout_of(s->structure, abi)->size;

		if (s->kind == MEMORY_BEFORE) {
			k->before_arg = s->a;
			k->before_len = (u8)size;
		}
		k->steps[k->n_steps++] = (struct kernel_step){
			.kind = s->kind, .param = param, .a = s->a, .b = s->b, .c = size ? size : s->c,
			.size = s->mask, .flags = s->flags & STEP_ON_SUCCESS ? KSTEP_ON_SUCCESS : 0,
		};
	}
}

/* What need not be walked when the call has failed: the steps at the end that are for success. */
static void failure_fill(struct kernel_recipe *k)
{
	unsigned n = k->n_steps;

	while (n && (k->steps[n - 1].flags & KSTEP_ON_SUCCESS)) {
		const struct kernel_step *s = &k->steps[--n];

		if (s->kind < MEMORY_ARGS)
			k->absent_failed |= 1u << s->param;
	}
	k->n_steps_failed = (u8)n;
}

static void call_fill(struct kernel_recipe *k, const struct syscall_info *call, const struct recipe *r,
		      const struct kernel_filter *filter)
{
	const struct event_info *info = event_info_find(r->event);

	k->fd_arg = r->fd_arg;
	k->absent = r->absent;
	k->argv_arg = strcmp(call->name, "execveat") ? 1 : 2;
	k->n_steps = r->n_steps;
	for (unsigned i = 0; i < r->n_steps; i++)
		step_fill(&k->steps[i], &r->steps[i], info);
	answers_fill(k, r, info, filter);
}

/* Numbers without a row: recorded with their number and nothing else. */
static void generic_fill(struct kernel_recipe *k, const struct kernel_filter *filter)
{
	k->fd_arg = 0xFF;
	k->absent = 1u << 1; /* nativeID: the sysno column has it */
	k->n_steps = 1;
	k->steps[0] = (struct kernel_step){.kind = KIND_CONST, .param = 0, .size = 2};
	answers_fill(k, NULL, event_info_find(EVENT_GENERIC), filter);
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

static void event_fill(struct kernel_recipe *k, uint16_t type, const struct kernel_filter *filter)
{
	const struct event_info *info = event_info_find(type);

	k->type = type;
	if (event_info_is_state(info))
		k->flags = CALL_STATE | CALL_WANTED;
	else if (kernel_type_wanted(filter, type))
		k->flags = CALL_WANTED;
}

/* What is no call. false: the index is one of a call. */
static bool pseudo_fill(struct kernel_recipe *k, unsigned index, const struct kernel_filter *filter)
{
	switch (index) {
	case PSEUDO_TASK: words_fill(k, kernel_task_words); return true;
	case PSEUDO_ANCESTOR: words_fill(k, kernel_ancestor_words); return true;
	case PSEUDO_PROCEXIT: event_fill(k, EVENT_PROCEXIT, filter); return true;
	case PSEUDO_SIGNAL: event_fill(k, EVENT_SIGNALDELIVER, filter); return true;
	}
	return false;
}

/* The call of an index into the recipes; NULL: one without a row. */
static const struct recipe *recipe_of(unsigned index, enum syscall_abi *ret_abi, const struct syscall_info **ret)
{
	static const enum syscall_abi abis[TABLES_MAX] = {ABI_NATIVE, ABI_32};
	int n = (int)(index % SYSCALLS_MAX);

	*ret_abi = abis[index / SYSCALLS_MAX];
	*ret = *ret_abi < N_ABIS && n < PSEUDO_TASK ? syscall_find(*ret_abi, n) : NULL;
	return *ret ? recipe_find(*ret_abi, n) : NULL;
}

void kernel_recipe_begin(struct kernel_recipe *k, unsigned index, const struct kernel_filter *filter, bool keep_state)
{
	const struct syscall_info *call;
	enum syscall_abi abi;
	const struct recipe *r = recipe_of(index, &abi, &call);

	memset(k, 0, sizeof *k);
	if (pseudo_fill(k, index, filter))
		return;
	k->type = r ? r->event : EVENT_GENERIC;
	if (r)
		k->flags = call_traits(event_info_find(r->event), call->name, filter, keep_state);
	else
		k->flags = kernel_type_wanted(filter, EVENT_GENERIC) ? CALL_WANTED : 0;
}

void kernel_recipe_fill(struct kernel_recipe *k, unsigned index, const struct kernel_filter *filter, bool keep_state,
			bool structures)
{
	const struct syscall_info *call;
	enum syscall_abi abi;
	const struct recipe *r = recipe_of(index, &abi, &call);

	kernel_recipe_begin(k, index, filter, keep_state);
	if (r)
		call_fill(k, call, r, filter);
	else if (k->type == EVENT_GENERIC)
		generic_fill(k, filter);
	if (r && structures)
		memory_fill(k, abi, call->number[abi], r->n_params);
	failure_fill(k);
}

void kernel_recipes_fill(struct kernel_recipe *recipes, const struct kernel_filter *filter, bool keep_state,
			 bool structures)
{
	for (unsigned i = 0; i < SYSCALLS_MAX * TABLES_MAX; i++)
		kernel_recipe_fill(&recipes[i], i, filter, keep_state, structures);
}
