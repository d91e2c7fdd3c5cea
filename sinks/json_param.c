#include "sinks/json_param.h"

#include "sinks/json_text.h"

#include <arpa/inet.h>

/* Families as socket parameters carry them: Linux's numbers. */
enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10 };

static void put(struct buffer *out, const char *text)
{
	buffer_append(out, text, strlen(text));
}

/* "A|B" from `from` on, in place of which comes ["A","B"]. */
static void split_names(struct buffer *out, size_t from)
{
	char names[2048];
	size_t len = out->len - from;

	if (buffer_failed(out) || len > sizeof names)
		len = 0;
	if (len)
		memcpy(names, out->data + from, len);
	out->len = buffer_failed(out) ? out->len : from;
	buffer_u8(out, '[');
	for (size_t at = 0; at < len;) {
		const char *bar = memchr(names + at, '|', len - at);
		size_t n = bar ? (size_t)(bar - names) - at : len - at;

		if (at)
			buffer_u8(out, ',');
		json_string(out, names + at, n);
		at += n + 1;
	}
	buffer_u8(out, ']');
}

/* v as the number itself, extended by its sign; value as its bits alone, which names are compared with. */
static void put_named(struct buffer *out, int64_t v, uint64_t value, const struct param_info *info)
{
	bool exact = info->type == PT_SIGTYPE ||
		     (info->type >= PT_ENUMFLAGS8 && info->type <= PT_ENUMFLAGS32);
	const struct flag_table *flags = info->flags;
	size_t at;

	put(out, "{\"value\":");
	if (param_type_is_signed(info->type))
		json_signed(out, v);
	else
		json_unsigned(out, value);
	put(out, ",\"names\":");
	at = out->len;
	if (flags)
		render_flags(out, value, flags, exact);
	split_names(out, at);
	buffer_u8(out, '}');
}

/* The same with at most one name that comes from elsewhere. */
static void put_numbered(struct buffer *out, uint64_t value, const char *name)
{
	put(out, "{\"value\":");
	json_unsigned(out, value);
	put(out, ",\"names\":[");
	if (name)
		json_string(out, name, strlen(name));
	put(out, "]}");
}

static void put_sigset(struct buffer *out, uint64_t set)
{
	bool first = true;

	put(out, "{\"value\":");
	json_unsigned(out, set);
	put(out, ",\"names\":[");
	for (int i = 0; i < 64; i++) {
		const char *name = set >> i & 1 ? signal_name(i + 1) : NULL;

		if (!name)
			continue;
		if (!first)
			buffer_u8(out, ',');
		json_string(out, name, strlen(name));
		first = false;
	}
	put(out, "]}");
}

static void put_text(struct buffer *out, const uint8_t *data, size_t len)
{
	json_string(out, data, len && data[len - 1] == 0 ? len - 1 : len);
}

/* "a\0b\0" -> ["a","b"] */
static void put_list(struct buffer *out, const uint8_t *data, size_t len)
{
	buffer_u8(out, '[');
	for (size_t at = 0; at < len;) {
		const uint8_t *nul = memchr(data + at, 0, len - at);
		size_t n = nul ? (size_t)(nul - data) - at : len - at;

		if (at)
			buffer_u8(out, ',');
		json_string(out, data + at, n);
		at += n + 1;
	}
	buffer_u8(out, ']');
}

static void put_address(struct buffer *out, int family, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address)
		inet_ntop(family == FAMILY_INET ? AF_INET : AF_INET6, address, text, sizeof text);
	json_string(out, text, strlen(text));
}

/* Address and mask. */
static void put_network(struct buffer *out, const uint8_t *data)
{
	char address[INET_ADDRSTRLEN] = "", mask[INET_ADDRSTRLEN] = "";

	inet_ntop(AF_INET, data, address, sizeof address);
	inet_ntop(AF_INET, data + 4, mask, sizeof mask);
	buffer_printf(out, "\"%s/%s\"", address, mask);
}

