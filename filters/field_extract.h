/*
 * What the files that extract fields share: the ids, one function per column `by` of fields.tsv, and
 * the ways to return a value. Only for filters/.
 */
#pragma once
#include "filters/field.h"
#include "format/event.h"

enum field_id {
#define FIELD(id, ...) FIELD_##id,
#include "filters/fields.def"
#undef FIELD
	FIELD_COUNT
};

#define FIELD_ANCESTORS_MAX 64 /* how far up proc.aname and its like look: bounds a loop of parents */

typedef bool field_extractor(const struct field *f, struct event *ev, struct state *st, unsigned nth,
			     struct field_scratch *scratch, struct value *ret);
field_extractor extract_evt, extract_time, extract_arg, extract_io, extract_thread, extract_ancestor,
	extract_user, extract_fd, extract_socket, extract_path, extract_fdlist, extract_container;

static inline bool value_bytes(struct value *v, enum value_kind kind, const void *data, size_t len)
{
	v->kind = kind;
	v->text = (struct text){data, (uint32_t)len};
	v->text_id = 0;
	return true;
}

static inline bool value_text(struct value *v, const char *s)
{
	return value_bytes(v, VALUE_TEXT, s, strlen(s));
}

/* A text that the state interned. */
static inline bool value_interned(struct value *v, const char *s, uint32_t id)
{
	value_text(v, s);
	v->text_id = id;
	return true;
}

static inline bool value_int(struct value *v, int64_t i)
{
	v->kind = VALUE_INT;
	v->i = i;
	return true;
}

static inline bool value_uint(struct value *v, uint64_t u)
{
	v->kind = VALUE_UINT;
	v->u = u;
	return true;
}

static inline bool value_bool(struct value *v, bool b)
{
	v->kind = VALUE_BOOL;
	v->b = b;
	return true;
}

static inline bool value_double(struct value *v, double d)
{
	v->kind = VALUE_DOUBLE;
	v->d = d;
	return true;
}

/* The text that was built in scratch; false when memory was out. */
static inline bool value_scratch(struct value *v, const struct field_scratch *scratch)
{
	if (buffer_failed(&scratch->bytes))
		return false;
	return value_bytes(v, VALUE_TEXT, scratch->bytes.data ? (const char *)scratch->bytes.data : "",
			   scratch->bytes.len);
}

/* ---- facts about an event that several classes need ---- */

/* Whether the type works on an fd or makes one: only such events have fd.* fields. */
static inline bool event_type_has_fd(const struct event_info *info)
{
	return info->traits & (EF_USES_FD | EF_CREATES_FD);
}
/* Whether its result is the fd that it made: openat, not pipe. */
bool event_type_makes_one_fd(const struct event_info *info);
/* Category without the bits of its source (system call, tracepoint...). */
static inline unsigned event_type_category(const struct event_info *info)
{
	return info->category & 0xff;
}

/* Whether a field of field_path.c is about a parameter of such an event, or about the name of its fd. */
bool field_path_of_type(const struct field *f, const struct event_info *info);
/* proc.* of one thread, for the thread itself, its parent and its ancestors. */
bool thread_value(uint16_t id, const struct field *f, struct thread *t,
		  struct field_scratch *scratch, struct value *ret);
