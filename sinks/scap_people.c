#include "sinks/scap_people.h"

#include "format/scap_encode.h"

#include <errno.h>
#include <stdlib.h>

#define TABLE_FIRST 1024u

/* Users and groups share the table with threads: their numbers lie far above any tid's. */
#define USER_KEY  (1ll << 40)
#define GROUP_KEY (1ll << 41)

enum need { NEED_NAME = 1, NEED_ALL = 2 };

struct person {
	int64_t key; /* tid, USER_KEY + uid, GROUP_KEY + gid; 0: free place */
	int64_t pid, parent, sid, pgid;
	int64_t maker;	  /* who made it during the capture; 0: it was there, or that is unknown */
	uint8_t need;	  /* enum need bits */
	uint8_t followed; /* enum need bits whose relations were followed */
	bool listed;	  /* its entry has been written */
	bool acted;	  /* it has made events: what comes to be told of it later is not how it began */
};

void people_init(struct people *p, bool legacy, bool selective)
{
	memset(p, 0, sizeof *p);
	p->legacy = legacy;
	p->selective = selective;
}

void people_done(struct people *p)
{
	buffer_done(&p->entries);
	free(p->table);
	free(p->left);
	p->table = NULL;
	p->left = NULL;
}

void people_reset(struct people *p)
{
	buffer_clear(&p->entries);
	if (p->table)
		memset(p->table, 0, (p->table_mask + 1) * sizeof *p->table);
	p->n_table = p->n_left = 0;
	p->has_events = false;
	p->batch = NULL;
	memset(p->id_types, 0, sizeof p->id_types);
}

/* ---- the table ---- */

static uint32_t place_of(const struct people *p, int64_t key)
{
	uint32_t i = (uint32_t)((uint64_t)key * 0x9E3779B97F4A7C15u >> 32) & p->table_mask;

	while (p->table[i].key && p->table[i].key != key)
		i = (i + 1) & p->table_mask;
	return i;
}

static struct person *person_find(const struct people *p, int64_t key)
{
	struct person *found = p->table && key > 0 ? &p->table[place_of(p, key)] : NULL;

	return found && found->key ? found : NULL;
}

static int table_grow(struct people *p, struct error *err)
{
	struct person *old = p->table;
	uint32_t n_old = old ? p->table_mask + 1 : 0, n = old ? 2 * n_old : TABLE_FIRST;
	struct person *table;

	if (p->n_table >= PEOPLE_MAX)
		return error_set(err, -E2BIG, "more than %u threads and users", PEOPLE_MAX);
	table = calloc(n, sizeof *table);
	if (!table)
		return error_set(err, -ENOMEM, "out of memory");
	p->table = table;
	p->table_mask = n - 1;
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i].key)
			table[place_of(p, old[i].key)] = old[i];
	free(old);
	return 0;
}

/* NULL: an error was set. */
static struct person *person_need(struct people *p, int64_t key, struct error *err)
{
	struct person *found = person_find(p, key);

	if (found)
		return found;
	if ((!p->table || p->n_table >= p->table_mask / 4 * 3) && table_grow(p, err) < 0)
		return NULL;
	found = &p->table[place_of(p, key)];
	*found = (struct person){.key = key};
	p->n_table++;
	return found;
}

/* ---- gathering ---- */

static int note_thread(struct people *p, const struct thread_entry *t, struct error *err)
{
	struct person *x;

	if (t->tid <= 0)
		return 0;
	if (!(x = person_need(p, t->tid, err)))
		return err ? err->code : -ENOMEM;
	if (!x->pid)
		*x = (struct person){t->tid, t->pid, t->ptid, t->sid, t->pgid, x->maker, x->need, 0, false, false};
	return 0;
}

/* The lists are of the beginning; of captures that were merged, entries come in between, too. */
static bool comes_late(const struct people *p, const struct state_entry *e)
{
	const struct person *x = NULL;

	if (e->kind == ENTRY_THREAD)
		x = person_find(p, e->thread.tid);
	else if (e->kind == ENTRY_FD)
		x = person_find(p, e->fd.tid);
	return x && x->acted;
}

int people_entries(struct people *p, const struct state_entry *entries, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct state_entry *e = &entries[i];
		int r;

		if (e->kind == ENTRY_RESET || e->kind == ENTRY_CLOCK || comes_late(p, e))
			continue;
		if (p->entries.len > PEOPLE_ENTRIES_MAX)
			return error_set(err, -E2BIG, "more than %u bytes of processes and descriptors",
					 PEOPLE_ENTRIES_MAX);
		state_entry_encode(&p->entries, e);
		if (e->kind == ENTRY_THREAD && (r = note_thread(p, &e->thread, err)) < 0)
			return r;
	}
	return buffer_failed(&p->entries) ? error_set(err, -ENOMEM, "out of memory") : 0;
}

