/*
 * Kinds whose shape depends on another argument: socket options, ptrace, prctl, keyctl, fsconfig,
 * quotactl, times. PT_DYN parameters are one byte that selects the alternative, then its encoding.
 */
#include "capture/ptrace/call.h"

#include "format/batch.h"
#include "format/recipe.h"

#include <string.h>

static void put_dynamic(struct call *c, const struct kernel_step *step, uint8_t which, uint64_t v, uint32_t size)
{
	uint8_t *p = call_place(c);

	if (!p) {
		call_absent(c, step);
		return;
	}
	p[2] = which;
	memcpy(p + 3, &v, sizeof v);
	call_sized(c, p, 1 + size);
}

/* ---- socket options ---- */

/* The alternatives of sockopt_dynamic_param; a time with 64-bit fields whatever the ABI is recorded as a time. */
enum { SOCKOPT_BYTES, SOCKOPT_ERRNO, SOCKOPT_U32, SOCKOPT_U64, SOCKOPT_TIME, SOCKOPT_TIME_WIDE };

#define BIT(n) (1ull << (n))
/* Options of SOL_SOCKET that are 32-bit numbers. */
#define OPTIONS_U32                                                                                \
	(BIT(1) | BIT(2) | BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | \
	 BIT(15) | BIT(16) | BIT(18) | BIT(19) | BIT(29) | BIT(30) | BIT(32) | BIT(33) | BIT(34) | BIT(35) |   \
	 BIT(36) | BIT(38) | BIT(39) | BIT(40) | BIT(41) | BIT(42) | BIT(43) | BIT(44) | BIT(45) | BIT(46) |   \
	 BIT(48) | BIT(49) | BIT(60))

static unsigned sockopt_shape(uint64_t level, uint64_t name)
{
	if (level != 1) /* SOL_SOCKET */
		return SOCKOPT_BYTES;
	switch (name) {
	case 4: /* SO_ERROR */
		return SOCKOPT_ERRNO;
	case 20: case 21: /* SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD */
		return SOCKOPT_TIME;
	case 66: case 67: /* the new ones */
		return SOCKOPT_TIME_WIDE;
	case 47: case 57: /* SO_MAX_PACING_RATE, SO_COOKIE */
		return SOCKOPT_U64;
	}
	return name < 64 && OPTIONS_U32 >> name & 1 ? SOCKOPT_U32 : SOCKOPT_BYTES;
}

/* Its value as a number or a time, where it is one and can be read. */
static bool put_sockopt_value(struct call *c, const struct kernel_step *step, unsigned shape, uint64_t addr)
{
	uint64_t v = 0;
	uint32_t code = 0;

	switch (shape) {
	case SOCKOPT_TIME:
	case SOCKOPT_TIME_WIDE:
		if (!memory_time(c, addr, 1000, shape == SOCKOPT_TIME_WIDE, &v))
			return false;
		put_dynamic(c, step, SOCKOPT_TIME, v, 8);
		return true;
	case SOCKOPT_ERRNO:
		if (!memory_u32(c, addr, &code))
			return false;
		put_dynamic(c, step, shape, (uint64_t)-(int64_t)(int32_t)code, 8);
		return true;
	case SOCKOPT_U32:
	case SOCKOPT_U64:
		if (!memory_read(c, addr, &v, shape == SOCKOPT_U32 ? 4 : 8))
			return false;
		put_dynamic(c, step, (uint8_t)shape, v, shape == SOCKOPT_U32 ? 4 : 8);
		return true;
	}
	return false;
}

static void put_sockopt(struct call *c, const struct kernel_step *step, bool get)
{
	uint64_t addr = call_arg(c, 3);
	uint32_t len = (uint32_t)call_arg(c, 4);
	uint8_t *p;

	if (get && (c->result < 0 || !memory_u32(c, call_arg(c, 4), &len))) {
		call_absent(c, step);
		return;
	}
	if (put_sockopt_value(c, step, sockopt_shape(call_arg(c, 1), call_arg(c, 2)), addr))
		return;
	p = call_place(c);
	if (!p || (int32_t)len < 0) {
		call_absent(c, step);
		return;
	}
	if (len > c->context->snaplen) {
		len = c->context->snaplen;
		c->head->flags |= EVENT_TRUNCATED;
	}
	p[2] = SOCKOPT_BYTES;
	if (memory_read(c, addr, p + 3, len))
		call_sized(c, p, 1 + len);
	else
		call_absent(c, step);
}

/* ---- ptrace, prctl, keyctl, fsconfig, quotactl ---- */

static void put_ptrace(struct call *c, const struct kernel_step *step, bool data)
{
	uint64_t request = call_arg(c, 0), v = call_arg(c, data ? 3 : 2), word = 0;

	switch (data ? request : UINT64_MAX) {
	case 7: case 8: case 9: case 16: case 17: case 24: /* CONT KILL SINGLESTEP ATTACH DETACH SYSCALL */
		put_dynamic(c, step, 1, v, 1);
		break;
	case 1: case 2: case 3: /* PEEKTEXT PEEKDATA PEEKUSR store a word there */
		if (c->result < 0 || !memory_read(c, v, &word, c->compat ? 4 : 8))
			call_absent(c, step);
		else
			put_dynamic(c, step, 0, word, 8);
		break;
	default:
		put_dynamic(c, step, 0, v, 8);
	}
}

#define PR_SET_NAME	       15
#define PR_GET_NAME	       16
#define PR_GET_CHILD_SUBREAPER 37

