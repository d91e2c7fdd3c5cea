#include "sinks/strace_pieces.h"

#include "base/decimal.h"

#include <time.h>

#define TEXT_WHOLE	4096 /* paths are not cut by -s */
#define FIRST_RT_SIGNAL 32

void put(const struct strace_print *p, const char *text)
{
	buffer_append(p->out, text, strlen(text));
}

void put_unsigned(const struct strace_print *p, uint64_t v)
{
	char text[DECIMAL_MAX];

	buffer_append(p->out, text, (size_t)(decimal_put(text, v) - text));
}

bool number_of(const struct strace_print *p, const struct strace_arg *arg, unsigned i, int64_t *ret)
{
	int8_t index = i < STRACE_PARAMS ? arg->params[i] : -1;

	if (index < 0 && i == 0)
		return strace_word(p, arg, ret);
	if (index < 0 || index >= p->ev->n_params)
		return false;
	return param_number(event_param(p->ev, (unsigned)index), p->ev->info->params[index].type,
			    ret);
}

bool number_known(const struct strace_print *p, const struct strace_arg *arg, int64_t *ret)
{
	bool known = number_of(p, arg, 0, ret);

	if (!known)
		put(p, "?");
	return known;
}

const struct param *param_of(const struct strace_print *p, const struct strace_arg *arg, unsigned i)
{
	int8_t index = i < STRACE_PARAMS ? arg->params[i] : -1;

	return index < 0 ? &param_absent : event_param(p->ev, (unsigned)index);
}

bool succeeded(const struct strace_print *p)
{
	return p->ev->has_result && !call_failed(p->ev);
}

/* Octal, at least as many digits as strace prints: 0644, 000. */
void put_mode(const struct strace_print *p, int64_t mode)
{
	buffer_printf(p->out, "%#03llo", (unsigned long long)(uint64_t)mode);
}

void put_address(const struct strace_print *p, int64_t address)
{
	if (address)
		buffer_printf(p->out, "%#llx", (unsigned long long)address);
	else
		put(p, "NULL");
}

void put_handler(const struct strace_print *p, uint64_t handler)
{
	if (handler < 2)
		put(p, handler ? "SIG_IGN" : "SIG_DFL");
	else
		buffer_printf(p->out, "%#llx", (unsigned long long)handler);
}

void put_limit(const struct strace_print *p, uint64_t v, bool is_64)
{
	if (v == UINT64_MAX)
		put(p, is_64 ? "RLIM64_INFINITY" : "RLIM_INFINITY");
	else if (v > 1024 && v % 1024 == 0)
		buffer_printf(p->out, "%llu*1024", (unsigned long long)v / 1024);
	else
		buffer_printf(p->out, "%llu", (unsigned long long)v);
}

static bool needs_hex(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] >= 0x7f || (data[i] < 0x20 && !(data[i] >= '\t' && data[i] <= '\r')))
			return true;
	return false;
}

static void put_byte(struct buffer *out, uint8_t c, bool digit_follows)
{
	static const char letters[] = "\tt\nn\vv\ff\rr\"\"\\\\";

	for (const char *l = letters; *l; l += 2)
		if (c == (uint8_t)*l) {
			buffer_u8(out, '\\');
			buffer_u8(out, (uint8_t)l[1]);
			return;
		}
	if (c >= 0x20 && c < 0x7f) {
		buffer_u8(out, c);
		return;
	}
	/* in octal, of three digits where another would be taken for one of them */
	buffer_u8(out, '\\');
	for (unsigned shift = digit_follows || c > 077 ? 6 : c > 07 ? 3 : 0;; shift -= 3) {
		buffer_u8(out, (uint8_t)('0' + (c >> shift & 7)));
		if (!shift)
			break;
	}
}

