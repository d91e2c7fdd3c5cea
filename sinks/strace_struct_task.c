/* Arguments from memory: processes, signals, files. */
#include "sinks/strace_struct.h"

#define CLONE_PIDFD_	     0x1000u
#define CLONE_SETTLS_	     0x80000u
#define CLONE_PARENT_SETTID_ 0x100000u
#define CLONE_CHILD_CLEARTID_ 0x200000u
#define CLONE_CHILD_SETTID_  0x1000000u
#define CLONE_INTO_CGROUP_   0x200000000ull
#define EXIT_SIGNAL_MASK     0xffu

/* Flags, and the signal at the child's end. */
static void put_clone_flags(const struct strace_print *p, uint64_t flags, unsigned signal)
{
	if (flags || !signal)
		strace_flag_names(p->out, flags, strace_flags("strace_clone_linux"));
	if (signal) {
		put(p, flags ? "|" : "");
		strace_signal(p->out, (int)signal);
	}
}

STRUCT_PRINT(clone_words)
{
	const bool tls_last = p->memory->abi == ABI_X86_64;
	uint64_t flags = word_of(p, 0);
	const uint8_t *parent = memory_at(&p->memory->m, word_of(p, 2), sizeof(int32_t));
	int32_t tid;

	if (p->memory->m.n_args < 5)
		return false;
	put(p, "child_stack=");
	put_address(p, (int64_t)word_of(p, 1));
	put(p, ", flags=");
	put_clone_flags(p, flags & ~(uint64_t)EXIT_SIGNAL_MASK, flags & EXIT_SIGNAL_MASK);
	if (flags & (CLONE_PARENT_SETTID_ | CLONE_PIDFD_)) {
		put(p, ", parent_tid=");
		if (parent && succeeded(p)) {
			memcpy(&tid, parent, sizeof tid);
			buffer_printf(p->out, "[%d]", tid);
		} else {
			put_address(p, (int64_t)word_of(p, 2));
		}
	}
	if (flags & CLONE_SETTLS_)
		buffer_printf(p->out, ", tls=%#llx", (unsigned long long)word_of(p, tls_last ? 4 : 3));
	if (flags & (CLONE_CHILD_SETTID_ | CLONE_CHILD_CLEARTID_)) {
		put(p, ", child_tidptr=");
		put_address(p, (int64_t)word_of(p, tls_last ? 3 : 4));
	}
	return true;
}

static void put_clone_field(const struct strace_print *p, const struct struct_layout *l, const uint8_t *from,
			    const char *name)
{
	buffer_printf(p->out, ", %s=", name);
	put_address(p, struct_number(l, name, from));
}

STRUCT_PRINT(clone_struct)
{
	const struct struct_layout *l = layout_of(p, STRUCT_CLONE_ARGS);
	const uint8_t *from = struct_at(p, STRUCT_CLONE_ARGS, word_of(p, arg->number));
	uint64_t flags, signal;

	if (!from) {
		put_address(p, (int64_t)word_of(p, arg->number));
		return true;
	}
	flags = (uint64_t)struct_number(l, "flags", from);
	signal = (uint64_t)struct_number(l, "exit_signal", from);
	put(p, "{flags=");
	put_clone_flags(p, flags, 0);
	if (flags & CLONE_PIDFD_)
		put_clone_field(p, l, from, "pidfd");
	if (flags & (CLONE_CHILD_SETTID_ | CLONE_CHILD_CLEARTID_))
		put_clone_field(p, l, from, "child_tid");
	if (flags & CLONE_PARENT_SETTID_)
		put_clone_field(p, l, from, "parent_tid");
	put(p, ", exit_signal=");
	if (signal && signal <= 64)
		strace_signal(p->out, (int)signal);
	else
		buffer_printf(p->out, "%llu", (unsigned long long)signal);
	put_clone_field(p, l, from, "stack");
	buffer_printf(p->out, ", stack_size=%#llx", (unsigned long long)struct_number(l, "stack_size", from));
	if (flags & CLONE_SETTLS_)
		buffer_printf(p->out, ", tls=%#llx", (unsigned long long)struct_number(l, "tls", from));
	if (flags & CLONE_INTO_CGROUP_)
		buffer_printf(p->out, ", cgroup=%lld", (long long)struct_number(l, "cgroup", from));
	buffer_u8(p->out, '}');
	if (flags & CLONE_PARENT_SETTID_ && succeeded(p))
		buffer_printf(p->out, " => {parent_tid=[%lld]}", (long long)p->ev->result);
	return true;
}

