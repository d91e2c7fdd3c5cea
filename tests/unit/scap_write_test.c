/* Genuine .scap files as they are written: order of entries, cuts, members, and who is described. */
#include "format/scap_encode.h"
#include "format/scap_legacy.h"
#include "format/scap_output.h"
#include "sinks/scap_pairs.h"
#include "sinks/sink.h"
#include "tests/unit/capture_maker.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- a file as a list of blocks ---- */

struct file {
	uint8_t *data;
	size_t len;
};

static struct file file_read(int fd)
{
	struct stat st;
	struct file f;

	ck_assert_int_eq(fstat(fd, &st), 0);
	f.len = (size_t)st.st_size;
	f.data = malloc(f.len + 1);
	ck_assert_int_eq(pread(fd, f.data, f.len, 0), (ssize_t)f.len);
	close(fd);
	return f;
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* The next block: its code, and its body; 0 at the end. Both lengths must agree. */
static uint32_t block_next(const struct file *f, size_t *at, struct cursor *ret_body)
{
	uint32_t len;

	if (*at == f->len)
		return 0;
	ck_assert_uint_ge(f->len - *at, 12);
	len = u32_at(f->data + *at + 4);
	ck_assert_uint_eq(len % 4, 0);
	ck_assert_uint_le(len, f->len - *at);
	ck_assert_uint_eq(u32_at(f->data + *at + len - 4), len);
	*ret_body = cursor_over(f->data + *at + 8, len - 12);
	*at += len;
	return u32_at(f->data + *at - len);
}

struct told {
	uint64_t time_ns;
	int64_t tid;
	uint16_t type, cpu;
	uint32_t flags, n_params;
	struct cursor params; /* their lengths, then their bytes */
};

static bool told_parse(struct told *ret, uint32_t code, struct cursor c)
{
	if (code != SCAP_EVENT_2 && code != SCAP_EVENT_FLAGS_2)
		return false;
	ret->cpu = cursor_u16(&c);
	ret->flags = code == SCAP_EVENT_FLAGS_2 ? cursor_u32(&c) : 0;
	ret->time_ns = cursor_u64(&c);
	ret->tid = cursor_i64(&c);
	ck_assert_uint_le(cursor_u32(&c), cursor_left(&c) + 4 + 2 + 16);
	ret->type = cursor_u16(&c);
	ret->n_params = cursor_u32(&c);
	ret->params = c;
	ck_assert(!cursor_failed(&c));
	return true;
}

/* ---- a sink that is fed ---- */

struct bench {
	struct schema *schema;
	struct state *st;
	struct maker maker;
	struct sink *sink;
	struct scap_sink_report report;
	int fd;
};

static void bench_init(struct bench *b, struct scap_sink_options options)
{
	static const struct capture_info info = {.n_cpus = 2, .hostname = {"quince", 6}, .arch = {"x86_64", 6}};
	struct error err = {0};

	*b = (struct bench){.schema = schema_new(), .fd = memfd_create("scap", 0)};
	b->st = state_new(b->schema);
	ck_assert_int_eq(maker_init(&b->maker, b->schema), 0);
	options.report = &b->report;
	b->sink = sink_scap_new(b->fd, &options, &err);
	ck_assert_ptr_nonnull(b->sink);
	ck_assert_int_eq(b->sink->ops->capture(b->sink, &info, &err), 0);
}

static void bench_state(struct bench *b, const struct state_entry *entries, size_t n)
{
	ck_assert_int_eq(state_entries(b->st, entries, n, NULL), 0);
	ck_assert_int_eq(b->sink->ops->state(b->sink, entries, n, NULL), 0);
}

/* Every event gathered so far; those of `hidden` for their effects only. */
static void bench_feed(struct bench *b, int64_t hidden)
{
	struct batch *batch = &b->maker.bb.batch;
	struct error err = {0};
	struct event ev;

	state_batch(b->st, batch);
	for (uint32_t i = 0; i < batch->n_events; i++) {
		event_at(&ev, batch, i);
		state_apply(b->st, &ev);
		ck_assert_int_eq((ev.tid == hidden ? b->sink->ops->hidden : b->sink->ops->event)(b->sink, &ev, b->st,
												&err),
				 0);
		state_settle(b->st);
	}
	batch_builder_reset(&b->maker.bb);
}

static struct file bench_finish(struct bench *b)
{
	struct error err = {0};

