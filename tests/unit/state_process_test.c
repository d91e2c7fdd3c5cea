/* Threads and processes: clone in its many shapes, exec, exit, what is shared and what is not. */
#include "tests/unit/state_feed.h"
#include "tests/unit/suite.h"
#include "state/store.h"

#include <errno.h>
#include <stdio.h>

#define CHILD(tid_, pid_, ptid_, flags_)                                                           \
	NUMBER("tid", tid_), NUMBER("pid", pid_), NUMBER("ptid", ptid_), NUMBER("flags", flags_),  \
	    NUMBER("vtid", tid_), NUMBER("vpid", pid_), TEXT("comm", "proc"), NUMBER("uid", 1000), \
	    NUMBER("gid", 1000)

static void caller(struct feed *f, int64_t tid, int64_t child, uint32_t flags)
{
	FEED(f, "clone", CALL(tid, child), CHILD(tid, tid, 1, flags));
}

START_TEST(test_fork_copies)
{
	struct feed f;
	struct thread *child;

	feed_init(&f);
	feed_process(&f, 10, 1, "/home");
	feed_open(&f, 10, 3, "/a", 0);
	caller(&f, 10, 11, 0);
	ck_assert_ptr_nonnull(child = state_thread_find(f.st, 11));
	FEED(&f, "clone", CALL(11, 0), CHILD(11, 11, 10, 0));
	ck_assert_ptr_eq(f.st->now.thread, child);
	ck_assert_int_eq(child->pid, 11);
	ck_assert_ptr_eq(state_thread_parent(f.st, child), state_thread_find(f.st, 10));
	ck_assert_str_eq(child->comm, "proc");
	ck_assert_str_eq(child->cwd, "/home/");
	ck_assert_uint_eq(child->uid, 1000);
	ck_assert_str_eq(feed_fd(&f, 11, 3), "/a");
	FEED(&f, "close", ON(11, 3, 0));
	FEED(&f, "chdir", CALL(11, 0), TEXT("path", "/tmp"));
	ck_assert_str_eq(feed_fd(&f, 11, 3), "(none)");
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/a");
	ck_assert_str_eq(state_thread_find(f.st, 10)->cwd, "/home/");
	feed_done(&f);
}
END_TEST

/* On several processors the child's return may be recorded before the parent's. */
START_TEST(test_child_first)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/home");
	feed_open(&f, 10, 3, "/a", 0);
	FEED(&f, "clone", CALL(11, 0), CHILD(11, 11, 10, 0));
	feed_open(&f, 11, 4, "/b", 0);
	caller(&f, 10, 11, 0);
	ck_assert_str_eq(feed_fd(&f, 11, 3), "/a");
	ck_assert_str_eq(feed_fd(&f, 11, 4), "/b");
	/* The same pid once more, much later: nothing of the first one stays. */
	caller(&f, 10, 11, 0);
	ck_assert_str_eq(feed_fd(&f, 11, 4), "(none)");
	ck_assert_str_eq(feed_fd(&f, 11, 3), "/a");
	feed_done(&f);
}
END_TEST

/* vfork returns in the caller when the child has run another program. */
START_TEST(test_caller_after_exec)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/home");
	FEED(&f, "vfork", CALL(11, 0), CHILD(11, 11, 10, 0));
	FEED(&f, "execve", CALL(11, 0), TEXT("exe", "ls"), TEXT("comm", "ls"), NUMBER("pid", 11));
	feed_open(&f, 11, 4, "/b", 0);
	FEED(&f, "vfork", CALL(10, 11), CHILD(10, 10, 1, 0));
	ck_assert_str_eq(state_thread_find(f.st, 11)->comm, "ls");
	ck_assert_str_eq(feed_fd(&f, 11, 4), "/b");
	ck_assert_str_eq(state_thread_find(f.st, 10)->comm, "proc");
	feed_done(&f);
}
END_TEST

