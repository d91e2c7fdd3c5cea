#include "format/scap_encode.h"

void scap_block_end(struct buffer *b, size_t at)
{
	pcapng_pad(b, b->len - at);
	pcapng_end(b, at);
}

void scap_put_section(struct buffer *b)
{
	size_t at = pcapng_begin(b, SCAP_SECTION);

	buffer_u32(b, SCAP_BYTE_ORDER);
	buffer_u16(b, 1);
	buffer_u16(b, 2);
	buffer_u64(b, UINT64_MAX); /* its length: unknown */
	scap_block_end(b, at);
}

void scap_put_machine(struct buffer *b, const struct capture_info *info)
{
	uint32_t host = info->hostname.len < SCAP_HOST_LEN ? info->hostname.len : SCAP_HOST_LEN - 1;
	size_t at = pcapng_begin(b, SCAP_MACHINE);

	buffer_u32(b, info->n_cpus);
	buffer_u64(b, info->memory_bytes);
	buffer_u64(b, 0); /* largest pid */
	buffer_append(b, info->hostname.data, host);
	buffer_append(b, NULL, SCAP_HOST_LEN - host);
	buffer_u64(b, info->boot_ns);
	buffer_append(b, NULL, 3 * sizeof(uint64_t)); /* flags and two reserved */
	scap_block_end(b, at);
}

static void put_text(struct buffer *b, struct text t, uint32_t max)
{
	uint32_t len = t.len < max ? t.len : max;

	buffer_u16(b, (uint16_t)len);
	if (len)
		buffer_append(b, t.data, len);
}

static void put_texts(struct buffer *b, const struct text *texts, unsigned n, uint32_t max)
{
	for (unsigned i = 0; i < n; i++)
		put_text(b, texts[i], max);
}

/* Lists whose entries begin with their length, itself included. */
static size_t entry_begin(struct buffer *b)
{
	buffer_u32(b, 0);
	return b->len - 4;
}

static void entry_end(struct buffer *b, size_t at)
{
	if (!buffer_failed(b))
		buffer_set_u32(b, at, (uint32_t)(b->len - at));
}

/* What the family has added to the entries since 2022; a reader takes what the entry's length covers. */
static void put_process_tail(struct buffer *b, const struct thread_entry *t)
{
	buffer_u64(b, t->pidns_init_start_ns);
	buffer_u32(b, t->tty);
	buffer_u32(b, t->loginuid);
	buffer_u8(b, t->exe_writable);
	buffer_u64(b, t->cap_inheritable);
	buffer_u64(b, t->cap_permitted);
	buffer_u64(b, t->cap_effective);
	buffer_u8(b, t->exe_upper_layer);
	buffer_u64(b, t->exe_ino);
	buffer_u64(b, t->exe_ino_ctime_ns);
	buffer_u64(b, t->exe_ino_mtime_ns);
	buffer_u8(b, t->exe_from_memfd);
	buffer_u8(b, t->exe_lower_layer);
	buffer_u64(b, (uint64_t)t->pgid);
}

void scap_put_process(struct buffer *b, const struct thread_entry *t, bool legacy)
{
	const struct text names[] = {t->comm, t->exe, t->exepath};
	const int64_t ids[] = {t->tid, t->pid, t->ptid, t->sid, t->vpgid};
	const uint32_t numbers[] = {t->flags,	   t->uid,	  t->gid,
				    t->vm_size_kb, t->vm_rss_kb, t->vm_swap_kb};
	size_t at = entry_begin(b);

	buffer_append(b, ids, sizeof ids);
	put_texts(b, names, sizeof names / sizeof *names, SCAP_TEXT_MAX);
	put_text(b, t->args, SCAP_LIST_MAX);
	put_text(b, t->cwd, SCAP_TEXT_MAX);
	buffer_u64(b, t->fd_limit);
	buffer_append(b, numbers, sizeof numbers);
	buffer_u64(b, t->pf_major);
	buffer_u64(b, t->pf_minor);
	put_text(b, t->env, SCAP_LIST_MAX);
	buffer_u64(b, (uint64_t)t->vtid);
	buffer_u64(b, (uint64_t)t->vpid);
	put_text(b, t->cgroups, SCAP_LIST_MAX);
	put_text(b, t->root, SCAP_TEXT_MAX);
	if (legacy) {
		buffer_u32(b, t->loginuid);
		buffer_u8(b, t->exe_writable);
	} else {
		put_process_tail(b, t);
	}
	entry_end(b, at);
}

static void put_tuple(struct buffer *b, const struct fd_entry *f, unsigned address_len, bool both)
{
	buffer_append(b, f->sip, address_len);
	if (both)
		buffer_append(b, f->dip, address_len);
	buffer_u16(b, f->sport);
	if (both)
		buffer_u16(b, f->dport);
	buffer_u8(b, f->l4proto);
}

void scap_put_fd(struct buffer *b, const struct fd_entry *f, bool legacy)
{
	bool known = f->type > FD_UNKNOWN && f->type <= (legacy ? FD_IOURING : FD_PIDFD);
	uint8_t type = known ? f->type : FD_UNSUPPORTED;
	size_t at = entry_begin(b);

	buffer_u64(b, (uint64_t)f->fd);
	buffer_u64(b, f->ino);
	buffer_u8(b, type);
	switch (type) {
	case FD_IPV4_SOCK: put_tuple(b, f, 4, true); break;
	case FD_IPV6_SOCK: put_tuple(b, f, 16, true); break;
	case FD_IPV4_SERVSOCK: put_tuple(b, f, 4, false); break;
	case FD_IPV6_SERVSOCK: put_tuple(b, f, 16, false); break;
	case FD_UNIX_SOCK:
		buffer_u64(b, f->unix_source);
		buffer_u64(b, f->unix_peer);
		put_text(b, f->name, SCAP_FD_NAME_MAX);
		break;
	case FD_FILE_V2:
		buffer_u32(b, f->open_flags);
		put_text(b, f->name, SCAP_FD_NAME_MAX);
		buffer_u32(b, f->dev);
		break;
	default: put_text(b, f->name, SCAP_FD_NAME_MAX);
	}
	entry_end(b, at);
}

