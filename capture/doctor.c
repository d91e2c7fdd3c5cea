#include "capture/doctor.h"

#include "capture/ptrace/tracer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

void doctor_say(bool ok, const char *what, const char *remedy)
{
	printf("%-8s %s\n", ok ? "ok" : "MISSING", what);
	if (!ok && remedy)
		printf("         -> %s\n", remedy);
}

/* How far one may trace processes that one did not start; absent without the Yama module. */
static int ptrace_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (f && fscanf(f, "%d", &scope) != 1)
		scope = 0;
	if (f)
		fclose(f);
	return scope;
}

/* Tries it on a child. */
static bool may_ptrace(struct error *err)
{
	pid_t child;
	bool may;

	if (tracer_probe(err) < 0)
		return false;
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	may = child > 0 && ptrace(PTRACE_SEIZE, child, 0, 0) == 0;
	if (!may)
		error_set(err, -errno, "%s: a sandbox forbids it (in a container: --cap-add=SYS_PTRACE, or a newer runtime)",
			  strerror(errno));
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, __WALL);
	}
	return may;
}

static bool check_ptrace(void)
{
	struct error err = {0};
	bool may = may_ptrace(&err);

	doctor_say(may, "the ptrace engine: needs no privileges, follows a command or one's own processes", err.text);
	if (may)
		doctor_say(ptrace_scope() == 0 || geteuid() == 0, "ptrace of processes that are running already (-p)",
		    "sysctl kernel.yama.ptrace_scope=0, or root; a command (-- command) works all the same");
	return may;
}

int doctor_run(void)
{
	struct utsname u;
	bool bpf, ptrace;

	uname(&u);
	printf("kernel   %s %s\n", u.release, u.machine);
	bpf = doctor_bpf();
	ptrace = check_ptrace();
	return bpf || ptrace ? 0 : 1;
}
