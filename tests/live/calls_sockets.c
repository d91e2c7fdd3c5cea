/* Sockets: addresses, tuples, messages. */
#include "calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static struct sockaddr_in v4(const char *ip, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static struct sockaddr_in6 v6(const char *ip, unsigned port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	inet_pton(AF_INET6, ip, &a.sin6_addr);
	return a;
}

static unsigned port_of(long fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof a;

	getsockname((int)fd, (struct sockaddr *)&a, &len);
	return ntohs(a.sin6_port);
}

static void stream(int family, const char *ip)
{
	struct sockaddr_in a4 = v4(ip, 0);
	struct sockaddr_in6 a6 = v6(ip, 0);
	const void *a = family == AF_INET ? (void *)&a4 : (void *)&a6;
	size_t len = family == AF_INET ? sizeof a4 : sizeof a6;
	const char *name = family == AF_INET ? "AF_INET" : "AF_INET6";
	unsigned port, client_port;
	long server, client, got;
	char buf[16];

	server = call(SYS_socket, family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must("domain=%s type=%d proto=0 flags=O_CLOEXEC", name, SOCK_STREAM | SOCK_CLOEXEC);
	call(SYS_bind, server, a, len);
	must("fd=%ld addr=%s:0", server, ip);
	call(SYS_listen, server, 7);
	must("fd=%ld backlog=7", server);
	port = port_of(server);
	a4.sin_port = a6.sin6_port = htons((uint16_t)port);
	client = call(SYS_socket, family, SOCK_STREAM, IPPROTO_TCP);
	must("domain=%s type=1 proto=6 flags=0", name);
	call(SYS_connect, client, a, len);
	client_port = port_of(client);
	must("fd=%ld addr=%s:%u tuple=%s:%u->%s:%u", client, ip, port, ip, client_port, ip, port);
	got = call(SYS_accept4, server, NULL, NULL, SOCK_NONBLOCK);
	must("tuple=%s:%u->%s:%u queuepct=0 queuelen=0 queuemax=7 flags=%s", ip, client_port, ip,
	     port, "*");
	call(SYS_sendto, client, "hello", 5, 0, NULL, 0);
	must("fd=%ld size=5 data=%s tuple=%s:%u->%s:%u", client, data("hello", 5), ip, client_port,
	     ip, port);
	call(SYS_recvfrom, got, buf, sizeof buf, 0, NULL, NULL);
	must("fd=%ld size=16 data=%s tuple=%s:%u->%s:%u", got, data("hello", 5), ip, client_port,
	     ip, port);
	call(SYS_shutdown, client, SHUT_WR);
	must("fd=%ld how=SHUT_WR", client);
	call(SYS_recvfrom, got, buf, sizeof buf, MSG_DONTWAIT, NULL, NULL);
	must("fd=%ld size=16 data=empty tuple=%s:%u->%s:%u", got, ip, client_port, ip, port);
	close((int)got);
	close((int)client);
	/* Two wait in the queue. */
	client = socket(family, SOCK_STREAM, 0);
	got = socket(family, SOCK_STREAM, 0);
	connect((int)client, a, (socklen_t)len);
	connect((int)got, a, (socklen_t)len);
	{
		unsigned first = port_of(client);
		long accepted;
#ifdef SYS_accept
		accepted = call(SYS_accept, server, NULL, NULL);
		must("tuple=%s:%u->%s:%u queuepct=14 queuelen=1 queuemax=7", ip, first, ip, port);
#else
		accepted = call(SYS_accept4, server, NULL, NULL, 0);
		must("tuple=%s:%u->%s:%u queuepct=14 queuelen=1 queuemax=7 flags=0", ip, first, ip,
		     port);
#endif
		close((int)accepted);
	}
	close((int)client);
	close((int)got);
	call(SYS_accept4, -1, NULL, NULL, 0);
	must("tuple=- queuepct=0..0 queuelen=0 queuemax=0 flags=0");
	close((int)server);
	/* Nobody listens there any more. */
	client = socket(family, SOCK_STREAM, 0);
	call(SYS_connect, client, a, len);
	must("fd=%ld addr=%s:%u tuple=*", client, ip, port);
	close((int)client);
}

static void datagrams(void)
{
	struct sockaddr_in to = v4("127.0.0.1", 0), from;
	struct sockaddr_in6 to6 = v6("::1", 0);
	socklen_t len = sizeof from;
	long one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0), six;
	unsigned port, back;
	char buf[16];

	bind((int)two, (void *)&to, sizeof to);
	port = port_of(two);
	to.sin_port = htons((uint16_t)port);
	call(SYS_sendto, one, "abc", 3, 0, &to, sizeof to);
	back = port_of(one);
	must("fd=%ld size=3 data=%s tuple=0.0.0.0:%u->127.0.0.1:%u", one, data("abc", 3), back,
	     port);
	call(SYS_recvfrom, two, buf, sizeof buf, 0, &from, &len);
	must("fd=%ld size=16 data=%s tuple=127.0.0.1:%u->127.0.0.1:%u", two, data("abc", 3), back,
	     port);
	/* The address lies at the very end of what can be read. */
	memcpy(edge(sizeof to), &to, sizeof to);
	call(SYS_sendto, one, "", 0, 0, edge(sizeof to), sizeof to);
	must("fd=%ld size=0 data=empty tuple=0.0.0.0:%u->127.0.0.1:%u", one, back, port);
	len = sizeof from;
	call(SYS_recvfrom, two, buf, sizeof buf, 0, edge(sizeof from), &len);
	must("fd=%ld size=16 data=empty tuple=127.0.0.1:%u->127.0.0.1:%u", two, back, port);
	memset(edge(sizeof to), 'e', sizeof to);
	call(SYS_sendto, one, "x", 1, 0, NOWHERE, sizeof to);
	must("fd=%ld size=1 data=%s tuple=0.0.0.0:%u->0.0.0.0:0", one, data("x", 1), back);
	call(SYS_recvfrom, two, buf, sizeof buf, MSG_DONTWAIT, NULL, NULL);
	must("fd=%ld size=16 data=empty tuple=0.0.0.0:0->127.0.0.1:%u", two, port);
	call(SYS_connect, one, &to, sizeof to);
	must("fd=%ld addr=127.0.0.1:%u tuple=127.0.0.1:%u->127.0.0.1:%u", one, port, back, port);
	call(SYS_sendto, one, "conn", 4, 0, NULL, 0);
	must("fd=%ld size=4 data=%s tuple=127.0.0.1:%u->127.0.0.1:%u", one, data("conn", 4), back,
	     port);
	call(SYS_sendto, two, "not", 3, 0, NULL, 0);
	must("fd=%ld size=3 data=%s tuple=127.0.0.1:%u->0.0.0.0:0", two, data("not", 3), port);
	close((int)one);
	close((int)two);
	six = socket(AF_INET6, SOCK_DGRAM, 0);
	bind((int)six, (void *)&to6, sizeof to6);
	port = port_of(six);
	to6.sin6_port = htons((uint16_t)port);
	call(SYS_sendto, six, "self", 4, 0, &to6, sizeof to6);
	must("fd=%ld size=4 data=%s tuple=::1:%u->::1:%u", six, data("self", 4), port, port);
	close((int)six);
}

