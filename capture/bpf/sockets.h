/*
 * Socket addresses in the family's encodings.
 *   PT_SOCKADDR   u8 family | IPv4: addr[4] port | IPv6: addr[16] port | unix: path NUL
 *   PT_SOCKTUPLE  u8 family | source (addr port) | destination (addr port) | unix: two u64, path NUL
 * Addresses in network order, ports little-endian in host order.
 */
#pragma once
#include "files.h"

#define UNIX_PATH_MAX	  108
#define SOCKADDR_IN_SIZE  16
#define SOCKADDR_IN6_SIZE 28
#define SOCKADDR_IN6_MIN  24 /* without the scope, as the kernel takes it, too */

struct endpoint {
	u16 family;
	u16 port; /* host order */
	u8 addr[16];
};

static __always_inline void endpoint_local(struct endpoint *e, struct sock *sk)
{
	e->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	e->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (e->family == AF_INET6)
		bpf_core_read(e->addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	else
		bpf_core_read(e->addr, 4, &sk->__sk_common.skc_rcv_saddr);
}

static __always_inline void endpoint_remote(struct endpoint *e, struct sock *sk)
{
	e->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	e->port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (e->family == AF_INET6)
		bpf_core_read(e->addr, 16, &sk->__sk_common.skc_v6_daddr);
	else
		bpf_core_read(e->addr, 4, &sk->__sk_common.skc_daddr);
}

/* From a user sockaddr; false when unreadable. No more is read than its family has. */
static __always_inline bool endpoint_user(struct endpoint *e, u64 addr, u32 len)
{
	bool narrow;

	e->port = 0;
	if (!addr || (s32)len < 2 || bpf_probe_read_user(&e->family, 2, (void *)addr))
		return false;
	narrow = e->family == AF_INET;
	if (!narrow && e->family != AF_INET6)
		return true;
	if (len < (narrow ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_MIN) ||
	    bpf_probe_read_user(&e->port, 2, (void *)(addr + 2)))
		return false;
	e->port = __builtin_bswap16(e->port);
	return narrow ? !bpf_probe_read_user(e->addr, 4, (void *)(addr + 4))
		      : !bpf_probe_read_user(e->addr, 16, (void *)(addr + 8));
}

/*
 * The path of a user's sockaddr_un with a NUL at p (UNIX_PATH_MAX + 1 bytes of room): its length says where
 * it ends, a NUL need not follow. Abstract names lose their leading NUL.
 */
static __always_inline u32 unix_path_user(u8 *p, u64 addr, u32 len)
{
	u32 room = len - 2 > UNIX_PATH_MAX ? UNIX_PATH_MAX : len - 2;
	u8 first = 0;
	long n;

	p[0] = 0;
	if ((s32)len <= 2 || bpf_probe_read_user(&first, 1, (void *)(addr + 2)))
		return 1;
	if (!first)
		room--;
	barrier_var(room);
	room &= 0x7F;
	n = bpf_probe_read_user_str(p, room + 1, (void *)(addr + (first ? 2 : 3)));
	return n > 0 ? (u32)n & 0x7F : 1;
}

static __always_inline u32 endpoint_put(u8 *p, const struct endpoint *e)
{
	if (e->family == AF_INET6) {
		__builtin_memcpy(p, e->addr, 16);
		*(u16 *)(p + 16) = e->port;
		return 18;
	}
	__builtin_memcpy(p, e->addr, 4);
	*(u16 *)(p + 4) = e->port;
	return 6;
}

/* The path a unix socket is bound to, with a NUL; as unix_path_user. */
static __always_inline u32 unix_path(u8 *p, struct sock *sk)
{
	struct unix_address *addr = BPF_CORE_READ((struct unix_sock *)sk, addr);
	const char *path;
	u8 first = 0;
	u32 room;
	long n;

	p[0] = 0;
	if (!addr)
		return 1;
	room = BPF_CORE_READ(addr, len) - 2;
	if ((s32)room <= 0)
		return 1;
	if (room > UNIX_PATH_MAX)
		room = UNIX_PATH_MAX;
	path = (const char *)addr + bpf_core_field_offset(struct unix_address, name) + 2;
	bpf_probe_read_kernel(&first, 1, path);
	if (!first)
		room--;
	barrier_var(room);
	room &= 0x7F;
	n = bpf_probe_read_kernel_str(p, room + 1, first ? path : path + 1);
	return n > 0 ? (u32)n & 0x7F : 1;
}

/* PT_SOCKADDR of a user address at p (128 bytes of room). Returns its length, 0: nothing to tell. */
static __always_inline u32 sockaddr_put(u8 *p, u64 addr, u32 len)
{
	struct endpoint e = {};

	if (!endpoint_user(&e, addr, len))
		return 0;
	p[0] = e.family;
	if (e.family == AF_INET || e.family == AF_INET6)
		return 1 + endpoint_put(p + 1, &e);
	return e.family == AF_UNIX ? 1 + unix_path_user(p + 1, addr, len) : 1;
}

/* PT_SOCKTUPLE of a unix socket. The path belongs to the server's side. */
static __always_inline u32 tuple_put_unix(u8 *p, struct sock *sk, bool outbound, u64 user_addr, u32 user_len)
{
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	u64 ours = (u64)sk, theirs = (u64)peer;
	u32 len;

	*(u64 *)(p + 1) = outbound ? theirs : ours;
	*(u64 *)(p + 9) = outbound ? ours : theirs;
	len = unix_path(p + 17, outbound && peer ? peer : sk);
	if (outbound && user_addr && len <= 1)
		len = unix_path_user(p + 17, user_addr, user_len);
	return 17 + len;
}

/*
 * PT_SOCKTUPLE of a socket at p (256 bytes of room). Outbound: we are the source. What the call names (may be
 * NULL) goes before what the socket is connected to, when sending; when receiving, it is for
 * sockets that are not connected.
 */
static __always_inline u32 tuple_put(u8 *p, struct sock *sk, bool outbound, u64 user_addr, u32 user_len)
{
	struct endpoint e = {};
	u16 family;
	u32 size;

	endpoint_local(&e, sk);
	family = e.family;
	p[0] = family;
	if (family == AF_UNIX)
		return tuple_put_unix(p, sk, outbound, user_addr, user_len);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	size = family == AF_INET6 ? 18 : 6;
	endpoint_put(p + 1 + (outbound ? 0 : size), &e);
	endpoint_remote(&e, sk);
	if (user_addr && (outbound || !e.port) &&
	    (!endpoint_user(&e, user_addr, user_len) || e.family != family))
		endpoint_remote(&e, sk);
	endpoint_put(p + 1 + (outbound ? size : 0), &e);
	return 1 + 2 * size;
}
