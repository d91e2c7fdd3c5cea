#include "capture/doctor.h"

#include "capture/engine.h"
#include "capture/ptrace/tracer.h"

#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(bool ok, const char *what, const char *remedy)
{
	printf("%-8s %s\n", ok ? "ok" : "MISSING", what);
	if (!ok && remedy)
		printf("         -> %s\n", remedy);
}

static bool may_trace(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2];
	uint64_t set;

	if (syscall(SYS_capget, &head, have) < 0)
		return false;
	set = have[0].effective | (uint64_t)have[1].effective << 32;
	return set >> CAP_SYS_ADMIN & 1 || (set >> CAP_BPF & 1 && set >> CAP_PERFMON & 1);
}

static int say_nothing(enum libbpf_print_level level, const char *format, va_list ap)
{
	return 0;
}

static void check_features(void)
{
	libbpf_set_print(say_nothing);
	say(access("/sys/kernel/btf/vmlinux", R_OK) == 0, "type information of the kernel (BTF)",
	    "a kernel with CONFIG_DEBUG_INFO_BTF=y; distributions' kernels since about 2021 have it");
	say(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1, "BPF ring buffers",
	    "Linux 5.8 or later and the right to use BPF");
	say(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1, "BPF task storage",
	    "Linux 5.11 or later and the right to use BPF");
	say(libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, NULL) == 1, "bpf_loop",
	    "Linux 5.17 or later and the right to use BPF");
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

	say(may, "the ptrace engine: needs no privileges, follows a command or one's own processes", err.text);
	if (may)
		say(ptrace_scope() == 0 || geteuid() == 0, "ptrace of processes that are running already (-p)",
		    "sysctl kernel.yama.ptrace_scope=0, or root; a command (-- command) works all the same");
	return may;
}

int doctor_run(void)
{
	struct engine_options options = {.snaplen = 80};
	struct error err = {0};
	struct utsname u;
	struct engine *e;
	char words[128];
	bool works;

	uname(&u);
	printf("kernel   %s %s\n", u.release, u.machine);
	say(may_trace(), "the right to trace (root, or CAP_BPF with CAP_PERFMON)",
	    "sudo scapcap ..., or: setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep on the program");
	check_features();
	e = engine_new(&options, &err);
	works = e && engine_start(e, &err) == 0;
	if (works) {
		snprintf(words, sizeof words, "the BPF engine: loaded in %.1f ms, %.1f MiB of kernel memory",
			 (double)engine_load_ns(e) / 1e6, (double)engine_memory(e) / (1 << 20));
		say(true, words, NULL);
	} else {
		say(false, "the BPF engine", err.text);
	}
	engine_free(e);
	return check_ptrace() || works ? 0 : 1;
}
