#include "sinks/strace_value.h"

#include "sinks/strace_struct.h"

#include <stdio.h>

void strace_argument(const struct strace_print *p, const struct strace_arg *arg)
{
	static void (*const printers[])(const struct strace_print *, const struct strace_arg *) = {
#define STRACE_KIND(name) [STRACE_##name] = print_##name,
#include "sinks/strace.def"
	};

	if (!strace_struct_argument(p, arg))
		printers[arg->kind](p, arg);
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
	else if (kind == 'x')
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
