/* Records that tell of tasks and files, as entries; and what must not be believed. */
#include "capture/kernel_recipes.h"
#include "capture/record_entry.h"
#include "format/recipe.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define OFFSET 1000000000000ull

/* A record is put together here; payloads end at the end of an allocation, so that ASan sees over-reads. */
static uint8_t bytes[8192];
static size_t n_bytes;

static struct record *begin(uint16_t type)
{
	struct record *r = (struct record *)bytes;

	memset(bytes, 0, sizeof bytes);
	*r = (struct record){.type = type, .tid = 71, .pid = 70, .fd = -1};
	n_bytes = sizeof *r;
	return r;
}

static void put(const void *data, size_t len)
{
	memcpy(bytes + n_bytes, data, len);
	n_bytes += len;
}

static void put_text(const char *text, size_t len)
{
	uint16_t n = (uint16_t)len;

	put(&n, 2);
	put(text, len);
}

static int decode(struct state_entry *e, char name[256])
{
	struct record *copy = malloc(n_bytes);
	static char texts[8192];
	int r;

	((struct record *)bytes)->size = (uint32_t)n_bytes;
	memcpy(copy, bytes, n_bytes);
	r = record_to_entry(copy, OFFSET, e, name);
	free(copy);
	if (r < 0)
		return r;
	/* Views are of the copy: decoded again from memory that stays. */
	memcpy(texts, bytes, n_bytes);
	return record_to_entry((const struct record *)texts, OFFSET, e, name);
}

/* Every word holds its own number, or its name as text. */
static void put_words(const int16_t *words, uint32_t absent)
{
	for (unsigned i = 0; words[i] >= 0; i++) {
		uint64_t number = 1000u + (unsigned)words[i];
		char text[32];

		if (absent >> i & 1)
			continue;
		snprintf(text, sizeof text, "word %d", words[i]);
		if (kernel_word_size(words[i]))
			put(&number, kernel_word_size(words[i]));
		else
			put_text(text, strlen(text) + 1);
	}
}

static void assert_word(struct text t, int word, bool list)
{
	char text[32];
	int len = snprintf(text, sizeof text, "word %d", word);

	/* Lists keep the NUL behind their last member. */
	ck_assert_uint_eq(t.len, (unsigned)len + list);
	ck_assert_mem_eq(t.data, text, t.len);
}

START_TEST(test_task)
{
	struct state_entry e;
	char name[256];
	const struct thread_entry *t = &e.thread;

	begin(RECORD_TASK);
	put_words(kernel_task_words, 0);
	ck_assert_int_eq(decode(&e, name), 0);
	ck_assert_int_eq(e.kind, ENTRY_THREAD);
	ck_assert_int_eq(t->tid, 1000 + WORD_TASK_TID);
	ck_assert_int_eq(t->pid, 1000 + WORD_TASK_PID);
	ck_assert_int_eq(t->ptid, 1000 + WORD_TASK_PTID);
	ck_assert_int_eq(t->sid, 1000 + WORD_TASK_SID);
	ck_assert_int_eq(t->pgid, 1000 + WORD_TASK_PGID);
	ck_assert_int_eq(t->vpgid, 1000 + WORD_TASK_VPGID);
	ck_assert_int_eq(t->vtid, 1000 + WORD_TASK_VTID);
	ck_assert_int_eq(t->vpid, 1000 + WORD_TASK_VPID);
	ck_assert_uint_eq(t->uid, 1000 + WORD_TASK_UID);
	ck_assert_uint_eq(t->gid, 1000 + WORD_TASK_GID);
	ck_assert_uint_eq(t->loginuid, 1000 + WORD_TASK_LOGINUID);
	ck_assert_uint_eq(t->fd_limit, 1000 + WORD_TASK_FDLIMIT);
	ck_assert_uint_eq(t->tty, 1000 + WORD_TASK_TTY);
	ck_assert_uint_eq(t->clone_ns, OFFSET + 1000 + WORD_TASK_START);
	ck_assert_uint_eq(t->pidns_init_start_ns, OFFSET + 1000 + WORD_TASK_PIDNS_START);
	ck_assert_uint_eq(t->cap_effective, 1000 + WORD_TASK_CAP_E);
	ck_assert_uint_eq(t->exe_ino, 1000 + WORD_TASK_EXE_INO);
	assert_word(t->comm, WORD_TASK_COMM, false);
	assert_word(t->exepath, WORD_TASK_EXEPATH, false);
	assert_word(t->exe, WORD_TASK_EXE, false);
	assert_word(t->cwd, WORD_TASK_CWD, false);
	assert_word(t->args, WORD_TASK_ARGS, true);
	assert_word(t->env, WORD_TASK_ENV, true);
	assert_word(t->cgroups, WORD_TASK_CGROUPS, true);
	ck_assert(!t->filtered);
}
END_TEST

