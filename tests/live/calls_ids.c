/* Who we are and what we may: ids, limits, priorities, capabilities; in children, so that nothing
 * stays. */
#include "calls.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>

#ifdef __i386__
#define WIDE_ID(name) SYS_##name##32
#else
#define WIDE_ID(name) SYS_##name
#endif

static void asked(void)
{
	uint32_t id[3];
	char buf[512];

	call(WIDE_ID(getuid));
	must(" ");
	call(WIDE_ID(geteuid));
	must(" ");
	call(WIDE_ID(getgid));
	must(" ");
	call(WIDE_ID(getegid));
	must(" ");
	call(WIDE_ID(getresuid), &id[0], &id[1], &id[2]);
	must("ruid=%u euid=%u suid=%u", id[0], id[1], id[2]);
	call(WIDE_ID(getresgid), &id[0], NOWHERE, &id[2]);
	must("rgid=- egid=- sgid=-");
#ifdef __i386__
	{
		uint16_t narrow[3];

		call(SYS_getresuid, &narrow[0], &narrow[1], &narrow[2]);
		must("ruid=%u euid=%u suid=%u", narrow[0], narrow[1], narrow[2]);
	}
#endif
	call(WIDE_ID(getgroups), 0, NULL);
	must("size=0 list=0");
	call(SYS_getpid);
	must(" ");
	call(SYS_gettid);
	must(" ");
	call(SYS_getppid);
	must(" ");
	call(SYS_getpgid, 0);
	must("pid=0");
	call(SYS_getpgrp);
	must(" ");
	call(SYS_getsid, 12345678);
	must("pid=12345678");
	call(SYS_uname, buf);
	must("buf=%#lx", (unsigned long)buf);
	call(SYS_sysinfo, buf);
	must("info=%#lx", (unsigned long)buf);
	call(SYS_getcpu, &id[0], &id[1], NULL);
	must("cpu=%u node=%u cache=0", id[0], id[1]);
	call(SYS_personality, 0xffffffff);
	must("persona=%lu", 0xfffffffful);
	call(SYS_getrusage, RUSAGE_SELF, buf);
	must("who=0 usage=%#lx", (unsigned long)buf);
}

static void limits(void)
{
	struct rlimit r = {0, 0};
	struct rlimit64 big = {1024, 4096}, old = {0, 0};

	call(SYS_getrlimit, RLIMIT_NOFILE, &r);
#ifdef __i386__
	must("resource=RLIMIT_NOFILE cur=%ld max=%ld", (long)r.rlim_cur, (long)r.rlim_max);
#else
	must("resource=RLIMIT_NOFILE cur=%lu max=%lu", (unsigned long)r.rlim_cur,
	     (unsigned long)r.rlim_max);
#endif
	call(SYS_getrlimit, RLIMIT_NOFILE, NOWHERE);
	must("resource=RLIMIT_NOFILE cur=- max=-");
	call(SYS_setrlimit, RLIMIT_CORE, &r);
	must("resource=RLIMIT_CORE cur=%lld max=%lld", (long long)r.rlim_cur,
	     (long long)r.rlim_max);
	r = (struct rlimit){0, RLIM_INFINITY};
	call(SYS_setrlimit, RLIMIT_CORE, &r);
	must("resource=RLIMIT_CORE cur=0 max=-1");
	call(SYS_prlimit64, 0, RLIMIT_NPROC, NULL, &old);
	must("pid=0 resource=RLIMIT_NPROC newcur=- newmax=- oldcur=%lld oldmax=%lld",
	     (long long)old.rlim_cur, (long long)old.rlim_max);
	call(SYS_prlimit64, getpid(), RLIMIT_NOFILE, &big, NULL);
	must("pid=%d resource=RLIMIT_NOFILE newcur=1024 newmax=4096 oldcur=- oldmax=-", getpid());
	call(SYS_getpriority, PRIO_PROCESS, 0);
	must("which=0 who=0");
	call(SYS_setpriority, PRIO_PROCESS, 0, 1);
	must("which=0 who=0 niceval=1");
	call(SYS_ioprio_get, 1, 0);
	must("which=1 who=0");
}

