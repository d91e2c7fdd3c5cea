/*
 * On which CPU tracer and tracee meet. Whoever resumes a tracee is busy at that moment, so the scheduler wakes
 * the tracee on another CPU that idles, and the tracer there or here at the next stop: each time a CPU is
 * fetched out of its sleep. A thread of the policy SCHED_IDLE counts as none: the tracee is woken where the tracer
 * is, takes the CPU at once, and gives it back when it stops. Measured: 28 us for the two stops of a call, not 60.
 *
 * Such a thread gets next to nothing where others compute. The main thread looks after it: one that lets stops wait
 * and has taken few of them since the last look is a normal thread again, for good. Only who may do that
 * (CAP_SYS_NICE) begins; others could not come back.
 */
#include "capture/privilege.h"
#include "capture/ptrace/tracer_state.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_USER_NS 0xEFFFFFFDu /* its inode; the capability counts there alone */
#define NICE_RLIMIT   20	  /* RLIMIT_NICE that allows nice 0 */
#define LOOK_NS	      20000000
#define FEW	      16 /* stops from one look to the next */

static bool may_come_back(void)
{
	struct rlimit nice;
	struct stat st;

	if (getrlimit(RLIMIT_NICE, &nice) == 0 && nice.rlim_cur >= NICE_RLIMIT)
		return true;
	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino == FIRST_USER_NS &&
	       (privilege_capabilities() >> CAP_SYS_NICE & 1);
}

static bool set_policy(const struct tracer *tr, int policy)
{
	const struct sched_param none = {0};

	return pthread_setschedparam(tr->thread, policy, &none) == 0;
}

/* Whether somebody has stopped whom the tracer has not looked at. */
static bool stop_waits(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid;
}

void tracer_turns_begin(struct tracer *tr)
{
	if (tr->turns != TURNS_UNDECIDED)
		return;
	tr->turns = may_come_back() && set_policy(tr, SCHED_IDLE) ? TURNS_TAKEN : TURNS_NORMAL;
	tr->looked_ns = tracer_now();
	tr->stop_waited = false;
}

void tracer_turns_look(struct tracer *tr)
{
	uint64_t now = tracer_now(), n = __atomic_load_n(&tr->n_stops, __ATOMIC_RELAXED);
	bool waits;

	if (tr->turns != TURNS_TAKEN || now - tr->looked_ns < LOOK_NS)
		return;
	waits = stop_waits();
	if (waits && tr->stop_waited && n - tr->looked_stops < FEW)
		tracer_turns_end(tr, TURNS_NORMAL);
	tr->looked_ns = now;
	tr->looked_stops = n;
	tr->stop_waited = waits;
}

void tracer_turns_end(struct tracer *tr, enum turns after)
{
	if (tr->turns == TURNS_TAKEN)
		set_policy(tr, SCHED_OTHER);
	if (tr->turns != TURNS_NORMAL)
		tr->turns = after;
}
