#include "capture/arguments.h"

#include "base/option.h"
#include "capture/bpf/shared.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SNAPLEN_DEFAULT 80
#define BUFFER_MIN	(1ull << 17) /* holds the largest record */
#define BUFFER_MAX	(1ull << 34)

#define TAKE_FLAG(name, field)                                                                     \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		((struct arguments *)context)->field = true;                                       \
		return 0;                                                                          \
	}
#define TAKE_TEXT(name, field)                                                                     \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		((struct arguments *)context)->field = value;                                      \
		return 0;                                                                          \
	}
#define TAKE_NUMBER(name, field, min, max)                                                         \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		return option_number(value, min, max, &((struct arguments *)context)->field, err); \
	}
#define TAKE_VIEW(name, which)                                                                     \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		((struct arguments *)context)->render.view = which;                                \
		return 0;                                                                          \
	}

TAKE_FLAG(no_follow, no_follow)
TAKE_FLAG(env, env)
TAKE_FLAG(structures, structures)
TAKE_FLAG(hangs, hangs)
TAKE_FLAG(summary, has_summary)
TAKE_FLAG(json, json)
TAKE_FLAG(quiet, quiet)
TAKE_FLAG(explain, explain)
TAKE_FLAG(doctor, doctor)
TAKE_FLAG(help, help)
TAKE_FLAG(version, version)
TAKE_FLAG(verbose, render.full)
TAKE_TEXT(format, format)
TAKE_TEXT(user, user)
TAKE_TEXT(cgroup, cgroup)
TAKE_TEXT(comment, comment)
TAKE_TEXT(packets, packets)
TAKE_TEXT(set_host, set_host)
TAKE_TEXT(set_kernel, set_kernel)
TAKE_TEXT(set_command, set_command)
TAKE_NUMBER(limit, limit, 1, UINT64_MAX)
TAKE_NUMBER(seconds, seconds, 1, 1u << 30)
TAKE_NUMBER(level, level, 1, 19)
TAKE_VIEW(ascii, VIEW_ASCII)
TAKE_VIEW(hex, VIEW_HEX)
TAKE_VIEW(hex_ascii, VIEW_HEX_ASCII)

/* 65535 is what people ask for who want all. */
static int take_snaplen(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;
	int r = option_number(value, 0, UINT16_MAX, &a->snaplen, err);

	if (a->snaplen > SNAPLEN_MAX)
		a->snaplen = SNAPLEN_MAX;
	return r;
}

static int take_write(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;

	if (a->write)
		return error_set(err, -EINVAL, "one file at a time: %s or %s", a->write, value);
	a->write = value;
	return 0;
}

static int take_sort(void *context, const char *value, struct error *err)
{
	((struct arguments *)context)->has_summary = true;
	return summary_sort_parse(&((struct arguments *)context)->summary, value, err);
}

static int take_columns(void *context, const char *value, struct error *err)
{
	((struct arguments *)context)->has_summary = true;
	return summary_columns_parse(&((struct arguments *)context)->summary, value, err);
}

