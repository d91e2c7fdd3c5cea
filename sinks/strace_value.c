#include "sinks/strace_value.h"

#include "sinks/strace_struct.h"

#include <stdio.h>

/* How -X and -e verbose= treat a kind of argument. */
enum nature { NATURE_OTHER, NATURE_BITS, NATURE_DECIMAL, NATURE_POINTER };

static const struct {
	void (*print)(const struct strace_print *p, const struct strace_arg *arg);
	bool (*memory)(const struct strace_print *p, const struct strace_arg *arg); /* NULL: none */
	enum nature nature;
} kinds[] = {
#define STRACE_KIND(name, print, memory, nature) [STRACE_##name] = {print, memory, nature},
#include "sinks/strace.def"
};

/* From memory, of an argument that was recorded, where it says more. */
static void print_argument(const struct strace_print *p, const struct strace_arg *arg)
{
	const bool known = p->memory && arg->number < p->memory->m.n_args;

	if (!known || !kinds[arg->kind].memory || !kinds[arg->kind].memory(p, arg))
		kinds[arg->kind].print(p, arg);
}

static void put_number(const struct strace_print *p, enum nature nature, bool known, uint64_t v)
{
	if (!known)
		put(p, "?");
	else
		buffer_printf(p->out, nature == NATURE_DECIMAL ? "%u" : "%#x", (unsigned)v);
}

void strace_argument(const struct strace_print *p, const struct strace_arg *arg)
{
	const enum nature nature = kinds[arg->kind].nature;
	const bool known = p->memory && arg->number < p->memory->m.n_args;
	const uint64_t v = known ? p->memory->m.args[arg->number] : 0;
	size_t before = p->out->len, begun;

	if (nature == NATURE_POINTER && p->o->unfollowed && known) {
		put_address(p, (int64_t)v);
	} else if (nature == NATURE_POINTER || nature == NATURE_OTHER || p->o->style == STRACE_NAMES) {
		print_argument(p, arg);
	} else if (p->o->style == STRACE_NUMBERS) {
		put_number(p, nature, known, v);
	} else {
		put_number(p, nature, known, v);
		put(p, " /* ");
		begun = p->out->len;
		print_argument(p, arg);
		/* what has no name is a number already */
		if (buffer_failed(p->out) || begun >= p->out->len)
			return;
		if ((p->out->data[begun] >= '0' && p->out->data[begun] <= '9') || p->out->data[begun] == '?') {
			p->out->len = before;
			put_number(p, nature, known, v);
		} else {
			put(p, " */");
		}
	}
}

void strace_words(const struct strace_print *p)
{
	if (!p->memory)
		put(p, "...");
	for (unsigned i = 0; p->memory && i < p->memory->m.n_args; i++)
		buffer_printf(p->out, "%s%#llx", i ? ", " : "", (unsigned long long)p->memory->m.args[i]);
}

/* ---- the result ---- */

/* What the kernel says to itself when a signal has broken off a call. */
static const char *restart_name(int64_t result, const char **ret_words)
{
	static const struct {
		int64_t result;
		const char *name, *words;
	} rows[] = {
	    {-512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
	    {-513, "ERESTARTNOINTR", "To be restarted"},
	    {-514, "ERESTARTNOHAND", "To be restarted if no handler"},
	    {-516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].result == result) {
			*ret_words = rows[i].words;
			return rows[i].name;
		}
	return NULL;
}

static void put_error(const struct strace_print *p, int64_t result)
{
	const char *words, *name = restart_name(result, &words);

	if (name) {
		buffer_printf(p->out, "? %s (%s)", name, words);
		return;
	}
	name = errno_name((int)-result);
	if (name)
		buffer_printf(p->out, "-1 %s (%s)", name, strerror((int)-result));
	else
		buffer_printf(p->out, "-1 (errno %d)", (int)-result);
}

static void put_fcntl_result(const struct strace_print *p, int64_t v)
{
	unsigned i;
	const struct param *param = event_param_named(p->ev, "cmd", &i);
	int64_t cmd = 0;

	if (param)
		param_number(param, p->ev->info->params[i].type, &cmd);
	if (cmd == CMD_GETFD) {
		buffer_printf(p->out, "%#llx%s", (unsigned long long)v, v ? " (flags FD_CLOEXEC)" : "");
	} else if (cmd == CMD_GETFL) {
		buffer_printf(p->out, "%#llx (flags ", (unsigned long long)v);
		put_linux_open_flags(p, (uint64_t)v);
		buffer_u8(p->out, ')');
	} else if (cmd == CMD_DUPFD || cmd == CMD_DUPFD_CLOEXEC) {
		put_fd(p, v);
	} else {
		buffer_decimal(p->out, v);
	}
}

static void put_poll_result(const struct strace_print *p, int64_t v)
{
	unsigned i;
	const struct param *list = event_param_named(p->ev, "fds", &i);

	buffer_decimal(p->out, v);
	if (!v) {
		put(p, " (Timeout)");
	} else if (list && list->data) {
		put(p, " (");
		put_polls(p, list, true);
		put(p, ")");
	}
}

void strace_result(const struct strace_print *p, const struct strace_call *call)
{
	const int64_t v = p->ev->result;
	const char kind = call ? call->result : 'd';

	if (!p->ev->has_result)
		put(p, "?");
	else if (call_failed(p->ev))
		put_error(p, v);
	else if (kind == 'x' || p->o->undecoded)
		buffer_printf(p->out, "%#llx", (unsigned long long)v);
	else if (kind == 'o')
		put_mode(p, v);
	else if (kind == 'f')
		put_fd(p, v);
	else if (kind == 'i')
		put_fcntl_result(p, v);
	else if (kind == 'p')
		put_poll_result(p, v);
	else
		buffer_decimal(p->out, v);
}
