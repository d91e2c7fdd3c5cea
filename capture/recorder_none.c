/* Built without clang or libbpf: there is no BPF engine. */
#include "capture/doctor.h"
#include "capture/recorder.h"

#include <errno.h>

#define WORDS "this scapcap was built without BPF (clang and libbpf are needed)"

struct recorder *recorder_bpf_new(const struct engine_options *options, struct error *err)
{
	error_set(err, -ENOTSUP, WORDS "; --engine=ptrace captures a command or a process");
	return NULL;
}

bool doctor_bpf(void)
{
	doctor_say(false, "the BPF engine", WORDS);
	return false;
}