/* An address, and how many there are behind it. */
static void put_counted(const struct strace_print *p, const struct strace_arg *arg, enum memory_fact fact, const char *one,
			const char *more)
{
	const uint8_t *at = memory_at(&p->memory->m, fact, sizeof(uint32_t));
	uint32_t n;

	put_address(p, (int64_t)word_of(p, arg->number));
	if (!at || !word_of(p, arg->number))
		return;
	memcpy(&n, at, sizeof n);
	buffer_printf(p->out, " /* %u %s */", n, n == 1 ? one : more);
}

STRUCT_PRINT(environment)
{
	put_counted(p, arg, FACT_ENVIRONMENT, "var", "vars");
	return true;
}

STRUCT_PRINT(entries)
{
	put_counted(p, arg, FACT_ENTRIES, "entry", "entries");
	return true;
}

STRUCT_PRINT(wait_status)
{
	uint64_t addr = word_of(p, arg->number);

	if (addr && p->ev->has_result && p->ev->result > 0)
		return false; /* then it is a parameter */
	put_address(p, (int64_t)addr);
	return true;
}

/* ---- futex ---- */

static void put_bitset(const struct strace_print *p, uint32_t v)
{
	if (v == UINT32_MAX)
		put(p, "FUTEX_BITSET_MATCH_ANY");
	else
		buffer_printf(p->out, "%#x", v);
}

static void put_timeout(const struct strace_print *p, uint64_t addr)
{
	bool wide = p->ev->sysno == 422 && p->memory->abi == ABI_I386; /* futex_time64 */

	put_struct_at(p, wide ? STRUCT_TIMESPEC64 : STRUCT_TIMESPEC, addr);
}

/* What follows val, by the operation. */
STRUCT_PRINT(futex_rest)
{
	enum { WAIT, WAKE, FD, REQUEUE, CMP_REQUEUE, WAKE_OP, LOCK_PI, UNLOCK_PI, TRYLOCK_PI, WAIT_BITSET, WAKE_BITSET,
	       WAIT_REQUEUE_PI, CMP_REQUEUE_PI, LOCK_PI2 };
	const unsigned op = (unsigned)word_of(p, 1) & 0x7f;
	const uint32_t val3 = (uint32_t)word_of(p, 5);

	if (p->memory->m.n_args < 6)
		return false;
	switch (op) {
	case WAIT:
	case LOCK_PI:
	case LOCK_PI2:
		put_timeout(p, word_of(p, 3));
		break;
	case WAIT_BITSET:
		put_timeout(p, word_of(p, 3));
		put(p, ", ");
		put_bitset(p, val3);
		break;
	case WAKE_BITSET:
		put_bitset(p, val3);
		break;
	case REQUEUE:
	case CMP_REQUEUE:
	case CMP_REQUEUE_PI:
	case WAKE_OP:
		buffer_printf(p->out, "%u, ", (unsigned)word_of(p, 3));
		put_address(p, (int64_t)word_of(p, 4));
		if (op != REQUEUE && op != WAKE_OP)
			buffer_printf(p->out, ", %u", val3);
		else if (op == WAKE_OP)
			return true;
		break;
	case WAIT_REQUEUE_PI:
		put_timeout(p, word_of(p, 3));
		put(p, ", ");
		put_address(p, (int64_t)word_of(p, 4));
		break;
	}
	return true;
}

/* ---- files ---- */

