/* The snapshot: of a made-up /proc, where everything is known, and of the real one. */
#include "capture/snapshot.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <unistd.h>

static char root[64];

static void put(const char *path, const void *data, size_t len)
{
	char whole[300], *slash;
	FILE *f;

	snprintf(whole, sizeof whole, "%s/%s", root, path);
	for (slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(whole, 0755);
		*slash = '/';
	}
	ck_assert_ptr_nonnull(f = fopen(whole, "w"));
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static void put_link(const char *path, const char *target)
{
	char whole[300];

	put(path, "", 0);
	snprintf(whole, sizeof whole, "%s/%s", root, path);
	unlink(whole);
	ck_assert_int_eq(symlink(target, whole), 0);
}

static void put_task(const char *folder, int tid, int pid, const char *comm, int ptid, unsigned start,
		     unsigned flags)
{
	char path[100], text[500];

	snprintf(path, sizeof path, "%sstat", folder);
	snprintf(text, sizeof text, "%d (%s) S %d 70 71 34817 -1 %u 28 0 1 0 0 0 0 0 20 0 1 0 %u 0 0", tid,
		 comm, ptid, flags, start);
	put_text(path, text);
	snprintf(path, sizeof path, "%sstatus", folder);
	snprintf(text, sizeof text,
		 "Name:\t%s\nPPid:\t%d\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNStgid:\t%d\t7\n"
		 "NSpid:\t%d\t%d\nNSpgid:\t70\t3\nVmSize:\t  3060 kB\nVmRSS:\t  1692 kB\n"
		 "CapEff:\t000001fffeffffff\n",
		 comm, ptid, pid, tid, tid == pid ? 7 : 8);
	put_text(path, text);
}

static void make_tree(void)
{
	static const char cmdline[] = "/usr/bin/srv\0--secret\0x y", env[] = "TOKEN=abc";

	snprintf(root, sizeof root, "/tmp/snapshot-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	put_text("stat", "cpu 1 2 3\nbtime 1700000000\n");
	/* Refuses all but its name, as PID 1 of a container may. */
	put_task("1/", 1, 1, "init", 0, 1, 0);
	put_task("50/", 50, 50, "bash (x) y", 1, 500, 0);
	put("50/cmdline", "bash\0--private", sizeof "bash\0--private");
	put_link("50/exe", "/bin/bash");
	put_task("2/", 2, 2, "kthreadd", 0, 1, 0x00200000);
	put_task("70/", 70, 70, "srv", 50, 12345, 0);
	put_task("70/task/70/", 70, 70, "srv", 50, 12345, 0);
	put_task("70/task/71/", 71, 70, "worker", 50, 12350, 0);
	put("70/cmdline", cmdline, sizeof cmdline);
	put("70/environ", env, sizeof env);
	put_link("70/exe", "/usr/bin/srv (deleted)");
	put_link("70/cwd", "/srv");
	put_link("70/root", "/");
	put_text("70/cgroup", "4:memory:/m\n3:blkio:/b\n2:cpu,cpuacct:/c\n1:name=systemd:/s\n9:pids:/p\n");
	put_text("70/loginuid", "4294967295");
	put_text("70/limits", "Limit  Soft  Hard  Units\nMax open files            1024                 4096  files\n");
	put_link("70/ns/net", "net:[1]");
	put_link("70/fd/0", "/dev/null");
	put_text("70/fdinfo/0", "pos:\t0\nflags:\t0100002\nmnt_id:\t1\n");
	put_link("70/fd/3", "socket:[1001]");
	put_text("70/fdinfo/3", "pos:\t0\nflags:\t02000002\n");
	put_link("70/fd/4", "socket:[1002]");
	put_link("70/fd/5", "pipe:[555]");
	put_link("70/fd/6", "anon_inode:[eventpoll]");
	put_link("70/fd/7", "socket:[1003]");
	put_link("70/fd/8", "socket:[1004]");
	put_link("70/fd/9", "/memfd:x (deleted)");
	put_link("70/fd/10", "socket:[9999]");
	put_text("70/net/tcp",
		 "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode\n"
		 "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1001 1 0\n"
		 "   1: 0100007F:1F90 0200000A:C000 01 00000000:00000000 00:00000000 00000000 0 0 1002 1 0\n"
		 "garbage\n  7: 01:02 03:04\n");
	put_text("70/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n"
				"000000003da6149f: 00000003 00000000 00000000 0001 03  1003 /run/a b\n");
	put_text("70/net/netlink", "sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode\n"
				   "000000008e3f3294 0 0 00000000 0 0 0 2 0 1004\n");
}

static void remove_tree(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static bool is_text(struct text t, const char *want)
{
	return t.len == strlen(want) && memcmp(t.data, want, t.len) == 0;
}

START_TEST(test_made_up)
{
	static const char args[] = "--secret\0x y",
			  groups[] = "cpu=/c\0cpuacct=/c\0io=/b\0memory=/m\0pids=/p";
	const struct thread_entry *t;
	struct snapshot *sn;
	struct snapshot_stats stats;

	make_tree();
	ck_assert_ptr_nonnull(sn = snapshot_new(root, SNAPSHOT_FDS, NULL));
	ck_assert_ptr_null(snapshot_thread(sn, 2));
	ck_assert_ptr_null(snapshot_thread(sn, 3));
	ck_assert(is_text(snapshot_thread(sn, 50)->comm, "bash (x) y"));
	ck_assert(is_text(snapshot_thread(sn, 1)->comm, "init"));
	ck_assert_uint_eq(snapshot_thread(sn, 1)->exe.len, 0);
	t = snapshot_thread(sn, 70);
	ck_assert(is_text(t->comm, "srv") && is_text(t->exe, "/usr/bin/srv"));
	ck_assert(is_text(t->exepath, "/usr/bin/srv") && is_text(t->cwd, "/srv"));
	ck_assert_uint_eq(t->args.len, sizeof args);
	ck_assert_mem_eq(t->args.data, args, sizeof args);
	ck_assert_uint_eq(t->cgroups.len, sizeof groups);
	ck_assert_mem_eq(t->cgroups.data, groups, sizeof groups);
	ck_assert_uint_eq(t->env.len, 0);
	ck_assert_uint_eq(t->loginuid, UINT32_MAX);
	ck_assert_uint_eq(t->fd_limit, 1024);
	ck_assert_int_eq(t->ptid, 50);
	ck_assert_int_eq(t->pgid, 70);
	ck_assert_int_eq(t->sid, 71);
	ck_assert_int_eq(t->vpid, 7);
	ck_assert_int_eq(t->vpgid, 3);
	ck_assert_uint_eq(t->vm_size_kb, 3060);
	ck_assert_uint_eq(t->pf_minor, 28);
	ck_assert_uint_eq(t->cap_effective, 0x1fffeffffff);
	ck_assert_uint_eq(t->clone_ns, 1700000000000000000u + 12345u * UINT64_C(10000000));
	t = snapshot_thread(sn, 71);
	ck_assert_int_eq(t->pid, 70);
	ck_assert_int_eq(t->vtid, 8);
	ck_assert(is_text(t->comm, "worker") && is_text(t->exe, "/usr/bin/srv"));
	snapshot_stats(sn, &stats);
	ck_assert_uint_eq(stats.n_threads, 4);
	ck_assert_uint_eq(stats.n_fds, 9);
	snapshot_free(sn);
	ck_assert_ptr_nonnull(sn = snapshot_new(root, SNAPSHOT_ENV, NULL));
	ck_assert(is_text((struct text){snapshot_thread(sn, 70)->env.data, 9}, "TOKEN=abc"));
	snapshot_free(sn);
	remove_tree();
}
END_TEST

static const struct fd_entry *fd_of(const struct snapshot *sn, int64_t pid, int64_t fd)
{
	size_t n;
	const struct fd_entry *e = snapshot_fds(sn, pid, &n);

	for (size_t i = 0; i < n; i++) {
		if (e[i].fd == fd)
			return &e[i];
	}
	ck_abort_msg("no fd %d", (int)fd);
	return NULL;
}

START_TEST(test_made_up_fds)
{
	const uint8_t server[4] = {127, 0, 0, 1}, client[4] = {10, 0, 0, 2};
	const struct fd_entry *e;
	struct snapshot *sn;

	make_tree();
	ck_assert_ptr_nonnull(sn = snapshot_new(root, SNAPSHOT_FDS, NULL));
	e = fd_of(sn, 70, 0);
	ck_assert_uint_eq(e->type, FD_FILE_V2);
	ck_assert(is_text(e->name, "/dev/null"));
	ck_assert_uint_eq(e->open_flags & 3, 3);
	e = fd_of(sn, 70, 3);
	ck_assert_uint_eq(e->type, FD_IPV4_SERVSOCK);
	ck_assert_uint_eq(e->sport, 8080);
	ck_assert_uint_eq(e->open_flags & 4096, 4096);
	/* It came in through the listening port: the other end is the client. */
	e = fd_of(sn, 70, 4);
	ck_assert_uint_eq(e->type, FD_IPV4_SOCK);
	ck_assert_mem_eq(e->sip, client, 4);
	ck_assert_mem_eq(e->dip, server, 4);
	ck_assert_uint_eq(e->sport, 0xC000);
	ck_assert_uint_eq(e->dport, 8080);
	ck_assert_uint_eq(e->l4proto, 2);
	e = fd_of(sn, 70, 5);
	ck_assert_uint_eq(e->type, FD_FIFO);
	ck_assert_uint_eq(e->ino, 555);
	ck_assert_uint_eq(fd_of(sn, 70, 6)->type, FD_EVENTPOLL);
	e = fd_of(sn, 70, 7);
	ck_assert_uint_eq(e->type, FD_UNIX_SOCK);
	ck_assert(is_text(e->name, "/run/a b"));
	ck_assert_uint_eq(fd_of(sn, 70, 8)->type, FD_NETLINK);
	ck_assert_uint_eq(fd_of(sn, 70, 9)->type, FD_MEMFD);
	ck_assert_uint_eq(fd_of(sn, 70, 10)->type, FD_UNSUPPORTED);
	snapshot_free(sn);
	remove_tree();
}
END_TEST

static const struct thread_entry *said(const struct entry_list *l, int64_t tid)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->entries[i].kind == ENTRY_THREAD && l->entries[i].thread.tid == tid)
			return &l->entries[i].thread;
	}
	return NULL;
}

