/*
 * A state fed with made-up events, one at a time:
 *
 *	feed_init(&f);
 *	feed_process(&f, 10, 1, "/home");
 *	FEED(&f, "openat", CALL(10, 3), TEXT("name", "/etc/hosts"));
 *	ck_assert_str_eq(f.st->now.fd->name, "/etc/hosts");
 *
 * The event before is settled first, so that st->now stays to be looked at.
 */
#pragma once
#include "state/state.h"
#include "tests/unit/capture_maker.h"

enum { FLAG_DIRECTORY = 1 << 10, FLAG_CLOEXEC = 1 << 12 };
enum { SHARE_FILES = 1, SHARE_FS = 2, SHARE_THREAD = 1 << 13 };

struct feed {
	struct schema *schema;
	struct state *st;
	struct maker maker;
	struct event ev;
};

void feed_init(struct feed *f);
void feed_done(struct feed *f);
/* A process in the snapshot; its fd table is empty. */
void feed_process(struct feed *f, int64_t pid, int64_t ptid, const char *cwd);
void feed_event(struct feed *f, const char *name, const struct maker_event *event,
		const struct maker_arg *args, size_t n);
void feed_open(struct feed *f, int64_t tid, int64_t fd, const char *path, uint32_t flags);
/* The name of a thread's fd, "(none)" when there is none. */
const char *feed_fd(struct feed *f, int64_t tid, int64_t fd);

/* A call of thread tid with a result; ON: one that works on an fd. */
#define CALL(tid_, result_)    ((struct maker_event){.tid = (tid_), .result = (result_), .fd = FD_NONE})
#define ON(tid_, fd_, result_) ((struct maker_event){.tid = (tid_), .result = (result_), .fd = (fd_)})

#define FEED(f, name, event, ...)                                                                  \
	feed_event(f, name, &(event), (struct maker_arg[]){{0}, ##__VA_ARGS__},                    \
		   sizeof((struct maker_arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct maker_arg))
