/* Arguments from memory: socket addresses, messages, what is waited for. */
#include "sinks/strace_struct.h"
#include "state/address.h"

#define LINUX_UNIX    1
#define LINUX_IPV4    2
#define LINUX_IPV6    10
#define LINUX_NETLINK 16
#define SOL_SOCKET_	 1
#define EPOLL_DEL	 2
#define SCM_RIGHTS_	 1
#define SCM_CREDENTIALS_ 2
#define SO_ERROR_	 4
#define CONTROLS_MAX	 64
#define ADDRESS_LEN_MAX	 128 /* struct sockaddr_storage */

static uint16_t port_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put_unix(const struct strace_print *p, const uint8_t *path, size_t len)
{
	put(p, "{sa_family=AF_UNIX");
	if (len && path[0]) {
		put(p, ", sun_path=");
		put_whole_text(p, path, strnlen((const char *)path, len));
	} else if (len) { /* its NULs count */
		put(p, ", sun_path=@");
		put_whole_text(p, path + 1, len - 1);
	}
	buffer_u8(p->out, '}');
}

static void put_ipv6(const struct strace_print *p, const uint8_t *at)
{
	uint32_t scope;
	char text[ADDRESS_TEXT_MAX];
	size_t len = ip_text(text, at + 8, true);

	memcpy(&scope, at + 24, sizeof scope);
	buffer_printf(p->out,
		      "{sa_family=AF_INET6, sin6_port=htons(%u), sin6_flowinfo=htonl(%u), inet_pton(AF_INET6, "
		      "\"%.*s\", &sin6_addr), sin6_scope_id=%u}",
		      port_at(at + 2), (unsigned)port_at(at + 4) << 16 | port_at(at + 6), (int)len, text, scope);
}

static void put_socket_address(const struct strace_print *p, uint64_t addr, size_t len)
{
	const size_t whole = len;
	const uint8_t *at = memory_some(&p->memory->m, addr, &len);
	char text[ADDRESS_TEXT_MAX];
	uint16_t family = 0;
	uint32_t number;

	if (at && len >= 2)
		memcpy(&family, at, sizeof family);
	if (!at || len < 2 || whole > ADDRESS_LEN_MAX) {
		put_address(p, (int64_t)addr);
	} else if (family == LINUX_UNIX) {
		put_unix(p, at + 2, len - 2);
	} else if (family == LINUX_IPV4 && len >= 8) {
		size_t n = ip_text(text, at + 4, false);

		buffer_printf(p->out, "{sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"%.*s\")}",
			      port_at(at + 2), (int)n, text);
	} else if (family == LINUX_IPV6 && len >= 28) {
		put_ipv6(p, at);
	} else if (family == LINUX_NETLINK && len >= 12) {
		memcpy(&number, at + 4, sizeof number);
		buffer_printf(p->out, "{sa_family=AF_NETLINK, nl_pid=%d, ", (int32_t)number);
		memcpy(&number, at + 8, sizeof number);
		buffer_printf(p->out, "nl_groups=%08x}", number);
	} else {
		put(p, "{sa_family=");
		if (!put_name(p, family, "socket_families"))
			buffer_printf(p->out, "%#x", family);
		put(p, ", sa_data=");
		strace_text(p, at + 2, len - 2, len - 2, p->o->hex);
		buffer_u8(p->out, '}');
	}
}

/* The step that has the bytes of this argument: how many there are says an argument, or a number that it points to. */
static bool length_of(const struct strace_print *p, unsigned number, uint32_t *ret)
{
	const struct memory_plan *plan = &p->memory->plan;

	for (unsigned i = 0; i < plan->n_steps; i++) {
		const struct memory_step *step = &plan->steps[i];
		const uint8_t *at;

		if (step->a != number || step->structure != STRUCT_BYTES)
			continue;
		if (step->kind != MEMORY_COUNTED) {
			*ret = (uint32_t)word_of(p, step->b);
			return true;
		}
		at = memory_at(&p->memory->m, word_of(p, step->b), sizeof *ret);
		if (at)
			memcpy(ret, at, sizeof *ret);
		return at;
	}
	return false;
}

STRUCT_PRINT(socket_address)
{
	uint64_t addr = word_of(p, arg->number);
	uint32_t len;

	if (addr && !(arg->out && !succeeded(p)) && length_of(p, arg->number, &len))
		put_socket_address(p, addr, len);
	else
		put_address(p, (int64_t)addr);
	return true;
}

/* Where the call changes it, [before => after]. */
STRUCT_PRINT(option_length)
{
	uint64_t addr = word_of(p, arg->number);
	const uint8_t *after = memory_at(&p->memory->m, addr, sizeof(uint32_t));
	const uint8_t *before = memory_at(&p->memory->m, FACT_BEFORE, sizeof(uint32_t));
	uint32_t v, was;

	if (!addr || (!after && !before)) {
		put_address(p, (int64_t)addr);
		return true;
	}
	memcpy(&v, after ? after : before, sizeof v);
	memcpy(&was, before ? before : after, sizeof was);
	if (was != v && succeeded(p))
		buffer_printf(p->out, "[%d => %d]", (int)was, (int)v);
	else
		buffer_printf(p->out, "[%d]", (int)was);
	return true;
}