/* A start in clock ticks as the engine tells it. */
static uint32_t born(uint64_t ticks)
{
	return (uint32_t)(ticks * 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK) >> 20);
}

START_TEST(test_handing_out)
{
	struct entry_list l = {0};
	struct snapshot *sn;
	size_t n;

	make_tree();
	ck_assert_ptr_nonnull(sn = snapshot_new(root, SNAPSHOT_FDS | SNAPSHOT_USERS, NULL));
	ck_assert_int_eq(snapshot_first_seen(sn, 4711, 4711, born(0), &l), 0);
	ck_assert_uint_eq(l.n, 0);
	ck_assert_int_eq(snapshot_first_seen(sn, 71, 70, born(12350), &l), 0);
	/* user, group, init, bash, main thread, 9 fds, thread */
	ck_assert_uint_eq(l.n, 2 + 2 + 1 + 9 + 1);
	ck_assert_int_eq(l.entries[0].kind, ENTRY_USER);
	ck_assert(is_text(l.entries[0].user.name, "root"));
	ck_assert_int_eq(l.entries[2].thread.tid, 1);
	ck_assert_int_eq(l.entries[3].thread.tid, 50);
	ck_assert_int_eq(l.entries[4].thread.tid, 70);
	ck_assert_int_eq(l.entries[14].thread.tid, 71);
	ck_assert(said(&l, 50)->filtered && !said(&l, 70)->filtered);
	ck_assert(is_text(said(&l, 50)->exe, "bash") && is_text(said(&l, 50)->exepath, "/bin/bash"));
	ck_assert_uint_eq(said(&l, 50)->args.len, 0);
	ck_assert_uint_gt(said(&l, 70)->args.len, 0);
	n = l.n;
	ck_assert_int_eq(snapshot_first_seen(sn, 70, 70, born(12345), &l), 0);
	ck_assert_int_eq(snapshot_first_seen(sn, 71, 70, born(12350), &l), 0);
	ck_assert_int_eq(snapshot_users_of(sn, 0, 0, &l), 0);
	ck_assert_int_eq(snapshot_ancestors(sn, 50, &l), 0);
	ck_assert_uint_eq(l.n, n);
	/* An ancestor that is captured itself after all. */
	entry_list_clear(&l);
	ck_assert_int_eq(snapshot_first_seen(sn, 50, 50, born(500), &l), 0);
	ck_assert_uint_eq(l.n, 1);
	ck_assert(!l.entries[0].thread.filtered);
	ck_assert_uint_gt(l.entries[0].thread.args.len, 0);
	entry_list_done(&l);
	snapshot_free(sn);
	remove_tree();
}
END_TEST

