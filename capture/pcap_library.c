#include "capture/pcap_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

/* Debian's name, and everybody else's. */
static const char *const names[] = {"libpcap.so.0.8", "libpcap.so.1"};

static int function_find(void *handle, const char *name, void *ret)
{
	void *address = dlsym(handle, name);

	memcpy(ret, &address, sizeof address);
	return address ? 0 : -ENOSYS;
}

const struct pcap_library *pcap_library_load(struct error *err)
{
	static struct pcap_library library;
	static void *handle;
	int r = 0;

	for (size_t i = 0; !handle && i < sizeof names / sizeof *names; i++) {
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
#define PCAP_FIND(name)                                                                                      \
	if (handle && r == 0)                                                                                \
		r = function_find(handle, "pcap_" #name, &library.name);
		PCAP_FUNCTIONS(PCAP_FIND)
#undef PCAP_FIND
	}
	if (handle && r == 0)
		return &library;
	error_set(err, -ENOENT, "packets need libpcap (libpcap0.8), which cannot be loaded: %s", dlerror());
	return NULL;
}