	ck_assert_int_eq(b->sink->ops->finish(b->sink, &err), 0);
	b->sink->ops->free(b->sink);
	maker_done(&b->maker);
	state_free(b->st);
	schema_free(b->schema);
	return file_read(b->fd);
}

/* ---- order ---- */

#define CALLS 60000u /* more than the window holds */

START_TEST(test_long_calls)
{
	struct bench b;
	struct file f;
	struct cursor body;
	struct told told;
	uint64_t last_ns = 0, n = 0, entered[8] = {0};
	size_t at = 0;
	uint32_t code;

	bench_init(&b, (struct scap_sink_options){.legacy = true});
	b.maker.step_ns = 100;
	for (uint32_t i = 1; i <= CALLS; i++) {
		/* thread 7 waits through almost all of it, thread 6 through as much as the window holds */
		uint64_t waits = i == CALLS ? 100ull * (CALLS - 10) : i % 20000 == 0 ? 100ull * 16000 : 40;
		struct maker_event event = {.tid = i == CALLS ? 7 : i % 20000 == 0 ? 6 : 1 + i % 5,
					    .duration_ns = waits};

		if (maker_add(&b.maker, "getpid", event) == -ENOBUFS) {
			bench_feed(&b, 0);
			ck_assert_int_eq(maker_add(&b.maker, "getpid", event), 0);
		}
	}
	bench_feed(&b, 0);
	f = bench_finish(&b);
	while ((code = block_next(&f, &at, &body))) {
		if (!told_parse(&told, code, body))
			continue;
		n++;
		ck_assert_uint_ge(told.time_ns, last_ns);
		last_ns = told.time_ns;
		if (!(told.type & 1)) {
			ck_assert_uint_eq(entered[told.tid], 0);
			entered[told.tid] = told.time_ns;
			continue;
		}
		ck_assert_uint_ne(entered[told.tid], 0);
		if (told.tid == 7)
			ck_assert_uint_eq(told.time_ns - entered[7], 100ull * (CALLS - 10));
		else if (told.tid == 6)
			ck_assert_uint_eq(told.time_ns - entered[6], 100ull * 16000);
		else
			ck_assert_uint_eq(told.time_ns - entered[told.tid], 40);
		entered[told.tid] = 0;
	}
	ck_assert_uint_eq(n, 2 * CALLS);
	ck_assert_uint_eq(b.report.n_events, CALLS);
	ck_assert_uint_eq(b.report.n_moved, 0);
	free(f.data);
}
END_TEST

/* What is said to happen when too many calls last too long. */
START_TEST(test_too_many_long_calls)
{
	struct scap_pairs *p = scap_pairs_new(NULL);
	uint8_t bytes[80] = {0};
	struct pair pair = {.bytes = bytes, .enter_len = 40, .exit_len = 40};
	uint64_t last_ns = 0;

	ck_assert_ptr_nonnull(p);
	p->late_max = 2;
	for (uint32_t code = SCAP_EVENT_2, i = 0; i < 2; i++)
		memcpy(bytes + 40 * i, &code, 4);
	for (uint32_t i = 1; i <= 2 * PAIRS_MAX; i++) {
		pair.exit_ns = 1000u * i;
		pair.enter_ns = i > 2 * PAIRS_MAX - 5 ? 10 : pair.exit_ns - 10;
		memcpy(bytes + 10, &pair.enter_ns, 8);
		memcpy(bytes + 50, &pair.exit_ns, 8);
		ck_assert_int_eq(scap_pairs_add(p, &pair, NULL), 0);
	}
	ck_assert_int_eq(scap_pairs_end(p, NULL), 0);
	ck_assert_uint_eq(p->n_late, 2);
	ck_assert_uint_eq(p->n_moved, 3);
	for (uint64_t at = 0; at < spool_len(&p->spool); at += 40) {
		uint8_t block[40];

		ck_assert_int_eq(spool_pread(&p->spool, block, sizeof block, at, NULL), 0);
		ck_assert_uint_ge(u64_at(block + 10), last_ns);
		last_ns = u64_at(block + 10);
	}
	ck_assert_uint_eq(spool_len(&p->spool), 40 * (4 * PAIRS_MAX - 2));
	scap_pairs_free(p);
}
END_TEST

/* ---- shapes ---- */

START_TEST(test_shapes)
{
	static const struct {
		uint16_t type;
		uint32_t n_params;
	} modern[] = {{307, 7}, {1, 2}, {365, 4}}, legacy[] = {{306, 4}, {307, 6}, {0, 2}, {1, 1}, {124, 1}, {125, 1}};

	for (unsigned way = 0; way < 2; way++) {
		struct bench b;
		struct file f;
		struct cursor body;
		struct told told;
		size_t at = 0, n = 0;
		uint32_t code;

		bench_init(&b, (struct scap_sink_options){.legacy = way});
		b.maker.step_ns = 1000;
		maker_add(&b.maker, "openat", ((struct maker_event){.tid = 7, .result = 3, .duration_ns = 500}),
			  TEXT("name", "/etc/hosts"));
		maker_add(&b.maker, "uname", ((struct maker_event){.tid = 7, .duration_ns = 500}));
		maker_add(&b.maker, "dup3", ((struct maker_event){.tid = 7, .result = 4, .fd = 3, .duration_ns = 500}));
		/* today's schema has no place for it, the old one an entry alone */
		maker_add(&b.maker, "getpid", ((struct maker_event){.tid = 7, .flags = EVENT_UNFINISHED}));
		bench_feed(&b, 0);
		f = bench_finish(&b);
		while ((code = block_next(&f, &at, &body))) {
			if (!told_parse(&told, code, body))
				continue;
			if (n < (way ? 6 : 3)) {
				ck_assert_uint_eq(told.type, way ? legacy[n].type : modern[n].type);
				ck_assert_uint_eq(told.n_params, way ? legacy[n].n_params : modern[n].n_params);
			}
			n++;
		}
		ck_assert_uint_eq(n, way ? 7 : 3);
		ck_assert_uint_eq(b.report.n_unfinished, !way);
		free(f.data);
	}
}
END_TEST

/* A name and a buffer that no reader of the family would take in full. */
START_TEST(test_cut)
{
	static char name[66001];
	struct bench b;
	struct file f;
	struct cursor body;
	struct told told;
	size_t at = 0, n = 0;
	uint32_t code;

	memset(name, 'x', sizeof name - 1);
	bench_init(&b, (struct scap_sink_options){0});
	b.maker.step_ns = 1000;
	ck_assert_int_eq(maker_add(&b.maker, "openat", ((struct maker_event){.tid = 7}), TEXT("name", name)), 0);
	ck_assert_int_eq(maker_add(&b.maker, "read", ((struct maker_event){.tid = 7}), BYTES("data", name, 66000)), 0);
	bench_feed(&b, 0);
	f = bench_finish(&b);
	while ((code = block_next(&f, &at, &body))) {
		uint16_t len;

		if (!told_parse(&told, code, body))
			continue;
		ck_assert_uint_le(cursor_left(&body) + 4, SCAP_BODY_MAX);
		if (n++)
			continue;
		/* the third parameter ends with its NUL: lengths of 7, then fd and dirfd */
		memcpy(&len, told.params.at + 4, sizeof len);
		ck_assert_uint_gt(len, 65000);
		ck_assert_uint_eq(told.params.at[14 + 16 + len - 1], 0);
		ck_assert_uint_eq(told.params.at[14 + 16 + len - 2], 'x');
	}
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(b.report.n_cut, 2);
	free(f.data);
}
END_TEST

START_TEST(test_members)
{
	static uint8_t out[SCAP_MEMBER_LEN + 1];
	struct bench b;
	struct file f;
	size_t at = 0, total = 0, members = 0;

	bench_init(&b, (struct scap_sink_options){.level = 1});
	for (uint32_t i = 0; i < 8000; i++)
		ck_assert_int_eq(maker_add(&b.maker, "getpid", ((struct maker_event){.tid = 7})), 0);
	bench_feed(&b, 0);
	f = bench_finish(&b);
	while (at < f.len) {
		z_stream z = {.next_in = f.data + at, .avail_in = (uInt)(f.len - at), .next_out = out, .avail_out = sizeof out};

		ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
		ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
		ck_assert_uint_le(z.total_out, SCAP_MEMBER_LEN);
		at = f.len - z.avail_in;
		total += z.total_out;
		members++;
		inflateEnd(&z);
	}
	ck_assert_uint_gt(total, 8000 * 44);
	ck_assert_uint_eq(members, (total + SCAP_MEMBER_LEN - 1) / SCAP_MEMBER_LEN);
	free(f.data);
}
END_TEST

/* ---- who is described ---- */

static struct state_entry thread_of(int64_t tid, int64_t ptid, const char *comm, uint32_t uid)
{
	struct state_entry e = {.kind = ENTRY_THREAD,
				.thread = {.tid = tid, .pid = tid, .ptid = ptid, .sid = tid, .pgid = tid, .uid = uid,
					   .loginuid = UINT32_MAX}};

