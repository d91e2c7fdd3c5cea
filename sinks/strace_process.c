/* Kinds of arguments: times, processes, files. */
#include "sinks/strace_pieces.h"

#define NS_PER_S 1000000000ll

/* ---- times ---- */

static void put_time(const struct strace_print *p, int64_t ns, const char *unit, int64_t divisor)
{
	buffer_printf(p->out, "{tv_sec=%lld, tv_%s=%lld}", (long long)(ns / NS_PER_S), unit,
		      (long long)(ns % NS_PER_S / divisor));
}

static void put_one_time(const struct strace_print *p, const struct strace_arg *arg, const char *unit, int64_t divisor)
{
	int64_t ns;

	if (number_of(p, arg, 0, &ns))
		put_time(p, ns, unit, divisor);
	else
		put(p, "NULL");
}

PRINT(time)
{
	put_one_time(p, arg, "nsec", 1);
}

PRINT(timeval)
{
	put_one_time(p, arg, "usec", 1000);
}

PRINT(times)
{
	int64_t one, two;

	if (!number_of(p, arg, 0, &one) || !number_of(p, arg, 1, &two)) {
		put(p, "NULL");
		return;
	}
	buffer_u8(p->out, '[');
	put_time(p, one, "nsec", 1);
	put(p, ", ");
	put_time(p, two, "nsec", 1);
	buffer_u8(p->out, ']');
}

/* ---- processes ---- */

PRINT(argv)
{
	const struct param *exe = param_of(p, arg, 0), *rest = param_of(p, arg, 1);
	const uint8_t *at = rest->data, *end = at ? at + rest->len : NULL;
	unsigned n = 1;

	if (!exe->data) {
		put(p, UNKNOWN_ADDRESS);
		return;
	}
	buffer_u8(p->out, '[');
	strace_text(p, exe->data, strlen(param_text(exe)), strlen(param_text(exe)), p->o->hex);
	for (; at && at < end; n++) {
		size_t len = strnlen((const char *)at, (size_t)(end - at));

		if (n == STRACE_ARGV_MAX && !p->o->verbose) {
			put(p, ", ...");
			break;
		}
		put(p, ", ");
		strace_text(p, at, len, len, p->o->hex);
		at += len + 1 <= (size_t)(end - at) ? len + 1 : len;
	}
	buffer_u8(p->out, ']');
}

PRINT(env)
{
	const struct param *env = param_of(p, arg, 0);
	unsigned n = 0;

	for (uint32_t i = 0; env->data && i < env->len; i++)
		n += env->data[i] == 0;
	if (n)
		buffer_printf(p->out, UNKNOWN_ADDRESS " /* %u vars */", n);
	else
		put(p, UNKNOWN_ADDRESS " /* ? vars */");
}

PRINT(clone)
{
	int64_t v;

	put(p, "child_stack=" UNKNOWN_ADDRESS ", flags=");
	if (!number_known(p, arg, &v))
		return;
	strace_flag_names(p->out, (uint64_t)v, strace_flags("strace_clone"));
	/* the signal at its end is not recorded; threads have none */
	if (!(v & 0x2000))
		put(p, "|?");
}

PRINT(clone3)
{
	int64_t v;

	put(p, "{flags=");
	if (number_known(p, arg, &v))
		strace_flag_names(p->out, (uint64_t)v, strace_flags("strace_clone"));
	put(p, ", ...}");
}