static void put_family(struct buffer *out, uint8_t family)
{
	const struct flag_table *families = flag_table_find("socket_families");
	size_t at;

	put(out, "{\"family\":\"");
	at = out->len;
	if (families)
		render_flags(out, family, families, true);
	if (out->len == at)
		json_unsigned(out, family);
	buffer_u8(out, '"');
}

static size_t address_size(uint8_t family)
{
	return family == FAMILY_INET ? 4 : 16;
}

static void put_sockaddr(struct buffer *out, const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);
	uint8_t family = cursor_u8(&c);

	put_family(out, family);
	if (family == FAMILY_UNIX) {
		put(out, ",\"path\":");
		put_text(out, c.at, cursor_left(&c));
	} else if (family == FAMILY_INET || family == FAMILY_INET6) {
		const uint8_t *address = cursor_bytes(&c, address_size(family));
		uint16_t port = cursor_u16(&c);

		put(out, ",\"ip\":");
		put_address(out, family, address);
		put(out, ",\"port\":");
		json_unsigned(out, port);
	}
	buffer_u8(out, '}');
}

static void put_tuple(struct buffer *out, const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);
	uint8_t family = cursor_u8(&c);

	put_family(out, family);
	if (family == FAMILY_UNIX) {
		put(out, ",\"source\":");
		json_unsigned(out, cursor_u64(&c));
		put(out, ",\"peer\":");
		json_unsigned(out, cursor_u64(&c));
		put(out, ",\"path\":");
		put_text(out, c.at, cursor_left(&c));
	} else if (family == FAMILY_INET || family == FAMILY_INET6) {
		static const char *const keys[2][2] = {{",\"sip\":", ",\"sport\":"},
						       {",\"dip\":", ",\"dport\":"}};

		for (unsigned end = 0; end < 2; end++) {
			put(out, keys[end][0]);
			put_address(out, family, cursor_bytes(&c, address_size(family)));
			put(out, keys[end][1]);
			json_unsigned(out, cursor_u16(&c));
		}
	}
	buffer_u8(out, '}');
}

static void put_fdlist(struct buffer *out, const uint8_t *data, size_t len)
{
	const struct param_info poll = {.type = PT_FLAGS16, .flags = flag_table_find("poll_flags")};
	struct cursor c = cursor_over(data, len);
	unsigned n = cursor_u16(&c);

	buffer_u8(out, '[');
	for (unsigned i = 0; i < n; i++) {
		int64_t fd = cursor_i64(&c);
		uint16_t events = cursor_u16(&c);

		if (cursor_failed(&c))
			break;
		put(out, i ? ",{\"fd\":" : "{\"fd\":");
		json_signed(out, fd);
		put(out, ",\"events\":");
		put_named(out, events, events, &poll);
		buffer_u8(out, '}');
	}
	buffer_u8(out, ']');
}

static void put_bytes(struct buffer *out, const uint8_t *data, size_t len,
		      const struct render_options *render)
{
	if (render && render->view == VIEW_BASE64)
		json_base64(out, data, len);
	else if (render && render->view == VIEW_HEX)
		json_hex(out, data, len);
	else
		json_string(out, data, len);
}

static void put_double(struct buffer *out, const uint8_t *data)
{
	double v;

	memcpy(&v, data, sizeof v);
	json_double(out, v);
}

/* Types of a fixed size; p has been checked to hold as many bytes. */
static void put_fixed(struct buffer *out, const struct param_info *info, const struct param *p)
{
	int64_t v = 0;
	uint64_t bits;
	unsigned size = param_type_size(info->type);

	if (info->type == PT_DOUBLE) {
		put_double(out, p->data);
		return;
	}
	if (!param_number(p, info->type, &v)) {
		put(out, "null");
		return;
	}
	bits = size < 8 ? (uint64_t)v & ((1ull << size * 8) - 1) : (uint64_t)v;
	switch ((enum param_type)info->type) {
	case PT_SYSCALLID:
		put_numbered(out, bits, ppm_sc_name((unsigned)bits));
		return;
	case PT_SIGTYPE:
		if (!info->flags) {
			put_numbered(out, bits, signal_name((int)bits));
			return;
		}
		break; /* the file has names of its own */
	case PT_SIGSET:
		put_sigset(out, bits);
		return;
	case PT_BOOL:
		put(out, v ? "true" : "false");
		return;
	case PT_IPV4ADDR:
		put_address(out, FAMILY_INET, p->data);
		return;
	case PT_IPV4NET:
		put_network(out, p->data);
		return;
	case PT_RELTIME:
		if (bits == UINT64_MAX)
			put(out, "null");
		else
			json_unsigned(out, bits);
		return;
	default:
		break;
	}
	if (info->flags)
		put_named(out, v, bits, info);
	else if (param_type_is_signed(info->type))
		json_signed(out, v);
	else
		json_unsigned(out, bits);
}

