/*
 * Several captures as one: a source that gives the events of all of them in order of time.
 *
 *	struct source *all = merge_new(sources, n, &err);	// owns them from here on
 *
 * What is known of processes comes when the first event of its capture is due. Of a process that another
 * capture, which has not ended, already told about, it is left out: what happened since is known, too.
 * Captures one behind the other in one input are taken for one. Events are numbered anew.
 */
#pragma once
#include "format/source.h"

#define MERGE_MAX 64u /* captures at once; each holds a batch in memory */

/* Owned also on failure. NULL: out of memory, or too many (-E2BIG). */
struct source *merge_new(struct source *const *sources, size_t n, struct error *err);
/* The files at these paths, as source_open() takes them, as one source; a single one as it is. NULL with words. */
struct source *merge_open(const char *const *paths, size_t n, const struct source_options *options,
			  struct error *err);
/* Whether the captures met so far are of more than one host: then equal process numbers mean nothing. */
bool merge_hosts_differ(const struct source *merged);
