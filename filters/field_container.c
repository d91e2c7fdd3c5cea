/* container.*, fd.container*: in which container the thread runs, as the paths of its control groups tell. */
#include "filters/field_extract.h"

#include <stdlib.h>

#define ID_LEN	  64 /* hexadecimal digits of an id, as runtimes that follow the OCI give them */
#define SHORT_LEN 12 /* of them, as they are shown */

/* What stands before the id in the last part of the path. */
static const struct {
	const char *prefix, *type;
} runtimes[] = {
	{"docker-", "docker"},	       {"crio-conmon-", NULL},	     {"crio-", "cri-o"},
	{"cri-containerd-", "containerd"}, {"nerdctl-", "containerd"}, {"libpod-conmon-", NULL},
	{"libpod-payload-", "podman"}, {"libpod-", "podman"},
};
/* What tells the runtime of a bare id. */
static const struct {
	const char *folder, *type;
} folders[] = {
	{"/docker/", "docker"}, {"/docker-ce/", "docker"}, {"/kubepods", "containerd"}, {"/libpod_parent/", "podman"},
	{"/lxc/", "lxc"},	{"/lxc.payload/", "lxc"},      {":cri-containerd:", "containerd"},
};

struct container {
	struct text id; /* len 0: none */
	const char *type;
};

static size_t hex_len(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && ((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'a' && p[n] <= 'f')))
		n++;
	return n;
}

/* "docker-ID.scope", "crio-ID", "ID", "cri-containerd:ID" (with a slice and colons in front). */
static bool parse_part(const char *path, const char *part, const char *end, struct container *ret)
{
	const char *colon = memrchr(part, ':', (size_t)(end - part));
	const char *type = "", *p = colon ? colon + 1 : part;
	size_t len;

	for (unsigned i = 0; i < sizeof runtimes / sizeof *runtimes; i++) {
		len = strlen(runtimes[i].prefix);
		if ((size_t)(end - p) > len && !memcmp(p, runtimes[i].prefix, len)) {
			type = runtimes[i].type;
			p += len;
			break;
		}
	}
	/* The process that watches over a container is not inside. */
	if (!type || hex_len(p, end) != ID_LEN)
		return false;
	if (p + ID_LEN < end && p[ID_LEN] != '.')
		return false;
	for (unsigned i = 0; !*type && i < sizeof folders / sizeof *folders; i++)
		if (memmem(path, (size_t)(end - path), folders[i].folder, strlen(folders[i].folder)))
			type = folders[i].type;
	*ret = (struct container){{p, ID_LEN}, *type ? type : "oci"};
	return true;
}

/* /lxc/NAME and /lxc.payload.NAME: containers that have names for ids. */
static bool parse_lxc(const char *path, const char *end, struct container *ret)
{
	static const char *const marks[] = {"/lxc/", "/lxc.payload/", "/lxc.payload."};

	for (unsigned i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t n = strlen(marks[i]);
		const char *p = memmem(path, (size_t)(end - path), marks[i], n), *stop;

		if (!p || p + n == end)
			continue;
		stop = memchr(p + n, '/', (size_t)(end - p) - n);
		*ret = (struct container){{p + n, (uint32_t)((stop ? stop : end) - p - n)}, "lxc"};
		return ret->id.len > 0;
	}
	return false;
}

/* The innermost part of the path that is a container's. */
static bool parse_path(const char *path, const char *end, struct container *ret)
{
	for (const char *stop = end; stop > path;) {
		const char *slash = memrchr(path, '/', (size_t)(stop - path));
		const char *part = slash ? slash + 1 : path;

		if (parse_part(path, part, stop, ret))
			return true;
		if (!slash)
			break;
		stop = slash;
	}
	return parse_lxc(path, end, ret);
}

static struct container container_of(const struct thread *t)
{
	struct container c = {0};

	for (uint32_t at = 0; at < t->cgroups_len;) {
		const char *entry = t->cgroups + at;
		uint32_t len = (uint32_t)strnlen(entry, t->cgroups_len - at);
		const char *path = memchr(entry, '/', len);

		if (path && parse_path(path, entry + len, &c))
			break;
		at += len + 1;
	}
	return c;
}

static bool extract_joined(uint16_t id, struct event *ev, const struct container *c, struct state *st,
			   struct field_scratch *scratch, struct value *ret)
{
	static const struct field none = {.index = -1};
	struct field plain = none;
	struct field_scratch part = {0};
	struct value v = {0};
	bool has;

	plain.info = field_info_at(id == FIELD_FD_CONTAINERNAME ? FIELD_FD_NAME : FIELD_FD_DIRECTORY);
	has = extract_fd(&plain, ev, st, 0, &part, &v);
	if (has) {
		buffer_append(&scratch->bytes, c->id.data, c->id.len > SHORT_LEN ? SHORT_LEN : c->id.len);
		buffer_u8(&scratch->bytes, ':');
		buffer_append(&scratch->bytes, v.text.data, v.text.len);
	}
	buffer_done(&part.bytes);
	return has && value_scratch(ret, scratch);
}

/* What a note in the capture says of it; another tool's captures have such. */
static bool extract_note(uint16_t id, const struct container *c, const struct state *st, struct value *ret)
{
	const struct container_entry *e = state_container(st, c->id);
	const struct text *t = !e ? NULL : id == FIELD_CONTAINER_NAME ? &e->name : &e->image;

	return t && t->len && value_bytes(ret, VALUE_TEXT, t->data, t->len);
}

bool extract_container(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		       struct field_scratch *scratch, struct value *ret)
{
	const struct thread *t = st->now.thread;
	struct container c = {0};
	bool outside;

	if (t)
		c = container_of(t);
	if (f->info->class[0] == 'f')
		return extract_joined(f->info->id, ev, &c, st, scratch, ret);
	/* Of a thread whose groups are not known nothing can be said. */
	if (!t || !t->cgroups_len)
		return false;
	outside = !c.id.len;
	switch (f->info->id) {
	case FIELD_CONTAINER_ID:
		return outside ? value_text(ret, "host")
			       : value_bytes(ret, VALUE_TEXT, c.id.data,
					     c.id.len > SHORT_LEN ? SHORT_LEN : c.id.len);
	case FIELD_CONTAINER_FULL_ID:
		return outside ? value_text(ret, "host")
			       : value_bytes(ret, VALUE_TEXT, c.id.data, c.id.len);
	case FIELD_CONTAINER_NAME:
	case FIELD_CONTAINER_IMAGE:
		if (outside)
			return f->info->id == FIELD_CONTAINER_NAME && value_text(ret, "host");
		return extract_note(f->info->id, &c, st, ret);
	default:
		return value_text(ret, outside ? "host" : c.type);
	}
}
