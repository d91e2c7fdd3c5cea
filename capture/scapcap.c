/*
 * scapcap: records system calls into a capture, or prints them as they happen.
 *
 * Exit status: 0 all is well, 1 something failed, 2 wrong usage; with `-- command`, the command's own
 * (128 + signal when one ended it, 127 and 126 as the shell has them).
 */
#include "base/option.h"
#include "capture/command.h"
#include "capture/doctor.h"
#include "capture/engine.h"
#include "capture/privilege.h"
#include "capture/snapshot.h"
#include "capture/source_bpf.h"
#include "format/native.h"
#include "sinks/line.h"
#include "sinks/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define SNAPLEN_DEFAULT 80
#define ATTACH_MAX	64	   /* -p options */
#define FILE_BATCH_NS	400000000  /* a block is in the file at most 500 ms after its first event */
#define LIVE_BATCH_NS	50000000   /* what is printed may wait this long */

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

struct options {
	const char *write, *format, *user, *cgroup, *comment;
	const char *set_host, *set_kernel, *set_command;
	uint32_t pids[ATTACH_MAX];
	size_t n_pids;
	uint64_t limit, seconds, snaplen, level, buffer;
	unsigned internal;
	char time_format;
	enum { SNAPSHOT_TREE, SNAPSHOT_ALL, SNAPSHOT_NONE } snapshot;
	bool no_follow, env, json, quiet, explain, doctor, help, version;
	struct render_options render;
	struct buffer filter; /* NUL-terminated once it is complete */
};

static volatile bool stop;
static volatile sig_atomic_t n_signals;
static volatile pid_t command_pid;

/* ---- options ---- */

#define TAKE_FLAG(name, field)                                                                     \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		((struct options *)context)->field = true;                                         \
		return 0;                                                                          \
	}
#define TAKE_TEXT(name, field)                                                                     \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		((struct options *)context)->field = value;                                        \
		return 0;                                                                          \
	}
#define TAKE_NUMBER(name, field, min, max)                                                         \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		return option_number(value, min, max, &((struct options *)context)->field, err);   \
	}
#define TAKE_VIEW(name, which)                                                                     \
	static int take_##name(void *context, const char *value, struct error *err)                \
	{                                                                                          \
		((struct options *)context)->render.view = which;                                  \
		return 0;                                                                          \
	}

TAKE_FLAG(no_follow, no_follow)
TAKE_FLAG(env, env)
TAKE_FLAG(json, json)
TAKE_FLAG(quiet, quiet)
TAKE_FLAG(explain, explain)
TAKE_FLAG(doctor, doctor)
TAKE_FLAG(help, help)
TAKE_FLAG(version, version)
TAKE_FLAG(verbose, render.full)
TAKE_TEXT(write, write)
TAKE_TEXT(format, format)
TAKE_TEXT(user, user)
TAKE_TEXT(cgroup, cgroup)
TAKE_TEXT(comment, comment)
TAKE_TEXT(set_host, set_host)
TAKE_TEXT(set_kernel, set_kernel)
TAKE_TEXT(set_command, set_command)
TAKE_NUMBER(limit, limit, 1, UINT64_MAX)
TAKE_NUMBER(seconds, seconds, 1, 1u << 30)
TAKE_NUMBER(snaplen, snaplen, 0, SNAPLEN_MAX)
TAKE_NUMBER(level, level, 1, 19)
TAKE_VIEW(ascii, VIEW_ASCII)
TAKE_VIEW(hex, VIEW_HEX)
TAKE_VIEW(hex_ascii, VIEW_HEX_ASCII)

static int take_internal(void *context, const char *value, struct error *err)
{
	((struct options *)context)->internal++;
	return 0;
}

static int take_pid(void *context, const char *value, struct error *err)
{
	struct options *o = context;
	uint64_t pid;
	int r = option_number(value, 1, INT32_MAX, &pid, err);

	if (r < 0)
		return r;
	if (o->n_pids == ATTACH_MAX)
		return error_set(err, -E2BIG, "at most %d processes", ATTACH_MAX);
	o->pids[o->n_pids++] = (uint32_t)pid;
	return 0;
}