START_TEST(test_threads_share)
{
	struct feed f;
	struct thread *t, *main;
	const uint32_t flags = SHARE_FILES | SHARE_FS | SHARE_THREAD;

	feed_init(&f);
	feed_process(&f, 10, 1, "/home");
	main = state_thread_find(f.st, 10);
	FEED(&f, "clone", CALL(10, 11), CHILD(10, 10, 1, flags));
	FEED(&f, "clone", CALL(11, 0), CHILD(11, 10, 1, flags));
	t = state_thread_find(f.st, 11);
	ck_assert_ptr_eq(state_thread_main(f.st, t), main);
	ck_assert_uint_eq(main->n_threads, 2);
	ck_assert_uint_eq(main->n_children, 1);
	ck_assert_ptr_eq(state_thread_parent(f.st, t), state_thread_find(f.st, 1));
	feed_open(&f, 11, 3, "/a", 0);
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/a");
	FEED(&f, "chdir", CALL(11, 0), TEXT("path", "/tmp"));
	ck_assert_str_eq(main->cwd, "/tmp/");
	FEED(&f, "chdir", CALL(10, 0), TEXT("path", "/var"));
	FEED(&f, "getppid", CALL(11, 1));
	ck_assert_str_eq(t->cwd, "/var/");
	/* unshare(CLONE_FILES | CLONE_FS): from here on each has its own. */
	FEED(&f, "unshare", CALL(11, 0), NUMBER("flags", SHARE_FILES | SHARE_FS));
	FEED(&f, "close", ON(11, 3, 0));
	FEED(&f, "chdir", CALL(11, 0), TEXT("path", "/opt"));
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/a");
	ck_assert_str_eq(feed_fd(&f, 11, 3), "(none)");
	ck_assert_str_eq(main->cwd, "/var/");
	feed_done(&f);
}
END_TEST

START_TEST(test_close_range_unshares)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	feed_open(&f, 10, 3, "/a", 0);
	caller(&f, 10, 11, SHARE_FILES);
	FEED(&f, "close_range", CALL(11, 0), NUMBER("first", 0), NUMBER("last", 100), NUMBER("flags", 2));
	ck_assert_str_eq(feed_fd(&f, 11, 3), "(none)");
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/a");
	FEED(&f, "close_range", CALL(10, 0), NUMBER("first", 0), NUMBER("last", 100), NUMBER("flags", 4));
	FEED(&f, "execve", CALL(10, 0), NUMBER("pid", 10));
	ck_assert_str_eq(feed_fd(&f, 10, 3), "(none)");
	feed_done(&f);
}
END_TEST

START_TEST(test_exec)
{
	static const char args[] = "-la\0/etc", env[] = "PATH=/bin";
	struct feed f;
	struct thread *t;
	uint64_t version;

	feed_init(&f);
	feed_process(&f, 10, 1, "/home");
	t = state_thread_find(f.st, 10);
	version = t->version;
	feed_open(&f, 10, 3, "/keep", 0);
	feed_open(&f, 10, 4, "/drop", FLAG_CLOEXEC);
	FEED(&f, "execve", CALL(10, 0), TEXT("exe", "ls"), BYTES("args", args, sizeof args),
	     BYTES("env", env, sizeof env), TEXT("comm", "ls"), TEXT("trusted_exepath", "/usr/bin/ls"),
	     NUMBER("pid", 10), NUMBER("tid", 10), NUMBER("ptid", 1), NUMBER("uid", 5),
	     BYTES("cgroups", "cpu=/a\0io=/b", 13), NUMBER("fdlimit", 1024), NUMBER("exe_ino", 77), NUMBER("flags", 1 | 8));
	ck_assert_ptr_eq(f.st->now.thread, t);
	ck_assert_str_eq(t->comm, "ls");
	ck_assert_str_eq(t->exe, "ls");
	ck_assert_str_eq(t->exepath, "/usr/bin/ls");
	ck_assert_uint_eq(t->args_len, sizeof args);
	ck_assert_int_eq(memcmp(t->args, args, sizeof args), 0);
	ck_assert_str_eq(t->env, env);
	ck_assert_str_eq(t->cwd, "/home/");
	ck_assert_mem_eq(t->cgroups, "cpu=/a\0blkio=/b", t->cgroups_len);
	ck_assert_uint_eq(t->cgroups_len, 16);
	ck_assert_uint_eq(t->uid, 5);
	ck_assert_uint_eq(t->fd_limit, 1024);
	ck_assert(t->exe_writable && t->exe_lower_layer && !t->exe_upper_layer);
	ck_assert_uint_eq(t->exec_ns, f.ev.time_ns);
	ck_assert_uint_gt(t->version, version);
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/keep");
	ck_assert_str_eq(feed_fd(&f, 10, 4), "(none)");
	FEED(&f, "execve", CALL(10, -2), TEXT("comm", "nosuch"), TEXT("exe", "nosuch"));
	ck_assert_str_eq(t->comm, "ls");
	/* Without the kernel's path of the file, the one that was given. */
	FEED(&f, "execve", CALL(10, 0), TEXT("comm", "run"), TEXT("filename", "./bin/run"));
	ck_assert_str_eq(t->exepath, "/home/bin/run");
	feed_done(&f);
}
END_TEST

