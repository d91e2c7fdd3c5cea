#include "state/store.h"

#include <stdlib.h>

#define NEAR_FIRST 16u
#define FAR_FIRST  16u
#define FREE_MAX   1024u /* freed ones that are kept for the next */

static struct fd_node *fd_node_new(struct store *s)
{
	struct fd_node *n = s->free_fds;

	if (n) {
		s->free_fds = n->next;
		s->n_free_fds--;
		memset(n, 0, sizeof *n);
	} else if (!(n = store_alloc(s, sizeof *n))) {
		return NULL;
	}
	n->f.name = n->f.name_raw = s->names.empty;
	n->pidfd_pid = -1;
	s->n_fds++;
	return n;
}

static void fd_node_free(struct store *s, struct fd_node *n)
{
	if (s->pub.now.fd == &n->f)
		s->pub.now.fd = NULL;
	if (s->pub.now.fd2 == &n->f)
		s->pub.now.fd2 = NULL;
	if (s->changed == &n->f)
		s->changed = NULL;
	intern_drop(&s->names, n->f.name);
	if (!n->raw_in_name)
		intern_drop(&s->names, n->f.name_raw);
	s->n_fds--;
	if (s->n_free_fds >= FREE_MAX) {
		store_release(s, n, sizeof *n);
		return;
	}
	n->next = s->free_fds;
	s->free_fds = n;
	s->n_free_fds++;
}

static uint32_t far_slot(int64_t fd, uint32_t mask)
{
	return (uint32_t)(((uint64_t)fd * 0x9E3779B97F4A7C15u) >> 40) & mask;
}

static struct fd_node **far_find(const struct fd_table *t, int64_t fd)
{
	uint32_t i = far_slot(fd, t->far_mask);

	while (t->far[i] && t->far[i]->f.fd != fd)
		i = (i + 1) & t->far_mask;
	return &t->far[i];
}

struct fd_node *fd_table_find(const struct fd_table *t, int64_t fd)
{
	if ((uint64_t)fd < t->n_near)
		return t->near[fd];
	if (t->n_far == 0 || fd < FD_NEAR_MAX)
		return NULL;
	return *far_find(t, fd);
}

struct fd_table *fd_table_new(struct store *s)
{
	struct fd_table *t = store_alloc(s, sizeof *t);

	if (t)
		t->refs = 1;
	return t;
}

static bool near_grow(struct store *s, struct fd_table *t, uint32_t need)
{
	uint32_t n = t->n_near ? t->n_near : NEAR_FIRST;
	struct fd_node **near;

	while (n < need)
		n *= 4;
	if (!(near = store_alloc(s, n * sizeof(*near))))
		return false;
	if (t->n_near)
		memcpy(near, t->near, t->n_near * sizeof(*near));
	store_release(s, t->near, t->n_near * sizeof(*near));
	t->near = near;
	t->n_near = n;
	return true;
}

/* At most half full, so that probing is short and ends. */
static bool far_grow(struct store *s, struct fd_table *t)
{
	uint32_t n = t->far_mask ? (t->far_mask + 1) * 2 : FAR_FIRST, n_old = t->far_mask + 1;
	struct fd_node **old = t->far, **far = store_alloc(s, n * sizeof(*far));

	if (!far)
		return false;
	if (!old)
		n_old = 0;
	t->far = far;
	t->far_mask = n - 1;
	for (uint32_t i = 0; i < n_old; i++) {
		if (old[i])
			*far_find(t, old[i]->f.fd) = old[i];
	}
	store_release(s, old, n_old * sizeof(*old));
	return true;
}

/* The place for a number, or NULL: refused. */
static struct fd_node **place(struct store *s, struct fd_table *t, int64_t fd)
{
	if (fd < 0 || fd > INT32_MAX || t->n_fds >= FDS_PER_TABLE_MAX)
		return NULL;
	if (fd < FD_NEAR_MAX) {
		if (fd >= t->n_near && !near_grow(s, t, (uint32_t)fd + 1))
			return NULL;
		return &t->near[fd];
	}
	if ((t->n_far + 1) * 2 > t->far_mask + 1 && !far_grow(s, t))
		return NULL;
	return far_find(t, fd);
}

struct fd_node *fd_table_add(struct store *s, struct fd_table *t, int64_t fd)
{
	struct fd_node **at, *n;

