#include "capture/describe.h"

#include <stdio.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

static void read_os_name(char *out, size_t size)
{
	FILE *f = fopen("/etc/os-release", "re");
	char line[256];

	out[0] = 0;
	while (f && fgets(line, sizeof line, f)) {
		const char *value = line + strlen("PRETTY_NAME=");

		if (strncmp(line, "PRETTY_NAME=", strlen("PRETTY_NAME=")))
			continue;
		value += *value == '"';
		snprintf(out, size, "%.*s", (int)strcspn(value, "\"\n"), value);
		break;
	}
	if (f)
		fclose(f);
}

struct capture_info describe(struct description *d, const struct arguments *a)
{
	struct timespec now, boot;
	struct sysinfo si = {0};

	uname(&d->uname);
	snprintf(d->kernel, sizeof d->kernel, "%s %s %s", d->uname.sysname, d->uname.release, d->uname.version);
	read_os_name(d->os, sizeof d->os);
	sysinfo(&si);
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (struct capture_info){
		.start_ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec,
		.boot_ns = (uint64_t)(now.tv_sec - boot.tv_sec) * 1000000000ull,
		.n_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
		.snaplen = (uint32_t)a->snaplen,
		.page_size = (uint32_t)sysconf(_SC_PAGESIZE),
		.clock = CLOCK_BOOT_PLUS_OFFSET,
		.memory_bytes = (uint64_t)si.totalram * si.mem_unit,
		.hostname = text_of(a->set_host ? a->set_host : d->uname.nodename),
		.kernel = text_of(a->set_kernel ? a->set_kernel : d->kernel),
		.arch = text_of(d->uname.machine),
		.os = text_of(a->set_kernel ? "" : d->os),
		.application = text_of("scapcap " SCAPKIT_VERSION),
		.engine = text_of("bpf"),
		.filter = text_of((const char *)a->filter.words.data),
		.command = text_of(a->set_command ? a->set_command : (const char *)a->whole_line.data),
		.comment = text_of(a->comment ? a->comment : ""),
	};
}
