/*
 * What the files that print arguments share: pieces, and one function per kind of argument.
 * Only for strace_*.c.
 */
#pragma once
#include "sinks/call_name.h"
#include "sinks/strace_value.h"

#define UNKNOWN_ADDRESS "0x?"
#define UNKNOWN_STRUCT	"{...}"

enum { FAMILY_O_CREAT = 0x4, FAMILY_O_TMPFILE = 0x2000 }; /* open flags as events have them */
/* fcntl's, as the family numbers them */
enum {
	CMD_DUPFD = 1,
	CMD_GETFD,
	CMD_SETFD,
	CMD_GETFL,
	CMD_SETFL,
	CMD_GETOWN = 12,
	CMD_GETSIG = 15,
	CMD_GETLEASE = 24,
	CMD_DUPFD_CLOEXEC = 26,
	CMD_GETPIPE_SZ = 29,
};

void put(const struct strace_print *p, const char *text);
void put_unsigned(const struct strace_print *p, uint64_t v);
/* The argument as its register had it, an int unless it is printed as u or x; false: not recorded. */
bool strace_word(const struct strace_print *p, const struct strace_arg *arg, int64_t *ret);
/* The i-th parameter of an argument as a number, or the argument itself where the table names none; false: it is absent. */
bool number_of(const struct strace_print *p, const struct strace_arg *arg, unsigned i, int64_t *ret);
/* The first one; false: it is absent, and "?" is printed. */
bool number_known(const struct strace_print *p, const struct strace_arg *arg, int64_t *ret);
const struct param *param_of(const struct strace_print *p, const struct strace_arg *arg, unsigned i);
bool succeeded(const struct strace_print *p);
/* Octal, at least as many digits as strace prints: 0644, 000. */
void put_mode(const struct strace_print *p, int64_t mode);
void put_address(const struct strace_print *p, int64_t address);
/* A path: not cut. */
void put_whole_text(const struct strace_print *p, const uint8_t *data, size_t len);
/* One name for the whole value; false: it has none. */
bool put_name(const struct strace_print *p, uint64_t value, const char *set);
/* SIG_DFL, SIG_IGN, or an address. */
void put_handler(const struct strace_print *p, uint64_t handler);
/* A limit of resources; all ones: none. */
void put_limit(const struct strace_print *p, uint64_t v, bool is_64);
/* A set of the signals from 1 to `last`; of most of them, those that are not in it. */
void put_signals(const struct strace_print *p, uint64_t set, int last);
enum { SIGNALS_RECORDED = 32, SIGNALS_ALL = 64 }; /* in parameters, in memory */
/* Behind a time, what it is on the clock; part: of the second, in so many digits. */
void put_date(const struct strace_print *p, int64_t seconds, int64_t part, unsigned digits);
/* In front of the i-th of a list; false: it is not kept (at NULL) or beyond -s, and "..." ends the list. */
bool put_list_gap(const struct strace_print *p, uint64_t i, const void *at);
void put_fd(const struct strace_print *p, int64_t fd);
void put_fd_name(const struct strace_print *p, const char *name);
bool fd_is_socket(const struct fd_info *info);
/* "socket:[INODE]"; with addresses "TCP:[1.2.3.4:5->6.7.8.9:10]", ours first. */
void put_socket_name(const struct strace_print *p, const struct fd_info *info, bool addresses);
/* The open flags of Linux, as fcntl has them. */
void put_linux_open_flags(const struct strace_print *p, uint64_t v);
/* A poll list: with what came of each, or without. */
void put_polls(const struct strace_print *p, const struct param *list, bool came);

#define PRINT(kind) void print_##kind(const struct strace_print *p, const struct strace_arg *arg)
#define STRACE_PRINTER(name) PRINT(name);
#include "sinks/strace.def"
