/* fd.*: the fd that the event is about. Addresses and ports are in field_socket.c. */
#include "filters/field_extract.h"

#include <stdlib.h>

#define FLAG_UPPER_LAYER 0x8000 /* of file_flags */
#define FLAG_LOWER_LAYER 0x10000

bool event_type_makes_one_fd(const struct event_info *info)
{
	return (info->traits & EF_CREATES_FD) && info->result_param >= 0 &&
	       (info->params[info->result_param].type == PT_FD ||
		info->params[info->result_param].type == PT_FD32);
}

/* fd.type of this fd; NULL: unknown. */
static const char *fd_type_name(const struct fd_info *fd)
{
	return fd->type == FD_UNKNOWN ? NULL : fd_type_text(fd);
}

/* The path that an open gave which failed: there is no fd, but the file has a name. */
static bool failed_open(struct event *ev, const struct state *st, struct buffer *b)
{
	char path[PATH_TEXT_MAX + 1];

	if (!event_type_makes_one_fd(ev->info) || !event_has_result(ev) || ev->result >= 0)
		return false;
	for (unsigned i = 0; i < ev->n_params; i++)
		if (ev->info->params[i].type == PT_FSPATH || ev->info->params[i].type == PT_FSRELPATH) {
			buffer_append(b, path, state_path(st, ev, i, path));
			return true;
		}
	return false;
}

/* The directory part of a path: /etc of /etc/hosts, / of /etc and of what has no slash. */
static bool extract_directory(struct value *v, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return value_text(v, "/");
	return value_bytes(v, VALUE_TEXT, path, (size_t)(slash - path));
}

static bool is_file(const struct fd_info *fd)
{
	return fd->type == FD_FILE || fd->type == FD_FILE_V2;
}

/* Fields of an event whose fd is unknown or was not made. */
static bool extract_without_fd(uint16_t id, struct event *ev, struct state *st,
			       struct field_scratch *scratch, struct value *ret)
{
	bool open = failed_open(ev, st, &scratch->bytes);
	struct text path;

	switch (id) {
	case FIELD_FD_TYPECHAR:
		return value_text(ret, open ? "f" : "o");
	case FIELD_FD_NAME:
	case FIELD_FD_NAMERAW:
		return value_scratch(ret, scratch);
	case FIELD_FD_DIRECTORY:
		buffer_u8(&scratch->bytes, 0);
		if (!value_scratch(ret, scratch))
			return false;
		path = ret->text;
		return extract_directory(ret, path.data);
	default:
		return false;
	}
}

static bool extract_name(uint16_t id, const struct fd_info *fd, struct value *ret)
{
	const char *slash;

	switch (id) {
	case FIELD_FD_NAME:
		return value_interned(ret, fd->name, fd->name_id);
	case FIELD_FD_NAMERAW:
		return value_text(ret, fd->name_raw ? fd->name_raw : "");
	case FIELD_FD_DIRECTORY:
		if (fd->type == FD_DIRECTORY)
			return value_interned(ret, fd->name, fd->name_id);
		return is_file(fd) && extract_directory(ret, fd->name);
	default: /* fd.filename */
		slash = strrchr(fd->name, '/');
		return is_file(fd) && value_text(ret, slash ? slash + 1 : fd->name);
	}
}

/* dev is major << 8 | minor, wider minors above 20 bits as the kernel packs them. */
static bool extract_file(uint16_t id, const struct fd_info *fd, struct value *ret)
{
	switch (id) {
	case FIELD_FD_DEV:
		return value_uint(ret, fd->dev);
	case FIELD_FD_DEV_MAJOR:
		return value_uint(ret, (fd->dev & 0xfff00) >> 8);
	case FIELD_FD_DEV_MINOR:
		return value_uint(ret, (fd->dev & 0xff) | ((fd->dev >> 12) & 0xfff00));
	case FIELD_FD_INO:
		return value_uint(ret, fd->ino);
	case FIELD_FD_IS_UPPER_LAYER:
		return value_bool(ret, fd->open_flags & FLAG_UPPER_LAYER);
	case FIELD_FD_IS_LOWER_LAYER:
		return value_bool(ret, fd->open_flags & FLAG_LOWER_LAYER);
	default:
		return value_bool(ret, fd->name_changed);
	}
}

