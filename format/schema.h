/*
 * What event types there are: numbers, names, parameters, flag names.
 *
 * Types 0..0x3FFF are the public PPME types of the sysdig/Falco family; types from 0x4000 are
 * ours, one for every system call that the public table only knows as "generic". The rows come
 * from format/events.tsv, format/syscalls.tsv and format/flags.tsv through format/generate.py.
 *
 * A capture file carries its own SCHEMA: a reader starts from the built-in table and lets the
 * file's rows win (struct schema), so that files from newer writers still print.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_PARAMS_MAX 32	  /* PPM_MAX_EVENT_PARAMS; also the width of the absent mask */
#define EVENT_TYPE_OWN	 0x4000	  /* first type of our own */
#define EVENT_TYPE_MAX	 0x5000	  /* types at and above this are refused: bounds every table by type */

/* Wire encodings of parameters; numbers are the public ones (PT_*), see SPEC.md "Parameter types". */
enum param_type {
	PT_NONE, PT_INT8, PT_INT16, PT_INT32, PT_INT64, PT_UINT8, PT_UINT16, PT_UINT32, PT_UINT64,
	PT_CHARBUF, PT_BYTEBUF, PT_ERRNO, PT_SOCKADDR, PT_SOCKTUPLE, PT_FD, PT_PID, PT_FDLIST, PT_FSPATH,
	PT_SYSCALLID, PT_SIGTYPE, PT_RELTIME, PT_ABSTIME, PT_PORT, PT_L4PROTO, PT_SOCKFAMILY, PT_BOOL,
	PT_IPV4ADDR, PT_DYN, PT_FLAGS8, PT_FLAGS16, PT_FLAGS32, PT_UID, PT_GID, PT_DOUBLE, PT_SIGSET,
	PT_CHARBUFARRAY, PT_CHARBUF_PAIR_ARRAY, PT_IPV4NET, PT_IPV6ADDR, PT_IPV6NET, PT_IPADDR, PT_IPNET,
	PT_MODE, PT_FSRELPATH, PT_ENUMFLAGS8, PT_ENUMFLAGS16, PT_ENUMFLAGS32, PT_FD32, PT_PID32,
	PT_MEMORY, /* ours: what lay in the caller's memory (memory.h) */
	PT_MAX
};

enum print_format { PF_NA, PF_DEC, PF_HEX, PF_10_PADDED_DEC, PF_ID, PF_DIR, PF_OCT };

enum event_category {
	EC_UNKNOWN, EC_OTHER, EC_FILE, EC_NET, EC_IPC, EC_MEMORY, EC_PROCESS, EC_SLEEP, EC_SYSTEM,
	EC_SIGNAL, EC_USER, EC_TIME, EC_PROCESSING,
	EC_IO_READ = 32, EC_IO_WRITE, EC_IO_OTHER, EC_WAIT = 64, EC_SCHEDULER = 128, EC_INTERNAL = 256,
	EC_SYSCALL = 512, EC_TRACEPOINT = 1024, EC_PLUGIN = 2048, EC_METAEVENT = 4096, EC_ITER = 8192,
};

enum event_trait {	/* EF_* of the family: properties of a type, not of one event */
	EF_CREATES_FD = 1, EF_DESTROYS_FD = 2, EF_USES_FD = 4, EF_READS_FROM_FD = 8,
	EF_WRITES_TO_FD = 16, EF_MODIFIES_STATE = 32, EF_UNUSED = 64, EF_WAITS = 128,
	EF_SKIPPARSERESET = 256, EF_OLD_VERSION = 512, EF_LARGE_PAYLOAD = 2048,
	EF_CONVERTER_MANAGED = 4096,
};

/* A value with a name: one row of flags.tsv. Tables end with name NULL, order matters (see render). */
struct flag_name {
	uint64_t value;
	const char *name;
};

struct flag_table {
	const char *name;		/* "file_flags" */
	const struct flag_name *rows;
};

struct param_info {
	const char *name;
	uint8_t type;			/* enum param_type */
	uint8_t format;			/* enum print_format */
	int8_t dirfd_param;		/* PT_FSRELPATH: index of the parameter it is relative to; else -1 */
	uint8_t n_dynamic;
	const struct flag_table *flags; /* flags, enums, modes: value names; NULL: none */
	const struct param_info *dynamic; /* PT_DYN: the alternatives; n_dynamic of them */
};

struct event_info {
	uint16_t type;
	uint16_t category;		/* enum event_category, one value of each group added up */
	uint32_t traits;		/* enum event_trait bits */
	const char *name;		/* "openat" */
	uint8_t n_params;
	int8_t result_param;		/* index of the parameter that is the call's result, -1: none */
	int8_t fd_param;		/* index of the fd the call works on (never the result), -1: none */
	const struct param_info *params;
};

enum param_trait { PARAM_TEXT = 1, PARAM_SIGNED = 2, PARAM_FLAGS = 4 };
struct param_type_info {
	const char *name;
	uint8_t size; /* 0: variable */
	uint8_t traits;
};
extern const struct param_type_info param_types[256]; /* those from PT_MAX on: no name, nothing */

