/*
 * Kinds whose shape depends on another argument: socket options, ptrace, prctl, keyctl, fsconfig,
 * quotactl. PT_DYN parameters are one byte that selects the alternative, then its encoding.
 */
#pragma once
#include "format/recipe.h"
#include "user_memory.h"

/* One byte of selector and a number of `size` bytes. */
static __always_inline void put_dynamic(struct scratch *s, const struct kernel_step *step, u8 which, u64 v,
					u32 size)
{
	u8 *p = walk_place(s);

	if (!p) {
		walk_absent(s, step);
		return;
	}
	p[2] = which;
	*(u64 *)(p + 3) = v;
	walk_sized(s, p, 1 + size);
}

/* The alternatives of sockopt_dynamic_param; a time with 64-bit fields whatever the ABI is recorded as a time. */
enum { SOCKOPT_BYTES, SOCKOPT_ERRNO, SOCKOPT_U32, SOCKOPT_U64, SOCKOPT_TIME, SOCKOPT_TIME_WIDE };

static __always_inline u32 sockopt_shape(u64 level, u64 name)
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
	case 1: case 2: case 3: case 5: case 6: case 7: case 8: case 9: case 10: case 11: case 12:
	case 15: case 16: case 18: case 19: case 29: case 30: case 32: case 33: case 34: case 35:
	case 36: case 38: case 39: case 40: case 41: case 42: case 43: case 44: case 45: case 46:
	case 48: case 49: case 60:
		return SOCKOPT_U32;
	}
	return SOCKOPT_BYTES;
}

static __always_inline void put_sockopt(struct scratch *s, const struct kernel_step *step, bool get)
{
	u64 value = walk_arg(s, 3);
	u32 shape = sockopt_shape(walk_arg(s, 1), walk_arg(s, 2)), len = walk_arg(s, 4);
	u64 v = 0;
	u8 *p;

	if (get && (s->result < 0 || !user_u32(walk_arg(s, 4), &len))) {
		walk_absent(s, step);
		return;
	}
	if (shape >= SOCKOPT_TIME) {
		if (user_time(s, value, 1000, shape == SOCKOPT_TIME_WIDE, &v)) {
			put_dynamic(s, step, SOCKOPT_TIME, v, 8);
			return;
		}
	} else if (shape == SOCKOPT_ERRNO) {
		u32 code = 0;

		if (user_u32(value, &code)) {
			put_dynamic(s, step, shape, -(s64)(s32)code, 8);
			return;
		}
	} else if (shape == SOCKOPT_U32 || shape == SOCKOPT_U64) {
		u32 size = shape == SOCKOPT_U32 ? 4 : 8;

		if (!bpf_probe_read_user(&v, size, (void *)value)) {
			put_dynamic(s, step, shape, v, size);
			return;
		}
	}
	p = walk_place(s);
	if (!p) {
		walk_absent(s, step);
		return;
	}
	p[2] = SOCKOPT_BYTES;
	if ((s32)len < 0) {
		walk_absent(s, step);
		return;
	}
	if (len > config.snaplen) {
		len = config.snaplen;
		s->head.flags |= EVENT_TRUNCATED;
	}
	barrier_var(len);
	len &= 0xFFFF;
	if (bpf_probe_read_user(p + 3, len, (void *)value)) {
		walk_absent(s, step);
		return;
	}
	walk_sized(s, p, 1 + len);
}

static __always_inline void put_ptrace(struct scratch *s, const struct kernel_step *step, bool data)
{
	u64 request = walk_arg(s, 0), v = walk_arg(s, data ? 3 : 2);

	if (data) {
		switch (request) {
		case 7: case 8: case 16: case 17: case 24: case 9: /* CONT KILL ATTACH DETACH SYSCALL SINGLESTEP */
			put_dynamic(s, step, 1, v, 1);
			return;
		case 1: case 2: case 3: { /* PEEKTEXT PEEKDATA PEEKUSR store a word there */
			u64 word = 0;

			if (s->result < 0 || bpf_probe_read_user(&word, s->compat ? 4 : 8, (void *)v))
				walk_absent(s, step);
			else
				put_dynamic(s, step, 0, word, 8);
			return;
		}
		}
	}
	put_dynamic(s, step, 0, v, 8);
}

