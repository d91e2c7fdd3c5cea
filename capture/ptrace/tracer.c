#include "capture/ptrace/tracer.h"

#include "capture/command.h"
#include "capture/proc_read.h"
#include "capture/ptrace/tracer_state.h"
#include "capture/stop_signal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUND_MAX    64 /* stops that are taken note of before any tracee goes on: none is left out for long */
#define WAKE_SIGNAL  (SIGRTMIN + 3)
#define YIELDS_MAX   50
#define LOOK_EACH_NS 5000000 /* whether somebody has lost patience */
#define LEAVE_MAX_NS 2000000000ull /* one that cannot stop (in vfork) is let go by our end */

struct stop {
	pid_t tid;
	int status;
};

/* ---- the tracer's thread ---- */

/*
 * The next stop is often only microseconds away, and the tracee shares the CPU with us: yielding to it a
 * few times costs half of sleeping and being woken, above all when that would happen on another CPU.
 */
static pid_t stop_wait(int *ret_status)
{
	for (unsigned i = 0; i < YIELDS_MAX; i++) {
		pid_t tid = waitpid(-1, ret_status, __WALL | WNOHANG);

		if (tid)
			return tid;
		sched_yield();
	}
	return waitpid(-1, ret_status, __WALL);
}

/* As many stops as there are; waits for the first. 0: nobody is left; -EINTR: woken. */
static int stops_collect(struct stop *stops, bool alone)
{
	int n = 0;

	while (n < ROUND_MAX) {
		pid_t tid = n ? waitpid(-1, &stops[n].status, __WALL | WNOHANG) : stop_wait(&stops[n].status);

		if (tid < 0 && !n)
			return errno == EINTR ? -EINTR : 0;
		if (tid <= 0)
			break;
		stops[n++].tid = tid;
		if (alone)
			break;
	}
	return n;
}

/* From now on nothing is recorded. */
static void stop_recording(struct tracer *tr)
{
	tracer_unfinished(tr);
	record_queue_bind(&tr->queue, false);
	tr->phase = tr->n_program ? TRACER_PASSES : TRACER_LEAVES;
	if (tr->phase == TRACER_LEAVES)
		tracer_begin_leaving(tr);
	else
		tracer_release_held(tr);
	record_queue_say(&tr->queue, &tr->stopped);
}

/*
 * A tracee on another CPU costs several times as much: each stop and each resumption interrupts that one. So
 * the tracer goes where the tracee is, and stays there as long as that helps. Not for the first stops: whoever
 * began both is busy there.
 */
#define LOOK_EACH 64 /* stops */

static void follow(struct tracer *tr, pid_t tid)
{
	cpu_set_t cpus;
	int cpu;

	__atomic_store_n(&tr->n_stops, tr->n_stops + 1, __ATOMIC_RELAXED);
	if (tr->n_stops % LOOK_EACH)
		return;
	cpu = proc_cpu(tid);
	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == sched_getcpu())
		return;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof cpus, &cpus);
}

static void trace(struct tracer *tr)
{
	struct stop stops[ROUND_MAX];
	uint64_t since = 0;

	while (tr->tracees.n) {
		int n = stops_collect(stops, tr->tracees.n == 1);

		if (n == 0)
			break;
		follow(tr, stops[0].tid);
		for (int i = 0; i < n; i++)
			tracer_take(tr, stops[i].tid, stops[i].status);
		if (tr->tell) {
			tracer_unfinished(tr);
			tr->tell = false;
			record_queue_say(&tr->queue, &tr->told);
		}
		if (tr->stop && tr->phase == TRACER_RECORDS) {
			stop_recording(tr);
			since = tracer_now();
		}
		if (tr->phase == TRACER_LEAVES && tracer_now() - since > LEAVE_MAX_NS)
			break;
	}
	if (tr->phase == TRACER_RECORDS) {
		record_queue_bind(&tr->queue, false);
		record_queue_say(&tr->queue, &tr->stopped);
	}
}

static void ignore_signal(int number)
{
}

