#include "capture/calls_before.h"

#include "capture/kernel_recipes.h"
#include "capture/ptrace/call.h"
#include "format/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEPTH_MAX 64 /* generations between a process and one of the pids */

struct before {
	uint32_t tid;
	struct record *record;
};

struct calls_before {
	struct snapshot *sn;
	const struct kernel_filter *filter;
	const uint32_t *pids;
	size_t n_pids;
	struct kernel_recipe *recipes;
	struct call_context context;
	struct before *calls;
	size_t n, allocated;
	bool failed;
	struct record *scratch;
};

/* ---- who is wanted ---- */

static bool has_id(const struct kernel_question *q, int64_t id)
{
	for (unsigned i = 0; i < q->n; i++)
		if (q->ids[i] == id)
			return true;
	return false;
}

static bool has_comm(const struct kernel_question *q, struct text comm)
{
	for (unsigned i = 0; i < q->n; i++)
		if (strlen(q->comms[i]) == comm.len && !memcmp(q->comms[i], comm.data, comm.len))
			return true;
	return false;
}

/* 1 yes, 0 no, -1: not to be said from the thread alone. */
static int answer(const struct kernel_question *q, const struct thread_entry *t)
{
	switch (q->about) {
	case ABOUT_COMM:
		return has_comm(q, t->comm);
	case ABOUT_PID:
		return has_id(q, t->pid);
	case ABOUT_TID:
		return has_id(q, t->tid);
	case ABOUT_UID:
		return has_id(q, t->uid);
	case ABOUT_GID:
		return has_id(q, t->gid);
	default:
		return -1;
	}
}

static bool filter_lets_pass(const struct kernel_filter *f, const struct thread_entry *t)
{
	uint32_t yes = 0, no = 0;

	for (unsigned i = 0; i < f->n_questions; i++) {
		int a = answer(&f->questions[i], t);

		yes |= (uint32_t)(a != 0) << i;
		no |= (uint32_t)(a != 1) << i;
	}
	for (unsigned i = 0; i < f->n_clauses; i++)
		if (!((yes & f->clauses[i].yes) | (no & f->clauses[i].no)))
			return false;
	return true;
}

static bool descends(const struct calls_before *b, const struct thread_entry *t)
{
	for (unsigned depth = 0; t && depth < DEPTH_MAX; depth++) {
		for (size_t i = 0; i < b->n_pids; i++)
			if (t->pid == b->pids[i])
				return true;
		if (t->ptid == t->tid)
			break;
		t = snapshot_thread(b->sn, t->ptid);
	}
	return b->n_pids == 0;
}

/* ---- reading ---- */

/* What a thread is in. */
struct call_now {
	uint32_t number;
	bool compat;
	uint64_t args[6];
};

static bool read_syscall(const struct thread_entry *t, struct call_now *ret)
{
	char path[64], line[256];
	uint64_t *a = ret->args, sp, pc;
	int fd, number;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%" PRId64 "/task/%" PRId64 "/syscall", t->pid, t->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	line[n] = 0;
	/* "running", or "-1 ...": it is not in a call. */
	if (sscanf(line, "%d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		   &number, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &sp, &pc) != 9 ||
	    number < 0 || number >= PSEUDO_TASK)
		return false;
	ret->number = (uint32_t)number;
	/* Which table the number is of is not said. Code and stack of 64-bit programs are not both below 4 GiB. */
	ret->compat = sp <= UINT32_MAX && pc <= UINT32_MAX;
	return true;
}

/* The call as a record, in the scratch buffer; NULL: it is not wanted. */
static const struct record *make_record(struct calls_before *b, const struct thread_entry *t, uint64_t start_ticks,
					const struct call_now *now)
{
	const struct kernel_recipe *recipe = &b->recipes[now->number + (now->compat ? TABLE_COMPAT : 0)];
	struct tracee task = {.tid = (pid_t)t->tid};
	struct record *r = b->scratch;
	struct call c = {.context = &b->context, .task = &task, .head = r, .data = (uint8_t *)(r + 1), .compat = now->compat};

	if (!(recipe->flags & CALL_WANTED))
		return NULL;
	*r = (struct record){
		.type = recipe->type,
		.flags = EVENT_UNFINISHED | EVENT_NO_RESULT | EVENT_ENTRY_UNKNOWN | (now->compat ? EVENT_COMPAT : 0),
		.tid = (uint32_t)t->tid,
		.pid = (uint32_t)t->pid,
		.fd = recipe->fd_arg < 6 ? (int32_t)now->args[recipe->fd_arg] : FD_NONE,
		.absent = recipe->absent,
		.sysno = (uint16_t)now->number,
		.born = (uint32_t)(start_ticks * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK)) >> 20),
	};
	memcpy(c.args, now->args, sizeof c.args);
	call_walk_values(&c, recipe);
	r->size = (uint32_t)sizeof *r + c.off;
	return r;
}

static bool keep(struct calls_before *b, const struct record *r)
{
	struct record *copy = malloc(r->size);

	if (b->n == b->allocated) {
		size_t n = b->allocated ? b->allocated * 2 : 64;
		struct before *more = reallocarray(b->calls, n, sizeof *more);

		if (!more) {
			free(copy);
			return false;
		}
		b->calls = more;
		b->allocated = n;
	}
	if (!copy)
		return false;
	memcpy(copy, r, r->size);
	b->calls[b->n++] = (struct before){r->tid, copy};
	return true;
}

static void take(void *context, const struct thread_entry *t, uint64_t start_ticks)
{
	struct calls_before *b = context;
	const struct record *r;
	struct call_now now;

	if (b->failed || t->pid == getpid() || !filter_lets_pass(b->filter, t) || !descends(b, t) ||
	    !read_syscall(t, &now))
		return;
	r = make_record(b, t, start_ticks, &now);
	b->failed = r && !keep(b, r);
}

struct calls_before *calls_before_new(struct snapshot *sn, const struct kernel_filter *filter,
				      const uint32_t *pids, size_t n_pids, uint32_t snaplen, bool structures)
{
	struct calls_before *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	*b = (struct calls_before){.sn = sn, .filter = filter, .pids = pids, .n_pids = n_pids,
				  .context.snaplen = snaplen};
	b->recipes = calloc(SYSCALLS_MAX * TABLES_MAX, sizeof *b->recipes);
	b->scratch = calloc(1, sizeof *b->scratch + SCRATCH_SIZE);
	if (b->recipes && b->scratch) {
		kernel_recipes_fill(b->recipes, filter, false, structures);
		snapshot_each(sn, take, b);
		if (!b->failed)
			return b;
	}
	calls_before_free(b);
	return NULL;
}

void calls_before_free(struct calls_before *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		free(b->calls[i].record);
	free(b->recipes);
	free(b->calls);
	free(b->scratch);
	free(b);
}

/* ---- handing out ---- */

struct record *calls_before_record(struct calls_before *b, uint32_t tid)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->calls[i].tid == tid)
			return snapshot_lives(b->sn, tid) ? b->calls[i].record : NULL;
	return NULL;
}
