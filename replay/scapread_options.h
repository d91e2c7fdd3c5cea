/*
 * What scapread was asked to do: its command line.
 */
#pragma once
#include "base/bytes.h"
#include "replay/lists.h"
#include "state/render.h"

struct scapread_options {
	const char *read, *format, *write, *filter_file;
	uint64_t limit, level;
	unsigned internal; /* how often -D was given */
	char time_format;
	bool json, markdown, quiet, count, progress, check_filter, help, version;
	enum list_kind list;
	struct render_options render;
	struct buffer filter; /* NUL-terminated once it is complete */
};

/* Fills ret, which is zeroed. The index of the first filter word, or -EINVAL with words. */
int scapread_options_parse(struct scapread_options *ret, int argc, char **argv, struct error *err);
/* --help, to standard output. */
void scapread_help(void);