STRUCT_PRINT(fcntl_rest)
{
	const uint32_t cmd = (uint32_t)word_of(p, 1); /* the kernel's number */
	const bool locks = (cmd >= 5 && cmd <= 7) || (cmd >= 36 && cmd <= 38) || (cmd >= 12 && cmd <= 14);
	const bool wide = p->memory->abi == ABI_I386 && cmd > 7;

	/* F_SETOWN, F_SETPIPE_SZ */
	if (p->memory->m.n_args >= 3 && (cmd == 8 || cmd == 1031)) {
		buffer_decimal(p->out, (int32_t)word_of(p, 2));
		return true;
	}
	if (p->memory->m.n_args < 3 || !locks || (cmd >= 12 && cmd <= 14 && p->memory->abi != ABI_I386))
		return false;
	put_struct_at(p, wide ? STRUCT_FLOCK64 : STRUCT_FLOCK, word_of(p, 2));
	return true;
}

STRUCT_PRINT(ioctl_rest)
{
	static const struct {
		uint32_t request;
		bool out;
		enum memory_struct id;
	} rows[] = {{0x5413, true, STRUCT_WINSIZE}, {0x5414, false, STRUCT_WINSIZE}, {0x540f, true, STRUCT_S32},
		    {0x5410, false, STRUCT_S32},    {0x541b, true, STRUCT_S32},	     {0x5421, false, STRUCT_S32},
		    {0x80045430, true, STRUCT_S32}, {0x40045431, false, STRUCT_S32}, {0x5452, false, STRUCT_S32}};
	const uint32_t request = (uint32_t)word_of(p, 1);

	if (p->memory->m.n_args < 3)
		return false;
	if (request == 0x40049409) { /* FICLONE: of another file */
		put_fd(p, (int32_t)word_of(p, 2));
		return true;
	}
	if (request == 0x5450 || request == 0x5451) /* FIONCLEX, FIOCLEX */
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].request == request && (!rows[i].out || succeeded(p))) {
			put_struct_at(p, rows[i].id, word_of(p, 2));
			return true;
		}
	buffer_printf(p->out, "%#llx", (unsigned long long)word_of(p, 2));
	return true;
}

/* ---- signals ---- */

#define SIG_CHLD 17
#define SIG_ILL	 4
#define SIG_TRAP 5
#define SIG_BUS	 7
#define SIG_FPE	 8
#define SIG_SEGV 11
#define SIG_POLL 29
#define SIG_SYS	 31

