#include "state/render_value.h"
#include "base/decimal.h"
#include "state/address.h"
#include "state/intern.h"

#include <stdio.h>
#include <time.h>

/* Upper case without 0x, as the family writes numbers that its table calls hexadecimal. */
static char *hex_write(char *p, uint64_t v)
{
	unsigned n = v ? (67 - (unsigned)__builtin_clzll(v)) / 4 : 1;

	for (unsigned i = n; i-- > 0; v >>= 4)
		p[i] = "0123456789ABCDEF"[v & 15];
	return p + n;
}

static char *octal_write(char *p, uint64_t v)
{
	unsigned n = v ? (66 - (unsigned)__builtin_clzll(v)) / 3 + 1 : 1;

	for (unsigned i = n; i-- > 0; v >>= 3)
		p[i] = (char)('0' + (v & 7));
	return p + n;
}

void buffer_decimal(struct buffer *b, int64_t v)
{
	char *p = (char *)buffer_reserve(b, 24);

	if (p)
		b->len = (size_t)((uint8_t *)decimal_put_signed(p, v) - b->data);
}

/* Short texts: a copy byte by byte is quicker than finding the length first. */
static void append(struct buffer *out, const char *text)
{
	uint8_t *p = buffer_reserve(out, 48);
	unsigned n = 0;

	if (!p)
		return;
	for (; text[n] && n < 48; n++)
		p[n] = (uint8_t)text[n];
	out->len += n;
	if (text[n])
		buffer_append(out, text + n, strlen(text + n));
}

/* Control characters would break lines and terminals. */
static void text_write(char *p, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		p[i] = (char)(c < 0x20 || c == 0x7f ? '.' : c);
	}
}

void render_text(struct buffer *out, const char *text, size_t len)
{
	char *p = (char *)buffer_reserve(out, len);

	if (!p)
		return;
	text_write(p, text, len);
	out->len += len;
}

/* ---- buffers ---- */

static void bytes_dots(struct buffer *out, const uint8_t *data, size_t len, bool keep_lines)
{
	uint8_t *p = buffer_reserve(out, len);

	if (!p)
		return;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = data[i];

		p[i] = (uint8_t)(c - 0x20) < 0x5f ? c : '.';
	}
	for (size_t i = 0; keep_lines && i < len; i++) {
		if (data[i] == '\n')
			p[i] = '\n';
	}
	out->len += len;
}

/* Lines of 16 bytes in groups of two, each behind a tab; with text, when asked for. */
static void bytes_hex(struct buffer *out, const uint8_t *data, size_t len, bool with_text)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t at = 0; at < len; at += 16) {
		size_t n = len - at < 16 ? len - at : 16;

		buffer_printf(out, "\n\t0x%04zx:", at);
		for (size_t i = 0; i < (with_text ? 16 : n); i++) {
			char text[3] = "   ";
			unsigned used = 0;

			if (i % 2 == 0)
				text[used++] = ' ';
			text[used] = i < n ? hex[data[at + i] >> 4] : ' ';
			text[used + 1] = i < n ? hex[data[at + i] & 15] : ' ';
			buffer_append(out, text, used + 2);
		}
		if (with_text) {
			append(out, "  ");
			bytes_dots(out, data + at, n, false);
		}
	}
	append(out, "\n");
}

static void bytes_base64(struct buffer *out, const uint8_t *data, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *p = buffer_reserve(out, len / 3 * 4 + 4);

	if (!p)
		return;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16;

		v |= i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0;
		v |= i + 2 < len ? data[i + 2] : 0;
		*p++ = (uint8_t)letters[v >> 18];
		*p++ = (uint8_t)letters[v >> 12 & 63];
		*p++ = i + 1 < len ? (uint8_t)letters[v >> 6 & 63] : '=';
		*p++ = i + 2 < len ? (uint8_t)letters[v & 63] : '=';
	}
	out->len = (size_t)(p - out->data);
}

void render_bytes(struct buffer *out, const uint8_t *data, size_t len,
		  const struct render_options *options)
{
	bool cut = options && !options->full && options->buffer_max && len > options->buffer_max;

	if (cut)
		len = options->buffer_max;
	switch (options ? options->view : VIEW_DOTS) {
	case VIEW_DOTS:
		bytes_dots(out, data, len, false);
		break;
	case VIEW_ASCII:
		bytes_dots(out, data, len, true);
		break;
	case VIEW_HEX:
		bytes_hex(out, data, len, false);
		break;
	case VIEW_HEX_ASCII:
		bytes_hex(out, data, len, true);
		break;
	case VIEW_BASE64:
		bytes_base64(out, data, len);
		break;
	}
	if (cut)
		append(out, "...");
}

/* ---- times ---- */

