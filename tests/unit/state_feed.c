#include "tests/unit/state_feed.h"

#include <check.h>

void feed_init(struct feed *f)
{
	*f = (struct feed){.schema = schema_new()};
	ck_assert_ptr_nonnull(f->schema);
	ck_assert_ptr_nonnull(f->st = state_new(f->schema));
	ck_assert_int_eq(maker_init(&f->maker, f->schema), 0);
}

void feed_done(struct feed *f)
{
	state_free(f->st);
	maker_done(&f->maker);
	schema_free(f->schema);
}

void feed_process(struct feed *f, int64_t pid, int64_t ptid, const char *cwd)
{
	struct state_entry e = {
	    .kind = ENTRY_THREAD,
	    .thread = {.tid = pid, .pid = pid, .ptid = ptid, .sid = 1, .vtid = pid, .vpid = pid,
		       .comm = text_of("proc"), .exe = text_of("/bin/proc"), .cwd = text_of(cwd)},
	};

	ck_assert_int_eq(state_entries(f->st, &e, 1, NULL), 0);
}

void feed_event(struct feed *f, const char *name, const struct maker_event *event,
		const struct maker_arg *args, size_t n)
{
	batch_builder_reset(&f->maker.bb);
	ck_assert_int_eq(maker_add_args(&f->maker, name, event, args, n), 0);
	state_batch(f->st, &f->maker.bb.batch);
	event_at(&f->ev, &f->maker.bb.batch, 0);
	state_settle(f->st);
	state_apply(f->st, &f->ev);
}

void feed_open(struct feed *f, int64_t tid, int64_t fd, const char *path, uint32_t flags)
{
	FEED(f, "openat", CALL(tid, fd), TEXT("name", path), NUMBER("dirfd", -100),
	     NUMBER("flags", flags));
}

const char *feed_fd(struct feed *f, int64_t tid, int64_t fd)
{
	const struct fd_info *info = thread_fd_find(state_thread_find(f->st, tid), fd);

	return info ? info->name : "(none)";
}
