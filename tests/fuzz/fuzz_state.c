/*
 * The input is a capture in short: records of a kind, then a snapshot entry as in STATE blocks, or an
 * event whose parameters are laid out by its schema from the bytes that follow. The tables must
 * stay whole and within their limit, and everything must be printable.
 */
#include "state/render.h"
#include "state/store.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#define LIMIT (1u << 20) /* small, so that it is reached */
#define TIDS  16
#define CHECK(ok)                                                                                  \
	do {                                                                                       \
		if (!(ok))                                                                         \
			abort();                                                                   \
	} while (0)

struct run {
	struct schema *schema;
	struct state *st;
	struct batch_builder bb;
	struct buffer payload, out;
	uint64_t time_ns;
};

static void take_entry(struct run *r, struct cursor *c)
{
	size_t len = cursor_u16(c);
	const uint8_t *data = cursor_bytes(c, len);
	struct state_entry e;
	struct cursor entry;

	if (!data)
		return;
	entry = cursor_over(data, len);
	while (state_entry_next(&entry, &e, NULL) == 1)
		state_entries(r->st, &e, 1, NULL);
}

static void put_param(struct run *r, struct cursor *c, const struct param_info *info)
{
	size_t len = param_type_size(info->type);
	const uint8_t *data;

	if (!len)
		len = cursor_u8(c);
	data = cursor_bytes(c, len);
	if (!data)
		payload_append(&r->payload, info->type, "", 0);
	else
		payload_append(&r->payload, info->type, data, (uint32_t)len);
}

static void add_event(struct run *r, struct cursor *c)
{
	uint16_t type = cursor_u16(c) % EVENT_TYPE_MAX;
	const struct event_info *info = schema_find(r->schema, type);
	uint8_t tid = cursor_u8(c);
	struct batch_row row = {.type = type, .tid = tid % TIDS + (tid >= 128 ? 1000000 : 0)};

	row.time_ns = r->time_ns++;
	row.duration_ns = DURATION_NONE;
	row.result = cursor_i16(c);
	row.fd = cursor_i16(c);
	row.flags = cursor_u8(c);
	row.absent = cursor_u16(c);
	buffer_clear(&r->payload);
	for (unsigned i = 0; i < info->n_params; i++) {
		bool in_column = (int)i == info->result_param || (int)i == info->fd_param;

		if (!(row.absent >> i & 1) && (!in_column || row.flags & EVENT_INLINE))
			put_param(r, c, &info->params[i]);
	}
	row.payload = r->payload.data;
	row.payload_len = (uint32_t)r->payload.len;
	batch_builder_add(&r->bb, &row);
}

/* Numbers that say the same thing must agree. */
static void check_tables(const struct state *st)
{
	const struct store *s = (const struct store *)st;
	const struct thread *t;
	size_t n = 0;

	CHECK(s->used <= LIMIT);
	for (size_t i = 0; (t = state_thread_at(st, &i)); n++) {
		uint64_t n_fds = 0;
		struct fd_info *fd;

		CHECK(state_thread_find((struct state *)st, t->tid) == t);
		for (size_t k = 0; (fd = thread_fd_at(t, &k)); n_fds++)
			CHECK(thread_fd_find(t, fd->fd) == fd && fd->name && fd->name_raw);
		CHECK(n_fds == thread_fd_count(t));
		CHECK(t->comm && t->cwd && t->args);
	}
	CHECK(n == s->threads.n);
}

static void run_batch(struct run *r)
{
	struct batch *b = &r->bb.batch;
	struct event ev;
	char path[PATH_TEXT_MAX + 1];

	state_batch(r->st, b);
	for (uint32_t i = 0; i < b->n_events; i++) {
		event_at(&ev, b, i);
		if (i % 5 == 4)
			state_look(r->st, &ev, true);
		else
			state_apply(r->st, &ev);
		buffer_clear(&r->out);
		render_args(&r->out, &ev, r->st, NULL);
		CHECK(!buffer_failed(&r->out));
		for (unsigned k = 0; k < ev.n_params; k++)
			CHECK(state_path(r->st, &ev, k, path) <= PATH_TEXT_MAX);
		if (r->st->now.thread)
			state_thread_parent(r->st, r->st->now.thread);
		if (i % 3)
			state_settle(r->st);
	}
	state_settle(r->st);
	check_tables(r->st);
	batch_builder_reset(&r->bb);
}

/* What is still counted after forgetting everything is kept for reuse, not lost. */
static void check_forgotten(struct store *s)
{
	size_t kept = 0;

	intern_pool_trim(&s->names, 0);
	for (struct fd_node *n = s->free_fds; n; n = n->next)
		kept += sizeof *n;
	CHECK(s->used == kept && s->n_fds == 0 && s->names.n_texts == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	struct cursor c = cursor_over(data, size);

	if (!r.st) {
		CHECK((r.schema = schema_new()) && (r.st = state_new(r.schema)) &&
		      !batch_builder_init(&r.bb, r.schema));
		store_of(r.st)->limit = LIMIT;
	}
	while (cursor_left(&c)) {
		uint8_t kind = cursor_u8(&c);

		if (kind == 0xFF) {
			run_batch(&r);
			take_entry(&r, &c);
		} else {
			add_event(&r, &c);
		}
		if (kind == 0xFE)
			run_batch(&r);
	}
	run_batch(&r);
	state_reset(r.st);
	check_forgotten(store_of(r.st));
	return 0;
}
