#include "sinks/strace_options.h"

#include "base/option.h"
#include "sinks/strace_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256

/* What strace_options_text() cut up. */
struct strace_words {
	struct strace_words *before;
	char text[];
};

int strace_options_init(struct strace_options *o)
{
	*o = (struct strace_options){
	    .string_max = 32,
	    .column = 40,
	    .signals = {UINT64_MAX, UINT64_MAX},
	    .status = STRACE_STATUS_ALL,
	    .relative_digits = 6,
	    .duration_digits = 6,
	};
	o->calls = malloc(strace_n_calls());
	if (!o->calls)
		return -ENOMEM;
	memset(o->calls, STRACE_TRACED | STRACE_TRACED_32 | STRACE_ABBREVIATED | STRACE_FOLLOWED | STRACE_DECODED,
	       strace_n_calls());
	return 0;
}

void strace_options_done(struct strace_options *o)
{
	free(o->calls);
	o->calls = NULL;
	while (o->words) {
		struct strace_words *last = o->words;

		o->words = last->before;
		free(last);
	}
}

/* ---- the letters ---- */

#define SET(name, statement)    OPTION_SET(struct strace_options, name, statement)
#define PARSE(name, expression) OPTION_PARSE(struct strace_options, name, expression)
SET(follow, (o->separate = o->follow, o->follow = true))
SET(separate, o->separate = o->follow = true)
SET(numbers, o->numbers = true)
SET(good, o->status = STRACE_SUCCESSFUL)
SET(failed, o->status = STRACE_FAILED)
SET(summary, o->summary = true)
SET(both, o->both = true)
SET(nothing, (void)o)
SET(out, o->out = value)
SET(append, o->append = true)
SET(sort, o->sort = value)
SET(columns, o->columns = value)
SET(help, o->help = true)
SET(version, o->version = true)
SET(read, o->read = value)
SET(user, o->user = value)

/* Options whose value is a set of -e; without one, as given. */
#define PARSE_SET(name, what, without) PARSE(name, strace_set_take(o, what, value ? value : without, err))
PARSE_SET(trace, "trace", "all")
PARSE_SET(signal, "signal", "all")
PARSE_SET(status, "status", "all")
PARSE_SET(abbrev, "abbrev", "all")
PARSE_SET(followed, "verbose", "all")
PARSE_SET(raw, "raw", "all")
PARSE_SET(reads, "read", "all")
PARSE_SET(writes, "write", "all")
PARSE_SET(fds, "fd", "all")
PARSE_SET(verbose_calls, "abbrev", "none")

/* What cannot be had of a recording, and why. */
#define REFUSE(name, words) PARSE(name, ((void)o, error_set(err, -ENOTSUP, words)))
REFUSE(place, "where in a program calls are made is not recorded")
REFUSE(stack, "the stacks of calls are not recorded (they would have to be unwound while the program waits)")
REFUSE(detach, "nobody is let go before its end; -e trace= says which calls are shown")
REFUSE(daemon, "the tracer is always the parent of the command")
REFUSE(interruptible, "signals that end a capture always do; the command goes on")
REFUSE(overhead, "times are those on the clock: no overhead is guessed and taken away")
REFUSE(debug, "there is no output for debugging; scapcap --explain and --doctor say what is done")

static int take_verbose(void *context, const char *value, struct error *err)
{
	((struct strace_options *)context)->verbose = true;
	return take_verbose_calls(context, NULL, err);
}

/* -q, -qq, --quiet=SET */
static int take_quiet(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	if (value)
		return strace_set_take(o, "quiet", value, err);
	o->quiet++;
	return 0;
}

/* -y, -yy, --decode-fds=SET */
static int take_fd_names(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	if (value)
		return strace_set_take(o, "decode-fds", value, err);
	o->fd_names |= o->fd_names ? STRACE_FD_SOCKET : STRACE_FD_PATH;
	return 0;
}

/* -x, -xx, --strings-in-hex=WHICH */
static int take_hex(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	if (!value)
		o->hex++;
	else if (!strcmp(value, "all") || !strcmp(value, "non-ascii"))
		o->hex = *value == 'a' ? 2 : 1;
	else
		return error_set(err, -EINVAL, "'%s' is none of non-ascii, all", value);
	return 0;
}

static int take_style(void *context, const char *value, struct error *err)
{
	static const char *const words[] = {[STRACE_NAMES] = "abbrev", [STRACE_NUMBERS] = "raw", [STRACE_BOTH] = "verbose"};
	unsigned which = STRACE_NAMES;
	int r = option_word(value, words, sizeof words / sizeof *words, &which, err);

	((struct strace_options *)context)->style = which;
	return r;
}

/* s, ms, us, ns: digits of a fraction of a second. */
static int take_precision(const char *value, unsigned *ret_digits, struct error *err)
{
	static const char *const words[] = {"s", "ms", "us", "ns"};
	unsigned thousandths;
	int r = option_word(value, words, sizeof words / sizeof *words, &thousandths, err);

	if (r == 0)
		*ret_digits = 3 * thousandths;
	return r;
}