#define PR_SET_NAME	       15
#define PR_GET_NAME	       16
#define PR_GET_CHILD_SUBREAPER 37

static __always_inline void put_prctl(struct scratch *s, const struct kernel_step *step, bool number)
{
	u64 option = walk_arg(s, 0), v = walk_arg(s, 1);
	bool is_text = option == PR_SET_NAME || option == PR_GET_NAME;

	if (is_text == number) {
		/* The other one of the two: empty text, zero number. */
		if (number)
			walk_number(s, step, 0);
		else
			walk_absent(s, step);
	} else if (is_text) {
		put_text(s, step, v);
	} else if (option == PR_GET_CHILD_SUBREAPER) {
		put_at(s, step, v, 4, true);
	} else {
		walk_number(s, step, v);
	}
}

/* Operations of keyctl that take text in argument n: one bit each. */
#define KEYCTL_TEXT_1 (1u << 1)		    /* JOIN_SESSION_KEYRING */
#define KEYCTL_TEXT_2 (1u << 10 | 1u << 29) /* SEARCH's type, RESTRICT_KEYRING's type */
#define KEYCTL_TEXT_3 (1u << 10 | 1u << 29) /* SEARCH's description, RESTRICT_KEYRING's restriction */

static __always_inline void put_keyctl(struct scratch *s, const struct kernel_step *step, u32 arg)
{
	u32 operation = walk_arg(s, 0);
	u32 takes_text = arg == 1 ? KEYCTL_TEXT_1 : arg == 2 ? KEYCTL_TEXT_2 : arg == 3 ? KEYCTL_TEXT_3 : 0;
	u64 v = walk_arg(s, arg);
	u8 *p = walk_place(s);
	long n;

	if (p && operation < 32 && (takes_text >> operation & 1)) {
		p[2] = 1;
		n = user_text(p + 3, PATH_BYTES, v);
		if (n > 0) {
			walk_sized(s, p, 1 + n);
			return;
		}
	}
	put_dynamic(s, step, 0, v, 8);
}

enum { FSCONFIG_SET_STRING = 1, FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY };

static __always_inline void put_fsconfig(struct scratch *s, const struct kernel_step *step, bool text)
{
	u32 cmd = walk_arg(s, 1);
	bool is_text = cmd == FSCONFIG_SET_STRING || cmd == FSCONFIG_SET_PATH || cmd == FSCONFIG_SET_PATH_EMPTY;

	if (text && is_text)
		put_text(s, step, walk_arg(s, 3));
	else if (!text && cmd == FSCONFIG_SET_BINARY)
		put_bytes(s, step, walk_arg(s, 3), walk_arg(s, 4));
	else
		walk_absent(s, step);
}

/* quotactl: argument 0 is (command << 8) | type; Q_* are the generic commands. */
enum { Q_QUOTAON = 0x800002, Q_GETFMT = 0x800004, Q_GETINFO, Q_SETINFO, Q_GETQUOTA, Q_SETQUOTA };

static __always_inline void put_quota(struct scratch *s, const struct kernel_step *step, u32 what, u32 offset)
{
	u32 cmd = (u32)walk_arg(s, 0) >> 8;
	u64 addr = walk_arg(s, step->a);
	bool got = s->result >= 0; /* what these fill, they fill on success only */
	bool ok = what == WORD_QUOTA_QUOTA    ? (cmd == Q_GETQUOTA && got) || cmd == Q_SETQUOTA
		  : what == WORD_QUOTA_INFO   ? (cmd == Q_GETINFO && got) || cmd == Q_SETINFO
		  : what == WORD_QUOTA_FORMAT ? cmd == Q_GETFMT && got
					      : cmd == Q_QUOTAON;

	if (!ok)
		walk_absent(s, step);
	else if (what == WORD_QUOTA_PATH)
		put_text(s, step, addr);
	else if (what == WORD_QUOTA_ID)
		walk_number(s, step, addr);
	else
		put_at(s, step, addr + offset, step->size, false);
}
