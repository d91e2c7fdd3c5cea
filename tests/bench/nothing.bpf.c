/* Programs at both ends of every system call that do nothing: what being attached costs by itself. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/sys_enter")
int on_enter(void *ctx)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int on_exit(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