struct zone_cache {
	int64_t quarter;	/* of an hour, since the epoch: no zone changes in between */
	long offset;
	bool known;
};

static long zone_offset(int64_t seconds)
{
	static _Thread_local struct zone_cache cache;
	int64_t quarter = seconds / 900;

	if (!cache.known || cache.quarter != quarter) {
		time_t t = (time_t)seconds;
		struct tm tm = {0};

		localtime_r(&t, &tm);
		cache = (struct zone_cache){quarter, tm.tm_gmtoff, true};
	}
	return cache.offset;
}

static void pair_write(char *p, unsigned v)
{
	memcpy(p, decimal_pairs + 2 * (v % 100), 2);
}

static void clock_write(char *out, int64_t seconds_of_day, uint32_t ns)
{
	unsigned s = (unsigned)seconds_of_day;

	pair_write(out, s / 3600);
	out[2] = ':';
	pair_write(out + 3, s / 60 % 60);
	out[5] = ':';
	pair_write(out + 6, s % 60);
	out[8] = '.';
	out[9] = (char)('0' + ns / 100000000);
	pair_write(out + 10, ns / 1000000);
	pair_write(out + 12, ns / 10000);
	pair_write(out + 14, ns / 100);
	pair_write(out + 16, ns);
	out[18] = 0;
}

static int64_t local_seconds(uint64_t ns)
{
	int64_t seconds = (int64_t)(ns / 1000000000);

	return seconds + zone_offset(seconds);
}

void render_clock(char *out, uint64_t ns)
{
	int64_t day = local_seconds(ns) % 86400;

	clock_write(out, day < 0 ? day + 86400 : day, (uint32_t)(ns % 1000000000));
}

static void render_time(struct buffer *out, uint64_t ns)
{
	time_t t = (time_t)(ns / 1000000000);
	struct tm tm = {0};
	char clock[32];

	localtime_r(&t, &tm);
	render_clock(clock, ns);
	buffer_printf(out, "%04d-%02d-%02d %s", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, clock);
}

/* ---- numbers that mean something ---- */

static void render_in_parentheses(struct buffer *out, const char *name)
{
	if (!name)
		return;
	append(out, "(");
	append(out, name);
	append(out, ")");
}

void render_fd_name(struct buffer *out, int64_t fd, const struct state *st)
{
	const struct fd_info *f = st && st->now.thread ? thread_fd_find(st->now.thread, fd) : NULL;
	size_t len;
	char *p;

	if (fd < 0) {
		render_in_parentheses(out, fd == STATE_AT_FDCWD ? "AT_FDCWD"
					   : fd >= -4095	? errno_name((int)-fd)
								: NULL);
		return;
	}
	if (!f)
		return;
	len = intern_len(f->name);
	if (!(p = (char *)buffer_reserve(out, len + 8)))
		return;
	*p++ = '(';
	*p++ = '<';
	*p++ = fd_type_char(f);
	if ((p[-1] == '4' || p[-1] == '6') && f->l4proto >= 2 && f->l4proto <= 5)
		*p++ = "tuir"[f->l4proto - 2];
	*p++ = '>';
	if (intern_of(f->name)->plain)
		memcpy(p, f->name, len);
	else
		text_write(p, f->name, len);
	p[len] = ')';
	out->len = (size_t)((uint8_t *)p + len + 1 - out->data);
}

static void render_pid_name(struct buffer *out, int64_t pid, const struct state *st)
{
	const struct thread *t = st && pid > 0 ? state_thread_find((struct state *)st, pid) : NULL;

	if (!t || !t->comm[0])
		return;
	append(out, "(");
	render_text(out, t->comm, strlen(t->comm));
	append(out, ")");
}

static void render_owner_name(struct buffer *out, const struct param_info *info, uint32_t id,
			      const struct state *st)
{
	struct text name = {0};

	if (id == UINT32_MAX) {
		append(out, "(<NONE>)");
		return;
	}
	if (st && info->type == PT_UID) {
		const struct user_entry *u = state_user(st, id);

		name = u ? u->name : name;
	} else if (st) {
		const struct group_entry *g = state_group(st, id);

		name = g ? g->name : name;
	}
	append(out, "(");
	if (name.data)
		render_text(out, name.data, name.len);
	else
		append(out, "<NA>");
	append(out, ")");
}

static void render_names(struct buffer *out, uint64_t value, const struct flag_table *flags,
			 bool exact)
{
	size_t before = out->len;

	buffer_u8(out, '(');
	render_flags(out, value, flags, exact);
	if (out->len == before + 1)
		out->len = before;
	else
		append(out, ")");
}