/* Exec by another than the main thread: that one becomes the main thread, all others are gone. */
START_TEST(test_exec_by_thread)
{
	struct feed f;
	struct thread *main;
	const uint32_t flags = SHARE_FILES | SHARE_FS | SHARE_THREAD;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	main = state_thread_find(f.st, 10);
	FEED(&f, "clone", CALL(10, 11), CHILD(10, 10, 1, flags));
	FEED(&f, "clone", CALL(10, 12), CHILD(10, 10, 1, flags));
	ck_assert_uint_eq(main->n_threads, 3);
	FEED(&f, "procexit", CALL(12, 0));
	FEED(&f, "procexit", CALL(10, 0));
	FEED(&f, "execve", CALL(10, 0), TEXT("comm", "new"), NUMBER("pid", 10), NUMBER("tid", 10));
	ck_assert_ptr_eq(f.st->now.thread, main);
	ck_assert(!main->exiting);
	ck_assert_uint_eq(main->n_threads, 1);
	ck_assert_ptr_null(state_thread_find(f.st, 11));
	ck_assert_ptr_null(state_thread_find(f.st, 12));
	FEED(&f, "procexit", CALL(10, 0));
	state_settle(f.st);
	ck_assert_ptr_null(state_thread_find(f.st, 10));
	feed_done(&f);
}
END_TEST

START_TEST(test_exit)
{
	struct feed f;
	const uint32_t flags = SHARE_FILES | SHARE_FS | SHARE_THREAD;

	feed_init(&f);
	feed_process(&f, 1, 0, "/");
	feed_process(&f, 10, 1, "/");
	FEED(&f, "clone", CALL(10, 11), CHILD(10, 10, 1, flags));
	caller(&f, 10, 12, 0);
	/* The main thread goes first: it stays to be asked until the last thread is gone. */
	FEED(&f, "procexit", CALL(10, 0));
	ck_assert_str_eq(f.st->now.thread->comm, "proc");
	ck_assert(f.st->now.thread->exiting);
	ck_assert_uint_eq(f.st->now.thread->n_threads, 1);
	state_settle(f.st);
	ck_assert_ptr_nonnull(state_thread_find(f.st, 10));
	ck_assert_int_eq(state_thread_find(f.st, 12)->ptid, 10);
	FEED(&f, "procexit", CALL(11, 0), NUMBER("reaper_tid", 1));
	ck_assert_ptr_nonnull(state_thread_find(f.st, 11));
	ck_assert_uint_eq(state_thread_find(f.st, 10)->n_threads, 0);
	state_settle(f.st);
	ck_assert_ptr_null(state_thread_find(f.st, 11));
	ck_assert_ptr_null(state_thread_find(f.st, 10));
	ck_assert_int_eq(state_thread_find(f.st, 12)->ptid, 1);
	feed_done(&f);
}
END_TEST

/* The parent ends before the child returns from the call, whose record still has it. */
START_TEST(test_orphan_returns)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 1, 0, "/");
	feed_process(&f, 10, 1, "/");
	FEED(&f, "clone", CALL(10, 11), CHILD(10, 10, 1, 0));
	FEED(&f, "procexit", CALL(10, 0), NUMBER("reaper_tid", 1));
	FEED(&f, "clone", CALL(11, 0), CHILD(11, 11, 10, 0));
	ck_assert_int_eq(f.st->now.thread->ptid, 1);
	ck_assert_ptr_eq(state_thread_parent(f.st, f.st->now.thread), state_thread_find(f.st, 1));
	feed_done(&f);
}
END_TEST

