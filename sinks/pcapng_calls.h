/*
 * What an event says of network traffic: which call, by whose hand, with which bytes.
 *
 *	call = net_call_find(&calls, &ev);
 *	switch (call->kind) ...
 */
#pragma once
#include "sinks/rebuild.h"
#include "state/state.h"

enum net_call_kind {
	NET_NOT_ASKED, /* of the table's rows: the type has not been looked at */
	NET_NOTHING, NET_READ, NET_WRITE, NET_MOVE, NET_CONNECT, NET_ACCEPT, NET_CLOSE, NET_SHUTDOWN, NET_EXIT,
};

struct net_call {
	uint8_t kind;		  /* enum net_call_kind */
	bool several;		  /* sendmmsg, recvmmsg: the result counts messages, the first is recorded */
	int8_t data, size, tuple; /* parameters, -1: none */
	int8_t other;		  /* NET_MOVE: the fd that bytes come from; NET_SHUTDOWN: how */
};

struct net_calls {
	struct net_call rows[EVENT_TYPE_MAX];
};

const struct net_call *net_call_find(struct net_calls *t, const struct event_info *info);
/* The bytes that the call sent or received; false: none (it failed, or the result makes no sense). */
bool net_call_bytes(const struct net_call *call, struct event *ev, struct bytes_told *ret);
/* A parameter as a number, `missing` when it is not there. */
int64_t net_call_number(struct event *ev, int param, int64_t missing);

/* Own addresses, to know one that a call left open. */
#define NET_ADDRESSES_MAX 256
struct net_addresses {
	struct {
		uint8_t address[16], mask[16];
		bool is_v6;
	} rows[NET_ADDRESSES_MAX];
	unsigned n;
};
void net_addresses_add(struct net_addresses *a, const struct interface_entry *e);

struct net_ends {
	struct packet_end local, remote;
	bool is_v6;
};
/* The ends of a connected socket; false: it is none, or they are unknown. */
bool net_ends_of_fd(const struct fd_info *fd, struct net_ends *ret);
/* The ends that the call's own tuple names; incoming: the peer comes first in it. */
bool net_ends_of_tuple(struct event *ev, int param, bool incoming, struct net_ends *ret);
/* A local address that is not told (0.0.0.0) becomes the one that such a peer would see. */
void net_ends_complete(const struct net_addresses *a, struct net_ends *ends);

/*
 * Whether somebody else still holds the socket when this thread closes it, or exits. At most NET_HOLDERS_MAX
 * threads and descriptors are looked at.
 */
#define NET_HOLDERS_MAX 4096u
bool net_is_held(struct state *st, const struct thread *by, const struct fd_info *fd);
