/* What a socket of the tracee says of itself, asked once per call. */
#pragma once
#include "capture/ptrace/call.h"

struct endpoint {
	uint16_t port; /* host order */
	uint8_t addr[16];
};

struct socket_facts {
	bool asked, asked_queue;
	int64_t fd;
	bool is_socket, has_peer, knows_queue;
	uint16_t family;
	struct endpoint local, remote;
	char path[109], peer_path[109]; /* of unix sockets */
	uint32_t queue_len, queue_max;
};

/* Another call begins. */
void socket_facts_begin(struct socket_facts *f);