/* What is told of an ancestor takes nothing from what is known of it, but its name. */
START_TEST(test_ancestor_told)
{
	struct feed f;
	struct state_entry e = {.kind = ENTRY_THREAD,
				.thread = {.tid = 10, .pid = 10, .ptid = 1, .filtered = true, .clone_ns = 5,
					   .comm = text_of("renamed")}};

	feed_init(&f);
	feed_process(&f, 10, 1, "/home");
	feed_open(&f, 10, 3, "/etc/hosts", 0);
	ck_assert_int_eq(state_entries(f.st, &e, 1, NULL), 0);
	ck_assert_str_eq(state_thread_find(f.st, 10)->comm, "renamed");
	ck_assert_str_eq(state_thread_find(f.st, 10)->cwd, "/home/");
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/etc/hosts");
	/* One that began much later is somebody else under that number. */
	e.thread.clone_ns = 5000000000;
	state_thread_find(f.st, 10)->clone_ns = 5;
	ck_assert_int_eq(state_entries(f.st, &e, 1, NULL), 0);
	ck_assert_str_eq(feed_fd(&f, 10, 3), "(none)");
	feed_done(&f);
}
END_TEST

/* A child of a parent that is not recorded: its entry comes before its own return. */
START_TEST(test_told_child)
{
	struct feed f;
	struct state_entry e = {.kind = ENTRY_THREAD,
				.thread = {.tid = 11, .pid = 11, .ptid = 10, .comm = text_of("child"),
					   .cwd = text_of("/srv"), .exepath = text_of("/bin/sh")}};

	feed_init(&f);
	FEED(&f, "getuid", CALL(5, 0));
	e.thread.clone_ns = f.ev.time_ns;
	ck_assert_int_eq(state_entries(f.st, &e, 1, NULL), 0);
	FEED(&f, "clone", CALL(11, 0), CHILD(11, 11, 10, 0));
	ck_assert_str_eq(f.st->now.thread->cwd, "/srv/");
	ck_assert_str_eq(f.st->now.thread->exepath, "/bin/sh");
	feed_done(&f);
}
END_TEST

START_TEST(test_pid_namespace)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	/* Inside a namespace the call returns the pid of there: 2 is nobody's here. */
	FEED(&f, "clone", CALL(10, 2), CHILD(10, 10, 1, 1 << 29));
	ck_assert_ptr_null(state_thread_find(f.st, 2));
	FEED(&f, "clone", CALL(30, 0), NUMBER("tid", 30), NUMBER("pid", 30), NUMBER("ptid", 10),
	     NUMBER("vtid", 2), NUMBER("vpid", 2), TEXT("comm", "inner"));
	ck_assert_int_eq(state_thread_find(f.st, 30)->vpid, 2);
	ck_assert_ptr_eq(state_thread_parent(f.st, f.st->now.thread), state_thread_find(f.st, 10));
	feed_done(&f);
}
END_TEST

START_TEST(test_unknown_threads)
{
	struct feed f;

	feed_init(&f);
	FEED(&f, "openat", CALL(99, 3), TEXT("name", "/a"), NUMBER("dirfd", -100));
	ck_assert_ptr_nonnull(f.st->now.thread);
	ck_assert_int_eq(f.st->now.thread->pid, -1);
	ck_assert_str_eq(f.st->now.thread->comm, "<NA>");
	ck_assert_str_eq(f.st->now.fd->name, "/a");
	/* Its exec tells all. */
	FEED(&f, "execve", CALL(99, 0), TEXT("comm", "late"), NUMBER("pid", 99), NUMBER("ptid", 1));
	ck_assert_int_eq(state_thread_find(f.st, 99)->pid, 99);
	ck_assert_str_eq(state_thread_find(f.st, 99)->comm, "late");
	/* Internal events name threads without being theirs. */
	FEED(&f, "procinfo", CALL(98, 0));
	ck_assert_ptr_null(f.st->now.thread);
	ck_assert_ptr_null(state_thread_find(f.st, 98));
	FEED(&f, "getppid", CALL(0, 1));
	ck_assert_ptr_null(f.st->now.thread);
	feed_done(&f);
}
END_TEST

