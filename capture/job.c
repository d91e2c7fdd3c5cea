#include "capture/job.h"

#include "base/clock.h"
#include "capture/calls_before.h"
#include "capture/command.h"
#include "capture/describe.h"
#include "capture/engine.h"
#include "capture/hang_watch.h"
#include "capture/out_file.h"
#include "capture/packet_capture.h"
#include "capture/privilege.h"
#include "capture/ptrace/tracee_proc.h"
#include "capture/ptrace/tracer.h"
#include "capture/snapshot.h"
#include "capture/source_bpf.h"
#include "capture/stop_signal.h"
#include "format/native.h"
#include "sinks/line.h"
#include "sinks/pipeline.h"
#include "sinks/strace.h"
#include "sinks/sink_file.h"
#include "sinks/sink_tee.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_BATCH_NS 250000000 /* a block is in the file at most 500 ms after its first event, also on a busy machine */
#define LIVE_BATCH_NS 50000000	/* what is printed may wait this long */
#define WAITS_EACH_NS 500000000 /* calls that wait are shown this often by the strace view */
#define WAIT_STEP_NS  20000000 /* for a command that outlives the capture */
#define WAIT_QUIETLY  10       /* steps before that is worth a word */

struct job {
	const struct arguments *a;
	struct filter *filter;
	struct kernel_filter kernel;
	struct command command; /* pid 0: none */
	struct recorder *engine;
	bool by_ptrace;
	struct snapshot *snapshot; /* NULL: none */
	struct calls_before *before;
	bool watches; /* sink is a hang_watch */
	struct source *source;
	struct packet_capture *packets; /* NULL: none */
	struct sink *sink;
	struct description about;
	struct pipeline pipeline;
	struct out_file out;
	struct sink_file_options file;
	int pidfds[ATTACH_MAX];
	size_t n_pidfds;
	uint64_t deadline_ns; /* 0: none */
	bool runs;	      /* the command was let go and became the program */
	int exec_failed;      /* negative errno of its exec */
	bool wrong_usage;     /* what went wrong is how it should have been printed */
};

/* Whether the command, or all attached processes, are gone. */
static bool is_over(struct job *j)
{
	struct pollfd p[ATTACH_MAX];

	if (j->command.pid)
		return command_ended(&j->command);
	for (size_t i = 0; i < j->n_pidfds; i++)
		p[i] = (struct pollfd){.fd = j->pidfds[i], .events = POLLIN};
	return j->n_pidfds && poll(p, j->n_pidfds, 0) == (int)j->n_pidfds;
}

/* Whether nothing more can come, or time is up. */
static bool job_ended(void *context)
{
	struct job *j = context;

	return (j->deadline_ns && clock_ns(CLOCK_MONOTONIC) >= j->deadline_ns) || is_over(j);
}

/* ---- what is told of processes that were there before us ---- */

static int snapshot_take(struct job *j, struct error *err)
{
	unsigned what = SNAPSHOT_DEFAULT | (j->a->env ? SNAPSHOT_ENV : 0) | (j->by_ptrace ? SNAPSHOT_LATE : 0);

	if (j->a->snapshot == CHOICE_NONE)
		return 0;
	/* Only these and their descendants are captured: nobody else will be asked for. */
	if (j->a->snapshot == CHOICE_TREE && j->command.pid)
		j->snapshot = snapshot_new_of("/proc", what | SNAPSHOT_IN_PARTS, &(uint32_t){(uint32_t)j->command.pid}, 1, err);
	else if (j->a->snapshot == CHOICE_TREE && j->a->n_pids)
		j->snapshot = snapshot_new_of("/proc", what, j->a->pids, j->a->n_pids, err);
	else
		j->snapshot = snapshot_new("/proc", what, err);
	if (!j->snapshot)
		return err->code;
	/* Of a command nothing was there before; ptrace knows what its tracees are in. */
	if (j->command.pid || j->by_ptrace)
		return 0;
	j->before = calls_before_new(j->snapshot, &j->kernel, j->a->pids, j->a->n_pids, (uint32_t)j->a->snaplen,
				     j->a->structures);
	return j->before ? 0 : error_set(err, -ENOMEM, "out of memory");
}

