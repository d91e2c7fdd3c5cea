/*
 * strace's options, as far as they say how calls are printed.
 *
 *	struct strace_options o;
 *	strace_options_init(&o);
 *	strace_options_text(&o, "-f -tt -e trace=%file", &err);
 *	strace_options_done(&o);
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include "format/schema.h"

#include <stdbool.h>

#define STRACE_PATHS_MAX   64	 /* -P */
#define STRACE_PIDS_MAX	   64	 /* -p */
#define STRACE_STRING_MAX  65535 /* -s: what a capture can hold */
#define STRACE_COLUMN_MAX  1024	 /* -a */
#define STRACE_ARGV_MAX    32	 /* words shown without -v */
#define STRACE_FDS_MAX	   1024	 /* -e read=, write=, fd= */
#define STRACE_WORDS_MAX   64	 /* -E */

enum strace_clock { STRACE_NO_CLOCK, STRACE_CLOCK, STRACE_EPOCH };

/* What is said of a call by its row: bits of strace_options.calls. */
enum strace_call_bit {
	STRACE_TRACED = 1,    /* shown: of 64-bit programs */
	STRACE_TRACED_32 = 2, /* of 32-bit ones */
	STRACE_ABBREVIATED = 4,
	STRACE_FOLLOWED = 8, /* what its arguments point to is shown */
	STRACE_DECODED = 16, /* else its arguments are numbers */
};

/* -X: how names of numbers are shown. */
enum strace_style { STRACE_NAMES, STRACE_NUMBERS, STRACE_BOTH };

/* -e status=: how calls ended. */
enum strace_status { STRACE_SUCCESSFUL = 1, STRACE_FAILED = 2, STRACE_UNFINISHED = 4, STRACE_UNAVAILABLE = 8, STRACE_STATUS_ALL = 15 };

/* What is said of an fd. */
enum strace_fd_detail { STRACE_FD_PATH = 1, STRACE_FD_SOCKET = 2 };

struct strace_fds {
	bool others; /* those beyond the bits */
	uint64_t bits[STRACE_FDS_MAX / 64];
};

struct strace_options {
	bool follow;	     /* -f: pids in front of the lines */
	bool separate;	     /* -ff: with -o, a file for each process */
	bool append;	     /* -A */
	enum strace_clock clock;
	unsigned clock_digits, relative_digits, duration_digits; /* of fractions of a second */
	bool relative;	     /* -r */
	bool durations;	     /* -T */
	unsigned fd_names;   /* -y, -yy: bits of enum strace_fd_detail */
	unsigned hex;	     /* -x: 1, -xx: 2 */
	bool verbose;	     /* -v */
	bool unfollowed, undecoded; /* -e verbose=, -e raw=; of the call in hand */
	enum strace_style style;
	bool numbers;	     /* -n */
	unsigned quiet;	     /* -q */
	unsigned status;     /* -z, -Z, -e status=: bits of enum strace_status */
	bool summary;	     /* -c: a table of calls, and nothing else */
	bool both;	     /* -C: behind the lines */
	bool help, version;
	const char *read;	     /* --read: a capture; for scapstrace */
	const char *pids[STRACE_PIDS_MAX]; /* -p, for scapstrace */
	size_t n_pids;
	uint32_t string_max, column;
	const char *out;     /* -o, NULL: none */
	const char *sort, *columns; /* -S, -U */
	const char *paths[STRACE_PATHS_MAX];
	size_t n_paths;
	bool has_trace;	     /* -e trace=: only these */
	bool has_fds;	     /* -e fd=: only calls about these */
	struct strace_fds read_fds, write_fds, only_fds;
	uint64_t signals[2]; /* -e signal=: bits of those that are shown */
	/* by strace_call_at(): enum strace_call_bit */
	uint8_t *calls;
	const char *environment[STRACE_WORDS_MAX]; /* -E, for scapstrace */
	size_t n_environment;
	const char *user; /* -u, for scapstrace; NULL: none */
	struct strace_words *words; /* of strace_options_text() */
};

int strace_options_init(struct strace_options *o);
void strace_options_done(struct strace_options *o);
/* Options in one text, quoted as a shell would, behind those that were given before; 0 or negative errno with words. */
int strace_options_text(struct strace_options *o, const char *text, struct error *err);
/*
 * As main() has them. Returns the index of the first word that is no option, or negative errno with
 * words. Values are views into argv.
 */
int strace_options_parse(struct strace_options *o, int argc, char **argv, struct error *err);
void strace_options_help(void);
/* An expression as -e has it; a take function of strace_options. */
int strace_expression_take(void *options, const char *value, struct error *err);
/* The same for options that are named as an expression's first word: "trace" "read". */
int strace_set_take(struct strace_options *o, const char *what, const char *set, struct error *err);

static inline bool strace_fds_have(const struct strace_fds *set, int64_t fd)
{
	if (fd < 0)
		return false;
	return fd < STRACE_FDS_MAX ? set->bits[fd / 64] >> fd % 64 & 1 : set->others;
}