/* Size in bytes of a fixed-size type, 0 for variable ones. */
static inline unsigned param_type_size(enum param_type type)
{
	return param_types[(uint8_t)type].size;
}
const char *param_type_name(enum param_type type);	/* "PT_FD" */
static inline bool param_type_is_text(enum param_type type)	/* NUL-terminated on the wire */
{
	return param_types[(uint8_t)type].traits & PARAM_TEXT;
}
static inline bool param_type_is_signed(enum param_type type)
{
	return param_types[(uint8_t)type].traits & PARAM_SIGNED;
}
static inline bool param_type_is_flags(enum param_type type)	/* FLAGS*, ENUMFLAGS*, MODE */
{
	return param_types[(uint8_t)type].traits & PARAM_FLAGS;
}

/* The built-in row, NULL for an unknown or unused type. */
const struct event_info *event_info_find(uint16_t type);
/* Built-in rows in order of type: for (i = 0; (e = event_info_at(i)); i++). */
const struct event_info *event_info_at(size_t i);
/* "openat" -> its present-day exit type's row (the highest-numbered non-old type of that name). */
const struct event_info *event_info_by_name(const char *name);

/* Events of this type change who-is-who (processes, fds): they travel in the state payload. */
static inline bool event_info_is_state(const struct event_info *info)
{
	return info->traits & EF_MODIFIES_STATE;
}
/* An even-numbered public type is an enter event, as in old files; ours and odd ones are exits. */
static inline bool event_info_is_enter(const struct event_info *info)
{
	return info->type < EVENT_TYPE_OWN && !(info->type & 1);
}
/* Types of ours are all calls. */
static inline bool event_info_is_syscall(const struct event_info *info)
{
	return info->type >= EVENT_TYPE_OWN || info->category & EC_SYSCALL;
}
/* Made by capture tools (procinfo, drop..., notes on users, groups and containers): hidden unless asked for. */
static inline bool event_info_is_internal(const struct event_info *info)
{
	return info->category & EC_INTERNAL || (info->category & EC_METAEVENT && (info->category & 0xff) == EC_PROCESS);
}

const struct flag_table *flag_table_find(const char *name);
const struct flag_table *flag_table_at(size_t i);

/* ---- system calls (format/syscalls.tsv) ---- */

enum syscall_abi { ABI_X86_64, ABI_I386, ABI_AARCH64, N_ABIS };

struct syscall_info {
	const char *name;		/* "openat" */
	int16_t number[N_ABIS];		/* -1: the ABI lacks it */
	uint16_t event;			/* event type of its exit */
	uint16_t ppm_sc;		/* public PPM_SC code, 0: none */
};

const struct syscall_info *syscall_find(enum syscall_abi abi, int number);	/* NULL: unknown */
const struct syscall_info *syscall_by_name(const char *name);
const struct syscall_info *syscall_at(size_t i);	/* NULL behind the last */
const struct syscall_info *syscall_by_ppm_sc(unsigned code);
const char *ppm_sc_name(unsigned code);			/* also for codes that no call of ours has */

/* ---- errno and signal names, from the kernel's uapi tables, the same on every host ---- */
const char *errno_name(int code);	/* 2 -> "ENOENT", NULL: unknown */
int errno_parse(const char *name);	/* "ENOENT" -> 2, 0: unknown */
const char *signal_name(int number);	/* 9 -> "SIGKILL", NULL: unknown */
int signal_parse(const char *name);

/* ---- the types of one capture: built-in rows, overridden by the file's ---- */

struct schema;
struct schema *schema_new(void);		/* starts as the built-in table */
void schema_free(struct schema *s);
/* Takes a row from a file; copies everything. 0, -E2BIG, -EBADMSG, -ENOMEM. */
int schema_add(struct schema *s, const struct event_info *info);
/* Appends a parameter to a known type's row; what both point to is not copied. 0, -E2BIG, -ENOMEM. */
int schema_add_param(struct schema *s, uint16_t type, const struct param_info *param);
/* What a schema begins with: the rows that are known, asked for with every event. */
struct schema_rows {
	_Atomic(const struct event_info *) at[EVENT_TYPE_MAX];
};
const struct event_info *schema_find_unknown(const struct schema *s, uint16_t type);
/* Never fails: an unknown type below EVENT_TYPE_MAX gets a row "unknown-N" without parameters. */
static inline const struct event_info *schema_find(const struct schema *s, uint16_t type)
{
	const struct schema_rows *rows = (const struct schema_rows *)s;
	const struct event_info *info =
	    type < EVENT_TYPE_MAX ? atomic_load_explicit(&rows->at[type], memory_order_acquire) : NULL;

	return info ? info : schema_find_unknown(s, type);
}
/* Whether the row is known (built in or from the file). */
bool schema_knows(const struct schema *s, uint16_t type);
