#include "tests/unit/filter_events.h"

#include <stdio.h>
#include <stdlib.h>

#define N_EVENTS 14
#define AT_CWD	 (-100)

#define PLAIN(tid_, result_) ((struct maker_event){.tid = tid_, .result = result_, .fd = FD_NONE})
#define ON_FD(tid_, result_, fd_) \
	((struct maker_event){.tid = tid_, .result = result_, .fd = fd_, .duration_ns = 500})

static bool add_snapshot(struct state *st)
{
	static const char env[] = "HOME=/root\0A B=two words", args[] = "-s\0example.org";
	static const char cgroups[] = "cpu=/user.slice\0memory=/";
	struct state_entry entries[] = {
		{.kind = ENTRY_THREAD,
		 .thread = {.tid = 1, .pid = 1, .sid = 1, .pgid = 1, .vpgid = 1, .vtid = 1, .vpid = 1,
			    .comm = text_of("systemd"), .exe = text_of("/sbin/init"), .uid = 0}},
		{.kind = ENTRY_THREAD,
		 .thread = {.tid = 10, .pid = 10, .ptid = 1, .sid = 10, .pgid = 10, .vpgid = 10, .vtid = 10,
			    .vpid = 10, .comm = text_of("bash"), .exe = text_of("-bash"),
			    .cwd = text_of("/root/"), .uid = 1000, .gid = 100, .loginuid = 1000}},
		{.kind = ENTRY_THREAD,
		 .thread = {.tid = 20, .pid = 20, .ptid = 10, .sid = 10, .pgid = 20, .vpgid = 20,
			    .vtid = 20, .vpid = 20, .comm = text_of("curl"), .exe = text_of("curl"),
			    .exepath = text_of("/usr/bin/curl"), .cwd = text_of("/home/me/"),
			    .args = {args, sizeof args}, .env = {env, sizeof env},
			    .cgroups = {cgroups, sizeof cgroups}, .uid = 1000, .gid = 100,
			    .loginuid = 0xFFFFFFFF, .clone_ns = 1699999999000000000, .fd_limit = 100}},
		{.kind = ENTRY_FD,
		 .fd = {.tid = 20, .fd = 0, .type = FD_FILE, .name = text_of("/dev/null")}},
		{.kind = ENTRY_USER,
		 .user = {.uid = 1000, .gid = 100, .name = text_of("me"), .home = text_of("/home/me"),
			  .shell = text_of("/bin/bash")}},
		{.kind = ENTRY_GROUP, .group = {.gid = 100, .name = text_of("users")}},
	};

	return state_entries(st, entries, sizeof entries / sizeof *entries, NULL) == 0;
}

static bool add_events(struct maker *m)
{
	uint8_t tuple[13];

	/* 0 */ maker_add(m, "openat", PLAIN(20, 3), NUMBER("dirfd", AT_CWD), TEXT("name", "/etc/hosts"),
			  NUMBER("flags", 0x1001), NUMBER("ino", 77));
	/* 1 */ maker_add(m, "read", ON_FD(20, 5, 3), BYTES("data", "GET /", 5), NUMBER("size", 80));
	/* 2 */ maker_add(m, "openat", PLAIN(20, -2), NUMBER("dirfd", AT_CWD), TEXT("name", "none"),
			  NUMBER("flags", 1));
	/* 3 */ maker_add(m, "close", ON_FD(20, 0, 3), {0});
	/* 4 */ maker_add(m, "socket", PLAIN(20, 5), NUMBER("domain", 2), NUMBER("type", 1));
	maker_tuple(tuple, 0x7f000001, 4000, 0x0a010203, 80);
	/* 5 */ maker_add(m, "connect", ON_FD(20, 0, 5), BYTES("tuple", tuple, sizeof tuple));
	/* 6 */ maker_add(m, "write", ON_FD(20, 100, 5), BYTES("data", "x", 1));
	/* 7 */ maker_add(m, "getuid", PLAIN(10, 1000), {0});
	/* 8 */ maker_add(m, "pipe", PLAIN(10, 0), NUMBER("fd1", 7), NUMBER("fd2", 8));
	/* 9 */ maker_add(m, "write", ON_FD(10, -32, 8), {0});
	/* 10 */ maker_add(m, "poll", ((struct maker_event){.tid = 10, .flags = EVENT_UNFINISHED}), {0});
	/* 11 */ maker_add(m, "procexit", PLAIN(10, 0), {0});
	/* 12 */ maker_add(m, "read", ON_FD(99, 0, 0), {0});
	/* 13 */ maker_add(m, "mmap", ON_FD(20, 4096, -1), {0});
	return m->bb.batch.n_events == N_EVENTS;
}

