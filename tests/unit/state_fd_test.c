/* fd tables: what opening, duplicating, closing and exec leave behind. */
#include "tests/unit/state_feed.h"
#include "tests/unit/suite.h"

START_TEST(test_open_close)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/home/me");
	FEED(&f, "openat", CALL(10, 3), TEXT("name", "../you/./a.txt"), NUMBER("dirfd", -100),
	     NUMBER("flags", 1), NUMBER("dev", 0xfd00), NUMBER("ino", 7));
	ck_assert_str_eq(f.st->now.fd->name, "/home/you/a.txt");
	ck_assert_str_eq(f.st->now.fd->name_raw, "../you/./a.txt");
	ck_assert(f.st->now.fd->name_changed);
	ck_assert_int_eq(f.st->now.fd_num, 3);
	ck_assert_int_eq(f.st->now.fd->ino, 7);
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "file");
	FEED(&f, "read", ON(10, 3, 5));
	ck_assert_str_eq(f.st->now.fd->name, "/home/you/a.txt");
	ck_assert(!f.st->now.fd->name_changed);
	FEED(&f, "close", ON(10, 3, 0));
	ck_assert_str_eq(f.st->now.fd->name, "/home/you/a.txt");
	FEED(&f, "read", ON(10, 3, -9));
	ck_assert_ptr_null(f.st->now.fd);
	ck_assert_int_eq(f.st->now.fd_num, 3);
	feed_done(&f);
}
END_TEST

START_TEST(test_failures_change_nothing)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	feed_open(&f, 10, 3, "/a", 0);
	FEED(&f, "openat", CALL(10, -2), TEXT("name", "/b"), NUMBER("dirfd", -100));
	ck_assert_ptr_null(f.st->now.fd);
	ck_assert_int_eq(f.st->now.fd_num, -1);
	FEED(&f, "close", ON(10, 3, -9));
	FEED(&f, "chdir", CALL(10, -2), TEXT("path", "/x"));
	FEED(&f, "dup", ON(10, 3, -24));
	ck_assert_str_eq(feed_fd(&f, 10, 3), "/a");
	ck_assert_str_eq(state_thread_find(f.st, 10)->cwd, "/");
	ck_assert_uint_eq(thread_fd_count(state_thread_find(f.st, 10)), 1);
	feed_done(&f);
}
END_TEST

START_TEST(test_relative_to_directory)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	feed_open(&f, 10, 4, "/etc/", FLAG_DIRECTORY);
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "directory");
	FEED(&f, "openat", CALL(10, 5), TEXT("name", "ssl/openssl.cnf"), NUMBER("dirfd", 4));
	ck_assert_str_eq(feed_fd(&f, 10, 5), "/etc/ssl/openssl.cnf");
	ck_assert_str_eq(f.st->now.fd->name_raw, "ssl/openssl.cnf");
	FEED(&f, "openat", CALL(10, 6), TEXT("name", "x"), NUMBER("dirfd", 99));
	ck_assert_str_eq(feed_fd(&f, 10, 6), "<UNKNOWN>/x");
	FEED(&f, "fchdir", ON(10, 4, 0));
	ck_assert_str_eq(state_thread_find(f.st, 10)->cwd, "/etc/");
	FEED(&f, "chdir", CALL(10, 0), TEXT("path", "ssl/../apt"));
	ck_assert_str_eq(state_thread_find(f.st, 10)->cwd, "/etc/apt/");
	feed_done(&f);
}
END_TEST

START_TEST(test_dup_family)
{
	struct feed f;
	struct thread *t;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	t = state_thread_find(f.st, 10);
	feed_open(&f, 10, 3, "/a", FLAG_CLOEXEC);
	feed_open(&f, 10, 4, "/b", 0);
	FEED(&f, "dup2", ON(10, 3, 4));
	ck_assert_int_eq(f.st->now.fd_num, 4);
	ck_assert_str_eq(feed_fd(&f, 10, 4), "/a");
	ck_assert_uint_eq(thread_fd_find(t, 4)->name_id, thread_fd_find(t, 3)->name_id);
	ck_assert_uint_eq(thread_fd_find(t, 4)->open_flags & FLAG_CLOEXEC, 0);
	FEED(&f, "dup3", ON(10, 4, 1000), NUMBER("flags", FLAG_CLOEXEC));
	ck_assert_uint_ne(thread_fd_find(t, 1000)->open_flags & FLAG_CLOEXEC, 0);
	FEED(&f, "fcntl", ON(10, 3, 7), NUMBER("cmd", 26));
	ck_assert_uint_ne(thread_fd_find(t, 7)->open_flags & FLAG_CLOEXEC, 0);
	FEED(&f, "fcntl", ON(10, 4, 0), NUMBER("cmd", 3), NUMBER("arg", 1));
	ck_assert_uint_ne(thread_fd_find(t, 4)->open_flags & FLAG_CLOEXEC, 0);
	FEED(&f, "fcntl", ON(10, 7, 0), NUMBER("cmd", 3), NUMBER("arg", 0));
	/* A dup from an fd that nobody knows still replaces the target. */
	feed_open(&f, 10, 8, "/c", 0);
	FEED(&f, "dup2", ON(10, 77, 8));
	ck_assert_ptr_null(thread_fd_find(t, 8));
	ck_assert_uint_eq(thread_fd_count(t), 4);
	FEED(&f, "execve", CALL(10, 0), TEXT("comm", "x"), NUMBER("pid", 10));
	ck_assert_uint_eq(thread_fd_count(t), 1);
	ck_assert_str_eq(feed_fd(&f, 10, 7), "/a");
	feed_done(&f);
}
END_TEST

