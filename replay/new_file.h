/*
 * A file that is there when it is whole, and not before: until then it has no name, and what bore the name
 * stays as it was. Whatever ends the program leaves nothing behind.
 *
 * Pipes, devices and standard output are written to as they are, and so is a plain file where the file
 * system or the folder's permissions leave no other way.
 */
#pragma once
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct new_file {
	const char *path; /* the caller's */
	int fd;
	bool unnamed;	  /* it gets its name in the end */
	bool made;	  /* it was made by us, under its name */
};

/*
 * path "-" is standard output. inputs: files that it must not be. -EINVAL: it is one of them or a terminal;
 * otherwise as open() fails. new_file_close() is due on failure, too.
 */
int new_file_open(struct new_file *f, const char *path, char *const *inputs, size_t n_inputs, struct error *err);
/* keep: it is whole, and gets its name; otherwise it goes. Returns the late error. */
int new_file_close(struct new_file *f, bool keep, struct error *err);