static int take_strace(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;

	if (!a->has_strace && strace_options_init(&a->strace) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	a->has_strace = true;
	return value ? strace_options_text(&a->strace, value, err) : 0;
}

static int take_filter_file(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;

	if (a->n_filter_files == FILTER_FILES_MAX)
		return error_set(err, -EINVAL, "at most %d files with filters", FILTER_FILES_MAX);
	a->filter_files[a->n_filter_files++] = value;
	return 0;
}

static int take_internal(void *context, const char *value, struct error *err)
{
	((struct arguments *)context)->internal++;
	return 0;
}

static int take_pid(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;
	uint64_t pid;
	int r = option_number(value, 1, INT32_MAX, &pid, err);

	if (r < 0)
		return r;
	if (a->n_pids == ATTACH_MAX)
		return error_set(err, -EINVAL, "at most %d processes", ATTACH_MAX);
	a->pids[a->n_pids++] = (uint32_t)pid;
	return 0;
}

static int take_environment(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;

	if (*value == '=' || !*value)
		return error_set(err, -EINVAL, "'%s' has no name", value);
	if (a->n_environment == ENVIRONMENT_MAX)
		return error_set(err, -EINVAL, "at most %d variables", ENVIRONMENT_MAX);
	a->environment[a->n_environment++] = value;
	return 0;
}

static int take_run_as(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;
	const struct passwd *pw = getpwnam(value);

	if (!pw)
		return error_set(err, -EINVAL, "there is no user '%s'", value);
	if (geteuid() != 0 && pw->pw_uid != geteuid())
		return error_set(err, -EPERM, "only root can run a command as somebody else");
	a->run_as = geteuid() == 0 ? value : NULL;
	a->run_uid = pw->pw_uid;
	a->run_gid = pw->pw_gid;
	return 0;
}

static int take_time(void *context, const char *value, struct error *err)
{
	if (strlen(value) != 1 || !strchr("ahrdD", value[0]))
		return error_set(err, -EINVAL, "'%s' is none of a, h, r, d, D", value);
	((struct arguments *)context)->time_format = value[0];
	return 0;
}

static int take_engine(void *context, const char *value, struct error *err)
{
	static const char *const words[] = {
		[ENGINE_AUTO] = "auto", [ENGINE_BPF] = "bpf", [ENGINE_PTRACE] = "ptrace"};
	unsigned which = 0;
	int r = option_word(value, words, sizeof words / sizeof *words, &which, err);

	((struct arguments *)context)->engine = which;
	return r;
}

static int take_buffer(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;
	int r = option_size(value, &a->buffer, err);

	if (r == 0 && (a->buffer < BUFFER_MIN || a->buffer > BUFFER_MAX))
		return error_set(err, -EINVAL, "'%s' is not a size from 128k to 16G", value);
	return r;
}

static int take_snapshot(void *context, const char *value, struct error *err)
{
	static const char *const words[] = {
		[CHOICE_TREE] = "tree", [CHOICE_ALL] = "all", [CHOICE_NONE] = "none"};
	unsigned which = 0;
	int r = option_word(value, words, sizeof words / sizeof *words, &which, err);

	((struct arguments *)context)->snapshot = which;
	return r;
}

static int take_interface(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;

	if (a->n_interfaces == PACKET_HANDLES_MAX)
		return error_set(err, -EINVAL, "-i: at most %u interfaces", PACKET_HANDLES_MAX);
	a->interfaces[a->n_interfaces++] = value;
	return 0;
}

static int take_file_format(void *context, const char *value, struct error *err)
{
	struct arguments *a = context;

	a->has_file_format = true;
	return file_format_parse(value, &a->file_format, err);
}

static const struct option_row rows[] = {
	{'w', "write", "FILE", "write a capture, - to standard output; without it events are printed", take_write},
	{'p', "pid", "PID", "capture this process and its descendants (repeatable)", take_pid},
	{'u', "run-as", "USER", "run the command as this user (as root)", take_run_as},
	{'E', "setenv", "VAR[=VALUE]", "set or remove a variable of the command's environment; repeatable", take_environment},
	{0, "no-follow", NULL, "with -p: not its descendants", take_no_follow},
	{0, "user", "NAME", "only what this user's processes do (name or number)", take_user},
	{0, "cgroup", "PATH", "only processes in this control group (v2) or below", take_cgroup},
	{'s', "snaplen", "LEN", "bytes kept of each I/O buffer (default 80)", take_snaplen},
	{'i', "interface", "NAME", "record the packets of this network interface, too; repeatable", take_interface},
	{0, "packets", "FILTER", "only packets that this filter of tcpdump chooses (of all interfaces without -i)", take_packets},
	{'n', "numevents", "N", "stop after N events", take_limit},
	{'M', "seconds", "SEC", "stop after SEC seconds", take_seconds},
	{0, "format", "FORMAT", "line format of printed events, as scapread -p", take_format},
	{'j', "json", NULL, "print one JSON object per event", take_json},
	{'c', "summary", NULL, "a table of the calls on standard error, as strace -c, also beside -w; no events are printed", take_summary},
	{0, "strace", "[='OPTIONS']", "print calls on standard error as strace does, also beside -w; as scapread --strace", take_strace},
	{'S', "sort", "COL", "sort -c by time, calls, errors, name, min-time, p99...", take_sort},
	{'U', "columns", "LIST", "columns of -c, as scapread -U", take_columns},
	{'t', "timetype", "a|h|r|d|D", "how printed events show the time, as scapread -t", take_time},
	{'A', "print-ascii", NULL, "print buffers as text", take_ascii},
	{'x', "print-hex", NULL, "print buffers in hex", take_hex},
	{'X', "print-hex-ascii", NULL, "print buffers in hex and text", take_hex_ascii},
	{'v', "verbose", NULL, "never shorten printed buffers", take_verbose},
	{'D', "internal", NULL, "print notes of capture tools, too; -DD: hidden state events, too", take_internal},
	{0, "engine", "auto|bpf|ptrace", "how to capture; auto: ptrace where BPF is refused", take_engine},
	{0, "buffer", "SIZE", "kernel memory for events on their way to us (default 64M)", take_buffer},
	{0, "snapshot", "tree|all|none", "processes described in the file: captured ones and ancestors, all, none", take_snapshot},
	{0, "structures", NULL, "record structures and arguments as the program gave them, too (scapread --strace shows them)", take_structures},
	{0, "env", NULL, "record environments, too (they often hold secrets)", take_env},
	{'F', "file-format", FILE_FORMATS, "what -w writes: for sysdig and Falco of today, for sysdig 0.29, or packets for Wireshark", take_file_format},
	{'z', "compress", "LEVEL", "compression, 1 to 19 (default 6); of scap: gzip (default none)", take_level},
	{0, "comment", "TEXT", "note TEXT in the file", take_comment},
	{0, "set-host", "NAME", "host name to note in the file instead of this one", take_set_host},
	{0, "set-kernel", "TEXT", "kernel to note in the file instead of this one", take_set_kernel},
	{0, "set-command", "TEXT", "command line to note in the file instead of this one", take_set_command},
	{0, "filter-file", "FILE", "a filter, or YAML with macros and lists, from a file; repeatable", take_filter_file},
	{0, "explain", NULL, "say what of the filter the kernel decides, and stop", take_explain},
	{0, "doctor", NULL, "say what this machine can do, and what is missing", take_doctor},
	{0, "hangs", NULL, "be able to tell the calls in progress, at the end and on SIGUSR1, also without -p or a command", take_hangs},
	{'q', "quiet", NULL, "no words on standard error but errors", take_quiet},
	{'h', "help", NULL, "this text", take_help},
	{0, "version", NULL, "print the version", take_version},
	{0},
};

void arguments_help(void)
{
	printf("usage: scapcap [options] [filter words...] [-- command args...]\n"
	       "Records the system calls of programs into a capture, or prints them.\n\n");
	options_print(rows, stdout);
	printf("\n"
	       "  scapcap -w curl.scap proc.name=curl        everything named curl, until Ctrl-C\n"
	       "  scapcap -w curl.scap -- curl example.org   this command and its descendants\n"
	       "  scapcap -i eth0 --packets 'port 443' -w mix.scap -- curl https://example.org\n"
	       "  scapcap -p 1234 evt.type=openat            print what a running process opens\n");
}

bool arguments_write_stdout(const struct arguments *a)
{
	return a->write && !strcmp(a->write, "-");
}

/* What makes no sense together. */
static int check_together(const struct arguments *a, struct error *err)
{
	if (a->command && a->n_pids)
		return error_set(err, -EINVAL, "-p and a command: one or the other");
	if (!a->command && (a->run_as || a->n_environment))
		return error_set(err, -EINVAL, "%s goes with a command (-- command)", a->run_as ? "-u" : "-E");
	if (a->no_follow && !a->n_pids)
		return error_set(err, -EINVAL, "--no-follow goes with -p");
	if (a->write && ((a->json && !a->has_summary) || a->format))
		return error_set(err, -EINVAL, "%s says how events are printed: with -w none are",
				 a->json ? "-j" : "--format");
	if (!a->write && (a->has_file_format || a->level))
		return error_set(err, -EINVAL, "-%c says how -w writes: give -w FILE, too", a->level ? 'z' : 'F');
	if (!a->write && (a->comment || a->set_host || a->set_kernel || a->set_command))
		return error_set(err, -EINVAL, "%s is noted in the file: give -w FILE, too",
				 a->comment ? "--comment" : a->set_host ? "--set-host"
					  : a->set_kernel ? "--set-kernel" : "--set-command");
	if (arguments_packets(a) && a->write && (a->file_format == FILE_SCAP || a->file_format == FILE_SCAP_LEGACY))
		return error_set(err, -EINVAL, "%s: there is no place for packets in this format",
				 a->n_interfaces ? "-i" : "--packets");
	if (a->has_strace && (a->format || a->has_summary || a->json))
		return error_set(err, -EINVAL, "--strace says how events are printed, and alone");
	if (a->has_summary && a->format)
		return error_set(err, -EINVAL, "--format and -c: one or the other");
	if (a->engine == ENGINE_PTRACE && !a->command && !a->n_pids)
		return error_set(err, -EINVAL, "--engine=ptrace follows a command (-- command) or a process (-p)");
	if (a->engine == ENGINE_PTRACE && a->cgroup)
		return error_set(err, -EINVAL, "--cgroup asks the kernel: that is the BPF engine's");
	return 0;
}

int arguments_parse(struct arguments *a, int argc, char **argv, struct error *err)
{
	int command = 0, first;

	a->snaplen = SNAPLEN_DEFAULT;
	for (int i = 0; i < argc; i++)
		buffer_printf(&a->whole_line, "%s%s", i ? " " : "", argv[i]);
	buffer_u8(&a->whole_line, 0);
	if (buffer_failed(&a->whole_line))
		return error_set(err, -ENOMEM, "out of memory");
	first = options_parse(rows, argc, argv, &command, a, err);
	if (first < 0)
		return first;
	a->words = argv + first;
	a->n_words = (command ? command - 1 : argc) - first;
	if (a->help || a->version || a->doctor)
		return 0;
	if (command && command >= argc)
		return error_set(err, -EINVAL, "-- needs a command");
	if (command)
		a->command = argv + command;
	a->structures |= a->has_strace; /* what it shows is not stored */
	return check_together(a, err);
}

static int user_number(const char *name, uint64_t *ret, struct error *err)
{
	const struct passwd *pw = getpwnam(name);

	if (pw)
		*ret = pw->pw_uid;
	else if (option_number(name, 0, UINT32_MAX, ret, NULL) < 0)
		return error_set(err, -EINVAL, "--user: there is no user '%s'", name);
	return 0;
}

int arguments_filter(struct arguments *a, struct error *err)
{
	struct buffer b = {0};
	uint64_t uid = 0;
	int r = 0;

	if (a->user && user_number(a->user, &uid, err) < 0)
		return -EINVAL;
	for (unsigned i = 0; r == 0 && i < a->n_filter_files; i++)
		r = filter_text_file(&a->filter, a->filter_files[i], err);
	if (r < 0)
		return r;
	filter_text_words(&a->filter, a->n_words, a->words);
	if (a->user)
		buffer_printf(&b, "user.uid=%u", (unsigned)uid);
	if (a->no_follow)
		buffer_printf(&b, "%sproc.pid in (", a->user ? " and " : "");
	for (size_t i = 0; a->no_follow && i < a->n_pids; i++)
		buffer_printf(&b, "%s%u", i ? "," : "", a->pids[i]);
	if (a->no_follow)
		buffer_u8(&b, ')');
	buffer_u8(&b, 0);
	if (buffer_failed(&b))
		r = error_set(err, -ENOMEM, "out of memory");
	else
		filter_text_add(&a->filter, (const char *)b.data);
	buffer_done(&b);
	return r;
}

void arguments_done(struct arguments *a)
{
	if (a->has_strace)
		strace_options_done(&a->strace);
	filter_text_done(&a->filter);
	buffer_done(&a->whole_line);
}
