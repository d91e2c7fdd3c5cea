/* Kinds of arguments: sockets, and what is waited for. */
#include "sinks/strace_pieces.h"
#include "state/address.h"

PRINT(family)
{
	int64_t v;

	/* each of them has a second name in the table */
	if (number_of(p, arg, 0, &v) && (v == FAMILY_UNIX || v == FAMILY_NETLINK))
		put(p, v == FAMILY_UNIX ? "AF_UNIX" : "AF_NETLINK");
	else
		print_enum(p, arg);
}

PRINT(socktype)
{
	int64_t v;

	if (!number_known(p, arg, &v))
		return;
	if (v & 0xf && !put_name(p, (uint64_t)v & 0xf, "strace_socket"))
		buffer_printf(p->out, "%#llx", (unsigned long long)v & 0xf);
	else if (!(v & 0xf) && !(v & 0x80800))
		buffer_u8(p->out, '0');
	put(p, v & 0x80000 && v & 0xf ? "|" : "");
	put(p, v & 0x80000 ? "SOCK_CLOEXEC" : "");
	put(p, v & 0x800 && v & 0x8000f ? "|" : "");
	put(p, v & 0x800 ? "SOCK_NONBLOCK" : "");
}

PRINT(proto)
{
	int64_t v, domain = 0;

	if (!number_known(p, arg, &v))
		return;
	number_of(p, arg, 1, &domain);
	if ((domain == FAMILY_IPV4 || domain == FAMILY_IPV6) && put_name(p, (uint64_t)v, "strace_protocol"))
		return;
	if (domain == FAMILY_NETLINK && put_name(p, (uint64_t)v, "strace_netlink"))
		return;
	buffer_decimal(p->out, v);
}

static void put_endpoint(const struct strace_print *p, const struct socket_tuple *t)
{
	char text[ADDRESS_TEXT_MAX];
	size_t len;

	switch (t->family) {
	case FAMILY_UNIX:
		put(p, "{sa_family=AF_UNIX");
		if (t->path_len) {
			put(p, t->path[0] ? ", sun_path=" : ", sun_path=@");
			put_whole_text(p, (const uint8_t *)t->path + !t->path[0], t->path_len - !t->path[0]);
		}
		put(p, "}");
		break;
	case FAMILY_IPV4:
		len = ip_text(text, t->sip, false);
		buffer_printf(p->out, "{sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"%.*s\")}",
			      t->sport, (int)len, text);
		break;
	case FAMILY_IPV6:
		len = ip_text(text, t->sip, true);
		buffer_printf(p->out,
			      "{sa_family=AF_INET6, sin6_port=htons(%u), sin6_flowinfo=htonl(?), "
			      "inet_pton(AF_INET6, \"%.*s\", &sin6_addr), sin6_scope_id=?}",
			      t->sport, (int)len, text);
		break;
	default:
		put(p, UNKNOWN_STRUCT);
	}
}

bool fd_is_socket(const struct fd_info *info)
{
	return (info->type >= FD_IPV4_SOCK && info->type <= FD_IPV6_SERVSOCK) || info->type == FD_UNIX_SOCK ||
	       info->type == FD_NETLINK;
}

static void put_ip(const struct strace_print *p, const uint8_t *address, uint16_t port, bool v6)
{
	char text[ADDRESS_TEXT_MAX];
	size_t len = ip_text(text, address, v6);

	buffer_printf(p->out, v6 ? "[%.*s]:%u" : "%.*s:%u", (int)len, text, port);
}

static void put_inode(const struct strace_print *p, uint64_t ino)
{
	if (ino)
		buffer_printf(p->out, "[%llu]", (unsigned long long)ino);
	else
		put(p, "[?]");
}

void put_socket_name(const struct strace_print *p, const struct fd_info *info, bool addresses)
{
	/* as fd_info.l4proto */
	static const char *const protocols[] = {"IP", "IP", "TCP", "UDP", "ICMP", "RAW"};
	bool v6 = info->type == FD_IPV6_SOCK || info->type == FD_IPV6_SERVSOCK;
	bool listens = info->type == FD_IPV4_SERVSOCK || info->type == FD_IPV6_SERVSOCK;
	const char *path = strchr(info->name, '/');

	if (!addresses) {
		put(p, "socket:");
		put_inode(p, info->ino);
	} else if (info->type == FD_NETLINK || info->type == FD_UNIX_SOCK) {
		put(p, info->type == FD_NETLINK ? "NETLINK:" : "UNIX:");
		if (info->type == FD_UNIX_SOCK && path) {
			put(p, "[\"");
			put_fd_name(p, path);
			put(p, "\"]");
		} else {
			put_inode(p, info->ino);
		}
	} else {
		const uint8_t *ours = info->is_server && !listens ? info->dip : info->sip;
		const uint8_t *theirs = info->is_server ? info->sip : info->dip;
		uint16_t our_port = info->is_server && !listens ? info->dport : info->sport;
		uint16_t their_port = info->is_server ? info->sport : info->dport;

		buffer_printf(p->out, "%s%s:", protocols[info->l4proto < 6 ? info->l4proto : 0], v6 ? "v6" : "");
		if (!our_port) {
			put_inode(p, info->ino);
			return;
		}
		buffer_u8(p->out, '[');
		put_ip(p, ours, our_port, v6);
		if (!listens && their_port) {
			put(p, "->");
			put_ip(p, theirs, their_port, v6);
		}
		buffer_u8(p->out, ']');
	}
}