/* -t, -tt, -ttt; [format:]none|time|unix and [precision:]s|ms|us|ns, with a comma between. */
static int take_clock(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	if (!value) {
		if (o->clock == STRACE_CLOCK && o->clock_digits)
			o->clock = STRACE_EPOCH;
		else if (o->clock == STRACE_CLOCK)
			o->clock_digits = 6;
		else
			o->clock = STRACE_CLOCK;
		return 0;
	}
	o->clock = STRACE_CLOCK;
	o->clock_digits = 0;
	while (*value) {
		size_t len = strcspn(value, ",");
		char word[32];
		const char *bare;

		snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), value);
		bare = strchr(word, ':') ? strchr(word, ':') + 1 : word;
		if (!strcmp(bare, "none") || !strcmp(bare, "time") || !strcmp(bare, "unix"))
			o->clock = *bare == 'n' ? STRACE_NO_CLOCK : *bare == 't' ? STRACE_CLOCK : STRACE_EPOCH;
		else if (take_precision(bare, &o->clock_digits, NULL) < 0)
			return error_set(err, -EINVAL, "'%s' is neither none, time, unix nor s, ms, us, ns", word);
		value += len + (value[len] == ',');
	}
	return 0;
}

static int take_relative(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	o->relative = true;
	return value ? take_precision(value, &o->relative_digits, err) : 0;
}

static int take_durations(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	o->durations = true;
	return value ? take_precision(value, &o->duration_digits, err) : 0;
}

/* One more of what may be given several times. */
static int take_word(const char *value, const char **words, size_t *n, size_t max, const char *what, struct error *err)
{
	if (*n == max)
		return error_set(err, -E2BIG, "at most %zu %s", max, what);
	words[(*n)++] = value;
	return 0;
}
PARSE(environment, take_word(value, o->environment, &o->n_environment, STRACE_WORDS_MAX, "variables", err))
PARSE(path, take_word(value, o->paths, &o->n_paths, STRACE_PATHS_MAX, "paths", err))
PARSE(pid, take_word(value, o->pids, &o->n_pids, STRACE_PIDS_MAX, "processes", err))

