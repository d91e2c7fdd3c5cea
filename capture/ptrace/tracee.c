#include "capture/ptrace/tracee.h"

#include <stdlib.h>
#include <unistd.h>

static struct tracee **slot_of(struct tracees *all, pid_t tid)
{
	return &all->slots[(uint32_t)tid % TRACEE_SLOTS];
}

static struct tracee **link_to(struct tracees *all, const struct tracee *t)
{
	struct tracee **p = slot_of(all, t->tid);

	while (*p != t)
		p = &(*p)->next;
	return p;
}

struct tracee *tracee_find(struct tracees *all, pid_t tid)
{
	struct tracee *t = *slot_of(all, tid);

	while (t && t->tid != tid)
		t = t->next;
	return t;
}

struct tracee *tracee_add(struct tracees *all, pid_t tid, pid_t pid)
{
	struct tracee **slot = slot_of(all, tid), *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->tid = tid;
	t->pid = pid;
	t->pidfd = -1;
	t->order = ++all->n_born;
	t->next = *slot;
	*slot = t;
	all->n++;
	return t;
}

void tracee_remove(struct tracees *all, struct tracee *t)
{
	*link_to(all, t) = t->next;
	all->n--;
	if (t->pidfd >= 0)
		close(t->pidfd);
	free(t->exec_name);
	free(t);
}

void tracee_renumber(struct tracees *all, struct tracee *t, pid_t tid)
{
	struct tracee **slot;

	*link_to(all, t) = t->next;
	t->tid = tid;
	slot = slot_of(all, tid);
	t->next = *slot;
	*slot = t;
}

void tracees_done(struct tracees *all)
{
	FOR_EACH_TRACEE(all, t)
		tracee_remove(all, t);
}