/* What need not be known of a command before it goes. */
static int snapshot_complete(struct job *j, struct error *err)
{
	bool in_parts = j->snapshot && j->a->snapshot == CHOICE_TREE && j->command.pid;

	return in_parts ? snapshot_rest(j->snapshot, &(uint32_t){(uint32_t)j->command.pid}, 1, err) : 0;
}

static int tell_begin(void *context, struct entry_list *out)
{
	struct job *j = context;

	if (!j->snapshot)
		return 0;
	if (j->a->snapshot == CHOICE_ALL && snapshot_all(j->snapshot, out) < 0)
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
	for (size_t i = before; j->command.pid && i < out->n; i++) {
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

static struct record *tell_call_before(void *context, uint32_t tid)
{
	struct job *j = context;

	return j->before ? calls_before_record(j->before, tid) : NULL;
}

/* ---- opening ---- */

static int attach_pids(struct job *j, struct error *err)
{
	for (size_t i = 0; i < j->a->n_pids; i++) {
		uint32_t pid = j->a->pids[i];
		pid_t process;
		int code;

		j->pidfds[i] = (int)syscall(SYS_pidfd_open, pid, 0);
		if (j->pidfds[i] >= 0) {
			j->n_pidfds++;
			continue;
		}
		code = -errno;
		process = proc_tgid((pid_t)pid);
		if (process && process != (pid_t)pid)
			return error_set(err, -EINVAL, "-p: %u is a thread of process %d: give that", pid, process);
		return error_set(err, code, "process %u: %s", pid, strerror(-code));
	}
	return 0;
}

static int open_command(struct job *j, struct error *err)
{
	struct command_as as = {j->a->environment, j->a->n_environment, j->a->run_as, j->a->run_uid, j->a->run_gid};

	/* Where standard output is the capture's, the command's words go beside ours. */
	return j->a->command ? command_fork_as(&j->command, j->a->command, arguments_write_stdout(j->a) ? 2 : -1, &as, err)
			     : 0;
}

static int open_ptrace(struct job *j, struct error *err)
{
	struct tracer_options t = {
		.filter = &j->kernel,
		.command = j->command.pid ? &j->command : NULL,
		.pids = j->a->pids,
		.n_pids = j->a->n_pids,
		.no_follow = j->a->no_follow,
		.snaplen = (uint32_t)j->a->snaplen,
		.keep_env = j->a->env,
		.structures = j->a->structures,
	};

	j->engine = tracer_new(&t, err);
	if (!j->engine)
		return err->code;
	j->by_ptrace = true;
	tracer_program(j->engine, &j->command.program, &j->command.n_program);
	return 0;
}

static int open_bpf(struct job *j, struct error *err)
{
	struct engine_options e = {
		.filter = &j->kernel,
		.cgroup = j->a->cgroup,
		.snaplen = (uint32_t)j->a->snaplen,
		.buffer_size = j->a->buffer,
		.keep_env = j->a->env,
		.structures = j->a->structures,
		.keep_state = true,
	};
	uint32_t child = (uint32_t)j->command.pid;

	if (child) {
		e.tree_pids = &child;
		e.n_tree_pids = 1;
	} else if (!j->a->no_follow) {
		e.tree_pids = j->a->pids;
		e.n_tree_pids = j->a->n_pids;
	}
	j->engine = recorder_bpf_new(&e, err);
	return j->engine ? 0 : err->code;
}

/* What ptrace can do as well, where BPF is refused. */
static bool ptrace_will_do(const struct job *j, int code)
{
	bool refused = code == -EPERM || code == -EACCES || code == -ENOTSUP;

	return refused && j->a->engine == ENGINE_AUTO && (j->command.pid || j->a->n_pids) && !j->a->cgroup;
}

static int open_engine(struct job *j, struct error *err)
{
	int r;

	if (j->a->engine == ENGINE_PTRACE)
		return open_ptrace(j, err);
	r = open_bpf(j, err);
	if (!ptrace_will_do(j, r))
		return r;
	if (!j->a->quiet)
		fprintf(stderr, "%s: no BPF for this user: ptrace captures instead, which is slower "
				"(see scapcap --doctor)\n", program_invocation_short_name);
	error_clear(err);
	return open_ptrace(j, err);
}

static int open_packets(struct job *j, struct error *err)
{
	struct packet_capture_options o = {j->a->interfaces, j->a->n_interfaces, j->a->packets};

	j->packets = packet_capture_open(&o, err);
	return j->packets ? 0 : err->code;
}

/*
 * Calls in progress can be put into words where the state of all is followed, which costs: done when
 * somebody is being looked at, and for whole machines when asked for.
 */
static bool is_watched(const struct job *j)
{
	return !j->a->write || j->a->hangs || j->a->n_pids || j->command.pid;
}

static int open_source(struct job *j, struct error *err)
{
	struct source_bpf_options s = {
		.recorder = j->engine,
		.begin = tell_begin,
		.first_seen = tell_first_seen,
		.users_of = tell_users,
		.call_before = tell_call_before,
		.snapshot = j,
		.structures = j->a->structures,
		.command_pid = j->command.pid,
		.info = describe(&j->about, j->a),
		.batch_ns = j->a->write ? FILE_BATCH_NS : LIVE_BATCH_NS,
		.stop = &signals_stop,
		.report = &signals_report,
		.ended = job_ended,
		.context = j,
	};

	s.info.engine = text_of(j->engine->ops->name);
	if (is_watched(j) && j->a->has_strace && !j->a->strace.summary)
		s.waits_ns = WAITS_EACH_NS;
	j->source = source_bpf_new(&s, err);
	return j->source ? 0 : err->code;
}

/* Calls, or the table of them, on standard error: beside the file where one is written. */
static int open_printer(struct job *j, const struct summary_options *summary, struct error *err)
{
	struct sink *printer = j->a->has_strace ? sink_strace_new(stderr, &j->a->strace, true, err)
						: sink_summary_new(stderr, summary, err);
	struct sink *both;

	if (!printer)
		return err->code;
	if (!j->sink) {
		j->sink = printer;
		return 0;
	}
	both = sink_tee_new(j->sink, printer);
	if (!both) {
		printer->ops->free(printer);
		return error_set(err, -ENOMEM, "out of memory");
	}
	j->sink = both;
	return 0;
}

static int open_sink(struct job *j, struct error *err)
{
	const struct arguments *a = j->a;
	struct summary_options summary = a->summary;
	struct native_writer_options writer = {
		.level = (int)a->level, .step_down = true, .threaded = true, .prompt = true};

	/* Where the kernel does not decide all, others than those in the file were seen. */
	j->file = (struct sink_file_options){
		.format = a->file_format,
		.native = writer,
		.selective = a->snapshot != CHOICE_ALL && a->filter.words.len > 1,
	};
	summary.json = a->json;
	if (a->write)
		j->sink = sink_file_new(j->out.fd, j->source->schema, &j->file, err);
	else if (a->json && !a->has_summary)
		j->sink = sink_json_new(stdout, a->format, &a->render, err);
	else if (!a->has_strace && !a->has_summary)
		j->sink = sink_text_new(stdout, a->format, a->time_format, &a->render, isatty(1), err);
	j->wrong_usage = err->code == -EINVAL && !a->write;
	if (err->code || (!a->has_strace && !a->has_summary))
		return j->sink ? 0 : err->code;
	open_printer(j, &summary, err);
	j->wrong_usage = err->code == -EINVAL;
	return err->code;
}

/* Who ended by himself was not stuck. */
static bool hangs_matter(void *context)
{
	struct job *j = context;

	return !j->a->quiet && !is_over(j);
}

static int watch_hangs(struct job *j, struct error *err)
{
	struct sink *watch;

	if (!is_watched(j))
		return 0;
	watch = hang_watch_new(j->sink, j->source, &j->a->render, hangs_matter, j);
	if (!watch)
		return error_set(err, -ENOMEM, "out of memory");
	j->sink = watch;
	j->watches = true;
	return 0;
}

static int job_open(struct job *j, struct error *err)
{
	int r = attach_pids(j, err);

	if (r == 0)
		r = open_command(j, err);
	if (r == 0)
		r = open_engine(j, err);
	if (r == 0 && arguments_packets(j->a))
		r = open_packets(j, err);
	if (r == 0 && j->a->write)
		r = out_file_open(&j->out, j->a->write, err);
	if (r == 0)
		r = open_source(j, err);
	if (r == 0)
		r = open_sink(j, err);
	if (r == 0)
		r = watch_hangs(j, err);
	return r;
}

/* ---- the run ---- */

/*
 * A tracer reads its tracees' memory until the end, with its own rights. Those can be the invoking user's when all
 * tracees are his: then root is given back (what they start of other users' rights will not be readable). In
 * all other cases they are needed to the end.
 */
static bool privileges_may_go(const struct job *j)
{
	unsigned uid, gid;

	if (!j->by_ptrace)
		return true;
	privilege_invoker(&uid, &gid);
	if (!uid || geteuid() != 0)
		return false;
	if (j->command.pid)
		return j->a->run_as && j->a->run_uid == uid;
	for (size_t i = 0; i < j->a->n_pids; i++)
		if (!proc_is_of((pid_t)j->a->pids[i], uid))
			return false;
	return true;
}

/*
 * A tracer and who it traces are fastest on one CPU; what this thread has to do meanwhile would hold both up
 * there. It goes to another one, where the scheduler leaves it as long as that is well.
 */
static void step_aside(void)
{
	cpu_set_t all, others;
	int cpu = sched_getcpu();

	if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof all, &all) < 0)
		return;
	others = all;
	CPU_CLR(cpu, &others);
	if (CPU_COUNT(&others) && sched_setaffinity(0, sizeof others, &others) == 0)
		sched_setaffinity(0, sizeof all, &all);
}

