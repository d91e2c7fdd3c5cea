/*
 * Addresses of a tracee's sockets, in the family's encodings (capture/bpf/sockets.h): the socket itself is
 * borrowed for a moment (pidfd_getfd) and asked. The kernel's addresses of unix sockets are not told: 0.
 */
#include "capture/ptrace/call_socket.h"

#include "format/recipe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PATH_MAX	 108
#define SOCKADDR_IN6_MIN 24 /* without the scope, as the kernel takes it, too */
#define LISTENING	 10 /* TCP_LISTEN */

#ifndef PIDFD_THREAD
#define PIDFD_THREAD 0200
#endif

/* A copy of the tracee's fd; negative: none. */
static int fd_borrow(struct tracee *t, int fd)
{
	if (t->pidfd < 0)
		t->pidfd = (int)syscall(SYS_pidfd_open, t->tid, t->tid == t->pid ? 0 : PIDFD_THREAD);
	/* Before Linux 6.9 there is only one for a process; its threads share their files, nearly always. */
	if (t->pidfd < 0)
		t->pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	return t->pidfd < 0 ? -errno : (int)syscall(SYS_pidfd_getfd, t->pidfd, fd, 0);
}

/* ---- what a socket says of itself ---- */

static void endpoint_of(struct endpoint *e, const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;

	if (sa->ss_family == AF_INET) {
		e->port = ntohs(v4->sin_port);
		memcpy(e->addr, &v4->sin_addr, 4);
	} else if (sa->ss_family == AF_INET6) {
		e->port = ntohs(v6->sin6_port);
		memcpy(e->addr, &v6->sin6_addr, 16);
	}
}

/* Abstract names lose their leading NUL. */
static void path_of(char *to, const struct sockaddr_storage *sa, socklen_t len)
{
	const struct sockaddr_un *un = (const void *)sa;
	size_t room = len > 2 ? len - 2 : 0;
	const char *from = un->sun_path;

	if (room > UNIX_PATH_MAX)
		room = UNIX_PATH_MAX;
	if (room && !*from) {
		from++;
		room--;
	}
	room = strnlen(from, room);
	memcpy(to, from, room);
	to[room] = 0;
}

static void socket_ask(struct socket_facts *f, int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;

	memset(&sa, 0, sizeof sa);
	if (getsockname(fd, (void *)&sa, &len) < 0)
		return;
	f->is_socket = true;
	f->family = sa.ss_family;
	endpoint_of(&f->local, &sa);
	if (f->family == AF_UNIX)
		path_of(f->path, &sa, len);
	len = sizeof sa;
	memset(&sa, 0, sizeof sa);
	if (getpeername(fd, (void *)&sa, &len) < 0)
		return;
	f->has_peer = true;
	endpoint_of(&f->remote, &sa);
	if (f->family == AF_UNIX)
		path_of(f->peer_path, &sa, len);
}

/* The accept queue, of the kinds of sockets that tell. */
static void queue_ask(struct socket_facts *f, int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof info;
	int protocol = 0;
	socklen_t size = sizeof protocol;

	f->knows_queue = !f->is_socket || f->family == AF_INET || f->family == AF_INET6;
	if (!f->is_socket || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0 || protocol != IPPROTO_TCP)
		return;
	memset(&info, 0, sizeof info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && info.tcpi_state == LISTENING) {
		f->queue_len = info.tcpi_unacked;
		f->queue_max = info.tcpi_sacked;
	}
}

static const struct socket_facts *socket_of(struct call *c, int64_t number, bool queue)
{
	struct socket_facts *f = c->context->socket;
	int fd;

	if (f->asked && f->fd == number && (!queue || f->asked_queue))
		return f;
	*f = (struct socket_facts){.asked = true, .asked_queue = queue, .fd = number};
	fd = number < 0 || number > INT32_MAX ? -EBADF : fd_borrow(c->task, (int)number);
	/* Of what is no fd at all the kernel side says the same as of what is no socket. */
	f->knows_queue = fd >= 0 || errno == EBADF || number < 0;
	if (fd < 0)
		return f;
	socket_ask(f, fd);
	if (queue)
		queue_ask(f, fd);
	close(fd);
	return f;
}

void socket_facts_begin(struct socket_facts *f)
{
	f->asked = false;
}

/* ---- what the call says ---- */

/* From the caller's struct sockaddr; false: unreadable. No more is read than its family has. */
static bool endpoint_user(struct call *c, uint16_t *family, struct endpoint *e, uint64_t addr, uint32_t len)
{
	uint8_t raw[SOCKADDR_IN6_MIN];
	bool narrow;
	uint16_t port;

	e->port = 0;
	if (!addr || (int32_t)len < 2 || !memory_read(c, addr, family, 2))
		return false;
	narrow = *family == AF_INET;
	if (!narrow && *family != AF_INET6)
		return true;
	if (len < (narrow ? sizeof(struct sockaddr_in) : SOCKADDR_IN6_MIN) ||
	    !memory_read(c, addr, raw, narrow ? 8 : SOCKADDR_IN6_MIN))
		return false;
	memcpy(&port, raw + 2, 2);
	e->port = ntohs(port);
	memcpy(e->addr, raw + (narrow ? 4 : 8), narrow ? 4 : 16);
	return true;
}

