/* fs.path.*, evt.abspath: the paths that a call was given to act on. */
#include "filters/field_extract.h"

#include <stdlib.h>

enum role { ROLE_NAME, ROLE_SOURCE, ROLE_TARGET };

/*
 * Which parameter is what, as the family has it: calls that look (stat, access) are not among them, a
 * link's source is the new name and its target what that leads to. Calls that are ours alone and take
 * one path need no row.
 */
static const struct path_row {
	const char *event, *names[3]; /* by role */
} rows[] = {
	{"open", {"name"}},	       {"openat", {"name"}},	    {"openat2", {"name"}},
	{"creat", {"name"}},	       {"open_by_handle_at", {"path"}}, {"mkdir", {"path"}},
	{"mkdirat", {"path"}},	       {"rmdir", {"path"}},	    {"unlink", {"path"}},
	{"unlinkat", {"name"}},	       {"chmod", {"filename"}},	    {"fchmodat", {"filename"}},
	{"chown", {"path"}},	       {"lchown", {"path"}},	    {"fchownat", {"pathname"}},
	{"mknod", {"path"}},	       {"mknodat", {"path"}},	    {"umount", {"name"}},
	{"umount2", {"name"}},	       {"quotactl", {"special"}},
	{"rename", {NULL, "oldpath", "newpath"}},
	{"renameat", {NULL, "oldpath", "newpath"}},
	{"renameat2", {NULL, "oldpath", "newpath"}},
	{"link", {NULL, "newpath", "oldpath"}},
	{"linkat", {NULL, "newpath", "oldpath"}},
	{"symlink", {NULL, "linkpath", "target"}},
	{"symlinkat", {NULL, "linkpath", "target"}},
	{"mount", {NULL, "dev", "dir"}},
};

static bool is_path(const struct param_info *p)
{
	return p->type == PT_FSPATH || p->type == PT_FSRELPATH;
}

static int param_named(const struct event_info *info, const char *name)
{
	for (unsigned i = 0; name && i < info->n_params; i++)
		if (!strcmp(info->params[i].name, name))
			return (int)i;
	return -1;
}

/* The only path of a call that the public tables do not have. */
static int own_path(const struct event_info *info)
{
	int found = -1;

	for (unsigned i = 0; i < info->n_params; i++)
		if (is_path(&info->params[i])) {
			if (found >= 0)
				return -1;
			found = (int)i;
		}
	return found;
}

static enum role role_of(uint16_t id)
{
	switch (id) {
	case FIELD_FS_PATH_SOURCE:
	case FIELD_FS_PATH_SOURCERAW:
		return ROLE_SOURCE;
	case FIELD_FS_PATH_TARGET:
	case FIELD_FS_PATH_TARGETRAW:
		return ROLE_TARGET;
	default:
		return ROLE_NAME;
	}
}

/* fchmod and fchown act on what an fd stands for. */
static bool is_by_fd(const struct event_info *info)
{
	return !strcmp(info->name, "fchmod") || !strcmp(info->name, "fchown");
}

/* evt.abspath: the path beside a directory's fd; of two, .src is the first and .dst the second. */
static int abspath_param(const struct field *f, const struct event_info *info)
{
	int first = -1, second = -1;

	for (unsigned i = 0; i < info->n_params; i++)
		if (info->params[i].type == PT_FSRELPATH)
			*(first < 0 ? &first : &second) = (int)i;
	if (!f->argument[0])
		return second < 0 ? first : -1;
	if (second < 0)
		return -1;
	return !strcmp(f->argument, "src") ? first : second;
}

/* Which parameter of such an event the field is about; -1: none. */
static int field_path_param(const struct field *f, const struct event_info *info)
{
	enum role role = role_of(f->info->id);

	if (f->info->id == FIELD_EVT_ABSPATH)
		return abspath_param(f, info);
	if (event_info_is_enter(info))
		return -1;
	if (info->type >= EVENT_TYPE_OWN)
		return role == ROLE_NAME ? own_path(info) : -1;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].event, info->name))
			return param_named(info, rows[i].names[role]);
	return -1;
}

bool field_path_of_type(const struct field *f, const struct event_info *info)
{
	return field_path_param(f, info) >= 0 ||
	       (f->info->id != FIELD_EVT_ABSPATH && role_of(f->info->id) == ROLE_NAME && is_by_fd(info));
}

static bool is_raw(uint16_t id)
{
	return id == FIELD_FS_PATH_NAMERAW || id == FIELD_FS_PATH_SOURCERAW || id == FIELD_FS_PATH_TARGETRAW;
}

/* Text that is a path in all but its type: the target of a symlink, a device to mount. */
static size_t resolve_text(const struct state *st, const char *text, char *out)
{
	const struct thread *t = st->now.thread;

	if (*text != '/' && !t)
		return 0;
	return path_resolve(out, t ? t->cwd : "", t ? strlen(t->cwd) : 0, text, strlen(text));
}

static bool extract_resolved(struct event *ev, unsigned i, struct state *st,
			     struct field_scratch *scratch, struct value *ret)
{
	char path[PATH_TEXT_MAX + 1];
	const char *text = param_text(event_param(ev, i));
	size_t len;

	if (!*text)
		return false;
	len = is_path(&ev->info->params[i]) ? state_path(st, ev, i, path) : resolve_text(st, text, path);
	buffer_append(&scratch->bytes, path, len);
	return len && value_scratch(ret, scratch);
}

bool extract_path(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		  struct field_scratch *scratch, struct value *ret)
{
	uint16_t id = f->info->id;
	int i = field_path_param(f, ev->info);
	bool by_fd = i < 0 && field_path_of_type(f, ev->info);

	/* Only what was done counts, but an open that failed was meant for its file all the same. */
	if (id != FIELD_EVT_ABSPATH && !(ev->info->traits & EF_CREATES_FD) &&
	    (!event_has_result(ev) || ev->result != 0))
		return false;
	if (by_fd)
		return st->now.fd && st->now.fd->name[0] &&
		       value_interned(ret, st->now.fd->name, st->now.fd->name_id);
	if (i < 0)
		return false;
	if (is_raw(id))
		return event_param(ev, (unsigned)i)->data &&
		       value_text(ret, param_text(event_param(ev, (unsigned)i)));
	return extract_resolved(ev, (unsigned)i, st, scratch, ret);
}
