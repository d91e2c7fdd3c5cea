#include "sinks/strace_options.h"

#include "base/option.h"
#include "sinks/strace_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX  256
#define WITH_VALUE "esaPoSUp" /* letters that take one */

static size_t n_calls(void)
{
	static size_t n;

	while (!n || strace_call_at(n))
		n++;
	return n;
}

int strace_options_init(struct strace_options *o)
{
	*o = (struct strace_options){
	    .string_max = 32, .column = 40, .signals = {UINT64_MAX, UINT64_MAX}};
	o->traced = malloc(n_calls());
	if (!o->traced)
		return -ENOMEM;
	memset(o->traced, 1, n_calls());
	return 0;
}

void strace_options_done(struct strace_options *o)
{
	free(o->traced);
	free(o->words);
	o->traced = NULL;
	o->words = NULL;
}

/* ---- -e ---- */

/* A call or %class of len characters: sets what is traced. false: unknown. */
static bool trace_word(struct strace_options *o, const char *word, size_t len, uint8_t value)
{
	bool is_class = *word == '%';
	uint32_t bit = is_class ? strace_class_bit(word + 1, len - 1) : strace_class_bit(word, len);
	const struct strace_call *call;
	bool found = false;

	if (is_class && len == 4 && !memcmp(word, "%net", 4))
		bit = strace_class_bit("network", 7);
	for (size_t i = 0; (call = strace_call_at(i)); i++) {
		bool same = strlen(call->name) == len && !memcmp(call->name, word, len);

		if (!same && !(bit && call->classes & bit && (is_class || strchr("fpnsidm", *word))))
			continue;
		o->traced[i] = value;
		found = true;
	}
	return found;
}

static int take_trace(struct strace_options *o, const char *set, struct error *err)
{
	bool not = *set == '!';

	set += not;
	o->has_trace = true;
	if (!strcmp(set, "all") || !strcmp(set, "none")) {
		memset(o->traced, (*set == 'a') != not, n_calls());
		return 0;
	}
	memset(o->traced, not, n_calls());
	for (;;) {
		bool may_be_unknown = *set == '?';
		size_t len = strcspn(set += may_be_unknown, ",");
		size_t name = strcspn(set, ",@");

		if (!trace_word(o, set, name, !not) && !may_be_unknown)
			return error_set(err, -EINVAL, "invalid system call '%.*s'",
					 (int)(len < 64 ? len : 64), set);
		set += len;
		if (!*set)
			return 0;
		set++;
	}
}

static int take_signals(struct strace_options *o, const char *set, struct error *err)
{
	bool not = *set == '!';
	uint64_t bits[2] = {0};

	set += not;
	if (!strcmp(set, "all")) {
		bits[0] = bits[1] = UINT64_MAX;
		set += 3;
	} else if (!strcmp(set, "none")) {
		set += 4;
	}
	while (*set) {
		size_t len = strcspn(set, ",");
		char name[32];
		int number;

		snprintf(name, sizeof name, "%s%.*s", strncasecmp(set, "sig", 3) ? "SIG" : "",
			 (int)(len < 20 ? len : 20), set);
		number = signal_parse(name);
		if (!number)
			return error_set(err, -EINVAL, "invalid signal '%.*s'", (int)len, set);
		bits[number / 64 & 1] |= 1ull << number % 64;
		set += len + (set[len] == ',');
	}
	o->signals[0] = not ? ~bits[0] : bits[0];
	o->signals[1] = not ? ~bits[1] : bits[1];
	return 0;
}

static int take_status(struct strace_options *o, const char *set, struct error *err)
{
	if (!strcmp(set, "successful"))
		o->only_good = true;
	else if (!strcmp(set, "failed"))
		o->only_failed = true;
	else if (strcmp(set, "all"))
		return error_set(err, -EINVAL, "'%s' is none of successful, failed, all", set);
	return 0;
}

static int take_expression(void *context, const char *value, struct error *err)
{
	static const char *const ignored[] = {"abbrev", "verbose", "raw", "read", "write",
					      "quiet",	"q",	   "kvm", "decode-fds"};
	size_t len = strcspn(value, "=");

	if (!value[len])
		return take_trace(context, value, err);
	if ((len == 5 && !memcmp(value, "trace", 5)) || (len == 1 && *value == 't'))
		return take_trace(context, value + len + 1, err);
	if ((len == 6 && !memcmp(value, "signal", 6)) || (len == 7 && !memcmp(value, "signals", 7)) ||
	    (len == 1 && *value == 's'))
		return take_signals(context, value + len + 1, err);
	if (len == 6 && !memcmp(value, "status", 6))
		return take_status(context, value + len + 1, err);
	if (len == 6 && (!memcmp(value, "inject", 6) || !memcmp(value, "fault", 5)))
		return error_set(err, -ENOTSUP, "calls are recorded, not tampered with");
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		if (strlen(ignored[i]) == len && !memcmp(value, ignored[i], len))
			return error_set(err, -ENOTSUP, "'%.*s=' is not offered", (int)len, value);
	return error_set(err, -EINVAL, "'%s': trace=, signal= or status= is expected", value);
}

/* ---- the letters ---- */

#define TAKE(name, statement)                                                                      \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		struct strace_options *o = context;                                                \
		statement;                                                                         \
		return 0;                                                                          \
	}
