#include "format/entry.h"

#include <errno.h>

/*
 * A record is u32 length (of what follows), u16 kind and the fields of the kind in the order below.
 * Fields are only ever appended: what a longer record holds behind the fields known here is left
 * alone (SPEC "Records").
 */

static void put_text(struct buffer *b, struct text t, uint32_t max)
{
	uint32_t len = t.data ? (t.len < max ? t.len : max) : 0;

	buffer_u16(b, (uint16_t)len);
	buffer_append(b, t.data, len);
}

static struct text take_text(struct cursor *c, uint32_t max)
{
	uint16_t len = cursor_u16(c);
	const uint8_t *data = cursor_bytes(c, len);

	if (len > max)
		c->failed = true;
	return (struct text){(const char *)data, data ? len : 0};
}

static void put_bool(struct buffer *b, bool v)
{
	buffer_u8(b, v);
}

static bool take_bool(struct cursor *c)
{
	return cursor_u8(c) != 0;
}

static void put_addr(struct buffer *b, const uint8_t addr[16])
{
	buffer_append(b, addr, 16);
}

static void take_addr(struct cursor *c, uint8_t addr[16])
{
	const uint8_t *p = cursor_bytes(c, 16);

	if (p)
		memcpy(addr, p, 16);
	else
		memset(addr, 0, 16);
}

/*
 * The fields of each kind in wire order, once, for both directions: F is a number, T a text, B a blob, O a
 * bool, A an address.
 */
#define THREAD_FIELDS                                                                              \
	F(tid, u64) F(pid, u64) F(ptid, u64) F(sid, u64) F(pgid, u64) F(vpgid, u64) F(vtid, u64)   \
	F(vpid, u64) F(uid, u32) F(gid, u32) F(loginuid, u32) F(flags, u32) F(vm_size_kb, u32)     \
	F(vm_rss_kb, u32) F(vm_swap_kb, u32) F(tty, u32) F(pf_major, u64) F(pf_minor, u64)         \
	F(fd_limit, u64) F(clone_ns, u64) F(pidns_init_start_ns, u64) F(cap_inheritable, u64)      \
	F(cap_permitted, u64) F(cap_effective, u64) F(exe_ino, u64) F(exe_ino_ctime_ns, u64)       \
	F(exe_ino_mtime_ns, u64) O(exe_writable) O(exe_upper_layer) O(exe_lower_layer)             \
	O(exe_from_memfd) O(filtered) T(comm) T(exe) T(exepath) T(cwd) T(root) B(args) B(env)      \
	B(cgroups)
#define FD_FIELDS                                                                                  \
	F(tid, u64) F(fd, u64) F(ino, u64) F(dev, u32) F(open_flags, u32) F(type, u8)              \
	F(l4proto, u8) A(sip) A(dip) F(sport, u16) F(dport, u16) F(unix_source, u64)               \
	F(unix_peer, u64) T(name)
#define USER_FIELDS	 F(uid, u32) F(gid, u32) T(name) T(home) T(shell)
#define GROUP_FIELDS	 F(gid, u32) T(name)
#define INTERFACE_FIELDS F(type, u16) A(addr) A(netmask) A(broadcast) F(link_speed, u64) T(name)
#define CLOCK_FIELDS	 F(time_ns, u64) F(offset_ns, u64)

#define F(name, width) buffer_##width(b, (uint64_t)x->name);
#define T(name)	       put_text(b, x->name, ENTRY_TEXT_MAX);
#define B(name)	       put_text(b, x->name, ENTRY_BLOB_MAX);
#define O(name)	       put_bool(b, x->name);
#define A(name)	       put_addr(b, x->name);
#define PUT(noun, fields)                                                                          \
	static void put_##noun(struct buffer *b, const struct noun##_entry *x)                     \
	{                                                                                          \
		fields                                                                             \
	}
PUT(thread, THREAD_FIELDS)
PUT(fd, FD_FIELDS)
PUT(user, USER_FIELDS)
PUT(group, GROUP_FIELDS)
PUT(interface, INTERFACE_FIELDS)
PUT(clock, CLOCK_FIELDS)
#undef F
#undef T
#undef B
#undef O
#undef A

#define F(name, width) x->name = (__typeof__(x->name))cursor_##width(c);
#define T(name)	       x->name = take_text(c, ENTRY_TEXT_MAX);
#define B(name)	       x->name = take_text(c, ENTRY_BLOB_MAX);
#define O(name)	       x->name = take_bool(c);
#define A(name)	       take_addr(c, x->name);
#define TAKE(noun, fields)                                                                         \
	static void take_##noun(struct cursor *c, struct noun##_entry *x)                          \
	{                                                                                          \
		fields                                                                             \
	}
TAKE(thread, THREAD_FIELDS)
TAKE(fd, FD_FIELDS)
TAKE(user, USER_FIELDS)
TAKE(group, GROUP_FIELDS)
TAKE(interface, INTERFACE_FIELDS)
TAKE(clock, CLOCK_FIELDS)

void state_entry_encode(struct buffer *b, const struct state_entry *e)
{
	size_t at = b->len;

	buffer_u32(b, 0);
	buffer_u16(b, (uint16_t)e->kind);
	switch (e->kind) {
	case ENTRY_THREAD: put_thread(b, &e->thread); break;
	case ENTRY_FD: put_fd(b, &e->fd); break;
	case ENTRY_USER: put_user(b, &e->user); break;
	case ENTRY_GROUP: put_group(b, &e->group); break;
	case ENTRY_INTERFACE: put_interface(b, &e->interface); break;
	case ENTRY_CLOCK: put_clock(b, &e->clock); break;
	case ENTRY_RESET: break;
	}
	if (!b->failed)
		buffer_set_u32(b, at, (uint32_t)(b->len - at - 4));
}

static bool entry_take(struct cursor *c, struct state_entry *ret)
{
	switch (ret->kind) {
	case ENTRY_THREAD: take_thread(c, &ret->thread); break;
	case ENTRY_FD: take_fd(c, &ret->fd); break;
	case ENTRY_USER: take_user(c, &ret->user); break;
	case ENTRY_GROUP: take_group(c, &ret->group); break;
	case ENTRY_INTERFACE: take_interface(c, &ret->interface); break;
	case ENTRY_CLOCK: take_clock(c, &ret->clock); break;
	case ENTRY_RESET: break;
	default: return false;
	}
	return true;
}

int state_entry_next(struct cursor *c, struct state_entry *ret, struct error *err)
{
	while (cursor_left(c)) {
		uint32_t len = cursor_u32(c);
		const uint8_t *data = cursor_bytes(c, len);
		struct cursor record;

		if (!data || len < 2)
			return error_set(err, -EBADMSG,
					 "a state entry of %u bytes does not fit its block", len);
		record = cursor_over(data, len);
		memset(ret, 0, sizeof *ret);
		ret->kind = (enum entry_kind)cursor_u16(&record);
		if (!entry_take(&record, ret))
			continue; /* of a newer kind */
		if (cursor_failed(&record))
			return error_set(err, -EBADMSG,
					 "a state entry of kind %d and %u bytes contradicts itself",
					 ret->kind, len);
		return 1;
	}
	return cursor_failed(c) ? error_set(err, -EBADMSG, "state entries end early") : 0;
}
