/* Sockets: what they are connected to is learned from connect, accept, bind and from traffic. */
#include "state/address.h"
#include "state/apply.h"

#include <netinet/in.h>

enum { TYPE_STREAM = 1, TYPE_DGRAM = 2, TYPE_RAW = 3, TYPE_MASK = 0xff };
#define TYPE_CLOEXEC   02000000u /* SOCK_CLOEXEC */
#define RESULT_STARTED (-115)	 /* -EINPROGRESS: a connect that goes on */

static bool is_ip_socket(const struct fd_node *n)
{
	return n->f.type == FD_IPV4_SOCK || n->f.type == FD_IPV6_SOCK;
}

/* One of our own addresses. The family compares the network half of IPv6 addresses only. */
static bool is_local(const struct store *s, const uint8_t *address, bool is_v6)
{
	for (uint32_t i = 0; i < s->n_interfaces; i++) {
		const struct interface_entry *e = &s->interfaces[i];

		if (e->type == (is_v6 ? 2 : 1) && memcmp(e->addr, address, is_v6 ? 8 : 4) == 0)
			return true;
	}
	return false;
}

/*
 * What follows from the addresses and the role. Whoever owns the destination address is the server.
 * Where source and destination are one address that says nothing; then the role decides (here
 * libsinsp calls both ends the server).
 */
void socket_settle(struct store *s, struct fd_node *n)
{
	const bool is_v6 = n->f.type == FD_IPV6_SOCK;

	n->f.l4proto = n->role != ROLE_NONE || n->l4 == L4_RAW ? n->l4 : L4_NONE;
	if (n->f.type == FD_IPV4_SERVSOCK || n->f.type == FD_IPV6_SERVSOCK)
		n->f.is_server = true;
	else if (!is_ip_socket(n))
		n->f.is_server = n->role == ROLE_SERVER;
	else if (s->n_interfaces && (n->role == ROLE_NONE || memcmp(n->f.sip, n->f.dip, 16) != 0))
		n->f.is_server = is_local(s, n->f.dip, is_v6);
	else
		n->f.is_server = n->role == ROLE_SERVER;
}

static enum l4_proto protocol_of(int64_t type, int64_t protocol)
{
	if (type == TYPE_RAW)
		return L4_RAW;
	switch (protocol) {
	case 0:
		return type == TYPE_STREAM ? L4_TCP : type == TYPE_DGRAM ? L4_UDP : L4_UNKNOWN;
	case IPPROTO_TCP:
		return L4_TCP;
	case IPPROTO_UDP:
		return L4_UDP;
	case IPPROTO_ICMP:
		return L4_ICMP;
	case IPPROTO_RAW:
		return L4_RAW;
	default:
		return L4_UNKNOWN;
	}
}

/* domain type proto */
static void apply_socket(const struct step *x)
{
	int64_t domain = step_number(x, 0, 0), type = step_number(x, 1, 0);
	enum fd_type kind = domain == FAMILY_UNIX      ? FD_UNIX_SOCK
			    : domain == FAMILY_IPV4    ? FD_IPV4_SOCK
			    : domain == FAMILY_IPV6    ? FD_IPV6_SOCK
			    : domain == FAMILY_NETLINK ? FD_NETLINK
						       : FD_UNKNOWN;
	struct fd_node *n;

	if (!step_succeeded(x) || !(n = step_new_fd(x, x->ev->result, kind)))
		return;
	if (is_ip_socket(n))
		n->l4 = protocol_of(type & TYPE_MASK, step_number(x, 2, 0));
	if (type & TYPE_CLOEXEC)
		n->f.open_flags = OPEN_CLOEXEC;
	socket_settle(x->s, n);
}

/* fd1 fd2 source peer type */
static void apply_socketpair(const struct step *x)
{
	int64_t ends[2] = {step_number(x, 0, -1), step_number(x, 1, -1)};
	uint64_t source = (uint64_t)step_number(x, 2, 0), peer = (uint64_t)step_number(x, 3, 0);
	struct fd_info *made[2] = {0};

	if (!step_succeeded(x))
		return;
	for (int i = 0; i < 2; i++) {
		struct fd_node *n = step_new_fd(x, ends[i], FD_UNIX_SOCK);

		if (!n)
			continue;
		made[i] = &n->f;
		n->f.unix_source = source;
		n->f.unix_peer = peer;
		if (step_number(x, 4, 0) & TYPE_CLOEXEC)
			n->f.open_flags = OPEN_CLOEXEC;
		socket_settle(x->s, n);
	}
	x->s->pub.now.fd2 = made[0];
}

static void swap_ends(struct fd_node *n)
{
	uint8_t address[16];
	uint16_t port = n->f.sport;

	memcpy(address, n->f.sip, 16);
	memcpy(n->f.sip, n->f.dip, 16);
	memcpy(n->f.dip, address, 16);
	n->f.sport = n->f.dport;
	n->f.dport = port;
}

