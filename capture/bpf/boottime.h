/*
 * CLOCK_BOOTTIME. The helper that reads it costs 10 ns more than the one for CLOCK_MONOTONIC, twice a call; the two
 * differ by the time that the machine was suspended, which changes when no task runs.
 */
#pragma once
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

u64 suspended_ns SEC(".data.clock"); /* set by user space when it loads us */

static __always_inline u64 boottime_ns(void)
{
	return bpf_ktime_get_ns() + suspended_ns;
}

/* Every step of a suspend and of the way back, the last one before tasks are let go. */
SEC("tp_btf/suspend_resume")
int BPF_PROG(on_suspend)
{
	suspended_ns = bpf_ktime_get_boot_ns() - bpf_ktime_get_ns();
	return 0;
}
