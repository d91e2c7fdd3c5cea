/* fd.*ip, fd.*port, fd.l4proto...: the ends of a connection. */
#include "filters/field_extract.h"

#include <stdlib.h>

enum end { END_CLIENT, END_SERVER, END_NONE };

static bool is_connection(const struct fd_info *fd)
{
	return fd->type == FD_IPV4_SOCK || fd->type == FD_IPV6_SOCK;
}

static bool is_listening(const struct fd_info *fd)
{
	return fd->type == FD_IPV4_SERVSOCK || fd->type == FD_IPV6_SERVSOCK;
}

static bool is_ipv4(const struct fd_info *fd)
{
	return fd->type == FD_IPV4_SOCK || fd->type == FD_IPV4_SERVSOCK;
}

/* Whether the fd has that end: a socket without a name was never connected or bound, one that was bound to
   no port in particular has no role yet; one that listens has a server alone, in sip and sport. */
static bool has_end(const struct fd_info *fd, enum end end)
{
	bool has_role = fd->connected || fd->sport || fd->dport;

	return (is_connection(fd) && fd->name[0] && has_role && end != END_NONE) ||
	       (is_listening(fd) && end == END_SERVER);
}

static bool address_of(const struct fd_info *fd, enum end end, struct value *ret)
{
	bool source = end == END_CLIENT || is_listening(fd);

	if (!has_end(fd, end))
		return false;
	ret->address_len = is_ipv4(fd) ? 4 : 16;
	return value_bytes(ret, VALUE_ADDRESS, source ? fd->sip : fd->dip, ret->address_len);
}

static bool port_of(const struct fd_info *fd, enum end end, struct value *ret)
{
	bool source = end == END_CLIENT || is_listening(fd);

	return has_end(fd, end) && value_uint(ret, source ? fd->sport : fd->dport);
}

/* Which end a field asks for. Our own side is the server's exactly when we accepted or listen. */
static enum end end_of(uint16_t id, const struct fd_info *fd, unsigned nth)
{
	switch (id) {
	case FIELD_FD_CIP:
	case FIELD_FD_CPORT:
	case FIELD_FD_CPROTO:
	case FIELD_FD_CNET:
		return END_CLIENT;
	case FIELD_FD_SIP:
	case FIELD_FD_SPORT:
	case FIELD_FD_SPROTO:
	case FIELD_FD_SNET:
		return END_SERVER;
	case FIELD_FD_LIP:
	case FIELD_FD_LPORT:
	case FIELD_FD_LPROTO:
	case FIELD_FD_LNET:
		return fd->is_server ? END_SERVER : END_CLIENT;
	case FIELD_FD_RIP:
	case FIELD_FD_RPORT:
	case FIELD_FD_RPROTO:
	case FIELD_FD_RNET:
		return fd->is_server ? END_CLIENT : END_SERVER;
	default: /* fd.ip, fd.port, fd.net: both, one after the other */
		if (is_listening(fd))
			return nth == 0 ? END_SERVER : END_NONE;
		return nth == 0 ? END_CLIENT : nth == 1 ? END_SERVER : END_NONE;
	}
}

/* As in the fd lists of the family: 0 unknown, 1 none, 2 TCP, 3 UDP, 4 ICMP, 5 raw. */
static const char *protocol_name(unsigned l4proto)
{
	static const char *const names[] = {[2] = "tcp", [3] = "udp", [4] = "icmp", [5] = "raw"};

	return l4proto < sizeof names / sizeof *names && names[l4proto] ? names[l4proto] : "<NA>";
}

static bool extract_kind(uint16_t id, const struct fd_info *fd, struct value *ret)
{
	switch (id) {
	case FIELD_FD_L4PROTO:
		return value_text(ret, protocol_name(fd->l4proto));
	case FIELD_FD_SOCKFAMILY:
		if (is_connection(fd) || is_listening(fd))
			return value_text(ret, "ip");
		return fd->type == FD_UNIX_SOCK && value_text(ret, "unix");
	case FIELD_FD_IS_SERVER:
		return value_bool(ret, fd->is_server);
	default:
		return value_bool(ret, fd->connected);
	}
}

bool extract_socket(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		    struct field_scratch *scratch, struct value *ret)
{
	const struct fd_info *fd = st->now.fd;

	if (!fd || !event_type_has_fd(ev->info))
		return false;
	switch (f->info->id) {
	case FIELD_FD_L4PROTO:
	case FIELD_FD_SOCKFAMILY:
	case FIELD_FD_IS_SERVER:
	case FIELD_FD_CONNECTED:
		return extract_kind(f->info->id, fd, ret);
	case FIELD_FD_CPROTO:
	case FIELD_FD_SPROTO:
	case FIELD_FD_LPROTO:
	case FIELD_FD_RPROTO:
		if (!port_of(fd, end_of(f->info->id, fd, nth), ret))
			return false;
		buffer_decimal(&scratch->bytes, (int64_t)ret->u);
		return value_scratch(ret, scratch);
	case FIELD_FD_PORT:
	case FIELD_FD_PROTO:
	case FIELD_FD_CPORT:
	case FIELD_FD_SPORT:
	case FIELD_FD_LPORT:
	case FIELD_FD_RPORT:
		return port_of(fd, end_of(f->info->id, fd, nth), ret);
	default:
		return address_of(fd, end_of(f->info->id, fd, nth), ret);
	}
}
