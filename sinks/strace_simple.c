/* Kinds of arguments: numbers, addresses, texts, flags, signals. */
#include "sinks/strace_pieces.h"

PRINT(unknown)
{
	put(p, "?");
}

PRINT(struct)
{
	int64_t address;

	if (number_of(p, arg, 0, &address) && (!address || !succeeded(p)))
		put_address(p, address);
	else
		put(p, succeeded(p) ? UNKNOWN_STRUCT : UNKNOWN_ADDRESS);
}

PRINT(d)
{
	int64_t v;

	if (number_known(p, arg, &v))
		buffer_decimal(p->out, v);
}

PRINT(u)
{
	int64_t v;

	if (number_known(p, arg, &v))
		put_unsigned(p, (uint64_t)v);
}

PRINT(x)
{
	int64_t v;

	if (number_known(p, arg, &v))
		buffer_printf(p->out, "%#llx", (unsigned long long)v);
}

PRINT(num)
{
	buffer_decimal(p->out, arg->params[0]);
}

PRINT(addr)
{
	int64_t v;

	if (number_of(p, arg, 0, &v))
		put_address(p, v);
	else
		put(p, UNKNOWN_ADDRESS);
}

PRINT(remain)
{
	int64_t v;

	/* filled only when the sleep was interrupted */
	if (number_of(p, arg, 0, &v) && v && succeeded(p))
		put_address(p, v);
	else
		print_struct(p, arg);
}

/* As paths in <>: what would end it is written in octal. */
void put_fd_name(const struct strace_print *p, const char *name)
{
	for (const uint8_t *c = (const uint8_t *)name; *c; c++)
		if (*c < 0x20 || *c >= 0x7f || *c == '<' || *c == '>' || *c == '\\')
			buffer_printf(p->out, c[1] >= '0' && c[1] <= '7' ? "\\%03o" : "\\%o", *c);
		else
			buffer_u8(p->out, *c);
}

static void put_fd_info(const struct strace_print *p, const struct fd_info *info)
{
	buffer_u8(p->out, '<');
	if (fd_is_socket(info))
		put_socket_name(p, info, p->o->fd_names & STRACE_FD_SOCKET);
	else
		put_fd_name(p, info->name);
	buffer_u8(p->out, '>');
}

void put_fd(const struct strace_print *p, int64_t fd)
{
	const struct thread *t = p->st->now.thread;
	const struct fd_info *info = t && p->o->fd_names && fd >= 0 ? thread_fd_find(t, fd) : NULL;

	if (fd == STATE_AT_FDCWD)
		put(p, p->o->style == STRACE_NAMES     ? "AT_FDCWD"
		       : p->o->style == STRACE_NUMBERS ? "-100"
						       : "-100 /* AT_FDCWD */");
	else
		buffer_decimal(p->out, fd);
	if (fd == STATE_AT_FDCWD && p->o->fd_names && t) {
		size_t len = strlen(t->cwd);

		buffer_printf(p->out, "<%.*s>", (int)(len > 1 && t->cwd[len - 1] == '/' ? len - 1 : len),
			      t->cwd);
	} else if (info && (info->name[0] || fd_is_socket(info))) {
		put_fd_info(p, info);
	}
}

PRINT(fd)
{
	int64_t fd;

	if (number_known(p, arg, &fd))
		put_fd(p, fd);
}

PRINT(fdpair)
{
	int64_t one, two;

	if (!succeeded(p) || !number_of(p, arg, 0, &one) || !number_of(p, arg, 1, &two)) {
		put(p, UNKNOWN_ADDRESS);
		return;
	}
	buffer_u8(p->out, '[');
	put_fd(p, one);
	put(p, ", ");
	put_fd(p, two);
	buffer_u8(p->out, ']');
}

PRINT(str)
{
	const struct param *text = param_of(p, arg, 0);
	size_t len = text->len;

	if (!text->data) {
		put(p, UNKNOWN_ADDRESS);
		return;
	}
	len = strnlen((const char *)text->data, len);
	put_whole_text(p, text->data, len);
}

static void put_buffer(const struct strace_print *p, const struct strace_arg *arg, unsigned hex)
{
	const struct param *bytes = param_of(p, arg, 0);
	int64_t whole = p->ev->result;

	if (!bytes->data || (arg->out && !succeeded(p))) {
		put(p, UNKNOWN_ADDRESS);
		return;
	}
	/* how long it was: of what was filled the result says so */
	if (!arg->out && !number_of(p, arg, 1, &whole))
		whole = bytes->len;
	strace_text(p, bytes->data, bytes->len, whole < 0 ? 0 : (uint64_t)whole, hex);
}

