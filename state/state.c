#include "state/apply.h"

#include <errno.h>
#include <stdlib.h>

/* Where an event's fd is, by what its row says. */
enum fd_place { FD_OF_NOTHING, FD_OF_COLUMN, FD_OF_RESULT };
struct fd_from {
	const struct event_info *info; /* rows may change within a file */
	enum fd_place place;
};

void *store_alloc(struct store *s, size_t size)
{
	void *p;

	if (size > s->limit || s->used > s->limit - size || !(p = calloc(1, size)))
		return NULL;
	s->used += size;
	return p;
}

void store_release(struct store *s, void *p, size_t size)
{
	if (p)
		s->used -= size;
	free(p);
}

bool store_text(struct store *s, const char **at, const void *data, size_t len)
{
	const char *text = intern_take(&s->names, data, len);
	bool changed = text != *at;

	intern_drop(&s->names, *at);
	*at = text;
	return changed;
}

/* What version 2 calls "io" goes by its older name, "blkio", as with libsinsp. */
void store_cgroups(struct store *s, struct thread *t, const char *list, size_t len)
{
	const char *at = list, *end = len ? list + len : list;

	buffer_clear(&s->scratch);
	while (at < end) {
		size_t n = strnlen(at, (size_t)(end - at));

		if (n > 3 && memcmp(at, "io=", 3) == 0)
			buffer_append(&s->scratch, "blk", 3);
		n += n < (size_t)(end - at);
		buffer_append(&s->scratch, at, n);
		at += n;
	}
	if (buffer_failed(&s->scratch))
		return;
	store_text(s, &t->cgroups, s->scratch.data, s->scratch.len);
	t->cgroups_len = intern_len(t->cgroups);
}

struct state *state_new(const struct schema *schema)
{
	static _Atomic uint64_t last_serial;
	struct store *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->pub.schema = schema;
	s->pub.serial = ++last_serial;
	s->pub.now.fd_num = -1;
	s->closing_fd = -1;
	s->limit = STATE_BYTES_MAX;
	s->ops = calloc(EVENT_TYPE_MAX, sizeof(*s->ops));
	s->fd_from = calloc(EVENT_TYPE_MAX + 1, sizeof(*s->fd_from));
	s->cache = calloc(BATCH_EVENTS, sizeof(*s->cache));
	if (!s->ops || !s->fd_from || !s->cache || intern_pool_init(&s->names, &s->used, &s->limit) < 0) {
		free(s->ops);
		free(s->fd_from);
		free(s->cache);
		free(s);
		return NULL;
	}
	return &s->pub;
}

void state_free(struct state *st)
{
	struct store *s = st ? store_of(st) : NULL;

	if (!s)
		return;
	state_reset(st);
	for (struct fd_node *n = s->free_fds, *next; n; n = next) {
		next = n->next;
		free(n);
	}
	free(s->users);
	free(s->groups);
	free(s->interfaces);
	intern_pool_done(&s->names);
	buffer_done(&s->scratch);
	free(s->ops);
	free(s->fd_from);
	free(s->cache);
	free(s);
}

void state_reset(struct state *st)
{
	struct store *s = store_of(st);

	st->now.thread = NULL;
	st->now.fd = st->now.fd2 = NULL;
	st->now.fd_num = -1;
	s->closing_table = NULL;
	s->exiting = NULL;
	s->changed = NULL;
	s->to_settle = false;
	thread_tables_clear(s);
	entries_clear(s);
	ops_clear(s);
	s->batch = NULL;
	s->n_cached = 0;
}

void state_batch(struct state *st, const struct batch *batch)
{
	struct store *s = store_of(st);

	s->batch = batch;
	s->batch_seq++;
	s->n_cached = batch->n_tids < BATCH_EVENTS ? batch->n_tids : BATCH_EVENTS;
	memset(s->cache, 0, s->n_cached * sizeof(*s->cache));
}

/* Events that the capturing tool makes up are about threads, but not of them. */
static bool is_internal(const struct event_info *info)
{
	return info->category & (EC_INTERNAL | EC_METAEVENT | EC_PLUGIN);
}

/* First sight of a thread that nobody has described: what libsinsp shows of such is kept. */
static struct thread_node *placeholder_new(struct store *s, const struct event *ev)
{
	struct thread_node *n;