void scap_put_user(struct buffer *b, const struct user_entry *u)
{
	const struct text texts[] = {u->name, u->home, u->shell};
	size_t at = entry_begin(b);

	buffer_u8(b, 0);
	buffer_u32(b, u->uid);
	buffer_u32(b, u->gid);
	put_texts(b, texts, sizeof texts / sizeof *texts, SCAP_USER_TEXT_MAX);
	entry_end(b, at);
}

void scap_put_group(struct buffer *b, const struct group_entry *g)
{
	size_t at = entry_begin(b);

	buffer_u8(b, 1);
	buffer_u32(b, g->gid);
	put_text(b, g->name, SCAP_USER_TEXT_MAX);
	entry_end(b, at);
}

/* Here alone the length does not count its own four bytes. */
void scap_put_interface(struct buffer *b, const struct interface_entry *i)
{
	unsigned address_len = i->type == 1 ? 4 : 16;
	uint16_t name_len = (uint16_t)(i->name.len < SCAP_USER_TEXT_MAX ? i->name.len : SCAP_USER_TEXT_MAX);

	buffer_u32(b, 2 + 2 + 3 * address_len + 8 + name_len);
	buffer_u16(b, i->type == 1 ? 1 : 2);
	buffer_u16(b, name_len);
	buffer_append(b, i->addr, address_len);
	buffer_append(b, i->netmask, address_len);
	buffer_append(b, i->broadcast, address_len);
	buffer_u64(b, i->link_speed);
	if (name_len)
		buffer_append(b, i->name.data, name_len);
}

/* ---- events ---- */

static size_t params_len(const struct scap_event *e)
{
	size_t len = 0;

	for (unsigned i = 0; i < e->n_params; i++)
		len += e->params[i].len;
	return len;
}

/* Takes what is too much from the longest parameter of variable size. */
static void cut(struct scap_event *e, size_t excess, uint32_t *cut_texts)
{
	unsigned longest = EVENT_PARAMS_MAX;
	struct param *p;

	for (unsigned i = 0; i < e->n_params; i++)
		if (!param_type_size(e->infos[i].type) &&
		    (longest == EVENT_PARAMS_MAX || e->params[i].len > e->params[longest].len))
			longest = i;
	if (longest == EVENT_PARAMS_MAX) /* fixed sizes alone are far below every limit */
		return;
	p = &e->params[longest];
	p->len -= excess < p->len ? (uint32_t)excess : p->len;
	if (param_type_is_text(e->infos[longest].type))
		*cut_texts |= 1u << longest;
}

static size_t event_len(const struct scap_event *e)
{
	return SCAP_EVENT_2_LEN + e->n_params * (e->large ? 4 : 2) + params_len(e);
}

/* 0x216 and so on: by flags and by the size of the lengths. */
static uint32_t block_code(const struct scap_event *e)
{
	if (e->large)
		return e->flags ? SCAP_EVENT_FLAGS_LARGE : SCAP_EVENT_LARGE;
	return e->flags ? SCAP_EVENT_FLAGS_2 : SCAP_EVENT_2;
}

static uint8_t *put(uint8_t *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

bool scap_put_event(struct buffer *b, struct scap_event *e)
{
	/* type, length, cpu, flags, padding and trailer */
	const size_t frame = SCAP_BLOCK_HEAD + 2 + (e->flags ? 4 : 0), around = frame + 3 + SCAP_BLOCK_TAIL;
	const size_t max = (e->large ? EVENT_PAYLOAD_MAX : SCAP_BODY_MAX) - around;
	uint32_t code = block_code(e), len, total, cut_texts = 0;
	bool whole = true;
	uint8_t *p, *start;

	for (unsigned i = 0; event_len(e) > max && i < EVENT_PARAMS_MAX; i++) {
		cut(e, event_len(e) - max, &cut_texts);
		whole = false;
	}
	len = (uint32_t)event_len(e);
	total = (uint32_t)((frame + len + SCAP_BLOCK_TAIL + 3) & ~(size_t)3);
	start = p = buffer_reserve(b, total);
	if (!p)
		return whole;
	p = put(p, &code, 4);
	p = put(p, &total, 4);
	p = put(p, &e->cpu, 2);
	if (e->flags)
		p = put(p, &e->flags, 4);
	p = put(p, &e->time_ns, 8);
	p = put(p, &e->tid, 8);
	p = put(p, &len, 4);
	p = put(p, &e->type, 2);
	p = put(p, &(uint32_t){e->n_params}, 4);
	for (unsigned i = 0; i < e->n_params; i++)
		p = put(p, &e->params[i].len, e->large ? 4 : 2);
	for (unsigned i = 0; i < e->n_params; i++) {
		if (!e->params[i].len)
			continue;
		p = put(p, e->params[i].data, e->params[i].len);
		if (cut_texts >> i & 1)
			p[-1] = 0;
	}
	memset(p, 0, (size_t)(start + total - p) - SCAP_BLOCK_TAIL);
	memcpy(start + total - SCAP_BLOCK_TAIL, &total, SCAP_BLOCK_TAIL);
	b->len += total;
	return whole;
}
