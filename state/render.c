#include "state/render_value.h"
#include "state/address.h"

static void append(struct buffer *out, const char *text)
{
	buffer_append(out, text, strlen(text));
}

static void render_address(struct buffer *out, const struct param *p, bool is_tuple)
{
	struct socket_tuple t;
	char text[ADDRESS_TEXT_MAX];
	bool ok = is_tuple ? socket_tuple_parse(&t, p->data, p->len)
			   : socket_address_parse(&t, p->data, p->len);

	if (!ok)
		append(out, is_tuple ? "NULL" : "<NA>");
	else if (is_tuple)
		render_text(out, text, socket_tuple_text(text, &t));
	else
		render_text(out, text, socket_address_text(text, &t));
}

/* "3:f1 4:p4": fd, letter of its type, events in hexadecimal. */
static void render_fd_list(struct buffer *out, const struct param *p, const struct state *st)
{
	struct cursor c = cursor_over(p->data, p->data ? p->len : 0);
	unsigned n = cursor_u16(&c);

	for (unsigned i = 0; i < n; i++) {
		int64_t fd = cursor_i64(&c);
		unsigned events = cursor_u16(&c);
		const struct fd_info *f;

		if (cursor_failed(&c))
			return;
		f = st && st->now.thread ? thread_fd_find(st->now.thread, fd) : NULL;
		buffer_printf(out, "%s%lld:%c%x", i ? " " : "", (long long)fd,
			      f ? fd_type_char(f) : '?', events);
	}
}

static void render_path(struct buffer *out, struct event *ev, unsigned i, const struct state *st)
{
	const struct param *p = &ev->params[i];
	const char *path = param_text(p);
	char whole[PATH_TEXT_MAX + 1];

	render_text(out, path, strlen(path));
	if (!*path || *path == '/' || !st || strcmp(path, "<NA>") == 0)
		return;
	append(out, "(");
	render_text(out, whole, state_path(st, ev, i, whole));
	append(out, ")");
}

/* A byte that selects the type, then a value of that type. */
static void render_dynamic(struct buffer *out, struct event *ev, unsigned i,
			   const struct param_info *info, const struct param *p,
			   const struct state *st, const struct render_options *options)
{
	struct param value = {p->data + 1, p->len - 1};

	if (p->data[0] >= info->n_dynamic || info->dynamic[p->data[0]].type == PT_DYN ||
	    info->dynamic[p->data[0]].type == PT_FSPATH ||
	    info->dynamic[p->data[0]].type == PT_FSRELPATH)
		append(out, "<NA>");
	else
		render_one(out, ev, i, &info->dynamic[p->data[0]], &value, st, options);
}

static void render_ip(struct buffer *out, const struct param *p)
{
	char text[ADDRESS_TEXT_MAX];

	if (p->len == 4 || p->len == 16)
		buffer_append(out, text, ip_text(text, p->data, p->len == 16));
	else
		append(out, "<NA>");
}

void render_one(struct buffer *out, struct event *ev, unsigned i, const struct param_info *info,
		const struct param *p, const struct state *st, const struct render_options *options)
{
	const bool empty = !p->data || !p->len;

	switch ((enum param_type)info->type) {
	case PT_BYTEBUF:
	case PT_MEMORY:
	case PT_CHARBUFARRAY:
	case PT_CHARBUF_PAIR_ARRAY:
		if (empty)
			append(out, "NULL");
		else
			render_bytes(out, p->data, p->len, options);
		break;
	case PT_SOCKTUPLE:
		render_address(out, p, true);
		break;
	case PT_SOCKADDR:
		render_address(out, p, false);
		break;
	case PT_FDLIST:
		render_fd_list(out, p, st);
		break;
	case PT_CHARBUF:
		if (empty || p->data[p->len - 1])
			append(out, "<NA>");
		else
			render_text(out, (const char *)p->data, strlen((const char *)p->data));
		break;
	case PT_FSPATH:
	case PT_FSRELPATH:
		if (empty)
			append(out, "<NA>");
		else
			render_path(out, ev, i, st);
		break;
	case PT_DYN:
		if (empty)
			append(out, "<NA>");
		else
			render_dynamic(out, ev, i, info, p, st, options);
		break;
	case PT_IPV4ADDR:
	case PT_IPV6ADDR:
	case PT_IPADDR:
		render_ip(out, p);
		break;
	default:
		render_number(out, info, p, st);
	}
}

void render_param(struct buffer *out, struct event *ev, unsigned i, const struct state *st,
		  const struct render_options *options)
{
	const struct param *p = event_param(ev, i);

	if (i < ev->n_params)
		render_one(out, ev, i, &ev->info->params[i], p, st, options);
}

char *render_arg_name(char *p, const struct param_info *info, bool first)
{
	const char *name = info->name;

	if (!first)
		*p++ = ' ';
	for (unsigned n = 0; n < RENDER_NAME_MAX && *name; n++)
		*p++ = *name++;
	*p++ = '=';
	return p;
}

void render_args(struct buffer *out, struct event *ev, const struct state *st,
		 const struct render_options *options)
{
	if (ev->type <= RENDER_TYPE_GENERIC)
		return;
	if (!ev->parsed)
		event_parse(ev);
	for (unsigned i = 0; i < ev->n_params; i++) {
		const struct param_info *info = &ev->info->params[i];
		char *p = (char *)buffer_reserve(out, RENDER_NAME_MAX + 2);

		if (!p || info->type == PT_MEMORY) /* the last one: no text for a line */
			return;
		out->len += (size_t)(render_arg_name(p, info, i == 0) - p);
		render_one(out, ev, i, info, &ev->params[i], st, options);
	}
}