START_TEST(test_identities)
{
	struct feed f;
	struct thread *t;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	t = state_thread_find(f.st, 10);
	FEED(&f, "setresuid", CALL(10, 0), NUMBER("ruid", 1), NUMBER("euid", 2), NUMBER("suid", 3));
	ck_assert_uint_eq(t->uid, 2);
	FEED(&f, "setresuid", CALL(10, 0), NUMBER("ruid", 1), NUMBER("euid", -1), NUMBER("suid", 3));
	ck_assert_uint_eq(t->uid, 2);
	FEED(&f, "setgid", CALL(10, 0), NUMBER("gid", 7));
	ck_assert_uint_eq(t->gid, 7);
	FEED(&f, "setuid", CALL(10, -1), NUMBER("uid", 0));
	ck_assert_uint_eq(t->uid, 2);
	FEED(&f, "prctl", CALL(10, 0), NUMBER("option", 15), TEXT("arg2_str", "a name that is too long"));
	ck_assert_str_eq(t->comm, "a name that is ");
	FEED(&f, "setsid", CALL(10, 10));
	ck_assert_int_eq(t->sid, 10);
	FEED(&f, "setpgid", CALL(10, 0), NUMBER("pid", 0), NUMBER("pgid", 5));
	ck_assert_int_eq(t->vpgid, 5);
	FEED(&f, "prlimit", CALL(10, 0), NUMBER("newcur", 512), NUMBER("newmax", 512),
	     NUMBER("resource", 7));
	ck_assert_uint_eq(t->fd_limit, 512);
	FEED(&f, "setrlimit", CALL(10, 0), NUMBER("cur", 256), NUMBER("resource", 7));
	ck_assert_uint_eq(t->fd_limit, 256);
	FEED(&f, "capset", CALL(10, 0), NUMBER("cap_effective", 0x400));
	ck_assert_uint_eq(t->cap_effective, 0x400);
	FEED(&f, "chroot", CALL(10, 0), TEXT("path", "jail"));
	ck_assert_str_eq(t->root, "/jail");
	feed_done(&f);
}
END_TEST

static void entry_user(struct feed *f, uint32_t uid, const char *name)
{
	struct state_entry e = {.kind = ENTRY_USER, .user = {.uid = uid, .gid = uid, .name = text_of(name)}};

	ck_assert_int_eq(state_entries(f->st, &e, 1, NULL), 0);
}

START_TEST(test_entries_round_trip)
{
	static const char args[] = "a\0b";
	struct thread_entry back;
	struct fd_entry fd_back;
	struct state_entry e[2] = {
	    {.kind = ENTRY_THREAD,
	     .thread = {.tid = 50, .pid = 50, .ptid = 1, .comm = text_of("srv"), .cwd = text_of("/srv"),
			.args = {args, sizeof args}, .uid = 3, .clone_ns = 5}},
	    {.kind = ENTRY_FD,
	     .fd = {.tid = 50, .fd = 3, .type = FD_IPV4_SOCK, .l4proto = 2, .sip = {127, 0, 0, 1},
		    .dip = {10, 0, 0, 2}, .sport = 5, .dport = 80, .ino = 9}},
	};
	struct feed f;

	feed_init(&f);
	ck_assert_int_eq(state_entries(f.st, e, 2, NULL), 0);
	thread_to_entry(state_thread_find(f.st, 50), &back);
	ck_assert_uint_eq(back.args.len, sizeof args);
	ck_assert_int_eq(memcmp(back.args.data, args, sizeof args), 0);
	ck_assert_str_eq(back.cwd.data, "/srv/");
	ck_assert_uint_eq(back.clone_ns, 5);
	ck_assert_str_eq(feed_fd(&f, 50, 3), "127.0.0.1:5->10.0.0.2:80");
	fd_to_entry(state_thread_find(f.st, 50), thread_fd_find(state_thread_find(f.st, 50), 3), &fd_back);
	ck_assert_int_eq(memcmp(fd_back.dip, e[1].fd.dip, 16), 0);
	ck_assert_uint_eq(fd_back.dport, 80);
	ck_assert_uint_eq(fd_back.l4proto, 2);
	for (uint32_t uid = 0; uid < 100; uid++)
		entry_user(&f, uid, uid == 42 ? "deep" : "other");
	entry_user(&f, 42, "thought");
	ck_assert_str_eq(state_user(f.st, 42)->name.data, "thought");
	ck_assert_ptr_null(state_user(f.st, 1000));
	FEED(&f, "userdeleted", CALL(50, 0), NUMBER("uid", 42));
	ck_assert_ptr_null(state_user(f.st, 42));
	ck_assert_str_eq(state_user(f.st, 99)->name.data, "other");
	e[0] = (struct state_entry){.kind = ENTRY_RESET};
	ck_assert_int_eq(state_entries(f.st, e, 1, NULL), 0);
	ck_assert_ptr_null(state_thread_find(f.st, 50));
	ck_assert_ptr_null(state_user(f.st, 42));
	e[1].fd.fd = -5;
	ck_assert_int_eq(state_entries(f.st, e + 1, 1, NULL), -E2BIG);
	feed_done(&f);
}
END_TEST

