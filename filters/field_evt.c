/* evt.*: what the columns of an event tell. */
#include "filters/field_extract.h"

#include <stdlib.h>

char event_direction(const struct event *ev)
{
	/* A call that has not returned was only entered, whatever its record is. */
	return event_info_is_enter(ev->info) || (ev->flags & EVENT_UNFINISHED) ? '>' : '<';
}

const char *event_name(struct event *ev)
{
	int64_t code;
	const char *name;

	if (ev->type <= 1 && ev->batch && ev->batch->generic_code) {
		name = ppm_sc_name(ev->batch->generic_code[ev->index]);
		return name ? name : ev->info->name;
	}
	/*
	 * Calls of old captures that have no event of their own: parameter 0 is the public code. They are
	 * rare: nobody loads parameters for an event's name, so these are loaded when one comes along. The
	 * column part asks with an event that has no batch.
	 */
	if (ev->type > 1 || (ev->batch && batch_need(ev->batch, COLUMN_PAYLOAD_BULK, NULL) < 0) ||
	    !param_number(event_param(ev, 0), PT_SYSCALLID, &code))
		return ev->info->name;
	name = ppm_sc_name((unsigned)code);
	return name ? name : ev->info->name;
}

/* An async note of the capturing program: procinfo, user and group notes, container... */
static bool is_note(const struct event_info *info)
{
	return info->type < EVENT_TYPE_OWN && (info->category & EC_METAEVENT);
}

static const char *io_category(const struct fd_info *fd)
{
	switch (fd ? fd->type : FD_UNKNOWN) {
	case FD_FILE:
	case FD_FILE_V2:
	case FD_DIRECTORY:
		return "file";
	case FD_IPV4_SOCK:
	case FD_IPV6_SOCK:
	case FD_IPV4_SERVSOCK:
	case FD_IPV6_SERVSOCK:
		return "net";
	case FD_FIFO:
	case FD_UNIX_SOCK:
	case FD_EVENT:
	case FD_SIGNALFD:
	case FD_INOTIFY:
		return "ipc";
	default:
		return "unknown";
	}
}

/* The category's name; for I/O it follows the fd. */
static const char *event_category_name(const struct event *ev, const struct state *st)
{
	/* The family's spelling: IPC for calls, ipc for I/O on pipes and local sockets. */
	static const char *const names[] = {
		[EC_OTHER] = "other",	  [EC_FILE] = "file",	    [EC_NET] = "net",
		[EC_IPC] = "IPC",	  [EC_MEMORY] = "memory",   [EC_PROCESS] = "process",
		[EC_SLEEP] = "sleep",	  [EC_SYSTEM] = "system",   [EC_SIGNAL] = "signal",
		[EC_USER] = "user",	  [EC_TIME] = "time",	    [EC_PROCESSING] = "processing",
		[EC_WAIT] = "wait",	  [EC_SCHEDULER] = "scheduler",
	};
	unsigned category = event_type_category(ev->info);

	if (ev->info->category & EC_INTERNAL)
		return "internal";
	if (category >= EC_IO_READ && category <= EC_IO_OTHER)
		return io_category(st->now.fd);
	if (category < sizeof names / sizeof *names && names[category])
		return names[category];
	return "unknown";
}

static bool extract_result(uint16_t id, const struct event *ev, struct value *ret)
{
	if (!event_has_result(ev))
		return false;
	switch (id) {
	case FIELD_EVT_RES:
		return value_text(ret, render_result(ev->result));
	case FIELD_EVT_RAWRES:
		return value_int(ret, ev->result);
	case FIELD_EVT_FAILED:
		return value_bool(ret, ev->result < 0);
	default:
		return value_uint(ret, ev->result < 0);
	}
}

