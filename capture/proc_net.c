/*
 * Sockets by inode number: /proc/PID/net/tcp and its neighbours, once per net namespace.
 */
#include "capture/proc_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NET_FILE_MAX	(256u << 20) /* a million lines of tcp6 */
#define SOCKETS_MAX	4194304u     /* per namespace */
#define NAMESPACES_MAX	1024u
#define TCP_LISTENING	0x0A

enum { PROTOCOL_TCP = 2, PROTOCOL_UDP = 3, PROTOCOL_RAW = 5 };

static bool is_zero(const uint8_t *address)
{
	static const uint8_t zeros[16];

	return memcmp(address, zeros, sizeof zeros) == 0;
}

static bool is_mapped(const uint8_t *address)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, prefix, sizeof prefix) == 0;
}

static void unmap(uint8_t *address)
{
	memmove(address, address + 12, 4);
	memset(address + 4, 0, 12);
}

/* "0100007F:1F90": each group of eight digits is a word in the host's order, the port is not. */
static const char *parse_end(const char *p, uint8_t *address, uint16_t *port)
{
	unsigned n_words = 0;

	memset(address, 0, 16);
	while (*p == ' ')
		p++;
	for (; n_words < 4 && *p && *p != ':'; n_words++) {
		char digits[9] = {0};
		uint32_t word;

		for (unsigned i = 0; i < 8; i++, p++) {
			if (!*p || *p == ':')
				return NULL;
			digits[i] = *p;
		}
		word = (uint32_t)strtoul(digits, NULL, 16);
		memcpy(address + 4 * n_words, &word, 4);
	}
	if (*p != ':' || (n_words != 1 && n_words != 4))
		return NULL;
	*port = (uint16_t)strtoul(p + 1, (char **)&p, 16);
	return p;
}

static struct proc_socket *socket_new(struct snapshot *sn, struct proc_net *net)
{
	if (net->n >= SOCKETS_MAX) {
		sn->n_left_out++;
		return NULL;
	}
	return proc_more((void **)&net->sockets, net->n, &net->cap, sizeof(struct proc_socket));
}

/* "sl: local remote st tx:rx tr:when retransmits uid timeout inode ..." */
static void take_ip_line(struct snapshot *sn, struct proc_net *net, const char *line, uint8_t protocol,
			 bool is_v6)
{
	const char *p = strchr(line, ':');
	struct proc_socket *s;
	uint8_t local[16], remote[16];
	uint16_t local_port, remote_port;
	unsigned state;
	unsigned long long ino;

	if (!p || !(p = parse_end(p + 1, local, &local_port)) ||
	    !(p = parse_end(p, remote, &remote_port)) ||
	    sscanf(p, " %x %*s %*s %*s %*s %*s %llu", &state, &ino) != 2 || !ino)
		return;
	if (!(s = socket_new(sn, net)))
		return;
	if (is_v6 && is_mapped(local) && (is_mapped(remote) || is_zero(remote))) {
		unmap(local);
		if (is_mapped(remote))
			unmap(remote);
		is_v6 = false;
	}
	s->ino = ino;
	s->e.l4proto = protocol;
	memcpy(s->e.sip, local, 16);
	memcpy(s->e.dip, remote, 16);
	s->e.sport = local_port;
	s->e.dport = remote_port;
	s->e.type = is_v6 ? FD_IPV6_SOCK : FD_IPV4_SOCK;
	if (protocol == PROTOCOL_TCP ? state == TCP_LISTENING
				     : protocol == PROTOCOL_UDP && local_port && !remote_port)
		s->e.type = is_v6 ? FD_IPV6_SERVSOCK : FD_IPV4_SERVSOCK;
	net->n++;
}

/* "Num: RefCount Protocol Flags Type St Inode Path" */
static void take_unix_line(struct snapshot *sn, struct proc_net *net, const char *line)
{
	struct proc_socket *s;
	unsigned long long address, ino;
	int path = 0;

	if (sscanf(line, "%llx: %*s %*s %*s %*s %*s %llu %n", &address, &ino, &path) != 2 || !ino ||
	    !(s = socket_new(sn, net)))
		return;
	s->ino = ino;
	s->e.type = FD_UNIX_SOCK;
	s->e.unix_source = address;
	if (path && line[path])
		s->e.name = proc_keep(&sn->texts, line + path, strlen(line + path), ENTRY_TEXT_MAX);
	net->n++;
}

