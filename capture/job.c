#include "capture/job.h"

#include "base/clock.h"
#include "capture/calls_before.h"
#include "capture/job_state.h"
#include "capture/packet_capture.h"
#include "capture/privilege.h"
#include "capture/ptrace/tracee_proc.h"
#include "capture/snapshot.h"
#include "capture/source_bpf.h"
#include "capture/stop_signal.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_STEP_NS  20000000 /* for a command that outlives the capture */
#define WAIT_QUIETLY  10       /* steps before that is worth a word */

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
 * there. Where it is this one, it goes to another, where the scheduler leaves it as long as that is well.
 */
static void step_aside(pid_t tracee)
{
	cpu_set_t all, others;
	int cpu = sched_getcpu();

	if (proc_cpu(tracee) != cpu || cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof all, &all) < 0)
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
		step_aside(j->command.pid);
	r = command_release(&j->command, name, err);
	if (r == 0 && !complete && job_snapshot_complete(j, err) < 0) {
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
		r = job_snapshot_take(j, err);
	if (r == 0 && drops)
		r = job_snapshot_complete(j, err);
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
	command_give_up(&j->command);
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
	static struct job j; /* there is one run; most of its bytes stay untouched */
	struct error err = {0};
	int status = 0, r;

	j.a = a;
	j.filter = filter;
	j.out.fd = -1;
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
