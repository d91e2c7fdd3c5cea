/*
 * The file of -w: opened while there are privileges, given to the user who called, readable by nobody
 * else; what was in it before stays until the capture has begun.
 *
 *	out_file_open(&f, path, &err);
 *	... load everything that may fail ...
 *	out_file_begin(&f, &err);	// from here on, the old contents are gone
 *	... write to f.fd ...
 *	out_file_close(&f, &err);	// the late error; one that never began and was not there is removed
 */
#pragma once
#include "base/error.h"
#include <stdbool.h>

struct out_file {
	const char *path; /* NULL: there is none */
	const char *name; /* for messages */
	int fd;
	bool is_ours; /* was made by us */
	bool is_plain; /* a regular file: can be truncated and has a size */
	bool has_begun;
};

/* "-" is standard output. Views path. 0 or negative errno; then f has no file. */
int out_file_open(struct out_file *f, const char *path, struct error *err);
int out_file_begin(struct out_file *f, struct error *err);
/* Also when there is none. */
int out_file_close(struct out_file *f, struct error *err);
