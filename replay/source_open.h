/*
 * From a path to a source: looks at the first bytes and either opens the capture or says what the
 * file is instead, and what to do about it.
 */
#pragma once
#include "format/native.h"

/*
 * path "-" is standard input. options may be NULL. The source is the caller's (source_close).
 * NULL with words that begin with the path:
 *   -ENOENT, -EACCES...	as open() says
 *   -EISDIR		a directory
 *   -ENODATA		empty, or ends within the header
 *   -ENOTSUP		something else than a native capture
 */
struct source *source_open(const char *path, const struct source_options *options,
			   struct error *err);

/* The name for messages: "standard input" for "-". */
const char *source_path_name(const char *path);