static bool take_end(uint8_t *address, uint16_t *port, const uint8_t *new_address, uint16_t new_port)
{
	bool changed = memcmp(new_address, address, 16) != 0 || new_port != *port;

	memcpy(address, new_address, 16);
	*port = new_port;
	return changed;
}

/* true: something is new. A connect to nowhere (AF_UNSPEC) brings zeros: they count. */
static bool take_tuple(struct fd_node *n, const struct socket_tuple *t)
{
	enum fd_type type = t->family == FAMILY_IPV4 ? FD_IPV4_SOCK : FD_IPV6_SOCK;
	bool changed = n->f.type != type;

	n->f.type = type;
	changed |= take_end(n->f.sip, &n->f.sport, t->sip, t->sport);
	changed |= take_end(n->f.dip, &n->f.dport, t->dip, t->dport);
	return changed;
}

/*
 * A socket that is neither bound nor connected has no source address yet; to a network that we are
 * part of it will be ours there.
 */
static void infer_source(const struct store *s, struct socket_tuple *t)
{
	static const uint8_t zeros[16];
	const bool is_v6 = t->family == FAMILY_IPV6;

	if (memcmp(t->sip, zeros, 16) != 0)
		return;
	for (uint32_t i = 0; i < s->n_interfaces; i++) {
		const struct interface_entry *e = &s->interfaces[i];
		uint8_t differs = 0;

		if (e->type != (is_v6 ? 2 : 1))
			continue;
		for (unsigned k = 0; k < (is_v6 ? 8 : 4); k++)
			differs |= (uint8_t)((e->addr[k] ^ t->dip[k]) & (is_v6 ? 0xff : e->netmask[k]));
		if (!differs && memcmp(e->netmask, zeros, 4) != 0) {
			memcpy(t->sip, e->addr, is_v6 ? 16 : 4);
			return;
		}
	}
}

void socket_name(struct store *s, struct fd_node *n)
{
	struct socket_tuple t = {.sport = n->f.sport, .dport = n->f.dport};
	char text[ADDRESS_TEXT_MAX];

	memcpy(t.sip, n->f.sip, 16);
	memcpy(t.dip, n->f.dip, 16);
	t.family = n->f.type == FD_IPV4_SOCK || n->f.type == FD_IPV4_SERVSOCK ? FAMILY_IPV4
									      : FAMILY_IPV6;
	if (is_ip_socket(n))
		fd_set_name(s, n, text, socket_tuple_text(text, &t));
	else
		fd_set_name(s, n, text, socket_address_text(text, &t));
}

static void take_unix(struct store *s, struct fd_node *n, const struct socket_tuple *t)
{
	char text[ADDRESS_TEXT_MAX];

	n->f.unix_source = t->unix_source;
	n->f.unix_peer = t->unix_peer;
	fd_set_name(s, n, text, socket_tuple_text(text, t));
}

/* tuple */
static void apply_connect(const struct step *x)
{
	struct fd_node *n = (struct fd_node *)x->s->pub.now.fd;
	const struct param *p = step_param(x, 0);
	struct socket_tuple t;

	if (!n || !(step_succeeded(x) || (x->ev->has_result && x->ev->result == RESULT_STARTED)))
		return;
	n->f.connected = true;
	if (!socket_tuple_parse(&t, p->data, p->len))
		return;
	if (t.family == FAMILY_UNIX) {
		if (n->f.type == FD_UNIX_SOCK)
			take_unix(x->s, n, &t);
	} else {
		if (take_tuple(n, &t) && n->role == ROLE_SERVER && n->l4 == L4_UDP)
			swap_ends(n);
		socket_name(x->s, n);
	}
	if (n->role == ROLE_NONE)
		n->role = ROLE_CLIENT;
	socket_settle(x->s, n);
}

/* addr */
static void apply_bind(const struct step *x)
{
	struct fd_node *n = (struct fd_node *)x->s->pub.now.fd;
	const struct param *p = step_param(x, 0);
	struct socket_tuple t;
	char text[ADDRESS_TEXT_MAX];

	if (!n || !step_succeeded(x) || !socket_address_parse(&t, p->data, p->len))
		return;
	/* Port 0 lets the kernel choose one: that is a client's bind. */
	if (t.family != FAMILY_UNIX && t.sport) {
		n->f.type = t.family == FAMILY_IPV4 ? FD_IPV4_SERVSOCK : FD_IPV6_SERVSOCK;
		memcpy(n->f.sip, t.sip, 16);
		n->f.sport = t.sport;
		n->role = ROLE_SERVER;
	}
	fd_set_name(x->s, n, text, socket_address_text(text, &t));
	socket_settle(x->s, n);
}