static void messages(void)
{
	struct sockaddr_in to = v4("127.0.0.1", 0), from;
	struct iovec out[2] = {{"mess", 4}, {"age", 3}}, in[2] = {{NULL, 4}, {NULL, 100}};
	struct msghdr m = {
	    .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = out, .msg_iovlen = 2};
	struct msghdr r = {
	    .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = in, .msg_iovlen = 2};
	static char first[4], rest[100], second[200];
	struct iovec in2 = {second, sizeof second};
	struct mmsghdr many[2] = {{m, 0}, {m, 0}},
		       got[2] = {{r, 0}, {{.msg_iov = &in2, .msg_iovlen = 1}, 0}};
	long one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned port, back;

	in[0].iov_base = first;
	in[1].iov_base = rest;
	bind((int)two, (void *)&to, sizeof to);
	bind((int)one, (void *)&to, sizeof to);
	port = port_of(two);
	back = port_of(one);
	to.sin_port = htons((uint16_t)port);
	call(SYS_sendmsg, one, &m, 0);
	must("fd=%ld size=7 data=%s tuple=127.0.0.1:%u->127.0.0.1:%u", one, data("message", 7),
	     back, port);
	call(SYS_recvmsg, two, &r, 0);
	must("fd=%ld size=104 data=%s tuple=127.0.0.1:%u->127.0.0.1:%u msgcontrol=empty", two,
	     data("message", 7), back, port);
	call(SYS_sendmmsg, one, many, 2, 0);
	must("fd=%ld size=7 data=%s tuple=127.0.0.1:%u->127.0.0.1:%u", one, data("message", 7),
	     back, port);
	call(SYS_recvmmsg, two, got, 2, 0, NULL);
	must("fd=%ld size=104 data=%s tuple=127.0.0.1:%u->127.0.0.1:%u msgcontrol=empty", two,
	     data("message", 7), back, port);
	call(SYS_recvmsg, two, &r, MSG_DONTWAIT);
	must("fd=%ld size=104 data=empty tuple=* msgcontrol=-", two);
	call(SYS_sendmsg, one, NOWHERE, 0);
	must("fd=%ld size=- data=- tuple=-", one);
	call(SYS_recvmsg, two, NULL, 0);
	must("fd=%ld size=- data=- tuple=- msgcontrol=-", two);
	m.msg_iov = NOWHERE;
	call(SYS_sendmsg, one, &m, 0);
	must("fd=%ld size=- data=- tuple=127.0.0.1:%u->127.0.0.1:%u", one, back, port);
	close((int)one);
	close((int)two);
}