TAKE(follow, { o->separate = o->follow; o->follow = true; })
TAKE(separate, o->separate = o->follow = true)
TAKE(clock, o->clock += o->clock < STRACE_EPOCH_US)
TAKE(relative, o->relative = true)
TAKE(durations, o->durations = true)
TAKE(fd_names, o->fd_names++)
TAKE(hex, o->hex++)
TAKE(verbose, o->verbose = true)
TAKE(numbers, o->numbers = true)
TAKE(quiet, o->quiet++)
TAKE(good, o->only_good = true)
TAKE(failed, o->only_failed = true)
TAKE(summary, o->summary = true)
TAKE(wall, (void)o)
TAKE(out, o->out = value)
TAKE(sort, o->sort = value)
TAKE(columns, o->columns = value)
TAKE(help, o->help = true)
TAKE(version, o->version = true)
TAKE(read, o->read = value)

static int take_path(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	if (o->n_paths == STRACE_PATHS_MAX)
		return error_set(err, -E2BIG, "at most %d paths", STRACE_PATHS_MAX);
	o->paths[o->n_paths++] = value;
	return 0;
}

static int take_pid(void *context, const char *value, struct error *err)
{
	struct strace_options *o = context;

	if (o->n_pids == STRACE_PIDS_MAX)
		return error_set(err, -E2BIG, "at most %d processes", STRACE_PIDS_MAX);
	o->pids[o->n_pids++] = value;
	return 0;
}

static int take_number(const char *value, uint64_t max, uint32_t *ret, struct error *err)
{
	uint64_t v;
	int r = option_number(value, 0, max, &v, err);

	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

static int take_string_max(void *context, const char *value, struct error *err)
{
	return take_number(value, STRACE_STRING_MAX,
			   &((struct strace_options *)context)->string_max, err);
}

static int take_column(void *context, const char *value, struct error *err)
{
	return take_number(value, STRACE_COLUMN_MAX, &((struct strace_options *)context)->column,
			   err);
}

static const struct option_row rows[] = {
    {'e', NULL, "EXPR", "trace=SET (names, %file %process %network...), signal=SET, status=SET",
     take_expression},
    {0, "trace", "SET", "as -e trace=SET", take_expression},
    {'f', "follow-forks", NULL, "pids in front of lines; -ff: with -o, a file for each process",
     take_follow},
    {0, "output-separately", NULL, "as -ff", take_separate},
    {'t', "absolute-timestamps", NULL, "the clock; -tt with microseconds, -ttt since the epoch",
     take_clock},
    {'r', "relative-timestamps", NULL, "seconds since the line before", take_relative},
    {'T', "syscall-times", NULL, "how long each call took", take_durations},
    {'y', "decode-fds", NULL, "what an fd stands for; -yy: of sockets, too", take_fd_names},
    {'x', "strings-in-hex", NULL, "texts that are not ASCII in hex; -xx: all of them", take_hex},
    {'v', "no-abbrev", NULL, "nothing abbreviated", take_verbose},
    {'s', "string-limit", "SIZE", "bytes of texts shown (32)", take_string_max},
    {'a', "columns", "COLUMN", "where results stand (40)", take_column},
    {'n', "syscall-number", NULL, "the number of each call", take_numbers},
    {'q', "quiet", NULL, "no words of our own; -qq: nothing of ends of processes", take_quiet},
    {'z', "successful-only", NULL, "only calls that succeeded", take_good},
    {'Z', "failed-only", NULL, "only calls that failed", take_failed},
    {'P', "trace-path", "PATH", "only calls about this path", take_path},
    {'o', "output", "FILE", "write to FILE", take_out},
    {'c', "summary-only", NULL, "only the table of calls", take_summary},
    {'w', "summary-wall-clock", NULL, "as it is: times are those on the clock", take_wall},
    {'S', "summary-sort-by", "COL", "sort the table", take_sort},
    {'U', "summary-columns", "LIST", "columns of the table", take_columns},
    {'p', "attach", "PID", "a process that runs already (scapstrace)", take_pid},
    {0, "read", "FILE", "a capture, instead of a command (scapstrace); -r FILE in front is the same", take_read},
    {'h', "help", NULL, "this text", take_help},
    {'V', "version", NULL, "print the version", take_version},
    {0},
};

void strace_options_help(void)
{
	options_print(rows, stdout);
}

/* Long options' values for trace= go the same way as those of -e. */
int strace_options_parse(struct strace_options *o, int argc, char **argv, struct error *err)
{
	int end = 1;

	/* As strace: the first word that is no option begins the command. */
	while (end < argc && argv[end][0] == '-' && argv[end][1] && strcmp(argv[end], "--")) {
		const char *word = argv[end];
		size_t len = strlen(word);
		bool takes_next = word[1] == '-' ? !strchr(word, '=') &&
						       (!strcmp(word, "--trace") ||
							!strcmp(word, "--string-limit") ||
							!strcmp(word, "--columns") ||
							!strcmp(word, "--trace-path") ||
							!strcmp(word, "--output") ||
							!strcmp(word, "--summary-sort-by") ||
							!strcmp(word, "--summary-columns") ||
							!strcmp(word, "--attach") ||
							!strcmp(word, "--read"))
						 : strchr(WITH_VALUE, word[len - 1]) &&
						       strcspn(word, WITH_VALUE) == len - 1;

		end += 1 + takes_next;
	}
	if (end > argc)
		return error_set(err, -EINVAL, "%s needs a value", argv[argc - 1]);
	if (options_parse(rows, end, argv, NULL, o, err) < 0)
		return -EINVAL;
	return end < argc && !strcmp(argv[end], "--") ? end + 1 : end;
}

int strace_options_text(struct strace_options *o, const char *text, struct error *err)
{
	char *argv[WORDS_MAX + 1] = {(char *)"strace"};
	char *to, quote = 0;
	int argc = 1, r;

	free(o->words);
	o->words = to = malloc(strlen(text) + 2);
	if (!to)
		return error_set(err, -ENOMEM, "out of memory");
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