PRINT(buf)
{
	put_buffer(p, arg, p->o->hex);
}

PRINT(hexbuf)
{
	put_buffer(p, arg, 2);
}

PRINT(flags)
{
	int64_t v;
	const struct flag_table *names = arg->set ? strace_flags(arg->set) : NULL;

	if (!number_known(p, arg, &v))
		return;
	if (names)
		strace_flag_names(p->out, (uint64_t)v, names);
	else
		buffer_printf(p->out, "%#llx", (unsigned long long)v);
}

PRINT(enum)
{
	int64_t v;

	if (!number_known(p, arg, &v))
		return;
	if (!arg->set || !put_name(p, (uint64_t)v, arg->set))
		buffer_printf(p->out, "%#llx /* ??? */", (unsigned long long)v);
}

PRINT(open)
{
	static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR"};
	const int64_t not_access = ~3ll;
	struct buffer rest = {0};
	int64_t v;

	if (!number_known(p, arg, &v))
		return;
	strace_flag_names(&rest, (uint64_t)(v & not_access), strace_flags("strace_open"));
	/* those of pipe2 and dup3 have no way of access */
	if (v & 3)
		put(p, access[(v & 3) - 1]);
	if (rest.len && (rest.data[0] != '0' || rest.len > 1)) {
		put(p, v & 3 ? "|" : "");
		buffer_append(p->out, rest.data, rest.len);
	} else if (!(v & 3)) {
		buffer_u8(p->out, '0');
	}
	buffer_done(&rest);
}

/* Only calls that can make a file have it. */
PRINT(openmode)
{
	int64_t mode, flags;

	if (number_of(p, arg, 0, &mode) && number_of(p, arg, 1, &flags) &&
	    flags & (FAMILY_O_CREAT | FAMILY_O_TMPFILE))
		put_mode(p, mode);
}

PRINT(mode)
{
	int64_t v;

	if (number_known(p, arg, &v))
		put_mode(p, v);
}

PRINT(statx)
{
	int64_t v;

	if (!number_known(p, arg, &v))
		return;
	put(p, v & 0x2000   ? "AT_STATX_FORCE_SYNC"
	       : v & 0x4000 ? "AT_STATX_DONT_SYNC"
			    : "AT_STATX_SYNC_AS_STAT");
	if (v & ~0x6000ll) {
		buffer_u8(p->out, '|');
		strace_flag_names(p->out, (uint64_t)v & ~0x6000ull, strace_flags("strace_at"));
	}
}

/* ---- signals ---- */

PRINT(sig)
{
	int64_t v;

	if (number_known(p, arg, &v))
		strace_signal(p->out, (int)v);
}

PRINT(sigset)
{
	int64_t v;

	if (number_of(p, arg, 0, &v))
		put_signals(p, (uint32_t)v, SIGNALS_RECORDED);
	else
		put(p, p->ev->has_result ? "NULL" : UNKNOWN_ADDRESS);
}

PRINT(sigaction)
{
	int64_t handler, flags = 0, mask = 0;

	if (!number_of(p, arg, 0, &handler)) {
		put(p, p->ev->has_result ? "NULL" : UNKNOWN_ADDRESS);
		return;
	}
	number_of(p, arg, 1, &flags);
	number_of(p, arg, 2, &mask);
	put(p, "{sa_handler=");
	put_handler(p, (uint64_t)handler);
	put(p, ", sa_mask=");
	put_signals(p, (uint32_t)mask, SIGNALS_RECORDED);
	put(p, ", sa_flags=");
	strace_flag_names(p->out, (uint32_t)flags, strace_flags("strace_sa"));
	put(p, flags & 0x04000000 ? ", sa_restorer=" UNKNOWN_ADDRESS "}" : "}");
}

PRINT(oldaction)
{
	int64_t handler;

	if (!number_of(p, arg, 0, &handler)) {
		put(p, succeeded(p) ? "NULL" : UNKNOWN_ADDRESS);
		return;
	}
	put(p, "{sa_handler=");
	put_handler(p, (uint64_t)handler);
	put(p, ", ...}");
}
