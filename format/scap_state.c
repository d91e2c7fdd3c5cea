#include "format/scap_state.h"

#include <errno.h>
#include <stdio.h>

#define PADDING_MAX	 3u /* fewer bytes than an entry's smallest beginning */
#define TAIL_BEFORE_0_10 29u /* bytes of the process tail's fields that older writers knew */

uint32_t scap_block_code(uint32_t type)
{
	static const struct {
		uint32_t code, alias;
	} rows[] = {
#define X(name, code, alias) {code, alias},
		SCAP_BLOCKS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].alias == type && type)
			return rows[i].code;
	}
	return type;
}

bool scap_list_begin(struct scap_list *ret, uint32_t code)
{
	static const struct {
		uint16_t code;
		uint8_t kind, version;
	} rows[] = {
		{SCAP_PROCESSES_1, SCAP_LIST_PROCESSES, 1}, {SCAP_PROCESSES_2, SCAP_LIST_PROCESSES, 2},
		{SCAP_PROCESSES_3, SCAP_LIST_PROCESSES, 3}, {SCAP_PROCESSES_4, SCAP_LIST_PROCESSES, 4},
		{SCAP_PROCESSES_5, SCAP_LIST_PROCESSES, 5}, {SCAP_PROCESSES_6, SCAP_LIST_PROCESSES, 6},
		{SCAP_PROCESSES_7, SCAP_LIST_PROCESSES, 7}, {SCAP_PROCESSES_8, SCAP_LIST_PROCESSES, 8},
		{SCAP_PROCESSES_9, SCAP_LIST_PROCESSES, 9}, {SCAP_FDS_1, SCAP_LIST_FDS, 1},
		{SCAP_FDS_2, SCAP_LIST_FDS, 2},		    {SCAP_USERS_1, SCAP_LIST_USERS, 1},
		{SCAP_USERS_2, SCAP_LIST_USERS, 2},	    {SCAP_INTERFACES_1, SCAP_LIST_INTERFACES, 1},
		{SCAP_INTERFACES_2, SCAP_LIST_INTERFACES, 2},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].code == code) {
			ret->kind = rows[i].kind;
			ret->version = rows[i].version;
			ret->has_tid = false;
			return true;
		}
	}
	return false;
}

/* The family's own texts are shorter; of what others write the rest is left out. */
static struct text take_limited(struct cursor *c, uint32_t max)
{
	uint16_t len = cursor_u16(c);
	const uint8_t *data = cursor_bytes(c, len);

	return (struct text){(const char *)data, !data ? 0 : len < max ? len : max};
}

static struct text take_text(struct cursor *c)
{
	return take_limited(c, ENTRY_TEXT_MAX);
}

/* Programs that overwrite their arguments with a title leave nothing but NULs behind it: no list. */
static struct text take_list(struct cursor *c)
{
	struct text t = take_limited(c, ENTRY_BLOB_MAX);

	return t.len == 1 && !*t.data ? (struct text){0} : t;
}

static void take_bytes(struct cursor *c, uint8_t *to, size_t len)
{
	const uint8_t *p = cursor_bytes(c, len);

	if (p)
		memcpy(to, p, len);
}

/* ---- processes ---- */

/* What version 9 appends: each field is there only where the entry has room for it. */
static void take_process_tail(struct cursor *c, struct thread_entry *t)
{
	/* Put into the middle by libs 0.10, so that only the length tells older writers apart. */
	if (cursor_left(c) > TAIL_BEFORE_0_10) {
		t->pidns_init_start_ns = cursor_u64(c);
		t->tty = cursor_u32(c);
	}
#define IF_ROOM(bytes, take)                                                                       \
	if (cursor_left(c) < (bytes))                                                              \
		return;                                                                            \
	take
	IF_ROOM(4, t->loginuid = cursor_u32(c));
	IF_ROOM(1, t->exe_writable = cursor_u8(c));
	IF_ROOM(8, t->cap_inheritable = cursor_u64(c));
	IF_ROOM(8, t->cap_permitted = cursor_u64(c));
	IF_ROOM(8, t->cap_effective = cursor_u64(c));
	IF_ROOM(1, t->exe_upper_layer = cursor_u8(c));
	IF_ROOM(8, t->exe_ino = cursor_u64(c));
	IF_ROOM(8, t->exe_ino_ctime_ns = cursor_u64(c));
	IF_ROOM(8, t->exe_ino_mtime_ns = cursor_u64(c));
	IF_ROOM(1, t->exe_from_memfd = cursor_u8(c));
	IF_ROOM(1, t->exe_lower_layer = cursor_u8(c));
	IF_ROOM(8, t->pgid = cursor_i64(c));
#undef IF_ROOM
}