PRINT(status)
{
	int64_t v;

	if (!number_of(p, arg, 0, &v) || p->ev->result <= 0) {
		put(p, p->ev->result > 0 ? "NULL" : UNKNOWN_ADDRESS);
	} else if ((v & 0x7f) == 0) {
		buffer_printf(p->out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", (int)(v >> 8 & 0xff));
	} else if ((v & 0xff) == 0x7f) {
		put(p, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		strace_signal(p->out, (int)(v >> 8 & 0xff));
		put(p, "}]");
	} else if (v == 0xffff) {
		put(p, "[{WIFCONTINUED(s)}]");
	} else {
		put(p, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		strace_signal(p->out, (int)(v & 0x7f));
		put(p, v & 0x80 ? " && WCOREDUMP(s)}]" : "}]");
	}
}

PRINT(rlimit)
{
	bool is_64 = !strcmp(p->ev->info->name, "prlimit");
	int64_t soft, hard;

	if (!number_of(p, arg, 0, &soft) || !number_of(p, arg, 1, &hard)) {
		put(p, arg->out && !succeeded(p) ? UNKNOWN_ADDRESS : "NULL");
		return;
	}
	put(p, "{rlim_cur=");
	put_limit(p, (uint64_t)soft, is_64);
	put(p, ", rlim_max=");
	put_limit(p, (uint64_t)hard, is_64);
	buffer_u8(p->out, '}');
}

PRINT(futex)
{
	int64_t v;

	if (!number_known(p, arg, &v))
		return;
	if (!put_name(p, (uint64_t)v & 0x7f, "strace_futex"))
		buffer_printf(p->out, "%#llx", (unsigned long long)v & 0x7f);
	put(p, v & 0x80 ? "_PRIVATE" : "");
	put(p, v & 0x100 ? "|FUTEX_CLOCK_REALTIME" : "");
}

/* Waking takes no more arguments; what the others take is not recorded. */
PRINT(futexrest)
{
	int64_t v;

	if (!number_of(p, arg, 0, &v) || ((v & 0x7f) != 1 && (v & 0x7f) != 7))
		put(p, "?");
}

/* ---- files ---- */

PRINT(dents)
{
	put(p, succeeded(p) ? UNKNOWN_ADDRESS " /* ? entries */" : UNKNOWN_ADDRESS);
}

PRINT(ioctl)
{
	int64_t v;

	if (!number_known(p, arg, &v))
		return;
	if (!put_name(p, (uint64_t)v, "strace_ioctl"))
		buffer_printf(p->out, "_IOC(%s%s%s, %#x, %#x, %#x)", v >> 30 & 2 ? "_IOC_READ" : "",
			      (v >> 30 & 3) == 3 ? "|" : "",
			      v >> 30 & 1 ? "_IOC_WRITE" : v >> 30 & 2 ? "" : "_IOC_NONE",
			      (unsigned)(v >> 8 & 0xff), (unsigned)(v & 0xff),
			      (unsigned)(v >> 16 & 0x3fff));
}

/* The open flags of Linux, as fcntl has them. */
void put_linux_open_flags(const struct strace_print *p, uint64_t v)
{
	static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};

	put(p, access[v & 3]);
	if (v & ~3ull) {
		buffer_u8(p->out, '|');
		strace_flag_names(p->out, v & ~3ull, strace_flags("strace_open_linux"));
	}
}

PRINT(fcntl)
{
	int64_t v = 0, cmd;

	if (!number_of(p, arg, 1, &cmd))
		return;
	switch (cmd) {
	case CMD_GETFD:
	case CMD_GETFL:
	case CMD_GETOWN:
	case CMD_GETSIG:
	case CMD_GETLEASE:
	case CMD_GETPIPE_SZ:
		return;
	}
	if (!number_known(p, arg, &v))
		return;
	if (cmd == CMD_SETFD)
		put(p, v & 1 ? "FD_CLOEXEC" : "0");
	else if (cmd == CMD_SETFL)
		put_linux_open_flags(p, (uint64_t)v);
	else if (cmd == CMD_DUPFD || cmd == CMD_DUPFD_CLOEXEC || v < 4096)
		buffer_decimal(p->out, v);
	else
		put(p, UNKNOWN_STRUCT);
}

/* {name=value, ...} of what is known */
PRINT(fields)
{
	bool any = false;
	int64_t v;

	for (unsigned i = 0; i < STRACE_PARAMS && arg->params[i] >= 0; i++) {
		if (!number_of(p, arg, i, &v))
			continue;
		const struct param_info *info = &p->ev->info->params[arg->params[i]];

		buffer_printf(p->out, "%s%s=", any ? ", " : "{", info->name);
		if (info->flags && info->flags->rows)
			strace_flag_names(p->out, (uint64_t)v, info->flags);
		else if (info->format == PF_HEX)
			buffer_printf(p->out, "%#llx", (unsigned long long)v);
		else
			buffer_decimal(p->out, v);
		any = true;
	}
	put(p, any ? ", ...}" : arg->out && succeeded(p) ? UNKNOWN_STRUCT : UNKNOWN_ADDRESS);
}