/* The path of a user's sockaddr_un with a NUL; returns its length with that. */
static uint32_t unix_path_user(struct call *c, uint8_t *p, uint64_t addr, uint32_t len)
{
	uint32_t room = len - 2 > UNIX_PATH_MAX ? UNIX_PATH_MAX : len - 2;
	uint8_t raw[UNIX_PATH_MAX + 1];
	uint32_t at, n;
	size_t got;

	p[0] = 0;
	if ((int32_t)len <= 2)
		return 1;
	/* What lies behind its NUL need not be there. */
	for (got = room; got && !memory_read(c, addr + 2, raw, got); got--)
		;
	at = got && !raw[0];
	n = (uint32_t)strnlen((const char *)raw + at, got - at);
	if (!got || (got < room && at + n == got))
		return 1;
	memcpy(p, raw + at, n);
	p[n] = 0;
	return n + 1;
}

static uint32_t endpoint_put(uint8_t *p, uint16_t family, const struct endpoint *e)
{
	uint32_t len = family == AF_INET6 ? 16 : 4;

	memcpy(p, e->addr, len);
	memcpy(p + len, &e->port, 2);
	return len + 2;
}

static void put_sockaddr(struct call *c, const struct kernel_step *step, uint64_t addr, uint32_t len)
{
	struct endpoint e = {0};
	uint16_t family = 0;
	uint8_t *p = call_place(c);

	if (!p || !endpoint_user(c, &family, &e, addr, len)) {
		call_absent(c, step);
		return;
	}
	p[2] = (uint8_t)family;
	if (family == AF_INET || family == AF_INET6)
		call_sized(c, p, 1 + endpoint_put(p + 3, family, &e));
	else
		call_sized(c, p, 1 + (family == AF_UNIX ? unix_path_user(c, p + 3, addr, len) : 0));
}

/* The path belongs to the server's side. */
static uint32_t tuple_unix(struct call *c, uint8_t *p, const struct socket_facts *f, bool outbound, uint64_t addr,
			   uint32_t addr_len)
{
	const char *path = outbound && f->has_peer ? f->peer_path : f->path;
	uint32_t len = (uint32_t)strlen(path) + 1;

	memset(p + 1, 0, 16);
	memcpy(p + 17, path, len);
	if (outbound && addr && len <= 1)
		len = unix_path_user(c, p + 17, addr, addr_len);
	return 17 + len;
}

static uint32_t tuple_inet(struct call *c, uint8_t *p, const struct socket_facts *f, bool outbound, uint64_t addr,
			   uint32_t addr_len)
{
	uint32_t size = f->family == AF_INET6 ? 18 : 6;
	struct endpoint remote = f->remote, user;
	uint16_t family = 0;

	endpoint_put(p + 1 + (outbound ? 0 : size), f->family, &f->local);
	/* What the call names goes before what the socket is connected to, when sending. */
	if (addr && (outbound || !remote.port)) {
		memset(&user, 0, sizeof user);
		if (endpoint_user(c, &family, &user, addr, addr_len) && family == f->family)
			remote = user;
	}
	endpoint_put(p + 1 + (outbound ? size : 0), f->family, &remote);
	return 1 + 2 * size;
}

static void put_tuple(struct call *c, const struct kernel_step *step, int64_t fd, bool outbound, uint64_t addr,
		      uint32_t addr_len)
{
	const struct socket_facts *f = socket_of(c, fd, false);
	uint8_t *p = call_place(c);
	uint32_t len = 0;

	if (p && f->is_socket) {
		p[2] = (uint8_t)f->family;
		if (f->family == AF_UNIX)
			len = tuple_unix(c, p + 2, f, outbound, addr, addr_len);
		else if (f->family == AF_INET || f->family == AF_INET6)
			len = tuple_inet(c, p + 2, f, outbound, addr, addr_len);
	}
	if (len)
		call_sized(c, p, len);
	else
		call_absent(c, step);
}

void put_socket(struct call *c, const struct kernel_step *step)
{
	uint64_t addr = call_arg(c, step->b);
	int32_t fd = (int32_t)call_arg(c, step->a);
	struct message m;

	switch (step->kind) {
	case KIND_SOCKADDR:
		put_sockaddr(c, step, call_arg(c, step->a), (uint32_t)addr);
		break;
	case KIND_TUPLETO:
		put_tuple(c, step, fd, true, addr, (uint32_t)call_arg(c, step->c));
		break;
	case KIND_TUPLEFROM: /* how long the address is says its family */
		put_tuple(c, step, fd, false, addr, sizeof(struct sockaddr_in6));
		break;
	case KIND_TUPLEMSG:
		if (message_read(c, addr, &m))
			put_tuple(c, step, fd, !(step->flags & KSTEP_INBOUND), m.name, m.name_len);
		else
			call_absent(c, step);
		break;
	case KIND_TUPLERET:
		put_tuple(c, step, c->result, false, 0, 0);
		break;
	}
}

void put_queue(struct call *c, const struct kernel_step *step)
{
	const struct socket_facts *f = socket_of(c, (int32_t)call_arg(c, step->a), true);
	uint64_t len = f->queue_len, max = f->queue_max;

	if (!f->knows_queue)
		call_absent(c, step);
	else
		call_number(c, step, step->c == WORD_QUEUE_PCT	 ? (max ? len * 100 / max : 0)
				     : step->c == WORD_QUEUE_LEN ? len
								 : max);
}