static int take_number(const char *value, uint64_t max, uint32_t *ret, struct error *err)
{
	uint64_t v;
	int r = option_number(value, 0, max, &v, err);

	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

PARSE(string_max, take_number(value, STRACE_STRING_MAX, &o->string_max, err))
PARSE(column, take_number(value, STRACE_COLUMN_MAX, &o->column, err))

static const struct option_row rows[] = {
    {'e', NULL, "EXPR", "trace= abbrev= verbose= raw= signal= status= quiet= decode-fds= read= write= fd=; alone: trace=",
     strace_expression_take},
    {0, "trace", "SET", "only these calls: names, %file %process %network..., /REGEX; ! in front: all but these", take_trace},
    {0, "signal", "SET", "only these signals", take_signal},
    {0, "signals", "SET", "the same", take_signal},
    {0, "status", "SET", "only calls that ended so: successful, failed, unfinished, unavailable", take_status},
    {0, "abbrev", "SET", "calls whose structures and lists are cut (all)", take_abbrev},
    {0, "verbose", "SET", "calls of which is shown what their arguments point to (all)", take_followed},
    {0, "raw", "SET", "calls whose arguments are shown as numbers", take_raw},
    {0, "trace-fds", "SET", "only calls about these file descriptors", take_fds},
    {'f', "follow-forks", NULL, "pids in front of lines; -ff: with -o, a file for each process",
     take_follow},
    {0, "output-separately", NULL, "as -ff", take_separate},
    {'t', "absolute-timestamps", "[=FORMAT]", "the clock; -tt with microseconds, -ttt since the epoch",
     take_clock},
    {'r', "relative-timestamps", "[=PRECISION]", "seconds since the line before; s, ms, us or ns", take_relative},
    {'T', "syscall-times", "[=PRECISION]", "how long each call took", take_durations},
    {'y', "decode-fds", "[=SET]", "what an fd stands for; -yy: of sockets protocol and addresses", take_fd_names},
    {'x', "strings-in-hex", "[=WHICH]", "texts that are not ASCII in hex; -xx: all of them", take_hex},
    {'v', "no-abbrev", NULL, "nothing abbreviated", take_verbose},
    {'X', "const-print-style", "STYLE", "names of numbers: abbrev, raw (the numbers), verbose (both)", take_style},
    {'s', "string-limit", "SIZE", "bytes of texts shown (32)", take_string_max},
    {0, "read", "SET", "dump what is read from these file descriptors, as far as it was captured", take_reads},
    {0, "write", "SET", "dump what is written to them", take_writes},
    {'a', "columns", "COLUMN", "where results stand (40)", take_column},
    {'n', "syscall-number", NULL, "the number of each call", take_numbers},
    {'q', "quiet", "[=SET]", "no words of our own; -qq: nothing of ends of processes", take_quiet},
    {0, "silent", "[=SET]", "the same", take_quiet},
    {'z', "successful-only", NULL, "only calls that succeeded", take_good},
    {'Z', "failed-only", NULL, "only calls that failed", take_failed},
    {'P', "trace-path", "PATH", "only calls about this path", take_path},
    {'o', "output", "FILE", "write to FILE", take_out},
    {'A', "output-append-mode", NULL, "append to FILE", take_append},
    {'c', "summary-only", NULL, "only the table of calls", take_summary},
    {'C', "summary", NULL, "the table of calls behind the lines", take_both},
    {'w', "summary-wall-clock", NULL, "as it is: times are those on the clock", take_nothing},
    {'S', "summary-sort-by", "COL", "sort the table", take_sort},
    {'U', "summary-columns", "LIST", "columns of the table", take_columns},
    {0, "seccomp-bpf", NULL, "as it is: where ptrace captures, only the calls that are asked for stop", take_nothing},
    {'p', "attach", "PID", "a process that runs already (scapstrace)", take_pid},
    {'E', "env", "VAR[=VALUE]", "set or remove a variable for the command (scapstrace)", take_environment},
    {'u', "user", "USER", "run the command as this user (scapstrace)", take_user},
    {0, "capture", "FILE", "a capture, instead of a command (scapstrace); -r FILE in front is the same", take_read},
    {'b', "detach-on", "CALL", "not offered: nobody is let go before its end", take_detach},
    {'D', "daemonize", "[=HOW]", "not offered: the tracer is the parent of the command", take_daemon},
    {'d', "debug", NULL, "not offered: see scapcap --explain and --doctor", take_debug},
    {'i', "instruction-pointer", NULL, "not offered: it is not recorded", take_place},
    {'I', "interruptible", "HOW", "not offered: signals always end a capture", take_interruptible},
    {'k', "stack-traces", NULL, "not offered: stacks are not recorded", take_stack},
    {'O', "summary-syscall-overhead", "TIME", "not offered: nothing is guessed", take_overhead},
    {'h', "help", NULL, "this text", take_help},
    {'V', "version", NULL, "print the version", take_version},
    {0},
};

void strace_options_help(void)
{
	options_print(rows, stdout);
}

/* Whether the option (or the last of several letters) takes the next word as its value. */
static bool takes_next(const char *word)
{
	bool is_long = word[1] == '-';

	if (is_long && strchr(word, '='))
		return false;
	for (const char *p = word + 1 + is_long; *p; p++) {
		const struct option_row *row = rows;

		while ((row->letter || row->name) &&
		       (is_long ? !row->name || strcmp(row->name, p) : row->letter != *p))
			row++;
		if (row->value && row->value[0] != '[')
			return is_long || !p[1];
		if (is_long)
			break;
	}
	return false;
}

int strace_options_parse(struct strace_options *o, int argc, char **argv, struct error *err)
{
	int end = 1;

	/* As strace: the first word that is no option begins the command. */
	while (end < argc && argv[end][0] == '-' && argv[end][1] && strcmp(argv[end], "--"))
		end += 1 + takes_next(argv[end]);
	if (end > argc)
		return error_set(err, -EINVAL, "%s needs a value", argv[argc - 1]);
	if (options_parse(rows, end, argv, NULL, o, err) < 0)
		return -EINVAL;
	return end < argc && !strcmp(argv[end], "--") ? end + 1 : end;
}

int strace_options_text(struct strace_options *o, const char *text, struct error *err)
{
	char *argv[WORDS_MAX + 1] = {(char *)"strace"};
	struct strace_words *words = malloc(sizeof *words + strlen(text) + 2);
	char *to, quote = 0;
	int argc = 1, r;

	if (!words)
		return error_set(err, -ENOMEM, "out of memory");
	/* Values are views: what an earlier text said stays. */
	words->before = o->words;
	o->words = words;
	to = words->text;
	for (bool inside = false;; text++) {
		if (!*text || (!quote && strchr(" \t\n", *text))) {
			if (inside)
				*to++ = 0;
			inside = false;
			if (!*text)
				break;
			continue;
		}
		if (!inside) {
			if (argc == WORDS_MAX)
				return error_set(err, -E2BIG, "more than %d words", WORDS_MAX);
			argv[argc++] = to;
		}
		inside = true;
		if (quote ? *text == quote : *text == '\'' || *text == '"')
			quote = quote ? 0 : *text;
		else
			*to++ = *text;
	}
	if (quote)
		return error_set(err, -EINVAL, "a %c is missing", quote);
	r = strace_options_parse(o, argc, argv, err);
	if (r >= 0 && r < argc)
		return error_set(err, -EINVAL, "'%s' is none of strace's options", argv[r]);
	return r < 0 ? r : 0;
}