/* What an error is about: the fd, or what could not be opened; memory beside that. */
static bool error_is_of(uint16_t id, const struct event *ev, const struct fd_info *fd)
{
	unsigned category = event_type_category(ev->info);
	bool failed_to_make = !fd && (ev->info->traits & EF_CREATES_FD);
	bool file = fd ? fd->type == FD_FILE || fd->type == FD_FILE_V2 || fd->type == FD_DIRECTORY
		       : failed_to_make && category == EC_FILE;
	bool net = fd ? (fd->type >= FD_IPV4_SOCK && fd->type <= FD_IPV6_SERVSOCK) ||
				fd->type == FD_UNIX_SOCK
		      : failed_to_make && category == EC_NET;
	bool memory = category == EC_MEMORY;

	switch (id) {
	case FIELD_EVT_COUNT_ERROR_FILE:
		return file;
	case FIELD_EVT_COUNT_ERROR_NET:
		return net;
	case FIELD_EVT_COUNT_ERROR_MEMORY:
		return memory;
	default:
		return !file && !net && !memory;
	}
}

static bool extract_type(const struct field *f, struct event *ev, struct value *ret)
{
	switch (f->info->id) {
	case FIELD_EVT_TYPE:
		return value_text(ret, event_name(ev));
	case FIELD_EVT_TYPE_IS:
		return value_uint(ret, !strcmp(event_name(ev), f->argument));
	case FIELD_SYSCALL_TYPE:
		return event_info_is_syscall(ev->info) && value_text(ret, event_name(ev));
	case FIELD_EVT_IS_ASYNC:
		return value_bool(ret, is_note(ev->info));
	default: /* evt.asynctype */
		return is_note(ev->info) && value_text(ret, event_name(ev));
	}
}

/* Procinfo events are made for threads, about every second; the name is all that tells them. */
static bool extract_procinfo_count(uint16_t id, const struct event *ev, const struct state *st,
				   struct value *ret)
{
	const struct thread *t = st->now.thread;

	if (strcmp(ev->info->name, "procinfo"))
		return false;
	if (id == FIELD_EVT_COUNT_PROCINFO && (!t || t->tid != t->pid))
		return false;
	return value_uint(ret, 1);
}

bool extract_evt(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		 struct field_scratch *scratch, struct value *ret)
{
	switch (f->info->id) {
	case FIELD_EVT_NUM:
		return value_uint(ret, ev->number);
	case FIELD_THREAD_TID:
		return value_int(ret, ev->tid);
	case FIELD_EVT_CPU:
		return ev->cpu != CPU_UNKNOWN && value_int(ret, ev->cpu);
	case FIELD_EVT_DIR:
		return value_text(ret, event_direction(ev) == '>' ? ">" : "<");
	case FIELD_EVT_CATEGORY:
		return value_text(ret, event_category_name(ev, st));
	case FIELD_EVT_RES:
	case FIELD_EVT_RAWRES:
	case FIELD_EVT_FAILED:
	case FIELD_EVT_COUNT_ERROR:
		return extract_result(f->info->id, ev, ret);
	case FIELD_EVT_COUNT_ERROR_FILE:
	case FIELD_EVT_COUNT_ERROR_NET:
	case FIELD_EVT_COUNT_ERROR_MEMORY:
	case FIELD_EVT_COUNT_ERROR_OTHER:
		return error_is_of(f->info->id, ev, st->now.fd) && extract_result(f->info->id, ev, ret);
	case FIELD_EVT_COUNT:
		return value_uint(ret, 1);
	case FIELD_EVT_COUNT_EXIT:
		return event_direction(ev) == '<' && value_uint(ret, 1);
	case FIELD_EVT_COUNT_PROCINFO:
	case FIELD_EVT_COUNT_THREADINFO:
		return extract_procinfo_count(f->info->id, ev, st, ret);
	case FIELD_EVT_UNFINISHED:
		return value_bool(ret, ev->flags & EVENT_UNFINISHED);
	case FIELD_EVT_HOSTNAME:
		return field_context.hostname && value_text(ret, field_context.hostname);
	case FIELD_UTIL_CNT:
		return value_uint(ret, ++field_context.n_asked);
	case FIELD_EVT_SOURCE:
		return value_text(ret, "syscall");
	default:
		return extract_type(f, ev, ret);
	}
}
