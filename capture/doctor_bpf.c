#include "capture/doctor.h"
#include "capture/engine.h"
#include "capture/privilege.h"

#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

static bool may_trace(void)
{
	uint64_t set = privilege_capabilities();

	return set >> CAP_SYS_ADMIN & 1 || (set >> CAP_BPF & 1 && set >> CAP_PERFMON & 1);
}

static int say_nothing(enum libbpf_print_level level, const char *format, va_list ap)
{
	return 0;
}

static void check_features(void)
{
	libbpf_set_print(say_nothing);
	doctor_say(access("/sys/kernel/btf/vmlinux", R_OK) == 0, "type information of the kernel (BTF)",
	    "a kernel with CONFIG_DEBUG_INFO_BTF=y; distributions' kernels since about 2021 have it");
	doctor_say(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1, "BPF task storage",
	    "Linux 5.11 or later and the right to use BPF");
	doctor_say(libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, NULL) == 1, "bpf_loop",
	    "Linux 5.17 or later and the right to use BPF");
}

bool doctor_bpf(void)
{
	struct engine_options options = {.snaplen = 80};
	struct error err = {0};
	struct engine *e;
	char words[128];
	bool works;

	doctor_say(may_trace(), "the right to trace (root, or CAP_BPF with CAP_PERFMON)",
		   "sudo scapcap ..., or: setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep on the program");
	check_features();
	e = engine_new(&options, &err);
	works = e && engine_start(e, &err) == 0;
	if (works) {
		snprintf(words, sizeof words, "the BPF engine: loaded in %.1f ms, %.1f MiB of kernel memory",
			 (double)engine_load_ns(e) / 1e6, (double)engine_memory(e) / (1 << 20));
		doctor_say(true, words, NULL);
	} else {
		doctor_say(false, "the BPF engine", err.text);
	}
	engine_free(e);
	return works;
}