/* While the command begins, what is left of the snapshot is read. */
static int command_begin(struct job *j, bool complete, struct error *err)
{
	const char *name = j->a->command[0];
	int r;

	signals_pass_to(&j->command);
	if (j->by_ptrace)
		step_aside();
	r = command_release(&j->command, name, err);
	if (r == 0 && !complete && snapshot_complete(j, err) < 0) {
		j->runs = true; /* and is waited for */
		return err->code;
	}
	if (r == 0)
		r = command_started(&j->command, name, err);
	j->runs = r == 0;
	j->exec_failed = r == -EIO ? 0 : r;
	return r;
}

/* Until here nothing has been written, and the command has not begun. */
static int job_start(struct job *j, struct error *err)
{
	/* Recording first: what happens while /proc is read is in both, and in neither otherwise. */
	int r = recorder_start(j->engine, err);
	bool drops = privileges_may_go(j);

	if (r == 0 && j->packets)
		r = packet_capture_start(j->packets, err);
	if (r == 0)
		r = snapshot_take(j, err);
	if (r == 0 && drops)
		r = snapshot_complete(j, err);
	if (r == 0 && drops)
		r = privilege_drop(err);
	if (r == 0 && signals_stop)
		r = error_set(err, -EINTR, "interrupted before it began");
	if (r < 0)
		return r;
	if (j->a->seconds)
		j->deadline_ns = clock_ns(CLOCK_MONOTONIC) + j->a->seconds * 1000000000ull;
	if (j->command.pid)
		r = command_begin(j, drops, err);
	else if (!j->a->quiet)
		fprintf(stderr, "capturing%s%s (Ctrl-C ends it)\n", j->a->filter.words.len > 1 ? " " : "",
			(const char *)j->a->filter.words.data);
	return r < 0 || !j->a->write ? r : out_file_begin(&j->out, err);
}