static void *tracer_main(void *context)
{
	struct tracer *tr = context;
	sigset_t wake;

	tr->start_code = tracer_attach(tr, &tr->start_error);
	pthread_mutex_lock(&tr->queue.lock);
	tr->runs = true;
	pthread_cond_broadcast(&tr->queue.has_room);
	pthread_mutex_unlock(&tr->queue.lock);
	sigemptyset(&wake);
	sigaddset(&wake, WAKE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
	if (tr->start_code < 0) {
		tr->phase = TRACER_LEAVES;
		tracer_begin_leaving(tr);
	}
	trace(tr);
	if (tr->options.command)
		command_reaped(tr->options.command, -1);
	record_queue_say(&tr->queue, &tr->over);
	record_queue_wake(&tr->queue);
	return NULL;
}

/* ---- the recorder ---- */

static struct tracer *tracer_of(struct recorder *r)
{
	return (struct tracer *)r;
}

/*
 * What stops the whole job by the terminal stops the command; we have to be there to see that. See
 * stop_with_command().
 */
static void signals_set(void)
{
	struct sigaction wake = {.sa_handler = ignore_signal};
	struct sigaction quiet = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};

	sigaction(WAKE_SIGNAL, &wake, NULL);
	sigaction(SIGCHLD, &quiet, NULL); /* not for every stop */
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
}

int tracer_begin(struct recorder *r, struct error *err)
{
	struct tracer *tr = tracer_of(r);
	sigset_t all, before;
	int code;

	signals_set();
	if (tr->options.command)
		tr->options.command->traced = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&tr->thread, NULL, tracer_main, tr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code)
		return error_set(err, -code, "starting a thread: %s", strerror(code));
	tr->begun = true;
	return 0;
}

/* Until the thread has taken hold of all. */
static void await_hold(struct tracer *tr)
{
	pthread_mutex_lock(&tr->queue.lock);
	while (!tr->runs)
		pthread_cond_wait(&tr->queue.has_room, &tr->queue.lock);
	pthread_mutex_unlock(&tr->queue.lock);
}

static int start(struct recorder *r, struct error *err)
{
	struct tracer *tr = tracer_of(r);
	int code = tr->begun ? 0 : tracer_begin(r, err);

	if (code < 0)
		return code;
	await_hold(tr);
	if (tr->start_code < 0)
		*err = tr->start_error;
	return tr->start_code;
}

static bool is_over(struct tracer *tr)
{
	return record_queue_heard(&tr->queue, &tr->over, 0);
}

/* The signal may come just before the thread waits: again, until it has seen what it is asked. */
#define WAKE_EACH_NS 500000
static void wake_until(struct tracer *tr, const bool *done)
{
	while (!record_queue_heard(&tr->queue, done, 0) && !is_over(tr)) {
		pthread_kill(tr->thread, WAKE_SIGNAL);
		record_queue_heard(&tr->queue, done, WAKE_EACH_NS);
	}
}

static void stop(struct recorder *r)
{
	struct tracer *tr = tracer_of(r);

	if (!tr->runs)
		return;
	tracer_turns_end(tr, TURNS_NORMAL);
	record_queue_bind(&tr->queue, false);
	tr->stop = true;
	wake_until(tr, &tr->stopped);
	if (!tr->n_program)
		wake_until(tr, &tr->over);
}

/* After stop() they are in the queue already. */
static int unfinished(struct recorder *r, recorder_tid *untouched, void *context, struct error *err)
{
	struct tracer *tr = tracer_of(r);

	if (!tr->runs || record_queue_heard(&tr->queue, &tr->stopped, 0))
		return 0;
	tracer_turns_end(tr, TURNS_UNDECIDED);
	/* Whoever takes what is in the queue is waiting here. */
	record_queue_bind(&tr->queue, false);
	tr->told = false;
	__atomic_store_n(&tr->tell, true, __ATOMIC_RELEASE);
	wake_until(tr, &tr->told);
	record_queue_bind(&tr->queue, true);
	return 0;
}

