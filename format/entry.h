/*
 * State entries: what a snapshot (and the STATE blocks of a file) says about threads, fds, users,
 * groups and interfaces. Plain structs with views: strings are not owned, and are valid until the
 * next item is read from the source. A string of len 0 is unknown or empty.
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include "format/schema.h"

struct text {
	const char *data;	/* not NUL-terminated */
	uint32_t len;
};

static inline struct text text_of(const char *s)
{
	return (struct text){s, s ? (uint32_t)strlen(s) : 0};
}

enum entry_kind {
	ENTRY_THREAD = 1, ENTRY_FD, ENTRY_USER, ENTRY_GROUP, ENTRY_INTERFACE,
	/* Restart: forget all state (concatenated captures, checkpoints). */
	ENTRY_RESET,
	/* The offset of wall clock to boot clock changed (NTP, settimeofday): for readers who ask. */
	ENTRY_CLOCK,
};

/* Limits: larger is refused when read and cut (EVENT_TRUNCATED's sibling) when written. */
#define ENTRY_TEXT_MAX	4096	/* comm, exe, exepath, cwd, root, names, paths */
#define ENTRY_BLOB_MAX	65535	/* args, env, cgroups */

struct thread_entry {
	int64_t tid, pid, ptid, sid, pgid, vpgid, vtid, vpid;	/* -1: unknown; ptid: tid of the parent process */
	struct text comm, exe, exepath, cwd, root;
	struct text args, env, cgroups;		/* NUL-separated lists; args without argv[0] */
	uint32_t uid, gid, loginuid;		/* 0xFFFFFFFF: none */
	uint32_t flags;				/* PPM_CL_* clone flags of the family */
	uint32_t vm_size_kb, vm_rss_kb, vm_swap_kb, tty;
	uint64_t pf_major, pf_minor, fd_limit;
	uint64_t clone_ns, pidns_init_start_ns; /* since the epoch, 0: unknown */
	uint64_t cap_inheritable, cap_permitted, cap_effective;
	uint64_t exe_ino, exe_ino_ctime_ns, exe_ino_mtime_ns;
	bool exe_writable, exe_upper_layer, exe_lower_layer, exe_from_memfd;
	bool filtered;			/* an ancestor kept for its name only: no args, no fds */
};

/* Numbers as in the family's fd lists (scap-blocks): they are on the wire. */
enum fd_type {
	FD_UNKNOWN = 0, FD_FILE = 1, FD_DIRECTORY = 2, FD_IPV4_SOCK = 3, FD_IPV6_SOCK = 4,
	FD_IPV4_SERVSOCK = 5, FD_IPV6_SERVSOCK = 6, FD_FIFO = 7, FD_UNIX_SOCK = 8, FD_EVENT = 9,
	FD_UNSUPPORTED = 10, FD_SIGNALFD = 11, FD_EVENTPOLL = 12, FD_INOTIFY = 13, FD_TIMERFD = 14,
	FD_NETLINK = 15, FD_FILE_V2 = 16, FD_BPF = 17, FD_USERFAULTFD = 18, FD_IOURING = 19,
	FD_MEMFD = 20, FD_PIDFD = 21,
};

struct fd_entry {
	int64_t tid;		/* a thread that shares the table (the process's main thread) */
	int64_t fd;
	uint64_t ino;
	uint32_t dev;		/* as dev parameters hold it: major << 8 | minor of the family */
	uint32_t open_flags;	/* PPM_O_*; PPM_O_CLOEXEC among them */
	uint8_t type;		/* enum fd_type */
	uint8_t l4proto;	/* 0 unknown, 1 n/a, 2 TCP, 3 UDP, 4 ICMP, 5 RAW */
	uint8_t sip[16], dip[16]; /* network order; IPv4 uses the first 4; a listening socket uses sip/sport */
	uint16_t sport, dport;	/* host order */
	uint64_t unix_source, unix_peer;
	struct text name;	/* path, pipe/anon name, unix path */
};

struct user_entry {
	uint32_t uid, gid;
	struct text name, home, shell;
};

struct group_entry {
	uint32_t gid;
	struct text name;
};

struct interface_entry {
	uint16_t type;		/* 1 IPv4, 2 IPv6 */
	uint8_t addr[16], netmask[16], broadcast[16];
	uint64_t link_speed;
	struct text name;
};

struct clock_entry {
	uint64_t time_ns;	/* since the epoch, by the capture's clock */
	int64_t offset_ns;	/* wall clock - capture's clock from then on */
};

struct state_entry {
	enum entry_kind kind;
	union {
		struct thread_entry thread;
		struct fd_entry fd;
		struct user_entry user;
		struct group_entry group;
		struct interface_entry interface;
		struct clock_entry clock;
	};
};

/* One entry <-> bytes as in STATE blocks (SPEC.md "STATE"). Texts beyond their limit are cut. */
void state_entry_encode(struct buffer *b, const struct state_entry *e);
/* 1: decoded; 0: at the end; -EBADMSG. Entries of an unknown kind are skipped by their length. */
int state_entry_next(struct cursor *c, struct state_entry *ret, struct error *err);
