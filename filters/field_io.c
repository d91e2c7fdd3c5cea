/* evt.is_io*, evt.buflen*, evt.is_open_*: input, output and opening. */
#include "filters/field_extract.h"

#define IO_TRAITS (EF_READS_FROM_FD | EF_WRITES_TO_FD)

/* Of the public file_flags (flags.tsv). */
#define O_READ	   0x1
#define O_WRITE	   0x2
#define O_CREATE   0x4
#define O_TEMPFILE 0x2000
#define O_CREATED  0x4000
#define MODE_EXEC  0111

static bool is_io_category(const struct event *ev)
{
	unsigned category = event_type_category(ev->info);

	return category >= EC_IO_READ && category <= EC_IO_OTHER;
}

/* The result of a call that did I/O on an fd that is known, like the family counts it. */
static bool extract_length(uint16_t id, const struct event *ev, const struct state *st,
			   struct value *ret)
{
	bool read = ev->info->traits & EF_READS_FROM_FD, write = ev->info->traits & EF_WRITES_TO_FD;
	bool file, net, pass;

	if (!event_has_result(ev) || ev->result < 0 || !st->now.fd || !is_io_category(ev))
		return false;
	file = st->now.fd->type == FD_FILE || st->now.fd->type == FD_FILE_V2;
	net = st->now.fd->type >= FD_IPV4_SOCK && st->now.fd->type <= FD_IPV6_SERVSOCK;
	switch (id) {
	case FIELD_EVT_BUFLEN_IN:
		pass = read;
		break;
	case FIELD_EVT_BUFLEN_OUT:
		pass = write;
		break;
	case FIELD_EVT_BUFLEN_FILE:
		pass = file && (read || write);
		break;
	case FIELD_EVT_BUFLEN_FILE_IN:
		pass = file && read;
		break;
	case FIELD_EVT_BUFLEN_FILE_OUT:
		pass = file && write;
		break;
	case FIELD_EVT_BUFLEN_NET:
		pass = net && (read || write);
		break;
	case FIELD_EVT_BUFLEN_NET_IN:
		pass = net && read;
		break;
	case FIELD_EVT_BUFLEN_NET_OUT:
		pass = net && write;
		break;
	default:
		pass = true;
	}
	return pass && value_uint(ret, (uint64_t)ev->result);
}

static bool flag_param(struct event *ev, const char *name, int64_t *ret)
{
	unsigned i;
	const struct param *p = event_param_named(ev, name, &i);

	return p && param_number(p, ev->info->params[i].type, ret);
}

/* Events that open a file: they make an fd and have file_flags (creat: a mode). */
static bool opened(uint16_t id, struct event *ev)
{
	int64_t flags = 0, mode = 0;
	bool creat = !strcmp(ev->info->name, "creat");

	if (!(ev->info->traits & EF_CREATES_FD) || (strncmp(ev->info->name, "open", 4) && !creat))
		return false;
	if (!flag_param(ev, creat ? "creat_flags" : "flags", &flags) && !creat)
		return false;
	switch (id) {
	case FIELD_EVT_IS_OPEN_READ:
		return !creat && (flags & O_READ);
	case FIELD_EVT_IS_OPEN_WRITE:
		return !creat && (flags & O_WRITE);
	case FIELD_EVT_IS_OPEN_CREATE:
		return event_has_result(ev) && ev->result >= 0 &&
		       (creat || (flags & (O_CREATED | O_TEMPFILE)));
	default:
		return (creat || (flags & (O_CREATE | O_TEMPFILE))) && event_has_result(ev) && ev->result >= 0 &&
		       flag_param(ev, "mode", &mode) && (mode & MODE_EXEC);
	}
}

static bool is_syslog(const struct event *ev, const struct state *st)
{
	const struct fd_info *fd = st->now.fd;

	return (ev->info->traits & EF_WRITES_TO_FD) && fd &&
	       (fd->type == FD_UNIX_SOCK || fd->type == FD_FILE || fd->type == FD_FILE_V2) &&
	       strstr(fd->name, "/dev/log");
}

bool extract_io(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		struct field_scratch *scratch, struct value *ret)
{
	uint32_t traits = ev->info->traits;

	switch (f->info->id) {
	case FIELD_EVT_IS_IO:
		return value_bool(ret, traits & IO_TRAITS);
	case FIELD_EVT_IS_IO_READ:
		return value_bool(ret, traits & EF_READS_FROM_FD);
	case FIELD_EVT_IS_IO_WRITE:
		return value_bool(ret, traits & EF_WRITES_TO_FD);
	case FIELD_EVT_IO_DIR:
		return (traits & IO_TRAITS) &&
		       value_text(ret, traits & EF_READS_FROM_FD ? "read" : "write");
	case FIELD_EVT_IS_WAIT:
		return value_bool(ret, traits & EF_WAITS);
	case FIELD_EVT_IS_SYSLOG:
		return value_bool(ret, is_syslog(ev, st));
	case FIELD_EVT_IS_OPEN_READ:
	case FIELD_EVT_IS_OPEN_WRITE:
	case FIELD_EVT_IS_OPEN_EXEC:
	case FIELD_EVT_IS_OPEN_CREATE:
		return value_bool(ret, opened(f->info->id, ev));
	default:
		return extract_length(f->info->id, ev, st, ret);
	}
}
