/*
 * The kernel's types, cut down to those that the BPF programs look into.
 *
 * To adapt the programs to the kernel, libbpf walks all types of the kernel once for every structure that
 * they name: 126,000 types, 43 structures, 43 ms. Given a copy with only these structures and what
 * is embedded in them it takes one.
 */
#pragma once
#include <bpf/btf.h>
#include <stdbool.h>

/*
 * From the kernel's types, those with a name that also occurs in wanted, in a file in memory. Its
 * descriptor (to be closed by the caller), or negative errno: then libbpf has to use all of them.
 */
int core_types_file(const struct btf *kernel, const struct btf *wanted);

/* The kernel's own, mapped where it can be, else read. NULL and errno on failure; btf__free() it. */
struct btf *core_types_kernel(void);

/* Whether an enum of the kernel has that value: helpers are told by theirs. */
bool core_types_has_value(const struct btf *kernel, const char *name, const char *value);