	e.thread.comm = text_of(comm);
	e.thread.args = text_of("secret");
	return e;
}

static bool holds(const struct file *f, const char *word)
{
	return memmem(f->data, f->len, word, strlen(word));
}

START_TEST(test_selective)
{
	struct state_entry entries[] = {
	    thread_of(1, 0, "init", 0),
	    thread_of(10, 1, "shell", 1000),
	    thread_of(20, 10, "chosen", 1000),
	    thread_of(30, 10, "other", 1001),
	    {.kind = ENTRY_FD, .fd = {.tid = 20, .fd = 3, .type = FD_FILE_V2, .name = {"/mine", 5}}},
	    {.kind = ENTRY_FD, .fd = {.tid = 10, .fd = 3, .type = FD_FILE_V2, .name = {"/shells", 7}}},
	    {.kind = ENTRY_FD, .fd = {.tid = 30, .fd = 3, .type = FD_FILE_V2, .name = {"/others", 7}}},
	    {.kind = ENTRY_USER, .user = {.uid = 1000, .name = {"ada", 3}}},
	    {.kind = ENTRY_USER, .user = {.uid = 1001, .name = {"bob", 3}}},
	};
	struct bench b;
	struct file f;
	struct cursor body;
	struct told told;
	size_t at = 0, n = 0, n_hidden = 0;
	uint32_t code;

	bench_init(&b, (struct scap_sink_options){.selective = true});
	b.maker.step_ns = 1000;
	bench_state(&b, entries, sizeof entries / sizeof *entries);
	/* what the other one does changes nothing for those that were chosen */
	maker_add(&b.maker, "openat", ((struct maker_event){.tid = 30, .result = 4}), TEXT("name", "/elsewhere"));
	maker_add(&b.maker, "getpid", ((struct maker_event){.tid = 20}));
	bench_feed(&b, 30);
	/* and what the chosen one does without being chosen does */
	maker_add(&b.maker, "openat", ((struct maker_event){.tid = 20, .result = 5}), TEXT("name", "/needed"));
	bench_feed(&b, 20);
	maker_add(&b.maker, "getpid", ((struct maker_event){.tid = 20}));
	bench_feed(&b, 0);
	/* behind the last chosen event nothing matters */
	maker_add(&b.maker, "openat", ((struct maker_event){.tid = 20, .result = 6}), TEXT("name", "/elsewhere/late"));
	bench_feed(&b, 20);
	f = bench_finish(&b);
	while ((code = block_next(&f, &at, &body)))
		if (told_parse(&told, code, body)) {
			n++;
			n_hidden += told.flags == SCAP_STATE_ONLY;
		}
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(n_hidden, 1);
	ck_assert_uint_eq(b.report.n_events, 2);
	ck_assert(holds(&f, "chosen") && holds(&f, "shell") && holds(&f, "init"));
	ck_assert(holds(&f, "/mine") && holds(&f, "/needed") && holds(&f, "ada"));
	ck_assert(!holds(&f, "other") && !holds(&f, "/elsewhere") && !holds(&f, "bob") && !holds(&f, "/shells"));
	/* ancestors by name only: one thread's arguments are there */
	ck_assert_ptr_null(memmem((uint8_t *)memmem(f.data, f.len, "secret", 6) + 6,
				  (size_t)(f.data + f.len - ((uint8_t *)memmem(f.data, f.len, "secret", 6) + 6)), "secret", 6));
	free(f.data);
}
END_TEST

/* A thread that was made on the way needs its maker's descriptors. */
START_TEST(test_selective_maker)
{
	struct state_entry entries[] = {
	    thread_of(10, 1, "shell", 1000),
	    {.kind = ENTRY_FD, .fd = {.tid = 10, .fd = 3, .type = FD_FILE_V2, .name = {"/shells", 7}}},
	};
	struct bench b;
	struct file f;

	bench_init(&b, (struct scap_sink_options){.selective = true});
	b.maker.step_ns = 1000;
	bench_state(&b, entries, sizeof entries / sizeof *entries);
	maker_add(&b.maker, "openat", ((struct maker_event){.tid = 10, .result = 4}), TEXT("name", "/inherited"));
	maker_add(&b.maker, "clone", ((struct maker_event){.tid = 10, .result = 40}), NUMBER("tid", 10),
		  NUMBER("pid", 10), NUMBER("ptid", 1));
	bench_feed(&b, 10);
	maker_add(&b.maker, "clone", ((struct maker_event){.tid = 40, .result = 0, .flags = EVENT_CHILD_RETURN}),
		  NUMBER("tid", 40), NUMBER("pid", 40), NUMBER("ptid", 10));
	maker_add(&b.maker, "read", ((struct maker_event){.tid = 40, .fd = 4}));
	bench_feed(&b, 0);
	f = bench_finish(&b);
	ck_assert(holds(&f, "/inherited"));
	ck_assert(holds(&f, "/shells"));
	free(f.data);
}
END_TEST

/* Every row of the table names types and parameters that are there, and entries are entries. */
START_TEST(test_legacy_rows)
{
	unsigned n = 0;

	for (uint16_t type = 0; type < EVENT_TYPE_OWN; type++) {
		const struct legacy_event *l = legacy_find(type);

		if (!l)
			continue;
		n++;
		ck_assert_uint_lt(l->exit, LEGACY_TYPES);
		ck_assert_uint_le(l->n_exit, event_info_find(l->exit)->n_params);
		if (l->entry == LEGACY_ALONE)
			continue;
		ck_assert_uint_eq(l->entry, l->exit - 1);
		ck_assert_uint_le(l->n_entry, event_info_find(l->entry)->n_params);
	}
	ck_assert_uint_gt(n, 140);
}
END_TEST

SUITE("scap_write", test_long_calls, test_too_many_long_calls, test_shapes, test_cut, test_members, test_selective,
      test_selective_maker, test_legacy_rows)