static int job_capture(struct job *j, struct error *err)
{
	int r;

	j->pipeline = (struct pipeline){
		.source = j->packets ? source_packets_new(j->source, j->packets) : j->source,
		.packets = true,
		.filter = !j->by_ptrace && j->kernel.tasks_only ? NULL : j->filter,
		.sink = j->sink,
		.limit = j->a->limit,
		.show_internal = j->a->internal > 0 || j->a->write,
		.show_hidden = j->a->internal > 1,
	};
	r = pipeline_run(&j->pipeline, err);
	/* Whoever reads what we print may have seen enough. */
	if (r == -EPIPE && (!j->a->write || j->a->extcap)) {
		error_clear(err);
		return 0;
	}
	if (r < 0 && j->a->write)
		error_prefix(err, "%s", j->out.name);
	return r;
}

static void summarise(const struct job *j)
{
	const struct pipeline *p = &j->pipeline;
	struct stat st;

	if (p->n_lost)
		fprintf(stderr, "%s: lost %llu events; a larger --buffer or a narrower filter may help\n",
			program_invocation_short_name,
			(unsigned long long)p->n_lost);
	if (p->n_lost_by[LOSS_PACKETS])
		fprintf(stderr, "%s: lost %llu packets; a narrower --packets may help\n", program_invocation_short_name,
			(unsigned long long)p->n_lost_by[LOSS_PACKETS]);
	if (j->a->quiet || !j->a->write)
		return;
	fprintf(stderr, "%llu event%s", (unsigned long long)p->n_passed, p->n_passed == 1 ? "" : "s");
	if (j->packets)
		fprintf(stderr, " and %llu packet%s", (unsigned long long)p->n_packets, p->n_packets == 1 ? "" : "s");
	if (j->file.format == FILE_PCAPNG)
		fprintf(stderr, ", told by %llu packet%s", (unsigned long long)j->file.pcapng.n_packets,
			j->file.pcapng.n_packets == 1 ? "" : "s");
	if (j->out.is_plain && fstat(j->out.fd, &st) == 0)
		fprintf(stderr, " in %s, %lld bytes", j->out.name, (long long)st.st_size);
	fprintf(stderr, "\n");
	sink_file_report(&j->file, j->out.name, stderr);
}