static int take_time(void *context, const char *value, struct error *err)
{
	if (strlen(value) != 1 || !strchr("ahrdD", value[0]))
		return error_set(err, -EINVAL, "'%s' is not one of a, h, r, d, D", value);
	((struct options *)context)->time_format = value[0];
	return 0;
}

static int take_engine(void *context, const char *value, struct error *err)
{
	if (strcmp(value, "auto") && strcmp(value, "bpf"))
		return error_set(err, -EINVAL, "'%s' is not one of auto, bpf", value);
	return 0;
}

static int take_buffer(void *context, const char *value, struct error *err)
{
	struct options *o = context;
	int r = option_size(value, &o->buffer, err);

	if (r == 0 && (o->buffer < 1u << 17 || o->buffer > 1ull << 34))
		return error_set(err, -EINVAL, "from 128k to 16G");
	return r;
}

static int take_snapshot(void *context, const char *value, struct error *err)
{
	static const char *const words[] = {"tree", "all", "none"};
	struct options *o = context;

	for (unsigned i = 0; i < 3; i++)
		if (!strcmp(value, words[i])) {
			o->snapshot = i;
			return 0;
		}
	return error_set(err, -EINVAL, "'%s' is not one of tree, all, none", value);
}

static const struct option_row rows[] = {
	{'w', "write", "FILE", "write a capture, - to standard output; without it events are printed", take_write},
	{'p', "pid", "PID", "capture this process and its descendants (repeatable)", take_pid},
	{0, "no-follow", NULL, "with -p: not its descendants", take_no_follow},
	{0, "user", "NAME", "only what this user's processes do (name or number)", take_user},
	{0, "cgroup", "PATH", "only processes in this control group (v2) or below", take_cgroup},
	{'s', "snaplen", "LEN", "bytes kept of each I/O buffer (default 80)", take_snaplen},
	{'n', "numevents", "N", "stop after N events", take_limit},
	{'M', "seconds", "SEC", "stop after SEC seconds", take_seconds},
	{0, "format", "FORMAT", "line format of printed events, as scapread -p", take_format},
	{'j', "json", NULL, "print one JSON object per event", take_json},
	{'t', "timetype", "a|h|r|d|D", "how printed events show the time, as scapread -t", take_time},
	{'A', "print-ascii", NULL, "print buffers as text", take_ascii},
	{'x', "print-hex", NULL, "print buffers in hex", take_hex},
	{'X', "print-hex-ascii", NULL, "print buffers in hex and text", take_hex_ascii},
	{'v', "verbose", NULL, "never shorten printed buffers", take_verbose},
	{'D', "internal", NULL, "print notes of capture tools, too; -DD: hidden state events, too", take_internal},
	{0, "engine", "auto|bpf", "how to capture", take_engine},
	{0, "buffer", "SIZE", "kernel memory for events on their way to us (default 64M)", take_buffer},
	{0, "snapshot", "tree|all|none", "processes described in the file: captured ones and ancestors, all, none", take_snapshot},
	{0, "env", NULL, "record environments, too (they often hold secrets)", take_env},
	{'z', "compress", "LEVEL", "compression, 1 to 19 (default 6)", take_level},
	{0, "comment", "TEXT", "note TEXT in the file", take_comment},
	{0, "set-host", "NAME", "host name to note in the file instead of this one", take_set_host},
	{0, "set-kernel", "TEXT", "kernel to note in the file instead of this one", take_set_kernel},
	{0, "set-command", "TEXT", "command line to note in the file instead of this one", take_set_command},
	{0, "explain", NULL, "say what of the filter the kernel decides, and stop", take_explain},
	{0, "doctor", NULL, "say what this machine can do, and what is missing", take_doctor},
	{'q', "quiet", NULL, "no words on standard error but errors", take_quiet},
	{'h', "help", NULL, "this text", take_help},
	{0, "version", NULL, "print the version", take_version},
	{0},
};