void strace_text(const struct strace_print *p, const uint8_t *data, size_t len, uint64_t whole,
		 unsigned hex)
{
	const size_t max = p->o->string_max;
	const size_t n = len < max ? len : max;
	const bool all_hex = hex > 1 || (hex && needs_hex(data, n));

	buffer_u8(p->out, '"');
	for (size_t i = 0; i < n; i++)
		if (all_hex)
			buffer_printf(p->out, "\\x%02x", data[i]);
		else
			put_byte(p->out, data[i], i + 1 < n && data[i + 1] >= '0' && data[i + 1] <= '7');
	buffer_u8(p->out, '"');
	if (whole > n)
		put(p, "...");
}

void put_whole_text(const struct strace_print *p, const uint8_t *data, size_t len)
{
	struct strace_options o = {.string_max = TEXT_WHOLE};
	struct strace_print whole = {.o = &o, .out = p->out};

	strace_text(&whole, data, len, len, p->o->hex);
}

void strace_flag_names(struct buffer *out, uint64_t value, const struct flag_table *names)
{
	bool more = false;

	for (const struct flag_name *row = names->rows; row->name; row++) {
		if (row->value ? (value & row->value) != row->value : value != 0 || more)
			continue;
		value &= ~row->value;
		if (!strcmp(row->name, "-"))
			continue;
		if (more)
			buffer_u8(out, '|');
		buffer_append(out, row->name, strlen(row->name));
		more = true;
	}
	/* zero is printed without 0x */
	if (value || !more)
		buffer_printf(out, "%s%#llx", more ? "|" : "", (unsigned long long)value);
}

/* One name for the whole value; false: it has none. */
bool put_name(const struct strace_print *p, uint64_t value, const char *set)
{
	const struct flag_table *names = strace_flags(set);

	for (const struct flag_name *row = names ? names->rows : NULL; row && row->name; row++)
		if (row->value == value) {
			put(p, row->name);
			return true;
		}
	return false;
}

void strace_signal(struct buffer *out, int number)
{
	const char *name = number > 0 && number < FIRST_RT_SIGNAL ? signal_name(number) : NULL;

	if (name)
		buffer_append(out, name, strlen(name));
	else if (number == FIRST_RT_SIGNAL)
		buffer_printf(out, "SIGRTMIN");
	else if (number > FIRST_RT_SIGNAL && number <= 64)
		buffer_printf(out, "SIGRT_%d", number - FIRST_RT_SIGNAL);
	else
		buffer_printf(out, "%d", number);
}

void put_signals(const struct strace_print *p, uint64_t set, int last)
{
	const bool inverted = __builtin_popcountll(set) * 3 > 2 * last;
	bool more = false;

	buffer_printf(p->out, "%s[", inverted ? "~" : "");
	for (int i = 1; i <= last; i++) {
		size_t at;

		if ((set >> (i - 1) & 1) == inverted)
			continue;
		if (more)
			buffer_u8(p->out, ' ');
		more = true;
		at = p->out->len;
		strace_signal(p->out, i);
		/* without its SIG */
		if (!buffer_failed(p->out) && p->out->len - at > 3) {
			memmove(p->out->data + at, p->out->data + at + 3, p->out->len - at - 3);
			p->out->len -= 3;
		}
	}
	buffer_u8(p->out, ']');
}

void put_date(const struct strace_print *p, int64_t seconds, int64_t part, unsigned digits)
{
	time_t t = (time_t)seconds;
	char text[64], zone[16];
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) ||
	    !strftime(zone, sizeof zone, "%z", &tm))
		return;
	buffer_printf(p->out, " /* %s", text);
	if (part)
		buffer_printf(p->out, ".%0*lld", (int)digits, (long long)part);
	buffer_printf(p->out, "%s */", zone);
}

bool put_list_gap(const struct strace_print *p, uint64_t i, const void *at)
{
	put(p, i ? ", " : "");
	if (at && (i < p->o->string_max || p->o->verbose))
		return true;
	put(p, "...");
	return false;
}