static void take_process(struct cursor *c, unsigned version, struct thread_entry *t)
{
	*t = (struct thread_entry){.sid = -1, .pgid = -1, .vpgid = -1, .vtid = -1, .vpid = -1,
				   .loginuid = UINT32_MAX};
	t->tid = cursor_i64(c);
	t->pid = cursor_i64(c);
	t->ptid = cursor_i64(c);
	if (version >= 6)
		t->sid = cursor_i64(c);
	if (version >= 8)
		t->vpgid = cursor_i64(c);
	t->comm = take_text(c);
	t->exe = take_text(c);
	if (version >= 7)
		t->exepath = take_text(c);
	t->args = take_list(c);
	t->cwd = take_text(c);
	t->fd_limit = cursor_u64(c);
	t->flags = cursor_u32(c);
	t->uid = cursor_u32(c);
	t->gid = cursor_u32(c);
	if (version >= 2) {
		t->vm_size_kb = cursor_u32(c);
		t->vm_rss_kb = cursor_u32(c);
		t->vm_swap_kb = cursor_u32(c);
		t->pf_major = cursor_u64(c);
		t->pf_minor = cursor_u64(c);
	}
	if (version >= 3)
		t->env = take_list(c);
	if (version >= 4) {
		t->vtid = cursor_i64(c);
		t->vpid = cursor_i64(c);
		t->cgroups = take_list(c);
	}
	if (version >= 5)
		t->root = take_text(c);
	if (version >= 9)
		take_process_tail(c, t);
}

/* ---- fds ---- */

static void take_fd_kind(struct scap_list *list, struct cursor *c, struct fd_entry *f)
{
	const bool is_6 = f->type == FD_IPV6_SOCK || f->type == FD_IPV6_SERVSOCK;
	const size_t addr_len = is_6 ? 16 : 4;
	int len;

	switch (f->type) {
	case FD_IPV4_SOCK:
	case FD_IPV6_SOCK:
		take_bytes(c, f->sip, addr_len);
		take_bytes(c, f->dip, addr_len);
		f->sport = cursor_u16(c);
		f->dport = cursor_u16(c);
		f->l4proto = cursor_u8(c);
		break;
	case FD_IPV4_SERVSOCK:
	case FD_IPV6_SERVSOCK:
		take_bytes(c, f->sip, addr_len);
		f->sport = cursor_u16(c);
		f->l4proto = cursor_u8(c);
		break;
	case FD_UNIX_SOCK:
		f->unix_source = cursor_u64(c);
		f->unix_peer = cursor_u64(c);
		f->name = take_text(c);
		break;
	case FD_FILE_V2:
		f->open_flags = cursor_u32(c);
		f->name = take_text(c);
		if (list->version >= 2 && cursor_left(c) >= 4)
			f->dev = cursor_u32(c);
		break;
	case FD_UNKNOWN:
		break;
	default:
		if (f->type <= FD_PIDFD) {
			f->name = take_text(c);
			break;
		}
		/* Its fields are anybody's guess: only an entry with a length can be passed over. */
		c->failed |= list->version < 2;
		len = snprintf(list->words[f->type], sizeof list->words[0], "unknown-type:[%u]", f->type);
		f->name = (struct text){list->words[f->type], (uint32_t)len};
		f->type = FD_UNSUPPORTED;
	}
}