void render_flags(struct buffer *out, uint64_t value, const struct flag_table *flags, bool exact)
{
	uint64_t left = value;
	bool first = true;

	for (const struct flag_name *f = flags ? flags->rows : NULL; f && f->name; f++) {
		bool is_set;

		if (exact)
			is_set = f->value == value;
		else if (f->value == 0)
			is_set = value == 0;
		else
			is_set = (left & f->value) == f->value;
		if (!is_set)
			continue;
		/* Bits that have a name are not named again: O_RDWR is not O_RDONLY and O_WRONLY. */
		left &= ~f->value;
		if (!first)
			append(out, "|");
		append(out, f->name);
		first = false;
		/* Nothing is left that could match. */
		if (!exact && !left)
			break;
	}
}

const char *render_result(int64_t result)
{
	const char *name = result < 0 && result >= -4095 ? errno_name((int)-result) : NULL;

	return name ? name : result < 0 ? "UNKNOWN" : "SUCCESS";
}

static void render_plain(struct buffer *out, const struct param_info *info, int64_t v)
{
	char *p = (char *)buffer_reserve(out, 32);

	if (!p)
		return;
	if (info->format == PF_HEX && !param_type_is_flags(info->type) && info->type != PT_ERRNO)
		p = hex_write(p, (uint64_t)v);
	else if (info->format == PF_OCT || info->type == PT_MODE)
		p = octal_write(p, (uint64_t)v);
	else
		p = decimal_put_signed(p, v);
	out->len = (size_t)((uint8_t *)p - out->data);
}

static void render_duration(struct buffer *out, uint64_t ns)
{
	if (ns == UINT64_MAX)
		append(out, "none");
	else
		buffer_printf(out, "%llu(%gs)", (unsigned long long)ns, (double)ns / 1e9);
}

static void render_signals(struct buffer *out, uint32_t set)
{
	bool first = true;

	for (int i = 0; i < 32; i++) {
		const char *name = set >> i & 1 ? signal_name(i + 1) : NULL;

		if (!name)
			continue;
		if (!first)
			append(out, " ");
		append(out, name);
		first = false;
	}
}

/* The bytes of negative numbers in hexadecimal are those of the type's width. */
static uint64_t unsigned_of(const struct param *p)
{
	uint64_t v = 0;

	memcpy(&v, p->data, p->len < 8 ? p->len : 8);
	return v;
}

/* param_number for the sizes that nearly all have, without the calls. */
static bool number_of(const struct param *p, enum param_type type, int64_t *ret)
{
	if (p->data && p->len == 8) {
		memcpy(ret, p->data, 8);
		return true;
	}
	if (p->data && p->len == 4 && type != PT_INT32 && type != PT_FD32 && type != PT_PID32) {
		uint32_t v;

		memcpy(&v, p->data, 4);
		*ret = v;
		return true;
	}
	return param_number(p, type, ret);
}

void render_number(struct buffer *out, const struct param_info *info, const struct param *p,
		   const struct state *st)
{
	int64_t v;

	if (!number_of(p, info->type, &v)) {
		append(out, "<NA>");
		return;
	}
	switch ((enum param_type)info->type) {
	case PT_ABSTIME:
		render_time(out, (uint64_t)v);
		return;
	case PT_RELTIME:
		render_duration(out, (uint64_t)v);
		return;
	case PT_SIGSET:
		render_signals(out, (uint32_t)v);
		return;
	case PT_BOOL:
		append(out, v ? "true" : "false");
		return;
	case PT_UID:
	case PT_GID:
		buffer_decimal(out, (uint32_t)v == UINT32_MAX ? -1 : (int64_t)(uint32_t)v);
		render_owner_name(out, info, (uint32_t)v, st);
		return;
	default:
		break;
	}
	render_plain(out, info, info->format == PF_HEX ? (int64_t)unsigned_of(p) : v);
	switch ((enum param_type)info->type) {
	case PT_FD:
	case PT_FD32:
		render_fd_name(out, v, st);
		break;
	case PT_PID:
	case PT_PID32:
		render_pid_name(out, v, st);
		break;
	case PT_ERRNO:
		if (v < 0 && v >= -4095)
			render_in_parentheses(out, errno_name((int)-v));
		break;
	case PT_SIGTYPE:
		if (info->flags)
			render_names(out, unsigned_of(p), info->flags, true);
		else
			render_in_parentheses(out, signal_name((int)v));
		break;
	case PT_SYSCALLID:
		render_in_parentheses(out, ppm_sc_name((unsigned)v));
		break;
	case PT_ENUMFLAGS8:
	case PT_ENUMFLAGS16:
	case PT_ENUMFLAGS32:
		render_names(out, unsigned_of(p), info->flags, true);
		break;
	case PT_FLAGS8:
	case PT_FLAGS16:
	case PT_FLAGS32:
	case PT_MODE:
		render_names(out, unsigned_of(p), info->flags, false);
		break;
	default:
		break;
	}
}
