/* Arguments whose values the family numbers in its own way, or that mean something else for each of another argument. */
#include "sinks/strace_struct.h"

#define SOL_SOCKET_ 1
#define COMM_SHOWN 15

/* The argument word itself; false: it is not recorded. */
static bool word_known(const struct strace_print *p, unsigned i, uint64_t *ret)
{
	if (!p->memory || i >= p->memory->m.n_args)
		return false;
	*ret = p->memory->m.args[i];
	return true;
}

/* By Linux's name where the word is there, else by that of the parameter. */
PRINT(lenum)
{
	const struct flag_table *names = arg->params[0] >= 0 && arg->params[0] < p->ev->n_params
						 ? p->ev->info->params[arg->params[0]].flags
						 : NULL;
	struct strace_arg by_family = *arg;
	uint64_t v;

	by_family.set = names ? names->name : NULL;
	if (!word_known(p, arg->number, &v))
		print_enum(p, &by_family);
	else if (!put_name(p, (uint32_t)v, arg->set))
		buffer_printf(p->out, "%#x /* %.4s??? */", (unsigned)v, strace_flags(arg->set)->rows->name);
}

/* Options of sockets are numbered anew at each level. */
PRINT(optname)
{
	static const struct {
		uint64_t level;
		const char *set;
	} rows[] = {{0, "strace_ip"}, {6, "strace_tcp"}, {41, "strace_ipv6"}};
	struct strace_arg by_family = {.kind = STRACE_enum, .params = {arg->params[0], -1}, .set = "sockopt_options"};
	uint64_t level, v;

	if (!word_known(p, 1, &level) || !word_known(p, 2, &v) || level == SOL_SOCKET_) {
		print_enum(p, &by_family);
		return;
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].level == (uint32_t)level && put_name(p, (uint32_t)v, rows[i].set))
			return;
	buffer_printf(p->out, "%#llx", (unsigned long long)(uint32_t)v);
}

/* ---- prctl ---- */

enum {
	OPTION_SET_PDEATHSIG = 1,
	OPTION_SET_DUMPABLE = 4,
	OPTION_SET_KEEPCAPS = 8,
	OPTION_SET_NAME = 15,
	OPTION_SET_SECCOMP = 22,
	OPTION_CAPBSET_READ,
	OPTION_CAPBSET_DROP,
	OPTION_SET_TIMERSLACK = 29,
	OPTION_SET_CHILD_SUBREAPER = 36,
	OPTION_SET_NO_NEW_PRIVS = 38,
	OPTION_GET_NO_NEW_PRIVS,
	OPTION_SET_THP_DISABLE = 41,
	OPTION_GET_THP_DISABLE,
};

/* PR_GET_DUMPABLE, KEEPCAPS, SECCOMP, SECUREBITS, TIMERSLACK, TIMING: the result says it all. */
static bool takes_nothing(int64_t option)
{
	return option == 3 || option == 7 || option == 13 || option == 21 || option == 27 || option == 30 || option == 31 ||
	       option == 32;
}

static void put_option_value(const struct strace_print *p, int64_t option, int64_t v)
{
	const char *set = option == OPTION_CAPBSET_READ || option == OPTION_CAPBSET_DROP ? "strace_cap"
			  : option == OPTION_SET_DUMPABLE				? "strace_dumpable"
											: NULL;

	if (option == OPTION_SET_PDEATHSIG)
		strace_signal(p->out, (int)v);
	else if (set && !put_name(p, (uint64_t)v, set))
		buffer_printf(p->out, "%#llx /* %s */", (unsigned long long)v,
			      option == OPTION_SET_DUMPABLE ? "SUID_DUMP_???" : "CAP_???");
	else if (!set && (option == OPTION_SET_KEEPCAPS || option == OPTION_SET_TIMERSLACK ||
			  option == OPTION_SET_CHILD_SUBREAPER || option == OPTION_SET_NO_NEW_PRIVS ||
			  option == OPTION_GET_NO_NEW_PRIVS || option == OPTION_SET_THP_DISABLE))
		buffer_decimal(p->out, v);
	else if (!set && option == OPTION_SET_SECCOMP && (v == 1 || v == 2))
		put(p, v == 1 ? "SECCOMP_MODE_STRICT" : "SECCOMP_MODE_FILTER");
	else if (!set)
		buffer_printf(p->out, "%#llx", (unsigned long long)v);
}

/* The words behind the second argument, of those that are to be 0. */
static void put_further_words(const struct strace_print *p, int64_t option)
{
	uint64_t v;

	if (option == OPTION_SET_SECCOMP && word_known(p, 2, &v)) {
		put(p, ", ");
		put_address(p, (int64_t)v);
	}
	if (option < OPTION_SET_NO_NEW_PRIVS || option > OPTION_GET_THP_DISABLE || option == 40)
		return;
	for (unsigned i = 2; i < 5 && word_known(p, i, &v); i++)
		buffer_printf(p->out, ", %llu", (unsigned long long)v);
}

PRINT(prctl)
{
	const struct param *text = param_of(p, arg, 0);
	int64_t option = 0, v;
	uint64_t word;
	size_t len;

	number_of(p, arg, 2, &option);
	if (takes_nothing(option))
		return;
	if (text->data && text->len > 1) {
		len = strlen(param_text(text));
		put_whole_text(p, text->data, len < COMM_SHOWN ? len : COMM_SHOWN);
		put(p, len >= COMM_SHOWN ? "..." : "");
		return;
	}
	if (word_known(p, 1, &word))
		v = (int64_t)word;
	else if (!number_of(p, arg, 1, &v)) {
		put(p, "?");
		return;
	}
	put_option_value(p, option, v);
	put_further_words(p, option);
}
