#include "sinks/packet_look.h"

#include "sinks/json_text.h"
#include "state/address.h"

#include <stdio.h>

enum { ETHER_IPV4 = 0x0800, ETHER_ARP = 0x0806, ETHER_VLAN = 0x8100, ETHER_QINQ = 0x88a8, ETHER_IPV6 = 0x86dd };
enum { IP_HOPOPTS = 0, IP_ICMP = 1, IP_ROUTING = 43, IP_FRAGMENT = 44, IP_ICMPV6 = 58, IP_DSTOPTS = 60 };
#define TAGS_MAX       4  /* VLAN tags in front of what they tag */
#define EXTENSIONS_MAX 16 /* headers between IPv6 and its payload */

static uint16_t be16(struct cursor *c)
{
	const uint8_t *p = cursor_bytes(c, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static uint16_t ethernet(struct cursor *c)
{
	uint16_t type;

	cursor_bytes(c, 12);
	type = be16(c);
	for (unsigned i = 0; i < TAGS_MAX && (type == ETHER_VLAN || type == ETHER_QINQ); i++) {
		cursor_bytes(c, 2);
		type = be16(c);
	}
	return type;
}

/* BSD's loopback: the family in the byte order of whoever captured. */
static uint16_t null_link(struct cursor *c)
{
	uint32_t family = cursor_u32(c);

	if (family > 0xffff)
		family = __builtin_bswap32(family);
	return family == 2 ? ETHER_IPV4 : family == 24 || family == 28 || family == 30 || family == 10 ? ETHER_IPV6 : 0;
}

static uint16_t raw_link(const struct cursor *c)
{
	uint8_t version = cursor_left(c) ? *c->at >> 4 : 0;

	return version == 4 ? ETHER_IPV4 : version == 6 ? ETHER_IPV6 : 0;
}

/* The EtherType of what lies behind the link's header, where the cursor then stands. 0: unknown. */
static uint16_t link_pass(uint16_t link_type, struct cursor *c)
{
	uint16_t type;

	switch (link_type) { /* tcpdump.org/linktypes.html */
	case 1:
		return ethernet(c);
	case 0:
	case 108:
		return null_link(c);
	case 12:
	case 101:
	case 228:
	case 229:
		return raw_link(c);
	case 113: /* LINUX_SLL */
		cursor_bytes(c, 14);
		return be16(c);
	case 276: /* LINUX_SLL2 */
		type = be16(c);
		cursor_bytes(c, 18);
		return type;
	default:
		return 0;
	}
}

static void take_address(struct cursor *c, struct packet_end *end, size_t len)
{
	const uint8_t *p = cursor_bytes(c, len);

	if (p)
		memcpy(end->address, p, len);
}

static void take_ipv4(struct cursor *c, struct packet_view *ret)
{
	uint8_t words = cursor_u8(c);
	uint16_t fragment;

	cursor_bytes(c, 5);
	fragment = be16(c) & 0x1fff;
	cursor_u8(c);
	ret->protocol = cursor_u8(c);
	cursor_bytes(c, 2);
	take_address(c, &ret->from, 4);
	take_address(c, &ret->to, 4);
	ret->is_ip = !cursor_failed(c) && words >> 4 == 4 && (words & 15) >= 5;
	cursor_bytes(c, (size_t)((words & 15) - 5) * 4 & 63);
	ret->has_ports = ret->is_ip && !fragment;
}

static void take_ipv6(struct cursor *c, struct packet_view *ret)
{
	uint8_t version = cursor_u8(c);

	cursor_bytes(c, 5);
	ret->protocol = cursor_u8(c);
	cursor_u8(c);
	take_address(c, &ret->from, 16);
	take_address(c, &ret->to, 16);
	ret->is_v6 = ret->is_ip = !cursor_failed(c) && version >> 4 == 6;
	ret->has_ports = ret->is_ip;
	for (unsigned i = 0; i < EXTENSIONS_MAX && !cursor_failed(c); i++) {
		uint8_t kind = ret->protocol;

		if (kind != IP_HOPOPTS && kind != IP_ROUTING && kind != IP_DSTOPTS && kind != IP_FRAGMENT)
			break;
		ret->protocol = cursor_u8(c);
		if (kind == IP_FRAGMENT) {
			cursor_u8(c);
			ret->has_ports &= !(be16(c) & 0xfff8);
			cursor_bytes(c, 4);
		} else {
			cursor_bytes(c, (size_t)cursor_u8(c) * 8 + 6);
		}
	}
}

static void take_ports(struct cursor *c, struct packet_view *ret)
{
	if (ret->protocol != PROTOCOL_TCP && ret->protocol != PROTOCOL_UDP)
		ret->has_ports = false;
	if (!ret->has_ports)
		return;
	ret->from.port = be16(c);
	ret->to.port = be16(c);
	ret->has_ports = !cursor_failed(c);
	if (ret->protocol == PROTOCOL_TCP) {
		cursor_bytes(c, 9);
		ret->tcp_flags = cursor_u8(c);
	}
}

static const char *protocol_name(const struct packet_view *v)
{
	switch (v->protocol) {
	case PROTOCOL_TCP:
		return "tcp";
	case PROTOCOL_UDP:
		return "udp";
	case IP_ICMP:
		return "icmp";
	case IP_ICMPV6:
		return "icmp6";
	default:
		return v->is_v6 ? "ip6" : "ip";
	}
}

void packet_look(const struct packet *p, struct packet_view *ret)
{
	struct cursor c = cursor_over(p->data, p->captured);
	uint16_t type = link_pass(p->link_type, &c);

	*ret = (struct packet_view){.name = type == ETHER_ARP ? "arp" : "packet"};
	if (type == ETHER_IPV4)
		take_ipv4(&c, ret);
	else if (type == ETHER_IPV6)
		take_ipv6(&c, ret);
	if (!ret->is_ip)
		return;
	take_ports(&c, ret);
	ret->name = protocol_name(ret);
}

static size_t end_text(char *out, const struct packet_view *v, const struct packet_end *end)
{
	size_t n = ip_text(out, end->address, v->is_v6);

	if (v->has_ports)
		n += (size_t)snprintf(out + n, 8, ":%u", end->port);
	return n;
}

static const struct {
	uint8_t bit;
	const char *name;
} tcp_flag_names[] = {{TCP_SYN, "syn"}, {TCP_FIN, "fin"}, {TCP_RST, "rst"}, {TCP_PSH, "psh"}, {TCP_ACK, "ack"}};

/* Names of interfaces are other people's bytes. */
static void put_name(struct buffer *out, struct text name)
{
	for (uint32_t i = 0; i < name.len; i++)
		buffer_u8(out, name.data[i] > 0x20 && name.data[i] < 0x7f ? (uint8_t)name.data[i] : '.');
	if (!name.len)
		buffer_u8(out, '-');
}

void packet_line(struct buffer *out, const struct packet *p)
{
	char from[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX];
	struct packet_view v;
	const char *gap = " [", *end = "";

	packet_look(p, &v);
	put_name(out, p->interface);
	buffer_printf(out, " %u bytes %s", p->original, v.name);
	if (!v.is_ip)
		return;
	from[end_text(from, &v, &v.from)] = 0;
	to[end_text(to, &v, &v.to)] = 0;
	buffer_printf(out, " %s > %s", from, to);
	for (unsigned i = 0; i < sizeof tcp_flag_names / sizeof *tcp_flag_names; i++)
		if (v.tcp_flags & tcp_flag_names[i].bit) {
			buffer_printf(out, "%s%s", gap, tcp_flag_names[i].name);
			gap = " ";
			end = "]";
		}
	buffer_printf(out, "%s", end);
}

void packet_json(struct buffer *out, const struct packet *p)
{
	char text[ADDRESS_TEXT_MAX];
	struct packet_view v;

	packet_look(p, &v);
	buffer_printf(out, "{\"packet.time\":%llu,\"packet.interface\":", (unsigned long long)p->time_ns);
	json_string(out, p->interface.data, p->interface.len);
	buffer_printf(out, ",\"packet.link_type\":%u,\"packet.captured\":%u,\"packet.len\":%u,\"packet.proto\":\"%s\"",
		      p->link_type, p->captured, p->original, v.name);
	if (v.is_ip) {
		text[ip_text(text, v.from.address, v.is_v6)] = 0;
		buffer_printf(out, ",\"packet.src\":\"%s\"", text);
		text[ip_text(text, v.to.address, v.is_v6)] = 0;
		buffer_printf(out, ",\"packet.dst\":\"%s\"", text);
	}
	if (v.has_ports)
		buffer_printf(out, ",\"packet.sport\":%u,\"packet.dport\":%u", v.from.port, v.to.port);
	if (v.protocol == PROTOCOL_TCP && v.has_ports)
		buffer_printf(out, ",\"packet.tcp_flags\":%u", v.tcp_flags);
	buffer_u8(out, '}');
}