static void print_help(void)
{
	printf("usage: scapcap [options] [filter words...] [-- command args...]\n"
	       "Records the system calls of programs into a capture, or prints them.\n\n");
	options_print(rows, stdout);
	printf("\n"
	       "  scapcap -w curl.scap proc.name=curl        everything named curl, until Ctrl-C\n"
	       "  scapcap -w curl.scap -- curl example.org   this command and its descendants\n"
	       "  scapcap -p 1234 evt.type=openat            print what a running process opens\n");
}

static int complain(const struct error *err, int status)
{
	fflush(stdout);
	fprintf(stderr, "scapcap: %s\n", err->text);
	return status;
}

/* ---- the filter: words and the options that mean the same ---- */

static void filter_and(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void filter_and(struct buffer *b, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	buffer_printf(b, "%s%s", b->len ? " and " : "", text);
}

static int gather_filter(struct options *o, int n_words, char **words, struct error *err)
{
	struct buffer *b = &o->filter;
	bool extra = o->user || (o->no_follow && o->n_pids);

	if (n_words && extra)
		buffer_u8(b, '(');
	for (int i = 0; i < n_words; i++)
		buffer_printf(b, "%s%s", i ? " " : "", words[i]);
	if (n_words && extra)
		buffer_u8(b, ')');
	if (o->user) {
		struct passwd *pw = getpwnam(o->user);
		uint64_t uid;

		if (pw)
			uid = pw->pw_uid;
		else if (option_number(o->user, 0, UINT32_MAX, &uid, NULL) < 0)
			return error_set(err, -EINVAL, "--user: there is no user '%s'", o->user);
		filter_and(b, "user.uid=%u", (unsigned)uid);
	}
	if (o->no_follow && o->n_pids) {
		filter_and(b, "proc.pid in (%u", o->pids[0]);
		for (size_t i = 1; i < o->n_pids; i++)
			buffer_printf(b, ",%u", o->pids[i]);
		buffer_u8(b, ')');
	}
	buffer_u8(b, 0);
	return buffer_failed(b) ? error_set(err, -ENOMEM, "out of memory") : 0;
}

/* ---- what the file says of the machine ---- */

struct description {
	struct utsname uname;
	char kernel[512], os[256];
	struct buffer command;
};

static void read_os_name(char *out, size_t size)
{
	FILE *f = fopen("/etc/os-release", "re");
	char line[256];

	out[0] = 0;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "PRETTY_NAME=\"%255[^\"]", out) == 1)
			break;
	if (f)
		fclose(f);
}

static void join_command(struct buffer *b, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		buffer_printf(b, "%s%s", i ? " " : "", argv[i]);
	buffer_u8(b, 0);
}

static struct capture_info describe(struct description *d, const struct options *o)
{
	struct timespec now, boot;
	struct sysinfo si = {0};

	uname(&d->uname);
	snprintf(d->kernel, sizeof d->kernel, "%s %s %s", d->uname.sysname, d->uname.release, d->uname.version);
	read_os_name(d->os, sizeof d->os);
	sysinfo(&si);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (struct capture_info){
		.start_ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec,
		.boot_ns = (uint64_t)(now.tv_sec - boot.tv_sec) * 1000000000ull,
		.n_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
		.snaplen = (uint32_t)o->snaplen,
		.page_size = (uint32_t)sysconf(_SC_PAGESIZE),
		.clock = CLOCK_BOOT_PLUS_OFFSET,
		.memory_bytes = (uint64_t)si.totalram * si.mem_unit,
		.hostname = text_of(o->set_host ? o->set_host : d->uname.nodename),
		.kernel = text_of(o->set_kernel ? o->set_kernel : d->kernel),
		.arch = text_of(d->uname.machine),
		.os = text_of(o->set_kernel ? "" : d->os),
		.application = text_of("scapcap " SCAPKIT_VERSION),
		.engine = text_of("bpf"),
		.filter = text_of((const char *)o->filter.data),
		.command = text_of(o->set_command ? o->set_command : (const char *)d->command.data),
		.comment = text_of(o->comment ? o->comment : ""),
	};
}

