/* proc.p*, proc.a*, proc.sid.*...: the processes that the thread descends from. */
#include "filters/field_extract.h"

/* The n-th ancestor's main thread, 0 is the thread itself; NULL: not known that far. */
static struct thread *ancestor(struct state *st, struct thread *t, int64_t n)
{
	if (n > FIELD_ANCESTORS_MAX)
		return NULL;
	for (; n > 0 && t; n--)
		t = state_thread_parent(st, t);
	return t;
}

/* Which field of the ancestor a proc.p* or proc.a* field is. */
static uint16_t plain_field(uint16_t id)
{
	switch (id) {
	case FIELD_PROC_PEXE:
	case FIELD_PROC_AEXE:
		return FIELD_PROC_EXE;
	case FIELD_PROC_PEXEPATH:
	case FIELD_PROC_AEXEPATH:
		return FIELD_PROC_EXEPATH;
	case FIELD_PROC_PNAME:
	case FIELD_PROC_ANAME:
		return FIELD_PROC_NAME;
	case FIELD_PROC_AARGS:
		return FIELD_PROC_ARGS;
	case FIELD_PROC_PCMDLINE:
	case FIELD_PROC_ACMDLINE:
		return FIELD_PROC_CMDLINE;
	case FIELD_PROC_AENV:
		return FIELD_PROC_ENV;
	case FIELD_PROC_PVPID:
		return FIELD_PROC_VPID;
	case FIELD_PROC_PPID_TS:
		return FIELD_PROC_PID_TS;
	default: /* proc.apid, proc.tree */
		return FIELD_PROC_PID;
	}
}

/* proc.aenv[NAME]: the nearest ancestor that has it. */
static bool extract_inherited(const struct field *f, struct state *st, struct thread *t,
			      struct field_scratch *scratch, struct value *ret)
{
	struct field env = *f;
	int n = 0;

	env.info = field_info_at(FIELD_PROC_ENV);
	while ((t = state_thread_parent(st, t)) && n++ < FIELD_ANCESTORS_MAX)
		if (thread_value(FIELD_PROC_ENV, &env, t, scratch, ret))
			return true;
	return false;
}

static bool extract_numbered(const struct field *f, struct state *st, struct thread *t, unsigned nth,
			     struct field_scratch *scratch, struct value *ret)
{
	static const struct field none = {.index = -1};
	struct field plain = none;
	int64_t n;

	if (f->argument[0] && nth)
		return false;
	if (f->argument[0] && f->index < 0)
		return f->info->id == FIELD_PROC_AENV && extract_inherited(f, st, t, scratch, ret);
	/* Without a number: the parent first, then its parent...; a tree begins at its root. */
	n = f->argument[0] ? f->index : nth + (f->info->id != FIELD_PROC_TREE);
	t = ancestor(st, t, n);
	plain.info = field_info_at(plain_field(f->info->id));
	return t && thread_value(plain.info->id, &plain, t, scratch, ret);
}

static bool is_shell(const struct thread *t)
{
	size_t len = strlen(t->comm);

	return len >= 2 && !strcmp(t->comm + len - 2, "sh");
}

static bool extract_login_shell(struct state *st, struct thread *t, struct value *ret)
{
	bool found = false;

	for (int n = 0; t && n < FIELD_ANCESTORS_MAX; n++, t = state_thread_parent(st, t))
		if (is_shell(t))
			found = value_int(ret, t->pid);
	return found;
}

enum group { GROUP_SID, GROUP_PGID, GROUP_VPGID };

static int64_t group_id(const struct thread *t, enum group group)
{
	return group == GROUP_SID ? t->sid : group == GROUP_PGID ? t->pgid : t->vpgid;
}

/*
 * Who leads the session or process group: the process whose id it is, or the eldest known ancestor that
 * is in it. The ids of a group are those of its PID namespace (proc.vpgid): there a process is found
 * by its number only while that is the host's number, too.
 */
static struct thread *group_leader(struct state *st, struct thread *t, enum group group)
{
	int64_t id = group_id(t, group);
	struct thread *main = state_thread_main(st, t), *eldest = NULL, *leader = NULL;

	if (group != GROUP_VPGID || t->vpid == t->pid)
		leader = state_thread_find(st, id);
	else if (t->vpid == id)
		leader = main ? main : t;
	for (int n = 0; !leader && n < FIELD_ANCESTORS_MAX; n++) {
		t = state_thread_parent(st, t);
		if (!t || group_id(t, group) != id)
			break;
		eldest = t;
	}
	return leader ? leader : eldest;
}

static bool extract_leader(uint16_t id, struct state *st, struct thread *t, struct value *ret)
{
	enum group group;
	const struct thread *leader;

	switch (id) {
	case FIELD_PROC_SNAME:
	case FIELD_PROC_SID_EXE:
	case FIELD_PROC_SID_EXEPATH:
		group = GROUP_SID;
		break;
	case FIELD_PROC_PGID_NAME:
	case FIELD_PROC_PGID_EXE:
	case FIELD_PROC_PGID_EXEPATH:
		group = GROUP_PGID;
		break;
	default:
		group = GROUP_VPGID;
	}
	/* Without a leader, or an id, the family shows an empty name. */
	leader = group_id(t, group) < 0 ? NULL : group_leader(st, t, group);
	if (!leader)
		return value_text(ret, "");
	switch (id) {
	case FIELD_PROC_SNAME:
	case FIELD_PROC_PGID_NAME:
	case FIELD_PROC_VPGID_NAME:
		return value_interned(ret, leader->comm, leader->name_id);
	case FIELD_PROC_SID_EXE:
	case FIELD_PROC_PGID_EXE:
	case FIELD_PROC_VPGID_EXE:
		return value_text(ret, leader->exe);
	default:
		return value_text(ret, leader->exepath);
	}
}

bool extract_ancestor(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		      struct field_scratch *scratch, struct value *ret)
{
	struct thread *t = st->now.thread;
	static const struct field none = {.index = -1};
	struct field plain = none;

	if (!t)
		return false;
	switch (f->info->id) {
	case FIELD_PROC_PEXE:
	case FIELD_PROC_PEXEPATH:
	case FIELD_PROC_PNAME:
	case FIELD_PROC_PCMDLINE:
	case FIELD_PROC_PVPID:
	case FIELD_PROC_PPID_TS:
		t = ancestor(st, t, 1);
		plain.info = field_info_at(plain_field(f->info->id));
		return t && thread_value(plain.info->id, &plain, t, scratch, ret);
	case FIELD_PROC_PPID_DURATION:
		t = ancestor(st, t, 1);
		return t && t->clone_ns && ev->time_ns >= t->clone_ns &&
		       value_uint(ret, ev->time_ns - t->clone_ns);
	case FIELD_PROC_LOGINSHELLID:
		return extract_login_shell(st, t, ret);
	case FIELD_PROC_AEXE:
	case FIELD_PROC_AEXEPATH:
	case FIELD_PROC_ANAME:
	case FIELD_PROC_AARGS:
	case FIELD_PROC_ACMDLINE:
	case FIELD_PROC_AENV:
	case FIELD_PROC_APID:
	case FIELD_PROC_TREE:
		return extract_numbered(f, st, t, nth, scratch, ret);
	default:
		return extract_leader(f->info->id, st, t, ret);
	}
}
