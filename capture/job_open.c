#include "capture/job_state.h"

#include "base/clock.h"
#include "capture/engine.h"
#include "capture/hang_watch.h"
#include "capture/packet_capture.h"
#include "capture/ptrace/tracee_proc.h"
#include "capture/ptrace/tracer.h"
#include "capture/source_bpf.h"
#include "capture/stop_signal.h"
#include "format/native.h"
#include "sinks/line.h"
#include "sinks/sink_tee.h"
#include "sinks/strace.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_BATCH_NS 250000000 /* a block is in the file at most 500 ms after its first event, also on a busy machine */
#define LIVE_BATCH_NS 50000000	/* what is printed may wait this long */
#define WAITS_EACH_NS 500000000 /* calls that wait are shown this often by the strace view */

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
	return j->command.pid ? tracer_begin(j->engine, err) : 0;
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
		.begin = job_tell_begin,
		.first_seen = job_tell_first_seen,
		.users_of = job_tell_users,
		.call_before = job_tell_call_before,
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
	return 0;
}

int job_open(struct job *j, struct error *err)
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