/* A descriptor travels in the control data. */
static void control(void)
{
	int pair[2];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} sent = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}}, got;
	struct iovec v = {"c", 1};
	struct msghdr m = {
	    .msg_iov = &v, .msg_iovlen = 1, .msg_control = &sent, .msg_controllen = sizeof sent};
	char c;
	struct iovec in = {&c, 1};
	struct msghdr r = {
	    .msg_iov = &in, .msg_iovlen = 1, .msg_control = &got, .msg_controllen = sizeof got};

	call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	must("fd1=%d fd2=%d source=1..%llu peer=1..%llu domain=AF_UNIX|AF_LOCAL type=1 proto=0",
	     pair[0], pair[1], ~0ull, ~0ull);
	*(int *)CMSG_DATA(&sent.head) = 1;
	call(SYS_sendmsg, pair[0], &m, 0);
	must("fd=%d size=1 data=%s tuple=unix:*->*:", pair[0], data("c", 1));
	call(SYS_recvmsg, pair[1], &r, 0);
	{
		const char *control = data(&got, r.msg_controllen), *byte = data("c", 1);

		must("fd=%d size=1 data=%s tuple=unix:*->*: msgcontrol=%s", pair[1], byte, control);
	}
	close(pair[0]);
	close(pair[1]);
	call(SYS_socketpair, AF_INET, SOCK_STREAM, 0, pair);
	must("fd1=- fd2=- source=- peer=- domain=AF_INET type=1 proto=0");
	call(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, NOWHERE);
	must("fd1=- fd2=- source=- peer=- domain=AF_UNIX|AF_LOCAL type=2 proto=0");
}