	fd_table_remove(s, t, fd);
	at = place(s, t, fd);
	n = at ? fd_node_new(s) : NULL;
	if (!n) {
		s->n_refused++;
		return NULL;
	}
	n->f.fd = fd;
	*at = n;
	t->n_fds++;
	if (fd >= FD_NEAR_MAX)
		t->n_far++;
	return n;
}

struct fd_node *fd_table_dup(struct store *s, struct fd_table *t, int64_t fd,
			     const struct fd_node *from)
{
	struct fd_node *n;

	if (from->f.fd == fd && fd_table_find(t, fd) == from)
		return (struct fd_node *)from;
	if (!(n = fd_table_add(s, t, fd)))
		return NULL;
	*n = *from;
	n->f.fd = fd;
	n->f.name_changed = false;
	intern_again(&s->names, n->f.name);
	if (!n->raw_in_name)
		intern_again(&s->names, n->f.name_raw);
	return n;
}

/* Closes the gap that a removal leaves in a run of probed slots. */
static void far_remove(struct fd_table *t, struct fd_node **at)
{
	uint32_t gap = (uint32_t)(at - t->far), i = gap;

	t->far[gap] = NULL;
	for (;;) {
		uint32_t home;

		i = (i + 1) & t->far_mask;
		if (!t->far[i])
			return;
		home = far_slot(t->far[i]->f.fd, t->far_mask);
		if (((i - home) & t->far_mask) < ((i - gap) & t->far_mask))
			continue;
		t->far[gap] = t->far[i];
		t->far[i] = NULL;
		gap = i;
	}
}

void fd_table_remove(struct store *s, struct fd_table *t, int64_t fd)
{
	struct fd_node *n = fd_table_find(t, fd);

	if (!n)
		return;
	if (fd < FD_NEAR_MAX) {
		t->near[fd] = NULL;
	} else {
		far_remove(t, far_find(t, fd));
		t->n_far--;
	}
	t->n_fds--;
	fd_node_free(s, n);
}

struct fd_table *fd_table_copy(struct store *s, const struct fd_table *from)
{
	struct fd_table *t = fd_table_new(s);

	if (!t)
		return NULL;
	if (from->n_near && !near_grow(s, t, from->n_near))
		return t;
	for (uint32_t i = 0; i < from->n_near; i++) {
		if (from->near[i])
			fd_table_dup(s, t, i, from->near[i]);
	}
	for (uint32_t i = 0; from->n_far && i <= from->far_mask; i++) {
		if (from->far[i])
			fd_table_dup(s, t, from->far[i]->f.fd, from->far[i]);
	}
	return t;
}

void fd_table_drop(struct store *s, struct fd_table *t)
{
	if (!t || --t->refs)
		return;
	if (s->closing_table == t)
		s->closing_table = NULL;
	for (uint32_t i = 0; i < t->n_near; i++) {
		if (t->near[i])
			fd_node_free(s, t->near[i]);
	}
	for (uint32_t i = 0; t->far && i <= t->far_mask; i++) {
		if (t->far[i])
			fd_node_free(s, t->far[i]);
	}
	store_release(s, t->near, t->n_near * sizeof(*t->near));
	store_release(s, t->far, t->far ? (t->far_mask + 1) * sizeof(*t->far) : 0);
	store_release(s, t, sizeof *t);
}

void fd_table_range(struct store *s, struct fd_table *t, int64_t first, int64_t last,
		    bool cloexec_only)
{
	struct fd_node *n;

	for (int64_t fd = first > 0 ? first : 0; fd <= last && fd < (int64_t)t->n_near; fd++) {
		if (t->near[fd] && cloexec_only)
			t->near[fd]->f.open_flags |= OPEN_CLOEXEC;
		else if (t->near[fd])
			fd_table_remove(s, t, fd);
	}
	/* A removal may move a later one into the slot just seen: look at it again. */
	for (uint32_t i = 0; t->n_far && i <= t->far_mask; i++) {
		while ((n = t->far[i]) && n->f.fd >= first && n->f.fd <= last) {
			if (cloexec_only) {
				n->f.open_flags |= OPEN_CLOEXEC;
				break;
			}
			fd_table_remove(s, t, n->f.fd);
		}
	}
}

void fd_table_exec(struct store *s, struct fd_table *t)
{
	for (uint32_t i = 0; i < t->n_near; i++) {
		if (t->near[i] && t->near[i]->f.open_flags & OPEN_CLOEXEC)
			fd_table_remove(s, t, i);
	}
	for (uint32_t i = 0; t->n_far && i <= t->far_mask; i++) {
		while (t->far[i] && t->far[i]->f.open_flags & OPEN_CLOEXEC)
			fd_table_remove(s, t, t->far[i]->f.fd);
	}
}