START_TEST(test_ancestor)
{
	struct state_entry e;
	char name[256];

	begin(RECORD_ANCESTOR);
	put_words(kernel_ancestor_words, 0);
	ck_assert_int_eq(decode(&e, name), 0);
	ck_assert(e.thread.filtered);
	ck_assert_int_eq(e.thread.tid, 1000 + WORD_TASK_TID);
	assert_word(e.thread.comm, WORD_TASK_COMM, false);
	ck_assert_uint_eq(e.thread.args.len + e.thread.env.len + e.thread.cwd.len + e.thread.exe.len, 0);
}
END_TEST

/* Each parameter may be absent; the others are then still where they belong. */
START_TEST(test_absent)
{
	struct state_entry e;
	char name[256];

	for (unsigned i = 1; kernel_task_words[i] >= 0; i++) {
		begin(RECORD_TASK)->absent = 1u << i;
		put_words(kernel_task_words, 1u << i);
		ck_assert_int_eq(decode(&e, name), 0);
		ck_assert_int_eq(e.thread.tid, 1000 + WORD_TASK_TID);
		if (kernel_task_words[i] != WORD_TASK_CGROUPS)
			assert_word(e.thread.cgroups, WORD_TASK_CGROUPS, true);
	}
	begin(RECORD_TASK)->absent = UINT32_MAX;
	ck_assert_int_eq(decode(&e, name), 0);
	ck_assert_int_eq(e.thread.vpid, -1);
	ck_assert_uint_eq(e.thread.loginuid, UINT32_MAX);
	ck_assert_uint_eq(e.thread.comm.len, 0);
}
END_TEST

static void put_fd(const struct record_fd *f, const char *name)
{
	((struct record *)bytes)->fd = 5;
	put(f, sizeof *f);
	put_text(name, strlen(name) + 1);
}

/* Every shorter record is refused, whatever it is; none is over-read. */
START_TEST(test_truncated)
{
	struct record_fd f = {.ino = 1};
	struct state_entry e;
	char name[256];

	for (int kind = 0; kind < 3; kind++) {
		size_t whole;

		begin(kind == 0 ? RECORD_TASK : kind == 1 ? RECORD_ANCESTOR : RECORD_FD);
		if (kind == 2)
			put_fd(&f, "/etc/hostname");
		else
			put_words(kind == 0 ? kernel_task_words : kernel_ancestor_words, 0);
		whole = n_bytes;
		ck_assert_int_eq(decode(&e, name), 0);
		for (n_bytes = sizeof(struct record); n_bytes < whole; n_bytes++)
			ck_assert_int_eq(decode(&e, name), -EBADMSG);
	}
	((struct record *)bytes)->size = sizeof(struct record) - 1;
	ck_assert_int_eq(record_to_entry((struct record *)bytes, 0, &e, name), -EBADMSG);
	((struct record *)bytes)->size = 0;
	ck_assert_int_eq(record_to_entry((struct record *)bytes, 0, &e, name), -EBADMSG);
}
END_TEST

START_TEST(test_hostile)
{
	struct state_entry e;
	char name[256];
	unsigned state = 1;

	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)(round % 400);

		begin((uint16_t)(RECORD_TASK + round % 3))->absent = round % 5 ? 0 : (uint32_t)rand_r(&state);
		for (size_t i = 0; i < len; i++)
			bytes[n_bytes++] = (uint8_t)(rand_r(&state) % 7 ? rand_r(&state) % 3 : rand_r(&state));
		decode(&e, name);
	}
	begin(3);
	ck_assert_int_eq(decode(&e, name), -EBADMSG);
}
END_TEST

static uint32_t kernel_dev(dev_t dev)
{
	return major(dev) << 20 | minor(dev);
}

/* As parameters of the family hold it: what stat(2) says in 32 bits. */
START_TEST(test_real_files)
{
	static const struct {
		const char *path;
		int flags;
		uint8_t type;
	} files[] = {
		{"/etc/passwd", O_RDONLY, FD_FILE_V2},	 {"/dev/null", O_RDWR | O_CLOEXEC, FD_FILE_V2},
		{"/proc/self/stat", O_RDONLY, FD_FILE_V2}, {"/", O_RDONLY | O_DIRECTORY, FD_DIRECTORY},
		{"/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC, FD_DIRECTORY},
	};

	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		int fd = open(files[i].path, files[i].flags);
		struct state_entry e;
		struct record_fd f;
		struct stat st;
		char name[256];

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fstat(fd, &st), 0);
		f = (struct record_fd){.ino = st.st_ino, .dev = kernel_dev(st.st_dev), .mode = st.st_mode & S_IFMT,
				       .open_flags = (uint32_t)fcntl(fd, F_GETFL),
				       .cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC};
		begin(RECORD_FD);
		put_fd(&f, files[i].path);
		ck_assert_int_eq(decode(&e, name), 0);
		ck_assert_int_eq(e.kind, ENTRY_FD);
		ck_assert_int_eq(e.fd.tid, 70);
		ck_assert_int_eq(e.fd.fd, 5);
		ck_assert_uint_eq(e.fd.ino, st.st_ino);
		ck_assert_uint_eq(e.fd.dev, (uint32_t)st.st_dev);
		ck_assert_uint_eq(e.fd.type, files[i].type);
		ck_assert_uint_eq(e.fd.name.len, strlen(files[i].path));
		ck_assert_uint_eq(!!(e.fd.open_flags & 4096), !!(files[i].flags & O_CLOEXEC));
		ck_assert_uint_eq(e.fd.open_flags & 3, (files[i].flags & O_ACCMODE) == O_RDWR ? 3 : 1);
		close(fd);
	}
}
END_TEST

