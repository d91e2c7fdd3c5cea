/* strace's -e: WHAT=SET, where a SET is names, or all, or none, or ! and what is not meant. */
#include "sinks/strace_options.h"
#include "sinks/strace_table.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- sets of calls ---- */

/* What "@64" and its like behind a name mean, cut to those bits that are set at all; 0: unknown. */
static uint8_t bits_of(const char *at, size_t len, uint8_t bits)
{
	if (!len)
		return bits;
	if (len == 3 && !memcmp(at, "@64", 3))
		return bits & (uint8_t)~STRACE_TRACED_32;
	if (len == 3 && !memcmp(at, "@32", 3))
		return bits & (uint8_t)~STRACE_TRACED;
	return 0;
}

static void call_set(struct strace_options *o, size_t i, uint8_t bits, bool value)
{
	o->calls[i] = (uint8_t)(value ? o->calls[i] | bits : o->calls[i] & ~bits);
}

/* A call or a class of len characters. false: unknown. */
static bool call_word(struct strace_options *o, const char *word, size_t len, uint8_t bits, bool value)
{
	const uint32_t bit = strace_class_bit(word, len);
	bool found = false;

	for (size_t i = 0; i < strace_n_calls(); i++) {
		const struct strace_call *call = strace_call_at(i);

		if (call->classes & bit || (strlen(call->name) == len && !memcmp(call->name, word, len))) {
			call_set(o, i, bits, value);
			found = true;
		}
	}
	return found;
}

/* "/REGEX": extended, as regcomp(3) has them; it may be found anywhere in the name. */
static int call_regex(struct strace_options *o, const char *word, size_t len, uint8_t bits, bool value,
		      bool *ret_found, struct error *err)
{
	char *text = strndup(word, len), words[128];
	regex_t regex;
	int r = text ? regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) : REG_ESPACE;

	*ret_found = false;
	if (r) {
		if (text)
			regerror(r, &regex, words, sizeof words);
		error_set(err, text ? -EINVAL : -ENOMEM, "/%s: %s", text ? text : "", text ? words : "out of memory");
		free(text);
		return err ? err->code : -EINVAL;
	}
	for (size_t i = 0; i < strace_n_calls(); i++)
		if (regexec(&regex, strace_call_at(i)->name, 0, NULL, 0) == 0) {
			call_set(o, i, bits, value);
			*ret_found = true;
		}
	regfree(&regex);
	free(text);
	return 0;
}

static int take_calls(struct strace_options *o, const char *set, uint8_t bits, struct error *err)
{
	bool not = *set == '!', found;
	int r = 0;

	set += not;
	if (!strcmp(set, "all") || !strcmp(set, "none")) {
		for (size_t i = 0; i < strace_n_calls(); i++)
			call_set(o, i, bits, (*set == 'a') != not);
		return 0;
	}
	for (size_t i = 0; i < strace_n_calls(); i++)
		call_set(o, i, bits, not);
	for (;;) {
		bool may_be_unknown = *set == '?';
		size_t len = strcspn(set += may_be_unknown, ",");
		size_t name = strcspn(set, ",@");
		uint8_t meant = bits_of(set + name, len - name, bits);

		found = false;
		if (*set == '/')
			r = call_regex(o, set + 1, name - 1, meant, !not, &found, err);
		else if (meant)
			found = call_word(o, set, name, meant, !not);
		if (r < 0)
			return r;
		if (!found && !may_be_unknown)
			return error_set(err, -EINVAL, "invalid system call '%.*s'",
					 (int)(len < 64 ? len : 64), set);
		set += len;
		if (!*set)
			return 0;
		set++;
	}
}

static int take_trace(struct strace_options *o, const char *set, struct error *err)
{
	o->has_trace = true;
	return take_calls(o, set, STRACE_TRACED | STRACE_TRACED_32, err);
}

static int take_abbrev(struct strace_options *o, const char *set, struct error *err)
{
	return take_calls(o, set, STRACE_ABBREVIATED, err);
}

static int take_verbose(struct strace_options *o, const char *set, struct error *err)
{
	return take_calls(o, set, STRACE_FOLLOWED, err);
}

/* Those that are named are not decoded. */
static int take_raw(struct strace_options *o, const char *set, struct error *err)
{
	int r = take_calls(o, set, STRACE_DECODED, err);

	for (size_t i = 0; r == 0 && i < strace_n_calls(); i++)
		o->calls[i] ^= STRACE_DECODED;
	return r;
}

/* ---- sets of other things ---- */

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

/* Words of a set, each with bits; "all" and "none" are understood. */
struct set_word {
	const char *word;
	unsigned bits;
};

static int take_words(const struct set_word *words, const char *set, unsigned *ret, struct error *err)
{
	bool not = *set == '!';
	unsigned all = 0, bits = 0;

	set += not;
	for (const struct set_word *w = words; w->word; w++)
		all |= w->bits;
	while (*set) {
		size_t len = strcspn(set, ",");
		const struct set_word *w = words;

		while (w->word && (strlen(w->word) != len || memcmp(w->word, set, len)))
			w++;
		if (w->word)
			bits |= w->bits;
		else if (len == 3 && !memcmp(set, "all", 3))
			bits = all;
		else if (len != 4 || memcmp(set, "none", 4))
			return error_set(err, -EINVAL, "'%.*s' is none of its words", (int)(len < 64 ? len : 64), set);
		set += len + (set[len] == ',');
	}
	*ret = not ? all & ~bits : bits;
	return 0;
}