/* si_code, which means something else for each signal that the kernel sends. */
static const char *code_name(int number, int code)
{
	static const struct {
		int number, code;
		const char *name;
	} rows[] = {
	    {0, 0, "SI_USER"},	  {0, 0x80, "SI_KERNEL"}, {0, -1, "SI_QUEUE"}, {0, -2, "SI_TIMER"}, {0, -3, "SI_MESGQ"},
	    {0, -4, "SI_ASYNCIO"}, {0, -5, "SI_SIGIO"},	  {0, -6, "SI_TKILL"}, {0, -60, "SI_ASYNCNL"},
	    {SIG_CHLD, 1, "CLD_EXITED"}, {SIG_CHLD, 2, "CLD_KILLED"}, {SIG_CHLD, 3, "CLD_DUMPED"},
	    {SIG_CHLD, 4, "CLD_TRAPPED"}, {SIG_CHLD, 5, "CLD_STOPPED"}, {SIG_CHLD, 6, "CLD_CONTINUED"},
	    {SIG_SEGV, 1, "SEGV_MAPERR"}, {SIG_SEGV, 2, "SEGV_ACCERR"}, {SIG_SEGV, 3, "SEGV_BNDERR"},
	    {SIG_SEGV, 4, "SEGV_PKUERR"}, {SIG_BUS, 1, "BUS_ADRALN"},	{SIG_BUS, 2, "BUS_ADRERR"},
	    {SIG_BUS, 3, "BUS_OBJERR"},	  {SIG_ILL, 1, "ILL_ILLOPC"},	{SIG_ILL, 2, "ILL_ILLOPN"},
	    {SIG_FPE, 1, "FPE_INTDIV"},	  {SIG_FPE, 2, "FPE_INTOVF"},	{SIG_FPE, 3, "FPE_FLTDIV"},
	    {SIG_TRAP, 1, "TRAP_BRKPT"},  {SIG_TRAP, 2, "TRAP_TRACE"},	{SIG_POLL, 1, "POLL_IN"},
	    {SIG_POLL, 2, "POLL_OUT"},	  {SIG_POLL, 3, "POLL_MSG"},	{SIG_SYS, 1, "SYS_SECCOMP"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if ((!rows[i].number || rows[i].number == number) && rows[i].code == code)
			return rows[i].name;
	return NULL;
}

/* The kernel's siginfo_t of a 64-bit machine: the numbers, then a union that begins at 16. */
struct siginfo_head {
	int32_t signo, error, code, padding;
	int32_t pid, uid, status, padding_2;
	int64_t user_time, system_time;
};
_Static_assert(sizeof(struct siginfo_head) == 48, "as it is recorded");

/* Time in hundredths of a second (USER_HZ). */
static void put_ticks(const struct strace_print *p, const char *name, int64_t ticks)
{
	buffer_printf(p->out, ", %s=%lld", name, (long long)ticks);
	if (ticks > 0)
		buffer_printf(p->out, " /* %lld.%02lld s */", (long long)(ticks / 100), (long long)(ticks % 100));
}

static void put_child(const struct strace_print *p, const struct siginfo_head *info)
{
	buffer_printf(p->out, ", si_pid=%d, si_uid=%d, si_status=", info->pid, info->uid);
	if (info->code == 1)
		buffer_decimal(p->out, info->status);
	else
		strace_signal(p->out, info->status);
	put_ticks(p, "si_utime", info->user_time);
	put_ticks(p, "si_stime", info->system_time);
}

static void put_union(const struct strace_print *p, const struct siginfo_head *info)
{
	uint64_t value;

	memcpy(&value, &info->status, sizeof value);
	if (info->code == 0 || info->code == -6) {
		buffer_printf(p->out, ", si_pid=%d, si_uid=%d", info->pid, info->uid);
	} else if (info->code == -2) {
		buffer_printf(p->out, ", si_timerid=%#x, si_overrun=%d, si_int=%d, si_ptr=", (unsigned)info->pid, info->uid,
			      info->status);
		put_address(p, (int64_t)value);
	} else if (info->code < 0) {
		buffer_printf(p->out, ", si_pid=%d, si_uid=%d", info->pid, info->uid);
		if (!value)
			return;
		buffer_printf(p->out, ", si_int=%d, si_ptr=", info->status);
		put_address(p, (int64_t)value);
	} else if (info->signo == SIG_CHLD) {
		put_child(p, info);
	} else if (info->signo == SIG_SEGV || info->signo == SIG_BUS || info->signo == SIG_ILL || info->signo == SIG_FPE ||
		   info->signo == SIG_TRAP) {
		memcpy(&value, &info->pid, sizeof value);
		put(p, ", si_addr=");
		put_address(p, (int64_t)value);
	}
}

bool strace_siginfo(const struct strace_print *p)
{
	const uint8_t *at = p->memory ? memory_at(&p->memory->m, FACT_SIGINFO, sizeof(struct siginfo_head)) : NULL;

	if (at)
		put_signal_info(p, at);
	return at;
}

void put_signal_info(const struct strace_print *p, const uint8_t *from)
{
	struct siginfo_head info;
	const char *code;

	memcpy(&info, from, sizeof info);
	code = code_name(info.signo, info.code);
	put(p, "{si_signo=");
	strace_signal(p->out, info.signo);
	if (code)
		buffer_printf(p->out, ", si_code=%s", code);
	else
		buffer_printf(p->out, ", si_code=%#x", (unsigned)info.code);
	if (info.error)
		buffer_printf(p->out, ", si_errno=%d", info.error);
	put_union(p, &info);
	buffer_u8(p->out, '}');
}