START_TEST(test_ids_stay)
{
	struct feed f;
	uint32_t id;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	feed_open(&f, 10, 3, "/a", 0);
	id = f.st->now.fd->name_id;
	FEED(&f, "close", ON(10, 3, 0));
	feed_open(&f, 10, 4, "/b", 0);
	ck_assert_uint_ne(f.st->now.fd->name_id, id);
	feed_open(&f, 10, 3, "/a", 0);
	ck_assert_uint_eq(f.st->now.fd->name_id, id);
	feed_done(&f);
}
END_TEST

/* Hostile or endless input: the tables stay within their limits and work on. */
START_TEST(test_bounded)
{
	static char blob[60000];
	struct feed f;
	size_t n = 0, i = 0;

	feed_init(&f);
	((struct store *)f.st)->limit = 32 << 20;
	for (int64_t tid = 1; tid <= 20000; tid++) {
		struct state_entry e = {
		    .kind = ENTRY_THREAD,
		    .thread = {.tid = tid, .pid = tid, .args = {blob, sizeof blob}}};

		memcpy(blob, &tid, sizeof tid);
		state_entries(f.st, &e, 1, NULL);
	}
	while (state_thread_at(f.st, &i))
		n++;
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_lt(n, 700);
	ck_assert_uint_le(((struct store *)f.st)->used, 32 << 20);
	FEED(&f, "openat", CALL(30000, 3), TEXT("name", "/a"), NUMBER("dirfd", -100));
	ck_assert_str_eq(f.st->now.fd->name, "/a");
	feed_done(&f);
}
END_TEST

/* A long capture sees names without end; those that nothing refers to any more go. */
START_TEST(test_names_go)
{
	struct feed f;
	char path[200];
	uint32_t first;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	feed_open(&f, 10, 3, "/often", 0);
	first = f.st->now.fd->name_id;
	for (unsigned i = 0; i < 60000; i++) {
		snprintf(path, sizeof path, "/%0150u", i);
		feed_open(&f, 10, 4, path, 0);
		FEED(&f, "close", ON(10, 4, 0));
		if (i % 1000 == 0) {
			FEED(&f, "close", ON(10, 3, 0));
			feed_open(&f, 10, 3, "/often", 0);
		}
	}
	ck_assert_uint_lt(((struct store *)f.st)->used, 6 << 20);
	ck_assert_uint_eq(thread_fd_find(state_thread_find(f.st, 10), 3)->name_id, first);
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/often");
	feed_done(&f);
}
END_TEST

SUITE("state_process", test_fork_copies, test_child_first, test_caller_after_exec,
      test_threads_share,
      test_close_range_unshares, test_exec, test_exec_by_thread, test_exit, test_orphan_returns,
      test_ancestor_told, test_told_child, test_pid_namespace, test_unknown_threads,
      test_identities, test_entries_round_trip, test_ids_stay, test_bounded, test_names_go)