bool filter_events_init(struct filter_events *e)
{
	*e = (struct filter_events){.schema = schema_new()};
	if (!e->schema || !(e->st = state_new(e->schema)) || maker_init(&e->m, e->schema) < 0)
		return false;
	e->m.bb.batch.first_number = 1;
	return add_events(&e->m);
}

void filter_events_done(struct filter_events *e)
{
	maker_done(&e->m);
	state_free(e->st);
	schema_free(e->schema);
}

bool filter_events_rewind(struct filter_events *e)
{
	state_reset(e->st);
	field_context = (struct field_context){.first_ns = e->m.bb.batch.time_ns[0]};
	state_batch(e->st, &e->m.bb.batch);
	return add_snapshot(e->st);
}

static bool has_id(const struct kernel_question *q, int64_t id)
{
	for (unsigned i = 0; i < q->n; i++)
		if (q->ids[i] == id)
			return true;
	return false;
}

static bool has_comm(const struct kernel_question *q, const char *comm)
{
	for (unsigned i = 0; i < q->n; i++)
		if (!strcmp(q->comms[i], comm))
			return true;
	return false;
}

static bool in_ranges(const struct kernel_question *q, int64_t v)
{
	for (unsigned i = 0; i < q->n; i++)
		if (v >= q->ranges[i].lo && v <= q->ranges[i].hi)
			return true;
	return false;
}

enum answer { NO, YES, UNSURE };

static enum answer answer_of(const struct kernel_question *q, const struct event *ev, const struct thread *t)
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
	case ABOUT_TYPE:
		if (!(q->types.maybe[ev->type / 64] >> (ev->type % 64) & 1))
			return NO;
		return q->types.yes[ev->type / 64] >> (ev->type % 64) & 1 ? YES : UNSURE;
	case ABOUT_RESULT:
		if (ev->info->result_param < 0 || !event_has_result(ev) || ev->result < q->unsure_below)
			return UNSURE;
		return in_ranges(q, ev->result);
	default: /* tests/live/filters.sh asks the kernel itself */
		return UNSURE;
	}
}

/* The kernel's decision about one event, as the engine makes it. */
static bool kernel_passes(const struct kernel_filter *k, const struct event *ev, const struct thread *t)
{
	uint32_t yes = 0, no = 0;

	if (k->has_types && !(k->types[ev->type / 64] >> (ev->type % 64) & 1))
		return false;
	for (unsigned i = 0; i < k->n_questions; i++) {
		enum answer a = answer_of(&k->questions[i], ev, t);

		yes |= (uint32_t)(a != NO) << i;
		no |= (uint32_t)(a != YES) << i;
	}
	for (unsigned i = 0; i < k->n_clauses; i++)
		if (!((yes & k->clauses[i].yes) | (no & k->clauses[i].no)))
			return false;
	return true;
}

/* One event, answered by every part; NULL or what is wrong. */
static const char *compare(struct filter *f, const struct kernel_filter *kernel, struct filter_events *e,
			   struct event *ev, bool may, bool *ret)
{
	const uint64_t *types = filter_types(f);
	bool match = filter_match(f, ev, e->st), kernel_match;

	*ret = match;
	if (match && !may)
		return "the columns lose an event";
	if (filter_is_exact(f) && match != may)
		return "the columns are not exact";
	if (match && types && !(types[ev->type / 64] >> (ev->type % 64) & 1))
		return "the types lose an event";
	if (filter_match(f, ev, e->st) != match)
		return "the second answer differs";
	if (!e->st->now.thread)
		return NULL;
	kernel_match = kernel_passes(kernel, ev, e->st->now.thread);
	if (match && !kernel_match)
		return "the kernel part loses an event";
	return kernel->exact && match != kernel_match ? "the kernel part is not exact" : NULL;
}

const char *filter_events_run(struct filter_events *e, const char *text, size_t len, char *out,
			      size_t size, struct error *err)
{
	static uint64_t bits[BATCH_EVENTS / 64];
	struct batch *b = &e->m.bb.batch;
	struct filter *f = filter_new_len(text, len, err);
	struct kernel_filter kernel;
	const char *words = NULL;
	size_t n = 0;

	out[0] = 0;
	if (!f)
		return NULL;
	filter_kernel(f, &kernel);
	if (!filter_events_rewind(e) || filter_columns(f, b, bits, err) < 0)
		words = "no snapshot or no columns";
	for (uint32_t i = 0; !words && i < b->n_events; i++) {
		struct event ev;
		bool match;

		event_at(&ev, b, i);
		state_apply(e->st, &ev);
		words = compare(f, &kernel, e, &ev, bits[i / 64] >> (i % 64) & 1, &match);
		if (match)
			n += (size_t)snprintf(out + n, size - n, "%s%u", n ? " " : "", i);
		state_settle(e->st);
	}
	filter_free(f);
	return words;
}