STRUCT_PRINT(socket_length)
{
	if (arg->out)
		return struct_option_length(p, arg);
	buffer_printf(p->out, "%d", (int)word_of(p, arg->number));
	return true;
}

/* Bytes in quotes as far as they were kept, `whole` of them in all. */
static void put_bytes_at(const struct strace_print *p, uint64_t addr, uint64_t whole)
{
	size_t len = whole < SIZE_MAX ? (size_t)whole : SIZE_MAX;
	const uint8_t *at = memory_some(&p->memory->m, addr, &len);

	if (at)
		strace_text(p, at, len, whole, p->o->hex);
	else
		put_address(p, (int64_t)addr);
}

STRUCT_PRINT(option_value)
{
	uint64_t addr = word_of(p, arg->number);
	const uint8_t *at;
	uint32_t len;
	int32_t v;

	if (!addr || (arg->out && !succeeded(p)) || !length_of(p, arg->number, &len)) {
		put_address(p, (int64_t)addr);
		return true;
	}
	at = memory_at(&p->memory->m, addr, len);
	if (!at || len != sizeof v) {
		put_bytes_at(p, addr, len);
		return true;
	}
	memcpy(&v, at, sizeof v);
	if (word_of(p, 1) == SOL_SOCKET_ && word_of(p, 2) == SO_ERROR_ && v > 0 && errno_name(v))
		buffer_printf(p->out, "[%s]", errno_name(v));
	else
		buffer_printf(p->out, "[%d]", v);
	return true;
}

/* ---- messages ---- */

/* What the n iovecs at addr hold was recorded in one piece, as far as snaplen reaches; `came` bytes of it count. */
static void put_iovecs(const struct strace_print *p, uint64_t addr, uint64_t n, const struct param *data, uint64_t came)
{
	const struct struct_layout *layout = layout_of(p, STRUCT_IOVEC);
	uint64_t before = 0;

	buffer_u8(p->out, '[');
	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *at = struct_at(p, STRUCT_IOVEC, addr + i * layout->size);
		uint64_t len, here, kept;

		if (!put_list_gap(p, i, at))
			break;
		len = (uint64_t)struct_number(layout, "iov_len", at);
		here = came - before < len ? came - before : len;
		kept = data->len > before ? data->len - before : 0;
		put(p, "{iov_base=");
		if (data->data && struct_number(layout, "iov_base", at) && (kept || !here))
			strace_text(p, data->data + (kept ? before : 0), kept < here ? (size_t)kept : (size_t)here, here,
				    p->o->hex);
		else
			put_address(p, struct_number(layout, "iov_base", at));
		buffer_printf(p->out, ", iov_len=%llu}", (unsigned long long)len);
		before += here;
	}
	buffer_u8(p->out, ']');
}

STRUCT_PRINT(iovecs)
{
	uint64_t addr = word_of(p, arg->number);

	if (!addr || (arg->out && !succeeded(p)) || !struct_at(p, STRUCT_IOVEC, addr)) {
		put_address(p, (int64_t)addr);
		return true;
	}
	put_iovecs(p, addr, (uint32_t)word_of(p, arg->number + 1u), param_of(p, arg, 0),
		   arg->out ? (uint64_t)p->ev->result : UINT64_MAX);
	return true;
}

static void put_control_data(const struct strace_print *p, int level, int type, const uint8_t *at, size_t len)
{
	int32_t v[3];

	if (level == SOL_SOCKET_ && type == SCM_RIGHTS_) {
		put(p, "SCM_RIGHTS, cmsg_data=[");
		for (size_t i = 0; i + sizeof *v <= len; i += sizeof *v) {
			memcpy(v, at + i, sizeof *v);
			put(p, i ? ", " : "");
			put_fd(p, v[0]);
		}
		buffer_u8(p->out, ']');
	} else if (level == SOL_SOCKET_ && type == SCM_CREDENTIALS_ && len >= sizeof v) {
		memcpy(v, at, sizeof v);
		buffer_printf(p->out, "SCM_CREDENTIALS, cmsg_data={pid=%d, uid=%d, gid=%d}", v[0], v[1], v[2]);
	} else {
		buffer_printf(p->out, "%#x, cmsg_data=", (unsigned)type);
		strace_text(p, at, len, len, 2);
	}
}