/* name_raw as a text of its own, for the name is about to go. */
static void raw_part(struct store *s, struct fd_node *n)
{
	if (n->raw_in_name)
		n->f.name_raw = intern_take(&s->names, n->f.name_raw, strlen(n->f.name_raw));
	n->raw_in_name = false;
}

void fd_set_name(struct store *s, struct fd_node *n, const char *name, size_t len)
{
	raw_part(s, n);
	if (store_text(s, &n->f.name, name, len)) {
		n->f.name_changed = true;
		n->f.name_id = intern_id(n->f.name);
		s->changed = &n->f;
		s->to_settle = true;
	}
}

/* Most paths are given as they are, or relative to a directory without dots. */
void fd_set_name_raw(struct store *s, struct fd_node *n, const char *raw, size_t len)
{
	size_t name_len = intern_len(n->f.name);

	if (len && len <= name_len && memcmp(n->f.name + name_len - len, raw, len) == 0) {
		if (!n->raw_in_name)
			intern_drop(&s->names, n->f.name_raw);
		n->f.name_raw = n->f.name + name_len - len;
		n->raw_in_name = true;
	} else {
		raw_part(s, n);
		store_text(s, &n->f.name_raw, raw, len);
	}
}

/* ---- what others see ---- */

struct fd_info *thread_fd_find(const struct thread *t, int64_t fd)
{
	struct fd_node *n = t && t->fds ? fd_table_find(t->fds, fd) : NULL;

	return n ? &n->f : NULL;
}

uint64_t thread_fd_count(const struct thread *t)
{
	return t && t->fds ? t->fds->n_fds : 0;
}

struct fd_info *thread_fd_at(const struct thread *t, size_t *i)
{
	const struct fd_table *table = t ? t->fds : NULL;

	for (; table && *i < table->n_near; (*i)++) {
		if (table->near[*i])
			return &table->near[(*i)++]->f;
	}
	for (; table && table->far && *i - table->n_near <= table->far_mask; (*i)++) {
		struct fd_node *n = table->far[*i - table->n_near];

		if (n) {
			(*i)++;
			return &n->f;
		}
	}
	return NULL;
}

static const struct {
	char letter;
	const char *text;
} kinds[] = {
	[FD_UNKNOWN] = {'o', "<NA>"},
	[FD_FILE] = {'f', "file"},
	[FD_DIRECTORY] = {'d', "directory"},
	[FD_IPV4_SOCK] = {'4', "ipv4"},
	[FD_IPV6_SOCK] = {'6', "ipv6"},
	[FD_IPV4_SERVSOCK] = {'4', "ipv4"},
	[FD_IPV6_SERVSOCK] = {'6', "ipv6"},
	[FD_FIFO] = {'p', "pipe"},
	[FD_UNIX_SOCK] = {'u', "unix"},
	[FD_EVENT] = {'e', "event"},
	[FD_UNSUPPORTED] = {'X', "unsupported"},
	[FD_SIGNALFD] = {'s', "signalfd"},
	[FD_EVENTPOLL] = {'l', "eventpoll"},
	[FD_INOTIFY] = {'i', "inotify"},
	[FD_TIMERFD] = {'t', "timerfd"},
	[FD_NETLINK] = {'n', "netlink"},
	[FD_FILE_V2] = {'f', "file"},
	[FD_BPF] = {'b', "bpf"},
	[FD_USERFAULTFD] = {'u', "userfaultfd"},
	[FD_IOURING] = {'r', "io_uring"},
	[FD_MEMFD] = {'m', "memfd"},
	[FD_PIDFD] = {'P', "pidfd"},
};

bool fd_is_server_end(const struct fd_info *fd)
{
	const struct fd_node *n = (const struct fd_node *)fd;

	/* is_server goes by the addresses first, as the family's: both ends are on this host now and then */
	return n->role == ROLE_NONE ? fd->is_server : n->role == ROLE_SERVER;
}

char fd_type_char(const struct fd_info *fd)
{
	return fd->type < sizeof kinds / sizeof *kinds ? kinds[fd->type].letter : 'o';
}

const char *fd_type_text(const struct fd_info *fd)
{
	return fd->type < sizeof kinds / sizeof *kinds ? kinds[fd->type].text : "<NA>";
}