/* Majors of 12 bits and minors of 20: all that the kernel has. */
START_TEST(test_devices)
{
	static const unsigned numbers[][2] = {{0, 0}, {8, 1}, {254, 255}, {254, 256}, {4095, 1048575}, {1, 70000}};

	for (unsigned i = 0; i < 6; i++) {
		struct record_fd f = {.dev = numbers[i][0] << 20 | numbers[i][1]};
		struct state_entry e;
		char name[256];

		begin(RECORD_FD);
		put_fd(&f, "/x");
		ck_assert_int_eq(decode(&e, name), 0);
		ck_assert_uint_eq(e.fd.dev, makedev(numbers[i][0], numbers[i][1]));
	}
}
END_TEST

static struct fd_entry fd_of(const struct record_fd *f, const char *words)
{
	static char name[256];
	struct state_entry e;

	begin(RECORD_FD);
	put_fd(f, words);
	ck_assert_int_eq(decode(&e, name), 0);
	return e.fd;
}

START_TEST(test_kinds)
{
	struct record_fd tcp = {.family = AF_INET, .protocol = IPPROTO_TCP, .state = 1, .sport = 40000, .dport = 80,
				.mode = S_IFSOCK, .saddr = {127, 0, 0, 1}, .daddr = {10, 0, 0, 2}};
	struct fd_entry fd = fd_of(&tcp, "");

	ck_assert_uint_eq(fd.type, FD_IPV4_SOCK);
	ck_assert_uint_eq(fd.l4proto, 2);
	ck_assert_uint_eq(fd.sport, 40000);
	ck_assert_uint_eq(fd.dport, 80);
	ck_assert_mem_eq(fd.dip, tcp.daddr, 16);
	tcp.state = 10;
	ck_assert_uint_eq(fd_of(&tcp, "").type, FD_IPV4_SERVSOCK);
	tcp.family = AF_INET6;
	ck_assert_uint_eq(fd_of(&tcp, "").type, FD_IPV6_SERVSOCK);
	ck_assert_uint_eq(fd_of(&(struct record_fd){.family = AF_INET, .protocol = IPPROTO_UDP, .dport = 53}, "").type,
			  FD_IPV4_SOCK);
	ck_assert_uint_eq(fd_of(&(struct record_fd){.family = AF_UNIX, .mode = S_IFSOCK}, "/run/x").type, FD_UNIX_SOCK);
	ck_assert_uint_eq(fd_of(&(struct record_fd){.family = AF_NETLINK, .mode = S_IFSOCK}, "").type, FD_NETLINK);
	ck_assert_uint_eq(fd_of(&(struct record_fd){.mode = S_IFSOCK}, "").type, FD_UNSUPPORTED);
	ck_assert_uint_eq(fd_of(&(struct record_fd){0}, "anon_inode:[eventpoll]").type, FD_EVENTPOLL);
	ck_assert_uint_eq(fd_of(&(struct record_fd){0}, "anon_inode:[eventfd]").type, FD_EVENT);
	ck_assert_uint_eq(fd_of(&(struct record_fd){.mode = S_IFREG}, "/memfd:x (deleted)").type, FD_MEMFD);
	ck_assert_uint_eq(fd_of(&(struct record_fd){.mode = S_IFREG}, "/srv/[eventpoll]").type, FD_FILE_V2);
	fd = fd_of(&(struct record_fd){.mode = S_IFIFO, .ino = 555}, "/");
	ck_assert_uint_eq(fd.type, FD_FIFO);
	ck_assert_uint_eq(fd.name.len, strlen("pipe:[555]"));
	ck_assert_mem_eq(fd.name.data, "pipe:[555]", fd.name.len);
	fd = fd_of(&(struct record_fd){.mode = S_IFIFO, .ino = 555}, "/run/fifo");
	ck_assert_uint_eq(fd.name.len, strlen("/run/fifo"));
}
END_TEST

SUITE("record_entry", test_task, test_ancestor, test_absent, test_truncated, test_hostile, test_real_files,
      test_devices, test_kinds)