/* Whether the type has parameters that name users or groups. */
static bool names_users(struct people *p, const struct event_info *info)
{
	uint8_t *kind = &p->id_types[info->type < EVENT_TYPE_MAX ? info->type : 0];

	if (!*kind) {
		*kind = 1;
		for (unsigned i = 0; i < info->n_params; i++)
			if (info->params[i].type == PT_UID || info->params[i].type == PT_GID)
				*kind = 2;
	}
	return *kind == 2;
}

static int need_number(struct people *p, int64_t base, int64_t number, struct error *err)
{
	struct person *x;

	if (number < 0 || number >= UINT32_MAX)
		return 0;
	if (!(x = person_need(p, base + number, err)))
		return err ? err->code : -ENOMEM;
	x->need = NEED_ALL;
	return 0;
}

static int note_users(struct people *p, struct event *ev, struct error *err)
{
	for (unsigned i = 0; i < ev->n_params; i++) {
		enum param_type type = ev->info->params[i].type;
		int64_t number;
		int r;

		if ((type != PT_UID && type != PT_GID) || !param_number(event_param(ev, i), type, &number))
			continue;
		r = need_number(p, type == PT_UID ? USER_KEY : GROUP_KEY, number & UINT32_MAX, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* fork, vfork, clone: their result is the child, or 0 in the child itself. */
static bool makes_threads(const struct event_info *info)
{
	int result = info->result_param;

	return result >= 0 && info->params[result].type == PT_PID && info->n_params > 10;
}

static int note_maker(struct people *p, const struct event *ev, const struct state *st, struct error *err)
{
	const struct thread *t = st->now.thread;
	struct person *child;

	if (!ev->has_result || ev->result < 0 || (ev->result == 0 && !t))
		return 0;
	child = person_need(p, ev->result ? ev->result : ev->tid, err);
	if (!child)
		return err ? err->code : -ENOMEM;
	/* What the child itself says is in the host's numbers, and counts. */
	if (ev->result == 0 && t->pid != ev->tid)
		child->maker = t->pid;
	else if (ev->result == 0)
		child->maker = t->ptid;
	else if (!child->maker)
		child->maker = ev->tid;
	return 0;
}

int people_event(struct people *p, struct event *ev, struct state *st, bool chosen, struct error *err)
{
	uint8_t bits = chosen ? 3 : 1, *noted;
	struct person *x;
	int r = 0;

	p->has_events = true;
	if (p->batch != ev->batch || ev->index == 0) {
		memset(p->noted, 0, ev->batch->n_tids);
		p->batch = ev->batch;
	}
	if (p->selective && chosen && names_users(p, ev->info) && (r = note_users(p, ev, err)) < 0)
		return r;
	if (p->selective && makes_threads(ev->info) && (r = note_maker(p, ev, st, err)) < 0)
		return r;
	noted = &p->noted[ev->batch->tid_index[ev->index]];
	if ((*noted & bits) == bits || ev->tid <= 0)
		return 0;
	*noted |= bits;
	if (!(x = person_need(p, ev->tid, err)))
		return err ? err->code : -ENOMEM;
	x->acted = true;
	if (!p->selective)
		return 0;
	if (!x->pid && st->now.thread) {
		x->pid = st->now.thread->pid;
		x->parent = st->now.thread->ptid;
		x->sid = st->now.thread->sid;
		x->pgid = st->now.thread->pgid;
	}
	x->need |= chosen ? NEED_ALL | NEED_NAME : 0;
	return r;
}

/* ---- who needs whom ---- */

static int need(struct people *p, int64_t tid, uint8_t bits, struct error *err)
{
	struct person *x = person_find(p, tid);

	if (!x || tid >= USER_KEY || (x->need & bits & x->followed) == bits)
		return 0;
	x->need |= bits;
	if (p->n_left == p->left_cap) {
		uint32_t cap = p->left_cap ? 2 * p->left_cap : TABLE_FIRST;
		int64_t *left = reallocarray(p->left, cap, sizeof *left);

		if (!left)
			return error_set(err, -ENOMEM, "out of memory");
		p->left = left;
		p->left_cap = cap;
	}
	p->left[p->n_left++] = tid;
	return 0;
}

static int follow(struct people *p, struct person *x, struct error *err)
{
	const int64_t names[] = {x->parent, x->sid, x->pgid, x->pid};
	uint8_t todo = x->need & (uint8_t)~x->followed;
	int64_t pid = x->pid, maker = x->maker;
	int r = 0;

	x->followed |= x->need;
	for (unsigned i = 0; todo & NEED_NAME && r == 0 && i < sizeof names / sizeof *names; i++)
		r = need(p, names[i], NEED_NAME, err);
	if (todo & NEED_ALL && r == 0)
		r = need(p, pid, NEED_ALL | NEED_NAME, err);
	if (todo & NEED_ALL && r == 0)
		r = need(p, maker, NEED_ALL | NEED_NAME, err);
	return r;
}

int people_close(struct people *p, struct error *err)
{
	uint32_t n = p->selective && p->table ? p->table_mask + 1 : 0;
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		if (p->table[i].key && p->table[i].key < USER_KEY && p->table[i].need)
			r = follow(p, &p->table[i], err);
	while (p->n_left && r == 0)
		r = follow(p, person_find(p, p->left[--p->n_left]), err);
	return r;
}

/* The thread itself, or its process: descriptors are the process's. */
static uint8_t need_of(const struct people *p, int64_t tid)
{
	const struct person *x = person_find(p, tid), *process;

	if (!p->selective)
		return NEED_NAME | NEED_ALL;
	if (!x)
		return 0;
	process = x->pid != tid ? person_find(p, x->pid) : NULL;
	return x->need | (process ? process->need & NEED_ALL : 0);
}

bool people_is_needed(const struct people *p, int64_t tid)
{
	return need_of(p, tid) & NEED_ALL;
}

/* ---- the lists ---- */

struct list {
	struct people *people;
	struct buffer bytes;
	size_t block;	/* where the open block begins; SIZE_MAX: none */
	int64_t tid;	/* whose descriptors it holds */
};

static void list_open(struct list *l, uint32_t code)
{
	if (l->block == SIZE_MAX)
		l->block = pcapng_begin(&l->bytes, code);
}

static void list_close(struct list *l)
{
	if (l->block != SIZE_MAX)
		scap_block_end(&l->bytes, l->block);
	l->block = SIZE_MAX;
}

static void put_interface(struct list *l, const struct state_entry *e)
{
	if (e->kind != ENTRY_INTERFACE)
		return;
	list_open(l, SCAP_INTERFACES_2);
	scap_put_interface(&l->bytes, &e->interface);
}

static bool is_known(const struct people *p, int64_t key)
{
	const struct person *x = person_find(p, key);

	return !p->selective || (x && x->need);
}

static void put_user(struct list *l, const struct state_entry *e)
{
	if (e->kind == ENTRY_USER && is_known(l->people, USER_KEY + e->user.uid)) {
		list_open(l, SCAP_USERS_2);
		scap_put_user(&l->bytes, &e->user);
	} else if (e->kind == ENTRY_GROUP && is_known(l->people, GROUP_KEY + e->group.gid)) {
		list_open(l, SCAP_USERS_2);
		scap_put_group(&l->bytes, &e->group);
	}
}

/* The first entry of a thread is how it was when the capture began. */
static void put_process(struct list *l, const struct state_entry *e)
{
	uint8_t bits = e->kind == ENTRY_THREAD ? need_of(l->people, e->thread.tid) : 0;
	struct thread_entry t = e->thread;
	struct person *x;

	if (!bits)
		return;
	x = person_find(l->people, t.tid);
	if (x && x->listed)
		return;
	if (x)
		x->listed = true;
	if (!(bits & NEED_ALL))
		t.args = t.env = (struct text){0};
	list_open(l, SCAP_PROCESSES_9);
	scap_put_process(&l->bytes, &t, l->people->legacy);
}

static void put_fd(struct list *l, const struct state_entry *e)
{
	if (e->kind != ENTRY_FD || !people_is_needed(l->people, e->fd.tid))
		return;
	if (l->tid != e->fd.tid)
		list_close(l);
	if (l->block == SIZE_MAX) {
		list_open(l, SCAP_FDS_2);
		buffer_u64(&l->bytes, (uint64_t)e->fd.tid);
		l->tid = e->fd.tid;
	}
	scap_put_fd(&l->bytes, &e->fd, l->people->legacy);
}

/* Users and groups that needed processes have. */
static int need_users(struct people *p, struct error *err)
{
	struct cursor c = cursor_over(p->entries.data, p->entries.len);
	struct state_entry e;
	int r = 0, next;

	while (r == 0 && (next = state_entry_next(&c, &e, err)) != 0) {
		if (next < 0)
			return next;
		if (e.kind != ENTRY_THREAD || !need_of(p, e.thread.tid))
			continue;
		r = need_number(p, USER_KEY, e.thread.uid, err);
		if (r == 0)
			r = need_number(p, USER_KEY, e.thread.loginuid, err);
		if (r == 0)
			r = need_number(p, GROUP_KEY, e.thread.gid, err);
	}
	return r;
}

int people_write(struct people *p, const struct capture_info *info, struct scap_output *out, struct error *err)
{
	static void (*const puts[])(struct list *, const struct state_entry *) = {put_interface, put_user,
										  put_process, put_fd};
	struct list l = {.people = p, .block = SIZE_MAX};
	struct state_entry e;
	int r = p->selective ? need_users(p, err) : 0;

	scap_put_section(&l.bytes);
	scap_put_machine(&l.bytes, info);
	for (unsigned i = 0; i < sizeof puts / sizeof *puts && r == 0; i++) {
		struct cursor c = cursor_over(p->entries.data, p->entries.len);

		while ((r = state_entry_next(&c, &e, err)) > 0)
			puts[i](&l, &e);
		list_close(&l);
		if (r == 0 && buffer_failed(&l.bytes))
			r = error_set(err, -ENOMEM, "out of memory");
		if (r == 0)
			r = scap_output_write(out, l.bytes.data, l.bytes.len, err);
		buffer_clear(&l.bytes);
	}
	buffer_done(&l.bytes);
	return r;
}
