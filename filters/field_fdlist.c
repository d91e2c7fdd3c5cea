/* fdlist.*: the fds of a poll, as lists with commas. */
#include "filters/field_extract.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define ITEM_BYTES 10 /* of a PT_FDLIST: the fd in 8 bytes, what is waited for in 2 */

static const struct param *list_param(struct event *ev)
{
	for (unsigned i = 0; i < ev->n_params; i++)
		if (ev->info->params[i].type == PT_FDLIST)
			return event_param(ev, i);
	return NULL;
}

static bool is_connection(const struct fd_info *fd)
{
	return fd && (fd->type == FD_IPV4_SOCK || fd->type == FD_IPV6_SOCK);
}

/* One element; nothing where the fd has none. */
static bool append_item(uint16_t id, int64_t number, const struct fd_info *fd, struct buffer *b)
{
	char address[INET6_ADDRSTRLEN];
	bool client = id == FIELD_FDLIST_CIPS || id == FIELD_FDLIST_CPORTS;

	if (id == FIELD_FDLIST_NUMS) {
		buffer_decimal(b, number);
		return true;
	}
	if (id == FIELD_FDLIST_NAMES) {
		const char *name = fd && fd->name[0] ? fd->name : "<NA>";

		buffer_append(b, name, strlen(name));
		return true;
	}
	if (!is_connection(fd))
		return false;
	if (id == FIELD_FDLIST_CPORTS || id == FIELD_FDLIST_SPORTS) {
		buffer_decimal(b, client ? fd->sport : fd->dport);
		return true;
	}
	if (inet_ntop(fd->type == FD_IPV4_SOCK ? AF_INET : AF_INET6, client ? fd->sip : fd->dip, address,
		      sizeof address))
		buffer_append(b, address, strlen(address));
	return true;
}

bool extract_fdlist(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		    struct field_scratch *scratch, struct value *ret)
{
	const struct param *p = list_param(ev);
	struct buffer *b = &scratch->bytes;
	struct cursor c;
	unsigned n;
	bool any = false;

	if (!p || !p->data)
		return false;
	c = cursor_over(p->data, p->len);
	for (n = cursor_u16(&c); n && cursor_left(&c) >= ITEM_BYTES; n--) {
		int64_t number = cursor_i64(&c);
		size_t before = b->len;
		const struct fd_info *fd = st->now.thread ? thread_fd_find(st->now.thread, number) : NULL;

		cursor_u16(&c);
		if (any)
			buffer_u8(b, ',');
		if (append_item(f->info->id, number, fd, b))
			any = true;
		else
			b->len = before;
	}
	return any && value_scratch(ret, scratch);
}