static void complain(const struct job *j, const struct error *err)
{
	bool full = err->code == -ENOSPC || err->code == -EDQUOT || err->code == -EFBIG;
	struct stat st;

	full = full && j->file.format == FILE_NATIVE && j->out.is_plain && stat(j->out.path, &st) == 0 && st.st_size;
	fflush(stdout);
	fprintf(stderr, "%s: %s%s\n", program_invocation_short_name, err->text,
		full ? "; what was written before can be read, scapedit --repair makes it whole" : "");
}

/* Ends the recording; the file is whole. */
static void job_close(struct job *j, struct error *err)
{
	if (j->sink && j->sink->ops->free)
		j->sink->ops->free(j->sink);
	packet_capture_free(j->packets);
	source_close(j->source);
	recorder_free(j->engine);
	calls_before_free(j->before);
	snapshot_free(j->snapshot);
	out_file_close(&j->out, err);
	for (size_t i = 0; i < j->n_pidfds; i++)
		close(j->pidfds[i]);
}

/*
 * A capture may end before the command does (-n, -M, a full disk). The command was not ours to end:
 * it goes on, we wait for it, and a signal is still passed on; the second one ends the waiting.
 */
static int command_wait(struct job *j)
{
	struct timespec step = {.tv_nsec = WAIT_STEP_NS};

	for (unsigned n = 0; !command_ended(&j->command); n++) {
		if (signals_stop)
			return 128 + signals_last();
		if (n == WAIT_QUIETLY && !j->a->quiet)
			fprintf(stderr, "the capture is complete; %s goes on (Ctrl-C ends it)\n",
				j->a->command[0]);
		nanosleep(&step, NULL);
	}
	return command_status(&j->command);
}

/* Whoever has started us sees what he would have seen of the command: that a signal has ended it. */
static void end_as_command(const struct command *c)
{
	int number = command_signalled(c);
	struct rlimit none = {0, 0};
	sigset_t set;

	if (!number)
		return;
	fflush(NULL);
	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}

int job_run(const struct arguments *a, struct filter *filter)
{
	struct job j = {.a = a, .filter = filter, .out = {.fd = -1}};
	struct error err = {0};
	int status = 0, r;

	filter_kernel(filter, &j.kernel);
	signals_catch();
	r = job_open(&j, &err);
	if (r == 0)
		r = job_start(&j, &err);
	if (r == 0)
		r = job_capture(&j, &err);
	if (r == 0)
		summarise(&j);
	job_close(&j, &err);
	if (err.code)
		complain(&j, &err);
	if (j.command.pid && j.runs)
		status = command_wait(&j);
	signals_pass_to(NULL);
	command_done(&j.command);
	if (j.exec_failed)
		return j.exec_failed == -ENOENT ? 127 : 126;
	if (!err.code && j.command.ended)
		end_as_command(&j.command);
	return err.code ? 1 + j.wrong_usage : status;
}
