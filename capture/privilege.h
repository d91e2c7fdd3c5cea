/*
 * Giving up what is not needed any more. The engine needs privileges to load and to read /proc once;
 * everything after that is reading shared memory and writing one file.
 */
#pragma once
#include "base/error.h"

#include <stdint.h>

/* Whose the files are: SUDO_UID and SUDO_GID when root was borrowed by sudo, else ourselves. */
void privilege_invoker(unsigned *ret_uid, unsigned *ret_gid);

/* The effective capabilities, a bit each by their number; 0 also when that cannot be told. */
uint64_t privilege_capabilities(void);

/* Becomes the invoking user for good, and drops every capability. */
int privilege_drop(struct error *err);