static bool is_text_list(const struct event_info *event, const struct param_info *info)
{
	return (event->category & 0xff) == EC_PROCESS &&
	       (!strcmp(info->name, "args") || !strcmp(info->name, "env") ||
		!strcmp(info->name, "cgroups"));
}

static void put_value(struct buffer *out, const struct event_info *event,
		      const struct param_info *info, const struct param *p,
		      const struct render_options *render)
{
	unsigned size = param_type_size(info->type);

	if (!p->data || (size && p->len != size)) {
		put(out, "null");
		return;
	}
	switch ((enum param_type)info->type) {
	case PT_SOCKADDR:
		if (p->len)
			put_sockaddr(out, p->data, p->len);
		else
			put(out, "null");
		break;
	case PT_SOCKTUPLE:
		if (p->len)
			put_tuple(out, p->data, p->len);
		else
			put(out, "null");
		break;
	case PT_FDLIST:
		put_fdlist(out, p->data, p->len);
		break;
	case PT_IPV6ADDR:
		put_address(out, FAMILY_INET6, p->data);
		break;
	case PT_IPADDR:
		if (p->len == 4 || p->len == 16)
			put_address(out, p->len == 4 ? FAMILY_INET : FAMILY_INET6, p->data);
		else
			put(out, "null");
		break;
	default:
		if (param_type_is_text(info->type) && !p->len)
			put(out, "null"); /* not available; empty text has its NUL */
		else if (param_type_is_text(info->type))
			put_text(out, p->data, p->len);
		else if (size)
			put_fixed(out, info, p);
		else if (is_text_list(event, info))
			put_list(out, p->data, p->len);
		else
			put_bytes(out, p->data, p->len, render);
	}
}

enum json_kind json_kind_of(const struct event_info *event, unsigned i,
			    const struct render_options *render)
{
	const struct param_info *info = &event->params[i];

	switch ((enum param_type)info->type) {
	case PT_DOUBLE:
	case PT_SYSCALLID:
	case PT_SIGTYPE:
	case PT_SIGSET:
	case PT_BOOL:
	case PT_IPV4ADDR:
	case PT_IPV4NET:
	case PT_IPV6ADDR:
	case PT_IPADDR:
	case PT_RELTIME:
		return JSON_ANY;
	case PT_MEMORY:
		return JSON_MEMORY;
	case PT_BYTEBUF:
		return is_text_list(event, info) || render->view == VIEW_BASE64 ||
			       render->view == VIEW_HEX
			   ? JSON_ANY
			   : JSON_BYTES;
	default:
		break;
	}
	if (param_type_is_text(info->type))
		return JSON_TEXT;
	if (info->flags || (param_type_size(info->type) != 1 && param_type_size(info->type) != 2 &&
			    param_type_size(info->type) != 4 && param_type_size(info->type) != 8))
		return JSON_ANY;
	return param_type_is_signed(info->type) ? JSON_SIGNED : JSON_UNSIGNED;
}

void json_param(struct buffer *out, struct event *ev, unsigned i,
		const struct render_options *render)
{
	const struct param_info *info = &ev->info->params[i];
	const struct param *p = event_param(ev, i);

	/* A byte in front says which of the alternatives follows. */
	if (info->type == PT_DYN && p->data && p->len && p->data[0] < info->n_dynamic) {
		struct param inner = {p->data + 1, p->len - 1};

		put_value(out, ev->info, &info->dynamic[p->data[0]], &inner, render);
		return;
	}
	put_value(out, ev->info, info, p, render);
}
