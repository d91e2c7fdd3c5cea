#include "capture/job_state.h"

#include "capture/calls_before.h"
#include "capture/snapshot.h"

#include <errno.h>

int job_snapshot_take(struct job *j, struct error *err)
{
	unsigned what = SNAPSHOT_DEFAULT | (j->a->env ? SNAPSHOT_ENV : 0) | (j->by_ptrace ? SNAPSHOT_LATE : 0);

	if (j->a->snapshot == CHOICE_NONE)
		return 0;
	/* Only these and their descendants are captured: nobody else will be asked for. */
	if (j->a->snapshot == CHOICE_TREE && j->command.pid)
		j->snapshot = snapshot_new_of("/proc", what | SNAPSHOT_IN_PARTS, &(uint32_t){(uint32_t)j->command.pid}, 1, err);
	else if (j->a->snapshot == CHOICE_TREE && j->a->n_pids)
		j->snapshot = snapshot_new_of("/proc", what, j->a->pids, j->a->n_pids, err);
	else
		j->snapshot = snapshot_new("/proc", what, err);
	if (!j->snapshot)
		return err->code;
	/* Of a command nothing was there before; ptrace knows what its tracees are in. */
	if (j->command.pid || j->by_ptrace)
		return 0;
	j->before = calls_before_new(j->snapshot, &j->kernel, j->a->pids, j->a->n_pids, (uint32_t)j->a->snaplen,
				     j->a->structures);
	return j->before ? 0 : error_set(err, -ENOMEM, "out of memory");
}

int job_snapshot_complete(struct job *j, struct error *err)
{
	bool in_parts = j->snapshot && j->a->snapshot == CHOICE_TREE && j->command.pid;

	return in_parts ? snapshot_rest(j->snapshot, &(uint32_t){(uint32_t)j->command.pid}, 1, err) : 0;
}

int job_tell_begin(void *context, struct entry_list *out)
{
	struct job *j = context;

	if (!j->snapshot)
		return 0;
	if (j->a->snapshot == CHOICE_ALL && snapshot_all(j->snapshot, out) < 0)
		return -ENOMEM;
	return snapshot_begin(j->snapshot, out);
}

int job_tell_first_seen(void *context, int64_t tid, int64_t pid, uint32_t born, struct entry_list *out)
{
	struct job *j = context;
	size_t before = out->n;
	int r;

	if (!j->snapshot)
		return 0;
	r = snapshot_first_seen(j->snapshot, tid, pid, born, out);
	/* Before its exec the command is a copy of this program: our command line is nobody's business. */
	for (size_t i = before; j->command.pid && i < out->n; i++) {
		struct thread_entry *t = &out->entries[i].thread;

		if (out->entries[i].kind == ENTRY_THREAD && t->pid == j->command.pid)
			t->exe = t->exepath = t->args = t->env = (struct text){NULL, 0};
	}
	return r;
}

int job_tell_users(void *context, uint32_t uid, uint32_t gid, struct entry_list *out)
{
	struct job *j = context;

	return j->snapshot ? snapshot_users_of(j->snapshot, uid, gid, out) : 0;
}

struct record *job_tell_call_before(void *context, uint32_t tid)
{
	struct job *j = context;

	return j->before ? calls_before_record(j->before, tid) : NULL;
}