/* proc.stdin.*: fds 0, 1 and 2 of the process, whatever the event is about. */
static bool extract_standard(uint16_t id, const struct thread *t, struct value *ret)
{
	bool name = id == FIELD_PROC_STDIN_NAME || id == FIELD_PROC_STDOUT_NAME ||
		    id == FIELD_PROC_STDERR_NAME;
	int number = id == FIELD_PROC_STDIN_NAME || id == FIELD_PROC_STDIN_TYPE	      ? 0
		     : id == FIELD_PROC_STDOUT_NAME || id == FIELD_PROC_STDOUT_TYPE ? 1
										      : 2;
	const struct fd_info *fd = t ? thread_fd_find(t, number) : NULL;
	const char *type;

	if (!fd)
		return false;
	if (name)
		return value_interned(ret, fd->name, fd->name_id);
	type = fd_type_name(fd);
	return type && value_text(ret, type);
}

/* fd.types: each type once, in the order of the types' numbers. */
static bool extract_types(const struct field *f, const struct thread *t, unsigned nth, struct value *ret)
{
	const struct fd_info *fd, *of_type[FD_PIDFD + 1] = {0};
	size_t i = 0;

	if (!t)
		return false;
	if (f->argument[0]) {
		fd = nth == 0 && f->index >= 0 ? thread_fd_find(t, f->index) : NULL;
		return fd && fd_type_name(fd) && value_text(ret, fd_type_name(fd));
	}
	while ((fd = thread_fd_at(t, &i)))
		if (fd->type > FD_UNKNOWN && fd->type <= FD_PIDFD)
			of_type[fd->type] = fd;
	for (i = 0; i <= FD_PIDFD; i++)
		if (of_type[i] && nth-- == 0)
			return value_text(ret, fd_type_name(of_type[i]));
	return false;
}

static bool extract_number(const struct field *f, struct event *ev, const struct state *st,
			   struct field_scratch *scratch, struct value *ret)
{
	/* -1 for calls that failed to make one and for those that work on none (anonymous mmap). */
	int64_t number = st->now.fd_num;

	if (f->info->id == FIELD_FD_NUM)
		return value_int(ret, number);
	buffer_decimal(&scratch->bytes, ev->tid);
	buffer_decimal(&scratch->bytes, number);
	return value_scratch(ret, scratch);
}

static bool extract_type(uint16_t id, const struct fd_info *fd, struct field_scratch *scratch,
			 struct value *ret)
{
	const char *type = fd_type_name(fd);

	if (id == FIELD_FD_TYPE)
		return type && value_text(ret, type);
	buffer_u8(&scratch->bytes, (uint8_t)fd_type_char(fd));
	return value_scratch(ret, scratch);
}

/* Who holds the fds of the process. */
static const struct thread *main_thread(struct state *st)
{
	const struct thread *t = st->now.thread, *main = t ? state_thread_main(st, t) : NULL;

	return main ? main : t;
}

bool extract_fd(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		struct field_scratch *scratch, struct value *ret)
{
	uint16_t id = f->info->id;
	const struct fd_info *fd = st->now.fd;

	if (f->info->class[0] == 'p')
		return extract_standard(id, main_thread(st), ret);
	if (id == FIELD_FD_TYPES)
		return extract_types(f, main_thread(st), nth, ret);
	if (!event_type_has_fd(ev->info))
		return false;
	if (id == FIELD_FD_NUM || id == FIELD_FD_UID)
		return extract_number(f, ev, st, scratch, ret);
	if (!fd)
		return extract_without_fd(id, ev, st, scratch, ret);
	switch (id) {
	case FIELD_FD_TYPE:
	case FIELD_FD_TYPECHAR:
		return extract_type(id, fd, scratch, ret);
	case FIELD_FD_NAME:
	case FIELD_FD_NAMERAW:
	case FIELD_FD_DIRECTORY:
	case FIELD_FD_FILENAME:
		return extract_name(id, fd, ret);
	default:
		return extract_file(id, fd, ret);
	}
}