START_TEST(test_pipe_and_others)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	FEED(&f, "pipe2", CALL(10, 0), NUMBER("fd1", 3), NUMBER("fd2", 4), NUMBER("ino", 99));
	ck_assert_int_eq(f.st->now.fd_num, 4);
	ck_assert_int_eq(f.st->now.fd2->fd, 3);
	ck_assert_uint_eq(f.st->now.fd->ino, 99);
	ck_assert_int_eq(fd_type_char(f.st->now.fd), 'p');
	FEED(&f, "eventfd2", CALL(10, 5));
	ck_assert_int_eq(fd_type_char(f.st->now.fd), 'e');
	FEED(&f, "epoll_create1", CALL(10, 6), NUMBER("flags", 1));
	ck_assert_int_eq(fd_type_char(f.st->now.fd), 'l');
	ck_assert_uint_eq(f.st->now.fd->open_flags, FLAG_CLOEXEC);
	FEED(&f, "memfd_create", CALL(10, 7), TEXT("name", "scratch"));
	ck_assert_str_eq(f.st->now.fd->name, "scratch");
	FEED(&f, "timerfd_create", CALL(10, 8));
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "timerfd");
	FEED(&f, "io_uring_setup", CALL(10, 9));
	ck_assert_int_eq(fd_type_char(f.st->now.fd), 'r');
	FEED(&f, "signalfd4", ON(10, -1, 11));
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "signalfd");
	FEED(&f, "signalfd4", ON(10, 11, 11));
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "signalfd");
	/* Only some bpf commands return an fd: 0 here is no new standard input. */
	FEED(&f, "bpf", CALL(10, 0), NUMBER("cmd", 2));
	ck_assert_str_eq(feed_fd(&f, 10, 0), "(none)");
	FEED(&f, "bpf", CALL(10, 12), NUMBER("cmd", 5));
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "bpf");
	FEED(&f, "perf_event_open", CALL(10, 13));
	ck_assert_int_eq(f.st->now.fd->fd, 13);
	FEED(&f, "close_range", CALL(10, 0), NUMBER("first", 3), NUMBER("last", 0xffffffff));
	ck_assert_uint_eq(thread_fd_count(state_thread_find(f.st, 10)), 0);
	feed_done(&f);
}
END_TEST

START_TEST(test_pidfd)
{
	struct feed f;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	feed_process(&f, 20, 1, "/");
	feed_open(&f, 20, 5, "/secret", 0);
	FEED(&f, "pidfd_open", CALL(10, 3), NUMBER("pid", 20));
	ck_assert_str_eq(fd_type_text(f.st->now.fd), "pidfd");
	FEED(&f, "pidfd_getfd", ON(10, 3, 4), NUMBER("pid_fd", 3),
	     NUMBER("target_fd", 5));
	ck_assert_str_eq(feed_fd(&f, 10, 4), "/secret");
	feed_done(&f);
}
END_TEST

/* Hundreds of fds, beyond those found by index; in an order that makes runs in the hash. */
START_TEST(test_many)
{
	struct feed f;
	struct thread *t;
	struct fd_info *fd;
	size_t n = 0, i = 0;

	feed_init(&f);
	feed_process(&f, 10, 1, "/");
	t = state_thread_find(f.st, 10);
	for (int k = 0; k < 2000; k++)
		feed_open(&f, 10, (k * 37) % 2000, "/x", k % 2 ? FLAG_CLOEXEC : 0);
	ck_assert_uint_eq(thread_fd_count(t), 2000);
	while ((fd = thread_fd_at(t, &i))) {
		ck_assert_ptr_eq(thread_fd_find(t, fd->fd), fd);
		n++;
	}
	ck_assert_uint_eq(n, 2000);
	for (int k = 0; k < 2000; k += 3)
		FEED(&f, "close", ON(10, k, 0));
	state_settle(f.st);
	for (int k = 0; k < 2000; k++)
		ck_assert_int_eq(thread_fd_find(t, k) != NULL, k % 3 != 0);
	FEED(&f, "close_range", CALL(10, 0), NUMBER("first", 100), NUMBER("last", 1899));
	for (int k = 0; k < 2000; k++)
		ck_assert_int_eq(thread_fd_find(t, k) != NULL, k % 3 != 0 && (k < 100 || k > 1899));
	feed_done(&f);
}
END_TEST

SUITE("state_fd", test_open_close, test_failures_change_nothing, test_relative_to_directory,
      test_dup_family, test_pipe_and_others, test_pidfd, test_many)
