#include "sinks/pcapng_calls.h"

#include "state/address.h"

#define IO_LEN_MAX 0x7ffff000 /* MAX_RW_COUNT of the kernel: no call moves more */

/* ---- calls ---- */

static int param_index(const struct event_info *info, const char *name)
{
	for (int i = 0; i < info->n_params; i++)
		if (!strcmp(info->params[i].name, name))
			return i;
	return -1;
}

static enum net_call_kind kind_of(const struct event_info *info, const struct net_call *call)
{
	static const struct {
		const char *name;
		enum net_call_kind kind;
	} rows[] = {
		{"connect", NET_CONNECT}, {"accept", NET_ACCEPT}, {"accept4", NET_ACCEPT}, {"close", NET_CLOSE},
		{"shutdown", NET_SHUTDOWN}, {"procexit", NET_EXIT}, {"sendfile", NET_MOVE}, {"splice", NET_MOVE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(info->name, rows[i].name))
			return rows[i].kind;
	if (call->data < 0 || info->fd_param < 0)
		return NET_NOTHING;
	return info->traits & EF_READS_FROM_FD ? NET_READ : info->traits & EF_WRITES_TO_FD ? NET_WRITE : NET_NOTHING;
}

const struct net_call *net_call_find(struct net_calls *t, const struct event_info *info)
{
	static const struct net_call nothing = {.kind = NET_NOTHING};
	struct net_call *call;

	if (info->type >= EVENT_TYPE_MAX)
		return &nothing;
	call = &t->rows[info->type];
	if (call->kind != NET_NOT_ASKED)
		return call;
	call->data = (int8_t)param_index(info, "data");
	call->size = (int8_t)param_index(info, "size");
	call->tuple = (int8_t)param_index(info, "tuple");
	call->several = !strcmp(info->name, "sendmmsg") || !strcmp(info->name, "recvmmsg");
	call->kind = (uint8_t)kind_of(info, call);
	call->other = (int8_t)param_index(info, call->kind == NET_SHUTDOWN ? "how" : "fd_in");
	/* procexit is told on the way in, as all of its kind */
	if (event_info_is_enter(info) && call->kind != NET_EXIT)
		call->kind = NET_NOTHING;
	return call;
}

int64_t net_call_number(struct event *ev, int param, int64_t missing)
{
	int64_t v;

	return param >= 0 && param_number(event_param(ev, (unsigned)param), ev->info->params[param].type, &v) ? v
													       : missing;
}

bool net_call_bytes(const struct net_call *call, struct event *ev, struct bytes_told *ret)
{
	const struct param *p = call->data < 0 ? &param_absent : event_param(ev, (unsigned)call->data);

	*ret = (struct bytes_told){0};
	if (!ev->has_result || ev->result < 0 || ev->result > IO_LEN_MAX)
		return false;
	ret->len = (uint64_t)ev->result;
	/* Of several messages the first is there: when sent with its length, when received as far as it is kept. */
	if (call->several && call->kind == NET_WRITE) {
		int64_t size = net_call_number(ev, call->size, -1);

		ret->len = size >= 0 && size <= IO_LEN_MAX ? (uint64_t)size : p->len;
	} else if (call->several) {
		ret->len = p->len;
	}
	if (p->data && p->len) {
		ret->data = p->data;
		ret->data_len = p->len < ret->len ? p->len : (uint32_t)ret->len;
	}
	return true;
}

/* ---- addresses ---- */

void net_addresses_add(struct net_addresses *a, const struct interface_entry *e)
{
	if (a->n == NET_ADDRESSES_MAX || (e->type != 1 && e->type != 2))
		return;
	memcpy(a->rows[a->n].address, e->addr, 16);
	memcpy(a->rows[a->n].mask, e->netmask, 16);
	a->rows[a->n++].is_v6 = e->type == 2;
}

static void take_end(struct packet_end *end, const uint8_t *address, uint16_t port, bool is_v6)
{
	*end = (struct packet_end){.port = port};
	memcpy(end->address, address, is_v6 ? 16 : 4);
}

bool net_ends_of_fd(const struct fd_info *fd, struct net_ends *ret)
{
	bool server = fd_is_server_end(fd);

	if ((fd->type != FD_IPV4_SOCK && fd->type != FD_IPV6_SOCK) || !fd->sport || !fd->dport)
		return false;
	ret->is_v6 = fd->type == FD_IPV6_SOCK;
	take_end(server ? &ret->remote : &ret->local, fd->sip, fd->sport, ret->is_v6);
	take_end(server ? &ret->local : &ret->remote, fd->dip, fd->dport, ret->is_v6);
	return true;
}

bool net_ends_of_tuple(struct event *ev, int param, bool incoming, struct net_ends *ret)
{
	const struct param *p = param < 0 ? &param_absent : event_param(ev, (unsigned)param);
	struct socket_tuple t;

	if (!socket_tuple_parse(&t, p->data, p->len) || (t.family != FAMILY_IPV4 && t.family != FAMILY_IPV6) ||
	    !t.sport || !t.dport)
		return false;
	ret->is_v6 = t.family == FAMILY_IPV6;
	take_end(incoming ? &ret->remote : &ret->local, t.sip, t.sport, ret->is_v6);
	take_end(incoming ? &ret->local : &ret->remote, t.dip, t.dport, ret->is_v6);
	return true;
}

static bool is_loopback(const uint8_t *address, bool is_v6)
{
	static const uint8_t v6[16] = {[15] = 1};

	return is_v6 ? !memcmp(address, v6, 16) : address[0] == 127;
}

void net_ends_complete(const struct net_addresses *a, struct net_ends *ends)
{
	static const uint8_t zeros[16];
	const size_t len = ends->is_v6 ? 16 : 4;
	const uint8_t *peer = ends->remote.address, *found = is_loopback(peer, ends->is_v6) ? peer : NULL;

	if (memcmp(ends->local.address, zeros, len))
		return;
	for (unsigned i = 0; i < a->n && found != peer; i++) {
		uint8_t differs = 0, mask = 0;

		if (a->rows[i].is_v6 != ends->is_v6)
			continue;
		/* one of our own talks to itself */
		if (!memcmp(a->rows[i].address, peer, len))
			found = peer;
		for (size_t k = 0; k < len; k++) {
			differs |= (uint8_t)((a->rows[i].address[k] ^ peer[k]) & a->rows[i].mask[k]);
			mask |= a->rows[i].mask[k];
		}
		if (!found && mask && !differs)
			found = a->rows[i].address;
	}
	if (found)
		memcpy(ends->local.address, found, len);
}

/* ---- who holds a socket ---- */

static bool is_same_socket(const struct fd_info *a, const struct fd_info *b)
{
	return a->type == b->type && a->name_id == b->name_id && a->sport == b->sport && a->dport == b->dport &&
	       fd_is_server_end(a) == fd_is_server_end(b);
}

bool net_is_held(struct state *st, const struct thread *by, const struct fd_info *fd)
{
	const struct thread *t;
	const struct fd_info *f;
	uint32_t n_looked = 0;

	for (size_t i = 0; (t = state_thread_at(st, &i));) {
		if (++n_looked > NET_HOLDERS_MAX)
			return false;
		if (t == by || t->exiting)
			continue;
		/* another thread with the same descriptors: it loses what this one closes, not what it leaves */
		if (t->fds == by->fds || t->pid == by->pid) {
			if (by->exiting)
				return true;
			continue;
		}
		for (size_t k = 0; (f = thread_fd_at(t, &k));) {
			if (is_same_socket(f, fd))
				return true;
			if (++n_looked > NET_HOLDERS_MAX)
				return false;
		}
	}
	for (size_t k = 0; !by->exiting && (f = thread_fd_at(by, &k)) && n_looked++ < NET_HOLDERS_MAX;)
		if (f != fd && is_same_socket(f, fd))
			return true;
	return false;
}
