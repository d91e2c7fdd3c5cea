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

#define STRACE_PATHS_MAX   64
#define STRACE_PIDS_MAX	   64
#define STRACE_STRING_MAX  65535 /* -s: what a capture can hold */
#define STRACE_COLUMN_MAX  1024	 /* -a */
#define STRACE_ARGV_MAX    32	 /* words shown without -v */

enum strace_clock { STRACE_NO_CLOCK, STRACE_CLOCK, STRACE_CLOCK_US, STRACE_EPOCH_US };

struct strace_options {
	bool follow;	     /* -f: pids in front of the lines */
	bool separate;	     /* -ff: with -o, a file for each process */
	enum strace_clock clock;
	bool relative;	     /* -r */
	bool durations;	     /* -T */
	unsigned fd_names;   /* -y: 1, -yy: 2 */
	unsigned hex;	     /* -x: 1, -xx: 2 */
	bool verbose;	     /* -v */
	bool numbers;	     /* -n */
	unsigned quiet;	     /* -q */
	bool only_good, only_failed; /* -z, -Z */
	bool summary;	     /* -c */
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
	uint64_t signals[2]; /* -e signal=: bits of those that are shown */
	/* by strace_call_at(): shown */
	uint8_t *traced;
	char *words; /* what strace_options_text() cut up */
};

int strace_options_init(struct strace_options *o);
void strace_options_done(struct strace_options *o);
/* Options in one text, quoted as a shell would; 0 or negative errno with words. */
int strace_options_text(struct strace_options *o, const char *text, struct error *err);
/*
 * As main() has them. Returns the index of the first word that is no option, or negative errno with
 * words. Values are views into argv.
 */
int strace_options_parse(struct strace_options *o, int argc, char **argv, struct error *err);
void strace_options_help(void);