static void put_prctl(struct call *c, const struct kernel_step *step, bool number)
{
	uint64_t option = call_arg(c, 0), v = call_arg(c, 1);
	bool is_text = option == PR_SET_NAME || option == PR_GET_NAME;

	/* The other one of the two: empty text, zero number. */
	if (is_text && number)
		call_number(c, step, 0);
	else if (!is_text && !number)
		call_absent(c, step);
	else if (is_text)
		put_text(c, step, v);
	else if (option == PR_GET_CHILD_SUBREAPER)
		put_at(c, step, v, 4, true);
	else
		call_number(c, step, v);
}

/* Operations of keyctl that take text in argument n: one bit each. */
static const uint32_t keyctl_texts[] = {
	[1] = 1u << 1,		     /* JOIN_SESSION_KEYRING */
	[2] = 1u << 10 | 1u << 29, /* SEARCH's type, RESTRICT_KEYRING's type */
	[3] = 1u << 10 | 1u << 29, /* SEARCH's description, RESTRICT_KEYRING's restriction */
};

static void put_keyctl(struct call *c, const struct kernel_step *step, unsigned arg)
{
	uint32_t operation = (uint32_t)call_arg(c, 0);
	uint32_t takes_text = arg < sizeof keyctl_texts / sizeof *keyctl_texts ? keyctl_texts[arg] : 0;
	uint64_t v = call_arg(c, arg);
	uint8_t *p = call_place(c);

	if (p && operation < 32 && (takes_text >> operation & 1)) {
		long n = memory_text(c, v, p + 3, PATH_BYTES);

		if (n > 0) {
			p[2] = 1;
			call_sized(c, p, 1 + (uint32_t)n);
			return;
		}
	}
	put_dynamic(c, step, 0, v, 8);
}

enum { FSCONFIG_STRING = 1, FSCONFIG_BINARY, FSCONFIG_PATH, FSCONFIG_PATH_EMPTY };

static void put_fsconfig(struct call *c, const struct kernel_step *step, bool text)
{
	uint32_t cmd = (uint32_t)call_arg(c, 1);
	bool is_text = cmd == FSCONFIG_STRING || cmd == FSCONFIG_PATH || cmd == FSCONFIG_PATH_EMPTY;

	if (text && is_text)
		put_text(c, step, call_arg(c, 3));
	else if (!text && cmd == FSCONFIG_BINARY)
		put_bytes(c, step, call_arg(c, 3), call_arg(c, 4));
	else
		call_absent(c, step);
}

/* quotactl: argument 0 is (command << 8) | type; Q_* are the generic commands. */
enum { Q_QUOTAON = 0x800002, Q_GETFMT = 0x800004, Q_GETINFO, Q_SETINFO, Q_GETQUOTA, Q_SETQUOTA };

/* Whether this word of the kind says something of the command; what commands fill, they fill on success only. */
static bool quota_applies(unsigned what, uint32_t cmd, bool got)
{
	switch (what) {
	case WORD_QUOTA_QUOTA:
		return (cmd == Q_GETQUOTA && got) || cmd == Q_SETQUOTA;
	case WORD_QUOTA_INFO:
		return (cmd == Q_GETINFO && got) || cmd == Q_SETINFO;
	case WORD_QUOTA_FORMAT:
		return cmd == Q_GETFMT && got;
	}
	return cmd == Q_QUOTAON;
}

static void put_quota(struct call *c, const struct kernel_step *step)
{
	uint64_t addr = call_arg(c, step->a);

	if (!quota_applies(step->c, (uint32_t)call_arg(c, 0) >> 8, c->result >= 0))
		call_absent(c, step);
	else if (step->c == WORD_QUOTA_PATH)
		put_text(c, step, addr);
	else if (step->c == WORD_QUOTA_ID)
		call_number(c, step, addr);
	else
		put_at(c, step, addr + step->b, step->size & 15, false);
}

/* ---- times ---- */

static void put_time(struct call *c, const struct kernel_step *step, uint64_t unit, bool wide)
{
	uint64_t addr = call_arg(c, step->a), v = 0;

	if (addr && memory_time(c, addr + step->c * (c->compat && !wide ? 8 : 16), unit, wide, &v))
		call_number(c, step, v);
	else
		call_absent(c, step);
}

void put_option(struct call *c, const struct kernel_step *step)
{
	switch (step->kind) {
	case KIND_SOCKOPT:
		put_sockopt(c, step, step->c);
		break;
	case KIND_SOCKOPTNAME:
		call_number(c, step, call_arg(c, step->b) == 1 ? call_arg(c, step->a) : 0);
		break;
	case KIND_PTRACE:
		put_ptrace(c, step, step->c);
		break;
	case KIND_PRCTL:
		put_prctl(c, step, step->c);
		break;
	case KIND_KEYCTL:
		put_keyctl(c, step, step->a);
		break;
	case KIND_FSCONFIG:
		put_fsconfig(c, step, step->c);
		break;
	case KIND_QUOTA:
		put_quota(c, step);
		break;
	case KIND_TIMESPEC:
	case KIND_TIMESPEC64:
		put_time(c, step, 1, step->kind == KIND_TIMESPEC64);
		break;
	case KIND_TIMEVAL:
		put_time(c, step, 1000, false);
		break;
	case KIND_SEMBUF:
		if ((uint32_t)(step->c / 6) < call_arg(c, step->b))
			put_at(c, step, call_arg(c, step->a) + step->c, step->size & 15, step->flags & KSTEP_SIGNED);
		else
			call_absent(c, step);
		break;
	default:
		call_absent(c, step);
	}
}
