#include "capture/record_entry.h"

#include "capture/kernel_recipes.h"
#include "format/recipe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define TCP_LISTEN 10

static uint32_t family_open_flags(uint32_t native, bool cloexec)
{
#if defined(__aarch64__)
	uint32_t flags = map_value(MAP_OPEN_FLAGS, ABI_AARCH64, native);
#else
	uint32_t flags = map_value(MAP_OPEN_FLAGS, ABI_X86_64, native);
#endif
	return cloexec ? flags | 4096 /* PPM_O_CLOEXEC */ : flags;
}


static void take_word(struct thread_entry *t, int word, uint64_t n, struct text s, uint64_t offset)
{
	switch (word) {
	case WORD_TASK_TID: t->tid = (int64_t)n; break;
	case WORD_TASK_PID: t->pid = (int64_t)n; break;
	case WORD_TASK_PTID: t->ptid = (int64_t)n; break;
	case WORD_TASK_SID: t->sid = (int64_t)n; break;
	case WORD_TASK_PGID: t->pgid = (int64_t)n; break;
	case WORD_TASK_VPGID: t->vpgid = (int64_t)n; break;
	case WORD_TASK_VTID: t->vtid = (int64_t)n; break;
	case WORD_TASK_VPID: t->vpid = (int64_t)n; break;
	case WORD_TASK_UID: t->uid = (uint32_t)n; break;
	case WORD_TASK_GID: t->gid = (uint32_t)n; break;
	case WORD_TASK_LOGINUID: t->loginuid = (uint32_t)n; break;
	case WORD_TASK_FDLIMIT: t->fd_limit = n; break;
	case WORD_TASK_PGFT_MAJ: t->pf_major = n; break;
	case WORD_TASK_PGFT_MIN: t->pf_minor = n; break;
	case WORD_TASK_TTY: t->tty = (uint32_t)n; break;
	case WORD_TASK_START: t->clone_ns = n + offset; break;
	case WORD_TASK_PIDNS_START: t->pidns_init_start_ns = n + offset; break;
	case WORD_TASK_CAP_I: t->cap_inheritable = n; break;
	case WORD_TASK_CAP_P: t->cap_permitted = n; break;
	case WORD_TASK_CAP_E: t->cap_effective = n; break;
	case WORD_TASK_EXE_INO: t->exe_ino = n; break;
	case WORD_TASK_EXE_CTIME: t->exe_ino_ctime_ns = n; break;
	case WORD_TASK_EXE_MTIME: t->exe_ino_mtime_ns = n; break;
	case WORD_TASK_COMM: t->comm = s; break;
	case WORD_TASK_EXEPATH: t->exepath = s; break;
	case WORD_TASK_EXE: t->exe = s; break;
	case WORD_TASK_CWD: t->cwd = s; break;
	case WORD_TASK_ARGS: t->args = s; break;
	case WORD_TASK_ENV: t->env = s; break;
	case WORD_TASK_CGROUPS: t->cgroups = s; break;
	}
}

static bool word_is_list(int word)
{
	return word == WORD_TASK_ARGS || word == WORD_TASK_ENV || word == WORD_TASK_CGROUPS;
}

static int task_decode(const struct record *r, const int16_t *words, uint64_t offset, struct state_entry *e)
{
	struct cursor c = cursor_over(r + 1, r->size - sizeof *r);
	struct thread_entry *t = &e->thread;

	e->kind = ENTRY_THREAD;
	*t = (struct thread_entry){.sid = -1, .pgid = -1, .vpgid = -1, .vtid = -1, .vpid = -1,
				   .loginuid = UINT32_MAX};
	for (unsigned i = 0; words[i] >= 0; i++) {
		unsigned size = kernel_word_size(words[i]);
		struct text s = {NULL, 0};
		uint64_t n = 0;

		if (r->absent >> i & 1)
			continue;
		if (size) {
			n = cursor_u64(&c);
		} else {
			s.len = cursor_u16(&c);
			s.data = (const char *)cursor_bytes(&c, s.len);
			if (!word_is_list(words[i]) && s.len && s.data && !s.data[s.len - 1])
				s.len--;
		}
		take_word(t, words[i], n, s, offset);
	}
	return cursor_failed(&c) ? -EBADMSG : 0;
}