static int take_status(struct strace_options *o, const char *set, struct error *err)
{
	/* nobody is let go before its end */
	static const struct set_word words[] = {{"successful", STRACE_SUCCESSFUL}, {"failed", STRACE_FAILED},
						{"unfinished", STRACE_UNFINISHED}, {"unavailable", STRACE_UNAVAILABLE},
						{"detached", 0}, {0}};

	return take_words(words, set, &o->status, err);
}

static int take_quiet(struct strace_options *o, const char *set, struct error *err)
{
	/* the others are words that we never say */
	static const struct set_word words[] = {{"exit", 1}, {"exits", 1}, {"attach", 0}, {"path-resolution", 0},
						{"path-resolve", 0}, {"personality", 0}, {"thread-execve", 0},
						{"superseded", 0}, {0}};
	unsigned bits = 0;
	int r = take_words(words, set, &bits, err);

	if (r == 0 && bits)
		o->quiet = 2;
	return r;
}

static int take_fd_details(struct strace_options *o, const char *set, struct error *err)
{
	/* Devices' numbers and the processes of pidfds are not recorded. */
	static const struct set_word words[] = {{"path", STRACE_FD_PATH}, {"socket", STRACE_FD_PATH | STRACE_FD_SOCKET},
						{"dev", STRACE_FD_PATH}, {"pidfd", STRACE_FD_PATH}, {0}};

	return take_words(words, set, &o->fd_names, err);
}

static int take_fds(struct strace_fds *fds, const char *set, struct error *err)
{
	bool not = *set == '!', all;

	set += not;
	all = !strcmp(set, "all");
	*fds = (struct strace_fds){.others = all != not};
	memset(fds->bits, fds->others ? 0xFF : 0, sizeof fds->bits);
	if (all || !strcmp(set, "none"))
		return 0;
	while (*set) {
		char *end;
		unsigned long fd = strtoul(set, &end, 10);

		if (end == set || (*end && *end != ',') || *set == '-' || fd >= STRACE_FDS_MAX)
			return error_set(err, -EINVAL, "'%.64s' is no file descriptor from 0 to %d", set, STRACE_FDS_MAX - 1);
		if (not)
			fds->bits[fd / 64] &= ~(1ull << fd % 64);
		else
			fds->bits[fd / 64] |= 1ull << fd % 64;
		set = end + (*end == ',');
	}
	return 0;
}

static int take_read(struct strace_options *o, const char *set, struct error *err)
{
	return take_fds(&o->read_fds, set, err);
}

static int take_write(struct strace_options *o, const char *set, struct error *err)
{
	return take_fds(&o->write_fds, set, err);
}

static int take_only_fds(struct strace_options *o, const char *set, struct error *err)
{
	o->has_fds = true;
	return take_fds(&o->only_fds, set, err);
}

static int refuse_tampering(struct strace_options *o, const char *set, struct error *err)
{
	return error_set(err, -ENOTSUP, "calls are recorded, not tampered with");
}

static int refuse_kvm(struct strace_options *o, const char *set, struct error *err)
{
	return error_set(err, -ENOTSUP, "why virtual CPUs came back is not recorded");
}

/* ---- expressions ---- */

static const struct {
	const char *name;
	int (*take)(struct strace_options *o, const char *set, struct error *err);
} expressions[] = {
    {"trace", take_trace},	{"t", take_trace},	 {"abbrev", take_abbrev},    {"a", take_abbrev},
    {"verbose", take_verbose}, {"v", take_verbose}, {"raw", take_raw}, {"x", take_raw},
    {"signal", take_signals},	{"signals", take_signals}, {"s", take_signals},	     {"status", take_status},
    {"quiet", take_quiet},	{"silent", take_quiet},	 {"silence", take_quiet},    {"q", take_quiet},
    {"decode-fds", take_fd_details}, {"decode-fd", take_fd_details}, {"read", take_read}, {"reads", take_read},
    {"r", take_read},		{"write", take_write},	 {"writes", take_write},     {"w", take_write},
    {"fd", take_only_fds},	{"fds", take_only_fds},	 {"trace-fds", take_only_fds}, {"inject", refuse_tampering},
    {"fault", refuse_tampering}, {"kvm", refuse_kvm},
};

int strace_set_take(struct strace_options *o, const char *what, const char *set, struct error *err)
{
	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
		if (!strcmp(expressions[i].name, what))
			return expressions[i].take(o, set, err);
	return error_set(err, -EINVAL, "'%s=' is none of trace=, abbrev=, verbose=, raw=, signal=, status=, quiet=, decode-fds=, read=, "
				       "write=, fd=", what);
}

int strace_expression_take(void *options, const char *value, struct error *err)
{
	size_t len = strcspn(value, "=");
	char what[32];

	if (!value[len])
		return take_trace(options, value, err);
	snprintf(what, sizeof what, "%.*s", (int)(len < sizeof what ? len : sizeof what - 1), value);
	return strace_set_take(options, what, value + len + 1, err);
}