static void take_fd(struct scap_list *list, struct cursor *c, struct fd_entry *f)
{
	*f = (struct fd_entry){.tid = list->tid};
	f->fd = cursor_i64(c);
	f->ino = cursor_u64(c);
	f->type = cursor_u8(c);
	take_fd_kind(list, c, f);
}

/* ---- users, groups, interfaces ---- */

static void take_user(struct cursor *c, struct state_entry *e)
{
	if (cursor_u8(c) == 0) {
		e->kind = ENTRY_USER;
		e->user = (struct user_entry){.uid = cursor_u32(c)};
		e->user.gid = cursor_u32(c);
		e->user.name = take_text(c);
		e->user.home = take_text(c);
		e->user.shell = take_text(c);
	} else {
		e->kind = ENTRY_GROUP;
		e->group = (struct group_entry){.gid = cursor_u32(c)};
		e->group.name = take_text(c);
	}
}

static void take_interface(struct cursor *c, struct interface_entry *x)
{
	uint16_t type = cursor_u16(c), name_len = cursor_u16(c);
	const uint8_t *name;
	size_t addr_len = type & 1 ? 4 : 16;

	/* 3 and 4 are 1 and 2 without a speed. */
	c->failed |= type < 1 || type > 4;
	*x = (struct interface_entry){.type = type > 2 ? type - 2 : type};
	take_bytes(c, x->addr, addr_len);
	take_bytes(c, x->netmask, addr_len);
	take_bytes(c, x->broadcast, addr_len);
	if (type <= 2)
		x->link_speed = cursor_u64(c);
	name = cursor_bytes(c, name_len);
	x->name = (struct text){(const char *)name, name ? name_len : 0};
}

/* ---- lists ---- */

/* Whether an entry begins with its length. */
static bool with_length(const struct scap_list *list)
{
	return list->kind == SCAP_LIST_PROCESSES ? list->version >= 9 : list->version >= 2;
}

/* The cursor over the next entry: the rest, or as many bytes as its length says. */
static struct cursor entry_cursor(const struct scap_list *list, struct cursor *c)
{
	struct cursor entry = *c;
	uint32_t len;

	if (!with_length(list))
		return entry;
	len = cursor_u32(&entry);
	/* Interfaces alone do not count the length's own 4 bytes. */
	if (list->kind != SCAP_LIST_INTERFACES) {
		entry.failed |= len < 4;
		len -= 4;
	}
	if (len > cursor_left(&entry))
		entry.failed = true;
	else
		entry.end = entry.at + len;
	return entry;
}

static void entry_take(struct scap_list *list, struct cursor *c, struct state_entry *ret)
{
	switch (list->kind) {
	case SCAP_LIST_PROCESSES:
		ret->kind = ENTRY_THREAD;
		take_process(c, list->version, &ret->thread);
		break;
	case SCAP_LIST_FDS:
		ret->kind = ENTRY_FD;
		take_fd(list, c, &ret->fd);
		break;
	case SCAP_LIST_USERS:
		take_user(c, ret);
		break;
	case SCAP_LIST_INTERFACES:
		ret->kind = ENTRY_INTERFACE;
		take_interface(c, &ret->interface);
		break;
	}
}

int scap_list_next(struct scap_list *list, struct cursor *c, struct state_entry *ret, struct error *err)
{
	struct cursor entry;

	if (list->kind == SCAP_LIST_FDS && !list->has_tid) {
		entry = *c;
		list->tid = cursor_i64(&entry);
		if (cursor_failed(&entry))
			return error_set(err, -EBADMSG, "a list of fds without its thread");
		list->has_tid = true;
		*c = entry;
	}
	if (cursor_left(c) <= PADDING_MAX) {
		c->at = c->end;
		return 0;
	}
	entry = entry_cursor(list, c);
	if (!cursor_failed(&entry))
		entry_take(list, &entry, ret);
	if (cursor_failed(&entry))
		return error_set(err, -EBADMSG, "an entry does not fit its block, or contradicts itself");
	c->at = with_length(list) ? entry.end : entry.at;
	return 1;
}
