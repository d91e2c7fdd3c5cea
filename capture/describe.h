/* What a capture says of the machine it was made on, and how it was made. */
#pragma once
#include "capture/arguments.h"
#include "format/source.h"

#include <sys/utsname.h>

struct description {
	struct utsname uname;
	char kernel[512], os[256];
};

/* The texts of the result lie in d and a. */
struct capture_info describe(struct description *d, const struct arguments *a);
