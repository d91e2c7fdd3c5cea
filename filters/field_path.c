/* Paths as calls were given them, made absolute. */
#include "filters/field_extract.h"

#define PATH_CWD (-100) /* AT_FDCWD */

/* Appends the components of path to the absolute one in b (which begins at `start`). */
static void append_components(struct buffer *b, size_t start, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2)) {
			while (b->len > start && b->data[--b->len] != '/')
				;
		} else if (len && !(len == 1 && *path == '.')) {
			buffer_u8(b, '/');
			buffer_append(b, path, len);
		}
		path += len + (path[len] == '/');
	}
}

/* The folder that a relative path starts from, NULL: unknown. */
static const char *base_folder(struct event *ev, const struct param_info *info, const struct thread *t)
{
	const struct fd_info *fd;
	int64_t number;

	if (info->type != PT_FSRELPATH || info->dirfd_param < 0)
		return t->cwd;
	if (!param_number(event_param(ev, (unsigned)info->dirfd_param),
			  ev->info->params[info->dirfd_param].type, &number))
		return NULL;
	if (number == PATH_CWD)
		return t->cwd;
	fd = thread_fd_find(t, number);
	return fd && fd->name[0] == '/' ? fd->name : NULL;
}

bool append_path(struct event *ev, unsigned i, struct state *st, struct buffer *b)
{
	const struct param *p = event_param(ev, i);
	const char *path = param_text(p), *base = "";
	size_t start = b->len;

	if (!p->data)
		return false;
	if (*path != '/') {
		const struct thread *t = st->now.thread;

		base = t ? base_folder(ev, &ev->info->params[i], t) : NULL;
		if (!base)
			return false;
	}
	append_components(b, start, base);
	append_components(b, start, path);
	if (b->len == start)
		buffer_u8(b, '/');
	return !buffer_failed(b);
}