static size_t drain(struct recorder *r, unsigned ring, size_t max_bytes, recorder_take *take, void *context,
		    bool *ret_empty)
{
	return record_queue_take(&tracer_of(r)->queue, max_bytes, take, context, ret_empty);
}

/* Nothing is lost: the tracees wait. */
static void counters(struct recorder *r, int cpu, struct engine_counters *ret)
{
	memset(ret, 0, sizeof *ret);
}

static uint64_t missed(struct recorder *r)
{
	return 0;
}

static void wait_for(struct recorder *r, uint64_t max_ns)
{
	struct tracer *tr = tracer_of(r);

	tracer_turns_begin(tr);
	record_queue_wait(&tr->queue, max_ns);
	tracer_turns_look(tr);
}

static void tracer_free(struct recorder *r)
{
	struct tracer *tr = tracer_of(r);

	if (tr->begun)
		await_hold(tr);
	stop(r);
	/*
	 * Under a seccomp program the tracees need us until they end. Whoever will not wait for that ends them
	 * with us (PTRACE_O_EXITKILL), when the whole program ends.
	 */
	while (tr->runs && tr->n_program && !record_queue_heard(&tr->queue, &tr->over, LOOK_EACH_NS)) {
		if (signals_stop)
			return;
	}
	if (tr->runs)
		pthread_join(tr->thread, NULL);
	tracees_done(&tr->tracees);
	record_queue_done(&tr->queue);
	kept_file_done(&tr->statm);
	snapshot_free(tr->context.groups);
	free(tr->recipes);
	free(tr->scratch);
	free(tr);
}

/* ---- making one ---- */

int tracer_probe(struct error *err)
{
	struct __ptrace_syscall_info info;

	/* Of somebody who is not traced: ESRCH where it is known, EIO where not. */
	if (ptrace(PTRACE_GET_SYSCALL_INFO, getpid(), sizeof info, &info) < 0 && errno == EIO)
		return error_set(err, -ENOSYS, "ptrace cannot tell calls (PTRACE_GET_SYSCALL_INFO): Linux 5.3 or later "
					       "is needed");
	return 0;
}

static bool machine_swaps(void)
{
	char text[512];
	int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return true;
	text[n] = 0;
	/* The first line is a heading. */
	return strchr(text, '\n') && strchr(text, '\n')[1];
}

static bool tracer_fill(struct tracer *tr)
{
	tr->recipes = calloc(N_RECIPES, sizeof *tr->recipes);
	tr->scratch = malloc(sizeof *tr->scratch);
	tr->context.groups = calloc(1, sizeof *tr->context.groups);
	if (!tr->recipes || !tr->scratch || !tr->context.groups)
		return false;
	tr->context.groups->root = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return true;
}

struct recorder *tracer_new(const struct tracer_options *options, struct error *err)
{
	static const struct recorder_ops ops = {"ptrace", start, stop, unfinished, drain, counters, missed, wait_for, tracer_free};
	struct tracer *tr;

	if (tracer_probe(err) < 0)
		return NULL;
	tr = calloc(1, sizeof *tr);
	if (!tr) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	record_queue_init(&tr->queue);
	tr->recorder = (struct recorder){.ops = &ops, .n_rings = 1, .n_cpus = 1, .wakes = true};
	tr->options = *options;
	tr->context.tracees = &tr->tracees;
	tr->context.snaplen = options->snaplen;
	tr->context.keep_env = options->keep_env;
	tr->context.has_swap = machine_swaps();
	tr->context.facts = &tr->facts;
	tr->context.socket = &tr->socket;
	tr->context.statm = &tr->statm;
	if (!tracer_fill(tr)) {
		tracer_free(&tr->recorder);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (options->command && options->filter && options->filter->has_types)
		tracer_make_program(tr);
	return &tr->recorder;
}

void tracer_program(const struct recorder *r, const struct sock_filter **ret, unsigned *ret_n)
{
	const struct tracer *tr = (const struct tracer *)r;

	*ret = tr->program;
	*ret_n = tr->n_program;
}