PRINT(sockaddr)
{
	const struct param *address = param_of(p, arg, 0);
	struct socket_tuple t;

	if (address->data && socket_address_parse(&t, address->data, address->len))
		put_endpoint(p, &t);
	else
		put(p, address->data && address->len ? UNKNOWN_STRUCT : UNKNOWN_ADDRESS);
}

PRINT(salen)
{
	const struct param *address = param_of(p, arg, 0);
	struct socket_tuple t;

	if (address->data && socket_address_parse(&t, address->data, address->len) &&
	    (t.family == FAMILY_IPV4 || t.family == FAMILY_IPV6))
		put(p, t.family == FAMILY_IPV4 ? "16" : "28");
	else
		put(p, "?");
}

PRINT(peer)
{
	const struct param *tuple = param_of(p, arg, 0);
	struct socket_tuple t;

	if (succeeded(p) && tuple->data && socket_tuple_parse(&t, tuple->data, tuple->len) &&
	    t.family != FAMILY_UNIX)
		put_endpoint(p, &t);
	else
		put(p, succeeded(p) ? UNKNOWN_STRUCT : UNKNOWN_ADDRESS);
}

PRINT(peerlen)
{
	put(p, succeeded(p) ? "[?]" : UNKNOWN_ADDRESS);
}

PRINT(len)
{
	int64_t v;

	if (number_of(p, arg, 0, &v))
		buffer_printf(p->out, "[%lld]", (long long)v);
	else
		put(p, UNKNOWN_ADDRESS);
}

/* The first byte of such a value says which kind it is; numbers follow. */
PRINT(sockopt)
{
	const struct param *value = param_of(p, arg, 0);
	int32_t number;

	if (arg->out && !succeeded(p))
		put(p, UNKNOWN_ADDRESS);
	else if (value->data && value->len == 5) {
		memcpy(&number, value->data + 1, sizeof number);
		buffer_printf(p->out, "[%d]", number);
	} else
		put(p, UNKNOWN_STRUCT);
}

PRINT(event)
{
	int64_t events, data;

	if (!number_of(p, arg, 0, &events) || !number_of(p, arg, 1, &data)) {
		put(p, "NULL");
		return;
	}
	put(p, "{events=");
	strace_flag_names(p->out, (uint64_t)events, strace_flags("epoll_events"));
	buffer_printf(p->out, ", data={u32=%u, u64=%llu}}", (unsigned)data, (unsigned long long)data);
}

/* A poll list: u16 count, then i64 fd and i16 events that came. */
void put_polls(const struct strace_print *p, const struct param *list, bool came)
{
	struct cursor c = cursor_over(list->data, list->data ? list->len : 0);
	bool more = false;

	buffer_u8(p->out, '[');
	for (uint16_t n = cursor_u16(&c); n; n--) {
		int64_t fd = cursor_i64(&c);
		uint16_t events = cursor_u16(&c);

		if (cursor_failed(&c))
			break;
		if (came && !events)
			continue;
		put(p, more ? ", {fd=" : "{fd=");
		put_fd(p, fd);
		put(p, came ? ", revents=" : ", events=?");
		if (came)
			strace_flag_names(p->out, events, strace_flags("poll_flags"));
		buffer_u8(p->out, '}');
		more = true;
	}
	buffer_u8(p->out, ']');
}

PRINT(poll)
{
	const struct param *list = param_of(p, arg, 0);

	if (list->data)
		put_polls(p, list, false);
	else
		put(p, UNKNOWN_ADDRESS);
}

PRINT(nfds)
{
	const struct param *list = param_of(p, arg, 0);
	struct cursor c = cursor_over(list->data, list->data ? list->len : 0);

	if (list->data)
		buffer_decimal(p->out, cursor_u16(&c));
	else
		put(p, "?");
}