/* ---- the run ---- */

struct job {
	struct options *o;
	char **command_argv; /* NULL: none */
	struct command command;
	struct filter *filter;
	struct kernel_filter kernel;
	struct engine *engine;
	struct snapshot *snapshot; /* NULL: none */
	struct source *source;
	struct sink *sink;
	struct description about;
	struct pipeline pipeline;
	int fd; /* of -w, -1: none */
	int pidfds[ATTACH_MAX];
	uint64_t deadline_ns;
};

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/*
 * The first signal ends the capture; with a command, it is passed on, and the capture ends when the
 * command does (a terminal's Ctrl-C reaches the command by itself). The second ends it in any case.
 */
static void on_signal(int number)
{
	if (command_pid && n_signals++ == 0) {
		if (number != SIGINT)
			kill(command_pid, number);
		return;
	}
	stop = true;
}

static void catch_signals(void)
{
	struct sigaction a = {.sa_handler = on_signal};

	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Whether nothing more can come: the command, or all attached processes, are gone; time is up. */
static bool job_ended(void *context)
{
	struct job *j = context;
	struct pollfd p[ATTACH_MAX];

	if (j->deadline_ns && monotonic_ns() >= j->deadline_ns)
		return true;
	if (j->command_argv)
		return command_ended(&j->command);
	if (!j->o->n_pids)
		return false;
	for (size_t i = 0; i < j->o->n_pids; i++)
		p[i] = (struct pollfd){.fd = j->pidfds[i], .events = POLLIN};
	return poll(p, j->o->n_pids, 0) == (int)j->o->n_pids;
}

static int attach_pids(struct job *j, struct error *err)
{
	for (size_t i = 0; i < j->o->n_pids; i++) {
		j->pidfds[i] = (int)syscall(SYS_pidfd_open, j->o->pids[i], 0);
		if (j->pidfds[i] < 0)
			return error_set(err, -errno, "process %u: %s", j->o->pids[i], strerror(errno));
	}
	return 0;
}

static int open_output(struct job *j, struct error *err)
{
	const char *path = j->o->write;
	unsigned uid, gid;
	struct stat st;

	j->fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600)
				  : fcntl(1, F_DUPFD_CLOEXEC, 3);
	if (j->fd < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (isatty(j->fd))
		return error_set(err, -EINVAL, "a capture is no text: -w writes none to a terminal");
	privilege_invoker(&uid, &gid);
	if (strcmp(path, "-") && fstat(j->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (fchmod(j->fd, 0600) < 0 || (geteuid() == 0 && fchown(j->fd, uid, gid) < 0)))
		return error_set(err, -errno, "%s: making it private: %s", path, strerror(errno));
	return 0;
}

static int open_sink(struct job *j, struct error *err)
{
	struct options *o = j->o;
	struct native_writer_options writer = {
		.level = (int)o->level, .step_down = true, .threaded = true, .prompt = true};

	if (o->write)
		j->sink = sink_native_new(j->fd, j->source->schema, &writer, NULL, err);
	else if (o->json)
		j->sink = sink_json_new(stdout, o->format, &o->render, err);
	else
		j->sink = sink_text_new(stdout, o->format, o->time_format, &o->render, isatty(1), err);
	return j->sink ? 0 : err->code;
}

static int open_engine(struct job *j, struct error *err)
{
	struct engine_options e = {
		.filter = &j->kernel,
		.snaplen = (uint32_t)j->o->snaplen,
		.buffer_size = j->o->buffer,
		.keep_env = j->o->env,
		.keep_state = true,
	};
	uint32_t child = (uint32_t)j->command.pid;

	if (j->command_argv) {
		e.tree_pids = &child;
		e.n_tree_pids = 1;
	} else if (j->o->n_pids && !j->o->no_follow) {
		e.tree_pids = j->o->pids;
		e.n_tree_pids = j->o->n_pids;
	}
	j->engine = engine_new(&e, err);
	return j->engine ? 0 : err->code;
}

/* ---- what is told of processes that were there before us ---- */

static int snapshot_take(struct job *j, struct error *err)
{
	unsigned what = SNAPSHOT_DEFAULT | (j->o->env ? SNAPSHOT_ENV : 0);

	if (j->o->snapshot != SNAPSHOT_NONE)
		j->snapshot = snapshot_new("/proc", what, err);
	return j->o->snapshot == SNAPSHOT_NONE || j->snapshot ? 0 : err->code;
}

static int tell_begin(void *context, struct entry_list *out)
{
	struct job *j = context;

	if (!j->snapshot)
		return 0;
	if (j->o->snapshot == SNAPSHOT_ALL && snapshot_all(j->snapshot, out) < 0)
		return -ENOMEM;
	return snapshot_begin(j->snapshot, out);
}

static int tell_first_seen(void *context, int64_t tid, int64_t pid, uint32_t born, struct entry_list *out)
{
	struct job *j = context;
	size_t before = out->n;
	int r;

	if (!j->snapshot)
		return 0;
	r = snapshot_first_seen(j->snapshot, tid, pid, born, out);
	/* Before its exec the command is a copy of this program: our command line is nobody's business. */
	for (size_t i = before; j->command_argv && i < out->n; i++) {
		struct thread_entry *t = &out->entries[i].thread;

		if (out->entries[i].kind == ENTRY_THREAD && t->pid == j->command.pid)
			t->exe = t->exepath = t->args = t->env = (struct text){NULL, 0};
	}
	return r;
}

static int tell_users(void *context, uint32_t uid, uint32_t gid, struct entry_list *out)
{
	struct job *j = context;

	return j->snapshot ? snapshot_users_of(j->snapshot, uid, gid, out) : 0;
}

static int job_open(struct job *j, struct error *err)
{
	struct source_bpf_options s = {.stop = &stop, .ended = job_ended, .context = j, .snapshot = j,
				       .begin = tell_begin, .first_seen = tell_first_seen, .users_of = tell_users};
	int r = attach_pids(j, err);

	if (r == 0 && j->o->write)
		r = open_output(j, err);
	if (r == 0 && j->command_argv)
		/* Standard output is the capture's: the command's words go beside ours. */
		r = command_fork(&j->command, j->command_argv,
				 j->o->write && !strcmp(j->o->write, "-") ? 2 : -1, err);
	if (r == 0)
		r = open_engine(j, err);
	if (r < 0)
		return r;
	s.engine = j->engine;
	s.command_pid = j->command.pid;
	s.info = describe(&j->about, j->o);
	s.batch_ns = j->o->write ? FILE_BATCH_NS : LIVE_BATCH_NS;
	j->source = source_bpf_new(&s, err);
	return j->source ? open_sink(j, err) : err->code;
}

static int job_start(struct job *j, struct error *err)
{
	/* Recording first: what happens while /proc is read is in both, and in neither otherwise. */
	int r = engine_start(j->engine, err);

	if (r == 0)
		r = snapshot_take(j, err);
	if (r == 0)
		r = privilege_drop(err);
	if (r < 0)
		return r;
	if (j->o->seconds)
		j->deadline_ns = monotonic_ns() + j->o->seconds * 1000000000ull;
	if (j->command_argv) {
		command_pid = j->command.pid;
		return command_go(&j->command, j->command_argv[0], err);
	}
	if (!j->o->quiet)
		fprintf(stderr, "capturing%s%s (Ctrl-C ends it)\n", j->o->filter.len > 1 ? " " : "",
			(const char *)j->o->filter.data);
	return 0;
}

static void summarise(const struct job *j)
{
	const struct pipeline *p = &j->pipeline;
	struct stat st;

	if (p->n_lost)
		fprintf(stderr, "scapcap: lost %llu events; a larger --buffer or a narrower filter may help\n",
			(unsigned long long)p->n_lost);
	if (j->o->quiet || !j->o->write)
		return;
	fprintf(stderr, "%llu events", (unsigned long long)p->n_passed);
	if (strcmp(j->o->write, "-") && fstat(j->fd, &st) == 0)
		fprintf(stderr, " in %s, %lld bytes", j->o->write, (long long)st.st_size);
	fprintf(stderr, "\n");
}

static int job_run(struct job *j)
{
	struct error err = {0};
	int r = job_open(j, &err);

	if (r == 0)
		r = job_start(j, &err);
	if (r < 0)
		return complain(&err, j->command_argv && (r == -ENOENT || r == -EACCES) && command_pid
					      ? (r == -ENOENT ? 127 : 126)
					      : EXIT_FAILED);
	j->pipeline.source = j->source;
	/* The kernel sends what changes state whatever a filter on calls says: that is hidden here. */
	j->pipeline.filter = j->kernel.exact && !j->kernel.has_types && !j->kernel.failed_only ? NULL : j->filter;
	j->pipeline.sink = j->sink;
	j->pipeline.limit = j->o->limit;
	j->pipeline.show_internal = j->o->internal > 0 || j->o->write;
	j->pipeline.show_hidden = j->o->internal > 1;
	r = pipeline_run(&j->pipeline, &err);
	summarise(j);
	if (r < 0 && !(r == -EPIPE && !j->o->write)) {
		if (j->o->write)
			error_prefix(&err, "%s", j->o->write);
		return complain(&err, EXIT_FAILED);
	}
	return j->command_argv && j->command.ended ? command_status(&j->command) : EXIT_OK;
}

static void job_close(struct job *j)
{
	if (j->sink && j->sink->ops->free)
		j->sink->ops->free(j->sink);
	source_close(j->source);
	engine_free(j->engine);
	snapshot_free(j->snapshot);
	filter_free(j->filter);
	buffer_done(&j->about.command);
	if (j->fd >= 0)
		close(j->fd);
	/* A command that was never let go must not wait for ever: its pipe closes with us. */
}

static int run(struct options *o, struct job *j, int argc, char **argv)
{
	struct error err = {0};
	int command = 0;
	int first = options_parse(rows, argc, argv, &command, o, &err);

	if (first < 0)
		return complain(&err, EXIT_USAGE);
	if (o->help) {
		print_help();
		return EXIT_OK;
	}
	if (o->version) {
		printf("scapcap %s\n", SCAPKIT_VERSION);
		return EXIT_OK;
	}
	if (o->doctor)
		return doctor_run();
	if (command && command >= argc)
		return complain((error_set(&err, -EINVAL, "-- needs a command"), &err), EXIT_USAGE);
	if (command)
		j->command_argv = argv + command;
	if (gather_filter(o, (command ? command - 1 : argc) - first, argv + first, &err) < 0)
		return complain(&err, EXIT_USAGE);
	j->filter = filter_new((const char *)o->filter.data, &err);
	if (!j->filter)
		return complain((error_prefix(&err, "filter"), &err), EXIT_USAGE);
	if (o->explain) {
		struct buffer words = {0};

		filter_explain(j->filter, &words);
		fwrite(words.data, 1, words.len, stdout);
		buffer_done(&words);
		return EXIT_OK;
	}
	filter_kernel(j->filter, &j->kernel);
	if (o->cgroup) {
		if (strlen(o->cgroup) >= sizeof j->kernel.cgroups[0])
			return complain((error_set(&err, -EINVAL, "--cgroup: too long a path"), &err), EXIT_USAGE);
		j->kernel.n_cgroups = 1;
		strcpy(j->kernel.cgroups[0], o->cgroup);
	}
	catch_signals();
	return job_run(j);
}

int main(int argc, char **argv)
{
	struct options o = {.snaplen = SNAPLEN_DEFAULT, .time_format = 0};
	struct job j = {.o = &o, .fd = -1};
	int status;

	join_command(&j.about.command, argc, argv);
	status = run(&o, &j, argc, argv);
	job_close(&j);
	buffer_done(&o.filter);
	return status;
}