	if (ev->tid <= 0 || is_internal(ev->info) || !(n = node_new(s, ev->tid, -1)))
		return NULL;
	n->placeholder = true;
	node_set_comm(s, n, "<NA>", 4);
	store_text(s, &n->t.exe, "<NA>", 4);
	store_text(s, &n->t.cwd, "./", 2);
	return n;
}

static struct thread_node *look_slowly(struct store *s, const struct event *ev, uint32_t slot)
{
	struct thread_node *n = node_find(s, ev->tid);

	if (!n && !(n = placeholder_new(s, ev)))
		return NULL;
	/* A damaged batch may list a tid twice: only one of the slots may point here, as only one is
	   cleared when the thread goes. */
	if (slot < s->n_cached && (n->cache_batch != s->batch_seq || n->cache_slot == slot)) {
		n->cache_batch = s->batch_seq;
		n->cache_slot = slot;
		s->cache[slot] = n;
	}
	return n;
}

static inline struct thread_node *look_thread(struct store *s, struct event *ev)
{
	uint32_t slot = ev->batch == s->batch ? ev->batch->tid_index[ev->index] : UINT32_MAX;
	struct thread_node *n = slot < s->n_cached ? s->cache[slot] : NULL;

	if (!n && !(n = look_slowly(s, ev, slot)))
		return NULL;
	n->seen = ev->number;
	if (n->shares_fs && n->process && n->cwd_seq != n->process->cwd_seq) {
		n->cwd_seq = n->process->cwd_seq;
		intern_drop(&s->names, n->t.cwd);
		n->t.cwd = intern_again(&s->names, n->process->cwd);
		node_changed(s, n);
	}
	return n;
}

static enum fd_place fd_from_find(struct store *s, const struct event_info *info)
{
	enum fd_place place = FD_OF_NOTHING;

	if (info->fd_param >= 0 && (info->traits & EF_USES_FD || !(info->traits & EF_CREATES_FD)))
		place = FD_OF_COLUMN;
	else if (info->traits & EF_CREATES_FD)
		place = FD_OF_RESULT;
	s->fd_from[info->type] = (struct fd_from){info, place};
	return place;
}

static int64_t inline_fd(struct event *ev)
{
	const unsigned i = (unsigned)ev->info->fd_param;
	int64_t fd;

	if (param_number(event_param(ev, i), ev->info->params[i].type, &fd))
		return fd;
	return -1;
}

/* The fd that the call works on, or what it has made; -1: none. false: the payload has it. */
static inline bool batch_fd(struct store *s, const struct batch *b, uint32_t i,
			    const struct event_info *info, int64_t *ret)
{
	const struct fd_from *from = &s->fd_from[info->type];
	enum fd_place place = from->info == info ? from->place : fd_from_find(s, info);

	*ret = -1;
	if (place == FD_OF_COLUMN) {
		if (b->fd[i] == FD_NONE)
			return !(b->flags[i] & EVENT_INLINE);
		if (!(b->absent[i] >> info->fd_param & 1))
			*ret = b->fd[i];
	} else if (place == FD_OF_RESULT && b->result[i] >= 0 &&
		   !(b->flags[i] & (EVENT_NO_RESULT | EVENT_UNFINISHED))) {
		*ret = b->result[i];
	}
	return true;
}

static inline struct fd_info *fd_of(const struct thread_node *n, int64_t fd)
{
	struct fd_node *node = n && n->t.fds && fd >= 0 ? fd_table_find(n->t.fds, fd) : NULL;

	return node ? &node->f : NULL;
}

static inline void look(struct store *s, struct event *ev, bool want_fd)
{
	struct thread_node *n;

	s->pub.now.thread = NULL;
	n = look_thread(s, ev);
	s->pub.now.thread = n ? &n->t : NULL;
	s->pub.now.fd = s->pub.now.fd2 = NULL;
	s->pub.now.fd_num = -1;
	if (!want_fd)
		return;
	if (!batch_fd(s, ev->batch, ev->index, ev->info, &s->pub.now.fd_num))
		s->pub.now.fd_num = inline_fd(ev);
	s->pub.now.fd = fd_of(n, s->pub.now.fd_num);
}