/* Numbers are used again: what their former owner was asked to do stays secret. */
START_TEST(test_number_of_another)
{
	struct entry_list l = {0};
	struct snapshot *sn;

	make_tree();
	ck_assert_ptr_nonnull(sn = snapshot_new(root, SNAPSHOT_FDS, NULL));
	ck_assert_int_eq(snapshot_first_seen(sn, 70, 70, born(99999), &l), 0);
	ck_assert_uint_eq(l.n, 0);
	entry_list_done(&l);
	snapshot_free(sn);
	remove_tree();
}
END_TEST

START_TEST(test_everything)
{
	struct entry_list l = {0};
	struct snapshot *sn;
	size_t n_threads = 0, n_fds = 0;

	make_tree();
	ck_assert_ptr_nonnull(sn = snapshot_new(root, SNAPSHOT_FDS, NULL));
	ck_assert_int_eq(snapshot_all(sn, &l), 0);
	for (size_t i = 0; i < l.n; i++) {
		n_threads += l.entries[i].kind == ENTRY_THREAD && !l.entries[i].thread.filtered;
		n_fds += l.entries[i].kind == ENTRY_FD;
	}
	ck_assert_uint_eq(n_threads, 4);
	ck_assert_uint_eq(n_fds, 9);
	entry_list_done(&l);
	snapshot_free(sn);
	remove_tree();
}
END_TEST