/* "sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode" */
static void take_netlink_line(struct snapshot *sn, struct proc_net *net, const char *line)
{
	struct proc_socket *s;
	unsigned long long ino;

	if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ino) != 1 || !ino ||
	    !(s = socket_new(sn, net)))
		return;
	s->ino = ino;
	s->e.type = FD_NETLINK;
	net->n++;
}

static const struct {
	const char *path;
	uint8_t protocol;	/* 0: no IP */
	bool is_v6;
} tables[] = {
	{"net/tcp", PROTOCOL_TCP, false}, {"net/tcp6", PROTOCOL_TCP, true},
	{"net/udp", PROTOCOL_UDP, false}, {"net/udp6", PROTOCOL_UDP, true},
	{"net/raw", PROTOCOL_RAW, false}, {"net/raw6", PROTOCOL_RAW, true},
	{"net/unix", 0, false},		  {"net/netlink", 0, false},
};

static void take_table(struct snapshot *sn, struct proc_net *net, int dir, unsigned i)
{
	char *line, *end;

	if (!proc_file(sn, dir, tables[i].path, NET_FILE_MAX))
		return;
	/* The first line is the heading. */
	line = strchr((char *)sn->file.data, '\n');
	for (; line; line = end) {
		line++;
		if ((end = strchr(line, '\n')))
			*end = 0;
		if (tables[i].protocol)
			take_ip_line(sn, net, line, tables[i].protocol, tables[i].is_v6);
		else if (strcmp(tables[i].path, "net/unix") == 0)
			take_unix_line(sn, net, line);
		else
			take_netlink_line(sn, net, line);
	}
}

static int by_ino(const void *a, const void *b)
{
	uint64_t x = ((const struct proc_socket *)a)->ino, y = ((const struct proc_socket *)b)->ino;

	return x < y ? -1 : x > y;
}

/* Source is the client, destination the server: a connection to a port that is listened on came in. */
static void turn_incoming(struct proc_net *net)
{
	uint8_t *listening = calloc(1, 65536 / 8);

	if (!listening)
		return;
	for (size_t i = 0; i < net->n; i++) {
		const struct fd_entry *e = &net->sockets[i].e;

		if ((e->type == FD_IPV4_SERVSOCK || e->type == FD_IPV6_SERVSOCK) &&
		    e->l4proto == PROTOCOL_TCP)
			listening[e->sport / 8] |= (uint8_t)(1u << e->sport % 8);
	}
	for (size_t i = 0; i < net->n; i++) {
		struct fd_entry *e = &net->sockets[i].e;
		struct fd_entry old = *e;

		if ((e->type != FD_IPV4_SOCK && e->type != FD_IPV6_SOCK) || e->l4proto != PROTOCOL_TCP ||
		    !(listening[e->sport / 8] >> e->sport % 8 & 1))
			continue;
		memcpy(e->sip, old.dip, 16);
		memcpy(e->dip, old.sip, 16);
		e->sport = old.dport;
		e->dport = old.sport;
	}
	free(listening);
}

static struct proc_net *net_of(struct snapshot *sn, int dir)
{
	char name[sizeof sn->nets->name];
	ssize_t len = readlinkat(dir, "ns/net", name, sizeof name - 1);
	struct proc_net *net;

	name[len > 0 ? len : 0] = 0;
	for (size_t i = 0; i < sn->n_nets; i++) {
		if (strcmp(sn->nets[i].name, name) == 0)
			return &sn->nets[i];
	}
	if (sn->n_nets >= NAMESPACES_MAX)
		return NULL;
	if (!(net = realloc(sn->nets, (sn->n_nets + 1) * sizeof *net)))
		return NULL;
	sn->nets = net;
	net = &sn->nets[sn->n_nets++];
	*net = (struct proc_net){0};
	memcpy(net->name, name, sizeof name);
	for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
		take_table(sn, net, dir, i);
	turn_incoming(net);
	if (net->n)
		qsort(net->sockets, net->n, sizeof *net->sockets, by_ino);
	return net;
}

const struct proc_socket *proc_socket(struct snapshot *sn, int dir, uint64_t ino)
{
	struct proc_net *net = net_of(sn, dir);
	struct proc_socket key = {.ino = ino};

	if (!net || !net->n)
		return NULL;
	return bsearch(&key, net->sockets, net->n, sizeof key, by_ino);
}

void proc_nets_free(struct snapshot *sn)
{
	for (size_t i = 0; i < sn->n_nets; i++)
		free(sn->nets[i].sockets);
	free(sn->nets);
	sn->nets = NULL;
	sn->n_nets = 0;
}