bool state_peek(struct state *st, const struct batch *b, uint32_t i)
{
	struct store *s = store_of(st);
	uint32_t slot = b == s->batch ? b->tid_index[i] : UINT32_MAX;
	struct thread_node *n = slot < s->n_cached ? s->cache[slot] : NULL;

	if (s->to_settle)
		state_settle(st);
	if (!n || !batch_fd(s, b, i, schema_find(b->schema, b->type[i]), &s->pub.now.fd_num))
		return false;
	n->seen = b->first_number + i;
	s->pub.now.thread = &n->t;
	s->pub.now.fd = fd_of(n, s->pub.now.fd_num);
	s->pub.now.fd2 = NULL;
	return true;
}

void state_look(struct state *st, struct event *ev, bool want_fd)
{
	struct store *s = store_of(st);

	if (s->to_settle)
		state_settle(st);
	look(s, ev, want_fd);
}

void state_apply(struct state *st, struct event *ev)
{
	struct store *s = store_of(st);
	const struct op *op;

	if (s->to_settle)
		state_settle(st);
	look(s, ev, true);
	if (!(op = s->ops[ev->info->type]))
		op = op_find(s, ev->info);
	if (op->fn && (st->now.thread || op->argument == OP_ALONE) && !(ev->flags & EVENT_UNFINISHED))
		op->fn(&(struct step){s, ev, node_of(st->now.thread), op});
}

void state_settle(struct state *st)
{
	struct store *s = store_of(st);

	if (!s->to_settle)
		return;
	s->to_settle = false;
	if (s->changed)
		s->changed->name_changed = false;
	s->changed = NULL;
	if (s->closing_table)
		fd_table_remove(s, s->closing_table, s->closing_fd);
	s->closing_table = NULL;
	if (s->exiting)
		node_bury(s, s->exiting);
	s->exiting = NULL;
}

struct thread *state_thread_find(struct state *st, int64_t tid)
{
	struct thread_node *n = node_find(store_of(st), tid);

	return n ? &n->t : NULL;
}

struct thread *state_thread_parent(struct state *st, const struct thread *t)
{
	return t->ptid > 0 && t->ptid != t->tid ? state_thread_find(st, t->ptid) : NULL;
}

struct thread *state_thread_main(struct state *st, const struct thread *t)
{
	const struct process *p = node_of(t)->process;

	return p && p->main ? &p->main->t : NULL;
}

struct thread *state_thread_at(const struct state *st, size_t *i)
{
	const struct pid_map *m = &((const struct store *)st)->threads;

	for (; m->slots && *i <= m->mask; (*i)++) {
		if (m->slots[*i])
			return &((struct thread_node *)m->slots[(*i)++])->t;
	}
	return NULL;
}

const char *state_path_base(const struct state *st, const struct thread *t, int64_t dirfd,
			    size_t *ret_len)
{
	const struct store *s = (const struct store *)st;
	const struct fd_info *dir;

	if (!t) {
		*ret_len = 0;
		return s->names.empty;
	}
	if (dirfd == STATE_AT_FDCWD) {
		*ret_len = intern_len(t->cwd);
		return t->cwd;
	}
	if ((dir = thread_fd_find(t, dirfd)) && dir->name[0]) {
		*ret_len = intern_len(dir->name);
		return dir->name;
	}
	*ret_len = strlen("<UNKNOWN>");
	return "<UNKNOWN>";
}

size_t state_path(const struct state *st, struct event *ev, unsigned param, char *out)
{
	const struct param_info *info = param < ev->n_params ? &ev->info->params[param] : NULL;
	const char *path = param_text(event_param(ev, param)), *base;
	int64_t dirfd = STATE_AT_FDCWD;
	size_t base_len;

	*out = 0;
	if (!info || !*path)
		return 0;
	if (info->type == PT_FSRELPATH && info->dirfd_param >= 0) {
		unsigned i = (unsigned)info->dirfd_param;

		param_number(event_param(ev, i), ev->info->params[i].type, &dirfd);
	}
	base = state_path_base(st, st->now.thread, dirfd, &base_len);
	return path_resolve(out, base, base_len, path, strlen(path));
}