static uint8_t fd_type_of(const struct record_fd *f, struct text name)
{
	static const struct {
		const char *name;
		uint8_t type;
	} anonymous[] = {
		{"[eventpoll]", FD_EVENTPOLL}, {"[eventfd]", FD_EVENT},	     {"inotify", FD_INOTIFY},
		{"[signalfd]", FD_SIGNALFD},   {"[timerfd]", FD_TIMERFD},    {"[userfaultfd]", FD_USERFAULTFD},
		{"[io_uring]", FD_IOURING},    {"bpf-map", FD_BPF},	     {"bpf-prog", FD_BPF},
		{"bpf_link", FD_BPF},	       {"[pidfd]", FD_PIDFD},
	};
	bool listens = f->protocol == IPPROTO_TCP ? f->state == TCP_LISTEN : !f->dport;

	switch (f->family) {
	case AF_INET:
		return listens ? FD_IPV4_SERVSOCK : FD_IPV4_SOCK;
	case AF_INET6:
		return listens ? FD_IPV6_SERVSOCK : FD_IPV6_SOCK;
	case AF_UNIX:
		return FD_UNIX_SOCK;
	case AF_NETLINK:
		return FD_NETLINK;
	}
	if (S_ISDIR(f->mode))
		return FD_DIRECTORY;
	if (S_ISFIFO(f->mode))
		return FD_FIFO;
	if (S_ISSOCK(f->mode))
		return FD_UNSUPPORTED;
	if (name.len >= 8 && !memcmp(name.data, "/memfd:", 7))
		return FD_MEMFD;
	if (name.len > 11 && !memcmp(name.data, "anon_inode:", 11))
		for (size_t i = 0; i < sizeof anonymous / sizeof *anonymous; i++)
			if (memmem(name.data, name.len, anonymous[i].name, strlen(anonymous[i].name)))
				return anonymous[i].type;
	return FD_FILE_V2;
}

static uint8_t l4proto_of(const struct record_fd *f)
{
	switch (f->protocol) {
	case IPPROTO_TCP: return 2;
	case IPPROTO_UDP: return 3;
	case IPPROTO_ICMP: return 4;
	case IPPROTO_RAW: return 5;
	}
	return 0;
}

static int fd_decode(const struct record *r, struct state_entry *e, char name[256])
{
	struct cursor c = cursor_over(r + 1, r->size - sizeof *r);
	const struct record_fd *f = (const void *)cursor_bytes(&c, sizeof *f);
	struct fd_entry *fd = &e->fd;
	struct text text;

	text.len = cursor_u16(&c);
	text.data = (const char *)cursor_bytes(&c, text.len);
	if (cursor_failed(&c))
		return -EBADMSG;
	if (text.len && !text.data[text.len - 1])
		text.len--;
	e->kind = ENTRY_FD;
	*fd = (struct fd_entry){.tid = r->pid, .fd = r->fd, .ino = f->ino,
				.dev = (f->dev & 0xFF) | f->dev >> 20 << 8 | (f->dev & 0xFFF00) << 12,
				.open_flags = family_open_flags(f->open_flags, f->cloexec),
				.type = fd_type_of(f, text), .l4proto = l4proto_of(f),
				.sport = f->sport, .dport = f->dport,
				.unix_source = f->unix_source, .unix_peer = f->unix_peer, .name = text};
	memcpy(fd->sip, f->saddr, 16);
	memcpy(fd->dip, f->daddr, 16);
	if (fd->type == FD_FIFO && text.len && text.data[0] == '/' && !memchr(text.data + 1, '/', text.len - 1)) {
		/* A pipe's dentry has no path: its name is its inode, as /proc shows it. */
		snprintf(name, 256, "pipe:[%llu]", (unsigned long long)f->ino);
		fd->name = text_of(name);
	}
	return 0;
}

int record_to_entry(const struct record *r, uint64_t time_offset, struct state_entry *ret, char name[256])
{
	int code;

	if (r->size < sizeof *r)
		return -EBADMSG;
	switch (r->type) {
	case RECORD_TASK:
		return task_decode(r, kernel_task_words, time_offset, ret);
	case RECORD_ANCESTOR:
		code = task_decode(r, kernel_ancestor_words, time_offset, ret);
		ret->thread.filtered = true;
		return code;
	case RECORD_FD:
		return fd_decode(r, ret, name);
	}
	return -EBADMSG;
}