static uint64_t start_ticks(void)
{
	unsigned long long ticks = 0;
	FILE *f = fopen("/proc/self/stat", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
				   " %*d %*d %*d %llu", &ticks), 1);
	fclose(f);
	return ticks;
}

START_TEST(test_real)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC | O_APPEND), s = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof any;
	const struct thread_entry *t;
	const struct fd_entry *e;
	struct entry_list l = {0};
	struct snapshot *sn;
	struct stat st;
	char cwd[4096], comm[32] = "";
	FILE *f;

	ck_assert_int_eq(bind(s, (struct sockaddr *)&any, sizeof any), 0);
	ck_assert_int_eq(listen(s, 1), 0);
	ck_assert_int_eq(getsockname(s, (struct sockaddr *)&any, &len), 0);
	ck_assert_ptr_nonnull(sn = snapshot_new("/proc", SNAPSHOT_DEFAULT, NULL));
	ck_assert_ptr_nonnull(t = snapshot_thread(sn, getpid()));
	ck_assert_ptr_nonnull(f = fopen("/proc/self/comm", "r"));
	ck_assert_int_eq(fscanf(f, "%31s", comm), 1);
	fclose(f);
	ck_assert(is_text(t->comm, comm));
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof cwd));
	ck_assert(is_text(t->cwd, cwd));
	ck_assert_int_eq(t->ptid, getppid());
	ck_assert_int_eq(t->sid, getsid(0));
	ck_assert_uint_eq(t->uid, geteuid());
	ck_assert_uint_gt(t->clone_ns, 1600000000000000000u);
	ck_assert_uint_eq(t->env.len, 0);
	e = fd_of(sn, getpid(), fd);
	ck_assert(is_text(e->name, "/dev/null"));
	ck_assert_uint_eq(e->open_flags & (2 | 8 | 4096), 2 | 8 | 4096);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(e->ino, st.st_ino);
	e = fd_of(sn, getpid(), s);
	ck_assert_uint_eq(e->type, FD_IPV4_SERVSOCK);
	ck_assert_uint_eq(e->sport, ntohs(any.sin_port));
	ck_assert_int_eq(snapshot_first_seen(sn, getpid(), getpid(), born(start_ticks()), &l), 0);
	ck_assert_ptr_nonnull(said(&l, getpid()));
	entry_list_done(&l);
	snapshot_free(sn);
	close(fd);
	close(s);
}
END_TEST

/* One process first, and what it does not hang on later; in the end what reading all at once gives. */
START_TEST(test_in_parts)
{
	uint32_t pid = (uint32_t)getpid();
	struct entry_list l = {0}, whole = {0};
	struct snapshot *sn;
	struct error err = {0};

	ck_assert_ptr_nonnull(sn = snapshot_new_of("/proc", SNAPSHOT_DEFAULT | SNAPSHOT_IN_PARTS, &pid, 1, &err));
	ck_assert_int_eq(snapshot_rest(sn, &pid, 1, &err), 0);
	ck_assert_ptr_nonnull(snapshot_thread(sn, getppid()));
	ck_assert_int_eq(snapshot_first_seen(sn, getpid(), getpid(), born(start_ticks()), &l), 0);
	ck_assert_ptr_nonnull(said(&l, getpid()));
	ck_assert_ptr_nonnull(said(&l, getppid()));
	snapshot_free(sn);
	ck_assert_ptr_nonnull(sn = snapshot_new_of("/proc", SNAPSHOT_DEFAULT, &pid, 1, &err));
	ck_assert_int_eq(snapshot_first_seen(sn, getpid(), getpid(), born(start_ticks()), &whole), 0);
	ck_assert_uint_eq(l.n, whole.n);
	for (size_t i = 0; i < l.n; i++)
		ck_assert_int_eq(l.entries[i].kind, whole.entries[i].kind);
	snapshot_free(sn);
	entry_list_done(&l);
	entry_list_done(&whole);
}
END_TEST

START_TEST(test_nothing_there)
{
	struct error err = {0};

	ck_assert_ptr_null(snapshot_new("/nonexistent/proc", SNAPSHOT_FDS, &err));
	ck_assert_int_eq(err.code, -2);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/proc"));
	snapshot_free(NULL);
}
END_TEST

SUITE("snapshot", test_made_up, test_made_up_fds, test_handing_out, test_number_of_another,
      test_everything, test_real, test_in_parts, test_nothing_there)
