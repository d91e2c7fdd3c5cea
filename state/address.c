#include "state/address.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <stdio.h>

/* An IPv4 address inside IPv6; the unspecified address counts, as it does for the family. */
static bool is_mapped(const uint8_t *a)
{
	static const uint8_t zeros[16], prefix[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(a, prefix, sizeof prefix) == 0 || memcmp(a, zeros, sizeof zeros) == 0;
}

static void unmap(uint8_t *a)
{
	memmove(a, a + 12, 4);
	memset(a + 4, 0, 12);
}

static void take(struct cursor *c, void *to, size_t len)
{
	const uint8_t *p = cursor_bytes(c, len);

	if (p)
		memcpy(to, p, len);
}

static void take_path(struct cursor *c, struct socket_tuple *t)
{
	t->path = (const char *)c->at;
	t->path_len = strnlen(t->path, cursor_left(c));
}

bool socket_tuple_parse(struct socket_tuple *ret, const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, data ? len : 0);

	*ret = (struct socket_tuple){.family = cursor_u8(&c)};
	switch (ret->family) {
	case FAMILY_IPV4:
	case FAMILY_IPV6:
		take(&c, ret->sip, ret->family == FAMILY_IPV4 ? 4 : 16);
		ret->sport = cursor_u16(&c);
		take(&c, ret->dip, ret->family == FAMILY_IPV4 ? 4 : 16);
		ret->dport = cursor_u16(&c);
		break;
	case FAMILY_UNIX:
		ret->unix_source = cursor_u64(&c);
		ret->unix_peer = cursor_u64(&c);
		take_path(&c, ret);
		break;
	default:
		return false;
	}
	if (ret->family == FAMILY_IPV6 && is_mapped(ret->sip) && is_mapped(ret->dip)) {
		ret->family = FAMILY_IPV4;
		unmap(ret->sip);
		unmap(ret->dip);
	}
	return !cursor_failed(&c);
}

bool socket_address_parse(struct socket_tuple *ret, const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, data ? len : 0);

	*ret = (struct socket_tuple){.family = cursor_u8(&c)};
	switch (ret->family) {
	case FAMILY_IPV4:
	case FAMILY_IPV6:
		take(&c, ret->sip, ret->family == FAMILY_IPV4 ? 4 : 16);
		ret->sport = cursor_u16(&c);
		break;
	case FAMILY_UNIX:
		take_path(&c, ret);
		break;
	default:
		return false;
	}
	if (ret->family == FAMILY_IPV6 && is_mapped(ret->sip) && ret->sip[10]) {
		ret->family = FAMILY_IPV4;
		unmap(ret->sip);
	}
	return !cursor_failed(&c);
}

static char *number_text(char *out, unsigned v)
{
	char digits[5];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*out++ = digits[--n];
	return out;
}

size_t ip_text(char *out, const uint8_t *address, bool is_v6)
{
	char *p = out;

	if (is_v6) {
		if (!inet_ntop(AF_INET6, address, out, INET6_ADDRSTRLEN))
			*out = 0;
		return strlen(out);
	}
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = number_text(p, address[i]);
	}
	*p = 0;
	return (size_t)(p - out);
}

static char *end_text(char *out, const uint8_t *address, uint16_t port, bool is_v6)
{
	out += ip_text(out, address, is_v6);
	*out++ = ':';
	return number_text(out, port);
}

/* Paths in unix addresses are at most 108 bytes; what is longer comes from damaged input. */
static size_t path_shown(const struct socket_tuple *t)
{
	return t->path_len < 108 ? t->path_len : 108;
}

size_t socket_tuple_text(char *out, const struct socket_tuple *t)
{
	char *p = out;

	if (t->family == FAMILY_UNIX) {
		p += snprintf(out, ADDRESS_TEXT_MAX, "%llx->%llx",
			      (unsigned long long)t->unix_source, (unsigned long long)t->unix_peer);
		if (t->path_len) {
			*p++ = ' ';
			memcpy(p, t->path, path_shown(t));
			p += path_shown(t);
		}
	} else {
		p = end_text(p, t->sip, t->sport, t->family == FAMILY_IPV6);
		*p++ = '-';
		*p++ = '>';
		p = end_text(p, t->dip, t->dport, t->family == FAMILY_IPV6);
	}
	*p = 0;
	return (size_t)(p - out);
}

size_t socket_address_text(char *out, const struct socket_tuple *t)
{
	char *p = out;

	if (t->family == FAMILY_UNIX) {
		memcpy(p, t->path, path_shown(t));
		p += path_shown(t);
	} else {
		p = end_text(p, t->sip, t->sport, t->family == FAMILY_IPV6);
	}
	*p = 0;
	return (size_t)(p - out);
}