static void local_stream(const char *path, bool abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t len = offsetof(struct sockaddr_un, sun_path) + abstract + strlen(path);
	long server, client, got;
	char buf[8];

	/* No NUL at the end: the length is what counts. */
	memset(a.sun_path, '#', sizeof a.sun_path);
	if (abstract)
		a.sun_path[0] = 0;
	memcpy(a.sun_path + abstract, path, strlen(path));
	server = call(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	must("domain=AF_UNIX|AF_LOCAL type=1 proto=0 flags=0");
	call(SYS_bind, server, &a, len);
	must("fd=%ld addr=unix:%s", server, path);
	listen((int)server, 2);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	call(SYS_connect, client, &a, len);
	must("fd=%ld addr=unix:%s tuple=unix:*->*:%s", client, path, path);
	got = call(SYS_accept4, server, NULL, NULL, 0);
	must("tuple=unix:*->*:%s queuepct=0 queuelen=0 queuemax=2 flags=0", path);
	call(SYS_sendto, client, "up", 2, 0, NULL, 0);
	must("fd=%ld size=2 data=%s tuple=unix:*->*:%s", client, data("up", 2), path);
	call(SYS_recvfrom, got, buf, sizeof buf, 0, NULL, NULL);
	must("fd=%ld size=8 data=%s tuple=unix:*->*:%s", got, data("up", 2), path);
	close((int)got);
	close((int)client);
	close((int)server);
}

static void local_datagrams(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "dgram"},
			   full = {.sun_family = AF_UNIX};
	long one = socket(AF_UNIX, SOCK_DGRAM, 0), two = socket(AF_UNIX, SOCK_DGRAM, 0);
	char buf[8], longest[108 + 1] = "";

	bind((int)two, (void *)&a, sizeof a);
	call(SYS_sendto, one, "dg", 2, 0, &a, sizeof a);
	must("fd=%ld size=2 data=%s tuple=unix:0->*:dgram", one, data("dg", 2));
	call(SYS_recvfrom, two, buf, sizeof buf, 0, NULL, NULL);
	must("fd=%ld size=8 data=%s tuple=unix:*->0:dgram", two, data("dg", 2));
	call(SYS_connect, one, &a, sizeof a);
	must("fd=%ld addr=unix:dgram tuple=unix:*->*:dgram", one);
	memset(longest, 'p', 108);
	memset(full.sun_path, 'p', 108);
	call(SYS_connect, one, &full, sizeof full);
	must("fd=%ld addr=unix:%s tuple=unix:*->*:*", one, longest);
	call(SYS_bind, one, &full, 2);
	must("fd=%ld addr=unix:", one);
	close((int)one);
	close((int)two);
}

static void odd_addresses(void)
{
	struct sockaddr_in a = v4("10.20.30.40", 50);
	long fd = socket(AF_INET, SOCK_DGRAM, 0), netlink;
	struct {
		uint16_t family, pad;
		uint32_t pid, groups;
	} link = {AF_NETLINK, 0, 0, 0};

	call(SYS_bind, fd, NOWHERE, 16);
	must("fd=%ld addr=-", fd);
	call(SYS_bind, fd, NULL, 16);
	must("fd=%ld addr=-", fd);
	call(SYS_bind, fd, &a, 1);
	must("fd=%ld addr=-", fd);
	call(SYS_bind, fd, &a, -1);
	must("fd=%ld addr=-", fd);
	call(SYS_bind, fd, &a, sizeof a);
	must("fd=%ld addr=10.20.30.40:50", fd);
	call(SYS_connect, 0, &a, sizeof a);
	must("fd=0 addr=10.20.30.40:50 tuple=-");
	call(SYS_connect, 12345, &a, sizeof a);
	must("fd=12345 addr=10.20.30.40:50 tuple=-");
	netlink = call(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
	must("domain=AF_NETLINK|AF_ROUTE type=3 proto=0 flags=0");
	call(SYS_bind, netlink, &link, sizeof link);
	must("fd=%ld addr=AF_ROUTE|AF_NETLINK", netlink);
	call(SYS_getsockname, netlink, &link, &(socklen_t){sizeof link});
	must(" ");
	call(SYS_getpeername, fd, &link, &(socklen_t){sizeof link});
	must(" ");
	call(SYS_socket, 999, 1, 2);
	must("domain=999 type=1 proto=2 flags=0");
	call(SYS_listen, fd, -1);
	must("fd=%ld backlog=-1", fd);
	if (netlink >= 0)
		close((int)netlink);
	close((int)fd);
}

void calls_sockets(void)
{
	stream(AF_INET, "127.0.0.1");
	stream(AF_INET6, "::1");
	datagrams();
	messages();
	control();
	local_stream("stream", false);
	local_stream("abstract-name", true);
	local_datagrams();
	odd_addresses();
}