/* struct cmsghdr, one behind the other, each padded to the ABI's width. */
static void put_control(const struct strace_print *p, uint64_t addr, size_t len)
{
	const size_t width = p->memory->abi == ABI_I386 ? 4 : 8, head = width + 8;
	const uint8_t *at = memory_some(&p->memory->m, addr, &len);
	unsigned n = 0;

	if (!at) {
		put_address(p, (int64_t)addr);
		return;
	}
	buffer_u8(p->out, '[');
	while (len >= head && n < CONTROLS_MAX) {
		uint64_t size = 0, whole;
		int32_t level, type;

		memcpy(&size, at, width);
		memcpy(&level, at + width, sizeof level);
		memcpy(&type, at + width + 4, sizeof type);
		if (size < head || size > len)
			break;
		buffer_printf(p->out, "%s{cmsg_len=%llu, cmsg_level=", n++ ? ", " : "", (unsigned long long)size);
		if (!put_name(p, (uint64_t)(unsigned)level, "strace_level"))
			buffer_printf(p->out, "%#x", (unsigned)level);
		put(p, ", cmsg_type=");
		put_control_data(p, level, type, at + head, (size_t)size - head);
		buffer_u8(p->out, '}');
		whole = (size + width - 1) / width * width;
		if (whole >= len)
			break;
		at += whole;
		len -= (size_t)whole;
	}
	buffer_u8(p->out, ']');
}

STRUCT_PRINT(message)
{
	const struct struct_layout *l = layout_of(p, STRUCT_MSGHDR);
	uint64_t addr = word_of(p, arg->number), name, n, control;
	const uint8_t *at = struct_at(p, STRUCT_MSGHDR, addr);
	uint32_t name_len;

	if (!at) {
		put_address(p, (int64_t)addr);
		return true;
	}
	if (arg->out && !succeeded(p)) {
		buffer_printf(p->out, "{msg_namelen=%u}", (unsigned)struct_number(l, "msg_namelen", at));
		return true;
	}
	name = (uint64_t)struct_number(l, "msg_name", at);
	name_len = (uint32_t)struct_number(l, "msg_namelen", at);
	n = (uint64_t)struct_number(l, "msg_iovlen", at);
	control = (uint64_t)struct_number(l, "msg_controllen", at);
	put(p, "{msg_name=");
	put_socket_address(p, name, name_len);
	buffer_printf(p->out, ", msg_namelen=%u, msg_iov=", name_len);
	if (struct_number(l, "msg_iov", at) && n <= UINT32_MAX)
		put_iovecs(p, (uint64_t)struct_number(l, "msg_iov", at), n, param_of(p, arg, 0),
			   arg->out ? (uint64_t)p->ev->result : UINT64_MAX);
	else
		put_address(p, struct_number(l, "msg_iov", at));
	buffer_printf(p->out, ", msg_iovlen=%llu, ", (unsigned long long)n);
	if (control) {
		put(p, "msg_control=");
		put_control(p, (uint64_t)struct_number(l, "msg_control", at), (size_t)control);
		put(p, ", ");
	}
	buffer_printf(p->out, "msg_controllen=%llu, msg_flags=", (unsigned long long)control);
	strace_flag_names(p->out, (uint64_t)struct_number(l, "msg_flags", at), strace_flags("strace_msg"));
	buffer_u8(p->out, '}');
	return true;
}

/* ---- what is waited for ---- */

STRUCT_PRINT(poll_list)
{
	const struct struct_layout *l = layout_of(p, STRUCT_POLLFD);
	uint64_t addr = word_of(p, arg->number), n = (uint32_t)word_of(p, arg->number + 1u);

	if (!addr || (n && !struct_at(p, STRUCT_POLLFD, addr))) {
		put_address(p, (int64_t)addr);
		return true;
	}
	buffer_u8(p->out, '[');
	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *at = struct_at(p, STRUCT_POLLFD, addr + i * l->size);

		if (!put_list_gap(p, i, at))
			break;
		put(p, "{fd=");
		put_fd(p, struct_number(l, "fd", at));
		if (struct_number(l, "fd", at) >= 0) {
			put(p, ", events=");
			strace_flag_names(p->out, (uint64_t)struct_number(l, "events", at), strace_flags("strace_poll"));
		}
		buffer_u8(p->out, '}');
	}
	buffer_u8(p->out, ']');
	return true;
}

STRUCT_PRINT(poll_count)
{
	buffer_printf(p->out, "%u", (unsigned)word_of(p, arg->number));
	return true;
}

/* What it held before the call has overwritten it is not known. */
STRUCT_PRINT(select_set)
{
	if (word_of(p, arg->number))
		return false;
	put(p, "NULL");
	return true;
}

STRUCT_PRINT(epoll_list)
{
	const struct struct_layout *l = layout_of(p, STRUCT_EPOLL_EVENT);
	uint64_t addr = word_of(p, arg->number);

	if (!succeeded(p)) {
		put_address(p, (int64_t)addr);
		return true;
	}
	buffer_u8(p->out, '[');
	for (int64_t i = 0; i < p->ev->result; i++) {
		const uint8_t *at = struct_at(p, STRUCT_EPOLL_EVENT, addr + (uint64_t)i * l->size);

		if (!put_list_gap(p, (uint64_t)i, at))
			break;
		put_struct(p, STRUCT_EPOLL_EVENT, at);
	}
	buffer_u8(p->out, ']');
	return true;
}

STRUCT_PRINT(epoll_one)
{
	if (word_of(p, 1) == EPOLL_DEL) /* is not looked at */
		put_address(p, (int64_t)word_of(p, arg->number));
	else
		put_struct_at(p, STRUCT_EPOLL_EVENT, word_of(p, arg->number));
	return true;
}