static void scheduling(void)
{
	struct sched_param p = {0};
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t more[3];
	} attr = {.size = sizeof attr, .policy = 0, .nice = 2};
	struct timespec interval = {0, 0};
	uint64_t cpus = 0;

	call(SYS_sched_getparam, 0, &p);
	must("pid=0 priority=%d", p.sched_priority);
	call(SYS_sched_getscheduler, 0);
	must("pid=0");
	p.sched_priority = 7;
	call(SYS_sched_setscheduler, 0, SCHED_OTHER, &p);
	must("pid=0 policy=0 priority=7");
	call(SYS_sched_get_priority_max, SCHED_RR);
	must("policy=2");
	call(SYS_sched_rr_get_interval, 0, &interval);
	must("pid=0 interval=%lld", interval.tv_sec * 1000000000ll + interval.tv_nsec);
	call(SYS_sched_setattr, 0, &attr, 0);
	must("pid=0 policy=0 sched_flags=0 nice=2 priority=0 flags=0");
	call(SYS_sched_getattr, 0, &attr, sizeof attr, 0);
	must("pid=0 policy=%u sched_flags=%llu nice=%d priority=%u size=%u flags=0", attr.policy,
	     (unsigned long long)attr.flags, attr.nice, attr.priority, (unsigned)sizeof attr);
	call(SYS_sched_getaffinity, 0, sizeof cpus, &cpus);
	must("pid=0 len=%u mask=%s", (unsigned)sizeof cpus, data(&cpus, (size_t)made.result));
	call(SYS_sched_setaffinity, 0, sizeof cpus, &cpus);
	must("pid=0 len=%u mask=%s", (unsigned)sizeof cpus, data(&cpus, sizeof cpus));
	call(SYS_sched_yield);
	must(" ");
}

static void capabilities(void)
{
	struct {
		uint32_t version;
		int pid;
	} head = {0x20080522, 0};
	struct __user_cap_data_struct sets[2];

	call(SYS_capget, &head, sets);
	must("pid=0 data=%#lx", (unsigned long)sets);
	sets[0].effective &= ~(1u << 10);
	sets[0].permitted &= ~(1u << 10);
	sets[0].inheritable = 1u << 5;
	sets[1].inheritable = 0;
	call(SYS_capset, &head, sets);
	must("cap_inheritable=%llu cap_permitted=%llu cap_effective=%llu",
	     status_number("CapInh", 16), status_number("CapPrm", 16), status_number("CapEff", 16));
}

static void changed(void)
{
	call(WIDE_ID(setgroups), 0, NULL);
	must("size=0 list=0");
	call(WIDE_ID(setresgid), 100, 101, 102);
	must("rgid=100 egid=101 sgid=102");
	call(WIDE_ID(setregid), -1, 102);
	must("rgid=%u egid=102", -1u);
	call(WIDE_ID(setgid), 103);
	must("gid=103");
	call(WIDE_ID(setfsgid), 104);
	must("gid=104");
	call(WIDE_ID(setfsuid), 204);
	must("uid=204");
	call(WIDE_ID(setresuid), 200, 201, 202);
	must("ruid=200 euid=201 suid=202");
	call(WIDE_ID(setreuid), 200, -1);
	must("ruid=200 euid=%u", -1u);
	call(WIDE_ID(setuid), 0);
	must("uid=0");
	call(WIDE_ID(geteuid));
	must(" ");
}

static void groups_of_processes(void)
{
	call(SYS_setpgid, 0, 0);
	must("pid=0 pgid=0");
	call(SYS_setsid);
	must(" ");
	call(SYS_set_tid_address, NULL);
	must("tidptr=0");
}

static void in_child(void (*what)(void), int status)
{
	pid_t pid = fork();

	if (pid == 0) {
		made.tid = syscall(SYS_gettid);
		what();
		call(SYS_exit_group, status);
	}
	{
		int ended = wait_for(pid);

		must_exit_group(pid, status);
		must_end(pid, ended, "?");
	}
}

void calls_ids(void)
{
	asked();
	in_child(limits, 0);
	in_child(scheduling, 3);
	in_child(capabilities, 255);
	in_child(changed, 256 + 4);
	in_child(groups_of_processes, -1);
}