/* tuple flags */
static void apply_accept(const struct step *x)
{
	const struct param *p = step_param(x, 0);
	struct socket_tuple t = {0};
	struct fd_node *n;

	if (!step_succeeded(x))
		return;
	socket_tuple_parse(&t, p->data, p->len);
	n = step_new_fd(x, x->ev->result,
			t.family == FAMILY_UNIX   ? FD_UNIX_SOCK
			: t.family == FAMILY_IPV4 ? FD_IPV4_SOCK
			: t.family == FAMILY_IPV6 ? FD_IPV6_SOCK
						  : FD_UNKNOWN);
	if (!n)
		return;
	n->role = ROLE_SERVER;
	n->f.connected = true;
	if (step_number(x, 1, 0) & TYPE_CLOEXEC)
		n->f.open_flags = OPEN_CLOEXEC;
	if (is_ip_socket(n)) {
		n->l4 = L4_TCP;
		take_tuple(n, &t);
		socket_name(x->s, n);
	} else if (n->f.type == FD_UNIX_SOCK) {
		take_unix(x->s, n, &t);
	}
	socket_settle(x->s, n);
}

/* Whether the process listens on the port: then it is the server of a connection to it. */
static bool is_bound(const struct thread *t, uint16_t port)
{
	struct fd_info *fd;

	for (size_t i = 0; (fd = thread_fd_at(t, &i));) {
		if ((fd->type == FD_IPV4_SERVSOCK || fd->type == FD_IPV6_SERVSOCK) && fd->sport == port)
			return true;
	}
	return false;
}

void socket_guess_role(const struct thread *t, struct fd_node *n)
{
	if (n->role == ROLE_NONE)
		n->role = is_bound(t, n->f.dport) ? ROLE_SERVER : ROLE_CLIENT;
}

/* Datagrams say with whom a socket talks; argument 1: they come in. tuple */
static void apply_traffic(const struct step *x)
{
	struct fd_node *n = (struct fd_node *)x->s->pub.now.fd;
	const bool incoming = x->op->argument;
	const struct param *p;
	struct socket_tuple t;

	if (!n || !step_succeeded(x) || (n->f.name[0] && n->l4 == L4_TCP))
		return;
	p = step_param(x, 0);
	if (!socket_tuple_parse(&t, p->data, p->len))
		return;
	if (t.family == FAMILY_UNIX) {
		if (n->f.type == FD_UNIX_SOCK)
			take_unix(x->s, n, &t);
		return;
	}
	if (!is_ip_socket(n) && n->f.type != FD_IPV4_SERVSOCK && n->f.type != FD_IPV6_SERVSOCK &&
	    n->f.type != FD_UNKNOWN)
		return;
	if (!incoming)
		infer_source(x->s, &t);
	n->f.connected = true;
	if (!take_tuple(n, &t))
		return;
	if (n->role == ROLE_NONE)
		n->role = is_bound(&x->node->t, incoming ? n->f.dport : n->f.sport) ? ROLE_SERVER
										      : ROLE_CLIENT;
	if (n->role == (incoming ? ROLE_CLIENT : ROLE_SERVER))
		swap_ends(n);
	socket_name(x->s, n);
	socket_settle(x->s, n);
}

/* An error of the socket, asked for after a connect that went on: it is not connected after all. */
static void apply_getsockopt(const struct step *x)
{
	enum { LEVEL_SOCKET = 1, OPTION_ERROR = 4 };
	struct fd_node *n = (struct fd_node *)x->s->pub.now.fd;
	const struct param *p = step_param(x, 2);
	int64_t error;

	if (!n || !step_succeeded(x) || step_number(x, 0, 0) != LEVEL_SOCKET ||
	    step_number(x, 1, 0) != OPTION_ERROR || p->len != 9)
		return;
	memcpy(&error, p->data + 1, 8);
	if (error)
		n->f.connected = false;
}

const struct op_row socket_ops[] = {
	{"socket", apply_socket, 0, "domain type proto"},
	{"socketpair", apply_socketpair, 0, "fd1 fd2 source peer type"},
	{"connect", apply_connect, 0, "tuple"},
	{"bind", apply_bind, 0, "addr"},
	{"accept", apply_accept, 0, "tuple"},
	{"accept4", apply_accept, 0, "tuple flags"},
	{"sendto", apply_traffic, 0, "tuple"},
	{"sendmsg", apply_traffic, 0, "tuple"},
	{"sendmmsg", apply_traffic, 0, "tuple"},
	{"recvfrom", apply_traffic, 1, "tuple"},
	{"recvmsg", apply_traffic, 1, "tuple"},
	{"recvmmsg", apply_traffic, 1, "tuple"},
	{"getsockopt", apply_getsockopt, 0, "level optname val"},
	{0},
};
