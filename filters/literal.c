/* Values as numbers, truths, addresses and bytes. */
#include "filters/ast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", UINT64_C(60000000000)},
	{"h", UINT64_C(3600000000000)}, {NULL, 0},
};
static const struct unit size_units[] = {
	{"k", 1 << 10}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0},
};

static const struct unit *unit_find(const char *name, enum param_type type)
{
	static const struct unit one = {"", 1};
	const struct unit *u = type == PT_RELTIME || type == PT_ABSTIME ? time_units : size_units;

	if (!*name)
		return &one;
	for (; u->name; u++)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

/* Decimal digits without a fraction, exactly. */
static bool whole_digits(const char **text, wide *ret)
{
	const char *p = *text;
	wide v = 0;

	while (*p >= '0' && *p <= '9' && v < (wide)1 << 96)
		v = v * 10 + (*p++ - '0');
	if (p == *text || *p == '.' || *p == 'e' || *p == 'E' || (*p >= '0' && *p <= '9'))
		return false;
	*text = p;
	*ret = v;
	return true;
}

static bool hex_digits(const char **text, wide *ret)
{
	char *end;

	if ((*text)[0] != '0' || ((*text)[1] != 'x' && (*text)[1] != 'X'))
		return false;
	errno = 0;
	*ret = (wide)strtoull(*text + 2, &end, 16);
	if (end == *text + 2 || errno || (*text)[2] == '-' || (*text)[2] == '+')
		return false;
	*text = end;
	return true;
}

static bool fraction(const char **text, long double *ret)
{
	char *end;

	if (!((**text >= '0' && **text <= '9') || **text == '.'))
		return false;
	*ret = strtold(*text, &end);
	if (end == *text || !isfinite((double)*ret))
		return false;
	*text = end;
	return true;
}

/* false: not a number. *ret_real has the fraction too; *ret is cut to the whole number. */
bool parse_number(const char *text, enum param_type type, wide *ret, double *ret_real)
{
	bool negative = *text == '-';
	const struct unit *unit;
	long double real;
	wide v = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (hex_digits(&text, &v) || whole_digits(&text, &v)) {
		unit = unit_find(text, type);
		if (!unit)
			return false;
		v *= unit->factor;
		real = (long double)v;
	} else {
		if (!fraction(&text, &real) || !(unit = unit_find(text, type)))
			return false;
		real *= unit->factor;
		if (real >= 0x1p100L)
			return false;
		v = (wide)real;
	}
	*ret = negative ? -v : v;
	*ret_real = (double)(negative ? -real : real);
	return true;
}

static int shown(const struct literal *v)
{
	return v->source.text.len > 60 ? 60 : (int)v->source.text.len;
}

int literal_number(const struct lexer *l, struct literal *v, const struct field_info *info)
{
	const char *text = v->source.text.data;
	bool time = info->type == PT_RELTIME || info->type == PT_ABSTIME;

	if (!parse_number(text, info->type, &v->number, &v->real))
		return lexer_error(l, v->source.at, "'%.*s' is not a number, which %s is compared with%s",
				   shown(v), text, info->name,
				   time ? " (units: ns us ms s m h)" : "");
	if (info->type != PT_DOUBLE && (double)v->number != v->real && fabs(v->real) < 0x1p53)
		return lexer_error(l, v->source.at, "'%.*s' is not a whole number, which %s is", shown(v),
				   text, info->name);
	if (v->number > (wide)UINT64_MAX || v->number < (wide)INT64_MIN)
		return lexer_error(l, v->source.at, "'%.*s' does not fit in 64 bits", shown(v), text);
	v->is_number = true;
	return 0;
}

int literal_bool(const struct lexer *l, struct literal *v, const struct field_info *info)
{
	const char *text = v->source.text.data;

	if (!strcmp(text, "true") || !strcmp(text, "1"))
		v->number = 1;
	else if (strcmp(text, "false") && strcmp(text, "0"))
		return lexer_error(l, v->source.at, "%s is true or false, not '%.*s'", info->name, shown(v),
				   text);
	v->is_number = true;
	return 0;
}

static bool parse_address(const char *text, struct literal *v)
{
	if (inet_pton(AF_INET, text, v->address) == 1)
		v->address_len = 4;
	else if (inet_pton(AF_INET6, text, v->address) == 1)
		v->address_len = 16;
	else
		return false;
	v->prefix = (uint8_t)(v->address_len * 8);
	v->is_address = true;
	return true;
}

/* Addresses; for PT_IPNET fields networks too: 10.0.0.0/8. */
int literal_address(const struct lexer *l, struct literal *v, const struct field_info *info)
{
	const char *text = v->source.text.data, *slash = strchr(text, '/');
	char front[INET6_ADDRSTRLEN + 1];
	char *end;
	unsigned long bits;

	if (!slash) {
		if (parse_address(text, v))
			return 0;
		return lexer_error(l, v->source.at, "'%.*s' is not an IP address, which %s is compared with",
				   shown(v), text, info->name);
	}
	if (info->type != PT_IPNET)
		return lexer_error(l, v->source.at, "%s is compared with addresses; networks go with fd.net, "
				   "fd.cnet, fd.snet, fd.lnet and fd.rnet", info->name);
	if ((size_t)(slash - text) < sizeof front) {
		memcpy(front, text, (size_t)(slash - text));
		front[slash - text] = 0;
		bits = slash[1] >= '0' && slash[1] <= '9' ? strtoul(slash + 1, &end, 10) : ~0ul;
		if (bits <= 128 && !*end && parse_address(front, v) && bits <= v->address_len * 8u) {
			v->prefix = (uint8_t)bits;
			return 0;
		}
	}
	return lexer_error(l, v->source.at, "'%.*s' is not a network such as 10.0.0.0/8 or fe80::/10",
			   shown(v), text);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
					    : c >= 'A' && c <= 'F'   ? c - 'A' + 10
								      : -1;
}

int literal_hex(const struct lexer *l, struct literal *v, struct arena *arena)
{
	struct text t = v->source.text;
	char *bytes = arena_take(arena, t.len / 2 + 1);

	if (!bytes)
		return error_set(l->err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i + 1 < t.len && digit(t.data[i]) >= 0 && digit(t.data[i + 1]) >= 0; i += 2) {
		bytes[i / 2] = (char)(digit(t.data[i]) << 4 | digit(t.data[i + 1]));
		v->bytes.len++;
	}
	if (t.len == 0 || v->bytes.len * 2 != t.len)
		return lexer_error(l, v->source.at, "'%.*s' is not bytes in hexadecimal, two digits each",
				   shown(v), t.data);
	v->bytes.data = bytes;
	return 0;
}
