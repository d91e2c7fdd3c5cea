/*
 * Paths as text: joined to a directory and freed of ".", ".." and doubled slashes, without asking
 * any file system (the files were on another machine, another day).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PATH_TEXT_MAX 4096 /* PATH_MAX of Linux: the longest result; longer ones are cut */

/*
 * Writes the path (absolute, or relative to base) in its shortest form to out, which holds
 * PATH_TEXT_MAX + 1 bytes, NUL-terminated; without a slash at the end. Returns its length.
 */
size_t path_resolve(char *out, const char *base, size_t base_len, const char *path, size_t path_len);
