/* user.*, group.*: as whom the thread runs. */
#include "filters/field_extract.h"

#define UID_NONE 0xFFFFFFFFu

/* A name that no snapshot told is <NA>, as the family has it: the field itself has a value. */
static bool name_or_na(struct value *v, const struct text *name)
{
	return name && name->len ? value_bytes(v, VALUE_TEXT, name->data, name->len)
				 : value_text(v, "<NA>");
}

bool extract_user(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		  struct field_scratch *scratch, struct value *ret)
{
	const struct thread *t = st->now.thread;
	const struct user_entry *user;
	const struct group_entry *group;

	if (!t)
		return false;
	switch (f->info->id) {
	case FIELD_USER_UID:
		return value_uint(ret, t->uid);
	case FIELD_GROUP_GID:
		return value_uint(ret, t->gid);
	case FIELD_USER_LOGINUID:
		return value_int(ret, t->loginuid == UID_NONE ? -1 : (int64_t)t->loginuid);
	case FIELD_GROUP_NAME:
		group = state_group(st, t->gid);
		return name_or_na(ret, group ? &group->name : NULL);
	case FIELD_USER_LOGINNAME:
		user = t->loginuid == UID_NONE ? NULL : state_user(st, t->loginuid);
		return name_or_na(ret, user ? &user->name : NULL);
	default:
		user = state_user(st, t->uid);
		return name_or_na(ret, !user				      ? NULL
				       : f->info->id == FIELD_USER_NAME	      ? &user->name
				       : f->info->id == FIELD_USER_HOMEDIR ? &user->home
									      : &user->shell);
	}
}
